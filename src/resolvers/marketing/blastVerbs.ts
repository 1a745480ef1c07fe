import type { UserErrorInfo } from '../../errors.ts'
import { enqueueJob } from '../platform/job.ts'
import type { Written } from '../records.ts'
import { lockOne, refused, wrongState } from '../revenue/refusals.ts'
import type { States } from '../revenue/states.ts'
import type { WriteContext } from '../write.ts'
import { isOver } from './emailBlast.ts'
import { BLAST_JOB } from './expandBlast.ts'
import { parse, pathsOf } from './liquid.ts'
import { loadTemplate } from './sendEmail.ts'
import { UNSUBSCRIBE } from './variables.ts'

/** A blast that a verb names, as clients write it. */
export interface BlastArgs {
  id: string
  expectedVersion?: number | null
}

type BlastState = 'DRAFT' | 'SCHEDULED' | 'SENDING' | 'PAUSED' | 'SENT' | 'FAILED' | 'CANCELLED'

/** From where a blast may go where. */
const STATES: States<BlastState> = {
  DRAFT: ['SCHEDULED', 'SENDING', 'CANCELLED'],
  SCHEDULED: ['SENDING', 'PAUSED', 'CANCELLED'],
  SENDING: ['PAUSED', 'SENT', 'CANCELLED'],
  PAUSED: ['SENDING', 'CANCELLED'],
  SENT: [],
  FAILED: [],
  CANCELLED: [],
}

/** Begins a blast, at once or at its moment. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE once it began, SCHEDULE_IN_PAST, UNSUBSCRIBE_LINK_REQUIRED. */
export async function startBlast(context: WriteContext, given: BlastArgs): Promise<Written> {
  const found = await lockOne(context, 'EmailBlast', given, 'update')
  if ('errors' in found) return refused(...found.errors)
  const { id, before } = found
  const to = before.scheduleAt ? 'SCHEDULED' : 'SENDING'
  if (before.status !== 'DRAFT') return refused(wrongState(STATES, before.status as BlastState, to))
  if (before.scheduleAt && isOver(before.scheduleAt))
    return refused({ code: 'SCHEDULE_IN_PAST', message: 'scheduleAt is over.', field: ['id'] })
  const problem = before.informational ? null : await withoutWayOut(context, before.templateId as string)
  if (problem) return refused(problem)
  return go(context, id, to, before.scheduleAt ? new Date(before.scheduleAt as string) : undefined)
}

/** Stops a blast: what has not gone out waits. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE. */
export async function pauseBlast(context: WriteContext, given: BlastArgs): Promise<Written> {
  return leave(context, given, 'PAUSED', `next_attempt_at = 'infinity'`)
}

/** Calls a blast off: what has not gone out never does. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE. */
export async function cancelBlast(context: WriteContext, given: BlastArgs): Promise<Written> {
  return leave(context, given, 'CANCELLED', `status = 'CANCELLED'`)
}

/** Goes on with a blast that was stopped, as fast as its throttle allows. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE. */
export async function resumeBlast(context: WriteContext, given: BlastArgs): Promise<Written> {
  const found = await lockOne(context, 'EmailBlast', given, 'update')
  if ('errors' in found) return refused(...found.errors)
  const { id, before } = found
  if (before.status !== 'PAUSED') return refused(wrongState(STATES, before.status as BlastState, 'SENDING'))
  const { db, viewer } = context
  await db.rows({
    text: `UPDATE email_message m SET next_attempt_at = now() + make_interval(secs => x.place * 60.0 / coalesce($3::integer, 1000000))
 FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM email_message WHERE tenant_id = $1 AND blast_id = $2 AND status = 'QUEUED') x WHERE m.tenant_id = $1 AND m.id = x.id`,
    values: [viewer.tenantId, id, before.throttle ?? null],
  })
  return go(context, id, 'SENDING')
}

/** Sets a blast on its way and orders the job that writes its mails, which ends by itself where all are written. */
async function go({ db, viewer }: WriteContext, id: string, to: BlastState, runAt?: Date): Promise<Written> {
  await db.rows({
    text: `UPDATE email_blast SET status = $3, started_at = CASE WHEN $3 = 'SENDING' THEN coalesce(started_at, now()) END WHERE tenant_id = $1 AND id = $2`,
    values: [viewer.tenantId, id, to],
  })
  await enqueueJob(db, viewer.tenantId, {
    kind: BLAST_JOB,
    input: { blastId: id },
    key: `blast:${id}`,
    ...(runAt ? { runAt } : {}),
  })
  return { id, errors: [], changed: true }
}

/** Takes a blast off its way. Its mails are touched under its lock, which the job that writes them takes too. */
async function leave(context: WriteContext, given: BlastArgs, to: BlastState, mails: string): Promise<Written> {
  const found = await lockOne(context, 'EmailBlast', given, 'update')
  if ('errors' in found) return refused(...found.errors)
  const { id, before } = found
  if (!STATES[before.status as BlastState].includes(to))
    return refused(wrongState(STATES, before.status as BlastState, to))
  const { db, viewer } = context
  await db.rows({
    text: `UPDATE email_blast SET status = $3, completed_at = CASE WHEN $3 = 'CANCELLED' THEN now() END WHERE tenant_id = $1 AND id = $2`,
    values: [viewer.tenantId, id, to],
  })
  await db.rows({
    text: `UPDATE email_message SET ${mails} WHERE tenant_id = $1 AND blast_id = $2 AND status = 'QUEUED'`,
    values: [viewer.tenantId, id],
  })
  return { id, errors: [], changed: true }
}

async function withoutWayOut(context: WriteContext, templateId: string): Promise<UserErrorInfo | null> {
  const template = await loadTemplate(context, templateId)
  if (template && pathsOf(parse('html', template.html)).some(([name]) => name === UNSUBSCRIBE)) return null
  const message = 'The template has no link to unsubscribe: {{ unsubscribeUrl }}.'
  return { code: 'UNSUBSCRIBE_LINK_REQUIRED', message, field: ['id'] }
}

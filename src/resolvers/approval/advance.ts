import { EVERYTHING } from '../../access/access.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { newId } from '../../ids.ts'
import { uuidOf } from '../../read/values.ts'
import type { Assignment } from '../identity/approver.ts'
import { enqueueJob } from '../platform/job.ts'
import type { WriteContext } from '../write.ts'
import { approversOf } from './approvers.ts'
import { type Instance, log, stepOf, type Task, tasksOf } from './instance.ts'
import { tell } from './mail.ts'
import { type Follow, subjectOf } from './registry.ts'
import { snapshotOf } from './snapshot.ts'
import type { Status } from './states.ts'
import { isPassed, type Step } from './step.ts'

/** The kind of job that looks at an approval when a task's time is over. */
export const TIMEOUT = 'APPROVAL_TIMEOUT'
const HOUR = 3_600_000

/**
 * Begins a step, and where that is done by itself the next one; behind the last the record is approved. Changes the instance that it is given.
 *
 * @returns NO_APPROVER when nobody is found for one; what was written then is to be undone.
 */
export async function enter(context: WriteContext, instance: Instance, from: number): Promise<UserErrorInfo[]> {
  for (let number = from; number <= instance.steps.length; number++) {
    const step = instance.steps[number - 1] as Step
    const approvers = await approversOf(context, instance, step)
    if (!approvers)
      return [
        {
          code: 'NO_APPROVER',
          message: `Nobody is found who could decide step ${number}, ${step.name}.`,
          field: null,
          details: { step: number, name: step.name },
        },
      ]
    await begin(context, instance, number)
    await copy(context, instance, step)
    if (approvers.length > 0) await ask(context, instance, approvers)
    const done = approvers.length === 0 || isPassed(step.mode, await tasksOf(context, instance))
    if (!done) return []
    await closeTasks(context, instance)
    await log(context, instance, { action: 'PASS', automatic: true })
  }
  await finish(context, instance, 'APPROVED')
  return []
}

async function begin({ db, viewer }: WriteContext, instance: Instance, number: number): Promise<void> {
  instance.currentStep = number
  instance.round++
  await db.rows({
    text: 'UPDATE approval_instance SET current_step = $3, step_name = $4, round = $5 WHERE tenant_id = $1 AND id = $2',
    values: [viewer.tenantId, instance.id, number, stepOf(instance).name, instance.round],
  })
}

/** Who is to know of a step sees the record, and is told. */
async function copy(context: WriteContext, instance: Instance, { ccUserIds = [] }: Step): Promise<void> {
  const users = ccUserIds.flatMap((id) => uuidOf('User', id) ?? [])
  if (users.length === 0) return
  await context.db.rows({
    text: 'SELECT atrium.share_for_approval($1, $2, $3::uuid[])',
    values: [instance.object, instance.recordId, users],
  })
  await tell(context, instance, users, 'COPY')
}

/** Gives each approver of a step their task. Who approved an earlier step has approved this one, where the step asks nobody twice. */
async function ask(context: WriteContext, instance: Instance, approvers: Assignment[]): Promise<void> {
  const { db, viewer } = context
  const step = stepOf(instance)
  const before = step.duplicateApproverRule === 'FIRST_ONLY' ? await approvedBy(context, instance) : new Set<string>()
  const first = approvers.findIndex(({ approverId }) => !before.has(approverId))
  const due = dueOf(step, new Date())
  const all = approvers.map(({ approverId, onBehalfOfId }, sort) => {
    const automatic = before.has(approverId)
    const status = automatic ? 'APPROVED' : step.mode === 'SEQUENTIAL' && sort !== first ? 'WAITING' : 'PENDING'
    return { id: newId(), approverId, onBehalfOfId, sort, status, automatic }
  })
  // Where one is enough, nobody else is asked for what one has approved.
  const agreed = step.mode === 'ANY' ? all.filter(({ automatic }) => automatic) : []
  const rows = agreed.length > 0 ? agreed : all
  await db.rows({
    text: `INSERT INTO approval_task (tenant_id, id, instance_id, step, step_name, round, sort, approver_id, delegated_from_id, submitter_id, status, automatic, due_at, decided_at)
 SELECT $1::uuid, x.id, $3::uuid, $4, $5, $6, x.sort, x."approverId", x."onBehalfOfId", $7::uuid, x.status, x.automatic,
 CASE WHEN x.status = 'PENDING' THEN $8::timestamptz END, CASE WHEN x.automatic THEN now() END
 FROM json_to_recordset($2::json) AS x(id uuid, "approverId" uuid, "onBehalfOfId" uuid, sort integer, status text, automatic boolean)`,
    values: [
      viewer.tenantId,
      JSON.stringify(rows),
      instance.id,
      instance.currentStep,
      step.name,
      instance.round,
      instance.submitterId,
      due,
    ],
  })
  if (
    isPassed(
      step.mode,
      rows.map(({ status }) => ({ status, added: false })),
    )
  )
    return
  await remindAt(context, instance.id, due)
  await tell(
    context,
    instance,
    rows.flatMap(({ approverId, status }) => (status === 'PENDING' ? [approverId] : [])),
    'REQUEST',
  )
}

/** Who approved an earlier step of this instance themselves. */
async function approvedBy({ db, viewer }: WriteContext, { id, currentStep }: Instance): Promise<Set<string>> {
  const rows = await db.rows<{ id: string }>({
    text: `SELECT DISTINCT approver_id AS id FROM approval_task WHERE tenant_id = $1 AND instance_id = $2 AND step < $3 AND status = 'APPROVED'`,
    values: [viewer.tenantId, id, currentStep],
  })
  return new Set(rows.map((row) => row.id))
}

/** Until when an approver of a step who is asked now has time; null for a step without a limit. */
export const dueOf = ({ timeoutHours }: Step, at: Date): Date | null =>
  timeoutHours ? new Date(at.getTime() + timeoutHours * HOUR) : null

/** Has the instance looked at when a task's time is over. */
export async function remindAt({ db, viewer }: WriteContext, instanceId: string, due: Date | null): Promise<void> {
  if (!due) return
  await enqueueJob(db, viewer.tenantId, {
    kind: TIMEOUT,
    key: `approval ${instanceId} ${due.toISOString()}`,
    input: { instanceId },
    runAt: due,
  })
}

/** What follows from an approval: the next in line has their turn; a step that is done makes room for the next. Errors: NO_APPROVER. */
export async function advance(context: WriteContext, instance: Instance): Promise<UserErrorInfo[]> {
  const tasks = await tasksOf(context, instance)
  const step = stepOf(instance)
  if (isPassed(step.mode, tasks)) {
    await closeTasks(context, instance)
    return enter(context, instance, instance.currentStep + 1)
  }
  // One own approval is enough; who was added is still asked.
  if (step.mode === 'ANY') {
    if (tasks.some(({ added, status }) => !added && status === 'APPROVED')) await closeTasks(context, instance, true)
    return []
  }
  if (step.mode !== 'SEQUENTIAL' || tasks.some(({ added, status }) => !added && status === 'PENDING')) return []
  const next = tasks.find(({ status }) => status === 'WAITING')
  if (next) await takeTurn(context, instance, next)
  return []
}

async function takeTurn(context: WriteContext, instance: Instance, { id, approverId }: Task): Promise<void> {
  const due = dueOf(stepOf(instance), new Date())
  await context.db.rows({
    text: `UPDATE approval_task SET status = 'PENDING', due_at = $3 WHERE tenant_id = $1 AND id = $2`,
    values: [context.viewer.tenantId, id, due],
  })
  await remindAt(context, instance.id, due)
  await tell(context, instance, [approverId], 'REQUEST')
}

/** Ends what is still asked of the approvers, `own`: of those that the step itself named. */
export async function closeTasks({ db, viewer }: WriteContext, { id }: Instance, own = false): Promise<void> {
  await db.rows({
    text: `UPDATE approval_task SET status = 'CANCELLED', due_at = NULL WHERE tenant_id = $1 AND instance_id = $2 AND status IN ('PENDING', 'WAITING')${own ? ' AND NOT added' : ''}`,
    values: [viewer.tenantId, id],
  })
}

const FOLLOWS = { APPROVED: 'approved', REJECTED: 'rejected', WITHDRAWN: 'withdrawn', CANCELLED: 'withdrawn' } as const

/** Ends an approval: what is still asked is closed, and the record's domain is told. */
export async function finish(
  context: WriteContext,
  instance: Instance,
  status: Exclude<Status, 'PENDING'>,
): Promise<void> {
  const { db, viewer } = context
  const { id, object, recordId, submitterId } = instance
  await closeTasks(context, instance)
  const snapshot = status === 'APPROVED' ? await snapshotOf(context, object, recordId) : null
  await db.rows({
    text: `UPDATE approval_instance SET status = $3, decided_at = now(), decided_by_id = $4, decided_snapshot = $5 WHERE tenant_id = $1 AND id = $2`,
    values: [viewer.tenantId, id, status, viewer.userId, snapshot && JSON.stringify(snapshot)],
  })
  instance.status = status
  await follow(context, instance, FOLLOWS[status])
  if (status === 'APPROVED') await tell(context, instance, [submitterId], 'APPROVED')
}

/** Lets the record's domain do what follows, with every right: who approves need not be able to write what they approve. */
export async function follow(
  context: WriteContext,
  { object, recordId }: Pick<Instance, 'object' | 'recordId'>,
  turn: 'submitted' | 'approved' | 'rejected' | 'withdrawn',
): Promise<void> {
  const next: Follow | undefined = subjectOf(object)?.[turn]
  await next?.({ ...context, viewer: { ...context.viewer, access: EVERYTHING } }, recordId)
}

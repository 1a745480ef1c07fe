import { CronExpressionParser } from 'cron-parser'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { refuse } from '../checks.ts'
import { after, type Change, type WriteContext } from '../write.ts'
import { findStandard } from './standard.ts'

/** The kind of job that sends a report. */
export const REPORT_SCHEDULE = 'REPORT_SCHEDULE'
/** Most users who get it, and least minutes between two times. */
export const RECIPIENTS = 50
const APART = 60

/** The next moment of a cron expression behind another, in a time zone. Throws for an expression that is none, or that never comes. */
export function nextRun(cron: string, timezone: string, from: Date): Date {
  return CronExpressionParser.parse(cron, { tz: timezone, currentDate: from }).next().toDate()
}

/** What a schedule may send. */
const OF = ['reportId', 'standard', 'dashboardId']

/**
 * Rule of schedules: one report or dashboard, a cron expression of five parts that comes at most hourly, recipients who are there. Errors: VALIDATION_FAILED, REFERENCE_NOT_FOUND.
 */
export async function writeSchedule(changes: Change[], context: WriteContext): Promise<void> {
  for (const change of changes) {
    const { values } = change
    const given = OF.filter((name) => after(change, name) != null)
    if (given.length !== 1) {
      const field = OF.find((name) => Object.hasOwn(values, name)) ?? 'reportId'
      refuse(change, field, 'one', `is one of ${OF.join(', ')}, of which one must be given and no other`)
    }
    if (values.standard != null && !findStandard(values.standard as string))
      refuse(change, 'standard', 'standard', 'must be the id of a standard report')
    const { parameters } = values
    if (parameters != null && (typeof parameters !== 'object' || Array.isArray(parameters)))
      refuse(change, 'parameters', 'object', 'must be an object')
    if (Object.hasOwn(values, 'cron') || Object.hasOwn(values, 'active')) plan(change, context)
  }
  await checkRecipients(changes, context)
}

/** Says when it comes next; null while it is switched off. */
function plan(change: Change, { viewer }: WriteContext): void {
  const cron = after(change, 'cron') as string
  const problem = cronProblem(cron, viewer.timezone)
  if (problem) {
    refuse(change, 'cron', 'cron', problem)
    return
  }
  change.values.nextRunAt =
    after(change, 'active') === false ? null : nextRun(cron, viewer.timezone, new Date()).toISOString()
}

function cronProblem(cron: string, timezone: string): string | null {
  if (cron.trim().split(/\s+/).length !== 5) return 'must have five parts: minute, hour, day, month, weekday'
  try {
    let last = nextRun(cron, timezone, new Date())
    for (let n = 0; n < 24; n++) {
      const next = nextRun(cron, timezone, last)
      if (next.getTime() - last.getTime() < APART * 60_000) return 'must not come more often than once an hour'
      last = next
    }
    return null
  } catch {
    return 'must be a cron expression that comes some day'
  }
}

async function checkRecipients(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  const named = changes.flatMap((change) =>
    Array.isArray(change.values.recipientIds)
      ? (change.values.recipientIds as string[]).map((id, at) => ({ change, uuid: uuidOf('User', id) ?? NO_ID, at }))
      : [],
  )
  for (const change of changes) {
    const count = (after(change, 'recipientIds') as string[] | undefined)?.length ?? 0
    if (count === 0) refuse(change, 'recipientIds', 'required', 'must name a user')
    if (count > RECIPIENTS) refuse(change, 'recipientIds', 'maxItems', `must have at most ${RECIPIENTS} members`)
  }
  if (named.length === 0) return
  const rows = await db.rows<{ id: string }>({
    text: `SELECT id FROM app_user WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND status <> 'LEFT' AND contact_id IS NULL AND deleted_at IS NULL`,
    values: [viewer.tenantId, named.map(({ uuid }) => uuid)],
  })
  const there = new Set(rows.map(({ id }) => id))
  for (const { change, uuid, at } of named) {
    if (there.has(uuid)) continue
    change.errors.push({
      code: 'REFERENCE_NOT_FOUND',
      message: 'recipientIds names no User who is there.',
      field: [...change.path, 'recipientIds', String(at)],
    })
  }
}

/** Orders the jobs of the next times of schedules that were written, each once. A job of a time that is no longer the next one does nothing. */
export async function orderRuns(changes: Pick<Change, 'id'>[], { db, viewer }: WriteContext): Promise<void> {
  await db.rows({
    text: `INSERT INTO job (tenant_id, kind, subject, input, key, run_at)
 SELECT $1::uuid, $2::text, s.name, jsonb_build_object('scheduleId', s.id, 'dueAt', d.at), $2 || ' ' || s.id || ' ' || d.at, s.next_run_at FROM report_schedule s
 CROSS JOIN LATERAL (SELECT to_char(s.next_run_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at) d
 WHERE s.tenant_id = $1 AND s.id = ANY ($3::uuid[]) AND s.active AND s.next_run_at IS NOT NULL AND s.deleted_at IS NULL
 ON CONFLICT (tenant_id, key) WHERE key IS NOT NULL AND status IN ('QUEUED', 'RUNNING') AND deleted_at IS NULL DO NOTHING`,
    values: [viewer.tenantId, REPORT_SCHEDULE, changes.map(({ id }) => id)],
  })
}

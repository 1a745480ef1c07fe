import { HOUSEKEEPING } from '../resolvers/platform/housekeeping.ts'
import { REVERT_DAYS } from '../resolvers/platform/importJob.ts'
import type { JobKind } from './kind.ts'

/** Rows of each kind of one step. */
const BATCH = 2000

/** Rows of a table that are over, the oldest first; $2 is now. */
const old = (table: string, over: string, by: string) => `DELETE FROM ${table} WHERE tenant_id = $1 AND id IN (
 SELECT id FROM ${table} WHERE tenant_id = $1 AND ${over} ORDER BY ${by} LIMIT ${BATCH} FOR UPDATE SKIP LOCKED) RETURNING id`

const days = (n: number) => `$2::timestamptz - interval '${n} days'`

/** What goes, by the name of the job's figure. */
const GOING = {
  /** Answers kept for retries: seven days (spec/api.md 5). */
  ANSWERS: old('idempotency_record', 'expires_at < $2', 'expires_at'),
  JOBS: old('job', `completed_at < ${days(90)} AND deleted_at IS NULL`, 'completed_at, id'),
  /** What imports changed that nobody can revert any more. */
  IMPORT_BATCHES: old('import_batch', `at < ${days(REVERT_DAYS + 1)}`, 'at'),
  /** A run that started another stays as long as that one. */
  WORKFLOW_RUNS: `WITH over AS MATERIALIZED (
 SELECT r.id FROM workflow_run r WHERE r.tenant_id = $1 AND r.completed_at < ${days(30)}
 AND NOT EXISTS (SELECT 1 FROM workflow_run c WHERE c.tenant_id = $1 AND c.cause_id = r.id) ORDER BY r.completed_at, r.id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED
), steps AS (DELETE FROM workflow_step_run s USING over WHERE s.tenant_id = $1 AND s.run_id = over.id)
 DELETE FROM workflow_run r USING over WHERE r.tenant_id = $1 AND r.id = over.id RETURNING r.id`,
  /** Files whose links have expired. */
  REPORT_FILES: old('report_delivery', 'expires_at < $2', 'expires_at'),
  NOTIFICATIONS: old('notification', `read_at IS NOT NULL AND told_at < ${days(90)}`, 'told_at'),
  /** What nobody has read for a year is not waited for any longer. */
  UNREAD_NOTIFICATIONS: old('notification', `read_at IS NULL AND told_at < ${days(365)}`, 'told_at'),
  /** Done ones; their sources keep what was done. */
  TODOS: old('todo_item', `done_at < ${days(90)}`, 'done_at'),
}

/**
 * What nobody asks for any more goes, every night: answers kept for retries after seven days, jobs after ninety, import batches after the time to revert, runs of workflows after thirty, report files with their links, notifications after ninety days when
 * they were read and after a year when not, done to-dos after ninety.
 */
export const housekeeping: JobKind = {
  kind: HOUSEKEEPING,
  as: 'system',
  async step({ db, viewer: { tenantId } }, { now }) {
    const figures: Record<string, number> = {}
    for (const [name, text] of Object.entries(GOING))
      figures[name] = (await db.rows({ text, values: [tenantId, now] })).length
    const counts = Object.values(figures)
    return {
      state: counts.includes(BATCH) ? {} : null,
      done: counts.reduce((sum, one) => sum + one, 0),
      figures,
    }
  },
}

import { enqueueJob, nextDaily } from '../../platform/job.ts'
import type { Rule, WriteContext } from '../../write.ts'

/** The kind of job that clears up behind forms, and when it does so, in the company's time zone. */
export const CLEANUP = 'CAPTURE_CLEANUP'
const DAILY_AT = '03:10'
/** Rows of one step. */
const BATCH = 500
/** How long it stays known from where something was sent, and that a link was used, days. */
const KEPT = 30

/** What follows from a new form: its company's forms are cleared up behind every day. */
export const orderCleanup: Rule = async (changes, { db, viewer }) => {
  if (!changes.some(({ before }) => before === null)) return
  const { tenantId, timezone } = viewer
  await enqueueJob(db, tenantId, {
    kind: CLEANUP,
    key: 'captureCleanup',
    dailyAt: DAILY_AT,
    runAt: nextDaily(DAILY_AT, timezone),
  })
}

/** Forgets some of what nobody confirmed in time, of where submissions came from, and of links that were used. How many of each; nothing is left when all are 0. */
export async function cleanUp({ db, viewer }: WriteContext, now: Date): Promise<Record<string, number>> {
  const { tenantId } = viewer
  const expired = await db.rows({
    text: `WITH due AS MATERIALIZED (
 SELECT submission_id FROM lead_capture_pending WHERE tenant_id = $1 AND expires_at <= $2 AND input IS NOT NULL ORDER BY expires_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED
), gone AS (
 UPDATE lead_capture_pending p SET input = NULL FROM due WHERE p.tenant_id = $1 AND p.submission_id = due.submission_id
) UPDATE lead_capture_submission s SET outcome = 'EXPIRED' FROM due WHERE s.tenant_id = $1 AND s.id = due.submission_id RETURNING s.id`,
    values: [tenantId, now],
  })
  const forgotten = await db.rows({
    text: `WITH due AS MATERIALIZED (
 SELECT id FROM lead_capture_submission WHERE tenant_id = $1 AND submitted_at <= $2::timestamptz - make_interval(days => ${KEPT}) AND ip_hash IS NOT NULL AND deleted_at IS NULL
 ORDER BY submitted_at, id LIMIT ${BATCH}
) UPDATE lead_capture_submission s SET ip_hash = NULL FROM due WHERE s.tenant_id = $1 AND s.id = due.id RETURNING s.id`,
    values: [tenantId, now],
  })
  const removed = await db.rows({
    text: `DELETE FROM lead_capture_pending WHERE tenant_id = $1 AND expires_at <= $2::timestamptz - make_interval(days => ${KEPT}) AND input IS NULL RETURNING submission_id`,
    values: [tenantId, now],
  })
  return { expired: expired.length, forgotten: forgotten.length, removed: removed.length }
}

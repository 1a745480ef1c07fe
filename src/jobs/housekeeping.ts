import { HOUSEKEEPING } from '../resolvers/platform/housekeeping.ts'
import { REVERT_DAYS } from '../resolvers/platform/importJob.ts'
import type { JobKind } from './kind.ts'

/** Rows of one step. */
const BATCH = 2000

/**
 * What nobody asks for any more goes, every night: answers kept for retries that are older than seven days (spec/api.md 5), jobs that were over ninety
 * days ago, and what imports changed that nobody can revert any more.
 */
export const housekeeping: JobKind = {
  kind: HOUSEKEEPING,
  as: 'system',
  async step({ db, viewer: { tenantId } }, { now }) {
    const answers = await db.rows({
      text: `DELETE FROM idempotency_record WHERE tenant_id = $1 AND id IN (
 SELECT id FROM idempotency_record WHERE tenant_id = $1 AND expires_at < $2 ORDER BY expires_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED) RETURNING id`,
      values: [tenantId, now],
    })
    const jobs = await db.rows({
      text: `DELETE FROM job WHERE tenant_id = $1 AND id IN (
 SELECT id FROM job WHERE tenant_id = $1 AND completed_at < $2::timestamptz - interval '90 days' AND deleted_at IS NULL ORDER BY completed_at, id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED) RETURNING id`,
      values: [tenantId, now],
    })
    const imports = await db.rows({
      text: `DELETE FROM import_batch WHERE tenant_id = $1 AND id IN (
 SELECT id FROM import_batch WHERE tenant_id = $1 AND at < $2::timestamptz - interval '${REVERT_DAYS + 1} days' ORDER BY at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED) RETURNING id`,
      values: [tenantId, now],
    })
    return {
      state: [answers, jobs, imports].some(({ length }) => length === BATCH) ? {} : null,
      done: answers.length + jobs.length + imports.length,
      figures: { ANSWERS: answers.length, JOBS: jobs.length, IMPORT_BATCHES: imports.length },
    }
  },
}

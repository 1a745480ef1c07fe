import { todayIn } from '../checks.ts'
import type { WriteContext } from '../write.ts'

/** Quotes of one step. */
const BATCH = 500

/** Ends some quotes that the customer has and whose last day is over; how many. None is left when it is 0. */
export async function expireQuotes({ db, viewer }: WriteContext): Promise<number> {
  const ended = await db.rows({
    text: `WITH due AS MATERIALIZED (
 SELECT id FROM quote WHERE tenant_id = $1 AND status = 'SENT' AND valid_until < $2::date AND deleted_at IS NULL ORDER BY valid_until, id LIMIT ${BATCH} FOR NO KEY UPDATE SKIP LOCKED
) UPDATE quote q SET status = 'EXPIRED' FROM due WHERE q.tenant_id = $1 AND q.id = due.id RETURNING q.id`,
    values: [viewer.tenantId, todayIn(viewer.timezone)],
  })
  return ended.length
}

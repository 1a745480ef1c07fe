import type { WriteContext } from '../../write.ts'
import { protect } from './protection.ts'

/** Registrations of one step. */
const BATCH = 200
/** How long one may wait for a decision, days: it keeps everybody else away meanwhile. */
export const UNDECIDED_DAYS = 30

/**
 * Ends some registrations: of a customer who has bought by now it is CONVERTED, whose protection is over, or that nobody decided in time, EXPIRED, and the company
 * may be registered, or taken back, by anybody. How many of each; nothing is left when both are 0.
 */
export async function expireRegistrations(
  context: WriteContext,
  now: Date,
): Promise<{ converted: number; expired: number }> {
  const { db, viewer } = context
  const ended = await db.rows<{ status: 'CONVERTED' | 'EXPIRED'; accountId: string | null }>({
    text: `WITH due AS MATERIALIZED (
 SELECT r.id, coalesce(a.deal_status = 'WON', false) AS won FROM customer_registration r LEFT JOIN account a ON a.tenant_id = $1 AND a.id = r.account_id
 WHERE r.tenant_id = $1 AND r.deleted_at IS NULL AND ((r.status = 'APPROVED' AND (r.protected_until <= $2 OR a.deal_status = 'WON'))
  OR (r.status = 'SUBMITTED' AND r.submitted_at <= $2::timestamptz - make_interval(days => ${UNDECIDED_DAYS})))
 ORDER BY r.id LIMIT ${BATCH} FOR NO KEY UPDATE OF r SKIP LOCKED
) UPDATE customer_registration r SET status = CASE WHEN due.won THEN 'CONVERTED' ELSE 'EXPIRED' END FROM due WHERE r.tenant_id = $1 AND r.id = due.id
 RETURNING r.status, r.account_id AS "accountId"`,
    values: [viewer.tenantId, now],
  })
  for (const { accountId } of ended) if (accountId) await protect(context, accountId, null)
  const converted = ended.filter(({ status }) => status === 'CONVERTED').length
  return { converted, expired: ended.length - converted }
}

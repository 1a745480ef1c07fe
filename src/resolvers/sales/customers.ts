import type { WriteContext } from '../write.ts'

/** Makes the companies of won opportunities, given by uuid, customers that have bought: dealStatus WON, first and last deal by the days of closing. */
export async function markCustomers({ db, viewer }: WriteContext, opportunityIds: string[]): Promise<void> {
  if (opportunityIds.length === 0) return
  await db.rows({
    text: `WITH won AS (
 SELECT account_id AS id, min(actual_close_date)::timestamp AT TIME ZONE $3 AS first, max(actual_close_date)::timestamp AT TIME ZONE $3 AS last
 FROM opportunity WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND account_id IS NOT NULL AND status = 'WON' GROUP BY account_id
) UPDATE account a SET deal_status = 'WON', first_deal_at = least(a.first_deal_at, won.first), last_deal_at = greatest(a.last_deal_at, won.last)
 FROM won WHERE a.tenant_id = $1 AND a.id = won.id
 AND (a.deal_status, a.first_deal_at, a.last_deal_at) IS DISTINCT FROM ('WON', least(a.first_deal_at, won.first), greatest(a.last_deal_at, won.last))`,
    values: [viewer.tenantId, opportunityIds, viewer.timezone],
  })
}

/**
 * Takes back what a won deal, which is open again, made of its company (uuid): first and last deal where they were this one, and dealStatus where no other
 * deal is left. What was said by setDealStatus stays.
 *
 * @param closed the day on which the deal had been won.
 */
export async function unmarkCustomer(
  { db, viewer }: WriteContext,
  accountId: string | null,
  closed: string,
): Promise<void> {
  if (!accountId) return
  // Locked first, in a statement of its own: deals that are won at the same time mark the company under this lock.
  await db.rows({
    text: 'SELECT id FROM account WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE',
    values: [viewer.tenantId, accountId],
  })
  await db.rows({
    text: `WITH others AS (
 SELECT min(actual_close_date)::timestamp AT TIME ZONE $3 AS first, max(actual_close_date)::timestamp AT TIME ZONE $3 AS last
 FROM opportunity WHERE tenant_id = $1 AND account_id = $2 AND status = 'WON' AND deleted_at IS NULL
), kept AS (
 SELECT least(others.first, CASE WHEN a.first_deal_at <> m.at THEN a.first_deal_at END, CASE WHEN a.last_deal_at <> m.at THEN a.last_deal_at END) AS first,
  greatest(others.last, CASE WHEN a.first_deal_at <> m.at THEN a.first_deal_at END, CASE WHEN a.last_deal_at <> m.at THEN a.last_deal_at END) AS last
 FROM account a CROSS JOIN others CROSS JOIN (SELECT $4::timestamp AT TIME ZONE $3 AS at) m WHERE a.tenant_id = $1 AND a.id = $2
) UPDATE account a SET deal_status = CASE WHEN kept.first IS NULL THEN 'NOT_WON' ELSE 'WON' END, first_deal_at = kept.first, last_deal_at = kept.last
 FROM kept WHERE a.tenant_id = $1 AND a.id = $2
 AND (a.deal_status, a.first_deal_at, a.last_deal_at) IS DISTINCT FROM (CASE WHEN kept.first IS NULL THEN 'NOT_WON' ELSE 'WON' END, kept.first, kept.last)`,
    values: [viewer.tenantId, accountId, viewer.timezone, closed],
  })
}

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

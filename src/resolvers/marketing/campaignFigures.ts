import type { Context, Viewer } from '../../context.ts'
import type { Money } from '../../read/finish.ts'
import { callerOf } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import { formatMoney, NO_ID, uuidOf } from '../../read/values.ts'
import { sqlFor } from '../write.ts'

/** What a campaign brought, over what the viewer sees. */
export interface CampaignFigures {
  members: number
  responses: number
  leads: number
  conversions: number
  wonDeals: number
  wonAmount: Money
  /** Deals whose amount is in a currency without a rate: they count in no sum. */
  withoutRate: number
  /** (wonAmount − cost) / cost, decimal text; null without a cost. */
  roi: string | null
}

type Sql = ReturnType<typeof sqlFor>

/** The tenant's live records of a type on an alias that the viewer may see. */
export function visible({ access }: Viewer, name: string, alias: string, sql: Sql): string {
  const scope = access.predicate(recordType(name), alias, sql)
  return `${alias}.tenant_id = $1 AND ${alias}.deleted_at IS NULL${scope ? ` AND ${scope}` : ''}`
}

/** Fields that the figures tell of: who may not filter by one would learn it from them. */
const TOLD = [
  ['Campaign', 'actualCost'],
  ['CampaignMember', 'hasResponded'],
  ['Lead', 'convertedAt'],
  ['Lead', 'campaignId'],
  ['Opportunity', 'campaignId'],
  ['Opportunity', 'amount'],
  ['Opportunity', 'status'],
] as const

/**
 * Works out what a campaign brought, in one statement. A deal that was won is the campaign's when it touched one of its people: the company, a contact, the lead that became it, made a member within the company's
 * window before the deal was closed. One that names a campaign itself was touched by it when it was made, whenever that was. Which of several campaigns it counts for, the attribution of the company says: all touches count for that, also those that the viewer does not see.
 *
 * @returns null where the viewer sees no such campaign. @throws FIELD_FORBIDDEN.
 */
export async function campaignFigures(context: Context, viewer: Viewer, id: string): Promise<CampaignFigures | null> {
  for (const [type, field] of TOLD) viewer.access.requireField(recordType(type), field, ['campaignFigures'])
  const sql = sqlFor(viewer.tenantId)
  const campaign = sql.params.add(uuidOf('Campaign', id) ?? NO_ID, 'uuid')
  const timezone = sql.params.add(viewer.timezone, 'text')
  const base = sql.params.add(viewer.baseCurrency, 'text')
  const withheld = viewer.access.withheld(recordType('Opportunity'), 'amount', 'o', sql)
  const members = `FROM campaign_member m WHERE ${visible(viewer, 'CampaignMember', 'm', sql)} AND m.campaign_id = ${campaign}`
  const text = `WITH c AS MATERIALIZED (
 SELECT c.id, coalesce(c.currency, ${base}) AS currency, coalesce(c.actual_cost, 0) AS cost FROM campaign c WHERE ${visible(viewer, 'Campaign', 'c', sql)} AND c.id = ${campaign}
), who AS MATERIALIZED (
 SELECT m.account_id, coalesce(m.contact_id, l.converted_contact_id) AS contact_id, l.converted_opportunity_id AS deal_id
 FROM campaign_member m LEFT JOIN lead l ON l.tenant_id = $1 AND l.id = m.lead_id AND l.deleted_at IS NULL WHERE m.tenant_id = $1 AND m.campaign_id = ${campaign} AND m.deleted_at IS NULL
), near AS (
 SELECT d.id FROM opportunity d JOIN who w ON d.account_id = w.account_id WHERE d.tenant_id = $1
 UNION SELECT d.id FROM opportunity d JOIN who w ON d.primary_contact_id = w.contact_id WHERE d.tenant_id = $1
 UNION SELECT r.opportunity_id FROM opportunity_contact r JOIN who w ON r.contact_id = w.contact_id WHERE r.tenant_id = $1 AND r.deleted_at IS NULL
 UNION SELECT w.deal_id FROM who w
 UNION SELECT d.id FROM opportunity d WHERE d.tenant_id = $1 AND d.campaign_id = ${campaign}
), won AS MATERIALIZED (
 SELECT o.id, o.account_id, o.primary_contact_id, o.amount, o.currency, o.actual_close_date AS closed, o.campaign_id, least(o.created_at, o.actual_close_date::timestamptz) AS made FROM opportunity o
 WHERE ${visible(viewer, 'Opportunity', 'o', sql)}${withheld ? ` AND NOT ${withheld}` : ''} AND o.status = 'WON' AND o.amount IS NOT NULL AND o.actual_close_date IS NOT NULL AND o.id IN (SELECT id FROM near)
), person AS (
 SELECT id AS deal_id, primary_contact_id AS contact_id FROM won WHERE primary_contact_id IS NOT NULL
 UNION SELECT w.id, r.contact_id FROM won w JOIN opportunity_contact r ON r.tenant_id = $1 AND r.opportunity_id = w.id AND r.deleted_at IS NULL
), touch AS (
 SELECT w.id AS deal_id, m.id FROM won w JOIN campaign_member m ON m.tenant_id = $1 AND m.account_id = w.account_id
 UNION SELECT p.deal_id, m.id FROM person p JOIN campaign_member m ON m.tenant_id = $1 AND m.contact_id = p.contact_id
 UNION SELECT p.deal_id, m.id FROM person p JOIN lead l ON l.tenant_id = $1 AND l.converted_contact_id = p.contact_id AND l.deleted_at IS NULL JOIN campaign_member m ON m.tenant_id = $1 AND m.lead_id = l.id
 UNION SELECT w.id, m.id FROM won w JOIN lead l ON l.tenant_id = $1 AND l.converted_opportunity_id = w.id AND l.deleted_at IS NULL JOIN campaign_member m ON m.tenant_id = $1 AND m.lead_id = l.id
), touched AS (
 SELECT x.deal_id, x.campaign_id, min(x.at) AS first, max(x.at) AS last FROM (
  SELECT t.deal_id, m.campaign_id, m.created_at AS at FROM touch t JOIN won w ON w.id = t.deal_id JOIN campaign_member m ON m.tenant_id = $1 AND m.id = t.id AND m.deleted_at IS NULL
  CROSS JOIN (SELECT marketing_attribution_days AS days FROM tenant WHERE id = $1) s WHERE (m.created_at AT TIME ZONE ${timezone})::date BETWEEN w.closed - s.days AND w.closed
  UNION ALL SELECT w.id, w.campaign_id, w.made FROM won w WHERE w.campaign_id IS NOT NULL
 ) x JOIN campaign g ON g.tenant_id = $1 AND g.id = x.campaign_id AND g.deleted_at IS NULL GROUP BY 1, 2
), ranked AS (
 SELECT t.*, count(*) OVER (PARTITION BY deal_id) AS campaigns, row_number() OVER (PARTITION BY deal_id ORDER BY first, campaign_id) AS from_first,
  row_number() OVER (PARTITION BY deal_id ORDER BY last DESC, campaign_id DESC) AS from_last FROM touched t
), share AS (
 SELECT w.currency, w.closed, CASE WHEN s.way = 'EVEN' THEN w.amount / r.campaigns + (r.from_first <= w.amount % r.campaigns)::integer ELSE w.amount END AS amount
 FROM ranked r JOIN won w ON w.id = r.deal_id CROSS JOIN (SELECT marketing_attribution AS way FROM tenant WHERE id = $1) s
 WHERE r.campaign_id = ${campaign} AND CASE s.way WHEN 'FIRST' THEN r.from_first = 1 WHEN 'LAST' THEN r.from_last = 1 ELSE true END
), rated AS (
 SELECT s.amount, CASE WHEN s.currency = c.currency THEN 1 ELSE (SELECT x.rate FROM exchange_rate x WHERE x.tenant_id = $1 AND x.currency = s.currency AND x.base_currency = c.currency
  AND x.date <= s.closed AND x.deleted_at IS NULL ORDER BY x.date DESC LIMIT 1) END AS rate FROM share s CROSS JOIN c
), sum AS (
 SELECT count(*)::integer AS deals, count(*) FILTER (WHERE rate IS NULL)::integer AS "withoutRate", coalesce(sum(round(amount * rate)), 0) AS amount FROM rated
) SELECT (SELECT count(*)::integer ${members}) AS members, (SELECT count(*)::integer ${members} AND m.has_responded) AS responses, f.leads, f.conversions,
 s.deals AS "wonDeals", s."withoutRate", s.amount::bigint::text AS amount, c.currency, CASE WHEN c.cost > 0 THEN trim_scale(round((s.amount - c.cost) / c.cost, 4))::text END AS roi
 FROM c CROSS JOIN sum s CROSS JOIN (SELECT count(*)::integer AS leads, count(*) FILTER (WHERE l.converted_at IS NOT NULL)::integer AS conversions FROM lead l
 WHERE ${visible(viewer, 'Lead', 'l', sql)} AND l.id IN (SELECT m.lead_id ${members} UNION SELECT n.id FROM lead n WHERE n.tenant_id = $1 AND n.campaign_id = ${campaign})) f`
  const [row] = await context.tenancy.readTenant(callerOf(viewer), (db) =>
    db.rows<Omit<CampaignFigures, 'wonAmount'> & { amount: string; currency: string }>({
      text,
      values: sql.params.values,
    }),
  )
  if (!row) return null
  const { amount, currency, ...more } = row
  return { ...more, wonAmount: { amount: formatMoney(amount), currency } }
}

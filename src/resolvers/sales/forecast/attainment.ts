import type { Viewer } from '../../../context.ts'
import type { Money } from '../../../read/finish.ts'
import { recordType } from '../../../read/recordType.ts'
import type { Reader } from '../../../tenancy/tenancy.ts'
import { sqlFor } from '../../write.ts'
import { amountInBase, type Exact, exact, moneyIn, perCent, rateFound, rateSql } from './base.ts'
import { type PeriodType, periodOf, requireDay } from './period.ts'
import { fiscalYearStartOf, seen } from './scope.ts'

/** A target and how far it is reached, over what the viewer sees. */
export interface Attainment {
  /** uuid. */
  targetId: string
  /** Null where the viewer may not see amounts, and for targets that are counted. */
  amount: Money | null
  /** Null for targets that are money. */
  count: number | null
  attainment: string | null
}

interface AttainmentRow {
  id: string
  metric: 'WON_AMOUNT' | 'WON_COUNT' | 'NEW_CUSTOMERS' | 'RECEIPTS'
  target: string
  count: number | null
  currency: string | null
  rate: string | null
  day: string | null
  amount: string | null
}

/**
 * The targets of a period that the viewer sees and how far each is reached, in one statement: the company's by all deals, a department's by those of its people and of the departments below it,
 * a user's by their own; receipts are those of a contract's owner, without what was paid from a credit that was received before. Customers are new in the period in which their first deal was won, and their owner's.
 *
 * @throws CURRENCY_RATE_MISSING, BAD_USER_INPUT for a day that is none.
 */
export async function attainmentOf(
  db: Reader,
  viewer: Viewer,
  wanted: { type: PeriodType; start: string },
): Promise<Attainment[]> {
  requireDay(wanted.start, ['period', 'start'])
  const { start, end } = periodOf(wanted.type, wanted.start, await fiscalYearStartOf(db, viewer.tenantId))
  const sql = sqlFor(viewer.tenantId)
  const [from, to] = [sql.params.add(start, 'date'), sql.params.add(end, 'date')]
  const zone = sql.params.add(viewer.timezone, 'text')
  const base = sql.params.add(viewer.baseCurrency, 'text')
  const rows = await db.rows<AttainmentRow>({
    text: `WITH RECURSIVE target AS MATERIALIZED (
 SELECT t.* FROM sales_target t WHERE ${seen(viewer, 'SalesTarget', 't', sql)} AND t.period_type = ${sql.params.add(wanted.type, 'text')} AND t.period_start = ${from}
), tree AS (
 SELECT DISTINCT t.department_id AS root, t.department_id AS id FROM target t WHERE t.department_id IS NOT NULL
 UNION SELECT tree.root, d.id FROM tree JOIN department d ON d.tenant_id = $1 AND d.parent_id = tree.id AND d.deleted_at IS NULL
), member AS (
 SELECT tree.root AS scope, u.id FROM tree JOIN app_user u ON u.tenant_id = $1 AND u.department_id = tree.id
 UNION SELECT t.user_id, t.user_id FROM target t WHERE t.user_id IS NOT NULL
), deal AS MATERIALIZED (
 SELECT o.owner_id, o.currency, o.actual_close_date AS day, o.amount FROM opportunity o
 WHERE ${seen(viewer, 'Opportunity', 'o', sql)} AND o.status = 'WON' AND o.forecast_category <> 'OMITTED' AND o.actual_close_date BETWEEN ${from} AND ${to}
), rate AS (
 SELECT d.currency, d.day, ${rateSql(sql, 'd.currency', 'd.day', base)} AS rate FROM (SELECT DISTINCT currency, day FROM deal) d
), won AS (
 SELECT d.owner_id, d.currency, r.rate, min(d.day) AS day, count(*) AS deals, sum(d.amount) AS amount FROM deal d JOIN rate r ON r.currency = d.currency AND r.day = d.day GROUP BY 1, 2, 3
), fresh AS (
 SELECT a.owner_id, count(*) AS customers FROM account a
 WHERE ${seen(viewer, 'Account', 'a', sql)} AND (a.first_deal_at AT TIME ZONE ${zone})::date BETWEEN ${from} AND ${to} GROUP BY 1
), received AS (
 SELECT c.owner_id, sum(x.amount) AS amount FROM (
  SELECT r.contract_id, r.amount_base AS amount FROM receipt r
  WHERE ${seen(viewer, 'Receipt', 'r', sql)} AND r.status IN ('CONFIRMED', 'REVERSED') AND r.method IS DISTINCT FROM 'ACCOUNT_CREDIT' AND r.received_on BETWEEN ${from} AND ${to}
  UNION ALL SELECT f.contract_id, -round(f.amount * r.rate) FROM refund f JOIN receipt r ON r.tenant_id = $1 AND r.id = f.receipt_id
  WHERE ${seen(viewer, 'Refund', 'f', sql)} AND f.refunded_on BETWEEN ${from} AND ${to}
 ) x JOIN contract c ON c.tenant_id = $1 AND c.id = x.contract_id GROUP BY 1
) SELECT t.id, t.metric, coalesce(t.amount, t.target_count)::text AS target,
 CASE t.metric WHEN 'NEW_CUSTOMERS' THEN (SELECT sum(f.customers)::integer FROM fresh f WHERE t.scope_type = 'COMPANY' OR f.owner_id IN (SELECT m.id FROM member m WHERE m.scope = t.scope_id)) ELSE w.deals END AS count,
 w.currency, w.rate, w.day, w.amount
 FROM target t LEFT JOIN LATERAL (
  SELECT w.currency, w.rate::text AS rate, min(w.day)::text AS day, sum(w.deals)::integer AS deals, sum(w.amount)::text AS amount FROM won w
  WHERE t.metric IN ('WON_AMOUNT', 'WON_COUNT') AND (t.scope_type = 'COMPANY' OR w.owner_id IN (SELECT m.id FROM member m WHERE m.scope = t.scope_id)) GROUP BY 1, 2
  UNION ALL SELECT ${base}, '1', NULL, NULL, sum(v.amount)::text FROM received v
  WHERE t.metric = 'RECEIPTS' AND (t.scope_type = 'COMPANY' OR v.owner_id IN (SELECT m.id FROM member m WHERE m.scope = t.scope_id)) HAVING count(*) > 0
 ) w ON true ORDER BY t.scope_type, t.id`,
    values: sql.params.values,
  })
  const hidden = viewer.access.hides(recordType('Opportunity'), 'amount')
  return [...Map.groupBy(rows, ({ id }) => id)].map(([targetId, some]): Attainment => {
    const [{ metric, target }] = some as [AttainmentRow]
    if (metric !== 'WON_AMOUNT' && metric !== 'RECEIPTS') {
      const count = some.reduce((sum, one) => sum + (one.count ?? 0), 0)
      return { targetId, amount: null, count, attainment: perCent(BigInt(count), BigInt(target)) }
    }
    if (metric === 'RECEIPTS' ? viewer.access.hides(recordType('Receipt'), 'amount') : hidden)
      return { targetId, amount: null, count: null, attainment: null }
    const won = some.reduce((sum: Exact, { amount, rate, currency, day }) => {
      if (amount === null || amount === '0') return sum
      return sum + amountInBase(amount, rateFound(rate, currency as string, day as string))
    }, 0n)
    return {
      targetId,
      amount: moneyIn(viewer.baseCurrency, won),
      count: null,
      attainment: perCent(won, exact(BigInt(target))),
    }
  })
}

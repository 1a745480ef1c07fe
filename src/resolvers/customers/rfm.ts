import { lockTenant } from '../checks.ts'
import type { WriteContext } from '../write.ts'
import { SALES_FACTS } from './salesFacts.ts'

/** What a calculation of RFM and Pareto found. */
export interface RfmResult {
  /** Live customers with a sale. */
  customers: number
  /** Those whose values changed and were written, also to nothing. */
  changed: number
  /** Sales. */
  sales: number
  /** Sales whose amount is in another currency than the tenant's and does not count. */
  otherCurrency: number
}

/** A first calculation writes every customer; what a statement may take otherwise is too little for a hundred thousand. */
const LIMIT = '120000'

/**
 * RFM and Pareto of all live customers of the tenant, in one statement, which writes those that changed.
 *
 * Recency, frequency and monetary value are ntile(5) over the customers with a sale, by the day of the last sale, the number of sales and the sum of
 * their amounts; 5 is best. Equals are told apart by their ids, the older first, so that the same data always gives the same fifths. V is the mean of frequency and monetary value, halves up.
 * Amounts in other currencies than the tenant's do not count until there are rates: such a sale counts for recency and frequency. By Pareto, the customers who bought
 * the most and together make the first 80 % are A, up to 95 % B, the others C; the one who crosses the line belongs to the better class.
 */
const CALCULATE = `WITH fact AS MATERIALIZED (${SALES_FACTS}), sold AS (
 SELECT f.account_id AS id, max(f.sold_on) AS last, count(*) AS sales,
  coalesce(sum(f.amount) FILTER (WHERE f.currency = $2), 0) AS amount, count(*) FILTER (WHERE f.amount IS NOT NULL AND f.currency <> $2) AS other
 FROM fact f JOIN account a ON a.tenant_id = $1 AND a.id = f.account_id AND a.deleted_at IS NULL GROUP BY f.account_id
), fifth AS (
 SELECT s.id, s.sales, s.amount, s.other,
  ntile(5) OVER (ORDER BY s.last NULLS FIRST, s.id) AS r, ntile(5) OVER (ORDER BY s.sales, s.id) AS f, ntile(5) OVER (ORDER BY s.amount, s.id) AS m,
  sum(s.amount) OVER (ORDER BY s.amount DESC, s.id) - s.amount AS before, sum(s.amount) OVER () AS total
 FROM sold s
), scored AS (
 SELECT x.*, (x.f + x.m + 1) / 2 AS v, CASE WHEN x.before < x.total * 0.80 THEN 'A' WHEN x.before < x.total * 0.95 THEN 'B' ELSE 'C' END AS pareto
 FROM fifth x
), wanted AS (
 SELECT a.id, s.r, s.f, s.m, s.r + s.f + s.m AS score, s.pareto,
  CASE WHEN s.id IS NULL THEN NULL
   WHEN s.r >= 4 THEN CASE WHEN s.v >= 4 THEN 'CHAMPION' WHEN s.v >= 2 THEN 'POTENTIAL_LOYALIST' ELSE 'NEW' END
   WHEN s.r = 3 THEN CASE WHEN s.v >= 4 THEN 'LOYAL' WHEN s.v = 3 THEN 'NEEDS_ATTENTION' ELSE 'ABOUT_TO_SLEEP' END
   WHEN s.r = 1 AND s.v >= 4 THEN 'CANNOT_LOSE' WHEN s.v >= 3 THEN 'AT_RISK' WHEN s.r = 2 THEN 'HIBERNATING' ELSE 'LOST' END AS class
 FROM account a LEFT JOIN scored s ON s.id = a.id WHERE a.tenant_id = $1 AND a.deleted_at IS NULL
), written AS (
 UPDATE account a SET rfm_recency = w.r, rfm_frequency = w.f, rfm_monetary = w.m, rfm_score = w.score, rfm_class = w.class, pareto_class = w.pareto,
  rfm_calculated_at = CASE WHEN w.score IS NOT NULL THEN now() END
 FROM wanted w WHERE a.tenant_id = $1 AND a.id = w.id
 AND (a.rfm_recency, a.rfm_frequency, a.rfm_monetary, a.rfm_class, a.pareto_class) IS DISTINCT FROM (w.r, w.f, w.m, w.class, w.pareto)
 RETURNING a.id
) SELECT (SELECT count(*)::integer FROM fifth) AS customers, (SELECT count(*)::integer FROM written) AS changed,
 (SELECT coalesce(sum(sales), 0)::integer FROM fifth) AS sales, (SELECT coalesce(sum(other), 0)::integer FROM fifth) AS "otherCurrency"`

/** Works RFM and Pareto out anew for the whole tenant; whoever else does so at the same time waits, and then finds nothing to write. */
export async function calculateRfm(context: WriteContext): Promise<RfmResult> {
  const { db, viewer } = context
  await lockTenant(context, 'rfm')
  await db.rows({ text: `SELECT set_config('statement_timeout', $1, true)`, values: [LIMIT] })
  const [result] = await db.rows<RfmResult>({ text: CALCULATE, values: [viewer.tenantId, viewer.baseCurrency] })
  return result as RfmResult
}

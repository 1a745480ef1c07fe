import { UserErrors } from '../../../errors.ts'
import { lockTenant, todayIn } from '../../checks.ts'
import { sqlFor, type WriteContext } from '../../write.ts'
import { amountInBase, type Exact, tenThousandths, weightedInBase } from './base.ts'
import { dealsSql } from './deals.ts'
import { periodOf } from './period.ts'
import { fiscalYearStartOf } from './scope.ts'

/** The kind of the daily job that takes them; src/jobs/sales.ts does it. */
export const DAILY_SNAPSHOT = 'FORECAST_SNAPSHOT'

/** Years behind the fiscal year that are still looked at. */
const AHEAD = 2

interface Row {
  month: string
  ownerId: string | null
  category: string
  currency: string
  rate: string | null
  day: string
  count: number
  amount: string | null
  weighted: string | null
}

/**
 * Keeps what the deals of each person come to on a day, month by month, from the beginning of the fiscal year to two years after its end; a day that has its snapshot is left as it is. For jobs, which see all
 * deals of the company.
 *
 * @returns how many rows were written.
 * @throws UserErrors CURRENCY_RATE_MISSING.
 */
export async function takeSnapshot(context: WriteContext, now: Date): Promise<number> {
  const { db, viewer } = context
  const { tenantId, baseCurrency, timezone } = viewer
  await lockTenant(context, 'forecast_snapshot')
  const today = todayIn(timezone, now)
  const taken = await db.rows({
    text: 'SELECT 1 FROM forecast_snapshot WHERE tenant_id = $1 AND date = $2::date AND deleted_at IS NULL LIMIT 1',
    values: [tenantId, today],
  })
  if (taken.length > 0) return 0
  const { start, end } = periodOf('YEAR', today, await fiscalYearStartOf(db, tenantId))
  const last = `${String(Number(end.slice(0, 4)) + AHEAD)}${end.slice(4)}`
  const sql = sqlFor(tenantId)
  const rows = await db.rows<Row>({
    text: `WITH ${dealsSql(sql, viewer, { start, end: last.replace('02-29', '02-28'), today }, null)}
 SELECT date_trunc('month', d.closes)::date::text AS month, d.owner_id AS "ownerId", d.category, d.currency, r.rate::text AS rate, min(d.day)::text AS day, count(*)::integer AS count,
 sum(d.amount)::text AS amount, sum(d.amount::numeric * d.probability)::text AS weighted
 FROM deal d JOIN rate r ON r.currency = d.currency AND r.day = d.day GROUP BY 1, 2, 3, 4, 5`,
    values: sql.params.values,
  })
  const sums = new Map<string, Row & { sum: Exact; expected: Exact }>()
  for (const row of rows) {
    const key = JSON.stringify([row.month, row.ownerId, row.category, row.currency])
    const to = sums.get(key) ?? { ...row, count: 0, sum: 0n, expected: 0n }
    sums.set(key, to)
    to.count += row.count
    if (row.amount === null || row.amount === '0') continue
    if (row.rate === null) throw rateMissing(row)
    to.sum += amountInBase(row.amount, row.rate)
    to.expected += weightedInBase(row.weighted as string, row.rate)
  }
  const values = [...sums.values()].map(({ month, ownerId, category, currency, count, sum, expected }) => ({
    month,
    owner: ownerId,
    category,
    currency,
    deals: count,
    amount: String(tenThousandths(baseCurrency, sum)),
    weighted: String(tenThousandths(baseCurrency, expected)),
  }))
  await db.rows({
    text: `INSERT INTO forecast_snapshot (tenant_id, date, month, owner_id, category, deal_currency, deals, amount, weighted, currency)
 SELECT $1::uuid, $2::date, x.month, x.owner, x.category, x.currency, x.deals, x.amount, x.weighted, $3
 FROM json_to_recordset($4::json) AS x(month date, owner uuid, category text, currency text, deals integer, amount bigint, weighted bigint)`,
    values: [tenantId, today, baseCurrency, JSON.stringify(values)],
  })
  return values.length
}

const rateMissing = ({ currency, day }: Row) =>
  new UserErrors([
    {
      code: 'CURRENCY_RATE_MISSING',
      message: `There is no rate for ${currency} on ${day}.`,
      field: null,
      details: { currency, date: day },
    },
  ])

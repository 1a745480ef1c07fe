import type { Viewer } from '../../../context.ts'
import type { Money } from '../../../read/finish.ts'
import { recordType } from '../../../read/recordType.ts'
import type { Reader } from '../../../tenancy/tenancy.ts'
import { sqlFor } from '../../write.ts'
import { type Exact, exact, moneyIn, perCent } from './base.ts'
import { CATEGORIES, type Category, peopleOf } from './forecast.ts'
import type { Period } from './period.ts'
import { frameOf, type ScopeInput, seen, usersSql } from './scope.ts'

/** What was expected of a period on a day. */
export interface AccuracyPoint {
  date: string
  amounts: Record<Category, Money>
  weighted: Money
  /** By how many per cent of what was won the day's figures were above it, below it when negative. */
  deviation: string | null
  commitDeviation: string | null
}

/** A period as it was expected to become and as it became. */
export interface Accuracy {
  period: Period
  /** Null where the viewer may not see amounts; then there are no points. */
  actual: Money | null
  points: AccuracyPoint[]
}

/** Days that are shown at most, the last ones. */
const MOST = 400

/**
 * How sure forecasts of a period were: what the snapshots that the viewer sees said of it day by day, beside what was won in it by now.
 *
 * @returns null when there is no such department or user.
 * @throws CURRENCY_RATE_MISSING.
 */
export async function accuracyOf(
  db: Reader,
  viewer: Viewer,
  args: { period: { type: Period['type']; start: string }; scope?: ScopeInput | null },
): Promise<Accuracy | null> {
  const frame = await frameOf(db, viewer, args.period, args.scope ?? { type: 'COMPANY' })
  if (!frame) return null
  const { period, scope } = frame
  if (
    viewer.access.hides(recordType('Opportunity'), 'amount') ||
    viewer.access.hides(recordType('ForecastSnapshot'), 'amount')
  )
    return { period, actual: null, points: [] }
  const people = await peopleOf(db, viewer, period, scope)
  const actual = people.reduce((sum: Exact, { parts }) => sum + parts.CLOSED.amount, 0n)
  const currency = viewer.baseCurrency
  const sql = sqlFor(viewer.tenantId)
  const users = usersSql(sql, scope)
  const rows = await db.rows<{ date: string; category: Category; amount: string; weighted: string }>({
    text: `WITH x AS (SELECT t.date, t.category, sum(t.amount)::text AS amount, sum(t.weighted)::text AS weighted FROM forecast_snapshot t
 WHERE ${seen(viewer, 'ForecastSnapshot', 't', sql)} AND t.month BETWEEN ${sql.params.add(period.start, 'date')} AND ${sql.params.add(period.end, 'date')}
 AND t.currency = ${sql.params.add(currency, 'text')}${users ? ` AND t.owner_id IN (${users})` : ''} GROUP BY 1, 2
) SELECT x.date::text AS date, x.category, x.amount, x.weighted FROM x WHERE x.date IN (SELECT DISTINCT d.date FROM x d ORDER BY d.date DESC LIMIT ${MOST}) ORDER BY x.date`,
    values: sql.params.values,
  })
  const points = [...Map.groupBy(rows, ({ date }) => date)].map(([date, some]): AccuracyPoint => {
    const of = (field: 'amount' | 'weighted', ...categories: readonly Category[]): Exact =>
      some.reduce((sum, one) => (categories.includes(one.category) ? sum + exact(BigInt(one[field])) : sum), 0n)
    const weighted = of('weighted', ...CATEGORIES)
    return {
      date,
      amounts: Object.fromEntries(
        CATEGORIES.map((category) => [category, moneyIn(currency, of('amount', category))]),
      ) as Record<Category, Money>,
      weighted: moneyIn(currency, weighted),
      deviation: perCent(weighted - actual, actual),
      commitDeviation: perCent(of('amount', 'CLOSED', 'COMMIT') - actual, actual),
    }
  })
  return { period, actual: moneyIn(currency, actual), points }
}

import type { Viewer } from '../../context.ts'
import type { Money } from '../../read/finish.ts'
import { recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { sqlFor } from '../write.ts'
import { amountInBase, type Exact, moneyIn, perCent, rateFound, rateSql, twoDecimals } from './forecast/base.ts'
import { periodOf, requireDay } from './forecast/period.ts'
import { fiscalYearStartOf, type ScopeInput, scopeOf, seen, usersSql } from './forecast/scope.ts'

export type VelocityGrouping = 'OWNER' | 'QUARTER' | 'OWNER_AND_QUARTER'

/** How deals were closed, and how fast. */
export interface VelocityFigures {
  won: number
  lost: number
  winRate: string | null
  /** Null where the viewer may not see amounts. */
  averageAmount: Money | null
  averageCycleDays: string | null
  /** Deals that are open now; null where figures are those of a quarter. */
  open: number | null
  velocity: Money | null
}

export interface VelocityGroup extends VelocityFigures {
  /** uuid; null for deals of nobody, and where groups are made by quarters alone. */
  ownerId: string | null
  /** First day of the quarter; null where groups are made by owners alone. */
  quarter: string | null
}

export interface SalesVelocity {
  total: VelocityFigures
  groups: VelocityGroup[]
}

interface ClosedRow {
  ownerId: string | null
  month: string
  currency: string
  rate: string | null
  day: string
  won: number
  lost: number
  amount: string | null
  cycles: number
  cycle: number
}

/**
 * How many of the deals that closed between two days were won, for how much, how long they took, and what that means for the deals that are open: per day, open deals × win rate × average amount ÷
 * cycle length. A cycle lasts from the day on which a deal was made to the day on which it was won; of deals that were entered when they had been won already, nobody knows.
 *
 * @returns null when there is no such department or user.
 * @throws CURRENCY_RATE_MISSING, BAD_USER_INPUT for a day that is none.
 */
export async function salesVelocity(
  db: Reader,
  viewer: Viewer,
  args: {
    from: string
    to: string
    pipelineId?: string | null
    scope?: ScopeInput | null
    groupBy?: VelocityGrouping | null
  },
): Promise<SalesVelocity | null> {
  requireDay(args.from, ['from'])
  requireDay(args.to, ['to'])
  const scope = await scopeOf(db, viewer, args.scope ?? { type: 'COMPANY' })
  if (!scope) return null
  const fiscal = await fiscalYearStartOf(db, viewer.tenantId)
  const sql = sqlFor(viewer.tenantId)
  const { params } = sql
  const users = usersSql(sql, scope)
  const people = users ? `people AS MATERIALIZED (${users}), ` : ''
  const zone = params.add(viewer.timezone, 'text')
  const pipeline =
    args.pipelineId == null
      ? ''
      : ` AND o.pipeline_id = ${params.add(uuidOf('Pipeline', args.pipelineId) ?? NO_ID, 'uuid')}`
  const of = `${seen(viewer, 'Opportunity', 'o', sql)}${pipeline}${users ? ' AND o.owner_id IN (SELECT p.id FROM people p)' : ''}`
  const closed = `WITH ${people}deal AS MATERIALIZED (
 SELECT o.owner_id, o.status = 'WON' AS won, o.currency, o.amount, o.actual_close_date AS day, o.actual_close_date - (o.created_at AT TIME ZONE ${zone})::date AS cycle
 FROM opportunity o WHERE ${of} AND o.status IN ('WON', 'LOST') AND o.actual_close_date BETWEEN ${params.add(args.from, 'date')} AND ${params.add(args.to, 'date')}
), rate AS MATERIALIZED (
 SELECT d.currency, d.day, ${rateSql(sql, 'd.currency', 'd.day', params.add(viewer.baseCurrency, 'text'))} AS rate FROM (SELECT DISTINCT currency, day FROM deal WHERE won) d
), open AS (
 SELECT o.owner_id, count(*)::integer AS deals FROM opportunity o WHERE ${of} AND o.status = 'OPEN' GROUP BY 1
)`
  const [rows, open] = await Promise.all([
    db.rows<ClosedRow>({
      text: `${closed} SELECT d.owner_id AS "ownerId", date_trunc('month', d.day)::date::text AS month, d.currency, r.rate::text AS rate, min(d.day)::text AS day,
 count(*) FILTER (WHERE d.won)::integer AS won, count(*) FILTER (WHERE NOT d.won)::integer AS lost, sum(d.amount) FILTER (WHERE d.won)::text AS amount,
 count(*) FILTER (WHERE d.won AND d.cycle >= 0)::integer AS cycles, coalesce(sum(d.cycle) FILTER (WHERE d.won AND d.cycle >= 0), 0)::integer AS cycle
 FROM deal d LEFT JOIN rate r ON d.won AND r.currency = d.currency AND r.day = d.day GROUP BY 1, 2, 3, 4 ORDER BY 1, 2`,
      values: params.values,
    }),
    db.rows<{ ownerId: string | null; deals: number }>({
      text: `${closed} SELECT owner_id AS "ownerId", deals FROM open`,
      values: params.values,
    }),
  ])
  const shown = !viewer.access.hides(recordType('Opportunity'), 'amount')
  const figures = (some: ClosedRow[], openDeals: number | null) => figuresOf(viewer, shown, some, openDeals)
  const openOf = (ownerId: string | null) => open.find((one) => one.ownerId === ownerId)?.deals ?? 0
  const quarterOf = ({ month }: ClosedRow) => periodOf('QUARTER', month, fiscal).start
  const byOwner = args.groupBy === 'OWNER' || args.groupBy === 'OWNER_AND_QUARTER'
  const byQuarter = args.groupBy === 'QUARTER' || args.groupBy === 'OWNER_AND_QUARTER'
  const keyOf = (row: ClosedRow) => JSON.stringify([byOwner ? row.ownerId : null, byQuarter ? quarterOf(row) : null])
  const groups = args.groupBy ? [...Map.groupBy(rows, keyOf)] : []
  if (!byOwner) groups.sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    total: figures(
      rows,
      open.reduce((sum, { deals }) => sum + deals, 0),
    ),
    groups: groups.map(([key, some]): VelocityGroup => {
      const [ownerId, quarter] = JSON.parse(key) as [string | null, string | null]
      return { ownerId, quarter, ...figures(some, byQuarter ? null : openOf(ownerId)) }
    }),
  }
}

function figuresOf({ baseCurrency }: Viewer, shown: boolean, rows: ClosedRow[], open: number | null): VelocityFigures {
  const sum = (of: (row: ClosedRow) => number) => rows.reduce((total, row) => total + of(row), 0)
  const [won, lost, cycles, cycle] = [
    sum((row) => row.won),
    sum((row) => row.lost),
    sum((row) => row.cycles),
    sum((row) => row.cycle),
  ]
  const amount = rows.reduce((total: Exact, row) => {
    if (!shown || row.amount === null || row.amount === '0') return total
    return total + amountInBase(row.amount, rateFound(row.rate, row.currency, row.day))
  }, 0n)
  const closed = BigInt(won + lost)
  return {
    won,
    lost,
    winRate: perCent(BigInt(won), closed),
    averageAmount: shown && won > 0 ? moneyIn(baseCurrency, amount, BigInt(won)) : null,
    averageCycleDays: cycles > 0 ? twoDecimals(BigInt(cycle) * 100n, BigInt(cycles)) : null,
    open,
    // open × won/closed × amount/won ÷ cycle/cycles, rounded once.
    velocity:
      shown && open !== null && won > 0 && cycle > 0
        ? moneyIn(baseCurrency, BigInt(open) * amount * BigInt(cycles), closed * BigInt(cycle))
        : null,
  }
}

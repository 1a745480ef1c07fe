import type { Viewer } from '../../../context.ts'
import { pageOf } from '../../../read/emit.ts'
import type { Money } from '../../../read/finish.ts'
import { recordType } from '../../../read/recordType.ts'
import type { Reader } from '../../../tenancy/tenancy.ts'
import { todayIn } from '../../checks.ts'
import { sqlFor } from '../../write.ts'
import { amountInBase, type Exact, moneyIn, rateFound, rateSql } from './base.ts'
import { type Period, requireDay } from './period.ts'
import { frameOf, type ScopeInput, seen, usersSql } from './scope.ts'

/** A deal that was expected in the period and is not any more. */
export interface SlippedDeal {
  /** uuid. */
  opportunityId: string
  was: string
  /** Null where it has no expected day now. */
  now: string | null
}

/** What slipped out of a period. */
export interface Slippage {
  period: Period
  count: number
  /** Null where the viewer may not see amounts. */
  amount: Money | null
  deals: SlippedDeal[]
}

/**
 * The open deals that were expected to close in a period on some day, or when they were made after it, and are expected after it now: from the changes of their expected day. Amounts are those of
 * today at today's rates.
 *
 * @returns null when there is no such department or user.
 * @throws CURRENCY_RATE_MISSING, PAGE_SIZE_EXCEEDED, BAD_USER_INPUT for a day that is none.
 */
export async function slippageOf(
  db: Reader,
  viewer: Viewer,
  args: {
    period: { type: Period['type']; start: string }
    since: string
    scope?: ScopeInput | null
    first?: number | null
  },
): Promise<Slippage | null> {
  requireDay(args.since, ['since'])
  const { size } = pageOf({ first: args.first ?? null })
  const frame = await frameOf(db, viewer, args.period, args.scope ?? { type: 'COMPANY' })
  if (!frame) return null
  const { period, scope } = frame
  const today = todayIn(viewer.timezone)
  const statement = (select: string, rest: string, rated: boolean) => {
    const sql = sqlFor(viewer.tenantId)
    const { params } = sql
    const users = usersSql(sql, scope)
    const since = `${params.add(args.since, 'date')}::timestamp AT TIME ZONE ${params.add(viewer.timezone, 'text')}`
    const end = params.add(period.end, 'date')
    const text = `WITH moved AS MATERIALIZED (
 SELECT DISTINCT ON (c.record_id) c.record_id AS id, (c.before->>'close_date')::date AS was FROM change c
 WHERE c.tenant_id = $1 AND c.object = 'opportunity' AND c.operation = 'updated' AND c.changed_fields @> '{close_date}' AND c.at >= ${since} ORDER BY c.record_id, c.record_version
), slipped AS (
 SELECT o.id, o.currency, o.amount, m.was, o.close_date AS now FROM moved m JOIN opportunity o ON ${seen(viewer, 'Opportunity', 'o', sql)} AND o.id = m.id
 WHERE o.status = 'OPEN' AND m.was BETWEEN ${params.add(period.start, 'date')} AND ${end} AND (o.close_date > ${end} OR o.close_date IS NULL)${users ? ` AND o.owner_id IN (${users})` : ''}
) SELECT ${select}${rated ? `, ${rateSql(sql, 's.currency', params.add(today, 'date'), params.add(viewer.baseCurrency, 'text'))}::text AS rate` : ''} FROM ${rest}`
    return { text, values: params.values }
  }
  const sums = await db.rows<{ currency: string; count: number; amount: string | null; rate: string | null }>(
    statement(
      's.currency, s.count, s.amount',
      '(SELECT currency, count(*)::integer AS count, sum(amount)::text AS amount FROM slipped GROUP BY 1) s',
      true,
    ),
  )
  const deals = await db.rows<SlippedDeal>(
    statement(
      's.id AS "opportunityId", s.was::text AS was, s.now::text AS now',
      `slipped s ORDER BY s.was, s.id LIMIT ${size}`,
      false,
    ),
  )
  const shown = !viewer.access.hides(recordType('Opportunity'), 'amount')
  const amount = sums.reduce((sum: Exact, one) => {
    if (!shown || one.amount === null || one.amount === '0') return sum
    return sum + amountInBase(one.amount, rateFound(one.rate, one.currency, today))
  }, 0n)
  return {
    period,
    count: sums.reduce((count, one) => count + one.count, 0),
    amount: shown ? moneyIn(viewer.baseCurrency, amount) : null,
    deals,
  }
}

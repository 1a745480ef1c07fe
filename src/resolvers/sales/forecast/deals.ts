import type { Viewer } from '../../../context.ts'
import type { Sql } from '../../../read/access.ts'
import { rateSql } from './base.ts'
import { seen } from './scope.ts'

/** Which deals: first and last day on which they close (YYYY-MM-DD), and the day whose rates count for open ones. */
export interface DealsOf {
  start: string
  end: string
  today: string
}

/**
 * Common tables of the deals that a forecast is made of, as far as the viewer sees them: `deal` (owner_id, category, currency, amount, probability, closes, day) and `rate` (currency, day, rate;
 * null where none is known). Open deals by the day on which they are expected to close, at today's rates; won ones by the day on which they closed, at the rates of that day. What is OMITTED is
 * left out. A won deal is CLOSED whatever its stage says; an open one never is, it is COMMIT then.
 *
 * @param people SQL of the uuids (id) of those whose deals count; null for all.
 */
export function dealsSql(sql: Sql, viewer: Viewer, { start, end, today }: DealsOf, people: string | null): string {
  const [from, to] = [sql.params.add(start, 'date'), sql.params.add(end, 'date')]
  const now = sql.params.add(today, 'date')
  const base = sql.params.add(viewer.baseCurrency, 'text')
  const deals = (status: string, category: string, day: string, closes: string) =>
    `SELECT o.owner_id, ${category} AS category, o.currency, o.amount, o.probability, ${closes} AS closes, ${day} AS day FROM opportunity o
 WHERE ${seen(viewer, 'Opportunity', 'o', sql)} AND o.status = '${status}' AND o.forecast_category <> 'OMITTED' AND ${closes} BETWEEN ${from} AND ${to}${people ? ' AND o.owner_id IN (SELECT p.id FROM people p)' : ''}`
  return `${people ? `people AS MATERIALIZED (${people}), ` : ''}deal AS MATERIALIZED (
 ${deals('OPEN', `CASE o.forecast_category WHEN 'CLOSED' THEN 'COMMIT' ELSE o.forecast_category END`, now, 'o.close_date')}
 UNION ALL ${deals('WON', `'CLOSED'`, 'o.actual_close_date', 'o.actual_close_date')}
), rate AS MATERIALIZED (
 SELECT d.currency, d.day, ${rateSql(sql, 'd.currency', 'd.day', base)} AS rate FROM (SELECT DISTINCT currency, day FROM deal) d
)`
}

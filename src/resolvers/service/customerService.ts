import type { Context, Viewer } from '../../context.ts'
import { callerOf } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import { seen, shown } from '../work/timeline.ts'
import { sqlFor } from '../write.ts'
import { OPEN } from './states.ts'

/** How a customer is served, over what the viewer sees; null: what they may not read. */
export interface CustomerService {
  openCases: number | null
  /** Promises about open cases whose time is over. */
  overdueMilestones: number | null
  /** 1 to 5, of the case or return visit that said it last. */
  lastSatisfaction: number | null
  lastSatisfactionAt: string | null
  nextVisitAt: string | null
}

type Row = Omit<CustomerService, 'lastSatisfactionAt' | 'nextVisitAt'> & {
  lastSatisfactionAt: Date | null
  nextVisitAt: Date | null
}

/** How a customer (its uuid) is served: cases, promises, satisfaction and the next return visit. One statement, over fields and types that the viewer sees. */
export async function customerService(context: Context, viewer: Viewer, accountId: string): Promise<CustomerService> {
  const sql = sqlFor(viewer.tenantId)
  const account = sql.params.add(accountId, 'uuid')
  const open = (alias: string) => `${alias}.status IN (${OPEN.map((status) => `'${status}'`).join(', ')})`
  const sees = (name: string, ...fields: string[]) =>
    viewer.access.may('read', name) && fields.every((field) => !viewer.access.hides(recordType(name), field))
  const cases = sees('Case')
    ? `(SELECT count(*)::integer FROM service_case c WHERE ${seen(viewer, 'Case', 'c', sql)} AND c.account_id = ${account} AND ${open('c')})`
    : 'NULL'
  const overdue =
    sees('Case') && sees('CaseMilestone', 'targetAt')
      ? `(SELECT count(*)::integer FROM service_case c JOIN case_milestone m ON m.case_id = c.id AND m.completed_at IS NULL AND m.cancelled_at IS NULL AND m.paused_since IS NULL AND m.target_at < now()
 WHERE ${seen(viewer, 'Case', 'c', sql)} AND ${seen(viewer, 'CaseMilestone', 'm', sql)} AND c.account_id = ${account} AND ${open('c')})`
      : 'NULL'
  const next = sees('ReturnVisit', 'nextVisitAt')
    ? `(SELECT min(v.next_visit_at) FROM return_visit v WHERE ${seen(viewer, 'ReturnVisit', 'v', sql)} AND v.account_id = ${account} AND v.next_visit_at >= now()${shown(viewer, 'ReturnVisit', 'nextVisitAt', 'v', sql)})`
    : 'NULL'
  const said = (name: string, table: string, field: string, column: string) =>
    sees(name, 'satisfaction', field)
      ? [
          `SELECT x.satisfaction, x.${column} AS at FROM ${table} x WHERE ${seen(viewer, name, 'x', sql)} AND x.account_id = ${account} AND x.satisfaction IS NOT NULL AND x.${column} IS NOT NULL${shown(viewer, name, 'satisfaction', 'x', sql)}`,
        ]
      : []
  const answers = [
    ...said('Case', 'service_case', 'closedAt', 'closed_at'),
    ...said('ReturnVisit', 'return_visit', 'visitedAt', 'visited_at'),
  ]
  const last =
    answers.length > 0 ? answers.join(' UNION ALL ') : 'SELECT NULL::integer AS satisfaction, NULL::timestamptz AS at'
  const [row] = await context.tenancy.readTenant(callerOf(viewer), (db) =>
    db.rows<Row>({
      text: `SELECT ${cases} AS "openCases", ${overdue} AS "overdueMilestones", ${next}::timestamptz AS "nextVisitAt", l.satisfaction AS "lastSatisfaction", l.at AS "lastSatisfactionAt"
 FROM (SELECT $1::uuid AS tenant_id, ${account} AS account_id) one LEFT JOIN LATERAL (SELECT a.satisfaction, a.at FROM (${last}) a ORDER BY a.at DESC LIMIT 1) l ON true`,
      values: sql.params.values,
    }),
  )
  const { lastSatisfactionAt: at, nextVisitAt: visit, ...rest } = row as Row
  return { ...rest, lastSatisfactionAt: at?.toISOString() ?? null, nextVisitAt: visit?.toISOString() ?? null }
}

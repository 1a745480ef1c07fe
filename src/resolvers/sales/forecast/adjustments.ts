import type { Viewer } from '../../../context.ts'
import type { Reader } from '../../../tenancy/tenancy.ts'
import { sqlFor } from '../../write.ts'
import { type Frame, seen, usersSql } from './scope.ts'

/** What a manager has said about a person: uuids, and ten-thousandths of the base currency. */
export interface Adjustment {
  ownerId: string
  departmentId: string | null
  category: 'COMMIT' | 'BEST_CASE' | 'PIPELINE'
  amount: string
}

/** The adjustments of exactly this period that the viewer sees; none for who may not read them. */
export async function adjustmentsOf(db: Reader, viewer: Viewer, { period, scope }: Frame): Promise<Adjustment[]> {
  if (!viewer.access.may('read', 'ForecastAdjustment')) return []
  const sql = sqlFor(viewer.tenantId)
  const users = usersSql(sql, scope)
  return db.rows<Adjustment>({
    text: `SELECT t.owner_id AS "ownerId", u.department_id AS "departmentId", t.category, t.adjusted_amount::text AS amount
 FROM forecast_adjustment t LEFT JOIN app_user u ON u.tenant_id = $1 AND u.id = t.owner_id
 WHERE ${seen(viewer, 'ForecastAdjustment', 't', sql)} AND t.period_type = ${sql.params.add(period.type, 'text')} AND t.period_start = ${sql.params.add(period.start, 'date')}
 AND t.currency = ${sql.params.add(viewer.baseCurrency, 'text')}${users ? ` AND t.owner_id IN (${users})` : ''} ORDER BY t.owner_id, t.category`,
    values: sql.params.values,
  })
}

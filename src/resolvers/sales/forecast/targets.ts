import type { Viewer } from '../../../context.ts'
import type { Reader } from '../../../tenancy/tenancy.ts'
import { sqlFor } from '../../write.ts'
import { type Frame, seen, usersSql } from './scope.ts'

/** Amounts that are to be won in a period, ten-thousandths of the base currency. */
export interface Targets {
  /** Of the scope itself: the company's or department's own target, the sum of those of a user and the people below them. Null where there is none. */
  whole: bigint | null
  /** By uuid: of the users of the scope, and of departments. */
  users: Map<string, bigint>
  departments: Map<string, bigint>
}

/** The targets for won amounts of exactly this period that the viewer sees; none for who may not read targets. */
export async function targetsOf(db: Reader, viewer: Viewer, { period, scope }: Frame): Promise<Targets> {
  const targets: Targets = { whole: null, users: new Map(), departments: new Map() }
  if (!viewer.access.may('read', 'SalesTarget')) return targets
  const sql = sqlFor(viewer.tenantId)
  const users = usersSql(sql, scope)
  const rows = await db.rows<{ userId: string | null; departmentId: string | null; amount: string }>({
    text: `SELECT t.user_id AS "userId", t.department_id AS "departmentId", t.amount::text AS amount FROM sales_target t
 WHERE ${seen(viewer, 'SalesTarget', 't', sql)} AND t.metric = 'WON_AMOUNT' AND t.period_type = ${sql.params.add(period.type, 'text')}
 AND t.period_start = ${sql.params.add(period.start, 'date')} AND t.currency = ${sql.params.add(viewer.baseCurrency, 'text')}${users ? ` AND (t.user_id IS NULL OR t.user_id IN (${users}))` : ''}`,
    values: sql.params.values,
  })
  for (const { userId, departmentId, amount } of rows) {
    const target = BigInt(amount)
    if (userId) targets.users.set(userId, target)
    else if (departmentId) targets.departments.set(departmentId, target)
    else if (scope.type === 'COMPANY') targets.whole = target
  }
  if (scope.type === 'DEPARTMENT') targets.whole = targets.departments.get(scope.id as string) ?? null
  if (scope.type === 'USER' && targets.users.size > 0)
    targets.whole = [...targets.users.values()].reduce((sum, one) => sum + one, 0n)
  return targets
}

import type { Viewer } from '../../../context.ts'
import type { Sql } from '../../../read/access.ts'
import { recordType } from '../../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../../read/values.ts'
import type { Reader } from '../../../tenancy/tenancy.ts'
import { sqlFor } from '../../write.ts'
import { type Period, type PeriodType, periodOf, requireDay } from './period.ts'

/** Whose sales are looked at, as clients say it. */
export interface ScopeInput {
  type: 'COMPANY' | 'DEPARTMENT' | 'USER'
  id?: string | null
  /** With those below; true if left out. */
  tree?: boolean | null
}

/** A scope whose record the viewer sees. */
export interface SalesScope {
  type: ScopeInput['type']
  /** uuid of the department or user; null for the company. */
  id: string | null
  tree: boolean
}

/** What is asked for, found: the period in the company's fiscal year, and the scope. */
export interface Frame {
  period: Period
  scope: SalesScope
}

const TARGETS = { DEPARTMENT: 'Department', USER: 'User' } as const

/** The tenant's live records of a type on an alias that the viewer may see; false where they may not read the type. */
export function seen(viewer: Viewer, name: string, alias: string, sql: Sql): string {
  // Every statement names its tenant, one that finds nothing too: a parameter that nothing uses has no type.
  if (!viewer.access.may('read', name)) return `false AND ${alias}.tenant_id = $1`
  const scope = viewer.access.predicate(recordType(name), alias, sql)
  return `${alias}.tenant_id = $1 AND ${alias}.deleted_at IS NULL${scope ? ` AND ${scope}` : ''}`
}

/** The month with which the company's fiscal year begins, 1 to 12. */
export async function fiscalYearStartOf(db: Reader, tenantId: string): Promise<number> {
  const [row] = await db.rows<{ month: number }>({
    text: 'SELECT fiscal_year_start::integer AS month FROM tenant WHERE id = $1',
    values: [tenantId],
  })
  return row?.month ?? 1
}

/** Finds a scope; null where there is no such department or user, or none that the viewer sees. */
export async function scopeOf(db: Reader, viewer: Viewer, { type, id, tree }: ScopeInput): Promise<SalesScope | null> {
  if (type === 'COMPANY') return { type, id: null, tree: true }
  const name = TARGETS[type]
  const uuid = uuidOf(name, id) ?? NO_ID
  const sql = sqlFor(viewer.tenantId)
  const text = `SELECT t.id FROM ${recordType(name).table} t WHERE ${seen(viewer, name, 't', sql)} AND t.id = ${sql.params.add(uuid, 'uuid')}`
  const [row] = await db.rows<{ id: string }>({ text, values: sql.params.values })
  return row ? { type, id: uuid, tree: tree ?? true } : null
}

/** Finds period and scope; null as scopeOf. Throws BAD_USER_INPUT for a day that is none. */
export async function frameOf(
  db: Reader,
  viewer: Viewer,
  { type, start }: { type: PeriodType; start: string },
  given: ScopeInput,
): Promise<Frame | null> {
  requireDay(start, ['period', 'start'])
  const [fiscal, scope] = await Promise.all([fiscalYearStartOf(db, viewer.tenantId), scopeOf(db, viewer, given)])
  return scope && { period: periodOf(type, start, fiscal), scope }
}

/** SQL of the uuids (id) of a scope's users, also of those who have left: their deals are still there. Null for the company, where records without an owner count too. */
export function usersSql(sql: Sql, { type, id, tree }: SalesScope): string | null {
  if (type === 'COMPANY') return null
  const root = sql.params.add(id, 'uuid')
  const [s, t, u] = [sql.alias(), sql.alias(), sql.alias()]
  if (type === 'USER')
    return tree
      ? `WITH RECURSIVE ${s} AS (SELECT ${root} AS id UNION SELECT ${t}.id FROM ${s} JOIN app_user ${t} ON ${t}.tenant_id = $1 AND ${t}.manager_id = ${s}.id) SELECT ${s}.id FROM ${s}`
      : `SELECT ${root} AS id`
  const below = `${s} AS (SELECT ${root} AS id${tree ? ` UNION SELECT ${t}.id FROM ${s} JOIN department ${t} ON ${t}.tenant_id = $1 AND ${t}.parent_id = ${s}.id AND ${t}.deleted_at IS NULL` : ''})`
  return `WITH RECURSIVE ${below} SELECT ${u}.id FROM app_user ${u} WHERE ${u}.tenant_id = $1 AND ${u}.department_id IN (SELECT ${s}.id FROM ${s})`
}

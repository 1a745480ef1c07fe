import { may } from '../../access/decide.ts'
import type { Field, RecordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { formatMoney } from '../../read/values.ts'
import { sqlFor, type WriteContext } from '../write.ts'

/** Field → text as people read it; empty for what is not there or not to be seen. */
export type Shown = Record<string, string>

/**
 * Fields of records as texts, by uuid: one statement. What the viewer may not see, or sees masked only, is empty; so are records out of their sight, which are
 * left out. Times stand in the company's time zone, amounts with their currency.
 */
export async function loadValues(
  { db, viewer }: WriteContext,
  type: RecordType,
  ids: readonly string[],
  fields: readonly string[],
): Promise<Map<string, Shown>> {
  if (ids.length === 0 || fields.length === 0 || !may(viewer, 'read', type.name)) return new Map()
  const sql = sqlFor(viewer.tenantId)
  const among = sql.params.among([...new Set(ids)], 'uuid')
  const { access } = viewer
  const columns = fields.map((name) => {
    const field = type.fields.get(name) as Field
    if (access.hides(type, name) || access.masks(type, name, true)) return `'' AS ${ident(name)}`
    const withheld = access.withheld(type, name, 't', sql)
    const text = textOf(field, () => sql.params.add(viewer.timezone, 'text'))
    return `${withheld ? `CASE WHEN NOT ${withheld} THEN ${text} END` : text} AS ${ident(name)}`
  })
  const hasMoney = fields.some((name) => type.fields.get(name)?.kind === 'money')
  const scope = access.predicate(type, 't', sql)
  const rows = await db.rows<Record<string, string | null> & { '~id': string; '~currency'?: string }>({
    text: `SELECT t.id AS "~id", ${hasMoney ? 't.currency AS "~currency", ' : ''}${columns.join(', ')} FROM ${ident(type.table)} t
 WHERE t.tenant_id = $1 AND t.id ${among} AND t.deleted_at IS NULL${scope ? ` AND ${scope}` : ''}`,
    values: sql.params.values,
  })
  return new Map(
    rows.map((row) => {
      const shown = fields.map((name) => {
        const value = row[name]
        const money = type.fields.get(name)?.kind === 'money' && value
        return [name, money ? `${formatMoney(value)} ${row['~currency']}` : (value ?? '')]
      })
      return [row['~id'], Object.fromEntries(shown) as Shown]
    }),
  )
}

function textOf({ kind, column }: Field, zone: () => string): string {
  const own = `t.${ident(column)}`
  if (kind === 'datetime') return `to_char(${own} AT TIME ZONE ${zone()}, 'YYYY-MM-DD HH24:MI')`
  if (kind === 'decimal') return `trim_scale(${own})::text`
  return `${own}::text`
}

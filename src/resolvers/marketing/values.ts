import { may } from '../../access/decide.ts'
import { CUSTOM, currencySql, customName, customSql, type Definitions } from '../../read/custom.ts'
import type { Field, RecordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { formatMoney } from '../../read/values.ts'
import { sqlFor, type WriteContext } from '../write.ts'

/** Field → text as people read it; empty for what is not there or not to be seen. */
export type Shown = Record<string, string>

/**
 * Fields of records as texts, by uuid: one statement. What the viewer may not see, or sees masked only, is empty; so are records out of their sight, which are
 * left out. Times stand in the company's time zone, amounts with their currency.
 *
 * @param fields names, of custom fields their coordinates: customFields.tier. One that the company has no more is empty.
 */
export async function loadValues(
  { db, viewer }: WriteContext,
  type: RecordType,
  ids: readonly string[],
  fields: readonly string[],
  definitions: Definitions,
): Promise<Map<string, Shown>> {
  if (ids.length === 0 || fields.length === 0 || !may(viewer, 'read', type.name)) return new Map()
  const sql = sqlFor(viewer.tenantId)
  const among = sql.params.among([...new Set(ids)], 'uuid')
  const { access } = viewer
  const zone = () => sql.params.add(viewer.timezone, 'text')
  /** A field as a text, what keeps it back, and the currency of an amount. */
  const columnOf = (name: string): { text: string; withheld: string | null; currency?: string } | null => {
    const own = customName(name)
    if (own === null) {
      const field = type.fields.get(name) as Field
      if (access.hides(type, name) || access.masks(type, name, true)) return null
      const withheld = access.withheld(type, name, 't', sql)
      const text = textOf(field.kind, `t.${ident(field.column)}`, zone)
      return { text, withheld, ...(field.kind === 'money' ? { currency: 't.currency' } : {}) }
    }
    const custom = definitions.get(type.name)?.get(own)
    if (!custom || access.hidesCustom(type, own) || access.masksCustom(type, custom, true)) return null
    const place = sql.params.add(custom.id, 'text')
    const withheld = access.withheld(type, CUSTOM, 't', sql)
    const text = textOf(custom.field.kind, customSql(custom, 't', place), zone)
    return { text, withheld, ...(custom.field.kind === 'money' ? { currency: currencySql('t', place) } : {}) }
  }
  const columns = fields.flatMap((name, index) => {
    const column = columnOf(name)
    if (!column) return []
    const { text, withheld, currency } = column
    const shown = withheld ? `CASE WHEN NOT ${withheld} THEN ${text} END` : text
    return [`${shown} AS "v${index}"`, ...(currency ? [`${currency} AS "c${index}"`] : [])]
  })
  const scope = access.predicate(type, 't', sql)
  const rows = await db.rows<Record<string, string | null> & { '~id': string }>({
    text: `SELECT ${['t.id AS "~id"', ...columns].join(', ')} FROM ${ident(type.table)} t
 WHERE t.tenant_id = $1 AND t.id ${among} AND t.deleted_at IS NULL${scope ? ` AND ${scope}` : ''}`,
    values: sql.params.values,
  })
  return new Map(
    rows.map((row) => {
      const shown = fields.map((name, index) => {
        const [value, currency] = [row[`v${index}`], row[`c${index}`]]
        return [name, value && currency ? `${formatMoney(value)} ${currency}` : (value ?? '')]
      })
      return [row['~id'], Object.fromEntries(shown) as Shown]
    }),
  )
}

function textOf(kind: Field['kind'], value: string, zone: () => string): string {
  if (kind === 'datetime') return `to_char(${value} AT TIME ZONE ${zone()}, 'YYYY-MM-DD HH24:MI')`
  if (kind === 'decimal') return `trim_scale(${value})::text`
  return `${value}::text`
}

import { type CustomField, storedColumn, storedValue } from './custom.ts'
import type { Scope } from './filter.ts'
import { afterSql, type OrderKey, orderSql, reverse } from './order.ts'
import { ident, TENANT } from './sql.ts'

/** The custom field whose index has an order: it is indexed, and nothing but the id stands behind it. Null for other orders. */
export function walkable([first, id, ...others]: readonly OrderKey[]): CustomField | null {
  return first?.custom?.stored && id?.field.column === 'id' && others.length === 0 ? first.custom : null
}

/** What a page of such a list is made of. */
export interface Walk {
  custom: CustomField
  keys: OrderKey[]
  /** The records of the list on an alias. */
  base: (alias: string) => { from: string; where: string }
  table: string
  /** Alias of the records in `items`. */
  alias: string
  items: string[]
  limit: number
  after: (string | null)[] | null
  before: (string | null)[] | null
}

/**
 * A page in the order of an indexed custom field: the records that have a value are walked along the index of custom_value, those without one along their ids,
 * and whichever come second only as far as the first do not fill the page.
 *
 * @param keys the order of the page, reversed for one from the back.
 * @param after position behind which it begins, before: position, in the order of the keys as well.
 */
export function walkSql({ custom, keys, base, table, alias, items, limit, after, before }: Walk, scope: Scope): string {
  const [key, id] = keys as [OrderKey, OrderKey]
  const { column, type } = storedColumn(custom)
  const [v, withValue, without] = [scope.alias(), scope.alias(), scope.alias()]
  const field = scope.params.add(custom.id, 'uuid')
  const own: OrderKey[] = [
    { ...key, field: { ...key.field, nullable: false, pgType: type }, sql: () => `${v}.${column}` },
    { ...id, sql: () => `${v}.record_id` },
  ]
  const bounds = (part: 'value' | 'none', position: (string | null)[] | null, order: OrderKey[]): string[] => {
    if (!position) return []
    const [value, last] = position as [string | null, string]
    const nullsFirst = order === keys ? key.nullsFirst : !key.nullsFirst
    const flip = (list: OrderKey[]) => (order === keys ? list : reverse(list))
    if (part === 'value') {
      if (value === null) return nullsFirst ? [] : ['false']
      return [afterSql(flip(own), v, [storedText(custom, value), last], scope.params)]
    }
    if (value !== null) return nullsFirst ? ['false'] : []
    return [afterSql(flip([id]), without, [last], scope.params)]
  }
  const limits = (part: 'value' | 'none') => [...bounds(part, after, keys), ...bounds(part, before, reverse(keys))]
  const valued = base(withValue)
  const a = `SELECT ${withValue}.id, ${v}.${column} AS k FROM custom_value ${v}, ${valued.from} WHERE ${[
    `${v}.tenant_id = ${TENANT} AND ${v}.field_id = ${field} AND ${v}.${column} IS NOT NULL AND ${withValue}.id = ${v}.record_id`,
    valued.where,
    ...limits('value'),
  ].join(' AND ')}`
  const empty = base(without)
  const b = `SELECT ${without}.id FROM ${empty.from} WHERE ${[
    empty.where,
    `NOT EXISTS (SELECT 1 FROM custom_value n WHERE n.tenant_id = ${TENANT} AND n.record_id = ${without}.id AND n.field_id = ${field})`,
    ...limits('none'),
  ].join(' AND ')}`
  // The part that comes second is not begun where the first fills the page.
  const full = (name: string) => `(SELECT count(*) FROM ${name}) < ${limit}`
  const aSql = `${a}${key.nullsFirst ? ` AND ${full('b')}` : ''} ORDER BY ${orderSql(own, v)} LIMIT ${limit}`
  const bSql = `${b}${key.nullsFirst ? '' : ` AND ${full('a')}`} ORDER BY ${orderSql([id], without)} LIMIT ${limit}`
  const parts = key.nullsFirst ? `b AS (${bSql}), a AS (${aSql})` : `a AS (${aSql}), b AS (${bSql})`
  const [first, second] = key.nullsFirst ? [1, 0] : [0, 1]
  const dir = key.desc ? ' DESC' : ''
  return `WITH ${parts} SELECT coalesce(json_agg(x), '[]'::json) FROM (SELECT ${items.join(', ')} FROM (SELECT id, k, ${first} AS part FROM a UNION ALL SELECT id, NULL, ${second} FROM b) p JOIN ${ident(table)} ${alias} ON ${alias}.tenant_id = ${TENANT} AND ${alias}.id = p.id ORDER BY p.part, p.k${dir}, p.id${dir} LIMIT ${limit}) x`
}

/** A value as a cursor carries it, keySql's text, as custom_value holds it. */
function storedText(custom: CustomField, text: string): string {
  return storedValue(custom, custom.field.kind === 'boolean' ? text === 'true' : text) ?? text
}

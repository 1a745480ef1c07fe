import { requestError } from '../errors.ts'
import type { CustomField } from './custom.ts'
import { type Field, fieldOf, type RecordType } from './recordType.ts'
import { ident, type Params } from './sql.ts'
import { PG_TYPE } from './values.ts'

/** One member of `orderBy` as clients write it. */
export interface OrderBy {
  /** Field name, the internal value of the enum; or else a custom field. */
  field?: string | null
  customField?: { field: string; direction?: 'ASC' | 'DESC' | null; nulls?: 'FIRST' | 'LAST' | null } | null
  direction?: 'ASC' | 'DESC' | null
  nulls?: 'FIRST' | 'LAST' | null
}

/** One key of an order: a column, its direction, and where its nulls stand. */
export interface OrderKey {
  field: Pick<Field, 'column' | 'kind' | 'nullable'> & {
    /** The key on an alias, where it is not the column itself. */
    shown?: (alias: string) => string
    /** Where the column is not of PG_TYPE of the kind. */
    pgType?: string
  }
  desc: boolean
  nullsFirst: boolean
  /** Of a custom field: its value on an alias. */
  sql?: (alias: string) => string
  custom?: CustomField
}

/** Finds a custom field to order by. */
export type CustomKey = (name: string, path: string[]) => Required<Pick<OrderKey, 'field' | 'sql' | 'custom'>>

const ID: OrderKey['field'] = { column: 'id', kind: 'id', nullable: false }
/** Most keys of one order. */
const MAX_KEYS = 8

/**
 * The complete order of a list: the asked keys and, last, the id, which makes it total. Without keys: by id, which is by time of creation.
 * Nulls stand as in PostgreSQL, last when ascending and first when descending, unless asked otherwise.
 *
 * @throws BAD_USER_INPUT on more than 8 keys or a field that stands twice.
 */
export function orderKeys(
  type: RecordType,
  orderBy: readonly OrderBy[] | null | undefined,
  customKey?: CustomKey,
): OrderKey[] {
  const keys: OrderKey[] = []
  if (orderBy && orderBy.length > MAX_KEYS) {
    throw requestError('BAD_USER_INPUT', {
      message: `orderBy has more than ${MAX_KEYS} keys.`,
      extensions: { field: ['orderBy'] },
    })
  }
  const seen = new Set<string>()
  for (const [index, { field, customField, direction, nulls }] of (orderBy ?? []).entries()) {
    if (customField && customKey && !field) {
      const { field: name, direction: way, nulls: empty } = customField
      if (seen.has(`customFields.${name}`)) throw twice()
      seen.add(`customFields.${name}`)
      const desc = way === 'DESC'
      const found = customKey(name, ['orderBy', String(index), 'customField', 'field'])
      keys.push({ ...found, desc, nullsFirst: empty ? empty === 'FIRST' : desc })
      continue
    }
    if (!field || customField) {
      throw requestError('BAD_USER_INPUT', {
        message: 'Each key of orderBy has either field or customField.',
        extensions: { field: ['orderBy', String(index)] },
      })
    }
    if (seen.has(field)) throw twice()
    seen.add(field)
    const desc = direction === 'DESC'
    keys.push({ field: field === 'id' ? ID : fieldOf(type, field), desc, nullsFirst: nulls ? nulls === 'FIRST' : desc })
  }
  if (!seen.has('id')) keys.push({ field: ID, desc: keys.at(-1)?.desc ?? false, nullsFirst: false })
  return keys
}

const twice = () =>
  requestError('BAD_USER_INPUT', { message: 'orderBy names a field twice.', extensions: { field: ['orderBy'] } })

const columnOf = ({ field, sql }: OrderKey, alias: string): string =>
  sql?.(alias) ?? field.shown?.(alias) ?? `${alias}.${ident(field.column)}`

/** The same order read from its end. */
export function reverse(keys: OrderKey[]): OrderKey[] {
  return keys.map((key) => ({ ...key, desc: !key.desc, nullsFirst: !key.nullsFirst }))
}

/** ORDER BY list on an alias. */
export function orderSql(keys: OrderKey[], alias: string): string {
  return keys
    .map((key) => {
      const { field, desc, nullsFirst } = key
      const nulls = field.nullable && nullsFirst !== desc ? ` NULLS ${nullsFirst ? 'FIRST' : 'LAST'}` : ''
      return `${columnOf(key, alias)}${desc ? ' DESC' : ''}${nulls}`
    })
    .join(', ')
}

/** The keys of a row as a JSON array of texts: what a cursor carries. */
export function keySql(keys: OrderKey[], alias: string): string {
  return `json_build_array(${keys.map((key) => `${columnOf(key, alias)}::text`).join(', ')})`
}

/**
 * The predicate of all rows that come after a position in an order, nulls included. Keys that cannot be null and run in one direction become one
 * row comparison, which an index answers.
 *
 * @param values one text or null per key, as keySql wrote them.
 */
export function afterSql(keys: OrderKey[], alias: string, values: (string | null)[], params: Params): string {
  const columns = keys.map((key) => columnOf(key, alias))
  const places = keys.map(({ field }, index) =>
    values[index] === null ? null : params.add(values[index], field.pgType ?? PG_TYPE[field.kind]),
  )
  if (isOneComparison(keys)) return `(${columns.join(', ')}) ${keys[0]?.desc ? '<' : '>'} (${places.join(', ')})`
  const ways: string[] = []
  const equal: string[] = []
  keys.forEach(({ field, desc, nullsFirst }, index) => {
    const column = columns[index] as string
    const place = places[index]
    if (place === null) {
      if (nullsFirst) ways.push([...equal, `${column} IS NOT NULL`].join(' AND '))
      equal.push(`${column} IS NULL`)
      return
    }
    const beyond = `${column} ${desc ? '<' : '>'} ${place}`
    ways.push([...equal, field.nullable && !nullsFirst ? `(${beyond} OR ${column} IS NULL)` : beyond].join(' AND '))
    equal.push(`${column} = ${place}`)
  })
  // No condition of an index: else all rows behind the position are fetched and sorted, where walking the order's own index passes over those before it.
  return ways.length === 0 ? 'false' : `((${ways.map((way) => `(${way})`).join(' OR ')}) IS TRUE)`
}

/** The predicate of all rows that do not come after a position: those before it and the one in it. */
export function upToSql(keys: OrderKey[], alias: string, values: (string | null)[], params: Params): string {
  if (!isOneComparison(keys)) return `(${afterSql(keys, alias, values, params)}) IS NOT TRUE`
  const columns = keys.map((key) => columnOf(key, alias))
  const places = keys.map(({ field }, index) => params.add(values[index], field.pgType ?? PG_TYPE[field.kind]))
  return `(${columns.join(', ')}) ${keys[0]?.desc ? '>=' : '<='} (${places.join(', ')})`
}

/** Keys that cannot be null and run in one direction: a position among them is one row comparison, which an index answers. */
function isOneComparison(keys: OrderKey[]): boolean {
  return keys.every(({ field, desc }) => !field.nullable && desc === keys[0]?.desc)
}

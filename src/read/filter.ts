import { requestError } from '../errors.ts'
import { decodeId } from '../ids.ts'
import type { ReadAccess, Via } from './access.ts'
import { type CustomField, customOperand, customSql, operatorsOf, storedColumn, storedValue } from './custom.ts'
import { type Field, fieldOf, type RecordType, type Relation, recordType, recordTypeOfPrefix } from './recordType.ts'
import { ident, likePattern, type Params, TENANT } from './sql.ts'
import { ANY, comparable, PG_TYPE } from './values.ts'

/** What compiling needs to know besides the filter: the statement's values, fresh aliases, and what the viewer may see. */
export interface Scope {
  params: Params
  alias(): string
  /** The predicate of all live records of a type that the viewer may see, on an alias; `via`: how the statement came to it. */
  visible(type: RecordType, alias: string, via?: Via): string
  /** A filter over what is hidden tells what is in it. */
  access: ReadAccess
}

/** Deepest nesting of `and`, `or`, `not` and relations in a filter. */
const MAX_DEPTH = 10
/** Most values of an `in`, and most members of an `and` or `or`. */
const MAX_LIST = 500
const NO_NULL = 'must not be null; use { isNull: true } to ask for empty values'

type Filter = Record<string, unknown>

function refuse(path: string[], problem: string): never {
  throw requestError('BAD_USER_INPUT', { message: `${path.join('.')} ${problem}.`, extensions: { field: path } })
}

/**
 * Compiles a filter to a predicate.
 *
 * @param path where the filter stands in the arguments, for error messages.
 * @throws BAD_USER_INPUT that names the path: malformed operands, lists over 500, nesting over 10.
 */
export function compileFilter(
  type: RecordType,
  alias: string,
  filter: Filter,
  scope: Scope,
  path = ['where'],
  depth = 1,
): string {
  if (depth > MAX_DEPTH) refuse(path, `is nested deeper than ${MAX_DEPTH}`)
  const parts: string[] = []
  for (const [name, value] of Object.entries(filter)) {
    if (value === undefined) continue
    const here = [...path, name]
    if (value === null) refuse(here, NO_NULL)
    if (name === 'and' || name === 'or') {
      const list = value as Filter[]
      if (list.length > MAX_LIST) refuse(here, `has more than ${MAX_LIST} members`)
      const inner = list.map((one, index) =>
        compileFilter(type, alias, one, scope, [...here, String(index)], depth + 1),
      )
      // An empty `and` holds, an empty `or` does not: the neutral members of both.
      parts.push(
        inner.length > 0 ? `(${inner.join(name === 'and' ? ' AND ' : ' OR ')})` : name === 'and' ? 'true' : 'false',
      )
    } else if (name === 'not') {
      parts.push(`(${compileFilter(type, alias, value as Filter, scope, here, depth + 1)}) IS NOT TRUE`)
    } else if (type.relations.has(name)) {
      parts.push(compileRelation(type.relations.get(name)!, type, alias, value as Filter, scope, here, depth))
    } else {
      scope.access.requireField(type, name, here)
      parts.push(compileField(fieldOf(type, name), type, alias, value as Filter, scope, here))
    }
  }
  return parts.length > 0 ? parts.join(' AND ') : 'true'
}

/**
 * Keeps a sub-select a probe by index per row. Without it PostgreSQL may flatten nested ones into one join, whose order it guesses by statistics that a
 * young tenant, or a table too small for autovacuum, does not have: three steps over thirty records then ran into the statement's time limit.
 */
const APART = 'OFFSET 0'

function compileRelation(
  relation: Relation,
  type: RecordType,
  alias: string,
  filter: Filter,
  scope: Scope,
  path: string[],
  depth: number,
): string {
  const target = recordType(relation.target)
  scope.access.requireRead(target, path)
  scope.access.requireRelation(type, relation, path)
  const via = { from: type, relation }
  const parts: string[] = []
  for (const [quantifier, value] of Object.entries(filter)) {
    if (value === undefined) continue
    const here = [...path, quantifier]
    if (value === null) refuse(here, 'must not be null')
    const other = scope.alias()
    const { from, join } = reach(relation, type, alias, other, scope)
    if (quantifier === 'isNull') {
      parts.push(
        `${value ? 'NOT ' : ''}EXISTS (SELECT 1 FROM ${from} WHERE ${join} AND ${scope.visible(target, other, via)} ${APART})`,
      )
      continue
    }
    const inner = compileFilter(target, other, value as Filter, scope, here, depth + 1)
    const where = `${join} AND ${scope.visible(target, other, via)}`
    parts.push(
      quantifier === 'every'
        ? `NOT EXISTS (SELECT 1 FROM ${from} WHERE ${where} AND (${inner}) IS NOT TRUE ${APART})`
        : `${quantifier === 'none' ? 'NOT ' : ''}EXISTS (SELECT 1 FROM ${from} WHERE ${where} AND (${inner}) ${APART})`,
    )
  }
  return parts.length > 0 ? parts.join(' AND ') : 'true'
}

/** What a column shows to the viewer: nothing where the record's pool withholds it. All that filters, orders and groups asks for it in this form. */
export function shownColumn(
  type: RecordType,
  field: Pick<Field, 'name' | 'column'>,
  alias: string,
  scope: Pick<Scope, 'access' | 'params' | 'alias'>,
): string {
  const column = `${alias}.${ident(field.column)}`
  const withheld = scope.access.withheld(type, field.name, alias, scope)
  return withheld ? `(CASE WHEN ${withheld} THEN NULL ELSE ${column} END)` : column
}

const holding = ({ field, column }: Relation & { kind: 'one' }) => ({ name: field, column })

/** FROM and join predicate that lead from a record (alias) over a relation to the target (alias `other`). */
export function reach(
  relation: Relation,
  type: RecordType,
  alias: string,
  other: string,
  scope: Scope,
): { from: string; join: string } {
  const target = `${ident(recordType(relation.target).table)} ${other}`
  switch (relation.kind) {
    case 'one':
      return { from: target, join: `${other}.id = ${shownColumn(type, holding(relation), alias, scope)}` }
    case 'many': {
      const join = `${other}.${ident(relation.column)} = ${alias}.id`
      const holder = recordType(relation.target)
      const back = [...holder.relations.values()].find((one) => one.kind === 'one' && one.column === relation.column)
      const withheld = back?.kind === 'one' ? scope.access.withheld(holder, back.field, other, scope) : null
      return { from: target, join: withheld ? `${join} AND NOT ${withheld}` : join }
    }
    default: {
      if (relation.kind === 'linked' && relation.link === relation.target)
        return { from: target, join: `${other}.object_type = '${type.name}' AND ${other}.record_id = ${alias}.id` }
      const linkType = recordType(relation.link)
      const link = scope.alias()
      const near =
        relation.kind === 'through'
          ? `${link}.${ident(relation.near)} = ${alias}.id`
          : `${link}.object_type = '${type.name}' AND ${link}.record_id = ${alias}.id`
      return {
        from: `${ident(linkType.table)} ${link} JOIN ${target} ON ${other}.tenant_id = ${TENANT} AND ${other}.id = ${link}.${ident(relation.far)}`,
        // The link itself needs no scope of its own: one of its ends is seen already, the other is looked at by whoever asked.
        join: `${link}.tenant_id = ${TENANT} AND ${link}.deleted_at IS NULL AND ${near}`,
      }
    }
  }
}

function compileField(
  field: Field,
  type: RecordType,
  alias: string,
  filter: Filter,
  scope: Scope,
  path: string[],
): string {
  if (field.kind === 'custom') return compileCustom(type, alias, filter as unknown as CustomFilter[], scope, path)
  const column = shownColumn(type, field, alias, scope)
  if (field.kind === 'object') {
    const parts = Object.entries(filter).flatMap(([member, operators]) => {
      if (operators === undefined) return []
      if (operators === null) refuse([...path, member], 'must not be null')
      if (member === 'isNull') return [`${column} IS ${operators ? '' : 'NOT '}NULL`]
      const kind = field.shape!.members[member]!.kind
      const cast = kind === 'text' || kind === 'country' || kind === 'choice' ? '' : `::${PG_TYPE[kind]}`
      const inner = { ...field, kind, nullable: true }
      const text = `(${column} ->> '${member}')${cast}`
      return [compileOperators(inner, text, type, operators as Filter, scope, [...path, member])]
    })
    return parts.length > 0 ? parts.join(' AND ') : 'true'
  }
  if (field.target === ANY && type.any)
    return compileAny(`${alias}.${ident(type.any.typeColumn)}`, column, filter, scope, path)
  return compileOperators(field, column, type, filter, scope, path)
}

/** Conditions on one custom field, as clients write them. */
type CustomFilter = { field: string } & Record<string, unknown>

function compileCustom(
  type: RecordType,
  alias: string,
  conditions: readonly CustomFilter[],
  scope: Scope,
  path: string[],
): string {
  if (conditions.length > MAX_LIST) refuse(path, `has more than ${MAX_LIST} members`)
  const parts = conditions.flatMap(({ field: name, ...operators }, index) => {
    const here = [...path, String(index)]
    const custom = scope.access.customField(type, name, [...here, 'field'])
    return compileCustomOperators(custom, operandsOf(custom, operators, here), type, alias, scope, here)
  })
  return parts.length > 0 ? parts.join(' AND ') : 'true'
}

/** The operators of a condition with values of the field's type. */
function operandsOf(custom: CustomField, operators: Filter, path: string[]): Filter {
  const allowed = operatorsOf(custom)
  const operands: Filter = {}
  for (const [operator, value] of Object.entries(operators)) {
    if (value === undefined) continue
    const here = [...path, operator]
    if (!allowed.has(operator)) refuse(here, `cannot be used on ${custom.name}, which is ${custom.type}`)
    if (value === null) refuse(here, NO_NULL)
    if (operator === 'isNull') operands[operator] = value
    else if (operator === 'in' || operator === 'notIn') {
      const list = value as unknown[]
      if (list.length > MAX_LIST) refuse(here, `has more than ${MAX_LIST} values`)
      operands[operator] = list.map((one, index) => customOperand(custom, one, [...here, String(index)]))
    } else operands[operator] = customOperand(custom, value, here)
  }
  return operands
}

const EQUAL_OR_ORDER = ['eq', 'in', 'lt', 'lte', 'gt', 'gte'] as const

function compileCustomOperators(
  custom: CustomField,
  operands: Filter,
  type: RecordType,
  alias: string,
  scope: Scope,
  path: string[],
): string[] {
  const parts: string[] = []
  const rest = custom.stored ? fromStored(custom, operands, alias, scope, parts) : operands
  const { arrayContains, ...plain } = rest
  if (Object.keys(rest).length === 0) return parts
  const value = customSql(custom, alias, scope.params.add(custom.id, 'text'))
  if (arrayContains !== undefined) parts.push(`coalesce(${value} ? ${scope.params.add(arrayContains, 'text')}, false)`)
  if (Object.keys(plain).length > 0)
    parts.push(compileOperators(custom.field, value, type, plain, scope, path, { ready: true }))
  return parts
}

/**
 * The conditions that custom_value answers, by its indexes; the others are given back. Not correlated, so that PostgreSQL may begin with the records that
 * have the value.
 */
function fromStored(custom: CustomField, operands: Filter, alias: string, scope: Scope, parts: string[]): Filter {
  const { column, type } = storedColumn(custom)
  const rest: Filter = {}
  const place = (value: unknown) => scope.params.add(storedValue(custom, value), type)
  const places = (values: unknown[]) =>
    scope.params.add(
      values.map((value) => storedValue(custom, value)),
      `${type}[]`,
    )
  const having = (v: string, condition: string) =>
    `SELECT ${v}.record_id FROM custom_value ${v} WHERE ${v}.tenant_id = ${TENANT} AND ${v}.field_id = ${scope.params.add(custom.id, 'uuid')} AND ${condition}`
  const v = scope.alias()
  const own: string[] = []
  for (const [operator, value] of Object.entries(operands)) {
    // A number with more decimals than any value has stands between two of them.
    const fine = typeof value === 'boolean' || [value].flat().every((one) => storedValue(custom, one) !== null)
    if (!fine) rest[operator] = value
    else if (EQUAL_OR_ORDER.includes(operator as (typeof EQUAL_OR_ORDER)[number])) {
      own.push(
        operator === 'in'
          ? `${v}.${column} = ANY (${places(value as unknown[])})`
          : `${v}.${column} ${operator === 'eq' ? '=' : COMPARE[operator]} ${place(value)}`,
      )
    } else if (operator === 'neq' || operator === 'notIn') {
      const other = scope.alias()
      const same = operator === 'neq' ? `= ${place(value)}` : `= ANY (${places(value as unknown[])})`
      parts.push(`${alias}.id NOT IN (${having(other, `${other}.${column} ${same}`)})`)
    } else if (operator === 'isNull') {
      const other = scope.alias()
      const any = having(other, `${other}.record_id = ${alias}.id`)
      parts.push(`${value ? 'NOT ' : ''}EXISTS (${any})`)
    } else rest[operator] = value
  }
  if (own.length > 0) parts.push(`${alias}.id IN (${having(v, own.join(' AND '))})`)
  return rest
}

/** A link's id of a record of any type: the type counts as well, so that the right number under another type's prefix finds nothing. */
function compileAny(typeColumn: string, column: string, filter: Filter, scope: Scope, path: string[]): string {
  const parts = Object.entries(filter).flatMap(([operator, value]) => {
    if (value === undefined) return []
    const here = [...path, operator]
    if (value === null) refuse(here, NO_NULL)
    if (operator === 'isNull') return [`${column} IS ${value ? '' : 'NOT '}NULL`]
    const list = [value].flat()
    if (list.length > MAX_LIST) refuse(here, `has more than ${MAX_LIST} values`)
    const ids = list.map((id) => decodeId(String(id)))
    const types = scope.params.add(
      ids.map((id) => (id && recordTypeOfPrefix(id.prefix)?.name) ?? null),
      'text[]',
    )
    const uuids = scope.params.add(
      ids.map((id) => id?.uuid ?? null),
      'uuid[]',
    )
    const hit = `(${typeColumn}, ${column}) IN (SELECT * FROM unnest(${types}, ${uuids}))`
    return [operator === 'eq' || operator === 'in' ? hit : `(${hit}) IS NOT TRUE`]
  })
  return parts.length > 0 ? parts.join(' AND ') : 'true'
}

const COMPARE: Record<string, string> = { lt: '<', lte: '<=', gt: '>', gte: '>=' }

function compileOperators(
  field: Field,
  column: string,
  type: RecordType,
  filter: Filter,
  scope: Scope,
  path: string[],
  // Operands are values of the column already.
  { ready = false } = {},
): string {
  const pgType = PG_TYPE[field.kind]
  const operand = (value: unknown, here: string[]) => {
    if (ready) return value
    const result = comparable(field, value, type.name)
    if ('problem' in result) refuse(here, result.problem)
    return result.ok
  }
  const parts: string[] = []
  for (const [operator, value] of Object.entries(filter)) {
    if (value === undefined) continue
    const here = [...path, operator]
    if (value === null) refuse(here, NO_NULL)
    switch (operator) {
      case 'isNull':
        parts.push(`${column} IS ${value ? '' : 'NOT '}NULL`)
        break
      case 'eq':
        parts.push(`${column} = ${scope.params.add(operand(value, here), pgType)}`)
        break
      case 'neq':
        parts.push(`${column} IS DISTINCT FROM ${scope.params.add(operand(value, here), pgType)}`)
        break
      case 'in':
      case 'notIn': {
        const list = value as unknown[]
        if (list.length > MAX_LIST) refuse(here, `has more than ${MAX_LIST} values`)
        const values = scope.params.add(
          list.map((one, index) => operand(one, [...here, String(index)])),
          `${pgType}[]`,
        )
        parts.push(operator === 'in' ? `${column} = ANY (${values})` : `(${column} = ANY (${values})) IS NOT TRUE`)
        break
      }
      case 'contains':
      case 'startsWith': {
        const text = operand(value, here) as string
        parts.push(`${column} ILIKE ${scope.params.add(likePattern(text, operator), 'text')}`)
        break
      }
      case 'arrayContains':
        parts.push(`${column} @> ${scope.params.add([operand(value, here)], 'text[]')}`)
        break
      default:
        parts.push(`${column} ${COMPARE[operator]} ${scope.params.add(operand(value, here), pgType)}`)
    }
  }
  return parts.length > 0 ? parts.join(' AND ') : 'true'
}

/**
 * The predicate of `search`: every word stands in the record's searchable text; case, width and diacritics are ignored. A viewer who may not see all
 * of the fields that it is made of searches the others.
 */
export function compileSearch(type: RecordType, alias: string, text: string, scope: Scope): string {
  const open = scope.access.searched(type)
  const made = (names: string[]) =>
    `atrium.search_key(concat_ws(' ', ${names.map((name) => shownColumn(type, fieldOf(type, name), alias, scope)).join(', ')}))`
  const withheld = type.searched.flatMap((name) => scope.access.withheld(type, name, alias, scope) ?? [])
  const whole = open ? made(open) : `${alias}.search_text`
  const searched =
    !open && withheld.length > 0
      ? `(CASE WHEN ${withheld.join(' OR ')} THEN ${made(type.searched)} ELSE ${whole} END)`
      : whole
  const words = text.normalize('NFC').split(/\s+/u).filter(Boolean)
  if (words.length > 20) refuse(['search'], 'has more than 20 words')
  return words.length === 0
    ? 'true'
    : words
        .map((word) => {
          if (word.includes('\0')) refuse(['search'], 'must not contain the character U+0000')
          return `${searched} LIKE ${scope.params.add(likePattern(searchKey(word), 'contains'), 'text')}`
        })
        .join(' AND ')
}

/** What atrium.search_key makes of a text: width and diacritics folded, lower case. */
export function searchKey(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
}

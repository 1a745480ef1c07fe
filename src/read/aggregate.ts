import {
  Kind as Ast,
  type FieldNode,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql'
import type { Context, Viewer } from '../context.ts'
import { requestError } from '../errors.ts'
import type { TextRow } from '../tenancy/bracketed.ts'
import type { Query } from '../tenancy/tenancy.ts'
import { CUSTOM, type CustomField, currencySql, customSql, shownValue } from './custom.ts'
import type { Emitter, RowShape } from './emit.ts'
import { compileFilter, compileSearch, reach, shownColumn } from './filter.ts'
import { finishRow, type Money, type Row } from './finish.ts'
import { planSelection, type Selection } from './plan.ts'
import { callerOf, emitterFor } from './read.ts'
import { type Field, fieldOf, type RecordType, recordType } from './recordType.ts'
import { ident, TENANT } from './sql.ts'
import { comparable, formatMoney } from './values.ts'

/** Most groups that one aggregate returns; more is an error, never a cut. */
export const MAX_GROUPS = 10_000
const MAX_KEYS = 6

/** Sizes of date buckets; PostgreSQL's date_trunc names. Weeks begin on Monday. */
export const BUCKETS = ['DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR'] as const
export type Bucket = (typeof BUCKETS)[number]
export const FUNCTIONS = ['sum', 'avg', 'min', 'max'] as const
export type AggregateFunction = (typeof FUNCTIONS)[number]

/** What makes a group: a field of the type or a custom one. */
export interface GroupBy {
  field?: string | null
  /** Not of the type itself but of the record that this to-one relation leads to; where the viewer does not see that record, there is no value. Reports only. */
  relation?: string | null
  customField?: string | null
  bucket?: Bucket | null
}

export interface AggregateArgs {
  where?: Record<string, unknown> | null
  search?: string | null
  groupBy?: GroupBy[] | null
  /** Custom fields to sum and so on, by name. */
  customFields?: string[] | null
  having?: { count?: Record<string, unknown> } & { [f in AggregateFunction]?: Record<string, Record<string, unknown>> }
  /** Which groups are given, by what they count and calculate: all must hold. Reports only. */
  keep?: {
    by: 'COUNT' | 'VALUE'
    fn?: AggregateFunction
    sumField?: string
    customField?: string
    operator: 'eq' | 'neq' | 'lt' | 'lte' | 'gt' | 'gte'
    /** A decimal. */
    value: string
  }[]
  /** Adds amounts up in this currency, at the last rates until the day, rounded to `unit` ten-thousandths; left out, in their own. Reports only. */
  base?: { currency: string; day: string; unit: bigint } | null
  orderBy?:
    | {
        /** VALUE and PLACE (a key by its number in groupBy) are for reports only. */
        by: 'COUNT' | 'KEY' | 'SUM' | 'VALUE' | 'PLACE'
        fn?: AggregateFunction
        at?: number
        field?: string | null
        sumField?: string | null
        customField?: string | null
        direction?: 'ASC' | 'DESC' | null
      }[]
    | null
  first?: number | null
}

/** One group as the API's types read it. */
export interface Group {
  /** Values by field name, records by their place in the document. */
  key: Record<string, unknown>
  count: number
  sum: Record<string, unknown>
  avg: Record<string, unknown>
  min: Record<string, unknown>
  max: Record<string, unknown>
}

/** May a function run over a field: sums and averages over numbers, least and greatest over dates too. */
export function canAggregate(field: Field, fn: AggregateFunction): boolean {
  if (field.kind === 'money' || field.kind === 'decimal' || field.kind === 'int') return true
  return (fn === 'min' || fn === 'max') && (field.kind === 'date' || field.kind === 'datetime')
}

/** May groups be made by a field. */
export function canGroup(field: Field): boolean {
  return (
    field.filter &&
    !['money', 'decimal', 'texts', 'object', 'objects', 'json', 'custom'].includes(field.kind) &&
    !(field.max && field.max > 1000)
  )
}

const refuse = (message: string, field: string[]) => requestError('BAD_USER_INPUT', { message, extensions: { field } })

/** What a document asks of an aggregate. */
export interface AggregatePlan {
  /** Fields of each function. */
  values: Map<AggregateFunction, Set<string>>
  /** Fields of the keys that are values. */
  keys: Set<string>
  /** Keys that are records, by their places. */
  records: Map<string, { relation: string; selection: Selection; at?: number }>
}

/** Where a document asks for a record of a key, by the response keys that lead there: the same may be asked for twice, with other fields. */
export const placeOfKey = (outer: string | number | undefined, inner: string | number): string => `${outer}.${inner}`

const keyOf = (node: FieldNode) => node.alias?.value ?? node.name.value

/** Reads from the selection on a group what to ask. */
export function planAggregate(
  scope: { schema: GraphQLSchema; fragments: GraphQLResolveInfo['fragments'] },
  type: RecordType,
  sets: readonly SelectionSetNode[],
): AggregatePlan {
  const plan: AggregatePlan = {
    values: new Map(FUNCTIONS.map((fn) => [fn, new Set()])),
    keys: new Set(),
    records: new Map(),
  }
  const records = new Map<string, { relation: string; sets: SelectionSetNode[] }>()
  const visit = (set: SelectionSetNode, at: (node: FieldNode) => void) => {
    for (const node of set.selections) {
      if (node.kind === Ast.FIELD) {
        at(node)
        continue
      }
      const fragment = node.kind === Ast.FRAGMENT_SPREAD ? scope.fragments[node.name.value] : node
      if (fragment) visit(fragment.selectionSet, at)
    }
  }
  const atKey = (outer: FieldNode) => (node: FieldNode) => {
    const name = node.name.value
    if (!node.selectionSet) {
      plan.keys.add(name)
      return
    }
    const place = placeOfKey(keyOf(outer), keyOf(node))
    const known = records.get(place)
    if (known) known.sets.push(node.selectionSet)
    else records.set(place, { relation: name, sets: [node.selectionSet] })
  }
  for (const set of sets) {
    visit(set, (node) => {
      if (!node.selectionSet) return
      const fn = plan.values.get(node.name.value as AggregateFunction)
      if (fn) visit(node.selectionSet, (inner) => fn.add(inner.name.value))
      if (node.name.value === 'key') visit(node.selectionSet, atKey(node))
    })
  }
  for (const [place, { relation, sets: inner }] of records) {
    const way = type.relations.get(relation)
    if (!way) continue
    const wanted = inner.map((set) => ({ set, when: null }))
    plan.records.set(place, { relation, selection: planSelection(scope, recordType(way.target), wanted) })
  }
  return plan
}

/** In which columns of the statement's one row what stands; each holds a list with one item per group. */
export interface AggregateShape {
  keys: { name: string; at: number; custom?: CustomField }[]
  /** Of a key that is a record: its uuids, and the records by uuid, each once. */
  records: { place: string; ids: number; at: number; row: RowShape }[]
  values: { fn: AggregateFunction; field: Field; at: number; custom?: CustomField }[]
  /** Of custom amounts: their currencies, and whether a group has several. */
  currencies: Map<CustomField, { at: number; mixed: number }>
  /** Where amounts are asked for: their currencies, and whether a group has several. */
  currency: { at: number; mixed: number | null } | null
  /** Where amounts are added up in one currency: the least currency without a rate. */
  missing: number | null
}

const functionSql = (fn: AggregateFunction, column: string) => `${fn}(${column})`
const isTime = ({ kind }: Field) => kind === 'date' || kind === 'datetime'

/**
 * The statement of an aggregate: one row for all groups, a column for each thing asked for, and the records of keys besides, each once however many groups
 * have it.
 *
 * @throws BAD_USER_INPUT on unfit fields or operands, FIELD_FORBIDDEN.
 */
export function aggregateQuery(
  emitter: Emitter,
  timezone: string,
  type: RecordType,
  plan: AggregatePlan,
  args: AggregateArgs,
): { query: Query; shape: AggregateShape } {
  const alias = emitter.alias()
  const groupBy = args.groupBy ?? []
  if (groupBy.length > MAX_KEYS) throw refuse(`groupBy has more than ${MAX_KEYS} fields.`, ['groupBy'])

  let zone: string | null = null
  const places = new Map<CustomField, string>()
  const placeOf = (custom: CustomField) => {
    const place = places.get(custom) ?? emitter.params.add(custom.id, 'text')
    places.set(custom, place)
    return place
  }
  const grouped: { name: string; field: Field; sql: string; custom?: CustomField }[] = []
  const joins: string[] = []
  const joined = new Map<string, string>()
  const seen = new Set<string>()
  groupBy.forEach(({ field: plain, relation, customField, bucket }, index) => {
    const path = ['groupBy', String(index)]
    if (!plain === !customField) throw refuse('Each member of groupBy has either field or customField.', path)
    if (relation) {
      const far = farOf(emitter, type, alias, relation, path, { joins, joined })
      const field = fieldOf(far.type, plain as string)
      const name = `${relation}.${field.name}`
      if (seen.has(name)) throw refuse('groupBy names a field twice.', path)
      seen.add(name)
      emitter.access.requireField(far.type, field.name, path)
      if (field.kind === 'datetime') zone ??= emitter.params.add(timezone, 'text')
      const column = shownColumn(far.type, field, far.alias, emitter)
      grouped.push({ name, field, sql: isTime(field) ? spanSql(field, column, bucket ?? 'DAY', zone) : column })
      return
    }
    const custom = customField ? customOf(emitter, type, customField, [...path, 'customField']) : undefined
    const field = custom?.field ?? fieldOf(type, plain as string)
    const { name } = field
    if (custom && !canGroup(field))
      throw refuse(`${customField} is ${custom.type}, and groups are not made by that.`, [...path, 'customField'])
    if (seen.has(name)) throw refuse('groupBy names a field twice.', path)
    seen.add(name)
    if (!custom) emitter.access.requireField(type, name, path)
    const column = custom ? customSql(custom, alias, placeOf(custom)) : shownColumn(type, field, alias, emitter)
    if (bucket && !isTime(field))
      throw refuse(`${name} is no date and takes no bucket.`, ['groupBy', String(index), 'bucket'])
    if (field.kind === 'datetime') zone ??= emitter.params.add(timezone, 'text')
    grouped.push({ name, field, custom, sql: isTime(field) ? spanSql(field, column, bucket ?? 'DAY', zone) : column })
  })

  const inner = grouped.map(({ sql }, index) => `${sql} AS k${index}`)
  inner.push('count(*) AS n')
  const customs = (args.customFields ?? []).map((name, index) => {
    const custom = customOf(emitter, type, name, ['customFields', String(index)])
    if (!canAggregate(custom.field, 'max'))
      throw refuse(`${name} is ${custom.type}, which has no sum and no least value.`, ['customFields', String(index)])
    return custom
  })
  const selected: { fn: AggregateFunction; field: Field; name: string; custom?: CustomField }[] = []
  const base = args.base ? baseSql(emitter, type, alias, args.base) : null
  if (base) joins.push(base.join)
  for (const fn of FUNCTIONS) {
    for (const name of plan.values.get(fn)!) {
      const field = type.fields.get(name)
      if (field?.kind === 'custom') {
        for (const custom of new Set(customs)) {
          if (!canAggregate(custom.field, fn)) continue
          const place = `v${selected.length}`
          selected.push({ fn, field: custom.field, name: place, custom })
          inner.push(`${functionSql(fn, customSql(custom, alias, placeOf(custom)))} AS ${place}`)
        }
        continue
      }
      // The field's error stands in the answer beside the others' values.
      if (!field || emitter.access.hides(type, name)) continue
      const place = `v${selected.length}`
      selected.push({ fn, field, name: place })
      const column = shownColumn(type, field, alias, emitter)
      inner.push(
        `${base && field.kind === 'money' ? base.rounded(functionSql(fn, base.amount(column))) : functionSql(fn, column)} AS ${place}`,
      )
    }
  }
  const paid = [...new Set(selected.flatMap(({ custom }) => (custom?.field.kind === 'money' ? [custom] : [])))]
  paid.forEach((custom, index) => {
    const currency = `${currencySql(alias, placeOf(custom))} COLLATE "C"`
    inner.push(`min(${currency}) AS p${index}, max(${currency}) AS q${index}`)
  })
  const amounts = selected.filter(({ field, custom }) => field.kind === 'money' && !custom)
  const perCurrency = grouped.findIndex(({ name }) => name === 'currency')
  if (amounts.length > 0 && base) {
    const any = [...new Set(amounts.map(({ field }) => `${shownColumn(type, field, alias, emitter)} <> 0`))]
    inner.push(`min(${base.currency} COLLATE "C") FILTER (WHERE (${any.join(' OR ')}) AND ${base.unknown}) AS u`)
  } else if (amounts.length > 0 && perCurrency < 0) {
    // Only rows with an amount count: an empty amount has no currency to disagree with.
    const any = [
      ...new Set(amounts.map(({ field }) => `${shownColumn(type, field, alias, emitter)} IS NOT NULL`)),
    ].join(' OR ')
    const currency = shownColumn(type, fieldOf(type, 'currency'), alias, emitter)
    // Compared as bytes: any order tells whether there is more than one, and the company’s own costs as much as all the rest.
    const plain = `${currency} COLLATE "C"`
    inner.push(`min(${plain}) FILTER (WHERE ${any}) AS c0, max(${plain}) FILTER (WHERE ${any}) AS c1`)
  }

  const where = [emitter.visible(type, alias)]
  if (args.where) where.push(compileFilter(type, alias, args.where, emitter))
  if (args.search) where.push(compileSearch(type, alias, args.search, emitter))
  for (const fn of FUNCTIONS)
    for (const name of Object.keys(args.having?.[fn] ?? {}))
      emitter.access.requireField(type, name, ['having', fn, name])
  args.orderBy?.forEach(({ sumField }, index) => {
    if (sumField) emitter.access.requireField(type, sumField, ['orderBy', String(index), 'sumField'])
  })
  const having = compileHaving(type, alias, args.having, emitter)
  const limit = args.first ?? MAX_GROUPS + 1
  if (limit < 0 || limit > MAX_GROUPS + 1) throw refuse(`first must be between 0 and ${MAX_GROUPS}.`, ['first'])

  const items: string[] = []
  const shape: AggregateShape = {
    keys: [],
    records: [],
    values: [],
    currencies: new Map(),
    currency: null,
    missing: null,
  }
  const add = (sql: string) => items.push(sql) - 1
  const list = (sql: string) => add(`json_agg(${sql})`)
  list('g.n')
  const listed = new Map<number, number>()
  const keyList = (index: number) => {
    const known = listed.get(index)
    if (known !== undefined) return known
    // Made a day only here: there are fewer groups than records.
    const at = list(isTime(grouped[index]!.field) ? `g.k${index}::date` : `g.k${index}`)
    listed.set(index, at)
    return at
  }
  grouped.forEach(({ name, field, custom }, index) => {
    if (!field.relation && plan.keys.has(custom ? CUSTOM : name))
      shape.keys.push({ name, at: keyList(index), ...(custom ? { custom } : {}) })
  })
  for (const [place, { relation, selection, at: given }] of plan.records) {
    const index = given ?? grouped.findIndex(({ field }) => field.relation === relation)
    if (index < 0) continue
    const other = emitter.alias()
    const { items: columns, shape: row } = emitter.row(selection, other, true)
    const select = columns.length > 0 ? columns.join(', ') : '1 AS "~"'
    const at = add(
      `(SELECT json_object_agg(${other}.id, (SELECT row_to_json(x) FROM (SELECT ${select}) x)) FROM ${ident(selection.type.table)} ${other} WHERE ${emitter.visible(selection.type, other)} AND ${other}.id IN (SELECT g.k${index} FROM g))`,
    )
    shape.records.push({ place, ids: keyList(index), at, row })
  }
  // As text, because JSON numbers are floats to JavaScript; and cast only here, for there are fewer groups than records.
  for (const { fn, field, name, custom } of selected)
    shape.values.push({
      fn,
      field,
      at: list(isTime(field) ? `g.${name}` : `g.${name}::text`),
      ...(custom ? { custom } : {}),
    })
  paid.forEach((custom, index) => {
    const mixed = add(`coalesce(bool_or(g.p${index} <> g.q${index}), false)`)
    shape.currencies.set(custom, { at: list(`g.p${index}`), mixed })
  })
  if (amounts.length > 0 && base) shape.missing = add('min(g.u)')
  else if (amounts.length > 0) {
    shape.currency =
      perCurrency < 0
        ? { at: list('g.c0'), mixed: add('coalesce(bool_or(g.c0 <> g.c1), false)') }
        : { at: keyList(perCurrency), mixed: null }
  }

  const group = grouped.length > 0 ? ` GROUP BY ${grouped.map((_, index) => index + 1).join(', ')}` : ''
  const groups = `SELECT ${inner.join(', ')} FROM ${ident(type.table)} ${alias}${joins.join('')} WHERE ${where.join(' AND ')}${group}${having ? ` HAVING ${having}` : ''}`
  // A group of which a figure cannot be had is not left out by it: it is told of.
  const doubtful = [
    ...(shape.missing === null ? [] : ['g.u IS NOT NULL']),
    ...paid.map((_, at) => `g.p${at} <> g.q${at}`),
  ]
  const kept = compileKeep(type, args.keep ?? [], selected, doubtful, emitter)
  const text = `WITH g AS (SELECT g.* FROM (${groups}) g${kept ? ` WHERE ${kept}` : ''} ORDER BY ${order(args, groupBy, selected)} LIMIT ${limit}) SELECT ${items.map((item, at) => `${item} AS c${at}`).join(', ')} FROM g`
  return { query: { text, values: emitter.params.values }, shape }
}

function compileKeep(
  type: RecordType,
  keep: NonNullable<AggregateArgs['keep']>,
  selected: { fn: AggregateFunction; field: Field; name: string; custom?: CustomField }[],
  doubtful: string[],
  { params }: Emitter,
): string {
  const parts = keep.map(({ by, fn, sumField, customField, operator, value }, index) => {
    const found = selected.find(
      (one) => one.fn === fn && (customField ? one.custom?.name === customField : one.field.name === sumField),
    )
    const path = ['having', String(index)]
    if (by === 'VALUE' && !found) throw refuse('having needs a value that is selected.', path)
    const kind = (found?.custom?.field ?? found?.field)?.kind === 'money' ? 'money' : 'decimal'
    const result = comparable({ kind }, value, type.name)
    if ('problem' in result) throw refuse(`${path.join('.')} ${result.problem}.`, path)
    return `${found ? `g.${found.name}` : 'g.n'} ${COMPARE[operator]} ${params.add(result.ok, 'numeric')}`
  })
  if (parts.length === 0) return ''
  return [`(${parts.join(' AND ')})`, ...doubtful].join(' OR ')
}

/** The record that a to-one relation leads to, joined once however many keys ask for it. It is one or none, so no row is counted twice. */
function farOf(
  emitter: Emitter,
  type: RecordType,
  alias: string,
  name: string,
  path: string[],
  { joins, joined }: { joins: string[]; joined: Map<string, string> },
): { type: RecordType; alias: string } {
  const relation = type.relations.get(name)
  if (relation?.kind !== 'one') throw refuse(`${name} leads to no single record.`, path)
  const target = recordType(relation.target)
  emitter.access.requireRead(target, path)
  emitter.access.requireRelation(type, relation, path)
  let other = joined.get(name)
  if (!other) {
    other = emitter.alias()
    joined.set(name, other)
    const { from, join } = reach(relation, type, alias, other, emitter)
    joins.push(` LEFT JOIN ${from} ON ${join} AND ${emitter.visible(target, other, { from: type, relation })}`)
  }
  return { type: target, alias: other }
}

/** How amounts become those of one currency: the last rate of each until a day, joined by the record's currency. */
function baseSql(emitter: Emitter, type: RecordType, alias: string, base: NonNullable<AggregateArgs['base']>) {
  emitter.access.requireField(type, 'currency', ['currencies'])
  const rate = emitter.alias()
  const into = emitter.params.add(base.currency, 'text')
  const day = emitter.params.add(base.day, 'date')
  const unit = emitter.params.add(String(base.unit), 'numeric')
  const currency = shownColumn(type, fieldOf(type, 'currency'), alias, emitter)
  const rates = `SELECT DISTINCT ON (r.currency) r.currency, r.rate FROM exchange_rate r WHERE r.tenant_id = ${TENANT} AND r.base_currency = ${into} AND r.currency <> ${into} AND r.date <= ${day} AND r.deleted_at IS NULL ORDER BY r.currency, r.date DESC`
  return {
    join: ` LEFT JOIN ((${rates}) UNION ALL SELECT ${into}, 1) ${rate} ON ${rate}.currency = ${currency}`,
    currency,
    unknown: `${rate}.rate IS NULL`,
    // Nothing is nothing in any currency.
    amount: (column: string) => `(CASE WHEN ${column} = 0 THEN 0 ELSE ${column} * ${rate}.rate END)`,
    rounded: (sql: string) => `round(${sql} / ${unit}) * ${unit}`,
  }
}

/** A custom field of the type, where the viewer may group and sum at all. */
function customOf(emitter: Emitter, type: RecordType, name: string, path: string[]): CustomField {
  if (!type.fields.has(CUSTOM)) throw refuse(`${type.name} has no custom fields.`, path)
  emitter.access.requireField(type, CUSTOM, path)
  return emitter.access.customField(type, name, path)
}

/** The span that a date or moment lies in, by its first day: as date or timestamp, whatever costs less for each record. */
function spanSql(field: Field, column: string, bucket: Bucket, zone: string | null): string {
  const local = field.kind === 'datetime' ? `(${column} AT TIME ZONE ${zone})` : column
  if (bucket === 'DAY') return field.kind === 'datetime' ? `${local}::date` : local
  return `date_trunc('${bucket.toLowerCase()}', ${field.kind === 'datetime' ? local : `${local}::timestamp`})`
}

/** The row of an aggregate's statement as `rows` of a bracket gives it → as texts, which groupsIn reads. */
export function textRowOf(row: Record<string, unknown>): TextRow {
  return Object.values(row).map((value) => {
    if (value === null || typeof value === 'string') return value
    return typeof value === 'boolean' ? (value ? 't' : 'f') : JSON.stringify(value)
  })
}

/** The groups of an answer, column by column: a list has one item per group. */
export interface Groups {
  size: number
  counts: number[]
  /** Of keys that are values, by field name; those of custom fields together, as objects. */
  keys: Map<string, unknown[]>
  /** Of keys that are records, by place: their uuids, and the rows by uuid as far as the viewer sees them. */
  records: Map<string, { ids: (string | null)[]; rows: Record<string, Row>; shape: RowShape }>
  /** By function and field, `sum.amount`; amounts as the column's text. Those of custom fields together, as the API shows them: `sum.customFields`. */
  values: Map<string, unknown[]>
  currencies: (string | null)[]
}

/**
 * Reads the one row of an aggregate's statement.
 *
 * @throws BAD_USER_INPUT on more than 10,000 groups (unless `first` asks for the first ones) and on amounts of several currencies in one group.
 */
export function groupsIn(row: TextRow, shape: AggregateShape): Groups {
  const listAt = (at: number) => (row[at] ? (JSON.parse(row[at]) as unknown[]) : [])
  const counts = listAt(0) as number[]
  if (counts.length > MAX_GROUPS) {
    throw refuse(`More than ${MAX_GROUPS} groups; narrow the filter, group more coarsely, or ask for the first ones.`, [
      'groupBy',
    ])
  }
  const { currency } = shape
  // A sum of several currencies has no meaning: better no number than a wrong one.
  if (currency && currency.mixed !== null && row[currency.mixed] === 't') {
    throw refuse('A group holds amounts in several currencies; group by CURRENCY or filter by currency.', ['groupBy'])
  }
  for (const { mixed } of shape.currencies.values()) {
    if (row[mixed] === 't')
      throw refuse('A group holds amounts of a custom field in several currencies; filter the others out.', [
        'customFields',
      ])
  }
  /** Lists of custom fields as one list of objects by their names. */
  const together = (parts: { custom: CustomField; list: unknown[] }[]) =>
    counts.map((_, at) => Object.fromEntries(parts.map(({ custom, list }) => [custom.name, list[at] ?? null])))
  const customKeys = shape.keys.flatMap(({ custom, at }) =>
    custom ? [{ custom, list: listAt(at).map((value) => (value === null ? null : shownValue(custom, value))) }] : [],
  )
  const customValues = FUNCTIONS.flatMap((fn): [string, unknown[]][] => {
    const own = shape.values.flatMap((one) => {
      const { custom } = one
      if (one.fn !== fn || !custom) return []
      const paid = shape.currencies.get(custom)
      const currencies = paid ? listAt(paid.at) : []
      const whole = custom.field.kind === 'int' && (fn === 'min' || fn === 'max')
      const shown = (value: unknown, at: number) => {
        if (value === null) return null
        if (paid) return { amount: formatMoney(value as string), currency: currencies[at] }
        return whole ? Number(value) : value
      }
      return [{ custom, list: listAt(one.at).map(shown) }]
    })
    return own.length > 0 ? [[`${fn}.${CUSTOM}`, together(own)]] : []
  })
  return {
    size: counts.length,
    counts,
    keys: new Map([
      ...shape.keys.flatMap(({ name, at, custom }): [string, unknown[]][] => (custom ? [] : [[name, listAt(at)]])),
      ...(customKeys.length > 0 ? [[CUSTOM, together(customKeys)] as [string, unknown[]]] : []),
    ]),
    records: new Map(
      shape.records.map(({ place, ids, at, row: of }) => [
        place,
        { ids: listAt(ids) as (string | null)[], rows: row[at] ? JSON.parse(row[at]) : {}, shape: of },
      ]),
    ),
    values: new Map([
      ...shape.values.flatMap(({ fn, field, at, custom }): [string, unknown[]][] => {
        if (custom) return []
        const values = listAt(at)
        const whole = field.kind === 'int' && (fn === 'min' || fn === 'max')
        return [
          [`${fn}.${field.name}`, whole ? values.map((value) => (value === null ? null : Number(value))) : values],
        ]
      }),
      ...customValues,
    ]),
    currencies: currency ? (listAt(currency.at) as (string | null)[]) : [],
  }
}

/**
 * Groups of a record type with counts, sums, averages, least and greatest values: one statement.
 *
 * @returns all groups, in the asked order or else by their keys, nulls last; one group when `groupBy` is empty.
 * @throws as aggregateQuery and groupsIn do.
 */
export async function readAggregate(
  context: Context,
  viewer: Viewer,
  type: RecordType,
  args: AggregateArgs,
  info: GraphQLResolveInfo,
): Promise<Group[]> {
  const plan = planAggregate(
    info,
    type,
    info.fieldNodes.flatMap((node) => node.selectionSet ?? []),
  )
  const { query, shape } = aggregateQuery(emitterFor(context, viewer, info), viewer.timezone, type, plan, args)
  const [row = []] = await context.tenancy.readTexts(callerOf(viewer), query)
  const { counts, keys, records, values, currencies } = groupsIn(row, shape)
  for (const { rows, shape: of } of records.values()) for (const one of Object.values(rows)) finishRow(one, of)
  return counts.map((count, at) => {
    const group: Group = { key: {}, count, sum: {}, avg: {}, min: {}, max: {} }
    for (const [name, list] of keys) group.key[name] = list[at]
    for (const [place, { ids, rows }] of records) group.key[place] = rows[ids[at] ?? ''] ?? null
    for (const fn of FUNCTIONS) {
      const custom = values.get(`${fn}.${CUSTOM}`)
      if (custom) group[fn][CUSTOM] = custom[at]
    }
    for (const { fn, field, custom } of shape.values) {
      if (custom) continue
      const value = values.get(`${fn}.${field.name}`)![at]
      group[fn][field.name] =
        value !== null && field.kind === 'money'
          ? ({ amount: formatMoney(value as string), currency: currencies[at]! } satisfies Money)
          : value
    }
    return group
  })
}

function order(
  args: AggregateArgs,
  groupBy: GroupBy[],
  selected: { fn: AggregateFunction; field: Field; name: string; custom?: CustomField }[],
): string {
  const keys = (args.orderBy ?? []).map(({ by, fn, at, field, sumField, customField, direction }, index) => {
    const dir = direction === 'DESC' ? 'DESC NULLS LAST' : 'ASC NULLS LAST'
    const path = ['orderBy', String(index)]
    if (by === 'COUNT') return `g.n ${dir}`
    if (by === 'KEY') {
      const place = groupBy.findIndex((one) =>
        customField ? one.customField === customField && !field : one.field === field && field,
      )
      if (place < 0) throw refuse('orderBy by KEY needs a field that stands in groupBy.', [...path, 'field'])
      return `g.k${place} ${dir}`
    }
    if (by === 'PLACE') return `g.k${at} ${dir}`
    const found = selected.find(
      (one) =>
        one.fn === (by === 'VALUE' ? fn : 'sum') &&
        (customField ? one.custom?.name === customField : one.field.name === sumField),
    )
    if (!found) throw refuse('orderBy by SUM needs a sumField whose sum is selected.', [...path, 'sumField'])
    return `g.${found.name} ${dir}`
  })
  return [...keys, ...groupBy.map((_, index) => `g.k${index}`), 'g.n'].join(', ')
}

const COMPARE: Record<string, string> = { eq: '=', neq: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' }

function compileHaving(
  type: RecordType,
  alias: string,
  having: AggregateArgs['having'] | null | undefined,
  emitter: Emitter,
): string {
  const { params } = emitter
  const parts: string[] = []
  const compare = (sql: string, kind: 'int' | 'money' | 'decimal', filter: Record<string, unknown>, path: string[]) => {
    for (const [operator, value] of Object.entries(filter)) {
      if (value === undefined) continue
      const sign = COMPARE[operator]
      if (!sign || value === null)
        throw refuse(`${path.join('.')}.${operator} cannot be used here.`, [...path, operator])
      const result = kind === 'int' ? { ok: value } : comparable({ kind }, value, type.name)
      if ('problem' in result) throw refuse(`${path.join('.')}.${operator} ${result.problem}.`, [...path, operator])
      parts.push(`${sql} ${sign} ${params.add(result.ok, 'numeric')}`)
    }
  }
  if (having?.count) compare('count(*)', 'int', having.count, ['having', 'count'])
  for (const fn of FUNCTIONS) {
    for (const [name, filter] of Object.entries(having?.[fn] ?? {})) {
      const field = fieldOf(type, name)
      compare(
        functionSql(fn, shownColumn(type, field, alias, emitter)),
        field.kind === 'money' ? 'money' : 'decimal',
        filter,
        ['having', fn, name],
      )
    }
  }
  return parts.join(' AND ')
}

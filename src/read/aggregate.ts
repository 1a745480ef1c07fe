import {
  Kind as Ast,
  type FieldNode,
  type GraphQLResolveInfo,
  getNamedType,
  isObjectType,
  type SelectionSetNode,
} from 'graphql'
import type { Context, Viewer } from '../context.ts'
import { requestError } from '../errors.ts'
import type { RowShape } from './emit.ts'
import { compileFilter, compileSearch } from './filter.ts'
import { finishRow, type Money, type Row } from './finish.ts'
import { planSelection, type When } from './plan.ts'
import { callerOf, emitterFor } from './read.ts'
import { type Field, fieldOf, type RecordType, recordType } from './recordType.ts'
import { ident } from './sql.ts'
import { comparable, formatMoney } from './values.ts'

/** Most groups that one aggregate returns; more is an error, never a cut. */
export const MAX_GROUPS = 10_000
const MAX_KEYS = 6

/** Sizes of date buckets; PostgreSQL's date_trunc names. Weeks begin on Monday. */
export const BUCKETS = ['DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR'] as const
export type Bucket = (typeof BUCKETS)[number]
export const FUNCTIONS = ['sum', 'avg', 'min', 'max'] as const
export type AggregateFunction = (typeof FUNCTIONS)[number]

export interface GroupBy {
  field: string
  bucket?: Bucket | null
}

export interface AggregateArgs {
  where?: Record<string, unknown> | null
  search?: string | null
  groupBy?: GroupBy[] | null
  having?: { count?: Record<string, unknown> } & { [f in AggregateFunction]?: Record<string, Record<string, unknown>> }
  orderBy?:
    | {
        by: 'COUNT' | 'KEY' | 'SUM'
        field?: string | null
        sumField?: string | null
        direction?: 'ASC' | 'DESC' | null
      }[]
    | null
  first?: number | null
}

/** One group as the API's types read it. */
export interface Group {
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
    !['money', 'decimal', 'texts', 'object', 'objects'].includes(field.kind) &&
    !(field.max && field.max > 1000)
  )
}

const refuse = (message: string, field: string[]) => requestError('BAD_USER_INPUT', { message, extensions: { field } })

/** What is selected below `key` and the four functions. */
function asked(info: GraphQLResolveInfo) {
  const values = new Map<AggregateFunction, Set<string>>(FUNCTIONS.map((fn) => [fn, new Set()]))
  const keys = new Map<string, { set: SelectionSetNode; when: When }[]>()
  const visit = (sets: readonly SelectionSetNode[], at: (node: FieldNode) => void) => {
    for (const set of sets) {
      for (const node of set.selections) {
        if (node.kind === Ast.FIELD) at(node)
        else {
          const fragment = node.kind === Ast.FRAGMENT_SPREAD ? info.fragments[node.name.value] : node
          if (fragment) visit([fragment.selectionSet], at)
        }
      }
    }
  }
  visit(
    info.fieldNodes.flatMap((node) => node.selectionSet ?? []),
    (node) => {
      if (!node.selectionSet) return
      const fn = values.get(node.name.value as AggregateFunction)
      if (fn) visit([node.selectionSet], (inner) => fn.add(inner.name.value))
      if (node.name.value === 'key') {
        visit([node.selectionSet], (inner) => {
          if (!inner.selectionSet) return
          const known = keys.get(inner.name.value) ?? []
          known.push({ set: inner.selectionSet, when: null })
          keys.set(inner.name.value, known)
        })
      }
    },
  )
  return { values, keys }
}

const functionSql = (fn: AggregateFunction, column: string) => `${fn}(${column})`

/**
 * Groups of a record type with counts, sums, averages, least and greatest values: one statement.
 *
 * @returns all groups, in the asked order or else by their keys, nulls last; one group when `groupBy` is empty.
 * @throws BAD_USER_INPUT on more than 10,000 groups (unless `first` asks for the first ones), unfit fields or operands.
 */
export async function readAggregate(
  context: Context,
  viewer: Viewer,
  type: RecordType,
  args: AggregateArgs,
  info: GraphQLResolveInfo,
): Promise<Group[]> {
  const emitter = emitterFor(context, viewer, info)
  const alias = emitter.alias()
  const { values, keys } = asked(info)
  const groupBy = args.groupBy ?? []
  if (groupBy.length > MAX_KEYS) throw refuse(`groupBy has more than ${MAX_KEYS} fields.`, ['groupBy'])
  const object = getNamedType(info.returnType)
  if (!isObjectType(object)) throw new Error(`${info.fieldName} returns no object type.`)

  let zone: string | null = null
  const grouped: string[] = []
  const seen = new Set<string>()
  groupBy.forEach(({ field: name, bucket }, index) => {
    const field = fieldOf(type, name)
    if (seen.has(name)) throw refuse('groupBy names a field twice.', ['groupBy', String(index)])
    seen.add(name)
    emitter.access.requireField(type, name, ['groupBy', String(index)])
    const column = `${alias}.${ident(field.column)}`
    const isTime = field.kind === 'date' || field.kind === 'datetime'
    if (bucket && !isTime) throw refuse(`${name} is no date and takes no bucket.`, ['groupBy', String(index), 'bucket'])
    if (field.kind === 'datetime') zone ??= emitter.params.add(viewer.timezone, 'text')
    const local = field.kind === 'datetime' ? `(${column} AT TIME ZONE ${zone})` : `${column}::timestamp`
    grouped.push(isTime ? `date_trunc('${(bucket ?? 'DAY').toLowerCase()}', ${local})::date` : column)
  })

  const inner = grouped.map((sql, index) => `${sql} AS k${index}`)
  inner.push('count(*) AS n')
  const selected: { fn: AggregateFunction; field: Field; name: string }[] = []
  let currencies = false
  for (const fn of FUNCTIONS) {
    for (const name of values.get(fn)!) {
      const field = type.fields.get(name)
      // The field's error stands in the answer beside the others' values.
      if (!field || emitter.access.hides(type, name)) continue
      const place = `v${selected.length}`
      selected.push({ fn, field, name: place })
      inner.push(
        `${functionSql(fn, `${alias}.${ident(field.column)}`)}${field.kind === 'date' || field.kind === 'datetime' ? '' : '::text'} AS ${place}`,
      )
      if (field.kind === 'money') currencies = true
    }
  }
  if (currencies) {
    // Only rows with an amount count: an empty amount has no currency to disagree with.
    const amounts = selected.filter(({ field }) => field.kind === 'money')
    const any = [...new Set(amounts.map(({ field }) => `${alias}.${ident(field.column)} IS NOT NULL`))].join(' OR ')
    const currency = `${alias}.${ident(fieldOf(type, 'currency').column)}`
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
  const having = compileHaving(type, alias, args.having, emitter.params)
  const limit = args.first ?? MAX_GROUPS + 1
  if (limit < 0 || limit > MAX_GROUPS + 1) throw refuse(`first must be between 0 and ${MAX_GROUPS}.`, ['first'])

  const outer: string[] = ['g.*']
  const shapes: [key: string, shape: RowShape][] = []
  groupBy.forEach(({ field: name }, index) => {
    const field = fieldOf(type, name)
    const sets = field.relation ? keys.get(field.relation) : undefined
    if (!field.relation || !sets) return
    const target = recordType(field.target!)
    const other = emitter.alias()
    const { items, shape } = emitter.row(planSelection(info, target, sets), other, true)
    const select = items.length > 0 ? items.join(', ') : '1 AS "~"'
    outer.push(
      `(SELECT row_to_json(x) FROM (SELECT ${select} FROM ${ident(target.table)} ${other} WHERE ${emitter.visible(target, other)} AND ${other}.id = g.k${index}) x) AS r${index}`,
    )
    shapes.push([`r${index}`, shape])
  })

  const group = grouped.length > 0 ? ` GROUP BY ${grouped.map((_, index) => index + 1).join(', ')}` : ''
  const text = `SELECT ${outer.join(', ')} FROM (SELECT ${inner.join(', ')} FROM ${ident(type.table)} ${alias} WHERE ${where.join(' AND ')}${group}${having ? ` HAVING ${having}` : ''}) g ORDER BY ${order(args, groupBy, selected)} LIMIT ${limit}`
  // As JSON, so that dates and numbers look the same as everywhere else.
  const query = { text: `SELECT row_to_json(x) AS row FROM (${text}) x`, values: emitter.params.values }
  const found = await context.tenancy.readTexts(callerOf(viewer), query)
  const rows = found.map(([row]) => JSON.parse(row as string) as Record<string, unknown>)
  if (rows.length > MAX_GROUPS) {
    throw refuse(`More than ${MAX_GROUPS} groups; narrow the filter, group more coarsely, or ask for the first ones.`, [
      'groupBy',
    ])
  }
  // A sum of several currencies has no meaning: better no number than a wrong one.
  if (rows.some((row) => row.c0 !== row.c1)) {
    throw refuse('A group holds amounts in several currencies; group by CURRENCY or filter by currency.', ['groupBy'])
  }
  return rows.map((row) => {
    const group: Group = { key: {}, count: Number(row.n), sum: {}, avg: {}, min: {}, max: {} }
    groupBy.forEach(({ field: name }, index) => {
      const field = fieldOf(type, name)
      if (!field.relation) {
        group.key[name] = row[`k${index}`]
        return
      }
      const shape = shapes.find(([key]) => key === `r${index}`)?.[1]
      group.key[field.relation] =
        row[`k${index}`] && shape && row[`r${index}`] ? finishRow(row[`r${index}`] as Row, shape) : null
    })
    for (const { fn, field, name } of selected) {
      const value = row[name]
      group[fn][field.name] = value === null ? null : shown(field, fn, value, row)
    }
    return group
  })
}

/** The value of a function in a group, as the API shows it. */
function shown(field: Field, fn: AggregateFunction, value: unknown, row: Record<string, unknown>): unknown {
  if (field.kind === 'money')
    return { amount: formatMoney(value as string), currency: row.c0 as string } satisfies Money
  if (field.kind === 'int' && fn !== 'avg') return fn === 'sum' ? String(value) : Number(value)
  return value
}

function order(
  args: AggregateArgs,
  groupBy: GroupBy[],
  selected: { fn: AggregateFunction; field: Field; name: string }[],
): string {
  const keys = (args.orderBy ?? []).map(({ by, field, sumField, direction }, index) => {
    const dir = direction === 'DESC' ? 'DESC NULLS LAST' : 'ASC NULLS LAST'
    const path = ['orderBy', String(index)]
    if (by === 'COUNT') return `g.n ${dir}`
    if (by === 'KEY') {
      const place = groupBy.findIndex((one) => one.field === field)
      if (place < 0) throw refuse('orderBy by KEY needs a field that stands in groupBy.', [...path, 'field'])
      return `g.k${place} ${dir}`
    }
    const found = selected.find((one) => one.fn === 'sum' && one.field.name === sumField)
    if (!found) throw refuse('orderBy by SUM needs a sumField whose sum is selected.', [...path, 'sumField'])
    return `g.${found.name}::numeric ${dir}`
  })
  return [...keys, ...groupBy.map((_, index) => `g.k${index}`), 'g.n'].join(', ')
}

const COMPARE: Record<string, string> = { eq: '=', neq: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' }

function compileHaving(
  type: RecordType,
  alias: string,
  having: AggregateArgs['having'] | null | undefined,
  params: { add(value: unknown, type: string): string },
): string {
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
        functionSql(fn, `${alias}.${ident(field.column)}`),
        field.kind === 'money' ? 'money' : 'decimal',
        filter,
        ['having', fn, name],
      )
    }
  }
  return parts.join(' AND ')
}

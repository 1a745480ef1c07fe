import { type GraphQLField, type GraphQLObjectType, type GraphQLSchema, getArgumentValues } from 'graphql'
import { requestError } from '../errors.ts'
import type { ReadAccess, Via } from './access.ts'
import type { Cursors } from './cursor.ts'
import { customSql, type ShownCustom } from './custom.ts'
import { compileFilter, compileSearch, reach, type Scope, shownColumn } from './filter.ts'
import {
  afterSql,
  type CustomKey,
  keySql,
  type OrderBy,
  type OrderKey,
  orderKeys,
  orderSql,
  reverse,
  upToSql,
} from './order.ts'
import type { ConnectionPlan, Many, Selection } from './plan.ts'
import { type Field, fieldOf, type RecordType, recordType } from './recordType.ts'
import { ident, Params, TENANT } from './sql.ts'
import { walkable, walkSql } from './walk.ts'

/** Default and largest page of every connection (spec/api.md 4). */
export const PAGE = { default: 25, max: 100 }
/** totalCount counts to here and says whether it got to the end. */
export const COUNT_LIMIT = 1_000_000

/** Arguments of a connection as clients write them. */
export interface ConnectionArgs {
  first?: number | null
  after?: string | null
  last?: number | null
  before?: string | null
  where?: Record<string, unknown> | null
  orderBy?: OrderBy[] | null
  search?: string | null
  deleted?: boolean | null
  /** Not a client's: the uuids among which all records of the list are known to be, as PostgreSQL writes an array; see search.ts. */
  among?: string | null
}

/** What one request brings to a plan. */
export interface Request {
  schema: GraphQLSchema
  variables: Record<string, unknown>
  tenantId: string
  cursors: Cursors
  /** What the viewer may see. */
  access: ReadAccess
}

/** How to turn a row of the answer into what resolvers read; the mirror of a selection. */
export interface RowShape {
  type: RecordType
  /** Fields whose JSON differs from their API value. */
  convert: Field[]
  /** Fields of which the viewer gets a masked text. */
  masked: Field[]
  /** Read for the sake of another, and not the viewer's to see. */
  drop: string[]
  ones: [key: string, shape: RowShape][]
  manys: [key: string, shape: ConnectionShape][]
  any: boolean
  /** What a row may name, in `~withheld`, as kept back by its pool: names of fields by keys of the row. */
  withholds?: Map<string, string>
  /** The custom fields that the viewer sees; null where they are not asked for. */
  custom: readonly ShownCustom[] | null
}

export interface ConnectionShape {
  row: RowShape | null
  /** Rows the page may hold; one more was asked for when `peek`. */
  size: number
  peek: boolean
  backward: boolean
  /** Seals a row's keys; null when no cursor is asked for. */
  seal: ((keys: (string | null)[]) => string) | null
  /** Is there something behind the cursor that the page began at: known without asking when there was no cursor. */
  behindKnown: boolean
  count: boolean
}

/** Writes one statement: hands out aliases and parameters and knows what the viewer may see. */
export class Emitter implements Scope {
  readonly request: Request
  readonly params: Params
  private aliases = 0

  constructor(request: Request) {
    this.request = request
    this.params = new Params(request.tenantId)
  }

  alias(): string {
    return `t${this.aliases++}`
  }

  get access(): ReadAccess {
    return this.request.access
  }

  /** The one predicate that stands on every record type on every way: the tenant's, not deleted, in the viewer's scope. */
  visible(type: RecordType, alias: string, via?: Via): string {
    return this.inScope(type, alias, `${alias}.deleted_at IS NULL`, via)
  }

  /** Like `visible`, for records in another state: deleted ones, or all (`state` null). */
  inScope(type: RecordType, alias: string, state: string | null, via?: Via): string {
    const scope = this.access.predicate(type, alias, this, 'read', via)
    return `${alias}.tenant_id = ${TENANT}${state ? ` AND ${state}` : ''}${scope ? ` AND ${scope}` : ''}`
  }

  /**
   * SELECT list of a record on an alias, and the shape of its rows. Columns stand under field names, relations under '@' and their response key. What
   * the viewer may not see is left out: resolvers then find nothing there.
   *
   * @param list do the records stand in a list: some masks hold only there.
   */
  row(selection: Selection, alias: string, list = false): { items: string[]; shape: RowShape } {
    const { type } = selection
    const { access } = this
    const shape: RowShape = {
      type,
      convert: [],
      masked: [],
      drop: [],
      ones: [],
      manys: [],
      any: selection.any,
      custom: null,
    }
    const items = new Map<string, string>()
    // What the pool of a record keeps back until it is claimed: keys under which the answer tells so.
    const kept: string[] = []
    const keep = (key: string, name: string, field = name) => {
      const withheld = access.withheld(type, field, alias, this)
      if (!withheld) return
      kept.push(`CASE WHEN ${withheld} THEN '${key}' END`)
      shape.withholds ??= new Map()
      shape.withholds.set(key, name)
    }
    for (const name of selection.columns) {
      if (access.hides(type, name)) continue
      const field = fieldOf(type, name)
      if (access.masks(type, name, list)) shape.masked.push(field)
      const column = shownColumn(type, field, alias, this)
      if (!field.relation) keep(name, name)
      if (field.kind === 'money') {
        const currency = fieldOf(type, 'currency')
        items.set('currency', `${shownColumn(type, currency, alias, this)} AS "currency"`)
        if (access.hides(type, 'currency') && !shape.drop.includes('currency')) shape.drop.push('currency')
      }
      // As text, because JSON numbers are floats to JavaScript; a decimal without the zeros that its column pads it with.
      const value =
        field.kind === 'money'
          ? `${column}::text`
          : field.kind === 'decimal'
            ? `trim_scale(${column}::numeric)::text`
            : column
      items.set(name, `${value} AS ${ident(name)}`)
      if (field.kind === 'money' || field.kind === 'id') shape.convert.push(field)
      else if (field.kind === 'custom') shape.custom = access.shownCustom(type, list)
    }
    for (const [key, one] of selection.ones) {
      if (one.when && !one.when(this.request.variables)) continue
      if (access.hidesRelation(type, one.relation)) continue
      const target = recordType(one.relation.target)
      const other = this.alias()
      const { from, join } = reach(one.relation, type, alias, other, this)
      const inner = this.row(one.selection, other, list)
      // An empty SELECT list is a row too: it tells that the record is there.
      const select = inner.items.length > 0 ? inner.items.join(', ') : '1 AS "~"'
      items.set(
        `one ${key}`,
        `(SELECT row_to_json(x) FROM (SELECT ${select} FROM ${from} WHERE ${this.visible(target, other, { from: type, relation: one.relation })} AND ${join}) x) AS ${ident(`@${key}`)}`,
      )
      shape.ones.push([key, inner.shape])
      keep(`@${key}`, one.relation.name, one.relation.field)
    }
    for (const [key, many] of selection.manys) {
      if (many.when && !many.when(this.request.variables)) continue
      if (access.hidesRelation(type, many.relation)) continue
      const args = this.arguments(type, key, many)
      const target = recordType(many.relation.target)
      const found = this.connection(many.connection, target, args, many.coordinate, {
        via: { from: type, relation: many.relation },
        reach: (other) => reach(many.relation, type, alias, other, this),
      })
      for (const [suffix, sql] of found.items)
        items.set(`many ${key}${suffix}`, `(${sql}) AS ${ident(`@${key}${suffix}`)}`)
      shape.manys.push([key, found.shape])
    }
    if (selection.any && type.any && !access.hides(type, 'recordId')) {
      items.set('~type', `${alias}.${ident(type.any.typeColumn)} AS "~type"`)
      items.set('~id', `${alias}.${ident(type.any.idColumn)} AS "~id"`)
    }
    if (kept.length > 0) {
      const pooled = `${alias}.${ident(fieldOf(type, 'poolId').column)} IS NOT NULL`
      items.set(
        '~withheld',
        `CASE WHEN ${pooled} THEN array_remove(ARRAY[${kept.join(', ')}], NULL) END AS "~withheld"`,
      )
    }
    return { items: [...items.values()], shape }
  }

  /** The arguments of a to-many relation; the same wherever the document asks for it under one key, or there is no one answer. */
  private arguments(type: RecordType, key: string, { nodes }: Many): ConnectionArgs {
    const object = this.request.schema.getType(type.name) as GraphQLObjectType
    const given = nodes.map((node) => {
      const declared = object.getFields()[node.name.value] as GraphQLField<unknown, unknown>
      return getArgumentValues(declared, node, this.request.variables) as ConnectionArgs
    })
    const [args = {}, ...others] = given
    if (others.length > 0 && others.some((other) => JSON.stringify(other) !== JSON.stringify(args))) {
      throw requestError('BAD_USER_INPUT', {
        message: `${key} is asked for twice with different arguments; give one of them another alias.`,
      })
    }
    return args
  }

  /**
   * The scalar sub-queries of a connection: '' its rows, '#' its count, '<' whether something lies behind the cursor.
   *
   * @param source the way to the records, with FROM and join for an alias; absent for a root field.
   */
  connection(
    plan: ConnectionPlan,
    type: RecordType,
    args: ConnectionArgs,
    coordinate: string,
    source?: { via: Via; reach: (alias: string) => { from: string; join: string } },
  ): { items: [suffix: string, sql: string][]; shape: ConnectionShape } {
    const page = pageOf(args)
    args.orderBy?.forEach(({ field, customField }, index) => {
      if (field) this.access.requireField(type, field, ['orderBy', String(index)])
      else if (customField) this.access.requireField(type, 'customFields', ['orderBy', String(index)])
    })
    if (args.deleted) this.access.requireBin(type, ['deleted'])
    const keys = this.shownKeys(type, orderKeys(type, args.orderBy, this.customKey(type)), args.orderBy)
    const bound = `${this.request.tenantId} ${coordinate} ${JSON.stringify([args.orderBy ?? null, args.where ?? null, args.search ?? null, args.deleted ?? false])}`
    const items: [string, string][] = []
    const shape: ConnectionShape = {
      row: null,
      size: page.size,
      peek: false,
      backward: page.backward,
      seal: plan.cursors ? (values) => this.request.cursors.seal(values, bound) : null,
      behindKnown: true,
      count: plan.count,
    }
    const base = (alias: string) => {
      const { from, join } = source?.reach(alias) ?? { from: this.root(type, alias, args), join: '' }
      const where = [
        args.deleted
          ? this.inScope(type, alias, `${alias}.deleted_at IS NOT NULL`)
          : this.visible(type, alias, source?.via),
      ]
      if (join) where.push(join)
      if (args.where) where.push(compileFilter(type, alias, args.where, this))
      if (args.search) where.push(compileSearch(type, alias, args.search, this))
      return { from, where: where.join(' AND ') }
    }
    const position = (cursor: string | null | undefined, name: string) => {
      if (cursor === null || cursor === undefined) return null
      const values = this.request.cursors.open(cursor, bound)
      if (!values || values.length !== keys.length) {
        throw requestError('BAD_USER_INPUT', {
          message: `The cursor in ${name} does not belong to this list with this filter and order.`,
          extensions: { field: [name] },
        })
      }
      return values
    }
    const after = position(args.after, 'after')
    const before = position(args.before, 'before')
    if (plan.rows) {
      const alias = this.alias()
      const walked = walkable(keys)
      const { from, where } = walked ? { from: '', where: '' } : base(alias)
      const inner = this.row(plan.rows, alias, true)
      if (plan.cursors) inner.items.push(`${keySql(keys, alias)} AS "~keys"`)
      if (inner.items.length === 0) inner.items.push('1 AS "~"')
      shape.row = inner.shape
      shape.peek = page.backward ? plan.hasPrevious : plan.hasNext
      const limit = page.size + (shape.peek ? 1 : 0)
      const order = page.backward ? reverse(keys) : keys
      const rows = (): string => {
        if (walked) {
          const { table } = type
          const [from, to] = page.backward ? [before, after] : [after, before]
          const walk = { custom: walked, keys: order, base, table, alias, items: inner.items, limit }
          return walkSql({ ...walk, after: from, before: to }, this)
        }
        const bounds = [where]
        if (after) bounds.push(afterSql(keys, alias, after, this.params))
        if (before) bounds.push(afterSql(reverse(keys), alias, before, this.params))
        return `SELECT coalesce(json_agg(x), '[]'::json) FROM (SELECT ${inner.items.join(', ')} FROM ${from} WHERE ${bounds.join(' AND ')} ORDER BY ${orderSql(order, alias)} LIMIT ${limit}) x`
      }
      items.push(['', rows()])
      const behind = page.backward ? before && plan.hasNext : after && plan.hasPrevious
      if (behind) {
        shape.behindKnown = false
        items.push([
          '<',
          this.behind(base, keys, page.backward ? 'before' : 'after', (page.backward ? before : after)!),
        ])
      }
    }
    if (plan.count) {
      const { from, where } = base(this.alias())
      items.push(['#', `SELECT count(*) FROM (SELECT 1 FROM ${from} WHERE ${where} LIMIT ${COUNT_LIMIT + 1}) x`])
    }
    return { items, shape }
  }

  /** The keys of an order as the viewer sees them: what a pool withholds is nothing to them, and stands where nothing stands. */
  private shownKeys(type: RecordType, keys: OrderKey[], orderBy: OrderBy[] | null | undefined): OrderKey[] {
    return keys.map((key, index) => {
      const name = orderBy?.[index]?.field
      if (!name || !this.access.withheld(type, name, 'x', this)) return key
      const field = fieldOf(type, name)
      return {
        ...key,
        field: { ...key.field, nullable: true, shown: (alias) => shownColumn(type, field, alias, this) },
      }
    })
  }

  /** Looks custom fields up that a list of the type is to be ordered by. */
  private customKey(type: RecordType): CustomKey {
    return (name, path) => {
      const custom = this.access.customField(type, name, path)
      if (!custom.field.sort) {
        throw requestError('BAD_USER_INPUT', {
          message: `${name} is ${custom.type}, and lists are not ordered by that.`,
          extensions: { field: path },
        })
      }
      // Added when it is first written: a value that no text names is an error.
      let place: string | undefined
      const sql = (alias: string) => {
        place ??= this.params.add(custom.id, 'text')
        return customSql(custom, alias, place)
      }
      return { field: custom.field, sql, custom }
    }
  }

  /** FROM of a root list. Known candidates are fetched by their ids before they are ordered: else the planner may read all names until it has met twenty. */
  private root(type: RecordType, alias: string, { among, orderBy }: ConnectionArgs): string {
    const table = `${ident(type.table)} ${alias}`
    if (typeof among !== 'string') return table
    const ids = this.params.add(among, 'uuid[]')
    const apart = orderBy?.length ? ' OFFSET 0' : ''
    return `(SELECT * FROM ${table} WHERE ${alias}.tenant_id = ${TENANT} AND ${alias}.id = ANY (${ids})${apart}) ${alias}`
  }

  private behind(
    base: (alias: string) => { from: string; where: string },
    keys: OrderKey[],
    side: 'after' | 'before',
    values: (string | null)[],
  ): string {
    const alias = this.alias()
    const { from, where } = base(alias)
    const behind = upToSql(side === 'after' ? keys : reverse(keys), alias, values, this.params)
    return `SELECT EXISTS (SELECT 1 FROM ${from} WHERE ${where} AND ${behind})`
  }
}

/** Reads first/last. Throws PAGE_SIZE_EXCEEDED over 100, BAD_USER_INPUT for both at once or a negative size. */
export function pageOf({ first, last }: ConnectionArgs): { size: number; backward: boolean } {
  const given = (value: number | null | undefined): value is number => value !== null && value !== undefined
  if (given(first) && given(last)) {
    throw requestError('BAD_USER_INPUT', { message: 'Give first or last, not both.', extensions: { field: ['last'] } })
  }
  const size = given(first) ? first : given(last) ? last : PAGE.default
  const name = given(last) ? 'last' : 'first'
  if (size < 0) {
    throw requestError('BAD_USER_INPUT', { message: `${name} must not be negative.`, extensions: { field: [name] } })
  }
  if (size > PAGE.max) {
    throw requestError('PAGE_SIZE_EXCEEDED', {
      message: `${name} must not exceed ${PAGE.max}.`,
      extensions: { field: [name], max: PAGE.max },
    })
  }
  return { size, backward: given(last) }
}

import {
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLOutputType,
  getArgumentValues,
  getNamedType,
  getNullableType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
} from 'graphql'
import { encodeSuffix } from '../ids.ts'
import { type AggregateFunction, type AggregatePlan, FUNCTIONS, type Groups, placeOfKey } from './aggregate.ts'
import { customValues } from './custom.ts'
import { type ConnectionArgs, type ConnectionShape, PAGE, type RowShape } from './emit.ts'
import { Connection, type Row } from './finish.ts'
import type { ConnectionPlan, Selection } from './plan.ts'
import { type Field, fieldOf, type RecordType, recordType } from './recordType.ts'
import { formatMoney, maskText } from './values.ts'

/** A field of an operation as it stands in the answer: fragments opened, equal keys merged. */
export interface Asked {
  key: string
  node: FieldNode
  field: GraphQLField<unknown, unknown>
  type: GraphQLCompositeType | undefined
  /** Set when @skip or @include decide about it. */
  when: unknown
  children: readonly Asked[]
}

/** Writes a row of a statement as JSON of the answer. Throws Unfit for a row that the general way must answer. */
export type WriteRow = (row: Row, shape: RowShape) => string
/** Writes a page of rows as JSON of the answer. */
export type WriteConnection = (shape: ConnectionShape, rows: Row[] | null, count: unknown, behind: unknown) => string

/** This operation, or this row, is not for the short way: the general one answers it, with its errors if it has any. */
export class Unfit extends Error {
  override name = 'Unfit'
}

/** Points of what has been written since the last call of `tally`; see http/cost.ts, whose rules these follow. Writing never waits, so one count serves all. */
let points = 0

/** Runs `write` and gives its text with the points of the objects in it. */
export function tally(write: () => string): { text: string; points: number } {
  points = 0
  const text = write()
  return { text, points }
}

interface Extensions {
  field?: string
  relation?: string
  /** The relation's records stand in the row, and nothing else is asked for them. */
  inRow?: boolean
  rule?: unknown
  cost?: number
  connection?: boolean
  defaultSize?: number
}

const extensionsOf = (asked: Asked) => asked.field.extensions as Extensions

// What JSON escapes, and halves of characters, which JSON.stringify knows to write.
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/

function quote(text: string): string {
  return ESCAPED.test(text) ? JSON.stringify(text) : `"${text}"`
}

type WriteValue = (value: unknown) => string

/** JSON of a leaf's values, as its type's serialize makes them. */
function leafWriter(type: GraphQLOutputType): WriteValue {
  const named = getNamedType(type)
  if (isEnumType(named)) {
    const known = new Map(named.getValues().map(({ name, value }) => [value as unknown, `"${name}"`]))
    return (value) => known.get(value) ?? unfit()
  }
  if (!isScalarType(named)) return unfit()
  switch (named.name) {
    case 'String':
    case 'ID':
      return (value) => (typeof value === 'string' ? quote(value) : JSON.stringify(named.serialize(value)))
    case 'Int':
      return (value) =>
        Number.isInteger(value) && Math.abs(value as number) < 2 ** 31
          ? String(value)
          : JSON.stringify(named.serialize(value))
    case 'Boolean':
      return (value) => (typeof value === 'boolean' ? String(value) : JSON.stringify(named.serialize(value)))
    default:
      return (value) => {
        const serialized = named.serialize(value)
        return typeof serialized === 'string' ? quote(serialized) : JSON.stringify(serialized)
      }
  }
}

function unfit(): never {
  throw new Unfit()
}

/** Wraps a writer of values that are there: null is null, or unfit where the schema does not allow it. */
function nullable(type: GraphQLOutputType, write: WriteValue): WriteValue {
  const required = isNonNullType(type)
  return (value) => (value === null || value === undefined ? (required ? unfit() : 'null') : write(value))
}

/** Writer of a leaf or of a list of leaves, with what the schema says about nulls. */
function valueWriter(type: GraphQLOutputType): WriteValue {
  const inner = getNullableType(type)
  if (!isListType(inner)) return nullable(type, leafWriter(type))
  const item = valueWriter(inner.ofType)
  return nullable(type, (value) => (Array.isArray(value) ? `[${value.map(item).join(',')}]` : unfit()))
}

/** What stands in front of each value of an object. */
function keysOf(fields: readonly Asked[]): string[] {
  if (fields.length === 0 || fields.some(({ when }) => when)) return unfit()
  return fields.map(({ key }, index) => `${index === 0 ? '{' : ','}${JSON.stringify(key)}:`)
}

/** Joins the parts of an object, each with its key in front. */
function objectOf<Args extends unknown[]>(
  fields: readonly Asked[],
  writerOf: (asked: Asked) => (...args: Args) => string,
  typeName: string,
): (...args: Args) => string {
  const keys = keysOf(fields)
  const writers = fields.map((asked) => (asked.field.name === '__typename' ? () => `"${typeName}"` : writerOf(asked)))
  const { length } = keys
  return (...args) => {
    let text = ''
    for (let at = 0; at < length; at++) text += keys[at]! + writers[at]!(...args)
    return `${text}}`
  }
}

/** A structured value: an object of leaves. */
function shapeWriter(asked: Asked): WriteValue {
  const named = getNamedType(asked.field.type)
  if (!isObjectType(named)) return unfit()
  return objectOf(
    asked.children,
    (member) => {
      const name = member.field.name
      const write = valueWriter(member.field.type)
      return (value: unknown) => write((value as Record<string, unknown>)[name])
    },
    named.name,
  )
}

/** An amount, the column's text, with its currency. */
function moneyWriter(asked: Asked): (amount: unknown, currency: unknown) => string {
  const write = objectOf(
    asked.children,
    (part) => {
      if (part.field.name === 'amount') return (amount: string) => `"${formatMoney(amount)}"`
      const currency = valueWriter(part.field.type)
      return (_amount: string, of: unknown) => currency(of)
    },
    getNamedType(asked.field.type).name,
  )
  return (amount, currency) => (amount === null || amount === undefined ? 'null' : write(amount as string, currency))
}

function columnWriter(asked: Asked, field: Field, type: RecordType): WriteRow {
  const { name, kind } = field
  const { type: output } = asked.field
  if (kind === 'id') {
    const { prefix } = recordType(field.target ?? type.name)
    const write = nullable(output, (uuid) => `"${prefix}_${encodeSuffix(uuid as string)}"`)
    return (row) => write(row[name])
  }
  if (kind === 'money') {
    const write = moneyWriter(asked)
    return (row) => {
      points++
      return write(row[name], row.currency)
    }
  }
  if (kind === 'object') {
    const write = nullable(output, shapeWriter(asked))
    return (row) => {
      points++
      return write(row[name])
    }
  }
  if (kind === 'objects') {
    const item = shapeWriter(asked)
    const write = nullable(output, (value) =>
      Array.isArray(value) ? `[${value.map((one) => (one === null ? unfit() : item(one))).join(',')}]` : unfit(),
    )
    return (row) => {
      const value = row[name]
      // A list of unknown length costs one object at most.
      points += Array.isArray(value) ? Math.min(value.length, 1) : 1
      return write(value)
    }
  }
  if (kind === 'custom') {
    return (row, shape) => {
      const value = row[name]
      return value && shape.custom ? JSON.stringify(customValues(value, shape.custom)) : 'null'
    }
  }
  const write = valueWriter(output)
  return (row, shape) => {
    const value = row[name]
    if (shape.masked.length > 0 && typeof value === 'string' && shape.masked.includes(field))
      return write(maskText(kind, value))
    return write(value)
  }
}

/**
 * A writer of records of a type.
 *
 * @throws Unfit when something is asked for that is not a plain column or a declared relation: fields with a resolver or a rule of their own, links of any
 * type, @skip and @include.
 */
export function recordWriter(type: RecordType, fields: readonly Asked[], selection: Selection): WriteRow {
  const ones = [...selection.ones.keys()]
  const manys = [...selection.manys.keys()]
  const write = objectOf(
    fields,
    (asked): WriteRow => {
      const { field: fieldName, relation: relationName, inRow, rule, cost = 0 } = extensionsOf(asked)
      if (rule) return unfit()
      if (fieldName && type.fields.has(fieldName)) {
        // Whatever has a resolver shows something else than its column.
        if (asked.field.resolve || !selection.columns.has(fieldName) || cost > 0) return unfit()
        return columnWriter(asked, fieldOf(type, fieldName), type)
      }
      const { key } = asked
      const relation = relationName && inRow ? type.relations.get(relationName) : undefined
      if (!relation) return unfit()
      const place = `@${key}`
      if (relation.kind === 'one') {
        const one = selection.ones.get(key)
        const at = ones.indexOf(key)
        if (!one || one.when || one.relation !== relation) return unfit()
        const write = recordWriter(recordType(relation.target), asked.children, one.selection)
        return (row, shape) => {
          points += 1 + cost
          const found = shape.ones[at]
          if (found?.[0] !== key) unfit()
          const value = row[place]
          return value ? write(value as Row, found![1]) : 'null'
        }
      }
      const many = selection.manys.get(key)
      const at = manys.indexOf(key)
      if (!many || many.when || many.relation !== relation) return unfit()
      const write = connectionWriter(recordType(relation.target), asked, many.connection)
      return (row, shape) => {
        const found = shape.manys[at]
        if (found?.[0] !== key) unfit()
        return write(found![1], row[place] as Row[] | null, row[`${place}#`], row[`${place}<`])
      }
    },
    type.name,
  )
  return (row, shape) => {
    // What is kept back stands in the answer with an error.
    if (shape.withholds && (row['~withheld'] as unknown[] | null)?.length) unfit()
    return write(row, shape)
  }
}

/** A writer of pages of a type. @throws Unfit as recordWriter does. */
export function connectionWriter(type: RecordType, asked: Asked, plan: ConnectionPlan): WriteConnection {
  const { cost = 0 } = extensionsOf(asked)
  const record = (of: Asked) => recordWriter(type, of.children, plan.rows ?? unfit())
  const rowsOf =
    (write: (row: Row, page: Connection, shape: RowShape) => string) => (page: Connection, shape: RowShape) => {
      const { nodes } = page
      points += nodes.length
      let text = '['
      for (let at = 0; at < nodes.length; at++) text += (at > 0 ? ',' : '') + write(nodes[at]!, page, shape)
      return `${text}]`
    }
  const write = objectOf(
    asked.children,
    (part): ((page: Connection, shape: RowShape) => string) => {
      switch (part.field.name) {
        case 'nodes': {
          const node = record(part)
          return rowsOf((row, _page, shape) => node(row, shape))
        }
        case 'edges': {
          if (part.children.filter(({ field }) => field.name === 'node').length > 1) return unfit()
          const edge = objectOf(
            part.children,
            (inner): ((row: Row, page: Connection, shape: RowShape) => string) => {
              if (inner.field.name === 'cursor') return (row, page) => `"${page.cursor(row) ?? unfit()}"`
              const node = record(inner)
              return (row, _page, shape) => node(row, shape)
            },
            `${type.name}Edge`,
          )
          return rowsOf(edge)
        }
        case 'pageInfo': {
          const info = objectOf(
            part.children,
            (inner): ((page: Connection) => string) => {
              const name = inner.field.name as keyof Connection['pageInfo']
              return ({ pageInfo }) => {
                const value = pageInfo[name]
                return typeof value === 'string' ? `"${value}"` : String(value)
              }
            },
            'PageInfo',
          )
          return (page) => info(page)
        }
        case 'totalCount': {
          const count = objectOf(
            part.children,
            (inner): ((page: Connection) => string) => {
              const name = inner.field.name as 'value' | 'isExact'
              return ({ totalCount }) => String(totalCount?.[name] ?? unfit())
            },
            'Count',
          )
          return (page) => {
            points += 5
            return count(page)
          }
        }
        default:
          return unfit()
      }
    },
    `${type.name}Connection`,
  )
  const none = plan.rows === null
  return (shape, rows, count, behind) => {
    points += 2 + cost
    const page = rows ?? []
    const more = shape.peek && page.length > shape.size
    if (more) page.pop()
    if (shape.backward) page.reverse()
    const connection = new Connection(
      shape,
      page,
      more,
      shape.behindKnown ? false : Boolean(behind),
      shape.count ? Number(count) : null,
    )
    return write(connection, none ? (undefined as never) : shape.row!)
  }
}

/** Writes the part of a group that stands at a place in its lists. */
type WriteGroup = (at: number) => string
/** Binds a writer to the groups of an answer. */
type BindGroups = (groups: Groups) => WriteGroup

/** Like objectOf, for objects whose values stand in lists. */
function groupOf(fields: readonly Asked[], bindOf: (asked: Asked) => BindGroups, typeName: string): BindGroups {
  const keys = keysOf(fields)
  const binds = fields.map((asked): BindGroups => {
    if (asked.field.name === '__typename') return () => () => `"${typeName}"`
    return bindOf(asked)
  })
  const { length } = keys
  return (groups) => {
    const writers = binds.map((bind) => bind(groups))
    return (at) => {
      let text = ''
      for (let index = 0; index < length; index++) text += keys[index]! + writers[index]!(at)
      return `${text}}`
    }
  }
}

/** A record that groups have as their key. It is written once, and costs each time. */
function keyRecordBind(asked: Asked, place: string, { records }: AggregatePlan): BindGroups {
  const planned = records.get(place)
  if (planned?.relation !== asked.field.name) return unfit()
  const { type } = planned.selection
  const write = recordWriter(type, asked.children, planned.selection)
  return ({ records: found }) => {
    const record = found.get(place)
    if (!record) return () => 'null'
    const { ids, rows, shape } = record
    const texts = new Map<string, { text: string; points: number }>()
    return (at) => {
      const id = ids[at]
      const row = id ? rows[id] : undefined
      if (!id || !row) return 'null'
      let known = texts.get(id)
      if (!known) {
        const before = points
        const text = write(row, shape)
        known = { text, points: points - before }
        points = before
        texts.set(id, known)
      }
      points += known.points
      return known.text
    }
  }
}

/**
 * A writer of all groups of an aggregate.
 *
 * @throws Unfit as recordWriter does.
 */
export function aggregateWriter(
  type: RecordType,
  asked: Asked,
  plan: AggregatePlan,
): (groups: Groups, variables: Record<string, unknown>) => { text: string; points: number } {
  const { cost = 0 } = extensionsOf(asked)
  // Objects that each group has, whatever is in them.
  let fixed = 1
  const inner: Asked[] = []
  const keyBind = (outer: Asked) => (member: Asked) => {
    if (member.type) {
      fixed++
      inner.push(...member.children)
      return keyRecordBind(member, placeOfKey(outer.key, member.key), plan)
    }
    const { name } = member.field
    if (!plan.keys.has(name)) return unfit()
    const write = valueWriter(member.field.type)
    return ({ keys }: Groups): WriteGroup => {
      const list = keys.get(name)
      return list ? (at) => write(list[at]) : () => 'null'
    }
  }
  const valueBind = (fn: AggregateFunction) => (member: Asked) => {
    const { name } = member.field
    if (!plan.values.get(fn)?.has(name)) return unfit()
    const of = `${fn}.${name}`
    // Null where no custom field is named.
    if (fieldOf(type, name).kind === 'custom') {
      return ({ values }: Groups): WriteGroup => {
        const list = values.get(of)
        return (at) => (list ? JSON.stringify(list[at]) : 'null')
      }
    }
    if (fieldOf(type, name).kind !== 'money') {
      const write = valueWriter(member.field.type)
      return ({ values }: Groups): WriteGroup => {
        const list = values.get(of) ?? unfit()
        return (at) => write(list[at])
      }
    }
    fixed++
    const write = moneyWriter(member)
    return ({ values, currencies }: Groups): WriteGroup => {
      const list = values.get(of) ?? unfit()
      return (at) => write(list[at], currencies[at])
    }
  }
  const bind = groupOf(
    asked.children,
    (part): BindGroups => {
      const { name } = part.field
      if (name === 'count') {
        const write = valueWriter(part.field.type)
        return ({ counts }) =>
          (at) =>
            write(counts[at])
      }
      fixed++
      const named = getNamedType(part.field.type).name
      if (name === 'key') return groupOf(part.children, keyBind(part), named)
      const fn = FUNCTIONS.find((one) => one === name)
      return fn ? groupOf(part.children, valueBind(fn), named) : unfit()
    },
    `${type.name}Group`,
  )
  return (groups, variables) => {
    const { text, points: below } = tally(() => {
      const write = bind(groups)
      let list = '['
      for (let at = 0; at < groups.size; at++) list += (at > 0 ? ',' : '') + write(at)
      return `${list}]`
    })
    // A list of unknown length costs one item at most.
    return { text, points: cost + Math.min(groups.size * fixed + below, fixed + most(inner, variables)) }
  }
}

/** Points of fields when all is there that they ask for. */
function most(fields: readonly Asked[], variables: Record<string, unknown>): number {
  let sum = 0
  for (const { field, node, type, children } of fields) {
    const { cost = 0, connection, defaultSize = PAGE.default } = field.extensions as Extensions
    if (!type) continue
    if (!connection) {
      sum += 1 + cost + most(children, variables)
      continue
    }
    const { first, last } = getArgumentValues(field, node, variables) as ConnectionArgs
    const size = Math.min(Math.max(first ?? last ?? defaultSize, 0), PAGE.max)
    sum += 2 + cost
    for (const part of children) {
      if (part.field.name === 'totalCount') sum += 5
      if (part.field.name === 'nodes') sum += size * (1 + most(part.children, variables))
      if (part.field.name === 'edges') {
        const node = part.children.find((one) => one.field.name === 'node')
        sum += size * (1 + most(node?.children ?? [], variables))
      }
    }
  }
  return sum
}

import { isInputObjectType } from 'graphql'
import { type Field, fieldOf, type RecordType, recordType, recordTypes } from '../../src/read/recordType.ts'
import { ANY } from '../../src/read/values.ts'
import { schema } from '../../src/schema/index.ts'
import type { Any, Company } from './app.ts'
import type { Owner } from './owner.ts'

/** Everything of a company as a client reads it, to work out in JavaScript what filters and aggregates should say. */
export interface Graph {
  /** Records of each type, by id. */
  records: Map<string, Map<string, Any>>
  /** Ids behind a relation of a record. */
  behind(typeName: string, id: string, relation: string): string[]
  /** Compares texts as the database does. */
  compare(a: string, b: string): number
  /** For which records filters were found to hold. */
  known: WeakMap<object, Map<string, boolean>>
}

const PAGE = 40

/** Selection of everything that a filter can ask of a type. */
export function selection(type: RecordType): string {
  return [...type.fields.values()]
    .map((field) => {
      if (field.relation) return `${field.relation} { id }`
      if (field.target === ANY) return `${type.any?.name} { id }`
      if (field.kind === 'money') return `${field.name} { amount currency }`
      if (field.shape) return `${field.name} { ${Object.keys(field.shape.members).join(' ')} }`
      return field.name
    })
    .join(' ')
}

/** The value of a column of a record, as a filter sees it. */
export function valueIn(type: RecordType, field: Field, record: Any): Any {
  if (field.relation) return record[field.relation]?.id ?? null
  if (field.target === ANY) return record[type.any?.name as string]?.id ?? null
  return field.kind === 'money' ? (record[field.name]?.amount ?? null) : record[field.name]
}

/** Reads all live records of all types with their ways to one and to many, by nested reads. */
export async function readGraph(company: Company, owner: Owner): Promise<Graph> {
  const records: Graph['records'] = new Map()
  const ways = new Map<string, string[]>()
  for (const type of recordTypes()) {
    const byId = new Map<string, Any>()
    records.set(type.name, byId)
    let after: string | null = null
    do {
      const data: Any = await company.run(
        `query($after: String) { list: ${type.plural}(first: ${PAGE}, after: $after) { nodes { ${selection(type)} } pageInfo { hasNextPage endCursor } } }`,
        { after },
      )
      for (const record of data.list.nodes) byId.set(record.id, record)
      after = data.list.pageInfo.hasNextPage ? data.list.pageInfo.endCursor : null
    } while (after)
    for (const relation of type.relations.values()) {
      if (relation.kind === 'one') {
        for (const record of byId.values())
          ways.set(
            `${type.name} ${record.id} ${relation.name}`,
            record[relation.name] ? [record[relation.name].id] : [],
          )
        continue
      }
      const ids = [...byId.keys()]
      for (let from = 0; from < ids.length; from += 8) {
        const data: Any = await company.run(
          `query($ids: [ID!]) { list: ${type.plural}(first: 8, where: { id: { in: $ids } }) { nodes { id many: ${relation.name}(first: 100) { nodes { id } pageInfo { hasNextPage } } } } }`,
          { ids: ids.slice(from, from + 8) },
        )
        for (const { id, many } of data.list.nodes) {
          if (many.pageInfo.hasNextPage) throw new Error(`${type.name}.${relation.name} has more than a page.`)
          ways.set(
            `${type.name} ${id} ${relation.name}`,
            many.nodes.map((one: Any) => one.id),
          )
        }
      }
    }
  }
  // A database of another collation than ours orders texts by their code points.
  const [row] = await owner.rows<{ icu: boolean }>(`SELECT 'a' < 'B' AS icu`)
  const collator = new Intl.Collator('en')
  return {
    records,
    behind: (typeName, id, relation) => ways.get(`${typeName} ${id} ${relation}`) as string[],
    known: new WeakMap(),
    compare: row?.icu ? collator.compare : (a, b) => (a === b ? 0 : a < b ? -1 : 1),
  }
}

/** The operators that the schema offers on a field of a type's filter. */
export function operatorsOf(inputName: string, fieldName: string): string[] {
  const filter = schema.getType(inputName)
  if (!isInputObjectType(filter)) throw new Error(`There is no ${inputName}.`)
  const operators = filter.getFields()[fieldName]?.type
  return isInputObjectType(operators) ? Object.keys(operators.getFields()) : []
}

const NUMBERS = ['int', 'decimal', 'money']

function order(graph: Graph, kind: Field['kind'], a: Any, b: Any): number {
  if (NUMBERS.includes(kind)) return Number(a) - Number(b)
  if (kind === 'datetime') return Date.parse(a) - Date.parse(b)
  if (kind === 'date') return a === b ? 0 : a < b ? -1 : 1
  return graph.compare(a, b)
}

/** Does one operator hold for a value, by the words of the filter inputs' descriptions. */
export function holds(graph: Graph, kind: Field['kind'], value: Any, operator: string, operand: Any): boolean {
  const empty = value === null || value === undefined
  const equal = (one: Any) =>
    !empty && (NUMBERS.includes(kind) || kind === 'datetime' ? order(graph, kind, value, one) === 0 : value === one)
  switch (operator) {
    case 'isNull':
      return empty === operand
    case 'eq':
      return equal(operand)
    case 'neq':
      return !equal(operand)
    case 'in':
      return operand.some(equal)
    case 'notIn':
      return !operand.some(equal)
    case 'lt':
      return !empty && order(graph, kind, value, operand) < 0
    case 'lte':
      return !empty && order(graph, kind, value, operand) <= 0
    case 'gt':
      return !empty && order(graph, kind, value, operand) > 0
    case 'gte':
      return !empty && order(graph, kind, value, operand) >= 0
    case 'contains':
      return !empty && value.toLowerCase().includes(operand.toLowerCase())
    case 'startsWith':
      return !empty && value.toLowerCase().startsWith(operand.toLowerCase())
    case 'arrayContains':
      return !empty && value.includes(operand)
    default:
      throw new Error(`Nobody has said what ${operator} means.`)
  }
}

/** Does a filter hold for a record. Each filter object is looked at once for a record: relations ask for the same one on many ways. */
export function matches(graph: Graph, typeName: string, id: string, filter: Record<string, Any>): boolean {
  let known = graph.known.get(filter)
  if (!known) {
    known = new Map()
    graph.known.set(filter, known)
  }
  let found = known.get(id)
  if (found === undefined) {
    found = work(graph, typeName, id, filter)
    known.set(id, found)
  }
  return found
}

function work(graph: Graph, typeName: string, id: string, filter: Record<string, Any>): boolean {
  const type = recordType(typeName)
  const record = graph.records.get(typeName)?.get(id)
  return Object.entries(filter).every(([name, given]) => {
    if (name === 'and') return given.every((one: Any) => matches(graph, typeName, id, one))
    if (name === 'or') return given.some((one: Any) => matches(graph, typeName, id, one))
    if (name === 'not') return !matches(graph, typeName, id, given)
    const relation = type.relations.get(name)
    if (relation) {
      const others = graph.behind(typeName, id, name)
      const hits = (inner: Any) => others.filter((other) => matches(graph, relation.target, other, inner)).length
      return Object.entries<Any>(given).every(([quantifier, inner]) => {
        if (quantifier === 'isNull') return (others.length === 0) === inner
        if (quantifier === 'every') return hits(inner) === others.length
        return quantifier === 'none' ? hits(inner) === 0 : hits(inner) > 0
      })
    }
    const field = fieldOf(type, name)
    const value = valueIn(type, field, record)
    if (field.kind !== 'object')
      return Object.entries(given).every(([operator, operand]) => holds(graph, field.kind, value, operator, operand))
    return Object.entries<Any>(given).every(([member, inner]) => {
      if (member === 'isNull') return (value === null) === inner
      const { kind } = field.shape!.members[member]!
      return Object.entries(inner).every(([operator, operand]) =>
        holds(graph, kind, value?.[member] ?? null, operator, operand),
      )
    })
  })
}

import {
  type ArgumentNode,
  type FieldNode,
  type GraphQLInputType,
  isInputObjectType,
  isListType,
  isNonNullType,
  Kind,
  valueFromAST,
} from 'graphql'
import { isAsked, type Shape, type ShapeField } from './limits.ts'
import type { Variables } from './variables.ts'

/** What the schema says about a field's price, in the field's GraphQL `extensions`. */
export interface FieldPrice {
  /** A Relay connection: 2 + size × what one node costs. */
  connection?: boolean
  /** Size of a connection's page if neither `first` nor `last` is given; 25. */
  defaultSize?: number
  /** The list argument whose length says how many objects come back, for example `ids`. */
  sizeArgument?: string
  /** Points on top, for example 20 for an aggregate. */
  cost?: number
}

const PRICE = { object: 1, connection: 2, mutation: 10, totalCount: 5, contains: 10 }
const DEFAULT_SIZE = 25
/** Over this the resolver refuses the page with PAGE_SIZE_EXCEEDED, so nothing larger is ever read. */
const MAX_SIZE = 100

/** A field of an operation with what it costs. Fields that cost nothing are left out of the tree. */
interface Priced {
  of: ShapeField
  kind: 'leaf' | 'object' | 'mutation' | 'connection'
  /** Points whatever comes back. */
  own: number
  /** Points for `contains` operators in the arguments. */
  searches: ((variables: Variables) => number) | undefined
  /** Length of the list, if an argument says it. */
  size: ((variables: Variables) => number) | undefined
  children: Priced[]
  /** Of a connection: what one node costs, under `nodes` and under `edges`. */
  items: { key: string; inner: string | undefined; children: Priced[] }[]
}

/** The price of an operation: `requested` before it runs, `actual` from its data. Both follow spec/api.md 7. */
export interface Price {
  requested(variables: Variables): number
  /** Never above `requested`. */
  actual(data: unknown, variables: Variables): number
}

/** Works out once per operation what depends on variables and data later. */
export function priceOf({ operation, fields }: Shape): Price {
  const root = pricedAll(fields, operation.operation === 'mutation')
  const requested = (variables: Variables) => requestedSum(root, variables)
  return {
    requested,
    actual: (data, variables) =>
      isObject(data) ? Math.min(actualSum(root, data, variables), requested(variables)) : 0,
  }
}

function pricedAll(fields: ShapeField[], mutations = false): Priced[] {
  return fields.flatMap((field) => {
    const one = priced(field, mutations)
    return one ? [one] : []
  })
}

function priced(of: ShapeField, mutation: boolean): Priced | undefined {
  if (of.introspection) return undefined
  const { connection, defaultSize = DEFAULT_SIZE, sizeArgument, cost = 0 } = of.field.extensions as FieldPrice
  const searches = searchesOf(of)
  const common = { of, searches, size: sizeArgument ? listSize(of.node, sizeArgument) : undefined, items: [] }
  if (connection) {
    const items = of.children.filter(({ field }) => field.name === 'nodes' || field.name === 'edges')
    const rest = of.children.filter((child) => !items.includes(child) && child.field.name !== 'pageInfo')
    return {
      ...common,
      kind: 'connection',
      own: PRICE.connection + cost,
      size: pageSize(of.node, defaultSize),
      children: rest.flatMap((child) =>
        child.field.name === 'totalCount' ? [{ ...leaf(child), own: PRICE.totalCount }] : pricedAll([child]),
      ),
      items: items.flatMap(itemsOf),
    }
  }
  if (!of.type) return cost > 0 || searches ? { ...common, kind: 'leaf', own: cost, children: [] } : undefined
  const base = mutation ? PRICE.mutation : PRICE.object
  return { ...common, kind: mutation ? 'mutation' : 'object', own: base + cost, children: pricedAll(of.children) }
}

function leaf(of: ShapeField): Priced {
  return { of, kind: 'leaf', own: 0, searches: undefined, size: undefined, children: [], items: [] }
}

/** `nodes` is a list of records, `edges` a list of objects whose `node` is the record: one point each either way. */
function itemsOf(of: ShapeField): Priced['items'] {
  if (of.field.name === 'nodes') return [{ key: of.key, inner: undefined, children: pricedAll(of.children) }]
  const nodes = of.children.filter(({ field }) => field.name === 'node')
  if (nodes.length === 0) return [{ key: of.key, inner: undefined, children: [] }]
  return nodes.map((node) => ({ key: of.key, inner: node.key, children: pricedAll(node.children) }))
}

function requestedSum(fields: Priced[], variables: Variables): number {
  let common = 0
  // Of the object types that an abstract type can be, one comes back: the dearest counts.
  let perType: Map<string, number> | undefined
  for (const one of fields) {
    const cost = requestedOf(one, variables)
    if (one.of.only === undefined) common += cost
    else {
      perType ??= new Map()
      perType.set(one.of.only, (perType.get(one.of.only) ?? 0) + cost)
    }
  }
  return perType ? common + Math.max(...perType.values()) : common
}

function requestedOf(one: Priced, variables: Variables): number {
  if (!isAsked(one.of, variables)) return 0
  const fixed = one.searches?.(variables) ?? 0
  const size = one.size?.(variables) ?? 1
  const below = requestedSum(one.children, variables)
  switch (one.kind) {
    case 'leaf':
      return fixed + one.own
    case 'connection': {
      const perItem = one.items.reduce((sum, item) => sum + PRICE.object + requestedSum(item.children, variables), 0)
      return fixed + one.own + size * perItem + below
    }
    case 'mutation':
      return fixed + one.own + size * below
    case 'object':
      return fixed + one.own - PRICE.object + size * (PRICE.object + below)
  }
}

function actualSum(fields: Priced[], data: Record<string, unknown>, variables: Variables): number {
  let sum = 0
  let seen: Set<string> | undefined
  for (const one of fields) {
    const { key, only } = one.of
    if (!Object.hasOwn(data, key)) continue
    if (only !== undefined) {
      // Two object types may ask under one key; what came back is of one of them.
      seen ??= new Set()
      if (seen.has(key)) continue
      seen.add(key)
    }
    sum += actualOf(one, data[key], variables)
  }
  return sum
}

function actualOf(one: Priced, value: unknown, variables: Variables): number {
  const fixed = one.own + (one.searches?.(variables) ?? 0)
  if (one.kind === 'leaf') return fixed
  if (one.kind === 'connection') {
    if (!isObject(value)) return fixed
    const items = one.items.reduce((sum, item) => sum + actualItems(item, value[item.key], variables), 0)
    return fixed + items + actualSum(one.children, value, variables)
  }
  if (one.kind === 'mutation') return fixed + (isObject(value) ? actualSum(one.children, value, variables) : 0)
  if (!Array.isArray(value)) return fixed + (isObject(value) ? actualSum(one.children, value, variables) : 0)
  const all = fixed - PRICE.object + actualItems({ inner: undefined, children: one.children }, value, variables)
  // A list of unknown length was asked for at the price of one object.
  return one.size ? all : Math.min(all, requestedOf(one, variables))
}

function actualItems(
  { inner, children }: Pick<Priced['items'][number], 'inner' | 'children'>,
  list: unknown,
  variables: Variables,
): number {
  if (!Array.isArray(list)) return 0
  if (children.length === 0) return list.length * PRICE.object
  let sum = 0
  for (const item of list) {
    const record = inner && isObject(item) ? item[inner] : item
    sum += PRICE.object + (isObject(record) ? actualSum(children, record, variables) : 0)
  }
  return sum
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function argumentOf(node: FieldNode, name: string): ArgumentNode['value'] | undefined {
  return node.arguments?.find((one) => one.name.value === name)?.value
}

function pageSize(node: FieldNode, defaultSize: number): (variables: Variables) => number {
  const sizes = [argumentOf(node, 'first'), argumentOf(node, 'last')]
  return (variables) => {
    for (const value of sizes) {
      const size =
        value?.kind === Kind.VARIABLE
          ? variables[value.name.value]
          : value?.kind === Kind.INT
            ? Number(value.value)
            : null
      if (typeof size === 'number') return Math.min(Math.max(size, 0), MAX_SIZE)
    }
    return defaultSize
  }
}

function listSize(node: FieldNode, name: string): (variables: Variables) => number {
  const value = argumentOf(node, name)
  if (value?.kind === Kind.LIST) return () => value.values.length
  if (value?.kind !== Kind.VARIABLE) return () => 1
  return (variables) => {
    const list = variables[value.name.value]
    return Array.isArray(list) ? list.length : 1
  }
}

/** Points for the `contains` operators, the ones that cannot use a plain index, in the arguments of a field; undefined when it takes none. */
export function searchesOf({ node, field }: ShapeField): Priced['searches'] {
  const places = (node.arguments ?? []).flatMap((given) => {
    const type = field.args.find(({ name }) => name === given.name.value)?.type
    return type && canSearch(type) ? [{ value: given.value, type }] : []
  })
  if (places.length === 0) return undefined
  return (variables) =>
    places.reduce(
      (sum, { value, type }) => sum + PRICE.contains * countContains(valueFromAST(value, type, variables), type),
      0,
    )
}

const searchable = new WeakMap<object, boolean>()

function canSearch(type: GraphQLInputType): boolean {
  const known = searchable.get(type)
  if (known !== undefined) return known
  const answer = reachesContains(type, new Set())
  searchable.set(type, answer)
  return answer
}

function reachesContains(type: GraphQLInputType, seen: Set<GraphQLInputType>): boolean {
  if (isNonNullType(type) || isListType(type)) return reachesContains(type.ofType as GraphQLInputType, seen)
  if (!isInputObjectType(type) || seen.has(type)) return false
  // Filters nest in themselves.
  seen.add(type)
  return Object.values(type.getFields()).some((one) => one.name === 'contains' || reachesContains(one.type, seen))
}

function countContains(value: unknown, type: GraphQLInputType): number {
  if (isNonNullType(type)) return countContains(value, type.ofType)
  if (isListType(type)) {
    const list = Array.isArray(value) ? value : [value]
    return list.reduce<number>((sum, one) => sum + countContains(one, type.ofType), 0)
  }
  if (!isInputObjectType(type) || !isObject(value)) return 0
  const fields = type.getFields()
  return Object.entries(value).reduce((sum, [name, inner]) => {
    const field = fields[name]
    if (!field || inner == null) return sum
    return sum + (name === 'contains' ? 1 : countContains(inner, field.type))
  }, 0)
}

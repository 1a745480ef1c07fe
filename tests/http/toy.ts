import { setImmediate as later } from 'node:timers/promises'
import {
  GraphQLBoolean,
  GraphQLEnumType,
  GraphQLID,
  GraphQLInputObjectType,
  GraphQLInt,
  GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLString,
  GraphQLUnionType,
} from 'graphql'
import { requestError } from '../../src/errors.ts'

/** A person of the toy schema. */
interface Person {
  id: string
  name: string
  kind: 'Person'
}

/** Events that resolvers of the toy schema note, for tests that look at order. */
export const events: string[] = []

const person = (n: number): Person => ({ id: `p${n}`, name: `人 ${n}`, kind: 'Person' })

const Color = new GraphQLEnumType({ name: 'Color', values: { RED: { value: 'r' }, GREEN: { value: { g: 1 } } } })

/** A scalar whose inner value is no JSON, and whose errors quote what they got. */
const Day = new GraphQLScalarType<Date, string>({
  name: 'Day',
  serialize: (value) => (value as Date).toISOString().slice(0, 10),
  parseValue(value) {
    const date = new Date(String(value))
    if (Number.isNaN(date.getTime())) throw new Error(`Not a day: ${value}`)
    return date
  },
})

const Email = new GraphQLScalarType<string, string>({
  name: 'Email',
  parseValue(value) {
    if (!String(value).includes('@')) throw requestError('BAD_USER_INPUT', { message: 'An e-mail address needs an @.' })
    return String(value)
  },
})

const Json = new GraphQLScalarType({ name: 'JSON' })

const TextFilter = new GraphQLInputObjectType({
  name: 'TextFilter',
  fields: { eq: { type: GraphQLString }, contains: { type: GraphQLString } },
})

const Where: GraphQLInputObjectType = new GraphQLInputObjectType({
  name: 'Where',
  fields: () => ({
    name: { type: TextFilter },
    color: { type: Color },
    day: { type: Day },
    limit: { type: GraphQLInt, defaultValue: 7 },
    must: {
      type: new GraphQLInputObjectType({ name: 'Must', fields: { it: { type: new GraphQLNonNull(GraphQLString) } } }),
    },
    or: { type: new GraphQLList(new GraphQLNonNull(Where)) },
  }),
})

const Node = new GraphQLInterfaceType({
  name: 'Node',
  fields: { id: { type: new GraphQLNonNull(GraphQLID) } },
  resolveType: (value: { kind: string }) => value.kind,
})

const PersonType: GraphQLObjectType<Person> = new GraphQLObjectType<Person>({
  name: 'Person',
  interfaces: [Node],
  fields: () => ({
    id: { type: new GraphQLNonNull(GraphQLID) },
    name: { type: GraphQLString },
    nick_name: { type: GraphQLString, resolve: ({ name }) => `~${name}` },
    slow: { type: GraphQLString, resolve: ({ name }) => later(name) },
    boss: { type: PersonType, resolve: ({ id }) => (id === 'p0' ? null : person(0)) },
    hidden: {
      type: GraphQLString,
      resolve() {
        throw requestError('FIELD_FORBIDDEN')
      },
    },
    fails: {
      type: new GraphQLNonNull(GraphQLString),
      resolve() {
        throw new Error('pg: relation "crm.secret" does not exist')
      },
    },
    failsLater: {
      type: new GraphQLNonNull(GraphQLString),
      async resolve() {
        await later()
        throw new Error('secret')
      },
    },
    friends: connection('Person', () => PersonType),
  }),
})

const Robot = new GraphQLObjectType({
  name: 'Robot',
  interfaces: [Node],
  fields: () => ({
    id: { type: new GraphQLNonNull(GraphQLID) },
    model: { type: GraphQLString },
    friends: connection('Person', () => PersonType),
  }),
})

const Anyone = new GraphQLUnionType({
  name: 'Anyone',
  types: [PersonType, Robot],
  resolveType(value: { kind: string }) {
    if (value.kind === 'broken') throw new Error('secret type')
    return value.kind
  },
})

const PageInfo = new GraphQLObjectType({ name: 'PageInfo', fields: { hasNextPage: { type: GraphQLBoolean } } })

function connection(name: string, node: () => GraphQLObjectType) {
  const Connection = connections.get(name) ?? connectionType(name, node)
  return {
    type: Connection,
    args: { first: { type: GraphQLInt }, last: { type: GraphQLInt }, where: { type: Where } },
    extensions: { connection: true, defaultSize: 25 },
    resolve(_source: unknown, { first, last }: { first?: number | null; last?: number | null }) {
      const nodes = Array.from({ length: Math.min(first ?? last ?? 25, 3) }, (_, n) => person(n))
      return {
        nodes,
        edges: nodes.map((one) => ({ cursor: one.id, node: one })),
        pageInfo: { hasNextPage: true },
        totalCount: { value: 3 },
      }
    },
  }
}

const connections = new Map<string, GraphQLObjectType>()

function connectionType(name: string, node: () => GraphQLObjectType): GraphQLObjectType {
  const Edge = new GraphQLObjectType({
    name: `${name}Edge`,
    fields: () => ({ cursor: { type: GraphQLString }, node: { type: node() } }),
  })
  const type = new GraphQLObjectType({
    name: `${name}Connection`,
    fields: () => ({
      nodes: { type: new GraphQLList(new GraphQLNonNull(node())) },
      edges: { type: new GraphQLList(new GraphQLNonNull(Edge)) },
      pageInfo: { type: PageInfo },
      totalCount: { type: new GraphQLObjectType({ name: `${name}Count`, fields: { value: { type: GraphQLInt } } }) },
    }),
  })
  connections.set(name, type)
  return type
}

const echoArgs = {
  text: { type: GraphQLString },
  number: { type: GraphQLInt, defaultValue: 5 },
  must: { type: new GraphQLNonNull(GraphQLInt), defaultValue: 1 },
  color: { type: Color },
  day: { type: Day },
  email: { type: Email },
  json: { type: Json },
  list: { type: new GraphQLList(new GraphQLList(GraphQLInt)) },
  where: { type: Where },
}

/** Shows arguments as resolvers get them: dates as such, absent ones left out. */
function show(args: Record<string, unknown>): string {
  const sorted = (value: unknown): unknown => {
    if (value instanceof Date) return `Date ${value.toISOString()}`
    if (Array.isArray(value)) return value.map(sorted)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => a.localeCompare(b))
        .map(([key, one]) => [key, sorted(one)]),
    )
  }
  return JSON.stringify(sorted(args))
}

const Query = new GraphQLObjectType({
  name: 'Query',
  fields: () => ({
    hello: { type: GraphQLString, resolve: () => 'world' },
    echo: { type: GraphQLString, args: echoArgs, resolve: (_, args) => show(args) },
    coordinate: {
      type: GraphQLString,
      resolve: (_, __, { parentType, fieldName, path }) => `${parentType.name}.${fieldName} ${path.key}`,
    },
    person: { type: PersonType, args: { n: { type: GraphQLInt, defaultValue: 1 } }, resolve: (_, { n }) => person(n) },
    people: connection('Person', () => PersonType),
    list: {
      type: new GraphQLList(PersonType),
      resolve: () => [person(0), Promise.resolve(person(1)), null, new Error('item secret')],
    },
    strict: { type: new GraphQLList(new GraphQLNonNull(PersonType)), resolve: () => [person(0), person(1)] },
    nodes: {
      type: new GraphQLList(Node),
      args: { ids: { type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(GraphQLID))) } },
      extensions: { sizeArgument: 'ids' },
      resolve: (_, { ids }: { ids: string[] }) =>
        ids.map((id) => (id.startsWith('p') ? person(Number(id.slice(1))) : null)),
    },
    anyone: {
      type: new GraphQLList(Anyone),
      resolve: async () => [person(1), { id: 'r1', model: 'R2', kind: 'Robot' }],
    },
    broken: { type: new GraphQLList(Anyone), resolve: async () => [person(1), { kind: 'broken' }] },
    aggregate: {
      type: new GraphQLObjectType({ name: 'Aggregate', fields: { count: { type: GraphQLInt } } }),
      extensions: { cost: 20 },
      resolve: () => ({ count: 3 }),
    },
    color: { type: Color, resolve: () => ({ g: 2 }) },
    refused: {
      type: GraphQLString,
      resolve() {
        throw requestError('THROTTLED', { headers: { 'Retry-After': '3' } })
      },
    },
    slow: {
      type: GraphQLString,
      args: { ms: { type: GraphQLInt } },
      resolve: (_, { ms }) => new Promise((done) => setTimeout(done, ms, 'done').unref()),
    },
    requestId: { type: GraphQLString, resolve: (_, __, context) => context.requestId },
    header: {
      type: GraphQLString,
      resolve(_, __, context) {
        context.responseHeaders.set('Idempotency-Replayed', 'true')
        return 'set'
      },
    },
  }),
})

const step = {
  type: new GraphQLObjectType({
    name: 'StepPayload',
    fields: { person: { type: PersonType }, name: { type: GraphQLString } },
  }),
  args: { name: { type: new GraphQLNonNull(GraphQLString) }, fail: { type: GraphQLBoolean } },
}

const Mutation = new GraphQLObjectType({
  name: 'Mutation',
  fields: {
    step: {
      ...step,
      async resolve(_, { name, fail }) {
        events.push(`${name} starts`)
        await later()
        await later()
        events.push(`${name} ends`)
        if (fail) throw requestError('FORBIDDEN')
        return { person: person(1), name }
      },
    },
    quick: { ...step, resolve: (_, { name }) => [{ person: person(2), name, at: events.push(`${name} quick`) }][0] },
  },
})

/** A schema with one of everything that executors can disagree about. */
export const toySchema = new GraphQLSchema({ query: Query, mutation: Mutation })

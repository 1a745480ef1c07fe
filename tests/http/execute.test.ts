import { afterEach, describe, expect, it } from '@jest/globals'
import {
  type DocumentNode,
  type GraphQLError,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  getOperationAST,
  parse,
  validate,
} from 'graphql'
import { compilerOf } from '../../src/http/compile.ts'
import { executorOf } from '../../src/http/execute.ts'
import { obstacleOf } from '../../src/http/jit.ts'
import { events, toySchema } from './toy.ts'

type Run = (source: string, variables?: Record<string, unknown>, operationName?: string) => Promise<unknown>

function runnerOf({ run }: ReturnType<typeof executorOf>): Run {
  return async (source, variables = {}, operationName) => {
    const document = valid(source)
    const operation = getOperationAST(document, operationName) ?? undefined
    const { data, errors, extensions } = await run({
      document,
      operation,
      operationName,
      source,
      variables,
      context: {},
    })
    return { data: JSON.parse(JSON.stringify(data ?? null)), errors: errors?.map(shown).sort(), cost: extensions?.cost }
  }
}

function valid(source: string): DocumentNode {
  const document = parse(source)
  expect(validate(toySchema, document)).toEqual([])
  return document
}

function shown({ message, path, locations, extensions }: GraphQLError): string {
  return JSON.stringify({ path, message, locations, code: extensions.code })
}

const byJs = runnerOf(executorOf(toySchema, { compiled: false }))
const byJit = runnerOf(executorOf(toySchema, { compileFrom: 1 }))

/** Whether the compiled way takes a document at all. */
function isCompiled(source: string, operationName?: string): boolean {
  const document = valid(source)
  const operation = getOperationAST(document, operationName)
  return Boolean(operation && compilerOf(toySchema)(document, operation))
}

afterEach(() => {
  events.length = 0
})

const friends =
  '{ people(first: 2) { nodes { name friends(first: 2) { edges { cursor node { name slow } } } } totalCount { value } pageInfo { hasNextPage } } }'

/** Documents that run compiled, with variables. */
const compiled: [what: string, source: string, variables?: Record<string, unknown>, operationName?: string][] = [
  ['a field', '{ hello }'],
  ['typenames everywhere', '{ __typename person { __typename boss { __typename } } anyone { __typename } }'],
  ['aliases', '{ a: hello b: person(n: 2) { c: name } d: person { c: slow } }'],
  ['nested connections', friends],
  ['default arguments', '{ echo }'],
  ['null literals', '{ echo(text: null, number: null, where: null) }'],
  [
    'literals of every kind',
    '{ echo(text: "x\\"\\n", number: -3, color: RED, day: "2026-02-03", list: [[1, 2], [], null]) }',
  ],
  ['a single value where a list is due', '{ echo(list: 3) }'],
  [
    'objects in literals',
    '{ echo(where: { name: { eq: "a" }, or: [{ color: GREEN }, { day: "2026-01-01", limit: 1 }] }) }',
  ],
  ['JSON in literals', '{ echo(json: { a: [1, { b: null }], c: "d" }) }'],
  ['strings that graphql-jit takes for code', '{ echo(text: "__MAGIC_NAN__57f286b9_4c20_487f_b409_79804ddcb4f8") }'],
  ['variables', 'query ($t: String, $n: Int) { echo(text: $t, number: $n) }', { t: 'x', n: 4 }],
  ['variables left out', 'query ($t: String, $n: Int, $w: Where) { echo(text: $t, number: $n, where: $w) }'],
  ['variables that are null', 'query ($t: String, $n: Int) { echo(text: $t, number: $n) }', { t: null, n: null }],
  [
    'defaults of variables',
    'query ($n: Int = 8, $c: Color = GREEN, $d: Day = "2026-05-06", $w: Where = {}) { echo(number: $n, color: $c, day: $d, where: $w) }',
  ],
  ['a null where an argument with a default needs a value', 'query ($n: Int = 2) { echo(must: $n) }', { n: null }],
  ['a variable left out where an argument has a default', 'query ($n: Int = 2) { echo(must: $n) }'],
  [
    'enums and scalars in variables',
    'query ($c: Color, $d: Day) { echo(color: $c, day: $d) }',
    { c: 'GREEN', d: '2026-03-04' },
  ],
  [
    'input objects that contain themselves',
    'query ($w: Where) { echo(where: $w) }',
    { w: { or: [{ or: [{ name: { eq: 'x' } }] }, { limit: null }] } },
  ],
  ['a single value in a variable where lists are due', 'query ($l: [[Int]]) { echo(list: $l) }', { l: 3 }],
  [
    'variables inside of objects',
    'query ($t: String, $o: Where!) { echo(where: { name: { eq: $t }, or: [$o] }) }',
    { t: 'x', o: { limit: 2 } },
  ],
  [
    'omitted variables inside of objects',
    'query ($t: String, $n: Int) { echo(where: { name: { eq: $t, contains: "c" }, limit: $n }) }',
  ],
  [
    'null variables inside of objects',
    'query ($t: String, $n: Int) { echo(where: { name: { eq: $t }, limit: $n }) }',
    { t: null, n: null },
  ],
  [
    'a null variable inside of an object where a value is due',
    'query ($t: String = "d") { echo(where: { must: { it: $t } }) hello }',
    { t: null },
  ],
  ['variables inside of lists', 'query ($n: Int) { echo(list: [[1, $n]]) }', { n: 2 }],
  ['omitted variables inside of lists', 'query ($n: Int) { echo(list: [[1, $n], [$n]]) }'],
  ['equal fields twice', '{ people(first: 2) { nodes { id } } people(first: 2) { nodes { name } } }'],
  [
    'fragments',
    'query { ...A ...B } fragment A on Query { person { ...P } } fragment B on Query { person { ...P boss { ...P } } } fragment P on Person { id name }',
  ],
  [
    'fragments on interfaces and unions',
    '{ anyone { ... on Node { id } ... on Person { name boss { id } } ...R } nodes(ids: ["p1", "x"]) { id ... on Person { slow } } } fragment R on Robot { model friends(first: 1) { nodes { id } } }',
  ],
  ['null and error in a list', '{ list { name } }'],
  ['an error on a nullable field', '{ person { hidden name } hello }'],
  ['an error on a non-null field', '{ person { fails name } hello }'],
  ['an error on a non-null field, later', '{ person { failsLater name } hello }'],
  [
    'errors on non-null fields of list items',
    '{ strict { name failsLater } people { nodes { fails } totalCount { value } } }',
  ],
  ['two errors below one null', '{ person { a: fails b: failsLater hidden } }'],
  ['an enum value that does not exist', '{ color hello }'],
  ['a type resolver that throws', '{ broken { __typename } hello }'],
  ['a refusal', '{ refused }'],
  ['a refusal beside an answer', '{ refused hello }'],
  [
    'one operation of several',
    'query A { hello } query B($n: Int) { echo(number: $n) } mutation C { quick(name: "x") { name } }',
    { n: 2 },
    'B',
  ],
  [
    'mutations',
    'mutation { a: step(name: "a") { name person { slow } } b: step(name: "b", fail: true) { name } c: quick(name: "c") { name } d: step(name: "d") { name } }',
  ],
  [
    'mutations with variables',
    'mutation ($n: String!) { step(name: $n) { person { id } } quick(name: $n) { name } }',
    { n: 'v' },
  ],
  [
    'introspection',
    '{ __schema { queryType { name } types { name fields(includeDeprecated: true) { name args { defaultValue } } } } __type(name: "Person") { name } }',
  ],
  ['the coordinates that resolvers see', '{ coordinate other: coordinate }'],
]

/** Documents that graphql-jit would answer otherwise, so that graphql-js runs them. */
const notCompiled: typeof compiled = [
  [
    '@skip and @include',
    'query ($y: Boolean!, $n: Boolean!) { hello @skip(if: $n) a: hello @include(if: $n) person @include(if: $y) { name @skip(if: true) id } }',
    { y: true, n: false },
  ],
  [
    'a fragment under two conditions',
    'query ($y: Boolean!) { person { ...P @skip(if: $y) ...P @include(if: $y) } } fragment P on Person { name }',
    { y: true },
  ],
  [
    'a field under two conditions',
    'query ($y: Boolean!) { person @skip(if: $y) { id } person @include(if: $y) { name } }',
    { y: true },
  ],
  ['aliases with underscores', '{ b_a: coordinate person { b_a: nick_name } b: person { a: name } }'],
  ['aliases that are no plain keys', '{ __proto__: hello person { __proto__: name } }'],
  ['variables with two underscores', 'query ($__proto__: String) { echo(text: $__proto__) }'],
]

describe('an operation that is compiled', () => {
  it.each(compiled)('answers as graphql-js does: %s', async (...[, source, variables, operationName]) => {
    expect(isCompiled(source, operationName)).toBe(true)
    const expected = await byJs(source, variables, operationName)
    const order = events.splice(0)
    expect(await byJit(source, variables, operationName)).toEqual(expected)
    expect(events).toEqual(order)
  })

  it.each(notCompiled)('is left to graphql-js where graphql-jit differs: %s', async (...[, source, variables]) => {
    expect(isCompiled(source)).toBe(false)
    expect(await byJit(source, variables)).toEqual(await byJs(source, variables))
  })

  it('never has literals of a document in its code', async () => {
    const attack = '__MAGIC_DATE__33a9e76d_02e0_4128_8e92_3530ad3da74d(globalThis.broken=1)'
    const answer = await byJit(`{ echo(text: "${attack}", json: { a: "${attack}" }) }`)
    expect(JSON.stringify(answer)).toContain(attack)
    expect('broken' in globalThis).toBe(false)
  })

  it('runs mutations one after the other', async () => {
    await byJit(
      'mutation { a: step(name: "a") { name } b: step(name: "b", fail: true) { name } c: quick(name: "c") { name } d: step(name: "d") { name } }',
    )
    expect(events).toEqual(['a starts', 'a ends', 'b starts', 'b ends', 'c quick', 'd starts', 'd ends'])
  })

  it('is compiled at its second use only', async () => {
    const run = runnerOf(executorOf(toySchema))
    const answers = [await run(friends), await run(friends), await run(friends)]
    expect(answers[1]).toEqual(answers[0])
    expect(answers[2]).toEqual(answers[0])
  })

  it('is not compiled when fragments open to more fields than the limit, and answers the same', async () => {
    const chain = Array.from(
      { length: 11 },
      (_, n) => `fragment F${n} on Person { id ...F${n + 1} ...F${n + 1} ...F${n + 1} }`,
    )
    const source = `{ person { ...F0 } } ${chain.join(' ')} fragment F11 on Person { name }`
    expect(isCompiled(source)).toBe(false)
    expect(await byJit(source)).toEqual(await byJs(source))
  })
})

describe('a schema', () => {
  const schemaOf = (fields: Record<string, GraphQLObjectType>) =>
    new GraphQLSchema({
      query: new GraphQLObjectType({
        name: 'Query',
        fields: Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, { type }])),
      }),
    })

  it('has no obstacle to compiling if it is as ours', () => {
    expect(obstacleOf(toySchema)).toBeUndefined()
  })

  it('whose resolvers graphql-jit would mix up is not compiled', () => {
    const short = new GraphQLObjectType({ name: 'A', fields: { bc: { type: GraphQLString } } })
    const long = new GraphQLObjectType({ name: 'Ab', fields: { c: { type: GraphQLString } } })
    expect(obstacleOf(schemaOf({ short, long }))).toMatch(/Ab\.c|A\.bc/)
  })

  it('whose type tests are asynchronous is not compiled', () => {
    const type = new GraphQLObjectType({
      name: 'Type',
      fields: { a: { type: GraphQLString } },
      isTypeOf: async () => true,
    })
    expect(obstacleOf(schemaOf({ type }))).toMatch(/^Type:/)
  })
})

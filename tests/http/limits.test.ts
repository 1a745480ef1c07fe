import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { getIntrospectionQuery } from 'graphql'
import { type Answer, type Toy, toyServer } from './support.ts'

let toy: Toy

beforeAll(async () => {
  toy = await toyServer()
})

afterAll(() => toy.server.close())

const costOf = ({ body }: Answer) => body.extensions.cost
const codeOf = ({ body }: Answer) => body.errors?.[0].extensions.code

/** `levels` fields inside each other. */
const nested = (levels: number, inner = 'id') =>
  `{ person ${'{ boss '.repeat(levels - 2)} { ${inner} } ${'}'.repeat(levels - 2)} }`

/** Milliseconds of the processor that no refusal comes near, and that what grows exponentially or with the square goes far beyond. */
const DEAR = 10_000

/** Gives what the work gives, which must not have cost the processor much, whatever else the machine does. */
async function cheaply<T>(work: () => Promise<T>): Promise<T> {
  const start = process.cpuUsage()
  const result = await work()
  const { user, system } = process.cpuUsage(start)
  expect((user + system) / 1000).toBeLessThan(DEAR)
  return result
}

describe('the limits of an operation', () => {
  it('let 12 levels pass and refuse 13', async () => {
    expect((await toy.ask(nested(12))).body.errors).toBeUndefined()
    const refused = await toy.ask(nested(13))
    expect(refused.status).toBe(400)
    expect(refused.body.errors[0].extensions).toMatchObject({ code: 'MAX_DEPTH_EXCEEDED', limit: 'depth', max: 12 })
    expect(refused.body.data).toBeUndefined()
  })

  it.each([
    ['50 levels', nested(50)],
    ['1,000 levels', nested(1000)],
    [
      'depth hidden in fragments',
      `{ person { ...F0 } } ${Array.from({ length: 14 }, (_, n) => `fragment F${n} on Person { boss { ...F${n + 1} } }`).join(' ')} fragment F14 on Person { id }`,
    ],
    [
      'depth in a fragment named like an introspection field',
      `{ person { ...__schema } } fragment __schema on Person ${'{ boss '.repeat(14)} { id } ${'}'.repeat(14)}`,
    ],
    [
      'depth in inline fragments',
      `{ person { ... { boss { ... on Person ${'{ boss '.repeat(14)} { id } ${'}'.repeat(14)} } } } }`,
    ],
  ])('refuse %s', async (_, source) => {
    expect(codeOf(await toy.ask(source))).toBe('MAX_DEPTH_EXCEEDED')
  })

  it('refuse fragments that double at every level, quickly', async () => {
    const fragments = Array.from(
      { length: 10 },
      (_, n) =>
        `fragment F${n} on Person { a: boss { ...F${n + 1} } b: boss { ...F${n + 1} } c: boss { ...F${n + 1} } }`,
    )
    const answer = await cheaply(() =>
      toy.ask(`{ person { ...F0 } } ${fragments.join(' ')} fragment F10 on Person { id }`),
    )
    expect(codeOf(answer)).toMatch(/^MAX_/)
  })

  it('refuse conditional fragments that double at every level, quickly', async () => {
    const fragments = Array.from(
      { length: 24 },
      (_, n) => `fragment F${n} on Person { ...F${n + 1} @include(if: $y) ...F${n + 1} @skip(if: $y) }`,
    )
    const answer = await toy.ask(
      `query ($y: Boolean!) { person { ...F0 } } ${fragments.join(' ')} fragment F24 on Person { id }`,
      { y: true },
    )
    expect(answer.body.errors[0].extensions).toMatchObject({ code: 'MAX_COST_EXCEEDED', limit: 'fields' })
  })

  it.each([
    [
      '31 aliases of a field',
      'MAX_ALIASES_EXCEEDED',
      `{ person { ${Array.from({ length: 31 }, (_, n) => `a${n}: id`).join(' ')} } }`,
    ],
    [
      '101 aliases of __typename',
      'MAX_ALIASES_EXCEEDED',
      `{ ${Array.from({ length: 101 }, (_, n) => `a${n}: __typename`).join(' ')} }`,
    ],
    ['21 root fields', 'MAX_ALIASES_EXCEEDED', `{ ${Array.from({ length: 21 }, (_, n) => `a${n}: hello`).join(' ')} }`],
    ['51 directives', 'BAD_USER_INPUT', `{ person { ${'id @include(if: true) '.repeat(51)} } }`],
    ['5,000 times the same field', 'BAD_USER_INPUT', `{ ${'hello '.repeat(5000)} }`],
    ['a literal nested 51 deep', 'BAD_USER_INPUT', `{ echo(json: ${'['.repeat(51)}${']'.repeat(51)}) }`],
  ])('refuse %s', async (_, code, source) => {
    const answer = await toy.ask(source)
    expect(answer.status).toBe(400)
    expect(codeOf(answer)).toBe(code)
    expect(answer.body.errors[0].extensions.max).toBeGreaterThan(0)
  })

  it('answer a thousand directives with five errors at most, and a few more problems', async () => {
    const answer = await toy.ask(`{ hello ${'@include(if: true) '.repeat(400)} }`)
    expect(answer.body.errors.length).toBeLessThanOrEqual(6)
  })

  it('let 20 root fields and 30 aliases pass', async () => {
    const answer = await toy.ask(
      `{ person { ${Array.from({ length: 10 }, (_, n) => `a${n}: id`).join(' ')} } ${Array.from({ length: 19 }, (_, n) => `b${n}: hello`).join(' ')} }`,
    )
    expect(answer.body.errors).toBeUndefined()
  })

  it('stay away from the queries of tools that read the schema', async () => {
    const answer = await toy.ask(
      getIntrospectionQuery({
        specifiedByUrl: true,
        directiveIsRepeatable: true,
        schemaDescription: true,
        inputValueDeprecation: true,
        oneOf: true,
      }),
    )
    expect(answer.body.errors).toBeUndefined()
    expect(costOf(answer)).toEqual({ requestedQueryCost: 0, actualQueryCost: 0 })
  })

  it('refuse introspection that goes round in circles', async () => {
    const answer = await toy.ask(
      '{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }',
    )
    expect(answer.status).toBe(200)
    expect(codeOf(answer)).toBe('GRAPHQL_VALIDATION_FAILED')
  })

  it('refuse variables that are a bomb, quickly', async () => {
    const deep = JSON.parse(`${'{"or":['.repeat(2000)}${']}'.repeat(2000)}`)
    for (const bomb of [deep, { list: Array.from({ length: 100_000 }, () => 1) }]) {
      const answer = await cheaply(() => toy.ask('query ($w: Where) { echo(where: $w) }', { w: bomb }))
      expect(answer.body.errors[0].extensions.code).toBe('BAD_USER_INPUT')
    }
  })

  it('cost the processor little with the worst documents of 4,000 tokens', async () => {
    const same = `{ ${'hello '.repeat(3900)} }`
    const wide = `{ person { ${'boss { id } '.repeat(900)} } }`
    const conflicts = `{ ${Array.from({ length: 900 }, (_, n) => `echo(number: ${n})`).join(' ')} }`
    const unused = `{ hello } ${Array.from({ length: 500 }, (_, n) => `fragment U${n} on Person { id }`).join(' ')}`
    const took: Record<string, number> = {}
    const deep = `{ ${Array.from({ length: 9 }, (_, n) => `p${n}: person { ${'boss { id name slow '.repeat(10)} ${'}'.repeat(10)} }`).join(' ')} }`
    const abstract = `{ anyone { ${'... on Person { id boss { name } } ... on Node { id } '.repeat(200)} } }`
    for (const [name, source] of Object.entries({ same, wide, conflicts, unused, deep, abstract })) {
      // The second use compiles.
      for (const use of ['first', 'second']) {
        // Time of the processor, not of the clock: about 100 ms by itself, more where the heap is full of other tests; minutes if a pass grew with the square.
        const start = process.cpuUsage()
        await toy.ask(source)
        const { user, system } = process.cpuUsage(start)
        took[`${name}, ${use}`] = Math.round((user + system) / 1000)
      }
    }
    expect(Object.entries(took).filter(([, ms]) => ms >= DEAR)).toEqual([])
  })
})

describe('the cost of an operation', () => {
  const where = '{ name: { contains: "a" }, or: [{ name: { contains: "b" } }, { name: { eq: "contains" } }] }'

  it.each([
    ['a scalar', '{ hello }', {}, 0, 0],
    ['an object', '{ person { id name } }', {}, 1, 1],
    ['objects in each other', '{ person { boss { id } } }', {}, 2, 2],
    ['a connection of default size', '{ people { nodes { id } } }', {}, 27, 5],
    ['a connection by literal size', '{ people(first: 10) { nodes { id } } }', {}, 12, 5],
    ['a connection by variable size', 'query ($n: Int) { people(first: $n) { nodes { id } } }', { n: 10 }, 12, 5],
    ['a connection by default of a variable', 'query ($n: Int = 10) { people(first: $n) { nodes { id } } }', {}, 12, 5],
    ['a connection from the end', '{ people(last: 4) { nodes { id } } }', {}, 6, 5],
    ['a connection with a null size', '{ people(first: null) { nodes { id } } }', {}, 27, 5],
    [
      'a connection by edges',
      '{ people(first: 10) { edges { cursor node { id } } pageInfo { hasNextPage } } }',
      {},
      12,
      5,
    ],
    ['a connection by nodes and edges', '{ people(first: 10) { nodes { id } edges { node { id } } } }', {}, 22, 8],
    ['a connection by cursors only', '{ people(first: 10) { edges { cursor } } }', {}, 12, 5],
    ['a total count', '{ people(first: 10) { totalCount { value } } }', {}, 7, 7],
    [
      'connections in each other',
      '{ people(first: 5) { nodes { friends(first: 4) { nodes { id } } } } }',
      {},
      2 + 5 * (1 + 2 + 4),
      2 + 3 * (1 + 2 + 3),
    ],
    [
      'the same connection twice in fragments',
      '{ people(first: 5) { nodes { id } } ...F } fragment F on Query { people(first: 5) { nodes { name } } }',
      {},
      7,
      5,
    ],
    ['contains in a literal', `{ people(first: 1, where: ${where}) { nodes { id } } }`, {}, 23, 23],
    [
      'contains in a variable',
      'query ($w: Where) { people(first: 1, where: $w) { nodes { id } } }',
      { w: { or: [{ name: { contains: 'x' } }, { name: { contains: null } }] } },
      13,
      13,
    ],
    ['an aggregate', '{ aggregate { count } }', {}, 21, 21],
    ['nodes by ids', '{ nodes(ids: ["p1", "p2", "x"]) { id ... on Person { boss { id } } } }', {}, 6, 4 + 1],
    ['nodes by ids in a variable', 'query ($i: [ID!]!) { nodes(ids: $i) { id } }', { i: ['p1', 'p2'] }, 2, 2],
    ['a mutation', 'mutation { quick(name: "x") { name person { id } } }', {}, 11, 11],
    [
      'what is skipped',
      'query ($y: Boolean!) { people @skip(if: $y) { nodes { id } } person @include(if: $y) { id } }',
      { y: true },
      1,
      1,
    ],
    [
      'the dearest of the types that can come',
      '{ anyone { ... on Person { boss { id } } ... on Robot { friends(first: 9) { nodes { id } } } } }',
      {},
      1 + 11,
      1 + 1 + 1 + 2 + 3,
    ],
    ['a null', '{ people(first: 2) { nodes { boss { boss { id } } } } }', {}, 2 + 2 * 3, 2 + 2 + 1 + 2],
  ])('of %s', async (_, source, variables, requestedQueryCost, actualQueryCost) => {
    const answer = await toy.ask(source, variables)
    expect(answer.body.errors).toBeUndefined()
    expect(costOf(answer)).toEqual({ requestedQueryCost, actualQueryCost })
  })

  it('is refused over 1,000 before anything runs, and says what it would be', async () => {
    const answer = await toy.ask('{ people(first: 100) { nodes { friends(first: 10) { nodes { id } } } } }')
    expect(answer.status).toBe(400)
    expect(answer.body.errors[0].extensions).toMatchObject({ code: 'MAX_COST_EXCEEDED', cost: 1302, max: 1000 })
    expect(answer.body.extensions.cost).toEqual({ requestedQueryCost: 1302 })
  })

  it('does not depend on where a size is written', async () => {
    const literal = await toy.ask('{ people(first: 100) { nodes { friends(first: 100) { nodes { id } } } } }')
    const variable = await toy.ask(
      'query ($n: Int) { people(first: $n) { nodes { friends(first: $n) { nodes { id } } } } }',
      { n: 100 },
    )
    const byDefault = await toy.ask(
      'query ($n: Int = 100) { people(first: $n) { nodes { friends(first: $n) { nodes { id } } } } }',
    )
    expect([variable, byDefault].map(costOf)).toEqual([costOf(literal), costOf(literal)])
    expect(codeOf(literal)).toBe('MAX_COST_EXCEEDED')
  })

  it('counts pages over the most, and below nothing, as what they can be', async () => {
    expect(costOf(await toy.ask('{ people(first: 2147483647) { nodes { id } } }')).requestedQueryCost).toBe(102)
    expect(costOf(await toy.ask('{ people(first: -5) { nodes { id } } }')).requestedQueryCost).toBe(2)
  })
})

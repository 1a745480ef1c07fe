import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { GraphQLError, GraphQLObjectType, GraphQLScalarType, GraphQLSchema, GraphQLString } from 'graphql'
import { ERROR_CODES, requestError, requestErrorIn, USER_ERROR_CODES } from '../../src/errors.ts'
import { type Toy, toyServer } from './support.ts'

let toy: Toy

beforeAll(async () => {
  toy = await toyServer()
})

afterAll(() => toy.server.close())

/** A value that must never come back. */
const CANARY = 'canary93'

describe('the list of error codes', () => {
  it('has a sentence in both languages for every code', () => {
    for (const [name, { message }] of Object.entries(ERROR_CODES)) {
      expect(name).toMatch(/^[A-Z_]+$/)
      expect(message.en).not.toBe('')
      if (name !== 'PERSISTED_QUERY_NOT_SUPPORTED') expect(message.zhCN).toMatch(/\p{Script=Han}/u)
    }
  })

  it('has a description for every user error', () => {
    for (const description of Object.values(USER_ERROR_CODES)) expect(description).toMatch(/\.$/)
  })

  it('is what a request error carries, with its status and headers', () => {
    const { extensions } = requestError('THROTTLED', {
      headers: { 'Retry-After': '3' },
      extensions: { restoreRate: 100 },
    })
    expect(extensions).toEqual({
      code: 'THROTTLED',
      retryable: true,
      restoreRate: 100,
      http: { status: 429, headers: new Map([['Retry-After', '3']]) },
    })
  })

  it('is found in an error however often it was wrapped', () => {
    const inner = requestError('FORBIDDEN')
    const wrapped = new GraphQLError('x', { originalError: new GraphQLError('y', { originalError: inner }) })
    expect(requestErrorIn(wrapped)).toBe(inner)
    expect(requestErrorIn(new Error('z', { cause: inner }))).toBeUndefined()
    expect(requestErrorIn('text')).toBeUndefined()
  })
})

describe('an error of an operation', () => {
  it('that nobody expected is INTERNAL, with the detail in the log only', async () => {
    for (const run of ['by graphql-js', 'compiled']) {
      const answer = await toy.ask('{ person { id failsLater fails } hello }')
      expect(answer.body.data).toEqual({ person: null, hello: 'world' })
      expect(answer.body.errors).toEqual([
        {
          message: ERROR_CODES.INTERNAL.message.en,
          locations: [{ line: 1, column: expect.any(Number) }],
          path: ['person', expect.any(String)],
          extensions: { code: 'INTERNAL', requestId: answer.headers['x-request-id'] },
        },
      ])
      expect(answer.text).not.toMatch(/secret|relation|stack/)
      const logged = toy.log.filter(
        ({ msg, requestId }) => msg === 'unexpected error' && requestId === answer.headers['x-request-id'],
      )
      expect([run, logged.length]).toEqual([run, 1])
    }
  })

  it('of an executor itself is INTERNAL too', async () => {
    expect((await toy.ask('{ color }')).body.errors[0].extensions.code).toBe('INTERNAL')
  })

  it('stands beside the answer of other fields, without its status', async () => {
    const answer = await toy.ask('{ refused hello }')
    expect([answer.status, answer.body.data, answer.headers['retry-after']]).toEqual([
      200,
      { refused: null, hello: 'world' },
      undefined,
    ])
    expect(answer.body.errors[0].extensions).toEqual({
      code: 'THROTTLED',
      retryable: true,
      requestId: expect.any(String),
    })
  })

  it('has its own status and headers when nothing was answered', async () => {
    for (const _ of ['by graphql-js', 'compiled']) {
      const answer = await toy.ask('{ refused }')
      expect([answer.status, answer.headers['retry-after'], answer.body.data]).toEqual([429, '3', undefined])
    }
  })

  it('is reported once per field that is hidden', async () => {
    const answer = await toy.ask('{ person { name hidden } }')
    expect([answer.status, answer.body.data]).toEqual([200, { person: { name: '人 1', hidden: null } }])
    expect(answer.body.errors[0].extensions.code).toBe('FIELD_FORBIDDEN')
  })
})

describe('bad input', () => {
  const both = { accept: 'application/graphql-response+json' }

  it.each([
    [
      'a wrong type',
      'query ($n: Int) { echo(number: $n) }',
      { n: CANARY },
      ['n'],
      'Variable $n: Expected a value of type "Int".',
    ],
    [
      'a number too large',
      'query ($n: Int) { echo(number: $n) }',
      { n: 9390000000000 },
      ['n'],
      'Variable $n: Expected a value of type "Int".',
    ],
    [
      'an unknown enum value',
      'query ($c: Color) { echo(color: $c) }',
      { c: CANARY },
      ['c'],
      'Variable $c: Expected a value of type "Color".',
    ],
    [
      'a scalar that quotes',
      'query ($w: Where) { echo(where: $w) }',
      { w: { or: [{}, { day: CANARY }] } },
      ['w', 'or', '1', 'day'],
      'Variable $w.or[1].day: Expected a value of type "Day".',
    ],
    [
      'a scalar with a sentence',
      'query ($e: Email) { echo(email: $e) }',
      { e: CANARY },
      ['e'],
      'Variable $e: An e-mail address needs an @.',
    ],
    [
      'an unknown field',
      'query ($w: Where) { echo(where: $w) }',
      { w: { naem: 1 } },
      ['w'],
      'Variable $w: Field "naem" is not defined by type "Where".',
    ],
    [
      'a key that is no name',
      'query ($w: Where) { echo(where: $w) }',
      { w: { [`${CANARY} "x`]: 1 } },
      ['w'],
      'Variable $w: The object has a field that is not defined by type "Where".',
    ],
    [
      'text for an object',
      'query ($w: Where) { echo(where: $w) }',
      { w: CANARY },
      ['w'],
      'Variable $w: Expected type "Where" to be an object.',
    ],
    [
      'a field that lacks',
      'query ($w: Where) { echo(where: $w) }',
      { w: { must: {} } },
      ['w', 'must'],
      'Variable $w.must: Field "it" of required type "String!" was not provided.',
    ],
    [
      'a variable that lacks',
      'query ($i: [ID!]!) { nodes(ids: $i) { id } }',
      {},
      ['i'],
      'Variable $i: A value of type [ID!]! is required.',
    ],
    [
      'null',
      'query ($i: [ID!]!) { nodes(ids: $i) { id } }',
      { i: [null] },
      ['i', '0'],
      'Variable $i[0]: Expected non-nullable type "ID!" not to be null.',
    ],
  ])('in variables is named by path, never by value: %s', async (_, source, variables, field, message) => {
    for (const [headers, status] of [
      [both, 400],
      [{}, 200],
    ] as const) {
      const answer = await toy.ask(source, variables, headers)
      expect(answer.status).toBe(status)
      expect(answer.body.data).toBeUndefined()
      expect(answer.body.errors).toEqual([
        { message, extensions: { code: 'BAD_USER_INPUT', field, requestId: expect.any(String) } },
      ])
      expect(answer.text).not.toMatch(new RegExp(`${CANARY}|9390000000000|Did you mean`))
    }
  })

  it('in variables is reported all at once, twenty problems at most', async () => {
    const three = await toy.ask('query ($a: Int, $w: Where) { echo(number: $a, where: $w) }', {
      a: 'x',
      w: { color: 1, limit: 'y' },
    })
    expect(three.body.errors.map((one: GraphQLError) => one.extensions.field)).toEqual([
      ['a'],
      ['w', 'color'],
      ['w', 'limit'],
    ])
    const many = await toy.ask('query ($l: [[Int]]) { echo(list: $l) }', { l: [Array.from({ length: 50 }, () => 'x')] })
    expect(many.body.errors).toHaveLength(20)
  })

  it.each([
    ['text for a number', `{ echo(number: "${CANARY}") }`],
    ['an unknown enum value', `{ echo(color: ${CANARY}) }`],
    ['text for an enum', `{ echo(color: "${CANARY}") }`],
    ['a scalar that quotes', `{ echo(day: "${CANARY}") }`],
    ['a scalar with a sentence', `{ echo(email: "${CANARY}") }`],
    ['text for an object', `{ echo(where: "${CANARY}") }`],
    ['text in a list', `{ echo(list: [["${CANARY}"]]) }`],
    ['a default of a variable', `query ($n: Int = "${CANARY}") { echo(number: $n) }`],
    ['text where a name is due', `{ echo("${CANARY}") }`],
    ['text that does not end', `{ echo(text: "${CANARY}) }`],
    ['text in blocks', `{ echo(text: """${CANARY}""" """${CANARY}""") }`],
    ['an escape that is none', `{ echo(text: "${CANARY}\\q${CANARY}") }`],
    ['a number that is none', `{ echo(number: 93${CANARY}) }`],
  ])('in literals is never quoted: %s', async (_, source) => {
    const answer = await toy.ask(source, {}, both)
    expect([answer.status, answer.text.includes(CANARY)]).toEqual([400, false])
    expect(answer.body.errors[0].message).toMatch(/^[A-Z][^"]*("[\w![\]().:{}$@|&=]+"[^"]*)*\.$/)
    expect(answer.body.errors[0].extensions.code).toMatch(/^GRAPHQL_(PARSE|VALIDATION)_FAILED$/)
  })

  it('in the literal of a scalar that quotes without saying where is not quoted either', async () => {
    const Quoting = new GraphQLScalarType({
      name: 'Quoting',
      parseValue(value) {
        throw new GraphQLError(`Not good: ${value}`)
      },
    })
    const query = new GraphQLObjectType({
      name: 'Query',
      fields: { echo: { type: GraphQLString, args: { it: { type: Quoting } } } },
    })
    const other = await toyServer({ schema: new GraphQLSchema({ query }) })
    const answer = await other.ask(`{ echo(it: "${CANARY}") }`)
    await other.server.close()
    expect(answer.body.errors[0].message).toBe('The value does not fit its type.')
  })

  it('does not say what else there is', async () => {
    for (const source of [
      '{ helo }',
      '{ person { nam } }',
      '{ echo(texd: "x") }',
      '{ echo(where: { nam: { eq: "x" } }) }',
      '{ person { ...X } } fragment X on Persn { id }',
    ]) {
      expect((await toy.ask(source)).text).not.toMatch(/did you mean|hello|name|text/i)
    }
  })

  it('that only shows when a field runs is bad input, without its value', async () => {
    const answer = await toy.ask('query ($n: Int = 2) { echo(must: $n) }', { n: null })
    expect(answer.body.errors[0]).toMatchObject({
      message: 'Argument "must" needs a value of type "Int!".',
      extensions: { code: 'BAD_USER_INPUT' },
    })
    const nested = await toy.ask('query ($t: String = "d") { echo(where: { must: { it: $t } }, text: "canary93") }', {
      t: null,
    })
    expect(nested.body.errors[0]).toMatchObject({
      message: 'Argument "where" has an invalid value.',
      extensions: { code: 'BAD_USER_INPUT' },
    })
    expect(nested.text).not.toContain(CANARY)
  })
})

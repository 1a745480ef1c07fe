import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type RecordType, recordTypes } from '../../src/read/recordType.ts'
import { type Answer, type Any, type Company, type TestApp, testApp } from '../support/app.ts'
import { camel } from '../support/factory.ts'
import { leaks, populate, tenantOf, type World } from '../support/isolation.ts'

let house: TestApp
let acme: World
let globex: World

beforeAll(async () => {
  house = await testApp()
  acme = await populate(house.acme)
  globex = await populate(house.globex)
})
afterAll(() => house.close())

const each = recordTypes().map((type) => [type.name, type] as [string, RecordType])

/** The first cursor of a list with some arguments, or null when it is empty. */
async function cursorOf(company: Company, list: string, args = ''): Promise<string | null> {
  const data = await company.run(`{ ${list}(first: 1${args}) { edges { cursor } } }`)
  return data[list].edges[0]?.cursor ?? null
}

/** Texts near a cursor that are none: cut, lengthened, one letter changed, bytes in the clear. */
function forgeries(cursor: string, id: string): string[] {
  const changed = [0, 1, 16, Math.floor(cursor.length / 2), cursor.length - 2].map((at) => {
    const letter = cursor[at] === 'A' ? 'B' : 'A'
    return cursor.slice(0, at) + letter + cursor.slice(at + 1)
  })
  const clear = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return [
    ...changed,
    ...[1, 4, 12, cursor.length - 1].map((length) => cursor.slice(0, length)),
    `${cursor}A`,
    `${cursor}=`,
    cursor.replaceAll('-', '+').replaceAll('_', '/').concat('='),
    cursor.toUpperCase(),
    '',
    'x'.repeat(5000),
    id,
    clear([id]),
    clear({ id, tenantId: tenantOf(house.acme) }),
    '\u0000',
    '光标',
  ]
}

const refusal = ({ status, data, errors }: Answer) => ({
  status,
  data,
  errors: errors?.map(({ message, extensions: { code, field } }) => ({ message, code, field })),
})

describe('a cursor', () => {
  it.each(each)('of %s opens its own list of its own company alone', async (_name, type) => {
    const { plural } = type
    const other = recordTypes().find((one) => one !== type)!
    const [own, foreign, elsewhere] = await Promise.all([
      cursorOf(house.globex, plural),
      cursorOf(house.acme, plural),
      cursorOf(house.globex, other.plural),
    ])
    const cases: [args: string, cursor: string][] = [
      ['', foreign!],
      ['', elsewhere!],
      ...forgeries(own!, acme.ids.get(type.name)!).map((forged): [string, string] => ['', forged]),
      [', where: { id: { neq: "x" } }', own!],
      [', orderBy: [{ field: ID }]', own!],
      [', orderBy: [{ field: CREATED_AT, direction: DESC }]', own!],
      [', deleted: true', own!],
      ...(type.searched.length > 0 ? ([[', search: "GlobexMark"', own!]] as [string, string][]) : []),
    ]
    const ask = (side: string, args: string, cursor: string) =>
      house.globex.ask(
        `query($cursor: String) { ${plural}(${side === 'after' ? 'first' : 'last'}: 1, ${side}: $cursor${args}) { nodes { id } } }`,
        { cursor },
      )
    for (const side of ['after', 'before']) {
      const expected = refusal(await ask(side, '', 'no cursor'))
      expect(expected.errors).toEqual([expect.objectContaining({ code: 'BAD_USER_INPUT', field: [side] })])
      for (const [args, cursor] of cases) {
        const answer = await ask(side, args, cursor)
        expect({ side, args, cursor, ...refusal(answer) }).toEqual({ side, args, cursor, ...expected })
        expect(leaks(answer, house.acme)).toEqual([])
      }
      expect((await ask(side, '', own!)).errors).toBeUndefined()
    }
  })

  it('of a nested list opens that list of the same company alone', async () => {
    let controls = 0
    for (const [, type] of each) {
      for (const relation of type.relations.values()) {
        if (relation.kind === 'one') continue
        const single = camel(type.name)
        const ask = (world: World, cursor: string | null) =>
          world.company.ask<Any>(
            `query($id: ID!, $cursor: String) { ${single}(id: $id) { ${relation.name}(first: 1, after: $cursor) { edges { cursor } } } }`,
            { id: world.ids.get(type.name), cursor },
          )
        const first = async (world: World): Promise<string | null> =>
          (await ask(world, null)).data[single][relation.name].edges[0]?.cursor ?? null
        const root = await cursorOf(house.globex, recordTypes().find(({ name }) => name === relation.target)!.plural)
        for (const cursor of [await first(acme), root]) {
          if (!cursor) continue
          const answer = await ask(globex, cursor)
          expect({ at: `${type.name}.${relation.name}`, code: answer.errors?.[0]?.extensions.code }).toEqual({
            at: `${type.name}.${relation.name}`,
            code: 'BAD_USER_INPUT',
          })
        }
        const own = await first(globex)
        if (!own) continue
        expect((await ask(globex, own)).errors).toBeUndefined()
        controls++
      }
    }
    expect(controls).toBeGreaterThan(20)
  })
})

describe('naming another company beside the credential', () => {
  const ask = (headers: Record<string, string>, query = '{ viewer { tenant { slug } } accounts { nodes { name } } }') =>
    house.globex.ask<Any>(query, {}, headers)
  const names = ['X-Tenant-Id', 'X-Tenant', 'x-tenant-id']

  it.each(names)('in the header %s is refused with 403, whether there is such a company or not', async (name) => {
    const { id, slug } = house.acme
    const answers: Answer[] = []
    for (const value of [id, slug, tenantOf(house.acme), 'nobody', '', '*', `${house.globex.slug}, ${slug}`]) {
      const answer = await ask({ [name]: value, 'x-request-id': 'probe' })
      expect({ value, status: answer.status, code: answer.errors?.[0]?.extensions.code, data: answer.data }).toEqual({
        value,
        status: 403,
        code: 'FORBIDDEN',
        data: undefined,
      })
      expect(answer.body).not.toContain(id)
      expect(answer.body).not.toContain(slug)
      answers.push(answer)
    }
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1)
  })

  it.each(names)('in the header %s is idle when it names the credential’s own', async (name) => {
    const { id, slug } = house.globex
    for (const value of [id, slug, tenantOf(house.globex), slug.toUpperCase()]) {
      expect((await ask({ [name]: value })).data.viewer.tenant.slug).toBe('globex')
    }
  })

  it.each([
    ['a host', { host: 'acme.example.com' }],
    ['a forwarded host', { 'x-forwarded-host': 'acme.example.com', 'x-original-host': 'acme.example.com' }],
    ['a cookie', { cookie: 'tenant=acme; tenantId=acme; tenant_id=acme' }],
    ['an origin', { origin: 'https://acme.example.com', referer: 'https://acme.example.com/' }],
  ])('by %s changes nothing', async (_name, headers) => {
    const answer = await ask(headers as Record<string, string>)
    expect(answer.data.viewer.tenant.slug).toBe('globex')
    expect(leaks(answer, house.acme)).toEqual([])
    expect(answer.body).toContain('GlobexMark')
  })

  it('by an argument is no part of the schema, and the name is not repeated', async () => {
    const id = house.acme.id
    for (const query of [
      `{ accounts(tenantId: "${id}") { nodes { id } } }`,
      `{ accounts(where: { tenantId: { eq: "${id}" } }) { nodes { id } } }`,
      `mutation { createTag(input: { name: "t", tenantId: "${id}" }) { tag { id } } }`,
    ]) {
      const answer = await ask({}, query)
      expect({ query, code: answer.errors?.[0]?.extensions.code }).toEqual({ query, code: 'GRAPHQL_VALIDATION_FAILED' })
      expect(answer.body).not.toContain(id)
    }
  })

  it('by the id of the company opens nothing', async () => {
    for (const id of [house.acme.id, house.globex.id]) {
      const { data } = await house.globex.ask(`query($id: ID!) { node(id: $id) { id } account(id: $id) { id } }`, {
        id,
      })
      expect(data).toEqual({ node: null, account: null })
    }
  })

  it('tells nothing of company names to callers without a credential', async () => {
    const bare = { authorization: '' }
    const expected = await ask({ ...bare, 'x-request-id': 'probe' })
    expect(expected.status).toBe(401)
    const named = await ask({ ...bare, 'x-request-id': 'probe', 'x-tenant-id': 'acme' })
    expect({ status: named.status, body: named.body }).toEqual({ status: 401, body: expected.body })
  })
})

it('gives the viewer of each company that company alone', async () => {
  const document = '{ viewer { tenant { id slug name } user { name email } apiKey { name } } }'
  for (const [company, other] of [
    [house.globex, house.acme],
    [house.acme, house.globex],
  ] as const) {
    const answer = await company.ask<Any>(document)
    expect(answer.data.viewer.tenant).toEqual({ id: company.id, slug: company.slug, name: `${company.mark} company` })
    expect(leaks(answer, other)).toEqual([])
  }
})

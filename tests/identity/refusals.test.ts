import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type App, createApp } from '../../src/app.ts'
import { until } from '../cache/model.ts'
import { type Answer, callers, type TestApp, testApp } from '../support/app.ts'
import { openOwner } from '../support/owner.ts'
import { person, SIGN_IN } from '../support/people.ts'

const SOON = 5000
const WHO = '{ viewer { roles } }'

let test: TestApp
let second: App

beforeAll(async () => {
  test = await testApp()
  second = await createApp(test.config)
})

afterAll(async () => {
  await second.close()
  await test.close()
})

/** What every refusal holds: a code, a sentence, the request's id, and headers that keep it out of shared caches. */
function expectRefusal(answer: Answer, status: number, code: string): void {
  expect(answer.status).toBe(status)
  expect(answer.errors).toHaveLength(1)
  const [error] = answer.errors as NonNullable<Answer['errors']>
  expect(error?.extensions).toMatchObject({ code, requestId: answer.headers['x-request-id'] })
  expect(error?.message.length).toBeGreaterThan(5)
  expect(answer.headers['cache-control']).toBe('private, no-store')
  expect(answer.headers.vary).toContain('Authorization')
  expect(answer.headers['www-authenticate']).toBe(status === 401 ? 'Bearer' : undefined)
  expect(answer.body).not.toMatch(/stack|SELECT|node_modules|\.ts\b/)
}

describe('a request without a right credential', () => {
  it.each([
    ['none', null],
    ['an empty one', ''],
    ['no token', 'Bearer'],
    ['a blank token', 'Bearer  '],
    ['two tokens', 'Bearer a b'],
    ['another scheme', 'Basic YWRtaW46YWRtaW4='],
    ['a word', 'Bearer nonsense'],
    ['the key without a scheme', 'KEY'],
    ['letters beyond ASCII', 'Bearer 密码'],
    ['five thousand characters', `Bearer ${'x'.repeat(5000)}`],
    ['an unsigned token', 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.'],
  ])('is 401 with %s', async (_what, authorization) => {
    const headers: Record<string, string> =
      authorization === null ? {} : { authorization: authorization === 'KEY' ? test.acme.apiKey : authorization }
    const answer = await callers(test.app, null).ask(WHO, {}, headers)
    expectRefusal(answer, 401, 'UNAUTHENTICATED')
    expect(answer.body).not.toContain('"data":{')
  })

  it('may still ask what is public, and nothing beside it', async () => {
    const anonymous = callers(test.app, null)
    expect(await anonymous.run('{ __typename }')).toEqual({ __typename: 'Query' })
    expectRefusal(await anonymous.ask('{ __typename viewer { roles } }'), 401, 'UNAUTHENTICATED')
    expectRefusal(
      await anonymous.ask('{ ... on Query { ...f } } fragment f on Query { accounts { nodes { id } } }'),
      401,
      'UNAUTHENTICATED',
    )
    const mixed = `mutation($input: SignInInput!) { signIn(input: $input) { accessToken } createAccount(input: { name: "x" }) { userErrors { code } } }`
    expectRefusal(
      await anonymous.ask(mixed, { input: { tenant: 'acme', email: 'a@b.example', password: 'x' } }),
      401,
      'UNAUTHENTICATED',
    )
  })

  it('is told so in Chinese when it asks for that', async () => {
    const { errors } = await callers(test.app, null).ask(WHO, {}, { 'accept-language': 'zh-CN' })
    expect(errors?.[0]?.message).toMatch(/[\u4e00-\u9fff]/)
  })
})

describe('a request without the rights', () => {
  it('is refused as a whole and names all that is missing', async () => {
    const reader = await person(test, test.acme, 'readonly')
    const before = (await test.acme.run('{ accounts { totalCount { value } } }')).accounts.totalCount.value
    const answer = await reader.ask(
      `mutation { a: createAccount(input: { name: "AcmeMark" }) { userErrors { code } } b: deleteContact(id: "x") { contact { id } userErrors { code } } }`,
    )
    expectRefusal(answer, 403, 'FORBIDDEN')
    expect(answer.errors?.[0]?.extensions.missing).toEqual([
      { path: 'a', permission: 'Account.create' },
      { path: 'b', permission: 'Contact.delete' },
    ])
    expect((await test.acme.run('{ accounts { totalCount { value } } }')).accounts.totalCount.value).toBe(before)
  })

  it('is 403 when a header names another company, as for one that does not exist', async () => {
    const headers = ['globex', test.globex.id, 'nowhere', 'tnt_01h455vb4pex5vsknk084sn02q']
    for (const named of headers) {
      const answer = await test.acme.ask(WHO, {}, { 'x-tenant-id': named })
      expectRefusal(answer, 403, 'FORBIDDEN')
      expect(answer.body).not.toContain(named)
    }
    expect(await test.acme.run(WHO, {}, { 'x-tenant-id': 'acme' })).toEqual({ viewer: { roles: ['admin'] } })
  })
})

describe('a suspended company', () => {
  it('is refused with 403 within 5 s in every process, whatever the credential, and comes back as it was', async () => {
    const rep = await person(test, test.globex, 'rep')
    const owner = await openOwner(test, test.globex)
    const status = (name: string) => owner.rows('UPDATE tenant SET status = $2 WHERE id = $1', owner.tenantId, name)
    const credentials = [rep.token, test.globex.apiKey]
    const sign = (password: string) =>
      callers(test.app, null).ask(SIGN_IN, { input: { tenant: 'globex', email: rep.email, password } })
    try {
      const wrongBefore = await sign('wrong, whatever it is')
      for (const app of [test.app, second])
        for (const token of credentials) expect((await callers(app, token).ask(WHO)).status).toBe(200)
      await status('SUSPENDED')
      for (const app of [test.app, second]) {
        for (const token of credentials) {
          await until(async () => (await callers(app, token).ask(WHO)).status === 403, { limit: SOON })
          expectRefusal(await callers(app, token).ask(WHO), 403, 'TENANT_SUSPENDED')
          expectRefusal(
            await callers(app, token).ask(
              'mutation { createAccount(input: { name: "GlobexMark" }) { userErrors { code } } }',
            ),
            403,
            'TENANT_SUSPENDED',
          )
        }
      }
      expectRefusal(await sign(rep.password), 403, 'TENANT_SUSPENDED')
      // Nobody without the password learns of it.
      expect((await sign('wrong, whatever it is')).body).toBe(wrongBefore.body)
      expect((await test.acme.ask(WHO)).status).toBe(200)
      await status('ACTIVE')
      for (const app of [test.app, second])
        for (const token of credentials)
          await until(async () => (await callers(app, token).ask(WHO)).status === 200, { limit: SOON })
    } finally {
      await status('ACTIVE')
      await owner.close()
    }
  })
})

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { type App, createApp } from '../../src/app.ts'
import { until } from '../cache/model.ts'
import { type Any, type Company, callers, SECRET, type TestApp, testApp, testConfig } from '../support/app.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person, SIGN_IN } from '../support/people.ts'

/** Revocation takes effect within this in every process (spec/api.md 2), milliseconds. */
const SOON = 5000
const REFRESH =
  'mutation($refreshToken: String!) { refreshToken(refreshToken: $refreshToken) { accessToken refreshToken expiresAt userErrors { code } } }'
const WHO = '{ viewer { user { id } } }'

let test: TestApp
/** A second process of the same deployment. */
let second: App
let owner: Owner

beforeAll(async () => {
  test = await testApp({ trustProxy: ['127.0.0.1'] })
  second = await createApp(test.config)
  owner = await openOwner(test, test.acme)
})

afterAll(async () => {
  await owner.close()
  await second.close()
  await test.close()
})

const anonymous = () => callers(test.app, null)
let addresses = 0
/** Each from an address of its own, so that failures here do not add up; tests/identity/lockout.test.ts is about that. */
const signIn = (input: Record<string, unknown>) =>
  anonymous().ask(SIGN_IN, { input }, { 'x-forwarded-for': `198.51.100.${++addresses}` })
const refresh = (refreshToken: string, app = test.app) => callers(app, null).ask(REFRESH, { refreshToken })
const codeOf = async (answer: Promise<{ errors?: Any[] }>) => (await answer).errors?.[0]?.extensions.code ?? null
const bearer = (token: string, app = test.app) => callers(app, token)
/** Sessions of a user that are not revoked. */
async function live(user: Person): Promise<number> {
  const [row] = await owner.rows<{ live: number }>(
    'SELECT count(*)::int AS live FROM session WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL',
    owner.tenantId,
    uuidIn(user.id),
  )
  return row?.live ?? 0
}
/** How many connections wait for what this one has locked, or behind those that do. What numbers changes in the background waits too, for others. */
async function waiting(): Promise<number> {
  const [row] = await owner.rows<{ n: number }>(
    `SELECT count(DISTINCT l.pid)::int AS n FROM pg_locks l WHERE NOT l.granted
     AND (l.transactionid = pg_current_xact_id_if_assigned()::xid OR (l.locktype = 'tuple' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND l.relation = 'session'::regclass))`,
  )
  return row?.n ?? 0
}

describe('signIn', () => {
  it('gives a token that works until it says, and the user behind it', async () => {
    const rep = await person(test, test.acme, 'rep')
    const before = Date.now()
    const { data, status } = await signIn({ tenant: 'acme', email: rep.email, password: rep.password })
    expect(status).toBe(200)
    const { accessToken, refreshToken, expiresAt, userErrors } = data.signIn
    expect(userErrors).toEqual([])
    expect(refreshToken).toMatch(/^atr_refresh_/)
    const minutes = (Date.parse(expiresAt) - before) / 60_000
    expect(minutes).toBeGreaterThan(1)
    expect(minutes).toBeLessThanOrEqual(60)
    expect((await bearer(accessToken).run(WHO)).viewer.user.id).toBe(rep.id)
    expect((await bearer(accessToken, second).run(WHO)).viewer.user.id).toBe(rep.id)
  })

  it('takes company and address in any case and with blanks around, the password only as it is', async () => {
    const rep = await person(test, test.acme, 'rep')
    const { data } = await signIn({ tenant: ' ACME ', email: rep.email.toUpperCase(), password: rep.password })
    expect(data.signIn.userErrors).toEqual([])
    const { data: other } = await signIn({ tenant: 'acme', email: rep.email, password: rep.password.toUpperCase() })
    expect(other.signIn.userErrors).toHaveLength(1)
  })

  it('answers the same to a wrong password, an unknown address, an unknown company and one who may not sign in', async () => {
    const rep = await person(test, test.acme, 'rep')
    const suspended = await person(test, test.acme, 'rep')
    await test.acme.run(
      'mutation($id: ID!) { updateUser(id: $id, input: { status: SUSPENDED }) { userErrors { code } } }',
      { id: suspended.id },
    )
    const gone = await person(test, test.acme, 'rep')
    await test.acme.run('mutation($id: ID!) { deleteUser(id: $id) { userErrors { code } } }', { id: gone.id })
    const foreign = await person(test, test.globex, 'rep')
    const right = { tenant: 'acme', email: rep.email, password: rep.password }
    const wrong = await Promise.all(
      [
        { password: 'not the password' },
        { password: '' },
        { password: 'x'.repeat(2000) },
        { password: 'null\u0000byte' },
        { email: 'nobody@acme.example' },
        { tenant: 'nowhere' },
        { tenant: '' },
        { tenant: "acme' OR '1'='1" },
        { tenant: 'ac\u0000me' },
        { email: foreign.email, password: foreign.password },
        { tenant: 'globex' },
        { email: suspended.email, password: suspended.password },
        { email: gone.email, password: gone.password },
      ].map((one) => signIn({ ...right, ...one })),
    )
    for (const answer of wrong) {
      expect(answer.status).toBe(200)
      expect(answer.body).toBe(wrong[0]?.body)
    }
    expect(wrong[0]?.data.signIn).toEqual({
      accessToken: null,
      expiresAt: null,
      refreshToken: null,
      userErrors: [{ code: 'INVALID_CREDENTIALS', message: expect.any(String), field: ['input'], details: null }],
    })
    expect((await signIn(right)).data.signIn.accessToken).not.toBeNull()
  })

  it('keeps one address in two companies apart', async () => {
    const both: Person[] = []
    for (const company of [test.acme, test.globex])
      both.push(await person(test, company, 'rep', { email: 'li.wei@mail.example' }))
    const [here, there] = both as [Person, Person]
    const tries = async (company: Company, password: string) =>
      (await signIn({ tenant: company.slug, email: 'li.wei@mail.example', password })).data.signIn.accessToken as
        | string
        | null
    expect(here.email).toBe(there.email)
    expect(await tries(test.acme, there.password)).toBeNull()
    expect((await bearer((await tries(test.acme, here.password)) as string).run(WHO)).viewer.user.id).toBe(here.id)
    expect((await bearer((await tries(test.globex, there.password)) as string).run(WHO)).viewer.user.id).toBe(there.id)
    await owner.rows(
      `UPDATE user_secret SET password_hash = NULL WHERE tenant_id = $1 AND user_id = $2`,
      owner.tenantId,
      uuidIn(here.id),
    )
    expect(await tries(test.acme, here.password)).toBeNull()
    expect(await tries(test.globex, there.password)).not.toBeNull()
  })

  it('keeps no password and no token in the database as it is', async () => {
    const rep = await person(test, test.acme, 'rep')
    const rows = await owner.rows(
      'SELECT to_json(s)::text AS text FROM session s UNION ALL SELECT to_json(u)::text FROM user_secret u UNION ALL SELECT to_json(k)::text FROM api_key k',
    )
    expect(rows.length).toBeGreaterThan(2)
    for (const secret of [rep.password, rep.refreshToken, rep.token, test.acme.apiKey]) {
      const hex = Buffer.from(secret).toString('hex')
      for (const { text } of rows) {
        expect(text).not.toContain(secret)
        expect(text).not.toContain(hex)
      }
    }
  })
})

describe('refreshToken', () => {
  it('trades a token once for new ones that work, in any process', async () => {
    const rep = await person(test, test.acme, 'rep')
    let { refreshToken } = rep
    for (const app of [test.app, second, test.app]) {
      const { data } = await refresh(refreshToken, app)
      expect(data.refreshToken.refreshToken).not.toBe(refreshToken)
      refreshToken = data.refreshToken.refreshToken
      expect((await bearer(data.refreshToken.accessToken).run(WHO)).viewer.user.id).toBe(rep.id)
    }
  })

  it('ends the session when a token comes a second time: all its tokens are refused within 5 s, in every process', async () => {
    const rep = await person(test, test.acme, 'rep')
    const { data } = await refresh(rep.refreshToken)
    const next = data.refreshToken
    expect((await bearer(next.accessToken, second).run(WHO)).viewer.user.id).toBe(rep.id)
    expect(await codeOf(refresh(rep.refreshToken))).toBe('UNAUTHENTICATED')
    expect(await codeOf(refresh(next.refreshToken))).toBe('UNAUTHENTICATED')
    for (const token of [rep.token, next.accessToken]) {
      for (const app of [test.app, second])
        await until(async () => (await codeOf(bearer(token, app).ask(WHO))) === 'UNAUTHENTICATED', { limit: SOON })
    }
  })

  it('knows every earlier token of the session, not just the last one', async () => {
    const rep = await person(test, test.acme, 'rep')
    const chain = [rep.refreshToken]
    for (let n = 0; n < 3; n++) chain.push((await refresh(chain.at(-1) as string)).data.refreshToken.refreshToken)
    expect(await codeOf(refresh(chain[0] as string, second))).toBe('UNAUTHENTICATED')
    expect(await codeOf(refresh(chain.at(-1) as string))).toBe('UNAUTHENTICATED')
    expect(await live(rep)).toBe(0)
  })

  it('succeeds once of fifty at the same time, over two processes, and never leaves two that live', async () => {
    const rep = await person(test, test.acme, 'rep')
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => refresh(rep.refreshToken, n % 2 ? test.app : second)),
    )
    const done = answers.filter(({ errors }) => !errors)
    expect(done).toHaveLength(1)
    for (const { status, errors } of answers.filter(({ errors }) => errors)) {
      expect([status, errors?.[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED'])
    }
    expect(await live(rep)).toBeLessThanOrEqual(1)
  })

  it('only refuses those that were here before the first had its answer: the new token goes on', async () => {
    const rep = await person(test, test.acme, 'rep')
    const both: Awaited<ReturnType<typeof refresh>>[] = []
    await owner.rows('BEGIN')
    try {
      // While somebody holds the session, both come in and wait.
      await owner.rows(
        'SELECT 1 FROM session WHERE tenant_id = $1 AND user_id = $2 FOR UPDATE',
        owner.tenantId,
        uuidIn(rep.id),
      )
      const asked = Promise.all([refresh(rep.refreshToken), refresh(rep.refreshToken, second)])
      await until(async () => (await waiting()) === 2)
      await owner.rows('COMMIT')
      both.push(...(await asked))
    } catch (error) {
      await owner.rows('ROLLBACK')
      throw error
    }
    const done = both.filter(({ errors }) => !errors)
    expect(done).toHaveLength(1)
    expect(await live(rep)).toBe(1)
    const next = await refresh(done[0]?.data.refreshToken.refreshToken)
    expect(next.errors).toBeUndefined()
    // Who comes now with the first token comes late.
    expect(await codeOf(refresh(rep.refreshToken))).toBe('UNAUTHENTICATED')
    expect(await live(rep)).toBe(0)
  })

  it('never asks the database about a token that we did not make', async () => {
    const rep = await person(test, test.acme, 'rep')
    // The look for the session's company comes first. What writes runs in the background too, numbering changes.
    const asked = jest.spyOn(test.app.tenancy, 'withoutTenant')
    try {
      const last = rep.refreshToken.at(-1) === 'A' ? 'B' : 'A'
      for (let n = 0; n < 20; n++)
        expect(await codeOf(refresh(`${rep.refreshToken.slice(0, -1)}${last}`))).toBe('UNAUTHENTICATED')
      expect(asked).not.toHaveBeenCalled()
      expect((await refresh(rep.refreshToken)).errors).toBeUndefined()
      expect(asked).toHaveBeenCalled()
    } finally {
      asked.mockRestore()
    }
  })

  it('leaves other sessions of the same user alone', async () => {
    const rep = await person(test, test.acme, 'rep')
    const other = (await signIn({ tenant: 'acme', email: rep.email, password: rep.password })).data.signIn
    await refresh(rep.refreshToken)
    await refresh(rep.refreshToken)
    expect((await refresh(other.refreshToken)).errors).toBeUndefined()
  })

  it('refuses what is no refresh token, one that is over, and an access token or a key in its place', async () => {
    const rep = await person(test, test.acme, 'rep')
    for (const token of [
      '',
      'x',
      'atr_refresh_',
      `${rep.refreshToken}x`,
      rep.token,
      test.acme.apiKey,
      'x'.repeat(5000),
      'a\u0000b',
    ]) {
      const answer = await refresh(token)
      expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED'])
    }
    await owner.rows(
      `UPDATE session SET expires_at = now() - interval '1 second' WHERE tenant_id = $1 AND user_id = $2`,
      owner.tenantId,
      uuidIn(rep.id),
    )
    expect(await codeOf(refresh(rep.refreshToken))).toBe('UNAUTHENTICATED')
  })

  it('is refused to a suspended user, and gives a suspended company its token back', async () => {
    const rep = await person(test, test.globex, 'rep')
    const globex = await openOwner(test, test.globex)
    try {
      const status = (name: string) => globex.rows('UPDATE tenant SET status = $2 WHERE id = $1', globex.tenantId, name)
      await status('SUSPENDED')
      const refused = await refresh(rep.refreshToken)
      expect([refused.status, refused.errors?.[0]?.extensions.code]).toEqual([403, 'TENANT_SUSPENDED'])
      await status('ACTIVE')
      const again = await refresh(rep.refreshToken)
      expect(again.errors).toBeUndefined()
      const { data } = again
      expect(data.refreshToken.accessToken).not.toBeNull()
      await test.globex.run(
        'mutation($id: ID!) { updateUser(id: $id, input: { status: SUSPENDED }) { userErrors { code } } }',
        { id: rep.id },
      )
      expect(await codeOf(refresh(data.refreshToken.refreshToken))).toBe('UNAUTHENTICATED')
    } finally {
      await globex.close()
    }
  })
})

describe('signOut', () => {
  const SIGN_OUT = 'mutation { signOut { ended } }'

  it('ends the session at once here and within 5 s in another process, and no other session', async () => {
    const rep = await person(test, test.acme, 'rep')
    const other = (await signIn({ tenant: 'acme', email: rep.email, password: rep.password })).data.signIn
    for (const app of [test.app, second]) expect((await bearer(rep.token, app).run(WHO)).viewer.user.id).toBe(rep.id)
    expect((await rep.run(SIGN_OUT)).signOut).toEqual({ ended: true })
    expect(await codeOf(rep.ask(WHO))).toBe('UNAUTHENTICATED')
    await until(async () => (await codeOf(bearer(rep.token, second).ask(WHO))) === 'UNAUTHENTICATED', { limit: SOON })
    expect(await codeOf(refresh(rep.refreshToken))).toBe('UNAUTHENTICATED')
    expect((await bearer(other.accessToken).run(WHO)).viewer.user.id).toBe(rep.id)
  })

  it('does nothing for an API key', async () => {
    expect((await test.acme.run(SIGN_OUT)).signOut).toEqual({ ended: false })
    expect((await test.acme.run(WHO)).viewer.user).not.toBeNull()
  })
})

describe('tokens', () => {
  it('of one deployment are refused by another on the same database', async () => {
    const rep = await person(test, test.acme, 'rep')
    const stranger = await createApp(testConfig(test.database.appUrl, { secret: `${SECRET}, and another` }))
    try {
      const answer = await bearer(rep.token, stranger).ask(WHO)
      expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED'])
      expect((await rep.run(WHO)).viewer.user.id).toBe(rep.id)
      const page = '{ roles(first: 1) { pageInfo { endCursor } } }'
      const { roles } = await test.acme.run(page)
      const next = await callers(stranger, test.acme.apiKey).ask(
        'query($after: String) { roles(after: $after) { nodes { id } } }',
        { after: roles.pageInfo.endCursor },
      )
      expect(next.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
    } finally {
      await stranger.close()
    }
  })

  it('work only as what they are: no refresh token calls, no access token stands in an address', async () => {
    const rep = await person(test, test.acme, 'rep')
    expect(await codeOf(bearer(rep.refreshToken).ask(WHO))).toBe('UNAUTHENTICATED')
    const inAddress = await test.app.server.inject({
      url: `/graphql?query=${encodeURIComponent(WHO)}&access_token=${rep.token}`,
      headers: { 'apollo-require-preflight': 'x' },
    })
    expect(inAddress.statusCode).toBe(400)
    expect(inAddress.body).not.toContain(rep.token)
  })

  it('follow the user: suspended or with another role, within 5 s, in every process', async () => {
    const rep = await person(test, test.acme, 'rep')
    const create = 'mutation { createAccount(input: { name: "AcmeMark" }) { userErrors { code } } }'
    for (const app of [test.app, second])
      expect((await bearer(rep.token, app).run(create)).createAccount.userErrors).toEqual([])
    const { roles } = await test.acme.run('{ roles(where: { key: { eq: "readonly" } }) { nodes { id } } }')
    const update =
      'mutation($id: ID!, $input: UpdateUserInput!) { updateUser(id: $id, input: $input) { userErrors { code } } }'
    await test.acme.run(update, { id: rep.id, input: { roleId: roles.nodes[0].id } })
    for (const app of [second, test.app])
      await until(async () => (await codeOf(bearer(rep.token, app).ask(create))) === 'FORBIDDEN', { limit: SOON })
    await test.acme.run(update, { id: rep.id, input: { status: 'SUSPENDED' } })
    for (const app of [second, test.app])
      await until(async () => (await codeOf(bearer(rep.token, app).ask(WHO))) === 'UNAUTHENTICATED', { limit: SOON })
  })
})

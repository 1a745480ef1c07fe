import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type App, createApp } from '../../src/app.ts'
import { encodeId, newId } from '../../src/ids.ts'
import { until } from '../cache/model.ts'
import { type Any, callers, type TestApp, testApp } from '../support/app.ts'
import { openOwner } from '../support/owner.ts'
import { type Person, person, SIGN_IN } from '../support/people.ts'

/** Revocation takes effect within this in every process (spec/api.md 2), milliseconds. */
const SOON = 5000
const WHO = '{ viewer { user { id } } }'
const SESSIONS = '{ mySessions { id createdAt expiresAt ip userAgent current } }'
const REVOKE = 'mutation($id: ID!) { revokeSession(id: $id) { revoked userErrors { code field } } }'
const OTHERS = 'mutation { revokeOtherSessions { revoked userErrors { code } } }'
const OF_USER = 'mutation($userId: ID!) { revokeUserSessions(userId: $userId) { revoked userErrors { code field } } }'
const REFRESH = 'mutation($token: String!) { refreshToken(refreshToken: $token) { accessToken refreshToken } }'

let test: TestApp
/** A second process of the same deployment. */
let second: App

beforeAll(async () => {
  test = await testApp()
  second = await createApp(test.config)
})

afterAll(async () => {
  await second.close()
  await test.close()
})

const signIn = async ({ email, password }: Person, headers: Record<string, string> = {}): Promise<Any> =>
  (await callers(test.app, null).run(SIGN_IN, { input: { tenant: 'acme', email, password } }, headers)).signIn
const as = (token: string, app: App = test.app) => callers(app, token)
const refused = async (token: string, app: App) => (await as(token, app).ask(WHO)).status === 401
/** The token worked in both processes a moment ago, and soon does in neither; the refresh token is over too. */
async function expectOver({ accessToken, refreshToken }: { accessToken: string; refreshToken: string }): Promise<void> {
  expect(await refused(accessToken, test.app)).toBe(true)
  await until(() => refused(accessToken, second), { limit: SOON })
  expect((await callers(second, null).ask(REFRESH, { token: refreshToken })).status).toBe(401)
}
const both = async (token: string) => {
  for (const app of [test.app, second]) expect((await as(token, app).ask(WHO)).status).toBe(200)
}

describe('mySessions', () => {
  it('lists where the viewer is signed in, the latest first, and says which one asks', async () => {
    const rep = await person(test, test.acme, 'rep')
    await person(test, test.acme, 'rep')
    const other = await signIn(rep, { 'user-agent': 'a telephone' })
    const { mySessions } = await rep.run(SESSIONS)
    expect(mySessions).toEqual([
      {
        id: expect.stringMatching(/^sess_[0-9a-z]{26}$/),
        createdAt: expect.any(String),
        expiresAt: expect.any(String),
        ip: '127.0.0.1',
        userAgent: 'a telephone',
        current: false,
      },
      expect.objectContaining({ current: true }),
    ])
    for (const { createdAt, expiresAt } of mySessions) {
      expect(Date.now() - Date.parse(createdAt)).toBeLessThan(60_000)
      expect((Date.parse(expiresAt) - Date.parse(createdAt)) / 86_400_000).toBeCloseTo(30, 1)
    }
    const { mySessions: seen } = await as(other.accessToken).run(SESSIONS)
    expect(seen.map((one: Any) => [one.id, one.current])).toEqual(mySessions.map((one: Any) => [one.id, !one.current]))
    await as(other.accessToken).run('mutation { signOut { ended } }')
    expect((await rep.run(SESSIONS)).mySessions).toHaveLength(1)
  })

  it('stays the same session when it is refreshed', async () => {
    const rep = await person(test, test.acme, 'rep')
    const { id } = (await rep.run(SESSIONS)).mySessions[0]
    const { refreshToken } = await callers(test.app, null).run(REFRESH, { token: rep.refreshToken })
    const { mySessions } = await as(refreshToken.accessToken).run(SESSIONS)
    expect(mySessions.map((one: Any) => one.id)).toEqual([id])
  })

  it('is for people who signed in', async () => {
    for (const query of [SESSIONS, OTHERS]) {
      expect((await test.acme.ask(query)).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
      expect((await callers(test.app, null).ask(query)).status).toBe(401)
    }
  })
})

describe('revokeSession', () => {
  it('ends that one, at once here and within 5 s in another process, and no other', async () => {
    const rep = await person(test, test.acme, 'rep')
    const other = await signIn(rep)
    await both(other.accessToken)
    const { mySessions } = await rep.run(SESSIONS)
    const { id } = mySessions.find((one: Any) => !one.current)
    expect((await rep.run(REVOKE, { id })).revokeSession).toEqual({ revoked: 1, userErrors: [] })
    await expectOver(other)
    await both(rep.token)
    expect((await rep.run(REVOKE, { id })).revokeSession).toMatchObject({
      revoked: 0,
      userErrors: [{ code: 'NOT_FOUND' }],
    })
  })

  it('knows no session of another user, of another company, or of nobody: all the same', async () => {
    const rep = await person(test, test.acme, 'rep')
    const colleague = await person(test, test.acme, 'rep')
    const foreign = await person(test, test.globex, 'rep')
    const idOf = async (user: Person) => (await user.run(SESSIONS)).mySessions[0].id as string
    const own = await idOf(rep)
    const ids = [
      await idOf(colleague),
      await idOf(foreign),
      encodeId('sess', newId()),
      own.replace('sess_', 'user_'),
      own.slice(1),
      rep.id,
      '',
      'x'.repeat(1000),
    ]
    const answers = await Promise.all(ids.map((id) => rep.ask(REVOKE, { id })))
    for (const { body } of answers) expect(body).toBe(answers[0]?.body)
    expect(answers[0]?.data.revokeSession).toEqual({ revoked: 0, userErrors: [{ code: 'NOT_FOUND', field: ['id'] }] })
    for (const user of [rep, colleague, foreign]) await both(user.token)
  })
})

describe('revokeOtherSessions', () => {
  it('ends all but the one that asks', async () => {
    const rep = await person(test, test.acme, 'rep')
    const colleague = await person(test, test.acme, 'rep')
    const others = [await signIn(rep), await signIn(rep)]
    for (const { accessToken } of others) await both(accessToken)
    expect((await rep.run(OTHERS)).revokeOtherSessions).toEqual({ revoked: 2, userErrors: [] })
    for (const other of others) await expectOver(other)
    await both(rep.token)
    await both(colleague.token)
    expect((await rep.run(OTHERS)).revokeOtherSessions).toEqual({ revoked: 0, userErrors: [] })
  })
})

describe('revokeUserSessions', () => {
  it('ends all sessions of a user, by an administrator’s hand', async () => {
    const rep = await person(test, test.acme, 'rep')
    const other = await signIn(rep)
    for (const token of [rep.token, other.accessToken]) await both(token)
    expect((await test.acme.run(OF_USER, { userId: rep.id })).revokeUserSessions).toEqual({
      revoked: 2,
      userErrors: [],
    })
    await expectOver({ accessToken: rep.token, refreshToken: rep.refreshToken })
    await expectOver(other)
    // They may sign in again.
    await both((await signIn(rep)).accessToken)
  })

  it('is refused to others, and knows no user of another company', async () => {
    const rep = await person(test, test.acme, 'readonly')
    const foreign = await person(test, test.globex, 'rep')
    expect((await rep.ask(OF_USER, { userId: rep.id })).errors?.[0]?.extensions).toMatchObject({
      code: 'FORBIDDEN',
      missing: [{ path: 'revokeUserSessions', permission: 'User.update' }],
    })
    for (const userId of [foreign.id, encodeId('user', newId()), 'x']) {
      expect((await test.acme.run(OF_USER, { userId })).revokeUserSessions).toEqual({
        revoked: 0,
        userErrors: [{ code: 'NOT_FOUND', field: ['userId'] }],
      })
    }
    await both(foreign.token)
    await both(rep.token)
  })

  it('is refused to a weaker one who may change users, against a stronger one; so is the reset of their second factor', async () => {
    const owner = await openOwner(test, test.acme)
    try {
      await owner.rows(`WITH made AS (INSERT INTO role (key, name) VALUES ('desk', 'Desk') RETURNING id)
 INSERT INTO object_permission (role_id, object, read_scope, write_scope, can_read, can_update) SELECT id, 'User', 'ALL', 'ALL', true, true FROM made`)
    } finally {
      await owner.close()
    }
    const desk = await person(test, test.acme, 'desk')
    const colleague = await person(test, test.acme, 'desk')
    const admin = await person(test, test.acme, 'admin')
    const refused = [expect.objectContaining({ code: 'PRIVILEGE_ESCALATION', field: ['userId'] })]
    expect((await desk.run(OF_USER, { userId: admin.id })).revokeUserSessions).toEqual({
      revoked: 0,
      userErrors: refused,
    })
    const reset = 'mutation($userId: ID!) { resetUserMfa(userId: $userId) { reset userErrors { code field } } }'
    expect((await desk.run(reset, { userId: admin.id })).resetUserMfa).toEqual({ reset: false, userErrors: refused })
    await both(admin.token)
    expect((await desk.run(OF_USER, { userId: colleague.id })).revokeUserSessions).toEqual({
      revoked: 1,
      userErrors: [],
    })
  })
})

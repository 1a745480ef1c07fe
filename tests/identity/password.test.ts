import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { passwordProblem } from '../../src/access/password.ts'
import { type App, createApp } from '../../src/app.ts'
import { until } from '../cache/model.ts'
import { type Any, callers, type TestApp, testApp } from '../support/app.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person, SIGN_IN } from '../support/people.ts'

const SOON = 5000
const WHO = '{ viewer { user { id } } }'
const CHANGE = `mutation($input: ChangePasswordInput!) { changePassword(input: $input) { changed userErrors { code message field details } } }`
const SETTINGS = `mutation($input: UpdateSecuritySettingsInput!) { updateSecuritySettings(input: $input) {
  securitySettings { passwordMaxAgeDays } userErrors { code field details } } }`

let test: TestApp
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

let counter = 0
/** Headers of a request from an address of its own. */
const elsewhere = () => ({ 'x-forwarded-for': `198.51.100.${++counter}` })
const signIn = async (
  user: Pick<Person, 'email'>,
  password: string,
  more: Record<string, unknown> = {},
): Promise<Any> =>
  (
    await callers(test.app, null).run(
      SIGN_IN,
      { input: { tenant: 'acme', email: user.email, password, ...more } },
      elsewhere(),
    )
  ).signIn
const codes = ({ userErrors }: { userErrors: { code: string }[] }) => userErrors.map(({ code }) => code)
const change = async (user: Person, currentPassword: string, newPassword: string): Promise<Any> =>
  (await user.run(CHANGE, { input: { currentPassword, newPassword } }, elsewhere())).changePassword
const secretOf = async (user: Person): Promise<Any> =>
  (
    await owner.rows('SELECT * FROM user_secret WHERE tenant_id = $1 AND user_id = $2', owner.tenantId, uuidIn(user.id))
  )[0]
const setSecret = (user: Person, what: string) =>
  owner.rows(`UPDATE user_secret SET ${what} WHERE tenant_id = $1 AND user_id = $2`, owner.tenantId, uuidIn(user.id))

describe('changePassword', () => {
  it('changes it: the old one ends, so do the other sessions everywhere, and this session stays', async () => {
    const rep = await person(test, test.acme, 'rep')
    const other = await signIn(rep, rep.password)
    expect((await callers(second, other.accessToken).run(WHO)).viewer.user.id).toBe(rep.id)
    expect(await change(rep, rep.password, 'correct horse battery')).toEqual({ changed: true, userErrors: [] })
    expect(codes(await signIn(rep, rep.password))).toEqual(['INVALID_CREDENTIALS'])
    expect((await signIn(rep, 'correct horse battery')).accessToken).not.toBeNull()
    expect((await rep.run(WHO)).viewer.user.id).toBe(rep.id)
    expect((await callers(test.app, other.accessToken).ask(WHO)).status).toBe(401)
    await until(async () => (await callers(second, other.accessToken).ask(WHO)).status === 401, { limit: SOON })
    const { user } = await test.acme.run('query($id: ID!) { user(id: $id) { passwordChangedAt } }', { id: rep.id })
    expect(Date.now() - Date.parse(user.passwordChangedAt)).toBeLessThan(60_000)
  })

  it('refuses a wrong present one, a weak next one, and one with the name, the address or the company in it', async () => {
    const rep = await person(test, test.acme, 'rep', { name: 'Annabel 李小龙', email: 'bell.tower@acme.example' })
    expect(await change(rep, 'not the password', 'correct horse battery')).toEqual({
      changed: false,
      userErrors: [
        {
          code: 'INVALID_CREDENTIALS',
          message: expect.any(String),
          field: ['input', 'currentPassword'],
          details: null,
        },
      ],
    })
    for (const weak of [
      'short',
      '',
      'aaaaaaaaaaaa',
      'x'.repeat(129),
      'my ANNABEL is here',
      '我是李小龙本人没有错呀',
      'a b-e-l-l tower',
      'at ＡＣＭＥ we trust',
    ]) {
      const { changed, userErrors } = await change(rep, rep.password, weak)
      expect([weak, changed, codes({ userErrors }), userErrors[0].field]).toEqual([
        weak,
        false,
        ['PASSWORD_WEAK'],
        ['input', 'newPassword'],
      ])
    }
    expect((await signIn(rep, rep.password)).accessToken).not.toBeNull()
  })

  it('refuses the last five, also in another spelling of their letters, and takes the one before them', async () => {
    const rep = await person(test, test.acme, 'rep')
    const names = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth'].map((name) => `the ${name} password`)
    await setSecret(rep, `password_history = '{}'`)
    let present = rep.password
    for (const next of names) {
      expect(await change(rep, present, next)).toEqual({ changed: true, userErrors: [] })
      present = next
    }
    for (const old of names.slice(1))
      expect([old, codes(await change(rep, present, old))]).toEqual([old, ['PASSWORD_REUSED']])
    expect(codes(await change(rep, present, 'ｔｈｅ third password'))).toEqual(['PASSWORD_REUSED'])
    expect(await change(rep, present, names[0] as string)).toEqual({ changed: true, userErrors: [] })
    const { password_history: history, password_hash: hash } = await secretOf(rep)
    expect(history).toHaveLength(4)
    for (const one of [hash, ...history]) expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  })

  it('counts wrong present ones among the failed attempts at the account', async () => {
    const rep = await person(test, test.acme, 'rep')
    for (let n = 0; n < 5; n++) await change(rep, 'not the password', 'correct horse battery')
    for (let n = 0; n < 5; n++) await signIn(rep, 'not the password')
    const locked = await change(rep, rep.password, 'correct horse battery')
    expect(codes(locked)).toEqual(['ACCOUNT_LOCKED'])
    expect(locked.userErrors[0].details.retryAfterSeconds).toBeGreaterThan(0)
    expect(codes(await signIn(rep, rep.password))).toEqual(['ACCOUNT_LOCKED'])
  })

  it('of two at the same time does one: the other’s present password is not the present one any more', async () => {
    const rep = await person(test, test.acme, 'rep')
    const both = await Promise.all(
      ['one of two passwords', 'two of two passwords'].map((next) => change(rep, rep.password, next)),
    )
    expect(both.filter(({ changed }) => changed)).toHaveLength(1)
    expect(both.flatMap(codes)).toEqual(['INVALID_CREDENTIALS'])
  })

  it('is for people who signed in: no API key, nobody without a credential', async () => {
    const input = { currentPassword: test.acme.adminPassword, newPassword: 'correct horse battery' }
    expect((await test.acme.ask(CHANGE, { input })).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
    expect((await callers(test.app, null).ask(CHANGE, { input })).status).toBe(401)
  })
})

describe('words about a person', () => {
  it('count from four letters, or two of Chinese, however they are written', () => {
    expect(passwordProblem('this is bobs own secret', ['Bob', 'b', ''])).toBeNull()
    expect(passwordProblem('this is bobs own secret', ['Bobs'])).toContain('must not contain')
    expect(passwordProblem('THIS.is.J-o-h-n own', ['John Doe'])).toContain('must not contain')
    expect(passwordProblem('一个王伟的安全的密码呀', ['王伟'])).toContain('must not contain')
    expect(passwordProblem('一个安全的很长的密码呀', ['王伟', '王'])).toBeNull()
  })
})

describe('a password that has expired', () => {
  const next = 'a fresh one for spring'

  it('is told after the right password alone, and replaced at sign-in, which ends the sessions before', async () => {
    const rep = await person(test, test.acme, 'rep')
    await setSecret(rep, `changed_at = now() - interval '31 days'`)
    expect((await signIn(rep, rep.password)).accessToken).not.toBeNull()
    expect((await test.acme.run(SETTINGS, { input: { passwordMaxAgeDays: 30 } })).updateSecuritySettings).toEqual({
      securitySettings: { passwordMaxAgeDays: 30 },
      userErrors: [],
    })
    try {
      expect(codes(await signIn(rep, 'not the password'))).toEqual(['INVALID_CREDENTIALS'])
      expect(codes(await signIn(rep, 'not the password', { newPassword: next }))).toEqual(['INVALID_CREDENTIALS'])
      const expired = await signIn(rep, rep.password)
      expect(expired).toEqual({
        accessToken: null,
        expiresAt: null,
        refreshToken: null,
        userErrors: [
          {
            code: 'PASSWORD_EXPIRED',
            message: expect.any(String),
            field: ['input', 'newPassword'],
            details: null,
          },
        ],
      })
      expect(codes(await signIn(rep, rep.password, { newPassword: 'short' }))).toEqual(['PASSWORD_WEAK'])
      expect(codes(await signIn(rep, rep.password, { newPassword: `${rep.email} again` }))).toEqual(['PASSWORD_WEAK'])
      await setSecret(rep, `password_history = ARRAY[password_hash]`)
      const done = await signIn(rep, rep.password, { newPassword: next })
      expect(done.userErrors).toEqual([])
      expect((await callers(test.app, done.accessToken).run(WHO)).viewer.user.id).toBe(rep.id)
      expect((await rep.ask(WHO)).status).toBe(401)
      expect(codes(await signIn(rep, rep.password))).toEqual(['INVALID_CREDENTIALS'])
      expect((await signIn(rep, next)).userErrors).toEqual([])
      // Those of globex grow old as they like.
      const other = await person(test, test.globex, 'rep')
      expect(other.token).toBeTruthy()
    } finally {
      await test.acme.run(SETTINGS, { input: { passwordMaxAgeDays: null } })
    }
  })

  it('cannot be replaced by itself', async () => {
    const rep = await person(test, test.acme, 'rep')
    await change(rep, rep.password, 'correct horse battery')
    await setSecret(rep, 'must_change = true')
    const again = await signIn(rep, 'correct horse battery', { newPassword: 'correct horse battery' })
    expect(codes(again)).toEqual(['PASSWORD_REUSED'])
    expect((await secretOf(rep)).must_change).toBe(true)
  })

  it('may be one that somebody said must change, once', async () => {
    const rep = await person(test, test.acme, 'rep')
    await setSecret(rep, 'must_change = true')
    expect(codes(await signIn(rep, rep.password))).toEqual(['PASSWORD_EXPIRED'])
    expect(codes(await signIn(rep, rep.password, { newPassword: next }))).toEqual([])
    expect(codes(await signIn(rep, next))).toEqual([])
  })

  it('does not make the failed attempts before good by being right', async () => {
    const rep = await person(test, test.acme, 'rep')
    await setSecret(rep, 'must_change = true')
    for (let n = 0; n < 9; n++) await signIn(rep, 'not the password')
    expect(codes(await signIn(rep, rep.password))).toEqual(['PASSWORD_EXPIRED'])
    expect(codes(await signIn(rep, 'not the password'))).toEqual(['INVALID_CREDENTIALS'])
    expect(codes(await signIn(rep, rep.password))).toEqual(['ACCOUNT_LOCKED'])
  })

  it('is the only one that sign-in replaces', async () => {
    const rep = await person(test, test.acme, 'rep')
    const { userErrors, accessToken } = await signIn(rep, rep.password, { newPassword: next })
    expect([accessToken, userErrors[0].code, userErrors[0].details]).toEqual([
      null,
      'VALIDATION_FAILED',
      { rule: 'notExpired' },
    ])
    expect(codes(await signIn(rep, rep.password))).toEqual([])
  })
})

describe('security settings', () => {
  it('are read and changed, keep what is left out, and leave a row in the changes when they really change', async () => {
    const trace = () =>
      owner.rows<Any>(
        `SELECT operation, record_id, record_version, changed_fields, before, after, actor, request_id FROM change
 WHERE tenant_id = $1 AND object = 'tenant' ORDER BY record_version DESC LIMIT 1`,
        owner.tenantId,
      )
    const { updateSecuritySettings } = await test.acme.run(
      SETTINGS,
      { input: { passwordMaxAgeDays: 90 } },
      { 'x-request-id': 'settings-1' },
    )
    expect(updateSecuritySettings.securitySettings).toEqual({ passwordMaxAgeDays: 90 })
    const [first] = await trace()
    expect(first).toMatchObject({
      operation: 'updated',
      record_id: owner.tenantId,
      changed_fields: ['password_max_age_days'],
      before: { password_max_age_days: null },
      after: { password_max_age_days: 90 },
      request_id: 'settings-1',
    })
    expect(first.actor).toMatch(/^apiKey:/)
    for (const input of [{}, { passwordMaxAgeDays: 90 }])
      expect((await test.acme.run(SETTINGS, { input })).updateSecuritySettings.securitySettings).toEqual({
        passwordMaxAgeDays: 90,
      })
    expect(await trace()).toEqual([first])
    expect(await test.globex.run('{ securitySettings { passwordMaxAgeDays } }')).toEqual({
      securitySettings: { passwordMaxAgeDays: null },
    })
    await test.acme.run(SETTINGS, { input: { passwordMaxAgeDays: null } })
    expect((await trace())[0]).toMatchObject({
      record_version: first.record_version + 1,
      before: { password_max_age_days: 90 },
      after: { password_max_age_days: null },
    })
  })

  it('are refused out of range, and to those who may not', async () => {
    for (const [days, rule] of [
      [0, 'min'],
      [-5, 'min'],
      [3651, 'max'],
    ]) {
      const { updateSecuritySettings } = await test.acme.run(SETTINGS, { input: { passwordMaxAgeDays: days } })
      expect(updateSecuritySettings).toEqual({
        securitySettings: null,
        userErrors: [{ code: 'VALIDATION_FAILED', field: ['input', 'passwordMaxAgeDays'], details: { rule } }],
      })
    }
    for (const role of ['readonly', 'rep', 'manager']) {
      const other = await person(test, test.acme, role)
      const refused = await other.ask(SETTINGS, { input: { passwordMaxAgeDays: 90 } })
      expect(refused.errors?.[0]?.extensions).toMatchObject({
        code: 'FORBIDDEN',
        missing: [{ path: 'updateSecuritySettings', permission: 'Tenant.update' }],
      })
    }
  })
})

describe('the time of the last sign-in', () => {
  it('is noted, at most once an hour: each note is a change of the record', async () => {
    const rep = await person(test, test.acme, 'rep')
    const read = async () =>
      (await test.acme.run('query($id: ID!) { user(id: $id) { version lastLoginAt } }', { id: rep.id })).user
    const first = await read()
    expect(Date.now() - Date.parse(first.lastLoginAt)).toBeLessThan(60_000)
    await signIn(rep, rep.password)
    expect(await read()).toEqual(first)
    await owner.rows(
      `UPDATE app_user SET last_login_at = now() - interval '61 minutes' WHERE tenant_id = $1 AND id = $2`,
      owner.tenantId,
      uuidIn(rep.id),
    )
    await signIn(rep, rep.password)
    expect((await read()).version).toBe(first.version + 2)
  })
})

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { TOTP } from 'otpauth'
import { totpStep } from '../../src/access/totp.ts'
import { type App, createApp } from '../../src/app.ts'
import { type Any, callers, type TestApp, testApp } from '../support/app.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person, SIGN_IN } from '../support/people.ts'

const START = 'mutation { startMfa { secret uri userErrors { code field } } }'
const CONFIRM = 'mutation($code: String!) { confirmMfa(code: $code) { recoveryCodes userErrors { code field } } }'
const DISABLE =
  'mutation($password: String!, $code: String!) { disableMfa(password: $password, code: $code) { disabled userErrors { code field } } }'
const REGENERATE =
  'mutation($code: String!) { regenerateRecoveryCodes(code: $code) { recoveryCodes userErrors { code field } } }'
const RESET = 'mutation($userId: ID!) { resetUserMfa(userId: $userId) { reset userErrors { code field } } }'

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
const elsewhere = () => ({ 'x-forwarded-for': `198.51.100.${++counter}` })
const signIn = async (
  { email, password }: Person,
  more: Record<string, unknown> = {},
  app: App = test.app,
): Promise<Any> =>
  (await callers(app, null).run(SIGN_IN, { input: { tenant: 'acme', email, password, ...more } }, elsewhere())).signIn
const codes = ({ userErrors }: Any) => userErrors.map(({ code }: Any) => code)
/** What an app shows so many steps from now. */
const shows = (secret: string, steps = 0) => new TOTP({ secret }).generate({ timestamp: Date.now() + steps * 30_000 })
/** Six digits that are no code of the secret around now. */
function wrong(secret: string): string {
  const near = new Set([-3, -2, -1, 0, 1, 2, 3].map((steps) => shows(secret, steps)))
  for (let digits = 0; ; digits++) {
    const text = String(digits).padStart(6, '0')
    if (!near.has(text)) return text
  }
}
const secretOf = async (user: Person): Promise<Any> =>
  (
    await owner.rows('SELECT * FROM user_secret WHERE tenant_id = $1 AND user_id = $2', owner.tenantId, uuidIn(user.id))
  )[0]
/** As if time had passed since the last code. */
const later = (user: Person) =>
  owner.rows(
    'UPDATE user_secret SET mfa_last_step = mfa_last_step - 10 WHERE tenant_id = $1 AND user_id = $2',
    owner.tenantId,
    uuidIn(user.id),
  )

/** A user with a second factor. */
async function protectedPerson(): Promise<Person & { secret: string; recoveryCodes: string[] }> {
  const rep = await person(test, test.acme, 'rep')
  const { secret } = (await rep.run(START)).startMfa
  const { recoveryCodes } = (await rep.run(CONFIRM, { code: shows(secret) })).confirmMfa
  await later(rep)
  return { ...rep, secret, recoveryCodes }
}

describe('codes', () => {
  it('are those of RFC 6238, one step early or late at most', () => {
    // Appendix B: the secret is 12345678901234567890, the codes have eight digits there, of which these are the last six.
    const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
    for (const [seconds, code] of [
      [59, '287082'],
      [1111111109, '081804'],
      [1111111111, '050471'],
      [1234567890, '005924'],
      [2000000000, '279037'],
      [20000000000, '353130'],
    ] as const) {
      const step = Math.floor(seconds / 30)
      for (const drift of [-1, 0, 1]) expect(totpStep(secret, code, (step - drift) * 30_000)).toBe(step)
      for (const drift of [-2, 2]) expect(totpStep(secret, code, (step - drift) * 30_000)).toBeNull()
    }
    for (const text of ['', '28708', '2870820', '28708x', '２８７０８２', ' 287082'])
      expect(totpStep(secret, text, 59_000)).toBeNull()
  })
})

describe('a second factor', () => {
  it('is asked for from the first code on, and only after the right password', async () => {
    const rep = await person(test, test.acme, 'rep')
    const { startMfa } = await rep.run(START)
    expect(startMfa).toEqual({
      secret: expect.stringMatching(/^[A-Z2-7]{32}$/),
      uri: expect.stringMatching(/^otpauth:\/\/totp\/AcmeMark%20company:rep/),
      userErrors: [],
    })
    expect(startMfa.uri).toContain(`secret=${startMfa.secret}`)
    expect(codes(await signIn(rep))).toEqual([])
    expect((await rep.run(CONFIRM, { code: wrong(startMfa.secret) })).confirmMfa).toEqual({
      recoveryCodes: null,
      userErrors: [{ code: 'INVALID_CREDENTIALS', field: ['code'] }],
    })
    expect(codes(await signIn(rep))).toEqual([])
    const { confirmMfa } = await rep.run(CONFIRM, { code: shows(startMfa.secret) })
    expect(confirmMfa.userErrors).toEqual([])
    expect(new Set(confirmMfa.recoveryCodes).size).toBe(10)
    for (const code of confirmMfa.recoveryCodes) expect(code).toMatch(/^([0-9a-z]{4}-){3}[0-9a-z]{4}$/)

    const asked = await signIn(rep)
    expect(asked).toEqual({
      accessToken: null,
      expiresAt: null,
      refreshToken: null,
      userErrors: [{ code: 'MFA_REQUIRED', message: expect.any(String), field: ['input', 'code'], details: null }],
    })
    expect(codes(await signIn({ ...rep, password: 'not the password' }))).toEqual(['INVALID_CREDENTIALS'])
    expect(codes(await signIn({ ...rep, password: 'not the password' }, { code: shows(startMfa.secret, 1) }))).toEqual([
      'INVALID_CREDENTIALS',
    ])
    expect(codes(await signIn(rep, { code: wrong(startMfa.secret) }))).toEqual(['INVALID_CREDENTIALS'])
    expect(codes(await signIn(rep, { code: '' }))).toEqual(['MFA_REQUIRED'])
    expect((await signIn(rep, { code: shows(startMfa.secret, 1) })).accessToken).not.toBeNull()
  })

  it('takes each code once: neither the one that confirmed it nor one that signed in, nor an earlier one', async () => {
    const rep = await person(test, test.acme, 'rep')
    const { secret } = (await rep.run(START)).startMfa
    const first = shows(secret)
    await rep.run(CONFIRM, { code: first })
    expect(codes(await signIn(rep, { code: first }))).toEqual(['INVALID_CREDENTIALS'])
    const next = shows(secret, 1)
    expect(codes(await signIn(rep, { code: ` ${next.slice(0, 3)} ${next.slice(3)}` }))).toEqual([])
    expect(codes(await signIn(rep, { code: next }))).toEqual(['INVALID_CREDENTIALS'])
    expect(codes(await signIn(rep, { code: first }))).toEqual(['INVALID_CREDENTIALS'])
  })

  it('takes a code once also when it comes eight times at the same time, over two processes', async () => {
    const rep = await protectedPerson()
    for (const code of [shows(rep.secret), rep.recoveryCodes[0]]) {
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, n) => signIn(rep, { code }, n % 2 ? test.app : second)),
      )
      expect(answers.filter(({ accessToken }) => accessToken)).toHaveLength(1)
      expect(answers.flatMap(codes)).toEqual(Array(7).fill('INVALID_CREDENTIALS'))
      await owner.rows('DELETE FROM atrium.sign_in_attempt')
    }
  })

  it('has recovery codes, each of which stands in once, however it is typed', async () => {
    const rep = await protectedPerson()
    const [first, second] = rep.recoveryCodes as [string, string]
    expect(codes(await signIn(rep, { code: first }))).toEqual([])
    expect(codes(await signIn(rep, { code: first }))).toEqual(['INVALID_CREDENTIALS'])
    expect(codes(await signIn(rep, { code: ` ${second.replaceAll('-', ' ').toUpperCase()}` }))).toEqual([])
    const other = await protectedPerson()
    expect(codes(await signIn(rep, { code: other.recoveryCodes[0] }))).toEqual(['INVALID_CREDENTIALS'])
    const { regenerateRecoveryCodes } = await rep.run(REGENERATE, { code: rep.recoveryCodes[2] }, elsewhere())
    expect(regenerateRecoveryCodes.recoveryCodes).toHaveLength(10)
    expect(codes(await signIn(rep, { code: rep.recoveryCodes[3] }))).toEqual(['INVALID_CREDENTIALS'])
    expect(codes(await signIn(rep, { code: regenerateRecoveryCodes.recoveryCodes[0] }))).toEqual([])
    expect((await rep.run(REGENERATE, { code: wrong(rep.secret) }, elsewhere())).regenerateRecoveryCodes).toEqual({
      recoveryCodes: null,
      userErrors: [{ code: 'INVALID_CREDENTIALS', field: ['code'] }],
    })
  })

  it('counts wrong codes as failed attempts, which the right password alone does not make good', async () => {
    const rep = await protectedPerson()
    for (let n = 0; n < 9; n++) {
      expect(codes(await signIn(rep, { code: wrong(rep.secret) }))).toEqual(['INVALID_CREDENTIALS'])
      expect(codes(await signIn(rep))).toEqual(['MFA_REQUIRED'])
    }
    expect(codes(await signIn(rep, { code: wrong(rep.secret) }))).toEqual(['INVALID_CREDENTIALS'])
    expect(codes(await signIn(rep, { code: shows(rep.secret) }))).toEqual(['ACCOUNT_LOCKED'])
    expect(
      codes((await rep.run(DISABLE, { password: rep.password, code: shows(rep.secret) }, elsewhere())).disableMfa),
    ).toEqual(['ACCOUNT_LOCKED'])
  })

  it('spends no code on a password that has expired until there is a new one', async () => {
    const rep = await protectedPerson()
    await owner.rows(
      'UPDATE user_secret SET must_change = true WHERE tenant_id = $1 AND user_id = $2',
      owner.tenantId,
      uuidIn(rep.id),
    )
    const code = shows(rep.secret)
    expect(codes(await signIn(rep))).toEqual(['MFA_REQUIRED'])
    expect(codes(await signIn(rep, { code: wrong(rep.secret) }))).toEqual(['INVALID_CREDENTIALS'])
    expect(codes(await signIn(rep, { code }))).toEqual(['PASSWORD_EXPIRED'])
    expect(codes(await signIn(rep, { code, newPassword: 'short' }))).toEqual(['PASSWORD_WEAK'])
    expect(codes(await signIn(rep, { code, newPassword: 'correct horse battery' }))).toEqual([])
  })

  it('is switched off with password and code together, and then asked for no more', async () => {
    const rep = await protectedPerson()
    expect((await rep.run(START)).startMfa).toEqual({
      secret: null,
      uri: null,
      userErrors: [{ code: 'INVALID_STATE', field: null }],
    })
    expect(codes((await rep.run(CONFIRM, { code: shows(rep.secret) })).confirmMfa)).toEqual(['INVALID_STATE'])
    for (const given of [
      { password: 'not the password', code: shows(rep.secret) },
      { password: rep.password, code: wrong(rep.secret) },
    ]) {
      expect((await rep.run(DISABLE, given, elsewhere())).disableMfa).toEqual({
        disabled: false,
        userErrors: [{ code: 'INVALID_CREDENTIALS', field: ['code'] }],
      })
    }
    const { disableMfa } = await rep.run(DISABLE, { password: rep.password, code: shows(rep.secret) }, elsewhere())
    expect(disableMfa).toEqual({ disabled: true, userErrors: [] })
    expect(codes(await signIn(rep))).toEqual([])
    expect(codes(await signIn(rep, { code: '000000' }))).toEqual([])
    expect(codes((await rep.run(DISABLE, { password: rep.password, code: '000000' }, elsewhere())).disableMfa)).toEqual(
      ['INVALID_STATE'],
    )
    const trace = await owner.rows<Any>(
      `SELECT before, after, actor FROM change WHERE tenant_id = $1 AND object = 'user_secret' AND record_id = $2 ORDER BY record_version`,
      owner.tenantId,
      uuidIn(rep.id),
    )
    const actor = `user:${uuidIn(rep.id)}`
    expect(trace).toEqual([
      { before: { mfa: false }, after: { mfa: true }, actor },
      { before: { mfa: true }, after: { mfa: false }, actor },
    ])
  })

  it('is switched off for another user by an administrator, never for oneself', async () => {
    const rep = await protectedPerson()
    const foreign = await person(test, test.globex, 'rep')
    expect((await rep.ask(RESET, { userId: rep.id })).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
    const admin = await person(test, test.acme, 'admin')
    expect((await admin.run(RESET, { userId: admin.id })).resetUserMfa).toEqual({
      reset: false,
      userErrors: [{ code: 'VALIDATION_FAILED', field: ['userId'] }],
    })
    for (const userId of [foreign.id, 'x'])
      expect(codes((await admin.run(RESET, { userId })).resetUserMfa)).toEqual(['NOT_FOUND'])
    expect((await admin.run(RESET, { userId: rep.id })).resetUserMfa).toEqual({ reset: true, userErrors: [] })
    expect((await admin.run(RESET, { userId: rep.id })).resetUserMfa).toEqual({ reset: false, userErrors: [] })
    expect(codes(await signIn(rep))).toEqual([])
  })

  it('is for people who signed in', async () => {
    for (const [query, variables] of [
      [START, {}],
      [CONFIRM, { code: '1' }],
      [DISABLE, { password: 'x', code: '1' }],
      [REGENERATE, { code: '1' }],
    ] as const) {
      expect((await test.acme.ask(query, variables)).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
      expect((await callers(test.app, null).ask(query, variables)).status).toBe(401)
    }
  })

  it('lies encrypted in the database, its recovery codes as hashes, and neither in the changes', async () => {
    const rep = await protectedPerson()
    const { mfa_secret: sealed, mfa_recovery: hashes } = await secretOf(rep)
    expect(hashes).toHaveLength(10)
    for (const hash of hashes) expect(hash).toHaveLength(32)
    expect(sealed).toHaveLength(6 + 12 + 32 + 16)
    const changes = await owner.rows<{ text: string }>(
      'SELECT c::text AS text FROM change c WHERE tenant_id = $1',
      owner.tenantId,
    )
    const text = [sealed.toString('latin1'), ...changes.map((one) => one.text)].join('\n')
    for (const secret of [
      rep.secret,
      ...rep.recoveryCodes,
      ...rep.recoveryCodes.map((code) => code.replaceAll('-', '')),
    ]) {
      expect(text).not.toContain(secret)
      expect(text).not.toContain(Buffer.from(secret).toString('hex'))
    }
    // Moved to another user it opens nothing.
    const other = await protectedPerson()
    await owner.rows(
      'UPDATE user_secret SET mfa_secret = $3 WHERE tenant_id = $1 AND user_id = $2',
      owner.tenantId,
      uuidIn(other.id),
      sealed,
    )
    const answer = await callers(test.app, null).ask(
      SIGN_IN,
      { input: { tenant: 'acme', email: other.email, password: other.password, code: shows(rep.secret) } },
      elsewhere(),
    )
    expect([answer.data, answer.errors?.[0]?.extensions.code]).toEqual([null, 'INTERNAL'])
  })
})

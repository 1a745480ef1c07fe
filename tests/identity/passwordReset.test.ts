import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { setPassword } from '../../src/resolvers/identity/session.ts'
import { callers, type TestApp, testApp } from '../support/app.ts'
import { mailsTo } from '../support/mails.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person, SIGN_IN } from '../support/people.ts'

const ERRORS = 'userErrors { code message field details }'
const REQUEST = `mutation($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { ${ERRORS} } }`
const RESET = `mutation($input: ResetPasswordInput!) { resetPassword(input: $input) { reset ${ERRORS} } }`
const REFRESH =
  'mutation($refreshToken: String!) { refreshToken(refreshToken: $refreshToken) { accessToken userErrors { code } } }'
const UPDATE =
  'mutation($id: ID!, $input: UpdateUserInput!) { updateUser(id: $id, input: $input) { userErrors { code } } }'
const WHO = '{ viewer { user { id } } }'
const NEW = 'correct horse battery'

let test: TestApp
let acme: Owner
let globex: Owner
let address = 0

beforeAll(async () => {
  // Requests are counted by address: each test's comes from one of its own.
  test = await testApp({ trustProxy: ['127.0.0.1'] })
  acme = await openOwner(test, test.acme)
  globex = await openOwner(test, test.globex)
})

afterAll(async () => {
  await acme.close()
  await globex.close()
  await test.close()
})

const from = (ip = `203.0.113.${++address % 250}`) => ({ 'x-forwarded-for': ip })
const anonymous = () => callers(test.app, null)
const request = (email: string, tenant = 'acme', headers = from()) =>
  anonymous().ask(REQUEST, { input: { tenant, email } }, headers)
const ask = (input: Record<string, unknown>) =>
  anonymous().ask(RESET, { input: { tenant: 'acme', newPassword: NEW, ...input } }, from())
const reset = async (input: Record<string, unknown>) => (await ask(input)).data.resetPassword
const signIn = async (email: string, password: string, tenant = 'acme') =>
  (await anonymous().run(SIGN_IN, { input: { tenant, email, password } }, from())).signIn
const update = async (id: string, input: Record<string, unknown>) =>
  expect((await test.acme.run(UPDATE, { id, input })).updateUser.userErrors).toEqual([])

/** Asks for a reset and gives the token of the mail. */
async function token(one: Person): Promise<string> {
  await request(one.email)
  return (await mailsTo(acme, one.email)).filter(({ kind }) => kind === 'PASSWORD_RESET').at(-1)?.token as string
}

describe('a password reset', () => {
  it('sets the new password, ends all sessions, notes the day and tells the user', async () => {
    const rep = await person(test, test.acme, 'rep', { locale: 'zh-CN' })
    const given = await token(rep)
    const [mail] = await mailsTo(acme, rep.email)
    expect(mail).toMatchObject({
      kind: 'PASSWORD_RESET',
      subject: '重置您在AcmeMark company的密码',
      tenant: 'acme',
      token: expect.stringMatching(/^atr_reset_[\w-]{43}$/),
    })
    // Asking changes nothing yet.
    expect((await rep.run(WHO)).viewer.user.id).toBe(rep.id)
    const answer = await ask({ token: given })
    expect(answer.data.resetPassword).toEqual({ reset: true, userErrors: [] })
    expect((await rep.ask(WHO)).errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED')
    expect((await anonymous().ask(REFRESH, { refreshToken: rep.refreshToken })).errors?.[0]?.extensions.code).toBe(
      'UNAUTHENTICATED',
    )
    expect((await signIn(rep.email, rep.password)).accessToken).toBeNull()
    const { accessToken } = await signIn(rep.email, NEW)
    expect((await callers(test.app, accessToken).run(WHO)).viewer.user.id).toBe(rep.id)
    const { user } = await test.acme.run('query($id: ID!) { user(id: $id) { passwordChangedAt } }', { id: rep.id })
    expect(Date.now() - Date.parse(user.passwordChangedAt)).toBeLessThan(60_000)
    const told = (await mailsTo(acme, rep.email)).at(-1)
    expect(told).toMatchObject({ kind: 'PASSWORD_CHANGED', subject: '您在AcmeMark company的密码已更改', token: '' })
  })

  it('keeps no token in the database but in the mail that waits', async () => {
    const rep = await person(test, test.acme, 'rep')
    const given = await token(rep)
    const rows = await acme.rows<{ text: string }>(
      `SELECT to_json(t)::text AS text FROM user_token t WHERE t.tenant_id = $1 UNION ALL SELECT to_json(c)::text FROM change c WHERE c.tenant_id = $1`,
      acme.tenantId,
    )
    expect(rows.length).toBeGreaterThan(1)
    for (const { text } of rows) {
      expect(text).not.toContain(given)
      expect(text).not.toContain(Buffer.from(given).toString('hex'))
    }
  })

  it('clears the lock of the account', async () => {
    const rep = await person(test, test.acme, 'rep')
    for (let n = 0; n < 11; n++) await signIn(rep.email, 'not the password')
    expect((await signIn(rep.email, rep.password)).userErrors[0].code).toBe('ACCOUNT_LOCKED')
    expect((await reset({ token: await token(rep) })).reset).toBe(true)
    expect((await signIn(rep.email, NEW)).accessToken).not.toBeNull()
  })

  it('leaves a second factor as it is', async () => {
    const rep = await person(test, test.acme, 'rep')
    await acme.rows(
      `UPDATE user_secret SET mfa_secret = '\\x00', mfa_confirmed_at = now() WHERE tenant_id = $1 AND user_id = $2`,
      acme.tenantId,
      uuidIn(rep.id),
    )
    expect((await reset({ token: await token(rep) })).reset).toBe(true)
    const [row] = await acme.rows<{ on: boolean }>(
      'SELECT mfa_confirmed_at IS NOT NULL AS on FROM user_secret WHERE tenant_id = $1 AND user_id = $2',
      acme.tenantId,
      uuidIn(rep.id),
    )
    expect(row?.on).toBe(true)
    expect((await signIn(rep.email, NEW)).accessToken).toBeNull()
  })

  it('takes a token once, also of many at the same time', async () => {
    const rep = await person(test, test.acme, 'rep')
    const given = await token(rep)
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => reset({ token: given, newPassword: `${NEW} ${n}` })),
    )
    expect(answers.filter(({ reset }) => reset)).toHaveLength(1)
    const works = await Promise.all(answers.map((_, n) => signIn(rep.email, `${NEW} ${n}`)))
    expect(works.map(({ accessToken }) => accessToken !== null)).toEqual(answers.map(({ reset }) => reset))
    expect((await mailsTo(acme, rep.email)).filter(({ kind }) => kind === 'PASSWORD_CHANGED')).toHaveLength(1)
  })

  it('leaves the token good after a password that cannot be', async () => {
    const rep = await person(test, test.acme, 'rep')
    const given = await token(rep)
    expect((await reset({ token: given, newPassword: 'short' })).userErrors).toEqual([
      expect.objectContaining({ code: 'PASSWORD_WEAK', field: ['input', 'newPassword'] }),
    ])
    await test.app.tenancy.writeTenant({ tenantId: acme.tenantId }, (db) =>
      setPassword(db, acme.tenantId, uuidIn(rep.id), NEW),
    )
    const next = await token(rep)
    expect((await reset({ token: next })).userErrors).toEqual([
      expect.objectContaining({ code: 'PASSWORD_REUSED', field: ['input', 'newPassword'] }),
    ])
    expect((await reset({ token: next, newPassword: `${NEW} two` })).reset).toBe(true)
  })

  it('touches the named company’s user alone where two have the same address (A38)', async () => {
    const email = 'li.wei@mail.example'
    const here = await person(test, test.acme, 'rep', { email })
    const there = await person(test, test.globex, 'rep', { email })
    const given = await token(here)
    expect(await mailsTo(globex, email)).toEqual([])
    expect((await reset({ token: given, tenant: 'globex' })).userErrors[0].code).toBe('INVALID_TOKEN')
    expect((await reset({ token: given })).reset).toBe(true)
    expect((await there.run(WHO)).viewer.user.id).toBe(there.id)
    expect((await signIn(email, there.password, 'globex')).accessToken).not.toBeNull()
    expect((await signIn(email, NEW, 'globex')).accessToken).toBeNull()
    expect((await signIn(email, NEW)).accessToken).not.toBeNull()
  })
})

describe('requestPasswordReset', () => {
  it('answers everybody the same and mails those alone who may sign in', async () => {
    const people: Record<string, Person> = {}
    for (const name of ['active', 'suspended', 'left', 'invited', 'deleted', 'foreign'])
      people[name] = await person(test, name === 'foreign' ? test.globex : test.acme, 'rep')
    const { active, suspended, left, invited, deleted, foreign } = people as Record<string, Person>
    await update(suspended!.id, { status: 'SUSPENDED' })
    await update(left!.id, { status: 'LEFT' })
    await update(invited!.id, { status: 'INVITED' })
    await test.acme.run('mutation($id: ID!) { deleteUser(id: $id) { userErrors { code } } }', { id: deleted!.id })
    const bodies = new Set<string>()
    for (const [email, tenant] of [
      ...Object.values(people).map(({ email }) => [email, 'acme']),
      ['nobody@acme.example', 'acme'],
      [active!.email, 'nowhere'],
      [active!.email, ''],
      [active!.email, 'ac\u0000me'],
      [active!.email, 'globex'],
      [active!.email.toUpperCase(), ' ACME '],
    ] as [string, string][]) {
      const answer = await request(email, tenant)
      expect(answer.status).toBe(200)
      bodies.add(answer.body)
    }
    expect([...bodies].map((body) => JSON.parse(body).data)).toEqual([{ requestPasswordReset: { userErrors: [] } }])
    expect(await mailsTo(acme, active!.email)).toHaveLength(2)
    for (const one of [suspended, left, invited, deleted, foreign]) {
      expect(await mailsTo(acme, one!.email)).toEqual([])
      expect(await mailsTo(globex, one!.email)).toEqual([])
    }
  })

  it('sends nothing while the company is suspended', async () => {
    const rep = await person(test, test.acme, 'rep')
    await acme.rows(`UPDATE tenant SET status = 'SUSPENDED' WHERE id = $1`, acme.tenantId)
    await request(rep.email)
    await acme.rows(`UPDATE tenant SET status = 'ACTIVE' WHERE id = $1`, acme.tenantId)
    expect(await mailsTo(acme, rep.email)).toEqual([])
  })

  it('sends three mails an hour to a user, also of many requests at the same time, and the third link stays good', async () => {
    const rep = await person(test, test.acme, 'rep')
    const answers = await Promise.all(Array.from({ length: 6 }, () => request(rep.email)))
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1)
    const mails = await mailsTo(acme, rep.email)
    expect(mails).toHaveLength(3)
    await acme.rows(
      `UPDATE user_token SET created_at = created_at - interval '61 minutes' WHERE tenant_id = $1 AND user_id = $2`,
      acme.tenantId,
      uuidIn(rep.id),
    )
    const results = []
    for (const mail of mails) results.push(await reset({ token: mail.token }))
    expect(results.filter(({ reset }) => reset)).toHaveLength(1)
    await request(rep.email)
    expect((await mailsTo(acme, rep.email)).filter(({ kind }) => kind === 'PASSWORD_RESET')).toHaveLength(4)
  })

  it('takes ten requests of one address in a quarter of an hour, and says nothing about the others', async () => {
    const people: Person[] = []
    for (let n = 0; n < 4; n++) people.push(await person(test, test.acme, 'rep'))
    const headers = from('198.51.100.7')
    const bodies = new Set<string>()
    for (let n = 0; n < 12; n++) bodies.add((await request(people[Math.floor(n / 3)]!.email, 'acme', headers)).body)
    expect(bodies.size).toBe(1)
    const counts = []
    for (const { email } of people) counts.push((await mailsTo(acme, email)).length)
    expect(counts).toEqual([3, 3, 3, 1])
  })
})

describe('a token', () => {
  it('is refused with one answer whatever is wrong with it', async () => {
    const fresh = async () => {
      const rep = await person(test, test.acme, 'rep')
      return { rep, given: await token(rep) }
    }
    const used = await fresh()
    expect((await reset({ token: used.given })).reset).toBe(true)
    const replaced = await fresh()
    const live = await token(replaced.rep)
    const expired = await fresh()
    await acme.rows(
      `UPDATE user_token SET expires_at = now() WHERE tenant_id = $1 AND user_id = $2`,
      acme.tenantId,
      uuidIn(expired.rep.id),
    )
    const changed = await fresh()
    await test.app.tenancy.writeTenant({ tenantId: acme.tenantId }, (db) =>
      setPassword(db, acme.tenantId, uuidIn(changed.rep.id), `${NEW} of their own`),
    )
    const moved = await fresh()
    await update(moved.rep.id, { email: `moved.${moved.rep.email}` })
    const suspended = await fresh()
    await update(suspended.rep.id, { status: 'SUSPENDED' })
    const deleted = await fresh()
    await test.acme.run('mutation($id: ID!) { deleteUser(id: $id) { userErrors { code } } }', { id: deleted.rep.id })
    const inputs = [
      ...[used, replaced, expired, changed, moved, suspended, deleted].map(({ given }) => ({ token: given })),
      { token: live, tenant: 'globex' },
      { token: live, tenant: 'nowhere' },
      { token: live, tenant: 'nul\u0000' },
      { token: live.replace('reset', 'invitation') },
      { token: `${live}=` },
      { token: '' },
      { token: 'nul\u0000' },
      { token: replaced.rep.refreshToken },
      { token: `atr_reset_${'A'.repeat(43)}` },
    ]
    const bodies = new Set<string>()
    for (const input of inputs) bodies.add((await ask(input)).body)
    expect([...bodies].map((body) => JSON.parse(body).data.resetPassword)).toEqual([
      {
        reset: false,
        userErrors: [{ code: 'INVALID_TOKEN', message: expect.any(String), field: ['input', 'token'], details: null }],
      },
    ])
    expect((await reset({ token: live })).reset).toBe(true)
  })
})

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { newApiKey } from '../../src/access/apiKey.ts'
import { type Any, type Company, callers, type TestApp, testApp } from '../support/app.ts'
import { mailsTo } from '../support/mails.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person, SIGN_IN } from '../support/people.ts'

const ERRORS = 'userErrors { code message field details }'
const INVITE = `mutation($input: InviteUserInput!) { inviteUser(input: $input) { user { id email name status role { key } locale } ${ERRORS} } }`
const RESEND = `mutation($userId: ID!) { resendInvitation(userId: $userId) { user { id status } ${ERRORS} } }`
const REVOKE = `mutation($userId: ID!) { revokeInvitation(userId: $userId) { user { id deletedAt } ${ERRORS} } }`
const ACCEPT = `mutation($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { accepted ${ERRORS} } }`
const UPDATE =
  'mutation($id: ID!, $input: UpdateUserInput!) { updateUser(id: $id, input: $input) { userErrors { code } } }'
const PASSWORD = 'correct horse battery'

let test: TestApp
let acme: Owner
let globex: Owner
let admin: Person
let roles: Record<string, string>
let counter = 0

beforeAll(async () => {
  test = await testApp()
  acme = await openOwner(test, test.acme)
  globex = await openOwner(test, test.globex)
  admin = await person(test, test.acme, 'admin', { name: 'Wang Wei' })
  roles = await rolesOf(test.acme)
})

afterAll(async () => {
  await acme.close()
  await globex.close()
  await test.close()
})

async function rolesOf(company: Company): Promise<Record<string, string>> {
  const { roles } = await company.run('{ roles { nodes { id key } } }')
  return Object.fromEntries(roles.nodes.map(({ id, key }: Any) => [key, id]))
}

const fresh = () => `new.${++counter}@mail.example`

/** Invites somebody and gives their id and the token of the mail. */
async function invited(by: Pick<Company, 'run'> = admin, more: Record<string, unknown> = {}) {
  const email = (more.email as string) ?? fresh()
  const { inviteUser } = await by.run(INVITE, { input: { email, name: 'Li Na', roleId: roles.rep, ...more } })
  expect(inviteUser.userErrors).toEqual([])
  const mail = (await mailsTo(acme, email)).at(-1)!
  return { ...inviteUser.user, id: inviteUser.user.id as string, email, token: mail.token, mail }
}

const ask = (input: Record<string, unknown>) =>
  callers(test.app, null).ask(ACCEPT, { input: { tenant: 'acme', password: PASSWORD, ...input } })
const accept = async (input: Record<string, unknown>) => (await ask(input)).data.acceptInvitation
const signIn = async (email: string, password = PASSWORD, tenant = 'acme') =>
  (await callers(test.app, null).run(SIGN_IN, { input: { tenant, email, password } })).signIn
const update = async (id: string, input: Record<string, unknown>) =>
  expect((await test.acme.run(UPDATE, { id, input })).updateUser.userErrors).toEqual([])
const statusOf = async (id: string) =>
  (await test.acme.run('query($id: ID!) { user(id: $id) { status name } }', { id })).user

/** A role of acme's with these rights, [object, columns], made past the API. */
async function role(key: string, rights: [string, string[]][]): Promise<string> {
  const [{ id }] = (await acme.rows('INSERT INTO role (key, name) VALUES ($1, $1) RETURNING id', key)) as [
    { id: string },
  ]
  for (const [object, columns] of rights) {
    await acme.rows(
      `INSERT INTO object_permission (role_id, object, read_scope, write_scope, ${columns.join()}) VALUES ($1, $2, 'ALL', 'ALL', ${columns.map(() => 'true').join()})`,
      id,
      object,
    )
  }
  return (await rolesOf(test.acme))[key] as string
}

describe('inviteUser', () => {
  it('makes a user who is yet to come and mails them a link', async () => {
    const guest = await invited(admin, { managerId: admin.id, locale: 'en' })
    expect(guest).toMatchObject({ name: 'Li Na', status: 'INVITED', role: { key: 'rep' } })
    expect(guest.mail).toMatchObject({
      kind: 'INVITATION',
      subject: 'Wang Wei invites you to AcmeMark company',
      tenant: 'acme',
      token: expect.stringMatching(/^atr_invitation_[\w-]{43}$/),
    })
    expect(guest.mail.text).toContain('Hello Li Na')
    expect((await signIn(guest.email)).userErrors[0].code).toBe('INVALID_CREDENTIALS')
  })

  it('writes in the language of the invited, else of the company', async () => {
    const guest = await invited(admin, { locale: 'zh-CN', name: '李娜' })
    expect(guest.mail.subject).toBe('Wang Wei邀请您加入AcmeMark company')
    expect(guest.mail.text).toContain('李娜，您好')
    await acme.rows(`UPDATE tenant SET locale = 'zh-CN' WHERE id = $1`, acme.tenantId)
    expect((await invited()).mail.text).toContain('您好')
    expect((await invited(admin, { locale: 'en-GB' })).mail.text).toContain('Hello')
    await acme.rows(`UPDATE tenant SET locale = 'en' WHERE id = $1`, acme.tenantId)
  })

  it('lets no name break out of its line', async () => {
    const { mail } = await invited(admin, { name: 'Li\nNa\r\nBcc: x@mail.example' })
    expect(mail.text).toContain('Hello Li Na Bcc: x@mail.example,\n')
    expect(mail.subject).not.toMatch(/[\r\n]/)
  })

  it('keeps the token nowhere but in the mail that waits', async () => {
    const guest = await invited(admin)
    const email = fresh()
    await admin.run(
      INVITE,
      { input: { email, name: 'Li Na', roleId: roles.rep } },
      { 'idempotency-key': 'invite once' },
    )
    const tokens = [guest.token, (await mailsTo(acme, email))[0]!.token]
    for (const table of ['user_token', 'change', 'app_user', 'idempotency_record', 'user_secret']) {
      const rows = await acme.rows<{ text: string }>(
        `SELECT to_json(x)::text AS text FROM ${table} x WHERE x.tenant_id = $1`,
        acme.tenantId,
      )
      for (const { text } of rows) for (const token of tokens) expect(text).not.toContain(token)
    }
  })

  it('invites once under one idempotency key', async () => {
    const email = fresh()
    const input = { email, name: 'Li Na', roleId: roles.rep }
    const answers = []
    for (let n = 0; n < 2; n++) answers.push(await admin.run(INVITE, { input }, { 'idempotency-key': 'twice' }))
    expect(answers[1]).toEqual(answers[0])
    expect(await mailsTo(acme, email)).toHaveLength(1)
  })

  it('refuses the address of a live user, and takes that of a deleted one for a new user', async () => {
    const rep = await person(test, test.acme, 'rep')
    const { inviteUser } = await admin.run(INVITE, {
      input: { email: rep.email.toUpperCase(), name: 'Li Na', roleId: roles.rep },
    })
    expect(inviteUser.userErrors).toEqual([
      expect.objectContaining({ code: 'UNIQUE_VIOLATION', field: ['input', 'email'] }),
    ])
    expect(await mailsTo(acme, rep.email)).toEqual([])
    await test.acme.run('mutation($id: ID!) { deleteUser(id: $id) { userErrors { code } } }', { id: rep.id })
    const guest = await invited(admin, { email: rep.email })
    expect(guest.id).not.toBe(rep.id)
    expect((await accept({ token: guest.token })).accepted).toBe(true)
  })

  it('names everything that is wrong, and mails nobody', async () => {
    const email = fresh()
    const wrong = async (input: Record<string, unknown>) =>
      (await admin.run(INVITE, { input: { email, name: 'Li Na', roleId: roles.rep, ...input } })).inviteUser.userErrors
    expect(await wrong({ name: '  ' })).toEqual([
      expect.objectContaining({ code: 'VALIDATION_FAILED', field: ['input', 'name'] }),
    ])
    const foreign = (await rolesOf(test.globex)).rep
    for (const roleId of [foreign, 'role_nothing', admin.id])
      expect(await wrong({ roleId })).toEqual([
        expect.objectContaining({ code: 'NOT_FOUND', field: ['input', 'roleId'] }),
      ])
    expect(await wrong({ managerId: test.globex.adminUserId })).toEqual([
      expect.objectContaining({ code: 'NOT_FOUND', field: ['input', 'managerId'] }),
    ])
    expect(await mailsTo(acme, email)).toEqual([])
  })

  it('is for those who may make users, and lets nobody hand out more than they have', async () => {
    const hrRole = await role('hr', [
      ['User', ['can_read', 'can_create', 'can_update', 'can_delete']],
      ['Role', ['can_read']],
    ])
    const hr = await person(test, test.acme, 'hr')
    const rep = await person(test, test.acme, 'rep')
    const input = (roleId: unknown) => ({ input: { email: fresh(), name: 'Li Na', roleId } })
    const refused = await rep.ask(INVITE, input(roles.rep))
    expect([refused.status, refused.errors?.[0]?.extensions.code]).toEqual([403, 'FORBIDDEN'])
    expect((await callers(test.app, null).ask(INVITE, input(roles.rep))).errors?.[0]?.extensions.code).toBe(
      'UNAUTHENTICATED',
    )
    for (const key of ['admin', 'rep']) {
      const { inviteUser } = await hr.run(INVITE, input(roles[key]))
      expect(inviteUser).toMatchObject({
        user: null,
        userErrors: [{ code: 'PRIVILEGE_ESCALATION', field: ['input', 'roleId'] }],
      })
    }
    expect((await hr.run(INVITE, input(hrRole))).inviteUser.userErrors).toEqual([])
    // Nor by mailing again what an administrator once gave.
    const guest = await invited(admin, { roleId: roles.admin })
    const { resendInvitation } = await hr.run(RESEND, { userId: guest.id })
    expect(resendInvitation.userErrors).toEqual([expect.objectContaining({ code: 'PRIVILEGE_ESCALATION' })])
    expect((await accept({ token: guest.token })).accepted).toBe(true)
  })

  it('wants a person behind a key', async () => {
    const { key, prefix, last4, hash } = newApiKey('live')
    await acme.rows(
      'INSERT INTO api_key (name, prefix, last4, key_hash, role_id) VALUES ($1, $1, $2, $3, $4)',
      prefix,
      last4,
      hash,
      uuidIn(roles.admin as string),
    )
    const email = fresh()
    const input = { input: { email, name: 'Li Na', roleId: roles.rep } }
    const refused = await callers(test.app, key).ask(INVITE, input)
    expect(refused.errors?.[0]?.extensions.code).toBe('FORBIDDEN')
    // The first key acts for the administrator.
    expect((await test.acme.run(INVITE, input)).inviteUser.userErrors).toEqual([])
    expect((await mailsTo(acme, email))[0]?.subject).toBe('AcmeMark admin invites you to AcmeMark company')
  })
})

describe('acceptInvitation', () => {
  it('makes the user an active one with the password they chose, in their own name', async () => {
    const guest = await invited()
    expect(await accept({ token: guest.token, name: ' 李娜 ' })).toEqual({ accepted: true, userErrors: [] })
    expect(await statusOf(guest.id)).toEqual({ status: 'ACTIVE', name: '李娜' })
    const { accessToken } = await signIn(guest.email)
    expect((await callers(test.app, accessToken).run('{ viewer { user { id } } }')).viewer.user.id).toBe(guest.id)
    const changes = await acme.rows<{ actor: string; user_id: string }>(
      `SELECT DISTINCT actor, user_id FROM change WHERE tenant_id = $1 AND record_id = $2 AND operation = 'updated'`,
      acme.tenantId,
      uuidIn(guest.id),
    )
    expect(changes).toEqual([{ actor: `user:${uuidIn(guest.id)}`, user_id: uuidIn(guest.id) }])
  })

  it('takes a token once, also of many at the same time', async () => {
    const guest = await invited()
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => accept({ token: guest.token, password: `${PASSWORD} ${n}` })),
    )
    expect(answers.filter(({ accepted }) => accepted)).toHaveLength(1)
    for (const { accepted, userErrors } of answers)
      if (!accepted) expect(userErrors).toEqual([expect.objectContaining({ code: 'INVALID_TOKEN' })])
    const works = await Promise.all(answers.map((_, n) => signIn(guest.email, `${PASSWORD} ${n}`)))
    expect(works.map(({ accessToken }) => accessToken !== null)).toEqual(answers.map(({ accepted }) => accepted))
    expect((await accept({ token: guest.token })).userErrors[0].code).toBe('INVALID_TOKEN')
  })

  it('answers one and the same to a token that is not valid, whatever the reason', async () => {
    const used = await invited()
    expect((await accept({ token: used.token })).accepted).toBe(true)
    const live = await invited()
    const expired = await invited()
    await acme.rows(
      `UPDATE user_token SET expires_at = now() WHERE tenant_id = $1 AND user_id = $2`,
      acme.tenantId,
      uuidIn(expired.id),
    )
    const replaced = await invited()
    await admin.run(RESEND, { userId: replaced.id })
    const revoked = await invited()
    await admin.run(REVOKE, { userId: revoked.id })
    const deleted = await invited()
    await test.acme.run('mutation($id: ID!) { deleteUser(id: $id) { userErrors { code } } }', { id: deleted.id })
    const suspended = await invited()
    await update(suspended.id, { status: 'SUSPENDED' })
    const active = await invited()
    await update(active.id, { status: 'ACTIVE' })
    const moved = await invited()
    await update(moved.id, { email: fresh() })
    const inputs = [
      ...[used, expired, replaced, revoked, deleted, suspended, active, moved].map(({ token }) => ({ token })),
      { token: live.token, tenant: 'globex' },
      { token: live.token, tenant: 'nowhere' },
      { token: live.token, tenant: 'ac\u0000me' },
      { token: live.token.slice(0, -1) },
      { token: `${live.token}x` },
      { token: live.token.replace('invitation', 'reset') },
      { token: `atr_invitation_${'A'.repeat(43)}` },
      { token: '' },
      { token: 'x'.repeat(10_000) },
      { token: 'nul\u0000' },
      { token: admin.token },
    ]
    const bodies = new Set<string>()
    for (const input of inputs) bodies.add((await ask(input)).body)
    expect([...bodies].map((body) => JSON.parse(body).data.acceptInvitation)).toEqual([
      {
        accepted: false,
        userErrors: [{ code: 'INVALID_TOKEN', message: expect.any(String), field: ['input', 'token'], details: null }],
      },
    ])
    expect((await accept({ token: live.token, tenant: ' ACME ' })).accepted).toBe(true)
  })

  it('refuses it while the inviter could not give it: suspended, gone, without the right, or with fewer rights than the role', async () => {
    const inviter = await person(test, test.acme, 'admin')
    const guest = await invited(inviter)
    const inForce = async () =>
      (await ask({ token: guest.token, password: 'password of nobody' })).data.acceptInvitation.userErrors
    const wall = [expect.objectContaining({ code: 'INVALID_TOKEN' })]
    await update(inviter.id, { status: 'SUSPENDED' })
    expect(await inForce()).toEqual(wall)
    await update(inviter.id, { status: 'LEFT' })
    expect(await inForce()).toEqual(wall)
    await update(inviter.id, { status: 'ACTIVE', roleId: roles.rep })
    expect(await inForce()).toEqual(wall)
    await update(inviter.id, {
      roleId: await role('recruiter', [
        ['User', ['can_read', 'can_create']],
        ['Role', ['can_read']],
      ]),
    })
    expect(await inForce()).toEqual(wall)
    await update(inviter.id, { roleId: roles.admin })
    await test.acme.run('mutation($id: ID!) { deleteUser(id: $id) { userErrors { code } } }', { id: inviter.id })
    expect(await inForce()).toEqual(wall)
    await test.acme.run('mutation($id: ID!) { restoreUser(id: $id) { userErrors { code } } }', { id: inviter.id })
    expect(await inForce()).toEqual([])
    expect((await statusOf(guest.id)).status).toBe('ACTIVE')
  })

  it('leaves the token good after a weak password or a bad name', async () => {
    const guest = await invited()
    for (const password of ['short', 'password123', `${guest.email} and more`]) {
      expect((await accept({ token: guest.token, password })).userErrors).toEqual([
        expect.objectContaining({ code: 'PASSWORD_WEAK', field: ['input', 'password'] }),
      ])
    }
    expect((await accept({ token: guest.token, name: 'x'.repeat(300) })).userErrors).toEqual([
      expect.objectContaining({ code: 'VALIDATION_FAILED', field: ['input', 'name'] }),
    ])
    expect((await statusOf(guest.id)).status).toBe('INVITED')
    expect((await accept({ token: guest.token })).accepted).toBe(true)
  })

  it('reaches one company’s user alone where two invite the same address', async () => {
    const email = fresh()
    const here = await invited(admin, { email })
    const { inviteUser } = await test.globex.run(INVITE, {
      input: { email, name: 'GlobexMark Li Na', roleId: (await rolesOf(test.globex)).rep },
    })
    const there = (await mailsTo(globex, email))[0]!
    expect((await accept({ token: there.token })).userErrors[0].code).toBe('INVALID_TOKEN')
    expect((await accept({ token: here.token })).accepted).toBe(true)
    expect((await signIn(email)).accessToken).not.toBeNull()
    expect((await signIn(email, PASSWORD, 'globex')).accessToken).toBeNull()
    const { user } = await test.globex.run('query($id: ID!) { user(id: $id) { status } }', { id: inviteUser.user.id })
    expect(user.status).toBe('INVITED')
    expect((await accept({ token: there.token, tenant: 'globex', password: `${PASSWORD} there` })).accepted).toBe(true)
    expect((await signIn(email)).accessToken).not.toBeNull()
  })

  it('is shut while the company is', async () => {
    const guest = await invited()
    await acme.rows(`UPDATE tenant SET status = 'SUSPENDED' WHERE id = $1`, acme.tenantId)
    const refused = await accept({ token: guest.token })
    await acme.rows(`UPDATE tenant SET status = 'ACTIVE' WHERE id = $1`, acme.tenantId)
    expect(refused.userErrors).toEqual([expect.objectContaining({ code: 'INVALID_TOKEN' })])
    expect((await accept({ token: guest.token })).accepted).toBe(true)
  })
})

describe('resendInvitation and revokeInvitation', () => {
  it('put a new link in the place of the old one', async () => {
    const guest = await invited()
    expect((await admin.run(RESEND, { userId: guest.id })).resendInvitation).toMatchObject({
      user: { status: 'INVITED' },
      userErrors: [],
    })
    const mails = await mailsTo(acme, guest.email)
    expect(mails).toHaveLength(2)
    expect((await accept({ token: mails[0]!.token })).accepted).toBe(false)
    expect((await accept({ token: mails[1]!.token })).accepted).toBe(true)
  })

  it('cannot mail a user without an address', async () => {
    const guest = await invited()
    await update(guest.id, { email: null })
    expect((await admin.run(RESEND, { userId: guest.id })).resendInvitation.userErrors).toEqual([
      expect.objectContaining({ code: 'INVALID_STATE', field: ['userId'] }),
    ])
    expect((await admin.run(REVOKE, { userId: guest.id })).revokeInvitation.userErrors).toEqual([])
  })

  it('make the caller the inviter', async () => {
    const inviter = await person(test, test.acme, 'admin')
    const guest = await invited(inviter)
    await update(inviter.id, { status: 'LEFT' })
    await admin.run(RESEND, { userId: guest.id })
    expect((await accept({ token: (await mailsTo(acme, guest.email))[1]!.token })).accepted).toBe(true)
  })

  it('put an invited user into the recycle bin, and leave the address free', async () => {
    const guest = await invited()
    const { revokeInvitation } = await admin.run(REVOKE, { userId: guest.id })
    expect(revokeInvitation).toMatchObject({ user: { id: guest.id, deletedAt: expect.any(String) }, userErrors: [] })
    await test.acme.run('mutation($id: ID!) { restoreUser(id: $id) { userErrors { code } } }', { id: guest.id })
    // Out of the bin the user is invited again, but not by the link that was taken back.
    expect((await accept({ token: guest.token })).accepted).toBe(false)
    await admin.run(REVOKE, { userId: guest.id })
    expect((await accept({ token: (await invited(admin, { email: guest.email })).token })).accepted).toBe(true)
  })

  it('refuse users who are not invited, are not there or belong to another company', async () => {
    const rep = await person(test, test.acme, 'rep')
    const foreign = await test.globex.run(INVITE, {
      input: { email: fresh(), name: 'GlobexMark guest', roleId: (await rolesOf(test.globex)).rep },
    })
    for (const [mutation, name] of [
      [RESEND, 'resendInvitation'],
      [REVOKE, 'revokeInvitation'],
    ] as const) {
      expect((await admin.run(mutation, { userId: rep.id }))[name]).toEqual({
        user: null,
        userErrors: [
          {
            code: 'INVALID_STATE',
            message: expect.any(String),
            field: ['userId'],
            details: { from: 'ACTIVE', allowed: [] },
          },
        ],
      })
      for (const userId of [foreign.inviteUser.user.id, 'user_nothing', roles.rep])
        expect((await admin.run(mutation, { userId }))[name].userErrors).toEqual([
          expect.objectContaining({ code: 'NOT_FOUND', field: ['userId'] }),
        ])
      const refused = await rep.ask(mutation, { userId: rep.id })
      expect(refused.errors?.[0]?.extensions.code).toBe('FORBIDDEN')
    }
    expect((await statusOf(rep.id)).status).toBe('ACTIVE')
  })
})

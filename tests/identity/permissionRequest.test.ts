import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { newApiKey } from '../../src/access/apiKey.ts'
import { viewerOfUser } from '../../src/access/viewer.ts'
import { runAccessWork, startAccessWork } from '../../src/jobs/access.ts'
import { dueAfter } from '../../src/resolvers/identity/approver.ts'
import { type Any, type Company, callers, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { mailsTo } from '../support/mails.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person, SIGN_IN } from '../support/people.ts'

const ERRORS = 'userErrors { code message field details }'
const FIELDS =
  'id status step kind object recordId field access dueAt escalations grantedUntil decisionNote endNote decidedAt endedAt applicant { id } approver { id } onBehalfOf { id } endorsedBy { id } decidedBy { id } grantedUserRole { id expiresAt } grantedShare { id expiresAt access }'
const REQUEST = `mutation($input: RequestPermissionInput!) { requestPermission(input: $input) { permissionRequest { ${FIELDS} } ${ERRORS} } }`
const DECIDE = `mutation($id: ID!, $approve: Boolean!, $note: String, $until: DateTime) { decidePermissionRequest(id: $id, approve: $approve, note: $note, until: $until) { permissionRequest { ${FIELDS} } ${ERRORS} } }`
const CANCEL = `mutation($id: ID!) { cancelPermissionRequest(id: $id) { permissionRequest { ${FIELDS} } ${ERRORS} } }`
const REVOKE = `mutation($id: ID!, $note: String!) { revokeGrant(id: $id, note: $note) { permissionRequest { ${FIELDS} } ${ERRORS} } }`
const SEE = `query($id: ID!) { permissionRequest(id: $id) { ${FIELDS} record { id } } }`
const UPDATE =
  'mutation($id: ID!, $input: UpdateUserInput!) { updateUser(id: $id, input: $input) { userErrors { code message } } }'

const DAY = 86_400_000
const later = (days: number, from = Date.now()) => new Date(from + days * DAY)

let test: TestApp
let acme: Owner
let roles: Record<string, string>
/** The head of sales, who is everybody's manager here unless a test says otherwise. */
let manager: Person

beforeAll(async () => {
  test = await testApp()
  acme = await openOwner(test, test.acme)
  for (const { id } of [test.acme, test.globex]) {
    await test.app.tenancy.writeTenant({ tenantId: uuidIn(id) }, (db) =>
      db.rows({ text: 'SELECT atrium.seed_permission_requests()', values: [] }),
    )
  }
  const found = await test.acme.run('{ roles { nodes { id key } } }')
  roles = Object.fromEntries(found.roles.nodes.map(({ id, key }: Any) => [key, id]))
  manager = await person(test, test.acme, 'manager', { name: 'Wang Wei' })
})

afterAll(async () => {
  await acme.close()
  await test.close()
})

type Caller = Pick<Company, 'run' | 'ask'>
const rep = (more: Record<string, unknown> = {}, role = 'rep') =>
  person(test, test.acme, role, { managerId: manager.id, name: 'Li Na', ...more })
const update = async (id: string, input: Record<string, unknown>) =>
  expect((await test.acme.run(UPDATE, { id, input })).updateUser.userErrors).toEqual([])

/** With a new credential, of which nothing is remembered. */
async function signedIn({ email, password }: Person): Promise<Caller> {
  const { signIn } = await callers(test.app, null).run(SIGN_IN, { input: { tenant: 'acme', email, password } })
  return callers(test.app, signIn.accessToken)
}

const tryRequest = async (by: Caller, input: Record<string, unknown>) =>
  (await by.run(REQUEST, { input: { reason: 'for the audit', ...input } })).requestPermission
async function request(by: Caller, input: Record<string, unknown>) {
  const { permissionRequest, userErrors } = await tryRequest(by, input)
  expect(userErrors).toEqual([])
  return permissionRequest
}
const decide = async (by: Caller, id: string, more: Record<string, unknown> = {}) =>
  (await by.run(DECIDE, { id, approve: true, ...more })).decidePermissionRequest
async function approve(by: Caller, id: string, more: Record<string, unknown> = {}) {
  const { permissionRequest, userErrors } = await decide(by, id, more)
  expect(userErrors).toEqual([])
  return permissionRequest
}
const see = async (id: string, by: Caller = test.acme) => (await by.run(SEE, { id })).permissionRequest
const codes = ({ userErrors }: Any) => userErrors.map(({ code }: Any) => code)
const work = (now = new Date()) => runAccessWork(test.app.tenancy, { now })
const subjects = async (email: string) => (await mailsTo(acme, email)).map(({ subject }) => subject)
/** A right that every applicant may ask for and the manager may give. */
const EXPORT = { kind: 'EXPORT', object: 'Account', purpose: 'yearly report' }
const account = (ownerId: string, more: Record<string, unknown> = {}) =>
  make(test.acme, 'Account', { ownerId, ...more }) as Promise<{ id: string }>

describe('the time to decide', () => {
  it.each([
    ['2026-11-16T02:00:00Z', 'Asia/Shanghai', '2026-11-23T15:59:59.999Z', 'a Monday'],
    ['2026-11-20T15:59:00Z', 'Asia/Shanghai', '2026-11-27T15:59:59.999Z', 'late on a Friday'],
    ['2026-11-20T16:01:00Z', 'Asia/Shanghai', '2026-11-27T15:59:59.999Z', 'a Saturday there, a Friday here'],
    ['2026-11-22T12:00:00Z', 'UTC', '2026-11-27T23:59:59.999Z', 'a Sunday'],
    ['2026-10-23T12:00:00Z', 'Europe/Berlin', '2026-10-30T22:59:59.999Z', 'over the end of summer time'],
  ])('is five working days: from %s in %s to %s, %s', (from, zone, to) => {
    expect(dueAfter(new Date(from), zone).toISOString()).toBe(to)
  })
})

describe('who decides', () => {
  const approverOf = async (by: Caller) => {
    const { approver, onBehalfOf } = await request(by, EXPORT)
    return [approver?.id, onBehalfOf?.id ?? null]
  }

  it('is the manager, who is mailed', async () => {
    const user = await rep()
    const made = await request(user, EXPORT)
    expect(made).toMatchObject({ status: 'PENDING', step: 'MANAGER', approver: { id: manager.id } })
    expect(made.dueAt).toBe(dueAfter(new Date(), 'Asia/Shanghai').toISOString())
    const mail = (await mailsTo(acme, manager.email)).at(-1)!
    expect(mail.subject).toBe('Li Na asks for the export of Account')
    expect(mail.text).toContain('for the audit')
    expect(mail.text).toContain(`permission-request?tenant=acme&id=${made.id}`)
  })

  it('is without a manager the head of the department, of the one above where it has none, and else an administrator', async () => {
    const head = await person(test, test.acme, 'manager')
    const top = await make(test.acme, 'Department', { headId: head.id })
    const below = await make(test.acme, 'Department', { parentId: top.id, headId: null })
    expect(await approverOf(await rep({ managerId: null, departmentId: below.id }))).toEqual([head.id, null])
    expect(await approverOf(await rep({ managerId: null }))).toEqual([test.acme.adminUserId, null])
  })

  it('is the manager’s manager where the manager has left or may not decide, and then an administrator', async () => {
    const gone = await rep()
    await update(gone.id, { status: 'SUSPENDED' })
    expect(await approverOf(await rep({ managerId: gone.id }))).toEqual([manager.id, null])
    await update(gone.id, { managerId: null, status: 'LEFT' })
    expect(await approverOf(await rep({ managerId: gone.id }))).toEqual([test.acme.adminUserId, null])
    const [{ id }] = (await acme.rows(`INSERT INTO role (key, name) VALUES ('mute', 'Mute') RETURNING id`)) as Any
    const mute = await rep()
    await acme.rows('UPDATE app_user SET role_id = $1 WHERE id = $2', id, uuidIn(mute.id))
    expect(await approverOf(await rep({ managerId: mute.id }))).toEqual([manager.id, null])
    // Who may ask and not decide takes back what they asked for.
    await acme.rows(
      `INSERT INTO object_permission (role_id, object, can_read, can_create, read_scope, write_scope) SELECT $1, o, true, o = 'PermissionRequest', 'OWN', 'OWN' FROM unnest(ARRAY['PermissionRequest', 'User', 'UserRole', 'RecordShare', 'Account']) o`,
      id,
    )
    const again = await signedIn(mute)
    const { id: requestId } = await request(again, EXPORT)
    expect((await again.run(CANCEL, { id: requestId })).cancelPermissionRequest.userErrors).toEqual([])
  })

  it('is the delegate of whoever is out of office now, unless that is the applicant', async () => {
    const delegate = await rep()
    const away = await rep({ delegateId: delegate.id, outOfOfficeFrom: later(-1), outOfOfficeTo: later(2) })
    expect(await approverOf(await rep({ managerId: away.id }))).toEqual([delegate.id, away.id])
    await update(delegate.id, { managerId: away.id })
    expect(await approverOf(delegate)).toEqual([manager.id, null])
    await update(away.id, { outOfOfficeFrom: later(1) })
    expect(await approverOf(await rep({ managerId: away.id }))).toEqual([away.id, null])
  })

  it('is nobody for the only administrator, who is told so', async () => {
    const globex = await tryRequest(test.globex, EXPORT)
    expect(codes(globex)).toEqual(['INVALID_STATE'])
  })

  it('is never the applicant, and only whom it concerns', async () => {
    const [user, other] = [await rep(), await rep({ managerId: null })]
    const { id } = await request(user, EXPORT)
    expect(codes(await decide(user, id))).toEqual(['SELF_APPROVAL_FORBIDDEN'])
    expect(codes(await decide(other, id))).toEqual(['NOT_FOUND'])
    expect(codes(await decide(test.globex, id))).toEqual(['NOT_FOUND'])
    expect(await see(id, other)).toBeNull()
    const boss = await person(test, test.acme, 'manager')
    await update(manager.id, { managerId: boss.id })
    expect((await see(id, boss)).status).toBe('PENDING')
    expect(codes(await decide(boss, id))).toEqual(['FORBIDDEN'])
    await update(manager.id, { managerId: null })
    expect((await approve(test.acme, id)).decidedBy.id).toBe(test.acme.adminUserId)
    expect(codes(await decide(manager, id))).toEqual(['INVALID_STATE'])
  })

  it('stays an administrator’s business to decide even for requests of other administrators, not for their own', async () => {
    const second = await person(test, test.acme, 'admin')
    const { id, approver } = await request(second, { kind: 'ROLE', roleId: roles.rep })
    expect(approver.id).toBe(test.acme.adminUserId)
    expect(codes(await decide(second, id))).toEqual(['SELF_APPROVAL_FORBIDDEN'])
    await approve(test.acme, id)
    await update(second.id, { status: 'LEFT' })
  })

  it('refuses keys without a user', async () => {
    const key = newApiKey('live')
    await acme.rows(
      `INSERT INTO api_key (name, prefix, last4, key_hash, role_id) VALUES ('bare', $1, $2, $3, $4)`,
      key.prefix,
      key.last4,
      key.hash,
      uuidIn(roles.admin as string),
    )
    const bare = callers(test.app, key.key)
    const { id } = await request(await rep(), EXPORT)
    for (const [query, variables] of [
      [REQUEST, { input: { ...EXPORT, reason: 'x' } }],
      [DECIDE, { id, approve: true }],
    ] as const)
      expect((await bare.ask(query, variables)).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  })
})

describe('what is asked for', () => {
  it('must be there, be of use and fit its kind', async () => {
    const user = await rep()
    const foreign = await make(test.globex, 'Account')
    const wrong: [Record<string, unknown>, string, string][] = [
      [{ kind: 'ROLE' }, 'VALIDATION_FAILED', 'roleId'],
      [{ kind: 'ROLE', roleId: roles.manager, object: 'Account' }, 'VALIDATION_FAILED', 'object'],
      [{ kind: 'ROLE', roleId: roles.rep }, 'VALIDATION_FAILED', 'roleId'],
      [{ kind: 'ROLE', roleId: 'role_none' }, 'NOT_FOUND', 'roleId'],
      [{ kind: 'RECORD_ACCESS', recordId: foreign.id }, 'NOT_FOUND', 'recordId'],
      [{ kind: 'RECORD_ACCESS', recordId: 'nothing' }, 'NOT_FOUND', 'recordId'],
      [{ kind: 'RECORD_ACCESS', recordId: roles.rep }, 'VALIDATION_FAILED', 'recordId'],
      [{ kind: 'FIELD', object: 'Account', field: 'none' }, 'VALIDATION_FAILED', 'field'],
      [{ kind: 'FIELD', object: 'None', field: 'name' }, 'VALIDATION_FAILED', 'object'],
      [{ kind: 'FIELD', object: 'ApiKey', field: 'name' }, 'FORBIDDEN', 'object'],
      [{ kind: 'FIELD', object: 'Product', field: 'name', access: 'WRITE' }, 'FORBIDDEN', 'object'],
      [{ kind: 'EXPORT', object: 'Account' }, 'VALIDATION_FAILED', 'purpose'],
      [{ ...EXPORT, reason: ' ' }, 'VALIDATION_FAILED', 'reason'],
      [{ ...EXPORT, reason: '长'.repeat(2001) }, 'VALIDATION_FAILED', 'reason'],
      [{ ...EXPORT, requestedUntil: later(-1) }, 'VALIDATION_FAILED', 'requestedUntil'],
    ]
    for (const [input, code, field] of wrong) {
      const { userErrors, permissionRequest } = await tryRequest(user, input)
      expect([input, userErrors[0]]).toMatchObject([input, { code, field: ['input', field] }])
      expect(permissionRequest).toBeNull()
    }
  })

  it('waits once', async () => {
    const user = await rep()
    const { id } = await request(user, EXPORT)
    expect(codes(await tryRequest(user, EXPORT))).toEqual(['UNIQUE_VIOLATION'])
    await request(user, { ...EXPORT, object: 'Contact' })
    expect(codes((await manager.run(CANCEL, { id })).cancelPermissionRequest)).toEqual(['FORBIDDEN'])
    const { cancelPermissionRequest } = await user.run(CANCEL, { id })
    expect(cancelPermissionRequest.permissionRequest.status).toBe('CANCELLED')
    expect(codes((await user.run(CANCEL, { id })).cancelPermissionRequest)).toEqual(['INVALID_STATE'])
    await request(user, EXPORT)
    const racing = await rep()
    const both = await Promise.all([tryRequest(racing, EXPORT), tryRequest(racing, EXPORT)])
    expect(both.flatMap(codes)).toEqual(['UNIQUE_VIOLATION'])
  })

  it('is open to read-only users too', async () => {
    const reader = await rep({}, 'readonly')
    const { id } = await request(reader, EXPORT)
    const { permissionRequests } = await reader.run('{ permissionRequests { nodes { id } } }')
    expect(permissionRequests.nodes).toEqual([{ id }])
    expect((await reader.run(CANCEL, { id })).cancelPermissionRequest.userErrors).toEqual([])
  })
})

describe('a rejection', () => {
  it('needs a note and is told to the applicant in their language', async () => {
    const user = await rep({ locale: 'zh-CN', name: '李娜' })
    const { id } = await request(user, EXPORT)
    const without = await decide(manager, id, { approve: false })
    expect(without.userErrors[0]).toMatchObject({ code: 'VALIDATION_FAILED', field: ['note'] })
    const { permissionRequest } = await decide(manager, id, { approve: false, note: 'Not this year.' })
    expect(permissionRequest).toMatchObject({ status: 'REJECTED', decisionNote: 'Not this year.', dueAt: null })
    const mail = (await mailsTo(acme, user.email)).at(-1)!
    expect(mail).toMatchObject({ kind: 'PERMISSION_REJECTED', subject: '已拒绝：Account 的导出权限' })
    expect(mail.text).toContain('Not this year.')
  })
})

describe('a role', () => {
  it('is granted for a time, only by somebody who has as much, and can be revoked', async () => {
    const user = await rep()
    const asked = await request(user, { kind: 'ROLE', roleId: roles.admin })
    const [beyond] = (await decide(manager, asked.id)).userErrors
    expect(beyond).toMatchObject({ code: 'PRIVILEGE_ESCALATION', field: ['id'] })
    expect((await see(asked.id)).status).toBe('PENDING')
    const end = later(30)
    const { id } = await request(user, { kind: 'ROLE', roleId: roles.readonly, requestedUntil: end })
    // The manager's scope is narrower than that of the readers: only an administrator may give it.
    expect(codes(await decide(manager, id))).toEqual(['PRIVILEGE_ESCALATION'])
    expect(codes(await decide(test.acme, id, { until: later(31) }))).toEqual(['VALIDATION_FAILED'])
    const until = later(7)
    const granted = await approve(test.acme, id, { until })
    expect(granted).toMatchObject({ status: 'APPROVED', grantedUserRole: { expiresAt: until.toISOString() } })
    const other = await account(manager.id)
    const seen = async () =>
      (await user.run('query($id: ID!) { account(id: $id) { id } }', { id: other.id })).account !== null
    expect(await seen()).toBe(true)
    const stranger = await rep({ managerId: null })
    expect(codes((await stranger.run(REVOKE, { id, note: 'no' })).revokeGrant)).toEqual(['NOT_FOUND'])
    const { revokeGrant } = await test.acme.run(REVOKE, { id, note: 'The audit is over.' })
    expect(revokeGrant.permissionRequest).toMatchObject({ status: 'REVOKED', endNote: 'The audit is over.' })
    expect(await seen()).toBe(false)
    expect((await subjects(user.email)).slice(-2)).toEqual([
      'Approved: the role Read only',
      'Revoked: the role Read only',
    ])
    expect(codes((await test.acme.run(REVOKE, { id, note: 'again' })).revokeGrant)).toEqual(['INVALID_STATE'])
  })

  it('that they have for a time is made longer by another request, and never shorter', async () => {
    const user = await rep()
    const ask = async (days: number | null) => {
      const { id } = await request(user, {
        kind: 'ROLE',
        roleId: roles.readonly,
        requestedUntil: days ? later(days) : null,
      })
      return id as string
    }
    const first = await ask(10)
    const one = await approve(test.acme, first)
    const shorter = await ask(5)
    expect(codes(await decide(test.acme, shorter))).toEqual(['INVALID_STATE'])
    await user.run(CANCEL, { id: shorter })
    const two = await approve(test.acme, await ask(20))
    expect(two.grantedUserRole.id).toBe(one.grantedUserRole.id)
    expect((await see(first)).status).toBe('EXPIRED')
    expect(two.grantedUserRole.expiresAt).toBe(two.grantedUntil)
  })
})

describe('access to a record', () => {
  it('of the same department takes the manager alone, and holds until it ends', async () => {
    const colleague = await rep()
    const user = await rep()
    const { id: recordId } = await account(colleague.id)
    const sees = async () => {
      const { account } = await user.run('query($id: ID!) { account(id: $id) { id } }', { id: recordId })
      return account !== null
    }
    const writes = async () =>
      codes(
        (
          await user.run(
            'mutation($id: ID!) { updateAccount(id: $id, input: { description: "seen" }) { userErrors { code } } }',
            { id: recordId },
          )
        ).updateAccount,
      )
    expect(await sees()).toBe(false)
    const asked = await request(user, { kind: 'RECORD_ACCESS', recordId, requestedUntil: later(3) })
    expect(asked).toMatchObject({ object: 'Account', recordId, access: 'READ' })
    expect((await see(asked.id, user)).record).toBeNull()
    expect((await see(asked.id, manager)).record).toEqual({ id: recordId })
    const granted = await approve(manager, asked.id)
    expect(granted.grantedShare).toMatchObject({ access: 'READ', expiresAt: granted.grantedUntil })
    expect([await sees(), await writes()]).toEqual([true, ['FORBIDDEN']])
    expect((await see(asked.id, user)).record).toEqual({ id: recordId })
    const more = await request(user, { kind: 'RECORD_ACCESS', recordId, access: 'WRITE', requestedUntil: later(4) })
    await approve(manager, more.id)
    expect(await writes()).toEqual([])
    // The policy itself ends it, before any job comes.
    await acme.rows(
      `UPDATE record_share SET expires_at = now() - interval '1 second' WHERE id = $1`,
      uuidIn(granted.grantedShare.id),
    )
    const shares = await user.run('query($id: ID!) { account(id: $id) { id } }', { id: recordId })
    expect(shares.account).toBeNull()
    // What ended can be asked for again.
    const again = await request(user, { kind: 'RECORD_ACCESS', recordId })
    await approve(manager, again.id)
    expect(await sees()).toBe(true)
    await manager.run(REVOKE, { id: again.id, note: 'done' })
    expect(await sees()).toBe(false)
  })

  it('of another department takes the manager and then its head, who must have it', async () => {
    const head = await person(test, test.acme, 'manager', { name: 'Zhao Lei' })
    const sales = await make(test.acme, 'Department', { headId: manager.id })
    const service = await make(test.acme, 'Department', { headId: head.id })
    const keeper = await rep({ managerId: head.id, departmentId: service.id })
    const user = await rep({ departmentId: sales.id })
    const { id: recordId } = await account(keeper.id)
    const { id } = await request(user, { kind: 'RECORD_ACCESS', recordId, requestedUntil: later(9) })
    expect(codes(await decide(head, id))).toEqual(['NOT_FOUND'])
    const passed = await approve(manager, id, { until: later(5), note: 'fine with me' })
    expect(passed).toMatchObject({
      status: 'PENDING',
      step: 'DEPARTMENT_HEAD',
      approver: { id: head.id },
      endorsedBy: { id: manager.id },
      grantedShare: null,
    })
    expect((await subjects(head.email)).at(-1)).toContain('Li Na asks for access to Account')
    expect(codes(await decide(manager, id))).toEqual(['FORBIDDEN'])
    expect(codes(await decide(head, id, { until: later(6) }))).toEqual(['VALIDATION_FAILED'])
    const granted = await approve(head, id)
    expect(granted).toMatchObject({ status: 'APPROVED', decidedBy: { id: head.id }, grantedUntil: passed.grantedUntil })
    const lone = await make(test.acme, 'Department', { headId: user.id })
    const other = await account((await rep({ managerId: null, departmentId: lone.id })).id)
    const own = await request(user, { kind: 'RECORD_ACCESS', recordId: other.id })
    // The applicant heads the department: their superior has approved, so it is enough; but has no access of their own to give.
    expect(codes(await decide(manager, own.id))).toEqual(['PRIVILEGE_ESCALATION'])
    // An administrator's approval is the last.
    const third = await request(user, {
      kind: 'RECORD_ACCESS',
      recordId: (await account(keeper.id)).id,
      access: 'WRITE',
    })
    expect(await approve(test.acme, third.id)).toMatchObject({ status: 'APPROVED', grantedShare: { access: 'WRITE' } })
  })

  it('is not granted to somebody who has left, nor for a record that is gone', async () => {
    const user = await rep()
    const { id: recordId } = await account(manager.id)
    const asked = await request(user, { kind: 'RECORD_ACCESS', recordId })
    await update(user.id, { status: 'SUSPENDED' })
    expect(codes(await decide(manager, asked.id))).toEqual(['USER_INACTIVE'])
    await update(user.id, { status: 'ACTIVE' })
    await test.acme.run('mutation($id: ID!) { deleteAccount(id: $id) { userErrors { code } } }', { id: recordId })
    expect(codes(await decide(manager, asked.id))).toEqual(['NOT_FOUND'])
  })
})

describe('a field or an export', () => {
  let role: string
  beforeAll(async () => {
    role = (await make(test.acme, 'Role', { key: 'clerk' })).id
    const grant = (type: string, input: Record<string, unknown>) => make(test.acme, type, { roleId: role, ...input })
    const rights = {
      canCreate: false,
      canDelete: false,
      canDestroy: false,
      canRestore: false,
      canExport: false,
      canImport: false,
      canTransfer: false,
      canMerge: false,
    }
    await grant('ObjectPermission', {
      object: 'Account',
      ...rights,
      canRead: true,
      canUpdate: true,
      canApprove: false,
      readScope: 'OWN',
      writeScope: 'OWN',
      allowList: false,
    })
    await grant('ObjectPermission', {
      object: 'PermissionRequest',
      ...rights,
      canCreate: true,
      canRead: true,
      canApprove: true,
      readScope: 'OWN',
      writeScope: 'OWN',
      allowList: false,
    })
    await grant('ObjectPermission', {
      object: 'User',
      ...rights,
      canRead: true,
      canUpdate: false,
      canApprove: false,
      readScope: 'ALL',
      allowList: false,
    })
    for (const object of ['UserRole', 'RecordShare'])
      await grant('ObjectPermission', {
        object,
        ...rights,
        canRead: true,
        canUpdate: false,
        canApprove: false,
        allowList: false,
      })
    await grant('FieldPermission', { object: 'Account', field: 'phone', access: 'HIDDEN', mask: 'NONE' })
    await grant('FieldPermission', { object: 'Account', field: 'email', access: 'HIDDEN', mask: 'NONE' })
  })

  async function clerk(): Promise<Person> {
    const user = await rep()
    await update(user.id, { roleId: role })
    return user
  }

  it('is opened for a time, alone and within the scope, and closed again', async () => {
    const user = await clerk()
    const mine = await account(user.id, { phone: '+12025550123', email: 'a@mail.example' })
    const other = await account(manager.id)
    const look = async () => {
      const { data, errors } = await user.ask('{ accounts { nodes { id phone email } } }')
      return { nodes: data.accounts.nodes, hidden: (errors ?? []).map(({ extensions }) => extensions.coordinate) }
    }
    expect(await look()).toEqual({
      nodes: [{ id: mine.id, phone: null, email: null }],
      hidden: ['Account.phone', 'Account.email'],
    })
    const asked = await request(user, { kind: 'FIELD', object: 'Account', field: 'phone', requestedUntil: later(2) })
    const granted = await approve(manager, asked.id)
    expect(granted).toMatchObject({ status: 'APPROVED', grantedUserRole: null, grantedShare: null })
    expect(await look()).toEqual({
      nodes: [{ id: mine.id, phone: '+12025550123', email: null }],
      hidden: ['Account.email'],
    })
    const write = async (input: Record<string, unknown>) =>
      codes(
        (
          await user.run(
            'mutation($id: ID!, $input: UpdateAccountInput!) { updateAccount(id: $id, input: $input) { userErrors { code } } }',
            { id: mine.id, input },
          )
        ).updateAccount,
      )
    expect(await write({ phone: '+12025550124' })).toEqual(['FIELD_FORBIDDEN'])
    const more = await request(user, { kind: 'FIELD', object: 'Account', field: 'phone', access: 'WRITE' })
    await approve(manager, more.id)
    expect(await write({ phone: '+12025550124' })).toEqual([])
    expect((await user.run('query($id: ID!) { account(id: $id) { id } }', { id: other.id })).account).toBeNull()
    for (const { id } of [asked, more]) await manager.run(REVOKE, { id, note: 'done' })
    expect((await look()).hidden).toEqual(['Account.phone', 'Account.email'])
  })

  it('ends by itself', async () => {
    const user = await clerk()
    const { id } = await request(user, { kind: 'FIELD', object: 'Account', field: 'phone' })
    await approve(manager, id, { until: later(1) })
    expect((await fresh(user)).hidden).not.toContain('Account.phone')
    await acme.rows(
      `UPDATE permission_request SET granted_until = now() - interval '1 second' WHERE id = $1`,
      uuidIn(id),
    )
    const { hidden } = await fresh(user)
    expect(hidden).toContain('Account.phone')
  })

  async function fresh(user: Person) {
    const { errors } = await (await signedIn(user)).ask('{ accounts { nodes { phone } } }')
    return { hidden: (errors ?? []).map(({ extensions }) => extensions.coordinate) }
  }

  it('is not granted by somebody who has it not', async () => {
    const [boss, user] = [await clerk(), await clerk()]
    await update(user.id, { managerId: boss.id })
    for (const input of [EXPORT, { kind: 'FIELD', object: 'Account', field: 'phone' }]) {
      const { id } = await request(user, input)
      expect(codes(await decide(boss, id))).toEqual(['PRIVILEGE_ESCALATION'])
    }
  })

  it('gives the right to export that type and no other', async () => {
    const user = await rep()
    const rights = () =>
      test.app.tenancy.readTenant({ tenantId: acme.tenantId }, async (db) => {
        const viewer = await viewerOfUser(db, acme.tenantId, uuidIn(user.id))
        return ['Account', 'Contact', 'Lead'].filter((object) => viewer?.access.may('export', object))
      })
    expect(await rights()).toEqual([])
    const { id } = await request(user, EXPORT)
    expect(await rights()).toEqual([])
    await approve(manager, id)
    expect(await rights()).toEqual(['Account'])
    await manager.run(REVOKE, { id, note: 'done' })
    expect(await rights()).toEqual([])
  })
})

describe('the periodic work', () => {
  const due = async (id: string) => new Date((await see(id)).dueAt)

  it('passes an overdue request to the superior, then to an administrator, then lets it expire, and tells everybody', async () => {
    const boss = await person(test, test.acme, 'manager')
    const lead = await rep({ managerId: boss.id })
    const user = await rep({ managerId: lead.id })
    const { id } = await request(user, EXPORT)
    await work(later(0, (await due(id)).getTime() - 1))
    expect(await see(id)).toMatchObject({ escalations: 0, approver: { id: lead.id } })
    const first = later(0, (await due(id)).getTime() + 1)
    await work(first)
    expect(await see(id)).toMatchObject({
      status: 'PENDING',
      escalations: 1,
      approver: { id: boss.id },
      dueAt: dueAfter(first, 'Asia/Shanghai').toISOString(),
    })
    expect((await subjects(boss.email)).at(-1)).toBe('Nobody decided yet: Li Na asks for the export of Account')
    const second = later(0, (await due(id)).getTime() + 1)
    await work(second)
    expect(await see(id)).toMatchObject({ escalations: 2, approver: { id: test.acme.adminUserId } })
    await work(later(0, (await due(id)).getTime() + 1))
    expect(await see(id)).toMatchObject({ status: 'EXPIRED', dueAt: null })
    expect(await subjects(user.email)).toEqual([
      'Your request was passed on: the export of Account',
      'Your request was passed on: the export of Account',
      'Expired: your request for the export of Account',
    ])
    const versions = await acme.rows<{ fields: string[]; actor: string }>(
      `SELECT changed_fields AS fields, actor FROM change WHERE tenant_id = $1 AND object = 'permission_request' AND record_id = $2 ORDER BY record_version`,
      acme.tenantId,
      uuidIn(id),
    )
    expect(versions).toHaveLength(4)
    expect(versions.at(-1)).toMatchObject({ actor: 'job:access', fields: expect.arrayContaining(['status']) })
  })

  it('ends grants whose time is over, removes what they made, and leaves what was made longer', async () => {
    const [one, two] = [await rep(), await rep()]
    const grantOf = async (user: Person) => {
      const { id } = await request(user, { kind: 'ROLE', roleId: roles.readonly, requestedUntil: later(1) })
      return approve(test.acme, id)
    }
    const [ended, longer] = [await grantOf(one), await grantOf(two)]
    await acme.rows(
      `UPDATE user_role SET expires_at = now() + interval '1 year' WHERE id = $1`,
      uuidIn(longer.grantedUserRole.id),
    )
    await work()
    expect((await see(ended.id)).status).toBe('APPROVED')
    await work(later(2))
    expect((await see(ended.id)).status).toBe('EXPIRED')
    const rows = await acme.rows<{ gone: boolean }>(
      'SELECT deleted_at IS NOT NULL AS gone FROM user_role WHERE id = ANY ($1::uuid[]) ORDER BY expires_at',
      [uuidIn(ended.grantedUserRole.id), uuidIn(longer.grantedUserRole.id)],
    )
    expect(rows).toEqual([{ gone: true }, { gone: false }])
    expect((await subjects(one.email)).at(-1)).toBe('Ended: the role Read only')
  })

  it('cancels what somebody asked for who has left, and tells them', async () => {
    const user = await rep()
    const { id } = await request(user, EXPORT)
    await update(user.id, { status: 'LEFT' })
    await work()
    expect((await see(id)).status).toBe('CANCELLED')
    expect((await subjects(user.email)).at(-1)).toBe('Cancelled: your request for the export of Account')
  })

  it('gives the requests of an approver who leaves, or goes out of office, to who takes their place', async () => {
    const [boss, delegate] = [await rep(), await rep()]
    const made = await request(await rep({ managerId: boss.id }), EXPORT)
    await update(boss.id, { delegateId: delegate.id, outOfOfficeFrom: later(3), outOfOfficeTo: null })
    await work()
    expect((await see(made.id)).approver.id).toBe(boss.id)
    await work(later(3.1))
    expect(await see(made.id)).toMatchObject({
      approver: { id: delegate.id },
      onBehalfOf: { id: boss.id },
      dueAt: made.dueAt,
      escalations: 0,
    })
    await update(delegate.id, { status: 'LEFT' })
    await update(boss.id, { status: 'LEFT' })
    await work()
    expect(await see(made.id)).toMatchObject({ approver: { id: manager.id }, onBehalfOf: null })
  })

  it('does each thing once when two processes do it, more of it than fits a batch, and goes on after a failure', async () => {
    const user = await rep()
    await acme.rows(
      `INSERT INTO permission_request (applicant_id, approver_id, kind, object, purpose, reason, due_at, granted_until, status)
       SELECT $1, $2, 'EXPORT', 'Account', 'x', 'x', NULL, now() - interval '1 day', 'APPROVED' FROM generate_series(1, 250)`,
      uuidIn(user.id),
      uuidIn(manager.id),
    )
    const open = async () =>
      Number(
        (
          await acme.rows<{ count: string }>(
            `SELECT count(*) FROM permission_request WHERE applicant_id = $1 AND status = 'APPROVED'`,
            uuidIn(user.id),
          )
        )[0]?.count,
      )
    await acme.rows(`CREATE FUNCTION refuse_one() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.reason = 'refused' THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$`)
    await acme.rows(
      'CREATE TRIGGER refuse BEFORE UPDATE ON permission_request FOR EACH ROW EXECUTE FUNCTION refuse_one()',
    )
    await acme.rows(`ALTER TABLE permission_request DISABLE TRIGGER refuse`)
    await acme.rows(
      `UPDATE permission_request SET reason = 'refused' WHERE id = (SELECT id FROM permission_request WHERE applicant_id = $1 ORDER BY id LIMIT 1)`,
      uuidIn(user.id),
    )
    await acme.rows(`ALTER TABLE permission_request ENABLE TRIGGER refuse`)
    const failed: unknown[] = []
    const pass = () => runAccessWork(test.app.tenancy, { onError: (error) => failed.push(error) })
    await Promise.all([pass(), pass()])
    expect(await open()).toBe(1)
    expect(failed.length).toBeGreaterThan(0)
    await acme.rows('DROP TRIGGER refuse ON permission_request')
    await acme.rows('DROP FUNCTION refuse_one()')
    await Promise.all([pass(), pass()])
    expect(await open()).toBe(0)
    expect(await subjects(user.email)).toHaveLength(250)
  })

  it('runs in the background until it is stopped, and leaves a suspended company alone', async () => {
    const user = await rep()
    const { id } = await request(user, EXPORT)
    await acme.rows(`UPDATE permission_request SET due_at = now() - interval '1 hour' WHERE id = $1`, uuidIn(id))
    const pass = async () => {
      const failed: unknown[] = []
      const { stop } = startAccessWork(test.app.tenancy, { everyMs: 3_600_000, onError: (error) => failed.push(error) })
      await stop()
      expect(failed).toEqual([])
    }
    const escalations = async () => {
      const [row] = await acme.rows('SELECT escalations FROM permission_request WHERE id = $1', uuidIn(id))
      return row?.escalations
    }
    await acme.rows(`UPDATE tenant SET status = 'SUSPENDED' WHERE id = $1`, acme.tenantId)
    await pass()
    expect(await escalations()).toBe(0)
    await acme.rows(`UPDATE tenant SET status = 'ACTIVE' WHERE id = $1`, acme.tenantId)
    await pass()
    expect(await escalations()).toBe(1)
  })
})

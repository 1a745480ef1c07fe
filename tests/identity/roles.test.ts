import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Any, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'

type Caller = Pick<Company, 'run' | 'ask'>

let test: TestApp
/** May do with people and roles what an administrator may, and nothing with business records but read their own. */
let personnel: Person
let personnelRole: string

const camel = (name: string) => name.charAt(0).toLowerCase() + name.slice(1)
const errorsOf = (list: Any[]) => list.map(({ code, field, details }) => ({ code, field, missing: details?.missing }))

async function create(who: Caller, type: string, input: Record<string, unknown>): Promise<Any> {
  const name = camel(type)
  const data = await who.run(
    `mutation($input: Create${type}Input!) { create${type}(input: $input) { ${name} { id } userErrors { code message field details } } }`,
    { input },
  )
  const { [name]: record, userErrors } = data[`create${type}`]
  return { id: record?.id ?? null, codes: userErrors.map(({ code }: Any) => code), userErrors }
}

async function update(who: Caller, type: string, id: string, input: Record<string, unknown>): Promise<Any> {
  const data = await who.run(
    `mutation($id: ID!, $input: Update${type}Input!) { update${type}(id: $id, input: $input) { userErrors { code message field details } } }`,
    { id, input },
  )
  return data[`update${type}`].userErrors
}

async function remove(who: Caller, type: string, id: string): Promise<string[]> {
  const data = await who.run(`mutation($id: ID!) { delete${type}(id: $id) { userErrors { code } } }`, { id })
  return data[`delete${type}`].userErrors.map(({ code }: Any) => code)
}

async function roleNamed(key: string): Promise<string> {
  const { roles } = await test.acme.run(
    'query($key: String!) { roles(where: { key: { eq: $key } }) { nodes { id } } }',
    {
      key,
    },
  )
  return roles.nodes[0].id
}

beforeAll(async () => {
  test = await testApp()
  const { id } = await make(test.acme, 'Role', { key: 'personnel' })
  personnelRole = id
  // By hand: the factory would fill each of the rights with something.
  const right = (object: string, more: Record<string, unknown>) =>
    create(test.acme, 'ObjectPermission', { roleId: id, object, ...more })
  const all = { canRead: true, canCreate: true, canUpdate: true, canDelete: true, readScope: 'ALL', writeScope: 'ALL' }
  for (const object of ['User', 'UserRole', 'Role', 'ObjectPermission', 'FieldPermission', 'Department'])
    await right(object, all)
  await right('Account', { canRead: true })
  await create(test.acme, 'FieldPermission', { roleId: id, object: 'Account', field: 'creditLimit', access: 'HIDDEN' })
  personnel = await person(test, test.acme, 'personnel')
})
afterAll(() => test.close())

describe('nobody grants what they lack', () => {
  it('by giving a role to another, at making, changing or adding, or to themselves', async () => {
    const [admin, rep] = [await roleNamed('admin'), await roleNamed('rep')]
    const made = await create(personnel, 'User', { name: 'AcmeMark new', roleId: admin })
    expect(made.codes).toEqual(['PRIVILEGE_ESCALATION'])
    expect(made.userErrors[0]).toMatchObject({ field: ['input', 'roleId'] })
    const colleague = await create(personnel, 'User', { name: 'AcmeMark colleague', roleId: personnelRole })
    expect(colleague.codes).toEqual([])
    expect(errorsOf(await update(personnel, 'User', colleague.id, { roleId: rep }))).toEqual([
      { code: 'PRIVILEGE_ESCALATION', field: ['input', 'roleId'], missing: expect.arrayContaining(['Account.create']) },
    ])
    expect((await create(personnel, 'UserRole', { userId: personnel.id, roleId: rep })).codes).toEqual([
      'PRIVILEGE_ESCALATION',
    ])
    expect(errorsOf(await update(personnel, 'User', personnel.id, { roleId: admin }))[0]).toMatchObject({
      code: 'PRIVILEGE_ESCALATION',
    })
  })

  it('by passing on what they have for a time only', async () => {
    const rep = await roleNamed('rep')
    const deputy = await person(test, test.acme, 'personnel')
    const further = await make(test.acme, 'UserRole', {
      userId: deputy.id,
      roleId: rep,
      expiresAt: '2099-01-01T00:00:00Z',
    })
    const { id: friend } = await make(test.acme, 'User', { roleId: personnelRole })
    expect(await create(deputy, 'Account', { name: 'AcmeMark made meanwhile' })).toMatchObject({ codes: [] })
    expect((await create(deputy, 'UserRole', { userId: friend, roleId: rep })).codes).toEqual(['PRIVILEGE_ESCALATION'])
    expect(await update(test.acme, 'UserRole', further.id, { expiresAt: null })).toEqual([])
    expect((await create(deputy, 'UserRole', { userId: friend, roleId: rep })).codes).toEqual([])
  })

  it('by widening what a role allows: an action, a scope, a field, and leaves nothing of the attempt', async () => {
    const mine = await create(personnel, 'Role', { key: 'mine', name: 'AcmeMark mine' })
    const right = (more: Record<string, unknown>) =>
      create(personnel, 'ObjectPermission', { roleId: mine.id, object: 'Account', ...more })
    const missing = async (more: Record<string, unknown>) => (await right(more)).userErrors[0]?.details.missing
    const hide = () =>
      create(personnel, 'FieldPermission', {
        roleId: mine.id,
        object: 'Account',
        field: 'creditLimit',
        access: 'HIDDEN',
      })
    expect(await missing({ canRead: true })).toEqual(['Account.creditLimit'])
    expect((await hide()).codes).toEqual([])
    expect(await missing({ canRead: true, canDelete: true })).toEqual(['Account.delete'])
    expect(await missing({ canRead: true, readScope: 'TEAM' })).toEqual(['Account.read:TEAM'])
    const given = await right({ canRead: true, readScope: 'OWN' })
    expect(given.codes).toEqual([])
    const { role } = await test.acme.run(
      `{ role(id: "${mine.id}") { objectPermissions { nodes { id canDelete readScope } } fieldPermissions { nodes { id field } } } }`,
    )
    expect(role.objectPermissions.nodes).toEqual([{ id: given.id, canDelete: false, readScope: 'OWN' }])
    // Taking the restriction away opens the field.
    const [{ id: hidden }] = role.fieldPermissions.nodes
    expect(await remove(personnel, 'FieldPermission', hidden)).toEqual(['PRIVILEGE_ESCALATION'])
  })

  it('by becoming, or stopping, somebody who may do more', async () => {
    const { viewer } = await test.acme.run('{ viewer { user { id } } }')
    for (const input of [{ email: 'mine@acme.example' }, { status: 'SUSPENDED' }]) {
      expect(errorsOf(await update(personnel, 'User', viewer.user.id, input))[0]).toMatchObject({
        code: 'PRIVILEGE_ESCALATION',
      })
    }
    expect(await remove(personnel, 'User', viewer.user.id)).toContain('PRIVILEGE_ESCALATION')
    expect(await update(personnel, 'User', viewer.user.id, { title: 'AcmeMark title' })).toEqual([])
  })
})

describe('the administrator', () => {
  it('is a role that nobody changes, and that nobody writes rights for', async () => {
    const admin = await roleNamed('admin')
    expect(errorsOf(await update(test.acme, 'Role', admin, { name: 'AcmeMark other' }))[0]?.code).toBe('INVALID_STATE')
    expect(await remove(test.acme, 'Role', admin)).toEqual(['REFERENCE_IN_USE'])
    expect(await remove(test.acme, 'Role', await roleNamed('manager'))).toEqual(['INVALID_STATE'])
    expect((await create(test.acme, 'ObjectPermission', { roleId: admin, object: 'Account' })).codes).toEqual([
      'INVALID_STATE',
    ])
    expect(
      (await create(test.acme, 'FieldPermission', { roleId: admin, object: 'Account', field: 'name' })).codes,
    ).toEqual(['INVALID_STATE'])
  })

  it('of whom the last has it by a further role keeps that; one that ends some day does not count', async () => {
    const { globex } = test
    const { roles, viewer } = await globex.run('{ roles { nodes { id key } } viewer { user { id } } }')
    const of = (key: string) => roles.nodes.find((one: Any) => one.key === key).id
    const second = await create(globex, 'User', { name: 'GlobexMark second', roleId: of('rep') })
    const forATime = await create(globex, 'UserRole', {
      userId: second.id,
      roleId: of('admin'),
      expiresAt: '2099-01-01T00:00:00Z',
    })
    const codes = (list: Any[]) => list.map(({ code }: Any) => code)
    expect(codes(await update(globex, 'User', viewer.user.id, { status: 'SUSPENDED' }))).toEqual(['LAST_ADMIN'])
    expect(codes(await update(globex, 'UserRole', forATime.id, { expiresAt: null }))).toEqual([])
    expect(codes(await update(globex, 'User', viewer.user.id, { roleId: of('rep') }))).toEqual([])
    // From here on globex' key, which has the role itself, speaks.
    expect(await remove(globex, 'UserRole', forATime.id)).toEqual(['LAST_ADMIN'])
    expect(codes(await update(globex, 'User', second.id, { status: 'LEFT' }))).toEqual(['LAST_ADMIN'])
  })
})

describe('rows that mean nothing are refused', () => {
  it.each([
    ['ObjectPermission', { object: 'Accounts' }, ['input', 'object']],
    ['FieldPermission', { object: 'Account', field: 'owner' }, ['input', 'field']],
    ['FieldPermission', { object: '*', field: 'name' }, ['input', 'object']],
    ['FieldPermission', { object: 'Account', field: 'version', access: 'HIDDEN' }, ['input', 'field']],
    ['FieldPermission', { object: 'Account', field: 'annualRevenue', mask: 'LIST' }, ['input', 'mask']],
    ['FieldPermission', { object: 'Account', field: 'ownerId', mask: 'ALWAYS' }, ['input', 'mask']],
  ])('%s %j', async (type, input, field) => {
    const { userErrors } = await create(test.acme, type, { roleId: personnelRole, ...input })
    expect(userErrors.map(({ code, field: at }: Any) => ({ code, field: at }))).toEqual([
      { code: 'VALIDATION_FAILED', field },
    ])
  })

  it('and so are rings of departments and of delegates', async () => {
    const upper = await make(test.acme, 'Department')
    const lower = await make(test.acme, 'Department', { parentId: upper.id })
    const codes = (list: Any[]) => list.map(({ code }: Any) => code)
    expect(codes(await update(test.acme, 'Department', upper.id, { parentId: lower.id }))).toEqual(['HIERARCHY_CYCLE'])
    const a = await make(test.acme, 'User')
    const b = await make(test.acme, 'User', { delegateId: a.id })
    expect(codes(await update(test.acme, 'User', a.id, { delegateId: b.id }))).toEqual(['HIERARCHY_CYCLE'])
  })
})

describe('several roles', () => {
  it('count together, the most permissive of each, and a further one ends with its time', async () => {
    const { id: user, ...somebody } = await person(test, test.acme, 'rep')
    const account = await make(test.acme, 'Account')
    const sees = async () =>
      (await somebody.run('query($id: ID!) { account(id: $id) { id } }', { id: account.id })).account !== null
    expect(await sees()).toBe(false)
    const further = await make(test.acme, 'UserRole', {
      userId: user,
      roleId: await roleNamed('readonly'),
      expiresAt: '2099-01-01T00:00:00Z',
    })
    expect((await somebody.run('{ viewer { roles } }')).viewer.roles).toEqual(['readonly', 'rep'])
    expect(await sees()).toBe(true)
    // Reads all of them, and writes its own as before: a scope goes with its action.
    expect(
      (await update(somebody, 'Account', account.id, { name: 'AcmeMark x' })).map(({ code }: Any) => code),
    ).toEqual(['FORBIDDEN'])
    // Its end comes; no API can set it into the past.
    const tenantId = uuidIn(test.acme.id)
    await test.app.tenancy.writeTenant({ tenantId }, (db) =>
      db.rows({
        text: `UPDATE user_role SET expires_at = now() - interval '1 second' WHERE tenant_id = $1 AND id = $2`,
        values: [tenantId, uuidIn(further.id)],
      }),
    )
    expect(await sees()).toBe(false)
  })
})

it('every change of rights is in the audit, with who did it', async () => {
  const role = await create(personnel, 'Role', { key: 'audited', name: 'AcmeMark audited' })
  const tenantId = uuidIn(test.acme.id)
  const rows = await test.app.tenancy.readTenant({ tenantId }, (db) =>
    db.rows<{ operation: string; user: string }>({
      text: `SELECT operation, user_id AS "user" FROM change WHERE tenant_id = $1 AND object = 'role' AND record_id = $2`,
      values: [tenantId, uuidIn(role.id)],
    }),
  )
  expect(rows).toEqual([{ operation: 'created', user: uuidIn(personnel.id) }])
})

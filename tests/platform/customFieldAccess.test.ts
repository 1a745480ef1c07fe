import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Answer, type Any, type Company, callers, type TestApp, testApp } from '../support/app.ts'
import { account, changeAccount, defineField, told, tryAccount } from '../support/custom.ts'
import { make } from '../support/factory.ts'
import { type Person, person } from '../support/people.ts'

let app: TestApp
let record: Any

const VALUES = { open: 'seen', secret: 'hidden', fixed: 'stays', hotline: '+8613800138000', grade: 3 }

beforeAll(async () => {
  app = await testApp()
  const { acme } = app
  for (const name of ['open', 'secret', 'fixed'])
    await defineField(acme, 'Account', name, 'TEXT', { indexed: name === 'secret' })
  await defineField(acme, 'Account', 'hotline', 'PHONE')
  await defineField(acme, 'Account', 'grade', 'NUMBER')
  record = await account(acme, 'Guarded', VALUES)
})

afterAll(() => app.close())

let counter = 0

/** Somebody with a role of their own: rights on accounts, and on its fields as given. */
async function somebody(
  fields: Record<string, Record<string, unknown>>,
  allowList = false,
): Promise<Person & { roleId: string }> {
  const { acme } = app
  const key = `role-${++counter}`
  const role = await make(acme, 'Role', { key })
  const rights = ['Read', 'Create', 'Update', 'Delete', 'Restore', 'Export', 'Import', 'Transfer', 'Merge', 'Approve']
  await make(acme, 'ObjectPermission', {
    roleId: role.id,
    object: 'Account',
    ...Object.fromEntries(rights.map((one) => [`can${one}`, true])),
    canDestroy: false,
    readScope: 'ALL',
    writeScope: 'ALL',
    allowList,
  })
  const see = { canRead: true, readScope: 'ALL', writeScope: 'OWN', allowList: false }
  await make(acme, 'ObjectPermission', { roleId: role.id, object: 'User', ...see })
  for (const [field, more] of Object.entries(fields))
    await make(acme, 'FieldPermission', {
      roleId: role.id,
      object: 'Account',
      field,
      access: 'WRITE',
      mask: 'NONE',
      ...more,
    })
  return { ...(await person(app, acme, key)), roleId: role.id }
}

const HIDDEN = { access: 'HIDDEN' }
const codes = ({ errors }: Answer) => (errors ?? []).map(({ extensions }) => [extensions.code, extensions.coordinate])

const read = (who: Pick<Company, 'ask'>) =>
  who.ask<Any>(
    'query($id: ID!) { account(id: $id) { customFields } accounts { nodes { customFields } } node(id: $id) { ... on Account { customFields } } }',
    {
      id: record.id,
    },
  )

describe('rights on custom fields', () => {
  it('hide one field on every way, with one error for its coordinate', async () => {
    const who = await somebody({ 'customFields.secret': HIDDEN })
    const answer = await read(who)
    const { secret: _secret, ...rest } = VALUES
    expect(answer.data.account.customFields).toEqual(rest)
    expect(answer.data.accounts.nodes[0].customFields).toEqual(rest)
    expect(answer.data.node.customFields).toEqual(rest)
    expect(codes(answer)).toEqual([['FIELD_FORBIDDEN', 'Account.customFields.secret']])
    const alone = await who.ask<Any>('query($id: ID!) { account(id: $id) { name customFields } }', { id: record.id })
    expect(alone.data.account).toEqual({ name: 'Guarded', customFields: rest })
    expect(codes(alone)).toEqual([['FIELD_FORBIDDEN', 'Account.customFields.secret']])
    expect(alone.body).not.toContain('hidden"')
    // Who does not ask for them hears nothing.
    expect((await who.ask('{ accounts { nodes { name } } }')).errors).toBeUndefined()
  })

  it('refuse a hidden or masked field in filters, orders, groups, sums', async () => {
    const who = await somebody({
      'customFields.secret': HIDDEN,
      'customFields.grade': HIDDEN,
      'customFields.hotline': { mask: 'LIST' },
    })
    const forbidden = async (query: string) => {
      const { errors } = await who.ask(query)
      return errors?.[0]?.extensions.code
    }
    for (const field of ['secret', 'hotline']) {
      expect(
        await forbidden(`{ accounts(where: { customFields: [{ field: "${field}", eq: "x" }] }) { nodes { id } } }`),
      ).toBe('FIELD_FORBIDDEN')
      expect(
        await forbidden(
          `{ accounts(where: { not: { or: [{ customFields: [{ field: "${field}", isNull: true }] }] } }) { totalCount { value } } }`,
        ),
      ).toBe('FIELD_FORBIDDEN')
      expect(
        await forbidden(
          `{ accounts(where: { children: { some: { customFields: [{ field: "${field}", isNull: true }] } } }) { nodes { id } } }`,
        ),
      ).toBe('FIELD_FORBIDDEN')
      expect(await forbidden(`{ accounts(orderBy: [{ customField: { field: "${field}" } }]) { nodes { id } } }`)).toBe(
        'FIELD_FORBIDDEN',
      )
      expect(await forbidden(`{ accountAggregate(groupBy: [{ customField: "${field}" }]) { count } }`)).toBe(
        'FIELD_FORBIDDEN',
      )
    }
    expect(await forbidden('{ accountAggregate(customFields: ["grade"]) { sum { customFields } } }')).toBe(
      'FIELD_FORBIDDEN',
    )
    expect(
      await forbidden('{ accounts(where: { customFields: [{ field: "open", eq: "seen" }] }) { nodes { id } } }'),
    ).toBeUndefined()
  })

  it('mask texts in lists or everywhere, and take a masked text that comes back for what is there', async () => {
    const inLists = await somebody({ 'customFields.hotline': { mask: 'LIST' } })
    const { data } = await read(inLists)
    expect(data.account.customFields.hotline).toBe(VALUES.hotline)
    expect(data.accounts.nodes[0].customFields.hotline).toBe('+86138****8000')
    expect(data.node.customFields.hotline).toBe('+86138****8000')
    const always = await somebody({ 'customFields.hotline': { mask: 'ALWAYS' } })
    expect((await read(always)).data.account.customFields.hotline).toBe('+86138****8000')
    const changed = await changeAccount(always, record.id, { hotline: '+86138****8000', open: 'seen' })
    expect(changed.account.version).toBe(record.version)
  })

  it('refuse writes to what may only be read, and to what is hidden', async () => {
    const who = await somebody({ 'customFields.fixed': { access: 'READ' }, 'customFields.secret': HIDDEN })
    const { userErrors } = await changeAccount(who, record.id, { fixed: 'x', secret: 'x', open: 'x' })
    expect(told(userErrors).sort()).toEqual([
      'FIELD_FORBIDDEN input.customFields.fixed',
      'FIELD_FORBIDDEN input.customFields.secret',
    ])
    const made = await tryAccount(who, 'Allowed', { open: 'x' })
    expect(made).toMatchObject({ account: { customFields: { open: 'x' } }, userErrors: [] })
    // What they do not see stays when they write the rest.
    await changeAccount(who, record.id, { open: 'changed' })
    const after = await app.acme.run<Any>('query($id: ID!) { account(id: $id) { customFields } }', { id: record.id })
    expect(after.account.customFields).toEqual({ ...VALUES, open: 'changed' })
    await changeAccount(app.acme, record.id, { open: 'seen' })
    record = (await app.acme.run<Any>('query($id: ID!) { account(id: $id) { id version } }', { id: record.id })).account
  })

  it('hide or fix all of them by customFields, and open some again', async () => {
    const none = await somebody({ customFields: HIDDEN })
    const hidden = await read(none)
    expect(hidden.data.account.customFields).toBeNull()
    expect(codes(hidden)).toEqual([['FIELD_FORBIDDEN', 'Account.customFields']])
    const filtered = await none.ask(
      '{ accounts(where: { customFields: [{ field: "open", eq: "x" }] }) { nodes { id } } }',
    )
    expect(codes(filtered)).toEqual([['FIELD_FORBIDDEN', 'Account.customFields']])
    const some = await somebody({ customFields: { access: 'READ' }, 'customFields.open': { access: 'WRITE' } })
    expect((await read(some)).data.account.customFields).toEqual(VALUES)
    expect(told((await changeAccount(some, record.id, { grade: 4 })).userErrors)).toEqual([
      'FIELD_FORBIDDEN input.customFields.grade',
    ])
    expect((await changeAccount(some, record.id, { open: 'seen' })).userErrors).toEqual([])
    const listed = await somebody({ name: {}, 'customFields.open': { access: 'READ' } }, true)
    const answer = await read(listed)
    expect(answer.data.account.customFields).toEqual({ open: 'seen' })
    expect(
      codes(answer)
        .map(([, coordinate]) => coordinate)
        .sort(),
    ).toEqual(['fixed', 'grade', 'hotline', 'secret'].map((name) => `Account.customFields.${name}`))
  })

  it('stand in viewer.permissions, and narrow keys to the fields that they list', async () => {
    const who = await somebody({
      'customFields.secret': HIDDEN,
      'customFields.fixed': { access: 'READ' },
      'customFields.hotline': { mask: 'ALWAYS' },
    })
    const permissions = 'query { viewer { permissions(objects: ["Account"]) { fields { name read write mask } } } }'
    const { viewer } = await who.run<Any>(permissions)
    const customs = viewer.permissions[0].fields.filter(({ name }: Any) => name.startsWith('customFields.'))
    expect(customs.toSorted((a: Any, b: Any) => (a.name < b.name ? -1 : 1))).toEqual([
      { name: 'customFields.fixed', read: true, write: false, mask: 'NONE' },
      { name: 'customFields.grade', read: true, write: true, mask: 'NONE' },
      { name: 'customFields.hotline', read: true, write: true, mask: 'ALWAYS' },
      { name: 'customFields.open', read: true, write: true, mask: 'NONE' },
      { name: 'customFields.secret', read: false, write: false, mask: 'NONE' },
    ])
    const { roles } = await app.acme.run<Any>('{ roles(where: { key: { eq: "admin" } }) { nodes { id } } }')
    const { createApiKey } = await app.acme.run<Any>(
      'mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { key userErrors { code field } } }',
      {
        input: {
          name: 'Narrow',
          roleId: roles.nodes[0].id,
          allowedFields: ['Account.name', 'Account.customFields.open'],
        },
      },
    )
    const key = callers(app.app, createApiKey.key)
    const { data } = await key.ask<Any>('query($id: ID!) { account(id: $id) { name customFields } }', { id: record.id })
    expect(data.account).toEqual({ name: 'Guarded', customFields: { open: 'seen' } })
    expect(told((await changeAccount(key, record.id, { grade: 1 })).userErrors)).toEqual([
      'FIELD_FORBIDDEN input.customFields.grade',
    ])
  })

  it('are given only on fields that there are, masks only where one can be, and by nobody who lacks them', async () => {
    const { acme } = app
    const role = await make(acme, 'Role', { key: `role-${++counter}` })
    const give = async (as: Pick<Company, 'run'>, field: string, more: Record<string, unknown> = {}) => {
      const { createFieldPermission } = await as.run<Any>(
        'mutation($input: CreateFieldPermissionInput!) { createFieldPermission(input: $input) { userErrors { code field details } } }',
        { input: { roleId: role.id, object: 'Account', field, access: 'READ', ...more } },
      )
      return told(createFieldPermission.userErrors)
    }
    expect(await give(acme, 'customFields.nothing')).toEqual(['VALIDATION_FAILED input.field unknown'])
    expect(await give(acme, 'customFields.grade', { mask: 'LIST' })).toEqual(['VALIDATION_FAILED input.mask kind'])
    expect(await give(acme, 'customFields.grade')).toEqual([])
    const chief = await somebody({ 'customFields.secret': HIDDEN })
    for (const object of ['FieldPermission', 'ObjectPermission', 'Role'])
      await make(acme, 'ObjectPermission', {
        roleId: chief.roleId,
        object,
        allowList: false,
        canRead: true,
        canCreate: true,
        canUpdate: true,
        canDelete: true,
        readScope: 'ALL',
        writeScope: 'ALL',
      })
    const rights = { allowList: false, canRead: true, canUpdate: true, readScope: 'ALL', writeScope: 'ALL' }
    await make(acme, 'ObjectPermission', { roleId: role.id, object: 'Account', ...rights, canDestroy: false })
    // The role sees customFields.secret, which the chief does not.
    expect((await give(chief, 'customFields.open'))[0]).toMatch(/^PRIVILEGE_ESCALATION/)
  })

  it('hold for what is written in a transaction while the field changes hands', async () => {
    const { acme } = app
    const who = await somebody({})
    const { id } = await defineField(acme, 'Account', 'brief', 'TEXT')
    expect((await changeAccount(who, record.id, { brief: 'x' })).userErrors).toEqual([])
    const drop = `mutation($id: ID!) { deleteFieldDefinition(id: $id, force: true) { userErrors { code } } }`
    const [written, dropped] = await Promise.all([
      changeAccount(who, record.id, { brief: 'y' }),
      acme.run<Any>(drop, { id }),
    ])
    expect(dropped.deleteFieldDefinition.userErrors).toEqual([])
    expect([[], ['VALIDATION_FAILED input.customFields.brief unknown']]).toContainEqual(told(written.userErrors))
    expect(told((await changeAccount(who, record.id, { brief: 'z' })).userErrors)).toEqual([
      'VALIDATION_FAILED input.customFields.brief unknown',
    ])
  })
})

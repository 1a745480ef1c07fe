import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { FIELDS_MAX } from '../../src/resolvers/platform/fieldDefinition.ts'
import { type Any, callers, type TestApp, testApp } from '../support/app.ts'
import {
  account,
  changeAccount,
  changeField,
  defineField,
  dropField,
  told,
  tryAccount,
  tryField,
} from '../support/custom.ts'
import { make } from '../support/factory.ts'
import { OWN, openOwner } from '../support/owner.ts'

let app: TestApp

beforeAll(async () => {
  app = await testApp()
})

afterAll(() => app.close())

const options = (...values: string[]) => values.map((value) => ({ value }))

describe('a custom field', () => {
  it.each([
    ['Nothing', 'field', 'TEXT', {}, 'VALIDATION_FAILED input.object unknown'],
    ['Role', 'field', 'TEXT', {}, 'VALIDATION_FAILED input.object unknown'],
    ['TagLink', 'field', 'TEXT', {}, 'VALIDATION_FAILED input.object unknown'],
    ['Account', 'Tier', 'TEXT', {}, 'FIELD_NAME_INVALID input.apiName pattern'],
    ['Account', 'my_tier', 'TEXT', {}, 'FIELD_NAME_INVALID input.apiName pattern'],
    ['Account', `a${'b'.repeat(40)}`, 'TEXT', {}, 'FIELD_NAME_INVALID input.apiName pattern'],
    ['Account', 'name', 'TEXT', {}, 'FIELD_NAME_INVALID input.apiName reserved'],
    ['Account', 'contacts', 'TEXT', {}, 'FIELD_NAME_INVALID input.apiName reserved'],
    ['Account', 'customFields', 'TEXT', {}, 'FIELD_NAME_INVALID input.apiName reserved'],
    ['Account', 'constructor', 'TEXT', {}, 'FIELD_NAME_INVALID input.apiName reserved'],
    ['Account', 'x', 'TEXT', { min: '1' }, 'VALIDATION_FAILED input.min type'],
    ['Account', 'x', 'NUMBER', { min: '2', max: '1' }, 'VALIDATION_FAILED input.max min'],
    ['Account', 'x', 'NUMBER', { maxLength: 3 }, 'VALIDATION_FAILED input.maxLength type'],
    ['Account', 'x', 'TEXT', { maxLength: 256 }, 'VALIDATION_FAILED input.maxLength max'],
    ['Account', 'x', 'TEXT', { options: options('A') }, 'VALIDATION_FAILED input.options type'],
    ['Account', 'x', 'SELECT', {}, 'VALIDATION_FAILED input.options required'],
    ['Account', 'x', 'SELECT', { options: options('A', 'A') }, 'VALIDATION_FAILED input.options.1.value once'],
    ['Account', 'x', 'REFERENCE', {}, 'VALIDATION_FAILED input.refObject unknown'],
    ['Account', 'x', 'REFERENCE', { refObject: 'None' }, 'VALIDATION_FAILED input.refObject unknown'],
    ['Account', 'x', 'LONGTEXT', { indexed: true }, 'VALIDATION_FAILED input.indexed type'],
    ['Account', 'x', 'URL', { indexed: true }, 'VALIDATION_FAILED input.indexed type'],
    ['Account', 'x', 'BOOL', { unique: true }, 'VALIDATION_FAILED input.unique type'],
    ['Account', 'x', 'NUMBER', { defaultValue: 'five' }, 'VALIDATION_FAILED input.defaultValue int'],
    [
      'Account',
      'x',
      'SELECT',
      { options: options('A'), defaultValue: 'B' },
      'VALIDATION_FAILED input.defaultValue choice',
    ],
    ['Account', 'x', 'TEXT', { pattern: '(a' }, 'VALIDATION_FAILED input.pattern pattern'],
    ['Account', 'x', 'TEXT', { pattern: '(a)\\1' }, 'VALIDATION_FAILED input.pattern pattern'],
    ['Account', 'x', 'TEXT', { pattern: '(?=a)b' }, 'VALIDATION_FAILED input.pattern pattern'],
    ['Account', 'x', 'TEXT', { pattern: '((a{99}){99}){99}' }, 'VALIDATION_FAILED input.pattern pattern'],
    ['Account', 'x', 'DATE', { pattern: 'a' }, 'VALIDATION_FAILED input.pattern type'],
  ])('of %s named %s, %s, with %j is refused', async (object, name, type, more, expected) => {
    const { fieldDefinition, userErrors } = await tryField(app.acme, object, name, type, more)
    expect(fieldDefinition).toBeNull()
    expect(told(userErrors)).toEqual([expected])
  })

  it('takes no longer than its text over a pattern that would try all ways', async () => {
    await defineField(app.acme, 'Account', 'evil', 'TEXT', { pattern: '(a*)*(a*)*(a+)+b' })
    const { userErrors } = await tryAccount(app.acme, 'Evil', { evil: 'a'.repeat(250) })
    expect(told(userErrors)).toEqual(['VALIDATION_FAILED input.customFields.evil pattern'])
    expect((await account(app.acme, 'Fine', { evil: `${'a'.repeat(250)}b` })).customFields.evil).toHaveLength(251)
  })

  it('has a name that nobody else has and that never changes', async () => {
    const { id } = await defineField(app.acme, 'Account', 'once', 'TEXT')
    const again = await tryField(app.acme, 'Account', 'once', 'NUMBER')
    expect(told(again.userErrors)).toEqual(['UNIQUE_VIOLATION input.object'])
    expect((await tryField(app.acme, 'Contact', 'once', 'NUMBER')).userErrors).toEqual([])
    const document = `mutation($id: ID!) { updateFieldDefinition(id: $id, input: { apiName: "twice" }) { userErrors { code } } }`
    expect((await app.acme.ask(document, { id })).errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED')
  })

  it('counts at once for who makes it, and stands in the form that every user may draw', async () => {
    const { acme } = app
    await defineField(acme, 'Lead', 'origin', 'SELECT', {
      label: { en: 'Origin', zhCN: '来源地' },
      options: [
        { value: 'CN', label: 'China', labelZhCN: '中国' },
        { value: 'DE', archived: true },
      ],
      defaultValue: 'CN',
      required: true,
      isPersonalData: true,
      sort: 3,
    })
    const rep = await userWith('rep')
    const { fieldDefinitions } = await rep.run<Any>(
      `{ fieldDefinitions(where: { object: { eq: "Lead" } }, orderBy: [{ field: SORT }]) { nodes { object apiName type label { en zhCN } options { value label labelZhCN archived } defaultValue required unique indexed status sort isPersonalData } } }`,
    )
    expect(fieldDefinitions.nodes).toEqual([
      {
        object: 'Lead',
        apiName: 'origin',
        type: 'SELECT',
        label: { en: 'Origin', zhCN: '来源地' },
        options: [
          { value: 'CN', label: 'China', labelZhCN: '中国', archived: null },
          { value: 'DE', label: null, labelZhCN: null, archived: true },
        ],
        defaultValue: 'CN',
        required: true,
        unique: false,
        indexed: false,
        status: 'ACTIVE',
        sort: 3,
        isPersonalData: true,
      },
    ])
    const refused = await rep.ask(
      `mutation { createFieldDefinition(input: { object: "Lead", apiName: "own", type: TEXT, label: { en: "Own" } }) { userErrors { code } } }`,
    )
    expect(refused.errors?.[0]?.extensions.code).toBe('FORBIDDEN')
    const { viewer } = await rep.run<Any>(
      '{ viewer { permissions(objects: ["Lead"]) { fields { name read write mask } } } }',
    )
    expect(viewer.permissions[0].fields).toContainEqual({
      name: 'customFields.origin',
      read: true,
      write: true,
      mask: 'NONE',
    })
  })

  it('changes its type only where no value is lost, and freely while there is none', async () => {
    const { acme } = app
    const { id } = await defineField(acme, 'Account', 'grows', 'NUMBER', { indexed: true })
    expect((await changeField(acme, id, { type: 'TEXT' })).userErrors).toEqual([])
    expect((await changeField(acme, id, { type: 'NUMBER' })).userErrors).toEqual([])
    const made = await account(acme, 'Grown', { grows: 7 })
    const unsafe = await changeField(acme, id, { type: 'DATE' })
    expect(told(unsafe.userErrors)).toEqual(['FIELD_TYPE_CHANGE_UNSAFE input.type'])
    expect(unsafe.userErrors[0].details).toEqual({ from: 'NUMBER', to: 'DATE', count: 1 })
    expect((await changeField(acme, id, { type: 'DECIMAL' })).userErrors).toEqual([])
    expect((await changeAccount(acme, made.id, { grows: '7.5' })).account.customFields.grows).toBe('7.5')
    const other = await account(acme, 'Grown too', { grows: '7.25' })
    const found = await acme.run<Any>(
      '{ accounts(where: { customFields: [{ field: "grows", gt: 7.2, lt: "7.5" }] }) { nodes { id } } }',
    )
    expect(found.accounts.nodes).toEqual([{ id: other.id }])
  })

  it('keeps options that records hold, and lets them be archived', async () => {
    const { acme } = app
    const { id } = await defineField(acme, 'Account', 'color', 'SELECT', { options: options('RED', 'BLUE', 'GREEN') })
    const several = await defineField(acme, 'Account', 'colors', 'MULTISELECT', { options: options('RED', 'BLUE') })
    const made = await account(acme, 'Colored', { color: 'RED', colors: ['BLUE'] })
    const gone = await changeField(acme, id, { options: options('BLUE') })
    expect(told(gone.userErrors)).toEqual(['REFERENCE_IN_USE input.options'])
    expect(gone.userErrors[0].details).toEqual({ options: [{ value: 'RED', count: 1 }] })
    expect(told((await changeField(acme, several.id, { options: options('RED') })).userErrors)).toEqual([
      'REFERENCE_IN_USE input.options',
    ])
    expect(
      (await changeField(acme, id, { options: [{ value: 'RED', archived: true }, { value: 'BLUE' }] })).userErrors,
    ).toEqual([])
    // Who has it keeps it, nobody else gets it.
    expect((await changeAccount(acme, made.id, { color: 'RED', colors: ['RED'] })).userErrors).toEqual([])
    expect(told((await tryAccount(acme, 'Late', { color: 'RED' })).userErrors)).toEqual([
      'VALIDATION_FAILED input.customFields.color choice',
    ])
  })

  it('with values is deleted only by force, comes back with them, and destroyed takes them along', async () => {
    const { acme } = app
    const { id } = await defineField(acme, 'Account', 'fading', 'TEXT', { unique: true })
    const made = await account(acme, 'Fading', { fading: 'kept' })
    const refused = await dropField(acme, id)
    expect(told(refused.userErrors)).toEqual(['REFERENCE_IN_USE id'])
    expect(refused.userErrors[0].details).toEqual({ count: 1, seen: 1 })
    expect((await dropField(acme, id, true)).userErrors).toEqual([])
    const read = async () =>
      (await acme.run<Any>('query($id: ID!) { account(id: $id) { customFields } }', { id: made.id })).account
        .customFields
    expect(await read()).toEqual({})
    expect(told((await tryAccount(acme, 'No more', { fading: 'x' })).userErrors)).toEqual([
      'VALIDATION_FAILED input.customFields.fading unknown',
    ])
    // Its name is free, and a new field of that name knows nothing of the old one's values.
    const other = await defineField(acme, 'Account', 'fading', 'NUMBER')
    expect(await read()).toEqual({})
    const restore = () =>
      acme.run<Any>(
        'mutation($id: ID!) { restoreFieldDefinition(id: $id) { fieldDefinition { id } userErrors { code } } }',
        { id },
      )
    expect(told((await restore()).restoreFieldDefinition.userErrors)).toEqual(['UNIQUE_VIOLATION'])
    expect((await dropField(acme, other.id)).userErrors).toEqual([])
    expect((await restore()).restoreFieldDefinition.userErrors).toEqual([])
    expect(await read()).toEqual({ fading: 'kept' })
    expect(told((await tryAccount(acme, 'Twin', { fading: 'kept' })).userErrors)).toEqual([
      'UNIQUE_VIOLATION input.customFields.fading',
    ])
    const destroy = () =>
      acme.run<Any>('mutation($id: ID!) { destroyFieldDefinition(id: $id) { id userErrors { code details } } }', { id })
    expect((await destroy()).destroyFieldDefinition.userErrors).toEqual([
      { code: 'REFERENCE_IN_USE', details: { count: 1, seen: 1 } },
    ])
    await dropField(acme, id, true)
    expect((await destroy()).destroyFieldDefinition).toEqual({ id, userErrors: [] })
    expect(await read()).toEqual({})
    const owner = await openOwner(app, acme)
    const kept = await owner.rows(`SELECT id FROM account WHERE ${OWN} AND custom_fields::text LIKE '%kept%'`)
    await owner.close()
    expect(kept).toEqual([])
  })

  it('becomes unique only where no value stands twice, and shows which do', async () => {
    const { acme } = app
    const { id } = await defineField(acme, 'Account', 'serial', 'NUMBER')
    const twins = [await account(acme, 'Twin 1', { serial: 5 }), await account(acme, 'Twin 2', { serial: 5 })]
    await account(acme, 'Single', { serial: 6 })
    const refused = await changeField(acme, id, { unique: true })
    expect(told(refused.userErrors)).toEqual(['UNIQUE_VIOLATION input.unique'])
    expect(refused.userErrors[0].details).toEqual({
      count: 1,
      samples: [{ value: 5, ids: twins.map((one) => one.id).sort() }],
    })
    await changeAccount(acme, twins[1].id, { serial: 7 })
    expect((await changeField(acme, id, { unique: true })).userErrors).toEqual([])
    const taken = await tryAccount(acme, 'Late', { serial: 6 })
    expect(told(taken.userErrors)).toEqual(['UNIQUE_VIOLATION input.customFields.serial'])
    expect((await changeField(acme, id, { unique: false })).userErrors).toEqual([])
    expect((await tryAccount(acme, 'Later', { serial: 6 })).userErrors).toEqual([])
  })

  it('is one of 200 of its type at most, however many are made at once', async () => {
    const { globex } = app
    const input = (n: number) => ({ object: 'Lead', apiName: `f${n}`, type: 'TEXT', label: { en: 'F' } })
    const create = async (from: number, to: number) =>
      globex.run<Any>(
        `mutation($input: [CreateFieldDefinitionInput!]!) { createFieldDefinitions(input: $input, errorPolicy: REJECT_FAILED_ROWS) { results { fieldDefinition { id } userErrors { code field details } } } }`,
        { input: Array.from({ length: to - from }, (_, at) => input(from + at)) },
      )
    await create(0, FIELDS_MAX - 2)
    const both = await Promise.all([create(500, 502), create(600, 602)])
    const results = both.flatMap((one) => one.createFieldDefinitions.results)
    expect(results.filter((one) => one.fieldDefinition)).toHaveLength(2)
    expect(results.flatMap((one) => one.userErrors)).toEqual(
      Array.from({ length: 2 }, () => ({
        code: 'QUOTA_EXCEEDED',
        field: ['input', expect.any(String), 'object'],
        details: { limit: FIELDS_MAX, current: expect.any(Number) },
      })),
    )
    expect((await tryField(globex, 'Account', 'another', 'TEXT')).userErrors).toEqual([])
  })

  it('that is deprecated is neither demanded nor filled in, and works as before otherwise', async () => {
    const { acme } = app
    const { id } = await defineField(acme, 'Product', 'legacy', 'TEXT', { required: true, defaultValue: 'none' })
    const one = await make(acme, 'Product', {}, 'id customFields')
    expect(one.customFields).toEqual({ legacy: 'none' })
    await changeField(acme, id, { status: 'DEPRECATED' })
    expect((await make(acme, 'Product', {}, 'id customFields')).customFields).toEqual({})
    expect((await make(acme, 'Product', { customFields: { legacy: 'x' } }, 'id customFields')).customFields).toEqual({
      legacy: 'x',
    })
  })
})

/** A user of a seeded role, by a key. */
async function userWith(role: string) {
  const { acme } = app
  const { roles } = await acme.run<Any>(
    'query($role: String!) { roles(where: { key: { eq: $role } }) { nodes { id } } }',
    {
      role,
    },
  )
  const roleId = roles.nodes[0].id
  const user = await make(acme, 'User', { roleId, status: 'ACTIVE', outOfOfficeFrom: null, outOfOfficeTo: null })
  const { createApiKey } = await acme.run<Any>(
    'mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { key } }',
    { input: { name: role, roleId, userId: user.id } },
  )
  return callers(app.app, createApiKey.key)
}

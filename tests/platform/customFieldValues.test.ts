import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { account, changeAccount, defineField, told, tryAccount } from '../support/custom.ts'

let app: TestApp
let adminId: string

beforeAll(async () => {
  app = await testApp()
  const { acme } = app
  adminId = acme.adminUserId
  const options = [{ value: 'GOLD', label: 'Gold' }, { value: 'SILVER' }, { value: 'OLD', archived: true }]
  await defineField(acme, 'Account', 'note', 'TEXT', { maxLength: 20 })
  await defineField(acme, 'Account', 'story', 'LONGTEXT')
  await defineField(acme, 'Account', 'seats', 'NUMBER', { min: '1', max: '500' })
  await defineField(acme, 'Account', 'score', 'DECIMAL')
  await defineField(acme, 'Account', 'budget', 'CURRENCY', { min: '0' })
  await defineField(acme, 'Account', 'share', 'PERCENT', { min: '0', max: '100' })
  await defineField(acme, 'Account', 'vip', 'BOOL')
  await defineField(acme, 'Account', 'founded', 'DATE')
  await defineField(acme, 'Account', 'seenAt', 'DATETIME')
  await defineField(acme, 'Account', 'tier', 'SELECT', { options })
  await defineField(acme, 'Account', 'topics', 'MULTISELECT', { options })
  await defineField(acme, 'Account', 'billing', 'EMAIL')
  await defineField(acme, 'Account', 'hotline', 'PHONE')
  await defineField(acme, 'Account', 'portal', 'URL')
  await defineField(acme, 'Account', 'coach', 'USER')
  await defineField(acme, 'Account', 'rival', 'REFERENCE', { refObject: 'Account' })
  await defineField(acme, 'Account', 'extra', 'JSON')
  await defineField(acme, 'Account', 'plate', 'TEXT', { pattern: '[A-Z]{2}-\\d{3}' })
})

afterAll(() => app.close())

describe('values of custom fields', () => {
  it('are normalised by their types and read back the same on every way', async () => {
    const { acme } = app
    const rival = await account(acme, 'Rival')
    const customFields = {
      note: '  a\u0301 note ',
      story: 'Line one\nline two',
      seats: 12,
      score: '0012.500',
      budget: { amount: '1200.5', currency: 'EUR' },
      share: 12.5,
      vip: false,
      founded: '1999-12-31',
      seenAt: '2026-03-01T18:30:00.123+08:00',
      tier: 'GOLD',
      topics: ['SILVER', 'GOLD', 'SILVER'],
      billing: ' Billing@Mail.Example ',
      hotline: '+86 138 0013 8000',
      portal: 'https://portal.example/x',
      coach: adminId,
      rival: rival.id,
      extra: { deep: [1, { 中文: null }], text: '\\u0000 spelled' },
      plate: 'AB-123',
    }
    const { id, customFields: made } = await account(acme, 'All of them', customFields)
    const kept = {
      note: 'á note',
      story: 'Line one\nline two',
      seats: 12,
      score: '12.5',
      budget: { amount: '1200.50', currency: 'EUR' },
      share: '12.5',
      vip: false,
      founded: '1999-12-31',
      seenAt: '2026-03-01T10:30:00.123Z',
      tier: 'GOLD',
      topics: ['SILVER', 'GOLD'],
      billing: 'billing@mail.example',
      hotline: '+8613800138000',
      portal: 'https://portal.example/x',
      coach: adminId,
      rival: rival.id,
      extra: { deep: [1, { 中文: null }], text: '\\u0000 spelled' },
      plate: 'AB-123',
    }
    expect(made).toEqual(kept)
    const read = await acme.run<Any>(
      `query($id: ID!) { account(id: $id) { customFields } accounts(where: { id: { eq: $id } }) { nodes { customFields } edges { node { mine: customFields } } } node(id: $id) { ... on Account { customFields } } }`,
      { id },
    )
    expect(read.account.customFields).toEqual(kept)
    expect(read.accounts.nodes[0].customFields).toEqual(kept)
    expect(read.accounts.edges[0].node.mine).toEqual(kept)
    expect(read.node.customFields).toEqual(kept)
    const alone = await acme.run<Any>('query($id: ID!) { account(id: $id) { customFields } }', { id })
    expect(alone.account.customFields).toEqual(kept)
  })

  it.each([
    [{ note: 'x'.repeat(21) }, 'VALIDATION_FAILED input.customFields.note maxLength'],
    [{ note: 'a\u0007' }, 'VALIDATION_FAILED input.customFields.note characters'],
    [{ seats: 1.5 }, 'VALIDATION_FAILED input.customFields.seats int'],
    [{ seats: '5' }, 'VALIDATION_FAILED input.customFields.seats int'],
    [{ seats: 0 }, 'VALIDATION_FAILED input.customFields.seats min'],
    [{ seats: 501 }, 'VALIDATION_FAILED input.customFields.seats max'],
    [{ score: '1.23456' }, 'VALIDATION_FAILED input.customFields.score scale'],
    [{ score: '1e5' }, 'VALIDATION_FAILED input.customFields.score decimal'],
    [{ budget: '12' }, 'VALIDATION_FAILED input.customFields.budget object'],
    [{ budget: { amount: '-1' } }, 'VALIDATION_FAILED input.customFields.budget.amount min'],
    [{ budget: { amount: '1', currency: 'XXQ' } }, 'VALIDATION_FAILED input.customFields.budget.currency currency'],
    [{ budget: { amount: '1', money: 'EUR' } }, 'VALIDATION_FAILED input.customFields.budget.money unknown'],
    [{ share: '100.1' }, 'VALIDATION_FAILED input.customFields.share max'],
    [{ vip: 'yes' }, 'VALIDATION_FAILED input.customFields.vip boolean'],
    [{ founded: '2026-02-30' }, 'VALIDATION_FAILED input.customFields.founded date'],
    [{ seenAt: '2026-01-01' }, 'VALIDATION_FAILED input.customFields.seenAt dateTime'],
    [{ tier: 'BRONZE' }, 'VALIDATION_FAILED input.customFields.tier choice'],
    [{ tier: 'OLD' }, 'VALIDATION_FAILED input.customFields.tier choice'],
    [{ topics: ['GOLD', 'BRONZE'] }, 'VALIDATION_FAILED input.customFields.topics.1 choice'],
    [{ topics: 'GOLD' }, 'VALIDATION_FAILED input.customFields.topics list'],
    [{ billing: 'nobody' }, 'VALIDATION_FAILED input.customFields.billing email'],
    [{ hotline: '12' }, 'VALIDATION_FAILED input.customFields.hotline phone'],
    [{ portal: 'ftp://x.example' }, 'VALIDATION_FAILED input.customFields.portal url'],
    [{ coach: 'acct_01h455vb4pex5vsknk084sn02q' }, 'NOT_FOUND input.customFields.coach'],
    [{ rival: 'acct_01h455vb4pex5vsknk084sn02q' }, 'NOT_FOUND input.customFields.rival'],
    [{ extra: { x: 'a\u0000b' } }, 'VALIDATION_FAILED input.customFields.extra characters'],
    [{ extra: 'x'.repeat(10_001) }, 'VALIDATION_FAILED input.customFields.extra maxLength'],
    [{ extra: [[[[[[[[[[[1]]]]]]]]]]] }, 'VALIDATION_FAILED input.customFields.extra depth'],
    [{ plate: 'AB-1234' }, 'VALIDATION_FAILED input.customFields.plate pattern'],
    [{ unheardOf: 1 }, 'VALIDATION_FAILED input.customFields.unheardOf unknown'],
    [{ constructor: 1 }, 'VALIDATION_FAILED input.customFields.constructor unknown'],
  ])('refuse what their type does not take (%#)', async (customFields, expected) => {
    const { account: made, userErrors } = await tryAccount(app.acme, 'Refused', customFields)
    expect(made).toBeNull()
    expect(told(userErrors)).toEqual([expected])
  })

  it('are refused all at once, with those of other fields', async () => {
    const { userErrors } = await tryAccount(app.acme, '', { seats: 0, founded: 'x', tier: 'x', coach: 'x', plate: 'x' })
    expect(told(userErrors).sort()).toEqual([
      'NOT_FOUND input.customFields.coach',
      'VALIDATION_FAILED input.customFields.founded date',
      'VALIDATION_FAILED input.customFields.plate pattern',
      'VALIDATION_FAILED input.customFields.seats min',
      'VALIDATION_FAILED input.customFields.tier choice',
      'VALIDATION_FAILED input.name required',
    ])
  })

  it('merge by name on update: null clears, what is not named stays, and nothing new is no write', async () => {
    const { acme } = app
    const made = await account(acme, 'Merged', { note: 'one', seats: 5, budget: { amount: '5', currency: 'CNY' } })
    const changed = await changeAccount(acme, made.id, { seats: null, tier: 'GOLD', budget: { amount: '6' } })
    expect(changed.account).toMatchObject({
      version: 2,
      customFields: { note: 'one', tier: 'GOLD', budget: { amount: '6.00', currency: 'CNY' } },
    })
    expect(changed.account.customFields).not.toHaveProperty('seats')
    const same = await changeAccount(acme, made.id, { tier: 'GOLD', seats: null })
    expect(same.account.version).toBe(2)
    expect((await changeAccount(acme, made.id, null)).account).toMatchObject({ version: 3, customFields: {} })
  })

  it('tell by name which of them others changed', async () => {
    const { acme } = app
    const made = await account(acme, 'Stale', { note: 'one', seats: 5 })
    await changeAccount(acme, made.id, { note: 'two' })
    await changeAccount(acme, made.id, { vip: true })
    const { userErrors } = await changeAccount(acme, made.id, { seats: 6 }, 1)
    expect(told(userErrors)).toEqual(['STALE_VERSION expectedVersion'])
    expect(userErrors[0].details.changedFields).toEqual(
      expect.arrayContaining(['customFields', 'customFields.note', 'customFields.vip']),
    )
    expect(userErrors[0].details.changedFields).not.toContain('customFields.seats')
  })

  it('are asked for, filled in and refused to be cleared as the definition says', async () => {
    const { acme } = app
    await defineField(acme, 'Contact', 'level', 'SELECT', {
      options: [{ value: 'A' }, { value: 'B' }],
      required: true,
    })
    await defineField(acme, 'Contact', 'weight', 'DECIMAL', { defaultValue: '1.50' })
    const create = async (customFields?: unknown) => {
      const data = await acme.run<Any>(
        `mutation($input: CreateContactInput!) { createContact(input: $input) { contact { id customFields } userErrors { code field details } } }`,
        { input: { lastName: 'Wang', ...(customFields === undefined ? {} : { customFields }) } },
      )
      return data.createContact
    }
    expect(told((await create()).userErrors)).toEqual(['VALIDATION_FAILED input.customFields.level required'])
    expect(told((await create({ level: null })).userErrors)).toEqual([
      'VALIDATION_FAILED input.customFields.level required',
    ])
    const made = await create({ level: 'A' })
    expect(made.contact.customFields).toEqual({ level: 'A', weight: '1.5' })
    expect((await create({ level: 'B', weight: null })).contact.customFields).toEqual({ level: 'B' })
    const cleared = await acme.run<Any>(
      `mutation($id: ID!) { updateContact(id: $id, input: { customFields: { level: null } }) { userErrors { code field details } } }`,
      { id: made.contact.id },
    )
    expect(told(cleared.updateContact.userErrors)).toEqual(['VALIDATION_FAILED input.customFields.level required'])
  })

  it('come with upserts, lists and parts too', async () => {
    const { acme } = app
    await defineField(acme, 'Tag', 'kindOf', 'TEXT')
    const upsert = `mutation($c: JSON) { upsertAccount(by: { externalId: { id: "U1" } }, input: { name: "Upserted", customFields: $c }) { created account { customFields } userErrors { code } } }`
    expect((await acme.run<Any>(upsert, { c: { note: 'first', seats: 3 } })).upsertAccount).toMatchObject({
      created: true,
      account: { customFields: { note: 'first', seats: 3 } },
    })
    expect((await acme.run<Any>(upsert, { c: { note: 'second' } })).upsertAccount).toMatchObject({
      created: false,
      account: { customFields: { note: 'second', seats: 3 } },
    })
    const { createTags } = await acme.run<Any>(
      `mutation($input: [CreateTagInput!]!) { createTags(input: $input, errorPolicy: REJECT_FAILED_ROWS) { results { tag { name customFields } userErrors { code field } } } }`,
      {
        input: [
          { name: 'with', customFields: { kindOf: 'x' } },
          { name: 'without' },
          { name: 'wrong', customFields: { other: 1 } },
        ],
      },
    )
    expect(createTags.results).toEqual([
      { tag: { name: 'with', customFields: { kindOf: 'x' } }, userErrors: [] },
      { tag: { name: 'without', customFields: {} }, userErrors: [] },
      { tag: null, userErrors: [{ code: 'VALIDATION_FAILED', field: ['input', '2', 'customFields', 'other'] }] },
    ])
  })

  it('are each company’s own: another’s definitions never count', async () => {
    const { acme, globex } = app
    expect(told((await tryAccount(globex, 'Foreign', { note: 'x' })).userErrors)).toEqual([
      'VALIDATION_FAILED input.customFields.note unknown',
    ])
    const answer = await globex.ask(
      '{ accounts(where: { customFields: [{ field: "note", eq: "x" }] }) { nodes { id } } }',
    )
    expect(answer.errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' })
    await defineField(globex, 'Account', 'note', 'NUMBER')
    const own = await account(globex, 'Own', { note: 7 })
    expect(own.customFields).toEqual({ note: 7 })
    const rival = await tryAccount(globex, 'Foreign', { note: 8 })
    expect(rival.userErrors).toEqual([])
    await defineField(globex, 'Account', 'rival', 'REFERENCE', { refObject: 'Account' })
    const theirs = await account(acme, 'Theirs')
    expect(told((await tryAccount(globex, 'Linked', { rival: theirs.id })).userErrors)).toEqual([
      'NOT_FOUND input.customFields.rival',
    ])
    const definitions = await globex.run<Any>('{ fieldDefinitions { nodes { object apiName } } }')
    expect(definitions.fieldDefinitions.nodes).toEqual([
      { object: 'Account', apiName: 'note' },
      { object: 'Account', apiName: 'rival' },
    ])
  })
})

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Any, type Company, callers, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { codes, everything, merge, merged, undo } from '../support/merge.ts'
import { OWN, type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'

let test: TestApp
let acme: Company
let owner: Owner
let manager: Person
let rep: Person
beforeAll(async () => {
  test = await testApp()
  acme = test.acme
  owner = await openOwner(test, acme)
  manager = await person(test, acme, 'manager')
  rep = await person(test, acme, 'rep')
})
afterAll(async () => {
  await owner?.close()
  await test?.close()
})

/** Makes accounts with these values, and null in all others that may be. */
const accounts = (...inputs: Record<string, unknown>[]) =>
  Promise.all(inputs.map(async (input) => (await make(acme, 'Account', { ...BARE, ...input })).id as string))
const BARE = {
  phone: null,
  email: null,
  website: null,
  domains: [],
  annualRevenue: null,
  creditLimit: null,
  industry: null,
  externalId: null,
  externalSource: '',
  doNotContact: false,
  lastActivityAt: null,
}
const account = async (id: string, select: string) =>
  (await acme.run<Any>(`query($id: ID!) { account(id: $id) { id ${select} } }`, { id })).account
const update = async (id: string, input: Record<string, unknown>) =>
  (
    await acme.run<Any>(
      `mutation($id: ID!, $input: UpdateAccountInput!) { updateAccount(id: $id, input: $input) { userErrors { code } } }`,
      { id, input },
    )
  ).updateAccount
/** A role like the manager’s with these rows on fields, and somebody who has it and sees everything. */
async function limited(
  fields: Record<string, unknown>[],
  objects: Record<string, unknown> = {},
): Promise<Pick<Company, 'run' | 'ask'>> {
  const { id: roleId } = await make(acme, 'Role')
  await make(acme, 'ObjectPermission', {
    roleId,
    object: '*',
    ...Object.fromEntries(
      [
        'Read',
        'Create',
        'Update',
        'Delete',
        'Restore',
        'Destroy',
        'Export',
        'Import',
        'Transfer',
        'Merge',
        'Approve',
      ].map((action) => [`can${action}`, true]),
    ),
    readScope: 'ALL',
    writeScope: 'ALL',
    allowList: false,
    ...objects,
  })
  // Owners can be seen.
  await make(acme, 'ObjectPermission', { roleId, object: 'User', canRead: true, readScope: 'ALL', allowList: false })
  for (const field of fields) await make(acme, 'FieldPermission', { roleId, object: 'Account', mask: 'NONE', ...field })
  const { id: userId } = await make(acme, 'User', { roleId, status: 'ACTIVE' })
  const { createApiKey } = await acme.run<Any>(
    'mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { key userErrors { code message } } }',
    {
      input: { name: `limited ${roleId}`, roleId, userId },
    },
  )
  return callers(test.app, createApiKey.key)
}

describe('what several people said who become one', () => {
  it('stays, and the strictest word counts until they say something new; an undone merge gives each their own back', async () => {
    const ids = [(await make(acme, 'Contact')).id, (await make(acme, 'Contact')).id]
    const say = (contactId: string | undefined, channel: string, status: string, at: string) =>
      make(acme, 'ConsentRecord', { contactId, purpose: 'NEWS', channel, status, at })
    await say(ids[0], 'EMAIL', 'GRANTED', '2026-03-01T00:00:00Z')
    await say(ids[1], 'EMAIL', 'WITHDRAWN', '2026-02-01T00:00:00Z')
    await say(ids[1], 'PHONE', 'GRANTED', '2026-02-01T00:00:00Z')
    const said = async (id: string | undefined) => {
      const { contact } = await acme.run<Any>(
        'query($id: ID!) { contact(id: $id) { consents(orderBy: [{ field: CHANNEL }, { field: STATUS }]) { nodes { channel status isCurrent } } } }',
        { id },
      )
      return contact.consents.nodes.map(({ channel, status, isCurrent }: Any) => `${channel} ${status} ${isCurrent}`)
    }
    const before = [await said(ids[0]), await said(ids[1])]
    const done = await merged(acme, 'Contact', ids as string[])
    expect(await said(ids[0])).toEqual(['EMAIL GRANTED false', 'EMAIL WITHDRAWN true', 'PHONE GRANTED true'])
    expect(codes(await undo(acme, done.merge.id))).toEqual([])
    expect([await said(ids[0]), await said(ids[1])]).toEqual(before)
    await merged(acme, 'Contact', ids as string[])
    await say(ids[0], 'EMAIL', 'GRANTED', '2026-04-01T00:00:00Z')
    expect((await said(ids[0])).filter((one: string) => one.endsWith('true'))).toEqual([
      'EMAIL GRANTED true',
      'PHONE GRANTED true',
    ])
  })
})

describe('which values the survivor gets', () => {
  it('keeps its own, gets those of the first other that has one, unites lists, and takes what was chosen', async () => {
    const ids = await accounts(
      { name: 'AcmeMark one', phone: '+12025550101', domains: ['one.example', 'both.example'] },
      { name: 'AcmeMark two', phone: '+12025550102', industry: 'Steel', domains: ['both.example', 'two.example'] },
      { name: 'AcmeMark three', industry: 'Glass', email: 'three@mail.example' },
    )
    const done = await merge(
      acme,
      'Account',
      { ids, fieldSource: [{ field: 'name', id: ids[2] }] },
      'id name phone industry email domains version mergedInto { id }',
    )
    expect(done.userErrors).toEqual([])
    expect(done.record).toMatchObject({
      id: ids[0],
      name: 'AcmeMark three',
      phone: '+12025550101',
      industry: 'Steel',
      email: 'three@mail.example',
      domains: ['one.example', 'both.example', 'two.example'],
      mergedInto: null,
    })
    expect(done.mergedIds).toEqual(ids.slice(1))
    expect(done.merge).toMatchObject({
      object: 'Account',
      survivorId: ids[0],
      mergedIds: ids.slice(1),
      undoneAt: null,
      fieldSource: [{ field: 'name', id: ids[2] }],
    })
    const days = (Date.parse(done.merge.undoableUntil) - Date.now()) / 86_400_000
    expect(Math.round(days)).toBe(30)
  })

  it('lets the stricter wish of customers count, and knows who bought and when something last happened', async () => {
    const ids = await accounts(
      { doNotContact: false, lastActivityAt: '2026-01-01T00:00:00Z' },
      { doNotContact: true, lastActivityAt: '2026-02-01T00:00:00Z' },
    )
    await owner.rows(
      `UPDATE account SET deal_status = 'WON', first_deal_at = '2025-01-01', last_deal_at = '2025-06-01' WHERE ${OWN} AND id = $1`,
      uuidIn(ids[1] as string),
    )
    expect(codes(await merge(acme, 'Account', { ids, fieldSource: [{ field: 'doNotContact', id: ids[0] }] }))).toEqual([
      'VALIDATION_FAILED input.fieldSource.0.id',
    ])
    const { record } = await merge(
      acme,
      'Account',
      { ids },
      'id doNotContact dealStatus firstDealAt lastDealAt lastActivityAt',
    )
    expect(record).toMatchObject({
      doNotContact: true,
      dealStatus: 'WON',
      firstDealAt: '2025-01-01T00:00:00.000Z',
      lastDealAt: '2025-06-01T00:00:00.000Z',
      lastActivityAt: '2026-02-01T00:00:00.000Z',
    })
  })

  it('keeps amounts in one currency: takes none of another unasked, and refuses a chosen one', async () => {
    const [usd, eur] = await accounts(
      { annualRevenue: { amount: '10', currency: 'USD' }, currency: 'USD' },
      {
        annualRevenue: { amount: '20', currency: 'EUR' },
        creditLimit: { amount: '5', currency: 'EUR' },
        currency: 'EUR',
      },
    )
    const choose = (field: string) =>
      merge(acme, 'Account', { ids: [usd, eur], fieldSource: [{ field, id: eur }], dryRun: true })
    expect(codes(await choose('creditLimit'))).toEqual(['CURRENCY_MISMATCH input.fieldSource.0.id'])
    expect(codes(await choose('currency'))).toEqual(['CURRENCY_MISMATCH input.fieldSource.0.id'])
    const { record } = await merge(
      acme,
      'Account',
      { ids: [usd, eur] },
      'id annualRevenue { amount currency } creditLimit { amount }',
    )
    expect(record).toMatchObject({ annualRevenue: { amount: '10.00', currency: 'USD' }, creditLimit: null })
  })

  it('takes amounts with their currency where it has none', async () => {
    const ids = await accounts(
      { currency: 'USD' },
      { annualRevenue: { amount: '20', currency: 'EUR' }, currency: 'EUR' },
    )
    const { record } = await merge(acme, 'Account', { ids }, 'id annualRevenue { amount currency }')
    expect(record.annualRevenue).toEqual({ amount: '20.00', currency: 'EUR' })
  })

  it('unites the addresses of people, what was said of each of them too, under one primary one', async () => {
    const one = await make(acme, 'Contact', {
      emails: [{ address: 'a@mail.example', isPrimary: true }, { address: 'b@mail.example' }],
      email: undefined,
      doNotEmail: false,
      phones: [],
      phone: null,
    })
    const two = await make(acme, 'Contact', {
      emails: [
        { address: 'c@mail.example', isPrimary: true },
        { address: 'b@mail.example', optedOut: true, label: 'home' },
      ],
      email: undefined,
      doNotEmail: true,
      phones: [],
      phone: '+12025550177',
    })
    const select = 'id email phone doNotEmail emails { address isPrimary optedOut label } phones { number isPrimary }'
    const { record } = await merge(acme, 'Contact', { ids: [one.id, two.id], dryRun: true }, select)
    expect(record).toEqual({
      id: one.id,
      email: 'a@mail.example',
      phone: '+12025550177',
      doNotEmail: true,
      emails: [
        { address: 'a@mail.example', isPrimary: true, optedOut: null, label: null },
        { address: 'b@mail.example', isPrimary: false, optedOut: true, label: 'home' },
        { address: 'c@mail.example', isPrimary: false, optedOut: null, label: null },
      ],
      phones: [{ number: '+12025550177', isPrimary: true }],
    })
    const chosen = await merge(
      acme,
      'Contact',
      { ids: [one.id, two.id], fieldSource: [{ field: 'email', id: two.id }] },
      select,
    )
    expect([chosen.record.email, chosen.record.emails.map((entry: Any) => [entry.address, entry.isPrimary])]).toEqual([
      'c@mail.example',
      [
        ['a@mail.example', false],
        ['b@mail.example', false],
        ['c@mail.example', true],
      ],
    ])
  })

  it('does not make one name of two people’s', async () => {
    const one = await make(acme, 'Lead', { firstName: null, lastName: '王', fullName: null })
    const two = await make(acme, 'Lead', { firstName: 'Ada', lastName: 'Byron', fullName: null })
    const { record } = await merge(acme, 'Lead', { ids: [one.id, two.id] }, 'id firstName lastName fullName')
    expect(record).toMatchObject({ firstName: null, lastName: '王', fullName: '王' })
  })

  it('takes over the key of another system, and a record that is gone is not referred to', async () => {
    const { id: sourceId } = await make(acme, 'LeadSource')
    const ids = await accounts({ sourceId: null }, { sourceId, externalSource: 'erp', externalId: 'K-1' })
    await acme.run('mutation($id: ID!) { deleteLeadSource(id: $id) { userErrors { code } } }', { id: sourceId })
    expect(codes(await merge(acme, 'Account', { ids, fieldSource: [{ field: 'sourceId', id: ids[1] }] }))).toEqual([
      'NOT_FOUND input.fieldSource.0.id',
    ])
    const { record } = await merge(acme, 'Account', { ids }, 'id source { id } externalSource externalId')
    expect(record).toMatchObject({ source: null, externalSource: 'erp', externalId: 'K-1' })
  })
})

describe('what is refused', () => {
  it('is less than two different records, more than ten, a survivor that is none of them', async () => {
    const [a, b, c] = await accounts({}, {}, {})
    expect(codes(await merge(acme, 'Account', { ids: [] }))).toEqual(['MERGE_NEEDS_TWO input.ids'])
    expect(codes(await merge(acme, 'Account', { ids: [a] }))).toEqual(['MERGE_NEEDS_TWO input.ids'])
    expect(codes(await merge(acme, 'Account', { ids: [a, a] }))).toEqual(['MERGE_NEEDS_TWO input.ids'])
    const eleven = await accounts(...Array.from({ length: 11 }, () => ({})))
    expect((await merge(acme, 'Account', { ids: eleven })).userErrors).toMatchObject([
      { code: 'VALIDATION_FAILED', field: ['input', 'ids'], details: { rule: 'maxItems' } },
    ])
    expect((await merged(acme, 'Account', eleven.slice(0, 10))).mergedIds).toHaveLength(9)
    expect(codes(await merge(acme, 'Account', { ids: [a, b], survivorId: c }))).toEqual([
      'VALIDATION_FAILED input.survivorId',
    ])
    expect((await merged(acme, 'Account', [a as string, b as string], { survivorId: b })).record.id).toBe(b)
  })

  it('is a version of a record that is not merged', async () => {
    const [a, b, c] = await accounts({}, {}, {})
    expect(
      codes(await merge(acme, 'Account', { ids: [a, b], expectedVersions: [{ id: c, expectedVersion: 1 }] })),
    ).toEqual(['VALIDATION_FAILED input.expectedVersions.0.id'])
  })

  it('is an id of another type, of another company, of nothing, and of what the caller may not see: each is not found', async () => {
    const [a] = await accounts({})
    const contact = (await make(acme, 'Contact')).id
    const foreign = (await make(test.globex, 'Account')).id
    const mine = (await make(acme, 'Account', { ownerId: manager.id })).id
    const before = await everything(owner)
    for (const id of [contact, foreign, 'nothing', 'acct_01h455vb4pex5vsknk084sn02q'])
      expect(await merge(acme, 'Account', { ids: [a, id] })).toMatchObject({
        record: null,
        merge: null,
        userErrors: [{ code: 'NOT_FOUND', field: ['input', 'ids', '1'], message: 'There is no such Account.' }],
      })
    expect(codes(await merge(acme, 'Account', { ids: ['nothing', 'nobody', a] }))).toEqual([
      'NOT_FOUND input.ids.0',
      'NOT_FOUND input.ids.1',
    ])
    expect(codes(await merge(manager, 'Account', { ids: [mine, a] }))).toEqual(['NOT_FOUND input.ids.1'])
    expect(await everything(owner)).toEqual(before)
  })

  it('is a record that the caller sees and may not write, and a caller without the right', async () => {
    const mine = (await make(acme, 'Account', { ownerId: manager.id })).id
    const others = (await make(acme, 'Account')).id
    await make(acme, 'RecordShare', { recordId: others, userId: manager.id, access: 'READ' })
    expect(codes(await merge(manager, 'Account', { ids: [mine, others] }))).toEqual(['FORBIDDEN input.ids.1'])
    expect(codes(await merge(manager, 'Account', { ids: [others, mine] }))).toEqual(['FORBIDDEN input.ids.0'])
    const own = [
      (await make(acme, 'Account', { ownerId: rep.id })).id,
      (await make(acme, 'Account', { ownerId: rep.id })).id,
    ]
    const answer = await rep.ask(
      `mutation($input: MergeInput!) { mergeAccounts(input: $input) { userErrors { code } } }`,
      { input: { ids: own } },
    )
    expect([answer.status, answer.errors?.[0]?.extensions.code, answer.errors?.[0]?.extensions.missing]).toEqual([
      403,
      'FORBIDDEN',
      [{ path: 'mergeAccounts', permission: 'Account.merge' }],
    ])
  })

  it('is a version that has passed', async () => {
    const [a, b] = await accounts({}, {})
    await update(b as string, { name: 'AcmeMark newer' })
    const done = await merge(acme, 'Account', {
      ids: [a, b],
      expectedVersions: [
        { id: a, expectedVersion: 1 },
        { id: b, expectedVersion: 1 },
      ],
    })
    expect(done.userErrors).toMatchObject([
      {
        code: 'STALE_VERSION',
        field: ['input', 'expectedVersions', '1', 'expectedVersion'],
        details: { currentVersion: 2, changedFields: ['name'] },
      },
    ])
  })

  it('is a choice of a field that there is none of, that only the server writes, twice, or from outside', async () => {
    const [a, b, c] = await accounts({}, {}, {})
    const choose = (...fieldSource: Record<string, unknown>[]) => merge(acme, 'Account', { ids: [a, b], fieldSource })
    const rules = async (...fieldSource: Record<string, unknown>[]) =>
      (await choose(...fieldSource)).userErrors.map(({ code, field, details }: Any) => [
        code,
        field.join('.'),
        details?.rule,
      ])
    expect(
      await rules(
        { field: 'colour', id: a },
        { field: 'dealStatus', id: a },
        { field: 'version', id: a },
        { field: 'tenantId', id: a },
      ),
    ).toEqual([
      ['VALIDATION_FAILED', 'input.fieldSource.0.field', 'unknown'],
      ['VALIDATION_FAILED', 'input.fieldSource.1.field', 'readOnly'],
      ['VALIDATION_FAILED', 'input.fieldSource.2.field', 'readOnly'],
      ['VALIDATION_FAILED', 'input.fieldSource.3.field', 'unknown'],
    ])
    expect(await rules({ field: 'name', id: a }, { field: 'name', id: b })).toEqual([
      ['VALIDATION_FAILED', 'input.fieldSource.1.field', 'once'],
    ])
    expect(await rules({ field: 'name', id: c })).toEqual([['VALIDATION_FAILED', 'input.fieldSource.0.id', 'member']])
  })

  it('is a choice over a field that the caller may not see or write; unasked, the survivor’s stays', async () => {
    const who = await limited([
      { field: 'email', access: 'HIDDEN' },
      { field: 'industry', access: 'READ' },
      { field: 'phone', access: 'READ', mask: 'ALWAYS' },
    ])
    const ids = await accounts(
      { email: 'kept@mail.example' },
      { email: 'other@mail.example', industry: 'Steel', phone: '+12025550111', website: 'https://other.example' },
    )
    for (const field of ['email', 'industry', 'phone'])
      expect(codes(await merge(who, 'Account', { ids, fieldSource: [{ field, id: ids[1] }] }))).toEqual([
        'FIELD_FORBIDDEN input.fieldSource.0.field',
      ])
    await merged(who, 'Account', ids)
    expect(await account(ids[0] as string, 'email industry phone website')).toEqual({
      id: ids[0],
      email: 'kept@mail.example',
      industry: null,
      phone: null,
      website: 'https://other.example',
    })
  })

  it('is a converted lead', async () => {
    const one = await make(acme, 'Lead')
    const two = await make(acme, 'Lead', { status: 'CONVERTED' })
    expect((await merge(acme, 'Lead', { ids: [one.id, two.id] })).userErrors).toMatchObject([
      { code: 'INVALID_STATE', field: ['input', 'ids', '1'], details: { from: 'CONVERTED' } },
    ])
  })

  it('is an owner whom the caller may not give records, or who has enough of them', async () => {
    const { id: busy } = await make(acme, 'User', { status: 'ACTIVE' })
    await make(acme, 'OwnerQuota', { userId: busy, object: 'Account', limit: 1 })
    const [a, b] = await accounts({ ownerId: acme.adminUserId }, { ownerId: busy })
    const who = await limited([], { canTransfer: false })
    expect(codes(await merge(who, 'Account', { ids: [a, b], fieldSource: [{ field: 'ownerId', id: b }] }))).toEqual([
      'FORBIDDEN input.fieldSource.0.id',
    ])
    // The one that goes makes room for the one that stays.
    expect(
      codes(await merge(acme, 'Account', { ids: [a, b], fieldSource: [{ field: 'ownerId', id: b }], dryRun: true })),
    ).toEqual([])
    await owner.rows(`UPDATE owner_quota SET record_limit = 0 WHERE ${OWN} AND user_id = $1`, uuidIn(busy))
    expect(codes(await merge(acme, 'Account', { ids: [a, b], fieldSource: [{ field: 'ownerId', id: b }] }))).toEqual([
      'OWNER_QUOTA_EXCEEDED input.fieldSource.0.id',
    ])
  })
})

describe('a dry run', () => {
  it('answers what the merge would, and writes nothing', async () => {
    const ids = await accounts({ name: 'AcmeMark stays' }, { industry: 'Steel' })
    const { id: tagId } = await make(acme, 'Tag')
    for (const recordId of ids) await make(acme, 'TagLink', { tagId, recordId })
    await make(acme, 'Opportunity', { accountId: ids[1] })
    const before = await everything(owner)
    const changes = await owner.rows(`SELECT count(*) FROM change WHERE ${OWN}`)
    const dry = await merge(
      acme,
      'Account',
      { ids, dryRun: true },
      'id name industry version opportunities(first: 5) { nodes { id } }',
    )
    expect(await everything(owner)).toEqual(before)
    expect(await owner.rows(`SELECT count(*) FROM change WHERE ${OWN}`)).toEqual(changes)
    expect(dry).toMatchObject({
      dryRun: true,
      merge: null,
      moved: [{ type: 'Opportunity', field: 'accountId', count: 1 }],
      dropped: [{ type: 'TagLink', count: 1 }],
    })
    const done = await merge(
      acme,
      'Account',
      { ids },
      'id name industry version opportunities(first: 5) { nodes { id } }',
    )
    expect({ ...done, merge: null, dryRun: true }).toEqual(dry)
  })
})

describe('children that would be there twice', () => {
  it('are one: the stronger right and the later end of a share, one tag, one link of each person with all that was known', async () => {
    const ids = await accounts({}, {}, {})
    const [a, b, c] = ids as [string, string, string]
    const { id: userId } = await make(acme, 'User', { status: 'ACTIVE' })
    const kept = await make(acme, 'RecordShare', {
      recordId: a,
      userId,
      access: 'READ',
      expiresAt: '2098-01-01T00:00:00Z',
    })
    await make(acme, 'RecordShare', { recordId: b, userId, access: 'WRITE', expiresAt: '2099-01-01T00:00:00Z' })
    const { id: contactId } = await make(acme, 'Contact')
    const link = await make(acme, 'AccountContact', {
      accountId: a,
      contactId,
      role: null,
      isPrimary: false,
      isActive: false,
      fromDate: '2026-03-01',
      toDate: '2026-04-01',
    })
    await make(acme, 'AccountContact', {
      accountId: b,
      contactId,
      role: 'BUYER',
      isPrimary: true,
      isActive: true,
      fromDate: '2026-01-01',
      toDate: null,
    })
    await make(acme, 'AccountContact', {
      accountId: c,
      contactId,
      role: 'USER',
      isPrimary: false,
      isActive: false,
      fromDate: '2026-02-01',
      toDate: '2026-02-02',
    })
    const { id: tagId } = await make(acme, 'Tag')
    for (const recordId of ids) await make(acme, 'TagLink', { tagId, recordId })
    const done = await merged(acme, 'Account', ids)
    expect(done.dropped).toEqual(
      expect.arrayContaining([
        { type: 'RecordShare', count: 1 },
        { type: 'AccountContact', count: 2 },
        { type: 'TagLink', count: 2 },
      ]),
    )
    const { accountContacts, recordShares, tagLinks } = await acme.run<Any>(
      `query($a: ID!, $contactId: ID!, $userId: ID!, $tagId: ID!) {
        accountContacts(where: { contactId: { eq: $contactId } }) { nodes { id account { id } role isPrimary isActive fromDate toDate } }
        recordShares(where: { userId: { eq: $userId } }) { nodes { id access expiresAt record { id } } }
        tagLinks(where: { tagId: { eq: $tagId }, recordId: { eq: $a } }) { nodes { id } } }`,
      { a, contactId, userId, tagId },
    )
    expect(accountContacts.nodes).toEqual([
      {
        id: link.id,
        account: { id: a },
        role: 'BUYER',
        isPrimary: true,
        isActive: true,
        fromDate: '2026-01-01',
        toDate: null,
      },
    ])
    expect(recordShares.nodes).toEqual([
      { id: kept.id, access: 'WRITE', expiresAt: '2099-01-01T00:00:00.000Z', record: { id: a } },
    ])
    expect(tagLinks.nodes).toHaveLength(1)
  })

  it('leave one primary company to a person who was two', async () => {
    const people = [(await make(acme, 'Contact')).id, (await make(acme, 'Contact')).id]
    for (const contactId of people) await make(acme, 'AccountContact', { contactId, isPrimary: true })
    await merged(acme, 'Contact', people)
    const { accountContacts } = await acme.run<Any>(
      'query($id: ID!) { accountContacts(where: { contactId: { eq: $id } }, orderBy: [{ field: ID }]) { nodes { isPrimary } } }',
      { id: people[0] },
    )
    expect(accountContacts.nodes).toEqual([{ isPrimary: true }, { isPrimary: false }])
  })
})

describe('companies that own each other', () => {
  it('close no ring when parent and child, or more, become one', async () => {
    const [top, middle, low, lowest] = (await accounts({}, {}, {}, {})) as [string, string, string, string]
    await update(middle, { parentId: top })
    await update(low, { parentId: middle })
    await update(lowest, { parentId: low })
    // The lower survives the higher: it moves up, and what lay between comes below it.
    expect(
      codes(
        await merge(acme, 'Account', {
          ids: [low, middle],
          fieldSource: [{ field: 'parentId', id: low }],
          dryRun: true,
        }),
      ),
    ).toEqual(['HIERARCHY_CYCLE input.fieldSource.0.id'])
    const done = await merge(
      acme,
      'Account',
      { ids: [lowest, middle] },
      'id parent { id } children(first: 5) { nodes { id } }',
    )
    expect(done.userErrors).toEqual([])
    expect(done.record).toEqual({ id: lowest, parent: { id: top }, children: { nodes: [{ id: low }] } })
    expect(codes(await undo(acme, done.merge.id))).toEqual([])
    expect([
      (await account(middle, 'parent { id }')).parent.id,
      (await account(low, 'parent { id }')).parent.id,
      (await account(lowest, 'parent { id }')).parent.id,
    ]).toEqual([top, middle, low])
    const higher = await merge(acme, 'Account', { ids: [top, lowest] }, 'id parent { id }')
    expect(higher.record).toEqual({ id: top, parent: null })
  })

  it('stay within ten levels', async () => {
    const chain = await accounts(...Array.from({ length: 7 }, () => ({})))
    for (let level = 1; level < 7; level++) await update(chain[level] as string, { parentId: chain[level - 1] })
    const other = await accounts(...Array.from({ length: 6 }, () => ({})))
    for (let level = 1; level < 6; level++) await update(other[level] as string, { parentId: other[level - 1] })
    expect(codes(await merge(acme, 'Account', { ids: [chain[6], other[0]] }))).toEqual(['HIERARCHY_TOO_DEEP input.ids'])
  })
})

describe('what a merge answers twice', () => {
  it('is the same for the same idempotency key, its report too', async () => {
    const ids = await accounts({}, {})
    await make(acme, 'Opportunity', { accountId: ids[1] })
    const ask = () =>
      acme.run<Any>(
        `mutation($input: MergeInput!) { done: mergeAccounts(input: $input) { record: account { id } mergedIds moved { type count } merge { id } userErrors { code } } }`,
        { input: { ids } },
        { 'idempotency-key': `merge ${ids[0]}` },
      )
    const first = await ask()
    expect(first.done).toMatchObject({
      record: { id: ids[0] },
      mergedIds: [ids[1]],
      moved: [{ type: 'Opportunity', count: 1 }],
      userErrors: [],
    })
    expect(await ask()).toEqual(first)
  })
})

describe('what of a merge is told', () => {
  it('counts only children that the caller may see', async () => {
    const mine = [
      (await make(acme, 'Account', { ownerId: manager.id })).id,
      (await make(acme, 'Account', { ownerId: manager.id })).id,
    ]
    await make(acme, 'Opportunity', { accountId: mine[1], ownerId: manager.id })
    await make(acme, 'Opportunity', { accountId: mine[1] })
    const done = await merged(manager, 'Account', mine)
    expect(done.moved).toEqual([{ type: 'Opportunity', field: 'accountId', count: 1 }])
    const rows = await owner.rows(
      `SELECT count(*)::integer AS count FROM opportunity WHERE ${OWN} AND account_id = $1`,
      uuidIn(mine[0]),
    )
    expect(rows).toEqual([{ count: 2 }])
  })

  it('is for who merged, those above them and the administrator', async () => {
    const mine = [
      (await make(acme, 'Lead', { ownerId: manager.id })).id,
      (await make(acme, 'Lead', { ownerId: manager.id })).id,
    ]
    const done = await merged(manager, 'Lead', mine)
    const sees = async (who: Pick<Company, 'run'>) =>
      (await who.run<Any>('query($id: ID!) { mergeRecord(id: $id) { id survivor { id } } }', { id: done.merge.id }))
        .mergeRecord
    expect(await sees(manager)).toEqual({ id: done.merge.id, survivor: { id: mine[0] } })
    expect(await sees(acme)).toEqual({ id: done.merge.id, survivor: { id: mine[0] } })
    expect([await sees(rep), await sees(test.globex)]).toEqual([null, null])
    expect(codes(await undo(test.globex, done.merge.id))).toEqual(['NOT_FOUND id'])
  })
})

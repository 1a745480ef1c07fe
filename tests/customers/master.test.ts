import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Any, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Person, person } from '../support/people.ts'

let test: TestApp
let acme: Company
let rep: Person
beforeAll(async () => {
  test = await testApp()
  acme = test.acme
  rep = await person(test, acme, 'rep')
})
afterAll(() => test.close())

/** A mutation with one input; its payload. */
async function create(type: string, input: Record<string, unknown>, caller: Pick<Company, 'run'> = acme) {
  const single = type.charAt(0).toLowerCase() + type.slice(1)
  const data = await caller.run<Any>(
    `mutation($input: Create${type}Input!) { made: create${type}(input: $input) { record: ${single} { id version } userErrors { code field details } } }`,
    { input },
  )
  return data.made
}
const wrong = ({ userErrors }: Any) => userErrors.map(({ code, field }: Any) => `${code} ${(field ?? []).join('.')}`)
const account = (more: Record<string, unknown> = {}) =>
  make(acme, 'Account', { name: `Company ${Math.random()}`, ...more }).then(({ id }) => id as string)
const contact = (more: Record<string, unknown> = {}) => make(acme, 'Contact', more).then(({ id }) => id as string)

describe('a customer', () => {
  it('needs a name of at most 255 characters that is more than space, without control characters', async () => {
    const rule = async (name: unknown) => (await create('Account', { name })).userErrors[0]
    for (const name of ['', '   ', null])
      expect(await rule(name)).toMatchObject({ code: 'VALIDATION_FAILED', details: { rule: 'required' } })
    expect(await rule('x'.repeat(256))).toMatchObject({ code: 'VALIDATION_FAILED', details: { rule: 'maxLength' } })
    expect(await rule('a\u0007b')).toMatchObject({ code: 'VALIDATION_FAILED', details: { rule: 'characters' } })
    expect(wrong(await create('Account', { name: '𠮷'.repeat(255) }))).toEqual([])
  })

  it('takes an e-mail address in small letters and telephone numbers in E.164', async () => {
    expect((await create('Account', { name: 'x', phone: '138-x' })).userErrors).toMatchObject([
      { code: 'VALIDATION_FAILED', field: ['input', 'phone'], details: { rule: 'phone' } },
    ])
    expect((await create('Account', { name: 'x', email: 'a@b' })).userErrors).toMatchObject([
      { code: 'VALIDATION_FAILED', field: ['input', 'email'], details: { rule: 'email' } },
    ])
    const id = await account({ email: 'Info@ACME.example', phone: '+86 138 0013 8000' })
    const { account: read } = await acme.run<Any>('query($id: ID!) { account(id: $id) { email phone } }', { id })
    expect(read).toEqual({ email: 'info@acme.example', phone: '+8613800138000' })
  })

  it('is no ancestor of itself', async () => {
    const parent = await account()
    const child = await account({ parentId: parent })
    const { updateAccount } = await acme.run<Any>(
      'mutation($id: ID!, $parentId: ID) { updateAccount(id: $id, input: { parentId: $parentId }) { userErrors { code field } } }',
      { id: parent, parentId: child },
    )
    expect(wrong(updateAccount)).toEqual(['HIERARCHY_CYCLE input.parentId'])
  })

  it('does not go while a deal with it is open, and goes when all are closed, which stay', async () => {
    const id = await account()
    const deal = (await make(acme, 'Opportunity', { accountId: id })).id
    const remove = () =>
      acme.run<Any>('mutation($id: ID!) { deleteAccount(id: $id) { userErrors { code field details } } }', { id })
    expect((await remove()).deleteAccount.userErrors).toEqual([
      {
        code: 'REFERENCE_IN_USE',
        field: ['id'],
        details: { refs: [{ type: 'Opportunity', field: 'accountId', count: 1 }] },
      },
    ])
    const { stages } = await acme.run<Any>('{ stages(where: { kind: { eq: LOST } }) { nodes { id } } }')
    await acme.run(
      'mutation($id: ID!, $stage: ID!) { moveOpportunityStage(id: $id, toStageId: $stage, lossReason: "price") { userErrors { code } } }',
      { id: deal, stage: stages.nodes[0].id },
    )
    expect((await remove()).deleteAccount.userErrors).toEqual([])
    const destroyed = await acme.run<Any>('mutation($id: ID!) { destroyAccount(id: $id) { userErrors { code } } }', {
      id,
    })
    expect(wrong(destroyed.destroyAccount)).toEqual(['REFERENCE_IN_USE '])
    await acme.run('mutation($id: ID!) { restoreAccount(id: $id) { userErrors { code } } }', { id })
    const { opportunity } = await acme.run<Any>('query($id: ID!) { opportunity(id: $id) { account { id } } }', {
      id: deal,
    })
    expect(opportunity.account.id).toBe(id)
  })

  it('does not come back when a live one has taken its key', async () => {
    const key = { externalSource: 'erp', externalId: 'K-1' }
    const id = await account(key)
    await acme.run('mutation($id: ID!) { deleteAccount(id: $id) { userErrors { code } } }', { id })
    const other = await account(key)
    const { restoreAccount } = await acme.run<Any>(
      'mutation($id: ID!) { restoreAccount(id: $id) { userErrors { code details } } }',
      { id },
    )
    expect(restoreAccount.userErrors).toEqual([{ code: 'UNIQUE_VIOLATION', details: { conflictId: other } }])
  })
})

describe('setDealStatus', () => {
  const SET =
    'mutation($id: ID!, $to: DealStatus!, $at: DateTime) { setDealStatus(id: $id, dealStatus: $to, at: $at) { account { dealStatus firstDealAt lastDealAt } userErrors { code field details } } }'

  it('makes a customer of one who bought elsewhere, and takes it back', async () => {
    const id = await account()
    const won = await acme.run<Any>(SET, { id, to: 'WON', at: '2020-02-03T00:00:00Z' })
    expect(won.setDealStatus.account).toEqual({
      dealStatus: 'WON',
      firstDealAt: '2020-02-03T00:00:00.000Z',
      lastDealAt: '2020-02-03T00:00:00.000Z',
    })
    const later = await acme.run<Any>(SET, { id, to: 'WON', at: '2021-02-03T00:00:00Z' })
    expect(later.setDealStatus.account.firstDealAt).toBe('2020-02-03T00:00:00.000Z')
    expect(later.setDealStatus.account.lastDealAt).toBe('2021-02-03T00:00:00.000Z')
    const back = await acme.run<Any>(SET, { id, to: 'NOT_WON' })
    expect(back.setDealStatus.account).toEqual({ dealStatus: 'NOT_WON', firstDealAt: null, lastDealAt: null })
    expect(wrong((await acme.run<Any>(SET, { id, to: 'WON', at: '2999-01-01T00:00:00Z' })).setDealStatus)).toEqual([
      'VALIDATION_FAILED at',
    ])
  })

  it('follows won opportunities: INVALID_STATE', async () => {
    const id = await account()
    const { stages } = await acme.run<Any>('{ stages(where: { kind: { eq: WON } }) { nodes { id } } }')
    await make(acme, 'Opportunity', {
      accountId: id,
      stageId: stages.nodes[0].id,
      actualCloseDate: '2024-01-02',
      probability: 100,
    })
    const { setDealStatus } = await acme.run<Any>(SET, { id, to: 'NOT_WON' })
    expect(setDealStatus.userErrors).toEqual([
      { code: 'INVALID_STATE', field: ['dealStatus'], details: { from: 'WON', to: 'NOT_WON', allowed: [] } },
    ])
  })
})

describe('the people of a customer', () => {
  const LINK =
    'mutation($input: LinkContactInput!) { linkContact(input: $input) { accountContact { id role isActive } userErrors { code field } } }'
  const UNLINK =
    'mutation($a: ID!, $c: ID!) { unlinkContact(accountId: $a, contactId: $c) { account { id primaryContact { id } } userErrors { code field } } }'
  const PRIMARY =
    'mutation($a: ID!, $c: ID) { setPrimaryContact(accountId: $a, contactId: $c) { account { primaryContact { id } } userErrors { code field details } } }'

  it('are linked, linked again with another role, and unlinked, which takes the primary mark too', async () => {
    const [a, c] = [await account(), await contact()]
    expect(wrong((await acme.run<Any>(PRIMARY, { a, c })).setPrimaryContact)).toEqual(['VALIDATION_FAILED contactId'])
    const first = (await acme.run<Any>(LINK, { input: { accountId: a, contactId: c, role: 'BUYER' } })).linkContact
    expect(first).toMatchObject({ accountContact: { role: 'BUYER', isActive: true }, userErrors: [] })
    const again = (await acme.run<Any>(LINK, { input: { accountId: a, contactId: c, role: 'USER' } })).linkContact
    expect(again.accountContact).toEqual({ id: first.accountContact.id, role: 'USER', isActive: true })
    expect((await acme.run<Any>(PRIMARY, { a, c })).setPrimaryContact.account.primaryContact.id).toBe(c)
    expect((await acme.run<Any>(UNLINK, { a, c })).unlinkContact).toEqual({
      account: { id: a, primaryContact: null },
      userErrors: [],
    })
    expect(wrong((await acme.run<Any>(UNLINK, { a, c })).unlinkContact)).toEqual(['NOT_FOUND contactId'])
    // A link that was removed can be made again.
    expect((await acme.run<Any>(LINK, { input: { accountId: a, contactId: c } })).linkContact.userErrors).toEqual([])
  })

  it('are the primary contact only while they are active there, on every path', async () => {
    const c = await contact()
    const a = await account({ primaryContactId: c, accountContacts: [{ contactId: c }] })
    const { account: made } = await acme.run<Any>(
      'query($id: ID!) { account(id: $id) { primaryContact { id } accountContacts { nodes { id } } } }',
      { id: a },
    )
    expect(made.primaryContact.id).toBe(c)
    const stranger = await contact()
    const { updateAccount } = await acme.run<Any>(
      'mutation($id: ID!, $c: ID) { updateAccount(id: $id, input: { primaryContactId: $c }) { userErrors { code field details } } }',
      { id: a, c: stranger },
    )
    expect(updateAccount.userErrors).toEqual([
      { code: 'VALIDATION_FAILED', field: ['input', 'primaryContactId'], details: { rule: 'contactOfAccount' } },
    ])
    await acme.run(
      'mutation($id: ID!) { updateAccountContact(id: $id, input: { isActive: false }) { userErrors { code } } }',
      { id: made.accountContacts.nodes[0].id },
    )
    const { account: left } = await acme.run<Any>('query($id: ID!) { account(id: $id) { primaryContact { id } } }', {
      id: a,
    })
    expect(left.primaryContact).toBeNull()
  })
})

describe('team members', () => {
  const ADD =
    'mutation($r: ID!, $u: ID!, $access: ShareAccess) { addTeamMember(recordId: $r, userId: $u, access: $access) { recordShare { id access user { id } } userErrors { code field } } }'
  const REMOVE =
    'mutation($r: ID!, $u: ID!) { removeTeamMember(recordId: $r, userId: $u) { userErrors { code field } } }'

  it('see the record, may write it with WRITE, and no longer when they are taken out', async () => {
    const id = await account({ ownerId: acme.adminUserId })
    const sees = async () => (await rep.run<Any>('query($id: ID!) { account(id: $id) { id } }', { id })).account
    const write = async () =>
      (
        await rep.run<Any>(
          'mutation($id: ID!) { updateAccount(id: $id, input: { rating: "A" }) { userErrors { code field } } }',
          { id },
        )
      ).updateAccount
    expect(await sees()).toBeNull()
    const added = (await acme.run<Any>(ADD, { r: id, u: rep.id })).addTeamMember
    expect(added).toMatchObject({ recordShare: { access: 'READ', user: { id: rep.id } }, userErrors: [] })
    expect(await sees()).toEqual({ id })
    expect(wrong(await write())).toEqual(['FORBIDDEN id'])
    const wider = (await acme.run<Any>(ADD, { r: id, u: rep.id, access: 'WRITE' })).addTeamMember
    expect(wider.recordShare).toMatchObject({ id: added.recordShare.id, access: 'WRITE' })
    expect(wrong(await write())).toEqual([])
    expect(wrong((await acme.run<Any>(REMOVE, { r: id, u: rep.id })).removeTeamMember)).toEqual([])
    expect(await sees()).toBeNull()
    expect(wrong((await acme.run<Any>(REMOVE, { r: id, u: rep.id })).removeTeamMember)).toEqual(['NOT_FOUND userId'])
  })

  it('are not its owner: OWNER_IS_MEMBER, by the verb, the plain share and on removal', async () => {
    const id = await account({ ownerId: rep.id })
    expect(wrong((await acme.run<Any>(ADD, { r: id, u: rep.id })).addTeamMember)).toEqual(['OWNER_IS_MEMBER userId'])
    expect(wrong(await create('RecordShare', { recordId: id, userId: rep.id }))).toEqual([
      'OWNER_IS_MEMBER input.userId',
    ])
    expect(wrong((await acme.run<Any>(REMOVE, { r: id, u: rep.id })).removeTeamMember)).toEqual([
      'OWNER_IS_MEMBER userId',
    ])
  })

  it('are added by those who may write the record only, and nothing is said of records out of sight', async () => {
    const other = await account({ ownerId: acme.adminUserId })
    expect(wrong((await rep.run<Any>(ADD, { r: other, u: rep.id })).addTeamMember)).toEqual(['NOT_FOUND recordId'])
    expect(wrong((await rep.run<Any>(REMOVE, { r: other, u: acme.adminUserId })).removeTeamMember)).toEqual([
      'NOT_FOUND userId',
    ])
  })
})

describe('what belongs to a customer', () => {
  it('has one default of its invoice data: the first by itself, then the one that is marked', async () => {
    const accountId = await account()
    const one = (await create('AccountInvoiceInfo', { accountId, title: '甲公司' })).record.id
    const two = (await create('AccountInvoiceInfo', { accountId, title: '乙公司' })).record.id
    const defaults = async () =>
      (
        await acme.run<Any>(
          'query($id: ID!) { account(id: $id) { invoiceInfos(where: { isDefault: { eq: true } }) { nodes { id } } } }',
          { id: accountId },
        )
      ).account.invoiceInfos.nodes.map(({ id }: Any) => id)
    expect(await defaults()).toEqual([one])
    await acme.run(
      'mutation($id: ID!) { updateAccountInvoiceInfo(id: $id, input: { isDefault: true }) { userErrors { code } } }',
      { id: two },
    )
    expect(await defaults()).toEqual([two])
    expect(wrong(await create('AccountInvoiceInfo', { accountId, title: ' ' }))).toEqual([
      'VALIDATION_FAILED input.title',
    ])
  })

  it('is related to another once, whichever is named first, and never to itself', async () => {
    const [a, b] = [await account(), await account()]
    expect(wrong(await create('AccountRelation', { sourceId: a, targetId: a, kind: 'PARTNER' }))).toEqual([
      'VALIDATION_FAILED input.targetId',
    ])
    expect(wrong(await create('AccountRelation', { sourceId: a, targetId: b, kind: 'PARENT' }))).toEqual([])
    for (const [sourceId, targetId, kind] of [
      [a, b, 'PARENT'],
      [b, a, 'SUBSIDIARY'],
      [b, a, 'PARENT'],
    ])
      expect((await create('AccountRelation', { sourceId, targetId, kind })).userErrors).toMatchObject([
        { code: 'UNIQUE_VIOLATION' },
      ])
    expect(wrong(await create('AccountRelation', { sourceId: b, targetId: a, kind: 'PARTNER' }))).toEqual([])
  })

  it('is related to what the writer sees only, and shown to those who see both', async () => {
    const [mine, hidden] = [await account({ ownerId: rep.id }), await account({ ownerId: acme.adminUserId })]
    expect(wrong(await create('AccountRelation', { sourceId: mine, targetId: hidden, kind: 'PARTNER' }, rep))).toEqual([
      'NOT_FOUND input.targetId',
    ])
    await create('AccountRelation', { sourceId: mine, targetId: hidden, kind: 'PARTNER' })
    const ask = (caller: Pick<Company, 'run'>) =>
      caller.run<Any>('query($id: ID!) { account(id: $id) { relations { nodes { kind } totalCount { value } } } }', {
        id: mine,
      })
    expect((await ask(acme)).account.relations).toEqual({ nodes: [{ kind: 'PARTNER' }], totalCount: { value: 1 } })
    expect((await ask(rep)).account.relations).toEqual({ nodes: [], totalCount: { value: 0 } })
  })

  it('is known on other platforms by one id each, of exactly one record', async () => {
    const [accountId, contactId] = [await account(), await contact()]
    const identity = (more: Record<string, unknown>) =>
      create('ThirdPartyIdentity', { platform: 'wechat', externalUserId: 'openid-1', ...more })
    expect(wrong(await identity({}))).toEqual(['VALIDATION_FAILED input.accountId'])
    expect(wrong(await identity({ accountId, contactId }))).toEqual(['VALIDATION_FAILED input.contactId'])
    expect(wrong(await identity({ accountId, platform: '微信' }))).toEqual(['VALIDATION_FAILED input.platform'])
    const { record } = await identity({ accountId })
    const { thirdPartyIdentity } = await acme.run<Any>(
      'query($id: ID!) { thirdPartyIdentity(id: $id) { platform } }',
      record,
    )
    expect(thirdPartyIdentity.platform).toBe('WECHAT')
    expect((await identity({ contactId, platform: 'WECHAT' })).userErrors).toMatchObject([
      { code: 'UNIQUE_VIOLATION', details: { conflictId: record.id } },
    ])
  })

  it('has a level that cannot go while it is used, which reps read and do not write', async () => {
    const { record } = await create('CustomerLevel', { key: 'vip', name: 'VIP', rank: 10, reclaimDays: 90 })
    const id = await account({ levelId: record.id, ownerId: rep.id })
    const { account: read } = await rep.run<Any>(
      'query($id: ID!) { account(id: $id) { level { name reclaimDays } } }',
      { id },
    )
    expect(read.level).toEqual({ name: 'VIP', reclaimDays: 90 })
    const remove = 'mutation($id: ID!) { deleteCustomerLevel(id: $id) { userErrors { code field } } }'
    expect(wrong((await acme.run<Any>(remove, { id: record.id })).deleteCustomerLevel)).toEqual(['REFERENCE_IN_USE id'])
    expect((await rep.ask(remove, { id: record.id })).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
    expect((await create('CustomerLevel', { key: 'vip', name: 'Again' })).userErrors).toMatchObject([
      { code: 'UNIQUE_VIOLATION', field: ['input', 'key'] },
    ])
    expect(wrong(await create('CustomerLevel', { key: 'b', name: 'B', reclaimDays: 0 }))).toEqual([
      'VALIDATION_FAILED input.reclaimDays',
    ])
  })
})

describe('consents', () => {
  const said = (contactId: string, more: Record<string, unknown>) =>
    create('ConsentRecord', { contactId, purpose: 'NEWSLETTER', channel: 'EMAIL', status: 'GRANTED', ...more })
  const current = async (id: string) =>
    (
      await acme.run<Any>(
        'query($id: ID!) { contact(id: $id) { consents(where: { isCurrent: { eq: true } }, orderBy: [{ field: CHANNEL }]) { nodes { channel status version } } } }',
        { id },
      )
    ).contact.consents.nodes

  it('are only added to, and the newest of a purpose and channel counts', async () => {
    const id = await contact()
    await said(id, { at: '2024-05-01T00:00:00Z' })
    await said(id, { channel: 'PHONE', status: 'DENIED' })
    expect(await current(id)).toEqual([
      { channel: 'EMAIL', status: 'GRANTED', version: 1 },
      { channel: 'PHONE', status: 'DENIED', version: 1 },
    ])
    // The case of the purpose is no other purpose.
    await said(id, { status: 'WITHDRAWN', purpose: 'newsletter', at: '2024-06-01T00:00:00Z' })
    // History that comes in late does not count.
    await said(id, { status: 'PENDING', at: '2024-04-01T00:00:00Z' })
    expect((await current(id)).map(({ channel, status }: Any) => [channel, status])).toEqual([
      ['EMAIL', 'WITHDRAWN'],
      ['PHONE', 'DENIED'],
    ])
    const { mutations } = await acme.run<Any>('{ mutations: __type(name: "Mutation") { fields { name } } }')
    const names = mutations.fields.map(({ name }: Any) => name)
    expect(names.filter((name: string) => /ConsentRecords?$/.test(name)).sort()).toEqual([
      'createConsentRecord',
      'createConsentRecords',
    ])
  })

  it('are of one person, and were said by now', async () => {
    const id = await contact()
    const lead = (await make(acme, 'Lead')).id
    expect(wrong(await said(id, { leadId: lead }))).toEqual(['VALIDATION_FAILED input.leadId'])
    expect(wrong(await create('ConsentRecord', { purpose: 'X', channel: 'SMS', status: 'GRANTED' }))).toEqual([
      'VALIDATION_FAILED input.contactId',
    ])
    expect(wrong(await said(id, { at: '2999-01-01T00:00:00Z' }))).toEqual(['VALIDATION_FAILED input.at'])
  })

  it('leave one that counts when two are written at the same time, and when one call brings several', async () => {
    const id = await contact()
    await Promise.all(['GRANTED', 'DENIED', 'WITHDRAWN'].map((status) => said(id, { status })))
    expect(await current(id)).toHaveLength(1)
    await acme.run(
      'mutation($input: [CreateConsentRecordInput!]!) { createConsentRecords(input: $input) { userErrors { code } } }',
      {
        input: ['2030', '2031'].map(() => ({ contactId: id, purpose: 'SURVEY', channel: 'WEB', status: 'GRANTED' })),
      },
    )
    expect((await current(id)).filter(({ channel }: Any) => channel === 'WEB')).toHaveLength(1)
  })
})

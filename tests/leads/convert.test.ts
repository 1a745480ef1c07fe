import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Any } from '../support/app.ts'
import { upload } from '../support/files.ts'
import { person } from '../support/people.ts'
import { type Converting, codes, make, openConverting } from './converting.ts'

let house: Converting
let me: string
beforeAll(async () => {
  house = await openConverting()
  me = house.acme.adminUserId
})
afterAll(() => house?.close())

const DEAL = { create: { closeDate: '2027-03-31' } }

describe('the conversion of a lead', () => {
  it('makes a company, a person and a deal of it and says so in the lead', async () => {
    const source = (await make(house.acme, 'LeadSource')).id
    const id = await house.lead({
      companyName: "O'Hara & Sons",
      title: 'CEO',
      emails: [{ address: 'ada@ohara.example', isPrimary: true }, { address: 'a.byron@mail.example' }],
      phone: '+12025550143',
      mobile: '+12025550144',
      website: 'https://ohara.example',
      address: { city: 'Dublin', countryCode: 'IE' },
      industry: 'Saddlery',
      employees: 12,
      annualRevenue: { amount: '1250000', currency: 'EUR' },
      expectedAmount: { amount: '9000', currency: 'EUR' },
      sourceId: source,
      rating: 'HOT',
      doNotCall: true,
      nextFollowUpAt: '2027-01-05T09:00:00Z',
      description: 'Met at the fair.',
      status: 'QUALIFIED',
    })
    const { lead, account, contact, opportunity, userErrors } = await house.convert(id, { opportunity: DEAL })
    expect(userErrors).toEqual([])
    expect(lead).toMatchObject({
      status: 'CONVERTED',
      convertedBy: { id: me },
      conversion: { formerStatus: 'QUALIFIED', accountMade: true, contactMade: true },
    })
    expect(Date.parse(lead.convertedAt)).toBeGreaterThan(Date.parse('2026-01-01'))
    expect(account).toMatchObject({
      name: "O'Hara & Sons",
      phone: '+12025550143',
      website: 'https://ohara.example',
      industry: 'Saddlery',
      employees: 12,
      annualRevenue: { amount: '1250000.00', currency: 'EUR' },
      billingAddress: { city: 'Dublin', countryCode: 'IE' },
      rating: 'HOT',
      doNotContact: false,
      source: { id: source },
      owner: { id: me },
      primaryContact: { id: contact.id },
    })
    expect(contact).toMatchObject({
      firstName: 'Ada',
      lastName: 'Byron',
      title: 'CEO',
      email: 'ada@ohara.example',
      emails: [
        { address: 'ada@ohara.example', isPrimary: true },
        { address: 'a.byron@mail.example', isPrimary: false },
      ],
      phone: '+12025550143',
      mobile: '+12025550144',
      address: { city: 'Dublin' },
      doNotCall: true,
      doNotEmail: false,
      description: 'Met at the fair.',
      accountContacts: { nodes: [{ isPrimary: true, account: { id: account.id } }] },
    })
    expect(opportunity).toMatchObject({
      name: "O'Hara & Sons",
      amount: { amount: '9000.00', currency: 'EUR' },
      closeDate: '2027-03-31',
      nextFollowUpAt: '2027-01-05T09:00:00.000Z',
      account: { id: account.id },
      primaryContact: { id: contact.id },
      opportunityContacts: { nodes: [{ isPrimary: true, contact: { id: contact.id } }] },
      lines: { nodes: [] },
    })
  })

  it('takes Chinese names as they are, and a lead without a family name', async () => {
    const { account, contact } = await house.convert(
      await house.lead({ fullName: null, firstName: '伟', lastName: '王', companyName: '上海申花有限公司' }),
    )
    expect([account.name, contact.fullName]).toEqual(['上海申花有限公司', '王伟'])
    const other = await house.convert(
      await house.lead({ fullName: "Cher d'Arc", firstName: null, lastName: null, companyName: 'X' }),
    )
    expect([other.contact.firstName, other.contact.lastName]).toEqual([null, "Cher d'Arc"])
  })

  it('lets the caller say it otherwise, field by field', async () => {
    const id = await house.lead({ companyName: 'Old', email: 'old@x.example', phone: '+12025550100', title: 'Boss' })
    const { account, contact, userErrors } = await house.convert(id, {
      account: { create: { name: 'New', phone: null } },
      contact: { create: { email: 'new@x.example', title: null } },
    })
    expect(userErrors).toEqual([])
    expect([account.name, account.phone]).toEqual(['New', null])
    expect([contact.email, contact.emails.length, contact.phone, contact.title]).toEqual([
      'new@x.example',
      1,
      '+12025550100',
      null,
    ])
  })

  it('makes no company where none is wanted, and no deal unless one is', async () => {
    const { account, contact, opportunity, lead } = await house.convert(await house.lead(), { account: { none: true } })
    expect([account, opportunity, contact.accountContacts.nodes]).toEqual([null, null, []])
    expect(lead.conversion).toMatchObject({ accountMade: false, contactMade: true })
    const with2 = await house.convert(await house.lead(), { account: { none: true }, opportunity: DEAL })
    expect(with2.opportunity).toMatchObject({ name: 'Ada Byron', account: null })
  })

  it('wants a way that is one', async () => {
    const id = await house.lead({ companyName: 'X' })
    const refused = await house.convert(id, { account: { none: false }, opportunity: { none: false } })
    expect(codes(refused)).toEqual(['VALIDATION_FAILED input.account.none', 'VALIDATION_FAILED input.opportunity.none'])
    expect(codes(await house.convert(id, { convertedStatus: 'QUALIFIED' }))).toEqual([
      'VALIDATION_FAILED input.convertedStatus',
    ])
    expect(codes(await house.convert(id, { convertedStatus: 'CONVERTED' }))).toEqual([])
  })

  it('makes lines of the products that the lead is interested in, and none where the caller says so', async () => {
    const price = { amount: '20', currency: 'USD' }
    const [one, two] = [
      await make(house.acme, 'Product', { standardPrice: price, status: 'ACTIVE' }),
      await make(house.acme, 'Product', { standardPrice: price, status: 'ACTIVE' }),
    ]
    const interested = () =>
      house.lead({
        companyName: 'Lines',
        expectedAmount: { amount: '5', currency: 'USD' },
        leadProducts: [{ productId: one.id, quantity: '2.5' }, { productId: two.id }],
      })
    const { opportunity, userErrors } = await house.convert(await interested(), { opportunity: DEAL })
    expect(userErrors).toEqual([])
    expect(opportunity.lines.nodes).toEqual([
      { quantity: '2.5', product: { id: one.id }, total: { amount: '50.00' } },
      { quantity: '1', product: { id: two.id }, total: { amount: '20.00' } },
    ])
    expect(opportunity.amount.amount).toBe('70.00')
    const none = await house.convert(await interested(), { opportunity: { create: { ...DEAL.create, lines: [] } } })
    expect([none.opportunity.lines.nodes, none.opportunity.amount.amount]).toEqual([[], '5.00'])
  })

  it('gives what it makes to the lead’s owner, or to whom the call names', async () => {
    const rep = await person(house.test, house.acme, 'rep')
    const id = await house.lead({ companyName: 'Owned', ownerId: rep.id })
    const { account, contact, opportunity } = await house.convert(id, { opportunity: DEAL })
    expect([account, contact, opportunity].map(({ owner }) => owner.id)).toEqual([rep.id, rep.id, rep.id])
    const other = await house.convert(await house.lead({ companyName: 'O', ownerId: rep.id }), {
      ownerId: me,
      account: { create: { ownerId: rep.id } },
    })
    expect([other.account.owner.id, other.contact.owner.id, other.lead.owner.id]).toEqual([rep.id, me, rep.id])
  })

  it('says the flags that keep people from being written to again, in the person and in the company', async () => {
    const { account, contact } = await house.convert(await house.lead({ companyName: 'Quiet', doNotContact: true }))
    expect([account.doNotContact, contact.doNotCall, contact.doNotEmail]).toEqual([true, true, true])
  })

  it('gives the first answer again for the same idempotency key, and converts once', async () => {
    const id = await house.lead({ companyName: 'Twice' })
    const document = `mutation($id: ID!) { convertLead(input: { leadId: $id }) { lead { id version } account { id } userErrors { code } } }`
    const ask = () => house.acme.ask(document, { id }, { 'idempotency-key': `convert ${id}` })
    const [first, again] = [await ask(), await ask()]
    expect(first.data.convertLead.userErrors).toEqual([])
    expect(again.data).toEqual(first.data)
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect((await house.owner.rows(`SELECT 1 FROM account WHERE name = 'Twice'`)).length).toBe(1)
  })
})

describe('a lead that is linked to records that are there', () => {
  const linked = async (account: Record<string, unknown>, contact: Record<string, unknown>) => {
    const say = async (type: string, input: Record<string, unknown>) =>
      (
        await house.say(
          `mutation($input: Create${type}Input!) { create${type}(input: $input) { it: ${type.toLowerCase()} { id } userErrors { code message } } }`,
          { input },
        )
      ).it.id as string
    return [
      await say('Account', { name: 'There', ...account }),
      await say('Contact', { lastName: 'There', ...contact }),
    ] as const
  }

  it('fills only what is empty in them', async () => {
    const [accountId, contactId] = await linked(
      { phone: '+12025550111', industry: 'Kept' },
      { title: 'Kept', email: 'kept@x.example', doNotEmail: true },
    )
    const id = await house.lead({
      companyName: 'Never written',
      phone: '+12025550122',
      email: 'lead@x.example',
      title: 'New',
      industry: 'New',
      website: 'https://new.example',
      employees: 7,
      doNotCall: true,
      mobile: '+12025550133',
    })
    const { account, contact, lead, userErrors } = await house.convert(id, {
      account: { linkId: accountId },
      contact: { linkId: contactId },
    })
    expect(userErrors).toEqual([])
    expect(account).toMatchObject({
      id: accountId,
      name: 'There',
      phone: '+12025550111',
      industry: 'Kept',
      website: 'https://new.example',
      employees: 7,
      primaryContact: { id: contactId },
    })
    expect(contact).toMatchObject({
      lastName: 'There',
      firstName: null,
      title: 'Kept',
      email: 'kept@x.example',
      phone: '+12025550122',
      mobile: '+12025550133',
      doNotCall: true,
      doNotEmail: true,
      accountContacts: { nodes: [{ isPrimary: true, account: { id: accountId } }] },
    })
    expect(contact.emails).toHaveLength(1)
    expect(lead.conversion).toMatchObject({ accountMade: false, contactMade: false })
  })

  it('takes the lead’s source only where there is none, or when asked to', async () => {
    const [mine, theirs] = [
      (await make(house.acme, 'LeadSource')).id as string,
      (await make(house.acme, 'LeadSource')).id as string,
    ]
    for (const [overwriteSource, expected] of [
      [false, theirs],
      [true, mine],
    ] as const) {
      const [accountId, contactId] = await linked({ sourceId: theirs }, {})
      const { account, contact } = await house.convert(await house.lead({ sourceId: mine }), {
        account: { linkId: accountId },
        contact: { linkId: contactId },
        overwriteSource,
      })
      expect([account.source.id, contact.source.id]).toEqual([expected, mine])
    }
  })

  it('leaves an amount away that is in another currency than theirs', async () => {
    const [accountId, contactId] = await linked({ creditLimit: { amount: '5', currency: 'USD' } }, {})
    const { account, userErrors } = await house.convert(
      await house.lead({ annualRevenue: { amount: '5', currency: 'EUR' } }),
      { account: { linkId: accountId }, contact: { linkId: contactId } },
    )
    expect([account.annualRevenue, userErrors]).toEqual([null, []])
  })

  it('never gives a person two main companies, and joins nobody twice', async () => {
    const [first, contactId] = await linked({}, {})
    const [second] = await linked({}, {})
    await house.convert(await house.lead(), { account: { linkId: first }, contact: { linkId: contactId } })
    const { contact } = await house.convert(await house.lead(), {
      account: { linkId: second },
      contact: { linkId: contactId },
    })
    expect(contact.accountContacts.nodes).toEqual([
      { isPrimary: true, account: { id: first } },
      { isPrimary: false, account: { id: second } },
    ])
    const again = await house.convert(await house.lead(), {
      account: { linkId: second },
      contact: { linkId: contactId },
    })
    expect(again.contact.accountContacts.nodes).toHaveLength(2)
  })

  it('is refused where the record is none, lies in the recycle bin, or is another company’s', async () => {
    const id = await house.lead()
    const [accountId, contactId] = await linked({}, {})
    const foreign = (await make(house.test.globex, 'Account')).id
    const foreignContact = (await make(house.test.globex, 'Contact')).id
    await house.say('mutation($id: ID!) { deleteAccount(id: $id) { userErrors { code } } }', { id: accountId })
    for (const linkId of [accountId, contactId, foreign, 'acct_x', ''])
      expect(codes(await house.convert(id, { account: { linkId }, contact: { linkId: contactId } }))).toEqual([
        'REFERENCE_NOT_FOUND input.account.linkId',
      ])
    const { createAccount } = await house.acme.run(
      'mutation { createAccount(input: { name: "Live" }) { account { id version } } }',
    )
    const refused = await house.convert(id, {
      account: { linkId: createAccount.account.id },
      contact: { linkId: foreignContact },
    })
    expect(codes(refused)).toEqual(['REFERENCE_NOT_FOUND input.contact.linkId'])
  })
})

describe('what is linked to a lead', () => {
  const withLinks = async () => {
    const id = await house.lead({ companyName: 'Linked' })
    const ids: Record<string, string> = {}
    for (const [type, link, input] of [
      ['Activity', 'activity', { kind: 'CALL', subject: 'Called' }],
      ['Task', 'task', { title: 'Call again' }],
      ['Tag', 'tag', { name: `fair ${id}` }],
    ] as const) {
      const made = await house.say(
        `mutation($input: Create${type}Input!) { create${type}(input: $input) { it: ${link} { id } userErrors { code message } } }`,
        { input: { ...input, links: [{ recordId: id }] } },
      )
      ids[link] = made.it.id
    }
    return { id, ids }
  }
  const LINKS = 'activities { nodes { id } } tasks { nodes { id } } tags { nodes { id } }'
  const linksOf = async (field: string, id: string) => {
    const { it } = await house.acme.run(`query($id: ID!) { it: ${field}(id: $id) { ${LINKS} } }`, { id })
    return [it.activities, it.tasks, it.tags].map(({ nodes }: Any) => nodes.map((one: Any) => one.id))
  }

  it('is linked to what it became as well, and stays readable from the lead', async () => {
    const { id, ids } = await withLinks()
    const { account, contact, opportunity } = await house.convert(id, { opportunity: DEAL })
    const expected = [[ids.activity], [ids.task], [ids.tag]]
    expect(await linksOf('lead', id)).toEqual(expected)
    expect(await linksOf('account', account.id)).toEqual(expected)
    expect(await linksOf('contact', contact.id)).toEqual(expected)
    expect(await linksOf('opportunity', opportunity.id)).toEqual(expected)
  })

  it('leaves the lead when it is to be moved', async () => {
    const { id, ids } = await withLinks()
    const { account, contact } = await house.convert(id, { moveActivities: true })
    expect(await linksOf('lead', id)).toEqual([[], [], []])
    expect(await linksOf('account', account.id)).toEqual([[ids.activity], [ids.task], [ids.tag]])
    expect(await linksOf('contact', contact.id)).toEqual([[ids.activity], [ids.task], [ids.tag]])
  })

  it('stays where it is with its files, and takes them along when it is moved', async () => {
    const filesOf = async (field: string, id: string) => {
      const { it } = await house.acme.run(
        `query($id: ID!) { it: ${field}(id: $id) { attachments { nodes { id } } } }`,
        { id },
      )
      return it.attachments.nodes.map((one: Any) => one.id)
    }
    for (const moveActivities of [false, true]) {
      const id = await house.lead({ companyName: 'Files' })
      const file = await upload(house.acme, { name: '名片.txt' }, { recordId: id })
      const { account } = await house.convert(id, { moveActivities })
      expect(await filesOf('lead', id)).toEqual(moveActivities ? [] : [file])
      expect(await filesOf('account', account.id)).toEqual(moveActivities ? [file] : [])
      expect((await house.revert(id)).userErrors).toEqual([])
      expect(await filesOf('lead', id)).toEqual([file])
    }
  })

  it('is not linked twice where it is there already', async () => {
    const { id, ids } = await withLinks()
    const account = (await make(house.acme, 'Account')).id
    await house.acme.run(
      'mutation($input: CreateTagLinkInput!) { createTagLink(input: $input) { userErrors { code } } }',
      { input: { tagId: ids.tag, recordId: account } },
    )
    const { userErrors } = await house.convert(id, { account: { linkId: account }, moveActivities: true })
    expect(userErrors).toEqual([])
    expect(await linksOf('account', account)).toEqual([[ids.activity], [ids.task], [ids.tag]])
    expect(await linksOf('lead', id)).toEqual([[], [], [ids.tag]])
  })
})

describe('a converted lead', () => {
  let id: string
  beforeAll(async () => {
    id = await house.lead({ companyName: 'Done', externalId: 'done-1', rating: 'HOT' })
    await house.convert(id)
  })

  it('stays readable, alone and in lists', async () => {
    const { lead, leads } = await house.acme.run(
      'query($id: ID!) { lead(id: $id) { fullName status } leads(where: { id: { eq: $id } }) { nodes { id } } }',
      { id },
    )
    expect(lead).toEqual({ fullName: 'Ada Byron', status: 'CONVERTED' })
    expect(leads.nodes).toEqual([{ id }])
  })

  it('is read only on every path', async () => {
    const paths: [string, Record<string, unknown>][] = [
      ['updateLead(id: $id, input: { rating: COLD })', {}],
      ['updateLead(id: $id, input: { status: NEW })', {}],
      ['updateLead(id: $id, input: { ownerId: null })', {}],
      ['updateLeads(input: [{ id: $id, input: { rating: COLD } }])', {}],
      ['upsertLead(by: { externalId: { id: "done-1" } }, input: { fullName: "Other" })', {}],
    ]
    for (const [call] of paths) {
      const list = call.startsWith('updateLeads')
      const errors = 'userErrors { code field }'
      const payload = await house.say(
        call.includes('$id')
          ? `mutation($id: ID!) { ${call} { ${list ? `results { ${errors} }` : ''} ${errors} } }`
          : `mutation { ${call} { ${errors} } }`,
        call.includes('$id') ? { id } : {},
      )
      const [refused] = list ? payload.results : [payload]
      expect([call, refused.userErrors.map(({ code }: Any) => code)]).toEqual([call, ['INVALID_STATE']])
    }
    const productId = (await make(house.acme, 'Product')).id
    const product = await house.say(
      'mutation($input: CreateLeadProductInput!) { createLeadProduct(input: $input) { userErrors { code field } } }',
      { input: { leadId: id, productId } },
    )
    expect(codes(product)).toEqual(['INVALID_STATE input.leadId'])
  })

  it('is not converted again, whichever version the caller has seen', async () => {
    const other = await house.lead({ companyName: 'Once' })
    const { account, contact, opportunity } = await house.convert(other, { opportunity: DEAL, expectedVersion: 1 })
    const again = await house.convert(other, { expectedVersion: 1 })
    expect(codes(again)).toEqual(['LEAD_ALREADY_CONVERTED input.leadId'])
    expect(again.userErrors[0].details).toEqual({
      accountId: account.id,
      contactId: contact.id,
      opportunityId: opportunity.id,
    })
    expect(again.lead).toBeNull()
  })

  it('tells of what it became only what the caller may see', async () => {
    const rep = await person(house.test, house.acme, 'rep')
    const other = await house.lead({ companyName: 'Hidden', ownerId: rep.id })
    const { contact } = await house.convert(other, { account: { create: { ownerId: me } } })
    await house.acme.run(
      'mutation($c: ID!) { updateContact(id: $c, input: { ownerId: null }) { userErrors { code } } }',
      { c: contact.id },
    )
    const again = await house.convert(other, {}, rep)
    expect(again.userErrors[0]).toMatchObject({
      code: 'LEAD_ALREADY_CONVERTED',
      details: { accountId: null, contactId: contact.id, opportunityId: null },
    })
  })

  it('that was entered converted is converted already', async () => {
    const other = await house.lead({ status: 'CONVERTED' })
    const again = await house.convert(other)
    expect(codes(again)).toEqual(['LEAD_ALREADY_CONVERTED input.leadId'])
    expect(codes(await house.revert(other))).toEqual(['INVALID_STATE leadId'])
  })
})

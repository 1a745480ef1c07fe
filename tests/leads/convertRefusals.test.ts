import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Any } from '../support/app.ts'
import { person } from '../support/people.ts'
import { type Converting, codes, differences, make, openConverting } from './converting.ts'

let house: Converting
let me: string
beforeAll(async () => {
  house = await openConverting()
  me = house.acme.adminUserId
})
afterAll(() => house?.close())

const DEAL = { create: { closeDate: '2027-03-31' } }
const long = (n: number) => 'ä'.repeat(n)

/** Gives the payload of a call that must leave everything in the company as it was. */
async function tracelessly(work: () => Promise<Any>): Promise<Any> {
  const before = await house.everything()
  const payload = await work()
  expect(differences(before, await house.everything())).toEqual([])
  return payload
}

describe('a conversion that is refused leaves no trace', () => {
  it('when the third target alone is wrong', async () => {
    const id = await house.lead({ companyName: 'Third' })
    const refused = await tracelessly(() => house.convert(id, { opportunity: { create: {} } }))
    expect(codes(refused)).toEqual(['VALIDATION_FAILED input.opportunity.create.closeDate'])
    expect(refused.lead).toBeNull()
    // Past what the input says in itself: the deal is looked at when the other two are written.
    const stageId = (await make(house.acme, 'Stage', { kind: 'OPEN' })).id
    const pipelineId = (await make(house.acme, 'Pipeline')).id
    const late = await tracelessly(() =>
      house.convert(id, { opportunity: { create: { ...DEAL.create, stageId, pipelineId } } }),
    )
    expect(codes(late)).toEqual(['STAGE_NOT_IN_PIPELINE input.opportunity.create.stageId'])
    expect([late.account, late.contact, late.opportunity]).toEqual([null, null, null])
  })

  it('and tells what is wrong with all targets at once', async () => {
    const id = await house.lead({ companyName: null })
    const refused = await tracelessly(() =>
      house.convert(id, {
        account: { create: { employees: -1 } },
        contact: { create: { birthday: 'never' } },
        opportunity: { create: { ...DEAL.create, probability: 900 } },
      }),
    )
    expect(codes(refused).sort()).toEqual([
      'VALIDATION_FAILED input.account.create.employees',
      'VALIDATION_FAILED input.account.create.name',
      'VALIDATION_FAILED input.contact.create.birthday',
      'VALIDATION_FAILED input.opportunity.create.probability',
    ])
  })

  it('when a key of the third target is taken, though the first two were written by then', async () => {
    const taken = await make(house.acme, 'Opportunity', { externalSource: 'erp', externalId: 'deal-7' })
    const id = await house.lead({ companyName: 'Key' })
    const refused = await tracelessly(() =>
      house.convert(id, { opportunity: { create: { ...DEAL.create, externalSource: 'erp', externalId: 'deal-7' } } }),
    )
    expect(codes(refused)).toEqual(['UNIQUE_VIOLATION input.opportunity.create.externalId'])
    expect(refused.userErrors[0].details).toEqual({ conflictId: taken.id })
  })

  it('when the company looks like one that is there, though the person was written by then', async () => {
    const { id: ruleId } = await make(house.acme, 'DuplicateRule', {
      object: 'Account',
      matchers: [{ field: 'name', method: 'NORMALIZED', weight: '50' }],
      active: true,
    })
    const there = (await make(house.acme, 'Account', { name: '上海测试科技有限公司' })).id
    const id = await house.lead({ companyName: '上海测试科技 有限责任公司' })
    const refused = await tracelessly(() => house.convert(id, { opportunity: DEAL }))
    expect(codes(refused)).toEqual(['DUPLICATE_DETECTED input.account.create'])
    expect(refused.userErrors[0].details).toMatchObject({ matches: [{ id: there }], canOverride: true })
    expect([refused.lead, refused.account, refused.contact, refused.opportunity]).toEqual([null, null, null, null])
    const { userErrors } = await house.convert(id, { opportunity: DEAL, allowDuplicate: true })
    expect(userErrors).toEqual([])
    await house.acme.run('mutation($id: ID!) { deleteDuplicateRule(id: $id) { userErrors { code } } }', { id: ruleId })
  })

  it('when a product that the lead wants is no longer sold', async () => {
    const product = await make(house.acme, 'Product', { status: 'INACTIVE' })
    const id = await house.lead({ companyName: 'Gone', leadProducts: [{ productId: product.id }] })
    const refused = await tracelessly(() => house.convert(id, { opportunity: DEAL }))
    expect(codes(refused)).toContain('PRODUCT_INACTIVE input.opportunity.create.lines.0.productId')
    expect(codes(await house.convert(id, { opportunity: { create: { ...DEAL.create, lines: [] } } }))).toEqual([])
  })

  it('when a value is too long for its target, and names both ends: nothing is cut', async () => {
    const id = await house.lead({ fullName: long(200), firstName: null, lastName: null, companyName: 'Long' })
    const refused = await tracelessly(() => house.convert(id))
    expect(codes(refused)).toEqual(['VALIDATION_FAILED input.contact.create.lastName'])
    expect(refused.userErrors[0].details).toEqual({
      rule: 'maxLength',
      source: 'Lead.fullName',
      target: 'Contact.lastName',
    })
    expect(codes(await house.convert(id, { contact: { create: { lastName: 'Short' } } }))).toEqual([])
  })

  it('when the owner would own too many', async () => {
    const rep = await person(house.test, house.acme, 'rep')
    await make(house.acme, 'OwnerQuota', { object: 'Contact', limit: 0, userId: rep.id })
    const id = await house.lead({ companyName: 'Full', ownerId: rep.id })
    const refused = await tracelessly(() => house.convert(id))
    expect(codes(refused)).toEqual(['OWNER_QUOTA_EXCEEDED input.contact.create.ownerId'])
    expect(refused.userErrors[0].details).toEqual({ object: 'Contact', limit: 0, current: 0, requested: 1 })
    await make(house.acme, 'OwnerQuota', { object: 'Lead', limit: 1, userId: rep.id })
    const ownerless = await house.lead({ companyName: 'Full', ownerId: null })
    expect(codes(await tracelessly(() => house.convert(ownerless, { ownerId: rep.id })))).toEqual([
      'OWNER_QUOTA_EXCEEDED input.ownerId',
    ])
  })
})

describe('a conversion is refused', () => {
  it('for a lead without an owner, unless the call names one, whom it gets too', async () => {
    const id = await house.lead({ companyName: 'Nobody’s', ownerId: null })
    expect(codes(await house.convert(id))).toEqual(['OWNER_REQUIRED input.ownerId'])
    const { lead, account, userErrors } = await house.convert(id, { ownerId: me })
    expect([userErrors, lead.owner.id, account.owner.id]).toEqual([[], me, me])
  })

  it('for an owner who does not work here, is none, or belongs to another company', async () => {
    const left = await make(house.acme, 'User', { status: 'SUSPENDED' })
    const id = await house.lead({ companyName: 'X' })
    expect(codes(await house.convert(id, { ownerId: left.id }))).toEqual(['USER_INACTIVE input.ownerId'])
    for (const ownerId of [house.test.globex.adminUserId, 'user_x', ''])
      expect(codes(await house.convert(id, { ownerId }))).toEqual(['NOT_FOUND input.ownerId'])
    const orphan = await house.lead({ companyName: 'X' })
    const leaver = await make(house.acme, 'User', { status: 'ACTIVE' })
    await house.acme.run(
      'mutation($id: ID!, $o: ID!) { updateLead(id: $id, input: { ownerId: $o }) { userErrors { code } } }',
      {
        id: orphan,
        o: leaver.id,
      },
    )
    await house.owner.rows(
      `UPDATE app_user SET status = 'SUSPENDED' WHERE tenant_id = atrium.tenant_id() AND id = (SELECT owner_id FROM lead WHERE tenant_id = atrium.tenant_id() ORDER BY id DESC LIMIT 1)`,
    )
    expect(codes(await house.convert(orphan))).toEqual(['USER_INACTIVE input.ownerId'])
  })

  it('for an unqualified lead, and where the company wants qualified ones for every other', async () => {
    const unqualified = await house.lead({ companyName: 'U', status: 'UNQUALIFIED' })
    const refused = await house.convert(unqualified)
    expect(refused.userErrors[0]).toMatchObject({
      code: 'INVALID_STATE',
      field: ['input', 'leadId'],
      details: { from: 'UNQUALIFIED', to: 'CONVERTED' },
    })
    const set = async (input: Record<string, unknown>) =>
      house.say(
        'mutation($input: UpdateLeadSettingsInput!) { updateLeadSettings(input: $input) { leadSettings { conversionNeedsQualified reversionDays } userErrors { code field } } }',
        { input },
      )
    expect((await set({ conversionNeedsQualified: true })).leadSettings).toEqual({
      conversionNeedsQualified: true,
      reversionDays: 30,
    })
    const working = await house.lead({ companyName: 'W', status: 'WORKING' })
    expect((await house.convert(working)).userErrors[0]).toMatchObject({
      code: 'INVALID_STATE',
      details: { from: 'WORKING', to: 'CONVERTED', allowed: ['QUALIFIED'] },
    })
    await house.say(
      'mutation($id: ID!) { updateLead(id: $id, input: { status: QUALIFIED }) { userErrors { code } } }',
      {
        id: working,
      },
    )
    expect(codes(await house.convert(working))).toEqual([])
    await set({ conversionNeedsQualified: false })
    for (const [input, expected] of [
      [{ reversionDays: -1 }, 'VALIDATION_FAILED input.reversionDays'],
      [{ reversionDays: 3651 }, 'VALIDATION_FAILED input.reversionDays'],
      [{ conversionNeedsQualified: null }, 'VALIDATION_FAILED input.conversionNeedsQualified'],
    ] as const)
      expect(codes(await set(input))).toEqual([expected])
    const { leadSettings } = await house.acme.run('{ leadSettings { conversionNeedsQualified reversionDays } }')
    expect(leadSettings).toEqual({ conversionNeedsQualified: false, reversionDays: 30 })
  })

  it('for a version that is not the lead’s, an id that is none, and one of another company', async () => {
    const id = await house.lead({ companyName: 'V' })
    await house.say('mutation($id: ID!) { updateLead(id: $id, input: { rating: WARM }) { userErrors { code } } }', {
      id,
    })
    const stale = await house.convert(id, { expectedVersion: 1 })
    expect(stale.userErrors[0]).toMatchObject({
      code: 'STALE_VERSION',
      field: ['input', 'expectedVersion'],
      details: { currentVersion: 2, changedFields: ['rating'] },
    })
    const foreign = (await make(house.test.globex, 'Lead')).id
    for (const leadId of [foreign, 'lead_x', '', me])
      expect(codes(await house.convert(leadId))).toEqual(['NOT_FOUND input.leadId'])
  })

  it('for a deal of another company than the conversion’s', async () => {
    const other = await make(house.acme, 'Account')
    const refused = await house.convert(await house.lead({ companyName: 'X' }), {
      opportunity: { create: { ...DEAL.create, accountId: other.id } },
    })
    expect(codes(refused)).toEqual(['VALIDATION_FAILED input.opportunity.create.accountId'])
  })
})

describe('the rights to a conversion', () => {
  const role = async (key: string, rows: Record<string, unknown>[]) => {
    const { id } = await make(house.acme, 'Role', { key })
    for (const row of rows)
      await make(house.acme, 'ObjectPermission', {
        canRead: false,
        canCreate: false,
        canUpdate: false,
        canDelete: false,
        canRestore: false,
        canDestroy: false,
        canExport: false,
        canImport: false,
        canTransfer: false,
        canMerge: false,
        canApprove: false,
        canConvert: false,
        allowList: false,
        readScope: 'ALL',
        writeScope: 'ALL',
        roleId: id,
        ...row,
      })
    return person(house.test, house.acme, key)
  }

  it('belong to managers and representatives, and to nobody who only reads', async () => {
    for (const key of ['rep', 'manager']) {
      const somebody = await person(house.test, house.acme, key)
      const id = await house.lead({ companyName: `Of a ${key}`, ownerId: somebody.id })
      const { account, userErrors } = await house.convert(id, { opportunity: DEAL }, somebody)
      expect([userErrors, account.owner.id]).toEqual([[], somebody.id])
    }
    const reader = await person(house.test, house.acme, 'readonly')
    const answer = await reader.ask(
      `mutation($id: ID!) { convertLead(input: { leadId: $id }) { userErrors { code } } }`,
      { id: await house.lead({ companyName: 'X' }) },
    )
    expect([answer.status, answer.errors?.[0]?.extensions]).toMatchObject([
      403,
      { code: 'FORBIDDEN', missing: [{ path: 'convertLead', permission: 'Lead.convert' }] },
    ])
  })

  it('stop at what the caller may not make or change, and name it', async () => {
    const all = { canRead: true, canCreate: true, canUpdate: true, canConvert: true }
    const half = await role('no-targets', [
      { object: '*', canRead: true },
      { object: 'Lead', ...all },
      { object: 'User', canRead: true },
    ])
    const id = await house.lead({ companyName: 'X', ownerId: half.id })
    const account = (await make(house.acme, 'Account')).id
    const ask = async (more: object) => {
      const { convertLead } = await half.run(
        'mutation($input: ConvertLeadInput!) { convertLead(input: $input) { userErrors { code field details } } }',
        { input: { leadId: id, ...more } },
      )
      return convertLead.userErrors.map(
        ({ code, field, details }: Any) => `${code} ${field.join('.')} ${details.permission}`,
      )
    }
    expect(await ask({ opportunity: DEAL })).toEqual([
      'FORBIDDEN input.account.create Account.create',
      'FORBIDDEN input.contact.create Contact.create',
      'FORBIDDEN input.contact AccountContact.create',
      'FORBIDDEN input.opportunity.create Opportunity.create',
      'FORBIDDEN input.opportunity.create OpportunityContact.create',
    ])
    expect(await ask({ account: { linkId: account } })).toContain('FORBIDDEN input.account.linkId Account.update')
  })

  it('end at the caller’s own leads and records', async () => {
    const [rep, other] = [await person(house.test, house.acme, 'rep'), await person(house.test, house.acme, 'rep')]
    const theirs = await house.lead({ companyName: 'X', ownerId: other.id })
    expect(codes(await house.convert(theirs, {}, rep))).toEqual(['NOT_FOUND input.leadId'])
    const nobodys = await house.lead({ companyName: 'X', ownerId: null })
    const seen = await house.convert(nobodys, { ownerId: rep.id }, rep)
    expect(seen.userErrors[0]).toMatchObject({ code: 'FORBIDDEN', details: { permission: 'Lead.convert' } })
    const mine = await house.lead({ companyName: 'X', ownerId: rep.id })
    const hidden = (await make(house.acme, 'Account', { ownerId: other.id })).id
    const ownerless = (await make(house.acme, 'Account', { ownerId: null })).id
    const link = async (linkId: string) => (await house.convert(mine, { account: { linkId } }, rep)).userErrors[0]
    expect(await link(hidden)).toMatchObject({ code: 'REFERENCE_NOT_FOUND', field: ['input', 'account', 'linkId'] })
    expect(await link(ownerless)).toMatchObject({ code: 'FORBIDDEN', details: { permission: 'Account.update' } })
    const given = await house.convert(mine, { ownerId: other.id }, rep)
    expect(given.userErrors.map(({ details }: Any) => details.permission)).toEqual([
      'Account.transfer',
      'Contact.transfer',
    ])
  })

  it('show nobody by a conversion what they do not see of the lead', async () => {
    const all = { canRead: true, canCreate: true, canUpdate: true, canConvert: true }
    const blind = await role('blind', [
      { object: '*', ...all },
      { object: 'User', canRead: true },
      { object: 'Stage', canRead: true },
      { object: 'Pipeline', canRead: true },
    ])
    const { roles } = await house.acme.run('{ roles(where: { key: { eq: "blind" } }) { nodes { id } } }')
    for (const [object, field, more] of [
      ['Lead', 'phone', { access: 'HIDDEN' }],
      ['Lead', 'title', { access: 'WRITE', mask: 'ALWAYS' }],
      ['Account', 'industry', { access: 'READ' }],
    ] as const)
      await make(house.acme, 'FieldPermission', { roleId: roles.nodes[0].id, object, field, mask: 'NONE', ...more })
    const id = await house.lead({
      companyName: 'X',
      ownerId: blind.id,
      phone: '+12025550199',
      title: 'Secret',
      industry: 'Kept away',
      website: 'https://x.example',
    })
    const answer = await blind.run(
      `mutation($id: ID!) { convertLead(input: { leadId: $id }) { account { id phone industry website } contact { id phone title phones { number } } userErrors { code field } } }`,
      { id },
    )
    expect(answer.convertLead).toMatchObject({
      account: { phone: null, industry: null, website: 'https://x.example' },
      contact: { phone: null, title: null, phones: [] },
      userErrors: [],
    })
  })
})

describe('many leads at once', () => {
  const LIST = `mutation($input: [ConvertLeadInput!]!) { convertLeads(input: $input) {
    results { lead { id status } account { id name } contact { id } opportunity { id } userErrors { code field details } } userErrors { code details } } }`
  const all = async (input: Record<string, unknown>[]) => (await house.acme.run(LIST, { input })).convertLeads

  it('are converted each by itself: a bad one leaves no trace and stops nobody', async () => {
    const [one, two, three] = [
      await house.lead({ companyName: 'List 1' }),
      await house.lead({ companyName: 'List 2' }),
      await house.lead({ companyName: 'List 3' }),
    ]
    const foreign = (await make(house.test.globex, 'Lead')).id
    const { results, userErrors } = await all([
      { leadId: one, opportunity: DEAL },
      { leadId: two, opportunity: { create: { closeDate: '2027-01-01', probability: 900 } } },
      { leadId: foreign },
      { leadId: one },
      { leadId: three, account: { none: true } },
    ])
    expect(userErrors).toEqual([])
    expect(results.map(({ lead }: Any) => lead?.status ?? null)).toEqual(['CONVERTED', null, null, null, 'CONVERTED'])
    expect(results.map(codes)).toEqual([
      [],
      ['VALIDATION_FAILED input.1.opportunity.create.probability'],
      ['NOT_FOUND input.2.leadId'],
      ['VALIDATION_FAILED input.3.leadId'],
      [],
    ])
    expect(results[0].account.name).toBe('List 1')
    expect(results[0].opportunity.id).toMatch(/^oppo_/)
    expect([results[4].account, results[4].contact.id]).toEqual([null, expect.stringMatching(/^cont_/)])
    expect(await house.owner.rows(`SELECT 1 FROM account WHERE name = 'List 2'`)).toEqual([])
  })

  it('may be linked to the same record', async () => {
    const account = (await make(house.acme, 'Account')).id
    const leads = [await house.lead(), await house.lead({ fullName: 'Bo', firstName: null, lastName: 'Bo' })]
    const { results } = await all(leads.map((leadId) => ({ leadId, account: { linkId: account } })))
    expect(results.map(({ account: { id } }: Any) => id)).toEqual([account, account])
  })

  it('are at most a hundred', async () => {
    const leadId = await house.lead()
    const { results, userErrors } = await all(Array.from({ length: 101 }, () => ({ leadId })))
    expect([results, userErrors]).toEqual([[], [{ code: 'BULK_TOO_LARGE', details: { max: 100 } }]])
    expect(await all([])).toEqual({ results: [], userErrors: [] })
  })
})

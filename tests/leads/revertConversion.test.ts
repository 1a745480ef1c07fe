import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Any } from '../support/app.ts'
import { uuidIn } from '../support/owner.ts'
import { person } from '../support/people.ts'
import { type Converting, codes, make, openConverting } from './converting.ts'

let house: Converting
beforeAll(async () => {
  house = await openConverting()
})
afterAll(() => house?.close())

const DEAL = { create: { closeDate: '2027-03-31' } }
const live = async (table: string, id: string) =>
  (
    await house.owner.rows<{ live: boolean }>(
      `SELECT deleted_at IS NULL AS live FROM ${table} WHERE id = $1`,
      uuidIn(id),
    )
  )[0]?.live
const columns = async (table: string, id: string): Promise<Any> =>
  (
    await house.owner.rows<{ row: Any }>(
      `SELECT to_jsonb(t) - '{version,updated_at,updated_by}'::text[] AS row FROM ${table} t WHERE id = $1`,
      uuidIn(id),
    )
  )[0]?.row
const say = (call: string, id: string) =>
  house.say(`mutation($id: ID!) { ${call} { userErrors { code field message } } }`, { id })

describe('the way back from a conversion', () => {
  it('puts what was made into the recycle bin, from where it can come back, and gives the lead its former status', async () => {
    const product = await make(house.acme, 'Product', {
      status: 'ACTIVE',
      standardPrice: { amount: '1', currency: 'USD' },
    })
    const id = await house.lead({ companyName: 'Back', status: 'NURTURING', leadProducts: [{ productId: product.id }] })
    const { account, contact, opportunity } = await house.convert(id, { opportunity: DEAL })
    const { lead, userErrors } = await house.revert(id)
    expect(userErrors).toEqual([])
    expect(lead).toMatchObject({
      status: 'NURTURING',
      convertedAt: null,
      convertedAccount: null,
      convertedContact: null,
      convertedOpportunity: null,
      conversion: null,
      conversions: { nodes: [{ revertedAt: expect.any(String), revertedBy: { id: house.acme.adminUserId } }] },
    })
    expect([
      await live('account', account.id),
      await live('contact', contact.id),
      await live('opportunity', opportunity.id),
    ]).toEqual([false, false, false])
    for (const table of ['account_contact', 'opportunity_contact', 'opportunity_line'])
      expect(
        await house.owner.rows(
          `SELECT 1 FROM ${table} WHERE deleted_at IS NULL AND created_at = (SELECT created_at FROM account WHERE id = $1)`,
          uuidIn(account.id),
        ),
      ).toEqual([])
    expect((await say('restoreAccount(id: $id)', account.id)).userErrors).toEqual([])
    expect(codes(await house.revert(id))).toEqual(['INVALID_STATE leadId'])
    expect(codes(await house.convert(id))).toEqual([])
  })

  it('takes back what was filled in linked records, as far as it still stands there', async () => {
    const account = (
      await house.say('mutation { createAccount(input: { name: "Linked" }) { account { id } userErrors { code } } }')
    ).account.id
    const contact = (
      await house.say(
        'mutation { createContact(input: { lastName: "Linked" }) { contact { id } userErrors { code } } }',
      )
    ).contact.id
    const [oldSource, newSource] = [
      (await make(house.acme, 'LeadSource')).id,
      (await make(house.acme, 'LeadSource')).id,
    ]
    await house.acme.run(
      'mutation($id: ID!, $s: ID!) { updateAccount(id: $id, input: { sourceId: $s }) { userErrors { code } } }',
      {
        id: account,
        s: oldSource,
      },
    )
    const before = [await columns('account', account), await columns('contact', contact)]
    const id = await house.lead({
      phone: '+12025550122',
      email: 'filled@x.example',
      website: 'https://filled.example',
      industry: 'Filled',
      doNotContact: true,
      address: { city: 'Bonn' },
      annualRevenue: { amount: '77', currency: 'USD' },
      sourceId: newSource,
    })
    const linked = { account: { linkId: account }, contact: { linkId: contact }, overwriteSource: true }
    await house.convert(id, linked)
    expect((await columns('contact', contact)).email).toBe('filled@x.example')
    expect(codes(await house.revert(id))).toEqual([])
    expect([await columns('account', account), await columns('contact', contact)]).toEqual(before)
    expect(
      await house.owner.rows(
        'SELECT 1 FROM account_contact WHERE deleted_at IS NULL AND account_id = $1',
        uuidIn(account),
      ),
    ).toEqual([])

    await house.convert(id, linked)
    await say('updateAccount(id: $id, input: { industry: "Mine" })', account)
    expect(codes(await house.revert(id))).toEqual([])
    expect(await columns('account', account)).toEqual({
      ...before[0],
      industry: 'Mine',
      data_quality_score: before[0].data_quality_score + 10,
    })
  })

  it('gives the links back', async () => {
    for (const moveActivities of [false, true]) {
      const id = await house.lead({ companyName: 'Links' })
      const activity = await house.say(
        'mutation($id: ID!) { createActivity(input: { kind: CALL, links: [{ recordId: $id }] }) { activity { id } userErrors { code } } }',
        { id },
      )
      const account = (await make(house.acme, 'Account')).id
      await house.convert(id, { account: { linkId: account }, opportunity: DEAL, moveActivities })
      expect((await house.revert(id)).userErrors).toEqual([])
      const { lead, account: linked } = await house.acme.run(
        'query($l: ID!, $a: ID!) { lead(id: $l) { activities { nodes { id } } } account(id: $a) { activities { nodes { id } } } }',
        { l: id, a: account },
      )
      expect([lead.activities.nodes, linked.activities.nodes]).toEqual([[{ id: activity.activity.id }], []])
    }
  })

  it('gives a lead that had no owner back to nobody', async () => {
    const id = await house.lead({ companyName: 'Nobody’s', ownerId: null })
    await house.convert(id, { ownerId: house.acme.adminUserId })
    expect((await house.revert(id)).lead).toMatchObject({ status: 'NEW', owner: null })
  })
})

describe('the way back is closed', () => {
  it('when what was made has children of its own, and says which', async () => {
    const id = await house.lead({ companyName: 'Parent' })
    const { account, contact } = await house.convert(id, { opportunity: DEAL })
    await make(house.acme, 'Opportunity', { accountId: account.id })
    const moved = await make(house.acme, 'Account')
    await house.acme.run(
      'mutation($id: ID!, $p: ID!) { updateAccount(id: $id, input: { parentId: $p }) { userErrors { code } } }',
      {
        id: moved.id,
        p: account.id,
      },
    )
    await house.say(
      'mutation($id: ID!) { createActivity(input: { kind: CALL, links: [{ recordId: $id }] }) { userErrors { code } } }',
      { id: contact.id },
    )
    const refused = await house.revert(id)
    expect(codes(refused)).toEqual(['REFERENCE_IN_USE leadId'])
    expect(refused.userErrors[0].details.refs.toSorted((a: Any, b: Any) => (a.type < b.type ? -1 : 1))).toEqual([
      { type: 'Account', field: 'parentId', count: 1 },
      { type: 'ActivityLink', field: 'recordId', count: 1 },
      { type: 'Opportunity', field: 'accountId', count: 1 },
    ])
    expect(codes(await house.revert(id, { force: true }))).toEqual(['REFERENCE_IN_USE leadId'])
    expect(await live('account', account.id)).toBe(true)
  })

  it('when somebody worked on what was made, unless it is forced', async () => {
    const id = await house.lead({ companyName: 'Worked on' })
    const { account, contact } = await house.convert(id)
    await say('updateContact(id: $id, input: { title: "Queen" })', contact.id)
    const refused = await house.revert(id)
    expect(refused.userErrors).toMatchObject([
      { code: 'STALE_VERSION', field: ['force'], details: { changed: [{ type: 'Contact', fields: ['title'] }] } },
    ])
    expect(await live('account', account.id)).toBe(true)
    expect(codes(await house.revert(id, { force: true }))).toEqual([])
    expect(await live('contact', contact.id)).toBe(false)
  })

  it('when the deal is closed, even by force', async () => {
    const id = await house.lead({ companyName: 'Won' })
    const { opportunity } = await house.convert(id, { opportunity: DEAL })
    const { stages } = await house.acme.run('{ stages(where: { kind: { eq: WON } }) { nodes { id } } }')
    await house.acme.run(
      'mutation($id: ID!, $to: ID!) { moveOpportunityStage(id: $id, toStageId: $to) { userErrors { code } } }',
      {
        id: opportunity.id,
        to: stages.nodes[0].id,
      },
    )
    expect((await house.revert(id, { force: true })).userErrors[0]).toMatchObject({
      code: 'INVALID_STATE',
      details: { from: 'WON', allowed: ['OPEN'] },
    })
  })

  it('when its time is over, or the company allows none', async () => {
    const id = await house.lead({ companyName: 'Old' })
    const { lead } = await house.convert(id)
    expect(Date.parse(lead.conversion.revertibleUntil) - Date.parse(lead.convertedAt)).toBe(30 * 86_400_000)
    await house.owner.rows(`UPDATE lead_conversion SET revertible_until = now() - interval '1 second'`)
    const refused = await house.revert(id)
    expect(refused.userErrors[0]).toMatchObject({ code: 'INVALID_STATE', details: { until: expect.any(String) } })
    await house.say('mutation { updateLeadSettings(input: { reversionDays: 0 }) { userErrors { code } } }')
    const other = await house.lead({ companyName: 'Never' })
    await house.convert(other)
    expect(codes(await house.revert(other))).toEqual(['INVALID_STATE leadId'])
    await house.say('mutation { updateLeadSettings(input: { reversionDays: 30 }) { userErrors { code } } }')
  })

  it('for who may not delete what was made, who does not see the lead, and for another version of it', async () => {
    const rep = await person(house.test, house.acme, 'rep')
    const id = await house.lead({ companyName: 'Rep’s', ownerId: rep.id })
    await house.convert(id, {}, rep)
    const { roles } = await house.acme.run('{ roles(where: { key: { eq: "rep" } }) { nodes { id } } }')
    const row = await make(house.acme, 'ObjectPermission', {
      roleId: roles.nodes[0].id,
      object: 'Contact',
      canRead: true,
      canDelete: false,
      allowList: false,
      readScope: 'OWN',
    })
    const refused = await house.revert(id, {}, rep)
    expect(refused.userErrors).toMatchObject([
      { code: 'FORBIDDEN', field: ['leadId'], details: { permission: 'Contact.delete' } },
    ])
    await say('deleteObjectPermission(id: $id)', row.id)
    expect(codes(await house.revert(id, { version: 1 }, rep))).toEqual(['STALE_VERSION expectedVersion'])
    const other = await person(house.test, house.acme, 'rep')
    expect(codes(await house.revert(id, {}, other))).toEqual(['NOT_FOUND leadId'])
    expect(codes(await house.revert((await make(house.test.globex, 'Lead')).id))).toEqual(['NOT_FOUND leadId'])
    expect(codes(await house.revert(id, {}, rep))).toEqual([])
  })

  it('for a lead that was never converted', async () => {
    expect((await house.revert(await house.lead())).userErrors[0]).toMatchObject({
      code: 'INVALID_STATE',
      details: { from: 'NEW', allowed: ['CONVERTED'] },
    })
  })
})

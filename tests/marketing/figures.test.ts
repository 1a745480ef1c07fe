import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { type Any, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { OWN, openOwner, uuidIn } from '../support/owner.ts'
import { person } from '../support/people.ts'

let test: TestApp
let acme: Company
let wonStage: string
beforeAll(async () => {
  test = await testApp()
  acme = test.acme
  const { stages } = await acme.run<Any>('{ stages(where: { kind: { eq: WON } }) { nodes { id } } }')
  wonStage = stages.nodes[0].id
})
afterAll(() => test?.close())

const FIGURES =
  'query($id: ID!) { campaignFigures(id: $id) { members responses leads conversions wonDeals wonAmount { amount currency } withoutRate roi } }'
const figures = async (id: string, company: Pick<Company, 'run'> = acme) =>
  (await company.run<Any>(FIGURES, { id })).campaignFigures
const id = async (type: string, more: Any = {}) => (await make(acme, type, more)).id as string
const money = (amount: string, currency = 'USD') => ({ amount, currency })
const campaign = (cost: string | null = null) =>
  id('Campaign', { budget: null, expectedRevenue: null, actualCost: cost && money(cost), currency: 'USD' })
const join = async (campaignId: string, ...recordIds: string[]) => {
  const { addCampaignMembers } = await acme.run<Any>(
    'mutation($c: ID!, $ids: [ID!]!) { addCampaignMembers(campaignId: $c, from: { recordIds: $ids }) { userErrors { code } } }',
    { c: campaignId, ids: recordIds },
  )
  expect(addCampaignMembers.userErrors).toEqual([])
}
/** In the company's own days. */
const day = (days: number) => new Date(Date.now() + 8 * 3_600_000 + days * 86_400_000).toISOString().slice(0, 10)
const win = async (more: Any) => {
  const { createOpportunity } = await acme.run<Any>(
    'mutation($input: CreateOpportunityInput!) { createOpportunity(input: $input) { opportunity { id } userErrors { code field } } }',
    { input: { name: 'Won', stageId: wonStage, actualCloseDate: day(0), ...more } },
  )
  expect(createOpportunity.userErrors).toEqual([])
  return createOpportunity.opportunity.id as string
}
const settings = async (input: Any) =>
  (
    await acme.run<Any>(
      'mutation($input: UpdateMarketingSettingsInput!) { updateMarketingSettings(input: $input) { marketingSettings { attribution attributionDays } userErrors { code field } } }',
      { input },
    )
  ).updateMarketingSettings

it('counts members and what they bought, and gives the return on the cost', async () => {
  const to = await campaign('100')
  const [account, contact, lead] = [await id('Account'), await id('Contact'), await id('Lead')]
  await join(to, account, contact, lead)
  await win({ accountId: account, amount: money('150') })
  await win({ primaryContactId: contact, amount: money('100.50') })
  await win({ accountId: await id('Account'), amount: money('9999') })
  expect(await figures(to)).toEqual({
    members: 3,
    responses: 0,
    leads: 1,
    conversions: 0,
    wonDeals: 2,
    wonAmount: money('250.50'),
    withoutRate: 0,
    roi: '1.505',
  })
})

it('has no return without a cost, or with none that cost anything', async () => {
  expect(await figures(await campaign())).toMatchObject({ wonAmount: money('0.00'), roi: null })
  expect((await figures(await campaign('0'))).roi).toBeNull()
  expect((await figures(await campaign('10'))).roi).toBe('-1')
})

it('counts a deal once whose company and contact are both members, and none that was closed before, or long after', async () => {
  const to = await campaign()
  const [account, contact] = [await id('Account'), await id('Contact')]
  await join(to, account, contact)
  await win({ accountId: account, primaryContactId: contact, amount: money('10') })
  await win({ accountId: account, amount: money('20'), actualCloseDate: day(-2) })
  expect(await figures(to)).toMatchObject({ wonDeals: 1, wonAmount: money('10.00') })
  const owner = await openOwner(test, acme)
  await owner.rows(
    `UPDATE campaign_member SET created_at = now() - interval '100 days' WHERE ${OWN} AND campaign_id = $1`,
    uuidIn(to),
  )
  await owner.close()
  expect(await figures(to)).toMatchObject({ wonDeals: 0, wonAmount: money('0.00') })
  expect(await settings({ attributionDays: 120 })).toEqual({
    marketingSettings: { attribution: 'LAST', attributionDays: 120 },
    userErrors: [],
  })
  expect(await figures(to)).toMatchObject({ wonDeals: 2, wonAmount: money('30.00') })
  await settings({ attributionDays: 90 })
})

it('counts a deal for the first, the last or all of the campaigns that touched it, and loses nothing in parts', async () => {
  const account = await id('Account')
  const all = [await campaign(), await campaign(), await campaign()]
  for (const one of all) await join(one, account)
  await win({ accountId: account, amount: money('100') })
  const amounts = async () => Promise.all(all.map(async (one) => (await figures(one)).wonAmount.amount))
  expect(await amounts()).toEqual(['0.00', '0.00', '100.00'])
  await settings({ attribution: 'FIRST' })
  expect(await amounts()).toEqual(['100.00', '0.00', '0.00'])
  await settings({ attribution: 'EVEN' })
  expect(await amounts()).toEqual(['33.3334', '33.3333', '33.3333'])
  await settings({ attribution: 'LAST' })
})

it('counts the deal that a member, a lead, was converted to', async () => {
  const to = await campaign()
  const lead = await id('Lead', { status: 'QUALIFIED' })
  await join(to, lead)
  const { convertLead } = await acme.run<Any>(
    'mutation($id: ID!, $on: Date!) { convertLead(input: { leadId: $id, account: { create: { name: "Of a lead" } }, contact: { create: { lastName: "Of a lead" } }, opportunity: { create: { name: "Of a lead", closeDate: $on } }, allowDuplicate: true }) { opportunity { id } userErrors { code field message } } }',
    { id: lead, on: day(0) },
  )
  expect(convertLead.userErrors).toEqual([])
  expect(await figures(to)).toMatchObject({ leads: 1, conversions: 1, wonDeals: 0 })
  const { closeWon } = await acme.run<Any>(
    'mutation($id: ID!, $on: Date!) { updateOpportunity(id: $id, input: { amount: { amount: "70", currency: "USD" } }) { userErrors { code } } closeWon(id: $id, actualCloseDate: $on) { userErrors { code field message } } }',
    { id: convertLead.opportunity.id, on: day(0) },
  )
  expect(closeWon.userErrors).toEqual([])
  expect(await figures(to)).toMatchObject({ wonDeals: 1, wonAmount: money('70.00') })
})

it('takes amounts of other currencies at the rate of the day, and says which have none', async () => {
  const to = await campaign()
  const account = await id('Account')
  await join(to, account)
  await make(acme, 'ExchangeRate', { currency: 'EUR', baseCurrency: 'USD', rate: '1.25', date: day(0) })
  await win({ accountId: account, amount: money('10', 'EUR') })
  await win({ accountId: account, amount: money('10', 'JPY') })
  expect(await figures(to)).toMatchObject({ wonDeals: 2, withoutRate: 1, wonAmount: money('12.50') })
})

it('is over what the viewer sees, and nothing for what they do not', async () => {
  const to = await campaign()
  const account = await id('Account')
  await join(to, account)
  await win({ accountId: account, amount: money('10') })
  expect(await figures(to, test.globex)).toBeNull()
  const rep = await person(test, acme, 'rep')
  const seen = await figures(to, rep).catch(() => null)
  expect(seen?.wonDeals ?? 0).toBe(0)
})

it('refuses days out of range and null, and changes nothing', async () => {
  expect(await settings({ attributionDays: 0 })).toMatchObject({
    marketingSettings: null,
    userErrors: [{ code: 'VALIDATION_FAILED', field: ['input', 'attributionDays'] }],
  })
  expect((await settings({ attribution: null })).userErrors).toEqual([
    { code: 'VALIDATION_FAILED', field: ['input', 'attribution'] },
  ])
  const { marketingSettings } = await acme.run<Any>('{ marketingSettings { attribution attributionDays } }')
  expect(marketingSettings).toEqual({ attribution: 'LAST', attributionDays: 90 })
})

it('tells what became of a mass mail by status, link and person, without programs', async () => {
  const blast = await id('EmailBlast')
  const uuid = uuidIn(blast)
  const people = await Promise.all([1, 2, 3].map(() => id('Contact')))
  await test.app.tenancy.writeTenant({ tenantId: uuidIn(acme.id) }, async (db) => {
    const [link] = await db.rows<{ id: string }>({
      text: `INSERT INTO tracking_link (tenant_id, blast_id, token, url) VALUES ($1, $2, repeat('a', 32), 'https://shop.example/') RETURNING id`,
      values: [uuidIn(acme.id), uuid],
    })
    for (const [n, contact] of people.entries()) {
      const [mail] = await db.rows<{ id: string }>({
        text: `INSERT INTO email_message (tenant_id, blast_id, contact_id, to_address, address_hash, subject, status, opens, clicks)
 VALUES ($1, $2, $3, $4, atrium.address_hash($4), 's', $5, $6, $7) RETURNING id`,
        values: [
          uuidIn(acme.id),
          uuid,
          uuidIn(contact),
          `p${n}@mail.example`,
          n === 2 ? 'BOUNCED_HARD' : 'SENT',
          n * 2,
          n === 1 ? 2 : 0,
        ],
      })
      for (const [type, bot] of n === 1
        ? ([
            ['CLICKED', false],
            ['CLICKED', false],
            ['CLICKED', true],
            ['OPTED_OUT', false],
          ] as const)
        : [])
        await db.rows({
          text: 'INSERT INTO engagement_event (tenant_id, type, message_id, blast_id, link_id, contact_id, is_bot) VALUES ($1, $2, $3, $4, $5, $6, $7)',
          values: [uuidIn(acme.id), type, mail?.id, uuid, type === 'CLICKED' ? link?.id : null, uuidIn(contact), bot],
        })
    }
  })
  const ask =
    'query($id: ID!) { blastStatistics(id: $id) { mails statuses { status count } opens uniqueOpens clicks uniqueClicks bounces optOuts links { url clicks uniqueClicks } } }'
  expect((await acme.run<Any>(ask, { id: blast })).blastStatistics).toEqual({
    mails: 3,
    statuses: [
      { status: 'BOUNCED_HARD', count: 1 },
      { status: 'SENT', count: 2 },
    ],
    opens: 6,
    uniqueOpens: 2,
    clicks: 2,
    uniqueClicks: 1,
    bounces: 1,
    optOuts: 1,
    links: [{ url: 'https://shop.example/', clicks: 2, uniqueClicks: 1 }],
  })
  expect((await test.globex.run<Any>(ask, { id: blast })).blastStatistics).toBeNull()
  const none = await acme.run<Any>(ask, { id: await id('EmailBlast') })
  expect(none.blastStatistics).toMatchObject({ mails: 0, statuses: [], opens: 0, links: [] })
})

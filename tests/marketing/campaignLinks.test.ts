import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Any, asking, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'

let test: TestApp
let acme: Company
let wonStage: string
beforeAll(async () => {
  asking.twice = false
  test = await testApp({ trustProxy: ['127.0.0.1'] })
  acme = test.acme
  const { stages } = await acme.run<Any>('{ stages(where: { kind: { eq: WON } }) { nodes { id } } }')
  wonStage = stages.nodes[0].id
}, 300_000)
afterAll(async () => {
  asking.twice = true
  await test?.close()
})

let n = 0
const id = async (type: string, more: Any = {}, company = acme) => (await make(company, type, more)).id as string
const campaign = (company = acme) =>
  id(
    'Campaign',
    { budget: null, expectedRevenue: null, actualCost: { amount: '100', currency: 'USD' }, currency: 'USD' },
    company,
  )
const lead = (more: Any = {}) => id('Lead', { companyName: `Company ${++n}`, ownerId: acme.adminUserId, ...more })
const figures = async (of: string) =>
  (
    await acme.run<Any>(
      'query($id: ID!) { campaignFigures(id: $id) { members responses leads conversions wonDeals wonAmount { amount } } }',
      { id: of },
    )
  ).campaignFigures
const join = (campaignId: string, ...ids: string[]) =>
  acme.run(
    'mutation($c: ID!, $ids: [ID!]!) { addCampaignMembers(campaignId: $c, from: { recordIds: $ids }) { userErrors { code } } }',
    { c: campaignId, ids },
  )
const members = async (of: string) =>
  (
    await acme.run<Any>(
      'query($id: ID!) { campaign(id: $id) { members { nodes { source hasResponded lead { id campaign { id } } } } } }',
      { id: of },
    )
  ).campaign.members.nodes
const convert = async (leadId: string) => {
  const { convertLead } = await acme.run<Any>(
    'mutation($input: ConvertLeadInput!) { convertLead(input: $input) { opportunity { id campaign { id } } userErrors { code field } } }',
    { input: { leadId, opportunity: { create: { closeDate: '2027-03-31' } } } },
  )
  expect(convertLead.userErrors).toEqual([])
  return convertLead.opportunity
}
const win = (more: Any) =>
  acme.run<Any>(
    'mutation($input: CreateOpportunityInput!) { createOpportunity(input: $input) { opportunity { id } userErrors { code field } } }',
    { input: { name: 'Won', stageId: wonStage, actualCloseDate: '2026-11-20', ...more } },
  )

describe('a lead that came from a campaign', () => {
  it('gives it to the deal that it becomes; one in the recycle bin goes nowhere', async () => {
    const [here, gone] = [await campaign(), await campaign()]
    expect((await convert(await lead({ campaignId: here }))).campaign).toEqual({ id: here })
    const late = await lead({ campaignId: gone })
    await acme.run('mutation($id: ID!) { deleteCampaign(id: $id) { userErrors { code } } }', { id: gone })
    expect((await convert(late)).campaign).toBeNull()
  })

  it('is refused with one that is of another company', async () => {
    const other = await campaign(test.globex)
    for (const type of ['Lead', 'Opportunity', 'LeadCaptureForm']) {
      const input = {
        Lead: { fullName: 'x' },
        Opportunity: { name: 'x' },
        LeadCaptureForm: { name: 'x', fields: [{ field: 'email' }] },
      }[type]
      const answer = await acme.run<Any>(
        `mutation($input: Create${type}Input!) { create${type}(input: $input) { userErrors { code field } } }`,
        { input: { ...input, campaignId: other } },
      )
      expect(answer[`create${type}`].userErrors).toEqual([{ code: 'NOT_FOUND', field: ['input', 'campaignId'] }])
    }
  })
})

describe('the figures of a campaign', () => {
  it('count leads that came from it or are members of it, each once, and the deals that name it', async () => {
    const to = await campaign()
    const [both, from, member] = [await lead({ campaignId: to }), await lead({ campaignId: to }), await lead()]
    await join(to, both, member)
    await convert(from)
    expect(await figures(to)).toMatchObject({ members: 2, leads: 3, conversions: 1, wonDeals: 0 })
    await win({ campaignId: to, amount: { amount: '70', currency: 'USD' } })
    expect(await figures(to)).toMatchObject({ wonDeals: 1, wonAmount: { amount: '70.00' } })
  })

  it('count a deal once that names it and whose company is a member of it', async () => {
    const to = await campaign()
    const accountId = await id('Account')
    await join(to, accountId)
    await win({ campaignId: to, accountId, amount: { amount: '50', currency: 'USD' }, actualCloseDate: today() })
    expect(await figures(to)).toMatchObject({ wonDeals: 1, wonAmount: { amount: '50.00' } })
  })

  it('give a deal to the last of two that touched it, the named one among them', async () => {
    const [named, later] = [await campaign(), await campaign()]
    const accountId = await id('Account')
    await win({ campaignId: named, accountId, amount: { amount: '50', currency: 'USD' }, actualCloseDate: today() })
    await join(later, accountId)
    const amounts = [await figures(named), await figures(later)].map(({ wonDeals }) => wonDeals)
    expect(amounts).toEqual([0, 1])
  })
})
/** In the company's own days. */
const today = () => new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10)

describe('a form of a campaign', () => {
  const form = async (campaignId: string, more: Any = {}) => {
    const { createLeadCaptureForm } = await acme.run<Any>(
      'mutation($input: CreateLeadCaptureFormInput!) { createLeadCaptureForm(input: $input) { leadCaptureForm { key } userErrors { code } } }',
      { input: { name: `Form ${++n}`, fields: [{ field: 'fullName' }, { field: 'email' }], campaignId, ...more } },
    )
    return createLeadCaptureForm.leadCaptureForm.key as string
  }
  const send = async (key: string, body: object) => {
    const { statusCode } = await test.app.server.inject({
      method: 'POST',
      url: `/forms/${key}`,
      headers: { 'content-type': 'application/json', 'x-forwarded-for': '203.0.113.9' },
      payload: JSON.stringify(body),
    })
    expect(statusCode).toBeLessThan(300)
  }

  it('makes its leads members that responded, with the source FORM', async () => {
    const to = await campaign()
    await send(await form(to), { fullName: 'Ada', email: 'ada@form.example' })
    expect(await members(to)).toEqual([
      { source: 'FORM', hasResponded: true, lead: { id: expect.stringMatching(/^lead_/), campaign: { id: to } } },
    ])
    expect(await figures(to)).toMatchObject({ members: 1, responses: 1, leads: 1 })
  })

  it('finds who is there, makes them members once and lets a member respond', async () => {
    const to = await campaign()
    const known = await lead({ email: 'known@form.example', emails: [], campaignId: null })
    await join(to, known)
    const key = await form(to, { duplicatePolicy: 'IGNORE' })
    await send(key, { fullName: 'x', email: 'known@form.example' })
    await send(key, { fullName: 'x', email: 'known@form.example' })
    expect(await members(to)).toEqual([
      expect.objectContaining({ hasResponded: true, lead: { id: known, campaign: null } }),
    ])
  })

  it('whose campaign is gone makes leads all the same', async () => {
    const to = await campaign()
    const key = await form(to)
    await acme.run('mutation($id: ID!) { deleteCampaign(id: $id) { userErrors { code } } }', { id: to })
    await send(key, { fullName: 'Late', email: 'late@form.example' })
    const { leads } = await acme.run<Any>(
      '{ leads(where: { email: { eq: "late@form.example" } }) { nodes { campaign { id } } } }',
    )
    expect(leads.nodes).toEqual([{ campaign: null }])
  })
})

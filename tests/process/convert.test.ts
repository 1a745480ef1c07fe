import { afterAll, beforeAll, expect, it, jest } from '@jest/globals'
import { type App, createApp } from '../../src/app.ts'
import { type Any, type Company, callers, type TestApp, testApp } from '../support/app.ts'
import { type Owner, openOwner } from '../support/owner.ts'

jest.setTimeout(300_000)

const LEADS = 20
const CONVERT = `mutation($input: ConvertLeadInput!) {
  convertLead(input: $input) { lead { id } account { id } contact { id } opportunity { id } userErrors { code field details } }
}`

let test: TestApp
let other: App
let owner: Owner
let processes: Pick<Company, 'run'>[]

beforeAll(async () => {
  test = await testApp()
  // What two processes share is the database alone: each has an app, a pool and a cache of its own.
  other = await createApp({ ...test.config, redisUrl: null })
  processes = [test.acme, callers(other, test.acme.apiKey)]
  owner = await openOwner(test, test.acme)
})
afterAll(async () => {
  await owner?.close()
  await other?.close()
  await test?.close()
})

async function leads(n: number, name: string): Promise<string[]> {
  const input = Array.from({ length: n }, (_, i) => ({
    fullName: `${name} ${i}`,
    companyName: `${name} ${i}`,
    ownerId: test.acme.adminUserId,
  }))
  const { createLeads } = await test.acme.run(
    'mutation($input: [CreateLeadInput!]!) { createLeads(input: $input) { results { lead { id } userErrors { code } } } }',
    { input },
  )
  return createLeads.results.map(({ lead }: Any) => lead.id)
}

it('converts a lead once when two processes want it at the same time; the other one is told what it became', async () => {
  for (const leadId of await leads(LEADS, 'Raced')) {
    const input = { leadId, opportunity: { create: { closeDate: '2027-01-01' } }, expectedVersion: 1 }
    const answers = await Promise.all(processes.map((one) => one.run<Any>(CONVERT, { input })))
    const payloads = answers.map(({ convertLead }) => convertLead)
    const [won, lost] = payloads.toSorted((a, b) => a.userErrors.length - b.userErrors.length)
    expect(won.userErrors).toEqual([])
    expect(lost.userErrors).toEqual([
      {
        code: 'LEAD_ALREADY_CONVERTED',
        field: ['input', 'leadId'],
        details: { accountId: won.account.id, contactId: won.contact.id, opportunityId: won.opportunity.id },
      },
    ])
  }
  for (const table of [
    'account',
    'contact',
    'opportunity',
    'account_contact',
    'opportunity_contact',
    'lead_conversion',
  ])
    expect([table, (await owner.rows(`SELECT 1 FROM ${table} WHERE tenant_id = atrium.tenant_id()`)).length]).toEqual([
      table,
      LEADS,
    ])
})

it('converts each of many leads once when two processes want all of them, in opposite orders', async () => {
  const ids = await leads(LEADS, 'Listed')
  const list = (some: string[]) => some.map((leadId) => ({ leadId, account: { none: true } }))
  const answers = await Promise.all(
    [ids, ids.toReversed()].map((some, index) =>
      processes[index]!.run<Any>(
        'mutation($input: [ConvertLeadInput!]!) { convertLeads(input: $input) { results { lead { id } userErrors { code } } userErrors { code } } }',
        { input: list(some) },
      ),
    ),
  )
  const results = answers.flatMap(({ convertLeads }) => convertLeads.results)
  expect(
    results
      .filter(({ lead }) => lead)
      .map(({ lead }) => lead.id)
      .sort(),
  ).toEqual(ids.toSorted())
  expect(results.flatMap(({ userErrors }) => userErrors.map(({ code }: Any) => code))).toEqual(
    Array(LEADS).fill('LEAD_ALREADY_CONVERTED'),
  )
  const made = await owner.rows(
    `SELECT 1 FROM contact WHERE tenant_id = atrium.tenant_id() AND full_name LIKE 'Listed%'`,
  )
  expect(made.length).toBe(LEADS)
})

it('undoes a conversion once when two processes want to', async () => {
  for (const leadId of await leads(5, 'Undone')) {
    const { convertLead } = await processes[0]!.run<Any>(CONVERT, { input: { leadId } })
    expect(convertLead.userErrors).toEqual([])
    const answers = await Promise.all(
      processes.map((one) =>
        one.run<Any>('mutation($id: ID!) { revertConversion(leadId: $id) { lead { status } userErrors { code } } }', {
          id: leadId,
        }),
      ),
    )
    const codes = answers.flatMap(({ revertConversion }) => revertConversion.userErrors.map(({ code }: Any) => code))
    expect(codes).toEqual(['INVALID_STATE'])
  }
})

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Companies, openCompanies } from '../import/company.ts'
import type { Any } from '../support/app.ts'
import { type Converting, codes, make, openConverting } from './converting.ts'

let house: Converting
beforeAll(async () => {
  house = await openConverting()
})
afterAll(() => house?.close())

describe('the funnel of leads', () => {
  it('counts by status and source, converted ones among them, and says what became of each source', async () => {
    const sources = [await make(house.acme, 'LeadSource'), await make(house.acme, 'LeadSource')].map(({ id }) => id)
    for (const [index, status] of ['NEW', 'WORKING', 'UNQUALIFIED', 'QUALIFIED', 'QUALIFIED'].entries()) {
      const id = await house.lead({ companyName: `F ${index}`, status, sourceId: sources[index % 2] })
      if (status === 'QUALIFIED') expect(codes(await house.convert(id))).toEqual([])
    }
    const { leadAggregate } = await house.acme.run(
      '{ leadAggregate(groupBy: [{ field: STATUS }, { field: SOURCE }]) { count key { status source { id } } } }',
    )
    const counted = leadAggregate.map(({ count, key }: Any) => [key.status, sources.indexOf(key.source.id), count])
    expect(counted.toSorted()).toEqual([
      ['CONVERTED', 0, 1],
      ['CONVERTED', 1, 1],
      ['NEW', 0, 1],
      ['UNQUALIFIED', 0, 1],
      ['WORKING', 1, 1],
    ])
  })
})

describe('the score of a lead', () => {
  it('is the sum of its parts unless it is set', async () => {
    const scoreParts = [
      { key: 'budget', points: 30, reason: 'Has one' },
      { key: 'size', points: -5 },
    ]
    const score = async (input: object) => {
      const { lead } = await house.acme.run(
        'query($id: ID!) { lead(id: $id) { score scoreParts { key points reason } } }',
        {
          id: await house.lead(input as Record<string, unknown>),
        },
      )
      return lead
    }
    expect(await score({ scoreParts })).toEqual({
      score: 25,
      scoreParts: [
        { key: 'budget', points: 30, reason: 'Has one' },
        { key: 'size', points: -5, reason: null },
      ],
    })
    expect((await score({ scoreParts, score: 7 })).score).toBe(7)
    const id = await house.lead({ scoreParts })
    const set = async (input: object) => {
      const { updateLead } = await house.acme.run(
        'mutation($id: ID!, $input: UpdateLeadInput!) { updateLead(id: $id, input: $input) { lead { score } userErrors { code field } } }',
        { id, input },
      )
      return updateLead
    }
    expect((await set({ scoreParts: [{ key: 'new', points: 3 }] })).lead.score).toBe(3)
    expect((await set({ rating: 'HOT' })).lead.score).toBe(3)
    expect((await set({ scoreParts: [] })).lead.score).toBeNull()
    const huge = { key: 'x', points: 2_000_000_000 }
    expect(codes(await set({ scoreParts: [huge, huge] }))).toEqual(['VALIDATION_FAILED input.scoreParts'])
  })
})

describe('the first response to a lead', () => {
  const activity = async (lead: string, more: Record<string, unknown>) => {
    const { createActivity } = await house.acme.run(
      'mutation($input: CreateActivityInput!) { createActivity(input: $input) { activity { id } userErrors { code field } } }',
      { input: { kind: 'CALL', links: [{ recordId: lead }], ...more } },
    )
    expect(createActivity.userErrors).toEqual([])
    return createActivity.activity.id as string
  }
  const respondedAt = async (id: string) =>
    (await house.acme.run('query($id: ID!) { lead(id: $id) { firstResponseAt } }', { id })).lead.firstResponseAt

  it('is the first thing that was done with it by the company, and stays that', async () => {
    const id = await house.lead()
    await activity(id, { status: 'PLANNED', startAt: '2026-03-01T10:00:00Z' })
    await activity(id, { status: 'DONE', kind: 'NOTE' })
    await activity(id, { status: 'DONE', direction: 'INBOUND' })
    expect(await respondedAt(id)).toBeNull()
    const call = await activity(id, { status: 'PLANNED', startAt: '2026-03-02T10:00:00Z' })
    await house.acme.run(
      'mutation($id: ID!) { updateActivity(id: $id, input: { status: DONE }) { userErrors { code } } }',
      { id: call },
    )
    expect(await respondedAt(id)).toBe('2026-03-02T10:00:00.000Z')
    await activity(id, { status: 'DONE', startAt: '2026-02-01T10:00:00Z' })
    expect(await respondedAt(id)).toBe('2026-03-02T10:00:00.000Z')
  })

  it('is noted when a done activity is linked later, and is now without a time of its own', async () => {
    const id = await house.lead()
    const done = await activity(await house.lead(), { status: 'DONE', kind: 'EMAIL', direction: 'OUTBOUND' })
    const { createActivityLink } = await house.acme.run(
      'mutation($input: CreateActivityLinkInput!) { createActivityLink(input: $input) { userErrors { code } } }',
      { input: { activityId: done, recordId: id } },
    )
    expect(createActivityLink.userErrors).toEqual([])
    expect(Math.abs(Date.parse(await respondedAt(id)) - Date.now())).toBeLessThan(60_000)
  })

  it('leaves a converted lead as it is', async () => {
    const id = await house.lead({ companyName: 'X' })
    await house.convert(id)
    await activity(id, { status: 'DONE', startAt: '2026-03-02T10:00:00Z' })
    expect(await respondedAt(id)).toBeNull()
  })
})

describe('an import', () => {
  let companies: Companies
  beforeAll(async () => {
    companies = await openCompanies()
  })
  afterAll(() => companies?.close())

  it('enters history as converted, and does not change a lead that is', async () => {
    const { acme } = companies
    const mapping = {
      type: 'Lead',
      columns: { id: 'externalId', name: 'fullName', status: 'status' },
      constants: { externalSource: 'old' },
    }
    const loaded = await acme.load(mapping, '1,王伟,CONVERTED\n2,Ada,NEW'.replace(/^/, 'id,name,status\n'))
    expect(loaded).toMatchObject({ created: 2, problems: 0 })
    const again = await acme.load(mapping, 'id,name,status\n1,Other,CONVERTED\n2,Ada,CONVERTED', { mode: 'upsert' })
    expect(again).toMatchObject({ updated: 0, failed: 2 })
    expect(again.told.map((one) => one.split(' ').slice(0, 3).join(' '))).toEqual([
      '2 name INVALID_STATE',
      '3 status INVALID_STATE',
    ])
    expect(await acme.column('lead', 'full_name')).toEqual(['Ada', '王伟'])
  })
})

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Any, asking, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'
import { deals, rate, salesPipeline } from './forecasts.ts'

let test: TestApp
let acme: Company
let pipeline: string
let stages: Record<string, string>
let rep: Person
beforeAll(async () => {
  asking.twice = true
  test = await testApp()
  acme = test.acme
  ;({ pipeline, stages } = await salesPipeline(acme))
  rep = await person(test, acme, 'rep')
  await rate(acme, 'EUR', '1.0865', '2024-01-01')
  await rate(acme, 'EUR', '9', '2999-01-01')
  await rate(acme, 'JPY', '0.0063471234', '2024-01-01')
})
afterAll(() => test.close())

const SUMMARY = `query($pipeline: ID!, $where: OpportunityFilter) { pipelineSummary(pipelineId: $pipeline, where: $where) {
  stages { stage { id name } count amount { amount currency } weighted { amount currency } averageDaysInStage }
  open { count amount { amount } weighted { amount } } total { count amount { amount } weighted { amount } } } }`
const summary = async (of: Pick<Company, 'run'> = acme, where?: unknown) =>
  (await of.run<Any>(SUMMARY, { pipeline, ...(where ? { where } : {}) })).pipelineSummary
const deal = async (amount: [string, string] | null, stage: string, more: Record<string, unknown> = {}) => {
  const money = amount ? { amount: { amount: amount[0], currency: amount[1] } } : { currency: 'CHF' }
  const [id] = await deals(acme, { stageId: stages[stage], ...money, ...more })
  return id as string
}

describe('pipelineSummary', () => {
  it('has every stage in its order, and nothing in it, before there are deals', async () => {
    const { stages: shown, total } = await summary()
    expect(shown.map(({ stage }: Any) => stage.name)).toEqual(Object.keys(stages))
    expect(new Set(shown.map(({ count, amount }: Any) => `${count} ${amount.amount}`))).toEqual(new Set(['0 0.00']))
    expect(total).toEqual({ count: 0, amount: { amount: '0.00' }, weighted: { amount: '0.00' } })
  })

  it('sums three currencies exactly and rounds each figure once', async () => {
    const [first, second] = Object.keys(stages) as [string, string]
    // 0.01 EUR = 0.010865 USD; three of them 0.032595, rounded once to 0.03 and not 0.01 + 0.01 + 0.01.
    for (let n = 0; n < 3; n++) await deal(['0.01', 'EUR'], first, { probability: 50 })
    await deal(['1000', 'JPY'], first, { probability: 33 }) // 6.3471234; weighted 2.094550722
    await deal(['2.50', 'USD'], second, { probability: 10 })
    await deal(null, second)
    const { stages: shown, open, total } = await summary()
    expect(shown[0]).toMatchObject({
      count: 4,
      // 0.032595 + 6.3471234 = 6.3797184; 0.0162975 + 2.094550722 = 2.110848222
      amount: { amount: '6.38', currency: 'USD' },
      weighted: { amount: '2.11' },
      averageDaysInStage: '0.00',
    })
    expect(shown[1]).toMatchObject({ count: 2, amount: { amount: '2.50' }, weighted: { amount: '0.25' } })
    // 6.3797184 + 2.50 = 8.8797184; 2.110848222 + 0.25 = 2.360848222
    expect(open).toEqual({ count: 6, amount: { amount: '8.88' }, weighted: { amount: '2.36' } })
    await deal(['10', 'USD'], 'Won')
    expect(await summary()).toMatchObject({
      open,
      total: { count: 7, amount: { amount: '18.88' }, weighted: { amount: '12.36' } },
    })
    expect(total.count).toBe(6)
    expect(await summary(acme, {})).toEqual(await summary())
  })

  it('counts what a filter leaves, and deals that nobody has touched for too long', async () => {
    const [first] = Object.keys(stages) as [string]
    expect((await summary(acme, { currency: { eq: 'EUR' } })).total).toEqual({
      count: 3,
      amount: { amount: '0.03' },
      weighted: { amount: '0.02' },
    })
    await acme.run('mutation($id: ID!) { updateStage(id: $id, input: { rottenDays: 10 }) { userErrors { code } } }', {
      id: stages[first],
    })
    const old = await deal(['1', 'USD'], first, { lastActivityAt: '2024-01-01T00:00:00Z' })
    const owner = await openOwner(test, acme)
    await owner.rows(
      `UPDATE opportunity SET last_stage_changed_at = now() - interval '30 days' WHERE id = $1`,
      uuidIn(old),
    )
    await owner.close()
    const { pipelineSummary } = await acme.run<Any>(
      'query($id: ID!) { pipelineSummary(pipelineId: $id) { stages { count rottenCount averageDaysInStage } } }',
      { id: pipeline },
    )
    // 30 days of one of five deals.
    expect(pipelineSummary.stages[0]).toEqual({ count: 5, rottenCount: 1, averageDaysInStage: '6.00' })
    await acme.run('mutation($id: ID!) { deleteOpportunity(id: $id) { userErrors { code } } }', { id: old })
    expect((await summary()).stages[0].count).toBe(4)
  })

  it('refuses to sum what has no rate, by the way of the sums and by that of the deals', async () => {
    const id = await deal(['5', 'GBP'], Object.keys(stages)[0] as string)
    for (const where of [undefined, {}]) {
      const { errors } = await acme.ask(SUMMARY, { pipeline, where })
      expect(errors?.map(({ extensions: { code, currency, date } }) => [code, currency, date])).toEqual([
        ['CURRENCY_RATE_MISSING', 'GBP', expect.stringMatching(/^\d{4}-\d\d-\d\d$/)],
      ])
    }
    await acme.run('mutation($id: ID!) { deleteOpportunity(id: $id) { userErrors { code } } }', { id })
    await summary()
  })

  it('shows everybody what they see: own deals, shared ones too, nothing of another company', async () => {
    const [first] = Object.keys(stages) as [string]
    const own = await deal(['7', 'USD'], first, { ownerId: rep.id })
    const foreign = await deal(['70', 'USD'], first)
    expect((await summary(rep)).total).toMatchObject({ count: 1, amount: { amount: '7.00' } })
    await acme.run(
      `mutation($input: CreateRecordShareInput!) { createRecordShare(input: $input) { userErrors { code } } }`,
      { input: { recordId: foreign, userId: rep.id, access: 'READ' } },
    )
    expect((await summary(rep)).total).toMatchObject({ count: 2, amount: { amount: '77.00' } })
    expect((await test.globex.run<Any>(SUMMARY, { pipeline })).pipelineSummary).toBeNull()
    // A neighbour's id in a filter finds what an id of nothing does.
    const theirs = (await make(test.globex, 'Account')).id
    const nothing = await summary(acme, { accountId: { eq: 'acct_00000000000000000000000000' } })
    expect(await summary(acme, { accountId: { eq: theirs } })).toEqual(nothing)
    expect((await test.globex.run<Any>(SUMMARY, { pipeline: own })).pipelineSummary).toBeNull()
  })

  it('leaves out what a role may not see', async () => {
    const { roles } = await acme.run<Any>('{ roles(where: { key: { eq: "readonly" } }) { nodes { id } } }')
    await acme.run(
      'mutation($input: CreateFieldPermissionInput!) { createFieldPermission(input: $input) { userErrors { code } } }',
      {
        input: { roleId: roles.nodes[0].id, object: 'Opportunity', field: 'amount', access: 'HIDDEN', mask: 'NONE' },
      },
    )
    const reader = await person(test, acme, 'readonly')
    const { data, errors } = await reader.ask(SUMMARY, { pipeline })
    expect(data.pipelineSummary.total.amount).toBeNull()
    expect(data.pipelineSummary.total.count).toBeGreaterThan(0)
    expect(errors?.map(({ extensions }) => [extensions.code, extensions.coordinate])).toContainEqual([
      'FIELD_FORBIDDEN',
      'PipelineTotals.amount',
    ])
  })
})

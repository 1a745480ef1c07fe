import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'

let app: TestApp
/** Stages of the pipeline that a company begins with, by name. */
let stages: Record<string, string>
let account: string
let deal: string

beforeAll(async () => {
  app = await testApp()
  const { pipelines } = await app.acme.run(
    '{ pipelines(where: { isDefault: { eq: true } }) { nodes { stages { nodes { id name } } } } }',
  )
  stages = Object.fromEntries(pipelines.nodes[0].stages.nodes.map(({ id, name }: Any) => [name, id]))
})
afterAll(() => app?.close())
beforeEach(async () => {
  account = (await make(app.acme, 'Account')).id
  deal = (
    await make(app.acme, 'Opportunity', {
      accountId: account,
      probability: 33,
      amount: { amount: '1000', currency: 'USD' },
      closeDate: '2026-12-24',
    })
  ).id
})

const MOVE = `mutation($id: ID!, $to: ID!, $reason: String, $loss: String, $closed: Date, $version: Int) {
  move: moveOpportunityStage(id: $id, toStageId: $to, reason: $reason, lossReason: $loss, actualCloseDate: $closed, expectedVersion: $version) {
    changed opportunity { id version status probability forecastCategory lossReason actualCloseDate expectedRevenue { amount } stage { name }
      stageHistory(orderBy: [{ field: ENTERED_AT }, { field: ID }]) { nodes { fromStage { name } toStage { name } fromProbability toProbability amount { amount } closeDate enteredAt leftAt durationSec reason } } }
    userErrors { code field message details } } }`

async function move(to: string, more: Record<string, unknown> = {}): Promise<Any> {
  return (await app.acme.run(MOVE, { id: deal, to: stages[to] ?? to, ...more })).move
}
const codes = (answer: Any) => answer.userErrors.map(({ code, field }: Any) => `${code} ${field?.join('.')}`)
const today = () => new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Shanghai' }).format(new Date())

it('moves a deal, takes over what its stage says, and writes both stays into its history', async () => {
  const { opportunity, changed, userErrors } = await move('Proposal', { reason: ' They want an offer. ' })
  expect([changed, userErrors]).toEqual([true, []])
  expect(opportunity).toMatchObject({
    status: 'OPEN',
    probability: 50,
    forecastCategory: 'BEST_CASE',
    actualCloseDate: null,
    expectedRevenue: { amount: '500.00' },
    stage: { name: 'Proposal' },
    version: 2,
  })
  const [first, second, ...others] = opportunity.stageHistory.nodes
  expect(others).toEqual([])
  expect(first).toMatchObject({
    fromStage: null,
    toStage: { name: 'Prospecting' },
    toProbability: 33,
    reason: null,
    leftAt: second.enteredAt,
  })
  expect(first.durationSec).toBeGreaterThanOrEqual(0)
  expect(second).toMatchObject({
    fromStage: { name: 'Prospecting' },
    toStage: { name: 'Proposal' },
    fromProbability: 33,
    toProbability: 50,
    amount: { amount: '1000.00' },
    closeDate: '2026-12-24',
    leftAt: null,
    durationSec: null,
    reason: 'They want an offer.',
  })
})

it('changes nothing when the deal stands there already', async () => {
  const { opportunity, changed, userErrors } = await move('Prospecting')
  expect([changed, userErrors, opportunity.version, opportunity.probability]).toEqual([false, [], 1, 33])
  expect(opportunity.stageHistory.nodes).toHaveLength(1)
})

it('wins a deal today or on a day before, and makes its company a customer that has bought', async () => {
  const { opportunity } = await move('Won')
  expect(opportunity).toMatchObject({
    status: 'WON',
    probability: 100,
    forecastCategory: 'CLOSED',
    actualCloseDate: today(),
    lossReason: null,
  })
  const first = await app.acme.run('query($id: ID!) { account(id: $id) { dealStatus firstDealAt lastDealAt } }', {
    id: account,
  })
  expect(first.account).toMatchObject({ dealStatus: 'WON', firstDealAt: first.account.lastDealAt })
  deal = (await make(app.acme, 'Opportunity', { accountId: account })).id
  expect((await move('Won', { closed: '2026-01-31' })).opportunity.actualCloseDate).toBe('2026-01-31')
  const second = await app.acme.run('query($id: ID!) { account(id: $id) { firstDealAt lastDealAt } }', { id: account })
  expect(Date.parse(second.account.firstDealAt)).toBeLessThan(Date.parse(first.account.firstDealAt))
  expect(second.account.lastDealAt).toBe(first.account.lastDealAt)
})

it('loses a deal only for a reason', async () => {
  expect(codes(await move('Lost'))).toEqual(['LOSS_REASON_REQUIRED lossReason'])
  expect(codes(await move('Lost', { loss: ' \u3000 ' }))).toEqual(['LOSS_REASON_REQUIRED lossReason'])
  const { opportunity } = await move('Lost', { loss: ' Too dear ' })
  expect(opportunity).toMatchObject({
    status: 'LOST',
    probability: 0,
    forecastCategory: 'OMITTED',
    lossReason: 'Too dear',
    actualCloseDate: today(),
  })
})

it('leaves a closed deal where it is', async () => {
  await move('Won')
  const refused = await move('Prospecting')
  expect([codes(refused), refused.userErrors[0].details, refused.opportunity]).toEqual([
    ['INVALID_STATE id'],
    { from: 'WON', to: 'OPEN', allowed: [] },
    null,
  ])
  expect((await move('Won')).changed).toBe(false)
})

it('refuses stages of other pipelines, stages and deals that are not there, and those of another company', async () => {
  const other = await make(app.acme, 'Stage')
  const theirs = await make(app.globex, 'Stage')
  expect(codes(await move(other.id))).toEqual(['STAGE_NOT_IN_PIPELINE toStageId'])
  for (const to of [theirs.id, 'nonsense', deal]) expect(codes(await move(to))).toEqual(['NOT_FOUND toStageId'])
  const { id } = await make(app.globex, 'Opportunity')
  for (const nobody of [id, 'nonsense', account]) {
    const { move: refused } = await app.acme.run(MOVE, { id: nobody, to: stages.Proposal })
    expect(codes(refused)).toEqual(['NOT_FOUND id'])
  }
  await app.acme.run('mutation($id: ID!) { deleteOpportunity(id: $id) { userErrors { code } } }', { id: deal })
  expect(codes(await move('Proposal'))).toEqual(['NOT_FOUND id'])
})

it('is done by those who have seen the version, and by exactly one of ten at once', async () => {
  const ten = await Promise.all(Array.from({ length: 10 }, () => move('Negotiation', { version: 1 })))
  expect(ten.filter(({ changed }) => changed)).toHaveLength(1)
  for (const one of ten.filter(({ changed }) => !changed)) {
    expect(one.userErrors).toEqual([
      {
        code: 'STALE_VERSION',
        field: ['expectedVersion'],
        message: expect.any(String),
        details: { currentVersion: 2, changedFields: expect.arrayContaining(['probability', 'stageId']) },
      },
    ])
  }
  const both = await Promise.all([move('Won'), move('Lost', { loss: 'Late' })])
  expect(both.filter(({ changed }) => changed)).toHaveLength(1)
  expect(both.flatMap(codes)).toEqual(['INVALID_STATE id'])
})

it('refuses malformed texts and days, all of them at once, and writes nothing', async () => {
  const bad = [
    [
      { reason: 'x'.repeat(2001), loss: 'y'.repeat(256), closed: '2026-02-30' },
      { reason: 'maxLength', lossReason: 'maxLength', actualCloseDate: 'date' },
    ],
    [
      { reason: 'a\0b', loss: 'a\u0007b', closed: '2999-01-01' },
      { reason: 'characters', lossReason: 'characters', actualCloseDate: 'max' },
    ],
    [
      { reason: 'a\ud800b', loss: '\udc00', closed: 'tomorrow' },
      { reason: 'characters', lossReason: 'characters', actualCloseDate: 'date' },
    ],
  ] as const
  for (const [given, rules] of bad) {
    const { userErrors, opportunity } = await move('Lost', given)
    expect(Object.fromEntries(userErrors.map(({ field, details }: Any) => [field.join('.'), details?.rule]))).toEqual(
      rules,
    )
    expect(userErrors.every(({ code }: Any) => code === 'VALIDATION_FAILED')).toBe(true)
    expect(opportunity).toBeNull()
  }
  const { opportunity } = await app.acme.run(
    'query($id: ID!) { opportunity(id: $id) { version stageHistory { nodes { id } } } }',
    { id: deal },
  )
  expect([opportunity.version, opportunity.stageHistory.nodes.length]).toEqual([1, 1])
})

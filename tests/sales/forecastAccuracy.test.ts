import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { runJobsOnce } from '../../src/jobs/runner.ts'
import { forecastSnapshot } from '../../src/jobs/sales.ts'
import { type Any, asking, type Company, type TestApp, testApp } from '../support/app.ts'
import { uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'
import { deals, rate, salesPipeline } from './forecasts.ts'

let test: TestApp
let acme: Company
let stages: Record<string, string>
let rep: Person
let promised: string
beforeAll(async () => {
  asking.twice = true
  test = await testApp()
  acme = test.acme
  rep = await person(test, acme, 'rep')
  const found = await salesPipeline(acme)
  stages = found.stages
  const { createStage } = await acme.run<Any>(
    'mutation($input: CreateStageInput!) { createStage(input: $input) { stage { id } } }',
    {
      input: {
        pipelineId: found.pipeline,
        name: 'Promised',
        kind: 'OPEN',
        forecastCategory: 'COMMIT',
        probability: 50,
      },
    },
  )
  promised = createStage.stage.id
  await rate(acme, 'EUR', '1.0865', '2024-01-01')
})
afterAll(() => test.close())

const money = (amount: string, currency = 'USD') => ({ amount: { amount, currency } })
/** Does what is due at a moment. */
const jobs = async (at: string) => {
  while ((await runJobsOnce(test.app.tenancy, { now: () => new Date(at), kinds: [forecastSnapshot] })) > 0);
}
const snapshots = async (of: Pick<Company, 'run'> = acme) =>
  (
    await of.run<Any>(
      '{ forecastSnapshots(first: 100, orderBy: [{ field: DATE }, { field: MONTH }, { field: CATEGORY }, { field: DEAL_CURRENCY }]) { nodes { date month category dealCurrency deals amount { amount currency } weighted { amount } owner { id } } } }',
    )
  ).forecastSnapshots.nodes
    .map(
      ({ date, month, category, dealCurrency, deals: count, amount, weighted }: Any) =>
        `${date} ${month} ${category} ${dealCurrency} ${count} ${amount.amount} ${weighted.amount}`,
    )
    // Those of two people are in no order.
    .toSorted()
const year = new Date().getUTCFullYear()

describe('snapshots of forecasts', () => {
  it('are taken once a day in the company’s time zone, by month, person, category and currency', async () => {
    const [moved] = await deals(
      acme,
      { stageId: promised, ...money('100'), closeDate: `${year + 1}-03-10`, ownerId: rep.id },
      { stageId: promised, ...money('10', 'EUR'), closeDate: `${year + 1}-03-31`, ownerId: rep.id },
      { stageId: promised, ...money('0.01', 'EUR'), closeDate: `${year + 1}-03-31`, ownerId: rep.id },
      { stageId: promised, ...money('7'), closeDate: `${year + 1}-04-01` },
      { stageId: promised, ...money('5'), closeDate: `${year + 9}-04-01` },
    )
    const { scheduleForecastSnapshots } = await acme.run<Any>(
      'mutation { scheduleForecastSnapshots(dailyAt: "01:00") { job { kind dailyAt } userErrors { code } } }',
    )
    expect(scheduleForecastSnapshots).toEqual({ job: { kind: 'FORECAST_SNAPSHOT', dailyAt: '01:00' }, userErrors: [] })
    // 17:30 in Greenwich is half past one of the next day in Shanghai.
    await jobs(`${year + 1}-01-09T17:30:00Z`)
    const first = [
      `${year + 1}-01-10 ${year + 1}-03-01 COMMIT EUR 2 10.88 5.44`,
      `${year + 1}-01-10 ${year + 1}-03-01 COMMIT USD 1 100.00 50.00`,
      `${year + 1}-01-10 ${year + 1}-04-01 COMMIT USD 1 7.00 3.50`,
    ]
    expect(await snapshots()).toEqual(first)
    await acme.run('mutation { scheduleForecastSnapshots(dailyAt: "01:00") { userErrors { code } } }')
    await jobs(`${year + 1}-01-10T12:00:00Z`)
    expect(await snapshots()).toEqual(first)
    await acme.run(
      'mutation($id: ID!, $day: Date!) { updateOpportunity(id: $id, input: { closeDate: $day }) { userErrors { code } } }',
      { id: moved, day: `${year + 1}-04-05` },
    )
    await jobs(`${year + 1}-01-10T18:00:00Z`)
    expect((await snapshots()).slice(3)).toEqual([
      `${year + 1}-01-11 ${year + 1}-03-01 COMMIT EUR 2 10.88 5.44`,
      `${year + 1}-01-11 ${year + 1}-04-01 COMMIT USD 1 100.00 50.00`,
      `${year + 1}-01-11 ${year + 1}-04-01 COMMIT USD 1 7.00 3.50`,
    ])
    // A seller sees their own.
    expect((await snapshots(rep)).filter((one: string) => one.includes(' 7.00 '))).toEqual([])
    expect(await snapshots(rep)).toHaveLength(4)
    expect(await snapshots(test.globex)).toEqual([])
  })

  it('are not taken without a rate, and the job says so', async () => {
    const [id] = await deals(acme, { stageId: promised, ...money('1', 'GBP'), closeDate: `${year + 1}-04-01` })
    const before = (await snapshots()).length
    await jobs(`${year + 1}-01-12T18:00:00Z`)
    expect(await snapshots()).toHaveLength(before)
    const { jobs: found } = await acme.run<Any>(
      '{ jobs(where: { kind: { eq: "FORECAST_SNAPSHOT" }, status: { eq: FAILED } }) { nodes { errorCode } } }',
    )
    expect(found.nodes).toEqual([{ errorCode: 'CURRENCY_RATE_MISSING' }])
    await acme.run('mutation($id: ID!) { deleteOpportunity(id: $id) { userErrors { code } } }', { id })
    await jobs(`${year + 1}-01-13T18:00:00Z`)
    expect((await snapshots()).length).toBeGreaterThan(before)
  })
})

describe('forecastAccuracy', () => {
  const ACCURACY = `query($period: SalesPeriodInput!, $scope: SalesScopeInput) { forecastAccuracy(period: $period, scope: $scope) { period { start } actual { amount }
    points { date closed { amount } commit { amount } weighted { amount } deviation commitDeviation } } }`

  it('lays what was expected beside what was won', async () => {
    const tenantId = uuidIn(acme.id)
    const owner = uuidIn(rep.id)
    // What was said of a month that is over, as snapshots keep it.
    await test.app.tenancy.writeTenant({ tenantId }, (db) =>
      db.rows({
        text: `INSERT INTO forecast_snapshot (tenant_id, date, month, owner_id, category, deal_currency, deals, amount, weighted, currency)
 SELECT $1::uuid, x.date::date, '2024-02-01', $2::uuid, x.category, 'USD', 1, x.amount, x.weighted, 'USD'
 FROM (VALUES ('2024-02-01', 'COMMIT', 2000000, 1000000), ('2024-02-01', 'PIPELINE', 500000, 50000), ('2024-02-20', 'CLOSED', 800000, 800000), ('2024-02-20', 'COMMIT', 400000, 200000)) AS x(date, category, amount, weighted)`,
        values: [tenantId, owner],
      }),
    )
    await deals(acme, {
      stageId: stages.Won,
      ...money('100'),
      actualCloseDate: '2024-02-25',
      ownerId: rep.id,
    })
    const period = { type: 'QUARTER', start: '2024-03-01' }
    const read = async (variables: Record<string, unknown>, of: Pick<Company, 'run'> = acme) =>
      (await of.run<Any>(ACCURACY, { period, ...variables })).forecastAccuracy
    const expected = {
      period: { start: '2024-01-01' },
      actual: { amount: '100.00' },
      points: [
        // 200 and weighted 105 of 100; then 120 and 100.
        {
          date: '2024-02-01',
          closed: { amount: '0.00' },
          commit: { amount: '200.00' },
          weighted: { amount: '105.00' },
          deviation: '5.00',
          commitDeviation: '100.00',
        },
        {
          date: '2024-02-20',
          closed: { amount: '80.00' },
          commit: { amount: '40.00' },
          weighted: { amount: '100.00' },
          deviation: '0.00',
          commitDeviation: '20.00',
        },
      ],
    }
    expect(await read({})).toEqual(expected)
    expect(await read({ scope: { type: 'USER', id: rep.id } })).toEqual(expected)
    expect(await read({}, rep)).toEqual(expected)
    const other = await person(test, acme, 'rep')
    expect(await read({}, other)).toMatchObject({ actual: { amount: '0.00' }, points: [] })
    expect(await read({ scope: { type: 'USER', id: rep.id } }, test.globex)).toBeNull()
  })
})

describe('slippage', () => {
  const SLIPPAGE = `query($period: SalesPeriodInput!, $since: Date!, $scope: SalesScopeInput, $first: Int) { slippage(period: $period, since: $since, scope: $scope, first: $first) { count amount { amount } deals { opportunity { id } was now } } }`

  it('names the open deals that were expected in the period and are expected later', async () => {
    const period = { type: 'MONTH', start: `${year + 2}-05-01` }
    const day = (text: string) => `${year + 2}-${text}`
    const [later, sooner, unset, stays, won, twice] = (await deals(
      acme,
      ...['05-01', '05-10', '05-20', '05-21', '05-22', '05-31'].map((closeDate, n) => ({
        stageId: promised,
        ...money(String(10 ** n), n === 0 ? 'EUR' : 'USD'),
        closeDate: day(closeDate),
        ownerId: n < 3 ? rep.id : undefined,
      })),
    )) as [string, string, string, string, string, string]
    const move = (id: string, closeDate: string | null) =>
      acme.run(
        'mutation($id: ID!, $day: Date) { updateOpportunity(id: $id, input: { closeDate: $day }) { userErrors { code } } }',
        { id, day: closeDate && day(closeDate) },
      )
    await move(later, '06-01')
    await move(sooner, '04-30')
    await move(unset, null)
    await move(stays, '05-31')
    await move(won, '06-15')
    await acme.run(
      'mutation($id: ID!, $to: ID!) { moveOpportunityStage(id: $id, toStageId: $to) { userErrors { code } } }',
      { id: won, to: stages.Won },
    )
    await move(twice, '05-02')
    await move(twice, '07-01')
    const since = `${new Date().getUTCFullYear()}-01-01`
    const read = async (variables: Record<string, unknown> = {}, of: Pick<Company, 'run'> = acme) =>
      (await of.run<Any>(SLIPPAGE, { period, since, ...variables })).slippage
    expect(await read()).toEqual({
      count: 3,
      // 1 EUR, 100 and 100,000 dollars.
      amount: { amount: '100101.09' },
      deals: [
        { opportunity: { id: later }, was: day('05-01'), now: day('06-01') },
        { opportunity: { id: unset }, was: day('05-20'), now: null },
        { opportunity: { id: twice }, was: day('05-31'), now: day('07-01') },
      ],
    })
    expect(await read({}, rep)).toMatchObject({ count: 2, amount: { amount: '101.09' } })
    expect((await read({ first: 1 })).deals).toHaveLength(1)
    expect((await read({ since: day('01-01') })).count).toBe(0)
    expect((await read({}, test.globex)).count).toBe(0)
    const { errors } = await acme.ask(SLIPPAGE, { period, since, first: 101 })
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['PAGE_SIZE_EXCEEDED'])
  })
})

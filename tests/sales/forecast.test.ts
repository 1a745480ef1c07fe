import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type Any, asking, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'
import { deals, rate, salesPipeline } from './forecasts.ts'

let test: TestApp
let acme: Company
let stages: Record<string, string>
let manager: Person
let rep: Person
let other: Person
let east: string
let north: string
const RATES: [currency: string, rate: string, date: string][] = [
  ['EUR', '1.0865', '2024-01-01'],
  ['EUR', '1.1000000001', '2024-02-10'],
  ['JPY', '0.0063471234', '2024-01-01'],
  ['JPY', '0.0070000009', '2024-02-20'],
]
beforeAll(async () => {
  asking.twice = true
  test = await testApp()
  acme = test.acme
  ;({ stages } = await salesPipeline(acme))
  for (const [currency, value, date] of RATES) await rate(acme, currency, value, date)
  east = (await make(acme, 'Department', { name: 'East', parentId: undefined, headId: undefined })).id
  north = (await make(acme, 'Department', { name: 'North', parentId: east, headId: undefined })).id
  manager = await person(test, acme, 'manager', { departmentId: east })
  rep = await person(test, acme, 'rep', { departmentId: north, managerId: manager.id })
  other = await person(test, acme, 'rep')
})
afterAll(() => test.close())

const PART = '{ count amount { amount currency } weighted { amount } adjusted { amount } }'
const FIGURES = `closed ${PART} commit ${PART} bestCase ${PART} pipeline ${PART} all ${PART} target { amount } attainment`
const FORECAST = `query($period: SalesPeriodInput!, $scope: SalesScopeInput, $groupBy: ForecastGrouping) { forecast(period: $period, scope: $scope, groupBy: $groupBy) {
  period { type start end } total { ${FIGURES} } groups { owner { id } department { id } category ${FIGURES} } } }`
const FEBRUARY = { type: 'MONTH', start: '2024-02-15' }
const forecast = async (variables: Record<string, unknown> = {}, of: Pick<Company, 'run'> = acme) =>
  (await of.run<Any>(FORECAST, { period: FEBRUARY, ...variables })).forecast
const amounts = ({ closed, commit, bestCase, pipeline, all }: Any) =>
  [closed, commit, bestCase, pipeline, all].map(
    ({ count, amount, weighted }) => `${count} ${amount.amount} ${weighted.amount}`,
  )
/** The first open stage of a category, made where the pipeline has none. */
const stageOf = async (category: string) => {
  const { stages: found } = await acme.run<Any>(
    'query($category: ForecastCategory!) { stages(where: { forecastCategory: { eq: $category }, kind: { eq: OPEN } }) { nodes { id } } }',
    { category },
  )
  if (found.nodes[0]) return found.nodes[0].id as string
  const { pipeline } = await salesPipeline(acme)
  const { createStage } = await acme.run<Any>(
    'mutation($input: CreateStageInput!) { createStage(input: $input) { stage { id } userErrors { code } } }',
    { input: { pipelineId: pipeline, name: category, kind: 'OPEN', forecastCategory: category, sort: 50 } },
  )
  return createStage.stage.id as string
}

describe('forecast', () => {
  it('puts open deals in the period of their expected day and won ones in that of their closing, by category', async () => {
    const money = (amount: string, currency = 'USD') => ({ amount: { amount, currency } })
    const february = { closeDate: '2024-02-29' }
    await deals(
      acme,
      { stageId: await stageOf('COMMIT'), probability: 90, ...money('100'), ...february, ownerId: rep.id },
      {
        stageId: await stageOf('BEST_CASE'),
        probability: 50,
        ...money('10', 'EUR'),
        closeDate: '2024-02-01',
        ownerId: rep.id,
      },
      {
        stageId: await stageOf('PIPELINE'),
        probability: 10,
        ...money('1000', 'JPY'),
        ...february,
        ownerId: manager.id,
      },
      { stageId: await stageOf('OMITTED'), probability: 10, ...money('5000'), ...february, ownerId: rep.id },
      { stageId: await stageOf('CLOSED'), probability: 80, ...money('20'), ...february, ownerId: other.id },
      {
        stageId: stages.Won,
        ...money('10', 'EUR'),
        closeDate: '2024-03-20',
        actualCloseDate: '2024-02-09',
        ownerId: rep.id,
      },
      {
        stageId: stages.Won,
        ...money('10', 'EUR'),
        closeDate: '2024-01-20',
        actualCloseDate: '2024-02-10',
        ownerId: rep.id,
      },
      {
        stageId: stages.Lost,
        lossReason: 'No',
        ...money('999'),
        ...february,
        actualCloseDate: '2024-02-11',
        ownerId: rep.id,
      },
      { stageId: await stageOf('COMMIT'), ...money('77'), closeDate: '2024-03-01', ownerId: rep.id },
      { stageId: await stageOf('COMMIT'), ...money('77'), closeDate: '2024-01-31', ownerId: rep.id },
      { stageId: await stageOf('COMMIT'), ...money('77'), ownerId: rep.id },
    )
    const { period, total } = await forecast()
    expect(period).toEqual({ type: 'MONTH', start: '2024-02-01', end: '2024-02-29' })
    expect(amounts(total)).toEqual([
      // 10.865 at the rate of the ninth, 11.000000001 at that of the tenth.
      '2 21.87 21.87',
      // An open deal whose stage says CLOSED is as good as promised.
      '2 120.00 106.00',
      // Open ones at today’s rate: 11.000000001 and 7.0000009.
      '1 11.00 5.50',
      '1 7.00 0.70',
      // 21.865000001 + 120 + 11.000000001 + 7.0000009 = 159.865000902; 21.865000001 + 106 + 5.5 + 0.70000009
      '6 159.87 134.07',
    ])
    expect(total.target).toBeNull()
  })

  it('is of a person with the people below them, of a department with those below it', async () => {
    const counts = async (scope: Record<string, unknown>) =>
      amounts((await forecast({ scope })).total).map((one) => one.split(' ')[0])
    expect(await counts({ type: 'USER', id: rep.id })).toEqual(['2', '1', '1', '0', '4'])
    expect(await counts({ type: 'USER', id: manager.id })).toEqual(['2', '1', '1', '1', '5'])
    expect(await counts({ type: 'USER', id: manager.id, tree: false })).toEqual(['0', '0', '0', '1', '1'])
    expect(await counts({ type: 'DEPARTMENT', id: east })).toEqual(['2', '1', '1', '1', '5'])
    expect(await counts({ type: 'DEPARTMENT', id: east, tree: false })).toEqual(['0', '0', '0', '1', '1'])
    expect(await forecast({ scope: { type: 'USER', id: east } })).toBeNull()
    expect(await forecast({ scope: { type: 'USER', id: rep.id } }, test.globex)).toBeNull()
  })

  it('groups by person, department and category, and the groups come to the whole', async () => {
    const groups = async (groupBy: string) =>
      (await forecast({ groupBy })).groups.map((group: Any) => [
        group.owner?.id ?? group.department?.id ?? group.category,
        group.all.count,
      ])
    expect(new Map(await groups('OWNER'))).toEqual(
      new Map([
        [rep.id, 4],
        [manager.id, 1],
        [other.id, 1],
      ]),
    )
    expect(new Map(await groups('DEPARTMENT'))).toEqual(
      new Map<unknown, number>([
        [north, 4],
        [east, 1],
        [null, 1],
      ]),
    )
    expect(await groups('CATEGORY')).toEqual([
      ['CLOSED', 2],
      ['COMMIT', 2],
      ['BEST_CASE', 1],
      ['PIPELINE', 1],
    ])
  })

  it('shows nobody more than their deals', async () => {
    expect((await forecast({}, other)).total.all).toMatchObject({
      count: 1,
      amount: { amount: '20.00', currency: 'USD' },
    })
    expect((await forecast({}, manager)).total.all.count).toBe(5)
    expect((await forecast({}, test.globex)).total.all.count).toBe(0)
  })

  it('knows quarters and years of the fiscal year', async () => {
    const tenantId = uuidIn(acme.id)
    const begin = (month: number) =>
      test.app.tenancy.writeTenant({ tenantId }, (db) =>
        db.rows({ text: 'UPDATE tenant SET fiscal_year_start = $2 WHERE id = $1', values: [tenantId, month] }),
      )
    await begin(4)
    const period = async (type: string, start: string) =>
      Object.values((await forecast({ period: { type, start } })).period).join(' ')
    expect(await period('QUARTER', '2024-02-15')).toBe('QUARTER 2024-01-01 2024-03-31')
    expect(await period('YEAR', '2024-02-15')).toBe('YEAR 2023-04-01 2024-03-31')
    expect(await period('YEAR', '2024-04-01')).toBe('YEAR 2024-04-01 2025-03-31')
    expect((await forecast({ period: { type: 'YEAR', start: '2024-02-01' } })).total.all.count).toBe(8)
    await begin(2)
    expect(await period('QUARTER', '2024-01-31')).toBe('QUARTER 2023-11-01 2024-01-31')
    await begin(1)
    for (const start of ['soon', '2024-02-30', '0001-01-01']) {
      const { errors } = await acme.ask(FORECAST, { period: { type: 'YEAR', start } })
      expect(errors?.map(({ extensions }) => [extensions.code, extensions.field])).toEqual([
        ['BAD_USER_INPUT', ['period', 'start']],
      ])
    }
  })

  it('has no number where a rate is missing', async () => {
    const [id] = await deals(acme, {
      stageId: stages.Won,
      amount: { amount: '1', currency: 'EUR' },
      actualCloseDate: '2023-12-31',
    })
    const { errors } = await acme.ask(FORECAST, { period: { type: 'MONTH', start: '2023-12-01' } })
    expect(errors?.map(({ extensions: { code, currency, date } }) => [code, currency, date])).toEqual([
      ['CURRENCY_RATE_MISSING', 'EUR', '2023-12-31'],
    ])
    await acme.run('mutation($id: ID!) { deleteOpportunity(id: $id) { userErrors { code } } }', { id })
  })

  it('is, for random deals in three currencies, the sum that fractions of whole numbers give', async () => {
    const categories = ['COMMIT', 'BEST_CASE', 'PIPELINE'] as const
    const places = Object.fromEntries(
      await Promise.all([...categories, 'OMITTED'].map(async (one) => [one, await stageOf(one)])),
    )
    let month = 0
    /** amount × rate × share as a fraction over 10^16. */
    const SCALE = 10n ** 16n
    const rateOn = (currency: string, day: string) => {
      if (currency === 'USD') return 10n ** 10n
      const [, value] = RATES.filter(([name, , from]) => name === currency && from <= day).at(-1) as [
        string,
        string,
        string,
      ]
      const [whole, fraction = ''] = value.split('.')
      return BigInt(whole + fraction.padEnd(10, '0'))
    }
    const cents = (sum: bigint) => {
      const rounded = (sum * 100n * 2n + SCALE) / (2n * SCALE)
      return `${rounded / 100n}.${String(rounded % 100n).padStart(2, '0')}`
    }
    const one = fc.record({
      category: fc.constantFrom(...categories, 'OMITTED', 'WON'),
      currency: fc.constantFrom('USD', 'EUR', 'JPY'),
      amount: fc.integer({ min: 0, max: 2 ** 40 }),
      probability: fc.integer({ min: 0, max: 100 }),
      day: fc.integer({ min: 1, max: 28 }),
      owner: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 15 }), async (some) => {
        // Each run has a month of its own, after all rates.
        const start = new Date(Date.UTC(2024, 3 + month++)).toISOString().slice(0, 7)
        const dated = some.map((deal) => ({ ...deal, date: `${start}-${String(deal.day).padStart(2, '0')}` }))
        await deals(
          acme,
          ...dated.map(({ category, currency, amount, probability, date, owner }) => ({
            amount: { amount: `${Math.floor(amount / 10_000)}.${String(amount % 10_000).padStart(4, '0')}`, currency },
            ownerId: owner ? rep.id : other.id,
            ...(category === 'WON'
              ? { stageId: stages.Won, actualCloseDate: date, closeDate: date }
              : { stageId: places[category], probability, closeDate: date }),
          })),
        )
        const today = new Date().toISOString().slice(0, 10)
        const counting = dated.filter(({ category }) => category !== 'OMITTED')
        // amount is in 10^-4, a rate in 10^-10, a share in 10^-2.
        const sum = (share: boolean) =>
          counting.reduce(
            (total, { category, currency, amount, probability, date }) =>
              total +
              BigInt(amount) *
                rateOn(currency, category === 'WON' ? date : today) *
                (share && category !== 'WON' ? BigInt(probability) : 100n),
            0n,
          )
        const { total, groups } = await forecast({ period: { type: 'MONTH', start: `${start}-01` }, groupBy: 'OWNER' })
        expect([total.all.count, total.all.amount.amount, total.all.weighted.amount]).toEqual([
          counting.length,
          cents(sum(false)),
          cents(sum(true)),
        ])
        expect(groups.reduce((count: number, group: Any) => count + group.all.count, 0)).toBe(counting.length)
      }),
      { numRuns: 11 },
    )
  })
})

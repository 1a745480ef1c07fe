import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Any, asking, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Person, person } from '../support/people.ts'
import { deals, rate, salesPipeline } from './forecasts.ts'

let test: TestApp
let acme: Company
let stages: Record<string, string>
let manager: Person
let rep: Person
let east: string
let north: string
beforeAll(async () => {
  asking.twice = true
  test = await testApp()
  acme = test.acme
  ;({ stages } = await salesPipeline(acme))
  await rate(acme, 'EUR', '1.0865', '2024-01-01')
  east = (await make(acme, 'Department', { name: 'East', parentId: undefined, headId: undefined })).id
  north = (await make(acme, 'Department', { name: 'North', parentId: east, headId: undefined })).id
  manager = await person(test, acme, 'manager', { departmentId: east })
  rep = await person(test, acme, 'rep', { departmentId: north, managerId: manager.id })
})
afterAll(() => test.close())

const SET = `mutation($input: SetTargetInput!) { setTarget(input: $input) { salesTarget { id scopeType metric periodType periodStart amount { amount currency } count user { id } department { id } version } userErrors { code field details } } }`
const MARCH = { type: 'MONTH', start: '2024-03-15' }
const set = async (input: Record<string, unknown>, of: Pick<Company, 'run'> = acme) =>
  (await of.run<Any>(SET, { input: { metric: 'WON_AMOUNT', period: MARCH, ...input } })).setTarget
const money = (amount: string, currency = 'USD') => ({ amount: { amount, currency } })
const refusals = ({ userErrors }: Any) => userErrors.map(({ code, field }: Any) => `${code} ${field?.join('.')}`)

describe('setTarget', () => {
  it('makes the target of a scope, metric and period, and changes it the next time', async () => {
    const first = await set({ scopeType: 'COMPANY', ...money('1000') })
    expect(first).toMatchObject({
      salesTarget: {
        scopeType: 'COMPANY',
        metric: 'WON_AMOUNT',
        periodType: 'MONTH',
        periodStart: '2024-03-01',
        amount: { amount: '1000.00', currency: 'USD' },
        version: 1,
      },
      userErrors: [],
    })
    const again = await set({ scopeType: 'COMPANY', period: { type: 'MONTH', start: '2024-03-31' }, ...money('1200') })
    expect(again.salesTarget).toMatchObject({ id: first.salesTarget.id, amount: { amount: '1200.00' }, version: 2 })
    expect((await set({ scopeType: 'COMPANY', ...money('1200') })).salesTarget.version).toBe(2)
    const others = await Promise.all([
      set({ scopeType: 'COMPANY', period: { type: 'QUARTER', start: '2024-03-15' }, ...money('1') }),
      set({ scopeType: 'COMPANY', metric: 'WON_COUNT', count: 3 }),
      set({ scopeType: 'USER', scopeId: rep.id, ...money('100') }),
      set({ scopeType: 'DEPARTMENT', scopeId: east, ...money('500') }),
    ])
    expect(new Set([first, ...others].map(({ salesTarget }) => salesTarget.id)).size).toBe(5)
    expect(others[0].salesTarget.periodStart).toBe('2024-01-01')
  })

  it('is done by both of two at the same moment, on one target', async () => {
    const both = await Promise.all(
      ['10', '20', '30'].map((amount) => set({ scopeType: 'USER', scopeId: manager.id, ...money(amount) })),
    )
    expect(both.flatMap(refusals)).toEqual([])
    expect(new Set(both.map(({ salesTarget }) => salesTarget.id)).size).toBe(1)
    expect(both.map(({ salesTarget }) => salesTarget.version).toSorted()).toEqual([1, 2, 3])
    await set({ scopeType: 'USER', scopeId: manager.id, ...money('10') })
  })

  it('gives the first answer to a retry', async () => {
    const headers = { 'Idempotency-Key': 'target-1' }
    const input = { scopeType: 'DEPARTMENT', scopeId: north, metric: 'WON_AMOUNT', period: MARCH, ...money('50') }
    const first = await acme.run<Any>(SET, { input }, headers)
    await set({ ...input, ...money('60') })
    expect(await acme.run<Any>(SET, { input }, headers)).toEqual(first)
  })

  it('refuses what is no target', async () => {
    expect(refusals(await set({ scopeType: 'COMPANY', scopeId: rep.id, ...money('1') }))).toEqual([
      'VALIDATION_FAILED input.scopeId',
    ])
    expect(
      refusals(await set({ scopeType: 'COMPANY', period: { type: 'YEAR', start: 'soon' }, ...money('1') })),
    ).toEqual(['VALIDATION_FAILED input.period.start'])
    expect(refusals(await set({ scopeType: 'USER', ...money('1') }))).toEqual(['VALIDATION_FAILED input.scopeId'])
    expect(refusals(await set({ scopeType: 'USER', scopeId: east, ...money('1') }))).toEqual([
      'NOT_FOUND input.scopeId',
    ])
    expect(refusals(await set({ scopeType: 'COMPANY', metric: 'NEW_CUSTOMERS' }))).toEqual([
      'VALIDATION_FAILED input.count',
    ])
    expect(refusals(await set({ scopeType: 'COMPANY', metric: 'NEW_CUSTOMERS', count: 1, ...money('1') }))).toEqual([
      'VALIDATION_FAILED input.amount',
    ])
    expect(refusals(await set({ scopeType: 'COMPANY', metric: 'WON_COUNT', count: -1 }))).toEqual([
      'VALIDATION_FAILED input.count',
    ])
    expect(
      refusals(
        await set({
          scopeType: 'DEPARTMENT',
          scopeId: north,
          metric: 'WON_AMOUNT',
          period: { type: 'YEAR', start: '2020-01-01' },
          ...money('1', 'EUR'),
        }),
      ),
    ).toEqual(['CURRENCY_MISMATCH input.currency'])
    expect(
      refusals(
        await test.globex
          .run<Any>(SET, {
            input: { scopeType: 'USER', scopeId: rep.id, metric: 'WON_AMOUNT', period: MARCH, ...money('1') },
          })
          .then(({ setTarget }) => setTarget),
      ),
    ).toEqual(['NOT_FOUND input.scopeId'])
    const { createSalesTarget } = await acme.run<Any>(
      'mutation($input: CreateSalesTargetInput!) { createSalesTarget(input: $input) { userErrors { code field } } }',
      {
        input: {
          departmentId: east,
          userId: rep.id,
          metric: 'WON_AMOUNT',
          periodType: 'QUARTER',
          periodStart: '2024-02-01',
          ...money('1'),
        },
      },
    )
    expect(refusals(createSalesTarget)).toEqual([
      'VALIDATION_FAILED input.departmentId',
      'VALIDATION_FAILED input.periodStart',
    ])
  })

  it('is for who may set targets; each sees the company’s, the departments’ and those of their people', async () => {
    const { errors } = await manager.ask(SET, {
      input: { scopeType: 'USER', scopeId: rep.id, metric: 'WON_AMOUNT', period: MARCH, ...money('1') },
    })
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN'])
    const targets = async (of: Pick<Company, 'run'>) =>
      (
        await of.run<Any>(
          '{ salesTargets(where: { periodType: { eq: MONTH }, metric: { eq: WON_AMOUNT } }, orderBy: [{ field: CREATED_AT }]) { nodes { scopeType user { id } } } }',
        )
      ).salesTargets.nodes
        .map(({ scopeType, user }: Any) => user?.id ?? scopeType)
        .toSorted()
    const common = ['COMPANY', 'DEPARTMENT', 'DEPARTMENT']
    expect(await targets(rep)).toEqual([...common, rep.id].toSorted())
    expect(await targets(manager)).toEqual([...common, rep.id, manager.id].toSorted())
    expect(await targets(test.globex)).toEqual([])
  })
})

describe('setTargets', () => {
  const SET_ALL = `mutation($input: [SetTargetInput!]!, $onError: ErrorPolicy) { setTargets(input: $input, onError: $onError) { results { salesTarget { id amount { amount } } userErrors { code field } } userErrors { code } } }`

  it('sets many in one call, and keeps the good rows where it is told to', async () => {
    const period = { type: 'MONTH', start: '2024-04-01' }
    const input = [
      { scopeType: 'COMPANY', metric: 'WON_AMOUNT', period, ...money('1') },
      { scopeType: 'USER', scopeId: rep.id, metric: 'WON_AMOUNT', period: MARCH, ...money('300') },
      { scopeType: 'COMPANY', metric: 'WON_AMOUNT', period: { type: 'MONTH', start: '2024-04-30' }, ...money('2') },
    ]
    const { setTargets } = await acme.run<Any>(SET_ALL, { input })
    expect(setTargets.results.map(refusals)).toEqual([[], [], ['UNIQUE_VIOLATION input.2']])
    expect(setTargets.results.every(({ salesTarget }: Any) => salesTarget === null)).toBe(true)
    const partial = await acme.run<Any>(SET_ALL, { input, onError: 'REJECT_FAILED_ROWS' })
    expect(partial.setTargets.results.map(({ salesTarget }: Any) => salesTarget?.amount.amount)).toEqual([
      '1.00',
      '300.00',
      undefined,
    ])
    expect((await acme.run<Any>(SET_ALL, { input: [] })).setTargets).toEqual({ results: [], userErrors: [] })
    const many = await acme.run<Any>(SET_ALL, { input: Array.from({ length: 201 }, () => input[0]) })
    expect(many.setTargets.userErrors).toEqual([{ code: 'BULK_TOO_LARGE' }])
  })
})

describe('copyTargets', () => {
  const COPY = `mutation($year: Date!, $growth: Decimal) { copyTargets(year: $year, growth: $growth) { results { salesTarget { periodStart scopeType amount { amount } count } } userErrors { code } } }`

  it('copies last year’s targets with growth, and leaves those that are there', async () => {
    await set({ scopeType: 'COMPANY', period: { type: 'MONTH', start: '2025-04-01' }, ...money('999') })
    const { copyTargets } = await acme.run<Any>(COPY, { year: '2025-06-30', growth: '10.5' })
    const made = copyTargets.results.map(
      ({ salesTarget: { periodStart, scopeType, amount, count } }: Any) =>
        `${periodStart} ${scopeType} ${amount?.amount ?? count}`,
    )
    expect(made.toSorted()).toEqual([
      '2025-01-01 COMPANY 1.11', // 1.105, halves up
      '2025-03-01 COMPANY 1326.00',
      '2025-03-01 COMPANY 3', // 3.315 deals
      '2025-03-01 DEPARTMENT 552.50',
      '2025-03-01 DEPARTMENT 66.30',
      '2025-03-01 USER 11.05',
      '2025-03-01 USER 331.50',
    ])
    expect((await acme.run<Any>(COPY, { year: '2025-01-01' })).copyTargets).toEqual({ results: [], userErrors: [] })
    const { errors } = await acme.ask(COPY, { year: '2025-01-01', growth: '1.005' })
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT'])
  })
})

describe('targetAttainment', () => {
  const ATTAINMENT =
    'query($period: SalesPeriodInput!) { targetAttainment(period: $period) { target { scopeType metric user { id } department { id } } amount { amount } count attainment } }'
  const attainment = async (of: Pick<Company, 'run'> = acme) =>
    new Map(
      (await of.run<Any>(ATTAINMENT, { period: MARCH })).targetAttainment.map(
        ({ target, amount, count, attainment }: Any) => [
          `${target.user?.id ?? target.department?.id ?? 'COMPANY'} ${target.metric}`,
          `${amount?.amount ?? count} ${attainment}`,
        ],
      ),
    )

  it('counts deals for the company, the departments above and their owner, customers by their first deal', async () => {
    const accounts = await Promise.all(
      [1, 2].map((n) => make(acme, 'Account', { name: `Customer ${n}`, ownerId: rep.id })),
    )
    const [won] = accounts as [Any, Any]
    const closed = { stageId: stages.Won, accountId: won.id }
    await set({ scopeType: 'USER', scopeId: rep.id, metric: 'NEW_CUSTOMERS', count: 4 })
    await deals(
      acme,
      { ...closed, ...money('100', 'EUR'), actualCloseDate: '2024-03-01', ownerId: rep.id },
      { ...closed, ...money('0.01', 'EUR'), actualCloseDate: '2024-03-31', ownerId: rep.id },
      { ...closed, ...money('50'), actualCloseDate: '2024-03-31', ownerId: manager.id },
      { ...closed, ...money('7777'), actualCloseDate: '2024-04-01', ownerId: rep.id },
      { stageId: stages.Lost, lossReason: 'No', ...money('7777'), actualCloseDate: '2024-03-05', ownerId: rep.id },
    )
    expect(await attainment()).toEqual(
      new Map([
        ['COMPANY WON_AMOUNT', '158.66 13.22'], // 108.65 + 0.010865 + 50 of 1200
        ['COMPANY WON_COUNT', '3 100.00'],
        [`${east} WON_AMOUNT`, '158.66 31.73'],
        [`${north} WON_AMOUNT`, '108.66 181.10'],
        [`${rep.id} WON_AMOUNT`, '108.66 36.22'],
        [`${rep.id} NEW_CUSTOMERS`, '1 25.00'],
        [`${manager.id} WON_AMOUNT`, '50.00 500.00'],
      ]),
    )
    // A seller sees what their own deals are of it.
    expect((await attainment(rep)).get('COMPANY WON_AMOUNT')).toBe('108.66 9.06')
    expect(await attainment(test.globex)).toEqual(new Map())
  })

  it('stands beside the forecast', async () => {
    const { forecast } = await acme.run<Any>(
      `query($period: SalesPeriodInput!, $east: ID!, $manager: ID!) { forecast(period: $period, groupBy: OWNER) { total { target { amount } attainment } groups { owner { id } target { amount } attainment } }
        east: forecast(period: $period, scope: { type: DEPARTMENT, id: $east }) { total { target { amount } attainment } }
        team: forecast(period: $period, scope: { type: USER, id: $manager }) { total { target { amount } } } }`,
      { period: MARCH, east, manager: manager.id },
    )
    expect(forecast.total).toEqual({ target: { amount: '1200.00' }, attainment: '13.22' })
    expect(forecast.groups).toContainEqual({ owner: { id: rep.id }, target: { amount: '300.00' }, attainment: '36.22' })
  })
})

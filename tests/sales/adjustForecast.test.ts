import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Any, asking, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Person, person } from '../support/people.ts'
import { deals, salesPipeline } from './forecasts.ts'

let test: TestApp
let acme: Company
let boss: Person
let manager: Person
let rep: Person
let head: Person
beforeAll(async () => {
  asking.twice = true
  test = await testApp()
  acme = test.acme
  head = await person(test, acme, 'manager')
  const { id } = await make(acme, 'Department', { name: 'East', parentId: undefined, headId: head.id })
  boss = await person(test, acme, 'manager')
  manager = await person(test, acme, 'manager', { managerId: boss.id })
  rep = await person(test, acme, 'rep', { managerId: manager.id, departmentId: id })
  const { pipeline } = await salesPipeline(acme)
  const { createStage } = await acme.run<Any>(
    'mutation($input: CreateStageInput!) { createStage(input: $input) { stage { id } } }',
    { input: { pipelineId: pipeline, name: 'Promised', kind: 'OPEN', forecastCategory: 'COMMIT', probability: 90 } },
  )
  await deals(
    acme,
    ...[rep, manager].map(({ id: ownerId }) => ({
      stageId: createStage.stage.id,
      ownerId,
      amount: { amount: '100', currency: 'USD' },
      closeDate: '2024-05-15',
    })),
  )
})
afterAll(() => test.close())

const ADJUST = `mutation($period: SalesPeriodInput!, $ownerId: ID!, $category: ForecastCategory!, $amount: MoneyInput, $note: String) {
  adjustForecast(period: $period, ownerId: $ownerId, category: $category, amount: $amount, note: $note) {
    forecastAdjustment { id periodStart amount { amount } adjustedAmount { amount currency } note owner { id } by { id } } changed userErrors { code field } } }`
const MAY = { type: 'MONTH', start: '2024-05-20' }
const adjust = async (of: Pick<Company, 'run'>, amount: string | null, more: Record<string, unknown> = {}) =>
  (
    await of.run<Any>(ADJUST, {
      period: MAY,
      ownerId: rep.id,
      category: 'COMMIT',
      amount: amount === null ? null : { amount },
      ...more,
    })
  ).adjustForecast
const refusals = ({ userErrors }: Any) => userErrors.map(({ code, field }: Any) => `${code} ${field?.join('.')}`)
const commit = async (of: Pick<Company, 'run'> = acme) => {
  const { forecast } = await of.run<Any>(
    'query($period: SalesPeriodInput!) { forecast(period: $period) { total { commit { amount { amount } adjusted { amount } } all { adjusted { amount } weighted { amount } } } } }',
    { period: MAY },
  )
  const { commit: part, all } = forecast.total
  return [part.amount.amount, part.adjusted.amount, all.adjusted.amount, all.weighted.amount]
}

describe('adjustForecast', () => {
  it('says what a person’s category comes to, beside what the deals come to', async () => {
    expect(await commit()).toEqual(['200.00', '200.00', '200.00', '180.00'])
    const done = await adjust(manager, '80.50', { note: 'Too hopeful.' })
    expect(done).toMatchObject({
      forecastAdjustment: {
        periodStart: '2024-05-01',
        amount: { amount: '100.00' },
        adjustedAmount: { amount: '80.50', currency: 'USD' },
        note: 'Too hopeful.',
        owner: { id: rep.id },
        by: { id: manager.id },
      },
      changed: true,
      userErrors: [],
    })
    expect(await commit()).toEqual(['200.00', '180.50', '180.50', '180.00'])
    // The seller sees their own.
    expect(await commit(rep)).toEqual(['100.00', '80.50', '80.50', '90.00'])
    const again = await adjust(manager, '80.5', { note: 'Too hopeful.' })
    expect([again.forecastAdjustment.id, again.changed]).toEqual([done.forecastAdjustment.id, false])
    expect((await adjust(boss, '70')).forecastAdjustment).toMatchObject({
      id: done.forecastAdjustment.id,
      by: { id: boss.id },
    })
  })

  it('is for those above the person and for who may change the company', async () => {
    expect(refusals(await adjust(head, '60'))).toEqual([])
    expect(refusals(await adjust(acme, '60'))).toEqual([])
    expect(refusals(await adjust(rep, '500'))).toEqual(['FORBIDDEN ownerId'])
    expect(refusals(await adjust(manager, '500', { ownerId: manager.id }))).toEqual(['FORBIDDEN ownerId'])
    expect(refusals(await adjust(manager, '500', { ownerId: boss.id }))).toEqual(['FORBIDDEN ownerId'])
    expect(refusals(await adjust(test.globex, '500'))).toEqual(['NOT_FOUND ownerId'])
    expect((await commit())[1]).toBe('160.00')
  })

  it('refuses what is no adjustment', async () => {
    expect(refusals(await adjust(acme, '1', { category: 'CLOSED' }))).toEqual(['VALIDATION_FAILED category'])
    expect(refusals(await adjust(acme, '1', { period: { type: 'MONTH', start: '0001-01-01' } }))).toEqual([
      'VALIDATION_FAILED period.start',
    ])
    expect(refusals(await adjust(acme, '-1'))).toEqual(['VALIDATION_FAILED amount.amount'])
    expect(refusals(await adjust(acme, null, { amount: { amount: '1', currency: 'EUR' } }))).toEqual([
      'CURRENCY_MISMATCH amount.currency',
    ])
    expect(refusals(await adjust(acme, '1', { note: 'x'.repeat(2001) }))).toEqual(['VALIDATION_FAILED note'])
  })

  it('leaves one of several at the same moment, and is taken back', async () => {
    const all = await Promise.all(['1', '2', '3'].map((amount) => adjust(manager, amount, { category: 'PIPELINE' })))
    expect(new Set(all.map(({ forecastAdjustment }) => forecastAdjustment.id)).size).toBe(1)
    expect(await adjust(manager, null)).toEqual({ forecastAdjustment: null, changed: true, userErrors: [] })
    expect(await adjust(manager, null)).toEqual({ forecastAdjustment: null, changed: false, userErrors: [] })
    expect((await commit())[1]).toBe('200.00')
    expect((await commit())[2]).toMatch(/^20[123]\.00$/)
  })
})

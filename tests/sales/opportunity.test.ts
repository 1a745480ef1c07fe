import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { recordType } from '../../src/read/recordType.ts'
import { createRecords } from '../../src/resolvers/records.ts'
import { moveOpportunityStage } from '../../src/resolvers/sales/moveOpportunityStage.ts'
import type { Query } from '../../src/tenancy/tenancy.ts'
import { openWrites, ref, type Writes } from '../support/writes.ts'

let writes: Writes
const stages = new Map<string, string>()
beforeAll(async () => {
  writes = await openWrites()
  for (const { name, id } of await writes.rows<{ name: string; id: string }>(
    'SELECT name, id FROM stage WHERE tenant_id = $1',
  ))
    stages.set(name, ref('Stage', id))
})
afterAll(() => writes?.close())

const stage = (name: string) => ({ stageId: stages.get(name) })
const opportunity = async (input: Record<string, unknown> = {}) =>
  (await writes.create('Opportunity', { name: 'Deal', ...input }))[0] as string
const read = (id: string) => writes.row('opportunity', id)
const usd = (amount: string) => ({ amount, currency: 'USD' })
const product = async (input: Record<string, unknown> = {}) =>
  (
    await writes.create('Product', {
      code: `P${Math.random()}`,
      name: 'Lathe',
      unit: 'piece',
      standardPrice: usd('120.50'),
      ...input,
    })
  )[0] as string
const line = (opportunityId: string, input: Record<string, unknown> = {}) => ({
  opportunityId: ref('Opportunity', opportunityId),
  name: 'Work',
  ...input,
})

describe('a new opportunity', () => {
  it('stands in the first open stage of the default pipeline and takes what it needs from it', async () => {
    const id = await opportunity({ amount: usd('1000') })
    expect(await read(id)).toMatchObject({
      status: 'OPEN',
      probability: 10,
      forecast_category: 'PIPELINE',
      currency: 'USD',
      expected_revenue: 1_000_000,
      actual_close_date: null,
    })
    const history = await writes.rows(
      'SELECT from_stage_id, to_probability, amount::text, left_at FROM opportunity_stage_history WHERE tenant_id = $1 AND opportunity_id = $2',
      id,
    )
    expect(history).toEqual([{ from_stage_id: null, to_probability: 10, amount: '10000000', left_at: null }])
    expect((await read(id)).last_stage_changed_at).not.toBeNull()
  })

  it('may have a probability of its own, within 0 and 100, and gets the stage’s back when it is cleared', async () => {
    const id = await opportunity({ ...stage('Proposal'), probability: 33 })
    expect((await read(id)).probability).toBe(33)
    await writes.update('Opportunity', id, { probability: null })
    expect((await read(id)).probability).toBe(50)
    expect(await writes.refused('Opportunity', { name: 'X', probability: 101 })).toEqual([
      'VALIDATION_FAILED probability',
    ])
    expect(await writes.refused('Opportunity', { name: 'X', ...stage('Won'), probability: 50 })).toEqual([
      'VALIDATION_FAILED probability',
    ])
  })

  it('may be entered won: closed today unless it says when, and its company is a customer', async () => {
    const [account] = (await writes.create('Account', { name: 'A' })) as [string]
    const won = { ...stage('Won'), accountId: ref('Account', account), amount: usd('5') }
    const [old, today] = (await writes.create(
      'Opportunity',
      { name: 'Old', ...won, actualCloseDate: '2020-02-03' },
      { name: 'New', ...won },
    )) as [string, string]
    expect(await read(old)).toMatchObject({
      status: 'WON',
      probability: 100,
      forecast_category: 'CLOSED',
      actual_close_date: '2020-02-03',
    })
    expect((await read(today)).actual_close_date).toMatch(/^\d{4}-\d\d-\d\d$/)
    const customer = await writes.row('account', account)
    expect(customer.deal_status).toBe('WON')
    expect(Date.parse(customer.first_deal_at)).toBe(Date.parse('2020-02-03T00:00:00+08:00'))
    expect(Date.parse(customer.last_deal_at)).toBeGreaterThan(Date.parse('2020-02-03T00:00:00+08:00'))
    expect(await writes.refused('Opportunity', { name: 'X', ...won, actualCloseDate: '2999-01-01' })).toEqual([
      'VALIDATION_FAILED actualCloseDate',
    ])
    expect(
      await writes.refused('Opportunity', { name: 'X', actualCloseDate: '2020-01-01', lossReason: 'Price' }),
    ).toEqual(['VALIDATION_FAILED actualCloseDate', 'VALIDATION_FAILED lossReason'])
  })

  it('may be entered lost with or without a reason', async () => {
    expect(await read(await opportunity(stage('Lost')))).toMatchObject({
      status: 'LOST',
      probability: 0,
      forecast_category: 'OMITTED',
      loss_reason: null,
    })
    expect((await read(await opportunity({ ...stage('Lost'), lossReason: '价格过高' }))).loss_reason).toBe('价格过高')
  })

  it('finds the pipeline of its stage, and no stage of another one', async () => {
    const [other] = (await writes.create('Pipeline', { name: 'Partners' })) as [string]
    const pipelineId = ref('Pipeline', other)
    expect(await writes.refused('Opportunity', { name: 'X', pipelineId })).toEqual(['VALIDATION_FAILED stageId'])
    expect(await writes.refused('Opportunity', { name: 'X', pipelineId, ...stage('Proposal') })).toEqual([
      'STAGE_NOT_IN_PIPELINE stageId',
    ])
    const [first] = (await writes.create('Stage', { pipelineId, name: 'Start', probability: 7 })) as [string]
    expect(await read(await opportunity({ stageId: ref('Stage', first) }))).toMatchObject({
      pipeline_id: other,
      probability: 7,
    })
    expect(await read(await opportunity({ pipelineId }))).toMatchObject({ stage_id: first })
    expect(await writes.refused('Opportunity', { name: 'X', stageId: ref('Stage', other) })).toEqual([
      'NOT_FOUND stageId',
    ])
  })

  it('is placed in one statement for a list, whatever its length', async () => {
    const count = await writes.write(async ({ db, viewer }) => {
      let statements = 0
      const counted = (query: Query) => {
        statements++
        return db.rows(query)
      }
      const counting = { ...db, rows: counted as typeof db.rows }
      await createRecords(
        { db: counting, viewer },
        recordType('Opportunity'),
        Array.from({ length: 200 }, (_, n) => ({ name: `Deal ${n}` })),
      )
      return statements
    })
    expect(count).toBeLessThanOrEqual(4)
  })
})

describe('a closed opportunity', () => {
  it('keeps all but its notes', async () => {
    const id = await opportunity({ ...stage('Won'), amount: usd('5') })
    for (const input of [{ name: 'Other' }, { amount: usd('6') }, { ownerId: writes.adminId }, { probability: 50 }]) {
      expect(await writes.updateRefused('Opportunity', id, input)).toEqual([`INVALID_STATE ${Object.keys(input)[0]}`])
    }
    await writes.update('Opportunity', id, {
      name: 'Deal',
      amount: usd('5'),
      description: 'Well done',
      nextStep: 'Call',
      nextFollowUpAt: '2030-01-01T00:00:00Z',
    })
    expect((await read(id)).description).toBe('Well done')
  })

  it('has frozen lines, but gets those that come with it in its own transaction', async () => {
    const id = await opportunity({ amount: usd('10') })
    const [before] = (await writes.create('OpportunityLine', line(id, { unitPrice: usd('10') }))) as [string]
    await writes.write((context) =>
      moveOpportunityStage(context, { id: ref('Opportunity', id), toStageId: stages.get('Won') as string }),
    )
    expect(await writes.refused('OpportunityLine', line(id))).toEqual(['INVALID_STATE opportunityId'])
    expect(await writes.updateRefused('OpportunityLine', before, { quantity: '2' })).toEqual([
      'INVALID_STATE opportunityId',
    ])
    expect(await writes.updateRefused('OpportunityLine', before, { quantity: '1.0' })).toEqual([])
    expect(await writes.removeRefused('OpportunityLine', before)).toEqual(['INVALID_STATE id'])
    const imported = await writes.write(async (context) => {
      const [made] = await createRecords(context, recordType('Opportunity'), [
        { name: 'History', ...stage('Won'), amount: usd('7') },
      ])
      const [child] = await createRecords(context, recordType('OpportunityLine'), [
        line(made?.id as string, { unitPrice: usd('7') }),
      ])
      return { id: made?.id as string, errors: child?.errors }
    })
    expect(imported.errors).toEqual([])
    expect((await read(imported.id)).amount).toBe(70_000)
  })
})

describe('the lines of an opportunity', () => {
  it('take name, unit and prices from their product, and make the amount', async () => {
    const id = await opportunity({ amount: usd('1') })
    const productId = ref('Product', await product())
    const [first] = (await writes.create(
      'OpportunityLine',
      { opportunityId: ref('Opportunity', id), productId, quantity: '2' },
      line(id, { unitPrice: { amount: '10' }, taxRate: '10' }),
    )) as [string]
    expect(await writes.row('opportunity_line', first)).toMatchObject({
      name: 'Lathe',
      unit: 'piece',
      list_price: 1_205_000,
      unit_price: 1_205_000,
      subtotal: 2_410_000,
      total: 2_410_000,
      currency: 'USD',
    })
    expect((await read(id)).amount).toBe(2_520_000)
    await writes.update('OpportunityLine', first, { quantity: '1', discountPct: '50' })
    expect((await read(id)).amount).toBe(602_500 + 110_000)
    await writes.remove('OpportunityLine', first)
    expect((await read(id)).amount).toBe(110_000)
    await writes.restore('OpportunityLine', first)
    expect((await read(id)).amount).toBe(712_500)
  })

  it('give the amount back when the last one goes, and a line removed for good from the recycle bin leaves it alone', async () => {
    const id = await opportunity()
    const [only] = (await writes.create('OpportunityLine', line(id, { unitPrice: usd('10') }))) as [string]
    expect(await writes.updateRefused('Opportunity', id, { amount: usd('11') })).toEqual([
      'AMOUNT_DERIVED_FROM_LINES amount',
    ])
    expect(await writes.updateRefused('Opportunity', id, { amount: usd('10'), name: 'Same' })).toEqual([])
    expect(await writes.updateRefused('Opportunity', id, { currency: 'EUR' })).toContain('CURRENCY_MISMATCH currency')
    await writes.remove('OpportunityLine', only)
    expect((await read(id)).amount).toBe(0)
    await writes.update('Opportunity', id, { amount: usd('11') })
    await writes.destroy('OpportunityLine', only)
    expect((await read(id)).amount).toBe(110_000)
  })

  it('are in the currency of the opportunity', async () => {
    const id = await opportunity({ currency: 'EUR' })
    const [own] = (await writes.create('OpportunityLine', line(id, { unitPrice: { amount: '10' } }))) as [string]
    expect((await writes.row('opportunity_line', own)).currency).toBe('EUR')
    expect(await writes.refused('OpportunityLine', line(id, { unitPrice: usd('10') }))).toEqual([
      'CURRENCY_MISMATCH currency',
    ])
    expect(await writes.refused('OpportunityLine', line(id, { productId: ref('Product', await product()) }))).toEqual([
      'PRICE_NOT_FOUND unitPrice',
    ])
    const priced = { productId: ref('Product', await product()), unitPrice: { amount: '9', currency: 'EUR' } }
    const [other] = (await writes.create('OpportunityLine', line(id, priced))) as [string]
    await writes.remove('OpportunityLine', own, other)
    await writes.update('Opportunity', id, { amount: usd('1'), currency: 'USD' })
    expect(await writes.restoreRefused('OpportunityLine', own)).toEqual(['CURRENCY_MISMATCH id'])
  })

  it('need a name, an active product, decimals that fit, discounts below the subtotal and a total that money can be', async () => {
    const id = await opportunity()
    const refused = (input: Record<string, unknown>) => writes.refused('OpportunityLine', line(id, input))
    expect(await refused({ name: null })).toEqual(['VALIDATION_FAILED name'])
    expect(await refused({ productId: ref('Product', await product({ status: 'INACTIVE' })) })).toEqual([
      'PRODUCT_INACTIVE productId',
    ])
    expect(await refused({ quantity: '0' })).toEqual(['VALIDATION_FAILED quantity'])
    expect(await refused({ quantity: '1.00005' })).toEqual(['VALIDATION_FAILED quantity'])
    expect(await refused({ discountPct: '100.5' })).toEqual(['VALIDATION_FAILED discountPct'])
    expect(await refused({ unitPrice: usd('1'), discountAmount: usd('2') })).toEqual([
      'VALIDATION_FAILED discountAmount',
    ])
    expect(await refused({ unitPrice: usd('900000000000000'), quantity: '2' })).toEqual(['VALIDATION_FAILED quantity'])
    const full = line(id, { unitPrice: usd('900000000000000') })
    expect(await writes.refused('OpportunityLine', full, full)).toEqual(['VALIDATION_FAILED unitPrice'])
    expect(await refused({})).toEqual([])
  })

  it('are all in the amount when several are added at the same time', async () => {
    const id = await opportunity()
    await Promise.all(
      Array.from({ length: 6 }, () => writes.create('OpportunityLine', line(id, { unitPrice: usd('1') }))),
    )
    expect((await read(id)).amount).toBe(60_000)
  })
})

describe('the primary person of an opportunity', () => {
  it('is one', async () => {
    const id = await opportunity()
    const people = await writes.create('Contact', { lastName: 'A' }, { lastName: 'B' })
    for (const person of people) {
      await writes.create('OpportunityContact', {
        opportunityId: ref('Opportunity', id),
        contactId: ref('Contact', person),
        isPrimary: true,
        role: 'BUYER',
      })
    }
    expect(
      await writes.rows(
        'SELECT contact_id FROM opportunity_contact WHERE tenant_id = $1 AND opportunity_id = $2 AND is_primary',
        id,
      ),
    ).toEqual([{ contact_id: people[1] }])
  })
})

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Access } from '../../src/access/access.ts'
import { loadDefinitions } from '../../src/access/custom.ts'
import { cloneOpportunity } from '../../src/resolvers/sales/cloneOpportunity.ts'
import { ref } from '../support/writes.ts'
import { bare, type Deals, openDeals } from './deals.ts'

let deals: Deals
beforeAll(async () => {
  deals = await openDeals()
})
afterAll(() => deals?.close())

const clone = (id: string, name?: string) =>
  deals.verb(async ({ db, viewer }) => {
    // As the API's viewers do, it knows the company's custom fields.
    const { set, standing, lasting } = viewer.access
    const access = new Access(set, standing, lasting, await loadDefinitions(db, viewer.tenantId))
    return cloneOpportunity({ db, viewer: { ...viewer, access } }, { id, name })
  })
const usd = (amount: string) => ({ amount, currency: 'USD' })

describe('a copy of a deal', () => {
  it('is open in the first stage, with values, lines and people, and nothing of the way of the other', async () => {
    await deals.create('FieldDefinition', {
      object: 'Opportunity',
      apiName: 'tier',
      label: { en: 'Tier' },
      type: 'TEXT',
    })
    await deals.create('FieldDefinition', {
      object: 'Opportunity',
      apiName: 'code',
      label: { en: 'Code' },
      type: 'TEXT',
      unique: true,
    })
    const stages = await deals.pipeline()
    const [account] = (await deals.create('Account', { name: 'A' })) as [string]
    const [person] = (await deals.create('Contact', { lastName: 'Li' })) as [string]
    const id = await deals.deal({
      name: 'First',
      number: 'N1',
      externalId: 'X1',
      stageId: stages.A,
      accountId: ref('Account', account),
      closeDate: '2030-01-01',
      type: 'RENEWAL',
      probability: 33,
      customFields: { tier: 'GOLD', code: 'C1' },
    })
    await deals.create(
      'OpportunityLine',
      { opportunityId: id, name: 'Work', quantity: '2', unitPrice: usd('10.5'), taxRate: '10' },
      { opportunityId: id, name: 'More', unitPrice: usd('1') },
    )
    await deals.create('OpportunityContact', {
      opportunityId: id,
      contactId: ref('Contact', person),
      role: 'BUYER',
      isPrimary: true,
    })
    await deals.move({ id, toStageId: stages.Lost, lossReason: 'Price', lossNote: 'x' })
    const done = await clone(id)
    expect(done.codes).toEqual([])
    const copy = await deals.row('opportunity', done.id as string)
    const old = await deals.read(id)
    expect(copy).toMatchObject({
      name: 'First',
      number: null,
      external_id: null,
      account_id: account,
      stage_id: bare(stages.A),
      status: 'OPEN',
      probability: 10,
      close_date: '2030-01-01',
      actual_close_date: null,
      loss_reason: null,
      loss_note: null,
      type: 'RENEWAL',
      amount: old.amount,
      amount_source: 'LINES',
    })
    expect(Object.values(copy.custom_fields)).toEqual(['GOLD'])
    const lines = await deals.rows(
      'SELECT name, quantity::text, unit_price::text AS price, total::text FROM opportunity_line WHERE tenant_id = $1 AND opportunity_id = $2 ORDER BY id',
      done.id,
    )
    expect(lines).toEqual([
      { name: 'Work', quantity: '2.0000', price: '105000', total: '231000' },
      { name: 'More', quantity: '1.0000', price: '10000', total: '10000' },
    ])
    const people = await deals.rows(
      'SELECT contact_id, role, is_primary FROM opportunity_contact WHERE tenant_id = $1 AND opportunity_id = $2',
      done.id,
    )
    expect(people).toEqual([{ contact_id: person, role: 'BUYER', is_primary: true }])
    expect(await deals.history(ref('Opportunity', done.id as string))).toHaveLength(1)
  })

  it('may have another name, keeps an amount without lines, and is a deal of its own', async () => {
    const stages = await deals.pipeline()
    const id = await deals.deal({ stageId: stages.B, amount: usd('12') })
    const done = await clone(id, ' Second ')
    expect(await deals.row('opportunity', done.id as string)).toMatchObject({
      name: 'Second',
      amount: 120_000,
      amount_source: 'MANUAL',
      stage_id: bare(stages.A),
    })
    expect(done.id).not.toBe(bare(id))
    expect((await deals.read(id)).name).toBe('Deal')
  })

  it('is not made of nothing, with no name, or with a product that is no longer sold', async () => {
    expect((await clone('oppo_none')).codes).toEqual(['NOT_FOUND id'])
    const stages = await deals.pipeline()
    const [product] = (await deals.create('Product', { code: 'P', name: 'P', standardPrice: usd('1') })) as [string]
    const id = await deals.deal({ stageId: stages.A })
    expect((await clone(id, '  ')).codes).toEqual(['VALIDATION_FAILED name'])
    await deals.create('OpportunityLine', { opportunityId: id, productId: ref('Product', product) })
    await deals.update('Product', product, { status: 'INACTIVE' })
    expect((await clone(id)).codes).toEqual(['PRODUCT_INACTIVE id'])
  })
})

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Split, setOpportunitySplits } from '../../src/resolvers/sales/opportunitySplit.ts'
import { ref } from '../support/writes.ts'
import { bare, type Deals, openDeals, type Stages } from './deals.ts'

let deals: Deals
let stages: Stages
let ann: string
let bob: string
let cid: string
beforeAll(async () => {
  deals = await openDeals()
  stages = await deals.pipeline()
  const [role] = await deals.rows<{ id: string }>(`SELECT id FROM role WHERE tenant_id = $1 AND key = 'rep'`)
  const made = await deals.create(
    'User',
    ...['ann', 'bob', 'cid'].map((name) => ({
      email: `${name}@acme.example`,
      name,
      status: 'ACTIVE',
      roleId: ref('Role', role?.id as string),
    })),
  )
  ;[ann, bob, cid] = made.map((id) => ref('User', id)) as [string, string, string]
})
afterAll(() => deals?.close())

const set = (id: string, ...splits: Split[]) => deals.verb((context) => setOpportunitySplits(context, { id, splits }))
const part = (userId: string, splitPct: string) => ({ userId, splitPct })
const of = async (id: string) =>
  Object.fromEntries(
    (
      await deals.rows<{ name: string; pct: string; amount: string | null; currency: string }>(
        `SELECT u.name, s.split_pct::text AS pct, s.amount::text, s.currency FROM opportunity_split s JOIN app_user u ON u.tenant_id = $1 AND u.id = s.user_id
 WHERE s.tenant_id = $1 AND s.opportunity_id = $2 AND s.deleted_at IS NULL ORDER BY u.name`,
        bare(id),
      )
    ).map(({ name, pct, amount, currency }) => [name, [pct, amount, currency]]),
  )

describe('the parts in a deal', () => {
  it('make 100 per cent, and are replaced all at once', async () => {
    const id = await deals.deal({ stageId: stages.A, amount: { amount: '1000', currency: 'EUR' } })
    expect((await set(id, part(ann, '60'), part(bob, '39.99'))).codes).toEqual(['VALIDATION_FAILED splits'])
    expect((await set(id, part(ann, '33.33'), part(bob, '66.67'))).codes).toEqual([])
    expect(await of(id)).toEqual({ ann: ['33.33', '3333000', 'EUR'], bob: ['66.67', '6667000', 'EUR'] })
    expect((await set(id, part(bob, '50'), part(cid, '50'))).codes).toEqual([])
    expect(await of(id)).toEqual({ bob: ['50.00', '5000000', 'EUR'], cid: ['50.00', '5000000', 'EUR'] })
    expect((await set(id)).codes).toEqual([])
    expect(await of(id)).toEqual({})
  })

  it('are each somebody’s, once, more than nothing, with two decimals at most', async () => {
    const id = await deals.deal({ stageId: stages.A })
    expect((await set(id, part(ann, '50'), part(ann, '50'))).codes).toEqual(['VALIDATION_FAILED splits.1.userId'])
    expect((await set(id, part(ann, '0'), part(bob, '100'))).codes).toEqual(['VALIDATION_FAILED splits.0.splitPct'])
    expect((await set(id, part(ann, '33.333'), part(bob, '66.667'))).codes).toEqual([
      'VALIDATION_FAILED splits.0.splitPct',
      'VALIDATION_FAILED splits.1.splitPct',
    ])
    expect((await set(id, part('user_none', '100'))).codes).toEqual(['NOT_FOUND splits.0.userId'])
    expect((await set('oppo_none', part(ann, '100'))).codes).toEqual(['NOT_FOUND id'])
    expect(await of(id)).toEqual({})
  })

  it('follow the amount of the deal, whoever writes it', async () => {
    const id = await deals.deal({ stageId: stages.A })
    await set(id, part(ann, '25'), part(bob, '75'))
    expect(await of(id)).toEqual({ ann: ['25.00', null, 'USD'], bob: ['75.00', null, 'USD'] })
    await deals.create('OpportunityLine', { opportunityId: id, name: 'Work', unitPrice: { amount: '10' } })
    expect(await of(id)).toEqual({ ann: ['25.00', '25000', 'USD'], bob: ['75.00', '75000', 'USD'] })
  })

  it('stay when the deal is closed', async () => {
    const id = await deals.deal({ stageId: stages.A })
    await set(id, part(ann, '100'))
    await deals.win({ id })
    expect((await set(id, part(bob, '100'))).codes).toEqual(['INVALID_STATE id'])
    expect(Object.keys(await of(id))).toEqual(['ann'])
  })

  it('make 100 per cent after two have set them at once', async () => {
    const id = await deals.deal({ stageId: stages.A })
    const both = await Promise.all([
      set(id, part(ann, '40'), part(bob, '60')),
      set(id, part(bob, '30'), part(cid, '70')),
    ])
    expect(both.flatMap(({ codes }) => codes)).toEqual([])
    const pcts = Object.values(await of(id)).map(([pct]) => Number(pct))
    expect(pcts).toHaveLength(2)
    expect(pcts[0]! + pcts[1]!).toBe(100)
  })
})

describe('a deal that gets another owner', () => {
  it('gives the owner’s part to the new one, on top of what that one has', async () => {
    const id = await deals.deal({ stageId: stages.A, ownerId: ann, amount: { amount: '100' } })
    await set(id, part(ann, '60'), part(bob, '40'))
    await deals.update('Opportunity', bare(id), { ownerId: cid })
    expect(await of(id)).toEqual({ bob: ['40.00', '400000', 'USD'], cid: ['60.00', '600000', 'USD'] })
    await deals.update('Opportunity', bare(id), { ownerId: bob })
    expect(await of(id)).toEqual({ bob: ['100.00', '1000000', 'USD'] })
    await deals.update('Opportunity', bare(id), { ownerId: ann, name: 'Back' })
    expect(await of(id)).toEqual({ ann: ['100.00', '1000000', 'USD'] })
  })

  it('does so on every way on which deals are given', async () => {
    const id = await deals.deal({ stageId: stages.A, ownerId: ann })
    await set(id, part(ann, '100'))
    // As a hand-over does.
    await deals.write(({ db, viewer }) =>
      db.rows({
        text: 'UPDATE opportunity SET owner_id = $3 WHERE tenant_id = $1 AND id = $2',
        values: [viewer.tenantId, bare(id), bare(bob)],
      }),
    )
    expect(Object.keys(await of(id))).toEqual(['bob'])
  })

  it('leaves the parts alone when the old owner has none', async () => {
    const id = await deals.deal({ stageId: stages.A, ownerId: ann })
    await set(id, part(bob, '100'))
    await deals.update('Opportunity', bare(id), { ownerId: cid })
    expect(Object.keys(await of(id))).toEqual(['bob'])
  })
})

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { ref } from '../support/writes.ts'
import { bare, type Deals, openDeals } from './deals.ts'

let deals: Deals
let price: string
beforeAll(async () => {
  deals = await openDeals()
  price = ref('LossReason', (await deals.create('LossReason', { name: 'Price' }))[0] as string)
})
afterAll(() => deals?.close())

const company = async () => ref('Account', (await deals.create('Account', { name: `A ${Math.random()}` }))[0] as string)
const customer = async (id: string) => {
  const { deal_status, first_deal_at, last_deal_at } = await deals.row('account', bare(id))
  const day = (at: string | null) => at && new Date(Date.parse(at) + 8 * 3_600_000).toISOString().slice(0, 10)
  return [deal_status, day(first_deal_at), day(last_deal_at)]
}

describe('winning a deal', () => {
  it('moves it to the won stage, with its day and history, and once is enough', async () => {
    const stages = await deals.pipeline()
    const id = await deals.deal({ stageId: stages.A })
    const done = await deals.win({ id, actualCloseDate: '2026-01-31', reason: 'Signed' })
    expect(done).toMatchObject({ codes: [], changed: true })
    expect(await deals.read(id)).toMatchObject({
      status: 'WON',
      stage_id: bare(stages.Won),
      probability: 100,
      actual_close_date: '2026-01-31',
    })
    expect((await deals.history(id)).map(({ from, to, reason }) => [from, to, reason])).toEqual([
      [null, 'A', null],
      ['A', 'Won', 'Signed'],
    ])
    expect(await deals.win({ id })).toMatchObject({ codes: [], changed: false })
    expect((await deals.lose({ id, lossReasonId: price })).codes).toEqual(['INVALID_STATE id'])
    expect(await deals.history(id)).toHaveLength(2)
  })

  it('wants a won stage of its pipeline and a day that is not in the future', async () => {
    const [stages, others] = [await deals.pipeline(), await deals.pipeline()]
    const id = await deals.deal({ stageId: stages.A })
    expect((await deals.win({ id, toStageId: stages.B })).codes).toEqual(['INVALID_STATE toStageId'])
    expect((await deals.win({ id, toStageId: others.Won })).codes).toEqual(['STAGE_NOT_IN_PIPELINE toStageId'])
    expect((await deals.win({ id, toStageId: 'stag_none' })).codes).toEqual(['NOT_FOUND toStageId'])
    expect((await deals.win({ id, actualCloseDate: '2999-01-01' })).codes).toEqual([
      'VALIDATION_FAILED actualCloseDate',
    ])
    expect((await deals.win({ id, expectedVersion: 7 })).codes).toEqual(['STALE_VERSION expectedVersion'])
    expect((await deals.win({ id: 'oppo_none' })).codes).toEqual(['NOT_FOUND id'])
  })

  it('is done by one of two at once', async () => {
    const stages = await deals.pipeline()
    const id = await deals.deal({ stageId: stages.A })
    const both = await Promise.all([deals.win({ id }), deals.lose({ id, lossReasonId: price })])
    expect(both.filter(({ changed }) => changed)).toHaveLength(1)
    expect(both.flatMap(({ codes }) => codes)).toEqual(['INVALID_STATE id'])
    expect(await deals.history(id)).toHaveLength(2)
  })
})

describe('losing a deal', () => {
  it('names a reason of the list, whose name stands where it always stood, and says more in a note', async () => {
    const stages = await deals.pipeline()
    const id = await deals.deal({ stageId: stages.A })
    expect((await deals.lose({ id, lossReasonId: price, lossNote: 'By a third' })).codes).toEqual([])
    expect(await deals.read(id)).toMatchObject({
      status: 'LOST',
      probability: 0,
      loss_reason_id: bare(price),
      loss_reason: 'Price',
      loss_note: 'By a third',
    })
    await deals.update('Opportunity', bare(id), { lossNote: 'By half' })
    expect(await deals.updateRefused('Opportunity', bare(id), { lossReasonId: null })).toEqual([
      'INVALID_STATE lossReasonId',
    ])
  })

  it('takes no reason that is not there or no longer used, and needs one on the way by a move too', async () => {
    const [old] = (await deals.create('LossReason', { name: 'Old', active: false })) as [string]
    const stages = await deals.pipeline()
    const id = await deals.deal({ stageId: stages.A })
    expect((await deals.lose({ id, lossReasonId: 'lore_none' })).codes).toEqual(['NOT_FOUND lossReasonId'])
    expect((await deals.lose({ id, lossReasonId: ref('LossReason', old) })).codes).toEqual([
      'VALIDATION_FAILED lossReasonId',
    ])
    expect((await deals.move({ id, toStageId: stages.Lost })).codes).toEqual(['LOSS_REASON_REQUIRED lossReason'])
    expect((await deals.move({ id, toStageId: stages.Lost, fields: { lossReasonId: price } })).codes).toEqual([])
    expect(await deals.read(id)).toMatchObject({ loss_reason_id: bare(price), loss_reason: 'Price', status: 'LOST' })
  })

  it('keeps its reason while deals name it', async () => {
    const [reason] = (await deals.create('LossReason', { name: 'Timing' })) as [string]
    const stages = await deals.pipeline()
    await deals.lose({ id: await deals.deal({ stageId: stages.A }), lossReasonId: ref('LossReason', reason) })
    expect(await deals.removeRefused('LossReason', reason)).toEqual(['REFERENCE_IN_USE id'])
    await deals.update('LossReason', reason, { active: false })
    expect(await deals.refused('LossReason', { name: 'Timing' })).toEqual(['UNIQUE_VIOLATION name'])
  })
})

describe('opening a deal again', () => {
  it('takes it back to where it was closed from, without what the closing said, and writes why', async () => {
    const stages = await deals.pipeline()
    const id = await deals.deal({ stageId: stages.A })
    await deals.move({ id, toStageId: stages.B })
    await deals.lose({ id, lossReasonId: price, lossNote: 'Too dear' })
    expect(await deals.reopen({ id, reason: 'They called' })).toMatchObject({ codes: [], changed: true })
    expect(await deals.read(id)).toMatchObject({
      status: 'OPEN',
      stage_id: bare(stages.B),
      probability: 40,
      forecast_category: 'PIPELINE',
      actual_close_date: null,
      loss_reason_id: null,
      loss_reason: null,
      loss_note: null,
    })
    expect((await deals.history(id)).at(-1)).toMatchObject({
      from: 'Lost',
      to: 'B',
      reason: 'They called',
      leftAt: null,
    })
    expect(await deals.reopen({ id, reason: 'Again' })).toMatchObject({ codes: [], changed: false })
    await deals.update('Opportunity', bare(id), { name: 'Writable' })
  })

  it('goes to a stage that is named, an open one of its pipeline, and else to the first', async () => {
    const [stages, others] = [await deals.pipeline(), await deals.pipeline()]
    const id = await deals.deal({ stageId: stages.Junk })
    expect((await deals.reopen({ id, reason: 'x', toStageId: stages.Won })).codes).toEqual(['INVALID_STATE toStageId'])
    expect((await deals.reopen({ id, reason: 'x', toStageId: others.A })).codes).toEqual([
      'STAGE_NOT_IN_PIPELINE toStageId',
    ])
    expect((await deals.reopen({ id, reason: 'x' })).codes).toEqual([])
    expect(await deals.read(id)).toMatchObject({ stage_id: bare(stages.A) })
    await deals.move({ id, toStageId: stages.Junk })
    await deals.reopen({ id, reason: 'x', toStageId: stages.C })
    expect(await deals.read(id)).toMatchObject({ stage_id: bare(stages.C) })
  })

  it('keeps to no transition of its pipeline: it takes back a step', async () => {
    const stages = await deals.pipeline({ allowBack: false })
    const id = await deals.deal({ stageId: stages.C })
    await deals.win({ id })
    expect((await deals.reopen({ id, reason: 'Not paid', toStageId: stages.A })).codes).toEqual([])
  })

  it('makes its company what it was before', async () => {
    const stages = await deals.pipeline()
    const accountId = await company()
    const won = async (day: string) => {
      const id = await deals.deal({ stageId: stages.A, accountId })
      await deals.win({ id, actualCloseDate: day })
      return id
    }
    const first = await won('2026-01-10')
    expect(await customer(accountId)).toEqual(['WON', '2026-01-10', '2026-01-10'])
    await deals.reopen({ id: first, reason: 'x' })
    expect(await customer(accountId)).toEqual(['NOT_WON', null, null])
    await deals.win({ id: first, actualCloseDate: '2026-01-10' })
    const second = await won('2026-02-20')
    const third = await won('2026-03-30')
    await deals.reopen({ id: third, reason: 'x' })
    expect(await customer(accountId)).toEqual(['WON', '2026-01-10', '2026-02-20'])
    await deals.reopen({ id: first, reason: 'x' })
    expect(await customer(accountId)).toEqual(['WON', '2026-02-20', '2026-02-20'])
    // Bought before there was a CRM.
    await deals.write(({ db, viewer }) =>
      db.rows({
        text: `UPDATE account SET first_deal_at = '2019-05-05T00:00:00+08' WHERE tenant_id = $1 AND id = $2`,
        values: [viewer.tenantId, bare(accountId)],
      }),
    )
    await deals.reopen({ id: second, reason: 'x' })
    expect(await customer(accountId)).toEqual(['WON', '2019-05-05', '2019-05-05'])
  })
})

describe('taking a deal to another pipeline', () => {
  it('goes where it is told, where the map says, or to the first open stage, with its history', async () => {
    const [here, there] = [await deals.pipeline(), await deals.pipeline()]
    const stageMap = [
      { from: here.A, to: there.B },
      { from: here.B, to: there.C },
    ]
    const id = await deals.deal({ stageId: here.B })
    expect(await deals.change({ id, pipelineId: there.id, stageMap, reason: 'Partner' })).toMatchObject({
      codes: [],
      changed: true,
    })
    expect(await deals.read(id)).toMatchObject({
      pipeline_id: bare(there.id),
      stage_id: bare(there.C),
      probability: 70,
      status: 'OPEN',
    })
    expect((await deals.history(id)).at(-1)).toMatchObject({ from: 'B', to: 'C', reason: 'Partner' })
    expect(await deals.change({ id, pipelineId: there.id })).toMatchObject({ codes: [], changed: false })
    await deals.change({ id, pipelineId: here.id })
    expect(await deals.read(id)).toMatchObject({ stage_id: bare(here.A) })
    await deals.change({ id, pipelineId: there.id, toStageId: there.B, stageMap })
    expect(await deals.read(id)).toMatchObject({ stage_id: bare(there.B) })
  })

  it('wants an open deal, an open stage of that pipeline, and one that is in use', async () => {
    const [here, there] = [await deals.pipeline(), await deals.pipeline({}, { A: { requiredFields: ['closeDate'] } })]
    const idle = await deals.pipeline({ active: false })
    const id = await deals.deal({ stageId: here.A })
    const to = async (given: object) => (await deals.change({ id, pipelineId: there.id, ...given })).codes
    expect(await to({ toStageId: here.B })).toEqual(['STAGE_NOT_IN_PIPELINE toStageId'])
    expect(await to({ stageMap: [{ from: here.A, to: here.B }] })).toEqual(['STAGE_NOT_IN_PIPELINE stageMap'])
    expect(await to({ toStageId: there.Won })).toEqual(['INVALID_STATE toStageId'])
    expect(await to({ pipelineId: 'pipe_none' })).toEqual(['NOT_FOUND pipelineId'])
    expect(await to({ pipelineId: idle.id })).toEqual(['INVALID_STATE pipelineId'])
    expect(await to({})).toEqual(['STAGE_REQUIREMENTS_MISSING toStageId'])
    expect(await to({ fields: { closeDate: '2030-01-01' } })).toEqual([])
    await deals.win({ id })
    expect(await to({ pipelineId: here.id })).toEqual(['INVALID_STATE id'])
  })
})

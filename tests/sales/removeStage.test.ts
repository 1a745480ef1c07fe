import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { removePipeline, removeStage } from '../../src/resolvers/sales/removeStage.ts'
import { ref } from '../support/writes.ts'
import { bare, type Deals, openDeals } from './deals.ts'

let deals: Deals
beforeAll(async () => {
  deals = await openDeals()
})
afterAll(() => deals?.close())

const stage = (id: string, moveToStageId?: string) =>
  deals.verb((context) => removeStage(context, { id, moveToStageId }))
const pipeline = (id: string, stageMap?: { from: string; to: string }[]) =>
  deals.verb((context) => removePipeline(context, { id, stageMap }))

describe('removing a stage', () => {
  it('moves its deals to another of its kind, with their history, and what a closed one says stays', async () => {
    const stages = await deals.pipeline()
    const [second] = (await deals.create('Stage', {
      pipelineId: stages.id,
      name: 'Lost 2',
      kind: 'LOST',
      sort: 9,
    })) as [string]
    const id = await deals.deal({ stageId: stages.A })
    const lost = await deals.deal({ stageId: stages.A })
    await deals.move({ id: lost, toStageId: stages.Lost, lossReason: 'Price', actualCloseDate: '2026-02-03' })
    expect((await stage(stages.A)).codes).toEqual(['REFERENCE_IN_USE id'])
    expect((await stage(stages.A, stages.B)).codes).toEqual([])
    expect(await deals.read(id)).toMatchObject({ stage_id: bare(stages.B), probability: 40 })
    expect((await deals.history(id)).map(({ from, to }) => [from, to])).toEqual([
      [null, 'A'],
      ['A', 'B'],
    ])
    expect((await deals.row('stage', bare(stages.A))).deleted_at).not.toBeNull()
    expect((await stage(stages.Lost, ref('Stage', second))).codes).toEqual([])
    expect(await deals.read(lost)).toMatchObject({
      stage_id: second,
      status: 'LOST',
      loss_reason: 'Price',
      actual_close_date: '2026-02-03',
    })
  })

  it('wants another stage of the kind in the pipeline, and keeps the last won and lost ones', async () => {
    const [stages, others] = [await deals.pipeline(), await deals.pipeline()]
    const id = await deals.deal({ stageId: stages.A })
    expect((await stage(stages.A, others.B)).codes).toEqual(['STAGE_NOT_IN_PIPELINE moveToStageId'])
    expect((await stage(stages.A, stages.Won)).codes).toEqual(['VALIDATION_FAILED moveToStageId'])
    expect((await stage(stages.A, stages.A)).codes).toEqual(['VALIDATION_FAILED moveToStageId'])
    expect((await stage(stages.A, 'stag_none')).codes).toEqual(['NOT_FOUND moveToStageId'])
    expect((await stage('stag_none', stages.A)).codes).toEqual(['NOT_FOUND id'])
    expect((await stage(stages.Won)).codes).toEqual(['PIPELINE_NEEDS_WON_AND_LOST id'])
    expect(await deals.read(id)).toMatchObject({ stage_id: bare(stages.A), version: 1 })
  })

  it('takes the transitions along that lead to it or away', async () => {
    const stages = await deals.pipeline()
    const [one, other] = (await deals.create(
      'StageTransition',
      { pipelineId: stages.id, fromStageId: stages.A, toStageId: stages.B },
      { pipelineId: stages.id, fromStageId: stages.B, toStageId: stages.C },
    )) as [string, string]
    expect((await stage(stages.A)).codes).toEqual([])
    expect((await deals.row('stage_transition', one)).deleted_at).not.toBeNull()
    expect((await deals.row('stage_transition', other)).deleted_at).toBeNull()
  })

  it('leaves no deal behind that comes at the same time', async () => {
    const stages = await deals.pipeline()
    const ids = await Promise.all(Array.from({ length: 6 }, () => deals.deal({ stageId: stages.A })))
    const all = await Promise.all([
      stage(stages.B, stages.C),
      ...ids.map((id) => deals.move({ id, toStageId: stages.B })),
    ])
    expect(all[0]?.codes).toEqual([])
    expect(new Set(all.slice(1).flatMap(({ codes }) => codes))).not.toContain('INTERNAL')
    const [left] = await deals.rows<{ count: number }>(
      'SELECT count(*)::integer AS count FROM opportunity WHERE tenant_id = $1 AND stage_id = $2',
      bare(stages.B),
    )
    expect(left?.count).toBe(0)
  })
})

describe('removing a pipeline', () => {
  it('moves the deals of its stages as it is told, and goes with its stages', async () => {
    const [here, there] = [await deals.pipeline(), await deals.pipeline()]
    const [open, won] = [await deals.deal({ stageId: here.B }), await deals.deal({ stageId: here.A })]
    await deals.win({ id: won, actualCloseDate: '2026-02-03' })
    expect((await pipeline(here.id)).codes).toEqual(['REFERENCE_IN_USE id'])
    expect((await pipeline(here.id, [{ from: here.B, to: there.A }])).codes).toEqual(['REFERENCE_IN_USE id'])
    expect((await pipeline(here.id, [{ from: here.B, to: here.A }])).codes).toEqual([
      'STAGE_NOT_IN_PIPELINE stageMap.0',
    ])
    expect((await pipeline(here.id, [{ from: here.B, to: there.Lost }])).codes).toEqual([
      'VALIDATION_FAILED stageMap.0',
    ])
    expect(
      (
        await pipeline(here.id, [
          { from: here.B, to: there.A },
          { from: here.Won, to: there.Won },
        ])
      ).codes,
    ).toEqual([])
    expect(await deals.read(open)).toMatchObject({ pipeline_id: bare(there.id), stage_id: bare(there.A) })
    expect(await deals.read(won)).toMatchObject({ stage_id: bare(there.Won), actual_close_date: '2026-02-03' })
    expect((await deals.row('stage', bare(here.C))).deleted_at).not.toBeNull()
  })

  it('is not switched off while open deals move through it', async () => {
    const stages = await deals.pipeline()
    const id = await deals.deal({ stageId: stages.A })
    expect(await deals.updateRefused('Pipeline', bare(stages.id), { active: false })).toEqual([
      'REFERENCE_IN_USE active',
    ])
    await deals.win({ id })
    await deals.update('Pipeline', bare(stages.id), { active: false })
  })
})

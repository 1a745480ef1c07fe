import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Deals, openDeals, type Stages } from './deals.ts'

let deals: Deals
beforeAll(async () => {
  deals = await openDeals()
})
afterAll(() => deals?.close())

/** May a new deal that stands in one stage go to another. */
async function goes(stages: Stages, from: keyof Stages, to: keyof Stages): Promise<string[]> {
  const id = await deals.deal({ stageId: stages[from] })
  return (await deals.move({ id, toStageId: stages[to], lossReason: 'Price' })).codes
}
const NO = ['STAGE_TRANSITION_NOT_ALLOWED toStageId']

describe('a pipeline that says nothing', () => {
  it('lets deals skip stages, go back, and win from anywhere', async () => {
    const stages = await deals.pipeline()
    for (const [from, to] of [
      ['A', 'C'],
      ['C', 'A'],
      ['A', 'Won'],
      ['B', 'Lost'],
      ['A', 'Junk'],
    ] as const)
      expect([from, to, await goes(stages, from, to)]).toEqual([from, to, []])
  })
})

describe('a pipeline that allows no skipping', () => {
  it('lets deals go step by step and win behind the last one; they are lost from anywhere, and go back', async () => {
    const stages = await deals.pipeline({ allowSkip: false })
    expect(await goes(stages, 'A', 'B')).toEqual([])
    expect(await goes(stages, 'A', 'C')).toEqual(NO)
    expect(await goes(stages, 'B', 'Won')).toEqual(NO)
    expect(await goes(stages, 'C', 'Won')).toEqual([])
    expect(await goes(stages, 'A', 'Lost')).toEqual([])
    expect(await goes(stages, 'A', 'Junk')).toEqual([])
    expect(await goes(stages, 'C', 'A')).toEqual([])
  })

  it('tells where else the deal may go', async () => {
    const stages = await deals.pipeline({ allowSkip: false })
    const id = await deals.deal({ stageId: stages.A })
    const { details } = await deals.move({ id, toStageId: stages.C })
    expect(details).toEqual({ from: stages.A, to: stages.C, allowed: [stages.B, stages.Lost, stages.Junk] })
    expect(await deals.history(id)).toHaveLength(1)
  })

  it('holds the closing verbs too', async () => {
    const stages = await deals.pipeline({ allowSkip: false })
    const id = await deals.deal({ stageId: stages.A })
    expect((await deals.win({ id })).codes).toEqual(NO)
  })
})

describe('a pipeline that allows no way back', () => {
  it('lets deals go forward only', async () => {
    const stages = await deals.pipeline({ allowBack: false })
    expect(await goes(stages, 'B', 'A')).toEqual(NO)
    expect(await goes(stages, 'A', 'C')).toEqual([])
    expect(await goes(stages, 'B', 'Won')).toEqual([])
  })
})

describe('a transition between two stages', () => {
  it('wins over what the pipeline says, both ways, until it is deleted', async () => {
    const stages = await deals.pipeline({ allowSkip: false, allowBack: false })
    const made = await deals.create(
      'StageTransition',
      { pipelineId: stages.id, fromStageId: stages.A, toStageId: stages.C, allowed: true },
      { pipelineId: stages.id, fromStageId: stages.A, toStageId: stages.B, allowed: false },
      { pipelineId: stages.id, fromStageId: stages.B, toStageId: stages.Lost, allowed: false },
    )
    expect(await goes(stages, 'A', 'C')).toEqual([])
    expect(await goes(stages, 'A', 'B')).toEqual(NO)
    expect(await goes(stages, 'B', 'Lost')).toEqual(NO)
    await deals.remove('StageTransition', made[1] as string)
    expect(await goes(stages, 'A', 'B')).toEqual([])
  })

  it('asks for fields besides those of the stage', async () => {
    const stages = await deals.pipeline({}, { B: { requiredFields: ['closeDate'] } })
    await deals.create('StageTransition', {
      pipelineId: stages.id,
      fromStageId: stages.A,
      toStageId: stages.B,
      requiredFields: ['amount', 'closeDate'],
    })
    const id = await deals.deal({ stageId: stages.A })
    const refused = await deals.move({ id, toStageId: stages.B })
    expect([refused.codes, refused.details]).toEqual([
      ['STAGE_REQUIREMENTS_MISSING toStageId'],
      { fields: ['closeDate', 'amount'] },
    ])
    const other = await deals.deal({ stageId: stages.C, closeDate: '2030-01-01' })
    expect((await deals.move({ id: other, toStageId: stages.B })).codes).toEqual([])
  })

  it('is between two stages of its pipeline, and one for each pair', async () => {
    const [stages, others] = [await deals.pipeline(), await deals.pipeline()]
    const pair = { pipelineId: stages.id, fromStageId: stages.A, toStageId: stages.B }
    expect(await deals.refused('StageTransition', { ...pair, toStageId: others.B })).toEqual([
      'STAGE_NOT_IN_PIPELINE toStageId',
    ])
    expect(await deals.refused('StageTransition', { ...pair, pipelineId: others.id })).toEqual([
      'STAGE_NOT_IN_PIPELINE fromStageId',
      'STAGE_NOT_IN_PIPELINE toStageId',
    ])
    expect(await deals.refused('StageTransition', { ...pair, toStageId: stages.A })).toEqual([
      'VALIDATION_FAILED toStageId',
    ])
    expect(await deals.refused('StageTransition', { ...pair, roleIds: ['role_none', stages.A] })).toEqual([
      'NOT_FOUND roleIds',
      'NOT_FOUND roleIds',
    ])
    expect(await deals.refused('StageTransition', { ...pair, requiredFields: ['shoeSize'] })).toEqual([
      'VALIDATION_FAILED requiredFields',
    ])
    await deals.create('StageTransition', pair)
    expect(await deals.refused('StageTransition', pair)).toEqual(['UNIQUE_VIOLATION fromStageId'])
  })
})

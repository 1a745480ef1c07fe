import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Any, asking, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'

let test: TestApp
let owner: Owner
beforeAll(async () => {
  // Two readings of one day count differ at its end.
  asking.twice = false
  test = await testApp()
  owner = await openOwner(test, test.acme)
})
afterAll(async () => {
  await owner?.close()
  await test?.close()
})

/** A deal that came into its stage some days ago, and what was done with it since. */
async function deal(stageId: string, days: number, activeDays: number | null = null): Promise<string> {
  const { id } = await make(test.acme, 'Opportunity', { stageId, lastActivityAt: null })
  await owner.rows(
    `UPDATE opportunity SET created_at = now() - $2 * interval '1 day', last_stage_changed_at = now() - $2 * interval '1 day', last_activity_at = now() - $3 * interval '1 day'
 WHERE tenant_id = atrium.tenant_id() AND id = $1`,
    uuidIn(id),
    days,
    activeDays,
  )
  return id
}
const stage = async (rottenDays: number | null, more = {}) =>
  (await make(test.acme, 'Stage', { rottenDays, kind: 'OPEN', probability: 10, entryTasks: [], ...more })).id as string
const look = async (id: string) =>
  (
    await test.acme.run<Any>('query($id: ID!) { opportunity(id: $id) { isRotten daysInStage rottenDays rotsAt } }', {
      id,
    })
  ).opportunity

describe('a deal', () => {
  it('goes stale when nothing happens for as long as its stage allows', async () => {
    const stageId = await stage(10)
    expect(await look(await deal(stageId, 11))).toMatchObject({ isRotten: true, daysInStage: 11, rottenDays: 10 })
    expect(await look(await deal(stageId, 9))).toMatchObject({ isRotten: false, daysInStage: 9 })
    expect(await look(await deal(stageId, 30, 2))).toMatchObject({ isRotten: false, daysInStage: 30 })
    expect(await look(await deal(stageId, 30, 12))).toMatchObject({ isRotten: true })
    expect(await look(await deal(await stage(null), 300))).toEqual({
      isRotten: false,
      daysInStage: 300,
      rottenDays: null,
      rotsAt: null,
    })
  })

  it('is found by when it goes stale, and listed in that order', async () => {
    const stageId = await stage(5)
    const [old, older, fresh] = [await deal(stageId, 6), await deal(stageId, 60), await deal(stageId, 1)]
    const { opportunities, all } = await test.acme.run<Any>(
      `query($stage: ID!, $now: DateTime!) {
        opportunities(where: { stageId: { eq: $stage }, rotsAt: { lte: $now } }, orderBy: [{ field: ROTS_AT }]) { nodes { id isRotten } }
        all: opportunities(where: { stageId: { eq: $stage } }) { nodes { id } }
      }`,
      { stage: stageId, now: new Date().toISOString() },
    )
    expect(opportunities.nodes).toEqual([
      { id: older, isRotten: true },
      { id: old, isRotten: true },
    ])
    expect(all.nodes.map(({ id }: Any) => id)).toContain(fresh)
  })

  it('goes stale as its stage says now, as the next one says after a move, and never when it is closed', async () => {
    const stageId = await stage(100)
    const { stage: found } = await test.acme.run<Any>('query($id: ID!) { stage(id: $id) { pipeline { id } } }', {
      id: stageId,
    })
    const won = await stage(1, { pipelineId: found.pipeline.id, kind: 'WON', probability: 100 })
    const next = await stage(3, { pipelineId: found.pipeline.id })
    const id = await deal(stageId, 20)
    expect((await look(id)).isRotten).toBe(false)
    await test.acme.run(
      'mutation($id: ID!) { updateStage(id: $id, input: { rottenDays: 15 }) { userErrors { code } } }',
      {
        id: stageId,
      },
    )
    expect(await look(id)).toMatchObject({ isRotten: true, rottenDays: 15 })
    const move =
      'mutation($id: ID!, $to: ID!) { moveOpportunityStage(id: $id, toStageId: $to) { opportunity { isRotten rottenDays daysInStage } userErrors { code field } } }'
    const { moveOpportunityStage } = await test.acme.run<Any>(move, { id, to: next })
    expect(moveOpportunityStage).toEqual({
      opportunity: { isRotten: false, rottenDays: 3, daysInStage: 0 },
      userErrors: [],
    })
    await test.acme.run(move, { id, to: won })
    expect(await look(id)).toMatchObject({ isRotten: false, rotsAt: null })
  })
})

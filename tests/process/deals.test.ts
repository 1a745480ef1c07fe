import { afterAll, beforeAll, expect, it, jest } from '@jest/globals'
import { type App, createApp } from '../../src/app.ts'
import { type Any, type Company, callers, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Owner, openOwner } from '../support/owner.ts'

jest.setTimeout(300_000)

const DEALS = 12

let test: TestApp
let other: App
let owner: Owner
let processes: [Pick<Company, 'run'>, Pick<Company, 'run'>]

beforeAll(async () => {
  test = await testApp()
  // What two processes share is the database alone.
  other = await createApp({ ...test.config, redisUrl: null })
  processes = [test.acme, callers(other, test.acme.apiKey)]
  owner = await openOwner(test, test.acme)
})
afterAll(async () => {
  await owner?.close()
  await other?.close()
  await test?.close()
})

async function pipeline() {
  const { id } = await make(test.acme, 'Pipeline')
  const stage = async (sort: number, kind: string) =>
    (await make(test.acme, 'Stage', { pipelineId: id, sort, kind, probability: null, entryTasks: [] })).id as string
  return {
    id,
    A: await stage(1, 'OPEN'),
    B: await stage(2, 'OPEN'),
    won: await stage(3, 'WON'),
    lost: await stage(4, 'LOST'),
  }
}
const deal = async (stageId: string) => (await make(test.acme, 'Opportunity', { stageId })).id as string

/** Deals whose history has a gap, two open stays, or ends elsewhere than where they stand. */
const broken = () =>
  owner.rows<{ id: string }>(`SELECT o.id FROM opportunity o WHERE o.tenant_id = atrium.tenant_id() AND (
 (SELECT count(*) FROM opportunity_stage_history h WHERE h.tenant_id = o.tenant_id AND h.opportunity_id = o.id AND h.left_at IS NULL AND h.to_stage_id = o.stage_id) <> 1
 OR EXISTS (SELECT 1 FROM (SELECT left_at, lead(entered_at) OVER (ORDER BY entered_at, id) AS next FROM opportunity_stage_history h WHERE h.tenant_id = o.tenant_id AND h.opportunity_id = o.id) s
  WHERE s.left_at IS DISTINCT FROM s.next))`)

it('closes a deal once when two processes close it at the same time; the other one is told how it ended', async () => {
  const stages = await pipeline()
  const why = (await make(test.acme, 'LossReason')).id
  for (let n = 0; n < DEALS; n++) {
    const id = await deal(stages.A)
    const [won, lost] = await Promise.all([
      processes[0].run<Any>('mutation($id: ID!) { it: closeWon(id: $id) { changed userErrors { code details } } }', {
        id,
      }),
      processes[1].run<Any>(
        'mutation($id: ID!, $why: ID!) { it: closeLost(id: $id, lossReasonId: $why) { changed userErrors { code details } } }',
        { id, why },
      ),
    ])
    expect([won.it.changed, lost.it.changed].filter(Boolean)).toHaveLength(1)
    const from = won.it.changed ? 'WON' : 'LOST'
    expect([...won.it.userErrors, ...lost.it.userErrors]).toEqual([
      { code: 'INVALID_STATE', details: { from, to: from === 'WON' ? 'LOST' : 'WON', allowed: [] } },
    ])
  }
  expect(await broken()).toEqual([])
})

it('leaves no deal in a stage that goes while another process makes deals in it and moves others there', async () => {
  const stages = await pipeline()
  const ids = await Promise.all(Array.from({ length: DEALS }, () => deal(stages.A)))
  const making = Array.from({ length: DEALS }, () =>
    processes[1].run<Any>(
      'mutation($input: CreateOpportunityInput!) { it: createOpportunity(input: $input) { opportunity { id } userErrors { code } } }',
      { input: { name: `${test.acme.mark} raced`, stageId: stages.B } },
    ),
  )
  const moving = ids.map((id) =>
    processes[1].run<Any>(
      'mutation($id: ID!, $to: ID!) { it: moveOpportunityStage(id: $id, toStageId: $to) { changed userErrors { code } } }',
      {
        id,
        to: stages.B,
      },
    ),
  )
  const removing = processes[0].run<Any>(
    'mutation($id: ID!, $to: ID!) { it: removeStage(id: $id, moveToStageId: $to) { userErrors { code } } }',
    { id: stages.B, to: stages.A },
  )
  const [removed, ...others] = await Promise.all([removing, ...making, ...moving])
  expect(removed.it.userErrors).toEqual([])
  for (const { it: done } of others) expect(['', 'NOT_FOUND']).toContain(done.userErrors[0]?.code ?? '')
  const { opportunities, stage } = await test.acme.run<Any>(
    'query($id: ID!) { stage(id: $id) { id } opportunities(where: { stageId: { eq: $id } }) { nodes { id } } }',
    { id: stages.B },
  )
  expect([stage, opportunities.nodes]).toEqual([null, []])
  expect(await broken()).toEqual([])
})

it('leaves no deal in a pipeline that goes while another process makes deals in it and takes others there', async () => {
  const [here, there] = [await pipeline(), await pipeline()]
  const ids = await Promise.all(Array.from({ length: DEALS }, () => deal(there.A)))
  const coming = ids.flatMap((id) => [
    processes[1].run<Any>(
      'mutation($id: ID!, $to: ID!) { it: changePipeline(id: $id, pipelineId: $to) { changed userErrors { code } } }',
      { id, to: here.id },
    ),
    processes[1].run<Any>(
      'mutation($input: CreateOpportunityInput!) { it: createOpportunity(input: $input) { opportunity { id } userErrors { code } } }',
      { input: { name: `${test.acme.mark} raced`, stageId: here.B } },
    ),
  ])
  const removing = processes[0].run<Any>('mutation($id: ID!) { it: deletePipeline(id: $id) { userErrors { code } } }', {
    id: here.id,
  })
  const [removed, ...others] = await Promise.all([removing, ...coming])
  const codes = [removed, ...others].flatMap(({ it: done }) => done.userErrors.map(({ code }: Any) => code))
  for (const code of codes) expect(['NOT_FOUND', 'REFERENCE_IN_USE']).toContain(code)
  const [left] = await owner.rows<{ count: number }>(
    `SELECT count(*)::integer AS count FROM opportunity o JOIN pipeline p ON p.tenant_id = o.tenant_id AND p.id = o.pipeline_id
 WHERE o.tenant_id = atrium.tenant_id() AND o.deleted_at IS NULL AND p.deleted_at IS NOT NULL`,
  )
  expect(left?.count).toBe(0)
})

import { describe, expect, it } from '@jest/globals'
import type { Any } from '../support/app.ts'
import { codes, deal, done, flow, openApprovals, verb } from '../support/approval.ts'
import { make } from '../support/factory.ts'

const all = openApprovals()

const MOVE =
  'mutation($id: ID!, $to: ID!) { it: moveOpportunityStage(id: $id, toStageId: $to, reason: "Bid") { changed opportunity { stage { id } pendingStage { id } approvals { nodes { id status } } } userErrors { code field } } }'
const move = async (who: Any, id: string, to: string): Promise<Any> => (await who.run(MOVE, { id, to })).it
const look = async (id: string): Promise<Any> =>
  (
    await all.acme.run<Any>(
      'query($id: ID!) { opportunity(id: $id) { status actualCloseDate stage { id } pendingStage { id } lossReason account { dealStatus } stageHistory(orderBy: [{ field: ENTERED_AT }]) { nodes { reason toStage { id } changedBy { id } } } } }',
      { id },
    )
  ).opportunity

/** A pipeline whose second open stage, won and lost stages are entered from the first with an approval. */
async function pipeline() {
  const { id: pipelineId } = await make(all.acme, 'Pipeline')
  const stage = async (sort: number, kind: string) =>
    (await make(all.acme, 'Stage', { pipelineId, sort, kind, probability: null, entryTasks: [] })).id as string
  const stages = {
    A: await stage(1, 'OPEN'),
    B: await stage(2, 'OPEN'),
    won: await stage(3, 'WON'),
    lost: await stage(4, 'LOST'),
  }
  for (const to of [stages.B, stages.won, stages.lost])
    await make(all.acme, 'StageTransition', {
      pipelineId,
      fromStageId: stages.A,
      toStageId: to,
      requiresApproval: true,
    })
  return stages
}

describe('a move that asks for an approval', () => {
  it('waits for it, and is made when it is given, with what the mover said', async () => {
    const stages = await pipeline()
    const to = await flow(all, [{ source: 'MANAGER' }])
    const id = await deal(all, to, all.ann, { stageId: stages.A })
    const asked = await move(all.ann, id, stages.B)
    expect(asked).toMatchObject({
      changed: false,
      userErrors: [],
      opportunity: {
        stage: { id: stages.A },
        pendingStage: { id: stages.B },
        approvals: { nodes: [{ status: 'PENDING' }] },
      },
    })
    expect(codes(await move(all.ann, id, stages.B))).toEqual(['APPROVAL_PENDING id'])
    await done(verb(all.boss, 'approve', { id: asked.opportunity.approvals.nodes[0].id }))
    expect(await look(id)).toMatchObject({
      stage: { id: stages.B },
      pendingStage: null,
      stageHistory: {
        nodes: [{ reason: null }, { reason: 'Bid', toStage: { id: stages.B }, changedBy: { id: all.boss.id } }],
      },
    })
  })

  it('is not made when it is refused or taken back, and can be asked for again', async () => {
    const stages = await pipeline()
    const to = await flow(all, [{ source: 'MANAGER' }])
    const id = await deal(all, to, all.ann, { stageId: stages.A })
    const first = await move(all.ann, id, stages.B)
    await done(verb(all.boss, 'reject', { id: first.opportunity.approvals.nodes[0].id, comment: 'No' }))
    expect(await look(id)).toMatchObject({ stage: { id: stages.A }, pendingStage: null })
    const second = await move(all.ann, id, stages.B)
    const [pending] = second.opportunity.approvals.nodes.filter(({ status }: Any) => status === 'PENDING')
    await done(verb(all.ann, 'withdrawApproval', { id: pending.id }))
    const after = await look(id)
    expect([after.stage.id, after.pendingStage, after.stageHistory.nodes.length]).toEqual([stages.A, null, 1])
  })

  it('closes the deal when it is approved: with the day and the reason that were given, or of the day', async () => {
    const stages = await pipeline()
    const to = await flow(all, [{ source: 'MANAGER' }])
    const why = (await make(all.acme, 'LossReason', { name: `${all.acme.mark} too dear` })).id
    const account = (await make(all.acme, 'Account', { ownerId: all.ann.id })).id
    const [won, lost] = [
      await deal(all, to, all.ann, { stageId: stages.A, accountId: account }),
      await deal(all, to, all.ann, { stageId: stages.A }),
    ]
    const pick = 'changed opportunity { approvals { nodes { id } } } userErrors { code field }'
    const a = await all.ann.run<Any>(
      `mutation($id: ID!) { it: closeWon(id: $id, actualCloseDate: "2026-02-03") { ${pick} } }`,
      { id: won },
    )
    const b = await all.ann.run<Any>(
      `mutation($id: ID!, $why: ID!) { it: closeLost(id: $id, lossReasonId: $why) { ${pick} } }`,
      { id: lost, why },
    )
    expect([a.it.changed, b.it.changed, (await look(won)).status]).toEqual([false, false, 'OPEN'])
    for (const { it: asked } of [a, b])
      await done(verb(all.boss, 'approve', { id: asked.opportunity.approvals.nodes[0].id }))
    expect(await look(won)).toMatchObject({
      status: 'WON',
      actualCloseDate: '2026-02-03',
      account: { dealStatus: 'WON' },
    })
    expect(await look(lost)).toMatchObject({
      status: 'LOST',
      lossReason: `${all.acme.mark} too dear`,
      actualCloseDate: expect.any(String),
    })
  })

  it('is made at once where no step asks anybody, and not at all without a flow', async () => {
    const stages = await pipeline()
    const skipping = await flow(all, [
      { source: 'MANAGER', emptyApproverAction: 'AUTO_PASS', sameAsSubmitterAction: 'SKIP' },
    ])
    const free = await deal(all, skipping, all.chief, { stageId: stages.A })
    expect(await move(all.chief, free, stages.B)).toMatchObject({
      changed: true,
      opportunity: { stage: { id: stages.B }, pendingStage: null },
    })
    const id = await deal(all, { word: 'nobody' }, all.ann, { stageId: stages.A })
    expect(codes(await move(all.ann, id, stages.B))).toEqual(['NO_APPROVAL_FLOW toStageId'])
    expect(await look(id)).toMatchObject({ stage: { id: stages.A }, pendingStage: null })
  })

  it('keeps its stage, whose other ways need no approval', async () => {
    const stages = await pipeline()
    const to = await flow(all, [{ source: 'MANAGER' }])
    const id = await deal(all, to, all.ann, { stageId: stages.A })
    await move(all.ann, id, stages.B)
    const { removeStage } = await all.acme.run<Any>(
      'mutation($id: ID!) { removeStage(id: $id) { userErrors { code field } } }',
      { id: stages.B },
    )
    expect(codes(removeStage)).toEqual(['REFERENCE_IN_USE id'])
    const other = await deal(all, to, all.ann, { stageId: stages.B })
    expect(await move(all.ann, other, stages.A)).toMatchObject({ changed: true })
  })

  it('leaves each deal of a list to its own approval', async () => {
    const stages = await pipeline()
    const to = await flow(all, [{ source: 'MANAGER' }])
    const ids = [
      await deal(all, to, all.ann, { stageId: stages.A }),
      await deal(all, { word: 'nobody' }, all.ann, { stageId: stages.A }),
    ]
    const { it: moved } = await all.ann.run<Any>(
      'mutation($input: [RecordVersionInput!]!, $to: ID!) { it: moveOpportunities(input: $input, toStageId: $to, errorPolicy: REJECT_FAILED_ROWS) { results { opportunity { pendingStage { id } } userErrors { code field } } } }',
      { input: ids.map((id) => ({ id })), to: stages.B },
    )
    expect(moved.results).toEqual([
      { opportunity: { pendingStage: { id: stages.B } }, userErrors: [] },
      { opportunity: null, userErrors: [{ code: 'NO_APPROVAL_FLOW', field: ['input', '1', 'toStageId'] }] },
    ])
    expect((await look(ids[1] as string)).pendingStage).toBeNull()
  })
})

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Any, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Person, person } from '../support/people.ts'

let test: TestApp
let manager: Person
let rep: Person
let other: Person
let sales: { id: string; stages: Record<string, string> }
beforeAll(async () => {
  test = await testApp()
  manager = await person(test, test.acme, 'manager')
  rep = await person(test, test.acme, 'rep', { managerId: manager.id })
  other = await person(test, test.acme, 'rep', { managerId: manager.id })
  sales = await pipelineOf(test.acme)
})
afterAll(() => test?.close())

/** The pipeline that a company begins with, its stages by name. */
async function pipelineOf(company: Company) {
  const { pipelines } = await company.run<Any>(
    '{ pipelines(where: { isDefault: { eq: true } }) { nodes { id stages { nodes { id name } } } } }',
  )
  const [{ id, stages }] = pipelines.nodes
  return { id, stages: Object.fromEntries(stages.nodes.map((one: Any) => [one.name, one.id])) }
}

const codes = ({ userErrors }: Any) => userErrors.map(({ code, field }: Any) => `${code} ${field?.join('.')}`)
const deal = async (ownerId: string, more: Record<string, unknown> = {}) =>
  (await make(test.acme, 'Opportunity', { ownerId, stageId: sales.stages.Prospecting, ...more })).id as string

const VERBS = {
  move: 'mutation($id: ID!, $to: ID!) { it: moveOpportunityStage(id: $id, toStageId: $to) { changed opportunity { status } userErrors { code field details } } }',
  win: 'mutation($id: ID!) { it: closeWon(id: $id) { changed opportunity { status } userErrors { code field details } } }',
  lose: 'mutation($id: ID!, $why: ID!) { it: closeLost(id: $id, lossReasonId: $why) { changed opportunity { status reasonForLoss { name } lossReason } userErrors { code field details } } }',
  reopen:
    'mutation($id: ID!) { it: reopenOpportunity(id: $id, reason: "Mistake") { changed opportunity { status } userErrors { code field details } } }',
  clone:
    'mutation($id: ID!) { it: cloneOpportunity(id: $id) { opportunity { id status owner { id } } userErrors { code field details } } }',
  change:
    'mutation($id: ID!, $pipeline: ID!) { it: changePipeline(id: $id, pipelineId: $pipeline) { changed userErrors { code field details } } }',
  splits:
    'mutation($id: ID!, $splits: [OpportunitySplitInput!]!) { it: setOpportunitySplits(id: $id, splits: $splits) { opportunity { splits { nodes { splitPct user { id } } } } userErrors { code field details } } }',
  team: 'mutation($id: ID!, $members: [OpportunityTeamMemberInput!]!) { it: setOpportunityTeam(id: $id, members: $members) { opportunity { id } userErrors { code field details } } }',
} as const
const call = async (who: Pick<Person, 'run'>, verb: keyof typeof VERBS, variables: Any): Promise<Any> =>
  (await who.run<Any>(VERBS[verb], variables)).it

describe('opening a deal again', () => {
  it('takes a right of its own, which managers have and sales representatives do not', async () => {
    const id = await deal(rep.id)
    expect(codes(await call(rep, 'win', { id }))).toEqual([])
    const refused = await rep.ask(VERBS.reopen, { id })
    expect([refused.status, refused.errors?.[0]?.extensions.code]).toEqual([403, 'FORBIDDEN'])
    expect(await call(manager, 'reopen', { id })).toMatchObject({ changed: true, opportunity: { status: 'OPEN' } })
  })

  it('reaches no further than the deals of the people below', async () => {
    const id = await deal(test.acme.adminUserId)
    await call(test.acme, 'win', { id })
    expect(codes(await call(manager, 'reopen', { id }))).toEqual(['NOT_FOUND id'])
  })
})

describe('the verbs of sales', () => {
  it('find no deal, stage, pipeline or reason of another company or out of sight', async () => {
    const theirs = await pipelineOf(test.globex)
    const foreign = (await make(test.globex, 'Opportunity')).id
    const hidden = await deal(other.id)
    const why = (await make(test.acme, 'LossReason')).id
    const strange = (await make(test.globex, 'LossReason')).id
    for (const id of [foreign, hidden, 'oppo_none']) {
      for (const verb of ['win', 'clone'] as const)
        expect([verb, codes(await call(rep, verb, { id }))]).toEqual([verb, ['NOT_FOUND id']])
      expect(codes(await call(rep, 'lose', { id, why }))).toEqual(['NOT_FOUND id'])
      expect(codes(await call(rep, 'change', { id, pipeline: sales.id }))).toEqual(['NOT_FOUND id'])
      expect(codes(await call(rep, 'splits', { id, splits: [] }))).toEqual(['NOT_FOUND id'])
    }
    const id = await deal(rep.id)
    expect(codes(await call(rep, 'lose', { id, why: strange }))).toEqual(['NOT_FOUND lossReasonId'])
    expect(codes(await call(rep, 'change', { id, pipeline: theirs.id }))).toEqual(['NOT_FOUND pipelineId'])
    expect(codes(await call(rep, 'move', { id, to: theirs.stages.Proposal }))).toEqual(['NOT_FOUND toStageId'])
    const splits = [{ userId: (await make(test.globex, 'User', { status: 'ACTIVE' })).id, splitPct: '100' }]
    expect(codes(await call(test.acme, 'splits', { id, splits }))).toEqual(['NOT_FOUND splits.0.userId'])
  })

  it('answer a second try with the same key as the first, and write once', async () => {
    const why = (await make(test.acme, 'LossReason', { name: 'Acme budget' })).id
    const id = await deal(rep.id)
    const document = VERBS.lose.replace(' { changed', ' @idempotent(key: "lose-once") { changed')
    const [first, second] = [await rep.run<Any>(document, { id, why }), await rep.run<Any>(document, { id, why })]
    expect(first.it).toEqual({
      changed: true,
      opportunity: { status: 'LOST', reasonForLoss: { name: 'Acme budget' }, lossReason: 'Acme budget' },
      userErrors: [],
    })
    expect(second).toEqual(first)
    const { opportunity } = await rep.run<Any>(
      'query($id: ID!) { opportunity(id: $id) { stageHistory { nodes { id } } } }',
      { id },
    )
    expect(opportunity.stageHistory.nodes).toHaveLength(2)
  })

  it('give a copy to who makes it', async () => {
    const id = await deal(rep.id)
    const { opportunity } = await call(manager, 'clone', { id })
    expect(opportunity).toMatchObject({ status: 'OPEN', owner: { id: manager.id } })
  })
})

describe('moving several deals', () => {
  const MANY =
    'mutation($input: [RecordVersionInput!]!, $to: ID!, $policy: ErrorPolicy) { it: moveOpportunities(input: $input, toStageId: $to, errorPolicy: $policy, reason: "Review") { results { opportunity { id stage { name } stageHistory { nodes { reason } } } userErrors { code field } } userErrors { code } } }'

  it('is all or nothing, or as many as can be', async () => {
    const mine = [await deal(rep.id), await deal(rep.id)]
    const closed = await deal(rep.id)
    await call(rep, 'win', { id: closed })
    const input = [...mine, closed, await deal(other.id)].map((id) => ({ id }))
    const all = await rep.run<Any>(MANY, { input, to: sales.stages.Proposal })
    expect(all.it.results.map(codes)).toEqual([[], [], ['INVALID_STATE input.2.id'], ['NOT_FOUND input.3.id']])
    expect(await call(rep, 'move', { id: mine[0], to: sales.stages.Prospecting })).toMatchObject({ changed: false })
    const some = await rep.run<Any>(MANY, { input, to: sales.stages.Proposal, policy: 'REJECT_FAILED_ROWS' })
    expect(some.it.results.map(codes)).toEqual([[], [], ['INVALID_STATE input.2.id'], ['NOT_FOUND input.3.id']])
    expect(some.it.results.slice(0, 2).map(({ opportunity }: Any) => opportunity)).toEqual(
      mine.map((id) => ({
        id,
        stage: { name: 'Proposal' },
        stageHistory: { nodes: [{ reason: null }, { reason: 'Review' }] },
      })),
    )
  })

  it('takes an empty list, and at most two hundred', async () => {
    expect((await rep.run<Any>(MANY, { input: [], to: sales.stages.Proposal })).it).toEqual({
      results: [],
      userErrors: [],
    })
    const input = Array.from({ length: 201 }, () => ({ id: 'oppo_none' }))
    expect((await rep.run<Any>(MANY, { input, to: sales.stages.Proposal })).it.userErrors).toEqual([
      { code: 'BULK_TOO_LARGE' },
    ])
  })
})

describe('a pipeline for some departments', () => {
  it('is closed to the others, for new deals and for moves, and open to administrators', async () => {
    const above = (await make(test.acme, 'Department')).id
    const below = (await make(test.acme, 'Department', { parentId: above })).id
    const inside = await person(test, test.acme, 'rep', { departmentId: below })
    const { id: pipelineId } = await make(test.acme, 'Pipeline', { departmentIds: [above] })
    const stage = async (more: Any) =>
      (await make(test.acme, 'Stage', { pipelineId, kind: 'OPEN', probability: 10, entryTasks: [], ...more })).id
    const [first, second] = [await stage({ sort: 1 }), await stage({ sort: 2 })]
    const create = async (who: Pick<Person, 'run'>) =>
      (
        await who.run<Any>(
          'mutation($input: CreateOpportunityInput!) { createOpportunity(input: $input) { opportunity { id } userErrors { code field } } }',
          { input: { name: 'AcmeMark inside', stageId: first } },
        )
      ).createOpportunity
    expect(codes(await create(rep))).toEqual(['FORBIDDEN input.pipelineId'])
    expect(codes(await create(test.acme))).toEqual([])
    const made = await create(inside)
    expect(codes(await call(inside, 'move', { id: made.opportunity.id, to: second }))).toEqual([])
    const mine = (await make(test.acme, 'Opportunity', { stageId: first, ownerId: rep.id })).id
    expect(codes(await call(rep, 'move', { id: mine, to: second }))).toEqual(['FORBIDDEN toStageId'])
    expect(codes(await call(rep, 'change', { id: await deal(rep.id), pipeline: pipelineId }))).toEqual([
      'FORBIDDEN toStageId',
    ])
    expect(codes(await call(test.acme, 'move', { id: mine, to: second }))).toEqual([])
    const strange = (await make(test.globex, 'Department')).id
    const { updatePipeline } = await test.acme.run<Any>(
      'mutation($id: ID!, $ids: [String!]) { updatePipeline(id: $id, input: { departmentIds: $ids }) { userErrors { code field } } }',
      { id: pipelineId, ids: [above, strange] },
    )
    expect(codes(updatePipeline)).toEqual(['NOT_FOUND input.departmentIds.1'])
  })
})

describe('a transition for some roles', () => {
  it('is open to their holders and to administrators', async () => {
    const { roles } = await test.acme.run<Any>('{ roles(where: { key: { eq: "manager" } }) { nodes { id } } }')
    const { id: pipelineId } = await make(test.acme, 'Pipeline')
    const stage = async (sort: number) =>
      (await make(test.acme, 'Stage', { pipelineId, sort, kind: 'OPEN', probability: 10, entryTasks: [] })).id
    const [first, second] = [await stage(1), await stage(2)]
    await make(test.acme, 'StageTransition', {
      pipelineId,
      fromStageId: first,
      toStageId: second,
      roleIds: [roles.nodes[0].id],
    })
    const id = (await make(test.acme, 'Opportunity', { stageId: first, ownerId: rep.id })).id
    const refused = await call(rep, 'move', { id, to: second })
    expect(codes(refused)).toEqual(['STAGE_TRANSITION_NOT_ALLOWED toStageId'])
    expect(refused.userErrors[0].details).toEqual({ from: first, to: second, allowed: [] })
    expect(codes(await call(manager, 'move', { id, to: second }))).toEqual([])
  })
})

describe('the team of a deal', () => {
  const sees = async (who: Person, id: string) =>
    (await who.run<Any>('query($id: ID!) { opportunity(id: $id) { id } }', { id })).opportunity !== null
  const shares = async (id: string) =>
    (
      await test.acme.run<Any>(
        'query($id: ID!) { recordShares(where: { recordId: { eq: $id } }, orderBy: [{ field: ID }]) { nodes { user { id } teamRole access } } }',
        { id },
      )
    ).recordShares.nodes

  it('sees the deal, writes it where it may, and is replaced all at once; other shares stay', async () => {
    const id = await deal(manager.id)
    const guest = await person(test, test.acme, 'rep')
    await test.acme.run(
      'mutation($id: ID!, $user: ID!) { addTeamMember(recordId: $id, userId: $user) { userErrors { code } } }',
      { id, user: guest.id },
    )
    const members = [
      { userId: rep.id, role: 'Sales engineer' },
      { userId: other.id, role: 'Partner', access: 'WRITE' },
    ]
    expect(codes(await call(test.acme, 'team', { id, members }))).toEqual([])
    expect([await sees(rep, id), await sees(other, id), await sees(guest, id)]).toEqual([true, true, true])
    expect(codes(await call(rep, 'move', { id, to: sales.stages.Proposal }))).toEqual(['FORBIDDEN id'])
    expect(codes(await call(other, 'move', { id, to: sales.stages.Proposal }))).toEqual([])
    expect(codes(await call(test.acme, 'team', { id, members: [{ userId: rep.id, role: 'Lead' }] }))).toEqual([])
    expect(await shares(id)).toEqual([
      { user: { id: guest.id }, teamRole: null, access: 'READ' },
      { user: { id: rep.id }, teamRole: 'Lead', access: 'READ' },
    ])
    expect([await sees(other, id), await sees(guest, id)]).toEqual([false, true])
    expect(codes(await call(test.acme, 'team', { id, members: [] }))).toEqual([])
    expect(await shares(id)).toHaveLength(1)
  })

  it('is not its owner, nobody twice, and nobody without a part to play', async () => {
    const id = await deal(manager.id)
    const set = async (...members: Any[]) => codes(await call(test.acme, 'team', { id, members }))
    expect(await set({ userId: manager.id, role: 'Owner' })).toEqual(['OWNER_IS_MEMBER members.0.userId'])
    expect(await set({ userId: rep.id, role: 'A' }, { userId: rep.id, role: 'B' })).toEqual([
      'VALIDATION_FAILED members.1.userId',
    ])
    expect(await set({ userId: rep.id, role: ' ' })).toEqual(['VALIDATION_FAILED members.0.role'])
    expect(await set({ userId: 'user_none', role: 'A' })).toEqual(['NOT_FOUND members.0.userId'])
    expect(await shares(id)).toEqual([])
  })
})

describe('a competitor in a deal', () => {
  it('is named once, wins at most once, and stays on the list while deals name it', async () => {
    const id = await deal(rep.id)
    const [one, two] = [await make(test.acme, 'Competitor'), await make(test.acme, 'Competitor')]
    const link = (competitorId: string, more = {}) =>
      make(test.acme, 'OpportunityCompetitor', { opportunityId: id, competitorId, ...more })
    const first = await link(one.id, { isWinner: true })
    await link(two.id, { isWinner: true })
    const { opportunity } = await rep.run<Any>(
      'query($id: ID!) { opportunity(id: $id) { opportunityCompetitors(orderBy: [{ field: ID }]) { nodes { isWinner competitor { id } } } } }',
      { id },
    )
    expect(opportunity.opportunityCompetitors.nodes).toEqual([
      { isWinner: false, competitor: { id: one.id } },
      { isWinner: true, competitor: { id: two.id } },
    ])
    await expect(link(one.id)).rejects.toThrow('UNIQUE_VIOLATION')
    const remove = 'mutation($id: ID!) { deleteCompetitor(id: $id) { userErrors { code field } } }'
    expect(codes((await test.acme.run<Any>(remove, { id: one.id })).deleteCompetitor)).toEqual(['REFERENCE_IN_USE id'])
    await test.acme.run('mutation($id: ID!) { deleteOpportunityCompetitor(id: $id) { userErrors { code } } }', {
      id: first.id,
    })
    expect(codes((await test.acme.run<Any>(remove, { id: one.id })).deleteCompetitor)).toEqual([])
  })
})

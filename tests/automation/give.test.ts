import { expect, it } from '@jest/globals'
import type { Any } from '../support/app.ts'
import { flow, openFlows, refusedDraft, runsOf, verb, work } from '../support/automation.ts'
import { make } from '../support/factory.ts'
import { type Person, person } from '../support/people.ts'

const all = openFlows()

const off = (id: string) => verb(all.acme, 'disableWorkflow', id)
const ownerOf = async (name: string, id: string): Promise<string | null> =>
  (await all.acme.run<Any>(`query($id: ID!) { ${name}(id: $id) { owner { id } } }`, { id }))[name].owner?.id ?? null

/** Somebody with a role of their own and these rights. */
async function userWith(...rows: Record<string, unknown>[]): Promise<Person> {
  const role = await make(all.acme, 'Role', {}, 'id key')
  for (const row of rows)
    await make(all.acme, 'ObjectPermission', {
      allowList: false,
      roleId: role.id,
      canRead: true,
      canCreate: true,
      canUpdate: true,
      canTransfer: false,
      readScope: 'ALL',
      writeScope: 'ALL',
      ...row,
    })
  return person(all.test, all.acme, role.key)
}

/** What one run of a workflow with one step makes of a new record: its first run and the record's id. */
async function once(step: Record<string, unknown>, object: string, record: Record<string, unknown>, more = {}) {
  const id = await flow(all.acme, { object, trigger: 'RECORD_CREATED', steps: [{ key: 'do', ...step }], ...more })
  const made = await make(all.acme, object, record)
  await work(all)
  const runs = await runsOf(all.acme, id)
  expect(runs.map(({ recordId }) => recordId)).toEqual([made.id])
  await off(id)
  return { run: runs[0], id: made.id, workflow: id }
}

const rule = async (candidates: string[], more: Record<string, unknown> = {}): Promise<string> => {
  const { createAssignmentRule } = await all.acme.run<Any>(
    'mutation($input: CreateAssignmentRuleInput!) { createAssignmentRule(input: $input) { assignmentRule { id } userErrors { code field message } } }',
    {
      input: {
        name: `Rule ${Math.random()}`,
        object: 'LEAD',
        strategy: 'ROUND_ROBIN',
        candidates: candidates.map((userId) => ({ userId })),
        ...more,
      },
    },
  )
  expect(createAssignmentRule.userErrors).toEqual([])
  return createAssignmentRule.assignmentRule.id
}

it('gives a record to whom its rule chooses, once, and leaves it where the rule has nobody', async () => {
  const ann = await person(all.test, all.acme, 'rep')
  const gone = await make(all.acme, 'User', { status: 'ACTIVE' })
  const lead = { ownerId: all.acme.adminUserId }
  const ruleId = await rule([ann.id])
  const { run, id } = await once({ action: 'ASSIGN', assignmentRuleId: ruleId }, 'Lead', lead)
  expect(run).toMatchObject({
    status: 'COMPLETED',
    steps: [{ attempts: 1, result: { outcome: 'ASSIGNED', ownerId: ann.id } }],
  })
  expect(await ownerOf('lead', id)).toBe(ann.id)
  // Looked at again, nothing is done again.
  await work(all)
  const { lead: history } = await all.acme.run<Any>(
    'query($id: ID!) { lead(id: $id) { ownershipRecords { nodes { reason } } } }',
    { id },
  )
  expect(history.ownershipRecords.nodes).toHaveLength(1)
  const nobody = await rule([gone.id])
  await all.acme.run(
    'mutation($id: ID!) { updateUser(id: $id, input: { status: SUSPENDED }) { userErrors { code } } }',
    {
      id: gone.id,
    },
  )
  const none = await once({ action: 'ASSIGN', assignmentRuleId: nobody }, 'Lead', lead)
  expect(none.run).toMatchObject({
    status: 'COMPLETED',
    steps: [{ result: { outcome: 'NO_CANDIDATE', ownerId: null } }],
  })
  expect(await ownerOf('lead', none.id)).toBe(all.acme.adminUserId)
  const unfit = await rule([ann.id], { condition: { companyName: { eq: 'Nobody' } } })
  const other = await once({ action: 'ASSIGN', assignmentRuleId: unfit }, 'Lead', lead)
  expect(other.run).toMatchObject({ status: 'COMPLETED', steps: [{ result: { outcome: 'NO_RULE', ownerId: null } }] })
  expect(await ownerOf('lead', other.id)).toBe(all.acme.adminUserId)
})

it('fails with the code of why nobody can be given the record, which stays whose it is', async () => {
  const ann = await person(all.test, all.acme, 'rep')
  const owned = { ownerId: all.acme.adminUserId }
  const off = await rule([ann.id], { active: false })
  const unable = await userWith({ object: 'Lead' }, { object: 'User' }, { object: 'AssignmentRule' })
  const blind = await userWith({ object: 'Lead' })
  const suspended = await make(all.acme, 'User', { status: 'SUSPENDED' })
  const cases: [Record<string, unknown>, Record<string, unknown>, string][] = [
    [{ assignmentRuleId: off }, {}, 'VALIDATION_FAILED'],
    [{ assignmentRuleId: await rule([ann.id]) }, { runAsId: unable.id }, 'FORBIDDEN'],
    [{ userId: ann.id }, { runAsId: unable.id }, 'FORBIDDEN'],
    [{ userId: suspended.id }, {}, 'USER_INACTIVE'],
    // Who may see no users is told nothing of them.
    [{ userId: suspended.id }, { runAsId: blind.id }, 'FORBIDDEN'],
    // Templates that give nobody.
    [{ userId: '{{ record.campaign.ownerId }}' }, {}, 'REFERENCE_NOT_FOUND'],
    [{ userId: '{{ record.description }} ' }, {}, 'NOT_FOUND'],
  ]
  for (const [step, more, code] of cases) {
    const { run, id } = await once({ action: 'ASSIGN', ...step }, 'Lead', owned, more)
    expect([step, run.status, run.errorCode]).toEqual([step, 'FAILED', code])
    expect(await ownerOf('lead', id)).toBe(all.acme.adminUserId)
  }
})

it('puts a case into a queue, whose next member gets it, and fails where it is not in use', async () => {
  const ann = await person(all.test, all.acme, 'rep')
  const queue = await make(all.acme, 'CaseQueue', { routing: 'ROUND_ROBIN', isDefault: false, active: true })
  await make(all.acme, 'CaseQueueMember', { queueId: queue.id, userId: ann.id, active: true })
  const step = { action: 'ASSIGN', queueId: queue.id }
  const owned = { ownerId: all.acme.adminUserId }
  const { run, id } = await once(step, 'Case', owned)
  expect(run).toMatchObject({ status: 'COMPLETED', steps: [{ attempts: 1, result: { recordId: id, changed: true } }] })
  expect(await ownerOf('case', id)).toBe(ann.id)
  expect(
    await refusedDraft(all.acme, { object: 'Lead', trigger: 'RECORD_CREATED', steps: [{ key: 'x', ...step }] }),
  ).toEqual(['VALIDATION_FAILED input.steps.0.queueId'])
  const both = { key: 'x', ...step, userId: ann.id }
  expect(await refusedDraft(all.acme, { object: 'Case', trigger: 'RECORD_CREATED', steps: [both] })).toEqual([
    'VALIDATION_FAILED input.steps.0.userId',
  ])
  const theirs = await make(all.globex, 'CaseQueue')
  const foreign = { key: 'x', action: 'ASSIGN', queueId: theirs.id }
  expect(await refusedDraft(all.acme, { object: 'Case', trigger: 'RECORD_CREATED', steps: [foreign] })).toEqual([
    'REFERENCE_NOT_FOUND input.steps.0.queueId',
  ])
  await all.acme.run(
    'mutation($id: ID!) { updateCaseQueue(id: $id, input: { active: false }) { userErrors { code } } }',
    {
      id: queue.id,
    },
  )
  const shut = await once(step, 'Case', owned)
  expect(shut.run).toMatchObject({ status: 'FAILED', errorCode: 'INVALID_STATE' })
  expect(await ownerOf('case', shut.id)).toBe(all.acme.adminUserId)
})

it('submits a record for approval as whom it runs as, once, and fails with the code of why not', async () => {
  const { acme } = all
  const boss = await person(all.test, acme, 'manager')
  const ann = await person(all.test, acme, 'manager', { managerId: boss.id })
  const { createApprovalFlow } = await acme.run<Any>(
    'mutation($input: CreateApprovalFlowInput!) { createApprovalFlow(input: $input) { approvalFlow { id } userErrors { code field } } }',
    {
      input: {
        name: 'Big deals',
        object: 'Opportunity',
        condition: { name: { startsWith: 'big' } },
        steps: [{ name: 'Boss', source: 'USERS', userIds: [boss.id], emptyApproverAction: 'REFUSE' }],
      },
    },
  )
  expect(createApprovalFlow.userErrors).toEqual([])
  await acme.run('mutation($id: ID!) { publishApprovalFlow(id: $id) { userErrors { code } } }', {
    id: createApprovalFlow.approvalFlow.id,
  })
  const step = { action: 'START_APPROVAL' }
  const deal = (name: string) => ({ name, ownerId: ann.id, sourceId: null })
  const approvals = async (recordId: string) =>
    (
      await acme.run<Any>(
        'query($id: ID!) { approvalInstances(where: { recordId: { eq: $id } }) { nodes { id status submitter { id } } } }',
        { id: recordId },
      )
    ).approvalInstances.nodes
  const runAs = { runAsId: ann.id }
  const { run, id } = await once(step, 'Opportunity', deal('big one'), runAs)
  expect(run).toMatchObject({ status: 'COMPLETED', steps: [{ attempts: 1 }] })
  await work(all)
  expect(await approvals(id)).toEqual([
    { id: run.steps[0].result.recordId, status: 'PENDING', submitter: { id: ann.id } },
  ])

  // A second step finds it waiting; what the first did stays done, once.
  const twice = await flow(acme, {
    object: 'Opportunity',
    trigger: 'RECORD_CREATED',
    steps: ['one', 'two'].map((key) => ({ key, ...step })),
    ...runAs,
  })
  const { id: second } = await make(acme, 'Opportunity', deal('big two'))
  await work(all)
  const [failed] = await runsOf(acme, twice)
  expect(failed).toMatchObject({
    status: 'FAILED',
    errorCode: 'ALREADY_IN_APPROVAL',
    steps: [{ status: 'COMPLETED' }, { status: 'FAILED', errorCode: 'ALREADY_IN_APPROVAL' }],
  })
  expect((await verb(acme, 'retryWorkflowRun', failed.id)).userErrors).toEqual([])
  await work(all)
  expect(await runsOf(acme, twice)).toMatchObject([{ status: 'FAILED', errorCode: 'ALREADY_IN_APPROVAL' }])
  expect(await approvals(second)).toHaveLength(1)
  await off(twice)

  const small = await once(step, 'Opportunity', deal('small'), runAs)
  expect(small.run).toMatchObject({ status: 'FAILED', errorCode: 'NO_APPROVAL_FLOW' })
  const unable = await userWith({ object: 'Opportunity' }, { object: 'User' })
  for (const principal of [{ runAsId: unable.id }, { principal: 'SYSTEM' }]) {
    const none = await once(step, 'Opportunity', deal('big three'), principal)
    expect(none.run).toMatchObject({ status: 'FAILED', errorCode: 'FORBIDDEN' })
    expect(await approvals(none.id)).toEqual([])
  }
  await acme.run('mutation($id: ID!) { updateUser(id: $id, input: { status: SUSPENDED }) { userErrors { code } } }', {
    id: boss.id,
  })
  const lonely = await once(step, 'Opportunity', deal('big four'), runAs)
  expect(lonely.run).toMatchObject({ status: 'FAILED', errorCode: 'NO_APPROVER' })
  expect(await approvals(lonely.id)).toEqual([])
})

import { expect, it } from '@jest/globals'
import type { Any } from '../support/app.ts'
import { flow, openFlows, runsOf, verb, work } from '../support/automation.ts'
import { make } from '../support/factory.ts'
import { uuidIn } from '../support/owner.ts'

const all = openFlows()

const SET = {
  key: 'set',
  action: 'UPDATE_RECORD',
  values: { description: 'Seen: {{ record.companyName }} for {{ record.owner.name }}' },
}

const leadOf = async (id: string): Promise<Any> =>
  (
    await all.acme.run<Any>(
      'query($id: ID!) { lead(id: $id) { description industry owner { id } version updatedBy { id } } }',
      { id },
    )
  ).lead

const hot = (more: Record<string, unknown> = {}) => ({
  object: 'Lead',
  trigger: 'RECORD_CREATED',
  condition: { rating: { eq: 'HOT' } },
  steps: [SET],
  ...more,
})

const lead = async (more: Record<string, unknown> = {}): Promise<string> =>
  (await make(all.acme, 'Lead', { rating: 'HOT', ownerId: all.acme.adminUserId, ...more })).id

const off = (id: string) => verb(all.acme, 'disableWorkflow', id)

it('does its steps for a new record that meets its condition, and for no other', async () => {
  const id = await flow(all.acme, hot())
  const good = await lead({ companyName: 'Acme ‘Wolf’' })
  await lead({ rating: 'COLD' })
  await work(all)
  const runs = await runsOf(all.acme, id)
  expect(runs).toHaveLength(1)
  expect(runs[0]).toMatchObject({ status: 'COMPLETED', recordId: good, objectType: 'Lead', depth: 1, errorCode: null })
  expect(runs[0].steps).toMatchObject([{ key: 'set', status: 'COMPLETED', attempts: 1, result: { recordId: good } }])
  expect((await leadOf(good)).description).toBe('Seen: Acme ‘Wolf’ for AcmeMark admin')
  // What a run writes says so.
  const changes = await all.owner.rows<{ actor: string; request: string; user: string }>(
    `SELECT actor, request_id AS request, user_id AS user FROM change WHERE tenant_id = atrium.tenant_id() AND record_id = $1 AND operation = 'updated'`,
    uuidIn(good),
  )
  expect(changes).toEqual([{ actor: `workflow:${id}`, request: runs[0].id, user: uuidIn(all.acme.adminUserId) }])
  await off(id)
})

it('does not start when it is disabled, and finishes what is under way then', async () => {
  const id = await flow(all.acme, hot({ steps: [{ key: 'wait', action: 'WAIT', minutes: 60 }, SET] }))
  const first = await lead()
  await work(all)
  expect(await runsOf(all.acme, id)).toMatchObject([{ status: 'WAITING' }])
  await off(id)
  await lead()
  await work(all, new Date(Date.now() + 61 * 60_000))
  expect(await runsOf(all.acme, id)).toMatchObject([{ status: 'COMPLETED', recordId: first }])
})

it('goes on by the version that it began with', async () => {
  const id = await flow(all.acme, hot({ steps: [{ key: 'wait', action: 'WAIT', minutes: 5 }, SET] }))
  const before = await lead()
  await work(all)
  const { updateWorkflow } = await all.acme.run<Any>(
    'mutation($id: ID!, $steps: [WorkflowStepInput!]) { updateWorkflow(id: $id, input: { steps: $steps }) { userErrors { code field } } }',
    { id, steps: [{ key: 'other', action: 'UPDATE_RECORD', values: { description: 'other' } }] },
  )
  expect(updateWorkflow.userErrors).toEqual([])
  expect((await verb(all.acme, 'publishWorkflow', id)).workflow.publishedVersion).toEqual({ number: 2 })
  // Published as it is: nothing happens.
  expect((await verb(all.acme, 'publishWorkflow', id)).workflow.publishedVersion).toEqual({ number: 2 })
  const after = await lead()
  await work(all, new Date(Date.now() + 6 * 60_000))
  expect((await leadOf(before)).description).toMatch(/^Seen/)
  expect((await leadOf(after)).description).toBe('other')
  await off(id)
})

it('starts for changes of watched fields, from one value to another', async () => {
  const id = await flow(all.acme, {
    object: 'Lead',
    trigger: 'RECORD_UPDATED',
    watchedFields: ['rating'],
    fromValue: 'COLD',
    toValue: 'HOT',
    steps: [SET],
  })
  const change = (record: string, input: Record<string, unknown>) =>
    all.acme.run(
      'mutation($id: ID!, $input: UpdateLeadInput!) { updateLead(id: $id, input: $input) { userErrors { code } } }',
      {
        id: record,
        input,
      },
    )
  const [cold, warm] = [await lead({ rating: 'COLD' }), await lead({ rating: 'WARM' })]
  await change(cold, { industry: 'mining' })
  await change(warm, { rating: 'HOT' })
  await work(all)
  expect(await runsOf(all.acme, id)).toEqual([])
  await change(cold, { rating: 'HOT' })
  await work(all)
  expect(await runsOf(all.acme, id)).toMatchObject([{ status: 'COMPLETED', recordId: cold }])
  await off(id)
})

it('starts for what went to the recycle bin', async () => {
  const id = await flow(all.acme, {
    object: 'Lead',
    trigger: 'RECORD_DELETED',
    condition: { rating: { eq: 'HOT' } },
    steps: [{ key: 'task', action: 'CREATE_TASK', values: { title: 'Ask why {{ record.companyName }} is gone' } }],
  })
  const gone = await lead({ companyName: 'Gone' })
  await lead({ rating: 'COLD' })
  await all.acme.run('mutation($id: ID!) { deleteLead(id: $id) { userErrors { code } } }', { id: gone })
  await work(all)
  const runs = await runsOf(all.acme, id)
  expect(runs).toMatchObject([{ recordId: gone }])
  await off(id)
})

it('asks a branch, and does the steps of its answer', async () => {
  const id = await flow(
    all.acme,
    hot({
      steps: [
        { key: 'big', action: 'BRANCH', condition: { employees: { gt: 100 } } },
        { key: 'yes', action: 'UPDATE_RECORD', branch: 'big', values: { description: 'big' } },
        { key: 'huge', action: 'BRANCH', branch: 'big', condition: { employees: { gt: 1000 } } },
        { key: 'also', action: 'UPDATE_RECORD', branch: 'huge', values: { industry: 'huge' } },
        { key: 'no', action: 'UPDATE_RECORD', branch: 'big', when: 'NO_MATCH', values: { description: 'small' } },
      ],
    }),
  )
  const [small, big] = [await lead({ employees: 3, industry: null }), await lead({ employees: 500, industry: null })]
  await work(all)
  expect(await leadOf(small)).toMatchObject({ description: 'small', industry: null })
  expect(await leadOf(big)).toMatchObject({ description: 'big', industry: null })
  const runs = await runsOf(all.acme, id)
  expect(runs.map(({ steps }) => steps.map(({ key }: Any) => key))).toEqual([
    ['big', 'no'],
    ['big', 'yes', 'huge'],
  ])
  await off(id)
})

it('makes tasks and records with values of their types, and gives records to people', async () => {
  const { id: userId } = await make(all.acme, 'User', { status: 'ACTIVE' })
  const id = await flow(
    all.acme,
    hot({
      steps: [
        { key: 'assign', action: 'ASSIGN', userId },
        {
          key: 'task',
          action: 'CREATE_TASK',
          values: { title: 'Call {{ record.companyName }}', assigneeId: '{{ record.ownerId }}', priority: 'HIGH' },
        },
        { key: 'tag', action: 'CREATE_RECORD', object: 'Tag', values: { name: 'hot {{ run.id }}' } },
      ],
    }),
  )
  const record = await lead({ companyName: 'Nova' })
  await work(all)
  const [run] = await runsOf(all.acme, id)
  expect(run).toMatchObject({ status: 'COMPLETED' })
  const { task } = await all.acme.run<Any>(
    'query($id: ID!) { task(id: $id) { title priority assignee { id } links { nodes { record { ... on Lead { id } } } } } }',
    { id: run.steps[1].result.recordId },
  )
  // The owner as the step before left it.
  expect(task).toEqual({
    title: 'Call Nova',
    priority: 'HIGH',
    assignee: { id: userId },
    links: { nodes: [{ record: { id: record } }] },
  })
  expect((await leadOf(record)).owner.id).toBe(userId)
  await off(id)
})

it('fails with the code of what a step may not write, and is tried again when somebody mended it', async () => {
  const id = await flow(
    all.acme,
    hot({
      steps: [
        {
          key: 'set',
          action: 'UPDATE_RECORD',
          values: { industry: '{{ record.companyName }}{{ record.companyName }}' },
        },
      ],
    }),
  )
  const record = await lead({ companyName: 'x'.repeat(200) })
  await work(all)
  const [run] = await runsOf(all.acme, id)
  expect(run).toMatchObject({
    status: 'FAILED',
    errorCode: 'VALIDATION_FAILED',
    steps: [{ status: 'FAILED', attempts: 1 }],
  })
  await all.acme.run(
    'mutation($id: ID!) { updateLead(id: $id, input: { companyName: "short" }) { userErrors { code } } }',
    { id: record },
  )
  expect((await verb(all.acme, 'retryWorkflowRun', run.id)).workflowRun).toMatchObject({ status: 'QUEUED' })
  await work(all)
  expect(await runsOf(all.acme, id)).toMatchObject([{ status: 'COMPLETED', errorCode: null, steps: [{ attempts: 2 }] }])
  expect((await verb(all.acme, 'retryWorkflowRun', run.id)).userErrors).toMatchObject([{ code: 'INVALID_STATE' }])
  await off(id)
})

it('is stopped where it stands', async () => {
  const id = await flow(all.acme, hot({ steps: [{ key: 'wait', action: 'WAIT', minutes: 5 }, SET] }))
  const record = await lead({ description: 'mine' })
  await work(all)
  const [run] = await runsOf(all.acme, id)
  expect((await verb(all.acme, 'cancelWorkflowRun', run.id)).workflowRun).toMatchObject({ status: 'CANCELLED' })
  expect((await verb(all.acme, 'cancelWorkflowRun', run.id)).userErrors).toMatchObject([{ code: 'INVALID_STATE' }])
  expect((await verb(all.globex, 'cancelWorkflowRun', run.id)).userErrors).toMatchObject([{ code: 'NOT_FOUND' }])
  expect((await verb(all.globex, 'retryWorkflowRun', run.id)).userErrors).toMatchObject([{ code: 'NOT_FOUND' }])
  await work(all, new Date(Date.now() + 6 * 60_000))
  expect((await leadOf(record)).description).toBe('mine')
  await off(id)
})

it('does not wait for a date that is over, and waits for one that is to come', async () => {
  const id = await flow(all.acme, {
    object: 'Task',
    trigger: 'RECORD_CREATED',
    steps: [
      { key: 'wait', action: 'WAIT', until: 'dueAt' },
      { key: 'set', action: 'UPDATE_RECORD', values: { description: 'due' } },
    ],
  })
  const due = (ms: number) => new Date(Date.now() + ms).toISOString()
  const { id: over } = await make(all.acme, 'Task', { dueAt: due(-60_000) })
  const { id: later } = await make(all.acme, 'Task', { dueAt: due(3_600_000) })
  await work(all)
  const states = Object.fromEntries((await runsOf(all.acme, id)).map((run) => [run.recordId, run.status]))
  expect(states).toEqual({ [over]: 'COMPLETED', [later]: 'WAITING' })
  await work(all, new Date(Date.now() + 3_601_000))
  expect((await runsOf(all.acme, id)).map(({ status }) => status)).toEqual(['COMPLETED', 'COMPLETED'])
  await off(id)
})

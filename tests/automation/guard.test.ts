import { expect, it } from '@jest/globals'
import type { Any } from '../support/app.ts'
import { codes, draft, flow, openFlows, refusedDraft, runsOf, verb, work } from '../support/automation.ts'
import { make } from '../support/factory.ts'
import { uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'

const all = openFlows()

const STEP = { key: 'set', action: 'UPDATE_RECORD', values: { description: 'seen' } }
const created = { object: 'Lead', trigger: 'RECORD_CREATED', steps: [STEP] }

const off = (id: string) => verb(all.acme, 'disableWorkflow', id)

/** A user with a role of their own: what it may do, and that it may see and publish workflows. */
async function userWith(rows: Record<string, unknown>[], more: Record<string, unknown> = {}): Promise<Person> {
  const role = await make(all.acme, 'Role', {}, 'id key')
  for (const row of rows) await make(all.acme, 'ObjectPermission', { roleId: role.id, ...ROW, ...row })
  return person(all.test, all.acme, role.key, more)
}

const ROW = {
  canRead: true,
  canCreate: true,
  canUpdate: true,
  canDelete: false,
  canRestore: false,
  canDestroy: false,
  canExport: false,
  canImport: false,
  canTransfer: false,
  canMerge: false,
  canApprove: false,
  canConvert: false,
  canReopen: false,
  readScope: 'OWN',
  writeScope: 'OWN',
  allowList: false,
}
const WORKFLOWS = ['Workflow', 'WorkflowRun', 'WorkflowVersion', 'StepRun', 'User'].map((object) => ({
  object,
  readScope: 'ALL',
  writeScope: 'ALL',
}))

const leadOf = async (id: string): Promise<Any> =>
  (await all.acme.run<Any>('query($id: ID!) { lead(id: $id) { description industry } }', { id })).lead

it('does not start a workflow again that its own writes would start, and says so in a run', async () => {
  const id = await flow(all.acme, {
    object: 'Lead',
    trigger: 'RECORD_UPDATED',
    steps: [{ key: 'set', action: 'UPDATE_RECORD', values: { description: '{{ record.description }}+' } }],
  })
  const { id: lead } = await make(all.acme, 'Lead', { description: 'a' })
  await all.acme.run(
    'mutation($id: ID!) { updateLead(id: $id, input: { industry: "mining" }) { userErrors { code } } }',
    { id: lead },
  )
  await work(all)
  const runs = await runsOf(all.acme, id)
  expect(runs).toMatchObject([
    { status: 'COMPLETED', depth: 1 },
    { status: 'FAILED', errorCode: 'WORKFLOW_LOOP', depth: 2, cause: { id: runs[0].id } },
  ])
  expect((await leadOf(lead)).description).toBe('a+')
  expect((await verb(all.acme, 'retryWorkflowRun', runs[1].id)).userErrors).toMatchObject([{ code: 'INVALID_STATE' }])
  await off(id)
})

it('stops two workflows that start one another, and a chain that is too long', async () => {
  const on = (field: string, other: string) => ({
    object: 'Lead',
    trigger: 'RECORD_UPDATED',
    watchedFields: [field],
    steps: [{ key: 'set', action: 'UPDATE_RECORD', values: { [other]: `{{ record.${field} }}!` } }],
  })
  const [ping, pong] = [await flow(all.acme, on('industry', 'title')), await flow(all.acme, on('title', 'industry'))]
  const { id: lead } = await make(all.acme, 'Lead', { industry: 'a', title: 'b' })
  await all.acme.run('mutation($id: ID!) { updateLead(id: $id, input: { industry: "c" }) { userErrors { code } } }', {
    id: lead,
  })
  await work(all)
  expect(await runsOf(all.acme, ping)).toMatchObject([
    { status: 'COMPLETED', depth: 1 },
    { errorCode: 'WORKFLOW_LOOP', depth: 3 },
  ])
  expect(await runsOf(all.acme, pong)).toMatchObject([{ status: 'COMPLETED', depth: 2 }])
  await off(ping)
  await off(pong)
  // Each makes another record: never the same one twice, and for ever.
  const chain = await flow(all.acme, {
    object: 'Tag',
    trigger: 'RECORD_CREATED',
    maxDepth: 3,
    condition: { name: { startsWith: 'chain' } },
    steps: [{ key: 'next', action: 'CREATE_RECORD', object: 'Tag', values: { name: '{{ record.name }}x' } }],
  })
  await make(all.acme, 'Tag', { name: 'chain' })
  await work(all)
  expect((await runsOf(all.acme, chain)).map(({ depth, status, errorCode }) => [depth, status, errorCode])).toEqual([
    [1, 'COMPLETED', null],
    [2, 'COMPLETED', null],
    [3, 'COMPLETED', null],
    [4, 'FAILED', 'WORKFLOW_LOOP'],
  ])
  await off(chain)
})

it('sees and writes no more than who it runs as', async () => {
  const limited = await userWith([{ object: 'Lead' }])
  await make(all.acme, 'FieldPermission', {
    roleId: (await all.acme.run<Any>('query($id: ID!) { user(id: $id) { role { id } } }', { id: limited.id })).user.role
      .id,
    object: 'Lead',
    field: 'industry',
    access: 'READ',
    mask: 'NONE',
  })
  const id = await flow(all.acme, { ...created, runAsId: limited.id })
  const { id: own } = await make(all.acme, 'Lead', { ownerId: limited.id, description: 'old' })
  const { id: foreign } = await make(all.acme, 'Lead', { ownerId: all.acme.adminUserId, description: 'old' })
  await work(all)
  expect(await leadOf(own)).toMatchObject({ description: 'seen' })
  // Out of their sight: there is nothing that could start it.
  expect(await leadOf(foreign)).toMatchObject({ description: 'old' })
  expect(await runsOf(all.acme, id)).toMatchObject([{ recordId: own, status: 'COMPLETED' }])
  await off(id)
  const field = await flow(all.acme, {
    ...created,
    runAsId: limited.id,
    steps: [{ ...STEP, values: { industry: 'x' } }],
  })
  await make(all.acme, 'Lead', { ownerId: limited.id })
  await work(all)
  expect(await runsOf(all.acme, field)).toMatchObject([{ status: 'FAILED', errorCode: 'FIELD_FORBIDDEN' }])
  await off(field)
  const task = await flow(all.acme, {
    ...created,
    runAsId: limited.id,
    steps: [{ key: 'task', action: 'CREATE_TASK', values: { title: 'x' } }],
  })
  await make(all.acme, 'Lead', { ownerId: limited.id })
  await work(all)
  expect(await runsOf(all.acme, task)).toMatchObject([{ status: 'FAILED', errorCode: 'FORBIDDEN' }])
  await off(task)
})

it('fails when who it runs as has left, also in the middle', async () => {
  const leaving = await person(all.test, all.acme, 'manager')
  const id = await flow(all.acme, {
    ...created,
    runAsId: leaving.id,
    steps: [{ key: 'wait', action: 'WAIT', minutes: 5 }, STEP],
  })
  await make(all.acme, 'Lead', { ownerId: leaving.id })
  await work(all)
  expect(await runsOf(all.acme, id)).toMatchObject([{ status: 'WAITING' }])
  const { updateUser } = await all.acme.run<Any>(
    'mutation($id: ID!) { updateUser(id: $id, input: { status: SUSPENDED }) { userErrors { code } } }',
    { id: leaving.id },
  )
  expect(updateUser.userErrors).toEqual([])
  await make(all.acme, 'Lead', { ownerId: leaving.id })
  await work(all, new Date(Date.now() + 6 * 60_000))
  expect((await runsOf(all.acme, id)).map(({ errorCode }) => errorCode)).toEqual(['USER_INACTIVE', 'USER_INACTIVE'])
  await off(id)
  const another = await draft(all.acme, { ...created, runAsId: leaving.id })
  expect(codes(await verb(all.acme, 'publishWorkflow', another))).toEqual(['USER_INACTIVE runAsId'])
})

it('is not published with a principal who may do more than the publisher', async () => {
  const small = await userWith([...WORKFLOWS, { object: 'Lead' }])
  const equal = await userWith([...WORKFLOWS, { object: 'Lead' }])
  const strong = await person(all.test, all.acme, 'manager')
  const publish = async (input: Record<string, unknown>) => {
    const id = await draft(all.acme, { ...created, ...input })
    return { id, codes: codes(await verb(small, 'publishWorkflow', id)) }
  }
  const mine = await publish({})
  expect(mine.codes).toEqual([])
  expect((await publish({ runAsId: strong.id })).codes).toEqual(['PRIVILEGE_ESCALATION runAsId'])
  // Of the same rights, and of other records.
  expect((await publish({ runAsId: equal.id })).codes).toEqual(['PRIVILEGE_ESCALATION runAsId'])
  const system = await publish({ principal: 'SYSTEM' })
  expect(system.codes).toEqual(['PRIVILEGE_ESCALATION principal'])
  // Nor does somebody switch on what another published.
  expect(codes(await verb(all.acme, 'publishWorkflow', system.id))).toEqual([])
  expect(codes(await verb(small, 'enableWorkflow', system.id))).toEqual(['PRIVILEGE_ESCALATION id'])
  expect(codes(await verb(small, 'enableWorkflow', mine.id))).toEqual([])
  await off(mine.id)
})

it('fails with the reason when its condition names a field that is gone', async () => {
  const { id: field } = await make(all.acme, 'FieldDefinition', {
    object: 'Lead',
    apiName: 'tier',
    type: 'TEXT',
    required: false,
    unique: false,
  })
  const id = await flow(all.acme, {
    ...created,
    condition: { customFields: [{ field: 'tier', eq: 'GOLD' }] },
  })
  await all.acme.run('mutation($id: ID!) { deleteFieldDefinition(id: $id, force: true) { userErrors { code } } }', {
    id: field,
  })
  const { id: lead } = await make(all.acme, 'Lead')
  await work(all)
  const runs = await runsOf(all.acme, id)
  expect(runs).toMatchObject([{ status: 'FAILED', recordId: lead, errorCode: 'BAD_USER_INPUT' }])
  // Whether the record meets it was never asked.
  expect((await verb(all.acme, 'retryWorkflowRun', runs[0].id)).userErrors).toMatchObject([{ code: 'INVALID_STATE' }])
  await off(id)
})

it('refuses drafts that could not run, each with its place', async () => {
  const step = (more: Record<string, unknown>) => refusedDraft(all.acme, { ...created, steps: [{ ...STEP, ...more }] })
  expect(await refusedDraft(all.acme, { ...created, object: undefined })).toEqual(['VALIDATION_FAILED input.object'])
  expect(await refusedDraft(all.acme, { ...created, object: 'Role' })).toEqual(['VALIDATION_FAILED input.object'])
  expect(await refusedDraft(all.acme, { ...created, condition: { nothing: { eq: 1 } } })).toEqual([
    'VALIDATION_FAILED input.condition',
  ])
  expect(
    await refusedDraft(all.acme, { ...created, trigger: 'RECORD_UPDATED', watchedFields: ['nothing'], toValue: 'x' }),
  ).toEqual(['VALIDATION_FAILED input.watchedFields.0', 'VALIDATION_FAILED input.toValue'])
  expect(await refusedDraft(all.acme, { trigger: 'SCHEDULE', cron: 'every day' })).toEqual([
    'VALIDATION_FAILED input.cron',
  ])
  expect(await refusedDraft(all.acme, { object: 'Lead', trigger: 'DATE_REACHED', dateField: 'rating' })).toEqual([
    'VALIDATION_FAILED input.dateField',
  ])
  expect(await step({ values: { nothing: 1 } })).toEqual(['VALIDATION_FAILED input.steps.0.values.nothing'])
  expect(await step({ values: { description: '{{ record.nothing }}' } })).toEqual([
    'VALIDATION_FAILED input.steps.0.values',
  ])
  expect(await step({ values: { description: '{% include "/etc/passwd" %}' } })).toEqual([
    'VALIDATION_FAILED input.steps.0.values',
  ])
  expect(await step({ values: { description: '{{ secret }}' } })).toEqual(['VALIDATION_FAILED input.steps.0.values'])
  expect(await step({ branch: 'none' })).toEqual(['VALIDATION_FAILED input.steps.0.branch'])
  expect(await step({ target: 'nowhere' })).toEqual(['VALIDATION_FAILED input.steps.0.target'])
  expect(await step({ action: 'START_APPROVAL' })).toEqual(['VALIDATION_FAILED input.steps.0.action'])
  expect(await step({ action: 'WAIT' })).toEqual(['VALIDATION_FAILED input.steps.0.minutes'])
  expect(await step({ action: 'ASSIGN' })).toEqual(['VALIDATION_FAILED input.steps.0.userId'])
})

it('is published with steps and enabled when it was published', async () => {
  const id = await draft(all.acme, { ...created, steps: [] })
  expect(codes(await verb(all.acme, 'publishWorkflow', id))).toEqual(['VALIDATION_FAILED steps'])
  expect(codes(await verb(all.acme, 'enableWorkflow', id))).toEqual(['INVALID_STATE id'])
  for (const name of ['publishWorkflow', 'enableWorkflow', 'disableWorkflow'])
    expect(codes(await verb(all.globex, name, id))).toEqual(['NOT_FOUND id'])
})

it('costs companies without workflows nothing, and leaves theirs alone', async () => {
  const [{ cursors } = { cursors: -1 }] = await all.owner.rows<{ cursors: number }>(
    'SELECT count(*)::integer AS cursors FROM workflow_cursor',
  )
  expect(cursors).toBe(0)
  const id = await flow(all.acme, created)
  const { id: foreign } = await make(all.globex, 'Lead', { description: 'theirs' })
  await work(all)
  expect(await runsOf(all.acme, id)).toEqual([])
  const { lead } = await all.globex.run<Any>('query($id: ID!) { lead(id: $id) { description } }', { id: foreign })
  expect(lead.description).toBe('theirs')
  expect(await all.owner.rows<{ id: string }>('SELECT tenant_id AS id FROM workflow_cursor')).toEqual([
    { id: uuidIn(all.acme.id) },
  ])
  await off(id)
})

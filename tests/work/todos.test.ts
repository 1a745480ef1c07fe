import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'

let app: TestApp
let owner: Owner
let ann: Person
let boss: Person
beforeAll(async () => {
  app = await testApp()
  owner = await openOwner(app, app.acme)
  boss = await person(app, app.acme, 'manager')
  ann = await person(app, app.acme, 'rep', { managerId: boss.id })
})
afterAll(async () => {
  await owner?.close()
  await app?.close()
})

type Caller = Pick<Person, 'run'>
const listOf = async (who: Caller, where: object = { doneAt: { isNull: true } }) =>
  (
    await who.run<Any>(
      'query($where: TodoItemFilter) { todos(where: $where, orderBy: [{ field: DUE_AT }], first: 100) { nodes { id kind title dueAt doneAt dismissed record { __typename id } user { id } } } }',
      { where },
    )
  ).todos.nodes
const of = async (who: Caller, recordId: string) => listOf(who, { recordId: { eq: recordId } })
const call = async (who: Caller, verb: string, id: string, more = '') =>
  (
    await who.run<Any>(
      `mutation($id: ID!) { ${verb}(id: $id${more}) { todoItem { id doneAt dismissed } userErrors { code field } } }`,
      { id },
    )
  )[verb]
const task = (who: { id: string }, more: object = {}) =>
  make(app.acme, 'Task', {
    assigneeId: who.id,
    startAt: null,
    dueAt: '2026-03-01T10:00:00Z',
    status: 'NOT_STARTED',
    ...more,
  })
const customer = (who: { id: string }, more: object = {}) =>
  make(app.acme, 'Account', { ownerId: who.id, nextFollowUpAt: '2026-03-01T10:00:00Z', lastActivityAt: null, ...more })

describe('a to-do', () => {
  it('is its user’s and nobody else’s: not the manager’s, the administrator’s or another company’s', async () => {
    const { id } = await task(ann)
    const [mine] = await of(ann, id)
    expect(mine).toMatchObject({ kind: 'TASK_DUE', record: { __typename: 'Task', id }, user: { id: ann.id } })
    for (const other of [boss, app.acme, app.globex]) {
      expect(await listOf(other, {})).not.toContainEqual(expect.objectContaining({ id: mine.id }))
      const found = await other.run<Any>('query($id: ID!) { todoItem(id: $id) { id } node(id: $id) { id } }', {
        id: mine.id,
      })
      expect(found).toEqual({ todoItem: null, node: null })
      expect((await call(other, 'completeTodo', mine.id)).userErrors).toEqual([{ code: 'NOT_FOUND', field: ['id'] }])
      expect((await call(other, 'snoozeTodo', mine.id, ', until: "2098-01-01T00:00:00Z"')).userErrors).toEqual([
        { code: 'NOT_FOUND', field: ['id'] },
      ])
    }
  })

  it('shows from its time on and not before', async () => {
    const { id: later } = await task(ann, { startAt: '2098-01-01T00:00:00Z', dueAt: '2098-02-01T00:00:00Z' })
    expect(await of(ann, later)).toEqual([])
    const { id: now } = await task(ann, { startAt: '2026-01-01T00:00:00Z', dueAt: '2098-02-01T00:00:00Z' })
    expect(await of(ann, now)).toHaveLength(1)
  })

  it('is not there any more when its user may not see the record', async () => {
    const { id: accountId } = await make(app.acme, 'Account', { ownerId: app.acme.adminUserId })
    const { id } = await make(app.acme, 'Contract', {
      accountId,
      ownerId: boss.id,
      amount: { amount: '10', currency: 'USD' },
    })
    const give = () =>
      owner.rows(
        `SELECT atrium.todo_put('RETURN_VISIT_DUE', 'Contract', $1, $2, 'Visit', '2026-03-01T00:00:00Z', '2026-03-01T00:00:00Z', NULL)`,
        uuidIn(id),
        uuidIn(ann.id),
      )
    await give()
    expect(await of(ann, id)).toEqual([])
    const { id: share } = await make(app.acme, 'RecordShare', { recordId: id, userId: ann.id, access: 'READ' })
    expect((await of(ann, id)).map(({ kind }: Any) => kind)).toEqual(['RETURN_VISIT_DUE'])
    await app.acme.run('mutation($id: ID!) { deleteRecordShare(id: $id) { userErrors { code } } }', { id: share })
    expect(await of(ann, id)).toEqual([])
  })

  it('that another domain writes is done for all, or for one, when it says so', async () => {
    const { id } = await customer(ann, { nextFollowUpAt: null })
    const put = (due: string) =>
      owner.rows(
        `SELECT atrium.todo_put('RETURN_VISIT_DUE', 'Account', $1, $2, 'Visit', $3::timestamptz, NULL, $1)`,
        uuidIn(id),
        uuidIn(ann.id),
        due,
      )
    await put('2026-03-01T00:00:00Z')
    await owner.rows(`SELECT atrium.todo_done('RETURN_VISIT_DUE', 'Account', $1)`, uuidIn(id))
    expect((await of(ann, id))[0].doneAt).not.toBeNull()
    await put('2026-04-01T00:00:00Z')
    expect((await of(ann, id))[0].doneAt).toBeNull()
    expect(await of(ann, id)).toHaveLength(1)
  })
})

describe('completeTodo', () => {
  it('takes off what no verb does, until something new causes it', async () => {
    const { id } = await customer(ann)
    const [todo] = await of(ann, id)
    expect((await call(ann, 'completeTodo', todo.id)).todoItem).toMatchObject({ id: todo.id, dismissed: true })
    const done = (await of(ann, id))[0].doneAt
    expect(done).not.toBeNull()
    // A retry and a look at something else change nothing.
    expect((await call(ann, 'completeTodo', todo.id)).userErrors).toEqual([])
    await app.acme.run(
      'mutation($id: ID!) { updateAccount(id: $id, input: { name: "Another" }) { userErrors { code } } }',
      { id },
    )
    expect(await of(ann, id)).toMatchObject([{ doneAt: done, title: 'Another' }])
    await app.acme.run(
      'mutation($id: ID!) { updateAccount(id: $id, input: { nextFollowUpAt: "2026-04-01T10:00:00Z" }) { userErrors { code } } }',
      { id },
    )
    expect(await of(ann, id)).toMatchObject([{ doneAt: null, dismissed: false }])
  })

  it('is refused for what ends with a verb of its record', async () => {
    const { id } = await task(ann)
    const [todo] = await of(ann, id)
    expect((await call(ann, 'completeTodo', todo.id)).userErrors).toEqual([{ code: 'INVALID_STATE', field: ['id'] }])
  })
})

describe('snoozeTodo', () => {
  it('puts off, and another day of the same brings it back', async () => {
    const { id } = await task(ann)
    const [todo] = await of(ann, id)
    const answer = await call(
      ann,
      'snoozeTodo',
      todo.id,
      `, until: "${new Date(Date.now() + 86_400_000).toISOString()}"`,
    )
    expect(answer).toEqual({ todoItem: null, userErrors: [] })
    expect(await of(ann, id)).toEqual([])
    await app.acme.run(
      'mutation($id: ID!) { updateTask(id: $id, input: { dueAt: "2026-05-01T10:00:00Z" }) { userErrors { code } } }',
      { id },
    )
    expect(await of(ann, id)).toHaveLength(1)
  })

  it('refuses a moment that is over, far away or none, and what is done', async () => {
    const { id } = await customer(ann)
    const [todo] = await of(ann, id)
    for (const until of ['2020-01-01T00:00:00Z', '2090-01-01T00:00:00Z', 'soon'])
      expect((await call(ann, 'snoozeTodo', todo.id, `, until: "${until}"`)).userErrors).toEqual([
        { code: 'VALIDATION_FAILED', field: ['until'] },
      ])
    await call(ann, 'completeTodo', todo.id)
    const soon = new Date(Date.now() + 3_600_000).toISOString()
    expect((await call(ann, 'snoozeTodo', todo.id, `, until: "${soon}"`)).userErrors).toEqual([
      { code: 'INVALID_STATE', field: ['id'] },
    ])
  })
})

describe('todoSummary', () => {
  it('counts what is open, overdue and due today, by kind, as the list shows it', async () => {
    const who = await person(app, app.acme, 'rep', { timezone: 'Pacific/Auckland' })
    const SUMMARY = '{ todoSummary { open overdue today byKind { kind open overdue today } } }'
    expect(await who.run(SUMMARY)).toEqual({ todoSummary: { open: 0, overdue: 0, today: 0, byKind: [] } })
    await task(who)
    await task(who, { dueAt: '2098-01-01T00:00:00Z' })
    await task(who, { dueAt: '2098-01-01T00:00:00Z', startAt: '2097-01-01T00:00:00Z' })
    await task(who, { status: 'DONE' })
    await customer(who)
    expect(await who.run(SUMMARY)).toEqual({
      todoSummary: {
        open: 3,
        overdue: 2,
        today: 0,
        byKind: [
          { kind: 'CUSTOMER_FOLLOW_UP', open: 1, overdue: 1, today: 0 },
          { kind: 'TASK_DUE', open: 2, overdue: 1, today: 0 },
        ],
      },
    })
    expect(await listOf(who)).toHaveLength(3)
  })
})

describe('the other sources', () => {
  it('are registrations, for the registrant’s manager, and requests for rights, for their approver', async () => {
    const { submitRegistration } = await ann.run<Any>(
      'mutation { submitRegistration(input: { companyName: "Registered Ltd", taxNo: "T-1" }) { customerRegistration { id } userErrors { code field } } }',
    )
    const registration = submitRegistration.customerRegistration.id
    expect((await of(boss, registration)).map(({ kind }: Any) => kind)).toEqual(['REGISTRATION_APPROVAL'])
    expect(await of(ann, registration)).toEqual([])
    await boss.run('mutation($id: ID!) { rejectRegistration(id: $id, reason: "No") { userErrors { code } } }', {
      id: registration,
    })
    expect((await of(boss, registration))[0].doneAt).not.toBeNull()
  })

  it('are approvals, for the approver whose turn it is', async () => {
    const { id: instance } = await make(app.acme, 'ApprovalInstance')
    const { approvalInstance } = await app.acme.run<Any>(
      'query($id: ID!) { approvalInstance(id: $id) { record { id } } }',
      {
        id: instance,
      },
    )
    expect(await of(app.acme, approvalInstance.record.id)).toMatchObject([{ kind: 'APPROVAL', doneAt: null }])
    const { approve } = await app.acme.run<Any>(
      'mutation($id: ID!) { approve(id: $id) { userErrors { code message } } }',
      { id: instance },
    )
    expect(approve.userErrors).toEqual([])
    expect((await of(app.acme, approvalInstance.record.id))[0].doneAt).not.toBeNull()
  })

  it('are money that is due and contracts and quotes that end, for the owner', async () => {
    const { id: planId } = await make(app.acme, 'ReceiptPlan')
    expect((await of(app.acme, planId)).map(({ kind }: Any) => kind)).toEqual(['RECEIPT_DUE'])
    const { receiptPlan } = await app.acme.run<Any>('query($id: ID!) { receiptPlan(id: $id) { contract { id } } }', {
      id: planId,
    })
    const contract = receiptPlan.contract.id
    expect(await of(app.acme, contract)).toMatchObject([
      { kind: 'CONTRACT_EXPIRING', dueAt: '2026-12-05T15:59:59.999Z' },
    ])
    await app.acme.run(
      'mutation($id: ID!, $to: ID!) { transferContract(id: $id, toUserId: $to) { userErrors { code } } }',
      { id: contract, to: ann.id },
    )
    expect(await of(app.acme, planId)).toEqual([])
    expect((await of(ann, planId)).map(({ kind }: Any) => kind)).toEqual(['RECEIPT_DUE'])
  })
})

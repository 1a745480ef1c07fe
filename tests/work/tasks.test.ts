import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { nextOccurrence, recurrenceProblem } from '../../src/resolvers/work/recurrence.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Person, person } from '../support/people.ts'

let app: TestApp
let ann: Person
let bob: Person
beforeAll(async () => {
  app = await testApp()
  ann = await person(app, app.acme, 'rep', { timezone: 'Europe/Berlin' })
  bob = await person(app, app.acme, 'rep')
})
afterAll(() => app?.close())

const task = (who: { id: string }, more: object = {}) =>
  make(app.acme, 'Task', {
    assigneeId: who.id,
    startAt: null,
    dueAt: '2026-03-27T08:00:00Z',
    status: 'NOT_STARTED',
    recurrence: null,
    checklist: [],
    ...more,
  })
const call = async (who: Pick<Person, 'run'>, verb: string, id: string, version?: number) =>
  (
    await who.run<Any>(
      `mutation($id: ID!, $v: Int) { ${verb}(id: $id, expectedVersion: $v) { task { status completedAt } userErrors { code field } } }`,
      { id, v: version },
    )
  )[verb]
const series = async (id: string) => {
  const { tasks } = await app.acme.run<Any>(
    'query($id: ID!) { tasks(first: 3, where: { recurrenceOfId: { eq: $id } }) { nodes { id title dueAt startAt status checklist { title done } links(first: 2) { nodes { record { id } } } } } }',
    { id },
  )
  return tasks.nodes
}
const wrong = async (input: object) =>
  (
    await app.acme.run<Any>(
      'mutation($input: CreateTaskInput!) { createTask(input: $input) { task { id } userErrors { code field } } }',
      {
        input: { title: 'T', ...input },
      },
    )
  ).createTask.userErrors.map(({ code, field }: Any) => `${code} ${field.slice(1).join('.')}`)

describe('completeTask and reopenTask', () => {
  it('move a task between open and done, once', async () => {
    const { id } = await task(ann)
    const done = await call(ann, 'completeTask', id)
    expect(done).toMatchObject({ task: { status: 'DONE' }, userErrors: [] })
    expect((await call(ann, 'completeTask', id)).task.completedAt).toBe(done.task.completedAt)
    expect(await call(ann, 'reopenTask', id)).toMatchObject({ task: { status: 'IN_PROGRESS', completedAt: null } })
    expect((await call(ann, 'completeTask', id, 1)).userErrors).toMatchObject([{ code: 'STALE_VERSION' }])
  })

  it('refuse a cancelled one, and know nothing of others’', async () => {
    const { id } = await task(ann, { status: 'CANCELLED' })
    expect((await call(ann, 'completeTask', id)).userErrors).toEqual([{ code: 'INVALID_STATE', field: ['id'] }])
    expect((await call(bob, 'completeTask', id)).userErrors).toEqual([{ code: 'NOT_FOUND', field: ['id'] }])
    expect((await call(app.globex, 'reopenTask', id)).userErrors).toEqual([{ code: 'NOT_FOUND', field: ['id'] }])
  })

  it('are for collaborators too: those with whom the task is shared to write', async () => {
    const { id } = await task(ann, { checklist: [{ title: 'One', done: false }] })
    await make(app.acme, 'RecordShare', { recordId: id, userId: bob.id, access: 'WRITE' })
    const { updateTask } = await bob.run<Any>(
      'mutation($id: ID!) { updateTask(id: $id, input: { checklist: [{ title: "One", done: true }] }) { task { checklist { title done } } userErrors { code } } }',
      { id },
    )
    expect(updateTask).toEqual({ task: { checklist: [{ title: 'One', done: true }] }, userErrors: [] })
    expect((await call(bob, 'completeTask', id)).userErrors).toEqual([])
  })
})

describe('a task that comes again', () => {
  it('is followed by one when it is done, however often, at the same time of day over the change of the clocks', async () => {
    const { id } = await task(ann, {
      title: 'Weekly',
      startAt: '2026-03-26T08:00:00Z',
      recurrence: 'FREQ=WEEKLY;COUNT=3',
      checklist: [{ title: 'One', done: true }],
    })
    const { id: account } = await make(app.acme, 'Account', { ownerId: ann.id })
    await make(app.acme, 'TaskLink', { taskId: id, recordId: account })
    await Promise.all([call(ann, 'completeTask', id), call(ann, 'completeTask', id)])
    const [second] = await series(id)
    // 9 in Berlin, in winter and in summer.
    expect(await series(id)).toMatchObject([
      {
        title: 'Weekly',
        dueAt: '2026-04-03T07:00:00.000Z',
        startAt: '2026-04-02T07:00:00.000Z',
        status: 'NOT_STARTED',
        checklist: [{ title: 'One', done: false }],
        links: { nodes: [{ record: { id: account } }] },
      },
    ])
    await call(ann, 'reopenTask', id)
    await call(ann, 'completeTask', id)
    expect(await series(id)).toHaveLength(1)
    // By an update as by the verb; the third is the last.
    await ann.run('mutation($id: ID!) { updateTask(id: $id, input: { status: DONE }) { userErrors { code } } }', {
      id: second.id,
    })
    const [third] = await series(second.id)
    expect(third.dueAt).toBe('2026-04-10T07:00:00.000Z')
    await call(ann, 'completeTask', third.id)
    expect(await series(third.id)).toEqual([])
  })

  it('has a day and a rule that ends', async () => {
    const dueAt = '2026-03-27T08:00:00Z'
    expect(await wrong({ recurrence: 'FREQ=DAILY;COUNT=3' })).toEqual(['VALIDATION_FAILED dueAt'])
    for (const recurrence of [
      'FREQ=DAILY',
      'FREQ=DAILY;COUNT=501',
      'nonsense',
      'FREQ=HOURLY;COUNT=3',
      'DTSTART:20260101T000000Z\nRRULE:FREQ=DAILY;COUNT=2',
    ])
      expect([recurrence, await wrong({ dueAt, recurrence })]).toEqual([recurrence, ['VALIDATION_FAILED recurrence']])
    expect(await wrong({ dueAt, recurrence: 'RRULE:FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20270101T000000Z' })).toEqual([])
    expect(await wrong({ dueAt, recurrence: 'FREQ=DAILY;COUNT=500' })).toEqual([])
  })

  it('ends with UNTIL in the time zone, and skips days that a month has not', () => {
    const at = (text: string) => new Date(text)
    expect(
      nextOccurrence(
        'FREQ=DAILY;UNTIL=20260328T080000Z',
        at('2026-03-27T08:00:00Z'),
        at('2026-03-27T08:00:00Z'),
        'Europe/Berlin',
      ),
    ).toEqual(at('2026-03-28T08:00:00Z'))
    expect(
      nextOccurrence(
        'FREQ=DAILY;UNTIL=20260328T080000Z',
        at('2026-03-27T08:00:00Z'),
        at('2026-03-28T08:00:00Z'),
        'Europe/Berlin',
      ),
    ).toBeNull()
    expect(
      nextOccurrence('FREQ=MONTHLY;COUNT=4', at('2026-01-31T08:00:00Z'), at('2026-01-31T08:00:00Z'), 'UTC'),
    ).toEqual(at('2026-03-31T08:00:00Z'))
    expect(
      recurrenceProblem('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=2', at('2026-01-31T08:00:00Z'), 'UTC'),
    ).toMatchObject({ rule: 'rrule' })
  })
})

describe('a task that waits for another', () => {
  const depend = async (taskId: string, dependsOnId: string) =>
    (
      await app.acme.run<Any>(
        'mutation($input: CreateTaskDependencyInput!) { createTaskDependency(input: $input) { userErrors { code field } } }',
        { input: { taskId, dependsOnId } },
      )
    ).createTaskDependency.userErrors.map(({ code }: Any) => code)

  it('makes no ring, also when two are written at once', async () => {
    const ids = await Promise.all([1, 2, 3].map(async () => (await task(ann)).id as string))
    const [a, b, c] = ids as [string, string, string]
    expect(await depend(a, b)).toEqual([])
    expect(await depend(a, b)).toEqual(['UNIQUE_VIOLATION'])
    expect(await depend(b, c)).toEqual([])
    expect(await depend(c, a)).toEqual(['DEPENDENCY_CYCLE'])
    expect(await depend(a, a)).toEqual(['DEPENDENCY_CYCLE'])
    const [d, e] = [(await task(ann)).id, (await task(ann)).id]
    const both = await Promise.all([depend(d, e), depend(e, d)])
    expect(both.flat()).toEqual(['DEPENDENCY_CYCLE'])
  })

  it('has its assignee told when what it waits for is done', async () => {
    const [first, second, waiting] = [await task(ann), await task(ann), await task(bob, { title: 'Build' })]
    await depend(waiting.id, first.id)
    await depend(waiting.id, second.id)
    const told = async () =>
      (
        await bob.run<Any>(
          '{ notifications(where: { type: { eq: "TASK_UNBLOCKED" } }) { nodes { title count payload recordId } } }',
        )
      ).notifications.nodes.filter(({ recordId }: Any) => recordId === waiting.id)
    await call(ann, 'completeTask', first.id)
    expect(await told()).toMatchObject([{ count: 1, payload: { left: 1 } }])
    await call(ann, 'completeTask', second.id)
    expect(await told()).toMatchObject([{ count: 2, title: 'You can begin: Build', payload: { left: 0 } }])
  })
})

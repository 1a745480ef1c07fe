import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { runJobsOnce } from '../../src/jobs/runner.ts'
import { openTenancy, type Tenancy } from '../../src/tenancy/tenancy.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Person, person } from '../support/people.ts'

let app: TestApp
let second: Tenancy
let ann: Person
let bob: Person
beforeAll(async () => {
  app = await testApp()
  second = openTenancy({ databaseUrl: app.database.appUrl, poolSize: 2 })
  ann = await person(app, app.acme, 'rep', { timezone: 'America/New_York' })
  bob = await person(app, app.acme, 'rep')
})
afterAll(async () => {
  await second?.close()
  await app?.close()
})

const task = (who: { id: string }, more: object = {}) =>
  make(app.acme, 'Task', {
    assigneeId: who.id,
    startAt: null,
    dueAt: '2098-03-02T04:30:00Z',
    status: 'NOT_STARTED',
    recurrence: null,
    ...more,
  })
const REMINDER = 'reminder { id firesAt sentAt } userErrors { code field }'
const remind = async (who: Pick<Person, 'run'>, input: object) =>
  (
    await who.run<Any>(`mutation($input: CreateReminderInput!) { createReminder(input: $input) { ${REMINDER} } }`, {
      input,
    })
  ).createReminder
const reminder = async (who: Pick<Person, 'run'>, id: string) =>
  (await who.run<Any>('query($id: ID!) { reminder(id: $id) { firesAt sentAt } }', { id })).reminder
const told = async (who: Person, recordId: string) =>
  (
    await who.run<Any>('{ notifications(where: { type: { eq: "REMINDER" } }) { nodes { title count recordId } } }')
  ).notifications.nodes.filter((one: Any) => one.recordId === recordId)
/** Runs what is due at a moment, in two processes at once, until nothing is. */
const run = async (at: string) => {
  const now = () => new Date(at)
  const both = () => Promise.all([runJobsOnce(app.app.tenancy, { now }), runJobsOnce(second, { now })])
  while ((await both()).some((steps) => steps > 0));
}
const update = (who: Pick<Person, 'run'>, id: string, input: object) =>
  who.run(
    'mutation($id: ID!, $input: UpdateTaskInput!) { updateTask(id: $id, input: $input) { userErrors { code } } }',
    { id, input },
  )

describe('a reminder', () => {
  it('is sent once at its time, by one of two processes, in words of the user’s own day', async () => {
    const { id } = await task(ann)
    const made = await remind(ann, { taskId: id, offsetMinutes: 60 })
    expect(made).toMatchObject({ reminder: { firesAt: '2098-03-02T03:30:00.000Z', sentAt: null }, userErrors: [] })
    await run('2098-03-02T03:29:00Z')
    expect(await told(ann, id)).toEqual([])
    await run('2098-03-02T03:30:30Z')
    // Half past eleven at night of the day before, in New York.
    expect(await told(ann, id)).toEqual([
      { title: expect.stringContaining('2098-03-01 23:30'), count: 1, recordId: id },
    ])
    await run('2098-03-02T05:00:00Z')
    expect((await told(ann, id))[0].count).toBe(1)
    expect((await reminder(ann, made.reminder.id)).sentAt).not.toBeNull()
  })

  it('moves with its task, and is none for what is done', async () => {
    const { id } = await task(ann)
    const { reminder: made } = await remind(ann, { taskId: id, offsetMinutes: 30 })
    await update(app.acme, id, { dueAt: '2098-05-02T12:00:00Z' })
    expect((await reminder(ann, made.id)).firesAt).toBe('2098-05-02T11:30:00.000Z')
    await update(app.acme, id, { status: 'DONE' })
    expect((await reminder(ann, made.id)).firesAt).toBeNull()
    await run('2098-05-02T12:00:00Z')
    expect(await told(ann, id)).toEqual([])
    await update(app.acme, id, { status: 'IN_PROGRESS', dueAt: '2098-06-02T12:00:00Z' })
    await run('2098-06-02T12:00:00Z')
    expect(await told(ann, id)).toHaveLength(1)
    // A later day of a sent one is a new one.
    await update(app.acme, id, { dueAt: '2098-07-02T12:00:00Z' })
    expect((await reminder(ann, made.id)).sentAt).toBeNull()
  })

  it('is its user’s alone, and says either a moment or how long before', async () => {
    const { id } = await task(ann)
    const { reminder: made } = await remind(ann, { taskId: id, at: '2098-01-01T00:00:00Z' })
    for (const other of [bob, app.acme, app.globex]) expect(await reminder(other, made.id)).toBeNull()
    expect((await remind(bob, { taskId: id, at: '2098-01-01T00:00:00Z' })).userErrors).toMatchObject([
      { code: 'NOT_FOUND' },
    ])
    for (const input of [{}, { at: '2098-01-01T00:00:00Z', offsetMinutes: 5 }])
      expect((await remind(ann, { taskId: id, ...input })).userErrors).toMatchObject([{ code: 'VALIDATION_FAILED' }])
  })

  it('tells nothing of a task that its user does not see any more', async () => {
    const { id } = await task(ann)
    await remind(ann, { taskId: id, offsetMinutes: 0 })
    await update(app.acme, id, { assigneeId: bob.id })
    await run('2098-03-02T04:31:00Z')
    expect(await told(ann, id)).toEqual([])
  })
})

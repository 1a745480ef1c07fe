import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Person, person } from '../support/people.ts'

let app: TestApp
let ann: Person
let bob: Person
let boss: Person
beforeAll(async () => {
  app = await testApp()
  boss = await person(app, app.acme, 'manager')
  ann = await person(app, app.acme, 'rep', { managerId: boss.id })
  bob = await person(app, app.acme, 'rep')
})
afterAll(() => app?.close())

type Caller = Pick<Person, 'run'>
const create = async (who: Caller, input: object) =>
  (
    await who.run<Any>(
      'mutation($input: CreateActivityInput!) { createActivity(input: $input) { activity { id } userErrors { code field } } }',
      {
        input,
      },
    )
  ).createActivity
const seen = async (who: Caller, id: string) =>
  await who.run<Any>(
    'query($id: ID!) { activity(id: $id) { subject } node(id: $id) { id } activities(where: { id: { eq: $id } }) { nodes { id } } }',
    { id },
  )

describe('a private activity', () => {
  it('is seen by its owner and the users who are invited, and by nobody else on any way', async () => {
    const { id: account } = await make(app.acme, 'Account', { ownerId: ann.id })
    const { activity } = await create(ann, {
      kind: 'MEETING',
      subject: 'Salary',
      isPrivate: true,
      attendees: [{ recordId: bob.id }],
    })
    await ann.run(
      'mutation($input: CreateActivityLinkInput!) { createActivityLink(input: $input) { userErrors { code } } }',
      {
        input: { activityId: activity.id, recordId: account },
      },
    )
    for (const who of [ann, bob]) expect((await seen(who, activity.id)).activity).toEqual({ subject: 'Salary' })
    const linked =
      'query($id: ID!) { activityLinks(where: { recordId: { eq: $id } }) { nodes { id activity { subject } } } }'
    expect((await ann.run<Any>(linked, { id: account })).activityLinks.nodes).toHaveLength(1)
    for (const who of [boss, app.acme, app.globex]) {
      expect(await seen(who, activity.id)).toEqual({ activity: null, node: null, activities: { nodes: [] } })
      expect((await who.run<Any>(linked, { id: account })).activityLinks.nodes).toEqual([])
      const { updateActivity } = await who.run<Any>(
        'mutation($id: ID!) { updateActivity(id: $id, input: { subject: "Mine" }) { userErrors { code } } }',
        { id: activity.id },
      )
      expect(updateActivity.userErrors).toEqual([{ code: 'NOT_FOUND' }])
    }
    await ann.run(
      'mutation($id: ID!) { updateActivity(id: $id, input: { isPrivate: false }) { userErrors { code } } }',
      { id: activity.id },
    )
    expect((await seen(boss, activity.id)).activity).toEqual({ subject: 'Salary' })
  })
})

describe('an invitation', () => {
  const respond = async (who: Caller, id: string, response: string) =>
    (
      await who.run<Any>(
        'mutation($id: ID!, $response: InvitationResponse!) { respondToInvitation(id: $id, response: $response) { activity { version attendees { recordId response } } userErrors { code field } } }',
        { id, response },
      )
    ).respondToInvitation

  it('is answered by who is invited, for themselves, and the owner is told', async () => {
    const { activity } = await create(ann, {
      kind: 'MEETING',
      subject: 'Plan',
      attendees: [{ recordId: bob.id }, { name: 'Guest' }],
    })
    const first = await respond(bob, activity.id, 'ACCEPTED')
    expect(first.activity.attendees).toMatchObject([{ recordId: bob.id, response: 'ACCEPTED' }, { response: null }])
    expect((await respond(bob, activity.id, 'ACCEPTED')).activity.version).toBe(first.activity.version)
    const { notifications } = await ann.run<Any>(
      '{ notifications(where: { type: { eq: "INVITATION_ANSWERED" } }) { nodes { recordId payload } } }',
    )
    expect(notifications.nodes).toEqual([{ recordId: activity.id, payload: { response: 'ACCEPTED' } }])
    for (const who of [boss, app.acme, app.globex])
      expect((await respond(who, activity.id, 'DECLINED')).userErrors).toEqual([{ code: 'NOT_FOUND', field: ['id'] }])
    await ann.run(
      'mutation($id: ID!) { updateActivity(id: $id, input: { status: CANCELLED }) { userErrors { code } } }',
      { id: activity.id },
    )
    expect((await respond(bob, activity.id, 'DECLINED')).userErrors).toEqual([{ code: 'INVALID_STATE', field: ['id'] }])
  })
})

describe('a follow-up', () => {
  it('says a next one that is still to come', async () => {
    expect((await create(ann, { kind: 'CALL', nextFollowUpAt: '2020-01-01T00:00:00Z' })).userErrors).toEqual([
      { code: 'VALIDATION_FAILED', field: ['input', 'nextFollowUpAt'] },
    ])
    expect((await create(ann, { kind: 'CALL', nextFollowUpAt: '2098-01-01T00:00:00Z' })).userErrors).toEqual([])
  })

  it('is deleted by who wrote it, and what happened is not', async () => {
    const remove = async (who: Caller, id: string) =>
      (await who.run<Any>('mutation($id: ID!) { deleteActivity(id: $id) { userErrors { code field } } }', { id }))
        .deleteActivity.userErrors
    const { activity: note } = await create(ann, { kind: 'NOTE', subject: 'N' })
    const { activity: call } = await create(ann, { kind: 'CALL', subject: 'C' })
    expect(await remove(boss, note.id)).toEqual([{ code: 'INVALID_STATE', field: ['id'] }])
    expect(await remove(bob, note.id)).toEqual([{ code: 'NOT_FOUND', field: ['id'] }])
    expect(await remove(ann, note.id)).toEqual([])
    expect(await remove(ann, call.id)).toEqual([{ code: 'INVALID_STATE', field: ['id'] }])
    expect(await remove(app.acme, call.id)).toEqual([{ code: 'INVALID_STATE', field: ['id'] }])
  })
})

describe('logActivity', () => {
  const LOG =
    'mutation($input: CreateActivityInput!, $ids: [ID!]!, $task: FollowUpTaskInput) { logActivity(input: $input, recordIds: $ids, followUpTask: $task) { activity { id status } userErrors { code field } } }'
  const log = async (who: Caller, input: object, ids: string[], task?: object) =>
    (await who.run<Any>(LOG, { input, ids, task })).logActivity

  it('writes the activity, its links, the next task, and what the customer knows of it, in one go', async () => {
    const { id } = await make(app.acme, 'Account', {
      ownerId: ann.id,
      lastActivityAt: null,
      nextFollowUpAt: '2020-01-01T00:00:00Z',
    })
    const done = await log(ann, { kind: 'CALL', subject: 'Called', nextFollowUpAt: '2098-01-01T09:00:00Z' }, [id], {
      title: 'Call again',
      dueAt: '2098-01-01T09:00:00Z',
    })
    expect(done).toMatchObject({ activity: { status: 'DONE' }, userErrors: [] })
    const { account, taskLinks } = await ann.run<Any>(
      'query($id: ID!) { account(id: $id) { lastActivityAt nextFollowUpAt } taskLinks(where: { recordId: { eq: $id } }) { nodes { task { title assignee { id } } } } }',
      { id },
    )
    expect(account).toEqual({ lastActivityAt: expect.any(String), nextFollowUpAt: '2098-01-01T09:00:00.000Z' })
    expect(taskLinks.nodes).toEqual([{ task: { title: 'Call again', assignee: { id: ann.id } } }])
    // An earlier one that is written down later does not turn the clock back.
    await log(ann, { kind: 'CALL', startAt: '2021-01-01T00:00:00Z' }, [id])
    expect(
      (await ann.run<Any>('query($id: ID!) { account(id: $id) { lastActivityAt } }', { id })).account.lastActivityAt,
    ).toBe(account.lastActivityAt)
  })

  it('writes nothing when anything is wrong', async () => {
    const { id } = await make(app.acme, 'Account', { ownerId: ann.id })
    const { id: foreign } = await make(app.acme, 'Account', { ownerId: boss.id })
    const count = async () =>
      (await ann.run<Any>('{ activities { totalCount { value } } }')).activities.totalCount.value
    const before = await count()
    expect((await log(ann, { kind: 'CALL' }, [])).userErrors).toMatchObject([
      { code: 'VALIDATION_FAILED', field: ['recordIds'] },
    ])
    expect((await log(ann, { kind: 'CALL' }, [id, foreign])).userErrors).toEqual([
      { code: 'NOT_FOUND', field: ['recordIds', '1'] },
    ])
    expect(
      (await log(ann, { kind: 'CALL' }, [id], { title: '', dueAt: '2098-01-01T09:00:00Z' })).userErrors,
    ).toMatchObject([{ code: 'VALIDATION_FAILED' }])
    expect(await count()).toBe(before)
  })
})

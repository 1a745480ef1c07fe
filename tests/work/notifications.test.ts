import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { newId } from '../../src/ids.ts'
import { quietUntil } from '../../src/resolvers/work/channels.ts'
import { type Note, notify } from '../../src/resolvers/work/notify.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'

let app: TestApp
let owner: Owner
let ann: Person
let bob: Person
beforeAll(async () => {
  app = await testApp()
  owner = await openOwner(app, app.acme)
  ann = await person(app, app.acme, 'rep')
  bob = await person(app, app.acme, 'manager', {})
})
afterAll(async () => {
  await owner?.close()
  await app?.close()
})

const tell = (...notes: Note[]) => {
  const tenantId = uuidIn(app.acme.id)
  return app.app.tenancy.writeTenant({ tenantId }, (db) => notify(db, tenantId, notes))
}
const note = (who: Person, more: Partial<Note> = {}): Note => ({
  userId: uuidIn(who.id),
  type: 'TEST',
  title: 'Hear this',
  ...more,
})
const LIST =
  '{ notifications(orderBy: [{ field: CREATED_AT }]) { nodes { id type title count readAt recordId } } unreadNotificationCount }'
const listOf = async (who: Pick<Person, 'run'>) => (await who.run<Any>(LIST)).notifications.nodes
const unread = async (who: Pick<Person, 'run'>) => (await who.run<Any>(LIST)).unreadNotificationCount
const read = (who: Person, ids: string[] | null) =>
  who.run<Any>('mutation($ids: [ID!]) { markNotificationsRead(ids: $ids) { count unread } }', { ids })
const SETTINGS =
  'mutation($input: UpdateNotificationSettingsInput!) { updateNotificationSettings(input: $input) { notificationSettings { inApp email webhook types { type inApp email webhook } quietFrom quietTo webhookUrl } webhookSecret userErrors { code field } } }'
const set = async (who: Person, input: object) => (await who.run<Any>(SETTINGS, { input })).updateNotificationSettings

describe('a notification', () => {
  it('is seen by the one whom it tells and by nobody else, the administrator and a key of theirs included', async () => {
    await tell(note(ann, { type: 'OWN' }))
    const [mine] = (await listOf(ann)).filter(({ type }: Any) => type === 'OWN')
    expect(mine).toMatchObject({ title: 'Hear this', count: 1, readAt: null })
    const byId = 'query($id: ID!) { notification(id: $id) { id } node(id: $id) { id } }'
    expect(await ann.run<Any>(byId, { id: mine.id })).toEqual({ notification: { id: mine.id }, node: { id: mine.id } })
    for (const other of [bob, app.acme, app.globex]) {
      expect(await listOf(other)).toEqual([])
      expect(await other.run<Any>(byId, { id: mine.id })).toEqual({ notification: null, node: null })
    }
    expect((await read(bob, [mine.id])).markNotificationsRead.count).toBe(0)
    expect((await read(ann, [mine.id])).markNotificationsRead.count).toBe(1)
  })

  it('counts up while it is unread, in one call and in several, and is a new one once it was read', async () => {
    const grouped = note(ann, { type: 'GROUP', groupKey: 'deal 1' })
    await tell(grouped, grouped, { ...grouped, title: 'The last word' })
    await Promise.all([tell(grouped), tell(grouped)])
    const of = async () => (await listOf(ann)).filter(({ type }: Any) => type === 'GROUP')
    expect((await of()).map(({ count }: Any) => count)).toEqual([5])
    await read(ann, null)
    await tell(grouped)
    expect((await of()).map(({ count }: Any) => count)).toEqual([5, 1])
  })

  it('is read once, by name or all together, and others’ ids count for nothing', async () => {
    await read(ann, null)
    await tell(note(ann, { type: 'A' }), note(ann, { type: 'B' }), note(bob, { type: 'C' }))
    expect(await unread(ann)).toBe(2)
    const ids = (await listOf(ann)).filter(({ readAt }: Any) => readAt === null).map(({ id }: Any) => id)
    const [theirs] = await listOf(bob)
    expect((await read(ann, [ids[0], theirs.id, 'nonsense'])).markNotificationsRead).toEqual({ count: 1, unread: 1 })
    expect((await read(ann, [ids[0]])).markNotificationsRead.count).toBe(0)
    expect((await read(ann, null)).markNotificationsRead).toEqual({ count: 1, unread: 0 })
    expect((await read(ann, [])).markNotificationsRead.count).toBe(0)
    expect(await unread(bob)).toBe(1)
  })

  it('is not told to whoever has left, or is nobody', async () => {
    const { id } = await make(app.acme, 'User', { status: 'SUSPENDED' })
    await tell(note(ann, { userId: uuidIn(id) }), note(ann, { userId: newId() }))
    expect(await owner.rows('SELECT 1 FROM notification WHERE user_id = $1', uuidIn(id))).toEqual([])
    await tell()
  })

  it('leads to its record, for those who see it', async () => {
    const { id } = await make(app.acme, 'Account', { ownerId: ann.id })
    const { id: foreign } = await make(app.acme, 'Account', { ownerId: bob.id })
    for (const one of [id, foreign])
      await tell(note(ann, { type: 'RECORD', record: { type: 'Account', uuid: uuidIn(one) } }))
    const { notifications } = await ann.run<Any>(
      '{ notifications(where: { type: { eq: "RECORD" } }, orderBy: [{ field: CREATED_AT }]) { nodes { recordId record { id } } } }',
    )
    expect(notifications.nodes).toEqual([
      { recordId: id, record: { id } },
      { recordId: foreign, record: null },
    ])
  })
})

describe('the settings of a user', () => {
  it('say by what ways they are told, of all types or of one', async () => {
    const cleo = await person(app, app.acme, 'rep')
    await tell(note(cleo))
    const mails = (who: Person) => owner.rows('SELECT kind, subject FROM mail WHERE to_address = $1', who.email)
    expect(await mails(cleo)).toEqual([])
    expect(
      (await set(cleo, { email: true, types: [{ type: 'QUIET', email: false, inApp: false }] })).userErrors,
    ).toEqual([])
    await tell(note(cleo), note(cleo, { type: 'QUIET' }), note(cleo, { type: 'OTHERS_MAIL', mailed: true }))
    expect(await mails(cleo)).toEqual([{ kind: 'NOTIFICATION_TEST', subject: 'Hear this' }])
    expect((await listOf(cleo)).map(({ type }: Any) => type).sort()).toEqual(['OTHERS_MAIL', 'TEST', 'TEST'])
    // One mail of a group, until it is read.
    await tell(note(cleo, { groupKey: 'g' }))
    await tell(note(cleo, { groupKey: 'g' }))
    expect(await mails(cleo)).toHaveLength(2)
  })

  it('refuse what cannot be', async () => {
    const wrong = async (input: object) =>
      (await set(ann, input)).userErrors.map(({ code, field }: Any) => `${code} ${field.slice(1).join('.')}`)
    expect(await wrong({ email: null })).toEqual(['VALIDATION_FAILED email'])
    expect(await wrong({ quietFrom: '25:00', quietTo: '07:00' })).toEqual(['VALIDATION_FAILED quietFrom'])
    expect(await wrong({ quietFrom: '22:00' })).toEqual(['VALIDATION_FAILED quietTo'])
    expect(await wrong({ webhook: true })).toEqual(['VALIDATION_FAILED webhookUrl'])
    for (const webhookUrl of ['http://crm.example/', 'https://10.0.0.1/', 'https://localhost/', 'nonsense'])
      expect(await wrong({ webhookUrl })).toEqual(['VALIDATION_FAILED webhookUrl'])
    expect(await wrong({ types: [{ type: 'a' }] })).toEqual(['VALIDATION_FAILED types.0.type'])
    expect(await wrong({ types: [{ type: 'A' }, { type: 'A' }] })).toEqual(['VALIDATION_FAILED types.1.type'])
  })

  it('give a new address a secret, once', async () => {
    const first = await set(bob, { webhookUrl: 'https://hooks.example.com/a', webhook: true })
    expect(first.webhookSecret).toMatch(/^whsec_/)
    expect(first.notificationSettings.webhookUrl).toBe('https://hooks.example.com/a')
    expect((await set(bob, { email: false })).webhookSecret).toBeNull()
    const second = await set(bob, { webhookUrl: 'https://hooks.example.com/b' })
    expect(second.webhookSecret).not.toBe(first.webhookSecret)
    await tell(note(bob, { type: 'HOOK' }))
    const [row] = await owner.rows<{ body: string }>(
      'SELECT body FROM webhook_delivery WHERE user_id = $1',
      uuidIn(bob.id),
    )
    expect(JSON.parse(row?.body ?? '')).toMatchObject({ type: 'HOOK', title: 'Hear this', userId: bob.id })
  })

  it('let mails wait while it is quiet, in the user’s time zone, over midnight and over the change of the clocks', () => {
    const night = { quietFrom: '22:00', quietTo: '07:00', timezone: 'Europe/Berlin' }
    const until = (at: string, more = {}) => quietUntil({ ...night, ...more }, new Date(at)).toISOString()
    // Noon in Berlin; 23:30; 06:59.
    expect(until('2026-01-10T11:00:00Z')).toBe('2026-01-10T11:00:00.000Z')
    expect(until('2026-01-10T22:30:00Z')).toBe('2026-01-11T06:00:00.000Z')
    expect(until('2026-01-11T05:59:00Z')).toBe('2026-01-11T06:00:00.000Z')
    expect(until('2026-01-11T06:00:00Z')).toBe('2026-01-11T06:00:00.000Z')
    // The night in which the clocks go forward has an hour less.
    expect(until('2026-03-28T21:30:00Z')).toBe('2026-03-29T05:00:00.000Z')
    expect(until('2026-01-10T11:00:00Z', { quietFrom: '12:00', quietTo: '13:00' })).toBe('2026-01-10T12:00:00.000Z')
    expect(until('2026-01-10T22:30:00Z', { quietFrom: null, quietTo: null })).toBe('2026-01-10T22:30:00.000Z')
  })
})

describe('what is told', () => {
  it('is that a task is theirs now, once, and not to who took it', async () => {
    const { id } = await make(app.acme, 'Task', { assigneeId: bob.id, status: 'NOT_STARTED' })
    const told = async (who: Person) => (await listOf(who)).filter(({ recordId }: Any) => recordId === id)
    expect((await told(bob)).map(({ type }: Any) => type)).toEqual(['TASK_ASSIGNED'])
    const give = (who: Pick<Person, 'run'>, to: string) =>
      who.run(
        'mutation($id: ID!, $to: ID!) { updateTask(id: $id, input: { assigneeId: $to }) { userErrors { code } } }',
        {
          id,
          to,
        },
      )
    await give(app.acme, bob.id)
    expect(await told(bob)).toHaveLength(1)
    await give(app.acme, ann.id)
    expect((await told(ann)).map(({ type }: Any) => type)).toEqual(['TASK_ASSIGNED'])
    await give(bob, bob.id)
    expect(await told(bob)).toHaveLength(1)
  })

  it('is that a customer or a lead is theirs now, to the new owner, not to themselves', async () => {
    for (const [type, verb] of [
      ['Account', 'transferAccount'],
      ['Lead', 'transferLead'],
    ] as const) {
      const { id } = await make(app.acme, type, { ownerId: app.acme.adminUserId })
      await app.acme.run(`mutation($id: ID!, $to: ID!) { ${verb}(id: $id, toUserId: $to) { userErrors { code } } }`, {
        id,
        to: ann.id,
      })
      const told = (await listOf(ann)).filter(({ recordId }: Any) => recordId === id)
      expect(told.map(({ type: kind }: Any) => kind)).toEqual([`${type.toUpperCase()}_ASSIGNED`])
    }
    const { id } = await make(app.acme, 'Account', { ownerId: ann.id })
    await app.acme.run(
      'mutation($id: ID!, $to: ID!) { transferAccount(id: $id, toUserId: $to) { userErrors { code } } }',
      {
        id,
        to: app.acme.adminUserId,
      },
    )
    expect((await listOf(app.acme)).filter(({ recordId }: Any) => recordId === id)).toEqual([])
  })
})

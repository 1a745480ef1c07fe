import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readCalendar } from '../../src/resolvers/work/calendar.ts'
import { type Any, callers, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Person, person } from '../support/people.ts'

let test: TestApp
let address: string
let ann: Person
let bob: Person
beforeAll(async () => {
  test = await testApp()
  address = await test.app.listen()
  ann = await person(test, test.acme, 'rep')
  bob = await person(test, test.acme, 'rep')
})
afterAll(() => test?.close())

const feed = async (by: Person): Promise<string> => {
  const { createCalendarFeed } = await by.run<Any>('mutation { createCalendarFeed { url } }')
  return createCalendarFeed.url
}
const get = (path: string, init: RequestInit = {}) => fetch(`${address}${path}`, init)
const path = (url: string) => url.slice(url.indexOf('/calendar/'))
/** What a feed shows, a line each: unfolded (RFC 5545 3.1). */
const read = async (url: string) => (await (await get(path(url))).text()).replaceAll('\r\n ', '')
const titles = async (url: string) =>
  [...(await read(url)).matchAll(/^SUMMARY:(.*)\r$/gm)].map(([, title]) => title).sort()

const at = (days: number, hour = 9) => {
  const date = new Date(Date.now() + days * 86_400_000)
  date.setUTCHours(hour, 0, 0, 0)
  return date.toISOString()
}
const activity = (by: Person, more: Record<string, unknown>) =>
  make(test.acme, 'Activity', {
    kind: 'MEETING',
    ownerId: by.id,
    status: 'PLANNED',
    allDay: false,
    isPrivate: false,
    attendees: [],
    startAt: at(1),
    endAt: at(1, 10),
    nextFollowUpAt: null,
    ...more,
  })

describe('the calendar feed of a user', () => {
  it('has what they own, what they are invited to and their open tasks, and nothing of others', async () => {
    const mine = await activity(ann, { subject: 'Mine, at 9', location: '上海, Hall 5' })
    await activity(bob, { subject: 'Invited', attendees: [{ recordId: ann.id, response: 'NONE' }] })
    await activity(bob, { subject: 'Bob alone' })
    const { createActivity } = await bob.run<Any>(
      'mutation($input: CreateActivityInput!) { createActivity(input: $input) { userErrors { code } } }',
      { input: { kind: 'MEETING', subject: 'Bob private', isPrivate: true, startAt: at(1) } },
    )
    expect(createActivity.userErrors).toEqual([])
    await activity(ann, { subject: 'Long ago', startAt: at(-40), endAt: at(-40, 10) })
    const task = (title: string, more: Record<string, unknown>) =>
      make(test.acme, 'Task', {
        title,
        assigneeId: ann.id,
        status: 'NOT_STARTED',
        startAt: null,
        recurrence: null,
        ...more,
      })
    await task('To do', { dueAt: at(2) })
    await task('Without a day', { dueAt: null })
    await task('Not hers', { dueAt: at(2), assigneeId: bob.id })
    const url = await feed(ann)
    expect(await titles(url)).toEqual(['Invited', 'Mine\\, at 9', 'To do'])
    const text = await read(url)
    const event = text.split('BEGIN:VEVENT').find((one) => one.includes('Mine')) as string
    const stamp = (iso: string) => iso.replace(/[-:]|\.\d+/g, '')
    for (const line of [
      `UID:${mine.id}@atrium`,
      `DTSTART:${stamp(at(1))}`,
      `DTEND:${stamp(at(1, 10))}`,
      'LOCATION:上海\\, Hall 5',
      'STATUS:CONFIRMED',
    ])
      expect(event).toContain(`${line}\r\n`)
    const todo = text.split('BEGIN:VEVENT').find((one) => one.includes('To do')) as string
    expect(todo).toContain('TRANSP:TRANSPARENT\r\n')
    expect(text).toMatch(/^BEGIN:VCALENDAR\r\nVERSION:2.0\r\n/)
  })

  it('shows whole days as dates of the user’s time zone, and what was called off as cancelled', async () => {
    const cat = await person(test, test.acme, 'rep', { timezone: 'Asia/Shanghai' })
    await activity(cat, {
      subject: 'Fair',
      allDay: true,
      startAt: '2026-11-30T16:00:00Z',
      endAt: '2026-12-02T15:59:00Z',
      status: 'CANCELLED',
    })
    const { createCalendarFeed } = await cat.run<Any>('mutation { createCalendarFeed { url } }')
    const key = /calendar\/(.+)\.ics$/.exec(createCalendarFeed.url)?.[1] as string
    const text = await readCalendar(test.app.tenancy, key, new Date('2026-11-22T00:00:00Z'))
    expect(text).toContain('DTSTART;VALUE=DATE:20261201\r\n')
    expect(text).toContain('DTEND;VALUE=DATE:20261203\r\n')
    expect(text).toContain('STATUS:CANCELLED\r\n')
  })

  it('leaves out what is hidden from them', async () => {
    const dan = await person(test, test.acme, 'rep')
    await activity(dan, { subject: 'Secret', location: 'Vault' })
    const url = await feed(dan)
    expect(await titles(url)).toEqual(['Secret'])
    const { roles } = await test.acme.run<Any>('{ roles(where: { key: { eq: "rep" } }) { nodes { id } } }')
    const { id } = await make(test.acme, 'FieldPermission', {
      roleId: roles.nodes[0].id,
      object: 'Activity',
      field: 'subject',
      access: 'HIDDEN',
    })
    const text = await read(url)
    expect(text).not.toContain('Secret')
    expect(text).toContain('LOCATION:Vault')
    await test.acme.run('mutation($id: ID!) { deleteFieldPermission(id: $id) { userErrors { code } } }', { id })
  })

  it('is at an address that is its own: made anew, ended, of a user who left and changed by a letter it opens nothing', async () => {
    const eve = await person(test, test.acme, 'rep')
    expect((await eve.run<Any>('{ calendarFeed { createdAt } }')).calendarFeed).toBeNull()
    const first = await feed(eve)
    expect((await eve.run<Any>('{ calendarFeed { createdAt } }')).calendarFeed.createdAt).toMatch(/Z$/)
    const second = await feed(eve)
    expect((await get(path(first))).status).toBe(404)
    expect((await get(path(second))).status).toBe(200)
    const key = path(second).slice('/calendar/'.length, -'.ics'.length)
    const [other] = [key.slice(0, 60) + (key[60] === 'A' ? 'B' : 'A') + key.slice(61)]
    for (const wrong of [other, `${key}A`, key.slice(1), 'nothing', ''])
      expect((await get(`/calendar/${wrong}.ics`)).status).toBe(404)
    // The company in the key is another one: nobody there has this address.
    const globex = Buffer.from(key, 'base64url')
    const foreign = Buffer.from(
      (path(await feed(ann)).match(/calendar\/(.+)\.ics/) as string[])[1] as string,
      'base64url',
    )
    foreign.copy(globex, 16, 16, 32)
    expect((await get(`/calendar/${globex.toString('base64url')}.ics`)).status).toBe(404)
    expect((await eve.run<Any>('mutation { deleteCalendarFeed { deleted } }')).deleteCalendarFeed).toEqual({
      deleted: true,
    })
    expect((await get(path(second))).status).toBe(404)
    expect((await eve.run<Any>('mutation { deleteCalendarFeed { deleted } }')).deleteCalendarFeed).toEqual({
      deleted: false,
    })
    const third = await feed(eve)
    await test.acme.run(
      'mutation($id: ID!) { updateUser(id: $id, input: { status: SUSPENDED }) { userErrors { code } } }',
      {
        id: eve.id,
      },
    )
    expect((await get(path(third))).status).toBe(404)
  })

  it('is not sent again to who has it', async () => {
    const url = await feed(bob)
    const first = await get(path(url))
    expect(first.headers.get('content-type')).toBe('text/calendar; charset=utf-8')
    const again = await get(path(url), { headers: { 'If-None-Match': first.headers.get('etag') as string } })
    expect([again.status, await again.text()]).toEqual([304, ''])
    expect((await get(path(url), { method: 'HEAD' })).status).toBe(200)
  })

  it('is nobody’s of a key without a user', async () => {
    const { roles } = await test.acme.run<Any>('{ roles(where: { key: { eq: "rep" } }) { nodes { id } } }')
    const { createApiKey } = await test.acme.run<Any>(
      'mutation($role: ID!) { createApiKey(input: { name: "alone", roleId: $role }) { key userErrors { code } } }',
      { role: roles.nodes[0].id },
    )
    const key = callers(test.app, createApiKey.key)
    for (const document of ['{ calendarFeed { createdAt } }', 'mutation { createCalendarFeed { url } }'])
      expect((await key.ask(document)).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  })
})

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { openWrites, ref, type Writes } from '../support/writes.ts'

let writes: Writes
beforeAll(async () => {
  writes = await openWrites()
})
afterAll(() => writes?.close())

describe('an activity', () => {
  it('does not end before it begins, also when only one of both is written', async () => {
    const [id] = (await writes.create('Activity', {
      kind: 'CALL',
      startAt: '2026-03-01T10:00:00+08:00',
      endAt: '2026-03-01T02:00:00Z',
    })) as [string]
    expect(await writes.updateRefused('Activity', id, { endAt: '2026-03-01T01:59:59Z' })).toEqual([
      'VALIDATION_FAILED endAt',
    ])
    expect(await writes.updateRefused('Activity', id, { startAt: '2026-03-01T03:00:00Z' })).toEqual([
      'VALIDATION_FAILED endAt',
    ])
    expect(await writes.updateRefused('Activity', id, { startAt: '2026-03-01T03:00:00Z', endAt: null })).toEqual([])
  })

  it('takes attendees that exist: users, contacts, leads, or anybody by name', async () => {
    const [contact] = (await writes.create('Contact', { lastName: '王' })) as [string]
    const [account] = (await writes.create('Account', { name: 'A' })) as [string]
    const attend = (...attendees: object[]) => writes.refused('Activity', { kind: 'MEETING', attendees })
    expect(
      await attend(
        { recordId: ref('Contact', contact), response: 'ACCEPTED' },
        { recordId: writes.adminId },
        { name: 'Guest', email: 'g@x.example' },
      ),
    ).toEqual([])
    const unknown = 'NOT_FOUND attendees.recordId'
    expect(
      await attend({ recordId: ref('Account', account) }, { recordId: 'nonsense' }, { recordId: ref('Lead', contact) }),
    ).toEqual([unknown, unknown, unknown])
    expect(await attend({ email: 'g@x.example' })).toEqual(['VALIDATION_FAILED attendees.name'])
  })
})

describe('a task', () => {
  it('is completed at the moment of becoming done, and not when taken up again', async () => {
    const [id] = (await writes.create('Task', { title: 'Call' })) as [string]
    const completed = async () => (await writes.row('task', id)).completed_at
    expect(await completed()).toBeNull()
    await writes.update('Task', id, { status: 'DONE' })
    const at = await completed()
    expect(at).not.toBeNull()
    await writes.update('Task', id, { status: 'DONE', title: 'Called' })
    expect(await completed()).toBe(at)
    await writes.update('Task', id, { status: 'IN_PROGRESS' })
    expect(await completed()).toBeNull()
  })

  it('is the caller’s unless said otherwise', async () => {
    const [id] = (await writes.create('Task', { title: 'Call', assigneeId: writes.adminId })) as [string]
    expect((await writes.row('task', id)).assignee_id).not.toBeNull()
    const [none] = (await writes.create('Task', { title: 'Call', assigneeId: null })) as [string]
    expect((await writes.row('task', none)).assignee_id).toBeNull()
  })
})

describe('a tag', () => {
  it('has a colour that a style sheet can take', async () => {
    await writes.create('Tag', { name: '重点客户', color: '#1f6FEB' })
    for (const color of ['red', '#fff', 'x:url('])
      expect(await writes.refused('Tag', { name: 'X', color })).toEqual(['VALIDATION_FAILED color'])
    expect(await writes.refused('Tag', { name: '重点客户' })).toEqual(['UNIQUE_VIOLATION name'])
  })
})

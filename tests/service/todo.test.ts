import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { changeCaseStatus, resolveCase } from '../../src/resolvers/service/changeCaseStatus.ts'
import { ref } from '../support/writes.ts'
import { openService, type Service } from './service.ts'

let service: Service
beforeAll(async () => {
  service = await openService()
})
afterAll(() => service?.close())

const open = (kind: string, source: string) =>
  service.rows<{ user_id: string; due_at: Date }>(
    'SELECT user_id, due_at FROM todo_item WHERE tenant_id = $1 AND kind = $2 AND source_id = $3 AND done_at IS NULL AND deleted_at IS NULL',
    kind,
    source,
  )

describe('the next return visit', () => {
  it('is to be done by its visitor until the customer is visited again', async () => {
    const [a, b] = [await service.user(), await service.user()]
    const [account] = (await service.create('Account', { name: 'Customer' })) as [string]
    const visit = (more: object) =>
      service.create('ReturnVisit', { accountId: ref('Account', account), visitorId: ref('User', a), ...more })
    const next = '2026-12-24T08:00:00.000Z'
    const [first] = (await visit({ visitedAt: '2026-11-01T08:00:00Z', nextVisitAt: next })) as [string]
    expect((await service.row('return_visit', first)).number).toBe('VIS-000001')
    expect(await open('RETURN_VISIT_DUE', first)).toEqual([{ user_id: a, due_at: new Date(next) }])
    await service.update('ReturnVisit', first, { visitorId: ref('User', b) })
    expect(await open('RETURN_VISIT_DUE', first)).toMatchObject([{ user_id: b }])
    await visit({ visitedAt: '2026-11-20T08:00:00Z' })
    expect(await open('RETURN_VISIT_DUE', first)).toEqual([])
    const [other] = (await visit({ nextVisitAt: next })) as [string]
    await service.remove('ReturnVisit', other)
    expect(await open('RETURN_VISIT_DUE', other)).toEqual([])
    await service.restore('ReturnVisit', other)
    expect(await open('RETURN_VISIT_DUE', other)).toMatchObject([{ user_id: a }])
  })
})

describe('a case whose time runs', () => {
  it('is to be done by its owner, by the first of its times, while the clock runs', async () => {
    const [calendar] = (await service.create('BusinessCalendar', {
      name: 'Always',
      timezone: 'UTC',
      weekly: ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'].map((day) => ({
        day,
        from: '00:00',
        to: '24:00',
      })),
    })) as [string]
    await service.create('SlaPolicy', {
      name: 'All',
      calendarId: ref('BusinessCalendar', calendar),
      targets: [{ firstResponseMin: 30, resolutionMin: 600 }],
    })
    const [a, b] = [await service.user(), await service.user()]
    const one = await service.case({ ownerId: ref('User', a) })
    const due = async (type: string) =>
      (
        await service.rows<{ at: Date }>(
          'SELECT target_at AS at FROM case_milestone WHERE tenant_id = $1 AND case_id = $2 AND type = $3',
          one,
          type,
        )
      )[0]?.at
    expect(await open('CASE_SLA', one)).toEqual([{ user_id: a, due_at: await due('FIRST_RESPONSE') }])
    await service.create('CaseComment', { caseId: ref('Case', one), body: 'Hello' })
    expect(await open('CASE_SLA', one)).toEqual([{ user_id: a, due_at: await due('RESOLUTION') }])
    await service.update('Case', one, { ownerId: ref('User', b) })
    expect(await open('CASE_SLA', one)).toMatchObject([{ user_id: b }])
    const status = (to: 'WAITING_CUSTOMER' | 'IN_PROGRESS') =>
      service.verb((context) => changeCaseStatus(context, { id: ref('Case', one), status: to }))
    await status('WAITING_CUSTOMER')
    expect(await open('CASE_SLA', one)).toEqual([])
    await status('IN_PROGRESS')
    expect(await open('CASE_SLA', one)).toHaveLength(1)
    await service.remove('Case', one)
    expect(await open('CASE_SLA', one)).toEqual([])
    await service.restore('Case', one)
    expect(await open('CASE_SLA', one)).toMatchObject([{ user_id: b }])
    await service.verb((context) => resolveCase(context, { id: ref('Case', one) }))
    expect(await open('CASE_SLA', one)).toEqual([])
  })
})

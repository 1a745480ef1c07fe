import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { viewerOfUser } from '../../src/access/viewer.ts'
import type { Viewer } from '../../src/context.ts'
import { caseSummary } from '../../src/resolvers/service/caseSummary.ts'
import { resolveCase } from '../../src/resolvers/service/changeCaseStatus.ts'
import { ref } from '../support/writes.ts'
import { openService, type Service } from './service.ts'

let service: Service
beforeAll(async () => {
  service = await openService()
})
afterAll(() => service?.close())

const summary = (viewer = service.viewer, time = {}) => service.write(({ db }) => caseSummary(db, viewer, time))

describe('cases in figures', () => {
  it('are all empty where there are none', async () => {
    expect(await summary()).toEqual({ open: 0, byStatus: [], byPriority: [], byQueue: [], byOwner: [], milestones: [] })
  })

  it('count the open ones, and how promises were kept, over what the viewer sees', async () => {
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
      targets: [{ resolutionMin: 60 }],
    })
    const [queue] = (await service.create('CaseQueue', { name: 'Desk' })) as [string]
    const [a, b] = [await service.user(), await service.user()]
    const of = (user: string, more = {}) => service.case({ ownerId: ref('User', user), ...more })
    await of(a, { queueId: ref('CaseQueue', queue), priority: 'HIGH' })
    await of(b)
    // How long each took, in minutes: 10, 30 and 90 of 60.
    for (const [user, minutes] of [
      [a, 10],
      [a, 30],
      [b, 90],
    ] as const) {
      const one = await of(user)
      await service.write(({ db, viewer }) =>
        db.rows({
          text: `UPDATE case_milestone SET started_at = started_at - make_interval(mins => $3), target_at = target_at - make_interval(mins => $3) WHERE tenant_id = $1 AND case_id = $2`,
          values: [viewer.tenantId, one, minutes],
        }),
      )
      await service.verb((context) => resolveCase(context, { id: ref('Case', one) }))
    }
    const all = await summary()
    expect(all).toMatchObject({
      open: 2,
      byStatus: [{ key: 'ASSIGNED', count: 2 }],
      byQueue: expect.arrayContaining([
        { key: ref('CaseQueue', queue), count: 1 },
        { key: null, count: 1 },
      ]),
      milestones: [{ type: 'RESOLUTION', completed: 3, kept: 2, attainment: 66.7 }],
    })
    expect(Math.round(all.milestones[0]?.medianMinutes ?? 0)).toBe(30)
    const viewer = (await service.write(({ db }) => viewerOfUser(db, service.viewer.tenantId, a))) as Viewer
    expect(await summary(viewer)).toMatchObject({
      open: 1,
      byPriority: [{ key: 'HIGH', count: 1 }],
      byOwner: [{ key: ref('User', a), count: 1 }],
      milestones: [{ completed: 2, kept: 2, attainment: 100 }],
    })
    expect((await summary(service.viewer, { to: new Date('2020-01-01') })).milestones).toEqual([])
  })
})

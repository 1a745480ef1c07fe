import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { changeCaseStatus, closeCase, reopenCase, resolveCase } from '../../src/resolvers/service/changeCaseStatus.ts'
import { checkTimes } from '../../src/resolvers/service/sla/due.ts'
import type { CaseStatus } from '../../src/resolvers/service/states.ts'
import { ref } from '../support/writes.ts'
import { openService, type Service } from './service.ts'

const MINUTE = 60_000
const EVERY_DAY = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY']

let service: Service
let policy: string
beforeAll(async () => {
  service = await openService()
  const [calendar] = (await service.create('BusinessCalendar', {
    name: 'Always',
    timezone: 'Asia/Shanghai',
    weekly: EVERY_DAY.map((day) => ({ day, from: '00:00', to: '24:00' })),
  })) as [string]
  ;[policy] = (await service.create('SlaPolicy', { name: 'All', calendarId: ref('BusinessCalendar', calendar) })) as [
    string,
  ]
  await service.create(
    'SlaTarget',
    { policyId: ref('SlaPolicy', policy), firstResponseMin: 60, nextResponseMin: 30, resolutionMin: 600 },
    {
      policyId: ref('SlaPolicy', policy),
      priority: 'HIGH',
      firstResponseMin: 20,
      nextResponseMin: 10,
      resolutionMin: 120,
    },
    { policyId: ref('SlaPolicy', policy), priority: 'URGENT', firstResponseMin: 5, resolutionMin: 60 },
  )
})
afterAll(() => service?.close())
beforeEach(async () => {
  await service.write(({ db, viewer }) =>
    db.rows({
      text: 'UPDATE sla_escalation_step SET deleted_at = now() WHERE tenant_id = $1',
      values: [viewer.tenantId],
    }),
  )
})

interface Row {
  type: string
  minutes: number
  started_at: Date
  target_at: Date
  paused_sec: number
  paused_since: Date | null
  completed_at: Date | null
  cancelled_at: Date | null
  is_violated: boolean
  warned_at: Date | null
}
const times = (id: string) =>
  service.rows<Row>(
    'SELECT * FROM case_milestone WHERE tenant_id = $1 AND case_id = $2 ORDER BY started_at, type, id',
    id,
  )
const time = async (id: string, type: string) => (await times(id)).findLast((one) => one.type === type) as Row
const status = (id: string, to: CaseStatus) =>
  service.verb((context) => changeCaseStatus(context, { id: ref('Case', id), status: to }))
const say = (id: string, more = {}) =>
  service.create('CaseComment', { caseId: ref('Case', id), body: 'Hello', ...more })
const check = (id: string, now: Date) => service.write((context) => checkTimes(context, id, now))
const later = (at: Date, minutes: number) => new Date(at.getTime() + minutes * MINUTE)
const told = (type: string, id: string) =>
  service.rows<{ user_id: string }>(
    `SELECT user_id FROM notification WHERE tenant_id = $1 AND type = $2 AND record_id = $3 ORDER BY user_id`,
    type,
    ref('Case', id),
  )
/** Moves a column of the open times of a case back, as if it had been so long ago. */
const back = (id: string, column: string, minutes: number) =>
  service.write(({ db, viewer }) =>
    db.rows({
      text: `UPDATE case_milestone SET ${column} = ${column} - make_interval(mins => $3) WHERE tenant_id = $1 AND case_id = $2`,
      values: [viewer.tenantId, id, minutes],
    }),
  )
const step = (more: object) =>
  service.create('SlaEscalationStep', { policyId: ref('SlaPolicy', policy), milestone: 'FIRST_RESPONSE', ...more })

describe('what is promised about a case', () => {
  it('begins with it, by the target that fits it best, and is looked at when there is something to do', async () => {
    const one = await service.case({ priority: 'HIGH' })
    const all = await times(one)
    expect(all.map(({ type, minutes }) => [type, minutes])).toEqual([
      ['FIRST_RESPONSE', 20],
      ['RESOLUTION', 120],
    ])
    const [first] = all as [Row]
    expect(first.target_at).toEqual(later(first.started_at, 20))
    const jobs = await service.rows<{ run_at: Date }>(
      `SELECT run_at FROM job WHERE tenant_id = $1 AND kind = 'CASE_SLA' AND input->>'caseId' = $2 ORDER BY run_at`,
      one,
    )
    expect(jobs.map(({ run_at }) => run_at)).toEqual([later(first.started_at, 16), later(first.started_at, 96)])
  })

  it('is kept by the first public answer, and runs again only while the customer spoke last', async () => {
    const one = await service.case()
    await say(one)
    expect(await time(one, 'FIRST_RESPONSE')).toMatchObject({ is_violated: false })
    expect((await time(one, 'FIRST_RESPONSE')).completed_at).not.toBeNull()
    expect(await time(one, 'NEXT_RESPONSE')).toBeUndefined()
    await say(one, { authorType: 'CUSTOMER' })
    expect(await time(one, 'NEXT_RESPONSE')).toMatchObject({ minutes: 30, completed_at: null })
    await say(one, { isInternal: true })
    expect((await time(one, 'NEXT_RESPONSE')).completed_at).toBeNull()
    await say(one)
    expect((await time(one, 'NEXT_RESPONSE')).completed_at).not.toBeNull()
  })

  it('stands while it waits for the customer, and its target moves by as long', async () => {
    const one = await service.case()
    const before = await time(one, 'RESOLUTION')
    await status(one, 'WAITING_CUSTOMER')
    expect((await time(one, 'RESOLUTION')).paused_since).not.toBeNull()
    await back(one, 'paused_since', 45)
    await status(one, 'IN_PROGRESS')
    const moved = await time(one, 'RESOLUTION')
    expect(moved.paused_since).toBeNull()
    expect(moved.paused_sec).toBeGreaterThanOrEqual(45 * 60)
    expect(moved.target_at).toEqual(new Date(before.target_at.getTime() + moved.paused_sec * 1000))
    await status(one, 'WAITING_INTERNAL')
    expect((await time(one, 'RESOLUTION')).paused_since).toBeNull()
  })

  it('follows the priority and keeps what has passed', async () => {
    const one = await service.case()
    await back(one, 'started_at', 30)
    await service.update('Case', one, { priority: 'HIGH' })
    const resolution = await time(one, 'RESOLUTION')
    expect(resolution).toMatchObject({ minutes: 120 })
    expect(resolution.target_at).toEqual(later(resolution.started_at, 120))
    // The time to the first answer is over by now, which the next look finds.
    const first = await time(one, 'FIRST_RESPONSE')
    expect(first.target_at).toEqual(later(first.started_at, 20))
    await check(one, new Date())
    expect(await time(one, 'FIRST_RESPONSE')).toMatchObject({ is_violated: true })
  })

  it('ends with the case, and begins anew for its end alone when it is opened again', async () => {
    const one = await service.case()
    await service.verb((context) => resolveCase(context, { id: ref('Case', one) }))
    expect((await time(one, 'RESOLUTION')).completed_at).not.toBeNull()
    expect((await time(one, 'FIRST_RESPONSE')).cancelled_at).not.toBeNull()
    await service.verb((context) => reopenCase(context, { id: ref('Case', one), reason: 'Again' }))
    const all = await times(one)
    expect(
      all.filter(({ completed_at, cancelled_at }) => !completed_at && !cancelled_at).map(({ type }) => type),
    ).toEqual(['RESOLUTION'])
    expect(all).toHaveLength(3)
  })

  it('is nothing where no policy fits, and for what was made before there was one nothing changes', async () => {
    await service.update('SlaPolicy', policy, { active: false })
    const one = await service.case()
    expect(await times(one)).toEqual([])
    await service.update('SlaPolicy', policy, { active: true })
    await service.verb((context) => closeCase(context, { id: ref('Case', one) }))
    expect(await times(one)).toEqual([])
  })

  it('begins for two hundred cases of one call', async () => {
    const ids = await service.create('Case', ...Array.from({ length: 200 }, (_, n) => ({ subject: `Case ${n}` })))
    const [row] = await service.rows<{ n: number }>(
      'SELECT count(*)::integer AS n FROM case_milestone WHERE tenant_id = $1 AND case_id = ANY ($2::uuid[])',
      ids,
    )
    expect(row?.n).toBe(400)
  })
})

describe('the clock', () => {
  it('warns the owner and marks what was missed, each once, however often and by how many it is asked', async () => {
    const owner = await service.user()
    const one = await service.case({ ownerId: ref('User', owner) })
    const { started_at } = await time(one, 'FIRST_RESPONSE')
    expect(await check(one, later(started_at, 47))).toBe(0)
    const both = await Promise.all([check(one, later(started_at, 48)), check(one, later(started_at, 48))])
    expect(both.toSorted()).toEqual([0, 1])
    expect(await told('CASE_SLA_WARNING', one)).toEqual([{ user_id: owner }])
    expect(await check(one, later(started_at, 60))).toBe(0)
    expect(await check(one, later(started_at, 61))).toBe(1)
    expect(await check(one, later(started_at, 90))).toBe(0)
    expect(await told('CASE_SLA_VIOLATED', one)).toEqual([{ user_id: owner }])
    expect(await time(one, 'FIRST_RESPONSE')).toMatchObject({ is_violated: true, completed_at: null })
    expect(await check('00000000-0000-7000-8000-000000000000', started_at)).toBe(0)
  })

  it('does nothing while a case waits for the customer', async () => {
    const one = await service.case()
    await status(one, 'WAITING_CUSTOMER')
    const { started_at } = await time(one, 'FIRST_RESPONSE')
    expect(await check(one, later(started_at, 6000))).toBe(0)
  })

  it('takes the steps of the policy, before and after the target, each once', async () => {
    const head = await service.user()
    const [department] = (await service.create('Department', { name: 'Service', headId: ref('User', head) })) as [
      string,
    ]
    const owner = await service.user({ departmentId: ref('Department', department) })
    const [lead, other] = [await service.user(), await service.user()]
    const [role] = (await service.create('Role', { key: 'desk', name: 'Desk' })) as [string]
    const holder = await service.user({ roleId: ref('Role', role) })
    await step({ afterMin: -20, action: 'NOTIFY_USER', userId: ref('User', lead) })
    await step({ afterMin: 5, action: 'NOTIFY_DEPARTMENT_HEAD' })
    await step({ afterMin: 10, action: 'NOTIFY_ROLE', roleId: ref('Role', role) })
    await step({ afterMin: 30, action: 'REASSIGN', userId: ref('User', other) })
    const one = await service.case({ ownerId: ref('User', owner) })
    const { started_at } = await time(one, 'FIRST_RESPONSE')
    const toldAfter = async (minutes: number) => {
      await check(one, later(started_at, minutes))
      return (await told('CASE_SLA_ESCALATED', one)).map(({ user_id }) => user_id)
    }
    expect(await toldAfter(39)).toEqual([])
    expect(await toldAfter(40)).toEqual([lead])
    expect(await toldAfter(70)).toEqual([lead, head, holder].toSorted())
    expect(await service.read(one)).toMatchObject({ owner_id: owner })
    expect(await toldAfter(90)).toEqual([lead, head, holder].toSorted())
    expect(await service.read(one)).toMatchObject({ owner_id: other })
    expect(await toldAfter(95)).toEqual([lead, head, holder].toSorted())
    expect(await told('CASE_ASSIGNED', one)).toHaveLength(2)
  })

  it('raises the priority, and with it what is promised', async () => {
    await step({ milestone: 'RESOLUTION', afterMin: -500, action: 'RAISE_PRIORITY' })
    const one = await service.case({ priority: 'NORMAL' })
    const { started_at } = await time(one, 'RESOLUTION')
    await check(one, later(started_at, 100))
    expect(await service.read(one)).toMatchObject({ priority: 'HIGH' })
    expect(await time(one, 'RESOLUTION')).toMatchObject({ minutes: 120, target_at: later(started_at, 120) })
    await check(one, later(started_at, 100))
    expect(await service.read(one)).toMatchObject({ priority: 'HIGH' })
  })
})

describe('the settings', () => {
  it('refuse statuses in which nothing is open, targets that promise nothing, steps for nobody', async () => {
    expect(await service.updateRefused('SlaPolicy', policy, { pauseStatuses: ['CLOSED'] })).toEqual([
      'VALIDATION_FAILED pauseStatuses',
    ])
    const policyId = ref('SlaPolicy', policy)
    expect(await service.refused('SlaTarget', { policyId })).toEqual(['VALIDATION_FAILED resolutionMin'])
    expect(
      await service.refused('SlaEscalationStep', { policyId, milestone: 'RESOLUTION', action: 'REASSIGN' }),
    ).toEqual(['VALIDATION_FAILED userId'])
  })

  it('refuse hours that are none, over midnight or one in another', async () => {
    const calendar = (...hours: [string, string][]) =>
      service.refused('BusinessCalendar', {
        name: 'X',
        timezone: 'Europe/Berlin',
        weekly: hours.map(([from, to]) => ({ day: 'MONDAY', from, to })),
      })
    expect(await calendar(['9:00', '12:00'])).toEqual(['VALIDATION_FAILED weekly.from'])
    expect(await calendar(['22:00', '06:00'])).toEqual(['VALIDATION_FAILED weekly.to'])
    expect(await calendar(['09:00', '12:00'], ['11:00', '13:00'])).toEqual(['VALIDATION_FAILED weekly.from'])
    expect(await calendar(['09:00', '24:01'])).toEqual(['VALIDATION_FAILED weekly.to'])
    expect(await calendar(['09:00', '12:00'], ['12:00', '24:00'])).toEqual([])
    expect(await service.refused('BusinessCalendar', { name: 'Y', timezone: '+08:00' })).toEqual([
      'VALIDATION_FAILED timezone',
    ])
  })
})

import { describe, expect, it, jest } from '@jest/globals'
import fc from 'fast-check'
import {
  addBusinessMinutes,
  type BusinessCalendar,
  businessMinutesBetween,
} from '../../src/resolvers/service/businessTime.ts'
import { elapsedSec } from '../../src/resolvers/service/sla/clock.ts'
import { bestTarget } from '../../src/resolvers/service/sla/match.ts'
import { momentsOf } from '../../src/resolvers/service/sla/moments.ts'
import { type CaseFacts, type Running, settle, type Target } from '../../src/resolvers/service/sla/settle.ts'

jest.setTimeout(300_000)

const MINUTE = 60_000

describe('the target of a case', () => {
  const row = (id: string, more: object = {}) => ({
    id,
    policyId: 'p',
    priority: null,
    levelId: null,
    type: null,
    rank: 100,
    ...more,
  })
  const one = { priority: 'HIGH', levelId: 'gold', type: 'INCIDENT' }

  it('is the one that names the most; of equals the one for the level, then for the priority, then by rank', () => {
    const all = row('all')
    const high = row('high', { priority: 'HIGH' })
    const gold = row('gold', { levelId: 'gold' })
    const incidents = row('incidents', { type: 'INCIDENT' })
    const both = row('both', { priority: 'HIGH', type: 'INCIDENT' })
    const low = row('low', { priority: 'LOW', levelId: 'gold', type: 'INCIDENT' })
    expect(bestTarget([all, low], one)?.id).toBe('all')
    expect(bestTarget([all, high, incidents], one)?.id).toBe('high')
    expect(bestTarget([high, gold, incidents], one)?.id).toBe('gold')
    expect(bestTarget([gold, both, low], one)?.id).toBe('both')
    expect(bestTarget([row('b', { rank: 2 }), row('a', { rank: 1 })], one)?.id).toBe('a')
    expect(bestTarget([low], one)).toBeNull()
    expect(bestTarget([], one)).toBeNull()
  })
})

describe('what is to be done about a time', () => {
  const calendar: BusinessCalendar = {
    timezone: 'UTC',
    weekly: [{ day: 'MONDAY', from: '09:00', to: '17:00' }],
    holidays: [],
  }
  const running = {
    type: 'RESOLUTION' as const,
    minutes: 100,
    calendarId: 'c',
    startedAt: new Date('2026-11-23T09:00:00Z'),
    targetAt: new Date('2026-11-23T10:40:00Z'),
    pausedSec: 0,
    pausedSince: null,
    completedAt: null,
    cancelledAt: null,
    isViolated: false,
    elapsedSec: null,
    warnPct: 80,
    warnedAt: null,
    firedStepIds: ['done'],
  }
  const step = (id: string, afterMin: number, milestone: 'RESOLUTION' | 'FIRST_RESPONSE' = 'RESOLUTION') =>
    ({ id, afterMin, milestone, action: 'NOTIFY_OWNER', userId: null, roleId: null }) as const

  it('comes in its order, each once, in business minutes before and after the target', () => {
    const steps = [step('later', 400), step('before', -50), step('done', 10), step('other', 5, 'FIRST_RESPONSE')]
    expect(
      momentsOf(running, calendar, steps).map((one) => [
        one.what === 'STEP' ? one.step.id : one.what,
        one.at.toISOString(),
      ]),
    ).toEqual([
      ['before', '2026-11-23T09:50:00.000Z'],
      ['WARN', '2026-11-23T10:20:00.000Z'],
      ['VIOLATE', '2026-11-23T10:40:01.000Z'],
      // Seven hours are left of this Monday.
      ['later', '2026-11-30T09:20:00.000Z'],
    ])
  })

  it('is nothing while it stands, and when it has ended', () => {
    expect(momentsOf({ ...running, pausedSince: running.startedAt }, calendar, [step('x', 0)])).toEqual([])
    expect(momentsOf({ ...running, completedAt: running.startedAt }, calendar, [step('x', 0)])).toEqual([])
    expect(momentsOf({ ...running, isViolated: true }, calendar, [])).toEqual([])
  })
})

/** What may happen to a case, in a minute of its life. */
const event = fc.record({
  after: fc.integer({ min: 0, max: 400 }),
  what: fc.constantFrom(
    'AGENT',
    'CUSTOMER',
    'WAIT',
    'WAIT',
    'WORK',
    'WORK',
    'URGENT',
    'LOW',
    'RESOLVE',
    'REOPEN',
    'DUPLICATE',
  ),
})
const hour = fc.integer({ min: 0, max: 23 })
const weeks = fc.array(fc.uniqueArray(hour, { minLength: 2, maxLength: 2 }), { minLength: 7, maxLength: 7 })
const DAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const
const clock = (value: number) => `${String(value).padStart(2, '0')}:00`
const LIMITS = {
  LOW: { FIRST_RESPONSE: 300, NEXT_RESPONSE: 200, RESOLUTION: 900 },
  URGENT: { FIRST_RESPONSE: 40, NEXT_RESPONSE: 30, RESOLUTION: 200 },
}

/** One milestone as somebody counts it who looks at each minute. */
interface Counted {
  type: keyof (typeof LIMITS)['LOW']
  minutes: number
  over: 'RUNS' | 'DONE' | 'CANCELLED'
}

describe('the times of a case', () => {
  it('are what one counts who looks at each minute: in business hours, while nothing pauses, each for its own reason', () => {
    const seen = { done: 0, late: 0, paused: 0, restarted: 0 }
    fc.assert(
      fc.property(
        weeks,
        fc.constantFrom('Asia/Shanghai', 'Europe/Berlin', 'America/New_York'),
        fc.array(event, { minLength: 1, maxLength: 14 }),
        fc.constantFrom('2026-03-27T00:00:00Z', '2026-10-23T12:00:00Z', '2026-10-30T12:00:00Z', '2026-06-01T00:00:00Z'),
        (week, timezone, events, begin) => {
          const calendar: BusinessCalendar = {
            timezone,
            weekly: week.map((hours, n) => {
              const [from, to] = hours.toSorted((a, b) => a - b) as [number, number]
              return { day: DAYS[n] as (typeof DAYS)[number], from: clock(from), to: clock(to) }
            }),
            holidays: [],
          }
          const calendars = new Map([['c', calendar]])
          const start = Date.parse(begin)
          const target = (priority: 'LOW' | 'URGENT'): Target => ({
            minutes: LIMITS[priority],
            calendarId: 'c',
            warnPct: 80,
            pauseStatuses: ['WAITING_CUSTOMER'],
          })
          const facts: CaseFacts = {
            status: 'NEW',
            createdAt: new Date(start),
            firstResponseAt: null,
            awaitingReplySince: null,
            reopenCount: 0,
            target: target('LOW'),
          }
          const all: Running[] = []
          const counted: Counted[] = []
          const open = () => all.filter((one) => !one.completedAt && !one.cancelledAt)
          const runs = (type: Counted['type']) => counted.find((one) => one.type === type && one.over === 'RUNS')
          const stop = (type: Counted['type'], over: 'DONE' | 'CANCELLED') => {
            const one = runs(type)
            if (one) one.over = over
          }
          const go = (type: Counted['type']) => {
            if (!runs(type)) counted.push({ type, minutes: 0, over: 'RUNS' })
          }
          let now = start
          all.push(...settle(facts, [], calendars, new Date(now)))
          go('FIRST_RESPONSE')
          go('RESOLUTION')
          for (const { after, what } of events) {
            for (let n = 0; n < after; n++, now += MINUTE) {
              if (facts.status === 'WAITING_CUSTOMER') continue
              if (businessMinutesBetween(calendar, new Date(now), new Date(now + MINUTE)) === 0) continue
              for (const one of counted) if (one.over === 'RUNS') one.minutes++
            }
            const ended = facts.status === 'RESOLVED' || facts.status === 'DUPLICATE'
            if (ended !== (what === 'REOPEN') || facts.status === 'DUPLICATE') continue
            const at = new Date(now)
            switch (what) {
              case 'AGENT':
                facts.firstResponseAt ??= at
                facts.awaitingReplySince = null
                stop('FIRST_RESPONSE', 'DONE')
                stop('NEXT_RESPONSE', 'DONE')
                break
              case 'CUSTOMER':
                facts.awaitingReplySince ??= at
                if (facts.status === 'WAITING_CUSTOMER') facts.status = 'IN_PROGRESS'
                // Before the first answer that one is what the customer waits for.
                if (facts.firstResponseAt) go('NEXT_RESPONSE')
                break
              case 'WAIT':
                facts.status = 'WAITING_CUSTOMER'
                seen.paused++
                break
              case 'WORK':
                facts.status = 'IN_PROGRESS'
                break
              case 'URGENT':
              case 'LOW':
                facts.target = target(what)
                break
              case 'RESOLVE':
              case 'DUPLICATE':
                facts.status = what === 'RESOLVE' ? 'RESOLVED' : 'DUPLICATE'
                facts.awaitingReplySince = null
                stop('FIRST_RESPONSE', 'CANCELLED')
                stop('NEXT_RESPONSE', 'CANCELLED')
                stop('RESOLUTION', what === 'RESOLVE' ? 'DONE' : 'CANCELLED')
                break
              case 'REOPEN':
                facts.status = 'REOPENED'
                facts.reopenCount++
                go('RESOLUTION')
                seen.restarted++
            }
            all.push(...settle(facts, open(), calendars, at))
          }
          const order = (a: { type: string }, b: { type: string }) => (a.type < b.type ? -1 : a.type > b.type ? 1 : 0)
          const mine = all.toSorted(order)
          const theirs = counted.toSorted(order)
          expect(
            mine.map((one) => [one.type, one.completedAt ? 'DONE' : one.cancelledAt ? 'CANCELLED' : 'RUNS']),
          ).toEqual(theirs.map(({ type, over }) => [type, over]))
          mine.forEach((one, n) => {
            const { minutes, over } = theirs[n] as Counted
            expect([one.type, elapsedSec(one, calendar, new Date(now)) / 60]).toEqual([one.type, minutes])
            const left = one.minutes - minutes
            if (over !== 'RUNS') {
              seen.done++
              // At the last minute both are true: what is over at the target is kept, what is over later, in the night, is not.
              if (left !== 0) expect([one.type, one.isViolated]).toEqual([one.type, left < 0])
              if (one.isViolated) seen.late++
            } else if (!one.pausedSince && left > 0)
              expect(one.targetAt).toEqual(addBusinessMinutes(calendar, new Date(now), left))
          })
        },
      ),
      { numRuns: 200 },
    )
    expect(seen.done).toBeGreaterThan(50)
    expect(seen.late).toBeGreaterThan(5)
    expect(seen.paused).toBeGreaterThan(50)
    expect(seen.restarted).toBeGreaterThan(5)
  })
})

import { describe, expect, it, jest } from '@jest/globals'
import fc from 'fast-check'
import {
  addBusinessMinutes,
  type BusinessCalendar,
  businessMinutesBetween,
  WEEKDAYS,
} from '../../src/resolvers/service/businessTime.ts'

jest.setTimeout(300_000)

const MINUTE = 60_000
/** With a change of the clocks, at other hours and in other seasons; one moves them by half an hour, one at midnight, one never. */
const ZONES = [
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'America/Havana',
  'America/Santiago',
  'Asia/Kathmandu',
  'Asia/Shanghai',
  'Africa/Casablanca',
]

const office = (timezone: string, holidays: BusinessCalendar['holidays'] = []): BusinessCalendar => ({
  timezone,
  weekly: (['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY'] as const).flatMap((day) => [
    { day, from: '09:00', to: '12:00' },
    { day, from: '13:00', to: '18:00' },
  ]),
  holidays,
})
const at = (text: string) => new Date(text)

/** The same by looking at the wall clock in every single minute, told by Intl and not by luxon. */
function looking({ timezone, weekly, holidays }: BusinessCalendar) {
  const wall = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    weekday: 'long',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  return (moment: number): boolean => {
    const parts = Object.fromEntries(wall.formatToParts(moment).map(({ type, value }) => [type, value]))
    const time = `${parts.hour}:${parts.minute}`
    const special = holidays.find(({ date }) => date === `${parts.year}-${parts.month}-${parts.day}`)
    const hours = special ? special.hours : weekly.filter(({ day }) => day === parts.weekday?.toUpperCase())
    return hours.some(({ from, to }) => from <= time && time < to)
  }
}

describe('business time', () => {
  it('runs in the hours of the week and stands at night, at noon and at weekends', () => {
    const calendar = office('Asia/Shanghai')
    // Friday 17:00 to Monday 10:00, over the weekend.
    expect(businessMinutesBetween(calendar, at('2026-11-20T09:00:00Z'), at('2026-11-23T02:00:00Z'))).toBe(120)
    expect(addBusinessMinutes(calendar, at('2026-11-20T09:00:00Z'), 90).toISOString()).toBe('2026-11-23T01:30:00.000Z')
    expect(businessMinutesBetween(calendar, at('2026-11-20T03:30:00Z'), at('2026-11-20T05:30:00Z'))).toBe(60)
  })

  it('ends where the hours end, and a moment outside of them is as good as the next inside', () => {
    const calendar = office('Asia/Shanghai')
    expect(addBusinessMinutes(calendar, at('2026-11-20T09:00:00Z'), 60).toISOString()).toBe('2026-11-20T10:00:00.000Z')
    expect(addBusinessMinutes(calendar, at('2026-11-21T09:00:00Z'), 1).toISOString()).toBe('2026-11-23T01:01:00.000Z')
    expect(addBusinessMinutes(calendar, at('2026-11-21T09:00:00Z'), 0).toISOString()).toBe('2026-11-21T09:00:00.000Z')
  })

  it('knows days off, and days that are worked though they are not, 调休', () => {
    const calendar = office('Asia/Shanghai', [
      { date: '2026-10-01', hours: [] },
      { date: '2026-10-10', hours: [{ from: '09:00', to: '11:00' }] },
    ])
    expect(businessMinutesBetween(calendar, at('2026-09-30T16:00:00Z'), at('2026-10-01T16:00:00Z'))).toBe(0)
    expect(businessMinutesBetween(calendar, at('2026-10-09T16:00:00Z'), at('2026-10-10T16:00:00Z'))).toBe(120)
  })

  it('does not count the hour that spring leaves out, and counts that of autumn twice', () => {
    const nights: BusinessCalendar = {
      timezone: 'Europe/Berlin',
      weekly: [{ day: 'SUNDAY', from: '01:00', to: '04:00' }],
      holidays: [],
    }
    expect(businessMinutesBetween(nights, at('2026-03-28T12:00:00Z'), at('2026-03-29T12:00:00Z'))).toBe(120)
    expect(businessMinutesBetween(nights, at('2026-10-24T12:00:00Z'), at('2026-10-25T12:00:00Z'))).toBe(240)
  })

  it('gives up after ten years of a calendar without working time', () => {
    const never: BusinessCalendar = { timezone: 'UTC', weekly: [], holidays: [] }
    expect(addBusinessMinutes(never, at('2026-01-01T00:00:00Z'), 1).getUTCFullYear()).toBe(2036)
    expect(businessMinutesBetween(never, at('2026-01-01T00:00:00Z'), at('2027-01-01T00:00:00Z'))).toBe(0)
  })

  const minute = fc.integer({ min: 0, max: 1440 })
  const clock = (value: number) =>
    `${String(Math.floor(value / 60)).padStart(2, '0')}:${String(value % 60).padStart(2, '0')}`
  /** Up to two pieces of a day that do not overlap. */
  const hours = fc.uniqueArray(minute, { minLength: 0, maxLength: 4 }).map((all) => {
    const sorted = all.toSorted((a, b) => a - b)
    return Array.from({ length: Math.floor(sorted.length / 2) }, (_, n) => ({
      from: clock(sorted[2 * n] as number),
      to: clock(sorted[2 * n + 1] as number),
    }))
  })
  const begin = fc.constantFrom(
    '2026-03-05',
    '2026-03-26',
    '2026-04-02',
    '2026-10-01',
    '2026-10-22',
    '2026-10-30',
    '2026-02-12',
  )
  const calendars = fc.record({
    timezone: fc.constantFrom(...ZONES),
    week: fc.array(hours, { minLength: 7, maxLength: 7 }),
    off: fc.uniqueArray(fc.record({ in: fc.integer({ min: 0, max: 6 }), hours }), {
      selector: (one) => one.in,
      maxLength: 2,
    }),
    begin,
    after: fc.integer({ min: 0, max: 4 * 1440 }),
    length: fc.integer({ min: 0, max: 3 * 1440 }),
    wanted: fc.integer({ min: 1, max: 1500 }),
  })

  it('is what one counts who looks at the wall clock in every minute', () => {
    let counted = 0
    fc.assert(
      fc.property(calendars, ({ timezone, week, off, begin: day, after, length, wanted }) => {
        const first = Date.parse(`${day}T00:00:00Z`)
        const calendar: BusinessCalendar = {
          timezone,
          weekly: week.flatMap((some, n) =>
            some.map((one) => ({ day: WEEKDAYS[n] as (typeof WEEKDAYS)[number], ...one })),
          ),
          holidays: off.map((one) => ({
            date: new Date(first + one.in * 1440 * MINUTE).toISOString().slice(0, 10),
            hours: one.hours,
          })),
        }
        const open = looking(calendar)
        const from = first + after * MINUTE
        let minutes = 0
        let reached: number | null = null
        for (let n = 0; n < length; n++) {
          if (!open(from + n * MINUTE)) continue
          minutes++
          if (minutes === wanted) reached = from + (n + 1) * MINUTE
        }
        counted += minutes
        const to = new Date(from + length * MINUTE)
        expect(businessMinutesBetween(calendar, new Date(from), to)).toBe(minutes)
        const added = addBusinessMinutes(calendar, new Date(from), wanted).getTime()
        if (reached === null) expect(added).toBeGreaterThan(to.getTime())
        else expect(added).toBe(reached)
      }),
      { numRuns: 150 },
    )
    expect(counted).toBeGreaterThan(1000)
  })
})

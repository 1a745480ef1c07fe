import { IANAZone } from 'luxon'

const MINUTE = 60_000
const DAY = 86_400_000
/** Days that are looked through for business minutes: where there are as good as none, the end of the tenth year is the answer. */
const MOST_DAYS = 3653

/** The days of a week, as Date.getUTCDay counts them. */
export const WEEKDAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const
export type Weekday = (typeof WEEKDAYS)[number]

/** Hours of one day, HH:MM by the wall clock: from the first, before the second; 24:00 is the end of the day. */
export interface Hours {
  from: string
  to: string
}

/** When a company works: hours of each week, and days (YYYY-MM-DD) with hours of their own, none on a day off. */
export interface BusinessCalendar {
  timezone: string
  weekly: (Hours & { day: Weekday })[]
  holidays: { date: string; hours: Hours[] }[]
}

/** Minutes of the day of HH:MM. */
export function minuteOf(time: string): number {
  const [hour, minute] = time.split(':').map(Number)
  return (hour as number) * 60 + (minute as number)
}

/** A part of a day, in milliseconds from its midnight. */
type Span = readonly [from: number, to: number]

/** A calendar as it is counted with. */
interface Clock {
  zone: IANAZone
  week: Span[][]
  days: Map<string, Span[]>
}

const clocks = new WeakMap<BusinessCalendar, Clock>()

function clockOf(calendar: BusinessCalendar): Clock {
  const known = clocks.get(calendar)
  if (known) return known
  const spans = (hours: Hours[]): Span[] =>
    hours.map(({ from, to }): Span => [minuteOf(from) * MINUTE, minuteOf(to) * MINUTE]).toSorted(([a], [b]) => a - b)
  const clock: Clock = {
    zone: IANAZone.create(calendar.timezone),
    week: WEEKDAYS.map((day) => spans(calendar.weekly.filter((one) => one.day === day))),
    days: new Map(calendar.holidays.map(({ date, hours }) => [date, spans(hours)])),
  }
  clocks.set(calendar, clock)
  return clock
}

/** The working hours of a day of the wall clock, given by its midnight as if it were UTC. */
function hoursOf({ week, days }: Clock, midnight: number): Span[] {
  const day = new Date(midnight)
  return days.get(day.toISOString().slice(0, 10)) ?? (week[day.getUTCDay()] as Span[])
}

/** From a moment, the stretches of at most a day in which the wall clock runs evenly: between two, it was moved. */
function* stretches({ zone }: Clock, from: number): Generator<{ from: number; to: number; ahead: number }> {
  const ahead = (at: number) => zone.offset(at) * MINUTE
  for (let at = from; ; ) {
    const now = ahead(at)
    let to = at + DAY
    if (ahead(to) !== now) {
      let before = at
      while (to - before > MINUTE) {
        const middle = before + Math.ceil((to - before) / 2)
        if (ahead(middle) === now) before = middle
        else to = middle
      }
      // Clocks are moved at whole minutes.
      to = Math.floor(to / MINUTE) * MINUTE
    }
    yield { from: at, to, ahead: now }
    at = to
  }
}

/** The working time in a stretch, as moments: from, to. */
function* worked(clock: Clock, { from, to, ahead }: { from: number; to: number; ahead: number }): Generator<Span> {
  for (let midnight = Math.floor((from + ahead) / DAY) * DAY; midnight < to + ahead; midnight += DAY)
    for (const [opens, closes] of hoursOf(clock, midnight)) {
      const begin = Math.max(from, midnight + opens - ahead)
      const end = Math.min(to, midnight + closes - ahead)
      if (begin < end) yield [begin, end]
    }
}

/** Milliseconds of working time between two moments; 0 when the second is not later. */
function between(calendar: BusinessCalendar, a: number, b: number): number {
  const clock = clockOf(calendar)
  let sum = 0
  if (a >= b) return 0
  for (const stretch of stretches(clock, a)) {
    for (const [from, to] of worked(clock, { ...stretch, to: Math.min(stretch.to, b) })) sum += to - from
    if (stretch.to >= b) return sum
  }
  return sum
}

/**
 * The working minutes between two moments: those at which the wall clock of the calendar's time zone shows working hours. An hour that a change of the clocks leaves out
 * does not count, one that comes twice counts twice. 0 when the second moment is not later. Parts of minutes are fractions.
 */
export function businessMinutesBetween(calendar: BusinessCalendar, a: Date, b: Date): number {
  return between(calendar, a.getTime(), b.getTime()) / MINUTE
}

/** The same in whole seconds, cut off. */
export function businessSecondsBetween(calendar: BusinessCalendar, a: Date, b: Date): number {
  return Math.floor(between(calendar, a.getTime(), b.getTime()) / 1000)
}

/** The first moment by which so many working minutes have passed; the moment itself for 0 and less. */
export function addBusinessMinutes(calendar: BusinessCalendar, from: Date, minutes: number): Date {
  const clock = clockOf(calendar)
  let left = Math.round(minutes * MINUTE)
  if (left <= 0) return from
  const last = from.getTime() + MOST_DAYS * DAY
  for (const stretch of stretches(clock, from.getTime())) {
    for (const [begin, end] of worked(clock, stretch)) {
      if (end - begin >= left) return new Date(begin + left)
      left -= end - begin
    }
    if (stretch.to >= last) break
  }
  return new Date(last)
}

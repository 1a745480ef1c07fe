import { DateTime } from 'luxon'

/** Which days count. */
export type Calendar = 'NATURAL' | 'WORKING'

const DAY = 86_400_000

/** Days since 1970-01-01 of a date, YYYY-MM-DD. */
const numberOf = (date: string) => Date.parse(`${date}T00:00:00Z`) / DAY
const dateOf = (day: number) => new Date(day * DAY).toISOString().slice(0, 10)
/** Is it Monday to Friday; 1970-01-01 was a Thursday. */
const works = (day: number) => (((day + 3) % 7) + 7) % 7 < 5

function ahead(day: number, days: number, calendar: Calendar): number {
  if (calendar === 'NATURAL') return day + days
  let at = day
  for (let left = days; left > 0; ) if (works(++at)) left--
  return at
}

/** The date so many days after another. */
export const daysAfter = (date: string, days: number, calendar: Calendar): string =>
  dateOf(ahead(numberOf(date), days, calendar))

/**
 * The moment before which something must have happened for so many days to be over on a date: the end of the last day for which that is so, in a time zone.
 */
export function overBefore(today: string, days: number, calendar: Calendar, timezone: string): Date {
  const end = numberOf(today)
  let day = end - days
  // Weekends make it longer, never shorter.
  while (ahead(day, days, calendar) > end) day--
  return DateTime.fromISO(dateOf(day + 1), { zone: timezone }).toJSDate()
}

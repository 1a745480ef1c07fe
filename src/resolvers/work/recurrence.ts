import { DateTime } from 'luxon'
import rrule from 'rrule'

/** Most tasks of one series. */
export const OCCURRENCES_MAX = 500

/** What is wrong with a rule of recurrence, or null: RFC 5545's RRULE by days or longer, that ends after at most 500 occurrences. */
export function recurrenceProblem(
  text: string,
  start: Date,
  timezone: string,
): { rule: string; message: string } | null {
  const plain = text.replace(/^RRULE:/i, '')
  if (!/^[A-Z0-9=;,:+-]+$/i.test(plain) || /DTSTART|BYHOUR|BYMINUTE|BYSECOND/i.test(plain))
    return { rule: 'rrule', message: 'must be an RRULE without DTSTART and times of day' }
  const rule = ruleOf(plain, start, timezone)
  if (!rule || rule.options.freq > rrule.RRule.DAILY)
    return { rule: 'rrule', message: 'must be an RRULE by days, weeks, months or years' }
  let many = 0
  rule.all((_date, index) => {
    many = index + 1
    return many <= OCCURRENCES_MAX
  })
  if (many > OCCURRENCES_MAX)
    return { rule: 'ends', message: `must end, by COUNT or UNTIL, after at most ${OCCURRENCES_MAX} occurrences` }
  return many === 0 ? { rule: 'rrule', message: 'must have an occurrence' } : null
}

/** A rule that counts local times as if they were UTC, so that nine o'clock stays nine o'clock when the clocks change; null for a text that is none. */
function ruleOf(text: string, start: Date, timezone: string) {
  try {
    const options = rrule.RRule.parseString(text.replace(/^RRULE:/i, ''))
    if (options.until) options.until = floating(options.until, timezone)
    return new rrule.RRule({ ...options, dtstart: floating(start, timezone) })
  } catch {
    return null
  }
}

function floating(at: Date, timezone: string): Date {
  const local = DateTime.fromJSDate(at, { zone: timezone })
  return local.setZone('utc', { keepLocalTime: true }).toJSDate()
}

/** The occurrence after a moment of a series that begins at `start`, at the same time of day in the time zone; null behind the last. */
export function nextOccurrence(text: string, start: Date, after: Date, timezone: string): Date | null {
  const next = ruleOf(text, start, timezone)?.after(floating(after, timezone))
  if (!next) return null
  return DateTime.fromJSDate(next, { zone: 'utc' }).setZone(timezone, { keepLocalTime: true }).toJSDate()
}

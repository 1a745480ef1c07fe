import { CronExpressionParser } from 'cron-parser'
import { DateTime } from 'luxon'
import { recordType } from '../../read/recordType.ts'
import { nextDaily } from '../platform/job.ts'
import type { Definition } from './definition.ts'

/** How often dates with a time are looked at, milliseconds. */
const EVERY = 300_000
/** When dates without a time are looked at unless the workflow says otherwise. */
const MORNING = '09:00'

/** Does the field of a DATE_REACHED hold a time of day as well. */
export const hasTime = ({ object, dateField }: Pick<Definition, 'object' | 'dateField'>): boolean =>
  recordType(object as string).fields.get(dateField as string)?.kind === 'datetime'

/** When the clock is to look at a workflow next, after a moment; null for one that no clock starts. */
export function nextTick(definition: Definition, timezone: string, from: Date): Date | null {
  if (definition.trigger === 'SCHEDULE')
    return CronExpressionParser.parse(definition.cron as string, { currentDate: from, tz: timezone })
      .next()
      .toDate()
  if (definition.trigger !== 'DATE_REACHED') return null
  if (hasTime(definition)) return new Date(from.getTime() + EVERY)
  return nextDaily(definition.timeOfDay ?? MORNING, timezone, from)
}

/** The dates, YYYY-MM-DD, whose time of a DATE_REACHED came after one moment and not after another. */
export function datesReached(
  { offsetDays, timeOfDay }: Pick<Definition, 'offsetDays' | 'timeOfDay'>,
  timezone: string,
  since: Date,
  until: Date,
): string[] {
  const [hour, minute] = (timeOfDay ?? MORNING).split(':').map(Number)
  const days: string[] = []
  const first = DateTime.fromJSDate(since, { zone: timezone }).startOf('day')
  for (let day = first; day.toJSDate() <= until; day = day.plus({ days: 1 })) {
    const moment = day.set({ hour, minute }).toJSDate()
    if (moment > since && moment <= until) days.push(day.minus({ days: offsetDays }).toISODate() as string)
  }
  return days
}

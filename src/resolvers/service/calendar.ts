import type { Reader } from '../../tenancy/tenancy.ts'
import { checkTimezone, refuse } from '../checks.ts'
import type { Change } from '../write.ts'
import { type BusinessCalendar, type Hours, minuteOf } from './businessTime.ts'

/** Rule of calendars: a time zone that there is; hours that begin before they end and do not overlap. What goes over midnight is two ranges. */
export function writeCalendar(changes: Change[]): void {
  for (const change of changes) {
    checkTimezone(change, 'timezone')
    checkHours(change, 'weekly', (change.values.weekly ?? []) as BusinessCalendar['weekly'])
  }
}

/** Rule of holidays: as of the hours of a calendar. */
export function writeHoliday(changes: Change[]): void {
  for (const change of changes) checkHours(change, 'hours', (change.values.hours ?? []) as Hours[])
}

const TIME = /^([01]\d|2[0-3]):[0-5]\d$|^24:00$/

function checkHours(change: Change, field: string, ranges: (Hours & { day?: string })[]): void {
  ranges.forEach(({ day, from, to }, index) => {
    const at = (name: string) => [field, String(index), name]
    for (const [name, value, last] of [
      ['from', from, '23:59'],
      ['to', to, '24:00'],
    ] as const)
      if (!TIME.test(value) || value > last)
        refuse(change, at(name), 'time', `must be a time of the form HH:MM up to ${last}`)
    if (!TIME.test(from) || !TIME.test(to)) return
    if (minuteOf(from) >= minuteOf(to))
      refuse(change, at('to'), 'after', 'must be after from; hours over midnight are two ranges')
    const clash = ranges.some(
      (other, before) => before < index && other.day === day && other.from < to && from < other.to,
    )
    if (clash) refuse(change, at('from'), 'overlap', 'lies in another range of the day')
  })
}

/** Calendars (uuids) with their holidays, by id; also those in the recycle bin: what runs by them goes on. One statement. */
export async function loadCalendars(
  db: Reader,
  tenantId: string,
  ids: readonly string[],
): Promise<Map<string, BusinessCalendar>> {
  const wanted = [...new Set(ids)]
  if (wanted.length === 0) return new Map()
  const rows = await db.rows<BusinessCalendar & { id: string }>({
    text: `SELECT c.id, c.timezone, c.weekly, coalesce((SELECT json_agg(json_build_object('date', h.date, 'hours', h.hours)) FROM holiday h
 WHERE h.tenant_id = $1 AND h.calendar_id = c.id AND h.deleted_at IS NULL), '[]') AS holidays FROM business_calendar c WHERE c.tenant_id = $1 AND c.id = ANY ($2::uuid[])`,
    values: [tenantId, wanted],
  })
  return new Map(rows.map(({ id, timezone, weekly, holidays }) => [id, { timezone, weekly, holidays }]))
}

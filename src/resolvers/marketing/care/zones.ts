import { DateTime, IANAZone } from 'luxon'
import type { Reader } from '../../../tenancy/tenancy.ts'
import { nextDaily } from '../../platform/job.ts'
import { quietUntil } from '../../work/channels.ts'
import type { CareRule } from './triggers.ts'

/** The day that it is in a time zone. */
export interface Zone {
  /** Its name; empty for the company's, which holds for all who have none, or one that is none. */
  zone: string
  /** YYYY-MM-DD, and its year. */
  day: string
  year: string
  /** MM-DD of the days that are kept on this one. */
  kept: string[]
  /** Too late for this day: it is quiet to its end. */
  over: boolean
}

/** The longest that a rule is not looked at: somebody may have come with a time zone that nobody had. Milliseconds. */
const LOOK = 3_600_000

/** The time zones of people in the company, each once. The index is stepped over, not read. */
export async function zonesOf(db: Reader, tenantId: string): Promise<string[]> {
  const rows = await db.rows<{ zone: string }>({
    text: `WITH RECURSIVE z AS (
 (SELECT timezone AS zone FROM contact WHERE tenant_id = $1 AND timezone IS NOT NULL AND deleted_at IS NULL ORDER BY timezone LIMIT 1)
 UNION ALL SELECT (SELECT c.timezone FROM contact c WHERE c.tenant_id = $1 AND c.timezone > z.zone AND c.deleted_at IS NULL ORDER BY c.timezone LIMIT 1) FROM z WHERE z.zone IS NOT NULL
) SELECT zone FROM z WHERE zone IS NOT NULL`,
    values: [tenantId],
  })
  return rows.map(({ zone }) => zone).filter((zone) => IANAZone.isValidZone(zone))
}

/** A day, YYYY-MM-DD, with the days that are kept on it: 29 February on the 28th where there is none. */
export function dayOf(zone: string, day: string, over = false): Zone {
  const date = DateTime.fromISO(day, { zone: 'utc' })
  const kept = [day.slice(5)]
  if (kept[0] === '02-28' && !date.isInLeapYear) kept.push('02-29')
  return { zone, day, year: day.slice(0, 4), kept, over }
}

type Times = Pick<CareRule, 'sendAtLocalTime' | 'quietFrom' | 'quietTo'>

/** Where it is time for a rule now: its time has come on that day, and it is not quiet; or it is quiet until the day is over. */
export function openZones(rule: Times, company: string, zones: string[], now: Date): Zone[] {
  return ['', ...zones].flatMap((zone) => {
    const name = zone || company
    const local = DateTime.fromJSDate(now, { zone: name })
    if (local.toFormat('HH:mm') < rule.sendAtLocalTime) return []
    const loud = quietUntil({ ...rule, timezone: name }, now)
    const day = local.toISODate() as string
    if (loud.getTime() === now.getTime()) return [dayOf(zone, day)]
    return DateTime.fromJSDate(loud, { zone: name }).toISODate() === day ? [] : [dayOf(zone, day, true)]
  })
}

/** When a rule is to be looked at next: when its time comes in one of the zones, or quiet hours end there; after an hour at the latest. */
export function nextLook(rule: Times, company: string, zones: string[], now: Date): Date {
  const times = [rule.sendAtLocalTime, ...(rule.quietTo ? [rule.quietTo] : [])]
  const moments = [company, ...zones].flatMap((zone) => times.map((time) => nextDaily(time, zone, now).getTime()))
  return new Date(Math.min(now.getTime() + LOOK, ...moments))
}

import ical, { ICalEventStatus, ICalEventTransparency } from 'ical-generator'
import { DateTime } from 'luxon'
import { viewerOfUser } from '../../access/viewer.ts'
import type { Viewer } from '../../context.ts'
import { type RecordType, recordType } from '../../read/recordType.ts'
import { idOf } from '../../read/values.ts'
import type { Reader, Tenancy } from '../../tenancy/tenancy.ts'
import { sqlFor } from '../write.ts'
import { opens, readKey } from './calendarFeed.ts'

/** How far a feed looks back and ahead, days, and how many entries it has at most, the next ones first. */
const BACK = 30
const AHEAD = 365
const MOST = 2000
const DAY = 86_400_000

interface Entry {
  id: string
  version: number
  updatedAt: Date
  title: string | null
  location: string | null
  status: string
  startAt: Date
  endAt: Date | null
  allDay: boolean
}

/**
 * The calendar behind the key of an address, as iCalendar (RFC 5545): the activities that the user owns or is invited to, as they see them, and the tasks that they have to do, which take up no time.
 * What is hidden from them is not in it. Null for a key that opens nothing: never made, made anew since, of a user who left or a company that is suspended.
 */
export async function readCalendar(tenancy: Tenancy, key: string, now = new Date()): Promise<string | null> {
  const feed = readKey(key)
  if (!feed) return null
  const { tenantId, userId } = feed
  return tenancy.readTenant({ tenantId }, async (db) => {
    const [kept] = await db.rows<{ hash: Buffer; name: string; timezone: string | null }>({
      text: `SELECT f.key_hash AS hash, t.name, u.timezone FROM calendar_feed f JOIN app_user u ON u.tenant_id = $1 AND u.id = f.user_id JOIN tenant t ON t.id = $1
 WHERE f.tenant_id = $1 AND f.user_id = $2 AND t.status NOT IN ('SUSPENDED', 'DELETING')`,
      values: [tenantId, userId],
    })
    if (!kept || !opens(feed, kept.hash)) return null
    const viewer = await viewerOfUser(db, tenantId, userId)
    if (!viewer) return null
    const zone = kept.timezone ?? viewer.timezone
    const calendar = ical({ name: kept.name, prodId: { company: 'Atrium', product: 'CRM' }, ttl: 3600 })
    for (const one of await activitiesOf(db, viewer, userId, now)) {
      const day = (at: Date) => DateTime.fromJSDate(at, { zone }).toISODate() as string
      // A day is a date, whatever the zone of the reader; its end is the day behind the last.
      const start = one.allDay ? new Date(`${day(one.startAt)}T00:00:00Z`) : one.startAt
      const end = one.allDay
        ? new Date(Date.parse(`${day(one.endAt ?? one.startAt)}T00:00:00Z`) + DAY)
        : (one.endAt ?? one.startAt)
      calendar.createEvent({
        ...common('Activity', one),
        start,
        end,
        allDay: one.allDay,
        location: one.location,
        status: ['CANCELLED', 'NO_SHOW'].includes(one.status) ? ICalEventStatus.CANCELLED : ICalEventStatus.CONFIRMED,
      })
    }
    for (const one of await tasksOf(db, viewer, userId, now))
      calendar.createEvent({
        ...common('Task', one),
        start: one.startAt,
        end: one.startAt,
        transparency: ICalEventTransparency.TRANSPARENT,
      })
    return calendar.toString()
  })
}

const common = (name: string, { id, version, updatedAt, title }: Entry) => ({
  id: `${idOf(name, id)}@atrium`,
  sequence: version,
  // A reader of feeds asks for what it was made of; the same content is the same text.
  stamp: updatedAt,
  lastModified: updatedAt,
  summary: title ?? '',
})

/** A column, or null where the viewer may not see the field. */
const shown = ({ access }: Viewer, type: RecordType, field: string, alias: string): string =>
  access.hides(type, field) || access.masks(type, field, true)
    ? 'NULL'
    : `${alias}.${type.fields.get(field)?.column as string}`

async function activitiesOf(db: Reader, viewer: Viewer, userId: string, now: Date): Promise<Entry[]> {
  const type = recordType('Activity')
  if (!viewer.access.may('read', type.name) || viewer.access.hides(type, 'startAt')) return []
  const sql = sqlFor(viewer.tenantId)
  const { params } = sql
  const user = params.add(userId, 'uuid')
  const invited = params.add(JSON.stringify([{ recordId: idOf('User', userId) }]), 'jsonb')
  const [from, to] = [-BACK, AHEAD].map((days) => params.add(new Date(now.getTime() + days * DAY), 'timestamptz'))
  const scope = viewer.access.predicate(type, 'a', sql)
  const column = (field: string) => shown(viewer, type, field, 'a')
  const part = (whose: string) =>
    `SELECT a.id FROM activity a WHERE a.tenant_id = $1 AND a.deleted_at IS NULL AND a.start_at BETWEEN ${from} AND ${to} AND ${whose}`
  return db.rows<Entry>({
    text: `SELECT a.id, a.version, a.updated_at AS "updatedAt", ${column('subject')} AS title, ${column('location')} AS location, a.status, a.start_at AS "startAt", a.end_at AS "endAt", a.all_day AS "allDay"
 FROM activity a WHERE a.tenant_id = $1 AND a.id IN (${part(`a.owner_id = ${user}`)} UNION ${part(`a.attendees <> '[]' AND a.attendees @> ${invited}`)})${scope ? ` AND ${scope}` : ''}
 ORDER BY a.start_at DESC, a.id LIMIT ${MOST}`,
    values: params.values,
  })
}

async function tasksOf(db: Reader, viewer: Viewer, userId: string, now: Date): Promise<Entry[]> {
  const type = recordType('Task')
  if (!viewer.access.may('read', type.name) || viewer.access.hides(type, 'dueAt')) return []
  const sql = sqlFor(viewer.tenantId)
  const { params } = sql
  const user = params.add(userId, 'uuid')
  const [from, to] = [-BACK, AHEAD].map((days) => params.add(new Date(now.getTime() + days * DAY), 'timestamptz'))
  const scope = viewer.access.predicate(type, 't', sql)
  return db.rows<Entry>({
    text: `SELECT t.id, t.version, t.updated_at AS "updatedAt", ${shown(viewer, type, 'title', 't')} AS title, NULL AS location, t.status, t.due_at AS "startAt", NULL AS "endAt", false AS "allDay"
 FROM task t WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND t.assignee_id = ${user} AND t.due_at BETWEEN ${from} AND ${to} AND t.status NOT IN ('DONE', 'CANCELLED')${scope ? ` AND ${scope}` : ''}
 ORDER BY t.due_at DESC, t.id LIMIT ${MOST}`,
    values: params.values,
  })
}

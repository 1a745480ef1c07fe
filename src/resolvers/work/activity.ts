import { decodeId } from '../../ids.ts'
import { recordType, recordTypeOfPrefix } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { differs, refuse } from '../checks.ts'
import { after, type Change, idPath, sqlFor, type WriteContext } from '../write.ts'

/** Types of records that may take part in an activity. */
const ATTENDING = ['User', 'Contact', 'Lead']

/** Kinds that are taken off a timeline again by whoever wrote them (spec/domain.md 3.8, 2052); what happened stays. */
const DELETABLE = ['FOLLOW_UP', 'NOTE']

/** Rule of activities that go: only follow-ups and notes do, each by its owner, or by an administrator. INVALID_STATE otherwise. */
export function deleteActivity(changes: Change[], { viewer }: WriteContext): void {
  for (const change of changes) {
    const { kind, ownerId } = change.before ?? {}
    const own = viewer.access.set.full || (ownerId !== null && ownerId === viewer.userId)
    if (DELETABLE.includes(kind as string) && own) continue
    change.errors.push({
      code: 'INVALID_STATE',
      message: 'Only follow-ups and notes of one’s own are deleted.',
      field: idPath(change),
      details: { from: kind, allowed: DELETABLE },
    })
  }
}

/** Rule of activities: no end before the beginning; the next follow-up is still to come when it is written; attendees that exist. */
export async function writeActivity(changes: Change[], context: WriteContext): Promise<void> {
  for (const change of changes) {
    const [start, end] = [after(change, 'startAt'), after(change, 'endAt')]
    if (start && end && Date.parse(end as string) < Date.parse(start as string))
      refuse(change, 'endAt', 'min', 'must not be before startAt')
  }
  for (const change of changes) {
    const next = change.values.nextFollowUpAt as string | null | undefined
    if (next && (!change.before || differs('Activity', change, 'nextFollowUpAt')) && Date.parse(next) <= Date.now())
      refuse(change, 'nextFollowUpAt', 'future', 'must be in the future')
  }
  await checkAttendees(changes, context)
}

async function checkAttendees(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  const uses: { change: Change; place: string; uuid: string | null }[] = []
  const wanted = new Map<string, Set<string>>()
  for (const change of changes) {
    const attendees = (change.values.attendees ?? []) as { recordId?: string; name?: string }[]
    for (const [index, { recordId, name }] of attendees.entries()) {
      const place = String(index)
      if (recordId === undefined) {
        if (name === undefined) refuse(change, ['attendees', place, 'name'], 'required', 'is required without recordId')
        continue
      }
      const decoded = decodeId(recordId)
      const type = decoded ? recordTypeOfPrefix(decoded.prefix) : undefined
      const uuid = decoded && type && ATTENDING.includes(type.name) ? decoded.uuid : null
      if (uuid && type && viewer.access.may('read', type.name))
        wanted.set(type.name, (wanted.get(type.name) ?? new Set()).add(uuid))
      uses.push({ change, place, uuid })
    }
  }
  const found = new Set<string>()
  if (wanted.size > 0) {
    const sql = sqlFor(viewer.tenantId)
    const parts = [...wanted].map(([name, ids]) => {
      const type = recordType(name)
      const t = sql.alias()
      const scope = viewer.access.predicate(type, t, sql)
      return `SELECT ${t}.id FROM ${ident(type.table)} ${t} WHERE ${t}.tenant_id = $1 AND ${t}.deleted_at IS NULL AND ${t}.id = ANY (${sql.params.add([...ids], 'uuid[]')})${scope ? ` AND ${scope}` : ''}`
    })
    const query = { text: parts.join(' UNION ALL '), values: sql.params.values }
    for (const { id } of await db.rows<{ id: string }>(query)) found.add(id)
  }
  for (const { change, place, uuid } of uses) {
    if (uuid && found.has(uuid)) continue
    change.errors.push({
      code: 'NOT_FOUND',
      message: 'recordId names no record.',
      field: [...change.path, 'attendees', place, 'recordId'],
    })
  }
}

import { requireRight } from '../../access/decide.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { type RecordType, recordType } from '../../read/recordType.ts'
import { coerceFilter, countQuery, type Filter, filterProblems } from '../../read/storedFilter.ts'
import { idOf, NO_ID, uuidOf } from '../../read/values.ts'
import { differs, refuse, refuseAs } from '../checks.ts'
import { BULK_MAX } from '../mutation.ts'
import { createRecords, deleteRecords, lockTargets, type Written } from '../records.ts'
import type { Change, Values, WriteContext } from '../write.ts'

/** The record type of a segment's members. */
export function memberType({ object }: { object?: unknown }): RecordType {
  const name = String(object)
  return recordType(name.charAt(0) + name.slice(1).toLowerCase())
}

const refused = (...errors: UserErrorInfo[]): Written => ({ id: null, errors })

/**
 * Rule of segments: a dynamic one has a filter that the API would take from whoever writes it, a static one has none. Where a filter changes, what was counted
 * by the former goes.
 */
export function writeSegment(changes: Change[], { viewer }: WriteContext): void {
  for (const change of changes) {
    const { before, values } = change
    const kind = (before ?? values).kind
    const { filter } = values
    if (kind === 'STATIC') {
      if (filter != null) refuse(change, 'filter', 'static', 'must be left out: a static segment lists its members')
      continue
    }
    if (before ? values.filter === null : filter == null) {
      refuse(change, 'filter', 'required', 'is required for a dynamic segment')
      continue
    }
    if (before && !differs('Segment', change, 'filter')) continue
    checkFilter(change, memberType(before ?? values), viewer)
    if (before) Object.assign(values, { memberCount: null, refreshedAt: null })
  }
}

function checkFilter(change: Change, type: RecordType, viewer: WriteContext['viewer']): void {
  const coerced = coerceFilter(type, change.values.filter)
  const problems = 'problems' in coerced ? coerced.problems : filterProblems(type, coerced.ok, viewer)
  for (const { path, message, forbidden } of problems) {
    const details = forbidden ? undefined : { rule: 'filter' }
    const code = forbidden ? 'FIELD_FORBIDDEN' : 'VALIDATION_FAILED'
    change.errors.push({ code, message, field: [...change.path, 'filter', ...path], details })
  }
}

/** Rule of members: into static segments only, and only records of the segment's type. */
export async function writeSegmentMember(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  const made = changes.filter(({ before }) => !before)
  if (made.length === 0) return
  const rows = await db.rows<{ id: string; object: string; kind: string }>({
    text: 'SELECT id, object, kind FROM segment WHERE tenant_id = $1 AND id = ANY ($2::uuid[])',
    values: [viewer.tenantId, made.map(({ values }) => values.segmentId)],
  })
  const segments = new Map(rows.map((row) => [row.id, row]))
  for (const change of made) {
    const segment = segments.get(change.values.segmentId as string)
    if (segment?.kind === 'DYNAMIC')
      refuseAs(change, 'INVALID_STATE', 'segmentId', 'A dynamic segment finds its members by its filter.')
    else if (segment && memberType(segment).name !== change.values['~type'])
      refuseAs(change, 'NOT_FOUND', 'recordId', 'recordId names no record.')
  }
}

/** Of a segment as its own row says it: the type of its members, and the filter that finds them; null when the viewer may not know the filter. */
export function membersOf(id: string, { object, kind, filter }: Values): { type: RecordType; where: Filter | null } {
  const type = memberType({ object })
  if (kind === 'STATIC') return { type, where: { segments: { some: { id: { eq: id } } } } }
  const coerced = filter == null ? null : coerceFilter(type, filter)
  // A filter that the API of today does not know any more finds nothing: better than everything.
  return { type, where: coerced ? ('ok' in coerced ? coerced.ok : { or: [] }) : null }
}

/** Locks a segment to be changed by a verb. */
async function lockSegment(context: WriteContext, id: string, argument: string): Promise<Change> {
  requireRight(context.viewer, 'update', 'Segment')
  const target = { id: uuidOf('Segment', id) ?? NO_ID }
  const [locked] = await lockTargets(context, recordType('Segment'), [target], {
    action: 'update',
    pathOf: () => [argument],
  })
  const change = locked as Change
  // idPath names the argument id; here it has a name of its own.
  for (const error of change.errors) error.field = [argument]
  return change
}

/**
 * Counts the members of a segment as the caller sees them, and notes the number and the moment.
 *
 * Errors: NOT_FOUND, FORBIDDEN, VALIDATION_FAILED for a filter that the API does not take any more or that the caller may not use.
 */
export async function refreshSegment(context: WriteContext, id: string): Promise<Written> {
  const segment = await lockSegment(context, id, 'id')
  if (segment.errors.length > 0) return refused(...segment.errors)
  const problem = await count(context, segment)
  return problem ? refused(problem) : { id: segment.id, errors: [] }
}

/** Writes down how many members of a locked segment the viewer sees. */
export async function count({ db, viewer }: WriteContext, { id, before }: Change): Promise<UserErrorInfo | null> {
  const { type, where } = membersOf(shown(id), before as Values)
  const [problem] = where ? filterProblems(type, where, viewer) : [FORGOTTEN]
  if (problem)
    return {
      code: problem.forbidden ? 'FIELD_FORBIDDEN' : 'VALIDATION_FAILED',
      message: problem.message,
      field: ['id'],
    }
  const [row] = await db.rows<{ count: number }>(countQuery(type, where as Filter, viewer))
  await db.rows({
    text: 'UPDATE segment SET member_count = $3, refreshed_at = now() WHERE tenant_id = $1 AND id = $2',
    values: [viewer.tenantId, id, row?.count ?? 0],
  })
  return null
}

const FORGOTTEN = { path: [], message: 'The segment has no filter.', forbidden: false }
const shown = (uuid: string) => idOf('Segment', uuid)

interface Listed {
  segmentId: string
  recordIds: readonly string[]
}

/** The segment of a call that lists records, and the records by uuid; with what is wrong. */
async function listed(context: WriteContext, { segmentId, recordIds }: Listed): Promise<Change | Written> {
  if (recordIds.length > BULK_MAX) {
    const message = `At most ${BULK_MAX} records at once.`
    return refused({ code: 'BULK_TOO_LARGE', message, field: ['recordIds'], details: { max: BULK_MAX } })
  }
  const segment = await lockSegment(context, segmentId, 'segmentId')
  if (segment.errors.length > 0) return refused(...segment.errors)
  if (segment.before?.kind === 'STATIC') return segment
  const message = 'A dynamic segment finds its members by its filter.'
  const details = { from: 'DYNAMIC', allowed: ['STATIC'] }
  return refused({ code: 'INVALID_STATE', message, field: ['segmentId'], details })
}

/** The members of a segment among records: uuid of the member by uuid of the record. */
async function membersAmong(
  { db, viewer }: WriteContext,
  segmentId: string,
  uuids: (string | null)[],
): Promise<Map<string, string>> {
  const rows = await db.rows<{ id: string; record: string }>({
    text: 'SELECT id, record_id AS record FROM segment_member WHERE tenant_id = $1 AND segment_id = $2 AND record_id = ANY ($3::uuid[]) AND deleted_at IS NULL',
    values: [viewer.tenantId, segmentId, uuids.filter(Boolean)],
  })
  return new Map(rows.map(({ id, record }) => [record, id]))
}

/**
 * Puts records into a static segment; those that are in it stay. All or nothing.
 *
 * Errors: NOT_FOUND for the segment, for records that the caller does not see and those of another type, FORBIDDEN, INVALID_STATE for a dynamic one, BULK_TOO_LARGE over
 * 200.
 */
export async function addSegmentMembers(context: WriteContext, given: Listed): Promise<Written> {
  requireRight(context.viewer, 'create', 'SegmentMember')
  const segment = await listed(context, given)
  if (!('before' in segment)) return segment
  const object = memberType(segment.before as Values).name
  const uuids = given.recordIds.map((id) => uuidOf(object, id))
  const there = await membersAmong(context, segment.id, uuids)
  const seen = new Set<string>()
  const rows = given.recordIds.flatMap((recordId, place) => {
    const fresh = !there.has(uuids[place] ?? '') && !seen.has(recordId)
    seen.add(recordId)
    return fresh ? [{ place, input: { segmentId: given.segmentId, recordId } }] : []
  })
  const written = await createRecords(
    context,
    recordType('SegmentMember'),
    rows.map(({ input }) => input),
    { pathOf: (index) => ['recordIds', String(rows[index]?.place)] },
  )
  const errors = written.flatMap(({ errors }) => errors)
  for (const error of errors) if (error.field?.at(-1) === 'recordId') error.field = error.field.slice(0, -1)
  if (errors.length > 0) return refused(...errors)
  if (rows.length > 0) await count(context, segment)
  return { id: segment.id, errors: [], changed: rows.length > 0 }
}

/** Takes records out of a static segment; those that are not in it are passed over. Errors as addSegmentMembers, without those of records. */
export async function removeSegmentMembers(context: WriteContext, given: Listed): Promise<Written> {
  requireRight(context.viewer, 'delete', 'SegmentMember')
  const segment = await listed(context, given)
  if (!('before' in segment)) return segment
  const uuids = given.recordIds.map((id) => uuidOf(memberType(segment.before as Values).name, id))
  const there = await membersAmong(context, segment.id, uuids)
  const targets = [...there.values()].map((id) => ({ id }))
  const written = await deleteRecords(context, recordType('SegmentMember'), targets, { partial: true })
  const changed = written.some(({ id }) => id)
  if (changed) await count(context, segment)
  return { id: segment.id, errors: [], changed }
}

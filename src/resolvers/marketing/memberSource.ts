import type { UserErrorInfo } from '../../errors.ts'
import { recordType } from '../../read/recordType.ts'
import { amongQuery, type Filter, filterProblems, nextQuery } from '../../read/storedFilter.ts'
import { idOf, NO_ID, uuidOf } from '../../read/values.ts'
import { membersOf, memberType } from '../customers/segment.ts'
import { BULK_MAX } from '../mutation.ts'
import type { WriteContext } from '../write.ts'

/** Who comes to be a member: records by their ids, or all of a segment or of a target list. Exactly one. */
export interface From {
  recordIds?: readonly string[] | null
  segmentId?: string | null
  targetListId?: string | null
}

/** Somebody who is to be a member. */
export interface Somebody {
  type: string
  uuid: string
}

/** What people are taken from, by uuid. */
export interface Source {
  type: 'Segment' | 'TargetList'
  id: string
}

type Read = { source: Source } | { error: UserErrorInfo }

/** The segment or list that a call names. Errors: NOT_FOUND, FIELD_FORBIDDEN and VALIDATION_FAILED for a filter that the viewer may not use, or nobody, VALIDATION_FAILED for a segment of what cannot be a member. */
export async function readSource(context: WriteContext, from: From, of: readonly string[]): Promise<Read> {
  const type = from.segmentId == null ? 'TargetList' : 'Segment'
  const path = ['from', type === 'Segment' ? 'segmentId' : 'targetListId']
  const given = (type === 'Segment' ? from.segmentId : from.targetListId) ?? ''
  const { db, viewer } = context
  viewer.access.requireRead(recordType(type), path)
  const id = uuidOf(type, given) ?? NO_ID
  const [seen] = await db.rows(amongQuery(recordType(type), {}, viewer, [id]))
  if (!seen) return { error: { code: 'NOT_FOUND', message: `${path[1]} names no record.`, field: path } }
  const source: Source = { type, id }
  if (type === 'TargetList') {
    viewer.access.requireRead(recordType('TargetListMember'), path)
    return { source }
  }
  const segment = await segmentOf(context, id)
  const problem = segment?.problem ?? null
  if (problem)
    return {
      error: {
        code: problem.forbidden ? 'FIELD_FORBIDDEN' : 'VALIDATION_FAILED',
        message: problem.message,
        field: path,
      },
    }
  if (segment && !of.includes(segment.type.name))
    return {
      error: {
        code: 'VALIDATION_FAILED',
        message: `Its members are of the type ${segment.type.name}.`,
        field: path,
        details: { rule: 'object', allowed: of },
      },
    }
  return { source }
}

/** A segment as the viewer may use it; null for one that is gone. */
async function segmentOf({ db, viewer }: WriteContext, id: string) {
  const [row] = await db.rows<{ object: string; kind: string; filter: unknown }>({
    text: 'SELECT object, kind, filter FROM segment WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL',
    values: [viewer.tenantId, id],
  })
  if (!row) return null
  const { type, where } =
    row.kind === 'DYNAMIC' && viewer.access.hides(recordType('Segment'), 'filter')
      ? { type: memberType(row), where: null }
      : membersOf(idOf('Segment', id), row)
  const [problem] = where
    ? filterProblems(type, where, viewer)
    : [{ path: [], message: 'The filter of the segment is hidden.', forbidden: true }]
  return { type, where: where as Filter, problem }
}

/** The next people of a source whom the viewer sees, in the order of their ids, behind one; `last` is null where there are no more. */
export async function nextOf(
  context: WriteContext,
  { type, id }: Source,
  after: string,
): Promise<{ people: Somebody[]; last: string | null }> {
  const { db, viewer } = context
  const limit = BULK_MAX
  const end = (rows: { id: string }[]) => (rows.length < limit ? null : (rows.at(-1)?.id ?? null))
  if (type === 'Segment') {
    const segment = await segmentOf(context, id)
    if (!segment || segment.problem) return { people: [], last: null }
    const rows = await db.rows<{ id: string }>(nextQuery(segment.type, segment.where, viewer, { after, limit }))
    return { people: rows.map((row) => ({ type: segment.type.name, uuid: row.id })), last: end(rows) }
  }
  const rows = await db.rows<{ id: string }>(
    nextQuery(recordType('TargetListMember'), {}, viewer, {
      after,
      limit,
      more: (alias, value) => `${alias}.target_list_id = ${value(id, 'uuid')}`,
    }),
  )
  const people = await db.rows<Somebody>({
    text: `SELECT CASE WHEN contact_id IS NULL THEN 'Lead' ELSE 'Contact' END AS type, coalesce(contact_id, lead_id) AS uuid FROM target_list_member
 WHERE tenant_id = $1 AND id = ANY ($2::uuid[])`,
    values: [viewer.tenantId, rows.map((row) => row.id)],
  })
  return { people, last: end(rows) }
}

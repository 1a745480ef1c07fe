import { requireRight } from '../../access/decide.ts'
import { decodeId } from '../../ids.ts'
import { type RecordType, recordType, recordTypeOfPrefix } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { createRecords, deleteRecords, updateRecords, type Written } from '../records.ts'
import { type Input, sqlFor, type WriteContext } from '../write.ts'

/** Who is to work with a record besides its owner, as clients write it. */
export interface TeamMember {
  recordId: string
  userId: string
  access?: string | null
  expiresAt?: string | null
  reason?: string | null
}

/** The verbs take their values as arguments of their own. */
const AT_ARGUMENTS = { pathOf: () => [] as string[] }

const NOBODY = 'They are no member of its team.'

/**
 * Lets a user see a record, or write it too, besides its owner: a share of the record. One who is a member already gets the access that is given.
 *
 * Errors: NOT_FOUND, FORBIDDEN unless the caller may write the record, OWNER_IS_MEMBER for its owner, VALIDATION_FAILED.
 */
export async function addTeamMember(context: WriteContext, given: TeamMember): Promise<Written> {
  requireRight(context.viewer, 'create', 'RecordShare')
  requireRight(context.viewer, 'update', 'RecordShare')
  const share = recordType('RecordShare')
  const { recordId, userId, ...more } = given
  const input: Input = { access: 'READ' }
  for (const [name, value] of Object.entries(more)) if (value !== undefined && value !== null) input[name] = value
  const known = await memberOf(context, recordId, userId)
  const [written] = known
    ? await updateRecords(context, share, [{ id: known, input: { expiresAt: null, ...input } }], AT_ARGUMENTS)
    : await createRecords(context, share, [{ recordId, userId, ...input }], AT_ARGUMENTS)
  return written as Written
}

/** Takes a user from those who work with a record besides its owner. Errors: NOT_FOUND, FORBIDDEN, OWNER_IS_MEMBER for its owner. */
export async function removeTeamMember(
  context: WriteContext,
  { recordId, userId }: Pick<TeamMember, 'recordId' | 'userId'>,
): Promise<Written> {
  requireRight(context.viewer, 'delete', 'RecordShare')
  const found = await memberOf(context, recordId, userId)
  if (!found) {
    const owner = await ownerSeen(context, recordId)
    const is = owner !== null && owner === uuidOf('User', userId)
    const code = is ? 'OWNER_IS_MEMBER' : 'NOT_FOUND'
    return {
      id: null,
      errors: [{ code, message: is ? 'The owner cannot be taken from the team.' : NOBODY, field: ['userId'] }],
    }
  }
  const [written] = await deleteRecords(context, recordType('RecordShare'), [{ id: found }], {
    pathOf: () => ['userId'],
  })
  for (const error of (written as Written).errors) error.field = ['userId']
  return written as Written
}

/** The record that an id names, if it is of a type whose records have an owner. */
function owned(id: string): { type: RecordType; uuid: string } | null {
  const decoded = decodeId(id)
  const type = decoded ? recordTypeOfPrefix(decoded.prefix) : undefined
  return decoded && type && type.owners.length > 0 ? { type, uuid: decoded.uuid } : null
}

/** The live share of a record with a user, as far as the viewer sees it. */
async function memberOf({ db, viewer }: WriteContext, recordId: string, userId: string): Promise<string | null> {
  const record = owned(recordId)
  const share = recordType('RecordShare')
  if (!record || !viewer.access.may('read', share.name)) return null
  const sql = sqlFor(viewer.tenantId)
  const [type, id, user] = [
    sql.params.add(record.type.name, 'text'),
    sql.params.add(record.uuid, 'uuid'),
    sql.params.add(uuidOf('User', userId) ?? NO_ID, 'uuid'),
  ]
  const scope = viewer.access.predicate(share, 't', sql)
  const [row] = await db.rows<{ id: string }>({
    text: `SELECT t.id FROM record_share t WHERE t.tenant_id = $1 AND t.object_type = ${type} AND t.record_id = ${id} AND t.principal_id = ${user} AND t.deleted_at IS NULL${scope ? ` AND ${scope}` : ''}`,
    values: sql.params.values,
  })
  return row?.id ?? null
}

/** uuid of the owner of a record that the viewer sees; null otherwise. */
async function ownerSeen({ db, viewer }: WriteContext, recordId: string): Promise<string | null> {
  const record = owned(recordId)
  if (!record || !viewer.access.may('read', record.type.name)) return null
  const sql = sqlFor(viewer.tenantId)
  const scope = viewer.access.predicate(record.type, 't', sql)
  const column = record.type.fields.get(record.type.owners[0] as string)!.column
  const [row] = await db.rows<{ owner: string | null }>({
    text: `SELECT t.${ident(column)} AS owner FROM ${ident(record.type.table)} t WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND t.id = ${sql.params.add(record.uuid, 'uuid')}${scope ? ` AND ${scope}` : ''}`,
    values: sql.params.values,
  })
  return row?.owner ?? null
}

/** Of records by type and uuid, the uuid of their owner: for the rule that an owner is no member. */
export async function ownersOf(
  { db, viewer }: Pick<WriteContext, 'db' | 'viewer'>,
  type: RecordType,
  ids: string[],
): Promise<Map<string, string>> {
  const column = type.fields.get(type.owners[0] as string)?.column
  if (!column) return new Map()
  const rows = await db.rows<{ id: string; owner: string | null }>({
    text: `SELECT id, ${ident(column)} AS owner FROM ${ident(type.table)} WHERE tenant_id = $1 AND id = ANY ($2::uuid[])`,
    values: [viewer.tenantId, ids],
  })
  return new Map(rows.flatMap(({ id, owner }) => (owner ? [[id, owner]] : [])))
}

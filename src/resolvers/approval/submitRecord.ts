import { requireRight } from '../../access/decide.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { decodeId } from '../../ids.ts'
import { recordTypeOfPrefix } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { validationError } from '../normalise.ts'
import { lockTargets, type Written } from '../records.ts'
import type { WriteContext } from '../write.ts'
import { find, readComment, refused } from './act.ts'
import { APPROVERS_MAX } from './approvers.ts'
import { subjectOf } from './registry.ts'
import { submitForApproval } from './submit.ts'
import { withdraw } from './withdraw.ts'

/** What clients submit. */
export interface Submit {
  recordId: string
  approverIds?: readonly string[] | null
  comment?: string | null
}

const field = ['recordId']
// Absent, foreign, malformed, and of a type that cannot be approved: all look the same.
const NONE: UserErrorInfo = { code: 'NOT_FOUND', message: 'There is no such record to be approved.', field }

/**
 * Submits a record that the caller may change.
 *
 * Errors: NOT_FOUND, also for a record of a type that cannot be approved, FORBIDDEN, VALIDATION_FAILED, REFERENCE_NOT_FOUND for a named approver who is not there, those of submitForApproval.
 *
 * @throws FORBIDDEN.
 */
export async function submitRecord(
  context: WriteContext,
  { recordId, approverIds, comment }: Submit,
): Promise<Written> {
  const { viewer } = context
  requireRight(viewer, 'create', 'ApprovalInstance')
  const decoded = decodeId(recordId)
  const type = decoded ? recordTypeOfPrefix(decoded.prefix) : undefined
  if (!decoded || !type || !subjectOf(type.name)) return refused(NONE)
  requireRight(viewer, 'update', type.name)
  const [locked] = await lockTargets(context, type, [{ id: decoded.uuid }], {
    action: 'update',
    pathOf: () => field,
  })
  if (!locked?.before)
    return refused(...(locked?.errors ?? []).map((error) => (error.code === 'NOT_FOUND' ? NONE : { ...error, field })))
  const read = readComment(context, comment)
  if ('errors' in read) return refused(...read.errors)
  const named = await readApprovers(context, approverIds ?? [])
  if ('errors' in named) return refused(...named.errors)
  const done = await submitForApproval(context, {
    object: type.name,
    id: decoded.uuid,
    approvers: named.approvers,
    comment: read.comment,
  })
  if ('errors' in done) return refused(...done.errors)
  return { id: done.instanceId, errors: [], changed: true }
}

async function readApprovers(
  { db, viewer }: WriteContext,
  given: readonly string[],
): Promise<{ approvers: string[] } | { errors: UserErrorInfo[] }> {
  if (given.length === 0) return { approvers: [] }
  if (given.length > APPROVERS_MAX)
    return { errors: [validationError(['approverIds'], 'maxItems', `must have at most ${APPROVERS_MAX} members`)] }
  const approvers = given.map((id) => uuidOf('User', id) ?? NO_ID)
  const rows = viewer.access.may('read', 'User')
    ? await db.rows<{ id: string }>({
        text: `SELECT id FROM app_user WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND status <> 'LEFT' AND contact_id IS NULL AND deleted_at IS NULL`,
        values: [viewer.tenantId, approvers],
      })
    : []
  const there = new Set(rows.map(({ id }) => id))
  const errors = approvers.flatMap((id, place): UserErrorInfo[] =>
    there.has(id)
      ? []
      : [
          {
            code: 'REFERENCE_NOT_FOUND',
            message: 'There is no such User.',
            field: ['approverIds', String(place)],
          },
        ],
  )
  return errors.length > 0 ? { errors } : { approvers }
}

/** Takes an approval back, by its id; see withdrawFromApproval. */
export async function withdrawApproval(
  context: WriteContext,
  { id, comment }: { id: string; comment?: string | null },
): Promise<Written> {
  requireRight(context.viewer, 'create', 'ApprovalInstance')
  const found = await find(context, id)
  if ('errors' in found) return refused(...found.errors)
  const read = readComment(context, comment)
  if ('errors' in read) return refused(...read.errors)
  const errors = await withdraw(context, found.instance, read.comment, ['id'])
  return errors.length > 0 ? refused(...errors) : { id: found.instance.id, errors: [], changed: true }
}

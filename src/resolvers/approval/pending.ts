import { type RecordType, recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { type Change, idPath, same, type WriteContext } from '../write.ts'
import { lockedWith, subjectOf } from './registry.ts'

/** An approval that a record waits for. Plain uuids. */
export interface Pending {
  instanceId: string
  /** Fields that its step leaves open. */
  editableFields: string[]
  submitterId: string
  /** Who may decide now. */
  approverIds: string[]
}

/**
 * The approvals that records of a type (uuids) wait for, by record. One statement; none for a type that cannot be approved. Whoever goes by it holds the
 * records' locks: who submits takes them first.
 */
export async function pendingApproval(
  { db, viewer }: Pick<WriteContext, 'db' | 'viewer'>,
  object: string,
  ids: string[],
): Promise<Map<string, Pending>> {
  if (!subjectOf(object) || ids.length === 0) return new Map()
  const rows = await db.rows<Pending & { recordId: string }>({
    text: `SELECT i.record_id AS "recordId", i.id AS "instanceId", i.submitter_id AS "submitterId",
 coalesce(v.steps -> (i.current_step - 1) -> 'editableFields', '[]') AS "editableFields",
 ARRAY(SELECT t.approver_id FROM approval_task t WHERE t.tenant_id = $1 AND t.instance_id = i.id AND t.status = 'PENDING') AS "approverIds"
 FROM approval_instance i JOIN approval_flow_version v ON v.tenant_id = $1 AND v.id = i.flow_version_id
 WHERE i.tenant_id = $1 AND i.object_type = $2 AND i.record_id = ANY ($3::uuid[]) AND i.status = 'PENDING' AND i.deleted_at IS NULL`,
    values: [viewer.tenantId, object, ids],
  })
  return new Map(rows.map((row) => [row.recordId, row]))
}

/**
 * APPROVAL_PENDING for changes of records that wait for an approval, and of their parts. While an update only touches fields that the current step leaves open,
 * its approvers and the submitter may. The records are locked by the caller.
 */
export async function refusePending(context: WriteContext, type: RecordType, changes: Change[]): Promise<void> {
  const pending = await pendingApproval(
    context,
    type.name,
    changes.flatMap(({ id, before }) => (before ? [id] : [])),
  )
  for (const change of changes) {
    const found = pending.get(change.id)
    if (!found || mayEdit(context, type, change, found)) continue
    refuse(change, found.editableFields)
  }
  for (const { object, field } of lockedWith(type)) await refuseParts(context, object, field, changes)
}

function mayEdit({ viewer }: WriteContext, type: RecordType, change: Change, pending: Pending): boolean {
  const { userId } = viewer
  if (!userId || (userId !== pending.submitterId && !pending.approverIds.includes(userId))) return false
  const names = Object.keys(change.values)
  const touched = names.filter((name) => !same(type.fields.get(name), change.before?.[name], change.values[name]))
  return names.length > 0 && touched.every((name) => pending.editableFields.includes(name))
}

/** Parts of what waits stay with it. It is locked first: who submits it must not be passed by who changes its lines. */
async function refuseParts(context: WriteContext, object: string, field: string, changes: Change[]): Promise<void> {
  const { db, viewer } = context
  const wholes = ({ before, values }: Change) => [before?.[field], values[field]].filter((id) => typeof id === 'string')
  const ids = [...new Set(changes.flatMap(wholes))]
  if (ids.length === 0) return
  await db.rows({
    text: `SELECT id FROM ${ident(recordType(object).table)} WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE`,
    values: [viewer.tenantId, ids],
  })
  const pending = await pendingApproval(context, object, ids)
  for (const change of changes) if (wholes(change).some((id) => pending.has(id))) refuse(change, [])
}

function refuse(change: Change, editableFields: string[]): void {
  change.errors.push({
    code: 'APPROVAL_PENDING',
    message: 'The record waits for an approval and must stay as it is until then.',
    field: idPath(change),
    ...(editableFields.length > 0 ? { details: { editableFields } } : {}),
  })
}

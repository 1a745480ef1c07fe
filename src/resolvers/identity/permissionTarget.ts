import { may } from '../../access/decide.ts'
import { assertGrantable } from '../../access/escalation.ts'
import { ALWAYS_READABLE } from '../../access/permissions.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { decodeId } from '../../ids.ts'
import { fieldOf, findRecordType, type RecordType, recordType, recordTypeOfPrefix } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { normalise, validationError } from '../normalise.ts'
import { forbidden, type Input, sqlFor, type WriteContext } from '../write.ts'

/** What a request asks for, as its row says. Which of them are set follows from the kind. */
export interface Target {
  kind: 'ROLE' | 'RECORD_ACCESS' | 'FIELD' | 'EXPORT'
  /** Plain uuid. */
  roleId: string | null
  /** Name of a record type. */
  object: string | null
  /** As clients write it. */
  recordId: string | null
  field: string | null
  access: 'READ' | 'WRITE' | null
  purpose: string | null
}

/** What a request of each kind says about its target; the first ones are required. */
const MEMBERS: Record<Target['kind'], { required: string[]; optional: string[] }> = {
  ROLE: { required: ['roleId'], optional: [] },
  RECORD_ACCESS: { required: ['recordId'], optional: ['access'] },
  FIELD: { required: ['object', 'field'], optional: ['access'] },
  EXPORT: { required: ['object', 'purpose'], optional: [] },
}
const ALL = ['roleId', 'recordId', 'object', 'field', 'access', 'purpose']

const notFound = (field: string): UserErrorInfo => ({
  code: 'NOT_FOUND',
  message: `${field} names no record.`,
  field: ['input', field],
})

/**
 * Reads what a request asks for. What belongs to another kind is refused, and what would be of no use: a share or a field opens nothing to somebody who
 * may not read the type.
 *
 * @param errors gets VALIDATION_FAILED, NOT_FOUND, FORBIDDEN.
 * @returns the target; null with errors.
 */
export async function readTarget(context: WriteContext, input: Input, errors: UserErrorInfo[]): Promise<Target | null> {
  const before = errors.length
  const kind = input.kind as Target['kind']
  const { required, optional } = MEMBERS[kind]
  for (const name of ALL) {
    const given = input[name] != null && String(input[name]).trim() !== ''
    if (given && !required.includes(name) && !optional.includes(name))
      errors.push(validationError(['input', name], 'kind', `is nothing that a request for ${kind} says`))
    else if (!given && required.includes(name)) errors.push(validationError(['input', name], 'required', 'is required'))
  }
  if (errors.length > before) return null
  const target: Target = {
    kind,
    roleId: null,
    object: null,
    recordId: null,
    field: null,
    access: optional.includes('access') ? ((input.access as Target['access']) ?? 'READ') : null,
    purpose: null,
  }
  if (kind === 'ROLE') await readRole(context, input, target, errors)
  else if (kind === 'RECORD_ACCESS') await readRecord(context, input, target, errors)
  else readObject(context, input, target, errors)
  if (errors.length > before || !target.object) return errors.length > before ? null : target
  const action = target.access === 'WRITE' ? 'update' : 'read'
  if (may(context.viewer, action, target.object)) return target
  errors.push(forbidden(`${target.object}.${action}`, ['input', kind === 'RECORD_ACCESS' ? 'recordId' : 'object']))
  return null
}

async function readRole({ db, viewer }: WriteContext, input: Input, target: Target, errors: UserErrorInfo[]) {
  target.roleId = uuidOf('Role', input.roleId) ?? NO_ID
  const [role] = may(viewer, 'read', 'Role')
    ? await db.rows<{ has: boolean }>({
        text: `SELECT EXISTS (SELECT 1 FROM app_user u WHERE u.tenant_id = $1 AND u.id = $3 AND u.role_id = r.id) AS has FROM role r
 WHERE r.tenant_id = $1 AND r.id = $2 AND r.deleted_at IS NULL FOR SHARE OF r`,
        values: [viewer.tenantId, target.roleId, viewer.userId],
      })
    : []
  if (!role) errors.push(notFound('roleId'))
  else if (role.has) errors.push(validationError(['input', 'roleId'], 'had', 'is your main role already'))
}

async function readRecord({ db, viewer }: WriteContext, input: Input, target: Target, errors: UserErrorInfo[]) {
  const record = recordOf(String(input.recordId))
  // Whether there is such a record is told to those alone who may read records like it.
  if (record && !may(viewer, 'read', record.type.name)) {
    errors.push(forbidden(`${record.type.name}.read`, ['input', 'recordId']))
  } else if (!record || !(await isLive(db, viewer.tenantId, record))) {
    errors.push(notFound('recordId'))
  } else if (record.type.owners.length === 0 || record.type.name === 'PermissionRequest') {
    errors.push(
      validationError(['input', 'recordId'], 'owner', 'must be a record of a type whose records have an owner'),
    )
  } else {
    target.recordId = String(input.recordId)
    target.object = record.type.name
  }
}

function readObject({ viewer }: WriteContext, input: Input, target: Target, errors: UserErrorInfo[]) {
  const type = findRecordType(String(input.object))
  if (!type) {
    errors.push(validationError(['input', 'object'], 'unknown', 'must be the name of a type of record'))
    return
  }
  target.object = type.name
  if (target.kind === 'EXPORT') {
    const purpose = normalise(fieldOf(recordType('PermissionRequest'), 'purpose'), input.purpose, viewer)
    if ('rule' in purpose) errors.push(validationError(['input', 'purpose'], purpose.rule, purpose.message))
    else target.purpose = purpose.ok as string
    return
  }
  const field = type.fields.get(String(input.field))
  if (!field || ALWAYS_READABLE.has(field.name))
    errors.push(
      validationError(
        ['input', 'field'],
        'unknown',
        `must be the name of a field of ${type.name} that can be restricted`,
      ),
    )
  else if (target.access === 'WRITE' && field.write === 'never')
    errors.push(validationError(['input', 'access'], 'readOnly', 'is READ for a field that nobody writes'))
  else target.field = field.name
}

/** The type and uuid that a record's id names; null for what is none. */
export function recordOf(id: string): { type: RecordType; uuid: string } | null {
  const decoded = decodeId(id)
  const type = decoded ? recordTypeOfPrefix(decoded.prefix) : undefined
  return decoded && type ? { type, uuid: decoded.uuid } : null
}

async function isLive(
  db: Reader,
  tenantId: string,
  { type, uuid }: { type: RecordType; uuid: string },
): Promise<boolean> {
  const rows = await db.rows({
    text: `SELECT 1 FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.id = $2 AND t.deleted_at IS NULL`,
    values: [tenantId, uuid],
  })
  return rows.length > 0
}

/** The department, other than the applicant's own, that the data asked for belongs to: that of the record's owner. Null for data of no other department. */
export async function owningDepartment(
  db: Reader,
  tenantId: string,
  applicantId: string,
  { recordId }: Pick<Target, 'recordId'>,
): Promise<string | null> {
  const record = recordId ? recordOf(recordId) : null
  if (!record) return null
  const { type, uuid } = record
  const owner = fieldOf(type, type.owners[0] as string).column
  const [row] = await db.rows<{ id: string }>({
    text: `SELECT o.department_id AS id FROM ${ident(type.table)} t JOIN app_user o ON o.tenant_id = $1 AND o.id = t.${ident(owner)}
 JOIN app_user a ON a.tenant_id = $1 AND a.id = $3 WHERE t.tenant_id = $1 AND t.id = $2 AND o.department_id IS DISTINCT FROM a.department_id`,
    values: [tenantId, uuid, applicantId],
  })
  return row?.id ?? null
}

/**
 * Why the viewer may not grant a target: PRIVILEGE_ESCALATION where they lack it themselves, NOT_FOUND where the record is gone.
 *
 * @param path where the request stands in the arguments.
 */
export async function lacking(context: WriteContext, target: Target, path: string[]): Promise<UserErrorInfo[]> {
  const { viewer } = context
  const { access } = viewer
  const lacks = (missing: string): UserErrorInfo[] => [
    {
      code: 'PRIVILEGE_ESCALATION',
      message: `You cannot grant what you do not have: ${missing}.`,
      field: path,
      details: { missing: [missing] },
    },
  ]
  if (target.kind === 'ROLE') return assertGrantable(context, [target.roleId ?? NO_ID], path)
  const type = findRecordType(target.object ?? '')
  if (!type) return [{ code: 'NOT_FOUND', message: 'There is no such type any more.', field: path }]
  if (target.kind === 'EXPORT') return may(viewer, 'export', type.name) ? [] : lacks(`${type.name}.export`)
  const action = target.access === 'WRITE' ? 'update' : 'read'
  if (!may(viewer, 'read', type.name) || !may(viewer, action, type.name)) return lacks(`${type.name}.${action}`)
  if (target.kind === 'FIELD') {
    const field = target.field ?? ''
    const open = !access.hides(type, field) && !access.masks(type, field, true)
    return open && (action === 'read' || access.mayWriteField(type, field)) ? [] : lacks(`${type.name}.${field}`)
  }
  const seen = await reach(context, type, recordOf(target.recordId ?? '')?.uuid ?? NO_ID, target.access === 'WRITE')
  if (seen === null) return [{ code: 'NOT_FOUND', message: 'The record is not there any more.', field: path }]
  return seen ? [] : lacks(`${type.name}.${action} of this record`)
}

/** Does a live record lie in the viewer's scope; null when it is gone. */
async function reach({ db, viewer }: WriteContext, type: RecordType, id: string, writing: boolean) {
  const sql = sqlFor(viewer.tenantId)
  const wanted = sql.params.add([id], 'uuid[]')
  const parts = [
    viewer.access.predicate(type, 't', sql),
    writing ? viewer.access.predicate(type, 't', sql, 'update') : null,
  ].filter((one) => one !== null)
  const [row] = await db.rows<{ open: boolean }>({
    text: `SELECT ${parts.length > 0 ? parts.join(' AND ') : 'true'} AS open FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.id = ANY (${wanted}) AND t.deleted_at IS NULL`,
    values: sql.params.values,
  })
  return row ? row.open : null
}

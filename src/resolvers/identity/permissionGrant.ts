import { EVERYTHING } from '../../access/access.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { recordType } from '../../read/recordType.ts'
import { idOf } from '../../read/values.ts'
import { createRecords, deleteRecords, updateRecords, type Written } from '../records.ts'
import type { Input, WriteContext } from '../write.ts'
import { recordOf, type Target } from './permissionTarget.ts'

/** What a grant is made of. */
export interface Grant extends Target {
  id: string
  applicantId: string
  reason: string
  /** When it ends; null for never. */
  until: Date | null
}

/** Where a grant stands: the row of a further role or of a share; both null for fields and exports, which the request itself grants. Or why it was not made. */
export type Granted = { grantedUserRoleId: string | null; grantedShareId: string | null } | { errors: UserErrorInfo[] }

/** As the viewer, past their own rights: what they may grant was decided before. */
const trusted = ({ db, viewer }: WriteContext): WriteContext => ({ db, viewer: { ...viewer, access: EVERYTHING } })

/** A row that the applicant has already, live until it ends. */
interface Held {
  id: string
  access: string
  expiresAt: Date | null
}

const HELD = {
  UserRole: `SELECT id, 'READ' AS access, expires_at AS "expiresAt" FROM user_role
 WHERE tenant_id = $1 AND user_id = $2 AND role_id = $3 AND deleted_at IS NULL FOR NO KEY UPDATE`,
  RecordShare: `SELECT id, access, expires_at AS "expiresAt" FROM record_share
 WHERE tenant_id = $1 AND user_id = $2 AND record_id = $3 AND object_type = $4 AND deleted_at IS NULL FOR NO KEY UPDATE`,
}

/**
 * Makes what was asked for: a further role, a share. What the applicant has of it already is replaced when the new grant goes at least as far; requests that
 * granted it before end with that. INVALID_STATE when it would take something away. Fields and exports are granted by the request's own row.
 */
export async function grant(context: WriteContext, given: Grant, path: string[]): Promise<Granted> {
  const { tenantId } = context.viewer
  const { applicantId, roleId, recordId, reason } = given
  const user = idOf('User', applicantId)
  const record = given.kind === 'RECORD_ACCESS' ? recordOf(recordId ?? '') : null
  if (given.kind === 'ROLE') {
    const values = [tenantId, applicantId, roleId]
    const made = await put(context, given, 'UserRole', values, path, {
      userId: user,
      roleId: idOf('Role', roleId as string),
      reason,
    })
    return made.id ? { grantedUserRoleId: made.id, grantedShareId: null } : { errors: made.errors }
  }
  if (!record) return { grantedUserRoleId: null, grantedShareId: null }
  const values = [tenantId, applicantId, record.uuid, record.type.name]
  const made = await put(context, given, 'RecordShare', values, path, {
    userId: user,
    recordId: recordId as string,
    access: given.access,
    reason,
  })
  return made.id ? { grantedUserRoleId: null, grantedShareId: made.id } : { errors: made.errors }
}

async function put(
  context: WriteContext,
  { id, access, until }: Grant,
  typeName: keyof typeof HELD,
  values: unknown[],
  path: string[],
  input: Input,
): Promise<Pick<Written, 'id' | 'errors'>> {
  const type = recordType(typeName)
  const all = trusted(context)
  const expiresAt = until?.toISOString() ?? null
  const [held] = await context.db.rows<Held>({ text: HELD[typeName], values })
  if (held && (!held.expiresAt || held.expiresAt > new Date())) {
    const farther =
      !(until && (!held.expiresAt || held.expiresAt > until)) && !(held.access === 'WRITE' && access === 'READ')
    const same = held.expiresAt?.getTime() === until?.getTime() && (access === null || held.access === access)
    if (!farther || same) {
      const error: UserErrorInfo = {
        code: 'INVALID_STATE',
        message: 'The applicant has this already, or something that goes farther.',
        field: path,
      }
      return { id: null, errors: [error] }
    }
    const change = { expiresAt, ...(typeName === 'RecordShare' ? { access } : {}) }
    const [written] = (await updateRecords(all, type, [{ id: held.id, input: change }])) as [Written]
    if (written.errors.length > 0) return { id: null, errors: at(written.errors, path) }
    const column = typeName === 'UserRole' ? 'granted_user_role_id' : 'granted_share_id'
    await context.db.rows({
      text: `UPDATE permission_request SET status = 'EXPIRED', ended_at = now() WHERE tenant_id = $1 AND ${column} = $2 AND status = 'APPROVED' AND id <> $3`,
      values: [context.viewer.tenantId, held.id, id],
    })
    return { id: held.id, errors: [] }
  }
  if (held) await deleteRecords(all, type, [{ id: held.id }])
  const [made] = (await createRecords(all, type, [{ ...input, expiresAt }])) as [Written]
  return { id: made.id, errors: at(made.errors, path) }
}

/** Errors of a row that the caller did not write themselves, at what they gave. */
const at = (errors: UserErrorInfo[], path: string[]): UserErrorInfo[] =>
  errors.map((error) => ({ ...error, field: path }))

/**
 * Takes a grant back. What somebody has taken back or made longer meanwhile stays as they left it.
 *
 * @param ended only what had ended by then: what a grant that ran out leaves behind.
 * @returns why it cannot go: LAST_ADMIN.
 */
export async function withdraw(
  context: WriteContext,
  granted: { grantedUserRoleId: string | null; grantedShareId: string | null },
  { path, ended }: { path: string[]; ended?: Date },
): Promise<UserErrorInfo[]> {
  const errors: UserErrorInfo[] = []
  const rows = [
    ['UserRole', granted.grantedUserRoleId],
    ['RecordShare', granted.grantedShareId],
  ] as const
  for (const [typeName, id] of rows) {
    if (!id) continue
    const type = recordType(typeName)
    const live = await context.db.rows({
      text: `SELECT 1 FROM ${type.table} WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL AND ($3::timestamptz IS NULL OR expires_at <= $3)`,
      values: [context.viewer.tenantId, id, ended ?? null],
    })
    if (live.length === 0) continue
    const [written] = (await deleteRecords(trusted(context), type, [{ id }])) as [Written]
    errors.push(...at(written.errors, path))
  }
  return errors
}

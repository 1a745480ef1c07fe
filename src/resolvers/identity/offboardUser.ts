import { type Missing, may, refuseMissing, requireRight } from '../../access/decide.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { recordType } from '../../read/recordType.ts'
import { idOf, NO_ID, uuidOf } from '../../read/values.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { validationError } from '../normalise.ts'
import { lockTargets, updateRecords, type Written } from '../records.ts'
import type { Input, WriteContext } from '../write.ts'
import { type HandoverPlan, startHandover } from './handover.ts'
import { revokeSessions } from './sessions.ts'
import { endTokens } from './userToken.ts'

/** Who takes over what somebody leaves behind: all types of records go. */
export interface OffboardPlan extends Omit<HandoverPlan, 'objects'> {
  /** Who leads, heads, manages and stands in for them from now on; left out: that stays open. */
  dutiesTo?: string | null
}

/** What others still expect of a user: how many of each. */
export interface Duties {
  /** Teams that they lead. */
  teams: number
  /** Departments that they head. */
  departments: number
  /** People whose manager they are. */
  reports: number
  /** People whose delegate they are. */
  delegations: number
}

const refused = (errors: UserErrorInfo[]): Written => ({ id: null, errors })

/** What names a user as responsible for others, in the order in which it is handed on. */
const DUTIES = [
  { duty: 'teams', type: 'Team', field: 'leaderId', from: `team WHERE tenant_id = $1 AND leader_id = $2` },
  {
    duty: 'departments',
    type: 'Department',
    field: 'headId',
    from: `department WHERE tenant_id = $1 AND head_id = $2`,
  },
  {
    duty: 'reports',
    type: 'User',
    field: 'managerId',
    from: `app_user WHERE status <> 'LEFT' AND tenant_id = $1 AND manager_id = $2`,
  },
  {
    duty: 'delegations',
    type: 'User',
    field: 'delegateId',
    from: `app_user WHERE status <> 'LEFT' AND tenant_id = $1 AND delegate_id = $2`,
  },
] as const

/** What others still expect of a user (uuid). */
export async function openDuties(db: Reader, tenantId: string, userId: string): Promise<Duties> {
  const [row] = await db.rows<Duties>({
    text: `SELECT ${DUTIES.map(({ duty, from }) => `(SELECT count(*)::integer FROM ${from} AND deleted_at IS NULL) AS ${duty}`).join(', ')}`,
    values: [tenantId, userId],
  })
  return row as Duties
}

/**
 * Lets a user go: hands over what they own and, when the plan says so, their duties; ends their sessions, the keys that act for them and the links that
 * were mailed to them; their status becomes LEFT. All or nothing; the records move afterwards.
 *
 * Errors: NOT_FOUND, LAST_ADMIN, PRIVILEGE_ESCALATION, USER_HAS_RECORDS without a plan, those of startHandover and of the updates that move duties.
 *
 * @throws FORBIDDEN.
 */
export async function offboardUser(
  context: WriteContext,
  { userId, plan }: { userId: string; plan?: OffboardPlan | null },
): Promise<Written> {
  const { db, viewer } = context
  requireRight(viewer, 'update', 'User')
  const type = recordType('User')
  const id = uuidOf('User', userId) ?? NO_ID
  const pathOf = () => ['userId']
  const [locked] = await lockTargets(context, type, [{ id }], { action: 'update', pathOf })
  if (!locked || locked.errors.length > 0) return refused(locked?.errors ?? [])
  if (plan) {
    const { dutiesTo, ...rest } = plan
    const { written } = await startHandover(
      context,
      { ...rest, fromUserId: userId },
      { path: ['plan'], from: ['userId'] },
    )
    if (written.errors.length > 0) return written
    const errors = dutiesTo != null ? await moveDuties(context, id, dutiesTo) : []
    if (errors.length > 0) return refused(errors)
  }
  const [written] = (await updateRecords(context, type, [{ id, input: { status: 'LEFT' } }], { pathOf })) as [Written]
  if (written.errors.length > 0) return refused(written.errors.map((error) => ({ ...error, field: pathOf() })))
  await revokeSessions(db, viewer.tenantId, id)
  await db.rows({
    text: 'UPDATE api_key SET revoked_at = now() WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL AND deleted_at IS NULL',
    values: [viewer.tenantId, id],
  })
  await endTokens(db, viewer.tenantId, id)
  return { id, errors: [], changed: true }
}

/** Hands on what others expect of a user, by the standard verbs, so that every rule of theirs holds. */
async function moveDuties(context: WriteContext, leaver: string, to: string): Promise<UserErrorInfo[]> {
  const { db, viewer } = context
  const path = ['plan', 'dutiesTo']
  const receiver = uuidOf('User', to) ?? NO_ID
  if (receiver === leaver) return [validationError(path, 'other', 'must be another user than the one who leaves')]
  const [user] = may(viewer, 'read', 'User')
    ? await db.rows<{ status: string }>({
        text: 'SELECT status FROM app_user WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL FOR SHARE',
        values: [viewer.tenantId, receiver],
      })
    : []
  if (!user) return [{ code: 'NOT_FOUND', message: 'There is no such User.', field: path }]
  if (user.status !== 'ACTIVE')
    return [{ code: 'USER_INACTIVE', message: 'Only an active user can take duties over.', field: path }]
  const found: { type: string; field: string; ids: string[] }[] = []
  for (const { type, field, from } of DUTIES) {
    const rows = await db.rows<{ id: string }>({
      text: `SELECT id FROM ${from} AND deleted_at IS NULL ORDER BY id`,
      values: [viewer.tenantId, leaver],
    })
    if (rows.length > 0) found.push({ type, field, ids: rows.map((row) => row.id) })
  }
  refuseMissing(
    [...new Set(found.map(({ type }) => type))].flatMap((type): Missing[] =>
      may(viewer, 'update', type) ? [] : [{ path: path.join('.'), permission: `${type}.update` }],
    ),
  )
  const [above] = await db.rows<{ managerId: string | null }>({
    text: 'SELECT manager_id AS "managerId" FROM app_user WHERE tenant_id = $1 AND id = $2',
    values: [viewer.tenantId, leaver],
  })
  const errors: UserErrorInfo[] = []
  for (const { type, field, ids } of found) {
    const written = await updateRecords(
      context,
      recordType(type),
      ids.map((id) => ({ id, input: { [field]: heir(field, id, receiver, above?.managerId ?? null) } as Input })),
      { pathOf: () => path },
    )
    errors.push(...written.flatMap((one) => one.errors.map((error) => ({ ...error, field: path }))))
  }
  return errors
}

/** Who comes in the leaver's place: for the receiver themselves, whoever stands above the leaver, and nobody as their own delegate. */
function heir(field: string, id: string, receiver: string, above: string | null): string | null {
  if (id !== receiver || (field !== 'managerId' && field !== 'delegateId')) return idOf('User', receiver)
  return field === 'managerId' && above ? idOf('User', above) : null
}

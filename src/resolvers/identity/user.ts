import { assertGrantable, assertNotAbove } from '../../access/escalation.ts'
import { ADMIN, CUSTOMER } from '../../access/roles.ts'
import { replaceGone } from '../approval/absence.ts'
import { checkTimezone, differs, lockTenant, refuse, refuseAs } from '../checks.ts'
import { after, type Change, idPath, type WriteContext } from '../write.ts'
import { ownedCounts } from './holdings.ts'

/** Fields by which somebody could come to act as the user, or stop them. */
const GUARDED = ['email', 'status', 'roleId']

/**
 * Rule of users: a time zone that exists; USER_HAS_RECORDS for one who leaves and still owns records; LAST_ADMIN when no active administrator would be left;
 * PRIVILEGE_ESCALATION for a role that allows more than the viewer may, and for touching the address, status or role of a user who may do more than the viewer.
 */
export async function writeUser(changes: Change[], context: WriteContext): Promise<void> {
  for (const change of changes) {
    checkTimezone(change, 'timezone')
    const [from, to] = [after(change, 'outOfOfficeFrom'), after(change, 'outOfOfficeTo')]
    if (from && to && Date.parse(to as string) < Date.parse(from as string))
      refuse(change, 'outOfOfficeTo', 'min', 'must not be before outOfOfficeFrom')
    if (change.before && GUARDED.some((name) => differs('User', change, name)))
      change.errors.push(...(await assertNotAbove(context, change.id, idPath(change))))
    if (typeof change.values.roleId === 'string' && (!change.before || differs('User', change, 'roleId')))
      change.errors.push(...(await assertGrantable(context, [change.values.roleId], [...change.path, 'roleId'])))
  }
  await checkCustomers(changes, context)
  await refuseRecords(
    changes.filter((change) => change.before && change.values.status === 'LEFT' && differs('User', change, 'status')),
    context,
    (change) => [...change.path, 'status'],
  )
  const demoted = changes.filter(
    (change) => change.before && (differs('User', change, 'status') || differs('User', change, 'roleId')),
  )
  for (const change of await lastAdmins(
    demoted.map((one) => ({
      change: one,
      userId: one.id,
      staysBy: differs('User', one, 'status') ? null : 'userRole',
    })),
    context,
  )) {
    refuseAs(
      change,
      'LAST_ADMIN',
      differs('User', change, 'status') ? 'status' : 'roleId',
      'The last active administrator must stay one.',
    )
  }
}

/** Customers' users have the customer's role, and nobody else has. */
async function checkCustomers(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  const about = changes.filter((change) => !change.before || differs('User', change, 'roleId'))
  if (about.length === 0) return
  const rows = await db.rows<{ id: string }>({
    text: 'SELECT id FROM role WHERE tenant_id = $1 AND is_system AND key = $2',
    values: [viewer.tenantId, CUSTOMER],
  })
  for (const change of about) {
    const isCustomer = rows.some(({ id }) => id === after(change, 'roleId'))
    if (after(change, 'contactId') && !isCustomer)
      refuse(change, 'roleId', 'customer', 'must be the customer’s role (key customer) for a user with a contact')
    else if (!after(change, 'contactId') && isCustomer)
      refuse(change, 'contactId', 'required', 'is required for a user of the customer’s role')
  }
}

/** Rule before users go: USER_HAS_RECORDS while they own records; LAST_ADMIN when no active administrator would be left; PRIVILEGE_ESCALATION for those who may do more than the viewer. */
export async function deleteUser(changes: Change[], context: WriteContext): Promise<void> {
  const live = changes.filter(({ before }) => before && !before.deletedAt)
  for (const change of live) change.errors.push(...(await assertNotAbove(context, change.id, idPath(change))))
  await refuseRecords(live, context, idPath)
  await replaceGone(
    context,
    live.map(({ id }) => id),
  )
  for (const change of await lastAdmins(
    live.map((one) => ({ change: one, userId: one.id })),
    context,
  )) {
    change.errors.push({
      code: 'LAST_ADMIN',
      message: 'The last active administrator cannot go.',
      field: idPath(change),
    })
  }
}

/** USER_HAS_RECORDS for users who still own live records that no hand-over is taking from them. */
async function refuseRecords(
  leaving: Change[],
  { db, viewer }: WriteContext,
  pathOf: (change: Change) => string[],
): Promise<void> {
  if (leaving.length === 0) return
  const owned = await ownedCounts(
    db,
    viewer.tenantId,
    leaving.map(({ id }) => id),
  )
  if (owned.size === 0) return
  const going = await db.rows<{ id: string }>({
    text: `SELECT from_user_id AS id FROM handover_job WHERE tenant_id = $1 AND from_user_id = ANY ($2::uuid[]) AND status IN ('QUEUED', 'RUNNING')`,
    values: [viewer.tenantId, [...owned.keys()]],
  })
  const planned = new Set(going.map(({ id }) => id))
  for (const change of leaving) {
    const records = owned.get(change.id)
    if (!records || planned.has(change.id)) continue
    change.errors.push({
      code: 'USER_HAS_RECORDS',
      message: 'The user still owns records: offboardUser or startHandover gives them to others.',
      field: pathOf(change),
      details: { records },
    })
  }
}

/** A change by which a user may cease to be an administrator. */
interface Leaving {
  change: Change
  userId: string
  /** Only this further role goes. */
  userRoleId?: string
  /** Their further roles stay. */
  staysBy?: 'userRole' | null
}

/**
 * Those of the changes by which the company would be left without an active administrator for good: roles that end some day do not count. Holds the
 * tenant's lock on administrators, because two could demote each other.
 */
export async function lastAdmins(leaving: Leaving[], context: WriteContext): Promise<Change[]> {
  if (leaving.length === 0) return []
  await lockTenant(context, 'app_user.admin')
  const admins = await context.db.rows<{ id: string; userRoleId: string | null }>({
    text: `SELECT u.id, ur.id AS "userRoleId" FROM role r
 JOIN app_user u ON u.tenant_id = $1 AND u.deleted_at IS NULL AND u.status = 'ACTIVE'
 LEFT JOIN user_role ur ON ur.tenant_id = $1 AND ur.user_id = u.id AND ur.role_id = r.id AND ur.deleted_at IS NULL AND ur.expires_at IS NULL AND u.role_id <> r.id
 WHERE r.tenant_id = $1 AND r.deleted_at IS NULL AND r.is_system AND r.key = $2 AND (u.role_id = r.id OR ur.id IS NOT NULL)`,
    values: [context.viewer.tenantId, ADMIN],
  })
  const goes = (admin: { id: string; userRoleId: string | null }, one: Leaving) =>
    one.userId === admin.id &&
    (one.userRoleId ? admin.userRoleId === one.userRoleId : !(one.staysBy === 'userRole' && admin.userRoleId))
  const left = admins.filter((admin) => !leaving.some((one) => goes(admin, one)))
  if (left.length > 0) return []
  return leaving.filter((one) => admins.some((admin) => goes(admin, one))).map(({ change }) => change)
}

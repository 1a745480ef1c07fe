import type { Viewer } from '../context.ts'
import type { UserErrorInfo } from '../errors.ts'
import { CUSTOM, coordinateOf } from '../read/custom.ts'
import { recordTypes } from '../read/recordType.ts'
import type { Reader } from '../tenancy/tenancy.ts'
import { type PermissionSet, permissionSet, type Rights } from './permissions.ts'
import { type Scope, TENANT_OBJECT } from './roles.ts'
import { loadRoles } from './standing.ts'

/** The scopes that a scope holds, itself among them. */
const HOLDS: Record<Scope, readonly Scope[]> = {
  OWN: ['OWN'],
  OWN_AND_SUBORDINATES: ['OWN', 'OWN_AND_SUBORDINATES'],
  DEPARTMENT: ['OWN', 'DEPARTMENT'],
  DEPARTMENT_TREE: ['OWN', 'DEPARTMENT', 'DEPARTMENT_TREE'],
  TEAM: ['OWN', 'TEAM'],
  ALL: ['OWN', 'OWN_AND_SUBORDINATES', 'DEPARTMENT', 'DEPARTMENT_TREE', 'TEAM', 'ALL'],
}

/** What one permission set allows and another does not: `Account.delete`, `Account.read:ALL`, `Account.annualRevenue`. Empty: the first grants nothing beyond the second. */
export function beyond(granted: PermissionSet, own: PermissionSet): string[] {
  if (own.full) return []
  const found: string[] = []
  for (const type of recordTypes()) {
    const [theirs, mine] = [granted.on(type.name), own.on(type.name)]
    found.push(...actionsBeyond(type.name, theirs, mine))
    if (type.owners.length > 0 || type.authored) {
      for (const [action, scopes] of theirs.scopes) {
        // What is made has no owner yet whose it could be.
        if (action === 'create' || action === 'import' || !mine.actions.has(action)) continue
        const held = new Set([...(mine.scopes.get(action) ?? [])].flatMap((scope) => HOLDS[scope]))
        for (const scope of scopes) if (!held.has(scope)) found.push(`${type.name}.${action}:${scope}`)
      }
    }
    for (const field of type.fields.keys()) {
      const more =
        (mine.hidden.has(field) && !theirs.hidden.has(field)) ||
        (mine.masks.has(field) &&
          !theirs.hidden.has(field) &&
          theirs.masks.get(field) !== mine.masks.get(field) &&
          theirs.masks.get(field) !== 'ALWAYS') ||
        (mine.readOnly.has(field) && !theirs.readOnly.has(field) && theirs.actions.has('update'))
      if (more && theirs.actions.size > 0) found.push(`${type.name}.${field}`)
    }
  }
  found.push(...customBeyond(granted, own))
  found.push(...actionsBeyond(TENANT_OBJECT, granted.on(TENANT_OBJECT), own.on(TENANT_OBJECT)))
  return found
}

/** Any name that no rule names: what holds for all custom fields that none is about. */
const ANY_OTHER = '*'

function customBeyond(granted: PermissionSet, own: PermissionSet): string[] {
  return recordTypes().flatMap(({ name: object, fields }) => {
    const [theirs, mine] = [granted.on(object), own.on(object)]
    if (!fields.has(CUSTOM) || theirs.actions.size === 0) return []
    const names = new Set([...granted.customNames(object), ...own.customNames(object), ANY_OTHER])
    return [...names].flatMap((name) => {
      const [there, here] = [theirs.custom(name), mine.custom(name)]
      const more =
        (here.hidden && !there.hidden) ||
        (here.mask !== 'NONE' && !there.hidden && there.mask !== here.mask && there.mask !== 'ALWAYS') ||
        (here.readOnly && !there.readOnly && theirs.actions.has('update'))
      return more ? [`${object}.${coordinateOf(name)}`] : []
    })
  })
}

function actionsBeyond(object: string, theirs: Rights, mine: Rights): string[] {
  return [...theirs.actions].flatMap((action) => (mine.actions.has(action) ? [] : `${object}.${action}`))
}

/**
 * Nobody gives what they do not have, or have only for a time (spec/domain.md 3.1): PRIVILEGE_ESCALATION for each role that allows more than that, with what
 * is in `details.missing`. Roles are compared as they now stand in the transaction.
 *
 * @param roleIds uuids; unknown ones are left to whoever checks references.
 * @param path where the role stands in the input.
 */
export async function assertGrantable(
  { db, viewer }: { db: Reader; viewer: Viewer },
  roleIds: string[],
  path: string[],
): Promise<UserErrorInfo[]> {
  if (viewer.access.lasting.full) return []
  const errors: UserErrorInfo[] = []
  for (const roleId of new Set(roleIds)) {
    const rows = await loadRoles(db, { tenantId: viewer.tenantId, roleId, userId: null, further: false })
    const missing = beyond(permissionSet(rows), viewer.access.lasting)
    if (missing.length === 0) continue
    errors.push({
      code: 'PRIVILEGE_ESCALATION',
      message: `You cannot grant what you do not have: ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ' …' : ''}.`,
      field: path,
      details: { missing },
    })
  }
  return errors
}

/**
 * Nobody changes who another is, signs them out for good or takes their roles away who may do more than they: PRIVILEGE_ESCALATION.
 *
 * @param userId uuid of a user of the tenant, whatever their status.
 */
export async function assertNotAbove(
  { db, viewer }: { db: Reader; viewer: Viewer },
  userId: string,
  path: string[],
): Promise<UserErrorInfo[]> {
  if (viewer.access.set.full || userId === viewer.userId) return []
  const [user] = await db.rows<{ roleId: string }>({
    text: 'SELECT role_id AS "roleId" FROM app_user WHERE tenant_id = $1 AND id = $2',
    values: [viewer.tenantId, userId],
  })
  if (!user) return []
  const rows = await loadRoles(db, { tenantId: viewer.tenantId, roleId: user.roleId, userId, further: true })
  const missing = beyond(permissionSet(rows), viewer.access.set)
  if (missing.length === 0) return []
  return [
    {
      code: 'PRIVILEGE_ESCALATION',
      message: 'This user may do more than you; only somebody who may do as much can change that.',
      field: path,
      details: { missing },
    },
  ]
}

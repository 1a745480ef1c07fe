import { loadDefinitions } from '../../access/custom.ts'
import { assertGrantable, assertNotAbove } from '../../access/escalation.ts'
import { ALWAYS_READABLE } from '../../access/permissions.ts'
import { ADMIN, CUSTOMER, EVERY, TENANT_OBJECT } from '../../access/roles.ts'
import { UserErrors } from '../../errors.ts'
import { customName } from '../../read/custom.ts'
import { findRecordType } from '../../read/recordType.ts'
import { MASKABLE } from '../../read/values.ts'
import { refuse, refuseAs } from '../checks.ts'
import { after, type Change, idPath, type Rules, type WriteContext } from '../write.ts'
import { lastAdmins } from './user.ts'

/** Roles that are administrators, or that every company begins with, among the ids. */
async function systemRoles({ db, viewer }: WriteContext, ids: string[]): Promise<Map<string, { key: string }>> {
  const rows = await db.rows<{ id: string; key: string }>({
    text: 'SELECT id, key FROM role WHERE tenant_id = $1 AND is_system AND id = ANY ($2::uuid[])',
    values: [viewer.tenantId, ids],
  })
  return new Map(rows.map(({ id, key }) => [id, { key }]))
}

/** Rules of roles: a key for programs; those that a company begins with stay, the administrator as it is. */
export const roleRules: Rules = {
  async write(changes, context) {
    const system = await systemRoles(
      context,
      changes.map(({ id }) => id),
    )
    for (const change of changes) {
      const key = change.values.key
      if (typeof key === 'string' && !/^[a-z][a-z0-9_-]*$/.test(key))
        refuse(change, 'key', 'pattern', 'must have lower-case letters, digits, - and _, and begin with a letter')
      if (change.before && isFixed(system.get(change.id)?.key))
        change.errors.push({
          code: 'INVALID_STATE',
          message: 'The administrator’s and the customer’s role cannot be changed.',
          field: idPath(change),
        })
    }
  },
  async delete(changes, context) {
    const system = await systemRoles(
      context,
      changes.map(({ id }) => id),
    )
    for (const change of changes)
      if (system.has(change.id))
        change.errors.push({
          code: 'INVALID_STATE',
          message: 'A role that the company began with stays.',
          field: idPath(change),
        })
  },
}

/** Roles whose rights are not written down, so that they cannot be changed. */
const isFixed = (key: string | undefined) => key === ADMIN || key === CUSTOMER

/** What is fixed is not changed by rows. */
async function refuseFixed(changes: Change[], context: WriteContext): Promise<void> {
  const system = await systemRoles(context, changes.map((change) => after(change, 'roleId') as string).filter(Boolean))
  for (const change of changes) {
    if (!isFixed(system.get(after(change, 'roleId') as string)?.key)) continue
    change.errors.push({
      code: 'INVALID_STATE',
      message: 'What the administrator and the customer may do is fixed.',
      field: [...change.path, 'roleId'],
    })
  }
}

/** After permissions of a role were written: PRIVILEGE_ESCALATION when it now allows more than the viewer may. Undoes the whole call. */
async function refuseEscalation(changes: Change[], context: WriteContext): Promise<void> {
  const [first] = changes
  if (!first) return
  const errors = await assertGrantable(
    context,
    changes.map((change) => after(change, 'roleId') as string),
    first.path,
  )
  if (errors.length > 0) throw new UserErrors(errors)
}

/** Whoever takes rights away from a role that has more than they have could not give them back. */
async function refuseAbove(changes: Change[], context: WriteContext): Promise<void> {
  const written = changes.filter(({ before }) => before)
  const errors = await assertGrantable(
    context,
    written.map(({ before }) => before?.roleId as string),
    written[0]?.path ?? [],
  )
  if (errors.length > 0) throw new UserErrors(errors)
}

export const objectPermissionRules: Rules = {
  async write(changes, context) {
    for (const change of changes) {
      const { object } = change.values
      if (typeof object !== 'string') continue
      if (object !== EVERY && object !== TENANT_OBJECT && !findRecordType(object))
        refuse(change, 'object', 'unknown', 'must be the name of a type of record, * or Tenant')
    }
    await refuseFixed(changes, context)
    await refuseAbove(changes, context)
  },
  async delete(changes, context) {
    await refuseAbove(changes, context)
  },
  done: refuseEscalation,
}

export const fieldPermissionRules: Rules = {
  async write(changes, context) {
    const definitions = await loadDefinitions(context.db, context.viewer.tenantId)
    for (const change of changes) {
      const [object, name, mask] = ['object', 'field', 'mask'].map((one) => after(change, one) as string)
      const type = findRecordType(object ?? '')
      if (!type) {
        refuse(change, 'object', 'unknown', 'must be the name of a type of record')
        continue
      }
      // The right stays when the custom field goes: one that is made under the name again is not suddenly open.
      const custom = definitions.get(type.name)?.get(customName(name ?? '') ?? '')
      const field = custom?.field ?? type.fields.get(name ?? '')
      const gone = change.before && customName(name ?? '') !== null
      if (!field && gone) continue
      if (!field || ALWAYS_READABLE.has(field.name))
        refuse(change, 'field', 'unknown', `must be the name of a field of ${type.name} that can be restricted`)
      else if (mask !== 'NONE' && (!MASKABLE.has(field.kind) || field.target))
        refuse(
          change,
          'mask',
          'kind',
          'is for texts, e-mail addresses, telephone numbers and URLs; hide the field instead',
        )
    }
    await refuseFixed(changes, context)
    await refuseAbove(changes, context)
  },
  async delete(changes, context) {
    await refuseAbove(changes, context)
  },
  done: refuseEscalation,
}

export const userRoleRules: Rules = {
  async write(changes, context) {
    const system = await systemRoles(
      context,
      changes.map((change) => after(change, 'roleId') as string),
    )
    for (const change of changes) {
      if (system.get(after(change, 'roleId') as string)?.key === CUSTOMER)
        refuse(change, 'roleId', 'customer', 'must not be the customer’s role: it is no further one')
      const end = change.values.expiresAt
      if (typeof end === 'string' && Date.parse(end) <= Date.now())
        refuse(change, 'expiresAt', 'min', 'must be in the future')
      const errors = await assertGrantable(context, [after(change, 'roleId') as string], [...change.path, 'roleId'])
      change.errors.push(...errors)
    }
  },
  async delete(changes, context) {
    await assertNotAboveAll(changes, context)
    const leaving = changes.filter(({ errors }) => errors.length === 0)
    for (const change of await lastAdmins(
      leaving.map((change) => ({ change, userId: change.before?.userId as string, userRoleId: change.id })),
      context,
    ))
      refuseAs(change, 'LAST_ADMIN', 'id', 'The last active administrator must stay one.')
  },
}

async function assertNotAboveAll(changes: Change[], context: WriteContext): Promise<void> {
  for (const change of changes)
    change.errors.push(...(await assertNotAbove(context, change.before?.userId as string, idPath(change))))
}

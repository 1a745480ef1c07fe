import { may } from '../../access/decide.ts'
import type { RecordRule } from '../../access/shield.ts'
import { loadAccess } from '../../access/standing.ts'
import type { Context } from '../../context.ts'
import { callerOf } from '../../read/read.ts'
import { recordTypes } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { sessionsOf } from '../../resolvers/identity/sessions.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { recordRef } from '../shared/names.ts'
import { Session } from './session.ts'
import { ObjectRights } from './viewer.ts'

const uuid = (row: unknown) => uuidOf('User', (row as { id?: string }).id) ?? NO_ID
const isSelf = (row: unknown, { viewer }: Context) => viewer !== null && viewer.userId === uuid(row)

/** What hangs on whose record it is: no role and no scope can say that. */
const selfOrWhoMayUpdate: RecordRule = (row, context) =>
  isSelf(row, context) || (context.viewer !== null && may(context.viewer, 'update', 'User'))
const selfOrWhoReadsRights: RecordRule = (row, context) =>
  isSelf(row, context) || (context.viewer !== null && may(context.viewer, 'read', 'ObjectPermission'))

builder.objectFields(recordRef('User'), (t) => ({
  sessions: t.field({
    type: [Session],
    nullable: { list: true, items: false },
    description:
      'Where they are signed in, the latest first, at most 100. For themselves and for those with User.update; null with FIELD_FORBIDDEN for others.',
    extensions: { needs: ['id'], rule: selfOrWhoMayUpdate, cost: 5 },
    resolve: (row, _args, context) => sessionsOf(context, requireViewer(context), uuid(row)),
  }),
  permissions: t.field({
    type: [ObjectRights],
    nullable: { list: true, items: false },
    description:
      'What they may do, by all their roles together. For themselves and for those with ObjectPermission.read; null with FIELD_FORBIDDEN for others. Null for users who are no more.',
    args: { objects: t.arg.stringList({ description: 'Only these types; all if left out.' }) },
    extensions: { needs: ['id'], rule: selfOrWhoReadsRights, cost: 5 },
    resolve: async (row, { objects }, context) => {
      const viewer = requireViewer(context)
      const { tenantId } = viewer
      const userId = uuid(row)
      const access = await context.tenancy.readTenant(callerOf(viewer), async (db) => {
        const [user] = await db.rows<{ roleId: string }>({
          text: 'SELECT role_id AS "roleId" FROM app_user WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL',
          values: [tenantId, userId],
        })
        return user ? (await loadAccess(db, { tenantId, userId, roleId: user.roleId, further: true })).access : null
      })
      if (!access) return null
      return recordTypes()
        .filter(({ name }) => !objects || objects.includes(name))
        .map((type) => ({ viewer: { access }, type }))
    },
  }),
}))

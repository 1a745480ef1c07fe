import { checkTimezone, differs, lockTenant, refuseAs } from '../checks.ts'
import { type Change, idPath, type WriteContext } from '../write.ts'

/** Rule of users: a time zone that exists; LAST_ADMIN when no active administrator would be left. */
export async function writeUser(changes: Change[], context: WriteContext): Promise<void> {
  for (const change of changes) checkTimezone(change, 'timezone')
  const demoted = changes.filter(
    (change) => change.before && (differs('User', change, 'status') || differs('User', change, 'roleId')),
  )
  for (const change of await lastAdmins(demoted, context)) {
    refuseAs(
      change,
      'LAST_ADMIN',
      differs('User', change, 'status') ? 'status' : 'roleId',
      'The last active administrator must stay one.',
    )
  }
}

/** Rule before users go: LAST_ADMIN when no active administrator would be left. */
export async function deleteUser(changes: Change[], context: WriteContext): Promise<void> {
  const live = changes.filter(({ before }) => before && !before.deletedAt)
  for (const change of await lastAdmins(live, context)) {
    change.errors.push({
      code: 'LAST_ADMIN',
      message: 'The last active administrator cannot go.',
      field: idPath(change),
    })
  }
}

/** Those of the users who are active administrators now, if there is none besides them. */
async function lastAdmins(leaving: Change[], context: WriteContext): Promise<Change[]> {
  if (leaving.length === 0) return []
  await lockTenant(context, 'app_user.admin')
  const [row] = await context.db.rows<{ staying: number; leaving: string[] | null }>({
    text: `SELECT count(*) FILTER (WHERE u.id <> ALL ($2::uuid[]))::integer AS staying, array_agg(u.id) FILTER (WHERE u.id = ANY ($2::uuid[])) AS leaving
 FROM app_user u JOIN role r ON r.tenant_id = $1 AND r.id = u.role_id
 WHERE u.tenant_id = $1 AND u.deleted_at IS NULL AND u.status = 'ACTIVE' AND r.deleted_at IS NULL AND r.key = 'admin'`,
    values: [context.viewer.tenantId, leaving.map(({ id }) => id)],
  })
  if (!row || row.staying > 0) return []
  return leaving.filter(({ id }) => row.leaving?.includes(id))
}

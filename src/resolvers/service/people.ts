import type { WriteContext } from '../write.ts'

// The nearest department with a head who is somebody else, from the user's upwards.
const HEAD = `WITH RECURSIVE up AS (
 SELECT d.id, d.head_id, d.parent_id, 1 AS level FROM app_user u JOIN department d ON d.tenant_id = $1 AND d.id = u.department_id AND d.deleted_at IS NULL
 WHERE u.tenant_id = $1 AND u.id = $2
 UNION ALL SELECT d.id, d.head_id, d.parent_id, up.level + 1 FROM up JOIN department d ON d.tenant_id = $1 AND d.id = up.parent_id AND d.deleted_at IS NULL
 WHERE up.level < 50
) SELECT head_id AS id FROM up WHERE head_id <> $2 ORDER BY level LIMIT 1`

const HOLDERS = `SELECT u.id FROM app_user u WHERE u.tenant_id = $1 AND u.status = 'ACTIVE' AND u.contact_id IS NULL AND u.deleted_at IS NULL AND (u.role_id = $2 OR EXISTS (
 SELECT 1 FROM user_role r WHERE r.tenant_id = $1 AND r.user_id = u.id AND r.role_id = $2 AND r.deleted_at IS NULL AND (r.expires_at IS NULL OR r.expires_at > now())))
 ORDER BY u.id LIMIT 200`

/** uuid of who heads the department of a user (uuid), or the next one above it, and is not that user; null where there is nobody. */
export async function departmentHead({ db, viewer }: WriteContext, userId: string | null): Promise<string | null> {
  if (!userId) return null
  const [row] = await db.rows<{ id: string }>({ text: HEAD, values: [viewer.tenantId, userId] })
  return row?.id ?? null
}

/** uuids of the active users who have a role (uuid), two hundred at most. */
export async function holdersOf({ db, viewer }: WriteContext, roleId: string): Promise<string[]> {
  const rows = await db.rows<{ id: string }>({ text: HOLDERS, values: [viewer.tenantId, roleId] })
  return rows.map(({ id }) => id)
}

/** Is a user (uuid) there to be given something. */
export async function isActive({ db, viewer }: WriteContext, userId: string): Promise<boolean> {
  const rows = await db.rows({
    text: `SELECT id FROM app_user WHERE tenant_id = $1 AND id = $2 AND status = 'ACTIVE' AND contact_id IS NULL AND deleted_at IS NULL`,
    values: [viewer.tenantId, userId],
  })
  return rows.length > 0
}

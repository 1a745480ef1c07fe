import { NO_ID, uuidOf } from '../../read/values.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import type { WriteContext } from '../write.ts'

/** Most notifications that are named in one call. */
export const MOST_READ = 200

/**
 * Marks notifications of the caller as read, once: those that are named (ids as clients write them), or all that they have.
 *
 * @returns how many were unread. Others' ids, and those that there are not, count for nothing.
 */
export async function markNotificationsRead(
  { db, viewer }: WriteContext,
  ids: readonly string[] | null,
): Promise<number> {
  if (!viewer.userId) return 0
  const wanted = ids?.map((id) => uuidOf('Notification', id) ?? NO_ID) ?? null
  const rows = await db.rows({
    text: `WITH due AS MATERIALIZED (SELECT id FROM notification WHERE tenant_id = $1 AND user_id = $2 AND read_at IS NULL AND deleted_at IS NULL
 AND ($3::uuid[] IS NULL OR id = ANY ($3)) ORDER BY id FOR NO KEY UPDATE)
 UPDATE notification n SET read_at = now() FROM due WHERE n.tenant_id = $1 AND n.id = due.id RETURNING n.id`,
    values: [viewer.tenantId, viewer.userId, wanted],
  })
  return rows.length
}

/** How many notifications of a user (uuid) are unread. */
export async function unreadCount(db: Reader, tenantId: string, userId: string | null): Promise<number> {
  if (!userId) return 0
  const [row] = await db.rows<{ count: number }>({
    text: 'SELECT count(*)::integer AS count FROM notification WHERE tenant_id = $1 AND user_id = $2 AND read_at IS NULL AND deleted_at IS NULL',
    values: [tenantId, userId],
  })
  return row?.count ?? 0
}

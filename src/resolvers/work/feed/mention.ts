import { may } from '../../../access/decide.ts'
import { viewerOfUser } from '../../../access/viewer.ts'
import type { UserErrorInfo } from '../../../errors.ts'
import { oneLine } from '../../../events/mail.ts'
import { recordType } from '../../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../../read/values.ts'
import { validationError } from '../../normalise.ts'
import { sqlFor, type WriteContext } from '../../write.ts'
import { type Note, notify } from '../notify.ts'

/** Most users whom one call names. */
export const NAMED_MAX = 50

/** Where somebody is named: a post, or a comment on it. uuids. */
export interface Place {
  postId: string
  commentId: string | null
}

/** Users by their ids as clients write them. @returns their uuids, each once, by the place of the first mention; NOT_FOUND for those that do not work here. */
export async function usersNamed(
  { db, viewer }: WriteContext,
  given: readonly string[] | null | undefined,
  field: 'userIds' | 'mentionIds',
): Promise<{ users: Map<string, string[]>; errors: UserErrorInfo[] }> {
  const users = new Map<string, string[]>()
  if (!given || given.length === 0) return { users, errors: [] }
  if (given.length > NAMED_MAX)
    return { users, errors: [validationError(['input', field], 'maxItems', `must have at most ${NAMED_MAX} members`)] }
  given.forEach((id, index) => {
    const uuid = uuidOf('User', String(id)) ?? NO_ID
    if (uuid === NO_ID || !users.has(uuid)) users.set(uuid, ['input', field, String(index)])
  })
  const rows = may(viewer, 'read', 'User')
    ? await db.rows<{ id: string }>({
        text: `SELECT id FROM app_user WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND status = 'ACTIVE' AND contact_id IS NULL AND deleted_at IS NULL`,
        values: [viewer.tenantId, [...users.keys()]],
      })
    : []
  const known = new Set(rows.map(({ id }) => id))
  const errors = [...users].flatMap(([id, path]): UserErrorInfo[] =>
    known.has(id) ? [] : [{ code: 'NOT_FOUND', message: `${field} names no user who works here.`, field: path }],
  )
  return { users, errors }
}

/** May a user see a post: by their own rights, as they are now. */
async function sees({ db, viewer }: WriteContext, userId: string, postId: string): Promise<boolean> {
  const other = await viewerOfUser(db, viewer.tenantId, userId)
  if (!other || !may(other, 'read', 'FeedPost')) return false
  const sql = sqlFor(viewer.tenantId)
  const id = sql.params.add(postId, 'uuid')
  const scope = other.access.predicate(recordType('FeedPost'), 't', sql)
  const [row] = await db.rows({
    text: `SELECT t.id FROM feed_post t WHERE t.tenant_id = $1 AND t.id = ${id}${scope ? ` AND ${scope}` : ''}`,
    values: sql.params.values,
  })
  return row !== undefined
}

/**
 * Names users in a post or a comment; who is named there already, is not again.
 *
 * @returns those who are named for the first time; with NOT_FOUND for users who do not work here, VALIDATION_FAILED {rule: audience} for those who do not see the post.
 */
export async function mention(
  context: WriteContext,
  { postId, commentId }: Place,
  given: readonly string[] | null | undefined,
): Promise<{ named: string[]; errors: UserErrorInfo[] }> {
  const { db, viewer } = context
  const { users, errors } = await usersNamed(context, given, 'mentionIds')
  if (errors.length > 0) return { named: [], errors }
  for (const [id, path] of users)
    if (!(await sees(context, id, postId)))
      errors.push(validationError(path, 'audience', 'names a user who does not see the post'))
  if (errors.length > 0 || users.size === 0) return { named: [], errors }
  const rows = await db.rows<{ userId: string }>({
    text: `INSERT INTO feed_mention (tenant_id, post_id, comment_id, user_id) SELECT $1, $2::uuid, $3::uuid, u FROM unnest($4::uuid[]) u
 ON CONFLICT (tenant_id, post_id, comment_id, user_id) WHERE deleted_at IS NULL DO NOTHING RETURNING user_id AS "userId"`,
    values: [viewer.tenantId, postId, commentId, [...users.keys()].sort()],
  })
  return { named: rows.map(({ userId }) => userId), errors: [] }
}

/** Tells those who are named, and the author of a post of a comment on it; nobody of what they did themselves, nobody twice. */
export async function tell(
  { db, viewer }: WriteContext,
  { postId, commentId }: Place,
  named: readonly string[],
  authorId: string | null = null,
): Promise<void> {
  const others = named.filter((id) => id !== viewer.userId)
  const author = authorId && authorId !== viewer.userId && !others.includes(authorId) ? authorId : null
  if (others.length === 0 && !author) return
  const [user] = viewer.userId
    ? await db.rows<{ name: string }>({
        text: 'SELECT name FROM app_user WHERE tenant_id = $1 AND id = $2',
        values: [viewer.tenantId, viewer.userId],
      })
    : []
  const name = oneLine(user?.name ?? '')
  const record = { type: 'FeedPost', uuid: postId }
  const where = commentId ? { en: 'a comment', zhCN: '评论' } : { en: 'a post', zhCN: '帖子' }
  await notify(db, viewer.tenantId, [
    ...others.map(
      (userId): Note => ({
        userId,
        type: 'MENTION',
        title: {
          en: `${name || 'A program'} mentioned you in ${where.en}`,
          zhCN: `${name || '程序'}在${where.zhCN}中提到了您`,
        },
        record,
      }),
    ),
    ...(author
      ? [
          {
            userId: author,
            type: 'COMMENT',
            title: { en: `${name || 'A program'} commented on your post`, zhCN: `${name || '程序'}评论了您的帖子` },
            record,
            groupKey: `FeedPost ${postId} COMMENT`,
          },
        ]
      : []),
  ])
}

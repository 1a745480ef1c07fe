import type { UserErrorInfo } from '../../../errors.ts'
import { recordType } from '../../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../../read/values.ts'
import { validationError } from '../../normalise.ts'
import { createRecords, lockTargets, updateRecords, type Written } from '../../records.ts'
import { forbidden, type Input, type WriteContext } from '../../write.ts'
import { mention, type Place, tell, usersNamed } from './mention.ts'

/** What a call says besides the fields of the record: whom it names. */
interface Named {
  mentionIds?: string[] | null
}

/** A post as clients write it. */
export type PostInput = Input & Named & { audience?: string | null; userIds?: string[] | null }

/** A change of a post or a comment as clients write it. */
export interface Edit {
  id: string
  input: Input & Named
  expectedVersion?: number | null
}

const refused = (errors: UserErrorInfo[]): Written => ({ id: null, errors })

/**
 * Says something to colleagues, by the caller, and tells those who are named.
 *
 * Errors: VALIDATION_FAILED for an audience that names nobody or others than it means, and for a mention of somebody who does not see it (rule audience); NOT_FOUND.
 */
export async function createPost(context: WriteContext, given: PostInput): Promise<Written> {
  const { userIds, mentionIds, ...input } = given
  const [written] = (await createRecords(context, recordType('FeedPost'), [input])) as [Written]
  const errors = [...written.errors]
  const forUsers = (input.audience ?? 'ALL') === 'USERS'
  const { users, errors: unknown } = await usersNamed(context, userIds, 'userIds')
  if (forUsers && !userIds?.length)
    errors.push(validationError(['input', 'userIds'], 'required', 'is required for the audience USERS'))
  if (!forUsers && userIds?.length)
    errors.push(validationError(['input', 'userIds'], 'audience', 'is for the audience USERS alone'))
  errors.push(...unknown)
  if (errors.length > 0 || !written.id) return refused(errors)
  if (users.size > 0)
    await context.db.rows({
      text: 'INSERT INTO feed_post_user (tenant_id, post_id, user_id) SELECT $1, $2::uuid, u FROM unnest($3::uuid[]) u',
      values: [context.viewer.tenantId, written.id, [...users.keys()].sort()],
    })
  return named(context, written, { postId: written.id, commentId: null }, mentionIds)
}

/** Says something about a post, by the caller, and tells its author and those who are named. Errors: NOT_FOUND for a post that the caller does not see, and as createPost. */
export async function createComment(context: WriteContext, given: Input & Named): Promise<Written> {
  const { mentionIds, ...input } = given
  const [written] = (await createRecords(context, recordType('FeedComment'), [input])) as [Written]
  if (!written.id) return written
  const postId = uuidOf('FeedPost', String(input.postId)) as string
  const [post] = await context.db.rows<{ authorId: string | null }>({
    text: 'SELECT author_id AS "authorId" FROM feed_post WHERE tenant_id = $1 AND id = $2',
    values: [context.viewer.tenantId, postId],
  })
  return named(context, written, { postId, commentId: written.id }, mentionIds, post?.authorId)
}

/** Changes what the caller said in a post. Who is named there for the first time is told. Errors: NOT_FOUND, FORBIDDEN for others’, STALE_VERSION, and as createPost. */
export async function updatePost(context: WriteContext, edit: Edit): Promise<Written> {
  const written = await change(context, 'FeedPost', edit)
  if (!written.id) return written
  return named(context, written, { postId: written.id, commentId: null }, edit.input.mentionIds)
}

/** Like updatePost, for a comment. */
export async function updateComment(context: WriteContext, edit: Edit): Promise<Written> {
  const written = await change(context, 'FeedComment', edit)
  if (!written.id) return written
  const [comment] = await context.db.rows<{ postId: string }>({
    text: 'SELECT post_id AS "postId" FROM feed_comment WHERE tenant_id = $1 AND id = $2',
    values: [context.viewer.tenantId, written.id],
  })
  const place = { postId: comment?.postId as string, commentId: written.id }
  return named(context, written, place, edit.input.mentionIds)
}

async function change(
  context: WriteContext,
  typeName: 'FeedPost' | 'FeedComment',
  { id, input: { mentionIds, ...input }, expectedVersion = null }: Edit,
): Promise<Written> {
  const target = { id: uuidOf(typeName, id) ?? NO_ID, expectedVersion, input }
  const [written] = (await updateRecords(context, recordType(typeName), [target])) as [Written]
  return written
}

async function named(
  context: WriteContext,
  written: Written,
  place: Place,
  mentionIds: readonly string[] | null | undefined,
  authorId: string | null = null,
): Promise<Written> {
  const { named: fresh, errors } = await mention(context, place, mentionIds)
  if (errors.length > 0) return refused(errors)
  await tell(context, place, fresh, authorId)
  return written
}

/** Puts a post on top of the feed, or takes it from there: for those who may change others’ posts. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION. The same again changes nothing. */
export async function pinPost(
  context: WriteContext,
  { id, expectedVersion = null }: { id: string; expectedVersion?: number | null },
  isPinned: boolean,
): Promise<Written> {
  const { db, viewer } = context
  const target = { id: uuidOf('FeedPost', id) ?? NO_ID, expectedVersion }
  const [one] = await lockTargets(context, recordType('FeedPost'), [target], { action: 'update', pathOf: () => ['id'] })
  const { before, errors } = one as NonNullable<typeof one>
  // With a right on their own posts alone, nobody puts themselves above the others.
  const scopes = viewer.access.set.on('FeedPost').scopes.get('update')
  const othersToo = viewer.access.set.full || [...(scopes ?? [])].some((scope) => scope !== 'OWN')
  if (before && !othersToo) errors.push(forbidden('FeedPost.update', ['id']))
  if (errors.length > 0 || !before) return refused(errors)
  if (before.isPinned === isPinned) return { id: target.id, errors: [], changed: false }
  await db.rows({
    text: 'UPDATE feed_post SET is_pinned = $3 WHERE tenant_id = $1 AND id = $2',
    values: [viewer.tenantId, target.id, isPinned],
  })
  return { id: target.id, errors: [], changed: true }
}

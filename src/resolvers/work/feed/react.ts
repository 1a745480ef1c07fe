import { may } from '../../../access/decide.ts'
import { decodeId } from '../../../ids.ts'
import { recordType } from '../../../read/recordType.ts'
import { ident } from '../../../read/sql.ts'
import type { Written } from '../../records.ts'
import { remove } from '../../removal.ts'
import { sqlFor, type WriteContext } from '../../write.ts'
import type { Place } from './mention.ts'

/** What somebody may think of a post or a comment, with what each says. */
export const KINDS = {
  LIKE: 'Likes it, 点赞.',
  CELEBRATE: 'Is glad of it, 祝贺.',
  SUPPORT: 'Is with its author, 支持.',
  THANKS: 'Is grateful, 感谢.',
  INSIGHTFUL: 'Has learnt something, 有启发.',
} as const

/** A subject as it was found, its row locked so that the reactions to it come one after the other. */
async function lockSubject({ db, viewer }: WriteContext, subjectId: string): Promise<Place | null> {
  const decoded = decodeId(subjectId)
  const type = ['FeedPost', 'FeedComment'].map(recordType).find(({ prefix }) => prefix === decoded?.prefix)
  if (!decoded || !type || !may(viewer, 'read', type.name)) return null
  const sql = sqlFor(viewer.tenantId)
  const id = sql.params.add(decoded.uuid, 'uuid')
  const scope = viewer.access.predicate(type, 't', sql)
  const [row] = await db.rows<{ id: string; postId: string }>({
    text: `SELECT t.id, t.${type.name === 'FeedPost' ? 'id' : 'post_id'} AS "postId" FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.id = ${id} AND t.deleted_at IS NULL${scope ? ` AND ${scope}` : ''} FOR NO KEY UPDATE OF t`,
    values: sql.params.values,
  })
  return row ? { postId: row.postId, commentId: type.name === 'FeedPost' ? null : row.id } : null
}

const refuse = (code: 'NOT_FOUND' | 'FORBIDDEN', message: string, field: string[]): Written => ({
  id: null,
  errors: [{ code, message, field }],
})

const MINE =
  'tenant_id = $1 AND post_id = $2 AND comment_id IS NOT DISTINCT FROM $3::uuid AND user_id = $4 AND deleted_at IS NULL'

/** Says in a word what the caller thinks of a post or a comment, instead of what they said before. Errors: NOT_FOUND, FORBIDDEN for keys without a user. */
export async function react(
  context: WriteContext,
  { subjectId, kind }: { subjectId: string; kind: keyof typeof KINDS },
): Promise<Written> {
  const { db, viewer } = context
  const place = await lockSubject(context, subjectId)
  if (!place) return refuse('NOT_FOUND', 'subjectId names no post and no comment.', ['input', 'subjectId'])
  if (!viewer.userId) return refuse('FORBIDDEN', 'Users react; this key has none.', ['input'])
  const of = [viewer.tenantId, place.postId, place.commentId, viewer.userId]
  const [known] = await db.rows<{ id: string; kind: string }>({
    text: `SELECT id, kind FROM feed_reaction WHERE ${MINE}`,
    values: of,
  })
  if (known?.kind === kind) return { id: known.id, errors: [], changed: false }
  const [row] = await db.rows<{ id: string }>({
    text: known
      ? `UPDATE feed_reaction SET kind = $5 WHERE ${MINE} RETURNING id`
      : 'INSERT INTO feed_reaction (tenant_id, post_id, comment_id, user_id, kind) VALUES ($1, $2, $3, $4, $5) RETURNING id',
    values: [...of, kind],
  })
  return { id: row?.id as string, errors: [], changed: true }
}

/** Takes back what the caller said by react. Errors: NOT_FOUND. Where they said nothing, nothing changes. */
export async function unreact(context: WriteContext, subjectId: string): Promise<Written> {
  const { db, viewer } = context
  const place = await lockSubject(context, subjectId)
  if (!place) return refuse('NOT_FOUND', 'subjectId names no post and no comment.', ['subjectId'])
  const rows = await db.rows<{ id: string }>({
    text: `SELECT id FROM feed_reaction WHERE ${MINE}`,
    values: [viewer.tenantId, place.postId, place.commentId, viewer.userId],
  })
  await remove(
    context,
    recordType('FeedReaction'),
    rows.map(({ id }) => id),
  )
  return { id: null, errors: [], changed: rows.length > 0 }
}

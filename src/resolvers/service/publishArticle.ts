import type { UserErrorInfo } from '../../errors.ts'
import { newId } from '../../ids.ts'
import { fieldOf, recordType } from '../../read/recordType.ts'
import { normalise, validationError } from '../normalise.ts'
import type { Written } from '../records.ts'
import { type Found, lockOne, refused, wrongState } from '../revenue/refusals.ts'
import type { WriteContext } from '../write.ts'
import { ARTICLE_STATES, type ArticleStatus } from './articleStates.ts'
import { cleanHtml, plainText } from './articleText.ts'

/** The article that a verb is about, as clients write it. */
export interface NamedArticle {
  id: string
  expectedVersion?: number | null
}

/** What a published article is to say; what is left out stays. */
export interface Revision extends NamedArticle {
  title?: string | null
  summary?: string | null
  body?: string | null
}

type Locked = Exclude<Found, { errors: unknown }>

const TEXT = ['title', 'summary', 'body'] as const
const done = (id: string): Written => ({ id, errors: [], changed: true })
const lock = (context: WriteContext, named: NamedArticle, action: 'update' | 'approve') =>
  lockOne(context, 'KnowledgeArticle', named, action)

/** INVALID_STATE unless an article may come from where it stands to another status. */
const stands = ({ before }: Locked, to: ArticleStatus): UserErrorInfo[] =>
  ARTICLE_STATES[before.status as ArticleStatus].includes(to)
    ? []
    : [wrongState(ARTICLE_STATES, before.status as ArticleStatus, to)]

const put = ({ db, viewer }: WriteContext, id: string, set: string, ...values: unknown[]) =>
  db.rows({
    text: `UPDATE knowledge_article SET ${set} WHERE tenant_id = $1 AND id = $2`,
    values: [viewer.tenantId, id, ...values],
  })

/** The number of the version in review of a locked article, with what it says; null where none is. */
async function inReview({ db, viewer }: WriteContext, articleId: string) {
  const [row] = await db.rows<{ id: string; number: number; title: string; summary: string | null; body: string }>({
    text: `SELECT id, number, title, summary, body FROM article_version WHERE tenant_id = $1 AND article_id = $2 AND status = 'IN_REVIEW' AND deleted_at IS NULL`,
    values: [viewer.tenantId, articleId],
  })
  return row ?? null
}

async function addVersion(
  { db, viewer }: WriteContext,
  articleId: string,
  said: { title: unknown; summary: unknown; body: unknown },
): Promise<void> {
  await db.rows({
    text: `INSERT INTO article_version (tenant_id, id, article_id, number, title, summary, body)
 SELECT $1::uuid, $3::uuid, $2::uuid, coalesce(max(v.number), 0) + 1, $4, $5, $6 FROM article_version v WHERE v.tenant_id = $1 AND v.article_id = $2`,
    values: [viewer.tenantId, articleId, newId(), said.title, said.summary, said.body],
  })
}

/** Hands a draft in: its text is a version in review. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE. */
export async function submitArticle(context: WriteContext, named: NamedArticle): Promise<Written> {
  const found = await lock(context, named, 'update')
  if ('errors' in found) return refused(...found.errors)
  const errors = stands(found, 'IN_REVIEW')
  if (errors.length > 0) return refused(...errors)
  const { title, summary, body } = found.before
  await addVersion(context, found.id, { title, summary, body })
  await put(context, found.id, `status = 'IN_REVIEW'`)
  return done(found.id)
}

/**
 * Says what a published article is to say next: a version in review, while the article stays as it is. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE unless it is
 * published and no other version is in review, VALIDATION_FAILED.
 */
export async function reviseArticle(
  context: WriteContext,
  { id, expectedVersion, ...said }: Revision,
): Promise<Written> {
  const found = await lock(context, { id, expectedVersion }, 'update')
  if ('errors' in found) return refused(...found.errors)
  const { before } = found
  const wrong = (message: string) =>
    refused({ code: 'INVALID_STATE', message, field: ['id'], details: { from: before.status, allowed: ['PUBLISHED'] } })
  if (before.status !== 'PUBLISHED') return wrong('Only what is published is revised.')
  if (await inReview(context, found.id)) return wrong('Another version is in review.')
  const type = recordType('KnowledgeArticle')
  const text: Record<string, unknown> = {}
  const errors: UserErrorInfo[] = []
  for (const name of TEXT) {
    text[name] = before[name]
    if (said[name] === undefined || said[name] === null) continue
    if (!context.viewer.access.mayWriteField(type, name))
      errors.push({ code: 'FIELD_FORBIDDEN', message: `You may not write ${name}.`, field: [name] })
    const result = normalise(fieldOf(type, name), said[name], context.viewer)
    if ('rule' in result) errors.push(validationError([name], result.rule, result.message))
    else text[name] = result.ok ?? before[name]
  }
  if (errors.length > 0) return refused(...errors)
  await addVersion(context, found.id, {
    title: text.title,
    summary: text.summary,
    body: cleanHtml(text.body as string),
  })
  return done(found.id)
}

/** Publishes the version of an article that is in review. Errors: NOT_FOUND, FORBIDDEN without the right to approve, STALE_VERSION, INVALID_STATE where none is. */
export async function publishArticle(context: WriteContext, named: NamedArticle): Promise<Written> {
  const { db, viewer } = context
  const found = await lock(context, named, 'approve')
  if ('errors' in found) return refused(...found.errors)
  const version = await inReview(context, found.id)
  if (!version) return refused(wrongState(ARTICLE_STATES, found.before.status as ArticleStatus, 'PUBLISHED'))
  await db.rows({
    text: `UPDATE article_version SET status = CASE WHEN id = $3 THEN 'PUBLISHED' ELSE 'SUPERSEDED' END, published_at = CASE WHEN id = $3 THEN now() ELSE published_at END
 WHERE tenant_id = $1 AND article_id = $2 AND (id = $3 OR status = 'PUBLISHED') AND deleted_at IS NULL`,
    values: [viewer.tenantId, found.id, version.id],
  })
  await put(
    context,
    found.id,
    `status = 'PUBLISHED', title = $3, summary = $4, body = $5, body_plain = $6, revision = $7, published_at = now()`,
    version.title,
    version.summary,
    version.body,
    plainText(version.body),
    version.number,
  )
  return done(found.id)
}

/** Sends the version in review back: a new article is a draft again, a published one stays as it is. Errors: as of publishing. */
export async function returnArticle(context: WriteContext, named: NamedArticle): Promise<Written> {
  const { db, viewer } = context
  const found = await lock(context, named, 'approve')
  if ('errors' in found) return refused(...found.errors)
  const version = await inReview(context, found.id)
  if (!version) return refused(wrongState(ARTICLE_STATES, found.before.status as ArticleStatus, 'DRAFT'))
  await db.rows({
    text: `UPDATE article_version SET status = 'REJECTED' WHERE tenant_id = $1 AND id = $2`,
    values: [viewer.tenantId, version.id],
  })
  if (found.before.status === 'IN_REVIEW') await put(context, found.id, `status = 'DRAFT'`)
  return done(found.id)
}

/** Takes an article out of sight, a draft or a published one. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE, also while a version is in review. */
export async function archiveArticle(context: WriteContext, named: NamedArticle): Promise<Written> {
  const found = await lock(context, named, 'update')
  if ('errors' in found) return refused(...found.errors)
  if (found.before.status === 'ARCHIVED') return { id: found.id, errors: [], changed: false }
  const errors = stands(found, 'ARCHIVED')
  if (errors.length > 0) return refused(...errors)
  if (await inReview(context, found.id)) return refused(wrongState(ARTICLE_STATES, 'IN_REVIEW', 'ARCHIVED'))
  await put(context, found.id, `status = 'ARCHIVED'`)
  return done(found.id)
}

/** Makes a draft of an archived article. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE. */
export async function reopenArticle(context: WriteContext, named: NamedArticle): Promise<Written> {
  const found = await lock(context, named, 'update')
  if ('errors' in found) return refused(...found.errors)
  if (found.before.status !== 'ARCHIVED')
    return refused(wrongState(ARTICLE_STATES, found.before.status as ArticleStatus, 'DRAFT'))
  await put(context, found.id, `status = 'DRAFT'`)
  return done(found.id)
}

import type { Context, Viewer } from '../../context.ts'
import { requestError } from '../../errors.ts'
import { pageOf } from '../../read/emit.ts'
import { callerOf } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { visible } from '../marketing/campaignFigures.ts'
import { sqlFor } from '../write.ts'
import { likeWords } from './likeWords.ts'

/** An article (uuid) that may answer a question. */
export interface Suggestion {
  id: string
  /** 0 to 1: how much of what tells something in the question it says; words of few articles, and of its title, count more. */
  score: number
}

/** What is asked: a case by the id that clients see, or a text. */
export interface Question {
  caseId?: string | null
  text?: string | null
  first?: number | null
}

const DEFAULT = 5
/** A word in more articles tells nothing. */
const COMMON = 500
/** Less is chance. */
const LEAST = 0.1

/**
 * The published articles that are most like a case, or a text: each word is looked up in the index of parts of words (decision 0016). Those that answer the case already are left out. One statement, and one before it for the case.
 *
 * @returns the likeliest first; null where the viewer sees no such case. @throws BAD_USER_INPUT for neither or both of caseId and text, FORBIDDEN, FIELD_FORBIDDEN, PAGE_SIZE_EXCEEDED.
 */
export async function suggestArticles(
  context: Pick<Context, 'tenancy'>,
  viewer: Viewer,
  { caseId, text, first }: Question,
): Promise<Suggestion[] | null> {
  if ((caseId == null) === (text == null))
    throw requestError('BAD_USER_INPUT', {
      message: 'Give caseId or text, and not both.',
      extensions: { field: 'caseId' },
    })
  const { size } = pageOf({ first: first ?? DEFAULT })
  for (const field of ['title', 'bodyPlain'])
    viewer.access.requireField(recordType('KnowledgeArticle'), field, ['suggestArticles'])
  return context.tenancy.readTenant(callerOf(viewer), async (db) => {
    const asked = caseId == null ? { id: null, text: text as string } : await questionOf(db, viewer, caseId)
    if (!asked) return null
    const words = likeWords(asked.text)
    return words.length === 0 ? [] : look(db, viewer, { words, caseId: asked.id, size })
  })
}

/** What a case asks, as far as the viewer sees it. */
async function questionOf(db: Reader, viewer: Viewer, caseId: string): Promise<{ id: string; text: string } | null> {
  const type = recordType('Case')
  if (!viewer.access.may('read', 'Case'))
    throw requestError('FORBIDDEN', { message: 'You lack Case.read.', extensions: { permission: 'Case.read' } })
  const sql = sqlFor(viewer.tenantId)
  const id = sql.params.add(uuidOf('Case', caseId) ?? NO_ID, 'uuid')
  const shown = ['subject', 'description'].filter(
    (field) => !viewer.access.hides(type, field) && !viewer.access.masks(type, field, false),
  )
  const [row] = await db.rows<{ id: string; text: string }>({
    text: `SELECT t.id, concat_ws(' ', ${["''", ...shown.map((field) => `t.${field}`)].join(', ')}) AS text FROM service_case t WHERE ${visible(viewer, 'Case', 't', sql)} AND t.id = ${id}`,
    values: sql.params.values,
  })
  return row ?? null
}

function look(
  db: Reader,
  viewer: Viewer,
  { words, caseId, size }: { words: string[]; caseId: string | null; size: number },
): Promise<Suggestion[]> {
  const sql = sqlFor(viewer.tenantId)
  const given = sql.params.add(words, 'text[]')
  const about = sql.params.add(caseId, 'uuid')
  return db.rows<Suggestion>({
    text: `WITH said AS MATERIALIZED (
 SELECT w.word, f.ids, 1 / (1 + ln(cardinality(f.ids))) AS weight FROM unnest(${given}) w(word) CROSS JOIN LATERAL (SELECT atrium.search_knowledge_article(ARRAY[w.word], ${COMMON}) AS ids OFFSET 0) f WHERE cardinality(f.ids) > 0
), liked AS MATERIALIZED (
 SELECT i.id, sum(s.weight) AS weight FROM said s CROSS JOIN LATERAL unnest(s.ids) i(id) GROUP BY i.id
), scored AS (
 SELECT t.id, (liked.weight + (SELECT coalesce(sum(s.weight), 0) FROM said s WHERE strpos(atrium.search_key(t.title), s.word) > 0)) / (2 * (SELECT sum(weight) FROM said)) AS score
 FROM liked JOIN knowledge_article t ON t.id = liked.id WHERE ${visible(viewer, 'KnowledgeArticle', 't', sql)}
 AND t.status = 'PUBLISHED' AND coalesce(t.publish_at <= now(), true) AND coalesce(t.expire_at > now(), true)
 AND NOT EXISTS (SELECT 1 FROM case_article a WHERE a.tenant_id = $1 AND a.case_id = ${about} AND a.article_id = t.id AND a.deleted_at IS NULL)
) SELECT id, round(score::numeric, 3)::float8 AS score FROM scored WHERE score >= ${LEAST} ORDER BY scored.score DESC, id LIMIT ${sql.params.add(size, 'integer')}`,
    values: sql.params.values,
  })
}

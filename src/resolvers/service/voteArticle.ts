import DataLoader from 'dataloader'
import type { Context, Viewer } from '../../context.ts'
import { callerOf } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import type { Written } from '../records.ts'
import { refused } from '../revenue/refusals.ts'
import { sqlFor, type WriteContext } from '../write.ts'

/** uuid of an article that the viewer sees; null where there is none. */
async function seen({ db, viewer }: WriteContext, given: string): Promise<string | null> {
  const sql = sqlFor(viewer.tenantId)
  const id = sql.params.add(uuidOf('KnowledgeArticle', given) ?? NO_ID, 'uuid')
  const scope = viewer.access.predicate(recordType('KnowledgeArticle'), 't', sql)
  const [row] = await db.rows<{ id: string }>({
    text: `SELECT t.id FROM knowledge_article t WHERE t.tenant_id = $1 AND t.id = ${id} AND t.deleted_at IS NULL${scope ? ` AND ${scope}` : ''}`,
    values: sql.params.values,
  })
  return row?.id ?? null
}

const none = (): Written => refused({ code: 'NOT_FOUND', message: 'There is no such KnowledgeArticle.', field: ['id'] })

/** Says of an article whether it helped: one voice for each user, the last counts. Errors: NOT_FOUND; FORBIDDEN for programs without a user. */
export async function voteArticle(
  context: WriteContext,
  { id: given, helpful }: { id: string; helpful: boolean },
): Promise<Written> {
  const { db, viewer } = context
  const id = await seen(context, given)
  if (!id) return none()
  if (!viewer.userId)
    return refused({
      code: 'FORBIDDEN',
      message: 'Users vote.',
      field: ['id'],
      details: { permission: 'KnowledgeArticle.read' },
    })
  await db.rows({
    text: `INSERT INTO article_feedback (tenant_id, article_id, user_id, helpful) VALUES ($1, $2, $3, $4)
 ON CONFLICT (tenant_id, article_id, user_id) DO UPDATE SET helpful = excluded.helpful`,
    values: [viewer.tenantId, id, viewer.userId, helpful],
  })
  return { id, errors: [], changed: true }
}

/** Counts that a user looked at an article. Errors: as of voting. */
export async function viewArticle(context: WriteContext, { id: given }: { id: string }): Promise<Written> {
  const { db, viewer } = context
  const id = await seen(context, given)
  if (!id) return none()
  if (viewer.userId)
    await db.rows({
      text: `INSERT INTO article_feedback (tenant_id, article_id, user_id, views) VALUES ($1, $2, $3, 1)
 ON CONFLICT (tenant_id, article_id, user_id) DO UPDATE SET views = article_feedback.views + 1`,
      values: [viewer.tenantId, id, viewer.userId],
    })
  return { id, errors: [], changed: viewer.userId !== null }
}

/** What readers say of an article. */
export interface Feedback {
  views: number
  yes: number
  no: number
}

const loaders = new WeakMap<Context, DataLoader<string, Feedback>>()

/** What readers say of an article (uuid) that the viewer sees; one statement for all of a request. */
export function feedbackOf(context: Context, viewer: Viewer, id: string): Promise<Feedback> {
  let loader = loaders.get(context)
  if (!loader) {
    loader = new DataLoader(
      async (ids: readonly string[]) => {
        const rows = await context.tenancy.readTenant(callerOf(viewer), (db) =>
          db.rows<Feedback & { id: string }>({
            text: `SELECT article_id AS id, sum(views)::integer AS views, count(*) FILTER (WHERE helpful)::integer AS yes, count(*) FILTER (WHERE NOT helpful)::integer AS no
 FROM (SELECT article_id, views, helpful FROM article_feedback WHERE tenant_id = $1 AND article_id = ANY ($2::uuid[])
 UNION ALL SELECT article_id, views, NULL FROM article_visit WHERE tenant_id = $1 AND article_id = ANY ($2::uuid[])) f GROUP BY 1`,
            values: [viewer.tenantId, ids],
          }),
        )
        const found = new Map(rows.map((row) => [row.id, row]))
        return ids.map((one) => found.get(one) ?? { views: 0, yes: 0, no: 0 })
      },
      // A mutation of the request may have counted since.
      { cache: false },
    )
    loaders.set(context, loader)
  }
  return loader.load(id)
}

import type { Context, Viewer } from '../../context.ts'
import { callerOf } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { sqlFor } from '../write.ts'
import { visible } from './campaignFigures.ts'

/** What became of a mass mail, over the mails that the viewer sees. */
export interface BlastStatistics {
  mails: number
  statuses: { status: string; count: number }[]
  opens: number
  uniqueOpens: number
  clicks: number
  uniqueClicks: number
  bounces: number
  optOuts: number
  links: { url: string; clicks: number; uniqueClicks: number }[]
}

/** Links that are told of, those that were followed most. */
const LINKS = 100

/** Counts what became of a mass mail, in one statement; programs are not counted. @returns null where the viewer sees no such mass mail. @throws FIELD_FORBIDDEN. */
export async function blastStatistics(context: Context, viewer: Viewer, id: string): Promise<BlastStatistics | null> {
  for (const field of ['status', 'opens', 'clicks'])
    viewer.access.requireField(recordType('EmailMessage'), field, ['blastStatistics'])
  const sql = sqlFor(viewer.tenantId)
  const blast = sql.params.add(uuidOf('EmailBlast', id) ?? NO_ID, 'uuid')
  const text = `WITH b AS MATERIALIZED (SELECT b.id FROM email_blast b WHERE ${visible(viewer, 'EmailBlast', 'b', sql)} AND b.id = ${blast}
), m AS MATERIALIZED (
 SELECT m.id, m.status, m.opens, m.clicks FROM email_message m WHERE ${visible(viewer, 'EmailMessage', 'm', sql)} AND m.blast_id = ${blast}
), e AS MATERIALIZED (
 SELECT e.type, e.message_id, e.link_id FROM engagement_event e WHERE e.tenant_id = $1 AND e.blast_id = ${blast} AND e.type IN ('CLICKED', 'OPTED_OUT') AND NOT e.is_bot AND e.deleted_at IS NULL
  AND e.message_id IN (SELECT id FROM m)
), l AS (
 SELECT l.url, count(e.message_id)::integer AS clicks, count(DISTINCT e.message_id)::integer AS "uniqueClicks" FROM tracking_link l LEFT JOIN e ON e.link_id = l.id AND e.type = 'CLICKED'
 WHERE l.tenant_id = $1 AND l.blast_id = ${blast} AND l.deleted_at IS NULL GROUP BY l.id, l.url ORDER BY 2 DESC, l.url LIMIT ${LINKS}
) SELECT count(m.id)::integer AS mails, coalesce(sum(m.opens), 0)::integer AS opens, count(*) FILTER (WHERE m.opens > 0)::integer AS "uniqueOpens",
 coalesce(sum(m.clicks), 0)::integer AS clicks, count(*) FILTER (WHERE m.clicks > 0)::integer AS "uniqueClicks", count(*) FILTER (WHERE m.status IN ('BOUNCED_SOFT', 'BOUNCED_HARD'))::integer AS bounces,
 (SELECT count(DISTINCT message_id)::integer FROM e WHERE type = 'OPTED_OUT') AS "optOuts",
 (SELECT coalesce(json_agg(s ORDER BY s.status), '[]') FROM (SELECT status, count(*)::integer AS count FROM m GROUP BY status) s) AS statuses,
 (SELECT coalesce(json_agg(l), '[]') FROM l) AS links FROM b LEFT JOIN m ON true GROUP BY b.id`
  const [row] = await context.tenancy.readTenant(callerOf(viewer), (db) =>
    db.rows<BlastStatistics>({ text, values: sql.params.values }),
  )
  return row ?? null
}

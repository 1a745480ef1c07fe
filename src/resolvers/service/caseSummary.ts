import type { Viewer } from '../../context.ts'
import { recordType } from '../../read/recordType.ts'
import { idOf } from '../../read/values.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { sqlFor } from '../write.ts'
import { OPEN } from './states.ts'

/** How many open cases have a value; null: none. */
export interface CaseCount {
  key: string | null
  count: number
}

/** How one kind of promise was kept. */
export interface MilestoneSummary {
  type: string
  /** How many were done. */
  completed: number
  kept: number
  /** Per cent of those that were done, one decimal; null where none was. */
  attainment: number | null
  /** Business minutes that the one in the middle took. */
  medianMinutes: number | null
}

/** Cases in figures. */
export interface CaseSummary {
  open: number
  byStatus: CaseCount[]
  byPriority: CaseCount[]
  byQueue: CaseCount[]
  byOwner: CaseCount[]
  milestones: MilestoneSummary[]
}

/** Most groups of one kind. */
const GROUPS = 100

/** What the open cases that the viewer sees are, and how promises about cases were kept that were done in a time. One statement. */
export async function caseSummary(
  db: Reader,
  viewer: Viewer,
  { from, to }: { from?: Date | null; to?: Date | null },
): Promise<CaseSummary> {
  const type = recordType('Case')
  const sql = sqlFor(viewer.tenantId)
  const open = sql.params.add(OPEN, 'text[]')
  const [since, until] = [sql.params.add(from ?? null, 'timestamptz'), sql.params.add(to ?? null, 'timestamptz')]
  const scope = viewer.access.predicate(type, 't', sql)
  // Groups of what the viewer does not see are not made.
  const groups = (field: string, column: string) =>
    viewer.access.hides(type, field)
      ? `'[]'::json`
      : `(SELECT coalesce(json_agg(g ORDER BY g.count DESC, g.key), '[]') FROM (SELECT ${column} AS key, count(*)::integer AS count FROM open GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${GROUPS}) g)`
  const [row] = await db.rows<CaseSummary>({
    text: `WITH mine AS (SELECT t.id, t.status, t.priority, t.queue_id, t.owner_id FROM service_case t WHERE t.tenant_id = $1 AND t.deleted_at IS NULL${scope ? ` AND ${scope}` : ''}),
 open AS (SELECT * FROM mine WHERE status = ANY (${open}))
 SELECT (SELECT count(*)::integer FROM open) AS open, ${groups('status', 'status')} AS "byStatus", ${groups('priority', 'priority')} AS "byPriority",
 ${groups('queueId', 'queue_id')} AS "byQueue", ${groups('ownerId', 'owner_id')} AS "byOwner",
 (SELECT coalesce(json_agg(m ORDER BY m.type), '[]') FROM (SELECT m.type, count(*)::integer AS completed, count(*) FILTER (WHERE NOT m.is_violated)::integer AS kept,
  round(100.0 * count(*) FILTER (WHERE NOT m.is_violated) / count(*), 1)::float8 AS attainment,
  round((percentile_cont(0.5) WITHIN GROUP (ORDER BY m.elapsed_sec) / 60)::numeric, 1)::float8 AS "medianMinutes"
  FROM case_milestone m JOIN mine ON mine.id = m.case_id WHERE m.tenant_id = $1 AND m.deleted_at IS NULL AND m.completed_at IS NOT NULL
  AND (${since} IS NULL OR m.completed_at >= ${since}) AND (${until} IS NULL OR m.completed_at < ${until}) GROUP BY m.type) m) AS milestones`,
    values: sql.params.values,
  })
  const { byQueue, byOwner, ...rest } = row as CaseSummary
  const named = (all: CaseCount[], target: string) =>
    all.map(({ key, count }) => ({ key: key && idOf(target, key), count }))
  return { ...rest, byQueue: named(byQueue, 'CaseQueue'), byOwner: named(byOwner, 'User') }
}

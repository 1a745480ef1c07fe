import type { Context, Viewer } from '../../../context.ts'
import { requestError } from '../../../errors.ts'
import { pageOf } from '../../../read/emit.ts'
import { callerOf } from '../../../read/read.ts'
import type { Reader } from '../../../tenancy/tenancy.ts'
import { sqlFor } from '../../write.ts'
import { type PoolObject, typeOf } from './seat.ts'
import { judge, type Moment, type Reclaim, type Skip } from './verdict.ts'

/** What a pass would do at a moment. */
export interface Preview {
  reclaim: Reclaim
  at: Date
  taken: number
  skipped: { reason: Skip; count: number }[]
}

/** A record of a preview. uuids. */
export interface PreviewItem {
  object: PoolObject
  recordId: string
  /** Null: it would be taken. */
  reason: Skip | null
  ruleId: string | null
}

export interface PreviewPage {
  nodes: PreviewItem[]
  edges: { node: PreviewItem; cursor: string }[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
}

/** Counts what a pass would take, and what it would leave and why. Writes nothing. */
export async function previewOf(db: Reader, tenantId: string, reclaim: Reclaim, moment: Moment): Promise<Preview> {
  const preview: Preview = { reclaim, at: moment.at, taken: 0, skipped: [] }
  if (reclaim.owners.length === 0) return preview
  const { params } = sqlFor(tenantId)
  const rows = await db.rows<{ skip: Skip | null; count: number }>({
    text: `SELECT v.skip, count(*)::integer AS count FROM ${judge(reclaim, moment, params.add.bind(params))} GROUP BY 1 ORDER BY 1`,
    values: params.values,
  })
  for (const { skip, count } of rows) {
    if (skip) preview.skipped.push({ reason: skip, count })
    else preview.taken = count
  }
  return preview
}

export interface PreviewArgs {
  first?: number | null
  after?: string | null
  outcome?: 'TAKEN' | 'SKIPPED' | null
  reason?: Skip | null
}

/**
 * A page of the records of a preview that the viewer sees, in the order of their ids, judged for the moment of the preview.
 *
 * @throws PAGE_SIZE_EXCEEDED over 100, BAD_USER_INPUT for a cursor of another list.
 */
export async function previewItems(
  context: Context,
  viewer: Viewer,
  { reclaim, at }: Preview,
  { first, after, outcome, reason }: PreviewArgs,
): Promise<PreviewPage> {
  const { cursors } = context.services
  const { tenantId, access, timezone } = viewer
  const { size } = pageOf({ first })
  const bound = `${tenantId} ReclaimPreview.items ${reclaim.poolId} ${reclaim.rules.map(({ id }) => id)} ${outcome ?? ''} ${reason ?? ''}`
  const place = after ? cursors.open(after, bound)?.[0] : null
  if (after && !place)
    throw requestError('BAD_USER_INPUT', {
      message: 'The cursor in after does not belong to this list.',
      extensions: { field: ['after'] },
    })
  const type = typeOf(reclaim)
  const sql = sqlFor(tenantId)
  const add = sql.params.add.bind(sql.params)
  const scope = access.may('read', type.name) ? access.predicate(type, 't', sql) : 'false'
  const inner = [...(scope ? [scope] : []), ...(place ? [`t.id > ${add(place, 'uuid')}`] : [])]
  const outer = [
    ...(outcome ? [`v.skip IS ${outcome === 'SKIPPED' ? 'NOT ' : ''}NULL`] : []),
    ...(reason ? [`v.skip = ${add(reason, 'text')}`] : []),
  ]
  const rows =
    reclaim.owners.length === 0
      ? []
      : await context.tenancy.readTenant(callerOf(viewer), (db) =>
          db.rows<{ id: string; skip: Skip | null; rule: string | null }>({
            text: `SELECT v.id, v.skip, v.rule FROM ${judge(reclaim, { at, timezone }, add, inner)}${outer.length > 0 ? ` WHERE ${outer.join(' AND ')}` : ''} ORDER BY v.id LIMIT ${size + 1}`,
            values: sql.params.values,
          }),
        )
  const nodes = rows
    .slice(0, size)
    .map(({ id, skip, rule }): PreviewItem => ({ object: reclaim.object, recordId: id, reason: skip, ruleId: rule }))
  const edges = nodes.map((node) => ({ node, cursor: cursors.seal([node.recordId], bound) }))
  return {
    nodes,
    edges,
    pageInfo: {
      hasNextPage: rows.length > size,
      hasPreviousPage: Boolean(place),
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}

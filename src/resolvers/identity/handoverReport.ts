import DataLoader from 'dataloader'
import type { Context, Viewer } from '../../context.ts'
import { requestError } from '../../errors.ts'
import { pageOf } from '../../read/emit.ts'
import { callerOf } from '../../read/read.ts'
import type { Reader } from '../../tenancy/tenancy.ts'

/** What became of the records of one type. total = pending + moved + skipped + failed. */
export interface ObjectCount {
  total: number
  pending: number
  moved: number
  skipped: number
  failed: number
}

/** By name of the type. */
export type HandoverCounts = Record<string, ObjectCount>

export const NONE: Readonly<ObjectCount> = { total: 0, pending: 0, moved: 0, skipped: 0, failed: 0 }

export type ItemStatus = 'PENDING' | 'MOVED' | 'SKIPPED' | 'FAILED'

/** A record of a hand-over; ids are uuids. */
export interface HandoverItem {
  id: string
  object: string
  recordId: string
  toUserId: string
  status: ItemStatus
  code: string | null
  message: string | null
}

/** A page of a hand-over's records. */
export interface ItemPage {
  nodes: HandoverItem[]
  edges: { node: HandoverItem; cursor: string }[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
}

/** Arguments of a page as clients write them. */
export interface ItemArgs {
  first?: number | null
  after?: string | null
  last?: number | null
  before?: string | null
  status?: ItemStatus | null
}

/** What became of the records of hand-overs (uuids), counted from the records themselves. */
export async function handoverCounts(
  db: Reader,
  tenantId: string,
  jobIds: readonly string[],
): Promise<Map<string, HandoverCounts>> {
  const rows = await db.rows<{ id: string; object: string; status: ItemStatus; records: number }>({
    text: 'SELECT job_id AS id, object, status, count(*)::integer AS records FROM handover_item WHERE tenant_id = $1 AND job_id = ANY ($2::uuid[]) GROUP BY 1, 2, 3 ORDER BY 2',
    values: [tenantId, jobIds],
  })
  const found = new Map<string, HandoverCounts>(jobIds.map((id) => [id, {}]))
  for (const { id, object, status, records } of rows) {
    const counts = found.get(id) as HandoverCounts
    const one = counts[object] ?? { ...NONE }
    one[status.toLowerCase() as Lowercase<ItemStatus>] = records
    one.total += records
    counts[object] = one
  }
  return found
}

/** One loader per request and kind of question: what all hand-overs of an answer ask together is one statement. */
// biome-ignore lint/suspicious/noExplicitAny: each key has loaders of one type of answer, which a map cannot say.
const loaders = new WeakMap<Context, Map<string, DataLoader<string, any>>>()

function loaderOf<T>(
  context: Context,
  viewer: Viewer,
  key: string,
  load: (db: Reader, ids: readonly string[]) => Promise<T[]>,
): DataLoader<string, T> {
  const own = loaders.get(context) ?? new Map()
  loaders.set(context, own)
  let loader = own.get(key)
  if (!loader) {
    loader = new DataLoader(
      (ids: readonly string[]) => context.tenancy.readTenant(callerOf(viewer), (db) => load(db, ids)),
      // The job goes on while the request does.
      { cache: false },
    )
    own.set(key, loader)
  }
  return loader
}

/** What became of a hand-over's records (its uuid). */
export function countsOf(context: Context, viewer: Viewer, jobId: string): Promise<HandoverCounts> {
  return loaderOf(context, viewer, 'counts', async (db, ids) => {
    const found = await handoverCounts(db, viewer.tenantId, ids)
    return ids.map((id) => found.get(id) as HandoverCounts)
  }).load(jobId)
}

/**
 * A page of a hand-over's records (its uuid), in the order in which they are moved.
 *
 * @throws PAGE_SIZE_EXCEEDED over 100, BAD_USER_INPUT for a cursor of another list.
 */
export async function itemsOf(
  context: Context,
  viewer: Viewer,
  jobId: string,
  { first, after, last, before, status }: ItemArgs,
): Promise<ItemPage> {
  const { cursors } = context.services
  const { tenantId } = viewer
  const { size, backward } = pageOf({ first, last })
  const bound = `${tenantId} HandoverJob.items ${jobId} ${status ?? ''}`
  const placeOf = (cursor: string | null | undefined, name: string): string | null => {
    if (cursor === null || cursor === undefined) return null
    const place = cursors.open(cursor, bound)?.[0]
    if (place) return place
    throw requestError('BAD_USER_INPUT', {
      message: `The cursor in ${name} does not belong to this list.`,
      extensions: { field: [name] },
    })
  }
  const range: Range = {
    size,
    backward,
    after: placeOf(after, 'after'),
    before: placeOf(before, 'before'),
    status: status ?? null,
  }
  // A cursor belongs to one hand-over, so pages that begin behind one are asked for one by one.
  const rows = await loaderOf(context, viewer, JSON.stringify(range), (db, ids) =>
    pages(db, tenantId, ids, range),
  ).load(jobId)
  const more = rows.length > size
  const nodes = rows.slice(0, size)
  if (backward) nodes.reverse()
  const edges = nodes.map((node) => ({ node, cursor: cursors.seal([node.id], bound) }))
  return {
    nodes,
    edges,
    pageInfo: {
      hasNextPage: backward ? range.before !== null : more,
      hasPreviousPage: backward ? more : range.after !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}

/** Which items: between two places (uuids), from the front or from the back. */
interface Range {
  size: number
  backward: boolean
  after: string | null
  before: string | null
  status: ItemStatus | null
}

/** The rows of a range of each hand-over, from the side it is read from, and one more. */
async function pages(
  db: Reader,
  tenantId: string,
  jobIds: readonly string[],
  { size, backward, after, before, status }: Range,
): Promise<HandoverItem[][]> {
  const order = backward ? 'DESC' : 'ASC'
  const rows = await db.rows<HandoverItem & { jobId: string }>({
    text: `SELECT i.* FROM unnest($2::uuid[]) AS j(id) CROSS JOIN LATERAL (
 SELECT job_id AS "jobId", id, object, record_id AS "recordId", to_user_id AS "toUserId", status, code, message FROM handover_item
 WHERE tenant_id = $1 AND job_id = j.id AND ($4::uuid IS NULL OR id > $4) AND ($5::uuid IS NULL OR id < $5) AND ($6::text IS NULL OR status = $6) ORDER BY id ${order} LIMIT $3) i ORDER BY i.id ${order}`,
    values: [tenantId, jobIds, size + 1, after, before, status],
  })
  const found = new Map<string, HandoverItem[]>()
  for (const { jobId, ...item } of rows) found.set(jobId, [...(found.get(jobId) ?? []), item])
  return jobIds.map((id) => found.get(id) ?? [])
}

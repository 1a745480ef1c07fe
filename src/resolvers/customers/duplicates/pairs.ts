import { may } from '../../../access/decide.ts'
import type { Context, Viewer } from '../../../context.ts'
import { requestError } from '../../../errors.ts'
import { pageOf } from '../../../read/emit.ts'
import { callerOf } from '../../../read/read.ts'
import { recordType } from '../../../read/recordType.ts'
import { ident } from '../../../read/sql.ts'
import { type Match, shownOf } from './match.ts'
import { type DuplicateObject, isMatched, OBJECTS } from './profile.ts'

export type PairStatus = 'OPEN' | 'DISMISSED' | 'MERGED'

type Shown = Omit<Match, 'score'>

/** Two records that look alike, as far as the caller may know them. */
export interface Pair {
  left: Shown
  right: Shown
  score: number
  status: PairStatus
  foundAt: string
  decidedAt: string | null
}

/** Records that hang together over open pairs. */
export interface Group {
  records: Shown[]
  /** The score of the surest pair. */
  score: number
  pairs: number
}

/** A page of a list that is read as it stands. */
export interface ListPage<T> {
  nodes: T[]
  edges: { node: T; cursor: string }[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
}

export interface ListArgs {
  first?: number | null
  after?: string | null
  last?: number | null
  before?: string | null
}

/** Records of a group that are told at most. */
const GROUP_MOST = 100

/** The two records of a pair `p` are there and live; a converted lead counts as gone. */
function bothLive(object: DuplicateObject): string {
  const table = ident(recordType(object).table)
  const open = object === 'Lead' ? ` AND t.status <> 'CONVERTED'` : ''
  return ['left_id', 'right_id']
    .map(
      (side) =>
        `EXISTS (SELECT 1 FROM ${table} t WHERE t.tenant_id = $1 AND t.id = p.${side} AND t.deleted_at IS NULL${open})`,
    )
    .join(' AND ')
}

function requireMerge(viewer: Viewer, object: string): asserts object is DuplicateObject {
  if (!isMatched(object))
    throw requestError('BAD_USER_INPUT', {
      message: `object must be one of ${OBJECTS.join(', ')}.`,
      extensions: { field: ['object'] },
    })
  if (may(viewer, 'merge', object)) return
  throw requestError('FORBIDDEN', { message: `You lack ${object}.merge.`, status: 403 })
}

/**
 * A page of the pairs of a type, the surest first. A dismissed or merged pair is shown as long as its records are there.
 *
 * @throws FORBIDDEN without the right to merge records of the type; PAGE_SIZE_EXCEEDED, BAD_USER_INPUT for a cursor of another list.
 */
export async function pairsOf(
  context: Context,
  viewer: Viewer,
  object: string,
  status: PairStatus,
  args: ListArgs,
): Promise<ListPage<Pair>> {
  requireMerge(viewer, object)
  const bound = `${viewer.tenantId} duplicatePairs ${object} ${status}`
  return page(context, bound, args, 2, ({ size, backward, after, before }) =>
    context.tenancy.readTenant(callerOf(viewer), async (db) => {
      const order = backward ? 'ASC' : 'DESC'
      // MERGED pairs lose one of theirs.
      const there = status === 'MERGED' ? 'true' : bothLive(object)
      const rows = await db.rows<{
        id: string
        left: string
        right: string
        score: number
        status: PairStatus
        foundAt: string
        decidedAt: string | null
      }>({
        text: `SELECT p.id, p.left_id AS left, p.right_id AS right, p.score, p.status, to_json(p.found_at)#>>'{}' AS "foundAt", to_json(p.decided_at)#>>'{}' AS "decidedAt" FROM duplicate_pair p
 WHERE p.tenant_id = $1 AND p.object = $2 AND p.status = $3 AND ($4::integer IS NULL OR (p.score, p.id) < ($4::integer, $5::uuid)) AND ($6::integer IS NULL OR (p.score, p.id) > ($6::integer, $7::uuid)) AND ${there}
 ORDER BY p.score ${order}, p.id ${order} LIMIT $8`,
        values: [
          viewer.tenantId,
          object,
          status,
          after?.[0] ?? null,
          after?.[1] ?? null,
          before?.[0] ?? null,
          before?.[1] ?? null,
          size + 1,
        ],
      })
      const shown = await shownOf(
        { db, viewer },
        rows.flatMap(({ left, right }) => [left, right].map((id) => ({ object, id }))),
      )
      return rows.map(({ id, left, right, score, ...rest }) => ({
        place: [String(score), id],
        node: {
          left: shown.get(left) ?? gone(object),
          right: shown.get(right) ?? gone(object),
          score: score / 1000,
          ...rest,
        },
      }))
    }),
  )
}

/**
 * A page of the groups of a type: records that hang together over open pairs, in the order of their oldest record.
 *
 * @throws as pairsOf.
 */
export async function groupsOf(
  context: Context,
  viewer: Viewer,
  object: string,
  args: ListArgs,
): Promise<ListPage<Group>> {
  requireMerge(viewer, object)
  return page(context, `${viewer.tenantId} duplicateGroups ${object}`, args, 1, ({ size, backward, after, before }) =>
    context.tenancy.readTenant(callerOf(viewer), async (db) => {
      const rows = await db.rows<{ id: string; ids: string[]; score: number; pairs: number }>({
        text: `SELECT p.group_id AS id, array_agg(p.left_id) || array_agg(p.right_id) AS ids, max(p.score) AS score, count(*)::integer AS pairs FROM duplicate_pair p
 WHERE p.tenant_id = $1 AND p.object = $2 AND p.status = 'OPEN' AND ($3::uuid IS NULL OR p.group_id > $3) AND ($4::uuid IS NULL OR p.group_id < $4) AND ${bothLive(object)}
 GROUP BY p.group_id ORDER BY p.group_id ${backward ? 'DESC' : 'ASC'} LIMIT $5`,
        values: [viewer.tenantId, object, after?.[0] ?? null, before?.[0] ?? null, size + 1],
      })
      const groups = rows.map((row) => ({ ...row, ids: [...new Set(row.ids)].sort().slice(0, GROUP_MOST) }))
      const shown = await shownOf(
        { db, viewer },
        groups.flatMap(({ ids }) => ids.map((id) => ({ object, id }))),
      )
      return groups.map(({ id, ids, score, pairs }) => ({
        place: [id],
        node: { records: ids.map((one) => shown.get(one) ?? gone(object)), score: score / 1000, pairs },
      }))
    }),
  )
}

/** A record that went between two statements, or was destroyed. */
const gone = (object: DuplicateObject): Shown => ({
  id: null,
  object,
  name: null,
  owner: null,
  poolId: null,
  masked: true,
})

async function page<T>(
  context: Context,
  bound: string,
  { first, after, last, before }: ListArgs,
  length: number,
  read: (range: {
    size: number
    backward: boolean
    after: string[] | null
    before: string[] | null
  }) => Promise<{ place: string[]; node: T }[]>,
): Promise<ListPage<T>> {
  const { cursors } = context.services
  const { size, backward } = pageOf({ first, last })
  const placeOf = (cursor: string | null | undefined, name: string): string[] | null => {
    if (cursor === null || cursor === undefined) return null
    const place = cursors.open(cursor, bound)
    if (place?.length === length) return place as string[]
    throw requestError('BAD_USER_INPUT', {
      message: `The cursor in ${name} does not belong to this list.`,
      extensions: { field: [name] },
    })
  }
  const range = { size, backward, after: placeOf(after, 'after'), before: placeOf(before, 'before') }
  const rows = await read(range)
  const more = rows.length > size
  const kept = rows.slice(0, size)
  if (backward) kept.reverse()
  const edges = kept.map(({ place, node }) => ({ node, cursor: cursors.seal(place, bound) }))
  return {
    nodes: kept.map(({ node }) => node),
    edges,
    pageInfo: {
      hasNextPage: backward ? range.before !== null : more,
      hasPreviousPage: backward ? more : range.after !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}

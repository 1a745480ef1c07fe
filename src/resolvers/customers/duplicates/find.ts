import { may } from '../../../access/decide.ts'
import { recordType } from '../../../read/recordType.ts'
import { ident } from '../../../read/sql.ts'
import { NO_ID, uuidOf } from '../../../read/values.ts'
import { enqueueJob } from '../../platform/job.ts'
import { lockTargets, type Written } from '../../records.ts'
import { forbidden, type Values, type WriteContext } from '../../write.ts'
import { keysOf } from './keys.ts'
import { matchesOf, SEARCH } from './match.ts'
import { type DuplicateObject, isMatched, profileOf, unknownObject } from './profile.ts'
import { rulesOf } from './rules.ts'
import { FIRST, fillKeys, markFilled, sourcesSql } from './store.ts'

/** The kind of the job that searches all records of a type for duplicates, and of the one that makes the keys that are missing. */
export const FIND_DUPLICATES = 'FIND_DUPLICATES'
export const FILL_DUPLICATE_KEYS = 'FILL_DUPLICATE_KEYS'

/** Records of one step. */
const FILL_STEP = 2000
const SEARCH_STEP = 500

/** Where a search stands: keys first, then page by page, then what hangs together. */
export interface SearchState {
  phase: 'KEYS' | 'SEARCH' | 'GROUPS'
  /** uuid behind which the next page begins. */
  after: string | null
}

/** What a step of a search did. */
export interface SearchStep {
  state: SearchState | null
  done: number
  total?: number
  pairs: number
}

/**
 * Orders the search through all live records of a type, as a job; one at a time for a type. Errors: VALIDATION_FAILED for another type, FORBIDDEN without the right to merge them.
 */
export async function findDuplicates({ db, viewer }: WriteContext, object: string): Promise<Written> {
  if (!isMatched(object)) return { id: null, errors: [unknownObject()] }
  if (!may(viewer, 'merge', object)) return { id: null, errors: [forbidden(`${object}.merge`, ['object'])] }
  const { id } = await enqueueJob(db, viewer.tenantId, {
    kind: FIND_DUPLICATES,
    subject: object,
    input: { object },
    key: `find duplicates ${object}`,
  })
  return { id, errors: [] }
}

/**
 * One step of a search: a page of records. What it finds stands in duplicate_pair; a pair that somebody has dismissed stays so, and an open one that is
 * found no more goes at the end.
 *
 * @param search uuid of the search.
 */
export async function searchStep(
  context: WriteContext,
  object: DuplicateObject,
  search: string,
  state: SearchState | null,
): Promise<SearchStep> {
  const { phase, after } = state ?? { phase: 'KEYS', after: null }
  if (phase === 'KEYS') {
    const { last } = await fillKeys(context, object, after, FILL_STEP)
    if (last) return { state: { phase, after: last }, done: 0, pairs: 0 }
    await markFilled(context.db, context.viewer.tenantId, [object])
    return { state: { phase: 'SEARCH', after: null }, done: 0, total: await countOf(context, object), pairs: 0 }
  }
  if (phase === 'SEARCH') {
    const { last, looked, pairs } = await searchPage(context, object, search, after)
    return { state: last ? { phase, after: last } : { phase: 'GROUPS', after: null }, done: looked, pairs }
  }
  await forgetUnfound(context, object, search)
  await group(context, object)
  return { state: null, done: 0, pairs: 0 }
}

const live = (object: DuplicateObject): string =>
  `t.tenant_id = $1 AND t.deleted_at IS NULL${object === 'Lead' ? ` AND t.status <> 'CONVERTED'` : ''}`

async function countOf({ db, viewer }: WriteContext, object: DuplicateObject): Promise<number> {
  const [row] = await db.rows<{ count: number }>({
    text: `SELECT count(*)::integer AS count FROM ${ident(recordType(object).table)} t WHERE ${live(object)}`,
    values: [viewer.tenantId],
  })
  return row?.count ?? 0
}

async function searchPage(
  context: WriteContext,
  object: DuplicateObject,
  search: string,
  after: string | null,
): Promise<{ last: string | null; looked: number; pairs: number }> {
  const { db, viewer } = context
  const type = recordType(object)
  const rows = await db.rows<{ id: string; record: Values }>({
    text: `SELECT t.id, ${sourcesSql(type)} AS record FROM ${ident(type.table)} t WHERE ${live(object)} AND t.id > $2::uuid ORDER BY t.id LIMIT ${SEARCH_STEP}`,
    values: [viewer.tenantId, after ?? FIRST],
  })
  const last = rows.length < SEARCH_STEP ? null : (rows.at(-1)?.id ?? null)
  const all = await rulesOf(db, viewer.tenantId, object)
  // Records of the type itself are held against each other, whoever may see them.
  const rules = all.map((rule) => ({ ...rule, targets: [object], visibleOnly: false }))
  if (rows.length === 0 || rules.length === 0) return { last, looked: rows.length, pairs: 0 }
  const subjects = rows.map(({ record }) => {
    const profile = profileOf(object, record)
    return { profile, keys: keysOf(profile) }
  })
  const hits = await matchesOf(context, subjects, rules, new Set(), {
    effort: SEARCH,
    behind: rows.map(({ id }) => id),
  })
  const pairs = hits.flatMap((list, index) =>
    list.map(({ id, rule, score }) => ({
      left: rows[index]?.id as string,
      right: id,
      rule: rule.id,
      score: Math.round(score * 1000),
    })),
  )
  if (pairs.length > 0) {
    await db.rows({
      text: `INSERT INTO duplicate_pair (tenant_id, object, left_id, right_id, rule_id, score, group_id, job_id)
 SELECT $1, $2, x.left, x.right, x.rule, x.score, x.left, $3 FROM json_to_recordset($4::json) AS x("left" uuid, "right" uuid, rule uuid, score integer)
 ON CONFLICT (tenant_id, object, left_id, right_id) DO UPDATE SET rule_id = EXCLUDED.rule_id, score = EXCLUDED.score, job_id = EXCLUDED.job_id`,
      values: [viewer.tenantId, object, search, JSON.stringify(pairs)],
    })
  }
  return { last, looked: rows.length, pairs: pairs.length }
}

/** Open pairs that the search has not found again go: one of the two has changed, or the rules have. */
async function forgetUnfound({ db, viewer }: WriteContext, object: DuplicateObject, search: string): Promise<void> {
  await db.rows({
    text: `DELETE FROM duplicate_pair WHERE tenant_id = $1 AND object = $2 AND status = 'OPEN' AND job_id IS DISTINCT FROM $3::uuid`,
    values: [viewer.tenantId, object, search],
  })
}

/** Rows of one statement that regroups. */
const REGROUP = 10_000

/** Gives all records that hang together over open pairs one group. */
async function group({ db, viewer }: WriteContext, object: DuplicateObject): Promise<void> {
  const rows = await db.rows<{ id: string; left: string; right: string; groupId: string }>({
    text: `SELECT id, left_id AS left, right_id AS right, group_id AS "groupId" FROM duplicate_pair WHERE tenant_id = $1 AND object = $2 AND status = 'OPEN'`,
    values: [viewer.tenantId, object],
  })
  const parents = new Map<string, string>()
  const rootOf = (id: string): string => {
    let root = id
    for (let up = parents.get(root); up !== undefined; up = parents.get(root)) root = up
    // The next look is short.
    for (let at = id; at !== root; ) {
      const up = parents.get(at) as string
      parents.set(at, root)
      at = up
    }
    return root
  }
  for (const { left, right } of rows) {
    const [a, b] = [rootOf(left), rootOf(right)].sort() as [string, string]
    if (a !== b) parents.set(b, a)
  }
  const moved = rows.filter(({ left, groupId }) => rootOf(left) !== groupId)
  for (let from = 0; from < moved.length; from += REGROUP) {
    const some = moved.slice(from, from + REGROUP)
    await db.rows({
      text: `UPDATE duplicate_pair p SET group_id = x.root FROM unnest($2::uuid[], $3::uuid[]) AS x(id, root) WHERE p.tenant_id = $1 AND p.id = x.id`,
      values: [viewer.tenantId, some.map(({ id }) => id), some.map(({ left }) => rootOf(left))],
    })
  }
}

/**
 * Says for good that two records are not the same: no search brings the pair up again, and a change of one is not held against the other. Errors: NOT_FOUND,
 * FORBIDDEN for records that the caller may not merge, VALIDATION_FAILED for one record twice.
 *
 * @param ids of the two, as clients write them.
 */
export async function dismissDuplicate(context: WriteContext, object: string, ids: [string, string]): Promise<Written> {
  const { db, viewer } = context
  if (!isMatched(object)) return { id: null, errors: [unknownObject()] }
  if (!may(viewer, 'merge', object)) return { id: null, errors: [forbidden(`${object}.merge`, ['object'])] }
  const names = ['leftId', 'rightId']
  const changes = await lockTargets(
    context,
    recordType(object),
    ids.map((id) => ({ id: uuidOf(object, id) ?? NO_ID })),
    { action: 'merge', pathOf: (index) => [names[index] as string, 'id'] },
  )
  const errors = changes.flatMap((change, index) =>
    change.errors.map((error) => ({ ...error, field: [names[index] as string] })),
  )
  if (errors.length > 0) return { id: null, errors }
  const [left, right] = changes.map(({ id }) => id).sort() as [string, string]
  await db.rows({
    text: `INSERT INTO duplicate_pair (tenant_id, object, left_id, right_id, score, group_id, status, decided_at, decided_by) VALUES ($1, $2, $3, $4, 0, $3, 'DISMISSED', now(), $5)
 ON CONFLICT (tenant_id, object, left_id, right_id) DO UPDATE SET status = 'DISMISSED', decided_at = now(), decided_by = $5`,
    values: [viewer.tenantId, object, left, right, viewer.userId],
  })
  return { id: left, errors: [] }
}

/** Notes that records (uuids) were merged into one: their pairs with each other are done. For the merge. */
export async function markMerged({ db, viewer }: WriteContext, object: DuplicateObject, ids: string[]): Promise<void> {
  await db.rows({
    text: `UPDATE duplicate_pair SET status = 'MERGED', decided_at = now(), decided_by = $4 WHERE tenant_id = $1 AND object = $2 AND left_id = ANY ($3::uuid[]) AND right_id = ANY ($3::uuid[]) AND status = 'OPEN'`,
    values: [viewer.tenantId, object, ids, viewer.userId],
  })
}

/** Opens again what markMerged noted. For the undoing of a merge. */
export async function unmarkMerged(
  { db, viewer }: WriteContext,
  object: DuplicateObject,
  ids: string[],
): Promise<void> {
  await db.rows({
    text: `UPDATE duplicate_pair SET status = 'OPEN', decided_at = NULL, decided_by = NULL WHERE tenant_id = $1 AND object = $2 AND left_id = ANY ($3::uuid[]) AND right_id = ANY ($3::uuid[]) AND status = 'MERGED'`,
    values: [viewer.tenantId, object, ids],
  })
}

import type { Caller, Tenancy } from '../tenancy/tenancy.ts'
import { type ConnectionArgs, pageOf } from './emit.ts'
import { searchKey } from './filter.ts'
import { orderKeys, orderSql, reverse } from './order.ts'
import { fieldOf, type RecordType } from './recordType.ts'
import { ident, likePattern, Params, TENANT } from './sql.ts'

/*
 * Search by a part of a name in a company with many records. Under row security no index serves LIKE, so a list that searches asks the function
 * atrium.search_<table> for candidates first, and then carries their ids besides its own condition, which stays as it is. See
 * docs/decisions/0016-search.md for where the figures come from.
 */

/** The types whose tables have such a function: those of which a company may have many. */
export const INDEXED = new Set([
  'Account',
  'Activity',
  'Contact',
  'KnowledgeArticle',
  'Lead',
  'Opportunity',
  'Product',
  'Task',
  'User',
])
/** Up to so many records the plain list is as fast. */
const SMALL = 5000
/** How long a company's size is believed, in milliseconds, and of how many companies' types. */
const REMEMBERED = { time: 60_000, most: 20_000 }
/** The first records of the order, among which hits tell that the plain list fills its page soon enough. */
const LOOKED_AT = 2000
/**
 * By id, a few hits are enough, for parts of names stand anywhere, and reading on is cheap; and more candidates than that cost more than they save. In another
 * order what is looked for may all stand far behind (names under M), so the look must find a page of it, and many candidates are cheaper than to read on.
 */
const BY_ID = { hits: 4, most: 2500 }
const BY_OTHERS = { most: 50_000 }
/** Of a longer word the beginning is enough to find candidates by. */
const LONGEST = 64
const MAX_WORDS = 20

/**
 * Characters of which ILIKE, this process and the database agree on the lower case and the decomposition, one by one: Latin, Cyrillic, kana, Han,
 * Hangul, full width. Of others (a sigma's form depends on where it stands) `contains` is left to the plain list.
 */
const PLAIN =
  /^[\x20-\x7e\xa1-\u024f\u0400-\u04ff\u1e00-\u1eff\u3040-\u3096\u30a1-\u30fa\u3400-\u9fff\uac00-\ud7a3\uff01-\uff5e\u{20000}-\u{323af}]+$/u

const sizes = new Map<string, { small: boolean; until: number }>()

/**
 * The words, folded as search_text is, of which each must stand in the search_text of every record of the list: from `search`, and from `contains` and
 * `startsWith` over searched fields that are joined by AND at the top. Null where the index cannot help.
 */
export function searchWords(type: RecordType, args: ConnectionArgs): string[] | null {
  if (!INDEXED.has(type.name) || args.deleted) return null
  const parts = [...(args.search ? [args.search] : []), ...contained(type, args.where ?? {})]
  const words = parts
    .flatMap((part) => part.normalize('NFC').split(/\s+/u))
    .flatMap((word) => searchKey(word).split(' '))
    .map((word) => (word.length > LONGEST ? [...word].slice(0, LONGEST).join('') : word))
    .filter((word) => Buffer.byteLength(word) >= 2)
  return words.length > 0 ? [...new Set(words)].slice(0, MAX_WORDS) : null
}

function contained(type: RecordType, where: Record<string, unknown>): string[] {
  return Object.entries(where).flatMap(([name, value]) => {
    if (name === 'and') return (value as Record<string, unknown>[]).flatMap((one) => contained(type, one))
    if (!type.searched.includes(name) || typeof value !== 'object' || value === null) return []
    const { contains, startsWith } = value as { contains?: unknown; startsWith?: unknown }
    return [contains, startsWith].filter((part): part is string => typeof part === 'string' && PLAIN.test(part))
  })
}

/**
 * The ids of all live records of the tenant in which the words stand, as PostgreSQL writes an array of uuids: for `among` of the list's arguments. Null where
 * the list is better off without them: few records, frequent words, words too short. They are candidates and no answer: what the viewer may see of them is
 * for the list's own conditions to say. Asked only when the list is known to be one that the viewer may ask for.
 *
 * @param words from searchWords.
 * @param counted does the list count its records as well.
 */
export async function candidates(
  tenancy: Pick<Tenancy, 'readTexts'>,
  caller: Caller,
  type: RecordType,
  args: ConnectionArgs,
  { words, counted }: { words: string[]; counted: boolean },
): Promise<string | null> {
  const key = `${caller.tenantId} ${type.name}`
  const now = Date.now()
  const known = sizes.get(key)
  const fresh = known !== undefined && known.until > now
  if (fresh && known.small) return null

  const ordered = Boolean(args.orderBy?.length)
  const most = ordered || counted ? BY_OTHERS.most : BY_ID.most
  const hits = ordered ? pageOf(args).size + 1 : BY_ID.hits
  const params = new Params(caller.tenantId)
  const live = `FROM ${ident(type.table)} t WHERE t.tenant_id = ${TENANT} AND t.deleted_at IS NULL`
  const ask = `atrium.${ident(`search_${type.table}`)}(${params.add(words, 'text[]')}, ${params.add(most, 'integer')})`
  const conditions: string[] = []
  if (!fresh) conditions.push('s.large')
  if (!counted) {
    const patterns = params.add(
      words.map((word) => likePattern(word, 'contains')),
      'text[]',
    )
    const first = `SELECT t.search_text ${live} ORDER BY ${probeOrder(type, args)} LIMIT ${LOOKED_AT}`
    const found = `SELECT 1 FROM (${first}) p WHERE p.search_text LIKE ALL (${patterns}) LIMIT ${hits}`
    conditions.push(`(SELECT count(*) FROM (${found}) h) < ${hits}`)
  }
  // $1 stands in it whatever else does, so that its type is known.
  const size = fresh
    ? `${TENANT} IS NOT NULL`
    : `(SELECT count(*) > ${SMALL} FROM (SELECT 1 ${live} LIMIT ${SMALL + 1}) x)`
  const ids = conditions.length > 0 ? `CASE WHEN ${conditions.join(' AND ')} THEN ${ask} END` : ask
  const [row] = await tenancy.readTexts(caller, {
    text: `SELECT s.large, ${ids} AS ids FROM (SELECT ${size} AS large OFFSET 0) s`,
    values: params.values,
  })
  if (!fresh) {
    // The oldest entry goes; a key that is set again moves to the end.
    sizes.delete(key)
    if (sizes.size >= REMEMBERED.most) sizes.delete(sizes.keys().next().value as string)
    sizes.set(key, { small: row?.[0] !== 't', until: now + REMEMBERED.time })
  }
  return row?.[1] ?? null
}

/** The list's own order where an index has it, so that the look tells how soon the list itself would find something; else by id. */
function probeOrder(type: RecordType, { orderBy, last }: ConnectionArgs): string {
  const [first, ...others] = orderBy ?? []
  const indexed =
    !first?.field ||
    (others.length === 0 && (!first.nulls || first.field === 'id' || !fieldOf(type, first.field).nullable))
  const keys = orderKeys(type, indexed && first?.field ? orderBy : null)
  return orderSql(last === null || last === undefined ? keys : reverse(keys), 't')
}

import { type RecordType, recordType } from '../../../read/recordType.ts'
import { ident } from '../../../read/sql.ts'
import type { Writer } from '../../../tenancy/tenancy.ts'
import { type Change, columnsOf, type Values, type WriteContext } from '../../write.ts'
import { hashOf, KEYS_VERSION, type Keys, keysOf } from './keys.ts'
import { type DuplicateObject, isMatched, OBJECTS, type Profile, profileOf, SOURCES } from './profile.ts'

/** What is compared of a change, and by which keys it is found. */
export interface Subject {
  profile: Profile
  keys: Keys
}

// The check before a write and the keys after it are made of the same.
const subjects = new WeakMap<Change, Subject>()

/** What a record is going to be compared by after a change. */
export function subjectOf(object: DuplicateObject, change: Change): Subject {
  let subject = subjects.get(change)
  if (!subject) {
    const profile = profileOf(object, { ...change.before, ...change.values })
    subject = { profile, keys: keysOf(profile) }
    subjects.set(change, subject)
  }
  return subject
}

/** Does a change write anything that is compared. */
export function touches(object: DuplicateObject, { values }: Pick<Change, 'values'>): boolean {
  return SOURCES[object].some((name) => Object.hasOwn(values, name))
}

/** Writes the keys of records that have just been written, in their transaction. The standard verbs call it; who writes compared columns by SQL of their own calls refillKeys. */
export async function saveKeys(context: WriteContext, type: RecordType, changes: Change[]): Promise<void> {
  if (!isMatched(type.name)) return
  const object = type.name
  const written = changes.filter((change) => change.errors.length === 0 && touches(object, change))
  await insertKeys(
    context,
    object,
    written.map((change) => ({ id: change.id, keys: subjectOf(object, change).keys.all })),
  )
}

async function insertKeys(
  { db, viewer }: WriteContext,
  object: DuplicateObject,
  records: { id: string; keys: bigint[] }[],
): Promise<void> {
  if (records.length === 0) return
  await db.rows({
    text: `INSERT INTO duplicate_key (tenant_id, object, record_id, key) SELECT $1, $2, x.id, k.key FROM unnest($3::uuid[], $4::text[]) AS x(id, keys) CROSS JOIN LATERAL unnest(x.keys::bigint[]) AS k(key) ON CONFLICT DO NOTHING`,
    values: [
      viewer.tenantId,
      object,
      records.map(({ id }) => id),
      records.map(({ id, keys }) => `{${(keys.length > 0 ? keys : [noKey(id)]).join()}}`),
    ],
  })
}

/** The key of a record that has nothing to be found by: so that it is known to have been looked at. */
const noKey = (id: string): bigint => hashOf(`none ${id}`)

/** The columns that profiles are made of, as JSON under the alias `t`; and, for leads, where they stand. */
export function sourcesSql(type: RecordType): string {
  const columns = columnsOf(type)
  const list = SOURCES[type.name as DuplicateObject].map(
    (name) => `t.${ident(columns.get(name)!.column)} AS ${ident(name)}`,
  )
  return `(SELECT row_to_json(x) FROM (SELECT ${list.join(', ')}) x)`
}

/**
 * Gives keys to those of a tenant's records of a type that have none, a page of them: those that were written before there were keys, or by a statement
 * that does not know of them.
 *
 * @param after uuid behind which the page begins; null for the first.
 * @returns the last uuid looked at, null when there are no more; how many got keys.
 */
export async function fillKeys(
  context: WriteContext,
  object: DuplicateObject,
  after: string | null,
  size = 2000,
): Promise<{ last: string | null; filled: number }> {
  const { db, viewer } = context
  const type = recordType(object)
  const page = await db.rows<{ id: string; bare: boolean }>({
    text: `SELECT t.id, NOT EXISTS (SELECT 1 FROM duplicate_key k WHERE k.tenant_id = $1 AND k.record_id = t.id) AS bare FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.id > $2::uuid ORDER BY t.id LIMIT $3`,
    values: [viewer.tenantId, after ?? FIRST, size],
  })
  const ids = page.flatMap(({ id, bare }) => (bare ? [id] : []))
  if (ids.length > 0) {
    // Locked, so that nobody changes one between the look and its keys.
    const rows = await db.rows<{ id: string; record: Values }>({
      text: `SELECT t.id, ${sourcesSql(type)} AS record FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.id = ANY ($2::uuid[]) ORDER BY t.id FOR NO KEY UPDATE`,
      values: [viewer.tenantId, ids],
    })
    await insertKeys(
      context,
      object,
      rows.map(({ id, record }) => ({ id, keys: keysOf(profileOf(object, record)).all })),
    )
  }
  return { last: page.length < size ? null : (page.at(-1)?.id ?? null), filled: ids.length }
}

/** In front of every uuid. */
export const FIRST = '00000000-0000-0000-0000-000000000000'

/** Makes the keys of records anew after a statement of one's own wrote compared columns: merge, undo, cleansing. */
export async function refillKeys(context: WriteContext, object: DuplicateObject, ids: string[]): Promise<void> {
  if (ids.length === 0) return
  const { db, viewer } = context
  const type = recordType(object)
  const rows = await db.rows<{ id: string; record: Values }>({
    text: `SELECT t.id, ${sourcesSql(type)} AS record FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.id = ANY ($2::uuid[])`,
    values: [viewer.tenantId, ids],
  })
  await db.rows({
    text: 'DELETE FROM duplicate_key WHERE tenant_id = $1 AND record_id = ANY ($2::uuid[])',
    values: [viewer.tenantId, ids],
  })
  await insertKeys(
    context,
    object,
    rows.map(({ id, record }) => ({ id, keys: keysOf(profileOf(object, record)).all })),
  )
}

/** The types of which the keys of a tenant's records were not all made by this version of the code. */
export async function unfilled(db: Writer, tenantId: string): Promise<DuplicateObject[]> {
  const rows = await db.rows<{ object: string }>({
    text: 'SELECT object FROM duplicate_filled WHERE tenant_id = $1 AND keys_version = $2',
    values: [tenantId, KEYS_VERSION],
  })
  return OBJECTS.filter((object) => !rows.some((row) => row.object === object))
}

/** Notes that all records of these types have their keys. */
export async function markFilled(db: Writer, tenantId: string, objects: readonly DuplicateObject[]): Promise<void> {
  await db.rows({
    text: `INSERT INTO duplicate_filled (tenant_id, object, keys_version) SELECT $1, x.object, $3 FROM unnest($2::text[]) AS x(object)
 ON CONFLICT (tenant_id, object) DO UPDATE SET keys_version = EXCLUDED.keys_version`,
    values: [tenantId, objects, KEYS_VERSION],
  })
}

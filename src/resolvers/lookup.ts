import type { UserErrorInfo } from '../errors.ts'
import type { Lookup, RecordType } from '../read/recordType.ts'
import { ident } from '../read/sql.ts'
import { columnsOf, type Input, lookUp, sqlFor, type WriteContext } from './write.ts'

/** Several records have a key. */
export const AMBIGUOUS = 'AMBIGUOUS'

/** The key, of those that several records may have, whose field makes up `names`. */
export function lookupOf(type: RecordType, names: readonly string[]): Lookup | undefined {
  return names.length === 1 ? [...type.lookups.values()].find(({ field }) => field === names[0]) : undefined
}

/** The values of a key one by one: a list has as many as members. */
export const valuesOf = (key: Input, { field }: Lookup): string[] => [key[field] as string | string[]].flat()

/**
 * Makes sure that of two upserts by the same key the second sees what the first made: no index refuses it. Held until the end of the transaction, taken in one order.
 */
export async function lockKeys(
  { db, viewer }: WriteContext,
  type: RecordType,
  lookup: Lookup,
  keys: Input[],
): Promise<void> {
  const names = keys.flatMap((key) =>
    valuesOf(key, lookup).map((value) => `${viewer.tenantId} ${type.name}.${lookup.field} ${value}`),
  )
  await db.rows({
    text: `SELECT pg_advisory_xact_lock(k.hash) FROM (SELECT DISTINCT hashtextextended(n.name, 0) AS hash FROM unnest($1::text[]) AS n(name) ORDER BY 1) k`,
    values: [names],
  })
}

/** The uuid of the one live record that has each key and that the viewer may see, null, or AMBIGUOUS. */
export async function findByLookup(
  { db, viewer }: WriteContext,
  type: RecordType,
  lookup: Lookup,
  keys: Input[],
): Promise<(string | null)[]> {
  const { field, members } = lookup
  const sql = sqlFor(viewer.tenantId)
  const rows = keys.flatMap((key, place) => valuesOf(key, lookup).map((value) => ({ place, value })))
  sql.params.add(JSON.stringify(rows), 'json')
  const scope = viewer.access.predicate(type, 't', sql)
  const from = members
    ? `${ident(members.table)} m JOIN ${ident(type.table)} t ON t.tenant_id = $1 AND t.id = m.${ident(members.holder)} WHERE m.tenant_id = $1 AND m.${ident(members.column)} = x.value`
    : `${ident(type.table)} t WHERE t.tenant_id = $1 AND t.${ident(columnsOf(type).get(field)!.column)} = x.value`
  const found = await lookUp<{ place: number; id: string }>(db, {
    text: `SELECT x.place, f.id FROM json_to_recordset($2::json) AS x(place integer, value text) CROSS JOIN LATERAL (SELECT t.id FROM ${from} AND t.deleted_at IS NULL${scope ? ` AND ${scope}` : ''} LIMIT 2) f`,
    values: sql.params.values,
  })
  const ids = keys.map(() => new Set<string>())
  for (const { place, id } of found) ids[place]?.add(id)
  return ids.map((one) => (one.size > 1 ? AMBIGUOUS : ([...one][0] ?? null)))
}

/** The error of a row whose key several records have. */
export const ambiguous = (lookup: Lookup, field: string[]): UserErrorInfo => ({
  code: 'AMBIGUOUS_KEY',
  message: `Several records have this ${lookup.field}; none is chosen.`,
  field,
})

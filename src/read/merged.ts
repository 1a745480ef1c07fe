import type { Caller, Reader, Tenancy } from '../tenancy/tenancy.ts'
import type { RecordType } from './recordType.ts'
import { ident } from './sql.ts'

/** Can records of the type be merged: do they say into which other they were. */
export const isMergeable = (type: RecordType): boolean => type.fields.has('mergedIntoId')

const lookUp = (type: RecordType, tenantId: string, ids: readonly string[]) => ({
  text: `SELECT id, merged_into_id AS survivor FROM ${ident(type.table)} WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND merged_into_id IS NOT NULL`,
  values: [tenantId, ids],
})

/**
 * Into which others (uuids) records were merged; those that were not are left out. Asked only when a record was not found by its id, so that reads of
 * live ones pay nothing. Says nothing about who may see the other: it is read like any record.
 */
export async function survivorsOf(
  tenancy: Tenancy,
  caller: Caller,
  type: RecordType,
  ids: readonly string[],
): Promise<Map<string, string>> {
  if (!isMergeable(type) || ids.length === 0) return new Map()
  const rows = await tenancy.readTexts(caller, lookUp(type, caller.tenantId, ids))
  return new Map(rows.map(([id, survivor]) => [id as string, survivor as string]))
}

/** The same within a bracket. */
export async function survivorsIn(
  db: Reader,
  tenantId: string,
  type: RecordType,
  ids: readonly string[],
): Promise<Map<string, string>> {
  if (!isMergeable(type) || ids.length === 0) return new Map()
  const rows = await db.rows<{ id: string; survivor: string }>(lookUp(type, tenantId, ids))
  return new Map(rows.map(({ id, survivor }) => [id, survivor]))
}

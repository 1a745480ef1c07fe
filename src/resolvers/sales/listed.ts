import { recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { type Change, sqlFor, type WriteContext } from '../write.ts'

/** Refuses ids in a list field that name no live record of a type that the viewer sees (NOT_FOUND). One statement for all changes; none without ids. */
export async function checkListed(
  changes: Change[],
  field: string,
  typeName: string,
  { db, viewer }: WriteContext,
): Promise<void> {
  const named = changes.flatMap((change) =>
    ((change.values[field] ?? []) as string[]).map((id, index) => ({
      change,
      uuid: uuidOf(typeName, id) ?? NO_ID,
      index,
    })),
  )
  if (named.length === 0) return
  const type = recordType(typeName)
  const sql = sqlFor(viewer.tenantId)
  const ids = sql.params.add(
    named.map(({ uuid }) => uuid),
    'uuid[]',
  )
  const scope = viewer.access.predicate(type, 't', sql)
  const rows = viewer.access.may('read', typeName)
    ? await db.rows<{ id: string }>({
        text: `SELECT t.id FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND t.id = ANY (${ids})${scope ? ` AND ${scope}` : ''}`,
        values: sql.params.values,
      })
    : []
  const found = new Set(rows.map(({ id }) => id))
  for (const { change, uuid, index } of named) {
    if (found.has(uuid)) continue
    const path = [...change.path, field, String(index)]
    change.errors.push({ code: 'NOT_FOUND', message: `${field} names no ${typeName}.`, field: path })
  }
}

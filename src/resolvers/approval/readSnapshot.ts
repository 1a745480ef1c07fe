import type { Viewer } from '../../context.ts'
import { recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { maskText, uuidOf } from '../../read/values.ts'
import type { Tenancy } from '../../tenancy/tenancy.ts'
import type { Values } from '../write.ts'

/** What an approval (a row of the API) kept of its record, as a viewer who sees the approval may see it; see snapshotOf. Null when there is none. */
export async function readSnapshot(
  tenancy: Tenancy,
  viewer: Viewer,
  row: { id?: unknown; objectType?: unknown },
  column: 'snapshot' | 'decided_snapshot',
): Promise<Values | null> {
  const { tenantId, access } = viewer
  const type = recordType(String(row.objectType))
  const [found] = await tenancy.readTenant({ tenantId }, (db) =>
    db.rows<{ snapshot: Values | null }>({
      text: `SELECT ${ident(column)} AS snapshot FROM approval_instance WHERE tenant_id = $1 AND id = $2`,
      values: [tenantId, uuidOf('ApprovalInstance', row.id)],
    }),
  )
  if (!found?.snapshot) return null
  const shown = Object.entries(found.snapshot).flatMap(([name, value]) => {
    const field = type.fields.get(name)
    if (!field || access.hides(type, name)) return []
    const masked = typeof value === 'string' && access.masks(type, name, true)
    return [[name, masked ? maskText(field.kind, value) : value]]
  })
  return Object.fromEntries(shown)
}

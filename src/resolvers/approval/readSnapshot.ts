import type { Viewer } from '../../context.ts'
import { CUSTOM, customValues } from '../../read/custom.ts'
import { type RecordType, recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { maskText, uuidOf } from '../../read/values.ts'
import type { Tenancy } from '../../tenancy/tenancy.ts'
import type { Values } from '../write.ts'
import { LINES, linesOf } from './snapshot.ts'

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
  const shown = visible(viewer, type, found.snapshot)
  const lines = linesOf(type)
  const kept = found.snapshot[LINES] as Values[] | undefined
  // Approvals of earlier versions kept none.
  if (!lines || !kept || !access.may('read', lines.type.name)) return shown
  return { ...shown, [LINES]: kept.map((line) => visible(viewer, lines.type, line)) }
}

function visible({ access }: Viewer, type: RecordType, kept: Values): Values {
  const shown = Object.entries(kept).flatMap(([name, value]): [string, unknown][] => {
    const field = type.fields.get(name)
    if (!field || access.hides(type, name)) return []
    if (name === CUSTOM) return [[name, customValues(value, access.shownCustom(type, true))]]
    const masked = typeof value === 'string' && access.masks(type, name, true)
    return [[name, masked ? maskText(field.kind, value) : value]]
  })
  return Object.fromEntries(shown)
}

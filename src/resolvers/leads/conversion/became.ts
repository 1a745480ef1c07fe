import type { Context, Viewer } from '../../../context.ts'
import { callerOf } from '../../../read/read.ts'
import type { Target } from './mapping.ts'

/** The records that a lead became or was linked to: uuids, whether the viewer may see them or not. */
export type Became = Record<Target, string | null>

/** What a lead (uuid) became. Of one that was not converted: nothing. */
export async function becameOf({ tenancy }: Context, viewer: Viewer, leadId: string | null): Promise<Became> {
  const nothing: Became = { Account: null, Contact: null, Opportunity: null }
  if (!leadId) return nothing
  const [row] = await tenancy.readTenant(callerOf(viewer), (db) =>
    db.rows<Became>({
      text: 'SELECT converted_account_id AS "Account", converted_contact_id AS "Contact", converted_opportunity_id AS "Opportunity" FROM lead WHERE tenant_id = $1 AND id = $2::uuid',
      values: [viewer.tenantId, leadId],
    }),
  )
  return row ?? nothing
}

import type { Viewer } from '../../context.ts'
import { requestError } from '../../errors.ts'
import type { RecordType } from '../../read/recordType.ts'
import type { Reader } from '../../tenancy/tenancy.ts'

const APPROVAL = `SELECT t.export_needs_approval AS needed, EXISTS (SELECT 1 FROM access_grant g WHERE g.tenant_id = $1 AND g.user_id = $2 AND g.object = $3
 AND g.access = 'EXPORT' AND (g.expires_at IS NULL OR g.expires_at > now())) AS given FROM tenant t WHERE t.id = $1`

/**
 * Where the company asks for it (tenant.export_needs_approval), a role's right to export is not enough, the administrator's neither: the user needs an
 * approved request for the type that has not run out. Such grants are personal: keys have none. Jobs of the deployment are not asked.
 *
 * @throws EXPORT_APPROVAL_REQUIRED (403).
 */
export async function requireApproval(db: Reader, viewer: Viewer, type: RecordType): Promise<void> {
  if (viewer.kind === 'job') return
  const [found] = await db.rows<{ needed: boolean; given: boolean }>({
    text: APPROVAL,
    values: [viewer.tenantId, viewer.kind === 'user' ? viewer.userId : null, type.name],
  })
  if (found && (!found.needed || found.given)) return
  throw requestError('EXPORT_APPROVAL_REQUIRED', { extensions: { object: type.name } })
}

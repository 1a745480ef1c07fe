import type { Viewer } from '../../context.ts'
import { requestError } from '../../errors.ts'
import type { RecordType } from '../../read/recordType.ts'
import type { Reader } from '../../tenancy/tenancy.ts'

const APPROVAL = `SELECT t.export_needs_approval OR EXISTS (SELECT 1 FROM approval_flow f WHERE f.tenant_id = $1 AND f.object = $3 AND f.trigger = 'EXPORT' AND f.active
 AND f.published_version_id IS NOT NULL AND f.deleted_at IS NULL) AS needed, EXISTS (SELECT 1 FROM access_grant g WHERE g.tenant_id = $1 AND g.user_id = $2 AND g.object = $3
 AND g.access = 'EXPORT' AND (g.expires_at IS NULL OR g.expires_at > now())) AS given FROM tenant t WHERE t.id = $1`

/** Where the company asks for it (tenant.export_needs_purpose), nobody exports without saying why, which stands in the trace. @throws BAD_USER_INPUT (400). */
export async function requirePurpose(db: Reader, viewer: Viewer, purpose: string | null): Promise<void> {
  if (purpose !== null) return
  const [tenant] = await db.rows<{ needed: boolean }>({
    text: 'SELECT export_needs_purpose AS needed FROM tenant WHERE id = $1',
    values: [viewer.tenantId],
  })
  if (tenant?.needed)
    throw requestError('BAD_USER_INPUT', {
      message: { en: 'The company asks for the purpose of each export.', zhCN: '贵企业要求每次导出都说明用途。' },
      extensions: { field: ['purpose'] },
      status: 400,
    })
}

/**
 * Where the company asks for it (tenant.export_needs_approval, or a flow for exports of the type), a role's right to export is not enough, the administrator's neither: the user needs an
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

import type { Viewer } from '../../context.ts'
import { requestError } from '../../errors.ts'
import type { RecordType } from '../../read/recordType.ts'
import type { Reader } from '../../tenancy/tenancy.ts'

/**
 * Where the company asks for it (tenant.export_needs_approval), a role's right to export is not enough, whatever the role. Jobs of the deployment are not
 * asked.
 *
 * @throws EXPORT_APPROVAL_REQUIRED (403).
 */
export async function requireApproval(db: Reader, viewer: Viewer, type: RecordType): Promise<void> {
  if (viewer.kind === 'job') return
  const [tenant] = await db.rows<{ needed: boolean }>({
    text: 'SELECT export_needs_approval AS needed FROM tenant WHERE id = $1',
    values: [viewer.tenantId],
  })
  if (tenant && !tenant.needed) return
  throw requestError('EXPORT_APPROVAL_REQUIRED', { extensions: { object: type.name } })
}

import { requireRight } from '../../access/decide.ts'
import type { Viewer } from '../../context.ts'
import { recordType } from '../../read/recordType.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { requireApproval } from '../export/approval.ts'
import type { ReportFormat } from './file.ts'

/**
 * May somebody take the figures about these types away as a file: as for any export, with the right to export each and, where the company asks for it, an approval. A page is looked at and asks for
 * neither. Throws FORBIDDEN, EXPORT_APPROVAL_REQUIRED.
 */
export async function requireExport(
  db: Reader,
  viewer: Viewer,
  objects: readonly string[],
  format: ReportFormat,
): Promise<void> {
  if (format === 'HTML') return
  for (const object of objects) requireRight(viewer, 'export', object)
  for (const object of objects) await requireApproval(db, viewer, recordType(object))
}

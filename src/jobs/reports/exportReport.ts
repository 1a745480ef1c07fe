import { requireRight } from '../../access/decide.ts'
import type { Context } from '../../context.ts'
import { requestError } from '../../errors.ts'
import { callerOf } from '../../read/read.ts'
import { openReports } from '../../resolvers/reports/open.ts'
import { requirePurpose } from '../export/approval.ts'
import { traceExport } from '../export/trace.ts'
import { type ReportFormat, reportFile } from './file.ts'
import { requireExport } from './rights.ts'

/**
 * Runs a report for whoever asks and gives it as a file. An export: it needs the right to export the types that the figures are about, the purpose and the approval where the company asks for them, and leaves a
 * trace. A page is looked at, and is none.
 *
 * @returns null for a report that is not there.
 * @throws FORBIDDEN, EXPORT_APPROVAL_REQUIRED, BAD_USER_INPUT, and what runDefinition throws.
 */
export async function exportReport(
  { viewer, tenancy }: Pick<Context, 'viewer' | 'tenancy'>,
  order: { id: string; format: ReportFormat; parameters: unknown; purpose: string | null },
): Promise<string | null> {
  if (!viewer) throw requestError('UNAUTHENTICATED')
  requireRight(viewer, 'read', 'Report')
  const { id, format, parameters, purpose } = order
  const made = await tenancy.readTenant(callerOf(viewer), async (db) => {
    const [report] = await openReports(db, viewer, [id])
    if (!report) return null
    if (format !== 'HTML') await requirePurpose(db, viewer, purpose)
    await requireExport(db, viewer, report.objects, format)
    return { report, result: await report.run(db, viewer, parameters) }
  })
  if (!made) return null
  const { report, result } = made
  if (format !== 'HTML') {
    const trace = await traceExport(tenancy, viewer, {
      object: report.objects[0] ?? 'Report',
      format: format.toLowerCase(),
      fields: result.columns.map(({ key }) => key),
      where: { report: id, parameters },
      order_by: null,
      search: null,
      deleted: false,
      purpose,
    })
    await trace.end({ status: 'COMPLETED', count: result.rows.length })
  }
  return reportFile(format, report.name, [{ name: report.name, result, error: null }])
}

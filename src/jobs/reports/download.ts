import type { Tenancy } from '../../tenancy/tenancy.ts'
import type { ReportFormat } from './file.ts'
import { hashOf } from './send.ts'

/** A file that was sent. */
export interface ReportFile {
  format: ReportFormat
  content: string
}

/** The file that a link opens: until it expires, and while the user whom it was sent to works in the company. Null for any other text. */
export async function openReportFile(tenancy: Tenancy, ticket: string): Promise<ReportFile | null> {
  const [, a, b, c, d, e, token] = /^(\w{8})(\w{4})(\w{4})(\w{4})(\w{12})([\w-]{43})$/.exec(ticket) ?? []
  const tenantId = [a, b, c, d, e].join('-')
  if (!token || !/^[0-9a-f-]{36}$/.test(tenantId)) return null
  const [file] = await tenancy.readTenant({ tenantId }, (db) =>
    db.rows<ReportFile>({
      text: `SELECT f.format, f.content FROM report_delivery f JOIN app_user u ON u.tenant_id = $1 AND u.id = f.user_id AND u.status = 'ACTIVE' AND u.deleted_at IS NULL
 JOIN tenant t ON t.id = $1 AND t.status NOT IN ('SUSPENDED', 'DELETING') WHERE f.tenant_id = $1 AND f.token_hash = $2 AND f.expires_at > now()`,
      values: [tenantId, hashOf(token)],
    }),
  )
  return file ?? null
}

import type { IncomingHttpHeaders } from 'node:http'
import type { Viewer } from '../context.ts'
import { requestError } from '../errors.ts'
import { encodeId } from '../ids.ts'
import type { Tenancy } from '../tenancy/tenancy.ts'

/** Headers by which some clients and gateways name a company. */
const HEADERS = ['x-tenant-id', 'x-tenant']

/**
 * The company comes from the credential alone (spec/api.md 2). A header may name it too, by slug, by id or by uuid; that changes nothing.
 *
 * @throws FORBIDDEN (403) when a header names anything but the credential's own company, whether there is such a company or not.
 */
export async function checkTenantHeader(tenancy: Tenancy, viewer: Viewer, headers: IncomingHttpHeaders): Promise<void> {
  const named = HEADERS.flatMap((name) => headers[name] ?? []).map((one) => one.trim().toLowerCase())
  const { tenantId } = viewer
  const others = named.filter((one) => one !== tenantId && one !== encodeId('tnt', tenantId))
  if (others.length === 0) return
  const [tenant] = await tenancy.readTenant({ tenantId }, (db) =>
    db.rows<{ slug: string }>({ text: 'SELECT slug FROM tenant WHERE id = $1', values: [tenantId] }),
  )
  if (others.every((one) => one === tenant?.slug)) return
  throw requestError('FORBIDDEN', {
    message: {
      en: 'The tenant header does not name the company of the credential.',
      zhCN: '租户请求头与凭证所属的企业不一致。',
    },
    status: 403,
  })
}

import { requireRight } from '../../access/decide.ts'
import { addressProblem } from '../../access/egress.ts'
import { assertGrantable } from '../../access/escalation.ts'
import { differs, refuse } from '../checks.ts'
import { after, type Change, type WriteContext } from '../write.ts'

const DOMAIN = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/
/** http is for this machine alone, and egress.ts lets it through only where the deployment says so. */
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Rule of identity providers. A provider vouches for every user of the company, administrators too, so who writes one needs Tenant.update besides.
 * Its issuer is https without query; domains are domains; new users get a role, from domains that are named: everybody on earth has an account
 * with the large providers. PRIVILEGE_ESCALATION for a role that allows more than the caller may.
 */
export async function writeIdentityProvider(changes: Change[], context: WriteContext): Promise<void> {
  requireRight(context.viewer, 'update', 'Tenant', 'IdentityProvider')
  for (const change of changes) {
    const { values } = change
    if (typeof values.issuer === 'string') {
      const url = URL.canParse(values.issuer) ? new URL(values.issuer) : null
      const near = url?.protocol === 'http:' && LOOPBACK.has(url.hostname)
      if (!url || url.search || url.hash || /[?#]/.test(values.issuer) || (!near && addressProblem(url)))
        refuse(change, 'issuer', 'issuer', 'must be the https address of a public server, without query and fragment')
    }
    if (Array.isArray(values.allowedDomains)) {
      const domains = (values.allowedDomains as string[]).map((one) => one.toLowerCase())
      for (const [index, domain] of domains.entries())
        if (!DOMAIN.test(domain))
          refuse(change, ['allowedDomains', String(index)], 'domain', 'must be a domain such as example.com')
      values.allowedDomains = [...new Set(domains)]
    }
    if (after(change, 'autoProvision') === true) {
      if (!after(change, 'roleId')) refuse(change, 'roleId', 'required', 'is required with autoProvision')
      if ((after(change, 'allowedDomains') as string[] | null | undefined)?.length === 0)
        refuse(change, 'allowedDomains', 'required', 'is required with autoProvision')
    }
    // Also when what was granted before begins to count.
    const roleId = after(change, 'roleId')
    const touched =
      !change.before || ['roleId', 'autoProvision', 'enabled'].some((name) => differs('IdentityProvider', change, name))
    if (typeof roleId === 'string' && touched)
      change.errors.push(...(await assertGrantable(context, [roleId], [...change.path, 'roleId'])))
  }
}

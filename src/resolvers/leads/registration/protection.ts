import { fieldOf, recordType } from '../../../read/recordType.ts'
import { ident } from '../../../read/sql.ts'
import type { WriteContext } from '../../write.ts'

/**
 * A company's own column for how long it is protected, which the pool brings: its reclaim takes no protected one. Where there is none, a registration's own
 * column says it alone. This file is the one place that knows.
 */
const column = () =>
  recordType('Account').fields.has('protectedUntil')
    ? ident(fieldOf(recordType('Account'), 'protectedUntil').column)
    : null

/** How long a company under an alias is protected, as SQL. */
export function protectedUntil(alias: string): string {
  const own = column()
  const until = `(SELECT max(r.protected_until) FROM customer_registration r WHERE r.tenant_id = $1 AND r.account_id = ${alias}.id AND r.status = 'APPROVED' AND r.deleted_at IS NULL)`
  return own ? `greatest(${alias}.${own}, ${until})` : until
}

/** Protects a company until then, or ends its protection. */
export async function protect({ db, viewer }: WriteContext, accountId: string, until: Date | null): Promise<void> {
  const own = column()
  if (!own) return
  await db.rows({
    text: `UPDATE account SET ${own} = $3 WHERE tenant_id = $1 AND id = $2 AND ${own} IS DISTINCT FROM $3`,
    values: [viewer.tenantId, accountId, until],
  })
}

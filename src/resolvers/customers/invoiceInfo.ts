import type { Rules } from '../write.ts'
import { onePrimary } from './onePrimary.ts'

const standard = onePrimary({
  table: 'account_invoice_info',
  mark: { field: 'isDefault', column: 'is_default' },
  owner: { field: 'accountId', column: 'account_id', table: 'account' },
})

/** Rules of what stands on invoices: one default per company; the first of a company is it, whatever was said. */
export const invoiceInfoRules: Rules = {
  async write(changes, context) {
    const made = changes.filter(({ before }) => !before)
    // Who writes a part holds the lock of what it is a part of, so nobody else makes a first one now.
    const rows = await context.db.rows<{ id: string }>({
      text: 'SELECT DISTINCT account_id AS id FROM account_invoice_info WHERE tenant_id = $1 AND account_id = ANY ($2::uuid[]) AND is_default AND deleted_at IS NULL',
      values: [context.viewer.tenantId, made.map(({ values }) => values.accountId)],
    })
    const have = new Set(rows.map(({ id }) => id))
    for (const { values } of made) if (values.isDefault) have.add(values.accountId as string)
    for (const { values } of made) {
      const accountId = values.accountId as string
      if (have.has(accountId)) continue
      values.isDefault = true
      have.add(accountId)
    }
    await standard.write(changes, context)
  },
  done: standard.done,
}

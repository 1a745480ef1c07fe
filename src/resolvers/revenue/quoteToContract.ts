import { requireRight } from '../../access/decide.ts'
import { recordType } from '../../read/recordType.ts'
import { idOf } from '../../read/values.ts'
import { copiedCustom } from '../customFields.ts'
import { createRecords, type Written } from '../records.ts'
import type { Input, WriteContext } from '../write.ts'
import { contractLines } from './contractLine.ts'
import { acceptedQuote } from './orderVerbs.ts'
import { put } from './settle.ts'

/** Arguments of the verb as clients write them. */
export interface ContractOfQuote {
  quoteId: string
  startDate: string
  endDate: string
  name?: string | null
  paymentTerms?: string | null
}

/** Columns of the lines of quotes that contracts have too. */
const LINE =
  'product_id, price_book_entry_id, code, name, quantity, unit, list_price, unit_price, currency, discount_pct, discount_amount, tax_rate, subtotal, total, sort'

/**
 * Makes a contract of an accepted quote, a draft with its lines and prices; what delivery costs is a line of its own, so that the amount is the quote's total. One quote
 * makes one contract that is not void.
 *
 * Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE for a quote that is not accepted or has a contract, CONTRACT_DATE_INVALID, and all of making a contract.
 */
export async function quoteToContract(context: WriteContext, { quoteId, ...given }: ContractOfQuote): Promise<Written> {
  const { db, viewer } = context
  requireRight(viewer, 'create', 'Contract')
  requireRight(viewer, 'create', 'ContractLine')
  const found = await acceptedQuote(context, quoteId, 'contract')
  if ('errors' in found) return { id: null, errors: found.errors }
  const { id, before: quote } = found
  const ref = (type: string, uuid: unknown) => (uuid ? idOf(type, uuid as string) : null)
  const input: Input = {
    name: given.name ?? quote.name,
    accountId: ref('Account', quote.accountId),
    opportunityId: ref('Opportunity', quote.opportunityId),
    customerSignerId: ref('Contact', quote.contactId),
    currency: quote.currency,
    startDate: given.startDate,
    endDate: given.endDate,
    paymentTerms: given.paymentTerms ?? null,
  }
  const [written] = await createRecords(context, recordType('Contract'), [input], { pathOf: () => [] })
  if (!written?.id) return written as Written
  const values = [viewer.tenantId, id, written.id]
  await db.rows({
    text: `INSERT INTO contract_line (tenant_id, contract_id, custom_fields, ${LINE})
 SELECT $1, $3, ${copiedCustom('QuoteLine', 'ContractLine', 'l')}, ${LINE} FROM quote_line l WHERE l.tenant_id = $1 AND l.quote_id = $2 AND l.deleted_at IS NULL ORDER BY l.sort, l.id`,
    values,
  })
  await db.rows({
    text: `INSERT INTO contract_line (tenant_id, contract_id, name, unit_price, list_price, subtotal, total, currency, sort)
 SELECT $1, $3, CASE WHEN t.locale ILIKE 'zh%' THEN '运费' ELSE 'Shipping' END, q.shipping, q.shipping, q.shipping, q.shipping, q.currency,
  (SELECT coalesce(max(l.sort), 0) + 1 FROM quote_line l WHERE l.tenant_id = $1 AND l.quote_id = $2 AND l.deleted_at IS NULL)
 FROM quote q JOIN tenant t ON t.id = $1 WHERE q.tenant_id = $1 AND q.id = $2 AND q.shipping > 0`,
    values,
  })
  await put(context, 'contract', written.id, { quote_id: id })
  await contractLines.recalculate(context, [written.id])
  return { id: written.id, errors: [], changed: true }
}

import { requireRight } from '../../access/decide.ts'
import { recordType } from '../../read/recordType.ts'
import { formatMoney, idOf } from '../../read/values.ts'
import { createRecords, type Written } from '../records.ts'
import type { Input, WriteContext } from '../write.ts'
import { lockOne, refused } from './refusals.ts'

/** Arguments of the verb as clients write them. */
export interface QuoteOfOpportunity {
  opportunityId: string
  validUntil: string
  name?: string | null
  contactId?: string | null
  terms?: string | null
  isPrimary?: boolean | null
}

interface Line extends Record<'name' | 'quantity' | 'currency', string> {
  productId: string | null
  unit: string | null
  listPrice: string | null
  unitPrice: string | null
  discountPct: string | null
  discountAmount: string | null
  taxRate: string | null
  serviceDate: string | null
  sort: number
}

/**
 * Makes a quote of a deal: its company, main contact, price book and currency, and its lines at the prices they have there.
 *
 * Errors: NOT_FOUND, FORBIDDEN for a deal that is not the caller's, VALIDATION_FAILED for one without a company, PRODUCT_INACTIVE, and all of making a quote.
 */
export async function createQuoteFromOpportunity(
  context: WriteContext,
  { opportunityId, ...given }: QuoteOfOpportunity,
): Promise<Written> {
  requireRight(context.viewer, 'create', 'Quote')
  const found = await lockOne(context, 'Opportunity', { id: opportunityId }, 'update')
  if ('errors' in found) return refused(...found.errors.map((error) => ({ ...error, field: ['opportunityId'] })))
  const { before: deal } = found
  if (!deal.accountId)
    return refused({
      code: 'VALIDATION_FAILED',
      message: 'The opportunity has no company.',
      field: ['opportunityId'],
      details: { rule: 'account' },
    })
  const ref = (type: string, id: unknown) => (id ? idOf(type, id as string) : null)
  const input: Input = {
    opportunityId: idOf('Opportunity', found.id),
    accountId: ref('Account', deal.accountId),
    contactId: given.contactId === undefined ? ref('Contact', deal.primaryContactId) : given.contactId,
    priceBookId: ref('PriceBook', deal.priceBookId),
    currency: deal.currency,
    name: given.name ?? deal.name,
    validUntil: given.validUntil,
    terms: given.terms ?? null,
    isPrimary: given.isPrimary ?? false,
    lines: (await linesOf(context, found.id)).map(asInput),
  }
  const [written] = await createRecords(context, recordType('Quote'), [input], { pathOf: () => [] })
  return written as Written
}

async function linesOf({ db, viewer }: WriteContext, opportunityId: string): Promise<Line[]> {
  return db.rows<Line>({
    text: `SELECT product_id AS "productId", name, quantity::text, unit, list_price::text AS "listPrice", unit_price::text AS "unitPrice", currency,
 discount_pct::text AS "discountPct", discount_amount::text AS "discountAmount", tax_rate::text AS "taxRate", service_date::text AS "serviceDate", sort
 FROM opportunity_line WHERE tenant_id = $1 AND opportunity_id = $2 AND deleted_at IS NULL ORDER BY sort, id`,
    values: [viewer.tenantId, opportunityId],
  })
}

function asInput({ productId, listPrice, unitPrice, discountAmount, currency, ...line }: Line): Input {
  const money = (amount: string | null) => (amount === null ? null : { amount: formatMoney(amount), currency })
  return {
    ...line,
    productId: productId ? idOf('Product', productId) : null,
    listPrice: money(listPrice),
    unitPrice: money(unitPrice),
    discountAmount: money(discountAmount),
  }
}

import { type UserErrorInfo, UserErrors } from '../../errors.ts'
import { changedFields, checkScale, refuse, refuseAs } from '../checks.ts'
import { after, type Change, idPath, type Rules, type WriteContext } from '../write.ts'
import { lineAmounts, MAX_AMOUNT, recalculateAmount } from './amount.ts'

interface OpportunityRow {
  id: string
  status: string
  currency: string
  /** Made by this transaction. */
  fresh: boolean
}

interface ProductRow {
  id: string
  name: string
  unit: string | null
  price: string | null
  currency: string | null
  status: string
}

const opportunityOf = (change: Change) => after(change, 'opportunityId') as string

/**
 * Rules of opportunity lines. A new one takes name, unit and prices from its product unless given (PRODUCT_INACTIVE); amounts are computed here and in
 * the opportunity's currency (CURRENCY_MISMATCH). Lines of a closed opportunity are frozen (INVALID_STATE), but one that is entered closed, as an import
 * does, gets its lines in the same transaction. The opportunity's amount follows.
 */
export const opportunityLineRules: Rules = {
  async write(changes, context) {
    const opportunities = await lockOpportunities(changes, context)
    const products = await productsOf(changes, context)
    for (const change of changes) {
      const opportunity = opportunities.get(opportunityOf(change))
      if (!opportunity) continue
      if (frozen(opportunity) && (!change.before || changedFields('OpportunityLine', change).length > 0)) {
        refuseAs(change, 'INVALID_STATE', 'opportunityId', 'The lines of a closed opportunity are frozen.', {
          from: opportunity.status,
        })
        continue
      }
      settleCurrency(change, opportunity.currency)
      const product = change.values.productId ? products.get(change.values.productId as string) : undefined
      if (!change.before) fillIn(change, product, opportunity.currency)
      if (change.errors.length === 0) compute(change, opportunity.currency)
    }
  },

  async delete(changes, context) {
    const live = changes.filter(({ before }) => before && !before.deletedAt)
    const opportunities = await lockOpportunities(live, context)
    for (const change of live) {
      const opportunity = opportunities.get(opportunityOf(change))
      if (!opportunity || !frozen(opportunity)) continue
      const message = 'The lines of a closed opportunity are frozen.'
      change.errors.push({
        code: 'INVALID_STATE',
        message,
        field: idPath(change),
        details: { from: opportunity.status },
      })
    }
  },

  async done(changes, context) {
    const deleted = changes.filter(({ before }) => before?.deletedAt)
    await checkRestored(deleted, context)
    await recalculateAmount(context, changes.filter((change) => !deleted.includes(change)).map(opportunityOf))
    // A line that goes from the recycle bin for good had no part in the amount.
    await recalculateAmount(context, deleted.map(opportunityOf), { keepEmpty: true })
  },
}

const frozen = ({ status, fresh }: OpportunityRow) => status !== 'OPEN' && !fresh

/** The opportunities of lines, locked: neither another writer of lines nor a move may come between the look and the write. */
async function lockOpportunities(
  changes: Change[],
  { db, viewer }: WriteContext,
): Promise<Map<string, OpportunityRow>> {
  if (changes.length === 0) return new Map()
  const rows = await db.rows<OpportunityRow>({
    text: `SELECT id, status, currency, created_at = now()::timestamptz(3) AS fresh FROM opportunity
 WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE`,
    values: [viewer.tenantId, [...new Set(changes.map(opportunityOf))]],
  })
  return new Map(rows.map((row) => [row.id, row]))
}

async function productsOf(changes: Change[], { db, viewer }: WriteContext): Promise<Map<string, ProductRow>> {
  const ids = [
    ...new Set(changes.flatMap(({ before, values }) => (!before && (values.productId as string | null)) || [])),
  ]
  if (ids.length === 0) return new Map()
  const rows = await db.rows<ProductRow>({
    text: 'SELECT id, name, unit, standard_price::text AS price, currency, status FROM product WHERE tenant_id = $1 AND id = ANY ($2::uuid[])',
    values: [viewer.tenantId, ids],
  })
  return new Map(rows.map((row) => [row.id, row]))
}

/** A line is in its opportunity's currency; what the writers settled on without being told one gives way. */
function settleCurrency(change: Change, currency: string): void {
  const { input, values } = change
  const named = [
    input.currency,
    ...['listPrice', 'unitPrice', 'discountAmount'].map(
      (name) => (input[name] as { currency?: unknown } | null | undefined)?.currency,
    ),
  ]
  if (
    named.some((one) => one !== null && one !== undefined) &&
    Object.hasOwn(values, 'currency') &&
    values.currency !== currency
  ) {
    refuseAs(change, 'CURRENCY_MISMATCH', 'currency', `The opportunity is in ${currency}.`, { currency })
  } else if (!change.before || Object.hasOwn(values, 'currency')) values.currency = currency
}

function fillIn(change: Change, product: ProductRow | undefined, currency: string): void {
  const { values } = change
  if (product && product.status !== 'ACTIVE')
    refuseAs(change, 'PRODUCT_INACTIVE', 'productId', 'The product is inactive.')
  values.name ??= product?.name ?? null
  if (values.name === null) refuse(change, 'name', 'required', 'is required without a product')
  values.unit ??= product?.unit ?? null
  if (!product?.price) return
  if (product.currency === currency) {
    values.listPrice ??= product.price
    values.unitPrice ??= product.price
  } else if (values.unitPrice == null) {
    refuseAs(
      change,
      'CURRENCY_MISMATCH',
      'unitPrice',
      `The product is priced in ${product.currency}: give a price in ${currency}.`,
      { currency },
    )
  }
}

function compute(change: Change, currency: string): void {
  const { values } = change
  if (change.before && Object.hasOwn(values, 'name') && values.name === null)
    refuse(change, 'name', 'required', 'is required')
  checkScale(change, 'quantity', 4)
  checkScale(change, 'discountPct', 2)
  checkScale(change, 'taxRate', 3)
  if (change.errors.length > 0) return
  const price = Object.fromEntries(
    ['quantity', 'unitPrice', 'discountPct', 'discountAmount', 'taxRate'].map((name) => [name, after(change, name)]),
  ) as Record<'quantity' | 'unitPrice' | 'discountPct' | 'discountAmount' | 'taxRate', unknown>
  const { subtotal, total } = lineAmounts({ ...price, currency })
  if (subtotal !== null && total === null)
    refuse(change, 'discountAmount', 'max', 'must not make the discounts larger than the subtotal')
  else if (subtotal !== null && (subtotal > MAX_AMOUNT || (total as bigint) > MAX_AMOUNT))
    refuse(change, 'quantity', 'max', 'makes the total too large')
  values.subtotal = subtotal === null ? null : String(subtotal)
  values.total = total === null ? null : String(total)
}

/** Lines that came back from the recycle bin must fit their opportunity as it is now. The restore is undone as a whole when one does not. */
async function checkRestored(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  if (changes.length === 0) return
  const rows = await db.rows<{ id: string; status: string; currency: string; own: string }>({
    text: `SELECT l.id, o.status, o.currency, l.currency AS own FROM opportunity_line l JOIN opportunity o ON o.tenant_id = $1 AND o.id = l.opportunity_id
 WHERE l.tenant_id = $1 AND l.id = ANY ($2::uuid[]) AND l.deleted_at IS NULL`,
    values: [viewer.tenantId, changes.map(({ id }) => id)],
  })
  const errors = rows.flatMap(({ id, status, currency, own }): UserErrorInfo[] => {
    const field = idPath(changes.find((change) => change.id === id) as Change)
    if (status !== 'OPEN')
      return [
        {
          code: 'INVALID_STATE',
          message: 'The lines of a closed opportunity are frozen.',
          field,
          details: { from: status },
        },
      ]
    return own === currency
      ? []
      : [{ code: 'CURRENCY_MISMATCH', message: `The opportunity is in ${currency}.`, field, details: { currency } }]
  })
  if (errors.length > 0) throw new UserErrors(errors)
}

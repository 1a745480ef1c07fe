import type { Context } from '../../context.ts'
import { requestError } from '../../errors.ts'
import { callerOf } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { isDate, NO_ID, uuidOf } from '../../read/values.ts'
import { todayIn } from '../checks.ts'
import { requireViewer } from '../mutation.ts'
import { sqlFor } from '../write.ts'
import { type Price, pricesFor } from './prices.ts'

/** What a client asks the price of. */
export interface PriceArgs {
  productId: string
  priceBookId?: string | null
  currency?: string | null
  quantity?: string | null
  date?: string | null
}

/**
 * What a product costs: as a new line would be priced. Null where no price is found, and for products and books that the viewer may not see.
 *
 * @throws BAD_USER_INPUT naming the argument, FIELD_FORBIDDEN for viewers who may not see prices.
 */
export async function productPrice(context: Context, args: PriceArgs): Promise<(Price & { currency: string }) | null> {
  const viewer = requireViewer(context)
  const { access, tenantId } = viewer
  access.requireField(recordType('PriceBookEntry'), 'unitPrice', ['productPrice'])
  access.requireField(recordType('Product'), 'standardPrice', ['productPrice'])
  const date = args.date ?? todayIn(viewer.timezone)
  const quantity = args.quantity ?? '1'
  if (!isDate(date)) throw requestError('BAD_USER_INPUT', { extensions: { field: 'date' } })
  if (!/^\d{1,14}(\.\d{1,4})?$/.test(quantity) || !(Number(quantity) > 0))
    throw requestError('BAD_USER_INPUT', {
      message: 'quantity must be more than 0.',
      extensions: { field: 'quantity' },
    })
  return context.tenancy.readTenant(callerOf(viewer), async (db) => {
    const seen = async (typeName: string, id: string) => {
      const type = recordType(typeName)
      const sql = sqlFor(tenantId)
      const scope = access.may('read', typeName) ? access.predicate(type, 't', sql) : 'false'
      const [row] = await db.rows<{ id: string; currency: string | null }>({
        text: `SELECT id, currency FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND t.id = ${sql.params.add(uuidOf(typeName, id) ?? NO_ID, 'uuid')}${scope ? ` AND ${scope}` : ''}`,
        values: sql.params.values,
      })
      return row
    }
    const product = await seen('Product', args.productId)
    const book = args.priceBookId ? await seen('PriceBook', args.priceBookId) : null
    if (!product || book === undefined) return null
    const currency = args.currency ?? book?.currency ?? viewer.baseCurrency
    const [price] = await pricesFor(db, tenantId, [
      { productId: product.id, priceBookId: book?.id ?? null, currency, quantity, date },
    ])
    return price ? { ...price, currency } : null
  })
}

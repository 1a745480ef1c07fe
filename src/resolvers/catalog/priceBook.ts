import { checkScale, differs, refuse, refuseAs } from '../checks.ts'
import { after, type Change, type Rules, type WriteContext } from '../write.ts'

/**
 * Rule of price books: days in order, one currency for good once there are prices, a parent in the same currency, and one standard book of a currency: marking
 * another takes the mark from it.
 */
export const priceBookRules: Rules = {
  async write(changes, context) {
    for (const change of changes) checkDays(change)
    await checkCurrency(changes, context)
    await checkParent(changes, context)
    await moveMark(changes, context)
  },
}

/** Refuses days of which the last comes before the first. */
function checkDays(change: Change): void {
  const [from, to] = [after(change, 'validFrom') as string | null, after(change, 'validTo') as string | null]
  if (from && to && to < from) refuse(change, 'validTo', 'order', 'must not come before validFrom')
}

async function checkCurrency(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  const turned = changes.filter((change) => change.before && differs('PriceBook', change, 'currency'))
  if (turned.length === 0) return
  const rows = await db.rows<{ id: string }>({
    text: 'SELECT DISTINCT price_book_id AS id FROM price_book_entry WHERE tenant_id = $1 AND price_book_id = ANY ($2::uuid[])',
    values: [viewer.tenantId, turned.map(({ id }) => id)],
  })
  const priced = new Set(rows.map(({ id }) => id))
  for (const change of turned.filter(({ id }) => priced.has(id)))
    refuseAs(change, 'CURRENCY_MISMATCH', 'currency', 'The prices of the book are in another currency.', {
      currency: change.before?.currency,
    })
}

async function checkParent(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  const below = changes.filter((change) => change.values.parentId)
  if (below.length === 0) return
  const rows = await db.rows<{ id: string; currency: string }>({
    text: 'SELECT id, currency FROM price_book WHERE tenant_id = $1 AND id = ANY ($2::uuid[])',
    values: [viewer.tenantId, below.map(({ values }) => values.parentId)],
  })
  const currencies = new Map(rows.map(({ id, currency }) => [id, currency]))
  for (const change of below) {
    const currency = currencies.get(change.values.parentId as string)
    if (currency && currency !== after(change, 'currency'))
      refuseAs(change, 'CURRENCY_MISMATCH', 'parentId', `The book above is in ${currency}.`, { currency })
  }
}

async function moveMark(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  const marked = changes.filter((change) => change.values.isStandard === true && change.errors.length === 0)
  const byCurrency = new Map<unknown, Change>()
  for (const change of marked) {
    const currency = after(change, 'currency')
    if (byCurrency.has(currency)) refuse(change, 'isStandard', 'once', 'can be set on one book of a currency only')
    else byCurrency.set(currency, change)
  }
  if (byCurrency.size === 0) return
  // Before the write: a unique index allows one standard book of a currency at any time.
  await db.rows({
    text: `UPDATE price_book SET is_standard = false WHERE tenant_id = $1 AND is_standard AND deleted_at IS NULL
 AND currency = ANY ($2::text[]) AND id <> ALL ($3::uuid[])`,
    values: [viewer.tenantId, [...byCurrency.keys()], [...byCurrency.values()].map(({ id }) => id)],
  })
}

/** Rule of prices in books: in the book's currency, for products that are sold, days in order. */
export const priceBookEntryRules: Rules = {
  async write(changes, { db, viewer }) {
    for (const change of changes) {
      checkScale(change, 'minQuantity', 4)
      checkDays(change)
    }
    const ids = changes.map((change) => after(change, 'priceBookId') as string)
    const books = await db.rows<{ id: string; currency: string }>({
      text: 'SELECT id, currency FROM price_book WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR SHARE',
      values: [viewer.tenantId, ids],
    })
    const currencies = new Map(books.map(({ id, currency }) => [id, currency]))
    for (const change of changes) {
      const currency = currencies.get(after(change, 'priceBookId') as string)
      if (!currency) continue
      const { input, values } = change
      const named = [input.currency, (input.unitPrice as { currency?: unknown } | undefined)?.currency]
      if (named.some((one) => one != null && one !== currency))
        refuseAs(change, 'CURRENCY_MISMATCH', 'currency', `The book is in ${currency}.`, { currency })
      if (!change.before || Object.hasOwn(values, 'currency')) values.currency = currency
    }
    const made = changes.filter(({ before, values }) => !before && values.productId)
    if (made.length === 0) return
    const products = await db.rows<{ id: string }>({
      text: `SELECT id FROM product WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND status = 'INACTIVE'`,
      values: [viewer.tenantId, made.map(({ values }) => values.productId)],
    })
    const inactive = new Set(products.map(({ id }) => id))
    for (const change of made.filter(({ values }) => inactive.has(values.productId as string)))
      refuseAs(change, 'PRODUCT_INACTIVE', 'productId', 'The product is inactive.')
  },
}

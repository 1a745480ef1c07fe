import { type UserErrorInfo, UserErrors } from '../../errors.ts'
import { recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { type Price, pricesFor } from '../catalog/prices.ts'
import { changedFields, checkScale, refuse, refuseAs, todayIn } from '../checks.ts'
import { after, type Change, idPath, type Rules, type WriteContext } from '../write.ts'
import { lineAmounts, MAX_AMOUNT, type Rounding } from './amount.ts'

/** Why a line must stay as it is. */
export type Frozen = Pick<UserErrorInfo, 'code' | 'message'>

/** A type whose records are the lines of a document. */
export interface LineKind {
  line: string
  parent: string
  /** Field of the line that names its document. */
  key: string
  /** Column of the document with the price book that its prices come from; null where it has none. */
  bookColumn: string | null
  /** Why lines of a document in this status can no longer be written; null while they can. */
  frozen(status: string): Frozen | null
  /** Brings the sums of documents, given by uuid, in line with what their lines now are. `keepEmpty`: those without a line stay as they are. */
  recalculate(context: WriteContext, ids: string[], options?: { keepEmpty?: boolean }): Promise<void>
}

interface Parent {
  id: string
  status: string
  currency: string
  priceBookId: string | null
  /** Made by this transaction. */
  fresh: boolean
  rounding: Rounding
}

interface Product {
  id: string
  code: string
  name: string
  unit: string | null
  status: string
}

/**
 * Rules of the lines of a document. A new one takes name, code, unit and prices from its product unless given (PRODUCT_INACTIVE, PRICE_NOT_FOUND); amounts are computed here, in
 * the document's currency (CURRENCY_MISMATCH). Lines of a document that is closed are frozen, but one that is entered closed, as an import does, gets its lines in
 * the same transaction. The document's sums follow.
 */
export function lineRules(kind: LineKind): Rules {
  const parentOf = (change: Change) => after(change, kind.key) as string
  const frozen = ({ status, fresh }: Parent) => (fresh ? null : kind.frozen(status))
  return {
    async write(changes, context) {
      const parents = await lockParents(kind, changes.map(parentOf), context)
      const fresh = changes.filter(({ before }) => !before)
      const products = await productsOf(fresh, context)
      for (const change of changes) {
        const parent = parents.get(parentOf(change))
        if (!parent) continue
        const stays = frozen(parent)
        if (stays && (!change.before || changedFields(kind.line, change).length > 0)) {
          refuseAs(change, stays.code, kind.key, stays.message, { from: parent.status })
          continue
        }
        settleCurrency(kind, change, parent.currency)
        if (!change.before) fillIn(kind, change, products.get(change.values.productId as string))
      }
      await priceNew(kind, fresh, parents, products, context)
      for (const change of changes) {
        const parent = parents.get(parentOf(change))
        if (parent && change.errors.length === 0) compute(kind, change, parent)
      }
    },

    async delete(changes, context) {
      const live = changes.filter(({ before }) => before && !before.deletedAt)
      const parents = await lockParents(kind, live.map(parentOf), context)
      for (const change of live) {
        const parent = parents.get(parentOf(change))
        const stays = parent && frozen(parent)
        if (stays) change.errors.push({ ...stays, field: idPath(change), details: { from: parent.status } })
      }
    },

    async done(changes, context) {
      const deleted = changes.filter(({ before }) => before?.deletedAt)
      await checkRestored(kind, deleted, context)
      await kind.recalculate(context, changes.filter((change) => !deleted.includes(change)).map(parentOf))
      // A line that goes from the recycle bin for good had no part in the sums.
      await kind.recalculate(context, deleted.map(parentOf), { keepEmpty: true })
    },
  }
}

/** The documents of lines, locked: neither another writer of lines nor a change of state may come between the look and the write. */
async function lockParents(kind: LineKind, ids: string[], { db, viewer }: WriteContext): Promise<Map<string, Parent>> {
  if (ids.length === 0) return new Map()
  const { table } = recordType(kind.parent)
  const rows = await db.rows<Parent>({
    text: `SELECT id, status, currency, ${kind.bookColumn ? ident(kind.bookColumn) : 'NULL'} AS "priceBookId", created_at = now()::timestamptz(3) AS fresh,
 (SELECT rounding FROM tenant WHERE id = $1) AS rounding FROM ${ident(table)} WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE`,
    values: [viewer.tenantId, [...new Set(ids)]],
  })
  return new Map(rows.map((row) => [row.id, row]))
}

async function productsOf(changes: Change[], { db, viewer }: WriteContext): Promise<Map<string, Product>> {
  const ids = [...new Set(changes.flatMap(({ values }) => (values.productId as string | null) ?? []))]
  if (ids.length === 0) return new Map()
  const rows = await db.rows<Product>({
    text: 'SELECT id, code, name, unit, status FROM product WHERE tenant_id = $1 AND id = ANY ($2::uuid[])',
    values: [viewer.tenantId, ids],
  })
  return new Map(rows.map((row) => [row.id, row]))
}

/** A line is in its document's currency; what the writers settled on without being told one gives way. */
function settleCurrency(kind: LineKind, change: Change, currency: string): void {
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
    refuseAs(change, 'CURRENCY_MISMATCH', 'currency', `The ${kind.parent} is in ${currency}.`, { currency })
  } else if (!change.before || Object.hasOwn(values, 'currency')) values.currency = currency
}

/** What a new line takes over from its product: it keeps it whatever becomes of the product. */
function fillIn(kind: LineKind, change: Change, product: Product | undefined): void {
  const { values } = change
  if (product && product.status !== 'ACTIVE')
    refuseAs(change, 'PRODUCT_INACTIVE', 'productId', 'The product is inactive.')
  values.name ??= product?.name ?? null
  if (values.name === null) refuse(change, 'name', 'required', 'is required without a product')
  values.unit ??= product?.unit ?? null
  if (recordType(kind.line).fields.has('code')) values.code ??= product?.code ?? null
}

/** Prices of new lines that name a product and no price. */
async function priceNew(
  kind: LineKind,
  fresh: Change[],
  parents: Map<string, Parent>,
  products: Map<string, Product>,
  { db, viewer }: WriteContext,
): Promise<void> {
  const asking = fresh.filter(
    ({ values, errors }) =>
      errors.length === 0 &&
      products.has(values.productId as string) &&
      (values.unitPrice == null || values.listPrice == null),
  )
  const date = todayIn(viewer.timezone)
  const prices = await pricesFor(
    db,
    viewer.tenantId,
    asking.map((change) => {
      const { currency, priceBookId } = parents.get(after(change, kind.key) as string) as Parent
      const { productId, quantity } = change.values
      return { productId: productId as string, priceBookId, currency, quantity: String(quantity), date }
    }),
  )
  for (const [index, change] of asking.entries()) price(change, prices[index] ?? null)
}

function price(change: Change, found: Price | null): void {
  const { values } = change
  if (found && values.unitPrice == null) values.priceBookEntryId = found.entryId
  values.listPrice ??= found?.unitPrice ?? null
  values.unitPrice ??= found?.unitPrice ?? null
  if (values.unitPrice === null)
    refuseAs(change, 'PRICE_NOT_FOUND', 'unitPrice', `Nothing gives the product a price in ${values.currency}.`, {
      currency: values.currency,
    })
}

const PRICED = ['quantity', 'unitPrice', 'discountPct', 'discountAmount', 'taxRate'] as const

function compute(kind: LineKind, change: Change, { currency, rounding }: Parent): void {
  const { values } = change
  if (change.before && Object.hasOwn(values, 'name') && values.name === null)
    refuse(change, 'name', 'required', 'is required')
  checkScale(change, 'quantity', 4)
  checkScale(change, 'discountPct', 2)
  checkScale(change, 'taxRate', 3)
  if (change.errors.length > 0) return
  const given = Object.fromEntries(PRICED.map((name) => [name, after(change, name)])) as Record<
    (typeof PRICED)[number],
    unknown
  >
  const amounts = lineAmounts({ ...given, currency }, rounding)
  if (amounts.subtotal !== null && amounts.total === null)
    refuse(change, 'discountAmount', 'max', 'must not make the discounts larger than the subtotal')
  else if (amounts.subtotal !== null && (amounts.subtotal > MAX_AMOUNT || (amounts.total as bigint) > MAX_AMOUNT))
    refuse(change, 'quantity', 'max', 'makes the total too large')
  const { fields } = recordType(kind.line)
  for (const [name, amount] of Object.entries(amounts))
    if (fields.has(name)) values[name] = amount === null ? null : String(amount)
}

/** Lines that came back from the recycle bin must fit their document as it is now. The restore is undone as a whole when one does not. */
async function checkRestored(kind: LineKind, changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  if (changes.length === 0) return
  const [line, parent] = [recordType(kind.line), recordType(kind.parent)]
  const rows = await db.rows<{ id: string; status: string; currency: string; own: string }>({
    text: `SELECT l.id, p.status, p.currency, l.currency AS own FROM ${ident(line.table)} l JOIN ${ident(parent.table)} p ON p.tenant_id = $1 AND p.id = l.${ident(line.fields.get(kind.key)?.column as string)}
 WHERE l.tenant_id = $1 AND l.id = ANY ($2::uuid[]) AND l.deleted_at IS NULL`,
    values: [viewer.tenantId, changes.map(({ id }) => id)],
  })
  const errors = rows.flatMap(({ id, status, currency, own }): UserErrorInfo[] => {
    const field = idPath(changes.find((change) => change.id === id) as Change)
    const stays = kind.frozen(status)
    if (stays) return [{ ...stays, field, details: { from: status } }]
    return own === currency
      ? []
      : [{ code: 'CURRENCY_MISMATCH', message: `The ${kind.parent} is in ${currency}.`, field, details: { currency } }]
  })
  if (errors.length > 0) throw new UserErrors(errors)
}

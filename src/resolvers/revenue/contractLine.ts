import { UserErrors } from '../../errors.ts'
import { changedFields, checkScale, refuse, refuseAs } from '../checks.ts'
import { validationError } from '../normalise.ts'
import { lineAmounts, MAX_AMOUNT } from '../sales/amount.ts'
import { after, type Change, idPath, type Rules, type WriteContext } from '../write.ts'
import { notEditable } from './contract.ts'
import { type ContractRow, lockContracts } from './settle.ts'
import { ownCurrency } from './ownCurrency.ts'

interface Product {
  id: string
  code: string
  name: string
  unit: string | null
  price: string | null
  currency: string | null
  status: string
}

const contractOf = (change: Change) => after(change, 'contractId') as string

/**
 * Rules of the lines of contracts. A new one takes name, code, unit and prices from its product as it is now (PRODUCT_INACTIVE), and keeps them; amounts are
 * computed here, in the contract's currency (CURRENCY_MISMATCH). Written as the contract is. The contract's amount follows.
 */
export const contractLineRules: Rules = {
  async write(changes, context) {
    const contracts = await lockContracts(context, changes.map(contractOf))
    const products = await productsOf(changes, context)
    for (const change of changes) {
      const contract = contracts.get(contractOf(change))
      if (!contract) continue
      const problem = notEditable(contract.status)
      if (problem && (!change.before || changedFields('ContractLine', change).length > 0)) {
        refuseAs(change, problem.code, 'contractId', problem.message)
        continue
      }
      ownCurrency(change, contract.currency, ['listPrice', 'unitPrice', 'discountAmount'])
      if (!change.before) fillIn(change, products.get(change.values.productId as string), contract)
      if (change.errors.length === 0) compute(change, contract.currency)
    }
  },

  async delete(changes, context) {
    const live = changes.filter(({ before }) => before && !before.deletedAt)
    const contracts = await lockContracts(context, live.map(contractOf))
    for (const change of live) {
      const problem = notEditable(contracts.get(contractOf(change))?.status ?? 'DRAFT')
      if (problem) change.errors.push({ ...problem, field: idPath(change) })
    }
  },

  async done(changes, context) {
    // What comes back from the recycle bin, or goes from it for good, must find the contract in work.
    const binned = changes.filter(({ before }) => before?.deletedAt)
    const contracts = await lockContracts(context, changes.map(contractOf))
    for (const change of binned) {
      const problem = notEditable(contracts.get(contractOf(change))?.status ?? 'DRAFT')
      if (problem) throw new UserErrors([{ ...problem, field: idPath(change) }])
    }
    await checkRestored(binned, context)
    await sumLines(context, [...contracts.keys()], changes.every((change) => binned.includes(change)))
  },
}

async function productsOf(changes: Change[], { db, viewer }: WriteContext): Promise<Map<string, Product>> {
  const ids = changes.flatMap(({ before, values }) => (!before && (values.productId as string | null)) || [])
  if (ids.length === 0) return new Map()
  const rows = await db.rows<Product>({
    text: `SELECT id, code, name, unit, standard_price::text AS price, currency, status FROM product WHERE tenant_id = $1 AND id = ANY ($2::uuid[])`,
    values: [viewer.tenantId, [...new Set(ids)]],
  })
  return new Map(rows.map((row) => [row.id, row]))
}

function fillIn(change: Change, product: Product | undefined, { currency }: ContractRow): void {
  const { values } = change
  if (product && product.status !== 'ACTIVE')
    refuseAs(change, 'PRODUCT_INACTIVE', 'productId', 'The product is inactive.')
  values.name ??= product?.name ?? null
  if (values.name === null) refuse(change, 'name', 'required', 'is required without a product')
  values.productCode = product?.code ?? null
  values.unit ??= product?.unit ?? null
  if (!product?.price) return
  if (product.currency === currency) {
    values.listPrice ??= product.price
    values.unitPrice ??= product.price
  } else if (values.unitPrice == null)
    refuseAs(
      change,
      'CURRENCY_MISMATCH',
      'unitPrice',
      `The product is priced in ${product.currency}: give a price in ${currency}.`,
      { currency },
    )
}

function compute(change: Change, currency: string): void {
  const { values } = change
  if (change.before && Object.hasOwn(values, 'name') && values.name === null)
    refuse(change, 'name', 'required', 'is required')
  checkScale(change, 'quantity', 4)
  checkScale(change, 'discountPct', 2)
  checkScale(change, 'taxRate', 3)
  if (change.errors.length > 0) return
  const of = (name: string) => after(change, name)
  const { subtotal, total } = lineAmounts({
    quantity: of('quantity'),
    unitPrice: of('unitPrice'),
    discountPct: of('discountPct'),
    discountAmount: of('discountAmount'),
    taxRate: of('taxRate'),
    currency,
  })
  if (subtotal !== null && total === null)
    refuse(change, 'discountAmount', 'max', 'must not make the discounts larger than the subtotal')
  else if (subtotal !== null && (subtotal > MAX_AMOUNT || (total as bigint) > MAX_AMOUNT))
    refuse(change, 'quantity', 'max', 'makes the total too large')
  values.subtotal = subtotal === null ? null : String(subtotal)
  values.total = total === null ? null : String(total)
}

/** A line that came back must be in the currency that its contract has now. */
async function checkRestored(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  if (changes.length === 0) return
  const rows = await db.rows<{ id: string; currency: string }>({
    text: `SELECT l.id, c.currency FROM contract_line l JOIN contract c ON c.tenant_id = $1 AND c.id = l.contract_id
 WHERE l.tenant_id = $1 AND l.id = ANY ($2::uuid[]) AND l.deleted_at IS NULL AND l.currency <> c.currency`,
    values: [viewer.tenantId, changes.map(({ id }) => id)],
  })
  if (rows.length === 0) return
  throw new UserErrors(
    rows.map(({ id, currency }) => ({
      code: 'CURRENCY_MISMATCH',
      message: `The contract is in ${currency}.`,
      field: idPath(changes.find((change) => change.id === id) as Change),
      details: { currency },
    })),
  )
}

/** Makes the amounts of contracts the sums of their lines; 0 when none is left, unless lines only came from the recycle bin or left it. */
async function sumLines({ db, viewer }: WriteContext, ids: string[], keepEmpty: boolean): Promise<void> {
  const sums = await db.rows<{ id: string; sum: string; lines: number }>({
    text: `SELECT c.id, coalesce(sum(l.total), 0)::text AS sum, count(l.id)::integer AS lines
 FROM unnest($2::uuid[]) AS c(id) LEFT JOIN contract_line l ON l.tenant_id = $1 AND l.contract_id = c.id AND l.deleted_at IS NULL GROUP BY c.id`,
    values: [viewer.tenantId, ids],
  })
  if (sums.some(({ sum }) => BigInt(sum) > MAX_AMOUNT))
    throw new UserErrors([validationError(['input', 'unitPrice'], 'max', 'makes the amount of the contract too large')])
  await db.rows({
    text: `UPDATE contract c SET amount = x.sum FROM json_to_recordset($2::json) AS x(id uuid, sum bigint)
 WHERE c.tenant_id = $1 AND c.id = x.id AND c.amount IS DISTINCT FROM x.sum`,
    values: [viewer.tenantId, JSON.stringify(sums.filter(({ lines }) => lines > 0 || !keepEmpty))],
  })
}

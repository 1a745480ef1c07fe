import { UserErrors } from '../../errors.ts'
import { MONEY_DIGITS } from '../../read/values.ts'
import { validationError } from '../normalise.ts'
import type { WriteContext } from '../write.ts'

/** The largest amount in ten-thousandths: a little less than a bigint holds. */
export const MAX_AMOUNT = 9_000_000_000_000_000_000n

/** What the amounts of a line are made of: decimals as text or number, money in ten-thousandths, per cent as decimals. */
export interface LinePrice {
  quantity: unknown
  unitPrice: unknown
  discountPct: unknown
  discountAmount: unknown
  taxRate: unknown
  currency: string
}

/** Decimal text → a whole number of its 10^-digits parts. Further digits are cut; the rules refuse them before. */
function scaled(value: unknown, digits: number): bigint {
  const [whole = '0', fraction = ''] = String(value ?? 0).split('.')
  return BigInt(whole + fraction.slice(0, digits).padEnd(digits, '0'))
}

/** How half of a smallest unit is rounded: up, or to the even neighbour, as banks do. */
export type Rounding = 'HALF_UP' | 'HALF_EVEN'

/** n / d to the nearest whole number; neither below 0, d not 0. */
function nearest(n: bigint, d: bigint, rounding: Rounding): bigint {
  const up = (2n * n + d) / (2n * d)
  return rounding === 'HALF_EVEN' && (2n * n) % (2n * d) === d && up % 2n === 1n ? up - 1n : up
}

const units = new Map<string, bigint>()

/** The smallest unit of a currency in ten-thousandths: 100 for USD, 10,000 for JPY, 10 for KWD. */
export function minorUnit(currency: string): bigint {
  const known = units.get(currency)
  if (known) return known
  const { maximumFractionDigits = 2 } = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions()
  const unit = 10n ** BigInt(Math.max(0, MONEY_DIGITS - maximumFractionDigits))
  units.set(currency, unit)
  return unit
}

/** The amounts of a line in ten-thousandths, all null without a price. */
export interface LineAmounts {
  /** quantity × unitPrice. */
  subtotal: bigint | null
  /** What the discounts take from the subtotal. */
  discount: bigint | null
  /** What is left of total without subtotal and discount. */
  tax: bigint | null
  /** (subtotal − subtotal × discountPct − discountAmount) × (1 + taxRate); null when the discounts are larger than the subtotal. */
  total: bigint | null
}

/** The amounts of a line, subtotal, what is left after discounts and total each rounded to the currency's smallest unit: subtotal − discount + tax is the total. */
export function lineAmounts(
  { quantity, unitPrice, discountPct, discountAmount, taxRate, currency }: LinePrice,
  rounding: Rounding = 'HALF_UP',
): LineAmounts {
  if (unitPrice === null || unitPrice === undefined) return { subtotal: null, discount: null, tax: null, total: null }
  const unit = minorUnit(currency)
  const subtotal = nearest(scaled(quantity, 4) * scaled(unitPrice, 0), 10_000n * unit, rounding) * unit
  // In ten-thousandths of a ten-thousandth, so that per cent with two decimals stay whole.
  const left = subtotal * (10_000n - scaled(discountPct, 2)) - scaled(discountAmount, 0) * 10_000n
  if (left < 0n) return { subtotal, discount: null, tax: null, total: null }
  const net = nearest(left, 10_000n * unit, rounding) * unit
  const total = nearest(left * (100_000n + scaled(taxRate, 3)), 10_000n * 100_000n * unit, rounding) * unit
  return { subtotal, discount: subtotal - net, tax: total - net, total }
}

/**
 * Makes the amount of opportunities, given by uuid, the sum of their live lines' totals; 0 when none is left, unless `keepEmpty` leaves those as they are.
 * Must run in the transaction that wrote the lines, after it. Throws UserErrors when a sum is larger than money can be.
 */
export async function recalculateAmount(
  { db, viewer }: WriteContext,
  opportunityIds: string[],
  { keepEmpty = false } = {},
): Promise<void> {
  const ids = [...new Set(opportunityIds)]
  if (ids.length === 0) return
  // The lock comes first, in a statement of its own: a sum taken while waiting for it would miss the lines of the transaction before.
  await db.rows({
    text: 'SELECT id FROM opportunity WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE',
    values: [viewer.tenantId, ids],
  })
  const sums = await db.rows<{ id: string; sum: string; lines: number }>({
    text: `SELECT o.id, coalesce(sum(l.total), 0)::text AS sum, count(l.id)::integer AS lines
 FROM unnest($2::uuid[]) AS o(id) LEFT JOIN opportunity_line l ON l.tenant_id = $1 AND l.opportunity_id = o.id AND l.deleted_at IS NULL GROUP BY o.id`,
    values: [viewer.tenantId, ids],
  })
  if (sums.some(({ sum }) => BigInt(sum) > MAX_AMOUNT)) {
    throw new UserErrors([
      validationError(['input', 'unitPrice'], 'max', 'makes the amount of the opportunity too large'),
    ])
  }
  const wanted = sums.filter(({ lines }) => lines > 0 || !keepEmpty)
  await db.rows({
    text: `UPDATE opportunity o SET amount = x.sum, amount_source = x.source
 FROM (SELECT id, sum, CASE WHEN lines > 0 THEN 'LINES' ELSE 'MANUAL' END AS source FROM json_to_recordset($2::json) AS x(id uuid, sum bigint, lines integer)) x
 WHERE o.tenant_id = $1 AND o.id = x.id AND (o.amount, o.amount_source) IS DISTINCT FROM (x.sum, x.source)`,
    values: [viewer.tenantId, JSON.stringify(wanted)],
  })
}

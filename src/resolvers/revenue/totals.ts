import { UserErrors } from '../../errors.ts'
import { recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { formatMoney } from '../../read/values.ts'
import { differs, todayIn } from '../checks.ts'
import { validationError } from '../normalise.ts'
import { rateKey, ratesOn, toBase } from '../platform/rates.ts'
import { MAX_AMOUNT } from '../sales/amount.ts'
import { after, type Change, type WriteContext } from '../write.ts'

/** A document whose sums are those of its lines, by the names of the two types and of the line's column. */
export interface Summed {
  document: 'Quote' | 'Order'
  line: 'QuoteLine' | 'OrderLine'
  column: 'quote_id' | 'order_id'
}

/**
 * Makes subtotal, discount, tax and total of documents (uuids) the sums of their live lines, total with the shipping: never what a client says (spec/domain.md 3.5). Must run
 * in the transaction that wrote the lines, after it. Throws UserErrors when a sum is larger than money can be.
 */
export async function recalculateTotals(
  { document, line, column }: Summed,
  { db, viewer }: WriteContext,
  ids: string[],
): Promise<void> {
  const wanted = [...new Set(ids)]
  if (wanted.length === 0) return
  const [table, lines] = [ident(recordType(document).table), ident(recordType(line).table)]
  // The lock comes first, in a statement of its own: a sum taken while waiting for it would miss the lines of the transaction before.
  await db.rows({
    text: `SELECT id FROM ${table} WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE`,
    values: [viewer.tenantId, wanted],
  })
  const sums = await db.rows<Record<'id' | 'subtotal' | 'discount' | 'tax' | 'total', string>>({
    text: `SELECT d.id, coalesce(sum(l.subtotal), 0)::text AS subtotal, coalesce(sum(l.discount), 0)::text AS discount, coalesce(sum(l.tax), 0)::text AS tax,
 (coalesce(sum(l.total), 0) + coalesce(d.shipping, 0))::text AS total
 FROM ${table} d LEFT JOIN ${lines} l ON l.tenant_id = $1 AND l.${column} = d.id AND l.deleted_at IS NULL
 WHERE d.tenant_id = $1 AND d.id = ANY ($2::uuid[]) GROUP BY d.id, d.shipping`,
    values: [viewer.tenantId, wanted],
  })
  if (sums.some(({ subtotal, total }) => BigInt(subtotal) > MAX_AMOUNT || BigInt(total) > MAX_AMOUNT))
    throw new UserErrors([validationError(['input', 'lines'], 'max', 'make the total too large')])
  await db.rows({
    text: `UPDATE ${table} d SET subtotal = x.subtotal, discount = x.discount, tax = x.tax, total = x.total
 FROM json_to_recordset($2::json) AS x(id uuid, subtotal bigint, discount bigint, tax bigint, total bigint)
 WHERE d.tenant_id = $1 AND d.id = x.id AND (d.subtotal, d.discount, d.tax, d.total) IS DISTINCT FROM (x.subtotal, x.discount, x.tax, x.total)`,
    values: [viewer.tenantId, JSON.stringify(sums)],
  })
}

/** The total of a document whose shipping is written: the part of its lines stays. */
export function shipTotal(document: Summed['document'], change: Change): void {
  const { before, values } = change
  if (before && !differs(document, change, 'shipping')) return
  const amount = (value: unknown) => BigInt(String(value ?? 0))
  values.total = String(amount(before?.total) - amount(before?.shipping) + amount(after(change, 'shipping')))
}

/** What a document keeps of the rate of today when it goes out or comes into force. Throws UserErrors CURRENCY_RATE_MISSING. */
export async function frozenRate(
  { db, viewer }: WriteContext,
  currency: string,
  total: bigint,
): Promise<{ rate: string; rate_date: string; total_base: string }> {
  const date = todayIn(viewer.timezone)
  const rates = await ratesOn(db, viewer.tenantId, viewer.baseCurrency, [{ currency, date }], ['id'])
  const rate = rates.get(rateKey({ currency, date })) as string
  return { rate, rate_date: date, total_base: formatMoney(String(toBase(total, rate, viewer.baseCurrency))) }
}

/** Refuses documents in a currency that the company has switched off; true for one that may be used. */
export async function usableCurrencies({ db, viewer }: WriteContext, currencies: string[]): Promise<Set<string>> {
  const rows = await db.rows<{ code: string }>({
    text: 'SELECT code FROM currency WHERE tenant_id = $1 AND code = ANY ($2::text[]) AND NOT active AND deleted_at IS NULL',
    values: [viewer.tenantId, currencies],
  })
  const off = new Set(rows.map(({ code }) => code))
  return new Set(currencies.filter((currency) => !off.has(currency)))
}

/** Sets columns of one document by hand: what verbs decide and clients may not write. */
export async function putDocument(
  { db, viewer }: WriteContext,
  document: Summed['document'],
  id: string,
  columns: Record<string, unknown>,
): Promise<void> {
  const names = Object.keys(columns)
  await db.rows({
    text: `UPDATE ${ident(recordType(document).table)} SET ${names.map((name, index) => `${ident(name)} = $${index + 3}`).join(', ')} WHERE tenant_id = $1 AND id = $2`,
    values: [viewer.tenantId, id, ...Object.values(columns)],
  })
}

import { currency, date, decimal, int, money, one, text } from '../shared/fields.ts'

/** The columns that lines of quotes and orders have in common: `document` is what they belong to, as a noun. */
export const lineFields = (document: string) => ({
  code: text('The product’s number when the line was made; stays whatever becomes of the product.', { max: 100 }),
  name: text('What is sold; the product’s name if left out. Required without a product.', { default: null }),
  quantity: decimal('How much of it, more than 0, at most four decimals.', { default: '1', range: { min: 0.0001 } }),
  unit: text('What it is counted in; the product’s if left out.', { max: 40 }),
  listPrice: money('Price of one unit before any bargain; what the price books say if left out.', {
    range: { min: 0 },
  }),
  unitPrice: money(
    'Price of one unit as agreed; what the price books say if left out (see PriceBook), PRICE_NOT_FOUND where they say nothing.',
    { range: { min: 0 } },
  ),
  currency: currency(`Currency of its amounts: always that of the ${document}. Another is CURRENCY_MISMATCH.`, {
    default: null,
  }),
  discountPct: decimal('Discount in per cent of the subtotal, at most two decimals.', { range: { min: 0, max: 100 } }),
  discountAmount: money('Discount as an amount, in addition to discountPct.', { range: { min: 0 } }),
  taxRate: decimal('Tax in per cent of what is left after discounts, at most three decimals; none if left out.', {
    range: { min: 0, max: 100 },
  }),
  subtotal: money('quantity × unitPrice, rounded as the company rounds to the currency’s smallest unit.', {
    write: 'never' as const,
  }),
  discount: money('What the discounts take from the subtotal.', { write: 'never' as const }),
  tax: money('The tax on what is left.', { write: 'never' as const }),
  total: money('subtotal − discount + tax.', { write: 'never' as const }),
  serviceDate: date('When it is to be delivered or begins.'),
  sort: int('Its place among the lines, the smallest first.', { default: 0 }),
})

/** What lines of quotes and orders refer to in common. */
export const LINE_RELATIONS = {
  product: one('Product', 'productId', 'The product; must be active when the line is made (PRODUCT_INACTIVE).', {
    write: 'create' as const,
    onDelete: 'restrict' as const,
  }),
  priceBookEntry: one(
    'PriceBookEntry',
    'priceBookEntryId',
    'The entry of a price book that its price was taken from; null for one of its own.',
    { write: 'never' as const },
  ),
}

const kept = { write: 'never' } as const

/** The sums of a document, which nobody writes but the server. */
export const SUMS = {
  subtotal: money('The sum of the lines’ subtotals.', kept),
  discount: money('The sum of what the lines’ discounts take.', kept),
  discountPct: decimal('discount in per cent of subtotal, two decimals: for the conditions of approval flows.', kept),
  tax: money('The sum of the lines’ taxes.', kept),
  shipping: money('What delivery costs; no discount and no tax is on it.', { range: { min: 0 } }),
  total: money('subtotal − discount + tax + shipping. Always worked out by the server.', kept),
}

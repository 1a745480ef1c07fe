import { priceBookEntryRules } from '../../resolvers/catalog/priceBook.ts'
import { record } from '../record.ts'
import { boolean, currency, date, decimal, money, one } from '../shared/fields.ts'

record('PriceBookEntry', {
  plural: 'priceBookEntries',
  prefix: 'prbe',
  description:
    'What a product costs in a price book, from a quantity on and between days. Of several the one with the greatest quantity that is reached counts, of these the one that began last.',
  settings: true,
  fields: {
    unitPrice: money('Price of one unit before discounts and tax.', { required: true, range: { min: 0 } }),
    currency: currency('Always that of the book. Another is CURRENCY_MISMATCH.', { default: null }),
    minQuantity: decimal('From this quantity on, more than 0, at most four decimals.', {
      default: '1',
      range: { min: 0.0001 },
    }),
    validFrom: date('The first day that it is valid on; null: always was.'),
    validTo: date('The last day that it is valid on; null: without end.'),
    active: boolean('Is it in use.', { default: true }),
  },
  relations: {
    priceBook: one('PriceBook', 'priceBookId', 'The book that it is a part of.', {
      required: true,
      write: 'create',
      part: true,
    }),
    product: one('Product', 'productId', 'The product; must be active when the price is made (PRODUCT_INACTIVE).', {
      required: true,
      write: 'create',
      onDelete: 'restrict',
    }),
  },
  rules: priceBookEntryRules,
})

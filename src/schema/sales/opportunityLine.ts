import { opportunityLineRules, opportunityLines } from '../../resolvers/sales/opportunityLine.ts'
import { record } from '../record.ts'
import { currency, date, decimal, int, money, one, text } from '../shared/fields.ts'
import { replaceLinesField } from '../shared/replaceLines.ts'

record('OpportunityLine', {
  plural: 'opportunityLines',
  prefix: 'opli',
  description:
    'A product in a deal, at the price offered. A part of the deal, whose amount is the sum of its lines. Lines of a closed deal are frozen (INVALID_STATE).',
  fields: {
    name: text('What is offered; the product’s name if left out. Required without a product.', { default: null }),
    quantity: decimal('How much of it, more than 0, at most four decimals.', { default: '1', range: { min: 0.0001 } }),
    unit: text('What it is counted in; the product’s if left out.', { max: 40 }),
    listPrice: money('Price of one unit before any bargain; what the price books say if left out.', {
      range: { min: 0 },
    }),
    unitPrice: money(
      'Price of one unit as offered; what the price books say if left out (see PriceBook), PRICE_NOT_FOUND where they say nothing.',
      { range: { min: 0 } },
    ),
    currency: currency('Currency of its amounts: always the deal’s. Another is CURRENCY_MISMATCH.', { default: null }),
    discountPct: decimal('Discount in per cent of the subtotal, at most two decimals.', {
      range: { min: 0, max: 100 },
    }),
    discountAmount: money('Discount as an amount, in addition to discountPct.', { range: { min: 0 } }),
    taxRate: decimal('Tax in per cent of what is left after discounts, at most three decimals; none if left out.', {
      range: { min: 0, max: 100 },
    }),
    subtotal: money('quantity × unitPrice, rounded as the company rounds to the currency’s smallest unit.', {
      write: 'never',
    }),
    total: money('Subtotal less discounts plus tax, rounded as the company rounds to the currency’s smallest unit.', {
      write: 'never',
    }),
    serviceDate: date('When it is to be delivered or begins.'),
    sort: int('Its place among the lines, the smallest first.', { default: 0 }),
  },
  relations: {
    opportunity: one('Opportunity', 'opportunityId', 'The deal that it is a part of.', {
      required: true,
      write: 'create',
      part: true,
    }),
    product: one('Product', 'productId', 'The product; must be active when the line is made (PRODUCT_INACTIVE).', {
      write: 'create',
      onDelete: 'restrict',
    }),
    priceBookEntry: one(
      'PriceBookEntry',
      'priceBookEntryId',
      'The entry of a price book that its price was taken from; null for one of its own.',
      {
        write: 'never',
      },
    ),
  },
  rules: opportunityLineRules,
})

replaceLinesField(opportunityLines)

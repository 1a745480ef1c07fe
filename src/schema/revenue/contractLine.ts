import { contractLineRules, contractLines } from '../../resolvers/revenue/contractLine.ts'
import { record } from '../record.ts'
import { currency, decimal, int, money, one, text } from '../shared/fields.ts'
import { replaceLinesField } from '../shared/replaceLines.ts'

record('ContractLine', {
  plural: 'contractLines',
  prefix: 'ctli',
  description:
    'A product in a contract, with name, code and prices as they were when it came in. A part of the contract, whose amount is the sum of its lines, and written while that is (APPROVED_NOT_EDITABLE, VOID_NOT_EDITABLE, WITHDRAW_FIRST).',
  fields: {
    name: text('What is sold; the product’s name if left out. Required without a product.', { default: null }),
    code: text('Its code; the product’s if left out.', { max: 100 }),
    quantity: decimal('How much of it, more than 0, at most four decimals.', { default: '1', range: { min: 0.0001 } }),
    unit: text('What it is counted in; the product’s if left out.', { max: 40 }),
    listPrice: money('Price of one unit before any bargain; what the price books say if left out.', {
      range: { min: 0 },
    }),
    unitPrice: money(
      'Price of one unit as agreed; what the price books say if left out, PRICE_NOT_FOUND where they say nothing.',
      { range: { min: 0 } },
    ),
    currency: currency('Currency of its amounts: always the contract’s. Another is CURRENCY_MISMATCH.', {
      default: null,
    }),
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
    sort: int('Its place among the lines, the smallest first.', { default: 0 }),
  },
  relations: {
    contract: one('Contract', 'contractId', 'The contract that it is a part of.', {
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
      { write: 'never' },
    ),
  },
  rules: contractLineRules,
})

replaceLinesField(contractLines)

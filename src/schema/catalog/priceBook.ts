import { priceBookRules } from '../../resolvers/catalog/priceBook.ts'
import { record } from '../record.ts'
import { boolean, currency, date, longText, many, one, text } from '../shared/fields.ts'

record('PriceBook', {
  plural: 'priceBooks',
  prefix: 'prbo',
  description:
    'A list of prices in one currency, 价目表. A line takes its price from the book of its document, else from the books above that, the nearest first, else from the standard book of the currency, else the product’s standard price; with none of these it needs one of its own (PRICE_NOT_FOUND).',
  search: ['name'],
  settings: true,
  fields: {
    name: text('What it is called, unique.', { required: true }),
    currency: currency(
      'Currency of all its prices; the company’s if left out. Stays while there are prices (CURRENCY_MISMATCH).',
      {
        default: null,
      },
    ),
    isStandard: boolean(
      'Is it the one that counts for its currency where no other gives a price. Setting it takes the mark from the book that had it.',
      {
        default: false,
      },
    ),
    active: boolean('Is it in use; prices of one that is not are passed over.', { default: true }),
    validFrom: date('The first day that it is valid on; null: always was.'),
    validTo: date('The last day that it is valid on; null: without end.'),
    description: longText('Anything else.'),
  },
  relations: {
    parent: one('PriceBook', 'parentId', 'The book to look in where this one has no price; in the same currency.', {
      onDelete: 'restrict',
    }),
    children: many('PriceBook', 'parent', 'The books below it.'),
    entries: many('PriceBookEntry', 'priceBook', 'Its prices.'),
    opportunities: many('Opportunity', 'priceBook', 'The deals whose prices come from it.'),
  },
  unique: { name: ['name'] },
  rules: priceBookRules,
})

import { formatMoney, idOf } from '../../read/values.ts'
import { type PriceArgs, productPrice } from '../../resolvers/catalog/productPrice.ts'
import { builder } from '../builder.ts'
import { MoneyType } from '../shared/types.ts'
import './priceBookEntry.ts'

type Found = NonNullable<Awaited<ReturnType<typeof productPrice>>>

const Source = builder.enumType('PriceSource', {
  description: 'Where a price stands.',
  values: {
    PRICE_BOOK: { description: 'In the book that was named.' },
    PARENT_BOOK: { description: 'In a book above it.' },
    STANDARD_BOOK: { description: 'In the standard book of the currency.' },
    PRODUCT: { description: 'At the product: its standard price.' },
  } as const,
})

const Result = builder.objectRef<Found>('ProductPrice').implement({
  description: 'What a product costs.',
  fields: (t) => ({
    unitPrice: t.field({
      type: MoneyType,
      nullable: false,
      description: 'Price of one unit before discounts and tax.',
      resolve: ({ unitPrice, currency }) => ({ amount: formatMoney(unitPrice), currency }),
    }),
    source: t.field({
      type: Source,
      nullable: false,
      description: 'Where it stands.',
      resolve: ({ source }) => source,
    }),
    priceBookEntryId: t.id({
      description: 'The entry of a price book that says so; null for the product’s standard price.',
      resolve: ({ entryId }) => (entryId ? idOf('PriceBookEntry', entryId) : null),
    }),
  }),
})

builder.queryField('productPrice', (t) =>
  t.field({
    type: Result,
    description:
      'What a product costs, as a new line would be priced: by the book that is named, those above it, the standard book of the currency, the product’s standard price. Null where none of them gives a price, and for products and books that are out of sight. Needs Product.read and PriceBook.read.',
    args: {
      productId: t.arg.id({ required: true, description: 'The product.' }),
      priceBookId: t.arg.id({ description: 'The book to look in first.' }),
      currency: t.arg({
        type: 'CurrencyCode',
        description: 'In this currency; the book’s, else the company’s, if left out.',
      }),
      quantity: t.arg({
        type: 'Decimal',
        description: 'For so many, more than 0, at most four decimals; 1 if left out.',
      }),
      date: t.arg({ type: 'Date', description: 'On this day; today in the company’s time zone if left out.' }),
    },
    extensions: { permission: ['Product.read', 'PriceBook.read'] },
    resolve: (_root, args, context) => productPrice(context, args as PriceArgs),
  }),
)

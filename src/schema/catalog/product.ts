import { writeProduct } from '../../resolvers/catalog/product.ts'
import { record } from '../record.ts'
import {
  attached,
  choice,
  currency,
  decimal,
  json,
  linked,
  longText,
  many,
  money,
  one,
  text,
  texts,
} from '../shared/fields.ts'

record('Product', {
  plural: 'products',
  prefix: 'prod',
  description: 'Something that the tenant sells, 产品.',
  search: ['name', 'code'],
  fields: {
    code: text('The tenant’s number for it (SKU), unique among live products.', { required: true, max: 100 }),
    name: text('What it is called.', { required: true }),
    type: choice(
      'What kind of thing it is.',
      'ProductKind',
      {
        GOODS: 'A thing that is delivered.',
        SERVICE: 'Work that is done.',
        SUBSCRIPTION: 'Something paid for again and again.',
      },
      { default: 'GOODS' },
    ),
    unit: text('What it is counted in: piece, hour, 台.', { max: 40 }),
    standardPrice: money('Price of one unit before discounts and tax; what a line takes when it is given no price.', {
      range: { min: 0 },
    }),
    cost: money('What one unit costs the tenant.', { range: { min: 0 } }),
    currency: currency('Currency of its amounts; the tenant’s if left out.'),
    taxRate: decimal('Tax in per cent, at most three decimals.', { range: { min: 0, max: 100 } }),
    status: choice(
      'May it be sold.',
      'ProductStatus',
      {
        ACTIVE: 'It is for sale.',
        INACTIVE: 'Stays where it stands and cannot be put into new lines (PRODUCT_INACTIVE).',
      },
      { default: 'ACTIVE' },
    ),
    description: longText('Anything else.'),
    imageUrls: texts('Addresses of pictures, http or https.', { max: 2000 }),
    specs: json('Its properties by name: { "colour": "red", "weightKg": 12 }.'),
    minQty: decimal('The least that is sold at once, at most four decimals.', { range: { min: 0 } }),
  },
  relations: {
    category: one('ProductCategory', 'categoryId', 'The branch of the catalogue that it stands in.', {
      onDelete: 'restrict',
      inUse: 'CATEGORY_IN_USE',
    }),
    prices: many('PriceBookEntry', 'product', 'What it costs in the price books.'),
    lines: many('OpportunityLine', 'product', 'The lines of deals that it stands in.'),
    activities: linked('Activity', 'ActivityLink', 'activity', 'What happened and will happen with it.'),
    tasks: linked('Task', 'TaskLink', 'task', 'What is to do for it.'),
    tags: linked('Tag', 'TagLink', 'tag', 'The tags that it has.'),
    attachments: attached('Attachment', 'The files at it.'),
    posts: attached('FeedPost', 'What colleagues say at it; order them as the feed.'),
  },
  unique: { code: ['code'] },
  rules: { write: writeProduct },
})

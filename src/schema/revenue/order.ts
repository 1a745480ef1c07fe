import { orderRules } from '../../resolvers/revenue/order.ts'
import { record } from '../record.ts'
import {
  attached,
  choice,
  currency,
  date,
  datetime,
  decimal,
  linked,
  longText,
  many,
  object,
  one,
  text,
} from '../shared/fields.ts'
import { Address } from '../shared/shapes.ts'
import { SUMS } from './lineFields.ts'

const kept = { write: 'never' } as const

record('Order', {
  plural: 'orders',
  prefix: 'ordr',
  description:
    'What a customer ordered, 订单. Written while it is a draft; once activated its lines and prices stay (ORDER_ACTIVATED). docs/quotes.md draws its states.',
  search: ['name', 'number'],
  inherits: { account: 'NONE' },
  fields: {
    number: text('Its number, by the company’s rule (NumberRule). Another one’s is NUMBER_TAKEN.', {
      max: 50,
      default: null,
    }),
    name: text('What it is called.'),
    status: choice(
      'How it stands.',
      'OrderStatus',
      {
        DRAFT: 'Being worked on.',
        IN_APPROVAL: 'Waits for its approval.',
        ACTIVATED: 'In force, 已生效.',
        PARTIALLY_FULFILLED: 'Some of it was delivered.',
        FULFILLED: 'All of it was delivered.',
        CANCELLED: 'Taken back before anything was delivered.',
        CLOSED: 'Nothing more is delivered.',
      },
      kept,
    ),
    orderDate: date('The day of the order; today in the company’s time zone if left out.', { default: null }),
    customerReference: text('The customer’s own number for it.', { max: 100 }),
    currency: currency(
      'Currency of all its amounts and of its lines; the company’s if left out. Stays while there are lines (CURRENCY_MISMATCH), and must not be switched off (INVALID_STATE).',
      { default: null },
    ),
    ...SUMS,
    rate: decimal('What one unit of its currency was worth in the company’s when it was activated.', kept),
    rateDate: date('The day of the rate.', kept),
    totalBase: decimal('total in the company’s own currency at that rate.', kept),
    billingAddress: object('Where the invoice goes; may change until the order is over.', Address),
    shippingAddress: object('Where the goods go; may change until the order is over.', Address),
    description: longText('Anything else.'),
    activatedAt: datetime('When it was activated.', kept),
    cancelledAt: datetime('When it was cancelled.', kept),
    cancelReason: text('Why it was cancelled.', { ...kept, max: 2000 }),
  },
  relations: {
    account: one('Account', 'accountId', 'The customer, who cannot go while the order is open.', {
      required: true,
      onDelete: 'restrict',
      while: { field: 'status', in: ['DRAFT', 'IN_APPROVAL', 'ACTIVATED', 'PARTIALLY_FULFILLED'] },
    }),
    contact: one('Contact', 'contactId', 'The person to talk to about it.'),
    quote: one('Quote', 'quoteId', 'The quote that it came of.', { write: 'create', onDelete: 'restrict' }),
    opportunity: one('Opportunity', 'opportunityId', 'The deal that it came of.'),
    contract: one('Contract', 'contractId', 'The contract that it is under.', { onDelete: 'restrict' }),
    priceBook: one('PriceBook', 'priceBookId', 'The book that the prices of its lines come from.', {
      onDelete: 'restrict',
    }),
    owner: one('User', 'ownerId', 'Whose order it is; the caller if left out on create.'),
    lines: many('OrderLine', 'order', 'What was ordered; order them by SORT.'),
    activities: linked('Activity', 'ActivityLink', 'activity', 'What happened and will happen with it.'),
    tasks: linked('Task', 'TaskLink', 'task', 'What is to do for it.'),
    tags: linked('Tag', 'TagLink', 'tag', 'The tags that it has.'),
    attachments: attached('Attachment', 'The files at it.'),
    posts: attached('FeedPost', 'What colleagues say at it; order them as the feed.'),
  },
  rules: orderRules,
})

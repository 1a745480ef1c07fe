import { quoteRules } from '../../resolvers/revenue/quote.ts'
import { record } from '../record.ts'
import {
  attached,
  boolean,
  choice,
  currency,
  date,
  datetime,
  decimal,
  int,
  linked,
  longText,
  many,
  one,
  text,
} from '../shared/fields.ts'
import { SUMS } from './lineFields.ts'

const kept = { write: 'never' } as const

record('Quote', {
  plural: 'quotes',
  prefix: 'quot',
  description:
    'An offer to a customer, 报价单, in one of its revisions. Written while it is a draft or was refused; later it is revised (reviseQuote), and only isPrimary, description and the owner can change. docs/quotes.md draws its states.',
  search: ['name', 'number'],
  inherits: { account: 'NONE' },
  fields: {
    number: text('Its number, by the company’s rule (NumberRule); revisions keep it. Another one’s is NUMBER_TAKEN.', {
      max: 50,
      default: null,
    }),
    revision: int('Which revision it is, from 1.', kept),
    name: text('What it is called.', { required: true }),
    status: choice(
      'How it stands.',
      'QuoteStatus',
      {
        DRAFT: 'Being worked on.',
        IN_APPROVAL: 'Waits for its approval.',
        APPROVED: 'May be sent.',
        REJECTED: 'Its approval was refused; it may be changed and submitted again.',
        SENT: 'The customer has it.',
        ACCEPTED: 'The customer takes it, 已接受.',
        DECLINED: 'The customer does not want it.',
        EXPIRED: 'Its last day was over before the customer answered.',
        VOID: 'A newer revision took its place, or it was a mistake, 作废.',
      },
      kept,
    ),
    isPrimary: boolean(
      'Is it the one that counts among the quotes of its opportunity. Setting it takes the mark from the others.',
      {
        default: false,
      },
    ),
    validUntil: date('The last day on which it can be accepted (QUOTE_EXPIRED).', { required: true }),
    currency: currency(
      'Currency of all its amounts and of its lines; the company’s if left out. Stays while there are lines (CURRENCY_MISMATCH), and must not be switched off (INVALID_STATE).',
      { default: null },
    ),
    ...SUMS,
    rate: decimal('What one unit of its currency was worth in the company’s when it was sent.', kept),
    rateDate: date('The day of the rate.', kept),
    totalBase: decimal('total in the company’s own currency at that rate.', kept),
    terms: longText('The conditions of the offer.'),
    description: longText('Anything else; the customer does not see it.'),
    sentAt: datetime('When it was last sent.', kept),
    viewedAt: datetime('When the page behind the link of its mail was first opened.', kept),
    acceptedAt: datetime('When it was accepted.', kept),
    declinedAt: datetime('When it was declined.', kept),
    signedBy: text('Who accepted it, as they wrote it.', kept),
    declineReason: text('Why it was declined or made void.', { ...kept, max: 2000 }),
  },
  relations: {
    account: one(
      'Account',
      'accountId',
      'The company that gets the offer. It cannot go while the quote is on its way.',
      {
        required: true,
        onDelete: 'restrict',
        while: { field: 'status', in: ['DRAFT', 'IN_APPROVAL', 'APPROVED', 'SENT'] },
      },
    ),
    opportunity: one('Opportunity', 'opportunityId', 'The deal that it is for. At most one quote of it is accepted.'),
    contact: one('Contact', 'contactId', 'The person who gets it.'),
    priceBook: one('PriceBook', 'priceBookId', 'The book that the prices of its lines come from.', {
      onDelete: 'restrict',
    }),
    parentQuote: one('Quote', 'parentQuoteId', 'The revision before it.', kept),
    supersededBy: one('Quote', 'supersededById', 'The revision that took its place.', kept),
    owner: one('User', 'ownerId', 'Whose quote it is; the caller if left out on create.'),
    lines: many('QuoteLine', 'quote', 'What is offered; order them by SORT.'),
    orders: many('Order', 'quote', 'The orders that came of it.'),
    contracts: many('Contract', 'quote', 'The contracts that came of it.'),
    activities: linked('Activity', 'ActivityLink', 'activity', 'What happened and will happen with it.'),
    tasks: linked('Task', 'TaskLink', 'task', 'What is to do for it.'),
    tags: linked('Tag', 'TagLink', 'tag', 'The tags that it has.'),
    attachments: attached('Attachment', 'The files at it.'),
    posts: attached('FeedPost', 'What colleagues say at it; order them as the feed.'),
  },
  rules: quoteRules,
})

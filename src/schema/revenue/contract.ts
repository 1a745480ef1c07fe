import { contractRules } from '../../resolvers/revenue/contract.ts'
import { OPEN } from '../../resolvers/revenue/states.ts'
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
  money,
  one,
  text,
} from '../shared/fields.ts'

const kept = { write: 'never' } as const

record('Contract', {
  plural: 'contracts',
  prefix: 'ctrt',
  description:
    'What a customer and the company agreed on, 合同. Written while it is a draft, was rejected or withdrawn (APPROVED_NOT_EDITABLE, VOID_NOT_EDITABLE, WITHDRAW_FIRST); given to another owner until it is void (VOID_NOT_TRANSFERABLE); deleted as a draft or withdrawn (INVALID_STATE) and without plans (REFERENCE_IN_USE). See docs/contracts.md.',
  search: ['name', 'number'],
  fields: {
    number: text('Its number, given by the company’s rule (NumberRule).', { max: 50, default: null }),
    name: text('What it is called.', { required: true }),
    type: choice(
      'What kind of contract it is.',
      'ContractType',
      {
        SALES: 'Goods are sold, 销售合同.',
        SERVICE: 'Work is done, 服务合同.',
        SUBSCRIPTION: 'Something is used for a time, 订阅合同.',
        FRAMEWORK: 'Terms for what is ordered later, 框架合同.',
        OTHER: 'Another kind.',
      },
      { default: 'SALES' },
    ),
    amount: money(
      'What it is worth; 0 if left out. With lines it is the sum of their totals and cannot be set (AMOUNT_DERIVED_FROM_LINES).',
      { default: null, range: { min: 0 } },
    ),
    currency: currency(
      'Currency of all its amounts, lines, plans, receipts and invoices; the tenant’s if left out. Stays while there are some (CURRENCY_MISMATCH).',
      { default: null },
    ),
    rate: decimal('What one unit of its currency was worth in the company’s on the day of its approval.', {
      ...kept,
      range: { min: 0 },
    }),
    rateDate: date('The day of the rate.', kept),
    startDate: date('The first day on which it holds.', { required: true }),
    endDate: date('The last day on which it holds, not before the first (CONTRACT_DATE_INVALID).', { required: true }),
    signedDate: date('The day on which it was signed.'),
    autoRenew: boolean(
      'Does it go on by itself when nobody gives notice, 自动续约: in the night before its last day its renewal is made, once, and its owner is told.',
      { default: false },
    ),
    renewalNoticeDays: int('How many days before its end notice must be given; its owner is reminded by then.', {
      range: { min: 0, max: 365 },
    }),
    paymentTerms: longText('When and how it is to be paid, 付款条款.', { max: 4000 }),
    description: longText('Anything else.'),
    status: choice(
      'How it stands.',
      'ContractStatus',
      {
        DRAFT: 'Being worked on.',
        IN_APPROVAL: 'Waits for its approval.',
        APPROVED: 'In force, 生效.',
        REJECTED: 'Its approval was refused; it may be changed and submitted again.',
        WITHDRAWN: 'Taken back from its approval.',
        EXPIRED: 'Its last day is over.',
        TERMINATED: 'Ended before its time, 终止.',
        VOID: 'As if it had never been, 作废.',
      },
      kept,
    ),
    approvedAt: datetime('When it was approved.', kept),
    terminatedOn: date('The last day of one that was terminated.', kept),
    terminationReason: text('Why it was terminated.', { ...kept, max: 2000 }),
    voidReason: text('Why it was made void.', { ...kept, max: 2000 }),
    plannedAmount: money('The sum of its plans that are not void.', kept),
    receivedAmount: money('What was received for it: confirmed receipts less reversals and refunds, 已回款.', kept),
    unreceivedAmount: money('amount − receivedAmount, 未回款.', kept),
    invoicedAmount: money('The sum of its issued invoices, 已开票.', kept),
  },
  relations: {
    account: one('Account', 'accountId', 'The customer, who cannot go while the contract is open.', {
      required: true,
      onDelete: 'restrict',
      while: { field: 'status', in: OPEN },
    }),
    opportunity: one('Opportunity', 'opportunityId', 'The deal that it came of.'),
    quote: one('Quote', 'quoteId', 'The accepted quote that it was made of; see quoteToContract.', {
      ...kept,
      onDelete: 'restrict',
    }),
    customerSigner: one('Contact', 'customerSignerId', 'Who signs for the customer.'),
    companySigner: one('User', 'companySignerId', 'Who signs for the company.'),
    renewedFrom: one('Contract', 'renewedFromId', 'The contract that it follows on.', kept),
    owner: one('User', 'ownerId', 'Whose contract it is; the caller if left out on create.'),
    orders: many('Order', 'contract', 'The orders under it.'),
    lines: many('ContractLine', 'contract', 'What is sold; order them by SORT.'),
    receiptPlans: many('ReceiptPlan', 'contract', 'What is to be paid by when; order them by SEQUENCE.'),
    receipts: many('Receipt', 'contract', 'What was paid.'),
    refunds: many('Refund', 'contract', 'What was paid back.'),
    invoices: many('Invoice', 'contract', 'Its invoices.'),
    renewals: many('Contract', 'renewedFrom', 'The contracts that follow on it.'),
    activities: linked('Activity', 'ActivityLink', 'activity', 'What happened and will happen with it.'),
    tasks: linked('Task', 'TaskLink', 'task', 'What is to do for it.'),
    tags: linked('Tag', 'TagLink', 'tag', 'The tags that it has.'),
    attachments: attached('Attachment', 'The files at it.'),
    posts: attached('FeedPost', 'What colleagues say at it; order them as the feed.'),
  },
  rules: contractRules,
})

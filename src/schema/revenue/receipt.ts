import { recordType } from '../../read/recordType.ts'
import { mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import type { Written } from '../../resolvers/records.ts'
import { type AllocationInput, allocateReceipt } from '../../resolvers/revenue/allocate.ts'
import { confirmReceipt, submitReceipt, withdrawReceipt } from '../../resolvers/revenue/confirmReceipt.ts'
import { receiptRules } from '../../resolvers/revenue/receipt.ts'
import { recordReceipt } from '../../resolvers/revenue/recordReceipt.ts'
import { type RefundInput, refundReceipt } from '../../resolvers/revenue/refundReceipt.ts'
import { reverseReceipt } from '../../resolvers/revenue/reverseReceipt.ts'
import type { Input, WriteContext } from '../../resolvers/write.ts'
import { builder } from '../builder.ts'
import { record } from '../record.ts'
import { choice, currency, date, datetime, decimal, longText, many, money, one, text } from '../shared/fields.ts'
import { payloadRef, recordRef } from '../shared/names.ts'
import { MoneyInput, UserError } from '../shared/types.ts'
import { APPROVERS } from './approvers.ts'
import { PAYMENT_METHOD, paymentMethod } from './paymentMethod.ts'

const kept = { write: 'never' } as const

const type = record('Receipt', {
  plural: 'receipts',
  prefix: 'rcpt',
  description:
    'Money that came in for a contract, 回款. A part of the contract. A draft until it is confirmed or approved; then it counts and is never edited (RECEIPT_CONFIRMED), but reversed by a counter-entry: a receipt of as much less than 0. See docs/contracts.md.',
  search: ['number', 'payer', 'bankRef'],
  fields: {
    number: text('Its number, given by the company’s rule (NumberRule).', { max: 50, default: null }),
    amount: money('How much came, more than 0; less than 0 only of a counter-entry.', {
      required: true,
      range: { min: 0.0001 },
    }),
    currency: currency('Currency of its amounts: always the contract’s. Another is CURRENCY_MISMATCH.', {
      default: null,
    }),
    rate: decimal('What one unit of its currency was worth in the company’s on the day it came.', {
      ...kept,
      range: { min: 0 },
    }),
    receivedOn: date('The day on which it came, not in the future.', { required: true }),
    method: choice('How it came.', ...PAYMENT_METHOD, { default: 'BANK_TRANSFER' }),
    payer: text('Who paid, when it was somebody else than the account, 付款方.'),
    bankRef: text('What the bank calls the payment, 流水号.', { max: 100 }),
    note: longText('Anything else.', { max: 2000 }),
    status: choice(
      'How it stands.',
      'ReceiptStatus',
      {
        DRAFT: 'Written down; counts for nothing.',
        IN_APPROVAL: 'Waits for its approval.',
        CONFIRMED: 'It counts.',
        REJECTED: 'Its approval was refused; it may be changed and submitted again.',
        REVERSED: 'It was taken back by a counter-entry, with which it is nothing.',
      },
      kept,
    ),
    creditAmount: money('What of it was more than the contract asked for, and is to the account’s credit.', kept),
    refundedAmount: money('What of it was refunded.', kept),
    confirmedAt: datetime('When it was confirmed.', kept),
    reason: text('Of a counter-entry: why the receipt was reversed.', { ...kept, max: 2000 }),
  },
  relations: {
    account: one('Account', 'accountId', 'The customer of the contract.', kept),
    contract: one('Contract', 'contractId', 'The contract; one that was approved (CONTRACT_NOT_APPROVED).', {
      required: true,
      write: 'create',
      part: true,
    }),
    plan: one('ReceiptPlan', 'planId', 'The plan that it is for; null when it is for several, or none.', kept),
    confirmedBy: one('User', 'confirmedById', 'Who confirmed it.', kept),
    reverses: one('Receipt', 'reversesId', 'Of a counter-entry: the receipt that it takes back.', kept),
    reversals: many('Receipt', 'reverses', 'Its counter-entry.'),
    allocations: many('ReceiptAllocation', 'receipt', 'What of it is for which plan.'),
    refunds: many('Refund', 'receipt', 'What of it was given back.'),
  },
  operations: ['update', 'delete'],
  imported: true,
  rules: receiptRules,
})

record('ReceiptAllocation', {
  plural: 'receiptAllocations',
  prefix: 'rcal',
  description:
    'What of a receipt is for which plan, 核销. Those of a counter-entry and of a refund are less than 0. Written by recordReceipt, allocateReceipt, reverseReceipt and refundReceipt.',
  fields: {
    amount: money('How much of the receipt it is.', kept),
    currency: currency('Currency of the amount.', kept),
  },
  relations: {
    receipt: one('Receipt', 'receiptId', 'The receipt.', { ...kept, part: true }),
    plan: one('ReceiptPlan', 'planId', 'The plan, which stays as long as money is for it (PLAN_HAS_RECEIPTS).', {
      ...kept,
      onDelete: 'restrict',
      inUse: 'PLAN_HAS_RECEIPTS',
    }),
    refund: one('Refund', 'refundId', 'The refund that took it back.', kept),
  },
  operations: [],
})

record('Refund', {
  plural: 'refunds',
  prefix: 'rfnd',
  description: 'Money of a confirmed receipt that was given back, 退款. Made by refundReceipt; stays.',
  fields: {
    number: text('Its number, given by the company’s rule (NumberRule).', { ...kept, max: 50 }),
    amount: money('How much, more than 0.', kept),
    currency: currency('Currency of the amount.', kept),
    refundedOn: date('The day on which it was given back.', kept),
    method: choice('How it was given back.', ...PAYMENT_METHOD, kept),
    reason: text('Why it was given back.', { ...kept, max: 2000 }),
  },
  relations: {
    receipt: one('Receipt', 'receiptId', 'The receipt.', { ...kept, part: true }),
    contract: one('Contract', 'contractId', 'The contract of the receipt.', kept),
    account: one('Account', 'accountId', 'The customer of the contract.', kept),
  },
  operations: [],
})

record('AccountCredit', {
  plural: 'accountCredits',
  prefix: 'acrd',
  description:
    'What an account has paid beyond its contracts in one currency, 预收款. A part of the account. Grows where revenueSettings.allowOverpayment lets a receipt be more than its contract asks for; used by a receipt whose method is ACCOUNT_CREDIT.',
  fields: {
    currency: currency('The currency.', kept),
    balance: money('How much there is.', kept),
  },
  relations: { account: one('Account', 'accountId', 'The account.', { ...kept, part: true }) },
  operations: [],
  unique: { currency: ['accountId', 'currency'] },
})

const AllocationItem = builder.inputType('ReceiptAllocationInput', {
  description: 'What of a receipt is for a plan.',
  fields: (t) => ({
    planId: t.id({ required: true, description: 'The plan, of the same contract.' }),
    amount: t.field({ type: MoneyInput, required: true, description: 'How much, more than 0.' }),
  }),
})

const RecordInput = builder.inputType('RecordReceiptInput', {
  description: 'Money that came in.',
  fields: (t) => ({
    contractId: t.id({ required: true, description: 'The contract that it came for.' }),
    amount: t.field({ type: MoneyInput, required: true, description: 'How much, more than 0.' }),
    receivedOn: t.field({ type: 'Date', required: true, description: 'The day on which it came, not in the future.' }),
    number: t.string({ description: 'Its number, where the company’s rule lets people write them.' }),
    method: t.field({ type: paymentMethod, description: 'How it came; BANK_TRANSFER if left out.' }),
    payer: t.string({ description: 'Who paid. At most 255 characters.' }),
    bankRef: t.string({ description: 'What the bank calls the payment. At most 100 characters.' }),
    note: t.string({ description: 'Anything else. At most 2000 characters.' }),
    customFields: t.field({ type: 'JSON', description: 'Values of the company’s own fields, by their apiName.' }),
    externalSource: t.string({ description: 'The other system that externalId belongs to.' }),
    externalId: t.string({ description: 'Its key in another system.' }),
    planId: t.id({ description: 'The one plan that all of it is for. Without effect where allocations are given.' }),
    allocations: t.field({
      type: [AllocationItem],
      description: 'For which plans it is: as much as the receipt (ALLOCATION_MISMATCH). At most 120.',
    }),
    confirm: t.boolean({ description: 'Confirm it at once; needs Receipt.approve. false if left out.' }),
  }),
})

const RefundItem = builder.inputType('RefundReceiptInput', {
  description: 'Money that goes back.',
  fields: (t) => ({
    receiptId: t.id({ required: true, description: 'The receipt, a confirmed one.' }),
    amount: t.field({
      type: MoneyInput,
      required: true,
      description: 'How much: at most what is left of the receipt (RECEIPT_EXCEEDS_BALANCE).',
    }),
    reason: t.string({ required: true, description: 'Why. At most 2000 characters.' }),
    refundedOn: t.field({
      type: 'Date',
      description: 'The day, from that of the receipt to today; today if left out.',
    }),
    method: t.field({ type: paymentMethod, description: 'How; BANK_TRANSFER if left out.' }),
  }),
})

/** Runs a verb on one receipt. */
function run(
  context: Parameters<typeof mutateOne>[0]['context'],
  info: Parameters<typeof mutateOne>[0]['info'],
  work: (write: WriteContext) => Promise<Written>,
): Promise<Outcome> {
  return mutateOne({ context, info, type, path: ['receipt'] }, work)
}

const idArg = { required: true, description: 'The receipt.' } as const
const versionArg = {
  description: 'The version it must still have; otherwise STALE_VERSION. Left out: any.',
} as const

builder.mutationField('recordReceipt', (t) =>
  t.field({
    type: payloadRef(type.name),
    nullable: false,
    description:
      'Records money that came in for a contract. Errors: CONTRACT_NOT_APPROVED, CURRENCY_MISMATCH, RECEIPT_EXCEEDS_BALANCE with the balance, ALLOCATION_MISMATCH, NUMBER_TAKEN. Needs Receipt.create.',
    args: { input: t.arg({ type: RecordInput, required: true, description: 'The receipt.' }) },
    extensions: { permission: ['Receipt.create'] },
    resolve: (_root, { input }, context, info) => run(context, info, (write) => recordReceipt(write, input as Input)),
  }),
)

builder.mutationField('confirmReceipt', (t) =>
  t.field({
    type: payloadRef(type.name),
    nullable: false,
    description:
      'Confirms a receipt: from now on it counts. Not where receipts are approved (revenueSettings.receiptNeedsApproval): INVALID_STATE. Errors: RECEIPT_CONFIRMED, APPROVAL_PENDING, CONTRACT_NOT_APPROVED, RECEIPT_EXCEEDS_BALANCE, ALLOCATION_MISMATCH, CURRENCY_RATE_MISSING. Needs Receipt.approve.',
    args: { id: t.arg.id(idArg), expectedVersion: t.arg.int(versionArg) },
    extensions: { permission: ['Receipt.approve'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => confirmReceipt(write, args)),
  }),
)

builder.mutationField('submitReceipt', (t) =>
  t.field({
    type: payloadRef(type.name),
    nullable: false,
    description:
      'Hands a receipt in for approval; once approved it counts. Errors: ALREADY_IN_APPROVAL, RECEIPT_CONFIRMED, NO_APPROVAL_FLOW, NO_APPROVER. Needs Receipt.update and ApprovalInstance.create.',
    args: {
      id: t.arg.id(idArg),
      approverIds: t.arg.idList(APPROVERS.approverIds),
      comment: t.arg.string(APPROVERS.comment),
    },
    extensions: { permission: ['Receipt.update', 'ApprovalInstance.create'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => submitReceipt(write, args)),
  }),
)

builder.mutationField('withdrawReceipt', (t) =>
  t.field({
    type: payloadRef(type.name),
    nullable: false,
    description:
      'Takes a receipt back from its approval: it is a draft again. Errors: ALREADY_APPROVED, INVALID_STATE. Needs Receipt.update.',
    args: { id: t.arg.id(idArg), comment: t.arg.string({ description: 'Why. At most 2000 characters.' }) },
    extensions: { permission: ['Receipt.update'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => withdrawReceipt(write, args)),
  }),
)

builder.mutationField('allocateReceipt', (t) =>
  t.field({
    type: payloadRef(type.name),
    nullable: false,
    description:
      'Says for which plans a receipt is, in place of what was said before; a confirmed one that was for none is told so once. Errors: RECEIPT_CONFIRMED, WITHDRAW_FIRST, ALLOCATION_MISMATCH, CURRENCY_MISMATCH, RECEIPT_EXCEEDS_BALANCE for a plan that asks for less. Needs Receipt.update.',
    args: {
      id: t.arg.id(idArg),
      allocations: t.arg({
        type: [AllocationItem],
        required: true,
        description: 'The parts, as much as the receipt; an empty list: for no plan. At most 120.',
      }),
      expectedVersion: t.arg.int(versionArg),
    },
    extensions: { permission: ['Receipt.update'] },
    resolve: (_root, args, context, info) =>
      run(context, info, (write) =>
        allocateReceipt(write, { ...args, allocations: args.allocations as AllocationInput[] }),
      ),
  }),
)

builder.mutationField('reverseReceipt', (t) =>
  t.field({
    type: payloadRef(type.name),
    nullable: false,
    description:
      'Takes a confirmed receipt back by a counter-entry of today. Errors: INVALID_STATE for what is not confirmed or was refunded, RECEIPT_EXCEEDS_BALANCE when the credit that came of it is used, VALIDATION_FAILED. Needs Receipt.approve.',
    args: {
      id: t.arg.id(idArg),
      reason: t.arg.string({
        required: true,
        description: 'Why; stands at the counter-entry. At most 2000 characters.',
      }),
      expectedVersion: t.arg.int(versionArg),
    },
    extensions: { permission: ['Receipt.approve'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => reverseReceipt(write, args)),
  }),
)

const RefundPayload = builder.objectRef<Outcome>('RefundReceiptPayload').implement({
  description: 'What refundReceipt did.',
  fields: (t) => ({
    refund: t.field({
      type: recordRef('Refund'),
      description: 'The refund; null with a user error.',
      resolve: ({ record: refund }) => refund,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

builder.mutationField('refundReceipt', (t) =>
  t.field({
    type: RefundPayload,
    nullable: false,
    description:
      'Gives some or all of a confirmed receipt back; its contract and plans ask for it again. Errors: INVALID_STATE, CURRENCY_MISMATCH, RECEIPT_EXCEEDS_BALANCE, VALIDATION_FAILED. Needs Receipt.approve and Refund.create.',
    args: { input: t.arg({ type: RefundItem, required: true, description: 'What goes back.' }) },
    extensions: { permission: ['Receipt.approve', 'Refund.create'] },
    resolve: (_root, { input }, context, info) =>
      mutateOne({ context, info, type: recordType('Refund'), path: ['refund'] }, (write) =>
        refundReceipt(write, input as RefundInput),
      ),
  }),
)

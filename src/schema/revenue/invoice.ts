import { mutateOne } from '../../resolvers/mutation.ts'
import { invoiceRules, issueInvoice, voidInvoice } from '../../resolvers/revenue/invoice.ts'
import { builder } from '../builder.ts'
import { record } from '../record.ts'
import { choice, currency, date, decimal, longText, money, one, text } from '../shared/fields.ts'
import { payloadRef } from '../shared/names.ts'

const kept = { write: 'never' } as const

const type = record('Invoice', {
  plural: 'invoices',
  prefix: 'invc',
  description:
    'An invoice to a customer for a contract, 发票. A part of the contract. Written as a draft; once issued it counts as invoiced, and only courierNo and note change (INVALID_STATE), until it is made void (VOID_NOT_EDITABLE).',
  search: ['number', 'invoiceNo'],
  fields: {
    number: text('Its number in the company, given by its rule (NumberRule).', { max: 50, default: null }),
    type: choice(
      'What kind of invoice it is.',
      'InvoiceType',
      {
        VAT_NORMAL: 'An ordinary VAT invoice, 增值税普通发票.',
        VAT_SPECIAL: 'One whose tax the customer may deduct, 增值税专用发票.',
        ELECTRONIC: 'An electronic one, 电子发票.',
        OTHER: 'Another kind.',
      },
      { default: 'VAT_NORMAL' },
    ),
    amount: money('How much, with tax, more than 0.', { required: true, range: { min: 0.0001 } }),
    currency: currency('Currency of the amount: always the contract’s. Another is CURRENCY_MISMATCH.', {
      default: null,
    }),
    taxRate: decimal('Tax in per cent that is in the amount, at most three decimals.', { range: { min: 0, max: 100 } }),
    status: choice(
      'How it stands.',
      'InvoiceStatus',
      { DRAFT: 'Asked for.', ISSUED: 'Issued: it counts.', VOID: 'Made void, 作废.' },
      kept,
    ),
    issuedOn: date('The day on which it was issued.', kept),
    invoiceNo: text('The number that the tax authority gave it, 发票号码.', { max: 50 }),
    courierNo: text('The number of the parcel that it went with, 快递单号.', { max: 50 }),
    voidReason: text('Why it was made void.', { ...kept, max: 2000 }),
    note: longText('Anything else.', { max: 2000 }),
  },
  relations: {
    account: one('Account', 'accountId', 'The customer of the contract.', kept),
    contract: one('Contract', 'contractId', 'The contract that it is for.', {
      required: true,
      write: 'create',
      part: true,
    }),
    title: one('AccountInvoiceInfo', 'titleId', 'What stands on it, 发票抬头: one of the account’s.'),
  },
  rules: invoiceRules,
})

const idArg = { required: true, description: 'The invoice.' } as const
const versionArg = {
  description: 'The version it must still have; otherwise STALE_VERSION. Left out: any.',
} as const

builder.mutationField('issueInvoice', (t) =>
  t.field({
    type: payloadRef(type.name),
    nullable: false,
    description:
      'Issues an invoice, 开票: from now on it counts as invoiced. Errors: INVALID_STATE, CONTRACT_NOT_APPROVED, VALIDATION_FAILED. Needs Invoice.update.',
    args: {
      id: t.arg.id(idArg),
      invoiceNo: t.arg.string({ description: 'The number that the tax authority gave it. At most 50 characters.' }),
      issuedOn: t.arg({ type: 'Date', description: 'The day, not in the future; today if left out.' }),
      expectedVersion: t.arg.int(versionArg),
    },
    extensions: { permission: ['Invoice.update'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type, path: ['invoice'] }, (write) => issueInvoice(write, args)),
  }),
)

builder.mutationField('voidInvoice', (t) =>
  t.field({
    type: payloadRef(type.name),
    nullable: false,
    description: 'Makes an issued invoice void. Errors: INVALID_STATE, VALIDATION_FAILED. Needs Invoice.update.',
    args: {
      id: t.arg.id(idArg),
      reason: t.arg.string({ required: true, description: 'Why. At most 2000 characters.' }),
      expectedVersion: t.arg.int(versionArg),
    },
    extensions: { permission: ['Invoice.update'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type, path: ['invoice'] }, (write) => voidInvoice(write, args)),
  }),
)

import type { Context } from '../../context.ts'
import type { Row } from '../../read/finish.ts'
import { recordType } from '../../read/recordType.ts'
import { uuidOf } from '../../read/values.ts'
import { mutateOne, type Outcome, requireViewer } from '../../resolvers/mutation.ts'
import type { Written } from '../../resolvers/records.ts'
import { acceptQuote, declineQuote, voidQuote } from '../../resolvers/revenue/acceptQuote.ts'
import { createQuoteFromOpportunity } from '../../resolvers/revenue/quoteFromOpportunity.ts'
import { reviseQuote } from '../../resolvers/revenue/reviseQuote.ts'
import { sendQuote } from '../../resolvers/revenue/sendQuote.ts'
import { submitQuote } from '../../resolvers/revenue/submitQuote.ts'
import type { WriteContext } from '../../resolvers/write.ts'
import { builder } from '../builder.ts'
import { payloadRef, recordRef } from '../shared/names.ts'
import './quote.ts'

type Ask = Parameters<typeof mutateOne>[0]

/** Runs a verb on one quote. */
function run(
  context: Ask['context'],
  info: Ask['info'],
  work: (write: WriteContext) => Promise<Written>,
): Promise<Outcome> {
  return mutateOne({ context, info, type: recordType('Quote'), path: ['quote'] }, work)
}

const idArg = { required: true, description: 'The quote.' } as const
const versionArg = {
  description: 'The version it must still have; otherwise STALE_VERSION. Left out: any.',
} as const
const OVER = 'QUOTE_SUPERSEDED, QUOTE_ALREADY_ACCEPTED, VOID_NOT_EDITABLE'

builder.objectField(recordRef('Quote'), 'customerUrl', (t) =>
  t.string({
    description:
      'The address at which the customer, without a credential, sees the quote, downloads it as PDF and answers it: the one of the mails. Null until it is sent, and for viewers who may not change quotes. Begins with / where the deployment has no PUBLIC_URL.',
    extensions: { field: 'sentAt', needs: ['id'] },
    resolve: (row: Row, _args, context: Context) => {
      const viewer = requireViewer(context)
      if (!row.sentAt || !viewer.access.may('update', 'Quote')) return null
      return context.services.quoteAddress(viewer.tenantId, uuidOf('Quote', row.id as string) as string)
    },
  }),
)

builder.mutationField('createQuoteFromOpportunity', (t) =>
  t.field({
    type: payloadRef('Quote'),
    nullable: false,
    description:
      'Makes a quote of a deal: its company, main contact, price book, currency and lines, at the prices they have there. Errors: NOT_FOUND, FORBIDDEN for a deal that is not the caller’s to change, VALIDATION_FAILED for one without a company, PRODUCT_INACTIVE, and all of createQuote. Needs Quote.create and Opportunity.update.',
    args: {
      opportunityId: t.arg.id({ required: true, description: 'The deal that it is made of.' }),
      validUntil: t.arg({ type: 'Date', required: true, description: 'The last day on which it can be accepted.' }),
      name: t.arg.string({ description: 'What it is called; as the deal if left out.' }),
      contactId: t.arg.id({ description: 'The person who gets it; the deal’s main contact if left out.' }),
      terms: t.arg.string({ description: 'The conditions of the offer.' }),
      isPrimary: t.arg.boolean({ description: 'Is it the one that counts among the quotes of the deal.' }),
    },
    extensions: { permission: ['Quote.create', 'Opportunity.update'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => createQuoteFromOpportunity(write, args)),
  }),
)

builder.mutationField('reviseQuote', (t) =>
  t.field({
    type: payloadRef('Quote'),
    nullable: false,
    description: `Makes the next revision of a quote: a draft with the same number and lines. The one before becomes VOID. Errors: NOT_FOUND, ${OVER}, WITHDRAW_FIRST, VALIDATION_FAILED for a last day in the past. Needs Quote.create and Quote.update.`,
    args: {
      id: t.arg.id(idArg),
      validUntil: t.arg({ type: 'Date', description: 'The last day of the new revision; as before if left out.' }),
      expectedVersion: t.arg.int(versionArg),
    },
    extensions: { permission: ['Quote.create', 'Quote.update'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => reviseQuote(write, args)),
  }),
)

builder.mutationField('submitQuote', (t) =>
  t.field({
    type: payloadRef('Quote'),
    nullable: false,
    description:
      'Hands a quote in for approval; until it is decided the quote stays as it is. withdrawApproval takes it back. Errors: NOT_FOUND, ALREADY_IN_APPROVAL, INVALID_STATE, VALIDATION_FAILED without lines, NO_APPROVAL_FLOW, NO_APPROVER with the step, REFERENCE_NOT_FOUND. Needs Quote.update and ApprovalInstance.create.',
    args: {
      id: t.arg.id(idArg),
      approverIds: t.arg.idList({
        description: 'Users who are to decide the steps that leave it to the submitter, in their order; at most 50.',
      }),
      comment: t.arg.string({ description: 'What to say to it. At most 2000 characters.' }),
      expectedVersion: t.arg.int(versionArg),
    },
    extensions: { permission: ['Quote.update', 'ApprovalInstance.create'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => submitQuote(write, args)),
  }),
)

builder.mutationField('sendQuote', (t) =>
  t.field({
    type: payloadRef('Quote'),
    nullable: false,
    description: `Sends a quote by mail with a link by which the customer sees, accepts or declines it, or, without addresses, notes that it was sent in another way. Can be done again. Keeps the rate of the day. Errors: NOT_FOUND, QUOTE_EXPIRED, ${OVER}, INVALID_STATE (also for a draft that an approval flow of the company takes), VALIDATION_FAILED, CURRENCY_RATE_MISSING. Needs Quote.update.`,
    args: {
      id: t.arg.id(idArg),
      to: t.arg.stringList({ description: 'E-mail addresses, at most ten; none if left out.' }),
      message: t.arg.string({ description: 'What to say in the mail.' }),
      expectedVersion: t.arg.int(versionArg),
    },
    extensions: { permission: ['Quote.update'] },
    resolve: (_root, { to, ...args }, context, info) => {
      const { tenantId } = requireViewer(context)
      return run(context, info, (write) =>
        sendQuote(write, { ...args, to: to ?? [] }, (quoteId) => context.services.quoteTicket(tenantId, quoteId)),
      )
    },
  }),
)

builder.mutationField('acceptQuote', (t) =>
  t.field({
    type: payloadRef('Quote'),
    nullable: false,
    description: `Notes that the customer takes a quote that was approved or sent. At most one of a deal is accepted. Errors: NOT_FOUND, QUOTE_EXPIRED, ${OVER}, INVALID_STATE, CURRENCY_RATE_MISSING for one that was never sent. Needs Quote.update.`,
    args: {
      id: t.arg.id(idArg),
      signedBy: t.arg.string({ description: 'Who accepted it. At most 255 characters.' }),
      expectedVersion: t.arg.int(versionArg),
    },
    extensions: { permission: ['Quote.update'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => acceptQuote(write, args)),
  }),
)

builder.mutationField('declineQuote', (t) =>
  t.field({
    type: payloadRef('Quote'),
    nullable: false,
    description: `Notes that the customer does not want a quote that was approved or sent. Errors: NOT_FOUND, ${OVER}, INVALID_STATE, VALIDATION_FAILED. Needs Quote.update.`,
    args: {
      id: t.arg.id(idArg),
      reason: t.arg.string({ description: 'Why. At most 2000 characters.' }),
      expectedVersion: t.arg.int(versionArg),
    },
    extensions: { permission: ['Quote.update'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => declineQuote(write, args)),
  }),
)

builder.mutationField('voidQuote', (t) =>
  t.field({
    type: payloadRef('Quote'),
    nullable: false,
    description:
      'Makes a quote void, 作废, for good. An accepted one stays. Errors: NOT_FOUND, QUOTE_ALREADY_ACCEPTED, INVALID_STATE for one in approval, VALIDATION_FAILED. Needs Quote.update.',
    args: {
      id: t.arg.id(idArg),
      reason: t.arg.string({ required: true, description: 'Why. At most 2000 characters.' }),
      expectedVersion: t.arg.int(versionArg),
    },
    extensions: { permission: ['Quote.update'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => voidQuote(write, args)),
  }),
)

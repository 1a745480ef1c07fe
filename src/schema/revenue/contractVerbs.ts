import { recordType } from '../../read/recordType.ts'
import { mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import type { Written } from '../../resolvers/records.ts'
import { terminateContract, voidContract } from '../../resolvers/revenue/endContract.ts'
import { quoteToContract } from '../../resolvers/revenue/quoteToContract.ts'
import { renewContract } from '../../resolvers/revenue/renewContract.ts'
import { submitContract, withdrawContract } from '../../resolvers/revenue/submitContract.ts'
import type { WriteContext } from '../../resolvers/write.ts'
import { builder } from '../builder.ts'
import { payloadRef } from '../shared/names.ts'
import { APPROVERS } from './approvers.ts'

/** Runs a verb on one contract. */
function run(
  context: Parameters<typeof mutateOne>[0]['context'],
  info: Parameters<typeof mutateOne>[0]['info'],
  work: (write: WriteContext) => Promise<Written>,
): Promise<Outcome> {
  return mutateOne({ context, info, type: recordType('Contract'), path: ['contract'] }, work)
}

const idArg = { required: true, description: 'The contract.' } as const
const versionArg = {
  description: 'The version it must still have; otherwise STALE_VERSION. Left out: any.',
} as const

builder.mutationField('submitContract', (t) =>
  t.field({
    type: payloadRef('Contract'),
    nullable: false,
    description:
      'Hands a contract in for approval; once approved it is in force, and its rate of exchange is frozen. Errors: ALREADY_IN_APPROVAL, INVALID_STATE, PLAN_EXCEEDS_CONTRACT, NO_APPROVAL_FLOW, NO_APPROVER. Needs Contract.update and ApprovalInstance.create.',
    args: {
      id: t.arg.id(idArg),
      approverIds: t.arg.idList(APPROVERS.approverIds),
      comment: t.arg.string(APPROVERS.comment),
      expectedVersion: t.arg.int(versionArg),
    },
    extensions: { permission: ['Contract.update', 'ApprovalInstance.create'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => submitContract(write, args)),
  }),
)

builder.mutationField('withdrawContract', (t) =>
  t.field({
    type: payloadRef('Contract'),
    nullable: false,
    description:
      'Takes a contract back from its approval; it may be changed and submitted again. Errors: ALREADY_APPROVED, INVALID_STATE. Needs Contract.update.',
    args: { id: t.arg.id(idArg), comment: t.arg.string({ description: 'Why. At most 2000 characters.' }) },
    extensions: { permission: ['Contract.update'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => withdrawContract(write, args)),
  }),
)

builder.mutationField('voidContract', (t) =>
  t.field({
    type: payloadRef('Contract'),
    nullable: false,
    description:
      'Makes a contract and its plans void, 作废, for good. Errors: INVALID_STATE for one in approval or with receipts or invoices that count, VALIDATION_FAILED. Needs Contract.update.',
    args: {
      id: t.arg.id(idArg),
      reason: t.arg.string({ required: true, description: 'Why. At most 2000 characters.' }),
      expectedVersion: t.arg.int(versionArg),
    },
    extensions: { permission: ['Contract.update'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => voidContract(write, args)),
  }),
)

builder.mutationField('terminateContract', (t) =>
  t.field({
    type: payloadRef('Contract'),
    nullable: false,
    description:
      'Ends a contract before its time, 终止. What was due until then is still to be paid; plans after that day for which nothing was received are void. Errors: INVALID_STATE, VALIDATION_FAILED. Needs Contract.update.',
    args: {
      id: t.arg.id(idArg),
      reason: t.arg.string({ required: true, description: 'Why. At most 2000 characters.' }),
      on: t.arg({
        type: 'Date',
        description: 'The last day on which it holds, not before its first; today if left out.',
      }),
      expectedVersion: t.arg.int(versionArg),
    },
    extensions: { permission: ['Contract.update'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => terminateContract(write, args)),
  }),
)

builder.mutationField('renewContract', (t) =>
  t.field({
    type: payloadRef('Contract'),
    nullable: false,
    description:
      'Makes the draft of the contract that follows on one that is or was in force: the same customer, terms and lines, from the day after its end, as long as it. Once (INVALID_STATE). Answers with the new one. Needs Contract.create and Contract.update.',
    args: { id: t.arg.id({ required: true, description: 'The contract to follow on.' }) },
    extensions: { permission: ['Contract.create', 'Contract.update'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => renewContract(write, args)),
  }),
)

builder.mutationField('quoteToContract', (t) =>
  t.field({
    type: payloadRef('Contract'),
    nullable: false,
    description:
      'Makes a contract of an accepted quote: a draft with its lines and prices, and a line for what delivery costs, so that its amount is the quote’s total. A quote has one contract that is not void. Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE, CONTRACT_DATE_INVALID, and all of createContract. Needs Contract.create, ContractLine.create and Quote.update.',
    args: {
      quoteId: t.arg.id({ required: true, description: 'The quote.' }),
      startDate: t.arg({ type: 'Date', required: true, description: 'The first day on which it holds.' }),
      endDate: t.arg({ type: 'Date', required: true, description: 'The last day on which it holds.' }),
      name: t.arg.string({ description: 'What it is called; as the quote if left out.' }),
      paymentTerms: t.arg.string({ description: 'When and how it is to be paid.' }),
    },
    extensions: { permission: ['Contract.create', 'ContractLine.create', 'Quote.update'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => quoteToContract(write, args)),
  }),
)

import { recordType } from '../../read/recordType.ts'
import type { Ask } from '../../resolvers/approval/act.ts'
import { approve, reject, returnApproval } from '../../resolvers/approval/decide.ts'
import { addSigner, transferApproval } from '../../resolvers/approval/signers.ts'
import { submitRecord, withdrawApproval } from '../../resolvers/approval/submitRecord.ts'
import { mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import type { Written } from '../../resolvers/records.ts'
import type { WriteContext } from '../../resolvers/write.ts'
import { builder } from '../builder.ts'
import { recordRef } from '../shared/names.ts'
import { UserError } from '../shared/types.ts'

const Payload = builder.objectRef<Outcome>('ApprovalInstancePayload').implement({
  description: 'What a mutation of an approval did.',
  fields: (t) => ({
    approvalInstance: t.field({
      type: recordRef('ApprovalInstance'),
      description: 'The approval as it now is; null with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

/** Runs a verb on one approval. */
function run(
  context: Parameters<typeof mutateOne>[0]['context'],
  info: Parameters<typeof mutateOne>[0]['info'],
  work: (write: WriteContext) => Promise<Written>,
): Promise<Outcome> {
  return mutateOne({ context, info, type: recordType('ApprovalInstance'), path: ['approvalInstance'] }, work)
}

const idArg = { required: true, description: 'The approval, or the caller’s task of it.' } as const
const said = { description: 'What to say to it; stands in the log. At most 2000 characters.' } as const
const ERRORS =
  'Errors: NOT_FOUND, NOT_CURRENT_APPROVER when it is not the caller’s turn, INVALID_STATE for what is decided or withdrawn, also by another approver of a step that asks for one only, SELF_APPROVAL_FORBIDDEN for the submitter where the step does not allow it'
const RIGHT = 'FORBIDDEN for keys without a user. Needs ApprovalTask.update.'

builder.mutationField('submitForApproval', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Submits a record for approval: from now on it stays as it is, but for the fields that a step leaves open. Errors: NOT_FOUND, FORBIDDEN for what the caller may not change, ALREADY_IN_APPROVAL, NO_APPROVAL_FLOW, NO_APPROVER with the step, VALIDATION_FAILED for a record of a type that cannot be approved, REFERENCE_NOT_FOUND for a named approver. FORBIDDEN for keys without a user. Needs ApprovalInstance.create and the right to change the record.',
    args: {
      recordId: t.arg.id({ required: true, description: 'The record: an opportunity.' }),
      approverIds: t.arg.idList({
        description: 'Users who are to decide the steps that leave it to the submitter, in their order; at most 50.',
      }),
      comment: t.arg.string(said),
    },
    extensions: { permission: ['ApprovalInstance.create'] },
    resolve: (_root, { recordId, approverIds, comment }, context, info) =>
      run(context, info, (write) =>
        submitRecord(write, {
          recordId: String(recordId),
          approverIds: approverIds?.map(String) ?? null,
          comment: comment ?? null,
        }),
      ),
  }),
)

builder.mutationField('withdrawApproval', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Takes back what the caller submitted; an administrator cancels what others did. Errors: NOT_FOUND, FORBIDDEN for others, ALREADY_APPROVED, INVALID_STATE for what is over otherwise. Needs ApprovalInstance.create.',
    args: { id: t.arg.id({ required: true, description: 'The approval.' }), comment: t.arg.string(said) },
    extensions: { permission: ['ApprovalInstance.create'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => withdrawApproval(write, args)),
  }),
)

for (const [name, work, description] of [
  [
    'approve',
    approve,
    `Approves for the caller; behind the last step the record is approved. ${ERRORS}, NO_APPROVER when nobody is found for the step that follows. ${RIGHT}`,
  ],
  [
    'reject',
    reject,
    `Rejects for all: the record may be changed and submitted again. ${ERRORS}, COMMENT_REQUIRED where the step asks for a comment. ${RIGHT}`,
  ],
] as const) {
  builder.mutationField(name, (t) =>
    t.field({
      type: Payload,
      nullable: false,
      description,
      args: { id: t.arg.id(idArg), comment: t.arg.string(said) },
      extensions: { permission: ['ApprovalTask.update'] },
      resolve: (_root, args, context, info) => run(context, info, (write) => work(write, args as Ask)),
    }),
  )
}

builder.mutationField('returnApproval', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description: `Gives an approval back: to the submitter, who may change the record and submit it again (it is WITHDRAWN then), or to an earlier step, which begins anew with those behind it. ${ERRORS}, COMMENT_REQUIRED where the step asks for a comment, VALIDATION_FAILED for a step that is not an earlier one, NO_APPROVER. ${RIGHT}`,
    args: {
      id: t.arg.id(idArg),
      toStep: t.arg.int({ description: 'The step, from 1; the submitter if left out.' }),
      comment: t.arg.string(said),
    },
    extensions: { permission: ['ApprovalTask.update'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => returnApproval(write, args)),
  }),
)

for (const [name, work, description] of [
  [
    'addSigner',
    addSigner,
    'Asks a further approver, 加签, at once: the step is not done without them, whatever its mode.',
  ],
  ['transferApproval', transferApproval, 'Gives the caller’s decision to another user, 转审.'],
] as const) {
  builder.mutationField(name, (t) =>
    t.field({
      type: Payload,
      nullable: false,
      description: `${description} While the user is out of office their delegate is asked. ${ERRORS} or is named, USER_INACTIVE, VALIDATION_FAILED for a user who is asked already, or who could not see or decide it. ${RIGHT}`,
      args: {
        id: t.arg.id(idArg),
        toUserId: t.arg.id({ required: true, description: 'The user who is to decide.' }),
        comment: t.arg.string(said),
      },
      extensions: { permission: ['ApprovalTask.update'] },
      resolve: (_root, args, context, info) =>
        run(context, info, (write) => work(write, { ...args, toUserId: String(args.toUserId) })),
    }),
  )
}

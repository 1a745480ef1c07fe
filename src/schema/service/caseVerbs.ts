import { fieldOf, recordType } from '../../read/recordType.ts'
import { mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import type { Written } from '../../resolvers/records.ts'
import { archiveCase } from '../../resolvers/service/archiveCase.ts'
import { assignCase, takeCase } from '../../resolvers/service/assign.ts'
import { changeCaseStatus, closeCase, reopenCase, resolveCase } from '../../resolvers/service/changeCaseStatus.ts'
import { escalateCase } from '../../resolvers/service/escalateCase.ts'
import { mergeCases } from '../../resolvers/service/mergeCases.ts'
import type { CaseStatus } from '../../resolvers/service/states.ts'
import type { WriteContext } from '../../resolvers/write.ts'
import { builder } from '../builder.ts'
import { scalarOf } from '../shared/kinds.ts'
import { type Any, payloadRef } from '../shared/names.ts'
import './case.ts'

type Ask = Parameters<typeof mutateOne>[0]

const run = (
  context: Ask['context'],
  info: Ask['info'],
  work: (write: WriteContext) => Promise<Written>,
): Promise<Outcome> => mutateOne({ context, info, type: recordType('Case'), path: ['case'] }, work)

const id = (t: Any) => t.arg.id({ required: true, description: 'The case that it is about.' })
const expectedVersion = (t: Any) =>
  t.arg.int({ description: 'The version it must still have; otherwise STALE_VERSION. Left out: any.' })
const reason = (t: Any) => t.arg.string({ required: true, description: 'Why. At most 2000 characters.' })
const ending = (t: Any) => ({
  id: id(t),
  rootCause: t.arg.string({ description: 'What it came of; as it stands if left out.' }),
  resolution: t.arg.string({ description: 'What was done; as it stands if left out.' }),
  expectedVersion: expectedVersion(t),
})

builder.mutationField('assignCase', (t) =>
  t.field({
    type: payloadRef('Case'),
    nullable: false,
    description:
      'Gives an open case to a user, or puts it into a queue, which gives it to a member or lets it wait, 派单. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE, USER_INACTIVE, VALIDATION_FAILED. Needs Case.update and Case.transfer.',
    args: {
      id: id(t),
      toUserId: t.arg.id({ description: 'The user; or queueId, not both.' }),
      queueId: t.arg.id({ description: 'The queue; or toUserId, not both.' }),
      expectedVersion: expectedVersion(t),
    },
    extensions: { permission: ['Case.update', 'Case.transfer'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => assignCase(write, args as Any)),
  }),
)

builder.mutationField('takeCase', (t) =>
  t.field({
    type: payloadRef('Case'),
    nullable: false,
    description:
      'Lets a member of its queue take a case that nobody has, 领取. Of two at once the second gets ALREADY_CLAIMED. Errors: NOT_FOUND, FORBIDDEN for who is no member, INVALID_STATE. Needs Case.update.',
    args: { id: id(t) },
    extensions: { permission: ['Case.update'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => takeCase(write, args as Any)),
  }),
)

builder.mutationField('changeCaseStatus', (t) =>
  t.field({
    type: payloadRef('Case'),
    nullable: false,
    description:
      'Says that a case is worked on, or whom it waits for: IN_PROGRESS, WAITING_CUSTOMER, WAITING_INTERNAL. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE. Needs Case.update.',
    args: {
      id: id(t),
      status: t.arg({
        type: scalarOf(fieldOf(recordType('Case'), 'status')),
        required: true,
        description: 'The status.',
      }) as never,
      expectedVersion: expectedVersion(t),
    },
    extensions: { permission: ['Case.update'] },
    resolve: (_root, args, context, info) =>
      run(context, info, (write) => changeCaseStatus(write, args as unknown as { id: string; status: CaseStatus })),
  }),
)

builder.mutationField('escalateCase', (t) =>
  t.field({
    type: payloadRef('Case'),
    nullable: false,
    description:
      'Brings an open case to the attention of somebody above, 升级: of the user who is named, else of the head of the owner’s department, who is told of a complaint in any case. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE, USER_INACTIVE, VALIDATION_FAILED. Needs Case.update.',
    args: {
      id: id(t),
      reason: reason(t),
      toUserId: t.arg.id({ description: 'The user; the head of the owner’s department if left out.' }),
      expectedVersion: expectedVersion(t),
    },
    extensions: { permission: ['Case.update'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => escalateCase(write, args as Any)),
  }),
)

builder.mutationField('resolveCase', (t) =>
  t.field({
    type: payloadRef('Case'),
    nullable: false,
    description:
      'Says that what the customer asked for is done. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE, FIELD_FORBIDDEN, VALIDATION_FAILED. Needs Case.update.',
    args: ending(t),
    extensions: { permission: ['Case.update'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => resolveCase(write, args as Any)),
  }),
)

builder.mutationField('closeCase', (t) =>
  t.field({
    type: payloadRef('Case'),
    nullable: false,
    description:
      'Ends a case. A complaint needs rootCause and resolution: CLOSE_REQUIREMENTS_MISSING with fields. Other errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE, FIELD_FORBIDDEN, VALIDATION_FAILED. Needs Case.update.',
    args: ending(t),
    extensions: { permission: ['Case.update'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => closeCase(write, args as Any)),
  }),
)

builder.mutationField('reopenCase', (t) =>
  t.field({
    type: payloadRef('Case'),
    nullable: false,
    description:
      'Opens a case again that was resolved or closed. Its time to an end begins anew, that to a first answer does not; the reason stands among its comments. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE, VALIDATION_FAILED. Needs Case.reopen.',
    args: { id: id(t), reason: reason(t), expectedVersion: expectedVersion(t) },
    extensions: { permission: ['Case.reopen'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => reopenCase(write, args as Any)),
  }),
)

builder.mutationField('archiveCase', (t) =>
  t.field({
    type: payloadRef('Case'),
    nullable: false,
    description:
      'Puts a case away for good, 归档: what is done with feedback instead of deleting it. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, VALIDATION_FAILED. Needs Case.update.',
    args: { id: id(t), reason: reason(t), expectedVersion: expectedVersion(t) },
    extensions: { permission: ['Case.update'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => archiveCase(write, args as Any)),
  }),
)

builder.mutationField('mergeCases', (t) =>
  t.field({
    type: payloadRef('Case'),
    nullable: false,
    description:
      'Makes open cases duplicates of another, which gets their comments and files, 合并工单: all or nothing. Answers with the one that stays. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, MERGE_NEEDS_TWO, INVALID_STATE. Needs Case.update.',
    args: {
      id: t.arg.id({ required: true, description: 'The case that stays.' }),
      duplicateIds: t.arg.idList({ required: true, description: 'The others, each once; at most 50.' }),
      expectedVersion: expectedVersion(t),
    },
    extensions: { permission: ['Case.update'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => mergeCases(write, args as Any)),
  }),
)

builder.mutationField('markDuplicate', (t) =>
  t.field({
    type: payloadRef('Case'),
    nullable: false,
    description:
      'Makes an open case a duplicate of another, which gets its comments and files. Answers with the other. Errors: NOT_FOUND, FORBIDDEN, MERGE_NEEDS_TWO, INVALID_STATE. Needs Case.update.',
    args: {
      id: id(t),
      duplicateOfId: t.arg.id({ required: true, description: 'The case that stays.' }),
    },
    extensions: { permission: ['Case.update'] },
    resolve: (_root, args, context, info) =>
      run(context, info, (write) =>
        mergeCases(write, { id: args.duplicateOfId as string, duplicateIds: [args.id as string] }),
      ),
  }),
)

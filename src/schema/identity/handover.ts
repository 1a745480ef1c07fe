import type { Context } from '../../context.ts'
import { decodeId } from '../../ids.ts'
import { PAGE } from '../../read/emit.ts'
import type { Row } from '../../read/finish.ts'
import { findRecordType, recordType, type Shape } from '../../read/recordType.ts'
import { idOf } from '../../read/values.ts'
import { cancelHandover, startHandover } from '../../resolvers/identity/handover.ts'
import {
  countsOf,
  type HandoverCounts,
  type HandoverItem,
  type ItemPage,
  type ItemStatus,
  itemsOf,
} from '../../resolvers/identity/handoverReport.ts'
import { mutateOne, type Outcome, requireViewer } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { record } from '../record.ts'
import { boolean, choice, datetime, int, objects, one, text, texts } from '../shared/fields.ts'
import { recordRef } from '../shared/names.ts'
import { Node, PageInfo, UserError } from '../shared/types.ts'

const kept = { write: 'never' } as const
const COUNTS =
  'By name of the type: { "Account": { "total": 12, "pending": 0, "moved": 11, "skipped": 1, "failed": 0 } }; total is the sum of the others.'

const HandoverRule: Shape = {
  name: 'HandoverRule',
  description: 'Who gets the records of a type.',
  members: {
    object: { kind: 'text', description: 'Name of the type: Account.', required: true },
    toUserId: { kind: 'text', description: 'Id of the user who gets them.', required: true },
  },
}

const type = record('HandoverJob', {
  plural: 'handoverJobs',
  prefix: 'hand',
  description:
    'A hand-over of what a user owns to others, 工作交接: started by startHandover or offboardUser, worked off in the background, reported record by record in items. Nothing of a record changes but its owner.',
  settings: true,
  fields: {
    rules: objects('Who gets the records of some types instead; null without rules.', HandoverRule, kept),
    objects: texts('The types that were asked for; empty for all.', kept),
    includeClosed: boolean(
      'Do closed records go too: won, lost and invalid opportunities, converted leads, tasks and activities that are done or called off.',
      kept,
    ),
    keepAccessDays: int('How many days the old owner goes on seeing each record that went.', {
      ...kept,
      range: { min: 0, max: 365 },
    }),
    reason: text('Why it is done, as its starter put it.', { ...kept, max: 2000 }),
    status: choice(
      'Where it stands.',
      'HandoverStatus',
      {
        QUEUED: 'Nothing has been moved yet.',
        RUNNING: 'Under way.',
        COMPLETED: 'Done; what was skipped belonged to somebody else by then, or was gone.',
        COMPLETED_WITH_ERRORS: 'Done; some records could not be moved.',
        FAILED: 'Done; not one record could be moved.',
        CANCELLED: 'Stopped; what was moved by then stays moved.',
      },
      kept,
    ),
    startedAt: datetime('When the first records were moved.', kept),
    completedAt: datetime('When it was over.', kept),
  },
  relations: {
    fromUser: one('User', 'fromUserId', 'Whose records go.', kept),
    toUser: one('User', 'toUserId', 'Who gets what no rule gives to another.', kept),
  },
  operations: [],
})

const uuidOfRow = (row: Row): string => decodeId(row.id as string)?.uuid as string

const StatusEnum = builder.enumType('HandoverItemStatus', {
  description: 'What became of a record of a hand-over.',
  values: {
    PENDING: { description: 'It waits for its turn.' },
    MOVED: { description: 'It belongs to the receiver.' },
    SKIPPED: { description: 'There was nothing to move any more; code says why.' },
    FAILED: { description: 'It could not be moved and is where it was; code says why.' },
  } satisfies Record<ItemStatus, { description: string }>,
})

const Item = builder.objectRef<HandoverItem>('HandoverItem').implement({
  description: 'A record of a hand-over and what became of it.',
  fields: (t) => ({
    object: t.exposeString('object', { nullable: false, description: 'Name of its type: Account.' }),
    recordId: t.id({
      description: 'Its id, also of one that lies in the recycle bin or is gone.',
      resolve: ({ object, recordId }) => (findRecordType(object) ? idOf(object, recordId) : null),
    }),
    record: t.field({
      type: Node,
      description: 'The record itself; null when the viewer may not see it, or it lies in the recycle bin or is gone.',
      resolve: async ({ object, recordId }, _args, context: Context, info) => {
        const found = findRecordType(object)
        if (!found) return null
        const row = await context.loaders.load(context, requireViewer(context), info, found, recordId)
        return row as { id: string } | null
      },
    }),
    toUser: t.field({
      type: recordRef('User'),
      description: 'Who gets it. Needs User.read.',
      resolve: ({ toUserId }, _args, context: Context, info) =>
        context.loaders.load(context, requireViewer(context), info, recordType('User'), toUserId),
    }),
    status: t.field({
      type: StatusEnum,
      nullable: false,
      description: 'What became of it.',
      resolve: ({ status }) => status,
    }),
    code: t.exposeString('code', {
      description:
        'Why it was not moved: ALREADY_TRANSFERRED, ALREADY_DECIDED, NOT_FOUND, CANCELLED for skipped ones; USER_INACTIVE, SELF_APPROVAL_FORBIDDEN, WRITE_REFUSED, OBJECT_UNKNOWN for failed ones.',
    }),
    message: t.exposeString('message', { description: 'The same for people, of failed ones.' }),
  }),
})

const ItemEdge = builder.objectRef<ItemPage['edges'][number]>('HandoverItemEdge').implement({
  description: 'A record of a hand-over in a page.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      nullable: false,
      description: 'Its place in the list, for after and before. Opaque; belongs to this list with this status.',
    }),
    node: t.field({
      type: Item,
      description: 'The record of the hand-over in this place.',
      resolve: ({ node }) => node,
    }),
  }),
})

const ItemConnection = builder.objectRef<ItemPage>('HandoverItemConnection').implement({
  description: 'A page of the records of a hand-over.',
  fields: (t) => ({
    edges: t.field({
      type: [ItemEdge],
      nullable: { list: false, items: false },
      description: 'The records with their cursors.',
      resolve: (page) => page.edges,
    }),
    nodes: t.field({
      type: [Item],
      nullable: { list: false, items: false },
      description: 'The records.',
      resolve: (page) => page.nodes,
    }),
    pageInfo: t.field({
      type: PageInfo,
      nullable: false,
      description: 'Where the page stands in the list.',
      // The class behind PageInfo seals its cursors late; these are sealed already.
      resolve: (page) => page.pageInfo as never,
    }),
  }),
})

builder.objectField(recordRef('HandoverJob'), 'counts', (t) =>
  t.field({
    type: 'JSON',
    description: `What has become of its records so far. ${COUNTS}`,
    extensions: { needs: ['id'], cost: 5 },
    resolve: (row: Row, _args, context: Context) => countsOf(context, requireViewer(context), uuidOfRow(row)),
  }),
)

builder.objectField(recordRef('HandoverJob'), 'items', (t) =>
  t.field({
    type: ItemConnection,
    description:
      'Its report: each record with what became of it, in the order in which they are moved. Fixed when it is started, so the pages together are the whole.',
    args: {
      first: t.arg.int({
        description: `Page size from the front, at most ${PAGE.max}; ${PAGE.default} if neither first nor last is given. More is PAGE_SIZE_EXCEEDED.`,
      }),
      after: t.arg.string({ description: 'Begin behind this cursor, of the same status.' }),
      last: t.arg.int({ description: `Page size from the back, at most ${PAGE.max}. Not together with first.` }),
      before: t.arg.string({ description: 'End in front of this cursor, of the same status.' }),
      status: t.arg({ type: StatusEnum, description: 'Only records of which this became.' }),
    },
    extensions: { needs: ['id'], connection: true, defaultSize: PAGE.default },
    resolve: (row: Row, args, context: Context) => itemsOf(context, requireViewer(context), uuidOfRow(row), args),
  }),
)

/** Who gets the records of one type; also of offboardUser. */
export const ReceiverInput = builder.inputType('HandoverReceiverInput', {
  description: 'Who gets the records of a type.',
  fields: (t) => ({
    object: t.string({
      required: true,
      description: 'Name of the type, one whose records have an owner, or PermissionRequest: Account.',
    }),
    toUserId: t.id({ required: true, description: 'The active user who gets them.' }),
  }),
})

/** The words for the fields that every plan has. */
export const PLAN = {
  toUserId: 'The active user who gets what no rule gives to another.',
  rules: 'Who gets the records of some types instead, each type once.',
  includeClosed:
    'Do closed records go too: won, lost and invalid opportunities, converted leads, tasks and activities that are done or called off; true if left out.',
  keepAccessDays:
    'How many days the old owner goes on seeing each record that went, by a share, 0 to 365; 0 if left out.',
  reason: 'Why it is done; stands in the hand-over. At most 2000 characters.',
}

const StartInput = builder.inputType('StartHandoverInput', {
  description: 'What is to go from whom to whom.',
  fields: (t) => ({
    fromUserId: t.id({ required: true, description: 'The user whose records go, of whatever status.' }),
    toUserId: t.id({ required: true, description: PLAN.toUserId }),
    rules: t.field({ type: [ReceiverInput], description: PLAN.rules }),
    objects: t.stringList({
      description:
        'Names of the types to hand over, Account; all whose records have an owner, and requests that wait for the user’s approval, if left out or empty.',
    }),
    includeClosed: t.boolean({ description: PLAN.includeClosed }),
    keepAccessDays: t.int({ description: PLAN.keepAccessDays }),
    reason: t.string({ description: PLAN.reason }),
    dryRun: t.boolean({
      description: 'true: everything is checked and counted, and nothing written; false if left out.',
    }),
  }),
})

type Started = Outcome & { counts: HandoverCounts | null }

const StartPayload = builder.objectRef<Started>('StartHandoverPayload').implement({
  description: 'What startHandover did.',
  fields: (t) => ({
    handover: t.field({
      type: recordRef('HandoverJob'),
      description: 'The hand-over as it begins; null for a dry run and with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    counts: t.field({
      type: 'JSON',
      description: `The records that go. ${COUNTS} Null with a user error.`,
      // An answer that is given again for an idempotency key counts what has become of them by now.
      resolve: ({ counts, id, userErrors }, _args, context: Context) =>
        counts === null && id && userErrors.length === 0
          ? countsOf(context, requireViewer(context), decodeId(id)?.uuid as string)
          : counts,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

const CancelPayload = builder.objectRef<Outcome>('CancelHandoverPayload').implement({
  description: 'What cancelHandover did.',
  fields: (t) => ({
    handover: t.field({
      type: recordRef('HandoverJob'),
      description: 'The hand-over as it now is; null with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

builder.mutationField('startHandover', (t) =>
  t.field({
    type: StartPayload,
    nullable: false,
    description:
      'Gives all that a user owns, live or in the recycle bin, open or closed, to others, and the requests that wait for their approval: which records is fixed at once, they are moved in the background. Stage, status, custom values, parts and links stay as they are. Errors: NOT_FOUND, VALIDATION_FAILED for the same user, USER_INACTIVE for a receiver, FORBIDDEN for records that the caller may not write, OWNER_QUOTA_EXCEEDED; then nothing moves. Needs User.update, and transfer on each type.',
    args: { input: t.arg({ type: StartInput, required: true, description: 'What goes from whom to whom.' }) },
    extensions: { permission: ['User.update'] },
    resolve: async (_root, { input }, context, info): Promise<Started> => {
      let counts: HandoverCounts | null = null
      const outcome = await mutateOne({ context, info, type, path: ['handover'] }, async (write) => {
        const started = await startHandover(write, input)
        counts = started.counts
        return started.written
      })
      return { ...outcome, counts: outcome.userErrors.length === 0 ? counts : null }
    },
  }),
)

builder.mutationField('cancelHandover', (t) =>
  t.field({
    type: CancelPayload,
    nullable: false,
    description:
      'Stops a hand-over: what was moved stays moved, the rest is skipped. Errors: NOT_FOUND, INVALID_STATE for one that is over. Needs User.update.',
    args: { id: t.arg.id({ required: true, description: 'The hand-over.' }) },
    extensions: { permission: ['User.update'] },
    resolve: (_root, { id }, context, info) =>
      mutateOne({ context, info, type, path: ['handover'] }, (write) => cancelHandover(write, id)),
  }),
)

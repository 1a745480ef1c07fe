import type { Context } from '../../context.ts'
import type { Row } from '../../read/finish.ts'
import { findRecordType, recordType, type Shape } from '../../read/recordType.ts'
import { uuidOf } from '../../read/values.ts'
import {
  type MergeInput,
  type MergeReport,
  mergeRecords,
  UNDO_DAYS,
} from '../../resolvers/customers/merge/mergeRecords.ts'
import { type UndoReport, undoMerge } from '../../resolvers/customers/merge/undoMerge.ts'
import { mutateOne, type Outcome, requireViewer } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { record } from '../record.ts'
import { datetime, objects, one, text, texts } from '../shared/fields.ts'
import { shapeType } from '../shared/kinds.ts'
import { camel, pascal, recordRef } from '../shared/names.ts'
import { Node, RecordVersionInput, UserError } from '../shared/types.ts'

const kept = { write: 'never' } as const

const MergeChoice: Shape = {
  name: 'MergeFieldSource',
  description: 'Whose value a field of the merged record got.',
  members: {
    field: { kind: 'text', description: 'Name of the field: phone.', required: true },
    id: { kind: 'text', description: 'Id of the record whose value it is.', required: true },
  },
}

const MergeMoved: Shape = {
  name: 'MergeMoved',
  description: 'Records that came to the survivor with a merge.',
  members: {
    type: { kind: 'text', description: 'Name of their type: Opportunity.', required: true },
    field: { kind: 'text', description: 'The field by which they hang on it: accountId.', required: true },
    count: {
      kind: 'int',
      description: 'How many, live or in the recycle bin, of those that whoever merged could see.',
      required: true,
    },
  },
}

const MergeDropped: Shape = {
  name: 'MergeDropped',
  description: 'Records that went to the recycle bin with a merge, because the survivor had the like: the same tag.',
  members: {
    type: { kind: 'text', description: 'Name of their type: TagLink.', required: true },
    count: { kind: 'int', description: 'How many of them.', required: true },
  },
}

const type = record('MergeRecord', {
  plural: 'mergeRecords',
  prefix: 'merg',
  description:
    'A merge, 合并: which records became one, and until when undoMerge takes that back. Belongs to whoever merged.',
  fields: {
    object: text('Name of the type of the records: Account.', kept),
    survivorId: text('Id of the record that they became.', kept),
    mergedIds: texts('Ids of the others, which lead to the survivor now.', kept),
    fieldSource: objects('The choices of values that were made.', MergeChoice, kept),
    moved: objects('What came to the survivor.', MergeMoved, kept),
    dropped: objects('What the survivor had already.', MergeDropped, kept),
    undoableUntil: datetime(`When it becomes final, ${UNDO_DAYS} days after it was done.`, kept),
    undoneAt: datetime('When it was undone; null when it holds.', kept),
  },
  relations: {
    undoneBy: one('User', 'undoneById', 'Who undid it.', kept),
  },
  owners: ['createdById'],
  operations: [],
})

/** A record of whatever type by the id that clients know. */
function load(context: Context, info: Parameters<Context['loaders']['load']>[2], object: string, id: string) {
  const found = findRecordType(object)
  const uuid = found && uuidOf(found.name, id)
  return found && uuid
    ? (context.loaders.load(context, requireViewer(context), info, found, uuid) as Promise<{ id: string } | null>)
    : null
}

builder.objectField(recordRef('MergeRecord'), 'survivor', (t) =>
  t.field({
    type: Node,
    description: 'The record that they became; null when the viewer may not see it or it lies in the recycle bin.',
    extensions: { needs: ['object', 'survivorId'] },
    resolve: (row: Row, _args, context: Context, info) =>
      load(context, info, row.object as string, row.survivorId as string),
  }),
)

const Choice = builder.inputType('MergeChoiceInput', {
  description: 'Whose value a field gets.',
  fields: (t) => ({
    field: t.string({
      required: true,
      description: 'Name of the field: phone. One that the caller may not write is FIELD_FORBIDDEN.',
    }),
    id: t.id({ required: true, description: 'The record whose value it gets, one of ids.' }),
  }),
})

const Input = builder.inputType('MergeInput', {
  description: 'What becomes one, and how.',
  fields: (t) => ({
    ids: t.idList({
      required: true,
      description: 'Two to ten records of the type; the first is the survivor unless survivorId names another.',
    }),
    survivorId: t.id({ description: 'The one of ids that the others are merged into; the first if left out.' }),
    fieldSource: t.field({
      type: [Choice],
      description:
        'Whose values count. A field that is left out keeps the survivor’s value or, where that is empty, gets that of the first other that has one; lists (domains, e-mails, phones, profiles) are united; doNotContact, doNotEmail and doNotCall hold when one of the records has them.',
    }),
    expectedVersions: t.field({
      type: [RecordVersionInput],
      description: 'The versions that records of ids must still have; otherwise STALE_VERSION. Left out: any.',
    }),
    dryRun: t.boolean({
      description:
        'true: everything is checked and answered as if it were done, and nothing written; false if left out.',
    }),
  }),
})

type Merged = Outcome & { more?: MergeReport; dryRun: boolean }

for (const name of ['Account', 'Contact', 'Lead']) {
  const verb = `merge${name}s`
  const single = camel(name)
  const Payload = builder.objectRef<Merged>(`${pascal(verb)}Payload`).implement({
    description: `What ${verb} did.`,
    fields: (t) => ({
      [single]: t.field({
        type: recordRef(name),
        description: `The ${single} that they became, of a dry run as it would be; null with a user error.`,
        resolve: (outcome: Merged) => outcome.record,
      }),
      mergedIds: t.idList({
        nullable: { list: true, items: false },
        description: `Ids of the others, which lead to this ${single} from now on. Null with a user error.`,
        resolve: ({ more }) => more?.mergedIds ?? null,
      }),
      moved: t.field({
        type: [shapeType(MergeMoved).output],
        nullable: { list: true, items: false },
        description: 'What comes with them. Null with a user error.',
        resolve: ({ more }) => more?.moved ?? null,
      }),
      dropped: t.field({
        type: [shapeType(MergeDropped).output],
        nullable: { list: true, items: false },
        description: `What goes to the recycle bin because the ${single} has the like. Null with a user error.`,
        resolve: ({ more }) => more?.dropped ?? null,
      }),
      dryRun: t.exposeBoolean('dryRun', { nullable: false, description: 'Was nothing written because of dryRun.' }),
      merge: t.field({
        type: recordRef('MergeRecord'),
        description:
          'The merge, whose id undoMerge takes; null for a dry run and with a user error. Needs MergeRecord.read.',
        resolve: ({ more, dryRun }, _args, context: Context, info) =>
          more && !dryRun ? context.loaders.load(context, requireViewer(context), info, type, more.mergeId) : null,
      }),
      userErrors: t.expose('userErrors', {
        type: [UserError],
        nullable: { list: false, items: false },
        description: 'All that is wrong with the input; empty when it was done.',
      }),
    }),
  })
  builder.mutationField(verb, (t) =>
    t.field({
      type: Payload,
      nullable: false,
      description: `Makes one ${single} of two to ten: all that hangs on the others comes to the survivor, they go to the recycle bin, and their ids lead to it. Can be undone by undoMerge for ${UNDO_DAYS} days. Errors: MERGE_NEEDS_TWO, VALIDATION_FAILED, NOT_FOUND, FORBIDDEN for one that the caller may not write, STALE_VERSION, FIELD_FORBIDDEN, CURRENCY_MISMATCH, HIERARCHY_CYCLE, OWNER_QUOTA_EXCEEDED, APPROVAL_PENDING${name === 'Lead' ? ', INVALID_STATE for converted leads' : ''}. Needs ${name}.merge and ${name}.update.`,
      args: { input: t.arg({ type: Input, required: true, description: 'What becomes one, and how.' }) },
      extensions: { permission: [`${name}.merge`, `${name}.update`] },
      resolve: async (_root, { input }, context, info): Promise<Merged> => {
        const dryRun = input.dryRun ?? false
        const outcome = await mutateOne({ context, info, type: recordType(name), path: [single], dryRun }, (write) =>
          mergeRecords(write, recordType(name), input as MergeInput),
        )
        return { ...outcome, more: outcome.more as MergeReport | undefined, dryRun }
      },
    }),
  )
}

type Undone = Outcome & { more?: UndoReport }

const UndoPayload = builder.objectRef<Undone>('UndoMergePayload').implement({
  description: 'What undoMerge did.',
  fields: (t) => ({
    merge: t.field({
      type: recordRef('MergeRecord'),
      description: 'The merge as it now is; null with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    survivor: t.field({
      type: Node,
      description: 'The record that the others had been merged into, as it now is; null with a user error.',
      resolve: ({ more }, _args, context: Context, info) =>
        more ? load(context, info, more.object, more.survivorId) : null,
    }),
    restoredIds: t.idList({
      nullable: { list: true, items: false },
      description: 'Ids of the records that are back. Null with a user error.',
      resolve: ({ more }) => more?.restoredIds ?? null,
    }),
    keptFields: t.stringList({
      nullable: { list: true, items: false },
      description:
        'With force: names of the survivor’s fields that keep what was written after the merge. Null with a user error.',
      resolve: ({ more }) => more?.keptFields ?? null,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong; empty when it was done.',
    }),
  }),
})

builder.mutationField('undoMerge', (t) =>
  t.field({
    type: UndoPayload,
    nullable: false,
    description: `Takes a merge back, up to ${UNDO_DAYS} days after it: the merged records come back with all that hung on them, and the survivor is what it was. What was made or moved on since stays. Errors: NOT_FOUND, INVALID_STATE (undone already, too old, a later merge of the same record, survivor in the recycle bin), STALE_VERSION with the fields of the survivor that were written since, UNIQUE_VIOLATION, OWNER_QUOTA_EXCEEDED. Needs MergeRecord.read, and merge and update on the type of the records.`,
    args: {
      id: t.arg.id({ required: true, description: 'The merge.' }),
      force: t.arg.boolean({
        description:
          'true: fields of the survivor that were written after the merge keep what they hold, instead of STALE_VERSION.',
      }),
    },
    extensions: { permission: ['MergeRecord.read'] },
    resolve: async (_root, args, context, info): Promise<Undone> => {
      const outcome = await mutateOne({ context, info, type, path: ['merge'] }, (write) => undoMerge(write, args))
      return { ...outcome, more: outcome.more as UndoReport | undefined }
    },
  }),
)

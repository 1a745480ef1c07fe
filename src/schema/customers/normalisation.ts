import type { Context } from '../../context.ts'
import { requestError, type UserErrorInfo, UserErrors } from '../../errors.ts'
import { callerOf } from '../../read/read.ts'
import { type RecordType, recordType } from '../../read/recordType.ts'
import { idOf } from '../../read/values.ts'
import {
  type FieldChange,
  NORMALISED,
  orderNormalisation,
  previewChanges,
  type RecordChange,
  type RuleInput,
  readRules,
} from '../../resolvers/customers/normalisation.ts'
import { OPERATIONS, type Operation } from '../../resolvers/customers/normaliseText.ts'
import { mutateOne, type Outcome, requireViewer } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { recordRef } from '../shared/names.ts'
import { Node, UserError } from '../shared/types.ts'
import '../platform/job.ts'

const OperationEnum = builder.enumType('NormalisationOperation', {
  description: 'What can be done with a text to tidy it up.',
  values: Object.fromEntries(
    Object.entries(OPERATIONS).map(([name, description]) => [name, { description }]),
  ) as Record<Operation, { description: string }>,
})

const MappingInput = builder.inputType('NormalisationMappingInput', {
  description: 'Spellings of one thing and the one that stays.',
  fields: (t) => ({
    from: t.stringList({ required: true, description: 'Spellings; case and width do not count.' }),
    to: t.string({ required: true, description: 'What they become.' }),
  }),
})

const RuleInputType = builder.inputType('NormalisationRuleInput', {
  description: 'What is to be done with one field.',
  fields: (t) => ({
    field: t.string({
      required: true,
      description:
        'Name of a text, e-mail, telephone or internet address field, or of a member of a structured one: name, address.city.',
    }),
    operations: t.field({
      type: [OperationEnum],
      description: 'What is done, in the order in which the enum lists them; nothing if left out.',
    }),
    map: t.field({ type: [MappingInput], description: 'Spellings that become one, after the operations.' }),
    empty: t.stringList({
      description:
        'Words that mean nothing, such as Select or n/a, whatever their case: the field is cleared. Not for required fields.',
    }),
  }),
})

const ChangeType = builder.objectRef<FieldChange>('NormalisationFieldChange').implement({
  description: 'What becomes of a field.',
  fields: (t) => ({
    field: t.exposeString('field', { nullable: false, description: 'Name of the field: name, address.city.' }),
    before: t.exposeString('before', { nullable: false, description: 'What it holds.' }),
    after: t.exposeString('after', { description: 'What it would hold; null where it would be cleared.' }),
  }),
})

const RecordChangeType = builder.objectRef<RecordChange & { object: string }>('NormalisationRecordChange').implement({
  description: 'What becomes of a record.',
  fields: (t) => ({
    recordId: t.id({
      nullable: false,
      description: 'Id of the record.',
      resolve: ({ object, id }) => idOf(object, id),
    }),
    record: t.field({
      type: Node,
      description: 'The record as it is.',
      resolve: ({ object, id }, _args, context: Context, info) =>
        context.loaders.load(context, requireViewer(context), info, recordType(object), id) as Promise<{
          id: string
        } | null>,
    }),
    changes: t.field({
      type: [ChangeType],
      nullable: { list: false, items: false },
      description: 'What becomes of its fields.',
      resolve: ({ changes }) => changes,
    }),
  }),
})

interface Page {
  records: (RecordChange & { object: string })[]
  looked: number
  endCursor: string | null
}

const Preview = builder.objectRef<Page>('NormalisationPreview').implement({
  description: 'What a normalisation would change.',
  fields: (t) => ({
    records: t.field({
      type: [RecordChangeType],
      nullable: { list: false, items: false },
      description: 'The records that would change, in the order of their ids.',
      resolve: ({ records }) => records,
    }),
    looked: t.exposeInt('looked', {
      nullable: false,
      description: 'How many records were looked at for this page; at most 5,000, and a little more.',
    }),
    endCursor: t.exposeString('endCursor', {
      description:
        'Where the next page begins, for after, also of a page without changes; null when all records were looked at.',
    }),
  }),
})

const Rules = {
  type: [RuleInputType] as [typeof RuleInputType],
  description:
    'What is to be done; at most 50 rules with 500 words in all. Left out: every text is trimmed, its spaces collapsed, its letters made half-width, addresses and numbers written as such, and words such as Select, n/a and - are cleared where the field need not be filled.',
} as const

/** Problems of the input of a query are those of the request. */
function rulesOf(type: RecordType, given: unknown, viewer: ReturnType<typeof requireViewer>) {
  try {
    return readRules(type, given as RuleInput[] | null, viewer)
  } catch (error) {
    if (!(error instanceof UserErrors)) throw error
    const [first] = error.errors as [UserErrorInfo]
    throw requestError(first.code === 'FIELD_FORBIDDEN' ? 'FIELD_FORBIDDEN' : 'BAD_USER_INPUT', {
      message: first.message,
      extensions: { field: first.field },
    })
  }
}

const FIRST = { default: 25, max: 100 }

for (const name of NORMALISED) {
  builder.queryField(`preview${name}Normalisation`, (t) =>
    t.field({
      type: Preview,
      nullable: false,
      description: `What a normalisation would make of those ${name.toLowerCase()}s that the viewer may write, before and after; nothing is written.${name === 'Lead' ? ' Converted leads stay as they are.' : ''} Needs ${name}.read and ${name}.update.`,
      args: {
        rules: t.arg(Rules),
        first: t.arg.int({
          description: 'How many records with changes, at most 100; 25 if left out. More is PAGE_SIZE_EXCEEDED.',
        }),
        after: t.arg.string({ description: 'Begin behind this cursor, of the same type.' }),
      },
      extensions: { permission: [`${name}.read`, `${name}.update`], cost: 50 },
      resolve: async (_root, { rules, first, after }, context: Context): Promise<Page> => {
        const viewer = requireViewer(context)
        const type = recordType(name)
        const { cursors } = context.services
        const bound = `${viewer.tenantId} normalisation ${name}`
        const size = first ?? FIRST.default
        if (size > FIRST.max)
          throw requestError('PAGE_SIZE_EXCEEDED', {
            message: `first must not exceed ${FIRST.max}.`,
            extensions: { field: ['first'], max: FIRST.max },
          })
        const place = after == null ? null : cursors.open(after, bound)?.[0]
        if (size < 1 || place === undefined)
          throw requestError('BAD_USER_INPUT', {
            message: size < 1 ? 'first must be at least 1.' : 'The cursor in after does not belong to this list.',
            extensions: { field: [size < 1 ? 'first' : 'after'] },
          })
        const read = rulesOf(type, rules, viewer)
        const found = await context.tenancy.readTenant(callerOf(viewer), (db) =>
          previewChanges({ db, viewer }, type, read, { first: size, after: place }),
        )
        return {
          records: found.records.map((one) => ({ ...one, object: name })),
          looked: found.looked,
          endCursor: found.last && cursors.seal([found.last], bound),
        }
      },
    }),
  )
}

const ApplyPayload = builder.objectRef<Outcome>('ApplyNormalisationPayload').implement({
  description: 'What applyNormalisation did.',
  fields: (t) => ({
    job: t.field({
      type: recordRef('Job'),
      description: 'The job that does it; null with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

for (const name of NORMALISED) {
  builder.mutationField(`apply${name}Normalisation`, (t) =>
    t.field({
      type: ApplyPayload,
      nullable: false,
      description: `Makes of all ${name.toLowerCase()}s that the caller may write what the preview shows, in the background, by updates with the caller’s rights: each stands in the changes. Figures of the job: CHANGED, FAILED for those that an update refuses. Errors: VALIDATION_FAILED, FIELD_FORBIDDEN, FORBIDDEN for credentials without a user. Needs ${name}.read and ${name}.update.`,
      args: { rules: t.arg(Rules) },
      extensions: { permission: [`${name}.read`, `${name}.update`] },
      resolve: (_root, { rules }, context, info) =>
        mutateOne({ context, info, type: recordType('Job'), path: ['job'] }, (write) =>
          orderNormalisation(write, name, rules as RuleInput[] | null),
        ),
    }),
  )
}

import type { Context } from '../../context.ts'
import { type UserErrorInfo, UserErrors } from '../../errors.ts'
import { PAGE } from '../../read/emit.ts'
import { callerOf } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import { idOf } from '../../read/values.ts'
import {
  type Preview,
  type PreviewArgs,
  type PreviewItem,
  type PreviewPage,
  previewItems,
} from '../../resolvers/leads/pool/preview.ts'
import { poolPreview, runReclaim } from '../../resolvers/leads/pool/runReclaim.ts'
import { typeOf } from '../../resolvers/leads/pool/seat.ts'
import { SKIPS, type Skip } from '../../resolvers/leads/pool/verdict.ts'
import { mutateOne, type Outcome, requireViewer } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { recordRef } from '../shared/names.ts'
import { Node, PageInfo, UserError } from '../shared/types.ts'

const Reason = builder.enumType('ReclaimSkip', {
  description: 'Why a pass leaves a record with its owner.',
  values: Object.fromEntries(Object.entries(SKIPS).map(([name, description]) => [name, { description }])) as Record<
    Skip,
    { description: string }
  >,
})

const OutcomeEnum = builder.enumType('ReclaimOutcome', {
  description: 'What a pass does with a record.',
  values: {
    TAKEN: { description: 'It goes back to the pool.' },
    SKIPPED: { description: 'It stays with its owner; reason says why.' },
  } as const,
})

const ReasonCount = builder.objectRef<{ reason: Skip; count: number }>('ReclaimSkipCount').implement({
  description: 'How many records a pass leaves for a reason.',
  fields: (t) => ({
    reason: t.field({ type: Reason, nullable: false, description: 'The reason.', resolve: ({ reason }) => reason }),
    count: t.exposeInt('count', { nullable: false, description: 'How many records.' }),
  }),
})

const Item = builder.objectRef<PreviewItem>('ReclaimItem').implement({
  description: 'A record that a pass looks at.',
  fields: (t) => ({
    recordId: t.id({
      nullable: false,
      description: 'The id of the record.',
      resolve: ({ object, recordId }) => idOf(typeOf({ object }).name, recordId),
    }),
    record: t.field({
      type: Node,
      description: 'The customer or lead itself.',
      resolve: async ({ object, recordId }, _args, context: Context, info) => {
        const row = await context.loaders.load(context, requireViewer(context), info, typeOf({ object }), recordId)
        return row as { id: string } | null
      },
    }),
    outcome: t.field({
      type: OutcomeEnum,
      nullable: false,
      description: 'What would be done with it.',
      resolve: ({ reason }) => (reason === null ? 'TAKEN' : 'SKIPPED') as 'TAKEN' | 'SKIPPED',
    }),
    reason: t.field({
      type: Reason,
      description: 'Why it would be left; null when it would be taken.',
      resolve: ({ reason }) => reason,
    }),
    rule: t.field({
      type: recordRef('PoolReclaimRule'),
      description: 'The rule that would take it. Needs PoolReclaimRule.read.',
      resolve: ({ ruleId }, _args, context: Context, info) =>
        ruleId
          ? context.loaders.load(context, requireViewer(context), info, recordType('PoolReclaimRule'), ruleId)
          : null,
    }),
  }),
})

const Connection = builder.objectRef<PreviewPage>('ReclaimItemPage').implement({
  description: 'A page of the records that a pass looks at.',
  fields: (t) => ({
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

const PreviewType = builder.objectRef<Preview>('ReclaimPreview').implement({
  description: 'What a pass over the records of a pool’s people would do now. Nothing is written.',
  fields: (t) => ({
    taken: t.exposeInt('taken', { nullable: false, description: 'How many records would go back to the pool.' }),
    skipped: t.field({
      type: [ReasonCount],
      nullable: { list: false, items: false },
      description: 'How many would stay, by reason.',
      resolve: ({ skipped }) => skipped,
    }),
    items: t.field({
      type: Connection,
      description:
        'The records one by one, in the order of their ids: those of them that the viewer may see, so there may be fewer than are counted.',
      args: {
        first: t.arg.int({
          description: `Page size, at most ${PAGE.max}; ${PAGE.default} if left out. More is PAGE_SIZE_EXCEEDED.`,
        }),
        after: t.arg.string({ description: 'Begin behind this cursor, of the same arguments.' }),
        outcome: t.arg({ type: OutcomeEnum, description: 'Only those with which this would be done.' }),
        reason: t.arg({ type: Reason, description: 'Only those that would be left for this reason.' }),
      },
      extensions: { connection: true, defaultSize: PAGE.default, cost: 10 },
      resolve: (preview, args, context: Context) =>
        previewItems(context, requireViewer(context), preview, args as PreviewArgs),
    }),
  }),
})

interface Previewed {
  preview: Preview | null
  userErrors: UserErrorInfo[]
}

const PreviewPayload = builder.objectRef<Previewed>('PoolPreview').implement({
  description: 'What poolPreview found.',
  fields: (t) => ({
    preview: t.field({
      type: PreviewType,
      description: 'What would be done; null with a user error.',
      resolve: ({ preview }) => preview,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'NOT_FOUND, POOL_ACCESS_DENIED, POOL_DISABLED; empty when it was found out.',
    }),
  }),
})

builder.queryField('poolPreview', (t) =>
  t.field({
    type: PreviewPayload,
    nullable: false,
    description:
      'What the rules of a pool, or one of them, would take back now, and what they would leave and why: for administrators of the pool and who may set it up. Errors: NOT_FOUND, POOL_ACCESS_DENIED, POOL_DISABLED. Needs Pool.read.',
    args: {
      poolId: t.arg.id({ required: true, description: 'The pool it is about.' }),
      ruleId: t.arg.id({ description: 'One of its rules, in use or not; all that are in use if left out.' }),
    },
    extensions: { permission: ['Pool.read'], cost: 20 },
    resolve: async (_root, { poolId, ruleId }, context): Promise<Previewed> => {
      const viewer = requireViewer(context)
      const given = { poolId: String(poolId), ruleId: ruleId == null ? null : String(ruleId) }
      try {
        const preview = await context.tenancy.readTenant(callerOf(viewer), (db) => poolPreview(db, viewer, given))
        return { preview, userErrors: [] }
      } catch (error) {
        if (error instanceof UserErrors) return { preview: null, userErrors: error.errors }
        throw error
      }
    },
  }),
)

type Ran = Outcome & { preview: Preview | null }

const RunPayload = builder.objectRef<Ran>('RunReclaimPayload').implement({
  description: 'What runReclaim did.',
  fields: (t) => ({
    job: t.field({
      type: recordRef('Job'),
      description:
        'The pass that is under way: its figures say what it took (TAKEN), left (SKIPPED, and each reason) and could not take (FAILED). Null for a dry run and with a user error, and where the caller may not see jobs.',
      resolve: (outcome) => outcome.record,
    }),
    preview: t.field({
      type: PreviewType,
      description: 'What a pass would do; null unless it is a dry run.',
      resolve: ({ preview }) => preview,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

builder.mutationField('runReclaim', (t) =>
  t.field({
    type: RunPayload,
    nullable: false,
    description:
      'Takes back now what the rules of a pool say, in the background; a second call while it is under way gives the same job. For administrators of the pool and who may set it up. Errors: NOT_FOUND, POOL_ACCESS_DENIED, POOL_DISABLED. Needs Pool.read.',
    args: {
      poolId: t.arg.id({ required: true, description: 'The pool it is about.' }),
      dryRun: t.arg.boolean({
        description: 'true: says what would be done, with each record that would be left and why, and does nothing.',
        defaultValue: false,
      }),
    },
    extensions: { permission: ['Pool.read'] },
    resolve: async (_root, { poolId, dryRun }, context, info): Promise<Ran> => {
      let preview: Preview | null = null
      const outcome = await mutateOne({ context, info, type: recordType('Job'), path: ['job'] }, async (write) => {
        const ran = await runReclaim(write, { poolId: String(poolId), dryRun: dryRun ?? false })
        preview = ran.preview
        return ran.written
      })
      return { ...outcome, preview: outcome.userErrors.length === 0 ? preview : null }
    },
  }),
)

import type { GraphQLResolveInfo } from 'graphql'
import type { Context } from '../../context.ts'
import { PAGE } from '../../read/emit.ts'
import { recordType } from '../../read/recordType.ts'
import { idOf } from '../../read/values.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import {
  type TimelineKind as Kind,
  TIMELINE,
  TIMELINE_OF,
  type TimelineItem,
  type TimelinePage,
  timelineOf,
} from '../../resolvers/work/timeline.ts'
import { builder } from '../builder.ts'
import { Node, PageInfo } from '../shared/types.ts'

/** Rights to read what timelines tell of: kinds of types without theirs are left out. */
export const TIMELINE_RIGHTS = [...new Set(Object.values(TIMELINE).map(({ type }) => `${type}.read`))]

const TimelineKind = builder.enumType('TimelineKind', {
  description: 'What an entry of a timeline tells.',
  values: {
    ACTIVITY: { description: 'An activity took place: the activity.' },
    TASK: { description: 'A task was done: the task.' },
    STAGE_CHANGE: { description: 'A deal came into a stage: its stay there.' },
    LEAD_CONVERTED: { description: 'A lead was converted: the lead.' },
    QUOTE_SENT: { description: 'A quote was sent: the quote.' },
    CONTRACT_APPROVED: { description: 'A contract was approved: the contract.' },
    RECEIPT: { description: 'A receipt was confirmed: the receipt.' },
    CASE: { description: 'A case was opened: the case.' },
    EMAIL: { description: 'A mail was sent to the contact or lead: the mail.' },
  } satisfies Record<Kind, { description: string }>,
})

/** A record that a part of an answer tells of, by its type and uuid; null where the viewer does not see it. */
export const loaded = (
  { object, recordId }: { object: string; recordId: string },
  context: Context,
  info: GraphQLResolveInfo,
): Promise<{ id: string } | null> =>
  context.loaders.load(context, requireViewer(context), info, recordType(object), recordId) as Promise<{
    id: string
  } | null>

const Item = builder.objectRef<TimelineItem>('TimelineItem').implement({
  description: 'Something that happened with a record.',
  fields: (t) => ({
    kind: t.field({ type: TimelineKind, nullable: false, description: 'What happened.', resolve: ({ kind }) => kind }),
    at: t.field({ type: 'DateTime', nullable: false, description: 'When it happened.', resolve: ({ at }) => at }),
    recordId: t.id({
      nullable: false,
      description: 'Id of the record that tells it.',
      resolve: ({ object, recordId }) => idOf(object, recordId),
    }),
    record: t.field({
      type: Node,
      description: 'The record that tells it; null where it went meanwhile.',
      resolve: (item, _args, context: Context, info) => loaded(item, context, info),
    }),
  }),
})

/** A page of a timeline. */
export const TimelinePageRef = builder.objectRef<TimelinePage>('TimelinePage').implement({
  description: 'A page of a timeline.',
  fields: (t) => ({
    nodes: t.field({
      type: [Item],
      nullable: { list: false, items: false },
      description: 'The entries.',
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

type Fields = { arg: Parameters<Parameters<typeof builder.queryField>[1]>[0]['arg'] }

/** The arguments of a timeline. */
export const timelineArgs = (t: Fields) => ({
  first: t.arg.int({
    description: `Page size, at most ${PAGE.max}; ${PAGE.default} if left out. More is PAGE_SIZE_EXCEEDED.`,
  }),
  after: t.arg.string({ description: 'Begin behind this cursor, of the same record and kinds.' }),
  kinds: t.arg({ type: [TimelineKind], description: 'Only entries of these kinds; all if left out.' }),
})

builder.queryField('timeline', (t) =>
  t.field({
    type: TimelinePageRef,
    description: `What happened with a record, 动态, the newest first: activities, tasks done, stages of deals, quotes sent, contracts approved, receipts, cases, mails; with a customer also what happened with its deals. Kinds that the viewer may not read, or whose moment is hidden from them, are left out; private activities are their owner’s and the invited’s. Null for what is none of ${TIMELINE_OF.join(', ')}, or is not seen. Pages forward. Needs the right to read the record’s type.`,
    args: { recordId: t.arg.id({ required: true, description: 'The record.' }), ...timelineArgs(t) },
    extensions: { permission: 'authenticated', part: TIMELINE_RIGHTS, connection: true, defaultSize: PAGE.default },
    resolve: (_root, { recordId, ...args }, context) =>
      timelineOf(context, requireViewer(context), String(recordId), args),
  }),
)

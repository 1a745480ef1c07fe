import { PAGE } from '../../read/emit.ts'
import { findRecordType, recordType } from '../../read/recordType.ts'
import { dismissDuplicate, findDuplicates } from '../../resolvers/customers/duplicates/find.ts'
import {
  type Group,
  groupsOf,
  type ListArgs,
  type ListPage,
  type Pair,
  type PairStatus,
  pairsOf,
} from '../../resolvers/customers/duplicates/pairs.ts'
import { mutateOne, type Outcome, requireViewer } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { type Any, recordRef } from '../shared/names.ts'
import { PageInfo, UserError } from '../shared/types.ts'
import { DuplicateMatch, OBJECT } from './checkDuplicates.ts'

const FindPayload = builder.objectRef<Outcome>('FindDuplicatesPayload').implement({
  description: 'What findDuplicates did.',
  fields: (t) => ({
    job: t.field({
      type: recordRef('Job'),
      description:
        'The search, which is done in the background: the one under way if there is one. Its figure PAIRS counts what it found. Null with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

builder.mutationField('findDuplicates', (t) =>
  t.field({
    type: FindPayload,
    nullable: false,
    description:
      'Searches all live records of a type for duplicates by the active rules, in the background. What it finds stands in duplicatePairs and duplicateGroups. Errors: FORBIDDEN without merge on the type.',
    args: { object: t.arg.string({ required: true, description: OBJECT }) },
    extensions: { permission: 'authenticated' },
    resolve: (_root, { object }, context, info) =>
      mutateOne({ context, info, type: recordType('Job'), path: ['job'] }, (write) => findDuplicates(write, object)),
  }),
)

const DismissPayload = builder.objectRef<Outcome>('DismissDuplicatePayload').implement({
  description: 'What dismissDuplicate did.',
  fields: (t) => ({
    dismissed: t.boolean({
      nullable: false,
      description: 'Is the pair dismissed; false with a user error.',
      resolve: ({ userErrors }) => userErrors.length === 0,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

builder.mutationField('dismissDuplicate', (t) =>
  t.field({
    type: DismissPayload,
    nullable: false,
    description:
      'Says for good that two records are not the same: no search brings the pair up again, and a change of one is not held against the other. Errors: NOT_FOUND, FORBIDDEN without merge on the type or on one of the two, VALIDATION_FAILED for one record twice.',
    args: {
      object: t.arg.string({ required: true, description: OBJECT }),
      leftId: t.arg.id({ required: true, description: 'The one record.' }),
      rightId: t.arg.id({ required: true, description: 'The other.' }),
    },
    extensions: { permission: 'authenticated' },
    resolve: (_root, { object, leftId, rightId }, context, info) =>
      mutateOne({ context, info, type: findRecordType(object) ?? recordType('Job'), path: [] }, (write) =>
        dismissDuplicate(write, object, [String(leftId), String(rightId)]),
      ),
  }),
)

const StatusEnum = builder.enumType('DuplicatePairStatus', {
  description: 'What was said to a pair.',
  values: {
    OPEN: { description: 'Nobody has looked at it.' },
    DISMISSED: { description: 'The two are not the same.' },
    MERGED: { description: 'The two were merged.' },
  } satisfies Record<PairStatus, { description: string }>,
})

const PairType = builder.objectRef<Pair>('DuplicatePair').implement({
  description: 'Two records that look alike.',
  fields: (t) => ({
    left: t.field({
      type: DuplicateMatch,
      nullable: false,
      description: 'The older one.',
      resolve: ({ left }) => left,
    }),
    right: t.field({
      type: DuplicateMatch,
      nullable: false,
      description: 'The newer one.',
      resolve: ({ right }) => right,
    }),
    score: t.exposeFloat('score', {
      nullable: false,
      description: 'How sure, 0.5 (just so) to 1; 0 for one that no search has found.',
    }),
    status: t.field({
      type: StatusEnum,
      nullable: false,
      description: 'What was said to it.',
      resolve: ({ status }) => status,
    }),
    foundAt: t.expose('foundAt', { type: 'DateTime', nullable: false, description: 'When it was first found.' }),
    decidedAt: t.expose('decidedAt', { type: 'DateTime', description: 'When it was dismissed or merged.' }),
  }),
})

const GroupType = builder.objectRef<Group>('DuplicateGroup').implement({
  description: 'Records that hang together over open pairs: likely all one.',
  fields: (t) => ({
    records: t.field({
      type: [DuplicateMatch],
      nullable: { list: false, items: false },
      description: 'The records, the oldest first, at most 100.',
      resolve: ({ records }) => records,
    }),
    score: t.exposeFloat('score', { nullable: false, description: 'The score of the surest pair among them.' }),
    pairs: t.exposeInt('pairs', { nullable: false, description: 'How many open pairs they make.' }),
  }),
})

/** The types of a page of such a list. */
function connection<T>(name: string, node: Any, words: string): Any {
  const Edge = builder.objectRef<ListPage<T>['edges'][number]>(`${name}Edge`).implement({
    description: `One of ${words} in a page.`,
    fields: (t: Any) => ({
      cursor: t.exposeString('cursor', {
        nullable: false,
        description: 'Its place in the list, for after and before. Opaque.',
      }),
      node: t.field({
        type: node,
        description: 'What stands in this place.',
        resolve: (edge: { node: T }) => edge.node,
      }),
    }),
  })
  return builder.objectRef<ListPage<T>>(`${name}Connection`).implement({
    description: `A page of ${words}.`,
    fields: (t: Any) => ({
      edges: t.field({
        type: [Edge],
        nullable: { list: false, items: false },
        description: 'What stands on the page, with cursors.',
        resolve: (page: ListPage<T>) => page.edges,
      }),
      nodes: t.field({
        type: [node],
        nullable: { list: false, items: false },
        description: 'The same without their cursors.',
        resolve: (page: ListPage<T>) => page.nodes,
      }),
      pageInfo: t.field({
        type: PageInfo,
        nullable: false,
        description: 'Where the page stands in the list.',
        // The class behind PageInfo seals its cursors late; these are sealed already.
        resolve: (page: ListPage<T>) => page.pageInfo as never,
      }),
    }),
  })
}

const pageArgs = (t: Any) => ({
  first: t.arg.int({
    description: `Page size from the front, at most ${PAGE.max}; ${PAGE.default} if neither first nor last is given. More is PAGE_SIZE_EXCEEDED.`,
  }),
  after: t.arg.string({ description: 'Begin behind this cursor of the same list.' }),
  last: t.arg.int({ description: `Page size from the back, at most ${PAGE.max}. Not together with first.` }),
  before: t.arg.string({ description: 'End in front of this cursor of the same list.' }),
})

const PairConnection = connection<Pair>('DuplicatePair', PairType, 'pairs of records that look alike')
const GroupConnection = connection<Group>('DuplicateGroup', GroupType, 'groups of records that look alike')
const listed = { permission: 'authenticated' as const, connection: true, defaultSize: PAGE.default }

builder.queryField('duplicatePairs', (t: Any) =>
  t.field({
    type: PairConnection,
    nullable: false,
    description:
      'Pairs of live records that the last search found, the surest first, or that were dismissed or merged; of a record that the caller may not see only a shortened name. FORBIDDEN without merge on the type.',
    args: {
      object: t.arg.string({ required: true, description: OBJECT }),
      status: t.arg({ type: StatusEnum, defaultValue: 'OPEN', description: 'What was said to them.' }),
      ...pageArgs(t),
    },
    extensions: listed,
    resolve: (
      _root: unknown,
      { object, status, ...args }: { object: string; status?: PairStatus | null } & ListArgs,
      context: Any,
    ) => pairsOf(context, requireViewer(context), object, status ?? 'OPEN', args),
  }),
)

builder.queryField('duplicateGroups', (t: Any) =>
  t.field({
    type: GroupConnection,
    nullable: false,
    description:
      'Groups of live records that hang together over open pairs, to work off one after the other. FORBIDDEN without merge on the type.',
    args: {
      object: t.arg.string({ required: true, description: OBJECT }),
      ...pageArgs(t),
    },
    extensions: listed,
    resolve: (_root: unknown, { object, ...args }: { object: string } & ListArgs, context: Any) =>
      groupsOf(context, requireViewer(context), object, args),
  }),
)

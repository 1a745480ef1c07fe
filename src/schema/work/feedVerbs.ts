import { fieldOf, recordType } from '../../read/recordType.ts'
import { mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import {
  createComment,
  createPost,
  type Edit,
  type PostInput,
  pinPost,
  updateComment,
  updatePost,
} from '../../resolvers/work/feed/post.ts'
import { type KINDS, react, unreact } from '../../resolvers/work/feed/react.ts'
import { builder } from '../builder.ts'
import { scalarOf } from '../shared/kinds.ts'
import { payloadRef, recordRef } from '../shared/names.ts'
import { UserError } from '../shared/types.ts'

const MENTIONS =
  'Users who are named, at most 50. Each must see the post (VALIDATION_FAILED, rule audience), and is told once for a post or a comment.'
const CUSTOM = 'Values of the company’s own fields, by their apiName.'

const CreatePost = builder.inputType('CreateFeedPostInput', {
  description: 'A post, and whom it is for.',
  fields: (t) => ({
    body: t.string({ required: true, description: 'What is told. At most 10000 characters.' }),
    audience: t.field({
      type: scalarOf(fieldOf(recordType('FeedPost'), 'audience')),
      description: 'Whom it is for; ALL if left out. It stays so.',
    }),
    teamId: t.id({ description: 'Of TEAM: the team.' }),
    departmentId: t.id({ description: 'Of DEPARTMENT: the department.' }),
    userIds: t.idList({ description: 'Of USERS: the users, 1 to 50; the author need not be among them.' }),
    recordId: t.id({ description: 'Of RECORD: the record, of a type that has posts.' }),
    mentionIds: t.idList({ description: MENTIONS }),
    customFields: t.field({ type: 'JSON', description: CUSTOM }),
  }),
})
const UpdatePost = builder.inputType('UpdateFeedPostInput', {
  description: 'What changes of a post.',
  fields: (t) => ({
    body: t.string({ description: 'What is told. At most 10000 characters.' }),
    mentionIds: t.idList({ description: `${MENTIONS} Those who are named already stay.` }),
    customFields: t.field({ type: 'JSON', description: CUSTOM }),
  }),
})
const CreateComment = builder.inputType('CreateFeedCommentInput', {
  description: 'A comment on a post.',
  fields: (t) => ({
    postId: t.id({ required: true, description: 'The post itself.' }),
    body: t.string({ required: true, description: 'What is said. At most 10000 characters.' }),
    mentionIds: t.idList({ description: MENTIONS }),
    customFields: t.field({ type: 'JSON', description: CUSTOM }),
  }),
})
const UpdateComment = builder.inputType('UpdateFeedCommentInput', {
  description: 'What changes of a comment.',
  fields: (t) => ({
    body: t.string({ description: 'What is said. At most 10000 characters.' }),
    mentionIds: t.idList({ description: `${MENTIONS} Those who are named already stay.` }),
    customFields: t.field({ type: 'JSON', description: CUSTOM }),
  }),
})
const ReactInput = builder.inputType('ReactInput', {
  description: 'What the caller thinks of something.',
  fields: (t) => ({
    subjectId: t.id({ required: true, description: 'The post or the comment.' }),
    kind: t.field({
      type: scalarOf(fieldOf(recordType('FeedReaction'), 'kind')),
      required: true,
      description: 'What they think.',
    }),
  }),
})

const VERSION = 'The version it must still have; otherwise STALE_VERSION. Left out: any.'
const post = { type: payloadRef('FeedPost'), nullable: false } as const
const comment = { type: payloadRef('FeedComment'), nullable: false } as const

builder.mutationField('createFeedPost', (t) =>
  t.field({
    ...post,
    description:
      'Tells colleagues something, by the caller, and tells those who are named (MENTION). Errors: VALIDATION_FAILED for an audience without whom it names, or with others, and for a mention of somebody who does not see the post (rule audience); NOT_FOUND. Needs FeedPost.create.',
    args: { input: t.arg({ type: CreatePost, required: true, description: 'The post itself.' }) },
    extensions: { permission: ['FeedPost.create'] },
    resolve: (_root, { input }, context, info) =>
      mutateOne({ context, info, type: recordType('FeedPost'), path: ['feedPost'] }, (write) =>
        createPost(write, input as PostInput),
      ),
  }),
)

builder.mutationField('updateFeedPost', (t) =>
  t.field({
    ...post,
    description:
      'Changes what the caller told in a post; whom it is for stays. Who is named there for the first time is told. Errors: NOT_FOUND, FORBIDDEN for what others told, STALE_VERSION, and those of createFeedPost. Needs FeedPost.update.',
    args: {
      id: t.arg.id({ required: true, description: 'The post itself.' }),
      input: t.arg({ type: UpdatePost, required: true, description: 'What changes.' }),
      expectedVersion: t.arg.int({ description: VERSION }),
    },
    extensions: { permission: ['FeedPost.update'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('FeedPost'), path: ['feedPost'] }, (write) =>
        updatePost(write, args as unknown as Edit),
      ),
  }),
)

builder.mutationField('createFeedComment', (t) =>
  t.field({
    ...comment,
    description:
      'Says something about a post, by the caller; its author is told (COMMENT), and those who are named (MENTION). Errors: NOT_FOUND for a post that the caller does not see, and those of createFeedPost for mentions. Needs FeedComment.create.',
    args: { input: t.arg({ type: CreateComment, required: true, description: 'The comment.' }) },
    extensions: { permission: ['FeedComment.create'] },
    resolve: (_root, { input }, context, info) =>
      mutateOne({ context, info, type: recordType('FeedComment'), path: ['feedComment'] }, (write) =>
        createComment(write, input as PostInput),
      ),
  }),
)

builder.mutationField('updateFeedComment', (t) =>
  t.field({
    ...comment,
    description:
      'Changes what the caller said in a comment. Who is named there for the first time is told. Errors: NOT_FOUND, FORBIDDEN for what others said, STALE_VERSION, and those of createFeedPost for mentions. Needs FeedComment.update.',
    args: {
      id: t.arg.id({ required: true, description: 'The comment.' }),
      input: t.arg({ type: UpdateComment, required: true, description: 'What changes.' }),
      expectedVersion: t.arg.int({ description: VERSION }),
    },
    extensions: { permission: ['FeedComment.update'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('FeedComment'), path: ['feedComment'] }, (write) =>
        updateComment(write, args as unknown as Edit),
      ),
  }),
)

const PINS = {
  pinPost: ['Puts a post on top of the feed.', true],
  unpinPost: ['Takes a post from the top of the feed.', false],
} as const
for (const [name, [words, isPinned]] of Object.entries(PINS))
  builder.mutationField(name, (t) =>
    t.field({
      ...post,
      description: `${words} For those whose right to change posts is not for their own alone. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION. Needs FeedPost.update.`,
      args: {
        id: t.arg.id({ required: true, description: 'The post itself.' }),
        expectedVersion: t.arg.int({ description: VERSION }),
      },
      extensions: { permission: ['FeedPost.update'] },
      resolve: (_root, { id, expectedVersion }, context, info) =>
        mutateOne({ context, info, type: recordType('FeedPost'), path: ['feedPost'] }, (write) =>
          pinPost(write, { id: String(id), expectedVersion: expectedVersion ?? null }, isPinned),
        ),
    }),
  )

const Payload = builder.objectRef<Outcome>('ReactPayload').implement({
  description: 'What react or unreact did.',
  fields: (t) => ({
    feedReaction: t.field({
      type: recordRef('FeedReaction'),
      description: 'What the caller thinks now; null with a user error, and by unreact.',
      resolve: (outcome) => outcome.record,
    }),
    changed: t.boolean({
      description: 'Did anything change; false when it was so already. Null with a user error.',
      resolve: (outcome) => outcome.changed,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'What is wrong; empty when it was done.',
    }),
  }),
})

builder.mutationField('react', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Says in a word what the caller thinks of a post or a comment, instead of what they said before. Errors: NOT_FOUND for what they do not see; FORBIDDEN for keys without a user. Needs FeedReaction.create.',
    args: { input: t.arg({ type: ReactInput, required: true, description: 'What they think of what.' }) },
    extensions: { permission: ['FeedReaction.create'] },
    resolve: (_root, { input }, context, info) =>
      mutateOne({ context, info, type: recordType('FeedReaction'), path: ['feedReaction'] }, (write) =>
        react(write, { subjectId: String(input.subjectId), kind: input.kind as keyof typeof KINDS }),
      ),
  }),
)

builder.mutationField('unreact', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Takes back what the caller said by react. Errors: NOT_FOUND for what they do not see. Needs FeedReaction.create.',
    args: { subjectId: t.arg.id({ required: true, description: 'The post or the comment.' }) },
    extensions: { permission: ['FeedReaction.create'] },
    resolve: (_root, { subjectId }, context, info) =>
      mutateOne({ context, info, type: recordType('FeedReaction'), path: ['feedReaction'] }, (write) =>
        unreact(write, String(subjectId)),
      ),
  }),
)

import { KINDS } from '../../resolvers/work/feed/react.ts'
import { commentRules, postedTypes, postRules } from '../../resolvers/work/feed/rules.ts'
import { record } from '../record.ts'
import { boolean, choice, datetime, int, longText, many, object, one } from '../shared/fields.ts'

const kept = { write: 'never' } as const

const Counts = {
  name: 'ReactionCounts',
  description: 'How many think what of a post or a comment.',
  members: Object.fromEntries(
    Object.entries(KINDS).map(([kind, description]) => [
      kind.toLowerCase(),
      { kind: 'int' as const, description: `How many: ${description}` },
    ]),
  ),
}
const counts = () => object('How many reacted, by kind.', Counts, { ...kept, filter: false })
const body = (description: string) => longText(description, { required: true, max: 10_000 })

record('FeedPost', {
  plural: 'feedPosts',
  prefix: 'post',
  description:
    'What somebody tells colleagues, 帖子. Its author and those whom it is for see it, and administrators; the author alone changes it. The feed is feedPosts(orderBy: [{ field: IS_PINNED, direction: DESC }, { field: LAST_ACTIVITY_AT, direction: DESC }]).',
  authored: true,
  any: {
    name: 'record',
    description: 'Of RECORD: the record that it stands at.',
    attached: true,
    write: 'create',
    among: postedTypes,
  },
  fields: {
    body: body('What is told.'),
    audience: choice(
      'Whom it is for.',
      'FeedAudience',
      {
        ALL: 'Everybody who may read posts.',
        TEAM: 'The members of a team, and its leader.',
        DEPARTMENT: 'The users of a department and of those below it, and their heads.',
        USERS: 'Some users.',
        RECORD: 'Who sees the record that it stands at, as long as they do.',
      },
      { default: 'ALL', write: 'create' },
    ),
    isPinned: boolean('Does it stand on top of the feed: by pinPost.', kept),
    editedAt: datetime('When its words were last changed; null for never.', kept),
    lastActivityAt: datetime('When it was made or last commented on.', kept),
    commentCount: int('How many comments there are.', kept),
    reactionCounts: counts(),
  },
  relations: {
    author: one('User', 'authorId', 'Who says it; null for programs without a user.', kept),
    team: one('Team', 'teamId', 'Of TEAM: the team.', { write: 'create' }),
    department: one('Department', 'departmentId', 'Of DEPARTMENT: the department.', { write: 'create' }),
    users: many('FeedPostUser', 'post', 'Of USERS: whom it is for.'),
    comments: many('FeedComment', 'post', 'What was said about it.'),
    mentions: many('FeedMention', 'post', 'Who is named in it and in its comments.'),
    reactions: many('FeedReaction', 'post', 'What users think of it and of its comments.'),
  },
  operations: ['delete', 'restore', 'destroy'],
  rules: postRules,
})

record('FeedPostUser', {
  plural: 'feedPostUsers',
  prefix: 'pous',
  description: 'A post is for a user. A part of the post, made with it.',
  fields: {},
  relations: {
    post: one('FeedPost', 'postId', 'The post itself.', { ...kept, part: true }),
    user: one('User', 'userId', 'Whom it is for.', kept),
  },
  operations: [],
})

record('FeedComment', {
  plural: 'feedComments',
  prefix: 'fcom',
  description:
    'What somebody says about a post. A part of the post: who sees that sees it and may say more; its author alone changes it.',
  authored: true,
  fields: {
    body: body('What is said.'),
    editedAt: datetime('When its words were last changed; null for never.', kept),
    reactionCounts: counts(),
  },
  relations: {
    post: one('FeedPost', 'postId', 'The post itself.', { required: true, write: 'create', part: true }),
    author: one('User', 'authorId', 'Who says it; null for programs without a user.', kept),
    mentions: many('FeedMention', 'comment', 'Who is named in it.'),
    reactions: many('FeedReaction', 'comment', 'What users think of it.'),
  },
  operations: ['delete', 'restore', 'destroy'],
  rules: commentRules,
})

record('FeedMention', {
  plural: 'feedMentions',
  prefix: 'fmen',
  description: 'A user is named in a post, or in a comment on it, @. A part of either.',
  fields: {},
  relations: {
    post: one('FeedPost', 'postId', 'The post itself.', { ...kept, part: true }),
    comment: one('FeedComment', 'commentId', 'The comment on it; null where the post itself names them.', {
      ...kept,
      part: true,
    }),
    user: one('User', 'userId', 'Who is named.', kept),
  },
  operations: [],
})

record('FeedReaction', {
  plural: 'feedReactions',
  prefix: 'frea',
  description: 'What a user thinks of a post, or of a comment on it, in a word; one per user. A part of either.',
  fields: {
    kind: choice('What they think.', 'FeedReactionKind', KINDS, kept),
  },
  relations: {
    post: one('FeedPost', 'postId', 'The post itself.', { ...kept, part: true }),
    comment: one('FeedComment', 'commentId', 'The comment on it; null for what is thought of the post itself.', {
      ...kept,
      part: true,
    }),
    user: one('User', 'userId', 'Who thinks so.', kept),
  },
  operations: [],
})

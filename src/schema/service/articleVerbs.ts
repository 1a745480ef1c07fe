import { recordType } from '../../read/recordType.ts'
import { mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import type { Written } from '../../resolvers/records.ts'
import {
  archiveArticle,
  publishArticle,
  reopenArticle,
  returnArticle,
  reviseArticle,
  submitArticle,
} from '../../resolvers/service/publishArticle.ts'
import { viewArticle, voteArticle } from '../../resolvers/service/voteArticle.ts'
import type { WriteContext } from '../../resolvers/write.ts'
import { builder } from '../builder.ts'
import { type Any, payloadRef } from '../shared/names.ts'

type Ask = Parameters<typeof mutateOne>[0]

const run = (
  context: Ask['context'],
  info: Ask['info'],
  work: (write: WriteContext) => Promise<Written>,
): Promise<Outcome> =>
  mutateOne({ context, info, type: recordType('KnowledgeArticle'), path: ['knowledgeArticle'] }, work)

const id = (t: Any) => t.arg.id({ required: true, description: 'The article.' })

/** A verb that takes an article and nothing else. */
const plain = (
  name: string,
  action: 'update' | 'approve',
  work: (write: WriteContext, args: Any) => Promise<Written>,
  description: string,
) =>
  builder.mutationField(name, (t) =>
    t.field({
      type: payloadRef('KnowledgeArticle'),
      nullable: false,
      description: `${description} Needs KnowledgeArticle.${action}.`,
      args: {
        id: id(t),
        expectedVersion: t.arg.int({
          description: 'The version it must still have; otherwise STALE_VERSION. Left out: any.',
        }),
      },
      extensions: { permission: [`KnowledgeArticle.${action}`] },
      resolve: (_root, args, context, info) => run(context, info, (write) => work(write, args)),
    }),
  )

plain(
  'submitArticle',
  'update',
  submitArticle,
  'Hands a draft in to be reviewed. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE.',
)
plain(
  'publishArticle',
  'approve',
  publishArticle,
  'Publishes the version of an article that is in review, 发布. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE.',
)
plain(
  'returnArticle',
  'approve',
  returnArticle,
  'Sends the version in review back: a new article is a draft again, a published one stays as it is. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE.',
)
plain(
  'archiveArticle',
  'update',
  archiveArticle,
  'Takes an article out of sight. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE.',
)
plain(
  'reopenArticle',
  'update',
  reopenArticle,
  'Makes a draft of an archived article. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE.',
)

builder.mutationField('reviseArticle', (t) =>
  t.field({
    type: payloadRef('KnowledgeArticle'),
    nullable: false,
    description:
      'Says what a published article is to say next, 修订: a version in review; the article stays as it is until that is published. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, FIELD_FORBIDDEN, VALIDATION_FAILED, INVALID_STATE unless it is published and no other version is in review. Needs KnowledgeArticle.update.',
    args: {
      id: id(t),
      title: t.arg.string({ description: 'What it is called then; as it is if left out.' }),
      summary: t.arg.string({ description: 'What it says in a sentence or two then; as it is if left out.' }),
      body: t.arg.string({ description: 'What it says then, HTML; as it is if left out.' }),
      expectedVersion: t.arg.int({
        description: 'The version it must still have; otherwise STALE_VERSION. Left out: any.',
      }),
    },
    extensions: { permission: ['KnowledgeArticle.update'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => reviseArticle(write, args as Any)),
  }),
)

builder.mutationField('voteArticle', (t) =>
  t.field({
    type: payloadRef('KnowledgeArticle'),
    nullable: false,
    description:
      'Says of an article whether it helped: one voice for each user, the last counts. Errors: NOT_FOUND, FORBIDDEN for programs without a user. Needs KnowledgeArticle.read.',
    args: { id: id(t), helpful: t.arg.boolean({ required: true, description: 'Did it help.' }) },
    extensions: { permission: ['KnowledgeArticle.read'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => voteArticle(write, args as Any)),
  }),
)

builder.mutationField('viewArticle', (t) =>
  t.field({
    type: payloadRef('KnowledgeArticle'),
    nullable: false,
    description: 'Counts that a user looked at an article. Errors: NOT_FOUND. Needs KnowledgeArticle.read.',
    args: { id: id(t) },
    extensions: { permission: ['KnowledgeArticle.read'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => viewArticle(write, args as Any)),
  }),
)

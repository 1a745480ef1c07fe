import { recordType } from '../../read/recordType.ts'
import {
  cancelSocialPost,
  markSocialPostPublished,
  type PostArgs,
  publishSocialPost,
  retrySocialPost,
  scheduleSocialPost,
  unscheduleSocialPost,
} from '../../resolvers/marketing/social/verbs.ts'
import { mutateOne } from '../../resolvers/mutation.ts'
import type { Written } from '../../resolvers/records.ts'
import type { WriteContext } from '../../resolvers/write.ts'
import { builder } from '../builder.ts'
import { payloadRef } from '../shared/names.ts'
import './socialPost.ts'

const COMMON = 'NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE'
const ID = 'The post that it is about.'
const VERSION = 'The version it must still have; otherwise STALE_VERSION. Left out: any.'
const permission = ['SocialPost.update']

const VERBS: Record<string, { run: (context: WriteContext, args: PostArgs) => Promise<Written>; description: string }> =
  {
    publishSocialPost: {
      run: publishSocialPost,
      description: `Has a draft or a planned post published now: it is PUBLISHING, and soon PUBLISHED or FAILED. INVALID_STATE too for an account that is not in use, has no secret, or has a person publish. Errors: ${COMMON}. Needs SocialPost.update.`,
    },
    retrySocialPost: {
      run: retrySocialPost,
      description: `Tries a post that failed again. The connector is asked under the same key: if it is there all the same, it does not appear twice. Errors: ${COMMON}. Needs SocialPost.update.`,
    },
    unscheduleSocialPost: {
      run: unscheduleSocialPost,
      description: `Makes a draft again of a post that is planned or failed, so that it can be changed. Published again it counts as another: look first whether a failed one is there all the same. Errors: ${COMMON}. Needs SocialPost.update.`,
    },
    cancelSocialPost: {
      run: cancelSocialPost,
      description: `Calls a post off that is not on its way. Errors: ${COMMON}. Needs SocialPost.update.`,
    },
  }

for (const [name, { run, description }] of Object.entries(VERBS)) {
  builder.mutationField(name, (t) =>
    t.field({
      type: payloadRef('SocialPost'),
      nullable: false,
      description,
      args: {
        id: t.arg.id({ required: true, description: ID }),
        expectedVersion: t.arg.int({ description: VERSION }),
      },
      extensions: { permission },
      resolve: (_root, args, context, info) =>
        mutateOne({ context, info, type: recordType('SocialPost'), path: ['socialPost'] }, (write) => run(write, args)),
    }),
  )
}

builder.mutationField('scheduleSocialPost', (t) =>
  t.field({
    type: payloadRef('SocialPost'),
    nullable: false,
    description: `Plans a draft: it is published at its moment, once; under an account with the connector manual, a person does it. Errors: ${COMMON}, also for an account that is not in use or has no secret; VALIDATION_FAILED without a moment, SCHEDULE_IN_PAST. Needs SocialPost.update.`,
    args: {
      id: t.arg.id({ required: true, description: ID }),
      scheduleAt: t.arg({ type: 'DateTime', description: 'The moment; what stands in the post if left out.' }),
      expectedVersion: t.arg.int({ description: VERSION }),
    },
    extensions: { permission },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('SocialPost'), path: ['socialPost'] }, (write) =>
        scheduleSocialPost(write, args),
      ),
  }),
)

builder.mutationField('markSocialPostPublished', (t) =>
  t.field({
    type: payloadRef('SocialPost'),
    nullable: false,
    description: `Notes that a person published a post, and where it is to be seen: of the connector manual, or where another failed. No figures are asked for then. Errors: ${COMMON}, VALIDATION_FAILED. Needs SocialPost.update.`,
    args: {
      id: t.arg.id({ required: true, description: ID }),
      url: t.arg.string({ required: true, description: 'Its address on the network, at most 2,000 characters.' }),
      publishedAt: t.arg({ type: 'DateTime', description: 'When it appeared, not in the future; now if left out.' }),
      expectedVersion: t.arg.int({ description: VERSION }),
    },
    extensions: { permission },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('SocialPost'), path: ['socialPost'] }, (write) =>
        markSocialPostPublished(write, args),
      ),
  }),
)

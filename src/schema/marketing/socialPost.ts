import { LONGEST } from '../../resolvers/marketing/social/limits.ts'
import { socialPostRules } from '../../resolvers/marketing/social/post.ts'
import { record } from '../record.ts'
import { attached, choice, datetime, int, longText, one, text, url } from '../shared/fields.ts'

const kept = { write: 'never' } as const

record('SocialPost', {
  plural: 'socialPosts',
  prefix: 'spst',
  description:
    'A post to a social network, 社媒发布. scheduleSocialPost and publishSocialPost have it published; only a draft can be changed: INVALID_STATE. See docs/marketing.md.',
  search: ['content'],
  fields: {
    content: longText('What it says; how long it may be goes by the platform: VALIDATION_FAILED.', {
      required: true,
      max: LONGEST,
    }),
    linkUrl: url('Where it leads.'),
    scheduleAt: datetime('When it is to appear, for scheduleSocialPost. SCHEDULE_IN_PAST for a moment that is over.'),
    status: choice(
      'How far it is.',
      'SocialPostStatus',
      {
        DRAFT: 'Being written; can be changed.',
        SCHEDULED: 'Waits for scheduleAt; with a manual account, for the person who publishes it.',
        PUBLISHING: 'On its way, or waits to be tried again.',
        PUBLISHED: 'On the network.',
        FAILED: 'Not published; failureCode says why, retrySocialPost tries again.',
        CANCELLED: 'Called off.',
      },
      kept,
    ),
    publishedAt: datetime('When it appeared.', kept),
    publishedId: text('Its id on the network, as the connector told it.', { ...kept, max: 200 }),
    publishedUrl: url('Where it is to be seen.', kept),
    failureCode: choice(
      'Why it failed.',
      'SocialPostFailure',
      {
        REFUSED: 'The network or the bridge says that it will not do.',
        GAVE_UP: 'Tried for half a day without success. It may be there all the same, if an answer was lost.',
        ACCOUNT_INACTIVE: 'The account was not in use when it was due.',
        CONNECTOR_MISSING: 'The deployment does not have the connector any more.',
        NO_SECRET:
          'The account has no secret to sign with, or it was sealed by a secret of the deployment that counts no more.',
      },
      kept,
    ),
    failureMessage: text('What the last attempt met, while it is tried and when it failed.', {
      ...kept,
      max: 500,
      sort: false,
    }),
    attempts: int('How often it was tried.', kept),
    impressions: int('How often it was shown; null where the network does not tell.', kept),
    likes: int('How many liked it.', kept),
    comments: int('How many comments it has.', kept),
    shares: int('How often it was passed on.', kept),
    clicks: int('How often its link was followed.', kept),
    metricsAt: datetime(
      'Since when the figures are as they are. They are asked for every hour for 7 days, then every day to the 30th.',
      kept,
    ),
  },
  relations: {
    account: one('SocialAccount', 'accountId', 'Under which account it appears.', {
      required: true,
      onDelete: 'restrict',
      while: { field: 'status', in: ['DRAFT', 'SCHEDULED', 'PUBLISHING', 'FAILED'] },
    }),
    campaign: one('Campaign', 'campaignId', 'The campaign that it is part of.'),
    owner: one('User', 'ownerId', 'Who looks after it; the caller if left out on create.'),
    attachments: attached('Attachment', 'The pictures and films at it.'),
  },
  rules: socialPostRules,
})

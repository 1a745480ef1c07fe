import { campaignRules } from '../../resolvers/marketing/campaign.ts'
import { record } from '../record.ts'
import { attached, choice, currency, date, decimal, longText, many, money, one, text, texts } from '../shared/fields.ts'

const amount = { range: { min: 0 } }

record('Campaign', {
  plural: 'campaigns',
  prefix: 'camp',
  description:
    'Something that is done to win customers, 市场活动: a mailing, a fair, a webinar. It has members with a status each; a new one has the statuses Sent, the default, and Responded.',
  search: ['name', 'code'],
  fields: {
    name: text('What it is called.', { required: true }),
    code: text('The tenant’s own short name for it, unique.', { max: 50 }),
    type: choice(
      'What is done.',
      'CampaignType',
      {
        EMAIL: 'Mails to many.',
        SMS: 'Short messages to many.',
        EVENT: 'A fair, a dinner, a visit.',
        WEBINAR: 'A talk over the net.',
        SOCIAL: 'Posts in social networks.',
        ADS: 'Advertisements that are paid for.',
        WEB: 'Pages and forms of a website.',
        OFFLINE: 'Print, letters, posters.',
        OTHER: 'Something else.',
      },
      { default: 'EMAIL' },
    ),
    status: choice(
      'How far it is.',
      'CampaignStatus',
      {
        PLANNED: 'Not begun.',
        ACTIVE: 'Under way.',
        PAUSED: 'Stopped for a while.',
        COMPLETED: 'Done and over.',
        CANCELLED: 'Called off.',
      },
      { default: 'PLANNED' },
    ),
    startDate: date('Its first day.'),
    endDate: date('Its last day; not before the first.'),
    budget: money('What it may cost.', amount),
    actualCost: money('What it has cost: what its return is measured by.', amount),
    expectedRevenue: money('What is hoped to be sold by it.', amount),
    currency: currency('Currency of its amounts; the tenant’s if left out.'),
    expectedResponse: decimal('How many of its members are hoped to respond, per cent.', {
      range: { min: 0, max: 100 },
    }),
    targetSegmentIds: texts('Ids of the segments that it is for.'),
    goals: longText('What it is to reach.'),
    description: longText('What is to be known about it.'),
  },
  relations: {
    parent: one('Campaign', 'parentId', 'The campaign that it is one of; at most ten levels.'),
    children: many('Campaign', 'parent', 'The campaigns that it is made of.'),
    owner: one('User', 'ownerId', 'Who runs it; the caller if left out on create.'),
    memberStatuses: many('CampaignMemberStatus', 'campaign', 'How far members can come; order them by SORT.'),
    members: many('CampaignMember', 'campaign', 'Whom it is about.'),
    leads: many('Lead', 'campaign', 'The leads that came from it.'),
    opportunities: many('Opportunity', 'campaign', 'The deals that came from it.'),
    forms: many('LeadCaptureForm', 'campaign', 'The forms whose leads it gets.'),
    posts: attached('FeedPost', 'What colleagues say at it; order them as the feed.'),
    emailBlasts: many('EmailBlast', 'campaign', 'Its mass mails.'),
    socialPosts: many('SocialPost', 'campaign', 'Its posts to social networks.'),
  },
  unique: { code: ['code'] },
  rules: campaignRules,
})

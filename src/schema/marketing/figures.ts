import { fieldOf, recordType } from '../../read/recordType.ts'
import { type BlastStatistics, blastStatistics } from '../../resolvers/marketing/blastStatistics.ts'
import { type CampaignFigures, campaignFigures } from '../../resolvers/marketing/campaignFigures.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { scalarOf } from '../shared/kinds.ts'
import { MoneyType } from '../shared/types.ts'
import './campaign.ts'
import './emailMessage.ts'

const Figures = builder.objectRef<CampaignFigures>('CampaignFigures').implement({
  description: 'What a campaign brought, over what the viewer sees.',
  fields: (t) => ({
    members: t.exposeInt('members', { nullable: false, description: 'How many members it has.' }),
    responses: t.exposeInt('responses', { nullable: false, description: 'How many of them responded.' }),
    leads: t.exposeInt('leads', {
      nullable: false,
      description: 'How many leads are members of it or came from it, each once.',
    }),
    conversions: t.exposeInt('conversions', {
      nullable: false,
      description: 'How many of these leads were converted.',
    }),
    wonDeals: t.exposeInt('wonDeals', {
      nullable: false,
      description:
        'Deals that were won and count for it: their company, one of their contacts or the lead that they came from was made a member within the days of marketingSettings before they were closed, or they name it as their campaign themselves.',
    }),
    wonAmount: t.field({
      type: MoneyType,
      nullable: false,
      description:
        'What those deals brought, or its share of them by marketingSettings, in its currency, at the rates of the days on which they were closed.',
      resolve: ({ wonAmount }) => wonAmount,
    }),
    withoutRate: t.exposeInt('withoutRate', {
      nullable: false,
      description: 'How many of those deals are left out of wonAmount, because their currency had no rate.',
    }),
    roi: t.expose('roi', {
      type: 'Decimal',
      description:
        '(wonAmount − actualCost) / actualCost, to four decimals: 1.5 for what brought two and a half times its cost. Null without a cost.',
    }),
  }),
})

builder.queryField('campaignFigures', (t) =>
  t.field({
    type: Figures,
    description:
      'What a campaign brought, over what the viewer sees; null for one that the viewer does not see. FIELD_FORBIDDEN for who may not filter by what it tells. Needs Campaign.read, CampaignMember.read, Lead.read and Opportunity.read.',
    args: { id: t.arg.id({ required: true, description: 'The campaign to measure.' }) },
    extensions: { permission: ['Campaign.read', 'CampaignMember.read', 'Lead.read', 'Opportunity.read'] },
    resolve: (_root, { id }, context) => campaignFigures(context, requireViewer(context), id),
  }),
)

const StatusCount = builder.objectRef<BlastStatistics['statuses'][number]>('BlastStatusCount').implement({
  description: 'How many mails of a mass mail have a status.',
  fields: (t) => ({
    status: t.field({
      type: scalarOf(fieldOf(recordType('EmailMessage'), 'status')),
      nullable: false,
      description: 'The status that they have.',
      resolve: ({ status }) => status as never,
    }) as never,
    count: t.exposeInt('count', { nullable: false, description: 'How many mails have it.' }),
  }),
})

const LinkCount = builder.objectRef<BlastStatistics['links'][number]>('BlastLinkCount').implement({
  description: 'How often people followed a link of a mass mail.',
  fields: (t) => ({
    url: t.exposeString('url', { nullable: false, description: 'Where the link leads.' }),
    clicks: t.exposeInt('clicks', { nullable: false, description: 'How often it was followed.' }),
    uniqueClicks: t.exposeInt('uniqueClicks', {
      nullable: false,
      description: 'In how many of the mails it was followed.',
    }),
  }),
})

const Statistics = builder.objectRef<BlastStatistics>('BlastStatistics').implement({
  description:
    'What became of a mass mail, over the mails that the viewer sees. Programs that look at links are not counted.',
  fields: (t) => ({
    mails: t.exposeInt('mails', { nullable: false, description: 'How many mails were written.' }),
    statuses: t.expose('statuses', {
      type: [StatusCount],
      nullable: { list: false, items: false },
      description: 'How many have each status; those that none has are left out.',
    }),
    opens: t.exposeInt('opens', { nullable: false, description: 'How often mails were opened.' }),
    uniqueOpens: t.exposeInt('uniqueOpens', { nullable: false, description: 'How many mails were opened.' }),
    clicks: t.exposeInt('clicks', { nullable: false, description: 'How often links were followed.' }),
    uniqueClicks: t.exposeInt('uniqueClicks', {
      nullable: false,
      description: 'In how many mails a link was followed.',
    }),
    bounces: t.exposeInt('bounces', { nullable: false, description: 'How many mails came back, for good or for now.' }),
    optOuts: t.exposeInt('optOuts', {
      nullable: false,
      description: 'By how many mails their recipients asked not to be written to any more.',
    }),
    links: t.expose('links', {
      type: [LinkCount],
      nullable: { list: false, items: false },
      description: 'Its links, those that were followed most first; at most 100.',
    }),
  }),
})

builder.queryField('blastStatistics', (t) =>
  t.field({
    type: Statistics,
    description:
      'What became of a mass mail; null for one that the viewer does not see. FIELD_FORBIDDEN for who may not filter by what it tells. Needs EmailBlast.read, EmailMessage.read, TrackingLink.read and EngagementEvent.read.',
    args: { id: t.arg.id({ required: true, description: 'The mass mail to look at.' }) },
    extensions: { permission: ['EmailBlast.read', 'EmailMessage.read', 'TrackingLink.read', 'EngagementEvent.read'] },
    resolve: (_root, { id }, context) => blastStatistics(context, requireViewer(context), id),
  }),
)

import { opportunityRules } from '../../resolvers/sales/opportunity.ts'
import { record } from '../record.ts'
import {
  attached,
  choice,
  currency,
  date,
  datetime,
  int,
  linked,
  longText,
  many,
  money,
  one,
  text,
  through,
} from '../shared/fields.ts'
import { FORECAST_CATEGORIES } from './forecastCategory.ts'

record('Opportunity', {
  plural: 'opportunities',
  prefix: 'oppo',
  description:
    'A possible sale, 商机. When it is closed (its status is not OPEN), only description, nextStep and nextFollowUpAt can be changed, and lossNote of a lost one (INVALID_STATE); reopenOpportunity opens it again.',
  search: ['name', 'number'],
  inherits: { account: 'NONE' },
  fields: {
    number: text('The tenant’s own number for it; by the company’s rule (NumberRule) where it has one.', { max: 50 }),
    name: text('What it is called.', { required: true }),
    status: choice(
      'What its stage makes of it.',
      'OpportunityStatus',
      {
        OPEN: 'Still going on.',
        WON: 'It was won, 赢单.',
        LOST: 'It was lost, 输单.',
        INVALID: 'Was never a real one, 无效.',
      },
      { write: 'never' },
    ),
    amount: money(
      'What it may bring, or brought. With lines it is the sum of their totals and cannot be set (AMOUNT_DERIVED_FROM_LINES).',
      { range: { min: 0 } },
    ),
    amountSource: choice(
      'Where its amount comes from.',
      'AmountSource',
      { MANUAL: 'It was set.', LINES: 'It is the sum of its lines.' },
      { write: 'never' },
    ),
    currency: currency(
      'Currency of all its amounts and of its lines; the tenant’s if left out. Stays while there are lines (CURRENCY_MISMATCH).',
      { default: null },
    ),
    probability: int(
      'How likely it is won, per cent; the stage’s if left out or null. Every move sets it to that of the new stage. Always 100 when won, 0 when lost or invalid.',
      { default: null, range: { min: 0, max: 100 } },
    ),
    expectedRevenue: money('amount × probability.', { write: 'never' }),
    forecastCategory: choice(
      'How it counts in a forecast: as its stage says.',
      'ForecastCategory',
      FORECAST_CATEGORIES,
      { write: 'never' },
    ),
    closeDate: date('When it is expected to close.'),
    actualCloseDate: date(
      'When it was closed. For deals that are entered closed: today if left out, and not in the future.',
      { write: 'create' },
    ),
    type: choice(
      'What kind of sale it is.',
      'OpportunityKind',
      {
        NEW: 'Something new.',
        UPSELL: 'More for one who has bought, 增购.',
        RENEWAL: 'The same again, 续费.',
      },
      { default: 'NEW' },
    ),
    nextStep: text('What comes next.'),
    nextFollowUpAt: datetime('When to get in touch next.'),
    lossReason: text(
      'Why it was lost, in words: as it was said, or the name of the reason in lossReasonId at that time. Only for deals that are entered lost or invalid; a move to a lost stage names its reason. New clients use lossReasonId and lossNote.',
      { write: 'create' },
    ),
    lossNote: text('What else there is to say about the loss. Can still be changed when the deal is lost.', {
      max: 2000,
    }),
    description: longText('Anything else.'),
    lastStageChangedAt: datetime('When it came into its stage.', { write: 'never' }),
    rottenDays: int('Days without activity after which it goes stale: as its stage says.', { write: 'never' }),
    rotsAt: datetime(
      'When it goes stale, or went: rottenDays after the last of lastActivityAt, lastStageChangedAt and createdAt. Null for closed deals and where the stage says nothing. Stale deals are found by where: { rotsAt: { lte: now } }.',
      { write: 'never' },
    ),
    lastActivityAt: datetime('When something last happened with it.'),
  },
  relations: {
    account: one('Account', 'accountId', 'The company that may buy. It cannot go while the deal is open.', {
      onDelete: 'restrict',
      while: { field: 'status', in: ['OPEN'] },
    }),
    primaryContact: one('Contact', 'primaryContactId', 'The person to talk to first.'),
    pipeline: one(
      'Pipeline',
      'pipelineId',
      'The pipeline that it moves through. Left out: that of its stage, else the default one.',
      { default: null, write: 'create', onDelete: 'restrict' },
    ),
    stage: one(
      'Stage',
      'stageId',
      'The stage that it stands in, of its own pipeline (STAGE_NOT_IN_PIPELINE). Left out: the first open one.',
      { default: null, write: 'create', onDelete: 'restrict' },
    ),
    pendingStage: one(
      'Stage',
      'pendingStageId',
      'Where it goes when it is approved: a transition asks for that. Null when it waits for no move.',
      { write: 'never', onDelete: 'restrict' },
    ),
    reasonForLoss: one(
      'LossReason',
      'lossReasonId',
      'Why it was lost, or would be, of the company’s list. A deal that has one needs no other to be lost.',
      { onDelete: 'restrict' },
    ),
    source: one('LeadSource', 'sourceId', 'Where it came from.'),
    campaign: one('Campaign', 'campaignId', 'The campaign that it came from; a converted lead gives its own.'),
    priceBook: one(
      'PriceBook',
      'priceBookId',
      'The book that the prices of its lines come from; the standard book of its currency if left out.',
      {
        onDelete: 'restrict',
      },
    ),
    owner: one('User', 'ownerId', 'Whose deal it is; the caller if left out on create.'),
    lines: many('OpportunityLine', 'opportunity', 'The products offered; order them by SORT.'),
    opportunityContacts: many(
      'OpportunityContact',
      'opportunity',
      'The people who have a part in it, with their roles.',
    ),
    contacts: through('Contact', 'OpportunityContact', 'opportunity', 'contact', 'The people who have a part in it.'),
    opportunityCompetitors: many('OpportunityCompetitor', 'opportunity', 'Who else wants to win it.'),
    splits: many(
      'OpportunitySplit',
      'opportunity',
      'Who has which part in what it brings; setOpportunitySplits sets them.',
    ),
    stageHistory: many('OpportunityStageHistory', 'opportunity', 'Its way through the stages; order it by ENTERED_AT.'),
    quotes: many('Quote', 'opportunity', 'Its quotes.'),
    orders: many('Order', 'opportunity', 'The orders that came of it.'),
    convertedLeads: many('Lead', 'convertedOpportunity', 'The leads that became it.'),
    contracts: many('Contract', 'opportunity', 'The contracts that came of it.'),
    activities: linked('Activity', 'ActivityLink', 'activity', 'What happened and will happen with it.'),
    tasks: linked('Task', 'TaskLink', 'task', 'What is to do for it.'),
    tags: linked('Tag', 'TagLink', 'tag', 'The tags that it has.'),
    attachments: attached('Attachment', 'The files at it.'),
    posts: attached('FeedPost', 'What colleagues say at it; order them as the feed.'),
    approvals: attached(
      'ApprovalInstance',
      'Its approvals: while one is PENDING, it stays as it is (APPROVAL_PENDING).',
    ),
  },
  rules: opportunityRules,
})

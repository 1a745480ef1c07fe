import { recordType } from '../../read/recordType.ts'
import { assignNew } from '../../resolvers/leads/assignment/assign.ts'
import { writeLead } from '../../resolvers/leads/lead.ts'
import { intoPool } from '../../resolvers/leads/pool/pooled.ts'
import { rulesTogether } from '../../resolvers/write.ts'
import { record } from '../record.ts'
import {
  attached,
  boolean,
  choice,
  currency,
  datetime,
  decimal,
  email,
  int,
  linked,
  longText,
  many,
  money,
  object,
  objects,
  one,
  phone,
  text,
  url,
} from '../shared/fields.ts'
import { mergedInto } from '../shared/merged.ts'
import { Address, EmailEntry, PhoneEntry, ScorePart } from '../shared/shapes.ts'
import { LEAD_STATUSES } from './leadStatus.ts'
import { pooledFields, pooledRelations } from './pooled.ts'

record('Lead', {
  plural: 'leads',
  prefix: 'lead',
  description:
    'Someone who showed interest and is not yet known to be a customer, 线索. A converted lead stays readable and can no longer be changed (INVALID_STATE).',
  search: ['fullName', 'firstName', 'lastName', 'companyName', 'email', 'phone', 'mobile', 'number'],
  lookups: { email: { field: 'email' } },
  fields: {
    number: text('The tenant’s own number for it.', { max: 50 }),
    fullName: text(
      'The person’s name. Left out or null: made of firstName and lastName, of which one is required then; it follows them while it is what they make.',
      { default: null },
    ),
    firstName: text('Given name.', { max: 100 }),
    lastName: text('Family name.', { max: 100 }),
    companyName: text('The company they work for, as they gave it.'),
    title: text('Job title.', { max: 100 }),
    email: email('The address to write to first: the primary one of emails, and always one of them.'),
    phone: phone('The number to call first: the primary one of phones, and always one of them.'),
    mobile: phone('Mobile number.'),
    emails: objects(
      'All e-mail addresses, no two alike, at most one primary; if none is marked, the first becomes it. Written here or, the primary one alone, as email.',
      EmailEntry,
    ),
    phones: objects(
      'All telephone numbers, no two alike, at most one primary; if none is marked, the first becomes it. Written here or, the primary one alone, as phone.',
      PhoneEntry,
    ),
    hasInvalidEmail: boolean('Did mail to one of emails come back.', { write: 'never' }),
    website: url('Home page of the company.'),
    address: object('Postal address.', Address),
    industry: text('Line of business of the company.', { max: 100 }),
    employees: int('How many people work in the company.', { range: { min: 0 } }),
    annualRevenue: money('Revenue of the company in a year.', { range: { min: 0 } }),
    expectedAmount: money('What a deal may bring.', { range: { min: 0 } }),
    currency: currency('Currency of all its amounts; the tenant’s if left out.'),
    status: choice('Where it stands.', 'LeadStatus', LEAD_STATUSES, { default: 'NEW' }),
    statusReason: text('Why it stands there.'),
    rating: choice('How near it is to buying.', 'LeadRating', {
      HOT: 'Will buy soon.',
      WARM: 'May buy some day.',
      COLD: 'Will hardly buy.',
    }),
    score: int('Points, by the tenant’s own rules. Left out beside scoreParts: their sum.'),
    scoreParts: objects('What the score is made of.', ScorePart),
    channel: text('How it came in, in the tenant’s own words: WEB, PHONE, WECHAT.', { max: 50 }),
    utmSource: text('utm_source of the link that brought it.'),
    utmMedium: text('utm_medium of the link that brought it.'),
    utmCampaign: text('utm_campaign of the link that brought it.'),
    utmTerm: text('utm_term of the link that brought it.'),
    utmContent: text('utm_content of the link that brought it.'),
    landingUrl: url('The first page it saw.'),
    referrer: text('The page it came from, as the browser gave it.', { max: 2000 }),
    totalVisits: int('How often it visited the website.', { range: { min: 0 } }),
    timeOnSite: int('How long it was on the website, seconds.', { range: { min: 0 } }),
    pageViews: decimal('Pages seen per visit on the average, at most two decimals.', {
      range: { min: 0, max: 99_999_999.99 },
    }),
    doNotContact: boolean('Must it be left alone.', { default: false }),
    doNotEmail: boolean('Must it not be written to by e-mail.', { default: false }),
    doNotCall: boolean('Must it not be called.', { default: false }),
    description: longText('Anything else.'),
    assignedAt: datetime('When it got its present owner; null without one.', { write: 'never' }),
    firstResponseAt: datetime(
      'When it was first answered. Noted with the first activity that the company did with it (no note, not inbound), unless it was entered.',
    ),
    nextFollowUpAt: datetime('When to get in touch next.'),
    lastActivityAt: datetime('When something last happened with it.'),
    convertedAt: datetime('When it was converted.', { write: 'never' }),
    ...pooledFields,
  },
  relations: {
    source: one('LeadSource', 'sourceId', 'Where it came from.'),
    campaign: one('Campaign', 'campaignId', 'The campaign that it came from.'),
    owner: one('User', 'ownerId', 'Who follows it up; the caller if left out on create.'),
    ...pooledRelations,
    ownershipRecords: many('OwnershipRecord', 'lead', 'Who had it when, and why that changed.'),
    convertedBy: one('User', 'convertedById', 'Who converted it.', { write: 'never' }),
    convertedAccount: one('Account', 'convertedAccountId', 'The company it became.', { write: 'never' }),
    convertedContact: one('Contact', 'convertedContactId', 'The person it became.', { write: 'never' }),
    convertedOpportunity: one('Opportunity', 'convertedOpportunityId', 'The deal it became.', { write: 'never' }),
    conversion: one(
      'LeadConversion',
      'conversionId',
      'What its conversion did; null for one that was entered converted.',
      {
        write: 'never',
      },
    ),
    conversions: many('LeadConversion', 'lead', 'All its conversions, those that were undone too.'),
    leadProducts: many('LeadProduct', 'lead', 'The products that it is interested in.'),
    mergedInto: mergedInto('Lead'),
    activities: linked('Activity', 'ActivityLink', 'activity', 'What happened and will happen with it.'),
    tasks: linked('Task', 'TaskLink', 'task', 'What is to do for it.'),
    tags: linked('Tag', 'TagLink', 'tag', 'The tags that it has.'),
    attachments: attached('Attachment', 'The files at it.'),
    posts: attached('FeedPost', 'What colleagues say at it; order them as the feed.'),
    consents: many('ConsentRecord', 'lead', 'What it said to being contacted; those that count have isCurrent.'),
    thirdPartyIdentities: many('ThirdPartyIdentity', 'lead', 'What it is called on other platforms.'),
    segments: linked('Segment', 'SegmentMember', 'segment', 'The static segments that it is in.'),
  },
  rules: rulesTogether(
    { write: (changes, context) => intoPool('Lead', changes, context) },
    { write: writeLead, done: assignNew(() => recordType('Lead')) },
    { apart: (filled) => !filled.has('poolId') },
  ),
})

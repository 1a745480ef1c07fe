import { campaignMemberRules } from '../../resolvers/marketing/campaignMember.ts'
import { campaignMemberStatusRules } from '../../resolvers/marketing/campaignMemberStatus.ts'
import { record } from '../record.ts'
import { boolean, datetime, int, many, one, text } from '../shared/fields.ts'

const kept = { write: 'never' } as const
/** Whom it is about: exactly one of the three. */
const whose = { write: 'create', part: true } as const
const campaign = { required: true, write: 'create', part: true } as const

record('CampaignMemberStatus', {
  plural: 'campaignMemberStatuses',
  prefix: 'cmst',
  description:
    'How far a member of a campaign can come: invited, registered, came. Exactly one is the default and at least one says that the member responded: INVALID_STATE for a change after which it were not so.',
  fields: {
    label: text('What it is called, unique in the campaign.', { required: true, max: 100 }),
    isDefault: boolean('Do new members have it. Set on one, it is taken from the other.', { default: false }),
    hasResponded: boolean('Did a member who has it respond.', { default: false }),
    sort: int('Its place among the statuses of the campaign.', { default: 0 }),
  },
  relations: {
    campaign: one('Campaign', 'campaignId', 'The campaign whose members can have it.', campaign),
    members: many('CampaignMember', 'status', 'The members who have it.'),
  },
  unique: { label: ['campaignId', 'label'] },
  rules: campaignMemberStatusRules,
})

record('CampaignMember', {
  plural: 'campaignMembers',
  prefix: 'cmem',
  description:
    'A person or a company that a campaign is about: a contact, a lead or an account, VALIDATION_FAILED with the rule exactlyOne otherwise. A part of both. The same one twice is UNIQUE_VIOLATION; addCampaignMembers finds who is there.',
  fields: {
    hasResponded: boolean('Did they respond: as their status says.', kept),
    firstRespondedAt: datetime('When they first had a status that says so.', kept),
    source: text('How they came to be a member: LIST, FORM, 展会.', { max: 100 }),
  },
  relations: {
    campaign: one('Campaign', 'campaignId', 'The campaign that is about them.', campaign),
    contact: one('Contact', 'contactId', 'Whom it is about, a contact.', whose),
    lead: one('Lead', 'leadId', 'Whom it is about, a lead.', whose),
    account: one('Account', 'accountId', 'Whom it is about, a company.', whose),
    status: one('CampaignMemberStatus', 'statusId', 'How far they are; the campaign’s default if left out.'),
  },
  rules: campaignMemberRules,
})

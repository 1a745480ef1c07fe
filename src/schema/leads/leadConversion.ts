import { record } from '../record.ts'
import { boolean, choice, datetime, one } from '../shared/fields.ts'
import { LEAD_STATUSES } from './leadStatus.ts'

const kept = { write: 'never' } as const

record('LeadConversion', {
  plural: 'leadConversions',
  prefix: 'leco',
  description:
    'What a conversion made of a lead, 线索转化: written by convertLead, undone by revertConversion. A part of the lead. createdBy converted it at createdAt.',
  fields: {
    accountMade: boolean('Was the account made; false when it was there and was linked, or there is none.', kept),
    contactMade: boolean('Was the contact made; false when it was there and was linked.', kept),
    formerStatus: choice('The status of the lead before.', 'LeadStatus', LEAD_STATUSES, kept),
    revertibleUntil: datetime('Until when it can be undone.', kept),
    revertedAt: datetime('When it was undone; null while it holds.', kept),
  },
  relations: {
    lead: one('Lead', 'leadId', 'The lead that was converted.', { ...kept, part: true }),
    account: one('Account', 'accountId', 'The company that it became or was linked to.', kept),
    contact: one('Contact', 'contactId', 'The person that it became or was linked to.', kept),
    opportunity: one('Opportunity', 'opportunityId', 'The deal that was made.', kept),
    revertedBy: one('User', 'revertedById', 'Who undid it.', kept),
  },
  operations: [],
})

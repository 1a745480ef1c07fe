import { opportunityContactRules } from '../../resolvers/sales/opportunityContact.ts'
import { CONTACT_ROLES } from '../customers/contactRole.ts'
import { record } from '../record.ts'
import { boolean, choice, one } from '../shared/fields.ts'

record('OpportunityContact', {
  plural: 'opportunityContacts',
  prefix: 'opco',
  description: 'A person’s part in a deal. A part of the deal: it goes to the recycle bin with it.',
  fields: {
    role: choice('The part that the person plays when the company buys.', 'ContactRole', CONTACT_ROLES),
    isPrimary: boolean(
      'Is it the person who counts most in this deal. Setting it takes the mark from the deal’s other people.',
      { default: false },
    ),
  },
  relations: {
    opportunity: one('Opportunity', 'opportunityId', 'The deal itself.', {
      required: true,
      write: 'create',
      part: true,
    }),
    contact: one('Contact', 'contactId', 'The person.', { required: true, write: 'create' }),
  },
  unique: { opportunityAndContact: ['opportunityId', 'contactId'] },
  rules: opportunityContactRules,
})

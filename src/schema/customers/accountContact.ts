import { accountContactRules } from '../../resolvers/customers/accountContact.ts'
import { record } from '../record.ts'
import { boolean, choice, date, one } from '../shared/fields.ts'
import { CONTACT_ROLES } from './contactRole.ts'

record('AccountContact', {
  plural: 'accountContacts',
  prefix: 'acon',
  description: 'A person’s part in a company, past or present. A part of both: it goes to the recycle bin with either.',
  fields: {
    role: choice('The part that the person plays when the company buys.', 'ContactRole', CONTACT_ROLES),
    isPrimary: boolean(
      'Is it the company that the person mainly works for. Setting it takes the mark from the person’s other companies.',
      { default: false },
    ),
    isActive: boolean('Does the person still belong to the company.', { default: true }),
    fromDate: date('First day in the company.'),
    toDate: date('Last day in the company; not before fromDate.'),
  },
  relations: {
    account: one('Account', 'accountId', 'The company.', { required: true, write: 'create', part: true }),
    contact: one('Contact', 'contactId', 'The person.', { required: true, write: 'create', part: true }),
  },
  unique: { accountAndContact: ['accountId', 'contactId'] },
  rules: accountContactRules,
})

import { record } from '../record.ts'
import { choice, text } from '../shared/fields.ts'

record('AccessInheritance', {
  plural: 'accessInheritances',
  prefix: 'ainh',
  description:
    'Whether access to a record opens others that refer to it, for the whole company: access to an account its contacts (Contact, accounts; READ unless set), opportunities (Opportunity, account; NONE) and activities (Activity, links; READ). A company has one for each relation that can open something, and sets how far.',
  settings: true,
  fields: {
    object: text('The type that is opened: Contact.', { write: 'never', max: 100 }),
    relation: text('The relation of that type that leads to what opens it: accounts.', { write: 'never', max: 100 }),
    access: choice(
      'How far it is opened.',
      'InheritedAccess',
      {
        NONE: 'Not at all.',
        READ: 'Who sees the one sees the other.',
        WRITE: 'Who may write the one may write the other.',
      },
      { required: true },
    ),
  },
  unique: { objectAndRelation: ['object', 'relation'] },
  operations: ['update'],
})

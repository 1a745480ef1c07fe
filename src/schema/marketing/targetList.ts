import { writeTargetListMember } from '../../resolvers/marketing/targetList.ts'
import { record } from '../record.ts'
import { boolean, choice, int, longText, many, one, text } from '../shared/fields.ts'

const kept = { write: 'never' } as const
/** Who is on it: exactly one of the two. */
const whose = { write: 'create', part: true } as const

record('TargetList', {
  plural: 'targetLists',
  prefix: 'tlst',
  description:
    'People who are written to by mass mails, or who are left out by them, 目标名单: filled one by one, from segments and by filters with addTargetListMembers.',
  search: ['name'],
  fields: {
    name: text('What it is called.', { required: true }),
    description: longText('What it is for.'),
    kind: choice(
      'What a mass mail does with its people.',
      'TargetListKind',
      { INCLUDE: 'They are written to.', EXCLUDE: 'They are left out, by their addresses.' },
      { default: 'INCLUDE', write: 'create' },
    ),
    memberCount: int('How many people are on it.', kept),
    optedOutCount: int('How many of them asked not to be written to as one of it.', kept),
  },
  relations: {
    owner: one('User', 'ownerId', 'Whose it is; the caller if left out on create.'),
    members: many('TargetListMember', 'targetList', 'Who is on it.'),
  },
})

record('TargetListMember', {
  plural: 'targetListMembers',
  prefix: 'tlmb',
  description:
    'A person is on a target list. A part of both: it goes to the recycle bin with either. A second one for the same two is UNIQUE_VIOLATION.',
  fields: { optedOut: boolean('Did they ask not to be written to as one of this list.', kept) },
  relations: {
    targetList: one('TargetList', 'targetListId', 'The list that they are on.', {
      required: true,
      write: 'create',
      part: true,
    }),
    contact: one('Contact', 'contactId', 'The person, a contact.', whose),
    lead: one('Lead', 'leadId', 'The person, a lead.', whose),
  },
  rules: { write: writeTargetListMember },
})

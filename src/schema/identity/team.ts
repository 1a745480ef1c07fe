import { record } from '../record.ts'
import { longText, many, one, text } from '../shared/fields.ts'

record('Team', {
  plural: 'teams',
  prefix: 'team',
  description:
    'People who work together across departments, 团队. Roles whose scope is TEAM open the records of its people to each other.',
  search: ['name'],
  settings: true,
  fields: {
    name: text('What it is called; unique among live teams.', { required: true }),
    description: longText('What it is for.', { max: 2000 }),
  },
  relations: {
    leader: one('User', 'leaderId', 'Who leads it; counts as one of it.'),
    members: many('TeamMember', 'team', 'The people in it, with what they do there.'),
  },
  unique: { name: ['name'] },
})

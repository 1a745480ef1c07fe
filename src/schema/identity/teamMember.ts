import { record } from '../record.ts'
import { one, text } from '../shared/fields.ts'

record('TeamMember', {
  plural: 'teamMembers',
  prefix: 'tmem',
  description: 'A user belongs to a team. A part of the team: it goes to the recycle bin with it.',
  settings: true,
  fields: {
    role: text('What they do in it, in the company’s own words.', { max: 100 }),
  },
  relations: {
    team: one('Team', 'teamId', 'The team itself.', { required: true, write: 'create', part: true }),
    user: one('User', 'userId', 'Who belongs to it.', { required: true, write: 'create' }),
  },
  unique: { teamAndUser: ['teamId', 'userId'] },
})

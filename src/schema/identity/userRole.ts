import { userRoleRules } from '../../resolvers/identity/roles.ts'
import { record } from '../record.ts'
import { datetime, one, text } from '../shared/fields.ts'

record('UserRole', {
  plural: 'userRoles',
  prefix: 'urol',
  description:
    'A role that a user has besides their main one, perhaps for a time. Of all roles together the most permissive counts. PRIVILEGE_ESCALATION: nobody gives what they do not have.',
  settings: true,
  fields: {
    expiresAt: datetime('When it ends; null for never. Counts to the second.'),
    reason: text('Why they have it.', { max: 2000 }),
  },
  relations: {
    user: one('User', 'userId', 'Who has it.', { required: true, write: 'create', part: true }),
    role: one('Role', 'roleId', 'The role itself.', { required: true, write: 'create', onDelete: 'restrict' }),
  },
  unique: { userAndRole: ['userId', 'roleId'] },
  rules: userRoleRules,
})

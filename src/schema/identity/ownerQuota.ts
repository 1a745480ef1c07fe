import { ownerQuotaRules } from '../../resolvers/identity/ownerQuota.ts'
import { record } from '../record.ts'
import { boolean, int, one, text } from '../shared/fields.ts'

// It goes with whom it holds for: without them it would hold for nobody.
const whom = { write: 'create', part: true } as const

record('OwnerQuota', {
  plural: 'ownerQuotas',
  prefix: 'oquo',
  description:
    'How many live records of a type a user may own, 客户保有量: of exactly one user, of each user with a role, or of each user of a department. Of several that fit a user their own counts, else that of their department, else the largest of their roles. Whatever would go beyond it, on every path, is OWNER_QUOTA_EXCEEDED; what somebody owns already stays. A new or changed one counts within seconds.',
  settings: true,
  fields: {
    object: text('Name of the type, one whose records have an owner: Account.', { required: true, write: 'create' }),
    limit: int('How many live records of the type they may own.', { required: true, range: { min: 0 } }),
    excludeWon: boolean('Do won customers not count. Accounts only.', { default: false }),
    lockLimit: int('How many locked customers they may own that were not won; null for no limit. Accounts only.', {
      range: { min: 0 },
    }),
  },
  relations: {
    user: one('User', 'userId', 'The user it holds for.', whom),
    role: one('Role', 'roleId', 'The role for whose holders it holds.', whom),
    department: one('Department', 'departmentId', 'The department for whose users it holds.', whom),
  },
  rules: ownerQuotaRules,
})

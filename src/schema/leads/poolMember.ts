import { poolMemberRules } from '../../resolvers/leads/pool/member.ts'
import { record } from '../record.ts'
import { choice, one } from '../shared/fields.ts'

const whom = { write: 'create', part: true } as const

record('PoolMember', {
  plural: 'poolMembers',
  prefix: 'pmem',
  description:
    'Who is in a pool: exactly one of user and department, the department with those below it. Counts within seconds. A part of the pool: it goes to the recycle bin with it.',
  settings: true,
  fields: {
    role: choice(
      'What they may do there.',
      'PoolRole',
      {
        MEMBER: 'See its records and claim them.',
        ADMIN: 'Also assign, move and import records, see what is kept back, and start and preview the reclaim.',
      },
      { default: 'MEMBER' },
    ),
  },
  relations: {
    pool: one('Pool', 'poolId', 'The pool itself.', { required: true, write: 'create', part: true }),
    user: one('User', 'userId', 'The user who is in it.', whom),
    department: one('Department', 'departmentId', 'The department whose people are in it.', whom),
  },
  rules: poolMemberRules,
})

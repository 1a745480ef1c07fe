import { replaceAbsent } from '../../resolvers/approval/absence.ts'
import { deleteUser, writeUser } from '../../resolvers/identity/user.ts'
import { record } from '../record.ts'
import { choice, datetime, email, many, one, phone, text, url } from '../shared/fields.ts'

record('User', {
  plural: 'users',
  prefix: 'user',
  description:
    'A person who works in the company, 员工, or, with a contact, a customer’s own user (docs/portal.md). At least one active administrator stays (LAST_ADMIN). Passwords are no fields: nothing reads them.',
  search: ['name', 'email', 'mobile', 'employeeNo'],
  settings: true,
  customer: (alias, contact) => `${alias}.contact_id = ${contact()}`,
  fields: {
    name: text('What people call them.', { required: true }),
    email: email('What they sign in with; unique among live users. Without one they cannot sign in.'),
    mobile: phone('Mobile number.'),
    avatarUrl: url('Where their picture is.'),
    status: choice(
      'May they work.',
      'UserStatus',
      {
        INVITED: 'Asked to join; has not signed in.',
        ACTIVE: 'Works here.',
        SUSPENDED: 'May not sign in for the time being.',
        LEFT: 'Works here no longer.',
      },
      { default: 'ACTIVE' },
    ),
    locale: text('Their language, BCP 47: en, zh-CN; the company’s if null.', { max: 35 }),
    timezone: text('Their time zone, IANA: Asia/Shanghai; the company’s if null.', { max: 64 }),
    title: text('Job title.', { max: 100 }),
    employeeNo: text('Number in the company’s personnel records, 工号.', { max: 50 }),
    outOfOfficeFrom: datetime('Since when they are out of office.'),
    outOfOfficeTo: datetime('Until when they are out of office; null for open. Not before outOfOfficeFrom.'),
    lastLoginAt: datetime('When they last signed in.', { write: 'never' }),
    passwordChangedAt: datetime('When their password was last changed.', { write: 'never' }),
  },
  relations: {
    manager: one('User', 'managerId', 'Their superior; at most ten levels, no ring.'),
    role: one(
      'Role',
      'roleId',
      'Their main role: what they may do. PRIVILEGE_ESCALATION for one that allows more than the caller may.',
      {
        required: true,
        onDelete: 'restrict',
      },
    ),
    userRoles: many('UserRole', 'user', 'Further roles, some for a time; the most permissive counts.'),
    contact: one(
      'Contact',
      'contactId',
      'Of a customer’s own user: the person that they are, who cannot go while they have one. With it the role is the customer’s (key customer), without it another.',
      { write: 'create', onDelete: 'restrict' },
    ),
    department: one('Department', 'departmentId', 'Where they work, 部门.'),
    delegate: one('User', 'delegateId', 'Who acts for them while they are out of office; no ring.'),
    reports: many('User', 'manager', 'The people whose superior they are.'),
    accounts: many('Account', 'owner', 'The companies they look after.'),
    contacts: many('Contact', 'owner', 'The people they look after.'),
    leads: many('Lead', 'owner', 'The leads they follow up.'),
    opportunities: many('Opportunity', 'owner', 'Their deals.'),
    activities: many('Activity', 'owner', 'Their activities.'),
    tasks: many('Task', 'assignee', 'What they are to do.'),
  },
  unique: { email: ['email'] },
  operations: ['create', 'update', 'delete', 'restore', 'upsert'],
  rules: { write: writeUser, delete: deleteUser, done: replaceAbsent },
})

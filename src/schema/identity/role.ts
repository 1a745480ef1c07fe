import { roleRules } from '../../resolvers/identity/roles.ts'
import { record } from '../record.ts'
import { boolean, longText, many, text } from '../shared/fields.ts'

record('Role', {
  plural: 'roles',
  prefix: 'role',
  description:
    'A named set of rights, 角色. Users have one main role and may have more for a time; every API key has one. What it allows stands in its object and field permissions: what they do not allow is refused. The administrator may do everything and cannot be changed (INVALID_STATE).',
  search: ['name', 'key', 'description'],
  settings: true,
  fields: {
    key: text(
      'Its short name, for programs: admin, manager, rep, readonly. Unique among live roles; stays as it was made.',
      {
        required: true,
        write: 'create',
        max: 50,
      },
    ),
    name: text('What people call it.', { required: true }),
    description: longText('What it is for.', { max: 2000 }),
    isSystem: boolean('Did the company begin with it; such a role cannot be removed (INVALID_STATE).', {
      write: 'never',
    }),
  },
  relations: {
    objectPermissions: many('ObjectPermission', 'role', 'What it allows, by type of record.'),
    fieldPermissions: many('FieldPermission', 'role', 'What it allows with single fields.'),
    users: many('User', 'role', 'The users whose main role it is.'),
    userRoles: many('UserRole', 'role', 'The users who have it besides their main one.'),
    apiKeys: many('ApiKey', 'role', 'The API keys that have it.'),
  },
  unique: { key: ['key'] },
  operations: ['create', 'update', 'delete', 'restore', 'upsert'],
  rules: roleRules,
})

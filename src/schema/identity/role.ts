import { record } from '../record.ts'
import { boolean, many, text } from '../shared/fields.ts'

const kept = { write: 'never' } as const

record('Role', {
  plural: 'roles',
  prefix: 'role',
  description: 'A named set of rights, 角色; every user and every API key has one.',
  fields: {
    key: text('Its short name, for programs: admin, manager, rep, readonly.', { ...kept, max: 50 }),
    name: text('What people call it.', kept),
    description: text('What it allows.', { ...kept, max: 2000 }),
    isSystem: boolean('Did the company begin with it; such a role cannot be removed.', kept),
  },
  relations: {
    users: many('User', 'role', 'The users who have it.'),
    apiKeys: many('ApiKey', 'role', 'The API keys that have it.'),
  },
  unique: { key: ['key'] },
  operations: [],
})

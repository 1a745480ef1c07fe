import { record } from '../record.ts'
import { datetime, one, text, texts } from '../shared/fields.ts'

const kept = { write: 'never' } as const

record('ApiKey', {
  plural: 'apiKeys',
  prefix: 'akey',
  description: 'A key by which a program calls. The key itself is shown once, when it is made, and kept nowhere.',
  fields: {
    name: text('What it is for.', kept),
    prefix: text('Its first 12 characters, to tell keys apart.', { ...kept, max: 12 }),
    last4: text('Its last four characters, to tell keys apart.', { ...kept, max: 4 }),
    scopes: texts('What it is limited to; empty for all that its role allows.', kept),
    allowedIps: texts('The addresses it may be used from, as CIDR ranges; empty for any.', kept),
    expiresAt: datetime('When it stops working; null for never.', kept),
    lastUsedAt: datetime('When it was last used.', kept),
    revokedAt: datetime('When it was revoked; null for one that works.', kept),
  },
  relations: {
    role: one('Role', 'roleId', 'What it may do.', { ...kept, onDelete: 'restrict' }),
    user: one('User', 'userId', 'On whose behalf it acts, if anyone’s.', kept),
  },
  operations: [],
})

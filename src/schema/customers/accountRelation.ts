import { writeAccountRelation } from '../../resolvers/customers/accountRelation.ts'
import { record } from '../record.ts'
import { choice, one, text } from '../shared/fields.ts'

const end = { required: true, write: 'create', part: true } as const

record('AccountRelation', {
  plural: 'accountRelations',
  prefix: 'arel',
  description:
    'How two companies stand to each other. A part of both: seen by whoever sees both, written by whoever may write both. The same two are related in one way once, whichever is named first (UNIQUE_VIOLATION): that one owns the other cannot be said both ways.',
  fields: {
    kind: choice(
      'What the source is to the target.',
      'AccountRelationKind',
      {
        PARENT: 'It owns the target.',
        SUBSIDIARY: 'It belongs to the target.',
        PARTNER: 'It works with the target.',
        COMPETES: 'It competes with the target.',
        REFERRED_BY: 'It came through the target.',
      },
      { required: true },
    ),
    description: text('More about it.', { max: 2000 }),
  },
  relations: {
    source: one('Account', 'sourceId', 'The company of which it is said.', end),
    target: one('Account', 'targetId', 'The other company; another than the source.', end),
  },
  rules: { write: writeAccountRelation },
})

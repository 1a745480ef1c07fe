import { record } from '../record.ts'
import { choice, datetime, one, text } from '../shared/fields.ts'

const kept = { write: 'never' } as const
/** It is a part of the one that it is about: whoever sees that sees its history. */
const about = { ...kept, part: true } as const

record('OwnershipRecord', {
  plural: 'ownershipRecords',
  prefix: 'ownr',
  description:
    'One change of who has a customer or a lead, 归属记录: from whom and from which pool to whom and to which pool, why, when and by whom. Written by the database with every such change, whatever caused it; never by clients. Whoever sees the record sees its history.',
  fields: {
    objectType: choice(
      'Of what type the record is.',
      'OwnershipObject',
      { ACCOUNT: 'A customer: account.', LEAD: 'A lead: lead.' },
      kept,
    ),
    reason: choice(
      'Why it changed.',
      'OwnershipReason',
      {
        CLAIM: 'Somebody claimed it from a pool.',
        ASSIGN: 'An administrator of the pool gave it to somebody.',
        RELEASE: 'It was given to a pool.',
        RECLAIM: 'A rule took it back; rule says which.',
        MOVE: 'It went from one pool to another.',
        TRANSFER: 'Its owner was changed.',
        HANDOVER: 'Its owner handed over.',
        CONVERT: 'It was made or changed by a conversion.',
        IMPORT: 'It was imported.',
        MERGE: 'It was merged with others.',
        REGISTRATION: 'A registration gave it to its registrant.',
      },
      kept,
    ),
    note: text('What whoever did it gave as the reason.', { ...kept, max: 2000 }),
    at: datetime('When it changed.', kept),
  },
  relations: {
    account: one('Account', 'accountId', 'The customer; null of a lead.', about),
    lead: one('Lead', 'leadId', 'The lead; null of a customer.', about),
    fromOwner: one('User', 'fromOwnerId', 'Who had it; null for nobody.', kept),
    toOwner: one('User', 'toOwnerId', 'Who has it since; null for nobody.', kept),
    fromPool: one('Pool', 'fromPoolId', 'The pool that it lay in; null for none.', kept),
    toPool: one('Pool', 'toPoolId', 'The pool that it lies in since; null for none.', kept),
    rule: one('PoolReclaimRule', 'ruleId', 'The rule that took it back.', kept),
    by: one('User', 'byId', 'Who did it; null for programs without a user.', kept),
  },
  operations: [],
})

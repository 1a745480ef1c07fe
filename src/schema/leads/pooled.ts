import { choice, datetime, one } from '../shared/fields.ts'

/** The fields of record types that may lie in a pool. */
export const pooledFields = {
  pooledAt: datetime('Since when it has lain in a pool; null outside.', { write: 'never' }),
  claimedAt: datetime('When its owner got it; null without one.', { write: 'never' }),
  claimType: choice(
    'How its owner got it.',
    'ClaimType',
    { CREATED: 'They made it.', ASSIGNED: 'It was given to them.', CLAIMED: 'They claimed it from a pool.' },
    { write: 'never' },
  ),
  protectedUntil: datetime('Until when no rule takes it back.', { write: 'never' }),
}

/** Their ways to the pool and to who had them. */
export const pooledRelations = {
  pool: one(
    'Pool',
    'poolId',
    'The pool that it lies in; null with an owner. On create it takes an administrator of the pool, which must allow import.',
    { write: 'create' },
  ),
  previousOwner: one('User', 'previousOwnerId', 'Who had it before its owner, or before the pool.', {
    write: 'never',
  }),
}

import { callerOf } from '../../read/read.ts'
import { type PoolClaims, poolClaims } from '../../resolvers/leads/pool/claims.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'

const Claims = builder.objectRef<PoolClaims>('PoolClaims').implement({
  description: 'How many records the caller has claimed from a pool today, and how many they may.',
  fields: (t) => ({
    limit: t.exposeInt('limit', { description: 'How many in a day of the company’s calendar; null for no limit.' }),
    used: t.exposeInt('used', { nullable: false, description: 'How many they have claimed today.' }),
    resetsAt: t.field({
      type: 'DateTime',
      nullable: false,
      description: 'When the next day begins in the company’s time zone.',
      resolve: ({ resetsAt }) => resetsAt,
    }),
  }),
})

builder.queryField('poolClaims', (t) =>
  t.field({
    type: Claims,
    description:
      'How many records the caller may still claim from a pool today. Null for a pool that there is not, or that they are not in. Needs Pool.read.',
    args: { poolId: t.arg.id({ required: true, description: 'The pool it is about.' }) },
    extensions: { permission: ['Pool.read'], cost: 2 },
    resolve: (_root, { poolId }, context) => {
      const viewer = requireViewer(context)
      return context.tenancy.readTenant(callerOf(viewer), (db) => poolClaims(db, viewer, String(poolId)))
    },
  }),
)

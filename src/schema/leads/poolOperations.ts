import type { GraphQLResolveInfo } from 'graphql'
import type { Context } from '../../context.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { selectionOf } from '../../read/plan.ts'
import { recordType } from '../../read/recordType.ts'
import { assignFromPool, claimFromPool } from '../../resolvers/leads/pool/give.ts'
import { pooledTypeOf } from '../../resolvers/leads/pool/pooled.ts'
import { movePool, releaseToPool } from '../../resolvers/leads/pool/release.ts'
import { BULK_MAX, type ErrorPolicy, mutateMany, type Outcome } from '../../resolvers/mutation.ts'
import type { Written } from '../../resolvers/records.ts'
import type { WriteContext } from '../../resolvers/write.ts'
import { builder } from '../builder.ts'
import { ErrorPolicy as ErrorPolicyEnum, Node, UserError } from '../shared/types.ts'

const Result = builder.objectRef<Outcome>('PoolCallResult').implement({
  description: 'What became of one record of a call on a pool.',
  fields: (t) => ({
    id: t.id({
      description: 'Its id; null with a user error.',
      resolve: ({ id }) => id,
    }),
    record: t.field({
      type: Node,
      description:
        'The customer or lead as it now is; null with a user error, and where the caller may not see it any more.',
      resolve: ({ record }) => record as { id: string } | null,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'Why it was not done; empty when it was.',
    }),
  }),
})

const Payload = builder.objectRef<{ results: Outcome[]; userErrors: UserErrorInfo[] }>('PoolCallPayload').implement({
  description: 'What a call on a pool did.',
  fields: (t) => ({
    results: t.expose('results', {
      type: [Result],
      nullable: { list: false, items: false },
      description: 'One per id, in their order; empty when the call was refused as a whole.',
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description:
        'Why the call was refused as a whole: NOT_FOUND, POOL_ACCESS_DENIED, POOL_DISABLED, NO_POOL_FOR_RECORD, BULK_TOO_LARGE, VALIDATION_FAILED.',
    }),
  }),
})

const policy = {
  type: ErrorPolicyEnum,
  defaultValue: 'REJECT_FAILED_ROWS',
  description: 'What to do when some of the records cannot be had.',
} as const

/** Runs a verb over records of the type that their ids name. */
function run(
  context: Context,
  info: GraphQLResolveInfo,
  { ids, errorPolicy }: { ids: string[]; errorPolicy?: ErrorPolicy | null },
  work: (write: WriteContext, partial: boolean) => Promise<Written[]>,
) {
  const type = recordType(pooledTypeOf(ids) ?? 'Account')
  const path = ['results', 'record']
  // The id tells an interface which type it is.
  selectionOf(info, type, path)?.columns.add('id')
  return mutateMany({ context, info, type, path }, errorPolicy ?? 'REJECT_FAILED_ROWS', ids.length, work)
}

builder.mutationField('claimFromPool', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Claims records of a pool for the caller, a member: they become their owner, people who belong to a customer alone come along, and so do open opportunities and open tasks that the previous owner still has for it. Of several who claim a record one gets it. Errors of a record: NOT_FOUND, ALREADY_CLAIMED, CLAIM_LIMIT_REACHED { limit used resetsAt }, PREVIOUS_OWNER_COOLDOWN { until }, NEW_DATA_COOLDOWN { until }, OWNER_QUOTA_EXCEEDED. Needs Pool.read, and read and update on the type.',
    args: {
      poolId: t.arg.id({ required: true, description: 'The pool it is about.' }),
      ids: t.arg.idList({
        required: true,
        description: `The customers or leads, at most as many as the pool’s maxBatch, in the order in which they are wanted: the daily limit goes to the first ones.`,
      }),
      errorPolicy: t.arg(policy),
    },
    extensions: { permission: ['Pool.read'] },
    resolve: (_root, { errorPolicy, ...args }, context, info) => {
      const given = { poolId: String(args.poolId), ids: args.ids.map(String) }
      return run(context, info, { ids: given.ids, errorPolicy }, (write, partial) =>
        claimFromPool(write, given, { partial }),
      )
    },
  }),
)

builder.mutationField('assignFromPool', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Gives records of a pool to a user, for an administrator of the pool; what comes along is as of claimFromPool. The daily limit and the times of waiting do not hold, the owner quota does. Errors: NOT_FOUND, USER_INACTIVE for the user; of a record NOT_FOUND, ALREADY_CLAIMED, OWNER_QUOTA_EXCEEDED. Needs Pool.read, and read and update on the type.',
    args: {
      poolId: t.arg.id({ required: true, description: 'The pool it is about.' }),
      ids: t.arg.idList({
        required: true,
        description: 'The customers or leads, at most as many as the pool’s maxBatch.',
      }),
      userId: t.arg.id({ required: true, description: 'The active user who gets them, in the pool or not.' }),
      errorPolicy: t.arg(policy),
    },
    extensions: { permission: ['Pool.read'] },
    resolve: (_root, { errorPolicy, ...args }, context, info) => {
      const given = { poolId: String(args.poolId), ids: args.ids.map(String), userId: String(args.userId) }
      return run(context, info, { ids: given.ids, errorPolicy }, (write, partial) =>
        assignFromPool(write, given, { partial }),
      )
    },
  }),
)

builder.mutationField('releaseToPool', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Gives records to a pool: by their owner, or by who may transfer them. People who belong to a customer alone go along; open opportunities and tasks stay where they are until somebody claims it. Errors: NO_POOL_FOR_RECORD where no pool is named and none is the default, and for a pool of another object; of a record NOT_FOUND, FORBIDDEN, INVALID_STATE for what lies in a pool and for converted leads. Needs Pool.read, and update on the type.',
    args: {
      ids: t.arg.idList({ required: true, description: `Customers, or leads, at most ${BULK_MAX}.` }),
      poolId: t.arg.id({ description: 'The pool; the default one of their object if left out.' }),
      reason: t.arg.string({
        required: true,
        description: 'Why; stands in the history. Not empty, at most 2000 characters.',
      }),
      errorPolicy: t.arg(policy),
    },
    extensions: { permission: ['Pool.read'] },
    resolve: (_root, { errorPolicy, ...args }, context, info) => {
      const given = {
        ids: args.ids.map(String),
        poolId: args.poolId == null ? null : String(args.poolId),
        reason: args.reason,
      }
      return run(context, info, { ids: given.ids, errorPolicy }, (write, partial) =>
        releaseToPool(write, given, { partial }),
      )
    },
  }),
)

builder.mutationField('movePool', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Moves records from the pools where they lie to another one of the same object, for who rules all of these. Errors: NO_POOL_FOR_RECORD for a pool of another object; of a record NOT_FOUND, ALREADY_CLAIMED for what lies in no pool, POOL_ACCESS_DENIED. Needs Pool.read, and read and update on the type.',
    args: {
      ids: t.arg.idList({ required: true, description: `Customers, or leads, at most ${BULK_MAX}.` }),
      toPoolId: t.arg.id({ required: true, description: 'The pool to move them to.' }),
      errorPolicy: t.arg(policy),
    },
    extensions: { permission: ['Pool.read'] },
    resolve: (_root, { errorPolicy, ...args }, context, info) => {
      const given = { ids: args.ids.map(String), toPoolId: String(args.toPoolId) }
      return run(context, info, { ids: given.ids, errorPolicy }, (write, partial) =>
        movePool(write, given, { partial }),
      )
    },
  }),
)

import { recordType } from '../../read/recordType.ts'
import { lockAccount, unlockAccount } from '../../resolvers/leads/pool/lockAccount.ts'
import { mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { recordRef } from '../shared/names.ts'
import { UserError } from '../shared/types.ts'

const Payload = builder.objectRef<Outcome>('LockAccountPayload').implement({
  description: 'What lockAccount or unlockAccount did.',
  fields: (t) => ({
    account: t.field({
      type: recordRef('Account'),
      description: 'The customer as it now is; null with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    changed: t.boolean({
      description: 'Was anything changed; false when it was so already. Null with a user error.',
      resolve: (outcome) => outcome.changed,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

const VERBS = {
  lockAccount: {
    run: lockAccount,
    description:
      'Locks a customer for its owner: no rule takes it back to a pool. Its status becomes LOCKED. Errors: ALREADY_WON, INVALID_STATE for one without an owner or not in use, LOCK_QUOTA_EXCEEDED { limit current requested }. Needs Account.update.',
  },
  unlockAccount: {
    run: unlockAccount,
    description: 'Ends the lock of a customer. Its status becomes ACTIVE. Needs Account.update.',
  },
}

for (const [name, { run, description }] of Object.entries(VERBS))
  builder.mutationField(name, (t) =>
    t.field({
      type: Payload,
      nullable: false,
      description,
      args: {
        id: t.arg.id({ required: true, description: 'The customer.' }),
        expectedVersion: t.arg.int({
          description: 'The version it must still have; otherwise STALE_VERSION. Left out: any.',
        }),
      },
      extensions: { permission: ['Account.update'] },
      resolve: (_root, args, context, info) =>
        mutateOne({ context, info, type: recordType('Account'), path: ['account'] }, (write) =>
          run(write, { id: String(args.id), expectedVersion: args.expectedVersion }),
        ),
    }),
  )

import { recordType } from '../../read/recordType.ts'
import { type Along, type Moved, type Transfer, transferRecord } from '../../resolvers/customers/transfer.ts'
import { mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { camel, recordRef, spoken } from '../shared/names.ts'
import { UserError } from '../shared/types.ts'

/** The types whose records are transferred one by one, by a verb of their own. */
const TYPES = ['Account', 'Contact', 'Lead', 'Opportunity', 'Contract'] as const

const MovedType = builder.objectRef<Moved>('TransferredRecords').implement({
  description: 'How many records of a type went to the new owner.',
  fields: (t) => ({
    type: t.exposeString('type', { nullable: false, description: 'Name of the type: Account.' }),
    count: t.exposeInt('count', { nullable: false, description: 'How many of them went.' }),
  }),
})

const AlongEnum = builder.enumType('TransferAlong', {
  description: 'What goes along with an account, as far as it belongs to the account’s old owner.',
  values: {
    CONTACTS: { description: 'The contacts of the account. Needs Contact.transfer.' },
    OPEN_OPPORTUNITIES: {
      description: 'Its open opportunities; closed ones stay whose they are. Needs Opportunity.transfer.',
    },
  } satisfies Record<Along, { description: string }>,
})

for (const name of TYPES) {
  const verb = `transfer${name}` as const
  const Payload = builder.objectRef<Outcome>(`Transfer${name}Payload`).implement({
    description: `What ${verb} did.`,
    fields: (t) => ({
      [camel(name)]: t.field({
        type: recordRef(name),
        description: `The ${spoken(name)} as it now is; null with a user error, and where the caller may not see it any more.`,
        resolve: (outcome: Outcome) => outcome.record,
      }),
      moved: t.field({
        type: [MovedType],
        nullable: { list: true, items: false },
        description: 'What went to the new owner, by type; empty when it was theirs already. Null with a user error.',
        resolve: ({ more }: Outcome) => (more as Moved[] | undefined) ?? null,
      }),
      userErrors: t.expose('userErrors', {
        type: [UserError],
        nullable: { list: false, items: false },
        description: 'All that is wrong with the input; empty when it was done.',
      }),
    }),
  })
  const account = name === 'Account'
  builder.mutationField(verb, (t) =>
    t.field({
      type: Payload,
      nullable: false,
      description: `Gives ${/^[AO]/.test(name) ? 'an' : 'a'} ${spoken(name)} to another user; nothing of it changes but its owner: stage, status, links and values stay. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, USER_INACTIVE, OWNER_QUOTA_EXCEEDED; then nothing was written. Needs ${name}.update and ${name}.transfer.`,
      args: {
        id: t.arg.id({ required: true, description: `The ${spoken(name)} to give.` }),
        toUserId: t.arg.id({ required: true, description: 'The user who gets it.' }),
        ...(account
          ? { include: t.arg({ type: [AlongEnum], description: 'What goes along with it; nothing if left out.' }) }
          : {}),
        keepAccessDays: t.arg.int({
          description: 'How many days the old owner goes on seeing what went, 0 to 365; none if left out.',
        }),
        expectedVersion: t.arg.int({
          description: 'The version it must still have; otherwise STALE_VERSION. Left out: any.',
        }),
      },
      extensions: { permission: [`${name}.update`, `${name}.transfer`] },
      resolve: (_root, args, context, info) =>
        mutateOne({ context, info, type: recordType(name), path: [camel(name)] }, (write) =>
          transferRecord(write, recordType(name), args as Transfer),
        ),
    }),
  )
}

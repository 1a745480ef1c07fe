import { recordType } from '../../read/recordType.ts'
import { suppressAddress, unsuppressAddress } from '../../resolvers/marketing/suppression.ts'
import { mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { recordRef } from '../shared/names.ts'
import { UserError } from '../shared/types.ts'
import './suppression.ts'

const Payload = builder.objectRef<Outcome>('SuppressionPayload').implement({
  description: 'What suppressAddress or unsuppressAddress did.',
  fields: (t) => ({
    suppression: t.field({
      type: recordRef('Suppression'),
      description: 'The suppression as it now is; null with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

const targetListId = {
  description: 'A target list: mass mails by way of it are meant, and no others. All mails if left out.',
} as const
const address = { required: true, description: 'An e-mail address. It is not kept, its keyed hash is.' } as const

builder.mutationField('suppressAddress', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Stops all mails but those of business to an address, or mass mails by way of one target list. One that is suppressed stays as it is. Errors: VALIDATION_FAILED, NOT_FOUND for the list. Needs Suppression.create.',
    args: {
      address: t.arg.string(address),
      note: t.arg.string({ description: 'What is to be known about it, at most 2000 characters.' }),
      targetListId: t.arg.id(targetListId),
    },
    extensions: { permission: ['Suppression.create'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('Suppression'), path: ['suppression'] }, (write) =>
        suppressAddress(write, args),
      ),
  }),
)

builder.mutationField('unsuppressAddress', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Lets an address be written to again, whatever stopped it, or be written to as one of a target list; a consent that was withdrawn goes on counting. Errors: VALIDATION_FAILED, NOT_FOUND for one that is not suppressed, or not for that list. Needs Suppression.delete.',
    args: { address: t.arg.string(address), targetListId: t.arg.id(targetListId) },
    extensions: { permission: ['Suppression.delete'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('Suppression'), path: ['suppression'] }, (write) =>
        unsuppressAddress(write, args),
      ),
  }),
)

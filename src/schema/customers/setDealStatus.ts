import { fieldOf, recordType } from '../../read/recordType.ts'
import { type DealStatusChange, setDealStatus } from '../../resolvers/customers/setDealStatus.ts'
import { mutateOne } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { scalarOf } from '../shared/kinds.ts'
import { payloadRef } from '../shared/names.ts'
import './account.ts'

builder.mutationField('setDealStatus', (t) =>
  t.field({
    type: payloadRef('Account'),
    nullable: false,
    description:
      'Says whether a customer has bought, where no opportunity says it: deals of before the CRM, or outside of it. Opportunities that are won say it by themselves. Errors: NOT_FOUND, FORBIDDEN, FIELD_FORBIDDEN, STALE_VERSION, VALIDATION_FAILED for a moment in the future, INVALID_STATE for NOT_WON while there are won opportunities. Needs Account.update.',
    args: {
      id: t.arg.id({ required: true, description: 'The customer it is said of.' }),
      dealStatus: t.arg({
        type: scalarOf(fieldOf(recordType('Account'), 'dealStatus')),
        required: true,
        description: 'Has it bought. NOT_WON clears firstDealAt and lastDealAt.',
      }) as never,
      at: t.arg({
        type: 'DateTime',
        description:
          'When it bought, not in the future; now if left out. Widens firstDealAt and lastDealAt. Not looked at for NOT_WON.',
      }),
      expectedVersion: t.arg.int({
        description: 'The version it must still have; otherwise STALE_VERSION. Left out: any.',
      }),
    },
    extensions: { permission: ['Account.update'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('Account'), path: ['account'] }, (write) =>
        setDealStatus(write, args as unknown as DealStatusChange),
      ),
  }),
)

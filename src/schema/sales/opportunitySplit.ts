import { recordType } from '../../read/recordType.ts'
import { mutateOne } from '../../resolvers/mutation.ts'
import { type Split, setOpportunitySplits, splitAmounts } from '../../resolvers/sales/opportunitySplit.ts'
import { builder } from '../builder.ts'
import { record } from '../record.ts'
import { currency, decimal, money, one } from '../shared/fields.ts'
import { payloadRef } from '../shared/names.ts'

record('OpportunitySplit', {
  plural: 'opportunitySplits',
  prefix: 'opsp',
  description:
    'A user’s part in what a deal brings, 业绩分成. All parts of a deal make 100 per cent; setOpportunitySplits sets them together. When the deal gets another owner, the part of the old one goes with it.',
  fields: {
    splitPct: decimal('Per cent of the deal’s amount, more than 0, at most two decimals.', {
      required: true,
      range: { min: 0.01, max: 100 },
    }),
    amount: money('splitPct of the deal’s amount, which it follows; rounded to four decimals.', { write: 'never' }),
    currency: currency('Currency of the deal.', { write: 'never' }),
  },
  relations: {
    opportunity: one('Opportunity', 'opportunityId', 'The deal itself.', {
      required: true,
      write: 'create',
      part: true,
    }),
    user: one('User', 'userId', 'Whose part it is.', { required: true, write: 'create' }),
  },
  unique: { opportunityAndUser: ['opportunityId', 'userId'] },
  operations: [],
  rules: { done: splitAmounts },
})

const SplitInput = builder.inputType('OpportunitySplitInput', {
  description: 'One’s part in what a deal brings.',
  fields: (t) => ({
    userId: t.id({ required: true, description: 'Whose part it is.' }),
    splitPct: t.field({ type: 'Decimal', required: true, description: 'Per cent, more than 0, at most two decimals.' }),
  }),
})

builder.mutationField('setOpportunitySplits', (t) =>
  t.field({
    type: payloadRef('Opportunity'),
    nullable: false,
    description:
      'Says who has which part in what an open deal brings, all parts at once. Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE for a closed deal, VALIDATION_FAILED unless they make 100 per cent together. Needs Opportunity.update, OpportunitySplit.create, OpportunitySplit.update and OpportunitySplit.delete.',
    args: {
      id: t.arg.id({ required: true, description: 'The opportunity.' }),
      splits: t.arg({
        type: [SplitInput],
        required: true,
        description: 'All parts; an empty list takes them away. At most 100.',
      }),
      expectedVersion: t.arg.int({
        description: 'The version it must still have; otherwise STALE_VERSION. Left out: any.',
      }),
    },
    extensions: {
      permission: [
        'Opportunity.update',
        'OpportunitySplit.create',
        'OpportunitySplit.update',
        'OpportunitySplit.delete',
      ],
    },
    resolve: (_root, { id, splits, expectedVersion }, context, info) =>
      mutateOne({ context, info, type: recordType('Opportunity'), path: ['opportunity'] }, (write) =>
        setOpportunitySplits(write, { id: String(id), splits: splits as unknown as Split[], expectedVersion }),
      ),
  }),
)

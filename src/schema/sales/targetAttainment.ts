import { callerOf } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import { type Attainment, attainmentOf } from '../../resolvers/sales/forecast/attainment.ts'
import { builder } from '../builder.ts'
import { type Any, recordRef } from '../shared/names.ts'
import { MoneyType } from '../shared/types.ts'
import { PeriodInput } from './forecast.ts'

const amount = { of: 'Opportunity', field: 'amount' }

const AttainmentRef = builder.objectRef<Attainment>('TargetAttainment').implement({
  description: 'A target and how far it is reached, over the records that the viewer sees.',
  fields: (t) => ({
    target: t.field({
      type: recordRef('SalesTarget'),
      description: 'The target; null where it went meanwhile.',
      resolve: ({ targetId }, _args, context, info) =>
        context.loaders.load(
          context,
          requireViewer(context),
          info,
          recordType('SalesTarget'),
          targetId,
        ) as Promise<Any>,
    }),
    amount: t.field({
      type: MoneyType,
      description:
        'Of WON_AMOUNT: what was won, in the company’s base currency at the rates of the days on which deals closed, rounded once. Of RECEIPTS: what was received, at the rates that the receipts keep.',
      extensions: amount,
      resolve: (one) => one.amount,
    }),
    count: t.int({
      description: 'Of WON_COUNT and NEW_CUSTOMERS: how many deals or customers.',
      resolve: (one) => one.count,
    }),
    attainment: t.field({
      type: 'Decimal',
      description: 'That in per cent of the target, two decimals; null for a target of nothing.',
      extensions: amount,
      resolve: (one) => one.attainment,
    }),
  }),
})

builder.queryField('targetAttainment', (t) =>
  t.field({
    type: [AttainmentRef],
    nullable: { list: false, items: false },
    description:
      'How far the targets of a period are reached, all that the viewer sees: the company’s by all deals that they see, a department’s by those of its people and of the departments below it, a user’s by their own. Deals count by the day on which they closed, customers by that of their first deal; deals that are OMITTED do not count. Errors: CURRENCY_RATE_MISSING. Needs SalesTarget.read, Opportunity.read, Account.read.',
    args: { period: t.arg({ type: PeriodInput, required: true, description: 'When they are to be reached.' }) },
    extensions: { permission: ['SalesTarget.read', 'Opportunity.read', 'Account.read'], cost: 20 },
    resolve: (_root, { period }, context) => {
      const viewer = requireViewer(context)
      for (const [name, field] of [
        ['Opportunity', 'actualCloseDate'],
        ['Opportunity', 'ownerId'],
        ['Account', 'firstDealAt'],
        ['Account', 'ownerId'],
      ] as const)
        viewer.access.requireField(recordType(name), field, ['targetAttainment'])
      return context.tenancy.readTenant(callerOf(viewer), (db) => attainmentOf(db, viewer, period as Any))
    },
  }),
)

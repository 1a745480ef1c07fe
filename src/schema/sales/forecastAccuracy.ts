import { callerOf } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import { type Accuracy, type AccuracyPoint, accuracyOf } from '../../resolvers/sales/forecast/accuracy.ts'
import type { Category } from '../../resolvers/sales/forecast/forecast.ts'
import { type Slippage, type SlippedDeal, slippageOf } from '../../resolvers/sales/forecast/slippage.ts'
import { builder } from '../builder.ts'
import { type Any, recordRef } from '../shared/names.ts'
import { MoneyType } from '../shared/types.ts'
import { PeriodInput, PeriodRef, ScopeInput } from './forecast.ts'

const amount = { of: 'Opportunity', field: 'amount' }

const Point = builder.objectRef<AccuracyPoint>('ForecastAccuracyPoint').implement({
  description: 'What was expected of a period on a day, in the company’s base currency at the rates of that day.',
  fields: (t) => {
    const sum = (category: Category, description: string) =>
      t.field({ type: MoneyType, nullable: false, description, resolve: ({ amounts }) => amounts[category] })
    return {
      date: t.field({
        type: 'Date',
        nullable: false,
        description: 'The day of the snapshot.',
        resolve: ({ date }) => date,
      }),
      closed: sum('CLOSED', 'Won by then.'),
      commit: sum('COMMIT', 'Open deals that would come.'),
      bestCase: sum('BEST_CASE', 'Open deals that would come if all went well.'),
      pipeline: sum('PIPELINE', 'Open deals that might come.'),
      weighted: t.field({
        type: MoneyType,
        nullable: false,
        description: 'All of them × probability: the forecast of that day.',
        resolve: ({ weighted }) => weighted,
      }),
      deviation: t.field({
        type: 'Decimal',
        description:
          'By how many per cent weighted lay above what was won in the end, negative when below; null when nothing was won.',
        resolve: ({ deviation }) => deviation,
      }),
      commitDeviation: t.field({
        type: 'Decimal',
        description: 'The same of closed and commit together.',
        resolve: ({ commitDeviation }) => commitDeviation,
      }),
    }
  },
})

const AccuracyRef = builder.objectRef<Accuracy>('ForecastAccuracy').implement({
  description: 'A period as it was expected to become, day by day, and as it became.',
  fields: (t) => ({
    period: t.field({ type: PeriodRef, nullable: false, description: 'The period.', resolve: ({ period }) => period }),
    actual: t.field({
      type: MoneyType,
      description: 'What was won in it by now.',
      extensions: amount,
      resolve: ({ actual }) => actual,
    }),
    points: t.field({
      type: [Point],
      nullable: { list: false, items: false },
      description:
        'The days with a snapshot, the first one first; the last 400 of them. None where amounts are hidden.',
      resolve: ({ points }) => points,
    }),
  }),
})

const Slipped = builder.objectRef<SlippedDeal>('SlippedDeal').implement({
  description: 'A deal that is expected later than it was.',
  fields: (t) => ({
    opportunity: t.field({
      type: recordRef('Opportunity'),
      description: 'The deal; null where it went meanwhile.',
      resolve: ({ opportunityId }, _args, context, info) =>
        context.loaders.load(
          context,
          requireViewer(context),
          info,
          recordType('Opportunity'),
          opportunityId,
        ) as Promise<Any>,
    }),
    was: t.field({ type: 'Date', nullable: false, description: 'When it was expected.', resolve: ({ was }) => was }),
    now: t.field({ type: 'Date', description: 'When it is expected now; null for no day.', resolve: ({ now }) => now }),
  }),
})

const SlippageRef = builder.objectRef<Slippage>('Slippage').implement({
  description: 'What slipped out of a period.',
  fields: (t) => ({
    period: t.field({ type: PeriodRef, nullable: false, description: 'The period.', resolve: ({ period }) => period }),
    count: t.exposeInt('count', { nullable: false, description: 'How many deals.' }),
    amount: t.field({
      type: MoneyType,
      description: 'The sum of their amounts in the company’s base currency, at today’s rates, rounded once.',
      extensions: amount,
      resolve: (slippage) => slippage.amount,
    }),
    deals: t.field({
      type: [Slipped],
      nullable: { list: false, items: false },
      description: 'The first of them, by the day on which they were expected.',
      resolve: ({ deals }) => deals,
    }),
  }),
})

builder.queryField('forecastAccuracy', (t) =>
  t.field({
    type: AccuracyRef,
    description:
      'How sure the forecasts of a period were, 预测准确度: what the daily snapshots said of it, beside what was won. Null for a department or user that there is not. Errors: CURRENCY_RATE_MISSING. Needs Opportunity.read and ForecastSnapshot.read.',
    args: {
      period: t.arg({ type: PeriodInput, required: true, description: 'The period.' }),
      scope: t.arg({ type: ScopeInput, description: 'Whose deals; the company’s if left out.' }),
    },
    extensions: { permission: ['Opportunity.read', 'ForecastSnapshot.read'], cost: 20 },
    resolve: (_root, args, context) => {
      const viewer = requireViewer(context)
      for (const field of ['actualCloseDate', 'ownerId'])
        viewer.access.requireField(recordType('Opportunity'), field, ['forecastAccuracy'])
      return context.tenancy.readTenant(callerOf(viewer), (db) => accuracyOf(db, viewer, args as Any))
    },
  }),
)

builder.queryField('slippage', (t) =>
  t.field({
    type: SlippageRef,
    description:
      'Open deals that were expected to close in a period on some day, or when they were made after it, and are expected after the period now. From the changes of closeDate. Null for a department or user that there is not. Errors: CURRENCY_RATE_MISSING. Needs Opportunity.read.',
    args: {
      period: t.arg({ type: PeriodInput, required: true, description: 'The period.' }),
      since: t.arg({
        type: 'Date',
        required: true,
        description: 'From the beginning of this day on, in the company’s time zone.',
      }),
      scope: t.arg({ type: ScopeInput, description: 'Whose deals; the company’s if left out.' }),
      first: t.arg.int({ description: 'How many deals to name, at most 100; 20 if left out.' }),
    },
    extensions: { permission: ['Opportunity.read'], cost: 20 },
    resolve: (_root, args, context) => {
      const viewer = requireViewer(context)
      for (const field of ['closeDate', 'status', 'ownerId'])
        viewer.access.requireField(recordType('Opportunity'), field, ['slippage'])
      return context.tenancy.readTenant(callerOf(viewer), (db) => slippageOf(db, viewer, args as Any))
    },
  }),
)

import type { Context } from '../../context.ts'
import { callerOf } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import {
  type SalesVelocity,
  salesVelocity,
  type VelocityFigures,
  type VelocityGroup,
} from '../../resolvers/sales/salesVelocity.ts'
import { builder } from '../builder.ts'
import { type Any, recordRef } from '../shared/names.ts'
import { MoneyType } from '../shared/types.ts'
import { ScopeInput } from './forecast.ts'

const amount = { of: 'Opportunity', field: 'amount' }

const figures = (t: Any): Record<string, Any> => ({
  won: t.exposeInt('won', { nullable: false, description: 'Deals that were won.' }),
  lost: t.exposeInt('lost', { nullable: false, description: 'Deals that were lost.' }),
  winRate: t.expose('winRate', {
    type: 'Decimal',
    nullable: true,
    description: 'won in per cent of won and lost ones, 赢单率, two decimals; null when none closed.',
  }),
  averageAmount: t.expose('averageAmount', {
    type: MoneyType,
    nullable: true,
    description:
      'What a won deal brought on average, in the company’s base currency at the rates of the days on which deals closed, rounded once. Null when none was won.',
    extensions: amount,
  }),
  averageCycleDays: t.expose('averageCycleDays', {
    type: 'Decimal',
    nullable: true,
    description:
      'How many days won deals took on average from the day on which they were made, two decimals; those that were entered when they had been won already are left out.',
  }),
  open: t.exposeInt('open', { description: 'Deals that are open now; null for groups by quarter.' }),
  velocity: t.expose('velocity', {
    type: MoneyType,
    nullable: true,
    description:
      'What the open deals bring per day at this rate: open × win rate × average amount ÷ average cycle. Null where one of them is not known, and for groups by quarter.',
    extensions: amount,
  }),
})

const Figures = builder.objectRef<VelocityFigures>('SalesVelocityFigures').implement({
  description: 'How deals were closed, and how fast.',
  fields: figures as never,
})

const Group = builder.objectRef<VelocityGroup>('SalesVelocityGroup').implement({
  description: 'The same of one owner, of one quarter, or of an owner in a quarter.',
  fields: (t) => ({
    owner: t.field({
      type: recordRef('User'),
      description: 'Whose deals they are; null for deals of nobody, and with QUARTER.',
      resolve: ({ ownerId }, _args, context: Context, info) =>
        ownerId === null
          ? null
          : (context.loaders.load(context, requireViewer(context), info, recordType('User'), ownerId) as Promise<Any>),
    }),
    quarter: t.field({
      type: 'Date',
      description: 'The first day of the quarter of the fiscal year; null with OWNER.',
      resolve: ({ quarter }) => quarter,
    }),
    ...(figures(t) as Record<string, never>),
  }),
})

const Velocity = builder.objectRef<SalesVelocity>('SalesVelocity').implement({
  description: 'How deals were closed between two days, and how fast.',
  fields: (t) => ({
    total: t.field({ type: Figures, nullable: false, description: 'All of them.', resolve: ({ total }) => total }),
    groups: t.field({
      type: [Group],
      nullable: { list: false, items: false },
      description: 'Its groups, those in which a deal closed; empty without groupBy.',
      resolve: ({ groups }) => groups,
    }),
  }),
})

const Grouping = builder.enumType('SalesVelocityGrouping', {
  description: 'What makes the groups.',
  values: {
    OWNER: { description: 'Each owner.' },
    QUARTER: { description: 'Each quarter of the fiscal year.' },
    OWNER_AND_QUARTER: { description: 'Each owner in each quarter.' },
  } as const,
})

builder.queryField('salesVelocity', (t) =>
  t.field({
    type: Velocity,
    description:
      'Win rate, average amount and cycle length of the deals that closed between two days, and the sales velocity that follows. Invalid deals do not count. Null for a department or user that there is not. Errors: CURRENCY_RATE_MISSING. Needs Opportunity.read.',
    args: {
      from: t.arg({ type: 'Date', required: true, description: 'The first day.' }),
      to: t.arg({ type: 'Date', required: true, description: 'The last day.' }),
      pipelineId: t.arg.id({ description: 'Of one pipeline; of all if left out.' }),
      scope: t.arg({ type: ScopeInput, description: 'Whose deals; the company’s if left out.' }),
      groupBy: t.arg({ type: Grouping, description: 'What makes the groups; none if left out.' }),
    },
    extensions: { permission: ['Opportunity.read'], cost: 20 },
    resolve: (_root, args, context) => {
      const viewer = requireViewer(context)
      for (const field of ['status', 'actualCloseDate', 'ownerId', 'pipelineId', 'createdAt'])
        viewer.access.requireField(recordType('Opportunity'), field, ['salesVelocity'])
      return context.tenancy.readTenant(callerOf(viewer), (db) => salesVelocity(db, viewer, args as Any))
    },
  }),
)

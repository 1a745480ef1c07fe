import type { Context } from '../../context.ts'
import { callerOf } from '../../read/read.ts'
import { fieldOf, recordType } from '../../read/recordType.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import {
  type Category,
  type Forecast,
  type ForecastFigures,
  type ForecastGroup,
  forecast,
  type ShownPart,
} from '../../resolvers/sales/forecast/forecast.ts'
import { PERIOD_TYPES, type Period } from '../../resolvers/sales/forecast/period.ts'
import { builder } from '../builder.ts'
import { enumType, scalarOf } from '../shared/kinds.ts'
import { type Any, recordRef } from '../shared/names.ts'
import { viewerOf } from '../shared/parts.ts'
import { MoneyType } from '../shared/types.ts'
import './opportunity.ts'

/** The enum of the spans that are forecast and have targets. */
export const PeriodTypeEnum = enumType(
  { name: 'SalesPeriodType', values: PERIOD_TYPES },
  'How long a period of forecasts and targets is.',
)

export const PeriodInput = builder.inputType('SalesPeriodInput', {
  description: 'A period of forecasts and targets.',
  fields: (t) => ({
    type: t.field({ type: PeriodTypeEnum as Any, required: true, description: 'How long it is.' }),
    start: t.field({ type: 'Date', required: true, description: 'Its first day, or any other day of it.' }),
  }),
})

export const PeriodRef = builder.objectRef<Period>('SalesPeriod').implement({
  description: 'A period of forecasts and targets, in the company’s fiscal year.',
  fields: (t) => ({
    type: t.field({
      type: PeriodTypeEnum as Any,
      nullable: false,
      description: 'How long it is.',
      resolve: ({ type }) => type,
    }),
    start: t.field({ type: 'Date', nullable: false, description: 'Its first day.', resolve: ({ start }) => start }),
    end: t.field({ type: 'Date', nullable: false, description: 'Its last day.', resolve: ({ end }) => end }),
  }),
})

export const SCOPES = {
  COMPANY: 'The whole company.',
  DEPARTMENT: 'A department with those below it.',
  USER: 'A user with the people below them, by their managers.',
}

/** The enum of whose sales are looked at and are expected. */
export const ScopeType = enumType({ name: 'SalesScopeType', values: SCOPES }, 'Whose sales.')

export const ScopeInput = builder.inputType('SalesScopeInput', {
  description: 'Whose sales to look at: always among the deals that the viewer sees.',
  fields: (t) => ({
    type: t.field({ type: ScopeType as Any, required: true, description: 'Company, department or user.' }),
    id: t.id({ description: 'The department or user; left out for the company.' }),
    tree: t.boolean({ defaultValue: true, description: 'With the departments or people below; false: only that one.' }),
  }),
})

const Grouping = builder.enumType('ForecastGrouping', {
  description: 'What makes the groups of a forecast.',
  values: {
    OWNER: { description: 'Each person, also those with a target and no deal.' },
    DEPARTMENT: { description: 'The departments that people are in now.' },
    CATEGORY: { description: 'How sure the deals are.' },
  } as const,
})

const amount = { of: 'Opportunity', field: 'amount' }
const Part = builder.objectRef<ShownPart>('ForecastPart').implement({
  description:
    'Deals of a forecast in figures. Sums are in the company’s base currency: the exact sum, rounded once to its smallest unit, halves up.',
  fields: (t) => ({
    count: t.exposeInt('count', { nullable: false, description: 'How many deals there are.' }),
    amount: t.field({
      type: MoneyType,
      description: 'The sum of their amounts.',
      extensions: amount,
      resolve: (part) => part.amount,
    }),
    weighted: t.field({
      type: MoneyType,
      description: 'The sum of amount × probability.',
      extensions: { of: 'Opportunity', field: 'expectedRevenue' },
      resolve: (part) => part.weighted,
    }),
    adjusted: t.field({
      type: MoneyType,
      description:
        'The sum of their amounts, where a manager has adjusted a person’s category that sum instead (adjustForecast); equal to amount without any. Needs ForecastAdjustment.read.',
      extensions: { ...amount, part: ['ForecastAdjustment.read'] },
      resolve: (part, _args, context: Context, info) => viewerOf(context, info, 'ForecastAdjustment') && part.adjusted,
    }),
  }),
})

const part = (t: Any, category: Category, description: string) =>
  t.field({ type: Part, nullable: false, description, resolve: ({ parts }: ForecastFigures) => parts[category] })

const figures = (t: Any): Record<string, Any> => ({
  closed: part(t, 'CLOSED', 'Deals that were won in the period, at the rates of the days on which they closed.'),
  commit: part(t, 'COMMIT', 'Open deals that will come.'),
  bestCase: part(t, 'BEST_CASE', 'Open deals that come if all goes well.'),
  pipeline: part(t, 'PIPELINE', 'Open deals that may come.'),
  all: t.field({
    type: Part,
    nullable: false,
    description: 'All of these; its weighted sum is the forecast.',
    resolve: ({ total }: ForecastFigures) => total,
  }),
  target: t.field({
    type: MoneyType,
    description:
      'What is to be won (SalesTarget WON_AMOUNT of exactly this period): of the company or department itself; of a user with their people, the sum of their targets. Null without one. Needs SalesTarget.read.',
    extensions: { part: ['SalesTarget.read'] },
    resolve: ({ target }: ForecastFigures, _args: unknown, context: Context, info: Any) =>
      viewerOf(context, info, 'SalesTarget') && target,
  }),
  attainment: t.field({
    type: 'Decimal',
    description: 'closed in per cent of target, two decimals; null without a target. Needs SalesTarget.read.',
    extensions: { ...amount, part: ['SalesTarget.read'] },
    resolve: ({ attainment }: ForecastFigures, _args: unknown, context: Context, info: Any) =>
      viewerOf(context, info, 'SalesTarget') && attainment,
  }),
})

const Figures = builder.objectRef<ForecastFigures>('ForecastFigures').implement({
  description: 'A forecast in figures.',
  fields: figures as never,
})

const Group = builder.objectRef<ForecastGroup>('ForecastGroup').implement({
  description: 'A group of a forecast.',
  fields: (t) => ({
    owner: t.field({
      type: recordRef('User'),
      description: 'With OWNER: whose deals they are; null for deals of nobody.',
      resolve: ({ ownerId }, _args, context: Context, info) =>
        ownerId === null
          ? null
          : (context.loaders.load(context, requireViewer(context), info, recordType('User'), ownerId) as Promise<Any>),
    }),
    department: t.field({
      type: recordRef('Department'),
      description: 'With DEPARTMENT: that of their owners; null for those who have none.',
      resolve: ({ departmentId }, _args, context: Context, info) =>
        departmentId === null
          ? null
          : (context.loaders.load(
              context,
              requireViewer(context),
              info,
              recordType('Department'),
              departmentId,
            ) as Promise<Any>),
    }),
    category: t.field({
      type: scalarOf(fieldOf(recordType('Opportunity'), 'forecastCategory')) as Any,
      description: 'With CATEGORY: how sure they are.',
      resolve: ({ category }) => category,
    }),
    ...(figures(t) as Record<string, never>),
  }),
})

const ForecastRef = builder.objectRef<Forecast>('Forecast').implement({
  description: 'What is expected to be won in a period, over the deals that the viewer sees.',
  fields: (t) => ({
    period: t.field({ type: PeriodRef, nullable: false, description: 'The period.', resolve: ({ period }) => period }),
    total: t.field({ type: Figures, nullable: false, description: 'The whole.', resolve: ({ total }) => total }),
    groups: t.field({
      type: [Group],
      nullable: { list: false, items: false },
      description: 'Its groups; empty without groupBy.',
      resolve: ({ groups }) => groups,
    }),
  }),
})

builder.queryField('forecast', (t) =>
  t.field({
    type: ForecastRef,
    description:
      'What is won and expected in a period, 销售预测: open deals by their expected day, at today’s rates, and won ones by the day on which they closed. Lost and invalid deals do not count, nor do those that are OMITTED; an open deal in a stage that says CLOSED counts as COMMIT. Null for a department or user that there is not. Errors: CURRENCY_RATE_MISSING with currency and date. Needs Opportunity.read.',
    args: {
      period: t.arg({ type: PeriodInput, required: true, description: 'When the deals close.' }),
      scope: t.arg({ type: ScopeInput, description: 'Whose deals; the company’s if left out.' }),
      groupBy: t.arg({ type: Grouping, description: 'What makes the groups; none if left out.' }),
    },
    extensions: { permission: ['Opportunity.read'], cost: 20 },
    resolve: (_root, args, context) => {
      const viewer = requireViewer(context)
      for (const field of ['closeDate', 'actualCloseDate', 'forecastCategory', 'ownerId'])
        viewer.access.requireField(recordType('Opportunity'), field, ['forecast'])
      return context.tenancy.readTenant(callerOf(viewer), (db) => forecast(db, viewer, args as Any))
    },
  }),
)

import type { FieldRef } from '@pothos/core'
import { requireViewer } from '../../resolvers/mutation.ts'
import {
  type DealTotals,
  type PipelineSummary,
  pipelineSummary,
  type StageTotals,
} from '../../resolvers/sales/pipelineSummary.ts'
import { builder } from '../builder.ts'
import { type Any, inputRef, recordRef } from '../shared/names.ts'
import { MoneyType } from '../shared/types.ts'

const ROUNDED =
  'in the company’s base currency at today’s rates: the exact sum, rounded once to the smallest unit of the currency, halves up.'

/** Count and sums, of a stage and of a whole pipeline. */
const totals = (t: Any): Record<string, FieldRef<Any, Any>> => ({
  count: t.exposeInt('count', { nullable: false, description: 'How many deals there are.' }),
  amount: t.expose('amount', {
    type: MoneyType,
    nullable: true,
    description: `The sum of their amounts ${ROUNDED}`,
    extensions: { of: 'Opportunity', field: 'amount' },
  }),
  weighted: t.expose('weighted', {
    type: MoneyType,
    nullable: true,
    description: `The sum of amount × probability ${ROUNDED}`,
    extensions: { of: 'Opportunity', field: 'expectedRevenue' },
  }),
})

const Totals = builder.objectRef<DealTotals>('PipelineTotals').implement({
  description: 'Deals in figures.',
  fields: totals as never,
})

const Stage = builder.objectRef<StageTotals>('PipelineStageTotals').implement({
  description: 'The deals of a stage in figures.',
  fields: (t) => ({
    stage: t.field({
      type: recordRef('Stage'),
      nullable: false,
      description: 'The stage.',
      resolve: ({ stage }) => stage,
    }),
    ...(totals(t) as Record<string, never>),
    averageDaysInStage: t.field({
      type: 'Decimal',
      description: 'How many days its deals have stood in it on average; null for closed stages and empty ones.',
      extensions: { of: 'Opportunity', field: 'lastStageChangedAt' },
      resolve: ({ averageDays }) => averageDays,
    }),
    rottenCount: t.int({
      nullable: false,
      description:
        'How many of them nobody has touched for more days than the stage allows (rottenDays): no activity, no move. It has all deals of the pipeline looked at, which takes longer.',
      extensions: { cost: 10 },
      resolve: ({ rotten }) => rotten,
    }),
  }),
})

const Summary = builder.objectRef<PipelineSummary>('PipelineSummary').implement({
  description: 'A pipeline in figures, over the deals that the viewer sees.',
  fields: (t) => ({
    stages: t.field({
      type: [Stage],
      nullable: { list: false, items: false },
      description: 'Its stages in their order, also those without deals.',
      resolve: ({ stages }) => stages,
    }),
    open: t.field({
      type: Totals,
      nullable: false,
      description: 'All deals in open stages.',
      resolve: ({ open }) => open,
    }),
    total: t.field({
      type: Totals,
      nullable: false,
      description: 'All deals, won and lost ones too.',
      resolve: ({ total }) => total,
    }),
  }),
})

builder.queryField('pipelineSummary', (t) =>
  t.field({
    type: Summary,
    description:
      'What stands in each stage of a pipeline: how many deals, for how much, weighted by probability. Null for a pipeline that there is not. Errors: CURRENCY_RATE_MISSING with currency and date. Needs Opportunity.read, Pipeline.read, Stage.read.',
    args: {
      pipelineId: t.arg.id({ required: true, description: 'The pipeline.' }),
      where: t.arg({
        type: inputRef('OpportunityFilter'),
        description: 'Which deals count; all that the viewer sees if left out.',
      }),
    },
    extensions: { permission: ['Opportunity.read', 'Pipeline.read', 'Stage.read'], cost: 10 },
    resolve: (_root, args, context, info) =>
      pipelineSummary(context, requireViewer(context), info, args as Parameters<typeof pipelineSummary>[3]),
  }),
)

import { requireViewer } from '../../resolvers/mutation.ts'
import { type StageConversion, stageConversion } from '../../resolvers/sales/stageConversion.ts'
import { builder } from '../builder.ts'
import { recordRef } from '../shared/names.ts'

const Conversion = builder.objectRef<StageConversion>('StageConversion').implement({
  description: 'What became of the deals that came into a stage, over those that the viewer sees.',
  fields: (t) => ({
    stage: t.field({
      type: recordRef('Stage'),
      nullable: false,
      description: 'The stage.',
      resolve: ({ stage }) => stage,
    }),
    entered: t.exposeInt('entered', {
      nullable: false,
      description: 'Deals that came into it between the two days, each once.',
    }),
    advanced: t.exposeInt('advanced', {
      nullable: false,
      description:
        'Those of them that went on from it to a later stage of the pipeline, by the order of stages, or to a won one.',
    }),
    won: t.exposeInt('won', { nullable: false, description: 'Those of them that are won by now.' }),
    lost: t.exposeInt('lost', { nullable: false, description: 'Those of them that are lost by now.' }),
    advanceRate: t.field({
      type: 'Decimal',
      description: 'advanced in per cent of entered, two decimals; null when none came.',
      resolve: ({ advanceRate }) => advanceRate,
    }),
    winRate: t.field({
      type: 'Decimal',
      description: 'won in per cent of entered, two decimals; null when none came.',
      resolve: ({ winRate }) => winRate,
    }),
    averageDays: t.field({
      type: 'Decimal',
      description: 'How many days those that have left it stayed on average; null when none has.',
      resolve: ({ averageDays }) => averageDays,
    }),
    medianDays: t.field({
      type: 'Decimal',
      description: 'The stay in the middle of them, days.',
      resolve: ({ medianDays }) => medianDays,
    }),
  }),
})

builder.queryField('stageConversion', (t) =>
  t.field({
    type: [Conversion],
    nullable: { list: true, items: false },
    description:
      'How deals move through a pipeline, 阶段转化率: of the deals that came into each stage between two days, how many went on, were won or lost, and how long they stayed; from their stage history. Null for a pipeline that there is not. Needs Opportunity.read, OpportunityStageHistory.read, Pipeline.read, Stage.read.',
    args: {
      pipelineId: t.arg.id({ required: true, description: 'The pipeline.' }),
      from: t.arg({ type: 'Date', required: true, description: 'The first day, in the company’s time zone.' }),
      to: t.arg({ type: 'Date', required: true, description: 'The last day.' }),
    },
    extensions: {
      permission: ['Opportunity.read', 'OpportunityStageHistory.read', 'Pipeline.read', 'Stage.read'],
      cost: 20,
    },
    resolve: (_root, args, context, info) => stageConversion(context, requireViewer(context), info, args),
  }),
)

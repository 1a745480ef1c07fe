import { deleteStage, writeStage } from '../../resolvers/sales/stage.ts'
import { record } from '../record.ts'
import { choice, int, many, one, text } from '../shared/fields.ts'
import { FORECAST_CATEGORIES } from './forecastCategory.ts'

record('Stage', {
  plural: 'stages',
  prefix: 'stag',
  description:
    'A step of a pipeline, 商机阶段. One with live deals cannot be deleted (REFERENCE_IN_USE), nor can the last won or lost one of its pipeline (PIPELINE_NEEDS_WON_AND_LOST).',
  search: ['name'],
  settings: true,
  fields: {
    name: text('What it is called; unique in its pipeline.', { required: true, max: 100 }),
    sort: int('Its place in the pipeline, the smallest first.', { default: 0 }),
    kind: choice(
      'What a deal in it is. Cannot be changed while live deals stand in it (REFERENCE_IN_USE).',
      'StageKind',
      {
        OPEN: 'Still going on.',
        WON: 'It was won, 赢单.',
        LOST: 'It was lost, 输单.',
        INVALID: 'Was never a real one, 无效.',
      },
      { default: 'OPEN' },
    ),
    probability: int(
      'How likely a deal in it is won, per cent. Always 100 for a won stage, 0 for a lost or invalid one; 0 for an open one if left out.',
      { default: null, range: { min: 0, max: 100 } },
    ),
    forecastCategory: choice(
      'How deals in it count in a forecast. Left out: CLOSED for a won stage, OMITTED for a lost or invalid one, else PIPELINE.',
      'ForecastCategory',
      FORECAST_CATEGORIES,
      { default: null },
    ),
    rottenDays: int('Days without activity after which a deal in it has gone stale; null for never.', {
      range: { min: 0 },
    }),
  },
  relations: {
    pipeline: one('Pipeline', 'pipelineId', 'The pipeline that it is a step of.', {
      required: true,
      write: 'create',
      part: true,
    }),
    opportunities: many('Opportunity', 'stage', 'The deals that stand in it.'),
  },
  unique: { nameInPipeline: ['pipelineId', 'name'] },
  rules: { write: writeStage, delete: deleteStage },
})

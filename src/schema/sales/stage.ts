import type { Shape } from '../../read/recordType.ts'
import { deleteStage, staleAsStage, writeStage } from '../../resolvers/sales/stage.ts'
import { record } from '../record.ts'
import { choice, int, many, objects, one, text, texts } from '../shared/fields.ts'
import { FORECAST_CATEGORIES } from './forecastCategory.ts'

const EntryTask: Shape = {
  name: 'EntryTask',
  description: 'A task that a deal gets when it enters a stage.',
  members: {
    subject: { kind: 'text', description: 'What is to do: the title of the task.', required: true },
    description: { kind: 'text', description: 'What is to do, at length.', max: 2000 },
    dueInDays: { kind: 'int', description: 'Days from the entry until it must be done, 0 to 3650; 0 if left out.' },
    assignee: {
      kind: 'choice',
      description: 'Who is to do it.',
      required: true,
      choice: {
        name: 'EntryTaskAssignee',
        values: { OWNER: 'The owner of the deal.', USER: 'The user in userId; the owner once that one has left.' },
      },
    },
    userId: {
      kind: 'text',
      description: 'Of a task for USER: the id of an active user; NOT_FOUND otherwise.',
      max: 100,
    },
  },
}

record('Stage', {
  plural: 'stages',
  prefix: 'stag',
  description:
    'A step of a pipeline, 商机阶段. One with live deals cannot be deleted (REFERENCE_IN_USE; removeStage moves them), nor can the last won or lost one of its pipeline (PIPELINE_NEEDS_WON_AND_LOST).',
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
    rottenDays: int(
      'Days without activity after which a deal in it has gone stale; null for never. A change counts for the deals that stand in it, each of which gets a new version.',
      { range: { min: 0, max: 36_500 } },
    ),
    requiredFields: texts(
      'What a deal must have to enter it (STAGE_REQUIREMENTS_MISSING): names of its fields (closeDate, accountId), of custom fields (customFields.tier), and of its lists that must not be empty (lines, opportunityContacts, activities).',
    ),
    entryTasks: objects('Tasks that a deal gets whenever it enters the stage.', EntryTask),
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
  rules: { write: writeStage, delete: deleteStage, done: staleAsStage },
})

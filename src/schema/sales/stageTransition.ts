import { writeStageTransition } from '../../resolvers/sales/stageTransition.ts'
import { record } from '../record.ts'
import { boolean, one, texts } from '../shared/fields.ts'

const fixed = { required: true, write: 'create', part: true } as const

record('StageTransition', {
  plural: 'stageTransitions',
  prefix: 'sttr',
  description:
    'What holds for the move from one stage to another, 阶段流转. It wins over what the pipeline says about skipping and going back. A part of the pipeline and of both stages.',
  settings: true,
  fields: {
    allowed: boolean('May deals move so (STAGE_TRANSITION_NOT_ALLOWED).', { default: true }),
    requiredFields: texts('What a deal must have to move so, besides what the stage asks for; named as there.'),
    requiresApproval: boolean(
      'Does a deal wait for an approval before it moves so: it is submitted by the move (NO_APPROVAL_FLOW), stands in pendingStage meanwhile, and moves when it is approved.',
      { default: false },
    ),
    roleIds: texts('Ids of the roles whose holders move deals so; all if empty. Administrators always may.'),
  },
  relations: {
    pipeline: one('Pipeline', 'pipelineId', 'The pipeline of both stages.', fixed),
    fromStage: one('Stage', 'fromStageId', 'Where deals come from.', fixed),
    toStage: one('Stage', 'toStageId', 'Where they go.', fixed),
  },
  unique: { fromAndTo: ['fromStageId', 'toStageId'] },
  rules: { write: writeStageTransition },
})

import { recordType } from '../../read/recordType.ts'
import { mutateOne } from '../../resolvers/mutation.ts'
import { removePipeline, removeStage } from '../../resolvers/sales/removeStage.ts'
import { builder } from '../builder.ts'
import { payloadRef } from '../shared/names.ts'
import { StagePairInput } from './stagePair.ts'

const version = 'The version it must still have; otherwise STALE_VERSION. Left out: any.'

builder.mutationField('removeStage', (t) =>
  t.field({
    type: payloadRef('Stage'),
    nullable: false,
    description:
      'Moves a stage to the recycle bin, and its live deals, whoever’s they are, before that to another stage of its kind in the pipeline; each gets its history. Errors: REFERENCE_IN_USE without that, STAGE_NOT_IN_PIPELINE, VALIDATION_FAILED for a stage of another kind, PIPELINE_NEEDS_WON_AND_LOST. Needs Stage.delete.',
    args: {
      id: t.arg.id({ required: true, description: 'The stage that goes.' }),
      moveToStageId: t.arg.id({ description: 'Where its deals go. Left out: it goes only if it has none.' }),
      expectedVersion: t.arg.int({ description: version }),
    },
    extensions: { permission: ['Stage.delete'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('Stage'), path: ['stage'] }, (write) => removeStage(write, args)),
  }),
)

builder.mutationField('removePipeline', (t) =>
  t.field({
    type: payloadRef('Pipeline'),
    nullable: false,
    description:
      'Moves a pipeline with its stages to the recycle bin, and its live deals, whoever’s they are, before that to stages of the same kinds in other pipelines; each gets its history. Errors: REFERENCE_IN_USE while deals stand in a stage that no pair names, STAGE_NOT_IN_PIPELINE for a pair that does not lead out of it, VALIDATION_FAILED for a stage of another kind, LAST_PIPELINE, INVALID_STATE for the default one. Needs Pipeline.delete.',
    args: {
      id: t.arg.id({ required: true, description: 'The pipeline that goes.' }),
      stageMap: t.arg({ type: [StagePairInput], description: 'Where the deals of its stages go. At most 100.' }),
      expectedVersion: t.arg.int({ description: version }),
    },
    extensions: { permission: ['Pipeline.delete'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('Pipeline'), path: ['pipeline'] }, (write) =>
        removePipeline(write, args),
      ),
  }),
)

import { NO_ID, uuidOf } from '../../read/values.ts'
import { validationError } from '../normalise.ts'
import type { Written } from '../records.ts'
import type { Change, WriteContext } from '../write.ts'
import type { Luggage } from './luggage.ts'
import { moveDeals } from './moveDeals.ts'
import { type Deal, lockDeals } from './moveOpportunityStage.ts'
import { roadsOf } from './road.ts'

/** From a stage of one pipeline to one of another, as clients write it. */
export interface StagePair {
  from: string
  to: string
}

/** Arguments of the verb as clients write them. */
export interface PipelineChange extends Deal, Pick<Luggage, 'reason' | 'fields'> {
  pipelineId: string
  toStageId?: string | null
  stageMap?: readonly StagePair[] | null
}

/**
 * Takes an open deal into another pipeline: to the stage that is named, else to the one that the map gives for its stage, else to the first open one. The
 * ways within a pipeline do not count between two; what the stage asks for does.
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE for a closed deal, a closed stage and a pipeline that is switched off, STAGE_NOT_IN_PIPELINE,
 * VALIDATION_FAILED, and those of moveDeals.
 */
export async function changePipeline(context: WriteContext, given: PipelineChange): Promise<Written> {
  const [change] = (await lockDeals(context, [given])) as [Change]
  const { before, errors } = change
  if (!before || errors.length > 0) return { id: null, errors }
  const refused = (error: Written['errors'][number]): Written => ({ id: null, errors: [error] })
  const pipelineId = uuidOf('Pipeline', given.pipelineId) ?? NO_ID
  const road = context.viewer.access.may('read', 'Pipeline')
    ? (await roadsOf(context, { pipelineIds: [pipelineId] })).get(pipelineId)
    : undefined
  if (!road) return refused({ code: 'NOT_FOUND', message: 'There is no such Pipeline.', field: ['pipelineId'] })
  if (pipelineId === before.pipelineId && given.toStageId == null) return { id: change.id, errors: [], changed: false }
  if (!road.active)
    return refused({
      code: 'INVALID_STATE',
      message: 'The pipeline is switched off.',
      field: ['pipelineId'],
      details: { from: 'INACTIVE', allowed: [] },
    })
  const mapped = given.stageMap?.find(({ from }) => uuidOf('Stage', from) === before.stageId)?.to
  const named = given.toStageId ?? mapped
  const stageField = given.toStageId == null && mapped !== undefined ? 'stageMap' : 'toStageId'
  const toStageId =
    named === undefined ? road.stages.find(({ kind }) => kind === 'OPEN')?.id : (uuidOf('Stage', named) ?? NO_ID)
  if (!toStageId)
    return refused(validationError(['toStageId'], 'required', 'is required: the pipeline has no open stage'))
  const elsewhere = await roadsOf(context, { stageIds: [toStageId] })
  if (elsewhere.size > 0 && !elsewhere.has(pipelineId))
    return refused({
      code: 'STAGE_NOT_IN_PIPELINE',
      message: 'The stage belongs to another pipeline.',
      field: [stageField],
    })
  const [written] = await moveDeals(context, 'changePipeline', [{ change, toStageId, luggage: given }], { stageField })
  return written as Written
}

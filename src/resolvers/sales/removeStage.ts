import { may, requireRight } from '../../access/decide.ts'
import { type UserErrorInfo, UserErrors } from '../../errors.ts'
import { recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { validationError } from '../normalise.ts'
import { deleteRecords, lockTargets, type Written } from '../records.ts'
import type { WriteContext } from '../write.ts'
import type { StagePair } from './changePipeline.ts'
import { type Placing, placeIn } from './placeIn.ts'

/** Deals of one statement. */
const BATCH = 1000

/** Most pairs of one call. */
const PAIRS_MAX = 100

/** A stage that goes or takes in, with where it stands in the arguments. */
interface End {
  id: string
  pipelineId: string
  kind: string
}

/**
 * Moves a stage to the recycle bin, its live deals before that to another of the same kind in its pipeline, whoever’s they are: the setting decides, not
 * the right on each deal. Each gets its history; a closed one keeps day and reason.
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, STAGE_NOT_IN_PIPELINE, VALIDATION_FAILED for a stage of another kind, and those of a delete: REFERENCE_IN_USE
 * without `moveToStageId`, PIPELINE_NEEDS_WON_AND_LOST.
 */
export async function removeStage(
  context: WriteContext,
  {
    id,
    moveToStageId,
    expectedVersion,
  }: { id: string; moveToStageId?: string | null; expectedVersion?: number | null },
): Promise<Written> {
  requireRight(context.viewer, 'delete', 'Stage')
  const type = recordType('Stage')
  const target = { id: uuidOf('Stage', id) ?? NO_ID, expectedVersion: expectedVersion ?? null }
  const [change] = await lockTargets(context, type, [target], { action: 'delete', pathOf: () => ['id'] })
  if (!change?.before || change.errors.length > 0) return { id: null, errors: change?.errors ?? [] }
  if (moveToStageId != null) {
    const toId = uuidOf('Stage', moveToStageId) ?? NO_ID
    await moveAll(context, [{ from: target.id, to: toId, field: ['moveToStageId'] }], (from, to) =>
      from.pipelineId === to.pipelineId ? null : 'STAGE_NOT_IN_PIPELINE',
    )
  }
  const [written] = await deleteRecords(context, type, [{ id: target.id }])
  return written as Written
}

/**
 * Moves a pipeline with its stages to the recycle bin, the live deals of its stages before that to stages of the same kind in other pipelines.
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, VALIDATION_FAILED for a stage of another kind, STAGE_NOT_IN_PIPELINE for pairs that do not lead out of it,
 * and those of a delete: REFERENCE_IN_USE while deals stand in a stage that no pair names, LAST_PIPELINE, INVALID_STATE for the default one.
 */
export async function removePipeline(
  context: WriteContext,
  {
    id,
    stageMap,
    expectedVersion,
  }: { id: string; stageMap?: readonly StagePair[] | null; expectedVersion?: number | null },
): Promise<Written> {
  requireRight(context.viewer, 'delete', 'Pipeline')
  const type = recordType('Pipeline')
  const target = { id: uuidOf('Pipeline', id) ?? NO_ID, expectedVersion: expectedVersion ?? null }
  const [change] = await lockTargets(context, type, [target], { action: 'delete', pathOf: () => ['id'] })
  if (!change?.before || change.errors.length > 0) return { id: null, errors: change?.errors ?? [] }
  const pairs = (stageMap ?? []).map(({ from, to }, index) => ({
    from: uuidOf('Stage', from) ?? NO_ID,
    to: uuidOf('Stage', to) ?? NO_ID,
    field: ['stageMap', String(index)],
  }))
  await moveAll(context, pairs, (from, to) =>
    from.pipelineId === target.id && to.pipelineId !== target.id ? null : 'STAGE_NOT_IN_PIPELINE',
  )
  const [written] = await deleteRecords(context, type, [{ id: target.id }])
  return written as Written
}

/** Moves all live deals of stages to others. @throws UserErrors for pairs of stages that are not there or do not fit. */
async function moveAll(
  context: WriteContext,
  pairs: { from: string; to: string; field: string[] }[],
  misfit: (from: End, to: End) => 'STAGE_NOT_IN_PIPELINE' | null,
): Promise<void> {
  if (pairs.length === 0) return
  const { db, viewer } = context
  if (pairs.length > PAIRS_MAX)
    throw new UserErrors([validationError(['stageMap'], 'maxItems', `must have at most ${PAIRS_MAX} members`)])
  const rows = await db.rows<End>({
    text: `SELECT s.id, s.pipeline_id AS "pipelineId", s.kind FROM stage s JOIN pipeline p ON p.tenant_id = $1 AND p.id = s.pipeline_id
 WHERE s.tenant_id = $1 AND s.id = ANY ($2::uuid[]) AND s.deleted_at IS NULL ORDER BY s.id FOR SHARE`,
    values: [viewer.tenantId, pairs.flatMap(({ from, to }) => [from, to])],
  })
  const stages = new Map(may(viewer, 'read', 'Stage') ? rows.map((row) => [row.id, row]) : [])
  const errors = pairs.flatMap(({ from, to, field }): UserErrorInfo[] => {
    const [here, there] = [stages.get(from), stages.get(to)]
    if (!here || !there) return [{ code: 'NOT_FOUND', message: 'There is no such Stage.', field }]
    const code = misfit(here, there)
    if (code) return [{ code, message: 'The stage belongs to another pipeline.', field }]
    if (here.id === there.id) return [validationError(field, 'other', 'must be another stage')]
    return here.kind === there.kind ? [] : [validationError(field, 'kind', `must be of kind ${here.kind}`)]
  })
  if (errors.length > 0) throw new UserErrors(errors)
  for (const { from, to } of pairs) await empty(context, from, to)
}

async function empty(context: WriteContext, from: string, to: string): Promise<void> {
  for (;;) {
    const rows = await context.db.rows<Omit<Placing, 'stage' | 'reason'>>({
      text: `SELECT id, last_stage_changed_at AS was, stage_id AS "fromStageId", probability AS "fromProbability", actual_close_date::text AS closed,
 loss_reason_id AS "lossReasonId", loss_reason AS "lossReason", loss_note AS "lossNote"
 FROM opportunity WHERE tenant_id = $1 AND stage_id = $2 AND deleted_at IS NULL ORDER BY id LIMIT ${BATCH} FOR NO KEY UPDATE`,
      values: [context.viewer.tenantId, from],
    })
    await placeIn(
      context,
      rows.map((row) => ({ ...row, stage: to, reason: null })),
    )
    if (rows.length < BATCH) return
  }
}

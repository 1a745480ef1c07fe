import { NO_ID, uuidOf } from '../../read/values.ts'
import type { Written } from '../records.ts'
import type { Change, WriteContext } from '../write.ts'
import { unmarkCustomer } from './customers.ts'
import { moveDeals } from './moveDeals.ts'
import { type Deal, lockDeals } from './moveOpportunityStage.ts'
import { roadsOf } from './road.ts'

/** Arguments of the verb as clients write them. */
export interface Reopening extends Deal {
  reason: string
  toStageId?: string | null
}

/**
 * Opens a closed deal again: in the stage that is named, else in the one that it was closed from, else in the first open one. Closing date and loss go; the
 * deal status of its company is worked out again. An open deal stays as it is.
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, STAGE_NOT_IN_PIPELINE, INVALID_STATE for a closed stage, STAGE_REQUIREMENTS_MISSING, VALIDATION_FAILED.
 *
 * @throws FORBIDDEN without the right to reopen.
 */
export async function reopenOpportunity(context: WriteContext, given: Reopening): Promise<Written> {
  const [change] = (await lockDeals(context, [given], { action: 'reopen' })) as [Change]
  const { id, before, errors } = change
  if (!before || errors.length > 0) return { id: null, errors }
  if (before.status === 'OPEN') return { id, errors: [], changed: false }
  const toStageId =
    given.toStageId == null ? await formerStage(context, id, before) : (uuidOf('Stage', given.toStageId) ?? NO_ID)
  const [written] = await moveDeals(context, 'reopenOpportunity', [
    { change, toStageId, luggage: { reason: given.reason } },
  ])
  if (before.status === 'WON' && written?.id)
    await unmarkCustomer(context, before.accountId as string | null, before.actualCloseDate as string)
  return written as Written
}

/** uuid of the open stage that a deal was closed from, if it still is one of its pipeline; else of the first. */
async function formerStage(
  context: WriteContext,
  id: string,
  { pipelineId }: Record<string, unknown>,
): Promise<string> {
  const road = (await roadsOf(context, { pipelineIds: [pipelineId as string] })).get(pipelineId as string)
  const open = road?.stages.filter(({ kind }) => kind === 'OPEN') ?? []
  const [stay] = await context.db.rows<{ stage: string | null }>({
    text: `SELECT from_stage_id AS stage FROM opportunity_stage_history WHERE tenant_id = $1 AND opportunity_id = $2 AND left_at IS NULL AND deleted_at IS NULL`,
    values: [context.viewer.tenantId, id],
  })
  return (open.find((one) => one.id === stay?.stage) ?? open[0])?.id ?? NO_ID
}

import { NO_ID, uuidOf } from '../../read/values.ts'
import type { Written } from '../records.ts'
import type { Change, WriteContext } from '../write.ts'
import type { Luggage } from './luggage.ts'
import { moveDeals } from './moveDeals.ts'
import { type Deal, lockDeals } from './moveOpportunityStage.ts'
import { roadsOf } from './road.ts'

/** Arguments of the closing verbs as clients write them. */
export interface Closing extends Deal, Luggage {
  /** Left out: the first stage of the kind in the deal’s pipeline. */
  toStageId?: string | null
}

/**
 * Closes a deal as won or lost: moves it to a stage of that kind. One that is won, or lost, already stays as it is.
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE for one that is closed otherwise and for a stage of another kind, and those of moveDeals.
 */
export async function closeDeal(context: WriteContext, kind: 'WON' | 'LOST', given: Closing): Promise<Written> {
  const [change] = (await lockDeals(context, [given])) as [Change]
  const { id, before, errors } = change
  if (!before || errors.length > 0) return { id: null, errors }
  if (before.status === kind) return { id, errors: [], changed: false }
  const road = (await roadsOf(context, { pipelineIds: [before.pipelineId as string] })).get(before.pipelineId as string)
  const toStageId =
    given.toStageId == null
      ? (road?.stages.find((stage) => stage.kind === kind)?.id ?? NO_ID)
      : (uuidOf('Stage', given.toStageId) ?? NO_ID)
  const [written] = await moveDeals(context, kind === 'WON' ? 'closeWon' : 'closeLost', [
    { change, toStageId, luggage: given },
  ])
  return written as Written
}

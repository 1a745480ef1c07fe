import { requireRight } from '../../access/decide.ts'
import { recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { refusePending } from '../approval/pending.ts'
import { lockTargets, type Written } from '../records.ts'
import type { Change, WriteContext } from '../write.ts'
import type { Luggage } from './luggage.ts'
import { moveDeals } from './moveDeals.ts'

/** A deal that a verb names, as clients write it. */
export interface Deal {
  id: string
  expectedVersion?: number | null
}

/** Arguments of the verb as clients write them. */
export interface StageMove extends Deal, Luggage {
  toStageId: string
}

/** Locks deals that a verb which changes them names. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, APPROVAL_PENDING. @throws FORBIDDEN. */
export async function lockDeals(
  context: WriteContext,
  deals: Deal[],
  {
    action = 'update',
    pathOf = () => ['id'],
  }: { action?: 'update' | 'reopen'; pathOf?: (index: number) => string[] } = {},
): Promise<Change[]> {
  requireRight(context.viewer, action, 'Opportunity')
  const targets = deals.map(({ id, expectedVersion }) => ({
    id: uuidOf('Opportunity', id) ?? NO_ID,
    expectedVersion: expectedVersion ?? null,
  }))
  const type = recordType('Opportunity')
  const changes = await lockTargets(context, type, targets, { action, pathOf })
  await refusePending(context, type, changes)
  return changes
}

/**
 * Moves an opportunity to another stage of its pipeline and writes the move into its history, in one transaction. Moving to the stage where it is
 * changes nothing. A won one gets its closing date and makes its account a customer; a lost one needs a reason (spec/domain.md 3.4).
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, and those of moveDeals.
 */
export async function moveOpportunityStage(context: WriteContext, move: StageMove): Promise<Written> {
  const [change] = (await lockDeals(context, [move])) as [Change]
  const toStageId = uuidOf('Stage', move.toStageId) ?? NO_ID
  const [written] = await moveDeals(context, 'moveOpportunityStage', [{ change, toStageId, luggage: move }])
  return written as Written
}

/** The same for a list, each deal by itself: rows as the list verbs give them. */
export async function moveOpportunities(
  context: WriteContext,
  rows: Deal[],
  { toStageId, ...luggage }: Omit<StageMove, keyof Deal | 'fields'>,
  partial: boolean,
): Promise<Written[]> {
  const changes = await lockDeals(context, rows, { pathOf: (index) => ['input', String(index)] })
  const stage = uuidOf('Stage', toStageId) ?? NO_ID
  return moveDeals(
    context,
    'moveOpportunityStage',
    changes.map((change) => ({ change, toStageId: stage, luggage })),
    { partial },
  )
}

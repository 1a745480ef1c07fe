import type { UserErrorInfo } from '../../errors.ts'
import type { Subject } from '../approval/subject.ts'
import { submitForApproval } from '../approval/subject.ts'
import { todayIn } from '../checks.ts'
import type { WriteContext } from '../write.ts'
import { markCustomers } from './customers.ts'
import { type Placing, placeIn } from './placeIn.ts'

/** A move that somebody has to approve: where the deal goes, all ids uuids, and what it takes along. */
export interface Wish extends Pick<Placing, 'id' | 'stage' | 'reason' | 'lossReasonId' | 'lossReason' | 'lossNote'> {
  /** Left out: the day of the approval. */
  actualCloseDate: string | null
}

interface Waiting extends Omit<Placing, 'closed'>, Pick<Wish, 'actualCloseDate'> {
  kind: string
  status: string
}

/**
 * Submits a locked deal for the approval of its move. It stays as it is until that is decided, and then goes where it was to go.
 *
 * @returns whether it has moved at once, because no step of the flow asks anybody; or the errors of submitForApproval, NO_APPROVAL_FLOW among them.
 */
export async function askForMove(
  context: WriteContext,
  { id, stage, ...more }: Wish,
): Promise<{ moved: boolean } | { errors: UserErrorInfo[] }> {
  // Before it is submitted: a flow may be for moves to this stage.
  await context.db.rows({
    text: 'UPDATE opportunity SET pending_stage_id = $3, pending_move = $4 WHERE tenant_id = $1 AND id = $2',
    values: [context.viewer.tenantId, id, stage, JSON.stringify(more)],
  })
  const done = await submitForApproval(context, { object: 'Opportunity', id, comment: more.reason })
  if (!('errors' in done)) return { moved: done.status === 'APPROVED' }
  await forget(context, id)
  return done
}

async function forget({ db, viewer }: WriteContext, id: string): Promise<void> {
  await db.rows({
    text: 'UPDATE opportunity SET pending_stage_id = NULL, pending_move = NULL WHERE tenant_id = $1 AND id = $2 AND pending_stage_id IS NOT NULL',
    values: [viewer.tenantId, id],
  })
}

async function move(context: WriteContext, id: string): Promise<void> {
  const { db, viewer } = context
  const [found] = await db.rows<Waiting>({
    text: `SELECT o.id, o.pending_stage_id AS stage, o.last_stage_changed_at AS was, o.stage_id AS "fromStageId", o.probability AS "fromProbability", o.status, s.kind,
 m.reason, m."actualCloseDate", m."lossReasonId", m."lossReason", m."lossNote"
 FROM opportunity o JOIN stage s ON s.tenant_id = $1 AND s.id = o.pending_stage_id AND s.deleted_at IS NULL
 CROSS JOIN jsonb_to_record(o.pending_move) AS m(reason text, "actualCloseDate" text, "lossReasonId" uuid, "lossReason" text, "lossNote" text)
 WHERE o.tenant_id = $1 AND o.id = $2`,
    values: [viewer.tenantId, id],
  })
  await forget(context, id)
  if (found?.status !== 'OPEN') return
  const { kind, status: _open, actualCloseDate, ...placing } = found
  const closed = kind === 'OPEN' ? null : (actualCloseDate ?? todayIn(viewer.timezone))
  await placeIn(context, [{ ...placing, closed }])
  if (kind === 'WON') await markCustomers(context, [id])
}

/** Deals are submitted for approval: a discount, a bid, or a move to another stage, which then follows by itself. */
export const opportunitySubject: Subject = {
  object: 'Opportunity',
  parts: ['OpportunityLine'],
  approved: move,
  rejected: forget,
  withdrawn: forget,
}

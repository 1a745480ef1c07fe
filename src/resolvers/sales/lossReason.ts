import { NO_ID, uuidOf } from '../../read/values.ts'
import { validationError } from '../normalise.ts'
import type { Change, WriteContext } from '../write.ts'

/** Why a deal is lost, as clients write it. */
export interface Loss {
  /** Of the company’s list. */
  lossReasonId?: string | null
  /** In words, without the list. */
  lossReason?: string | null
  lossNote?: string | null
}

/**
 * Looks up loss reasons by the ids that clients gave, and locks them against going. One statement; none without ids.
 *
 * @returns what gives the uuid of the reason that a move names, or null; errors stand in its change: NOT_FOUND, VALIDATION_FAILED for one no longer used.
 */
export async function findLossReasons(
  { db, viewer }: WriteContext,
  ids: string[],
): Promise<(change: Change, given: Loss) => string | null> {
  const wanted = ids.map((id) => uuidOf('LossReason', id) ?? NO_ID)
  const rows =
    wanted.length > 0 && viewer.access.may('read', 'LossReason')
      ? await db.rows<{ id: string; active: boolean }>({
          text: 'SELECT id, active FROM loss_reason WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND deleted_at IS NULL ORDER BY id FOR SHARE',
          values: [viewer.tenantId, wanted],
        })
      : []
  const active = new Map(rows.map((row) => [row.id, row.active]))
  return (change, { lossReasonId }) => {
    if (lossReasonId == null) return null
    const id = uuidOf('LossReason', lossReasonId) ?? NO_ID
    const field = [...(change.path.at(-1) === 'id' ? change.path.slice(0, -1) : change.path), 'lossReasonId']
    if (!active.has(id)) change.errors.push({ code: 'NOT_FOUND', message: 'There is no such LossReason.', field })
    else if (!active.get(id))
      change.errors.push(validationError(field, 'active', 'names a reason that is no longer used'))
    return active.has(id) ? id : null
  }
}

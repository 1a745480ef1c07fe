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

/** The loss reasons that some moves name, locked against going. */
export interface LossReasons {
  /** uuid of the reason that a move names, or null; its errors stand in the change. */
  read(change: Change, given: Loss): string | null
  name(id: string): string | null
}

/** Looks up loss reasons by the ids that clients gave. One statement; none without ids. */
export async function findLossReasons({ db, viewer }: WriteContext, ids: string[]): Promise<LossReasons> {
  const wanted = ids.map((id) => uuidOf('LossReason', id) ?? NO_ID)
  const rows =
    wanted.length > 0 && viewer.access.may('read', 'LossReason')
      ? await db.rows<{ id: string; name: string; active: boolean }>({
          text: 'SELECT id, name, active FROM loss_reason WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND deleted_at IS NULL ORDER BY id FOR SHARE',
          values: [viewer.tenantId, wanted],
        })
      : []
  const found = new Map(rows.map((row) => [row.id, row]))
  return {
    read(change, { lossReasonId }) {
      if (lossReasonId == null) return null
      const field = [...(change.path.at(-1) === 'id' ? change.path.slice(0, -1) : change.path), 'lossReasonId']
      const row = found.get(uuidOf('LossReason', lossReasonId) ?? NO_ID)
      if (!row) change.errors.push({ code: 'NOT_FOUND', message: 'There is no such LossReason.', field })
      else if (!row.active)
        change.errors.push(validationError(field, 'active', 'names a reason that is no longer used'))
      return row?.id ?? null
    },
    name: (id) => found.get(id)?.name ?? null,
  }
}

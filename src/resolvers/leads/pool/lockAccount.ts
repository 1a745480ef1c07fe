import { requireRight } from '../../../access/decide.ts'
import type { UserErrorInfo } from '../../../errors.ts'
import { recordType } from '../../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../../read/values.ts'
import { lockTenant, refuseAs } from '../../checks.ts'
import { lockLimitOf } from '../../identity/ownerQuota.ts'
import { lockTargets, type Written } from '../../records.ts'
import type { Change, WriteContext } from '../../write.ts'

/** Rule of customers: LOCKED is set and ended by the verbs below alone, for it counts against a quota. An update that leaves it as it is, is fine. */
export function lockedStatus(changes: Change[]): void {
  for (const change of changes) {
    const { before, values } = change
    if (!Object.hasOwn(values, 'status') || values.status === before?.status) continue
    if (values.status !== 'LOCKED' && before?.status !== 'LOCKED') continue
    const message = 'A customer is locked by lockAccount and unlocked by unlockAccount.'
    refuseAs(change, 'INVALID_STATE', 'status', message, { from: before?.status ?? null, to: values.status })
  }
}

async function locked(
  context: WriteContext,
  { id, expectedVersion }: { id: string; expectedVersion?: number | null },
): Promise<Change> {
  requireRight(context.viewer, 'update', 'Account')
  const target = { id: uuidOf('Account', id) ?? NO_ID, expectedVersion: expectedVersion ?? null }
  const [change] = await lockTargets(context, recordType('Account'), [target], {
    action: 'update',
    pathOf: () => ['id'],
  })
  return change as Change
}

const refused = (error: UserErrorInfo): Written => ({ id: null, errors: [error] })
const state = (from: unknown, to: string, message: string) =>
  refused({ code: 'INVALID_STATE', message, field: ['id'], details: { from, to, allowed: [] } })

/**
 * Locks a customer for its owner: no rule takes it back. To lock one that is locked changes nothing.
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, ALREADY_WON for one that was won, INVALID_STATE for one without an owner or not in use, LOCK_QUOTA_EXCEEDED.
 */
export async function lockAccount(
  context: WriteContext,
  given: { id: string; expectedVersion?: number | null },
): Promise<Written> {
  const { db, viewer } = context
  const { id, before, errors } = await locked(context, given)
  if (!before || errors.length > 0) return { id: null, errors }
  if (before.status === 'LOCKED') return { id, errors: [], changed: false }
  if (before.dealStatus === 'WON')
    return refused({
      code: 'ALREADY_WON',
      message: 'A won customer is never taken back, so it need not be locked.',
      field: ['id'],
    })
  const ownerId = before.ownerId as string | null
  if (!ownerId) return state(before.poolId ? 'POOLED' : 'UNOWNED', 'LOCKED', 'Only what somebody has can be locked.')
  if (before.status !== 'ACTIVE') return state(before.status, 'LOCKED', 'Only a customer in use can be locked.')
  const limit = await lockLimitOf(context, ownerId)
  if (limit !== null) {
    // Two that take the last place at the same time wait for each other.
    await lockTenant(context, `lock quota ${ownerId}`)
    const [row] = await db.rows<{ current: number }>({
      text: `SELECT count(*)::integer AS current FROM account WHERE tenant_id = $1 AND owner_id = $2 AND locked_at IS NOT NULL AND deal_status IS DISTINCT FROM 'WON' AND deleted_at IS NULL`,
      values: [viewer.tenantId, ownerId],
    })
    const current = row?.current ?? 0
    if (current + 1 > limit)
      return refused({
        code: 'LOCK_QUOTA_EXCEEDED',
        message: `The owner may have ${limit} locked customers.`,
        field: ['id'],
        details: { limit, current, requested: 1 },
      })
  }
  await db.rows({
    text: `UPDATE account SET status = 'LOCKED', locked_at = now(), locked_by = atrium.actor_id() WHERE tenant_id = $1 AND id = $2`,
    values: [viewer.tenantId, id],
  })
  return { id, errors: [], changed: true }
}

/** Ends the lock of a customer; of one that is not locked nothing changes. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION. */
export async function unlockAccount(
  context: WriteContext,
  given: { id: string; expectedVersion?: number | null },
): Promise<Written> {
  const { db, viewer } = context
  const { id, before, errors } = await locked(context, given)
  if (!before || errors.length > 0) return { id: null, errors }
  if (before.status !== 'LOCKED') return { id, errors: [], changed: false }
  await db.rows({
    text: `UPDATE account SET status = 'ACTIVE', locked_at = NULL, locked_by = NULL WHERE tenant_id = $1 AND id = $2`,
    values: [viewer.tenantId, id],
  })
  return { id, errors: [], changed: true }
}

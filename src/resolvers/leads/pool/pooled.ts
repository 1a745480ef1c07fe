import { uuidOf } from '../../../read/values.ts'
import type { Writer } from '../../../tenancy/tenancy.ts'
import { refuse, refuseAs } from '../../checks.ts'
import type { Change, WriteContext } from '../../write.ts'
import { POOLED, seatsIn } from './seat.ts'

/** Why owners change, as the history calls it. */
export type OwnershipReason =
  | 'CLAIM'
  | 'ASSIGN'
  | 'RELEASE'
  | 'RECLAIM'
  | 'MOVE'
  | 'HANDOVER'
  | 'CONVERT'
  | 'IMPORT'
  | 'MERGE'
  | 'REGISTRATION'

const SET = `SELECT set_config('app.ownership_reason', $1, true), set_config('app.ownership_note', $2, true), set_config('app.ownership_rule', $3, true)`

/**
 * Runs `work`, and what it changes of the owners and pools of records stands in their history with this reason. Without it, the history says CREATE or
 * TRANSFER. A failed statement undoes the settings with the transaction or the savepoint around it.
 *
 * @param note what the doer said; `ruleId`: uuid of the rule that did it.
 */
export async function withReason<T>(
  db: Pick<Writer, 'rows'>,
  reason: OwnershipReason,
  work: () => Promise<T>,
  { note = '', ruleId = '' }: { note?: string; ruleId?: string } = {},
): Promise<T> {
  await db.rows({ text: SET, values: [reason, note, ruleId] })
  const result = await work()
  await db.rows({ text: SET, values: ['', '', ''] })
  return result
}

/**
 * Rule of records that are made straight into a pool: they have no owner; the pool is one of their type, in use, takes imports, and the caller rules it.
 * Errors: VALIDATION_FAILED, POOL_ACCESS_DENIED, POOL_DISABLED, NO_POOL_FOR_RECORD.
 */
export async function intoPool(typeName: 'Account' | 'Lead', changes: Change[], context: WriteContext): Promise<void> {
  const pooled = changes.filter(({ before, values }) => !before && values.poolId != null)
  if (pooled.length === 0) return
  const seats = await seatsIn(context, [...new Set(pooled.map(({ values }) => values.poolId as string))], {
    lock: true,
  })
  for (const change of pooled) {
    const { input, values } = change
    // Who is left out on create would be the caller.
    if (input.ownerId == null) values.ownerId = null
    else refuse(change, 'ownerId', 'pool', 'must be left out for a record that goes into a pool')
    const seat = seats.get(values.poolId as string)
    // Its absence is told already.
    if (!seat) continue
    if (POOLED[seat.object] !== typeName)
      refuseAs(change, 'NO_POOL_FOR_RECORD', 'poolId', 'The pool holds records of another type.')
    else if (seat.role !== 'ADMIN' && context.viewer.kind !== 'job')
      refuseAs(change, 'POOL_ACCESS_DENIED', 'poolId', 'Only an administrator of the pool may put records into it.')
    else if (!seat.enabled) refuseAs(change, 'POOL_DISABLED', 'poolId', 'The pool is switched off.')
    else if (!seat.allowImport)
      refuseAs(change, 'POOL_ACCESS_DENIED', 'poolId', 'The pool takes no records that are made straight into it.')
  }
}

/** The type that all of some ids of clients belong to, of those that may lie in a pool; null when they are of several or of others. */
export function pooledTypeOf(ids: readonly unknown[]): 'Account' | 'Lead' | null {
  for (const name of Object.values(POOLED)) if (ids.every((id) => uuidOf(name, id))) return name
  return null
}

import { type UserErrorInfo, UserErrors } from '../../../errors.ts'
import { type RecordType, recordType } from '../../../read/recordType.ts'
import type { WriteContext } from '../../write.ts'

/** The words of pools for types of records. */
export const POOLED = { ACCOUNT: 'Account', LEAD: 'Lead' } as const
export type PoolObject = keyof typeof POOLED

/** A pool and what the caller is there. Ids are uuids. */
export interface Seat {
  id: string
  name: string
  object: PoolObject
  enabled: boolean
  allowImport: boolean
  dailyLimitPerUser: number | null
  maxBatch: number
  previousOwnerCooldownHours: number | null
  newDataCooldownHours: number | null
  /** Null for who is not in it. The company's administrator rules every pool. */
  role: 'ADMIN' | 'MEMBER' | null
}

const SEATS = `SELECT p.id, p.name, p.object, p.enabled, p.allow_import AS "allowImport", p.daily_limit_per_user AS "dailyLimitPerUser", p.max_batch AS "maxBatch",
 p.previous_owner_cooldown_hours AS "previousOwnerCooldownHours", p.new_data_cooldown_hours AS "newDataCooldownHours",
 (SELECT min(m.role) FROM pool_member m WHERE m.tenant_id = $1 AND m.pool_id = p.id AND m.deleted_at IS NULL AND m.principal_id = ANY ($3::uuid[])) AS role
 FROM pool p WHERE p.tenant_id = $1 AND p.id = ANY ($2::uuid[]) AND p.deleted_at IS NULL`

/** The live pools of these ids with the caller's part in them; `lock`: held as they are to the end of the transaction, so that none is switched off meanwhile. */
export async function seatsIn(
  { db, viewer }: Pick<WriteContext, 'viewer'> & { db: Pick<WriteContext['db'], 'rows'> },
  ids: readonly string[],
  { lock = false }: { lock?: boolean } = {},
): Promise<Map<string, Seat>> {
  const { access, tenantId } = viewer
  const rows = await db.rows<Seat>({
    text: lock ? `${SEATS} ORDER BY p.id FOR SHARE OF p` : SEATS,
    values: [tenantId, ids, access.standing.principals],
  })
  const full = access.set.full
  return new Map(rows.map((row) => [row.id, full ? { ...row, role: 'ADMIN' } : row]))
}

/** The record type whose records lie in a pool. */
export const typeOf = ({ object }: Pick<Seat, 'object'>): RecordType => recordType(POOLED[object])

export const noPool = (field: string[]): UserErrorInfo => ({
  code: 'NOT_FOUND',
  message: 'There is no such Pool.',
  field,
})

export const disabled = (field: string[]): UserErrorInfo => ({
  code: 'POOL_DISABLED',
  message: 'The pool is switched off.',
  field,
})

export const denied = (field: string[], role: 'ADMIN' | 'MEMBER'): UserErrorInfo => ({
  code: 'POOL_ACCESS_DENIED',
  message:
    role === 'ADMIN' ? 'Only an administrator of the pool may do this.' : 'Only members of the pool may do this.',
  field,
})

/**
 * The pool, in use, with the caller in the part that it takes. What it is not is thrown as user errors on the whole call.
 *
 * @throws UserErrors: NOT_FOUND, POOL_ACCESS_DENIED, POOL_DISABLED.
 */
export async function requireSeat(
  context: WriteContext,
  poolId: string,
  role: 'ADMIN' | 'MEMBER',
  field: string[] = ['poolId'],
  options: { lock?: boolean } = {},
): Promise<Seat> {
  const seat = (await seatsIn(context, [poolId], options)).get(poolId)
  if (!seat) throw new UserErrors([noPool(field)])
  if (!seat.role || (role === 'ADMIN' && seat.role !== 'ADMIN')) throw new UserErrors([denied(field, role)])
  if (!seat.enabled) throw new UserErrors([disabled(field)])
  return seat
}

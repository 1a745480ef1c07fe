import { DateTime } from 'luxon'
import { may, requireRight } from '../../../access/decide.ts'
import { type UserErrorInfo, UserErrors } from '../../../errors.ts'
import type { RecordType } from '../../../read/recordType.ts'
import { ident } from '../../../read/sql.ts'
import { NO_ID, uuidOf } from '../../../read/values.ts'
import { todayIn } from '../../checks.ts'
import { beyondQuota, ownerQuotaProblems, quotaError } from '../../identity/ownerQuota.ts'
import { validationError } from '../../normalise.ts'
import type { Written } from '../../records.ts'
import { tellAssigned } from '../../work/assigned.ts'
import { sqlFor, type WriteContext } from '../../write.ts'
import { withReason } from './pooled.ts'
import { requireSeat, type Seat, typeOf } from './seat.ts'

export interface GiveOptions {
  /** Give what can be given and report the rest; otherwise one refusal stops all. */
  partial?: boolean
  /** The moment to count for. */
  now?: Date
}

/** A record of the pool, locked. */
interface Pooled {
  id: string
  pooledAt: Date | null
  won: boolean
}

/** A row of the call on its way: its record, and what stands against it. */
interface Wanted {
  id: string
  path: string[]
  record: Pooled | undefined
  errors: UserErrorInfo[]
}

/**
 * Claims records of a pool for the caller: their owner from now on. Each record goes to one claimer, whoever asks at the same time; the others learn that it is
 * gone. What is claimed counts for the day of the company's calendar, in the transaction that claims.
 *
 * Errors of the call: NOT_FOUND, POOL_ACCESS_DENIED, POOL_DISABLED, BULK_TOO_LARGE. Of a record: NOT_FOUND, ALREADY_CLAIMED, PREVIOUS_OWNER_COOLDOWN, NEW_DATA_COOLDOWN,
 * CLAIM_LIMIT_REACHED, OWNER_QUOTA_EXCEEDED.
 *
 * @param poolId as clients write it, as `ids` are.
 * @throws UserErrors, FORBIDDEN without the right to read and to update records of the pool's type.
 */
export async function claimFromPool(
  context: WriteContext,
  { poolId, ids }: { poolId: string; ids: string[] },
  { partial = false, now = new Date() }: GiveOptions = {},
): Promise<Written[]> {
  const { viewer } = context
  const seat = await requireSeat(context, uuidOf('Pool', poolId) ?? NO_ID, 'MEMBER')
  const userId = viewer.userId
  if (!userId)
    throw new UserErrors([
      { code: 'POOL_ACCESS_DENIED', message: 'A key that speaks for nobody cannot claim.', field: ['poolId'] },
    ])
  checkCall(context, seat, ids)
  // Before the records: a second claim of the same user waits here, and nobody waits for a claim in a ring.
  const day = todayIn(viewer.timezone, now)
  const used = await lockCount(context, seat.id, userId, day)
  const wanted = await lockPooled(context, seat, ids)
  await checkCooldowns(context, seat, userId, wanted, now)
  checkLimit(seat, used, wanted, partial, nextDay(viewer.timezone, now))
  await checkQuota(context, seat, userId, wanted)
  const given = await give(context, seat, userId, wanted, 'CLAIM', partial)
  if (given > 0)
    await context.db.rows({
      text: 'UPDATE pool_claim_count SET claimed = claimed + $5 WHERE tenant_id = $1 AND pool_id = $2 AND user_id = $3 AND day = $4::date',
      values: [viewer.tenantId, seat.id, userId, day, given],
    })
  return wanted.map(writtenOf)
}

/**
 * Gives records of a pool to a user: what an administrator of the pool may do. Neither the daily limit nor the times of waiting hold, the owner quota does.
 *
 * Errors of the call: as of claimFromPool, and NOT_FOUND and USER_INACTIVE for the user. Of a record: NOT_FOUND, ALREADY_CLAIMED, OWNER_QUOTA_EXCEEDED.
 */
export async function assignFromPool(
  context: WriteContext,
  { poolId, ids, userId }: { poolId: string; ids: string[]; userId: string },
  { partial = false }: GiveOptions = {},
): Promise<Written[]> {
  const { db, viewer } = context
  const seat = await requireSeat(context, uuidOf('Pool', poolId) ?? NO_ID, 'ADMIN')
  checkCall(context, seat, ids)
  const receiver = uuidOf('User', userId) ?? NO_ID
  const [user] = may(viewer, 'read', 'User')
    ? await db.rows<{ status: string }>({
        text: 'SELECT status FROM app_user WHERE tenant_id = $1 AND id = $2 AND contact_id IS NULL AND deleted_at IS NULL FOR SHARE',
        values: [viewer.tenantId, receiver],
      })
    : []
  if (!user) throw new UserErrors([{ code: 'NOT_FOUND', message: 'There is no such User.', field: ['userId'] }])
  if (user.status !== 'ACTIVE')
    throw new UserErrors([
      { code: 'USER_INACTIVE', message: 'Only an active user can take records over.', field: ['userId'] },
    ])
  const wanted = await lockPooled(context, seat, ids)
  await checkQuota(context, seat, receiver, wanted)
  await give(context, seat, receiver, wanted, 'ASSIGN', partial)
  if (partial || good(wanted).length === wanted.length)
    await tellAssigned(
      context,
      typeOf(seat),
      good(wanted).map(({ id }) => ({ id, userId: receiver })),
    )
  return wanted.map(writtenOf)
}

/** The rights on the type, and no more records than the pool gives at once. */
function checkCall({ viewer }: WriteContext, seat: Seat, ids: string[]): void {
  const { name } = typeOf(seat)
  requireRight(viewer, 'read', name)
  requireRight(viewer, 'update', name)
  if (ids.length <= seat.maxBatch) return
  throw new UserErrors([
    {
      code: 'BULK_TOO_LARGE',
      message: `The pool gives at most ${seat.maxBatch} records at once.`,
      field: ['ids'],
      details: { max: seat.maxBatch },
    },
  ])
}

const writtenOf = ({ id, errors }: Wanted): Written => ({ id: errors.length === 0 ? id : null, errors })
const good = (wanted: Wanted[]) => wanted.filter(({ errors }) => errors.length === 0)

/** How many the user has claimed on a day, held to the end of the transaction. */
async function lockCount({ db, viewer }: WriteContext, poolId: string, userId: string, day: string): Promise<number> {
  const values = [viewer.tenantId, poolId, userId, day]
  await db.rows({
    text: 'INSERT INTO pool_claim_count (tenant_id, pool_id, user_id, day) VALUES ($1, $2, $3, $4::date) ON CONFLICT DO NOTHING',
    values,
  })
  const [row] = await db.rows<{ claimed: number }>({
    text: 'SELECT claimed FROM pool_claim_count WHERE tenant_id = $1 AND pool_id = $2 AND user_id = $3 AND day = $4::date FOR UPDATE',
    values,
  })
  return (row as { claimed: number }).claimed
}

/** Locks those of the records that are in the pool, in the order of their ids, and says of the others that they are not. */
async function lockPooled(context: WriteContext, seat: Seat, ids: string[]): Promise<Wanted[]> {
  const { db, viewer } = context
  const type = typeOf(seat)
  const uuids = ids.map((id) => uuidOf(type.name, id) ?? NO_ID)
  const won = type.fields.has('dealStatus') ? `t.deal_status IS NOT DISTINCT FROM 'WON'` : 'false'
  // A record that another claims at this moment is waited for, and is looked at as it then is: gone, it is not among the rows.
  const rows = await db.rows<Pooled>({
    text: `SELECT t.id, t.pooled_at AS "pooledAt", ${won} AS won FROM ${ident(type.table)} t
 WHERE t.tenant_id = $1 AND t.id = ANY ($2::uuid[]) AND t.pool_id = $3 AND t.owner_id IS NULL AND t.deleted_at IS NULL ORDER BY t.id FOR NO KEY UPDATE`,
    values: [viewer.tenantId, uuids, seat.id],
  })
  const found = new Map(rows.map((row) => [row.id, row]))
  const missing = uuids.filter((id) => !found.has(id))
  const known = missing.length > 0 ? await knownOf(context, seat, type, missing) : new Set()
  const seen = new Set<string>()
  return uuids.map((id, index): Wanted => {
    const one: Wanted = { id, path: ['ids', String(index)], record: found.get(id), errors: [] }
    if (seen.has(id)) one.errors.push(validationError(one.path, 'once', 'must not be named twice'))
    else if (!one.record)
      one.errors.push(
        known.has(id)
          ? { code: 'ALREADY_CLAIMED', message: 'The record is no longer in the pool.', field: one.path }
          : { code: 'NOT_FOUND', message: `There is no such ${type.name}.`, field: one.path },
      )
    seen.add(id)
    return one
  })
}

/** Of records that are not in the pool: those that the caller sees, and those that were in it and that they could see then. Of others nothing is told. */
async function knownOf(
  { db, viewer }: WriteContext,
  seat: Seat,
  type: RecordType,
  ids: string[],
): Promise<Set<string>> {
  const sql = sqlFor(viewer.tenantId)
  const wanted = sql.params.add(ids, 'uuid[]')
  const pool = sql.params.add(seat.id, 'uuid')
  const scope = viewer.access.predicate(type, 't', sql) ?? 'true'
  const column = type.name === 'Account' ? 'account_id' : 'lead_id'
  const rows = await db.rows<{ id: string }>({
    text: `SELECT t.id FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.id = ANY (${wanted}) AND t.deleted_at IS NULL AND (${scope}
 OR EXISTS (SELECT 1 FROM ownership_record r WHERE r.tenant_id = $1 AND r.${column} = t.id AND r.from_pool_id = ${pool}))`,
    values: sql.params.values,
  })
  return new Set(rows.map(({ id }) => id))
}

const HOUR = 3_600_000

/** PREVIOUS_OWNER_COOLDOWN for what the user had not long ago, NEW_DATA_COOLDOWN for what has not lain in the pool for long enough. */
async function checkCooldowns(
  { db, viewer }: WriteContext,
  seat: Seat,
  userId: string,
  wanted: Wanted[],
  now: Date,
): Promise<void> {
  const { previousOwnerCooldownHours: previous, newDataCooldownHours: fresh } = seat
  const until = (from: Date, hours: number) => new Date(from.getTime() + hours * HOUR)
  if (previous) {
    const column = typeOf(seat).name === 'Account' ? 'account_id' : 'lead_id'
    const rows = await db.rows<{ id: string; at: Date }>({
      text: `SELECT ${column} AS id, max(at) AS at FROM ownership_record WHERE tenant_id = $1 AND ${column} = ANY ($2::uuid[]) AND from_owner_id = $3 AND at > $4 GROUP BY 1`,
      values: [viewer.tenantId, good(wanted).map(({ id }) => id), userId, until(now, -previous)],
    })
    const lost = new Map(rows.map(({ id, at }) => [id, at]))
    for (const { id, path, errors } of good(wanted)) {
      const at = lost.get(id)
      if (at)
        errors.push({
          code: 'PREVIOUS_OWNER_COOLDOWN',
          message: 'You had the record not long ago.',
          field: path,
          details: { until: until(at, previous).toISOString() },
        })
    }
  }
  if (!fresh) return
  for (const { record, path, errors } of good(wanted)) {
    const end = until(record?.pooledAt ?? new Date(0), fresh)
    if (end > now)
      errors.push({
        code: 'NEW_DATA_COOLDOWN',
        message: 'The record has not been in the pool for long enough.',
        field: path,
        details: { until: end.toISOString() },
      })
  }
}

/** The beginning of the next day in a time zone. */
export function nextDay(timezone: string, now: Date): Date {
  return DateTime.fromJSDate(now, { zone: timezone }).plus({ days: 1 }).startOf('day').toJSDate()
}

/** CLAIM_LIMIT_REACHED for those beyond what the user may still claim today. */
function checkLimit(
  { dailyLimitPerUser: limit }: Seat,
  used: number,
  wanted: Wanted[],
  partial: boolean,
  resetsAt: Date,
) {
  if (limit === null) return
  const some = good(wanted)
  const rest = Math.max(0, limit - used)
  for (const { path, errors } of some.slice(rest))
    errors.push({
      code: 'CLAIM_LIMIT_REACHED',
      message: `You may claim ${limit} records of this pool in a day.`,
      field: path,
      details: { limit, used: partial ? used + Math.min(rest, some.length) : used, resetsAt: resetsAt.toISOString() },
    })
}

/** OWNER_QUOTA_EXCEEDED for those beyond what the receiver may own; the first ones that still fit stay good. */
async function checkQuota(context: WriteContext, seat: Seat, userId: string, wanted: Wanted[]): Promise<void> {
  const object = typeOf(seat).name
  const some = good(wanted)
  const won = some.filter(({ record }) => record?.won).length
  const [problem] = await ownerQuotaProblems(context, [{ userId, object, adding: some.length, won }])
  if (!problem) return
  for (const { path, errors } of beyondQuota(problem, some, ({ record }) => record?.won === true))
    errors.push(quotaError(problem, path))
}

/** Writes the owner of what is good, on the condition that it is still in the pool; how many there were. Nothing when one is bad and the call is not partial. */
async function give(
  { db, viewer }: WriteContext,
  seat: Seat,
  userId: string,
  wanted: Wanted[],
  reason: 'CLAIM' | 'ASSIGN',
  partial: boolean,
): Promise<number> {
  const some = good(wanted)
  if (some.length === 0 || (!partial && some.length < wanted.length)) return 0
  const { table, name } = typeOf(seat)
  const assigned = name === 'Lead' ? ', assigned_at = now()' : ''
  const rows = await withReason(db, reason, () =>
    db.rows<{ id: string }>({
      text: `UPDATE ${ident(table)} SET owner_id = $4, pool_id = NULL${assigned}
 WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND pool_id = $3 AND owner_id IS NULL AND deleted_at IS NULL RETURNING id`,
      values: [viewer.tenantId, some.map(({ id }) => id), seat.id, userId],
    }),
  )
  const given = new Set(rows.map(({ id }) => id))
  for (const { id, path, errors } of some)
    if (!given.has(id))
      errors.push({ code: 'ALREADY_CLAIMED', message: 'The record is no longer in the pool.', field: path })
  return given.size
}

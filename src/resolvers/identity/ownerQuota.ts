import { LRUCache } from 'lru-cache'
import type { UserErrorInfo } from '../../errors.ts'
import type { RecordType } from '../../read/recordType.ts'
import { refuse } from '../checks.ts'
import { type Change, idPath, type Rules, same, type WriteContext } from '../write.ts'
import { ownedCounts, ownedTypes } from './holdings.ts'

/** Records that a user (uuid) is about to get. */
export interface Adding {
  userId: string
  /** Name of their type. */
  object: string
  adding: number
  /** How many of them are won customers, which some quotas do not count. */
  won?: number
}

/** A quota that would be passed. */
export interface QuotaProblem extends Adding {
  limit: number
  /** Live records that they own now, and those that a hand-over is bringing them. */
  current: number
  /** Won customers are not counted, neither in current nor in adding. */
  excludeWon: boolean
}

const PRINCIPALS = ['userId', 'roleId', 'departmentId'] as const

/** Which types a tenant has quotas for is believed this long, milliseconds, so that writers need not ask each time: a new quota counts within that time. */
const BELIEVED = 3000
const limited = new LRUCache<string, Set<string>>({ max: 10_000, ttl: BELIEVED })

/** Rules of quotas: exactly one of user, role and department; a type whose records have owners. */
export const ownerQuotaRules: Rules = {
  write(changes) {
    for (const change of changes) {
      const { object } = change.values
      if (typeof object === 'string' && !ownedTypes().some(({ name }) => name === object))
        refuse(change, 'object', 'owner', 'must be the name of a type whose records have an owner')
      if (values(change, 'object') !== 'Account')
        for (const name of ['excludeWon', 'lockLimit'] as const)
          if (change.values[name]) refuse(change, name, 'account', 'is for quotas of customers only')
      if (change.before) continue
      const named = PRINCIPALS.filter((name) => change.values[name] != null)
      if (named.length !== 1) refuse(change, named[1] ?? 'userId', 'one', 'must be one of user, role and department')
    }
  },
  done(_changes, { viewer }) {
    limited.delete(viewer.tenantId)
  },
}

const values = ({ values: given, before }: Change, name: string) => given[name] ?? before?.[name]

async function limits({ db, viewer }: WriteContext, object: string): Promise<boolean> {
  let objects = limited.get(viewer.tenantId)
  if (!objects) {
    const rows = await db.rows<{ object: string }>({
      text: 'SELECT DISTINCT object FROM owner_quota WHERE tenant_id = $1 AND deleted_at IS NULL',
      values: [viewer.tenantId],
    })
    objects = new Set(rows.map((row) => row.object))
    limited.set(viewer.tenantId, objects)
  }
  return objects.has(object)
}

/** The quota of a person: their own, else that of their department, else the most generous of their roles. */
const QUOTAS = `SELECT x.user_id AS "userId", x.object, q."limit", q."lockLimit", q."excludeWon" FROM unnest($2::uuid[], $3::text[]) AS x(user_id, object)
 JOIN app_user u ON u.tenant_id = $1 AND u.id = x.user_id
 CROSS JOIN LATERAL (
  SELECT o.record_limit AS "limit", o.lock_limit AS "lockLimit", o.exclude_won AS "excludeWon" FROM owner_quota o WHERE o.tenant_id = $1 AND o.object = x.object AND o.deleted_at IS NULL AND o.principal_id IN (
   SELECT u.id UNION ALL SELECT u.department_id UNION ALL SELECT u.role_id
   UNION ALL SELECT r.role_id FROM user_role r WHERE r.tenant_id = $1 AND r.user_id = u.id AND r.deleted_at IS NULL AND (r.expires_at IS NULL OR r.expires_at > now()))
  ORDER BY (o.user_id IS NOT NULL) DESC, (o.department_id IS NOT NULL) DESC, o.record_limit DESC LIMIT 1) q`

/**
 * The quotas that these additions would pass, together with what the users own already. Locks what it counts to the end of the transaction, so that two
 * at the same time do not both take the last place. Asks nothing of a tenant that has no quota for the types.
 *
 * @param wanted each user and type once.
 */
export async function ownerQuotaProblems(context: WriteContext, wanted: Adding[]): Promise<QuotaProblem[]> {
  const { db, viewer } = context
  const asked: Adding[] = []
  for (const one of wanted) if (one.adding > 0 && (await limits(context, one.object))) asked.push(one)
  if (asked.length === 0) return []
  const key = ({ userId, object }: { userId: string; object: string }) => `${userId} ${object}`
  const quotas = await db.rows<{ userId: string; object: string; limit: number; excludeWon: boolean }>({
    text: QUOTAS,
    values: [viewer.tenantId, asked.map(({ userId }) => userId), asked.map(({ object }) => object)],
  })
  if (quotas.length === 0) return []
  // In one order everywhere, so that two never wait for each other.
  await db.rows({
    text: 'SELECT pg_advisory_xact_lock(hashtextextended(x.name, 0)) FROM (SELECT unnest($1::text[]) AS name) x',
    values: [quotas.map((one) => `${viewer.tenantId} owner_quota ${key(one)}`).sort()],
  })
  const current = await ownedNow(
    context,
    quotas.map(({ userId }) => userId),
    new Set(quotas.map(({ object }) => object)),
  )
  const won = await wonNow(
    context,
    quotas.flatMap(({ userId, excludeWon }) => (excludeWon ? [userId] : [])),
  )
  const adding = new Map(asked.map((one) => [key(one), one]))
  return quotas.flatMap(({ userId, object, limit, excludeWon }): QuotaProblem[] => {
    const { adding: all, won: wonOf = 0 } = adding.get(key({ userId, object })) as Adding
    const one = { userId, object, adding: excludeWon ? all - wonOf : all, limit, excludeWon }
    const has = (current.get(key(one)) ?? 0) - (excludeWon ? (won.get(userId) ?? 0) : 0)
    return one.adding > 0 && has + one.adding > limit ? [{ ...one, current: has }] : []
  })
}

/** How many won customers users own. */
async function wonNow({ db, viewer }: WriteContext, userIds: string[]): Promise<Map<string, number>> {
  if (userIds.length === 0) return new Map()
  const rows = await db.rows<{ userId: string; records: number }>({
    text: `SELECT owner_id AS "userId", count(*)::integer AS records FROM account WHERE tenant_id = $1 AND owner_id = ANY ($2::uuid[]) AND deal_status = 'WON' AND deleted_at IS NULL GROUP BY 1`,
    values: [viewer.tenantId, userIds],
  })
  return new Map(rows.map(({ userId, records }) => [userId, records]))
}

/** Those of the records that somebody is about to get that their quota has no place for: the first ones that still fit are not among them. */
export function beyondQuota<T>({ limit, current, excludeWon }: QuotaProblem, some: T[], won: (one: T) => boolean): T[] {
  let room = Math.max(0, limit - current)
  return some.filter((one) => (excludeWon && won(one) ? false : room-- <= 0))
}

/** How many locked customers a user (uuid) may own; null for no limit. */
export async function lockLimitOf(context: WriteContext, userId: string): Promise<number | null> {
  if (!(await limits(context, 'Account'))) return null
  const [quota] = await context.db.rows<{ lockLimit: number | null }>({
    text: QUOTAS,
    values: [context.viewer.tenantId, [userId], ['Account']],
  })
  return quota?.lockLimit ?? null
}

/** Live records that users own, and those on their way to them, under `<user> <object>`. */
async function ownedNow(
  { db, viewer }: WriteContext,
  userIds: string[],
  objects: Set<string>,
): Promise<Map<string, number>> {
  const types = ownedTypes().filter(({ name }) => objects.has(name))
  const [owned, coming] = await Promise.all([
    ownedCounts(db, viewer.tenantId, userIds, types),
    db.rows<{ object: string; userId: string; records: number }>({
      text: `SELECT object, to_user_id AS "userId", count(*)::integer AS records FROM handover_item
 WHERE tenant_id = $1 AND to_user_id = ANY ($2::uuid[]) AND status = 'PENDING' AND object = ANY ($3) GROUP BY 1, 2`,
      values: [viewer.tenantId, userIds, [...objects]],
    }),
  ])
  const now = new Map<string, number>()
  for (const [userId, counts] of owned)
    for (const [object, records] of Object.entries(counts)) now.set(`${userId} ${object}`, records)
  for (const { userId, object, records } of coming)
    now.set(`${userId} ${object}`, (now.get(`${userId} ${object}`) ?? 0) + records)
  return now
}

/** The user error for a quota. */
export function quotaError({ object, limit, current, adding }: QuotaProblem, field: string[]): UserErrorInfo {
  return {
    code: 'OWNER_QUOTA_EXCEEDED',
    message: `The user may own ${limit} records of the type ${object}.`,
    field,
    details: { object, limit, current, requested: adding },
  }
}

const isWon = ({ before }: Change) => before?.dealStatus === 'WON'

/**
 * OWNER_QUOTA_EXCEEDED for those of the good changes by which somebody would own more records of the type than their quota allows: creates, changes of
 * the owner and, with `restored`, records that come back. The first ones that still fit stay good.
 */
export async function checkOwnerQuota(
  context: WriteContext,
  type: RecordType,
  changes: Change[],
  { restored = false }: { restored?: boolean } = {},
): Promise<void> {
  const [owner] = type.owners
  if (!owner || type.fields.get(owner)?.write !== 'always') return
  const gains = new Map<string, Change[]>()
  for (const change of changes) {
    const { before, values, errors } = change
    const userId = (restored ? before?.[owner] : values[owner]) as string | null | undefined
    if (!userId || errors.length > 0 || (!restored && before && same(undefined, before[owner], userId))) continue
    gains.set(userId, [...(gains.get(userId) ?? []), change])
  }
  if (gains.size === 0) return
  const problems = await ownerQuotaProblems(
    context,
    [...gains].map(([userId, some]) => ({
      userId,
      object: type.name,
      adding: some.length,
      won: some.filter(isWon).length,
    })),
  )
  for (const problem of problems) {
    const some = gains.get(problem.userId) as Change[]
    for (const change of beyondQuota(problem, some, isWon))
      change.errors.push(quotaError(problem, restored ? idPath(change) : [...change.path, owner]))
  }
}

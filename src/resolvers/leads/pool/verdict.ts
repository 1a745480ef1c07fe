import type { RecordType } from '../../../read/recordType.ts'
import { ident } from '../../../read/sql.ts'
import type { Reader } from '../../../tenancy/tenancy.ts'
import { todayIn } from '../../checks.ts'
import { type Calendar, daysAfter, overBefore } from './days.ts'
import { type PoolObject, typeOf } from './seat.ts'

/** Why a record is not taken back. */
export const SKIPS = {
  NOT_DUE: 'Its days are not over.',
  LOCKED: 'It is locked for its owner.',
  PROTECTED: 'It is protected.',
  CONVERTED: 'It is a converted lead.',
  WON: 'It was won, and the rule leaves those out.',
  OTHER_LEVEL: 'It is of another level than the rule is about.',
  OTHER_PRODUCT: 'It has no deal about a product of the category that the rule is about.',
  OPEN_OPPORTUNITY: 'It has an open opportunity, and the rule leaves those out.',
} as const
export type Skip = keyof typeof SKIPS

/** A rule as its row says. */
export interface ReclaimRule {
  id: string
  basis: 'NO_FOLLOW_UP' | 'NO_OPPORTUNITY' | 'NOT_WON' | 'CONTRACT_ENDED' | 'PROTECTION_EXPIRED'
  days: number
  calendar: Calendar
  includeWon: boolean
  includeWithOpportunity: boolean
  /** uuid of the customers' level that it is about; null: of all. */
  levelId: string | null
  /** uuids of the product category that it is about and of all below it; null: of all. */
  categories: string[] | null
}

/** A pool that takes back, with its rules and whose records they are about. */
export interface Reclaim {
  poolId: string
  name: string
  object: PoolObject
  remindDaysBefore: number | null
  rules: ReclaimRule[]
  /** Levels (uuid) whose customers have days of their own, whatever the rules say. */
  levels: { id: string; days: number }[]
  /** uuids of users, in order. */
  owners: string[]
}

const POOL = `SELECT p.id AS "poolId", p.name, p.object, p.remind_days_before AS "remindDaysBefore",
 (SELECT coalesce(json_agg(json_build_object('id', r.id, 'basis', r.basis, 'days', r.days, 'calendar', r.calendar, 'includeWon', r.include_won, 'includeWithOpportunity', r.include_with_opportunity, 'levelId', r.level_id, 'categories', CASE WHEN r.product_category_id IS NOT NULL THEN (
   WITH RECURSIVE below AS (SELECT r.product_category_id AS id
    UNION SELECT c.id FROM below b JOIN product_category c ON c.tenant_id = $1 AND c.parent_id = b.id AND c.deleted_at IS NULL)
   SELECT json_agg(id) FROM below) END) ORDER BY r.id), '[]')
  FROM pool_reclaim_rule r WHERE r.tenant_id = $1 AND r.pool_id = p.id AND r.deleted_at IS NULL AND CASE WHEN $3::uuid IS NULL THEN r.active ELSE r.id = $3 END) AS rules,
 (SELECT coalesce(json_agg(json_build_object('id', l.id, 'days', l.reclaim_days) ORDER BY l.id), '[]') FROM customer_level l
  WHERE p.object = 'ACCOUNT' AND l.tenant_id = $1 AND l.reclaim_days IS NOT NULL AND l.deleted_at IS NULL) AS levels
 FROM pool p WHERE p.tenant_id = $1 AND p.id = $2 AND p.enabled AND p.deleted_at IS NULL`

// Whose records a pool is about: users who are in it, themselves or by their department or one above; of the default pool also those who are in none of its
// object. Users who were deleted count, for their records are still there.
const OWNERS = `WITH RECURSIVE pools AS (
 SELECT p.id, p.is_default FROM pool p WHERE p.tenant_id = $1 AND p.enabled AND p.deleted_at IS NULL AND p.object = (SELECT object FROM pool WHERE tenant_id = $1 AND id = $2)
), given AS (
 SELECT m.pool_id, m.user_id, m.department_id FROM pool_member m JOIN pools ON pools.id = m.pool_id WHERE m.tenant_id = $1 AND m.deleted_at IS NULL
), below AS (
 SELECT pool_id, department_id AS id FROM given WHERE department_id IS NOT NULL
 UNION SELECT b.pool_id, d.id FROM below b JOIN department d ON d.tenant_id = $1 AND d.parent_id = b.id AND d.deleted_at IS NULL
), members AS (
 SELECT pool_id, user_id AS id FROM given WHERE user_id IS NOT NULL
 UNION SELECT b.pool_id, u.id FROM below b JOIN app_user u ON u.tenant_id = $1 AND u.department_id = b.id
) SELECT u.id FROM app_user u WHERE u.tenant_id = $1 AND (
  u.id IN (SELECT id FROM members WHERE pool_id = $2)
  OR ((SELECT is_default FROM pools WHERE id = $2) AND u.id NOT IN (SELECT id FROM members))) ORDER BY u.id`

/** A pool (uuid) in use with its active rules, or with one rule, active or not; null when there is none. */
export async function reclaimOf(
  db: Reader,
  tenantId: string,
  poolId: string,
  ruleId: string | null = null,
): Promise<Reclaim | null> {
  const [pool] = await db.rows<Omit<Reclaim, 'owners'>>({ text: POOL, values: [tenantId, poolId, ruleId] })
  if (!pool) return null
  const owners = await db.rows<{ id: string }>({ text: OWNERS, values: [tenantId, poolId] })
  return { ...pool, owners: owners.map(({ id }) => id) }
}

type Add = (value: unknown, type: string) => string

/** The moment to judge for, in the company's time zone. */
export interface Moment {
  at: Date
  timezone: string
}

/** The latest of what keeps a record, on alias `t`. */
const CLOCK = 'greatest(t.last_activity_at, t.claimed_at, t.created_at)'

/** The last day of the contracts that a customer has, or had; null for one without. */
const LAST_DAY = `(SELECT max(coalesce(k.terminated_on, k.end_date)) FROM contract k WHERE k.tenant_id = $1 AND k.account_id = t.id AND k.status IN ('APPROVED', 'EXPIRED', 'TERMINATED') AND k.deleted_at IS NULL)`

/** The moment from which a rule counts its days, as an expression on alias `t`. */
function clockOf({ basis }: ReclaimRule, timezone: string, add: Add): string {
  switch (basis) {
    case 'NO_OPPORTUNITY':
      return `greatest(${CLOCK}, (SELECT max(o.created_at) FROM opportunity o WHERE o.tenant_id = $1 AND o.account_id = t.id AND o.deleted_at IS NULL))`
    case 'NOT_WON':
      return `greatest(${CLOCK}, t.last_deal_at)`
    case 'CONTRACT_ENDED':
      return `greatest(${CLOCK}, (${LAST_DAY} + 1)::timestamp AT TIME ZONE ${add(timezone, 'text')})`
    case 'PROTECTION_EXPIRED':
      return `greatest(${CLOCK}, t.protected_until)`
    default:
      return CLOCK
  }
}

/** Has the customer on alias `t` a deal about a product of the rule's categories. */
function ofCategories(categories: string[], add: Add): string {
  return `EXISTS (SELECT 1 FROM opportunity o JOIN opportunity_line l ON l.tenant_id = $1 AND l.opportunity_id = o.id AND l.deleted_at IS NULL
 JOIN product d ON d.tenant_id = $1 AND d.id = l.product_id WHERE o.tenant_id = $1 AND o.account_id = t.id AND o.deleted_at IS NULL AND d.category_id = ANY (${add(categories, 'uuid[]')}))`
}

/** Why a rule does not take the record on alias `t`: an expression that is null where it does. */
function skipOf(
  type: RecordType,
  rule: ReclaimRule,
  levels: Reclaim['levels'],
  { at, timezone }: Moment,
  add: Add,
): string {
  const account = type.name === 'Account'
  const daysOver = (days: number) =>
    add(overBefore(todayIn(timezone, at), days, rule.calendar, timezone), 'timestamptz')
  const own = levels.map(({ id, days }) => `WHEN ${add(id, 'uuid')} THEN ${daysOver(days)}`)
  const before =
    own.length > 0 ? `CASE t.level_id ${own.join(' ')} ELSE ${daysOver(rule.days)} END` : daysOver(rule.days)
  // The record's own clock first: it is there, what the rule looks up besides is not.
  const due = [`${CLOCK} < ${before}`]
  if (rule.basis !== 'NO_FOLLOW_UP') due.push(`${clockOf(rule, timezone, add)} < ${before}`)
  if (rule.basis === 'PROTECTION_EXPIRED') due.push('t.protected_until IS NOT NULL')
  if (rule.basis === 'CONTRACT_ENDED') due.push(`${LAST_DAY} IS NOT NULL`)
  const skips: [condition: string, skip: Skip][] = []
  if (account && rule.levelId) skips.push([`t.level_id IS DISTINCT FROM ${add(rule.levelId, 'uuid')}`, 'OTHER_LEVEL'])
  skips.push([`(${due.join(' AND ')}) IS NOT TRUE`, 'NOT_DUE'])
  if (account && rule.categories) skips.push([`NOT ${ofCategories(rule.categories, add)}`, 'OTHER_PRODUCT'])
  if (account) skips.push(['t.locked_at IS NOT NULL', 'LOCKED'])
  skips.push([`t.protected_until > ${add(at, 'timestamptz')}`, 'PROTECTED'])
  if (!account) skips.push([`t.status = 'CONVERTED'`, 'CONVERTED'])
  if (account && !rule.includeWon) skips.push([`t.deal_status IS NOT DISTINCT FROM 'WON'`, 'WON'])
  if (account && !rule.includeWithOpportunity)
    skips.push([
      `EXISTS (SELECT 1 FROM opportunity o WHERE o.tenant_id = $1 AND o.account_id = t.id AND o.status = 'OPEN' AND o.deleted_at IS NULL)`,
      'OPEN_OPPORTUNITY',
    ])
  return `CASE ${skips.map(([condition, skip]) => `WHEN ${condition} THEN '${skip}'`).join(' ')} END`
}

/**
 * The candidates of a pool, for a FROM: `(SELECT id, owner_id, skip, rule …) v`. Live records of its owners that lie in no pool, each with `skip`, null where it is
 * taken, and `rule`, the uuid of the rule that takes it. Any rule that takes it is enough; where none does, the reason is the first that is more than that it
 * is not due, or of another level or product.
 *
 * @param where further conditions on alias `t`; `tail`: the order and limit of the candidates.
 */
export function judge(
  { rules, levels, owners, object }: Reclaim,
  moment: Moment,
  add: Add,
  where: string[] = [],
  tail = '',
): string {
  const type = typeOf({ object })
  const skips = rules.map((rule) => skipOf(type, rule, levels, moment, add))
  const conditions = [
    't.tenant_id = $1',
    't.deleted_at IS NULL',
    't.pool_id IS NULL',
    `t.owner_id = ANY (${add(owners, 'uuid[]')})`,
    ...where,
  ]
  const columns = skips.map((skip, index) => `${skip} AS s${index}`)
  const each = rules.map((_, index) => `x.s${index}`)
  const taking = rules.map(({ id }, index) => `WHEN ${each[index]} IS NULL THEN ${add(id, 'uuid')}`)
  const taken = each.length > 0 ? each.map((one) => `${one} IS NULL`).join(' OR ') : 'false'
  const plain = each.map((one) => `CASE WHEN ${one} NOT IN ('NOT_DUE', 'OTHER_LEVEL', 'OTHER_PRODUCT') THEN ${one} END`)
  const due = each.map((one) => `CASE WHEN ${one} = 'NOT_DUE' THEN ${one} END`)
  const told = each.length > 0 ? `coalesce(${[...plain, ...due, ...each].join(', ')})` : `'NOT_DUE'`
  return `(SELECT x.id, x.owner_id, CASE WHEN ${taken} THEN NULL ELSE ${told} END AS skip, ${taking.length > 0 ? `CASE ${taking.join(' ')} END` : 'NULL::uuid'} AS rule
 FROM (SELECT ${['t.id', 't.owner_id', ...columns].join(', ')} FROM ${ident(type.table)} t WHERE ${conditions.join(' AND ')}${tail} OFFSET 0) x) v`
}

/** The local dates from which the rules count the days of a record on alias `t`, in the order of the rules; null for a rule about other products. */
export function clocks({ rules }: Reclaim, timezone: string, add: Add): string {
  const zone = add(timezone, 'text')
  const dates = rules.map((rule) => {
    const date = `((${clockOf(rule, timezone, add)}) AT TIME ZONE ${zone})::date::text`
    return rule.categories ? `CASE WHEN ${ofCategories(rule.categories, add)} THEN ${date} END` : date
  })
  return `ARRAY[${dates.join(', ')}]::text[]`
}

/** The date on which a record goes back: the earliest that its rules give. `dates`: as `clocks` gave them; `levelId`: uuid of the customer's level. */
export function deadline({ rules, levels }: Reclaim, dates: (string | null)[], levelId: string | null): string {
  const own = levels.find(({ id }) => id === levelId)?.days
  return rules
    .flatMap((rule, index) => {
      const date = dates[index]
      const meant = date && (rule.levelId === null || rule.levelId === levelId)
      return meant ? [daysAfter(date, own ?? rule.days, rule.calendar)] : []
    })
    .sort()[0] as string
}

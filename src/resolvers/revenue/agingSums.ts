import type { Viewer } from '../../context.ts'
import type { Sql } from '../../read/access.ts'
import { recordType } from '../../read/recordType.ts'
import { minorUnit } from '../sales/amount.ts'
import { sqlFor } from '../write.ts'

/** The columns by which receivables are told apart. */
const COLUMNS = { ACCOUNT: 'account_id', OWNER: 'owner_id' } as const
/** By what receivables are told apart. */
export type AgingGroupBy = keyof typeof COLUMNS

/** How long what is open has been due: not yet, then days. */
export const BUCKETS = ['notDue', 'days1To30', 'days31To60', 'days61To90', 'over90'] as const
/** One of them. */
export type Bucket = (typeof BUCKETS)[number]

/** What is open in one bucket and currency, of one group or of `all`; amounts in ten-thousandths, the second in the company's currency, rounded to its unit. */
export interface AgingRow {
  all: boolean
  /** uuid of the group. */
  key: string | null
  /** Null in the one row of an answer that holds nothing. */
  currency: string | null
  /** Its place in BUCKETS. */
  bucket: number
  amount: string
  base: string
  /** Groups in all. */
  keys: number
  /** Is something dated after the day, so that sums as they stand are not those of the day. */
  later: boolean
}

/** Which receivables: as of which day (YYYY-MM-DD), by what, and how many groups. */
export interface AgingAsked {
  day: string
  by: AgingGroupBy
  size: number
}

/** How many there are whose first day is over: the place in BUCKETS. */
const bucketOf = (on: string, due: string) => `width_bucket(${on} - ${due}, ARRAY[1, 31, 61, 91])`

/** What `aged` and `top` hold as rows: all of it first, then the groups with the most. Groups without a key are told by no uuid. */
const rowsOf = (
  unit: string,
) => `SELECT z.later, a."all", a.key, a.currency, a.bucket, a.amount::bigint::text AS amount, (round(a.base / ${unit}) * ${unit})::bigint::text AS base, coalesce(a.keys, 0) AS keys
 FROM (SELECT EXISTS (SELECT 1 FROM later) AS later) z LEFT JOIN (SELECT g.*, t.total, coalesce(t.keys, (SELECT max(keys) FROM top)) AS keys
  FROM aged g LEFT JOIN top t ON NOT g."all" AND t.key IS NOT DISTINCT FROM g.key WHERE g.amount > 0) a ON true
 ORDER BY a."all" DESC, a.total DESC, a.key, a.currency, a.bucket`

function parametersOf(viewer: Viewer, { day, size }: AgingAsked) {
  const sql = sqlFor(viewer.tenantId)
  return {
    sql,
    on: sql.params.add(day, 'date'),
    limit: sql.params.add(size, 'integer'),
    unit: sql.params.add(String(minorUnit(viewer.baseCurrency)), 'numeric'),
  }
}

const scopeOf = ({ access }: Viewer, alias: string, sql: Sql): string => {
  const scope = access.predicate(recordType('Contract'), alias, sql)
  return scope ? ` AND ${scope}` : ''
}

/**
 * The statement over the sums that triggers keep: as they stand, which is how they stood at the end of today and of any later day. `later` says that something is dated after
 * the day, so that the plans must be asked. The viewer's predicate holds on the sums as on the contracts, by owner; whoever sees all contracts needs no owners.
 */
export function keptSums(viewer: Viewer, asked: AgingAsked): { text: string; values: unknown[] } {
  const { sql, on, limit, unit } = parametersOf(viewer, asked)
  const scope = scopeOf(viewer, 't', sql)
  const kept = `FROM receivable_total t WHERE t.tenant_id = $1${scope} AND t.level =`
  const ofOwner = `SELECT t.currency, t.due_date, t.amount, t.base FROM receivable_total t WHERE t.tenant_id = $1 AND t.level = 'OWNER' AND`
  const parts =
    asked.by === 'OWNER'
      ? `${ofOwner} t.owner_id = o.key UNION ALL ${ofOwner} t.owner_id IS NULL AND o.key IS NULL`
      : `SELECT c.currency, p.due_date, p.unreceived_amount AS amount, p.unreceived_amount * c.rate AS base
   FROM contract c JOIN receipt_plan p ON p.tenant_id = $1 AND p.contract_id = c.id AND p.status IN ('PENDING', 'PARTIAL', 'OVERDUE') AND p.deleted_at IS NULL
   WHERE c.tenant_id = $1 AND c.account_id = o.key AND c.approved_at IS NOT NULL AND c.deleted_at IS NULL${scopeOf(viewer, 'c', sql)}`
  const text = `WITH later AS (SELECT 1 FROM receipt r WHERE r.tenant_id = $1 AND r.received_on > ${on} AND r.deleted_at IS NULL
  UNION ALL SELECT 1 FROM refund f WHERE f.tenant_id = $1 AND f.refunded_on > ${on} AND f.deleted_at IS NULL LIMIT 1),
 top AS MATERIALIZED (SELECT t.${COLUMNS[asked.by]} AS key, sum(t.base) AS total, count(*) OVER ()::integer AS keys ${kept} 'ACCOUNT' GROUP BY 1 HAVING sum(t.amount) > 0 ORDER BY 2 DESC, 1 LIMIT ${limit}),
 aged AS (SELECT true AS "all", NULL::uuid AS key, t.currency, ${bucketOf(on, 't.due_date')} AS bucket, sum(t.amount) AS amount, sum(t.base) AS base ${kept} '${scope ? 'OWNER' : 'DAY'}' GROUP BY 3, 4
  UNION ALL SELECT false, o.key, x.currency, ${bucketOf(on, 'x.due_date')}, sum(x.amount), sum(x.base) FROM top o CROSS JOIN LATERAL (${parts}) x GROUP BY 2, 3, 4)
 ${rowsOf(unit)}`
  return { text, values: sql.params.values }
}

/** The statement over the plans themselves, for any day: what came or went back later is put back. */
export function plainSums(viewer: Viewer, asked: AgingAsked): { text: string; values: unknown[] } {
  const { sql, on, limit, unit } = parametersOf(viewer, asked)
  const zone = sql.params.add(viewer.timezone, 'text')
  const text = `WITH moved AS MATERIALIZED (SELECT x.plan_id, sum(x.amount) AS amount FROM (
  SELECT a.plan_id, a.amount FROM receipt r JOIN receipt_allocation a ON a.tenant_id = $1 AND a.receipt_id = r.id AND a.refund_id IS NULL AND a.deleted_at IS NULL
  WHERE r.tenant_id = $1 AND r.received_on > ${on} AND r.status IN ('CONFIRMED', 'REVERSED') AND r.deleted_at IS NULL
  UNION ALL SELECT a.plan_id, a.amount FROM refund f JOIN receipt_allocation a ON a.tenant_id = $1 AND a.refund_id = f.id AND a.deleted_at IS NULL
  WHERE f.tenant_id = $1 AND f.refunded_on > ${on} AND f.deleted_at IS NULL) x GROUP BY 1),
 plan AS (SELECT id, contract_id, due_date, unreceived_amount FROM receipt_plan WHERE tenant_id = $1 AND status IN ('PENDING', 'PARTIAL', 'OVERDUE') AND deleted_at IS NULL
  UNION ALL SELECT d.id, d.contract_id, d.due_date, d.unreceived_amount FROM moved m JOIN receipt_plan d ON d.tenant_id = $1 AND d.id = m.plan_id AND d.status = 'DONE' AND d.deleted_at IS NULL),
 open AS (SELECT p.contract_id, ${bucketOf(on, 'p.due_date')} AS bucket, sum(o.amount) AS amount
  FROM plan p LEFT JOIN moved m ON m.plan_id = p.id CROSS JOIN LATERAL (SELECT p.unreceived_amount + coalesce(m.amount, 0)::bigint AS amount) o WHERE o.amount > 0 GROUP BY 1, 2),
 grouped AS (SELECT c.${COLUMNS[asked.by]} AS key, c.currency, o.bucket, sum(o.amount) AS amount, sum(o.amount * c.rate) AS base
  FROM open o JOIN contract c ON c.tenant_id = $1 AND c.id = o.contract_id AND c.deleted_at IS NULL AND (c.approved_at AT TIME ZONE ${zone})::date <= ${on}${scopeOf(viewer, 'c', sql)} GROUP BY 1, 2, 3),
 top AS MATERIALIZED (SELECT key, sum(base) AS total, count(*) OVER ()::integer AS keys FROM grouped GROUP BY key ORDER BY 2 DESC, 1 LIMIT ${limit}),
 aged AS (SELECT true AS "all", NULL::uuid AS key, currency, bucket, sum(amount) AS amount, sum(base) AS base FROM grouped GROUP BY 3, 4
  UNION ALL SELECT false, g.key, g.currency, g.bucket, g.amount, g.base FROM grouped g WHERE g.key IN (SELECT key FROM top) OR g.key IS NULL AND EXISTS (SELECT 1 FROM top WHERE key IS NULL)),
 later AS (SELECT 1 WHERE false)
 ${rowsOf(unit)}`
  return { text, values: sql.params.values }
}

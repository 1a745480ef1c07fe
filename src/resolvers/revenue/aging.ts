import type { Context, Viewer } from '../../context.ts'
import { pageOf } from '../../read/emit.ts'
import type { Money } from '../../read/finish.ts'
import { callerOf } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import { formatMoney, idOf } from '../../read/values.ts'
import { todayIn } from '../checks.ts'
import { minorUnit } from '../sales/amount.ts'
import { sqlFor } from '../write.ts'

/** By what receivables are told apart: the column of the contract, and the type that it names. */
const GROUPS = {
  ACCOUNT: { field: 'accountId', column: 'account_id', type: 'Account' },
  OWNER: { field: 'ownerId', column: 'owner_id', type: 'User' },
} as const
export type AgingGroupBy = keyof typeof GROUPS

/** How long what is open has been due: not yet, then days. */
export const BUCKETS = ['notDue', 'days1To30', 'days31To60', 'days61To90', 'over90'] as const
type Bucket = (typeof BUCKETS)[number]

/** What is open in one currency, by how long it has been due. */
export type Aging = Record<Bucket | 'total', Money>

/** Of one customer, or one owner of contracts; all of them where `id` is null. */
export interface AgingGroup {
  /** Id for clients; null for contracts without an owner. */
  id: string | null
  uuid: string | null
  base: Aging
  currencies: { currency: string; aging: Aging }[]
}

/** What customers owe on a day. */
export interface Receivables {
  asOf: string
  all: AgingGroup
  groups: AgingGroup[]
  groupCount: number
}

/** Groups of one answer when nobody says how many. */
export const GROUPS_SHOWN = 20

type Row = Record<Bucket | `${Bucket}Base`, string> & {
  key: string | null
  currency: string
  all: boolean
  keys: number
}

/**
 * What is open of the plans of contracts that the viewer sees, as it was at the end of a day: what came or went back later is left out. In the currencies of the contracts, and in the
 * company's at the rates that were frozen when they were approved. One statement, however many plans there are.
 *
 * @throws FIELD_FORBIDDEN where the viewer does not see what it is made of, PAGE_SIZE_EXCEEDED for more than a hundred groups.
 */
export async function receivablesAging(
  context: Context,
  viewer: Viewer,
  { asOf, groupBy, first }: { asOf: string | null; groupBy: AgingGroupBy; first: number | null },
): Promise<Receivables> {
  const [plan, contract] = [recordType('ReceiptPlan'), recordType('Contract')]
  const by = GROUPS[groupBy]
  for (const field of ['amount', 'receivedAmount', 'unreceivedAmount', 'dueDate', 'status'])
    viewer.access.requireField(plan, field, ['receivablesAging'])
  for (const field of [by.field, 'rate']) viewer.access.requireField(contract, field, ['receivablesAging'])
  const day = asOf ?? todayIn(viewer.timezone)
  const { size } = pageOf({ first: first ?? GROUPS_SHOWN })
  const sql = sqlFor(viewer.tenantId)
  const on = sql.params.add(day, 'date')
  const zone = sql.params.add(viewer.timezone, 'text')
  const limit = sql.params.add(size, 'integer')
  const unit = sql.params.add(String(minorUnit(viewer.baseCurrency)), 'numeric')
  const scope = viewer.access.predicate(contract, 'c', sql)
  const age = `${on} - p.due_date`
  const buckets: Record<Bucket, string> = {
    notDue: `${age} <= 0`,
    days1To30: `${age} BETWEEN 1 AND 30`,
    days31To60: `${age} BETWEEN 31 AND 60`,
    days61To90: `${age} BETWEEN 61 AND 90`,
    over90: `${age} > 90`,
  }
  const sums = (of: (bucket: Bucket) => string) => BUCKETS.map((bucket) => `${of(bucket)} AS "${bucket}"`).join(', ')
  const basis = (of: (bucket: Bucket) => string) =>
    BUCKETS.map((bucket) => `${of(bucket)} AS "${bucket}Base"`).join(', ')
  const text = `WITH later AS MATERIALIZED (SELECT x.plan_id, sum(x.amount) AS amount FROM (
  SELECT a.plan_id, a.amount FROM receipt r JOIN receipt_allocation a ON a.tenant_id = $1 AND a.receipt_id = r.id AND a.refund_id IS NULL AND a.deleted_at IS NULL
  WHERE r.tenant_id = $1 AND r.received_on > ${on} AND r.status IN ('CONFIRMED', 'REVERSED') AND r.deleted_at IS NULL
  UNION ALL SELECT a.plan_id, a.amount FROM refund f JOIN receipt_allocation a ON a.tenant_id = $1 AND a.refund_id = f.id AND a.deleted_at IS NULL
  WHERE f.tenant_id = $1 AND f.refunded_on > ${on} AND f.deleted_at IS NULL) x GROUP BY 1),
 plan AS (SELECT id, contract_id, due_date, unreceived_amount FROM receipt_plan WHERE tenant_id = $1 AND status IN ('PENDING', 'PARTIAL', 'OVERDUE') AND deleted_at IS NULL
  UNION ALL SELECT d.id, d.contract_id, d.due_date, d.unreceived_amount FROM later l JOIN receipt_plan d ON d.tenant_id = $1 AND d.id = l.plan_id AND d.status = 'DONE' AND d.deleted_at IS NULL),
 open AS (SELECT p.contract_id, ${sums((bucket) => `coalesce(sum(o.amount) FILTER (WHERE ${buckets[bucket]}), 0)`)}
  FROM plan p LEFT JOIN later l ON l.plan_id = p.id CROSS JOIN LATERAL (SELECT p.unreceived_amount + coalesce(l.amount, 0)::bigint AS amount) o WHERE o.amount > 0 GROUP BY 1),
 grouped AS (SELECT c.${by.column} AS key, c.currency, ${sums((bucket) => `sum(o."${bucket}")`)}, ${basis((bucket) => `sum(o."${bucket}" * c.rate)`)}
  FROM open o JOIN contract c ON c.tenant_id = $1 AND c.id = o.contract_id AND c.deleted_at IS NULL AND (c.approved_at AT TIME ZONE ${zone})::date <= ${on}${scope ? ` AND ${scope}` : ''} GROUP BY 1, 2),
 top AS (SELECT key, sum(${BUCKETS.map((bucket) => `"${bucket}Base"`).join(' + ')}) AS total, count(*) OVER ()::integer AS keys FROM grouped GROUP BY key ORDER BY 2 DESC, 1 LIMIT ${limit}),
 rows AS (SELECT g.key, g.currency, false AS all, t.total, t.keys, ${BUCKETS.map((bucket) => `g."${bucket}", g."${bucket}Base"`).join(', ')} FROM top t JOIN grouped g ON g.key IS NOT DISTINCT FROM t.key
  UNION ALL SELECT NULL, g.currency, true, NULL, (SELECT count(DISTINCT coalesce(key, '00000000-0000-0000-0000-000000000000'))::integer FROM grouped), ${BUCKETS.map((bucket) => `sum(g."${bucket}"), sum(g."${bucket}Base")`).join(', ')} FROM grouped g GROUP BY g.currency)
 SELECT key, currency, "all", keys, ${BUCKETS.map((bucket) => `"${bucket}"::bigint::text AS "${bucket}", (round("${bucket}Base" / ${unit}) * ${unit})::bigint::text AS "${bucket}Base"`).join(', ')}
 FROM rows ORDER BY "all" DESC, total DESC, key, currency`
  const rows = await context.tenancy.readTenant(callerOf(viewer), (db) =>
    db.rows<Row>({ text, values: sql.params.values }),
  )
  const whole = rows.filter(({ all }) => all)
  const groups = Map.groupBy(
    rows.filter(({ all }) => !all),
    ({ key }) => key,
  )
  const groupOf = (uuid: string | null, some: Row[]): AgingGroup => ({
    id: uuid && idOf(by.type, uuid),
    uuid,
    base: agingOf(some, (row, bucket) => row[`${bucket}Base`], viewer.baseCurrency),
    currencies: some.map((row) => ({
      currency: row.currency,
      aging: agingOf([row], (one, bucket) => one[bucket], row.currency),
    })),
  })
  return {
    asOf: day,
    all: groupOf(null, whole),
    groups: [...groups].map(([key, some]) => groupOf(key, some)),
    groupCount: whole[0]?.keys ?? 0,
  }
}

function agingOf(rows: Row[], of: (row: Row, bucket: Bucket) => string, currency: string): Aging {
  const sum = (bucket: Bucket) => rows.reduce((all, row) => all + BigInt(of(row, bucket)), 0n)
  const money = (amount: bigint): Money => ({ amount: formatMoney(String(amount)), currency })
  const total = BUCKETS.reduce((all, bucket) => all + sum(bucket), 0n)
  return {
    ...(Object.fromEntries(BUCKETS.map((bucket) => [bucket, money(sum(bucket))])) as Record<Bucket, Money>),
    total: money(total),
  }
}

import { todayIn } from '../checks.ts'
import type { WriteContext } from '../write.ts'

/** What the rules of money ask of a contract; amounts in ten-thousandths. */
export interface ContractRow {
  id: string
  status: string
  currency: string
  accountId: string
  amount: bigint
  planned: bigint
  received: bigint
}

/**
 * Contracts (uuids), locked to the end of the transaction, by uuid. Whatever sums or counts below a contract takes this lock first, so that no two do it at once;
 * what it reads then is as the one before left it.
 */
export async function lockContracts({ db, viewer }: WriteContext, ids: string[]): Promise<Map<string, ContractRow>> {
  const wanted = [...new Set(ids)]
  if (wanted.length === 0) return new Map()
  const rows = await db.rows<Record<'amount' | 'planned' | 'received', string> & ContractRow>({
    text: `SELECT id, status, currency, account_id AS "accountId", amount::text, planned_amount::text AS planned, received_amount::text AS received
 FROM contract WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE`,
    values: [viewer.tenantId, wanted],
  })
  return new Map(
    rows.map((row) => [
      row.id,
      { ...row, amount: BigInt(row.amount), planned: BigInt(row.planned), received: BigInt(row.received) },
    ]),
  )
}

/** Like lockContracts for one that is there. */
export async function lockContract(context: WriteContext, id: string): Promise<ContractRow> {
  return (await lockContracts(context, [id])).get(id) as ContractRow
}

/** What was received for a plan, entry by entry in the order of their days, under `p`. */
const ENTRIES = `SELECT a.amount, coalesce(f.refunded_on, r.received_on) AS day, sum(a.amount) OVER (ORDER BY coalesce(f.refunded_on, r.received_on), a.id) AS so_far
 FROM receipt_allocation a JOIN receipt r ON r.tenant_id = $1 AND r.id = a.receipt_id AND r.status IN ('CONFIRMED', 'REVERSED') AND r.deleted_at IS NULL
 LEFT JOIN refund f ON f.tenant_id = $1 AND f.id = a.refund_id WHERE a.tenant_id = $1 AND a.plan_id = p.id AND a.deleted_at IS NULL`

/**
 * Makes what follows from the entries below contracts (uuids) what it must be: of plans what was received, the status and the day of the receipt that completed
 * it, of contracts what is planned, received and invoiced (spec/domain.md 3.5). Must run in the transaction that wrote the entries, under their locks.
 */
export async function settle(context: WriteContext, ids: string[]): Promise<void> {
  const { db, viewer } = context
  const wanted = [...new Set(ids)]
  if (wanted.length === 0) return
  // The lock comes first, in a statement of its own: a sum taken while waiting for it would miss the entries of the transaction before.
  await lockContracts(context, wanted)
  await db.rows({
    text: `UPDATE receipt_plan t SET received_amount = x.received, status = x.status, settled_at = x.settled_at FROM (
 SELECT p.id, s.received, CASE WHEN p.status = 'VOID' THEN 'VOID' WHEN c.status IN ('DRAFT', 'IN_APPROVAL', 'REJECTED', 'WITHDRAWN') THEN 'NOT_EFFECTIVE'
   WHEN s.received >= p.amount THEN 'DONE' WHEN p.due_date < $3::date THEN 'OVERDUE' WHEN s.received > 0 THEN 'PARTIAL' ELSE 'PENDING' END AS status,
  CASE WHEN s.received >= p.amount THEN s.settled_at END AS settled_at
 FROM contract c JOIN receipt_plan p ON p.tenant_id = $1 AND p.contract_id = c.id AND p.deleted_at IS NULL
 CROSS JOIN LATERAL (SELECT coalesce(sum(e.amount), 0)::bigint AS received, max(e.day) FILTER (WHERE e.so_far >= p.amount AND e.so_far - e.amount < p.amount) AS settled_at FROM (${ENTRIES}) e) s
 WHERE c.tenant_id = $1 AND c.id = ANY ($2::uuid[])) x
 WHERE t.tenant_id = $1 AND t.id = x.id AND (t.received_amount, t.status, t.settled_at) IS DISTINCT FROM (x.received, x.status, x.settled_at)`,
    values: [viewer.tenantId, wanted, todayIn(viewer.timezone)],
  })
  await db.rows({
    text: `UPDATE contract t SET planned_amount = x.planned, received_amount = x.received, invoiced_amount = x.invoiced FROM (
 SELECT c.id, (SELECT coalesce(sum(p.amount), 0)::bigint FROM receipt_plan p WHERE p.tenant_id = $1 AND p.contract_id = c.id AND p.status <> 'VOID' AND p.deleted_at IS NULL) AS planned,
  (SELECT coalesce(sum(r.amount - r.credit_amount - r.refunded_amount), 0)::bigint FROM receipt r
   WHERE r.tenant_id = $1 AND r.contract_id = c.id AND r.status IN ('CONFIRMED', 'REVERSED') AND r.deleted_at IS NULL) AS received,
  (SELECT coalesce(sum(i.amount), 0)::bigint FROM invoice i WHERE i.tenant_id = $1 AND i.contract_id = c.id AND i.status = 'ISSUED' AND i.deleted_at IS NULL) AS invoiced
 FROM contract c WHERE c.tenant_id = $1 AND c.id = ANY ($2::uuid[])) x
 WHERE t.tenant_id = $1 AND t.id = x.id AND (t.planned_amount, t.received_amount, t.invoiced_amount) IS DISTINCT FROM (x.planned, x.received, x.invoiced)`,
    values: [viewer.tenantId, wanted],
  })
}

/** Writes columns of a record that no client writes, by their names in the database. */
export async function put(
  { db, viewer }: WriteContext,
  table: 'contract' | 'receipt' | 'invoice',
  id: string,
  columns: Record<string, unknown>,
): Promise<void> {
  const names = Object.keys(columns)
  await db.rows({
    text: `UPDATE ${table} SET ${names.map((name, place) => `${name} = $${place + 3}`).join(', ')} WHERE tenant_id = $1 AND id = $2`,
    values: [viewer.tenantId, id, ...names.map((name) => columns[name])],
  })
}

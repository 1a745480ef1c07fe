import { requireRight } from '../../access/decide.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { NO_ID, parseMoney, uuidOf } from '../../read/values.ts'
import { validationError } from '../normalise.ts'
import type { Written } from '../records.ts'
import type { WriteContext } from '../write.ts'
import { PLANS_MAX } from './generatePlans.ts'
import { exceedsBalance, mayExceed, receiptFixed, surplusOf } from './receipt.ts'
import { amountText, lockOne, refused } from './refusals.ts'
import { revenueSettings } from './settings.ts'
import { type ContractRow, lockContract, settle } from './settle.ts'

/** A part of a receipt as clients write it. */
export interface AllocationInput {
  planId: string
  amount: { amount: string; currency?: string | null }
}

/** A part of a receipt: the plan's uuid and ten-thousandths. */
export interface Allocation {
  planId: string
  amount: bigint
}

/** What the parts of a receipt are made of: its uuid, its amounts in ten-thousandths. */
export interface ReceiptRow {
  id: string
  status: string
  method: string
  amount: bigint
  credit: bigint
  refunded: bigint
}

/** The parts that a receipt has, by plan, those that are gone again left out; the one made last stands last. */
export async function allocationsOf({ db, viewer }: WriteContext, receiptId: string): Promise<Allocation[]> {
  const rows = await db.rows<{ planId: string; amount: string }>({
    text: `SELECT plan_id AS "planId", sum(amount)::text AS amount FROM receipt_allocation
 WHERE tenant_id = $1 AND receipt_id = $2 AND deleted_at IS NULL GROUP BY plan_id HAVING sum(amount) <> 0 ORDER BY max(id::text)`,
    values: [viewer.tenantId, receiptId],
  })
  return rows.map(({ planId, amount }) => ({ planId, amount: BigInt(amount) }))
}

/**
 * Reads parts: NOT_FOUND for plans that the contract does not have, INVALID_STATE for void ones, CURRENCY_MISMATCH, VALIDATION_FAILED.
 *
 * @param path where they stand in the arguments.
 */
export async function readAllocations(
  { db, viewer }: WriteContext,
  contract: ContractRow,
  given: AllocationInput[],
  path: string[],
): Promise<{ allocations: Allocation[]; errors: UserErrorInfo[] }> {
  const ids = given.map(({ planId }) => uuidOf('ReceiptPlan', planId) ?? NO_ID)
  const rows = await db.rows<{ id: string; status: string }>({
    text: 'SELECT id, status FROM receipt_plan WHERE tenant_id = $1 AND contract_id = $2 AND id = ANY ($3::uuid[]) AND deleted_at IS NULL',
    values: [viewer.tenantId, contract.id, ids],
  })
  const plans = new Map(rows.map(({ id, status }) => [id, status]))
  const errors: UserErrorInfo[] = []
  if (given.length > PLANS_MAX) errors.push(validationError(path, 'maxItems', `must have at most ${PLANS_MAX} members`))
  const allocations = given.map(({ amount }, index): Allocation => {
    const at = [...path, String(index)]
    const planId = ids[index] as string
    if (!plans.has(planId) || !viewer.access.may('read', 'ReceiptPlan'))
      errors.push({ code: 'NOT_FOUND', message: 'The contract has no such plan.', field: [...at, 'planId'] })
    else if (plans.get(planId) === 'VOID')
      errors.push({
        code: 'INVALID_STATE',
        message: 'The plan is void.',
        field: [...at, 'planId'],
        details: { from: 'VOID', allowed: [] },
      })
    else if (ids.indexOf(planId) < index)
      errors.push(validationError([...at, 'planId'], 'once', 'must not be named twice'))
    if ((amount.currency ?? contract.currency) !== contract.currency)
      errors.push({
        code: 'CURRENCY_MISMATCH',
        message: `The contract is in ${contract.currency}.`,
        field: [...at, 'amount', 'currency'],
        details: { currency: contract.currency },
      })
    const value = parseMoney(amount.amount)
    if (value === null || value <= 0n) errors.push(validationError([...at, 'amount'], 'min', 'must be more than 0'))
    return { planId, amount: value ?? 0n }
  })
  return { allocations, errors }
}

/** ALLOCATION_MISMATCH when the parts are not as much as what there is to allocate. */
export function mismatch(allocations: Allocation[], whole: bigint, field: string[]): UserErrorInfo[] {
  const sum = allocations.reduce((all, { amount }) => all + amount, 0n)
  if (sum === whole) return []
  return [
    {
      code: 'ALLOCATION_MISMATCH',
      message: 'The parts are not as much as the receipt.',
      field,
      details: { amount: amountText(whole), allocated: amountText(sum) },
    },
  ]
}

/** RECEIPT_EXCEEDS_BALANCE for plans that do not ask for that much any more. The contract is locked, so nobody else receives for them now. */
export async function beyondPlans(
  { db, viewer }: WriteContext,
  allocations: Allocation[],
  pathOf: (index: number) => string[],
): Promise<UserErrorInfo[]> {
  const rows = await db.rows<{ id: string; open: string }>({
    text: `SELECT id, CASE status WHEN 'VOID' THEN '0' ELSE unreceived_amount::text END AS open FROM receipt_plan WHERE tenant_id = $1 AND id = ANY ($2::uuid[])`,
    values: [viewer.tenantId, allocations.map(({ planId }) => planId)],
  })
  const open = new Map(rows.map((row) => [row.id, BigInt(row.open)]))
  return allocations.flatMap(({ planId, amount }, index) => {
    const balance = open.get(planId) as bigint
    return amount > balance ? [exceedsBalance(balance, pathOf(index))] : []
  })
}

/** Puts parts in the place of those that a receipt has. Where there is one alone, the receipt is for that plan. */
export async function writeAllocations(
  { db, viewer }: WriteContext,
  { id, currency }: { id: string; currency: string },
  allocations: Allocation[],
): Promise<void> {
  await db.rows({
    text: 'UPDATE receipt_allocation SET deleted_at = now(), deleted_by = atrium.actor_id() WHERE tenant_id = $1 AND receipt_id = $2 AND deleted_at IS NULL',
    values: [viewer.tenantId, id],
  })
  const rows = allocations.map(({ planId, amount }) => ({ plan: planId, amount: String(amount) }))
  await db.rows({
    text: `INSERT INTO receipt_allocation (tenant_id, receipt_id, plan_id, amount, currency)
 SELECT $1::uuid, $2::uuid, x.plan, x.amount, $3 FROM json_to_recordset($4::json) AS x(plan uuid, amount bigint)`,
    values: [viewer.tenantId, id, currency, JSON.stringify(rows)],
  })
  await db.rows({
    text: 'UPDATE receipt SET plan_id = $3 WHERE tenant_id = $1 AND id = $2 AND plan_id IS DISTINCT FROM $3',
    values: [viewer.tenantId, id, allocations.length === 1 ? allocations[0]?.planId : null],
  })
}

/** Of a receipt what its parts must add up to: all of it but what is, or would now be, the account's credit, and what was refunded. */
export async function allocatable(
  { db, viewer }: WriteContext,
  contract: ContractRow,
  { status, method, amount, credit, refunded }: ReceiptRow,
): Promise<bigint> {
  if (status === 'CONFIRMED') return amount - credit - refunded
  const settings = await revenueSettings(db, viewer.tenantId)
  return mayExceed(settings, method) ? amount - surplusOf(amount, contract) : amount
}

/**
 * Says for which plans a receipt is, in place of what was said before; with an empty list, for none. A confirmed one is told so once, and never again.
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, RECEIPT_CONFIRMED, WITHDRAW_FIRST, ALLOCATION_MISMATCH, CURRENCY_MISMATCH, INVALID_STATE, VALIDATION_FAILED, RECEIPT_EXCEEDS_BALANCE.
 */
export async function allocateReceipt(
  context: WriteContext,
  given: { id: string; allocations: AllocationInput[]; expectedVersion?: number | null },
): Promise<Written> {
  requireRight(context.viewer, 'update', 'Receipt')
  const found = await lockOne(context, 'Receipt', given, 'update')
  if ('errors' in found) return refused(...found.errors)
  const { id, before } = found
  const confirmed = before.status === 'CONFIRMED'
  const contract = await lockContract(context, before.contractId as string)
  const problem = receiptFixed(before.status as string)
  const first = confirmed && before.reversesId === null && (await allocationsOf(context, id)).length === 0
  if (problem && !first) return refused({ ...problem, field: ['id'] })
  const path = ['allocations']
  const { allocations, errors } = await readAllocations(context, contract, given.allocations, path)
  if (errors.length > 0) return refused(...errors)
  const whole = await allocatable(context, contract, rowOf(id, before))
  if (allocations.length > 0) errors.push(...mismatch(allocations, whole, path))
  if (confirmed) errors.push(...(await beyondPlans(context, allocations, (n) => [...path, String(n), 'amount'])))
  if (errors.length > 0) return refused(...errors)
  await writeAllocations(context, { id, currency: contract.currency }, allocations)
  if (confirmed) await settle(context, [contract.id])
  return { id, errors: [], changed: true }
}

/** A receipt as lockOne gives it, for what counts its amounts. */
export function rowOf(id: string, before: Record<string, unknown>): ReceiptRow {
  return {
    id,
    status: before.status as string,
    method: before.method as string,
    amount: BigInt(before.amount as string),
    credit: BigInt(before.creditAmount as string),
    refunded: BigInt(before.refundedAmount as string),
  }
}

import { requireRight } from '../../access/decide.ts'
import { newId } from '../../ids.ts'
import { fieldOf, recordType } from '../../read/recordType.ts'
import { parseMoney } from '../../read/values.ts'
import { todayIn } from '../checks.ts'
import { normalise, validationError } from '../normalise.ts'
import { takeNumbers } from '../platform/numbers.ts'
import type { Written } from '../records.ts'
import type { WriteContext } from '../write.ts'
import { type Allocation, type AllocationInput, allocationsOf, rowOf } from './allocate.ts'
import { exceedsBalance } from './receipt.ts'
import { lockOne, readReason, refused, wrongState } from './refusals.ts'
import { lockContract, put, settle } from './settle.ts'
import { RECEIPT_STATES, type ReceiptStatus } from './states.ts'

/** Arguments of the verb as clients write them. */
export interface RefundInput {
  receiptId: string
  amount: AllocationInput['amount']
  reason: string
  refundedOn?: string | null
  method?: string | null
}

/** What of each part goes when some of a receipt goes: what is for no plan first, then the part that came last. */
export function takeFrom(parts: Allocation[], unallocated: bigint, amount: bigint): Allocation[] {
  let rest = amount > unallocated ? amount - unallocated : 0n
  return parts.toReversed().flatMap(({ planId, amount: part }) => {
    const taken = rest < part ? rest : part
    rest -= taken
    return taken > 0n ? [{ planId, amount: taken }] : []
  })
}

/**
 * Gives some, or all, of a confirmed receipt back. The contract and the plans that it was for ask for it again. What became the account's credit is not refunded
 * here.
 *
 * Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE, CURRENCY_MISMATCH, VALIDATION_FAILED, RECEIPT_EXCEEDS_BALANCE with what is left of the receipt.
 *
 * @returns the refund.
 */
export async function refundReceipt(context: WriteContext, input: RefundInput): Promise<Written> {
  const { db, viewer } = context
  requireRight(viewer, 'approve', 'Receipt')
  requireRight(viewer, 'create', 'Refund')
  const found = await lockOne(context, 'Receipt', { id: input.receiptId }, 'approve')
  if ('errors' in found) return refused(...found.errors.map((error) => ({ ...error, field: ['input', 'receiptId'] })))
  const { id, before } = found
  if (before.status !== 'CONFIRMED' || before.reversesId !== null)
    return refused(wrongState(RECEIPT_STATES, before.status as ReceiptStatus, 'REVERSED', ['input', 'receiptId']))
  const today = todayIn(viewer.timezone)
  const on = input.refundedOn ?? today
  if (on > today || on < (before.receivedOn as string))
    return refused(validationError(['input', 'refundedOn'], 'range', 'must be between the receipt and today'))
  const given = readReason(context, 'Refund', 'reason', input.reason)
  if ('code' in given) return refused({ ...given, field: ['input', 'reason'] })
  const method = normalise(fieldOf(recordType('Refund'), 'method'), input.method ?? 'BANK_TRANSFER', viewer)
  if ('rule' in method) return refused(validationError(['input', 'method'], method.rule, method.message))
  const contract = await lockContract(context, before.contractId as string)
  const { currency } = contract
  if ((input.amount.currency ?? currency) !== currency)
    return refused({
      code: 'CURRENCY_MISMATCH',
      message: `The receipt is in ${currency}.`,
      field: ['input', 'amount', 'currency'],
      details: { currency },
    })
  const amount = parseMoney(input.amount.amount)
  if (amount === null || amount <= 0n)
    return refused(validationError(['input', 'amount'], 'min', 'must be more than 0'))
  const receipt = rowOf(id, before)
  const left = receipt.amount - receipt.credit - receipt.refunded
  if (amount > left) return refused(exceedsBalance(left, ['input', 'amount']))
  const parts = await allocationsOf(context, id)
  const allocated = parts.reduce((sum, part) => sum + part.amount, 0n)
  const [number] = await takeNumbers(context, 'REFUND', 1)
  const refundId = newId()
  await db.rows({
    text: `INSERT INTO refund (tenant_id, id, number, receipt_id, contract_id, account_id, amount, currency, refunded_on, method, reason)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    values: [
      viewer.tenantId,
      refundId,
      number,
      id,
      contract.id,
      contract.accountId,
      String(amount),
      currency,
      on,
      method.ok,
      given.reason,
    ],
  })
  const taken = takeFrom(parts, left - allocated, amount)
  await db.rows({
    text: `INSERT INTO receipt_allocation (tenant_id, receipt_id, plan_id, refund_id, amount, currency)
 SELECT $1::uuid, $2::uuid, x.plan, $3::uuid, x.amount, $4 FROM json_to_recordset($5::json) AS x(plan uuid, amount bigint)`,
    values: [
      viewer.tenantId,
      id,
      refundId,
      currency,
      JSON.stringify(taken.map((part) => ({ plan: part.planId, amount: String(-part.amount) }))),
    ],
  })
  await put(context, 'receipt', id, { refunded_amount: String(receipt.refunded + amount) })
  await settle(context, [contract.id])
  return { id: refundId, errors: [] }
}

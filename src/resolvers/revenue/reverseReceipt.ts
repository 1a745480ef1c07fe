import { requireRight } from '../../access/decide.ts'
import { newId } from '../../ids.ts'
import { todayIn } from '../checks.ts'
import { takeNumbers } from '../platform/numbers.ts'
import type { Written } from '../records.ts'
import type { WriteContext } from '../write.ts'
import { allocationsOf, rowOf } from './allocate.ts'
import { changeCredit } from './credit.ts'
import { exceedsBalance } from './receipt.ts'
import { lockOne, readReason, refused, wrongState } from './refusals.ts'
import { lockContract, put, settle } from './settle.ts'
import { RECEIPT_STATES, type ReceiptStatus } from './states.ts'

/**
 * Takes a confirmed receipt back by a counter-entry: a receipt of today, of as much less than 0, with the same parts. Both count from now on, so that together they are nothing;
 * neither is edited (spec/domain.md 3.5).
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE for what is not confirmed, is a counter-entry, or was refunded; VALIDATION_FAILED without a reason,
 * RECEIPT_EXCEEDS_BALANCE when the credit that came of it is used by now.
 *
 * @returns the receipt that was reversed.
 */
export async function reverseReceipt(
  context: WriteContext,
  { id: named, reason: why, expectedVersion }: { id: string; reason: string; expectedVersion?: number | null },
): Promise<Written> {
  const { db, viewer } = context
  requireRight(viewer, 'approve', 'Receipt')
  const found = await lockOne(context, 'Receipt', { id: named, expectedVersion }, 'approve')
  if ('errors' in found) return refused(...found.errors)
  const { id, before } = found
  const status = before.status as ReceiptStatus
  const receipt = rowOf(id, before)
  if (status !== 'CONFIRMED' || before.reversesId !== null || receipt.refunded > 0n)
    return refused({
      ...wrongState(RECEIPT_STATES, status, 'REVERSED'),
      message: 'Only what was confirmed, and not refunded, is reversed.',
    })
  const given = readReason(context, 'Receipt', 'reason', why)
  if ('code' in given) return refused(given)
  const { accountId, currency } = await lockContract(context, before.contractId as string)
  const credited = receipt.method === 'ACCOUNT_CREDIT' ? receipt.amount : -receipt.credit
  const left = await changeCredit(context, { accountId, currency }, credited)
  if (left !== null) return refused(exceedsBalance(left, ['id']))
  const [number] = await takeNumbers(context, 'RECEIPT', 1)
  const counter = newId()
  await db.rows({
    text: `INSERT INTO receipt (tenant_id, id, number, account_id, contract_id, plan_id, amount, currency, rate, amount_base, received_on, method, payer, bank_ref, status, credit_amount,
 confirmed_at, confirmed_by_id, reverses_id, reason)
 SELECT tenant_id, $3, $4, account_id, contract_id, plan_id, -amount, currency, rate, -amount_base, $5, method, payer, bank_ref, 'CONFIRMED', -credit_amount, now(), $6::uuid, id, $7
 FROM receipt WHERE tenant_id = $1 AND id = $2`,
    values: [viewer.tenantId, id, counter, number, todayIn(viewer.timezone), viewer.userId, given.reason],
  })
  const parts = (await allocationsOf(context, id)).map(({ planId, amount }) => ({
    plan: planId,
    amount: String(-amount),
  }))
  await db.rows({
    text: `INSERT INTO receipt_allocation (tenant_id, receipt_id, plan_id, amount, currency)
 SELECT $1::uuid, $2::uuid, x.plan, x.amount, $3 FROM json_to_recordset($4::json) AS x(plan uuid, amount bigint)`,
    values: [viewer.tenantId, counter, currency, JSON.stringify(parts)],
  })
  await put(context, 'receipt', id, { status: 'REVERSED' })
  await settle(context, [before.contractId as string])
  return { id, errors: [], changed: true }
}

import { requireRight } from '../../access/decide.ts'
import { type UserErrorInfo, UserErrors } from '../../errors.ts'
import { readComment } from '../approval/act.ts'
import { approvalSubject, withdrawFromApproval } from '../approval/subject.ts'
import { submitRecord } from '../approval/submitRecord.ts'
import { rateKey, ratesOn, toBase } from '../platform/rates.ts'
import type { Written } from '../records.ts'
import type { Values, WriteContext } from '../write.ts'
import { allocatable, allocationsOf, beyondPlans, mismatch, rowOf } from './allocate.ts'
import { changeCredit } from './credit.ts'
import { exceedsBalance, mayExceed, receiptFixed, surplusOf } from './receipt.ts'
import { aboutRecord, lockOne, refused, wrongState } from './refusals.ts'
import { revenueSettings } from './settings.ts'
import { lockContract, put, settle } from './settle.ts'
import { before, PAYABLE, RECEIPT_STATES, type ReceiptStatus } from './states.ts'

approvalSubject({
  object: 'Receipt',
  pendingCode: 'WITHDRAW_FIRST',
  async submitted(context, id) {
    const [row] = await context.db.rows<{ status: string }>({
      text: 'SELECT status FROM receipt WHERE tenant_id = $1 AND id = $2',
      values: [context.viewer.tenantId, id],
    })
    const problem = receiptFixed((row as { status: string }).status)
    if (problem) throw new UserErrors([{ ...problem, field: ['id'] }])
    await put(context, 'receipt', id, { status: 'IN_APPROVAL' })
  },
  async approved(context, id) {
    const [row] = await context.db.rows<{ record: Values }>({
      text: `SELECT row_to_json(x) AS record FROM (SELECT contract_id AS "contractId", status, method, amount::text, credit_amount::text AS "creditAmount",
 refunded_amount::text AS "refundedAmount", received_on AS "receivedOn", currency FROM receipt WHERE tenant_id = $1 AND id = $2) x`,
      values: [context.viewer.tenantId, id],
    })
    const errors = await take(context, id, (row as { record: Values }).record)
    if (errors.length > 0) throw new UserErrors(errors)
  },
  rejected: (context, id) => put(context, 'receipt', id, { status: 'REJECTED' }),
  withdrawn: (context, id) => put(context, 'receipt', id, { status: 'DRAFT' }),
})

/** Makes a locked receipt count, as it stands, when it still fits its contract and its plans; what is wrong otherwise. */
async function take(context: WriteContext, id: string, receipt: Values): Promise<UserErrorInfo[]> {
  const { db, viewer } = context
  const contract = await lockContract(context, receipt.contractId as string)
  if (!PAYABLE.includes(contract.status))
    return [{ code: 'CONTRACT_NOT_APPROVED', message: 'The contract is not in force.', field: ['id'] }]
  const row = rowOf(id, receipt)
  const settings = await revenueSettings(db, viewer.tenantId)
  const surplus = surplusOf(row.amount, contract)
  if (surplus > 0n && !mayExceed(settings, row.method))
    return [exceedsBalance(contract.amount - contract.received, ['id'])]
  const allocations = await allocationsOf(context, id)
  const errors = await beyondPlans(context, allocations, () => ['id'])
  if (allocations.length > 0) errors.push(...mismatch(allocations, await allocatable(context, contract, row), ['id']))
  if (errors.length > 0) return errors
  const { accountId, currency } = contract
  const credited = row.method === 'ACCOUNT_CREDIT' ? -row.amount : surplus
  const left = await changeCredit(context, { accountId, currency }, credited)
  if (left !== null) return [exceedsBalance(left, ['id'])]
  const date = receipt.receivedOn as string
  const rates = await ratesOn(db, viewer.tenantId, viewer.baseCurrency, [{ currency, date }])
  const rate = rates.get(rateKey({ currency, date })) as string
  await put(context, 'receipt', id, {
    status: 'CONFIRMED',
    credit_amount: String(surplus),
    rate,
    amount_base: String(toBase(row.amount, rate, viewer.baseCurrency)),
    confirmed_at: new Date(),
    confirmed_by_id: viewer.userId,
  })
  await settle(context, [contract.id])
  return []
}

/**
 * Makes a receipt count, where the company asks for no approval flow: the one by whom the money is booked looks at it and says so.
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, RECEIPT_CONFIRMED, APPROVAL_PENDING, INVALID_STATE where it must be approved, CONTRACT_NOT_APPROVED,
 * RECEIPT_EXCEEDS_BALANCE, ALLOCATION_MISMATCH, CURRENCY_RATE_MISSING.
 */
export async function confirmReceipt(
  context: WriteContext,
  given: { id: string; expectedVersion?: number | null },
): Promise<Written> {
  const { db, viewer } = context
  requireRight(viewer, 'approve', 'Receipt')
  const found = await lockOne(context, 'Receipt', given, 'approve')
  if ('errors' in found) return refused(...found.errors)
  const status = found.before.status as ReceiptStatus
  if (status === 'IN_APPROVAL')
    return refused({ code: 'APPROVAL_PENDING', message: 'The receipt waits for its approval.', field: ['id'] })
  const problem = receiptFixed(status)
  if (problem) return refused({ ...problem, field: ['id'] })
  const { receiptNeedsApproval } = await revenueSettings(db, viewer.tenantId)
  if (receiptNeedsApproval)
    return refused({
      code: 'INVALID_STATE',
      message: 'Receipts are approved here: submit it.',
      field: ['id'],
      details: { from: status, to: 'CONFIRMED', allowed: ['IN_APPROVAL'] },
    })
  const errors = await take(context, found.id, found.before)
  return errors.length > 0 ? refused(...errors) : { id: found.id, errors: [], changed: true }
}

/** Hands a receipt in for approval. Errors: NOT_FOUND, FORBIDDEN, ALREADY_IN_APPROVAL, RECEIPT_CONFIRMED, NO_APPROVAL_FLOW, NO_APPROVER, and those of confirming where the flow lets it pass at once. */
export async function submitReceipt(
  context: WriteContext,
  { id: named, ...more }: { id: string; approverIds?: readonly string[] | null; comment?: string | null },
): Promise<Written> {
  requireRight(context.viewer, 'update', 'Receipt')
  const found = await lockOne(context, 'Receipt', { id: named }, 'update')
  if ('errors' in found) return refused(...found.errors)
  const { id } = found
  const status = found.before.status as ReceiptStatus
  if (status === 'IN_APPROVAL')
    return refused({
      code: 'ALREADY_IN_APPROVAL',
      message: 'The receipt waits for an approval already.',
      field: ['id'],
    })
  const problem = receiptFixed(status)
  if (problem) return refused({ ...problem, field: ['id'] })
  const { errors } = await submitRecord(context, { recordId: named, ...more })
  return errors.length > 0 ? refused(...aboutRecord(errors)) : { id, errors: [], changed: true }
}

/** Takes a receipt back from its approval: it is a draft again. Errors: NOT_FOUND, FORBIDDEN, ALREADY_APPROVED, INVALID_STATE. */
export async function withdrawReceipt(
  context: WriteContext,
  { id: named, comment }: { id: string; comment?: string | null },
): Promise<Written> {
  requireRight(context.viewer, 'update', 'Receipt')
  const found = await lockOne(context, 'Receipt', { id: named }, 'update')
  if ('errors' in found) return refused(...found.errors)
  const { id } = found
  const status = found.before.status as ReceiptStatus
  if (status === 'CONFIRMED')
    return refused({ code: 'ALREADY_APPROVED', message: 'The receipt was approved.', field: ['id'] })
  if (!before(RECEIPT_STATES, 'DRAFT').includes(status)) return refused(wrongState(RECEIPT_STATES, status, 'DRAFT'))
  const read = readComment(context, comment)
  if ('errors' in read) return refused(...read.errors)
  const { errors } = await withdrawFromApproval(context, { object: 'Receipt', id, comment: read.comment })
  return errors.length > 0 ? refused(...aboutRecord(errors)) : { id, errors: [], changed: true }
}

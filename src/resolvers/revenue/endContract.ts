import { requireRight } from '../../access/decide.ts'
import { todayIn } from '../checks.ts'
import { validationError } from '../normalise.ts'
import type { Written } from '../records.ts'
import type { WriteContext } from '../write.ts'
import { amountText, lockOne, readReason, refused, wrongState } from './refusals.ts'
import { lockContract, put, settle } from './settle.ts'
import { before, CONTRACT_STATES, type ContractStatus } from './states.ts'

/** Plans of a contract that nobody is to pay any more. */
async function voidPlans({ db, viewer }: WriteContext, id: string, after: string | null): Promise<void> {
  await db.rows({
    text: `UPDATE receipt_plan SET status = 'VOID' WHERE tenant_id = $1 AND contract_id = $2 AND received_amount = 0 AND status <> 'VOID' AND deleted_at IS NULL
 AND ($3::date IS NULL OR due_date > $3)`,
    values: [viewer.tenantId, id, after],
  })
}

/**
 * Makes a contract void, as if it had never been, and its plans with it. What was received or invoiced for it is reversed first.
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE, VALIDATION_FAILED without a reason.
 */
export async function voidContract(
  context: WriteContext,
  { id: named, reason: why, expectedVersion }: { id: string; reason: string; expectedVersion?: number | null },
): Promise<Written> {
  requireRight(context.viewer, 'update', 'Contract')
  const found = await lockOne(context, 'Contract', { id: named, expectedVersion }, 'update')
  if ('errors' in found) return refused(...found.errors)
  const { id } = found
  const status = found.before.status as ContractStatus
  if (!before(CONTRACT_STATES, 'VOID').includes(status)) return refused(wrongState(CONTRACT_STATES, status, 'VOID'))
  const given = readReason(context, 'Contract', 'voidReason', why)
  if ('code' in given) return refused(given)
  const { receivedAmount: received, invoicedAmount: invoiced } = found.before as Record<string, string>
  if (received !== '0' || invoiced !== '0')
    return refused({
      code: 'INVALID_STATE',
      message: 'Reverse its receipts and make its invoices void first.',
      field: ['id'],
      details: {
        from: status,
        to: 'VOID',
        allowed: [],
        received: amountText(BigInt(received as string)),
        invoiced: amountText(BigInt(invoiced as string)),
      },
    })
  await put(context, 'contract', id, { status: 'VOID', void_reason: given.reason })
  await voidPlans(context, id, null)
  await settle(context, [id])
  return { id, errors: [], changed: true }
}

/**
 * Ends a contract before its time. What fell due until then is still to be paid; plans after that day for which nothing was received are void.
 *
 * @param on the last day on which it holds, YYYY-MM-DD; today if left out.
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE, VALIDATION_FAILED without a reason, or for a day outside the contract.
 */
export async function terminateContract(
  context: WriteContext,
  {
    id: named,
    reason: why,
    on,
    expectedVersion,
  }: { id: string; reason: string; on?: string | null; expectedVersion?: number | null },
): Promise<Written> {
  const { viewer } = context
  requireRight(viewer, 'update', 'Contract')
  const found = await lockOne(context, 'Contract', { id: named, expectedVersion }, 'update')
  if ('errors' in found) return refused(...found.errors)
  const { id } = found
  const status = found.before.status as ContractStatus
  if (!before(CONTRACT_STATES, 'TERMINATED').includes(status))
    return refused(wrongState(CONTRACT_STATES, status, 'TERMINATED'))
  const given = readReason(context, 'Contract', 'terminationReason', why)
  if ('code' in given) return refused(given)
  const day = on ?? todayIn(viewer.timezone)
  if (day < (found.before.startDate as string))
    return refused(validationError(['on'], 'min', 'must not be before the contract starts'))
  await lockContract(context, id)
  await put(context, 'contract', id, { status: 'TERMINATED', termination_reason: given.reason, terminated_on: day })
  await voidPlans(context, id, day)
  await settle(context, [id])
  return { id, errors: [], changed: true }
}

import { recordType } from '../../read/recordType.ts'
import { idOf, uuidOf } from '../../read/values.ts'
import { createRecords, type Written } from '../records.ts'
import type { Input, WriteContext } from '../write.ts'
import { type AllocationInput, allocatable, mismatch, readAllocations, writeAllocations } from './allocate.ts'
import { confirmReceipt } from './confirmReceipt.ts'
import { at, refused } from './refusals.ts'
import { lockContract } from './settle.ts'

/** What is recorded besides the fields of the receipt. */
export interface Recording {
  /** The one plan that all of it is for; otherwise its parts. */
  planId?: string | null
  allocations?: AllocationInput[] | null
  /** Confirm it at once. */
  confirm?: boolean | null
}

/**
 * Records money that came in for a contract: a draft, until it is confirmed or approved, unless it is confirmed at once.
 *
 * Errors: VALIDATION_FAILED, FIELD_FORBIDDEN, NOT_FOUND, FORBIDDEN, CONTRACT_NOT_APPROVED, NUMBER_TAKEN, RECEIPT_EXCEEDS_BALANCE, ALLOCATION_MISMATCH, CURRENCY_MISMATCH, and those of
 * confirmReceipt. With an error nothing is written.
 */
export async function recordReceipt(
  context: WriteContext,
  { planId, allocations: parts, confirm, ...input }: Input & Recording,
): Promise<Written> {
  const [written] = (await createRecords(context, recordType('Receipt'), [input])) as [Written]
  const { id } = written
  if (!id) return written
  const contract = await lockContract(context, uuidOf('Contract', input.contractId) as string)
  const amount = input.amount as AllocationInput['amount']
  const given = parts ?? (planId ? [{ planId, amount }] : [])
  const path = ['input', 'allocations']
  const { allocations, errors } = await readAllocations(context, contract, given, path)
  if (!parts && errors.length > 0) return refused(...at(errors, ['input', 'planId']))
  const [row] = await context.db.rows<{ amount: string; method: string }>({
    text: 'SELECT amount::text, method FROM receipt WHERE tenant_id = $1 AND id = $2',
    values: [context.viewer.tenantId, id],
  })
  const { amount: whole, method } = row as { amount: string; method: string }
  const receipt = { id, status: 'DRAFT', method, amount: BigInt(whole), credit: 0n, refunded: 0n }
  const wanted = await allocatable(context, contract, receipt)
  // One plan gets all that is not too much.
  if (!parts && allocations[0]) allocations[0].amount = wanted
  if (allocations.length > 0 && errors.length === 0) errors.push(...mismatch(allocations, wanted, path))
  if (errors.length > 0) return refused(...errors)
  if (allocations.length > 0) await writeAllocations(context, { id, currency: contract.currency }, allocations)
  if (!confirm) return written
  const confirmed = await confirmReceipt(context, { id: idOf('Receipt', id) })
  return confirmed.id ? written : refused(...at(confirmed.errors, ['input']))
}

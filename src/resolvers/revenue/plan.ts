import type { UserErrorInfo } from '../../errors.ts'
import { changedFields, refuseAs } from '../checks.ts'
import { after, type Change, type Rules, type WriteContext } from '../write.ts'
import { ownCurrency } from './ownCurrency.ts'
import { amountText } from './refusals.ts'
import { type RevenueSettings, revenueSettings } from './settings.ts'
import { type ContractRow, lockContracts, settle } from './settle.ts'
import { EDITABLE } from './states.ts'

/** What of a plan says how much is to be paid and when, and stays when something was. */
const AGREED = ['sequence', 'amount', 'currency', 'dueDate', 'method']

const contractOf = (change: Change) => after(change, 'contractId') as string

/** How much may be planned for a contract in all, by the company's tolerance. */
export function planLimit({ amount }: ContractRow, { planTolerance }: RevenueSettings): bigint {
  const [whole = '0', fraction = ''] = planTolerance.split('.')
  return amount + (amount * BigInt(whole + fraction.padEnd(2, '0'))) / 10_000n
}

/** PLAN_EXCEEDS_CONTRACT; what remains is less than 0 where more is planned than may be. */
export const exceeds = (remaining: bigint, field: string[]): UserErrorInfo => ({
  code: 'PLAN_EXCEEDS_CONTRACT',
  message: 'The plans would be more than the contract.',
  field,
  details: { remaining: amountText(remaining) },
})

/**
 * Rules of receipt plans. They are made for contracts that were submitted (CONTRACT_NOT_SUBMITTED) and still hold (VOID_NOT_EDITABLE, INVALID_STATE), in the
 * contract's currency (CURRENCY_MISMATCH), and all together not beyond it (PLAN_EXCEEDS_CONTRACT). What something was received for stays (PLAN_HAS_RECEIPTS).
 * The number in the row is the next one when left out.
 */
export const planRules: Rules = {
  async write(changes, context) {
    const contracts = await lockContracts(context, changes.map(contractOf))
    const made = changes.filter(({ before }) => !before)
    const last = await lastSequences(context, made)
    for (const change of changes) {
      const contract = contracts.get(contractOf(change))
      if (!contract) continue
      if (change.before) guard(change)
      else refuseContract(change, contract.status)
      ownCurrency(change, contract.currency, ['amount'])
      if (change.values.sequence !== null && change.values.sequence !== undefined) continue
      if (change.before && !Object.hasOwn(change.values, 'sequence')) continue
      const next = (last.get(contract.id) ?? 0) + 1
      last.set(contract.id, next)
      change.values.sequence = change.before ? change.before.sequence : next
    }
    await keepWithin(changes, contracts, context)
  },

  done: async (changes, context) => settle(context, changes.map(contractOf)),
}

function refuseContract(change: Change, status: string): void {
  if (EDITABLE.includes(status))
    refuseAs(change, 'CONTRACT_NOT_SUBMITTED', 'contractId', 'The contract was not submitted yet.')
  else if (status === 'VOID') refuseAs(change, 'VOID_NOT_EDITABLE', 'contractId', 'The contract is void.')
  else if (status === 'TERMINATED')
    refuseAs(change, 'INVALID_STATE', 'contractId', 'The contract was terminated.', { from: status, allowed: [] })
}

function guard(change: Change): void {
  const { status, receivedAmount } = change.before as { status: string; receivedAmount: string }
  const changed = changedFields('ReceiptPlan', change)
  if (status === 'VOID' && changed[0]) refuseAs(change, 'VOID_NOT_EDITABLE', changed[0], 'The plan is void.')
  const agreed = changed.find((name) => AGREED.includes(name))
  if (agreed && receivedAmount !== '0')
    refuseAs(change, 'PLAN_HAS_RECEIPTS', agreed, 'Something was received for the plan; it stays.')
}

/** The largest number in the rows of plans of the contracts, of live plans. */
async function lastSequences({ db, viewer }: WriteContext, made: Change[]): Promise<Map<string, number>> {
  if (made.every(({ values }) => values.sequence != null)) return new Map()
  const rows = await db.rows<{ id: string; last: number }>({
    text: 'SELECT contract_id AS id, max(sequence) AS last FROM receipt_plan WHERE tenant_id = $1 AND contract_id = ANY ($2::uuid[]) AND deleted_at IS NULL GROUP BY 1',
    values: [viewer.tenantId, made.map(contractOf)],
  })
  return new Map(rows.map(({ id, last }) => [id, last]))
}

/** Adds up what the good changes plan, contract by contract, and refuses the first that goes beyond. */
async function keepWithin(
  changes: Change[],
  contracts: Map<string, ContractRow>,
  { db, viewer }: WriteContext,
): Promise<void> {
  const priced = changes.filter(
    (change) =>
      change.errors.length === 0 && Object.hasOwn(change.values, 'amount') && contracts.has(contractOf(change)),
  )
  if (priced.length === 0) return
  const settings = await revenueSettings(db, viewer.tenantId)
  const planned = new Map([...contracts].map(([id, contract]) => [id, contract.planned]))
  for (const change of priced) {
    const id = contractOf(change)
    const was = BigInt((change.before?.amount as string | undefined) ?? 0)
    const others = (planned.get(id) as bigint) - was
    const wanted = BigInt(change.values.amount as string)
    const limit = planLimit(contracts.get(id) as ContractRow, settings)
    if (wanted > was && others + wanted > limit) change.errors.push(exceeds(limit - others, [...change.path, 'amount']))
    else planned.set(id, others + wanted)
  }
}

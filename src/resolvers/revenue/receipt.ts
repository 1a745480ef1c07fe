import type { UserErrorCode } from '../../errors.ts'
import { changedFields, refuse, refuseAs, todayIn } from '../checks.ts'
import { numbered } from '../platform/numbers.ts'
import { after, type Change, idPath, type Rules, rulesTogether } from '../write.ts'
import { ownCurrency } from './ownCurrency.ts'
import { amountText } from './refusals.ts'
import { type RevenueSettings, revenueSettings } from './settings.ts'
import { type ContractRow, lockContracts } from './settle.ts'
import { PAYABLE } from './states.ts'

const contractOf = (change: Change) => after(change, 'contractId') as string
const ASIDE = ['externalSource', 'externalId']

/** Why a receipt in that status cannot be written; null when it can. */
export function receiptFixed(status: string): { code: UserErrorCode; message: string } | null {
  if (status === 'IN_APPROVAL')
    return { code: 'WITHDRAW_FIRST', message: 'The receipt waits for its approval; withdraw it first.' }
  if (status === 'CONFIRMED' || status === 'REVERSED')
    return { code: 'RECEIPT_CONFIRMED', message: 'A confirmed receipt stays; reverse it.' }
  return null
}

/** What of an amount is more than the contract still asks for. */
export const surplusOf = (amount: bigint, { amount: asked, received }: ContractRow): bigint =>
  amount > asked - received ? amount - (asked - received) : 0n

/** RECEIPT_EXCEEDS_BALANCE, with how much is asked for. */
export const exceedsBalance = (balance: bigint, field: string[]) => ({
  code: 'RECEIPT_EXCEEDS_BALANCE' as const,
  message: 'More would be received than is asked for.',
  field,
  details: { balance: amountText(balance) },
})

/** May a receipt be more than its contract asks for: where the company allows it, but never out of the credit that would become of it. */
export const mayExceed = ({ allowOverpayment }: RevenueSettings, method: unknown): boolean =>
  allowOverpayment && method !== 'ACCOUNT_CREDIT'

/**
 * Rules of receipts. One needs a contract that was approved (CONTRACT_NOT_APPROVED), is in its currency (CURRENCY_MISMATCH) and not beyond what it asks for
 * (RECEIPT_EXCEEDS_BALANCE) unless the company takes overpayments. Drafts and refused ones are written and deleted; others stay (RECEIPT_CONFIRMED, WITHDRAW_FIRST).
 */
export const receiptRules: Rules = rulesTogether(
  { write: numbered('RECEIPT') },
  {
    async write(changes, context) {
      const { db, viewer } = context
      const contracts = await lockContracts(context, changes.map(contractOf))
      const settings = await revenueSettings(db, viewer.tenantId)
      const today = todayIn(viewer.timezone)
      for (const change of changes) {
        const contract = contracts.get(contractOf(change))
        if (!contract) continue
        if (change.before) guard(change)
        else if (!PAYABLE.includes(contract.status))
          refuseAs(change, 'CONTRACT_NOT_APPROVED', 'contractId', 'The contract is not approved.')
        if (!change.before) change.values.accountId = contract.accountId
        ownCurrency(change, contract.currency, ['amount'])
        if (((change.values.receivedOn as string | undefined) ?? '') > today)
          refuse(change, 'receivedOn', 'max', 'must not be in the future')
        const { amount } = change.values as { amount?: string }
        if (change.errors.length > 0 || amount === undefined || mayExceed(settings, after(change, 'method'))) continue
        if (surplusOf(BigInt(amount), contract) > 0n)
          change.errors.push(exceedsBalance(contract.amount - contract.received, [...change.path, 'amount']))
      }
    },

    delete(changes) {
      for (const change of changes) {
        const problem = receiptFixed(change.before?.status as string)
        if (problem) change.errors.push({ ...problem, field: idPath(change) })
      }
    },
  },
)

function guard(change: Change): void {
  const status = change.before?.status as string
  // What waits for an approval is locked by it, but for what its step leaves open.
  const problem = status === 'IN_APPROVAL' ? null : receiptFixed(status)
  const field = changedFields('Receipt', change).find((name) => !ASIDE.includes(name))
  if (problem && field) refuseAs(change, problem.code, field, problem.message)
}

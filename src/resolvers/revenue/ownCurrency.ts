import { refuseAs } from '../checks.ts'
import type { Change } from '../write.ts'

/** What belongs to a contract is in the contract's currency: what the writers settled on without being told one gives way, another is CURRENCY_MISMATCH. */
export function ownCurrency(change: Change, currency: string, amounts: string[]): void {
  const { input, values } = change
  const named = [
    input.currency,
    ...amounts.map((name) => (input[name] as { currency?: unknown } | null | undefined)?.currency),
  ].some((one) => one !== null && one !== undefined)
  if (named && Object.hasOwn(values, 'currency') && values.currency !== currency)
    refuseAs(change, 'CURRENCY_MISMATCH', 'currency', `The contract is in ${currency}.`, { currency })
  else if (!change.before || Object.hasOwn(values, 'currency')) values.currency = currency
}

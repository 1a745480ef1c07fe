import { refuse, refuseAs } from '../../checks.ts'
import { after, type Change, type WriteContext } from '../../write.ts'
import { type PeriodType, periodOf } from './period.ts'
import { fiscalYearStartOf } from './scope.ts'

/** Metrics that are money; the others are counted. */
const MONEY = new Set<unknown>(['WON_AMOUNT', 'RECEIPTS'])

/**
 * Rule of targets: a user, a department or neither, which is the company; the measure that the metric has and no other, the company's currency (CURRENCY_MISMATCH), and a day with which a period of
 * the fiscal year begins.
 */
export async function writeSalesTarget(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  const made = changes.filter(({ before }) => !before)
  const fiscal = made.length > 0 ? await fiscalYearStartOf(db, viewer.tenantId) : 1
  for (const change of made) {
    const { userId, departmentId, periodType, periodStart } = change.values
    if (userId && departmentId) refuse(change, 'departmentId', 'one', 'must be left out: a target has one scope')
    change.values.scopeType = userId ? 'USER' : departmentId ? 'DEPARTMENT' : 'COMPANY'
    if (typeof periodStart !== 'string' || typeof periodType !== 'string') continue
    const { start } = periodOf(periodType as PeriodType, periodStart, fiscal)
    if (start !== periodStart)
      refuse(change, 'periodStart', 'period', `must be the first day of a ${periodType}: ${start}`)
  }
  for (const change of changes) {
    const money = MONEY.has(after(change, 'metric'))
    const [own, other] = money ? ['amount', 'count'] : ['count', 'amount']
    if (after(change, own) == null) refuse(change, own, 'required', 'is required for this metric')
    if (after(change, other) != null) refuse(change, other, 'metric', 'does not belong to this metric')
    const currency = after(change, 'currency')
    if (money && currency !== viewer.baseCurrency)
      refuseAs(change, 'CURRENCY_MISMATCH', 'currency', 'Targets are in the company’s currency.', {
        currency: viewer.baseCurrency,
      })
  }
}

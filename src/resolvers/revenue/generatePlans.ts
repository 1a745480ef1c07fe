import { DateTime } from 'luxon'
import { recordType } from '../../read/recordType.ts'
import { formatMoney, idOf, NO_ID, uuidOf } from '../../read/values.ts'
import { validationError } from '../normalise.ts'
import { createRecords, lockTargets, type Written } from '../records.ts'
import { minorUnit } from '../sales/amount.ts'
import type { WriteContext } from '../write.ts'
import { refused } from './refusals.ts'
import { lockContract } from './settle.ts'

/** Between two plans. */
export type PlanInterval = 'WEEK' | 'MONTH' | 'QUARTER' | 'YEAR'

const STEP: Record<PlanInterval, { weeks?: number; months?: number }> = {
  WEEK: { weeks: 1 },
  MONTH: { months: 1 },
  QUARTER: { months: 3 },
  YEAR: { months: 12 },
}

/** Most plans of one call. */
export const PLANS_MAX = 120

/** Arguments of the verb as clients write them. */
export interface PlanSeries {
  contractId: string
  count: number
  interval: PlanInterval
  /** The day of the first, YYYY-MM-DD; the contract's first day if left out. */
  firstDueDate?: string | null
  /** Per cent of the first, decimal text; as much as the others if left out. */
  firstPercent?: string | null
  method?: string | null
  remindDaysBefore?: number | null
}

/**
 * Parts of an amount (ten-thousandths) in whole smallest units of the currency, whose sum is the amount exactly: the first by its per cent (hundredths) where one is
 * given, the others alike, the last with the remainder.
 */
export function splitAmount(amount: bigint, count: number, currency: string, firstPct: bigint | null): bigint[] {
  const unit = minorUnit(currency)
  const down = (value: bigint) => (value / unit) * unit
  const first =
    count === 1 ? amount : firstPct === null ? down(amount / BigInt(count)) : down((amount * firstPct) / 10_000n)
  if (count === 1) return [first]
  const each = down((amount - first) / BigInt(count - 1))
  const parts = [first, ...Array.from({ length: count - 1 }, () => each)]
  parts[count - 1] = amount - parts.slice(0, -1).reduce((sum, one) => sum + one, 0n)
  return parts
}

/**
 * Plans what of a contract is not planned yet in equal parts at an interval: their sum is what remained, to the smallest unit. All or none.
 *
 * Errors: NOT_FOUND, FORBIDDEN, VALIDATION_FAILED, CONTRACT_NOT_SUBMITTED, VOID_NOT_EDITABLE, INVALID_STATE, PLAN_EXCEEDS_CONTRACT when nothing remains.
 */
export async function generateReceiptPlans(context: WriteContext, series: PlanSeries): Promise<Written> {
  const { count, interval, method, remindDaysBefore } = series
  const percent = series.firstPercent ?? null
  if (count < 1 || count > PLANS_MAX)
    return refused(validationError(['count'], count < 1 ? 'min' : 'max', `must be 1 to ${PLANS_MAX}`))
  if (percent !== null && !/^(?!0+(\.0+)?$)(\d{1,2}(\.\d{1,2})?)$/.test(percent))
    return refused(validationError(['firstPercent'], 'range', 'must be between 0 and 100, with at most two decimals'))
  const type = recordType('Contract')
  const target = { id: uuidOf('Contract', series.contractId) ?? NO_ID }
  const [change] = await lockTargets(context, type, [target], { action: 'update', pathOf: () => ['contractId'] })
  if (!change?.before) return refused(...(change?.errors ?? []).map((error) => ({ ...error, field: ['contractId'] })))
  const { id, before } = change
  const { amount, planned, currency } = await lockContract(context, id)
  const rest = amount - planned
  const parts = splitAmount(rest > 0n ? rest : 0n, count, currency, hundredths(percent))
  if (rest <= 0n || parts.some((part) => part <= 0n))
    return refused({
      code: 'PLAN_EXCEEDS_CONTRACT',
      message: 'Too little of the contract remains to be planned.',
      field: ['count'],
      details: { remaining: formatMoney(String(rest)) },
    })
  const first = DateTime.fromISO(series.firstDueDate ?? (before.startDate as string), { zone: 'utc' })
  const { weeks = 0, months = 0 } = STEP[interval]
  const written = await createRecords(
    context,
    recordType('ReceiptPlan'),
    parts.map((part, n) => ({
      contractId: idOf('Contract', id),
      amount: { amount: formatMoney(String(part)), currency },
      // From the first day each, so that the 31st comes again after a short month.
      dueDate: first.plus({ weeks: weeks * n, months: months * n }).toISODate(),
      method,
      remindDaysBefore,
    })),
    { pathOf: () => [] },
  )
  const errors = written.flatMap((one) => one.errors)
  if (errors.length > 0) return refused(errors[0] as (typeof errors)[number])
  return { id, errors: [], changed: true }
}

function hundredths(percent: string | null): bigint | null {
  if (percent === null) return null
  const [whole = '0', fraction = ''] = percent.split('.')
  return BigInt(whole + fraction.padEnd(2, '0'))
}

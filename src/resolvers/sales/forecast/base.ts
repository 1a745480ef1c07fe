import { requestError } from '../../../errors.ts'
import type { Sql } from '../../../read/access.ts'
import type { Money } from '../../../read/finish.ts'
import { formatMoney } from '../../../read/values.ts'
import { minorUnit } from '../amount.ts'

// Sums in the company's base currency. They stay exact, as whole numbers, until they are shown: each figure is rounded once.

/** An exact sum in the base currency: ten-thousandths of its unit × 10^12, which is ten decimals of a rate and two of a per cent. */
export type Exact = bigint

const ONE = 10n ** 12n

/** The decimals of a rate, exchange_rate.rate. */
const RATE_DIGITS = 10

function rateOf(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.')
  return BigInt(whole + fraction.slice(0, RATE_DIGITS).padEnd(RATE_DIGITS, '0'))
}

/** A sum of amounts (ten-thousandths, as the database writes them) at a rate. */
export const amountInBase = (sum: string, rate: string): Exact => BigInt(sum) * rateOf(rate) * 100n

/** A sum of amounts × probability in per cent at a rate. */
export const weightedInBase = (sum: string, rate: string): Exact => BigInt(sum) * rateOf(rate)

/** An amount in ten-thousandths of the base currency as an exact one. */
export const exact = (amount: bigint): Exact => amount * ONE

/** Shows an exact sum, or its `parts`-th part, rounded to the currency's smallest unit, halves away from zero. */
export function moneyIn(currency: string, sum: Exact, parts = 1n): Money {
  return { amount: formatMoney(String(tenThousandths(currency, sum, parts))), currency }
}

/** The same in ten-thousandths. */
export function tenThousandths(currency: string, sum: Exact, parts = 1n): bigint {
  const unit = minorUnit(currency) * ONE * parts
  const size = sum < 0n ? -sum : sum
  const rounded = ((2n * size + unit) / (2n * unit)) * minorUnit(currency)
  return sum < 0n ? -rounded : rounded
}

/** n / d in per cent with two decimals, halves up; null where there is nothing to compare with. */
export function perCent(n: bigint, d: bigint): string | null {
  return d <= 0n ? null : twoDecimals(10_000n * n, d)
}

/** n / d with two decimals where n is in hundredths, halves away from zero: 1234n, 1n → "12.34". */
export function twoDecimals(n: bigint, d: bigint): string {
  const size = n < 0n ? -n : n
  const rounded = (2n * size + d) / (2n * d)
  const text = String(rounded).padStart(3, '0')
  return `${n < 0n && rounded > 0n ? '-' : ''}${text.slice(0, -2)}.${text.slice(-2)}`
}

/**
 * SQL of the rate of a currency to the base currency on a day: 1 for the base currency itself, null where no rate is known by then. `currency` and `day` are SQL.
 */
export function rateSql(sql: Sql, currency: string, day: string, base: string): string {
  const r = sql.alias()
  return `CASE WHEN ${currency} = ${base} THEN 1 ELSE (SELECT ${r}.rate FROM exchange_rate ${r} WHERE ${r}.tenant_id = $1 AND ${r}.currency = ${currency} AND ${r}.base_currency = ${base} AND ${r}.date <= ${day} AND ${r}.deleted_at IS NULL ORDER BY ${r}.date DESC LIMIT 1) END`
}

/** The rate that a row found. Throws CURRENCY_RATE_MISSING: what has no rate is not nothing. */
export function rateFound(rate: string | null, currency: string, date: string): string {
  if (rate !== null) return rate
  throw requestError('CURRENCY_RATE_MISSING', {
    message: {
      en: `There is no rate for ${currency} on ${date}.`,
      zhCN: `缺少 ${currency} 在 ${date} 的汇率。`,
    },
    extensions: { currency, date },
  })
}

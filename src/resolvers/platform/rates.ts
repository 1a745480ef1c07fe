import { UserErrors } from '../../errors.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { minorUnit } from '../sales/amount.ts'

/** An amount's currency, and the day (YYYY-MM-DD) whose rate counts. */
export interface RateOf {
  currency: string
  date: string
}

/** Where ratesOn keeps a rate. */
export const rateKey = ({ currency, date }: RateOf): string => `${currency} ${date}`

/**
 * Rates into a currency: what one unit of each is worth, as decimal text, by `rateKey`. The rate of a day is the latest one dated that day or before. A currency is
 * worth 1 of itself. Throws UserErrors CURRENCY_RATE_MISSING with `currency` and `date` for what has none: never zero (spec/domain.md 3.4).
 *
 * @param field what the error is about.
 */
export async function ratesOn(
  db: Reader,
  tenantId: string,
  base: string,
  wanted: RateOf[],
  field: string[] | null = null,
): Promise<Map<string, string>> {
  const others = new Map(wanted.filter(({ currency }) => currency !== base).map((one) => [rateKey(one), one]))
  const rates = new Map(wanted.filter(({ currency }) => currency === base).map((one) => [rateKey(one), '1']))
  if (others.size === 0) return rates
  const rows = await db.rows<RateOf & { rate: string | null }>({
    text: `SELECT w.currency, w.date::text AS date, (SELECT r.rate FROM exchange_rate r WHERE r.tenant_id = $1 AND r.currency = w.currency AND r.base_currency = $2
 AND r.date <= w.date AND r.deleted_at IS NULL ORDER BY r.date DESC LIMIT 1)::text AS rate FROM json_to_recordset($3::json) AS w(currency text, date date)`,
    values: [tenantId, base, JSON.stringify([...others.values()])],
  })
  const missing = rows.filter(({ rate }) => rate === null)
  if (missing.length > 0)
    throw new UserErrors(
      missing.map(({ currency, date }) => ({
        code: 'CURRENCY_RATE_MISSING',
        message: `There is no rate from ${currency} to ${base} for ${date}.`,
        field,
        details: { currency, date },
      })),
    )
  for (const { currency, date, rate } of rows) rates.set(rateKey({ currency, date }), rate as string)
  return rates
}

const RATE_DIGITS = 10

/** An amount (ten-thousandths) in another currency at a rate of at most ten decimals, rounded half up to that currency's smallest unit. */
export function toBase(amount: bigint, rate: string, base: string): bigint {
  const [whole = '0', fraction = ''] = rate.split('.')
  const scaled = BigInt(whole + fraction.slice(0, RATE_DIGITS).padEnd(RATE_DIGITS, '0'))
  const unit = minorUnit(base)
  const divisor = 10n ** BigInt(RATE_DIGITS) * unit
  const product = amount * scaled
  const size = product < 0n ? -product : product
  const rounded = ((2n * size + divisor) / (2n * divisor)) * unit
  return product < 0n ? -rounded : rounded
}

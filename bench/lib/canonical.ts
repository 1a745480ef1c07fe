/** Texts of different servers for the same value, in one form. */

/** '1500.00', '1.5E3', 1500 → '1500'; null stays null. */
export function decimal(value: string | number | null | undefined): string | null {
  if (value === null || value === undefined) return null
  const text = String(value)
  if (!/^-?\d+(\.\d+)?$/.test(text)) throw new Error(`Not a decimal number: ${text}`)
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

/** Ten-thousandths, as the tables hold money, as a decimal: '15000' → '1.5'; null stays null. */
export function tenThousandths(value: string | number | bigint | null | undefined): string | null {
  if (value === null || value === undefined) return null
  const amount = BigInt(value)
  const digits = (amount < 0n ? -amount : amount).toString().padStart(5, '0')
  return decimal(`${amount < 0n ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`)
}

/** Ten-thousandths and a currency as money; null without an amount. */
export function money(
  value: string | number | bigint | null | undefined,
  currency: string | null | undefined,
): { amount: string; currency: string | null } | null {
  const amount = tenThousandths(value)
  return amount === null ? null : { amount, currency: currency ?? null }
}

/** A moment with its offset, or a Date's text → 2027-01-31T00:00:00.000Z; null stays null. */
export function moment(value: string | null | undefined): string | null {
  return value === null || value === undefined ? null : new Date(value).toISOString()
}

const BASE32 = '0123456789abcdefghjkmnpqrstvwxyz'

/** Atrium's id → uuid; a uuid stays. */
export function uuid(id: string): string {
  const cut = id.lastIndexOf('_')
  if (cut < 0) return id.toLowerCase()
  let value = 0n
  for (const letter of id.slice(cut + 1)) value = value * 32n + BigInt(BASE32.indexOf(letter))
  const hex = value.toString(16).padStart(32, '0')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** uuid → Atrium's id. */
export function typeId(prefix: string, id: string): string {
  let value = BigInt(`0x${id.replaceAll('-', '')}`)
  let suffix = ''
  for (let n = 0; n < 26; n++) {
    suffix = BASE32[Number(value & 31n)] + suffix
    value >>= 5n
  }
  return `${prefix}_${suffix}`
}

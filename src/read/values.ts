import { decodeId, encodeId } from '../ids.ts'
import type { Field, Kind } from './recordType.ts'
import { recordType } from './recordType.ts'

/** PostgreSQL type of a kind's column, for casting parameters. */
export const PG_TYPE: Record<Kind, string> = {
  id: 'uuid',
  text: 'text',
  choice: 'text',
  boolean: 'boolean',
  int: 'integer',
  decimal: 'numeric',
  money: 'bigint',
  date: 'date',
  datetime: 'timestamptz',
  email: 'text',
  phone: 'text',
  url: 'text',
  currency: 'text',
  country: 'text',
  texts: 'text[]',
  object: 'jsonb',
  objects: 'jsonb',
  json: 'jsonb',
  custom: 'jsonb',
}

/** Money columns hold ten-thousandths of the currency unit; see docs/decisions/0002. */
export const MONEY_DIGITS = 4
const MONEY_LIMIT = 9_000_000_000_000_000_000n

/** "12.5" → 125000n. Null when the text is no decimal, has more than four decimals, or is too large for a money column. */
export function parseMoney(text: string): bigint | null {
  const match = /^(-?)(\d{1,15})(?:\.(\d{1,4}))?$/.exec(text)
  if (!match) return null
  const [, sign, whole, fraction = ''] = match
  const value = BigInt(whole as string) * 10_000n + BigInt(fraction.padEnd(MONEY_DIGITS, '0'))
  if (value > MONEY_LIMIT) return null
  return sign ? -value : value
}

/** Column text of a money value → decimal text with at least the two usual decimals: "125000" → "12.50". Longer fractions, as an average has, are cut to four. */
export function formatMoney(text: string): string {
  const negative = text.startsWith('-')
  const [integer = '0'] = (negative ? text.slice(1) : text).split('.')
  const padded = integer.padStart(MONEY_DIGITS + 1, '0')
  const whole = padded.slice(0, -MONEY_DIGITS)
  let fraction = padded.slice(-MONEY_DIGITS)
  if (fraction.endsWith('00')) fraction = fraction.slice(0, 2)
  else if (fraction.endsWith('0')) fraction = fraction.slice(0, 3)
  return `${negative ? '-' : ''}${whole}.${fraction}`
}

/** A decimal as clients write it: digits, an optional fraction, no exponent. */
export const DECIMAL = /^-?\d{1,14}(\.\d{1,10})?$/

/** Is the text a date of the calendar, YYYY-MM-DD, between the years 0001 and 9999. */
export function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  if (!match || match[1] === '0000') return false
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  if (month < 1 || month > 12 || day < 1) return false
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  return day <= ([31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] as number)
}

/** RFC 3339 date and time with an offset → the same instant in UTC with milliseconds; null when it is none. */
export function parseDateTime(text: string): string | null {
  const match = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/.exec(text)
  if (!match || !isDate(match[1] as string)) return null
  if (Number(match[2]) > 23 || Number(match[3]) > 59 || Number(match[4]) > 59) return null
  const zone = match[6] as string
  if (zone.length === 6 && (Number(zone.slice(1, 3)) > 14 || Number(zone.slice(4)) > 59)) return null
  const time = new Date(text.toUpperCase())
  return Number.isNaN(time.getTime()) ? null : time.toISOString()
}

/** Id of a client → uuid, if it is an id of that type; null otherwise. */
export function uuidOf(typeName: string, id: unknown): string | null {
  if (typeof id !== 'string') return null
  const decoded = decodeId(id)
  return decoded && decoded.prefix === recordType(typeName).prefix ? decoded.uuid : null
}

/** uuid → id for clients. */
export function idOf(typeName: string, uuid: string): string {
  return encodeId(recordType(typeName).prefix, uuid)
}

/** Target of an id that may belong to a record of any type. */
export const ANY = '*'

/** An id that no record has: what malformed and foreign ids become, so that they take the same way as unknown ones. */
export const NO_ID = '00000000-0000-0000-0000-000000000000'

/** A value to compare a column with, or the reason why it is none. */
export type Comparable = { ok: unknown } | { problem: string }

/** Reads a filter's operand for a column: `{ ok }` as a parameter for PG_TYPE[kind], or a sentence without the value. */
export function comparable(
  field: Pick<Field, 'kind' | 'target' | 'choice'>,
  value: unknown,
  typeName: string,
): Comparable {
  if (field.kind === 'id')
    return {
      ok: (field.target === ANY ? decodeId(String(value))?.uuid : uuidOf(field.target ?? typeName, value)) ?? NO_ID,
    }
  if (field.kind === 'boolean' || field.kind === 'int') return { ok: value }
  const text = String(value).normalize('NFC')
  if (text.includes('\0')) return { problem: 'must not contain the character U+0000' }
  switch (field.kind) {
    case 'money': {
      const money = parseMoney(text)
      return money === null ? { problem: 'is no decimal with at most 4 decimals' } : { ok: String(money) }
    }
    case 'decimal':
      return DECIMAL.test(text) ? { ok: text } : { problem: 'is no decimal' }
    case 'date':
      return isDate(text) ? { ok: text } : { problem: 'is no date (YYYY-MM-DD)' }
    case 'datetime': {
      const time = parseDateTime(text)
      return time ? { ok: time } : { problem: 'is no RFC 3339 date and time with an offset' }
    }
    case 'email':
      return { ok: text.trim().toLowerCase() }
    default:
      return { ok: text }
  }
}

/** Kinds whose values can be shown masked. */
export const MASKABLE: ReadonlySet<Kind> = new Set(['text', 'email', 'phone', 'url'])

/** What a masked field shows: enough to recognise a value that one knows, not enough to use it. Says nothing about how long it is. */
export function maskText(kind: Kind, value: string): string {
  const characters = [...value]
  if (kind === 'phone')
    return characters.length < 8 ? '****' : `${characters.slice(0, -8).join('')}****${characters.slice(-4).join('')}`
  if (kind === 'email') return `${characters[0] ?? ''}***${value.slice(value.lastIndexOf('@'))}`
  if (kind === 'url') return value.replace(/^(https?:\/\/).*$/su, '$1***')
  return `${characters[0] ?? ''}***`
}

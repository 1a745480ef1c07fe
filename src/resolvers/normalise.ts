import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js'
import type { UserErrorInfo } from '../errors.ts'
import { decodeId } from '../ids.ts'
import type { Field, Kind, Shape } from '../read/recordType.ts'
import { findRecordType, recordTypeOfPrefix } from '../read/recordType.ts'
import { ANY, DECIMAL, isDate, NO_ID, parseDateTime, parseMoney } from '../read/values.ts'

/** Longest text of a field that names no limit of its own. */
export const DEFAULT_MAX = 255
/** Most characters of JSON, and how deep it may be nested. */
const JSON_MAX = 10_000
const JSON_DEPTH = 10
/** Most members of a list field. */
const LIST_MAX = 100

/** What normalising knows about who writes. */
export interface Locale {
  /** Country of phone numbers without an international prefix, ISO 3166-1. */
  defaultCountry: string
}

/** The value for the column, or what is wrong with the input. */
export type Normalised = { ok: unknown } | { rule: string; message: string; path?: string[] }

const bad = (rule: string, message: string, path?: string[]): Normalised => ({
  rule,
  message,
  ...(path ? { path } : {}),
})

// Line breaks and tabs are text; other control characters, lone surrogates and the like are not.
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]/
const LONE = /\p{Surrogate}/u
const EMAIL =
  /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/

/**
 * Checks one input value of a field and gives what its column holds: text trimmed and NFC, e-mail lower case, phone E.164, times in UTC, money
 * in ten-thousandths (its currency is the caller's to keep). Null stays null.
 */
export function normalise(
  field: Pick<Field, 'kind' | 'max' | 'range' | 'choice' | 'shape' | 'target' | 'required'>,
  value: unknown,
  locale: Locale,
): Normalised {
  if (value === null || value === undefined) return { ok: null }
  switch (field.kind) {
    case 'boolean':
      return typeof value === 'boolean' ? { ok: value } : bad('boolean', 'must be true or false')
    case 'int':
      return Number.isInteger(value) && Math.abs(value as number) <= 2_147_483_647
        ? inRange(field.range, value as number, { ok: value })
        : bad('int', 'must be a whole number of 32 bits')
    case 'id':
      return normaliseId(field, value)
    case 'texts':
      return list(value, (one) => normalise({ ...field, kind: 'text', required: true }, one, locale))
    case 'object':
      return normaliseObject(field.shape as Shape, value, locale)
    case 'objects':
      return list(value, (one) => normaliseObject(field.shape as Shape, one, locale))
    case 'json':
      return json(value, field.max ?? JSON_MAX)
    case 'money': {
      const { amount } = value as { amount: unknown }
      const money = parseMoney(String(amount))
      if (money === null) return bad('decimal', 'must be a decimal with at most 15 digits and 4 decimals', ['amount'])
      return inRange(field.range, Number(amount), { ok: String(money) }, ['amount'])
    }
    default:
      return normaliseText(field, value, locale)
  }
}

/** JSON as it is: of limited length and depth, without what the database cannot hold. */
function json(value: unknown, max: number): Normalised {
  let text: string
  try {
    text = JSON.stringify(value)
  } catch {
    return bad('json', 'must be JSON')
  }
  if (text.length > max) return bad('maxLength', `must have at most ${max} characters as JSON`)
  // An escaped U+0000 in a string, and not a backslash with such digits behind it.
  if (/(?:^|[^\\])(?:\\\\)*\\u0000/.test(text)) return bad('characters', 'must not hold U+0000')
  return depthOf(value) > JSON_DEPTH ? bad('depth', `must be nested at most ${JSON_DEPTH} deep`) : { ok: value }
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Object.values(value).reduce<number>((most, one) => Math.max(most, depthOf(one)), 0)
}

function inRange(range: Field['range'], value: number, ok: Normalised, path?: string[]): Normalised {
  if (range?.min !== undefined && value < range.min) return bad('min', `must be at least ${range.min}`, path)
  if (range?.max !== undefined && value > range.max) return bad('max', `must be at most ${range.max}`, path)
  return ok
}

function normaliseId(field: Pick<Field, 'target'>, value: unknown): Normalised {
  const decoded = typeof value === 'string' ? decodeId(value) : null
  const type = decoded ? recordTypeOfPrefix(decoded.prefix) : undefined
  if (field.target === ANY)
    return { ok: decoded && type ? { type: type.name, id: decoded.uuid } : { type: null, id: NO_ID } }
  const wanted = findRecordType(field.target as string)
  // A malformed id is like one that does not exist: the reference check refuses it.
  return { ok: decoded && wanted && type === wanted ? decoded.uuid : NO_ID }
}

function list(value: unknown, each: (one: unknown) => Normalised): Normalised {
  if (!Array.isArray(value)) return bad('list', 'must be a list')
  if (value.length > LIST_MAX) return bad('maxItems', `must have at most ${LIST_MAX} members`)
  const members: unknown[] = []
  for (const [index, one] of value.entries()) {
    const result = each(one)
    if ('rule' in result) return { ...result, path: [String(index), ...(result.path ?? [])] }
    if (result.ok === null) return bad('required', 'must not hold null', [String(index)])
    members.push(result.ok)
  }
  return { ok: members }
}

function normaliseObject(shape: Shape, value: unknown, locale: Locale): Normalised {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return bad('object', `must be a ${shape.name}`)
  const result: Record<string, unknown> = {}
  for (const [name, input] of Object.entries(value)) {
    if (!Object.hasOwn(shape.members, name)) return bad('unknown', 'is no field of this object', [name])
    const member = shape.members[name]!
    const normal = normalise({ ...member, required: member.required ?? false }, input, locale)
    if ('rule' in normal) return { ...normal, path: [name, ...(normal.path ?? [])] }
    if (normal.ok !== null) result[name] = normal.ok
  }
  for (const [name, member] of Object.entries(shape.members)) {
    if (member.required && result[name] === undefined) return bad('required', 'is required', [name])
  }
  return { ok: Object.keys(result).length > 0 ? result : null }
}

function normaliseText(
  field: Pick<Field, 'kind' | 'max' | 'range' | 'choice'>,
  value: unknown,
  locale: Locale,
): Normalised {
  if (typeof value !== 'string' && typeof value !== 'number') return bad('text', 'must be a text')
  const text = String(value).normalize('NFC').trim()
  if (text === '') return { ok: null }
  if (CONTROL.test(text) || LONE.test(text)) return bad('characters', 'must not hold control characters')
  // Dates, numbers and codes have their own limits below.
  const max = field.max ?? DEFAULT_MAX
  if (text.length > max && [...text].length > max) return bad('maxLength', `must have at most ${max} characters`)
  const check = TEXT[field.kind]
  return check ? check(text, field, locale) : { ok: text }
}

const TEXT: Partial<
  Record<Kind, (text: string, field: Pick<Field, 'range' | 'choice'>, locale: Locale) => Normalised>
> = {
  choice: (text, { choice }) =>
    choice && Object.hasOwn(choice.values, text)
      ? { ok: text }
      : bad('choice', `must be one of ${Object.keys(choice?.values ?? {}).join(', ')}`),
  decimal: (text, { range }) =>
    DECIMAL.test(text) ? inRange(range, Number(text), { ok: text }) : bad('decimal', 'must be a decimal'),
  date: (text) => (isDate(text) ? { ok: text } : bad('date', 'must be a date of the form YYYY-MM-DD')),
  datetime: (text) => {
    const time = parseDateTime(text)
    return time ? { ok: time } : bad('dateTime', 'must be an RFC 3339 date and time with an offset')
  },
  email: (text) => {
    const email = text.toLowerCase()
    return EMAIL.test(email) && email.length <= 254 ? { ok: email } : bad('email', 'must be an e-mail address')
  },
  phone: (text, _field, { defaultCountry }) => {
    const phone = parsePhoneNumberFromString(text, defaultCountry as CountryCode)
    return phone?.isPossible() ? { ok: phone.number } : bad('phone', 'must be a phone number')
  },
  url: (text) => {
    const url = URL.canParse(text) ? new URL(text) : null
    return url && (url.protocol === 'https:' || url.protocol === 'http:') && !url.username && !url.password
      ? { ok: text }
      : bad('url', 'must be an http or https address')
  },
  currency: (text) =>
    /^[A-Z]{3}$/.test(text) && CURRENCIES.has(text)
      ? { ok: text }
      : bad('currency', 'must be an ISO 4217 currency code'),
  country: (text) =>
    /^[A-Z]{2}$/.test(text) && COUNTRIES.has(text)
      ? { ok: text }
      : bad('country', 'must be an ISO 3166-1 country code'),
}

const CURRENCIES = new Set(Intl.supportedValuesOf('currency'))
const regions = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' })
/** Two-letter codes that name a region; user-assigned ones and the EU's are no countries. */
const COUNTRIES = new Set(
  Array.from({ length: 676 }, (_, index) => String.fromCharCode(65 + Math.floor(index / 26), 65 + (index % 26))).filter(
    (code) => regions.of(code) !== undefined && !['EU', 'EZ', 'UN', 'XA', 'XB', 'ZZ', 'QO'].includes(code),
  ),
)

/** A problem as a user error at a path. */
export function validationError(path: string[], rule: string, message: string): UserErrorInfo {
  return { code: 'VALIDATION_FAILED', message: `${path.at(-1)} ${message}.`, field: path, details: { rule } }
}

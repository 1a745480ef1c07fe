import { DateTime } from 'luxon'
import { type CsvProblem, type CsvRow, shown } from './csv.ts'
import type {
  Constant,
  DateFormat,
  Filter,
  Mapping,
  NumberFormat,
  RecordMapping,
  Reference,
  Scalar,
  Target,
  TemplatePart,
} from './mapping.ts'

/** Codes of the problems that converting finds; those of reading are READ_CODES. */
export const CONVERT_CODES = [
  'REQUIRED',
  'VALUE_NOT_MAPPED',
  'INVALID_DATE',
  'INVALID_NUMBER',
  'INVALID_MONEY',
  'INVALID_CURRENCY',
  'INVALID_BOOLEAN',
] as const

/** A field that holds the id of another record, which the writer has to look up. */
export interface ImportReference extends Reference {
  /** Field of the input that gets the id; may be dotted. */
  field: string
  /** What the other record has in its field `by`. */
  value: string | number | boolean
  /** The cell as it stands in the file: the name of a record that has to be made. */
  label: string
  /** Column of the cell, or null for a constant. */
  column: string | null
  /** The record may stand later in the same file: to be looked up after the last row is written. */
  deferred: boolean
}

/** A record as the API takes it, but for the ids that `references` stand for. */
export interface ConvertedRecord {
  type: string
  input: Record<string, unknown>
  references: ImportReference[]
}

/** A child record: the writer sets its field `parent` to the id of the row's record. */
export interface ConvertedChild extends ConvertedRecord {
  parent: string
}

/** A row as records. With problems it is not to be written: what is wrong is missing from `input`. */
export interface ConvertedRow extends ConvertedRecord {
  children: ConvertedChild[]
  problems: CsvProblem[]
}

/** Money beyond this (in units of the currency) does not fit the database's ten-thousandths. */
const MONEY_LIMIT = 900_000_000_000_000n
const MONEY_SCALE = 4

/**
 * Converts a row by a mapping that `checkHeaders` has found to fit: money becomes `{ amount, currency }` with a decimal text, numbers decimal texts
 * (or integers, where the mapping says so), dates `yyyy-MM-dd`, times RFC 3339 in UTC. Nothing is guessed: what is not written as the mapping says is
 * a problem, and all problems of the row are told. Fields of blank cells are left out, or null where the mapping says `clear`. Pure.
 */
export function convertRow(mapping: Mapping, row: CsvRow): ConvertedRow {
  const problems: CsvProblem[] = []
  const converted: ConvertedRow = { ...fill(mapping, mapping, row, problems), children: [], problems }
  for (const child of mapping.children) {
    if (child.when !== null && cellText(mapping, row, child.when) === '') continue
    converted.children.push({ ...fill(mapping, child, row, problems), parent: child.parent })
  }
  return converted
}

function fill(mapping: Mapping, record: RecordMapping, row: CsvRow, problems: CsvProblem[]): ConvertedRecord {
  const filled: ConvertedRecord = { type: record.type, input: {}, references: [] }
  for (const constant of record.constants) fillConstant(mapping, constant, filled)
  for (const target of record.targets) {
    const text = target.template ? templateText(mapping, row, target.template) : cellText(mapping, row, target.column)
    const value = meant(mapping, target, text, row)
    if (value instanceof Problem) problems.push(value.at(row, target.column))
    else if (value === undefined) continue
    else if (value === null || target.conversion.kind !== 'reference') assign(filled.input, target.path, value)
    else
      refer(
        mapping,
        target.conversion.reference,
        target.field,
        value as string,
        row.values[target.column]!.trim(),
        target.column,
        filled,
      )
  }
  return filled
}

function fillConstant(mapping: Mapping, { field, path, value, reference }: Constant, filled: ConvertedRecord) {
  if (reference) refer(mapping, reference, field, value as string, String(value), null, filled)
  else assign(filled.input, path, Array.isArray(value) ? [...value] : value)
}

function refer(
  mapping: Mapping,
  reference: Reference,
  field: string,
  value: string | number | boolean,
  label: string,
  column: string | null,
  filled: ConvertedRecord,
) {
  const { type, by, where, create } = reference
  filled.references.push({ field, type, by, where, create, value, label, column, deferred: type === mapping.type })
}

/** Sets a value at a path. The names of the path are checked when the mapping is read, so none of them reaches a prototype. */
export function assign(input: Record<string, unknown>, path: string[], value: unknown) {
  let holder = input
  for (let i = 0; i < path.length - 1; i++) {
    const inner = holder[path[i]!] ?? {}
    holder[path[i]!] = inner
    holder = inner as Record<string, unknown>
  }
  holder[path[path.length - 1]!] = value
}

/** What is wrong with a text, before it is known where the text stands. */
class Problem {
  readonly code: (typeof CONVERT_CODES)[number]
  readonly message: string
  readonly value: string | null

  constructor(code: (typeof CONVERT_CODES)[number], message: string, value: string | null) {
    this.code = code
    this.message = message
    this.value = value
  }

  at({ line }: CsvRow, column: string): CsvProblem {
    const { code, message, value } = this
    return { line, column, code, message, value: value === null ? null : shown(value) }
  }
}

// What an export put an apostrophe before, so that no spreadsheet takes it for a formula; see export/format.ts.
const ESCAPED = /^'+[=+\-@\t\r\n＝＋－＠]/

/** The text of a cell, trimmed and corrected; empty where it means nothing. */
function cellText(mapping: Mapping, row: CsvRow, column: string): string {
  const cell = row.values[column]!
  const text = (ESCAPED.test(cell) ? cell.slice(1) : cell).trim()
  const corrected = mapping.replace.get(column)?.get(text)
  if (corrected === null) return ''
  const meant = corrected ?? text
  return mapping.blank.has(meant) ? '' : meant
}

/** The text of a template; empty where all of its columns are. Spaces that an empty column leaves are drawn together. */
function templateText(mapping: Mapping, row: CsvRow, template: TemplatePart[]): string {
  let blank = true
  let gaps = false
  let text = ''
  for (const part of template) {
    if (typeof part === 'string') {
      text += part
      continue
    }
    const cell = part.filters.reduce(filtered, cellText(mapping, row, part.column))
    if (cell === '') gaps = true
    else blank = false
    text += cell === '' ? part.fallback : cell
  }
  if (blank) return ''
  return gaps ? text.replace(/ {2,}/g, ' ').trim() : text
}

function filtered(text: string, filter: Filter): string {
  if (filter === 'lower') return text.toLowerCase()
  if (filter === 'upper') return text.toUpperCase()
  const plain = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  return plain.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '')
}

/** The value that a target gets from a text; undefined: the field is left out, null: it is cleared. */
function meant(mapping: Mapping, target: Target, text: string, row: CsvRow): unknown {
  let value: Scalar = target.blank.has(text) ? '' : text
  if (value !== '' && target.split !== null) return items(target, value, target.split)
  if (value !== '') {
    const mapped = mappedText(target, value)
    if (mapped instanceof Problem) return mapped
    value = mapped
  }
  if (value === '' || value === null) {
    if (target.default !== undefined) value = target.default
    else if (target.required) return required(target)
    else return target.clear ? null : undefined
  }
  if (typeof value !== 'string') return value
  return converted(mapping, target, value, row)
}

function required({ field }: Target): Problem {
  return new Problem('REQUIRED', `The field "${field}" must have a value.`, null)
}

function items(target: Target, text: string, sign: string): unknown {
  const list: unknown[] = []
  for (const piece of text.split(sign)) {
    const item = piece.trim()
    if (item === '' || target.blank.has(item)) continue
    const mapped = mappedText(target, item)
    if (mapped instanceof Problem) return mapped
    if (mapped !== null) list.push(mapped)
  }
  return list.length === 0 && target.required ? required(target) : list
}

/** A text after `map` and `case`; null where the map says that nothing is meant. */
function mappedText(target: Target, text: string): Scalar | Problem {
  let value: Scalar = text
  if (target.map) {
    const found = target.map.get(text) ?? (target.map.has(text) ? null : target.mapDefault)
    if (found === undefined) {
      return new Problem(
        'VALUE_NOT_MAPPED',
        `The mapping does not say what this value of the column means for "${target.field}".`,
        text,
      )
    }
    value = found
  }
  if (typeof value !== 'string' || target.case === null) return value
  return target.case === 'upper' ? value.toUpperCase() : value.toLowerCase()
}

function converted(mapping: Mapping, target: Target, text: string, row: CsvRow): unknown {
  const { conversion } = target
  switch (conversion.kind) {
    case 'text':
    case 'reference':
      return text
    case 'date':
      return dateValue(text, conversion.date)
    case 'boolean':
      return conversion.values.get(text) ?? booleanProblem(text, conversion.values)
    case 'number':
      return numberValue(text, conversion.number, conversion.integer)
    case 'money': {
      const { number, currency, currencyColumn } = conversion
      const named = currencyColumn === null ? '' : cellText(mapping, row, currencyColumn)
      return moneyValue(text, number, named || currency)
    }
  }
}

function booleanProblem(text: string, values: Map<string, boolean>): Problem {
  const known = [...values.keys()].map((word) => `"${word}"`).join(', ')
  return new Problem('INVALID_BOOLEAN', `The value is none of ${known}.`, text)
}

/** Parsers by format, and the dates that a format has met: a file repeats its days, and Luxon is slow. */
const dates = new WeakMap<
  DateFormat,
  { parser: ReturnType<typeof DateTime.buildFormatParser>; seen: Map<string, string | null> }
>()
const DATES_KEPT = 5000

function dateValue(text: string, date: DateFormat): string | Problem {
  let known = dates.get(date)
  if (!known) {
    known = { parser: DateTime.buildFormatParser(date.format, { locale: date.locale }), seen: new Map() }
    dates.set(date, known)
  }
  let value = known.seen.get(text)
  if (value === undefined) {
    const at = DateTime.fromFormatParser(text, known.parser, { zone: date.zone, locale: date.locale })
    value = at.isValid ? (date.time ? at.toUTC().toISO() : at.toISODate()) : null
    if (known.seen.size >= DATES_KEPT) known.seen.clear()
    known.seen.set(text, value)
  }
  return value ?? new Problem('INVALID_DATE', `The value is no date in the form ${date.format}.`, text)
}

/** A decimal number: `digits` divided by ten to the power of `scale`. */
interface Decimal {
  digits: bigint
  scale: number
}

function numberValue(text: string, format: NumberFormat, integer: boolean): string | number | Problem {
  const number = decimalOf(text, format)
  if (!number) return new Problem('INVALID_NUMBER', `The value is no number ${written(format)}.`, text)
  if (!integer) return decimalText(number)
  const whole = number.scale === 0 ? Number(number.digits) : Number.NaN
  return Number.isSafeInteger(whole) ? whole : new Problem('INVALID_NUMBER', 'The value is no whole number.', text)
}

function moneyValue(
  text: string,
  format: NumberFormat,
  currency: string | null,
): { amount: string; currency: string } | Problem {
  if (currency === null || !/^[A-Z]{3}$/.test(currency)) {
    return new Problem(
      'INVALID_CURRENCY',
      'The currency of the amount is not given as three capitals, such as USD.',
      currency,
    )
  }
  const number = decimalOf(text, format)
  if (!number) return new Problem('INVALID_MONEY', `The value is no amount ${written(format)}.`, text)
  if (number.scale > MONEY_SCALE) {
    return new Problem(
      'INVALID_MONEY',
      `The amount has more than ${MONEY_SCALE} decimals; "scale" in the mapping rounds it.`,
      text,
    )
  }
  const limit = MONEY_LIMIT * 10n ** BigInt(number.scale)
  if (number.digits > limit || number.digits < -limit)
    return new Problem('INVALID_MONEY', 'The amount is too large.', text)
  return { amount: decimalText(number), currency }
}

function written({ decimal, group }: NumberFormat): string {
  const sign = group === null ? 'no sign between thousands' : `"${group}" between thousands`
  return `written with "${decimal}" before decimals and ${sign}`
}

/** Most digits of a number, so that a long cell does not become a long calculation. */
const DIGITS = 30

function decimalOf(text: string, { decimal, group, symbol, multiply, scale }: NumberFormat): Decimal | null {
  let plain = text
  if (symbol !== null && plain.includes(symbol)) plain = plain.replace(symbol, '').replace(/^([+-]?) +| +$/g, '$1')
  if (group !== null) plain = ungrouped(plain, group, decimal)
  if (decimal === ',') {
    if (plain.includes('.')) return null
    plain = plain.replace(',', '.')
  }
  if (plain.length > DIGITS || !/^[+-]?\d+(\.\d+)?$/.test(plain)) return null
  let number = decimalFrom(plain)
  if (multiply !== null) number = times(number, decimalFrom(multiply))
  return scale === null ? number : rounded(number, scale)
}

/** Takes out the signs between thousands; a text in which they stand anywhere else is not changed and so is no number. */
function ungrouped(text: string, group: string, decimal: string): string {
  if (!text.includes(group)) return text
  const [whole = '', ...rest] = text.split(decimal)
  const [first = '', ...more] = whole.split(group)
  const sound = /^[+-]?\d{1,3}$/.test(first) && more.every((part) => /^\d{3}$/.test(part))
  return sound ? [first + more.join(''), ...rest].join(decimal) : text
}

function decimalFrom(plain: string): Decimal {
  const point = plain.indexOf('.')
  if (point < 0) return { digits: BigInt(plain), scale: 0 }
  return { digits: BigInt(plain.slice(0, point) + plain.slice(point + 1)), scale: plain.length - point - 1 }
}

/** The exact product; zeros that the factor leaves at the end are dropped. */
function times(a: Decimal, b: Decimal): Decimal {
  let digits = a.digits * b.digits
  let scale = a.scale + b.scale
  while (scale > 0 && digits % 10n === 0n) {
    digits /= 10n
    scale--
  }
  return { digits, scale }
}

function rounded({ digits, scale }: Decimal, to: number): Decimal {
  if (scale <= to) return { digits, scale }
  const unit = 10n ** BigInt(scale - to)
  const half = digits < 0n ? -unit / 2n : unit / 2n
  return { digits: (digits + half) / unit, scale: to }
}

function decimalText({ digits, scale }: Decimal): string {
  if (scale === 0) return digits.toString()
  const sign = digits < 0n ? '-' : ''
  const text = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, '0')
  return `${sign}${text.slice(0, -scale)}.${text.slice(-scale)}`
}

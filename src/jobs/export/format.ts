import { CUSTOM, customName } from '../../read/custom.ts'
import type { Money, Row } from '../../read/finish.ts'
import type { Field, Kind, Shape } from '../../read/recordType.ts'
import { ANY, idOf } from '../../read/values.ts'

export const FORMATS = ['csv', 'jsonl'] as const
export type Format = (typeof FORMATS)[number]

/** Writes records as the text of a file. */
export interface Writer {
  /** What stands before the first record. */
  head: string
  /** The lines of some records, each with its line end. */
  lines(rows: Row[]): string
  /** What stands behind the last record of a complete file. */
  tail(count: number): string
}

/**
 * JSON Lines: an object per record with the values of the API, references as ids under the name of their field, custom fields inside of customFields, and `{"end":{"count":…}}` as the last
 * line: a file without it is not complete.
 */
export function jsonlWriter(fields: Field[]): Writer {
  return {
    head: '',
    lines: (rows) => rows.map((row) => `${JSON.stringify(recordOf(row, fields))}\n`).join(''),
    tail: (count) => `${JSON.stringify({ end: { count } })}\n`,
  }
}

function recordOf(row: Row, fields: Field[]): Record<string, unknown> {
  const record: Record<string, unknown> = {}
  for (const field of fields) {
    const custom = customName(field.name)
    if (custom === null) record[field.name] = apiValue(row, field)
    else record[CUSTOM] = { ...(record[CUSTOM] as object | undefined), [custom]: apiValue(row, field) }
  }
  return record
}

/**
 * CSV as RFC 4180 has it: UTF-8, commas, lines that end in CRLF, a header line first. Money has a column for the amount and one for the currency, an object
 * one for each of its members (`billingAddress.city`); lists are JSON. What a spreadsheet would take for a formula stands behind an apostrophe.
 *
 * @param bom begin with a byte order mark, by which Excel knows UTF-8.
 */
export function csvWriter(fields: Field[], { bom = false }: { bom?: boolean } = {}): Writer {
  const columns = fields.flatMap(columnsOf)
  const line = (cells: string[]) => `${cells.join(',')}\r\n`
  return {
    head: `${bom ? '\uFEFF' : ''}${line(columns.map(({ name }) => cell(name, 'text')))}`,
    lines: (rows) => rows.map((row) => line(columns.map(({ kind, read }) => cell(read(row), kind)))).join(''),
    tail: () => '',
  }
}

interface CsvColumn {
  name: string
  kind: Kind
  read(row: Row): unknown
}

function columnsOf(field: Field): CsvColumn[] {
  const { name, kind } = field
  const part = (member: string, partKind: Kind): CsvColumn => ({
    name: `${name}.${member}`,
    kind: partKind,
    read: (row) => (apiValue(row, field) as Record<string, unknown> | null)?.[member],
  })
  if (kind === 'money') return [part('amount', 'decimal'), part('currency', 'currency')]
  if (kind === 'object' && field.shape)
    return Object.entries(field.shape.members).map(([member, one]) => part(member, one.kind))
  return [{ name, kind, read: (row) => apiValue(row, field) }]
}

const NUMBERS: ReadonlySet<Kind> = new Set(['int', 'decimal', 'money'])

// What spreadsheets begin a formula with, in full width too (OWASP, CSV injection). Apostrophes in front are counted in: taking off one gives back the value.
const FORMULA = /^'*[=+\-@\t\r\n＝＋－＠]/

/** A value as a cell of CSV: numbers as they are, so that a negative one stays a number; what a spreadsheet would take for a formula behind an apostrophe. */
export function cell(value: unknown, kind: Kind): string {
  if (value === null || value === undefined) return ''
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  if (NUMBERS.has(kind) && /^-?\d+(\.\d+)?$/.test(text)) return text
  const plain = FORMULA.test(text) ? `'${text}` : text
  return /[",;\t\r\n]|^\s|\s$/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}

/** The value of a field in a row of the read engine, as the API writes it. */
function apiValue(row: Row, field: Field): unknown {
  const custom = customName(field.name)
  // As the API writes them already; see read/finish.ts.
  if (custom !== null) return (row[CUSTOM] as Record<string, unknown> | null | undefined)?.[custom] ?? null
  if (field.target === ANY) return row['~id'] ? idOf(row['~type'] as string, row['~id'] as string) : null
  if (field.relation) return (row[`@${field.relation}`] as Row | null | undefined)?.id ?? null
  const value = row[field.name] ?? null
  if (value === null) return null
  switch (field.kind) {
    case 'datetime':
      // PostgreSQL's JSON writes +00:00 and drops zeros.
      return new Date(value as string).toISOString()
    case 'money': {
      const { amount, currency } = value as Money
      return { amount, currency }
    }
    case 'object':
      return membersOf(value as Record<string, unknown>, field.shape as Shape)
    case 'objects':
      return (value as Record<string, unknown>[]).map((one) => membersOf(one, field.shape as Shape))
    default:
      return value
  }
}

function membersOf(value: Record<string, unknown>, { members }: Shape): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members).map(([name, { kind }]) => {
      const member = value[name] ?? null
      return [name, kind === 'decimal' && member !== null ? String(member) : member]
    }),
  )
}

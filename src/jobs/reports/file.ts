import type { Kind } from '../../read/recordType.ts'
import type { Cell } from '../../resolvers/reports/compile.ts'
import type { Result } from '../../resolvers/reports/run.ts'
import { cell } from '../export/format.ts'

/** A report with its figures, or with the code of the error that stands in their place. */
export interface Part {
  name: string
  result: Result | null
  error: string | null
}

export const REPORT_FORMATS = ['CSV', 'JSON', 'HTML'] as const
export type ReportFormat = (typeof REPORT_FORMATS)[number]

const KINDS: Record<string, Kind> = { INTEGER: 'int', DECIMAL: 'decimal', BOOLEAN: 'boolean' }

/** Columns of the table: an amount has one for itself and one for its currency, a record one for its id and one for its name. */
function flat({ columns }: Result): { name: string; kind: Kind; read(values: Cell[]): unknown }[] {
  return columns.flatMap(({ label, type }, at) => {
    const part = (member: string, kind: Kind) => ({
      name: `${label}.${member}`,
      kind,
      read: (values: Cell[]) => (values[at] as Record<string, unknown> | null)?.[member],
    })
    if (type === 'MONEY') return [part('amount', 'decimal'), part('currency', 'currency')]
    if (type === 'RECORD') return [part('id', 'text'), part('name', 'text')]
    return [{ name: label, kind: KINDS[type] ?? 'text', read: (values: Cell[]) => values[at] }]
  })
}

function csvOf({ result, error }: Part): string {
  if (!result) return `${cell(error, 'text')}\r\n`
  const columns = flat(result)
  const line = (cells: string[]) => `${cells.join(',')}\r\n`
  return [
    line(columns.map(({ name }) => cell(name, 'text'))),
    ...result.rows.map(({ values }) => line(columns.map(({ read, kind }) => cell(read(values), kind)))),
  ].join('')
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escaped = (text: string) => text.replace(/[&<>"']/g, (one) => ENTITIES[one] as string)

/** What people read in a cell. */
function shown(value: Cell): string {
  if (value === null || value === undefined) return ''
  if (typeof value !== 'object') return String(value)
  const { amount, currency, name, id } = value as Record<string, string | null>
  return amount === undefined ? (name ?? id ?? '') : `${amount} ${currency ?? ''}`
}

function htmlOf({ name, result, error }: Part): string {
  const head = `<h2>${escaped(name)}</h2>`
  if (!result) return `${head}<p>${escaped(error ?? '')}</p>`
  const row = (tag: string, cells: string[]) =>
    `<tr>${cells.map((one) => `<${tag}>${escaped(one)}</${tag}>`).join('')}</tr>`
  const totals = result.totals.map(({ values }) => row('th', values.map(shown)))
  const rows = result.rows.map(({ values }) => row('td', values.map(shown)))
  return `${head}<table><thead>${row(
    'th',
    result.columns.map(({ label }) => label),
  )}</thead><tbody>${rows.join('')}</tbody><tfoot>${totals.join('')}</tfoot></table>${result.truncated ? '<p>…</p>' : ''}`
}

const STYLE =
  'body{font:14px sans-serif;margin:2em}table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.3em .6em;text-align:left}'

/**
 * The file of reports: a table each as CSV (several with their names above them and an empty line between them) or on a page, or the answers of runReport as JSON. Cells of CSV are
 * escaped as those of exports are.
 */
export function reportFile(format: ReportFormat, title: string, parts: Part[]): string {
  if (format === 'JSON') return `${JSON.stringify(parts.length === 1 ? parts[0] : { name: title, reports: parts })}\n`
  if (format === 'CSV')
    return parts.length === 1
      ? csvOf(parts[0] as Part)
      : parts.map((part) => `${cell(part.name, 'text')}\r\n${csvOf(part)}`).join('\r\n')
  return `<!doctype html><html><head><meta charset="utf-8"><title>${escaped(title)}</title><style>${STYLE}</style></head><body><h1>${escaped(title)}</h1>${parts.map(htmlOf).join('')}</body></html>`
}

import type { UserErrorInfo } from '../../../errors.ts'
import { type CsvProblem, type CsvRow, shown } from '../csv.ts'
import type { RecordMapping } from '../mapping.ts'

/** Codes of the problems that writing finds besides the API's own ErrorCode. */
export const WRITE_CODES = ['REFERENCE_NOT_FOUND', 'AMBIGUOUS_REFERENCE', 'LINE_REFUSED'] as const

/**
 * An error of the writers as a problem of the row: the path into the input led back to the column that fed the field.
 *
 * @param error `field` begins with the name of the field.
 * @param owner What the message is about, where that is not the row's own record.
 */
export function problemOf(
  row: CsvRow,
  mapping: RecordMapping,
  { code, message, field }: UserErrorInfo,
  owner?: string,
): CsvProblem {
  const column = field ? columnOf(mapping, field) : null
  const value = column === null ? null : (row.values[column] ?? null)
  return {
    line: row.line,
    column,
    code,
    message: owner ? `${owner}: ${message}` : message,
    value: value === null ? null : shown(value),
  }
}

/** The column behind a path: of the targets on the way to it, or inside of it, the one that shares most of it. */
function columnOf(mapping: RecordMapping, path: string[]): string | null {
  let best: { column: string; shared: number } | null = null
  for (const target of mapping.targets) {
    const shared = target.path.findIndex((name, index) => name !== path[index])
    const length = shared === -1 ? target.path.length : shared
    const related = length === target.path.length || length === path.length
    if (length > 0 && related && length > (best?.shared ?? 0)) best = { column: target.column, shared: length }
  }
  return best?.column ?? null
}

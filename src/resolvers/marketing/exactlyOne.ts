import { refuse } from '../checks.ts'
import type { Change } from '../write.ts'

/** Adds VALIDATION_FAILED, rule exactlyOne, to a new record that names none, or several, of the records that it may be about. */
export function checkExactlyOne(change: Change, fields: readonly [string, ...string[]]): void {
  if (change.before) return
  const named = fields.filter((name) => change.values[name] != null)
  if (named.length === 1) return
  refuse(change, named[1] ?? fields[0], 'exactlyOne', `must be given, or another of ${fields.join(', ')}, and only one`)
}

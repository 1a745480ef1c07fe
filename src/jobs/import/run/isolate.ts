import { type UserErrorInfo, UserErrors } from '../../../errors.ts'
import type { Writer } from '../../../tenancy/tenancy.ts'

/** SQLSTATEs by which the database refuses values: data exceptions, broken constraints, a key too long for an index, a trigger's veto. */
const REFUSED = /^(22...|23...|54000|P0001)$/

/**
 * Writes items together, and in halves when that fails because of a value that only the database (or a rule as a whole) refuses, down to the
 * items that are to blame: one bad row never costs the others.
 *
 * @param work Is undone when it throws; runs inside a savepoint.
 * @param blame Hears of an item that cannot be written alone either.
 */
export async function isolate<T>(
  db: Writer,
  items: T[],
  work: (items: T[]) => Promise<void>,
  blame: (item: T, errors: UserErrorInfo[]) => void,
): Promise<void> {
  if (items.length === 0) return
  try {
    await db.savepoint(() => work(items))
  } catch (error) {
    const errors = refusal(error)
    if (!errors) throw error
    if (items.length === 1) return blame(items[0] as T, errors)
    const half = items.length >> 1
    await isolate(db, items.slice(0, half), work, blame)
    await isolate(db, items.slice(half), work, blame)
  }
}

/** What a failure says against the rows; null when it is not their fault. */
function refusal(error: unknown): UserErrorInfo[] | null {
  if (error instanceof UserErrors) return error.errors
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined
  if (typeof code !== 'string' || !REFUSED.test(code)) return null
  return [
    { code: 'VALIDATION_FAILED', message: 'The database cannot hold the values of this row together.', field: null },
  ]
}

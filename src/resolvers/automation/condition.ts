import type { Viewer } from '../../context.ts'
import { type UserErrorInfo, UserErrors } from '../../errors.ts'
import type { RecordType } from '../../read/recordType.ts'
import { amongQuery, coerceFilter, type Filter, type FilterProblem, filterProblems } from '../../read/storedFilter.ts'
import type { Reader } from '../../tenancy/tenancy.ts'

/** A stored condition as the read engine takes it. @throws UserErrors VALIDATION_FAILED for one that the API does not take any more. */
export function filterOf(type: RecordType, condition: unknown): Filter {
  const read = coerceFilter(type, condition ?? {})
  if ('ok' in read) return read.ok
  throw new UserErrors(
    read.problems.map(
      ({ path, message }): UserErrorInfo => ({
        code: 'VALIDATION_FAILED',
        message: `The condition does not fit the records any more: ${message}`,
        field: ['condition', ...path],
      }),
    ),
  )
}

/**
 * Those of the records, by uuid, that a viewer sees and a condition finds for them; one statement.
 *
 * @throws UserErrors or a RequestError for a condition that the API does not take from them: a field that is gone, or hidden from them.
 */
export async function fitting(
  db: Reader,
  { tenantId, access }: Viewer,
  type: RecordType,
  condition: unknown,
  ids: string[],
  state: 'live' | 'deleted' = 'live',
): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  access.requireRead(type, [])
  const rows = await db.rows<{ id: string }>(
    amongQuery(type, filterOf(type, condition), { tenantId, access }, ids, state),
  )
  return new Set(rows.map(({ id }) => id))
}

/** What is wrong with a condition for somebody. */
export function conditionProblems(
  type: RecordType,
  condition: unknown,
  asker: Pick<Viewer, 'tenantId' | 'access'>,
): FilterProblem[] {
  const read = coerceFilter(type, condition)
  return 'problems' in read ? read.problems : filterProblems(type, read.ok, asker)
}

import { EVERYTHING } from '../../../access/access.ts'
import { recordType } from '../../../read/recordType.ts'
import { coerceFilter, filterProblems } from '../../../read/storedFilter.ts'
import { refuse, refuseAs } from '../../checks.ts'
import { after, type Change, type WriteContext } from '../../write.ts'
import { type Seat, seatsIn } from '../pool/seat.ts'

/** What a rule gives out, as it calls it → the name of the record type. */
export const ASSIGNED: Readonly<Record<string, string>> = { LEAD: 'Lead', ACCOUNT: 'Account' }

/**
 * Rule of assignment rules: the condition is a `where` of the list of what it gives out; one of the strategy POOL names an enabled pool of its object. Errors: VALIDATION_FAILED, NO_POOL_FOR_RECORD, POOL_DISABLED.
 */
export async function writeAssignmentRule(changes: Change[], context: WriteContext): Promise<void> {
  const { tenantId } = context.viewer
  for (const change of changes) {
    const { values } = change
    const object = ASSIGNED[after(change, 'object') as string]
    if (!object || values.condition == null) continue
    const type = recordType(object)
    const read = coerceFilter(type, values.condition)
    // Who writes a rule is an administrator, and it is asked of the whole tenant.
    const asker = { tenantId, access: EVERYTHING }
    const problems = 'problems' in read ? read.problems : filterProblems(type, read.ok, asker)
    for (const { path, message } of problems)
      refuse(change, ['condition', ...path], 'filter', `is no filter: ${message}`)
  }
  await checkPools(changes, context)
}

async function checkPools(changes: Change[], context: WriteContext): Promise<void> {
  const about = changes.filter(({ values }) => values.strategy !== undefined || values.poolId !== undefined)
  const ids = about.flatMap((change) => (after(change, 'poolId') as string | null | undefined) ?? [])
  const seats = ids.length > 0 ? await seatsIn(context, ids) : new Map<string, Seat>()
  for (const change of about) {
    const pool = (after(change, 'poolId') as string | null | undefined) ?? null
    if (after(change, 'strategy') !== 'POOL') continue
    if (pool === null) refuse(change, 'poolId', 'required', 'is required for the strategy POOL')
    else {
      // Its absence is told already.
      const seat = seats.get(pool)
      if (seat && seat.object !== after(change, 'object'))
        refuseAs(change, 'NO_POOL_FOR_RECORD', 'poolId', 'The pool holds records of another type.')
      else if (seat && !seat.enabled) refuseAs(change, 'POOL_DISABLED', 'poolId', 'The pool is switched off.')
    }
  }
}

import { EVERYTHING } from '../../../access/access.ts'
import { recordType } from '../../../read/recordType.ts'
import { coerceFilter, filterProblems } from '../../../read/storedFilter.ts'
import { refuse } from '../../checks.ts'
import { after, type Change, type WriteContext } from '../../write.ts'

/** What a rule gives out, as it calls it → the name of the record type. */
export const ASSIGNED: Readonly<Record<string, string>> = { LEAD: 'Lead', ACCOUNT: 'Account' }

/** Rule of assignment rules: the condition is a `where` of the list of what it gives out; what is to go into a pool needs pools. */
export function writeAssignmentRule(changes: Change[], { viewer }: WriteContext): void {
  for (const change of changes) {
    const { values } = change
    // The public pool brings the way from a rule to its pool; until then nothing could be put anywhere.
    if (values.strategy === 'POOL') refuse(change, 'strategy', 'pool', 'cannot be POOL: there are no pools here')
    const object = ASSIGNED[after(change, 'object') as string]
    if (!object || values.condition == null) continue
    const type = recordType(object)
    const read = coerceFilter(type, values.condition)
    // Who writes a rule is an administrator, and it is asked of the whole tenant.
    const asker = { tenantId: viewer.tenantId, access: EVERYTHING }
    const problems = 'problems' in read ? read.problems : filterProblems(type, read.ok, asker)
    for (const { path, message } of problems)
      refuse(change, ['condition', ...path], 'filter', `is no filter: ${message}`)
  }
}

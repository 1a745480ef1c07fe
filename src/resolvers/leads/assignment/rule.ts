import { recordType } from '../../../read/recordType.ts'
import { refuse } from '../../checks.ts'
import { after, type Change } from '../../write.ts'
import { readCondition } from './condition.ts'

/** What a rule gives out, as it calls it → the name of the record type. */
export const ASSIGNED: Readonly<Record<string, string>> = { LEAD: 'Lead', ACCOUNT: 'Account' }

/** Rule of assignment rules: the condition is a `where` of the list of what it gives out; what is to go into a pool needs pools. */
export function writeAssignmentRule(changes: Change[]): void {
  for (const change of changes) {
    const { values } = change
    // The public pool brings the way from a rule to its pool; until then nothing could be put anywhere.
    if (values.strategy === 'POOL') refuse(change, 'strategy', 'pool', 'cannot be POOL: there are no pools here')
    const object = ASSIGNED[after(change, 'object') as string]
    if (!object || typeof values.condition !== 'string') continue
    const read = readCondition(recordType(object), values.condition)
    if (!('filter' in read)) refuse(change, ['condition', ...read.path], 'filter', read.message)
  }
}

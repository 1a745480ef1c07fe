import { refuse } from '../checks.ts'
import { after, type Change } from '../write.ts'

/** Rule of relations between companies: nobody stands to themselves. That two are related in one way once, a unique index holds. */
export function writeAccountRelation(changes: Change[]): void {
  for (const change of changes) {
    if (after(change, 'sourceId') === after(change, 'targetId'))
      refuse(change, 'targetId', 'other', 'must be another company than the source')
  }
}

import type { Change } from '../write.ts'
import { checkExactlyOne } from './exactlyOne.ts'

/** Rule of people on lists: a contact or a lead. */
export function writeTargetListMember(changes: Change[]): void {
  for (const change of changes) checkExactlyOne(change, ['contactId', 'leadId'])
}

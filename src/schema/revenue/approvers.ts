import { NO_ID, uuidOf } from '../../read/values.ts'
import type { Any } from '../shared/names.ts'

/** The arguments of a verb that hands a record in for approval. */
export function approverArgs(t: Any): Record<'approverIds' | 'comment', Any> {
  return {
    approverIds: t.arg.idList({ description: 'Users whom the submitter chooses, where the flow leaves it to them.' }),
    comment: t.arg.string({ description: 'What the approvers should know. At most 2000 characters.' }),
  }
}

/** The users whom a submitter chose, by uuid; one that is no id is nobody. */
export const approversOf = ({ approverIds }: { approverIds?: readonly string[] | null }): { approvers: string[] } => ({
  approvers: (approverIds ?? []).map((id) => uuidOf('User', id) ?? NO_ID),
})

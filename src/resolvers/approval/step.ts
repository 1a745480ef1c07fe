/** Who a step asks, and how, as a flow keeps it: ids as clients write them, what was left out filled in. */
export interface Step {
  name: string
  mode: 'ANY' | 'ALL' | 'SEQUENTIAL'
  source: Source
  userIds?: string[]
  roleId?: string
  /** Of NTH_MANAGER, from 1. */
  level?: number
  /** Of FIELD: the field of the record that holds a user. */
  field?: string
  emptyApproverAction: 'AUTO_PASS' | 'ADMIN' | 'FALLBACK_USER' | 'REFUSE'
  fallbackUserId?: string
  sameAsSubmitterAction: 'SKIP' | 'MANAGER' | 'ALLOW'
  duplicateApproverRule: 'FIRST_ONLY' | 'EACH'
  timeoutHours?: number
  timeoutAction: 'ESCALATE' | 'APPROVE' | 'REJECT' | 'REMIND'
  ccUserIds?: string[]
  editableFields?: string[]
  requireComment: boolean
}

/** Where a step finds its approvers. */
export type Source = 'USERS' | 'ROLE' | 'MANAGER' | 'NTH_MANAGER' | 'DEPARTMENT_HEAD' | 'FIELD' | 'INITIATOR_CHOICE'

/** What a step that says nothing else does. */
export const DEFAULTS = {
  mode: 'ANY',
  emptyApproverAction: 'ADMIN',
  sameAsSubmitterAction: 'MANAGER',
  duplicateApproverRule: 'FIRST_ONLY',
  timeoutAction: 'ESCALATE',
  requireComment: false,
} as const satisfies Partial<Step>

/** A task as far as it says whether its step is done. */
export interface Vote {
  status: string
  added: boolean
}

/**
 * Is a step done, by the tasks of its last beginning: one approval is enough for ANY, all count for ALL and SEQUENTIAL. Signers that were added count in every mode.
 */
export function isPassed(mode: Step['mode'], votes: readonly Vote[]): boolean {
  const counting = votes.filter(({ status }) => status !== 'TRANSFERRED')
  const approved = ({ status }: Vote) => status === 'APPROVED'
  const own = counting.filter(({ added }) => !added)
  return (
    counting.filter(({ added }) => added).every(approved) && (mode === 'ANY' ? own.some(approved) : own.every(approved))
  )
}

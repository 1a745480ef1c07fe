/** How an approval stands. */
export type Status = 'PENDING' | 'APPROVED' | 'REJECTED' | 'WITHDRAWN' | 'CANCELLED'

/** What can be done to one; the last three are the clock's and the hand-over's. */
export type Action =
  | 'SUBMIT'
  | 'APPROVE'
  | 'REJECT'
  | 'RETURN'
  | 'ADD_SIGN'
  | 'TRANSFER'
  | 'WITHDRAW'
  | 'CANCEL'
  | 'ESCALATE'
  | 'REMIND'
  | 'REASSIGN'

/** Where each act may lead from where an approval stands (spec/domain.md 3.8); NEW is before it is submitted. What is not here is refused. docs/approval.md draws it. */
export const TRANSITIONS: Readonly<Record<'NEW' | Status, Partial<Record<Action, readonly Status[]>>>> = {
  NEW: { SUBMIT: ['PENDING', 'APPROVED'] },
  PENDING: {
    APPROVE: ['PENDING', 'APPROVED'],
    REJECT: ['REJECTED'],
    RETURN: ['PENDING', 'WITHDRAWN'],
    ADD_SIGN: ['PENDING'],
    TRANSFER: ['PENDING'],
    WITHDRAW: ['WITHDRAWN'],
    CANCEL: ['CANCELLED'],
    ESCALATE: ['PENDING'],
    REMIND: ['PENDING'],
    REASSIGN: ['PENDING'],
  },
  APPROVED: {},
  REJECTED: {},
  WITHDRAWN: {},
  CANCELLED: {},
}

/** May that be done to an approval in that state. */
export const allows = (from: Status, action: Action): boolean => Object.hasOwn(TRANSITIONS[from], action)

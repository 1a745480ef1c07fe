/** A state machine: from each state, the states that may follow. What is drawn in docs/contracts.md. */
export type States<State extends string> = Readonly<Record<State, readonly State[]>>

export type ContractStatus =
  | 'DRAFT'
  | 'IN_APPROVAL'
  | 'APPROVED'
  | 'REJECTED'
  | 'WITHDRAWN'
  | 'EXPIRED'
  | 'TERMINATED'
  | 'VOID'

/** Of contracts (spec/domain.md 3.5). One that was approved is never edited: it ends, or is made void. */
export const CONTRACT_STATES: States<ContractStatus> = {
  DRAFT: ['IN_APPROVAL', 'VOID'],
  IN_APPROVAL: ['APPROVED', 'REJECTED', 'WITHDRAWN'],
  APPROVED: ['EXPIRED', 'TERMINATED', 'VOID'],
  REJECTED: ['IN_APPROVAL', 'VOID'],
  WITHDRAWN: ['IN_APPROVAL', 'VOID'],
  EXPIRED: ['TERMINATED', 'VOID'],
  TERMINATED: ['VOID'],
  VOID: [],
}

export type PlanStatus = 'NOT_EFFECTIVE' | 'PENDING' | 'PARTIAL' | 'DONE' | 'OVERDUE' | 'VOID'

/** Of receipt plans. All but VOID follow from the contract, what was received and the day: see settle.ts. */
export const PLAN_STATES: States<PlanStatus> = {
  NOT_EFFECTIVE: ['PENDING', 'OVERDUE', 'VOID'],
  PENDING: ['PARTIAL', 'DONE', 'OVERDUE', 'VOID'],
  PARTIAL: ['PENDING', 'DONE', 'OVERDUE'],
  DONE: ['PENDING', 'PARTIAL', 'OVERDUE'],
  OVERDUE: ['PENDING', 'PARTIAL', 'DONE', 'VOID'],
  VOID: [],
}

export type ReceiptStatus = 'DRAFT' | 'IN_APPROVAL' | 'CONFIRMED' | 'REJECTED' | 'REVERSED'

/** Of receipts. One that was withdrawn from its approval is a draft again; a confirmed one is never edited, only reversed. */
export const RECEIPT_STATES: States<ReceiptStatus> = {
  DRAFT: ['IN_APPROVAL', 'CONFIRMED'],
  IN_APPROVAL: ['CONFIRMED', 'REJECTED', 'DRAFT'],
  CONFIRMED: ['REVERSED'],
  REJECTED: ['IN_APPROVAL', 'CONFIRMED'],
  REVERSED: [],
}

/** The states from which another can be reached in one step. */
export function before<State extends string>(states: States<State>, to: State): State[] {
  return (Object.keys(states) as State[]).filter((from) => states[from].includes(to))
}

/** Contracts that are being worked on: clients may write them. */
export const EDITABLE: readonly string[] = ['DRAFT', 'REJECTED', 'WITHDRAWN']
/** Contracts that were approved and stand: money may come in for them, also when they are over. */
export const PAYABLE: readonly string[] = ['APPROVED', 'EXPIRED', 'TERMINATED']
/** Contracts that an account cannot be deleted with. */
export const OPEN = ['DRAFT', 'IN_APPROVAL', 'APPROVED', 'REJECTED', 'WITHDRAWN'] as const
/** Receipts whose amounts count; one that was reversed does, with its counter-entry, which is less than 0. */
export const COUNTING: readonly string[] = ['CONFIRMED', 'REVERSED']

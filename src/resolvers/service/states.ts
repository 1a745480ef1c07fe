import type { States } from '../revenue/states.ts'

export type CaseStatus =
  | 'NEW'
  | 'ASSIGNED'
  | 'IN_PROGRESS'
  | 'WAITING_CUSTOMER'
  | 'WAITING_INTERNAL'
  | 'RESOLVED'
  | 'CLOSED'
  | 'REOPENED'
  | 'DUPLICATE'

/** Of cases (spec/domain.md 3.7): from each status those that may follow. Nothing else changes a status. docs/service.md draws it. */
export const CASE_STATES: States<CaseStatus> = {
  NEW: ['ASSIGNED', 'IN_PROGRESS', 'WAITING_CUSTOMER', 'WAITING_INTERNAL', 'RESOLVED', 'CLOSED', 'DUPLICATE'],
  ASSIGNED: ['NEW', 'IN_PROGRESS', 'WAITING_CUSTOMER', 'WAITING_INTERNAL', 'RESOLVED', 'CLOSED', 'DUPLICATE'],
  IN_PROGRESS: ['ASSIGNED', 'WAITING_CUSTOMER', 'WAITING_INTERNAL', 'RESOLVED', 'CLOSED', 'DUPLICATE'],
  WAITING_CUSTOMER: ['ASSIGNED', 'IN_PROGRESS', 'WAITING_INTERNAL', 'RESOLVED', 'CLOSED', 'DUPLICATE'],
  WAITING_INTERNAL: ['ASSIGNED', 'IN_PROGRESS', 'WAITING_CUSTOMER', 'RESOLVED', 'CLOSED', 'DUPLICATE'],
  RESOLVED: ['CLOSED', 'REOPENED'],
  CLOSED: ['REOPENED'],
  REOPENED: ['ASSIGNED', 'IN_PROGRESS', 'WAITING_CUSTOMER', 'WAITING_INTERNAL', 'RESOLVED', 'CLOSED', 'DUPLICATE'],
  DUPLICATE: [],
}

/** Statuses in which nothing is left to be done. */
export const ENDED: readonly string[] = ['RESOLVED', 'CLOSED', 'DUPLICATE']
/** Statuses in which somebody works on a case, or should. */
export const OPEN = ['NEW', 'ASSIGNED', 'IN_PROGRESS', 'WAITING_CUSTOMER', 'WAITING_INTERNAL', 'REOPENED'] as const
/** Priorities, the least first. */
export const PRIORITIES = ['LOW', 'NORMAL', 'HIGH', 'URGENT'] as const

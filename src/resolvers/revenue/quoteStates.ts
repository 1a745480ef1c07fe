import type { States } from './states.ts'

export type QuoteStatus =
  | 'DRAFT'
  | 'IN_APPROVAL'
  | 'APPROVED'
  | 'REJECTED'
  | 'SENT'
  | 'ACCEPTED'
  | 'DECLINED'
  | 'EXPIRED'
  | 'VOID'

/** Of quotes (spec/domain.md 3.5). A revision makes the one before it VOID. What was withdrawn from its approval is a draft again. */
export const QUOTE_STATES: States<QuoteStatus> = {
  DRAFT: ['IN_APPROVAL', 'APPROVED', 'SENT', 'VOID'],
  IN_APPROVAL: ['APPROVED', 'REJECTED', 'DRAFT'],
  APPROVED: ['SENT', 'ACCEPTED', 'DECLINED', 'EXPIRED', 'VOID'],
  REJECTED: ['IN_APPROVAL', 'APPROVED', 'VOID'],
  SENT: ['ACCEPTED', 'DECLINED', 'EXPIRED', 'VOID'],
  ACCEPTED: [],
  DECLINED: ['VOID'],
  EXPIRED: ['VOID'],
  VOID: [],
}

export type OrderStatus =
  | 'DRAFT'
  | 'IN_APPROVAL'
  | 'ACTIVATED'
  | 'PARTIALLY_FULFILLED'
  | 'FULFILLED'
  | 'CANCELLED'
  | 'CLOSED'

/** Of orders. An order goes through an approval on its way to ACTIVATED where the company has a flow for orders. */
export const ORDER_STATES: States<OrderStatus> = {
  DRAFT: ['IN_APPROVAL', 'ACTIVATED', 'CANCELLED'],
  IN_APPROVAL: ['ACTIVATED', 'DRAFT'],
  ACTIVATED: ['PARTIALLY_FULFILLED', 'FULFILLED', 'CANCELLED'],
  PARTIALLY_FULFILLED: ['FULFILLED', 'CLOSED'],
  FULFILLED: ['CLOSED'],
  CANCELLED: [],
  CLOSED: [],
}

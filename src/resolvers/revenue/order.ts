import { changedFields, refuseAs, todayIn } from '../checks.ts'
import { numbered } from '../platform/numbers.ts'
import { type Frozen, type LineKind, lineRules } from '../sales/lines.ts'
import { type Change, idPath, type Rules, rulesTogether } from '../write.ts'
import { checkCurrency } from './quote.ts'
import { recalculateTotals, type Summed, shipTotal } from './totals.ts'

/** What is not about what was ordered, and may be written until the order is over. */
const ASIDE = ['ownerId', 'contactId', 'customerReference', 'description', 'externalSource', 'externalId']
/** Where it goes may still change while something is to be delivered. */
const DELIVERY = ['billingAddress', 'shippingAddress']

export const ORDER_SUMS: Summed = { document: 'Order', line: 'OrderLine', column: 'order_id' }

/** Why the lines of an order in that status, and all that is about their price, cannot be written; null when they can. */
export function orderFrozen(status: string): Frozen | null {
  if (status === 'DRAFT') return null
  if (status === 'IN_APPROVAL')
    return { code: 'WITHDRAW_FIRST', message: 'The order waits for its approval; withdraw it first.' }
  if (status === 'CANCELLED' || status === 'CLOSED') return { code: 'INVALID_STATE', message: 'The order is over.' }
  return { code: 'ORDER_ACTIVATED', message: 'The order is activated: its lines and prices stay.' }
}

/** Orders and their lines. */
export const orderLines: LineKind = {
  line: 'OrderLine',
  parent: 'Order',
  key: 'orderId',
  bookColumn: 'price_book_id',
  frozen: orderFrozen,
  recalculate: (context, ids) => recalculateTotals(ORDER_SUMS, context, ids),
}

/** Rules of order lines. */
export const orderLineRules = lineRules(orderLines)

const own: Rules = {
  async write(changes, context) {
    for (const change of changes) {
      guard(change)
      shipTotal('Order', change)
      if (!change.before || change.values.orderDate === null)
        change.values.orderDate ??= todayIn(context.viewer.timezone)
    }
    await checkCurrency('OrderLine', 'orderId', changes, context)
  },
  delete(changes) {
    for (const change of changes.filter(({ before }) => before && !before.deletedAt)) {
      const status = change.before?.status as string
      if (status === 'DRAFT') continue
      const stays = orderFrozen(status)
      change.errors.push({
        code: stays?.code === 'ORDER_ACTIVATED' ? 'ORDER_ACTIVATED' : 'INVALID_STATE',
        message: 'Only drafts can be deleted; cancel the order instead.',
        field: idPath(change),
        details: { from: status, allowed: [] },
      })
    }
  },
}

/**
 * Rules of orders: a number by the company's rule; once activated only what is not about what was ordered can be written (ORDER_ACTIVATED), the addresses until
 * it is over (INVALID_STATE); deleted as drafts only. The sums follow lines and shipping.
 */
export const orderRules: Rules = rulesTogether({ write: numbered('ORDER') }, own)

function guard(change: Change): void {
  if (!change.before) return
  const status = change.before.status as string
  const stays = orderFrozen(status)
  if (!stays || status === 'IN_APPROVAL') return
  const open = stays.code === 'ORDER_ACTIVATED' ? [...ASIDE, ...DELIVERY] : ASIDE
  const field = changedFields('Order', change).find((name) => !open.includes(name))
  if (field) refuseAs(change, stays.code, field, stays.message, { from: status })
}

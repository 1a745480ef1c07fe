import { orderLineRules, orderLines } from '../../resolvers/revenue/order.ts'
import { record } from '../record.ts'
import { decimal, one } from '../shared/fields.ts'
import { replaceLinesField } from '../shared/replaceLines.ts'
import { LINE_RELATIONS, lineFields } from './lineFields.ts'

record('OrderLine', {
  plural: 'orderLines',
  prefix: 'orli',
  description:
    'A product in an order, as it was when it came in. A part of the order, whose sums are those of its lines. Stays once the order is activated (ORDER_ACTIVATED).',
  fields: {
    ...lineFields('order'),
    fulfilledQty: decimal('How much of it was delivered; see fulfilOrderLines.', { write: 'never' }),
  },
  relations: {
    order: one('Order', 'orderId', 'The order that it is a part of.', { required: true, write: 'create', part: true }),
    ...LINE_RELATIONS,
  },
  rules: orderLineRules,
})

replaceLinesField(orderLines)

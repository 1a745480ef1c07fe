import { recordType } from '../../read/recordType.ts'
import { mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import type { Written } from '../../resolvers/records.ts'
import {
  activateOrder,
  cancelOrder,
  closeOrder,
  fulfilOrderLines,
  quoteToOrder,
} from '../../resolvers/revenue/orderVerbs.ts'
import type { WriteContext } from '../../resolvers/write.ts'
import { builder } from '../builder.ts'
import { payloadRef } from '../shared/names.ts'

type Ask = Parameters<typeof mutateOne>[0]

/** Runs a verb on one order. */
function run(
  context: Ask['context'],
  info: Ask['info'],
  work: (write: WriteContext) => Promise<Written>,
): Promise<Outcome> {
  return mutateOne({ context, info, type: recordType('Order'), path: ['order'] }, work)
}

const idArg = { required: true, description: 'The order.' } as const
const versionArg = {
  description: 'The version it must still have; otherwise STALE_VERSION. Left out: any.',
} as const

builder.mutationField('quoteToOrder', (t) =>
  t.field({
    type: payloadRef('Order'),
    nullable: false,
    description:
      'Makes an order of an accepted quote: a draft with its lines and prices. A quote has one order that is not cancelled. Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE. Needs Order.create, OrderLine.create and Quote.update.',
    args: {
      quoteId: t.arg.id({ required: true, description: 'The quote.' }),
      orderDate: t.arg({ type: 'Date', description: 'The day of the order; today if left out.' }),
    },
    extensions: { permission: ['Order.create', 'OrderLine.create', 'Quote.update'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => quoteToOrder(write, args)),
  }),
)

builder.mutationField('activateOrder', (t) =>
  t.field({
    type: payloadRef('Order'),
    nullable: false,
    description:
      'Brings an order into force: its lines and prices stay from now on, and it keeps the rate of the day. Errors: NOT_FOUND, INVALID_STATE (also for a draft that an approval flow of the company takes: submitForApproval), VALIDATION_FAILED without lines, CURRENCY_RATE_MISSING. Needs Order.update.',
    args: { id: t.arg.id(idArg), expectedVersion: t.arg.int(versionArg) },
    extensions: { permission: ['Order.update'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => activateOrder(write, args)),
  }),
)

builder.mutationField('cancelOrder', (t) =>
  t.field({
    type: payloadRef('Order'),
    nullable: false,
    description:
      'Takes an order back of which nothing was delivered. Errors: NOT_FOUND, INVALID_STATE, VALIDATION_FAILED. Needs Order.update.',
    args: {
      id: t.arg.id(idArg),
      reason: t.arg.string({ required: true, description: 'Why. At most 2000 characters.' }),
      expectedVersion: t.arg.int(versionArg),
    },
    extensions: { permission: ['Order.update'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => cancelOrder(write, args)),
  }),
)

builder.mutationField('closeOrder', (t) =>
  t.field({
    type: payloadRef('Order'),
    nullable: false,
    description: 'Ends an order: nothing more is delivered. Errors: NOT_FOUND, INVALID_STATE. Needs Order.update.',
    args: { id: t.arg.id(idArg), expectedVersion: t.arg.int(versionArg) },
    extensions: { permission: ['Order.update'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => closeOrder(write, args)),
  }),
)

const Delivery = builder.inputType('OrderDeliveryInput', {
  description: 'What was delivered of a line.',
  fields: (t) => ({
    lineId: t.id({ required: true, description: 'The line, of this order.' }),
    quantity: t.field({
      type: 'Decimal',
      required: true,
      description: 'How much, in addition to what was delivered before; more than 0, at most four decimals.',
    }),
  }),
})

builder.mutationField('fulfilOrderLines', (t) =>
  t.field({
    type: payloadRef('Order'),
    nullable: false,
    description:
      'Notes what was delivered of an order’s lines, 发货: all or nothing. The order becomes PARTIALLY_FULFILLED, or FULFILLED when nothing is left. Errors: NOT_FOUND, INVALID_STATE, OVER_FULFILMENT with ordered and fulfilled, VALIDATION_FAILED. Needs Order.update.',
    args: {
      id: t.arg.id(idArg),
      lines: t.arg({ type: [Delivery], required: true, description: 'The lines, each once; 1 to 200.' }),
      expectedVersion: t.arg.int(versionArg),
    },
    extensions: { permission: ['Order.update'] },
    resolve: (_root, args, context, info) =>
      run(context, info, (write) =>
        fulfilOrderLines(write, {
          ...args,
          lines: args.lines.map((one) => ({ ...one, quantity: String(one.quantity) })),
        }),
      ),
  }),
)

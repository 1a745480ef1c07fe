import { requireRight } from '../../access/decide.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { recordType } from '../../read/recordType.ts'
import { idOf, NO_ID, uuidOf } from '../../read/values.ts'
import { needsApproval } from '../approval/subject.ts'
import { todayIn } from '../checks.ts'
import { copiedCustom } from '../customFields.ts'
import { validationError } from '../normalise.ts'
import { createRecords, type Written } from '../records.ts'
import type { Input, WriteContext } from '../write.ts'
import { ORDER_SUMS } from './order.ts'
import { ORDER_STATES, type OrderStatus } from './quoteStates.ts'
import { at, type Found, lockOne, readReason, refused, wrongState } from './refusals.ts'
import { LINE } from './reviseQuote.ts'
import { activate, standing } from './submitQuote.ts'
import { putDocument, recalculateTotals } from './totals.ts'

/** The record that a verb is about. */
export interface Named {
  id: string
  expectedVersion?: number | null
}

const done = (id: string): Written => ({ id, errors: [], changed: true })

const OVER = { sales_order: 'CANCELLED', contract: 'VOID' } as const

/**
 * The accepted quote that something is to be made of, locked, so that of two who make it one is refused. Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE for a quote
 * that is not accepted, and for one of which that was made and is not over.
 */
export async function acceptedQuote(context: WriteContext, quoteId: string, table: keyof typeof OVER): Promise<Found> {
  const { db, viewer } = context
  const found = await lockOne(context, 'Quote', { id: quoteId }, 'update')
  if ('errors' in found) return { errors: at(found.errors, ['quoteId']) }
  const { status } = found.before
  const wrong = (message: string, details: object): Found => ({
    errors: [{ code: 'INVALID_STATE', message, field: ['quoteId'], details }],
  })
  if (status !== 'ACCEPTED') return wrong('The quote was not accepted.', { from: status, allowed: ['ACCEPTED'] })
  const [other] = await db.rows({
    text: `SELECT id FROM ${table} WHERE tenant_id = $1 AND quote_id = $2 AND status <> '${OVER[table]}' AND deleted_at IS NULL LIMIT 1`,
    values: [viewer.tenantId, found.id],
  })
  return other ? wrong('That was made of the quote already.', { from: status, allowed: [] }) : found
}

/**
 * Makes an order of an accepted quote, a draft with its lines and prices. One quote makes one order that is not cancelled.
 *
 * Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE for a quote that is not accepted or has an order, and all of making an order.
 */
export async function quoteToOrder(
  context: WriteContext,
  { quoteId, orderDate }: { quoteId: string; orderDate?: string | null },
): Promise<Written> {
  const { db, viewer } = context
  requireRight(viewer, 'create', 'Order')
  requireRight(viewer, 'create', 'OrderLine')
  const found = await acceptedQuote(context, quoteId, 'sales_order')
  if ('errors' in found) return refused(...found.errors)
  const { id, before: quote } = found
  const ref = (type: string, uuid: unknown) => (uuid ? idOf(type, uuid as string) : null)
  const input: Input = {
    quoteId: idOf('Quote', id),
    name: quote.name,
    accountId: ref('Account', quote.accountId),
    contactId: ref('Contact', quote.contactId),
    opportunityId: ref('Opportunity', quote.opportunityId),
    priceBookId: ref('PriceBook', quote.priceBookId),
    currency: quote.currency,
    orderDate: orderDate ?? todayIn(viewer.timezone),
  }
  const [written] = await createRecords(context, recordType('Order'), [input], { pathOf: () => [] })
  if (!written?.id) return written as Written
  await db.rows({
    text: `INSERT INTO order_line (tenant_id, order_id, custom_fields, ${LINE})
 SELECT $1, $3, ${copiedCustom('QuoteLine', 'OrderLine', 'l')}, ${LINE} FROM quote_line l WHERE l.tenant_id = $1 AND l.quote_id = $2 AND l.deleted_at IS NULL ORDER BY l.sort, l.id`,
    values: [viewer.tenantId, id, written.id],
  })
  await db.rows({
    text: 'UPDATE sales_order o SET shipping = q.shipping FROM quote q WHERE o.tenant_id = $1 AND o.id = $3 AND q.tenant_id = $1 AND q.id = $2 AND q.shipping IS NOT NULL',
    values: [viewer.tenantId, id, written.id],
  })
  await recalculateTotals(ORDER_SUMS, context, [written.id])
  return done(written.id)
}

/**
 * Brings an order into force. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE (also for a draft that a flow of the company wants approved: submit it), VALIDATION_FAILED without lines,
 * CURRENCY_RATE_MISSING.
 */
export async function activateOrder(context: WriteContext, given: Named): Promise<Written> {
  const found = await lockOne(context, 'Order', given, 'update')
  if ('errors' in found) return refused(...found.errors)
  const { id, before } = found
  const status = before.status as OrderStatus
  if (status === 'ACTIVATED') return { id, errors: [], changed: false }
  if (status !== 'DRAFT') return refused(wrongState(ORDER_STATES, status, 'ACTIVATED'))
  if ((await standing(context, 'Order', id)).lines === 0)
    return refused(validationError(['id'], 'lines', 'needs lines first'))
  if (await needsApproval(context, 'Order', id))
    return refused({
      code: 'INVALID_STATE',
      message: 'The order needs its approval first.',
      field: ['id'],
      details: { from: status, to: 'ACTIVATED', allowed: ['IN_APPROVAL'] },
    })
  await activate(context, id)
  return done(id)
}

/** Takes an order back of which nothing was delivered. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE, VALIDATION_FAILED without a reason. */
export async function cancelOrder(context: WriteContext, given: Named & { reason: string }): Promise<Written> {
  const found = await lockOne(context, 'Order', given, 'update')
  if ('errors' in found) return refused(...found.errors)
  const { id, before } = found
  const status = before.status as OrderStatus
  if (status === 'CANCELLED') return { id, errors: [], changed: false }
  if (!ORDER_STATES[status].includes('CANCELLED')) return refused(wrongState(ORDER_STATES, status, 'CANCELLED'))
  const read = readReason(context, 'Order', 'cancelReason', given.reason)
  if ('code' in read) return refused(read)
  await putDocument(context, 'Order', id, {
    status: 'CANCELLED',
    cancelled_at: new Date(),
    cancel_reason: read.reason,
  })
  return done(id)
}

/** Ends an order: nothing more is delivered. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE. */
export async function closeOrder(context: WriteContext, given: Named): Promise<Written> {
  const found = await lockOne(context, 'Order', given, 'update')
  if ('errors' in found) return refused(...found.errors)
  const { id, before } = found
  const status = before.status as OrderStatus
  if (status === 'CLOSED') return { id, errors: [], changed: false }
  if (!ORDER_STATES[status].includes('CLOSED')) return refused(wrongState(ORDER_STATES, status, 'CLOSED'))
  await putDocument(context, 'Order', id, { status: 'CLOSED' })
  return done(id)
}

/** What was delivered of a line: decimal text, added to what was delivered before. */
export interface Delivery {
  lineId: string
  quantity: string
}

const FULFILLABLE: readonly OrderStatus[] = ['ACTIVATED', 'PARTIALLY_FULFILLED']
const LINES_MAX = 200

/**
 * Notes what was delivered of an order's lines. The order becomes PARTIALLY_FULFILLED, or FULFILLED when nothing is left.
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE, OVER_FULFILMENT {ordered, fulfilled}, VALIDATION_FAILED.
 */
export async function fulfilOrderLines(
  context: WriteContext,
  { lines, ...named }: Named & { lines: readonly Delivery[] },
): Promise<Written> {
  const { db, viewer } = context
  const found = await lockOne(context, 'Order', named, 'update')
  if ('errors' in found) return refused(...found.errors)
  const { id, before } = found
  const status = before.status as OrderStatus
  if (!FULFILLABLE.includes(status)) return refused(wrongState(ORDER_STATES, status, 'FULFILLED'))
  const problems =
    lines.length === 0 || lines.length > LINES_MAX
      ? [validationError(['lines'], 'items', `must have 1 to ${LINES_MAX} members`)]
      : lines.flatMap(badDelivery)
  if (problems.length > 0) return refused(...problems)
  const ids = lines.map(({ lineId }) => uuidOf('OrderLine', lineId) ?? NO_ID)
  const rows = await db.rows<{ id: string; ordered: string; fulfilled: string; over: boolean }>({
    text: `SELECT l.id, l.quantity::text AS ordered, l.fulfilled_qty::text AS fulfilled, l.fulfilled_qty + x.quantity > l.quantity AS over
 FROM json_to_recordset($3::json) AS x(id uuid, quantity numeric) JOIN order_line l ON l.tenant_id = $1 AND l.id = x.id AND l.order_id = $2 AND l.deleted_at IS NULL`,
    values: [
      viewer.tenantId,
      id,
      JSON.stringify(ids.map((one, index) => ({ id: one, quantity: lines[index]?.quantity }))),
    ],
  })
  const byId = new Map(rows.map((row) => [row.id, row]))
  const errors = ids.flatMap((one, index): UserErrorInfo[] => {
    const row = byId.get(one)
    const field = ['lines', String(index)]
    if (!row) return [{ code: 'NOT_FOUND', message: 'The order has no such line.', field: [...field, 'lineId'] }]
    const { ordered, fulfilled } = row
    return row.over
      ? [
          {
            code: 'OVER_FULFILMENT',
            message: 'More would be delivered than was ordered.',
            field: [...field, 'quantity'],
            details: { ordered, fulfilled },
          },
        ]
      : []
  })
  if (errors.length > 0) return refused(...errors)
  await db.rows({
    text: `UPDATE order_line l SET fulfilled_qty = l.fulfilled_qty + x.quantity FROM json_to_recordset($2::json) AS x(id uuid, quantity numeric) WHERE l.tenant_id = $1 AND l.id = x.id`,
    values: [viewer.tenantId, JSON.stringify(ids.map((one, index) => ({ id: one, quantity: lines[index]?.quantity })))],
  })
  const [left] = await db.rows({
    text: 'SELECT id FROM order_line WHERE tenant_id = $1 AND order_id = $2 AND fulfilled_qty < quantity AND deleted_at IS NULL LIMIT 1',
    values: [viewer.tenantId, id],
  })
  await putDocument(context, 'Order', id, { status: left ? 'PARTIALLY_FULFILLED' : 'FULFILLED' })
  return done(id)
}

function badDelivery({ lineId, quantity }: Delivery, index: number, all: readonly Delivery[]): UserErrorInfo[] {
  const at = ['lines', String(index)]
  if (all.findIndex((one) => one.lineId === lineId) < index)
    return [validationError([...at, 'lineId'], 'once', 'must not be named twice')]
  const good = /^\d{1,14}(\.\d{1,4}0*)?$/.test(quantity) && Number(quantity) > 0
  return good ? [] : [validationError([...at, 'quantity'], 'min', 'must be more than 0, with at most four decimals')]
}

import { UserErrors } from '../../errors.ts'
import { approvalSubject } from '../approval/subject.ts'
import { submitRecord } from '../approval/submitRecord.ts'
import { validationError } from '../normalise.ts'
import type { Written } from '../records.ts'
import type { WriteContext } from '../write.ts'
import { ORDER_STATES, type OrderStatus, QUOTE_STATES, type QuoteStatus } from './quoteStates.ts'
import { lockOne, refused, wrongState } from './refusals.ts'
import { frozenRate, putDocument } from './totals.ts'

approvalSubject({
  object: 'Quote',
  parts: ['QuoteLine'],
  submitted: async (context, id) => {
    const { status, lines } = await standing(context, 'Quote', id)
    if (!QUOTE_STATES[status as QuoteStatus].includes('IN_APPROVAL'))
      throw new UserErrors([wrongState(QUOTE_STATES, status as QuoteStatus, 'IN_APPROVAL')])
    if (lines === 0) throw new UserErrors([validationError(['id'], 'lines', 'needs lines first')])
    await putDocument(context, 'Quote', id, { status: 'IN_APPROVAL' })
  },
  approved: (context, id) => putDocument(context, 'Quote', id, { status: 'APPROVED' }),
  rejected: (context, id) => putDocument(context, 'Quote', id, { status: 'REJECTED' }),
  withdrawn: (context, id) => putDocument(context, 'Quote', id, { status: 'DRAFT' }),
})

approvalSubject({
  object: 'Order',
  parts: ['OrderLine'],
  submitted: async (context, id) => {
    const { status, lines } = await standing(context, 'Order', id)
    if (!ORDER_STATES[status as OrderStatus].includes('IN_APPROVAL'))
      throw new UserErrors([wrongState(ORDER_STATES, status as OrderStatus, 'IN_APPROVAL')])
    if (lines === 0) throw new UserErrors([validationError(['id'], 'lines', 'needs lines first')])
    await putDocument(context, 'Order', id, { status: 'IN_APPROVAL' })
  },
  approved: (context, id) => activate(context, id),
  rejected: (context, id) => putDocument(context, 'Order', id, { status: 'DRAFT' }),
  withdrawn: (context, id) => putDocument(context, 'Order', id, { status: 'DRAFT' }),
})

const LINES = {
  Quote: { table: 'quote', lines: 'quote_line', key: 'quote_id' },
  Order: { table: 'sales_order', lines: 'order_line', key: 'order_id' },
}

/** How a document (uuid) stands, and how many live lines it has; under the lock that its caller took. */
export async function standing(
  { db, viewer }: WriteContext,
  document: 'Quote' | 'Order',
  id: string,
): Promise<{ status: string; currency: string; total: string; lines: number }> {
  const { table, lines, key } = LINES[document]
  const [row] = await db.rows<{ status: string; currency: string; total: string; lines: number }>({
    text: `SELECT d.status, d.currency, d.total::text, (SELECT count(*) FROM ${lines} l WHERE l.tenant_id = $1 AND l.${key} = d.id AND l.deleted_at IS NULL)::integer AS lines
 FROM ${table} d WHERE d.tenant_id = $1 AND d.id = $2`,
    values: [viewer.tenantId, id],
  })
  return row as { status: string; currency: string; total: string; lines: number }
}

/** Brings an order (uuid) into force, with the rate of today. Throws UserErrors CURRENCY_RATE_MISSING. */
export async function activate(context: WriteContext, id: string): Promise<void> {
  const { currency, total } = await standing(context, 'Order', id)
  await putDocument(context, 'Order', id, {
    status: 'ACTIVATED',
    activated_at: new Date(),
    ...(await frozenRate(context, currency, BigInt(total))),
  })
}

/** Arguments of the verb as clients write them. */
export interface Submission {
  id: string
  /** Ids of those whom the submitter chooses, where the flow leaves it to them. */
  approverIds?: readonly string[] | null
  comment?: string | null
  expectedVersion?: number | null
}

/**
 * Hands a quote in for approval.
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, ALREADY_IN_APPROVAL, INVALID_STATE, VALIDATION_FAILED without lines, NO_APPROVAL_FLOW, NO_APPROVER, REFERENCE_NOT_FOUND.
 */
export async function submitQuote(
  context: WriteContext,
  { id, expectedVersion, ...more }: Submission,
): Promise<Written> {
  const found = await lockOne(context, 'Quote', { id, expectedVersion }, 'update')
  if ('errors' in found) return refused(...found.errors)
  const { errors } = await submitRecord(context, { recordId: id, ...more })
  return errors.length > 0
    ? refused(...errors.map((error) => (error.field?.[0] === 'recordId' ? { ...error, field: ['id'] } : error)))
    : { id: found.id, errors: [], changed: true }
}

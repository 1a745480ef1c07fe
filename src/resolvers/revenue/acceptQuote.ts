import type { UserErrorInfo } from '../../errors.ts'
import { fieldOf, recordType } from '../../read/recordType.ts'
import { todayIn } from '../checks.ts'
import { normalise, validationError } from '../normalise.ts'
import type { Written } from '../records.ts'
import type { Values, WriteContext } from '../write.ts'
import { QUOTE_STATES, type QuoteStatus } from './quoteStates.ts'
import { lockOne, readReason, refused, wrongState } from './refusals.ts'
import { frozenRate, putDocument } from './totals.ts'

/** What a customer says to a quote. */
export interface Answer {
  id: string
  /** Who said so, as they wrote it. */
  signedBy?: string | null
  expectedVersion?: number | null
}

/** Why a quote, as it stands, is over for good: QUOTE_SUPERSEDED, QUOTE_ALREADY_ACCEPTED, VOID_NOT_EDITABLE; null while it is not. */
export function checkQuoteOpen({ status, supersededById }: Values): UserErrorInfo | null {
  if (supersededById)
    return { code: 'QUOTE_SUPERSEDED', message: 'A newer revision took the place of the quote.', field: ['id'] }
  if (status === 'ACCEPTED')
    return { code: 'QUOTE_ALREADY_ACCEPTED', message: 'The quote has been accepted.', field: ['id'] }
  if (status === 'VOID') return { code: 'VOID_NOT_EDITABLE', message: 'The quote is void.', field: ['id'] }
  return null
}

/**
 * Notes that the customer takes a quote: at most one of a deal is accepted, on its last day at the latest.
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, QUOTE_EXPIRED, QUOTE_ALREADY_ACCEPTED, QUOTE_SUPERSEDED, VOID_NOT_EDITABLE, INVALID_STATE, VALIDATION_FAILED,
 * CURRENCY_RATE_MISSING for one that was never sent.
 */
export async function acceptQuote(context: WriteContext, answer: Answer): Promise<Written> {
  const { db, viewer } = context
  const found = await lockOne(context, 'Quote', answer, 'update')
  if ('errors' in found) return refused(...found.errors)
  const { id, before } = found
  const status = before.status as QuoteStatus
  const closed = checkQuoteOpen(before)
  if (closed) return refused(closed)
  if (status === 'EXPIRED' || (before.validUntil as string) < todayIn(viewer.timezone))
    return refused({ code: 'QUOTE_EXPIRED', message: 'The quote is no longer valid.', field: ['id'] })
  if (!QUOTE_STATES[status].includes('ACCEPTED')) return refused(wrongState(QUOTE_STATES, status, 'ACCEPTED'))
  const signedBy = normalise(fieldOf(recordType('Quote'), 'signedBy'), answer.signedBy, viewer)
  if ('rule' in signedBy) return refused(validationError(['signedBy'], signedBy.rule, signedBy.message))
  if (before.opportunityId) {
    // Two quotes of a deal that are accepted at once wait for each other here.
    await db.rows({
      text: 'SELECT id FROM opportunity WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE',
      values: [viewer.tenantId, before.opportunityId],
    })
    const [other] = await db.rows({
      text: `SELECT id FROM quote WHERE tenant_id = $1 AND opportunity_id = $2 AND id <> $3 AND status = 'ACCEPTED' AND deleted_at IS NULL`,
      values: [viewer.tenantId, before.opportunityId, id],
    })
    if (other)
      return refused({
        code: 'QUOTE_ALREADY_ACCEPTED',
        message: 'Another quote of the opportunity has been accepted.',
        field: ['id'],
      })
  }
  await putDocument(context, 'Quote', id, {
    status: 'ACCEPTED',
    accepted_at: new Date(),
    signed_by: signedBy.ok,
    ...(before.rate === null ? await rateOf(context, id) : {}),
  })
  return { id, errors: [], changed: true }
}

/** The rate that a quote keeps, by its uuid; see frozenRate. */
export async function rateOf(context: WriteContext, id: string): Promise<Awaited<ReturnType<typeof frozenRate>>> {
  const { db, viewer } = context
  const [row] = await db.rows<{ currency: string; total: string }>({
    text: 'SELECT currency, total::text FROM quote WHERE tenant_id = $1 AND id = $2',
    values: [viewer.tenantId, id],
  })
  const { currency, total } = row as { currency: string; total: string }
  return frozenRate(context, currency, BigInt(total))
}

/** Notes that the customer does not want a quote. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, QUOTE_SUPERSEDED, QUOTE_ALREADY_ACCEPTED, VOID_NOT_EDITABLE, INVALID_STATE, VALIDATION_FAILED. */
export async function declineQuote(
  context: WriteContext,
  given: Answer & { reason?: string | null },
): Promise<Written> {
  const found = await lockOne(context, 'Quote', given, 'update')
  if ('errors' in found) return refused(...found.errors)
  const closed = checkQuoteOpen(found.before)
  if (closed) return refused(closed)
  const status = found.before.status as QuoteStatus
  if (!QUOTE_STATES[status].includes('DECLINED')) return refused(wrongState(QUOTE_STATES, status, 'DECLINED'))
  const reason = normalise(fieldOf(recordType('Quote'), 'declineReason'), given.reason, context.viewer)
  if ('rule' in reason) return refused(validationError(['reason'], reason.rule, reason.message))
  await putDocument(context, 'Quote', found.id, {
    status: 'DECLINED',
    declined_at: new Date(),
    decline_reason: reason.ok,
  })
  return { id: found.id, errors: [], changed: true }
}

/** Takes a quote out of the world: it was a mistake. An accepted one stays. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, QUOTE_ALREADY_ACCEPTED, INVALID_STATE, VALIDATION_FAILED without a reason. */
export async function voidQuote(context: WriteContext, given: Answer & { reason: string }): Promise<Written> {
  const found = await lockOne(context, 'Quote', given, 'update')
  if ('errors' in found) return refused(...found.errors)
  const status = found.before.status as QuoteStatus
  if (status === 'VOID') return { id: found.id, errors: [], changed: false }
  const closed = checkQuoteOpen(found.before)
  if (closed) return refused(closed)
  if (!QUOTE_STATES[status].includes('VOID')) return refused(wrongState(QUOTE_STATES, status, 'VOID'))
  const read = readReason(context, 'Quote', 'declineReason', given.reason)
  if ('code' in read) return refused(read)
  await putDocument(context, 'Quote', found.id, { status: 'VOID', decline_reason: read.reason, is_primary: false })
  return { id: found.id, errors: [], changed: true }
}

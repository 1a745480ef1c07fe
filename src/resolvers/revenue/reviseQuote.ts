import { requireRight } from '../../access/decide.ts'
import { newId } from '../../ids.ts'
import { fieldOf, recordType } from '../../read/recordType.ts'
import { todayIn } from '../checks.ts'
import { copiedCustom } from '../customFields.ts'
import { normalise, validationError } from '../normalise.ts'
import type { Written } from '../records.ts'
import type { WriteContext } from '../write.ts'
import { checkQuoteOpen } from './acceptQuote.ts'
import { lockOne, refused } from './refusals.ts'
import { putDocument } from './totals.ts'

/** What a revision takes over of a quote, and of each of its lines. */
const QUOTE =
  'name, account_id, opportunity_id, contact_id, price_book_id, is_primary, currency, subtotal, discount, tax, shipping, total, terms, description, owner_id'
/** Columns of the lines of quotes and orders that are the same in both. */
export const LINE =
  'product_id, price_book_entry_id, code, name, quantity, unit, list_price, unit_price, currency, discount_pct, discount_amount, tax_rate, subtotal, discount, tax, total, service_date, sort'

/**
 * Makes the next revision of a quote, a draft with the same number and lines; the one before becomes void (spec/domain.md 3.5: a revision supersedes).
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, QUOTE_SUPERSEDED, QUOTE_ALREADY_ACCEPTED, WITHDRAW_FIRST, VOID_NOT_EDITABLE, VALIDATION_FAILED.
 */
export async function reviseQuote(
  context: WriteContext,
  given: { id: string; validUntil?: string | null; expectedVersion?: number | null },
): Promise<Written> {
  const { db, viewer } = context
  requireRight(viewer, 'create', 'Quote')
  const found = await lockOne(context, 'Quote', given, 'update')
  if ('errors' in found) return refused(...found.errors)
  const { id, before } = found
  const closed = checkQuoteOpen(before)
  if (closed) return refused(closed)
  if (before.status === 'IN_APPROVAL')
    return refused({ code: 'WITHDRAW_FIRST', message: 'Withdraw the quote from its approval first.', field: ['id'] })
  const until = normalise(fieldOf(recordType('Quote'), 'validUntil'), given.validUntil ?? before.validUntil, viewer)
  if ('rule' in until) return refused(validationError(['validUntil'], until.rule, until.message))
  const today = todayIn(viewer.timezone)
  if ((until.ok as string) < today)
    return refused(validationError(['validUntil'], 'min', 'must not be in the past: name a new last day'))
  const revision = newId()
  const { tenantId } = viewer
  await putDocument(context, 'Quote', id, { status: 'VOID', is_primary: false })
  await db.rows({
    text: `INSERT INTO quote (tenant_id, id, number, revision, parent_quote_id, valid_until, custom_fields, ${QUOTE})
 SELECT $1, $3, q.number, q.revision + 1, q.id, $4, ${copiedCustom('Quote', 'Quote', 'q')}, ${QUOTE.replace('is_primary', '$5::boolean')} FROM quote q WHERE q.tenant_id = $1 AND q.id = $2`,
    values: [tenantId, id, revision, until.ok, before.isPrimary],
  })
  await db.rows({
    text: `INSERT INTO quote_line (tenant_id, quote_id, custom_fields, ${LINE})
 SELECT $1, $3, ${copiedCustom('QuoteLine', 'QuoteLine', 'l')}, ${LINE} FROM quote_line l WHERE l.tenant_id = $1 AND l.quote_id = $2 AND l.deleted_at IS NULL ORDER BY l.sort, l.id`,
    values: [tenantId, id, revision],
  })
  await putDocument(context, 'Quote', id, { superseded_by_id: revision })
  return { id: revision, errors: [] }
}

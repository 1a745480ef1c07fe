import { changedFields, differs, refuseAs } from '../checks.ts'
import { onePrimary } from '../customers/onePrimary.ts'
import { enqueueJob, nextDaily } from '../platform/job.ts'
import { numbered } from '../platform/numbers.ts'
import { type Frozen, type LineKind, lineRules } from '../sales/lines.ts'
import { after, type Change, idPath, type Rules, rulesTogether, type WriteContext } from '../write.ts'
import { recalculateTotals, type Summed, shipTotal, usableCurrencies } from './totals.ts'

/** The kind of job that ends quotes whose last day is over, and when it does so, in the company's time zone. */
export const EXPIRE_QUOTES = 'EXPIRE_QUOTES'
const DAILY_AT = '00:10'

/** What is not about what is offered, and may be written whatever the status is. */
const ASIDE = ['ownerId', 'isPrimary', 'description', 'externalSource', 'externalId']

export const QUOTE_SUMS: Summed = { document: 'Quote', line: 'QuoteLine', column: 'quote_id' }

/** Why a quote in that status, and its lines, cannot be written; null when they can. */
export function quoteFrozen(status: string): Frozen | null {
  if (status === 'DRAFT' || status === 'REJECTED') return null
  if (status === 'IN_APPROVAL')
    return { code: 'WITHDRAW_FIRST', message: 'The quote waits for its approval; withdraw it first.' }
  if (status === 'VOID') return { code: 'VOID_NOT_EDITABLE', message: 'The quote is void.' }
  if (status === 'DECLINED' || status === 'EXPIRED')
    return { code: 'INVALID_STATE', message: 'The quote is over; make a revision of it.' }
  return { code: 'APPROVED_NOT_EDITABLE', message: 'What was offered stays; make a revision of it.' }
}

/** Quotes and their lines. */
export const quoteLines: LineKind = {
  line: 'QuoteLine',
  parent: 'Quote',
  key: 'quoteId',
  bookColumn: 'price_book_id',
  frozen: quoteFrozen,
  recalculate: (context, ids) => recalculateTotals(QUOTE_SUMS, context, ids),
}

/** Rules of quote lines. */
export const quoteLineRules = lineRules(quoteLines)

const own: Rules = {
  async write(changes, context) {
    for (const change of changes) {
      guard(change)
      shipTotal('Quote', change)
    }
    await checkCurrency('QuoteLine', 'quoteId', changes, context)
  },
  delete(changes) {
    for (const change of changes.filter(({ before }) => before && !before.deletedAt)) {
      const status = change.before?.status as string
      if (status === 'DRAFT' || status === 'REJECTED') continue
      change.errors.push({
        code: 'INVALID_STATE',
        message: 'Only drafts and what was refused can be deleted; make the quote void instead.',
        field: idPath(change),
        details: { from: status, allowed: [] },
      })
    }
  },
  async done(changes, context) {
    const { db, viewer } = context
    if (changes.some(({ before }) => !before))
      await enqueueJob(db, viewer.tenantId, {
        kind: EXPIRE_QUOTES,
        key: 'quotes',
        dailyAt: DAILY_AT,
        runAt: nextDaily(DAILY_AT, viewer.timezone),
      })
  },
}

/**
 * Rules of quotes: a number by the company's rule; written while they are drafts or were refused, later only what is not about the offer (APPROVED_NOT_EDITABLE,
 * VOID_NOT_EDITABLE, WITHDRAW_FIRST, INVALID_STATE); given to nobody else when void (VOID_NOT_TRANSFERABLE); one primary per opportunity; the currency is one that
 * is in use and stays while there are lines (CURRENCY_MISMATCH). The sums follow lines and shipping.
 */
export const quoteRules: Rules = rulesTogether(
  { write: numbered('QUOTE') },
  own,
  onePrimary({
    table: 'quote',
    owner: { field: 'opportunityId', column: 'opportunity_id', table: 'opportunity' },
  }),
)

function guard(change: Change): void {
  if (!change.before) return
  const status = change.before.status as string
  const stays = quoteFrozen(status)
  // What waits for an approval is locked by it, but for what its step leaves open.
  if (!stays || status === 'IN_APPROVAL') return
  const changed = changedFields('Quote', change)
  if (status === 'VOID' && changed.includes('ownerId'))
    refuseAs(change, 'VOID_NOT_TRANSFERABLE', 'ownerId', 'A void quote stays with its owner.')
  const field = changed.find((name) => !ASIDE.includes(name))
  if (field) refuseAs(change, stays.code, field, stays.message, { from: status })
}

/** Refuses new documents in a currency that is switched off, and another currency for a document with lines. */
export async function checkCurrency(
  lineType: 'QuoteLine' | 'OrderLine',
  key: 'quoteId' | 'orderId',
  changes: Change[],
  context: WriteContext,
): Promise<void> {
  const { db, viewer } = context
  const document = lineType === 'QuoteLine' ? 'Quote' : 'Order'
  const settled = changes.filter((change) => !change.before || differs(document, change, 'currency'))
  if (settled.length === 0) return
  const usable = await usableCurrencies(
    context,
    settled.map((change) => after(change, 'currency') as string),
  )
  for (const change of settled)
    if (!usable.has(after(change, 'currency') as string))
      refuseAs(change, 'INVALID_STATE', 'currency', 'The company has switched this currency off.')
  const turned = settled.filter(({ before }) => before)
  if (turned.length === 0) return
  const column = key === 'quoteId' ? 'quote_id' : 'order_id'
  const rows = await db.rows<{ id: string }>({
    text: `SELECT DISTINCT ${column} AS id FROM ${lineType === 'QuoteLine' ? 'quote_line' : 'order_line'} WHERE tenant_id = $1 AND ${column} = ANY ($2::uuid[]) AND deleted_at IS NULL`,
    values: [viewer.tenantId, turned.map(({ id }) => id)],
  })
  const lined = new Set(rows.map(({ id }) => id))
  for (const change of turned.filter(({ id }) => lined.has(id)))
    refuseAs(change, 'CURRENCY_MISMATCH', 'currency', 'The lines are in another currency.', {
      currency: change.before?.currency,
    })
}

import type { UserErrorInfo } from '../../errors.ts'
import { enqueueMail, inLanguage, mailLink, oneLine } from '../../events/mail.ts'
import { fieldOf, recordType } from '../../read/recordType.ts'
import { formatMoney } from '../../read/values.ts'
import { needsApproval } from '../approval/subject.ts'
import { todayIn } from '../checks.ts'
import { normalise, validationError } from '../normalise.ts'
import type { Written } from '../records.ts'
import type { WriteContext } from '../write.ts'
import { checkQuoteOpen, rateOf } from './acceptQuote.ts'
import { QUOTE_STATES, type QuoteStatus } from './quoteStates.ts'
import { lockOne, refused, wrongState } from './refusals.ts'
import { standing } from './submitQuote.ts'
import { putDocument } from './totals.ts'

/** Arguments of the verb as clients write them. */
export interface Sending {
  id: string
  /** Addresses; none: it was sent in another way. */
  to: readonly string[]
  message?: string | null
  expectedVersion?: number | null
}

const TO_MAX = 10
/** The mail is of no use after so many hours. */
const HOURS = 72

/**
 * Sends a quote, or notes that it was sent in another way: from now on the customer can accept it, also by the link of the mail. One that was sent can be sent
 * again. Keeps the rate of the day.
 *
 * @param ticket makes what names the quote in the link, of its uuid.
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, QUOTE_EXPIRED, QUOTE_SUPERSEDED, QUOTE_ALREADY_ACCEPTED, VOID_NOT_EDITABLE, INVALID_STATE (also for a draft that a flow
 * of the company wants approved first), VALIDATION_FAILED, CURRENCY_RATE_MISSING.
 */
export async function sendQuote(
  context: WriteContext,
  given: Sending,
  ticket: (quoteId: string) => string,
): Promise<Written> {
  const { viewer } = context
  const found = await lockOne(context, 'Quote', given, 'update')
  if ('errors' in found) return refused(...found.errors)
  const { id, before } = found
  const status = before.status as QuoteStatus
  const closed = checkQuoteOpen(before)
  if (closed) return refused(closed)
  if (status !== 'SENT' && !QUOTE_STATES[status].includes('SENT'))
    return refused(wrongState(QUOTE_STATES, status, 'SENT'))
  if ((before.validUntil as string) < todayIn(viewer.timezone))
    return refused({ code: 'QUOTE_EXPIRED', message: 'The last day of the quote is over.', field: ['id'] })
  if (status === 'DRAFT' && (await needsApproval(context, 'Quote', id)))
    return refused({
      code: 'INVALID_STATE',
      message: 'The quote needs its approval first.',
      field: ['id'],
      details: { from: status, to: 'SENT', allowed: ['IN_APPROVAL'] },
    })
  const { lines, total, currency } = await standing(context, 'Quote', id)
  if (lines === 0) return refused(validationError(['id'], 'lines', 'needs lines first'))
  const read = readSending(context, given)
  if ('errors' in read) return refused(...read.errors)
  for (const to of read.to)
    await mail(context, id, {
      to,
      message: read.message,
      ticket: ticket(id),
      total: `${formatMoney(total)} ${currency}`,
    })
  await putDocument(context, 'Quote', id, {
    status: 'SENT',
    sent_at: new Date(),
    ...(before.rate === null ? await rateOf(context, id) : {}),
  })
  return { id, errors: [], changed: true }
}

function readSending(
  { viewer }: WriteContext,
  { to, message }: Sending,
): { to: string[]; message: string | null } | { errors: UserErrorInfo[] } {
  if (to.length > TO_MAX)
    return { errors: [validationError(['to'], 'maxItems', `must have at most ${TO_MAX} members`)] }
  const errors: UserErrorInfo[] = []
  const address = { ...fieldOf(recordType('Account'), 'email'), required: true }
  const addresses = to.map((one, index) => {
    const result = normalise(address, one, viewer)
    if (!('rule' in result) && result.ok !== null) return result.ok as string
    errors.push(validationError(['to', String(index)], 'email', 'must be an e-mail address'))
    return ''
  })
  const text = normalise(fieldOf(recordType('Quote'), 'description'), message, viewer)
  if ('rule' in text) errors.push(validationError(['message'], text.rule, text.message))
  return errors.length > 0
    ? { errors }
    : { to: [...new Set(addresses)], message: 'ok' in text ? (text.ok as string | null) : null }
}

interface Mail {
  to: string
  message: string | null
  ticket: string
  total: string
}

async function mail({ db, viewer }: WriteContext, id: string, { to, message, ticket, total }: Mail): Promise<void> {
  const [row] = await db.rows<{ number: string; name: string; until: string; company: string; locale: string | null }>({
    text: `SELECT q.number, q.name, q.valid_until::text AS until, t.name AS company, t.locale FROM quote q JOIN tenant t ON t.id = $1 WHERE q.tenant_id = $1 AND q.id = $2`,
    values: [viewer.tenantId, id],
  })
  const { number, name, until, company, locale } = row as NonNullable<typeof row>
  const link = mailLink('/quotes', { ticket })
  const said = message ? `${message}\n\n` : ''
  await enqueueMail(db, {
    tenantId: viewer.tenantId,
    kind: 'QUOTE',
    to,
    hours: HOURS,
    subject: inLanguage(
      { en: `Quote ${number} of ${oneLine(company)}`, zhCN: `${oneLine(company)}的报价单 ${number}` },
      locale,
    ),
    text: inLanguage(
      {
        en: `Hello,\n\n${said}${oneLine(company)} offers you: ${oneLine(name)}\nQuote ${number}, ${total}, valid until ${until}.\n\nSee it, and accept or decline it, here:\n\n${link}\n`,
        zhCN: `您好：\n\n${said}${oneLine(company)}向您报价：${oneLine(name)}\n报价单 ${number}，${total}，有效期至 ${until}。\n\n请打开以下链接查看，并接受或谢绝：\n\n${link}\n`,
      },
      locale,
    ),
  })
}

import { LRUCache } from 'lru-cache'
import type { QuoteTickets } from '../../access/quoteTicket.ts'
import type { Tokens } from '../../access/token.ts'
import { UserErrors } from '../../errors.ts'
import { idOf } from '../../read/values.ts'
import type { Reader, Tenancy } from '../../tenancy/tenancy.ts'
import { todayIn } from '../checks.ts'
import { type AttemptLimits, countAttempt, network } from '../identity/attempts.ts'
import { jobViewer } from '../identity/createTenant.ts'
import type { WriteContext } from '../write.ts'
import { acceptQuote, declineQuote } from './acceptQuote.ts'
import { noQuotePage, quotePage } from './quotePage.ts'
import { quotePdf } from './quotePdf.ts'

/** A line as a customer sees it; amounts in ten-thousandths. */
export interface ShownLine {
  code: string | null
  name: string
  quantity: string
  unit: string | null
  unitPrice: string | null
  discount: string | null
  taxRate: string | null
  total: string | null
}

/** A quote as a customer sees it, by the link of its mail: what is offered and nothing else. Amounts in ten-thousandths, days as YYYY-MM-DD. */
export interface ShownQuote {
  company: string
  /** Of the company, for its pages and documents. */
  zh: boolean
  customer: string
  number: string
  revision: number
  name: string
  /** OPEN while it can be accepted. */
  state: 'OPEN' | 'ACCEPTED' | 'DECLINED' | 'EXPIRED' | 'SUPERSEDED' | 'VOID'
  validUntil: string
  currency: string
  subtotal: string
  discount: string
  tax: string
  shipping: string | null
  total: string
  terms: string | null
  /** Has somebody opened its page. */
  viewed: boolean
  lines: ShownLine[]
}

/** An answer of a customer, as the form sends it. */
export interface Said {
  accept: boolean
  signedBy: string
  reason: string
}

/** Requests of a link, and from an address, an office perhaps, within a minute. */
const LIMITS: AttemptLimits = { perAccount: 30, perAddress: 120, seconds: 60 }
/** Documents that stay ready, bytes. */
const READY = 16 * 1024 * 1024

/**
 * Quotes as their customers get at them, without a credential: the ticket of the link names the company and the quote, and was signed by us. What is not to be seen gives
 * null. `count` counts a request before anything is read. A document is drawn once and kept for as long as the quote says the same. `answer` says yes or no in the customer's name
 * and gives the page as it then is: whether it took, the page says. Throws UserErrors VALIDATION_FAILED.
 */
export function createQuoteParts({
  tenancy,
  tickets,
  tokens,
  limits = LIMITS,
}: {
  tenancy: Tenancy
  tickets: QuoteTickets
  tokens: Pick<Tokens, 'attemptKey'>
  limits?: AttemptLimits
}) {
  const drawn = new LRUCache<string, Buffer>({ maxSize: READY, sizeCalculation: ({ length }) => length })
  const look = async (ticket: string) => {
    const claims = tickets.verify(ticket)
    if (!claims) return null
    const { tenantId, quoteId } = claims
    const quote = await tenancy.readTenant({ tenantId }, (db) => show(db, tenantId, quoteId))
    return quote && { tenantId, quoteId, quote }
  }
  const asPage = async (ticket: string) => {
    const found = await look(ticket)
    return found && quotePage(found.quote, ticket)
  }
  return {
    noPage: noQuotePage,
    count(ticket: string, ip: string | null): Promise<number> {
      const address = tokens.attemptKey(`quote from:${network(ip)}`)
      const claims = tickets.verify(ticket)
      // Links that name nothing count together, by their address alone.
      const account = claims ? tokens.attemptKey(`quote:${claims.tenantId}/${claims.quoteId}`) : address
      const { perAccount, ...of } = limits
      return countAttempt({ tenancy }, { account, address }, { ...of, perAccount: claims ? perAccount : of.perAddress })
    },
    async page(ticket: string): Promise<string | null> {
      const found = await look(ticket)
      if (!found) return null
      const { tenantId, quoteId, quote } = found
      if (quote.state === 'OPEN' && !quote.viewed)
        await tenancy.writeTenant({ tenantId }, (db) =>
          db.rows({
            text: 'UPDATE quote SET viewed_at = now() WHERE tenant_id = $1 AND id = $2 AND viewed_at IS NULL',
            values: [tenantId, quoteId],
          }),
        )
      return quotePage(quote, ticket)
    },
    async pdf(ticket: string): Promise<{ name: string; bytes: Buffer } | null> {
      const found = await look(ticket)
      if (!found) return null
      const { tenantId, quoteId, quote } = found
      const { state, viewed, ...says } = quote
      const key = JSON.stringify([tenantId, quoteId, says])
      const bytes = drawn.get(key) ?? (await quotePdf(quote))
      drawn.set(key, bytes)
      return { name: `${quote.number}-${quote.revision}.pdf`, bytes }
    },
    async answer(ticket: string, { accept, signedBy, reason }: Said): Promise<string | null> {
      const found = await look(ticket)
      if (found?.quote.state !== 'OPEN') return found && quotePage(found.quote, ticket)
      const { tenantId, quoteId } = found
      const id = idOf('Quote', quoteId)
      await tenancy.writeTenant({ tenantId }, async (db) => {
        const context: WriteContext = { db, viewer: jobViewer(await companyOf(db, tenantId)) }
        const { errors } = accept
          ? await acceptQuote(context, { id, signedBy })
          : await declineQuote(context, { id, reason })
        // What came in between, another revision or another quote of the deal, the page says.
        if (errors.some(({ code }) => code === 'VALIDATION_FAILED')) throw new UserErrors(errors)
      })
      return asPage(ticket)
    },
  }
}

async function companyOf(db: Reader, tenantId: string) {
  const [row] = await db.rows<{ id: string; timezone: string; baseCurrency: string; defaultCountry: string }>({
    text: `SELECT id, timezone, base_currency AS "baseCurrency", default_country AS "defaultCountry" FROM tenant WHERE id = $1`,
    values: [tenantId],
  })
  return row as NonNullable<typeof row>
}

interface Row extends Omit<ShownQuote, 'state' | 'lines' | 'zh'> {
  status: string
  superseded: boolean
  locale: string
  timezone: string
}

/** Drafts, what is in approval and what was refused is the company's own: a link to it shows nothing. */
async function show(db: Reader, tenantId: string, quoteId: string): Promise<ShownQuote | null> {
  const [row] = await db.rows<Row>({
    text: `SELECT t.name AS company, t.locale, t.timezone, a.name AS customer, q.number, q.revision, q.name, q.status, q.superseded_by_id IS NOT NULL AS superseded,
 q.valid_until::text AS "validUntil", q.currency, q.subtotal::text, q.discount::text, q.tax::text, q.shipping::text, q.total::text, q.terms, q.viewed_at IS NOT NULL AS viewed
 FROM quote q JOIN tenant t ON t.id = $1 JOIN account a ON a.tenant_id = $1 AND a.id = q.account_id
 WHERE q.tenant_id = $1 AND q.id = $2 AND q.deleted_at IS NULL AND q.sent_at IS NOT NULL AND t.status NOT IN ('SUSPENDED', 'DELETING')`,
    values: [tenantId, quoteId],
  })
  if (!row) return null
  const lines = await db.rows<ShownLine>({
    text: `SELECT code, name, trim_scale(quantity)::text AS quantity, unit, unit_price::text AS "unitPrice", discount::text, trim_scale(tax_rate)::text AS "taxRate", total::text
 FROM quote_line WHERE tenant_id = $1 AND quote_id = $2 AND deleted_at IS NULL ORDER BY sort, id`,
    values: [tenantId, quoteId],
  })
  const { status, superseded, locale, timezone, ...shown } = row
  return {
    ...shown,
    zh: /^zh\b/i.test(locale),
    lines,
    state: stateOf(status, superseded, row.validUntil < todayIn(timezone)),
  }
}

function stateOf(status: string, superseded: boolean, late: boolean): ShownQuote['state'] {
  if (superseded) return 'SUPERSEDED'
  if (status === 'ACCEPTED' || status === 'DECLINED' || status === 'EXPIRED') return status
  if (status === 'SENT') return late ? 'EXPIRED' : 'OPEN'
  return 'VOID'
}

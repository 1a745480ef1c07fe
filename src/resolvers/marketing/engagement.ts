import { isbot } from 'isbot'
import type { EmailClaims, EmailTickets } from '../../access/emailTicket.ts'
import type { Tokens } from '../../access/token.ts'
import { recordType } from '../../read/recordType.ts'
import { idOf } from '../../read/values.ts'
import type { Tenancy } from '../../tenancy/tenancy.ts'
import { network } from '../identity/attempts.ts'
import { jobViewer } from '../identity/createTenant.ts'
import { createRecords } from '../records.ts'
import type { WriteContext } from '../write.ts'
import { type Bounce, noteBounce } from './delivery.ts'
import { listsOf, markMembers, suppress, suppressForLists } from './suppression.ts'

/** Who asks, as far as it is known. */
export interface Caller {
  ip: string | null
  userAgent: string | null
  /** A HEAD, or a fetch that the program says is ahead of its user. */
  prefetch: boolean
}

/** A mail that a ticket names. */
interface Mail {
  to: string
  blastId: string | null
  /** uuids of the lists that its blast goes to; none of a mail that is of no blast. */
  lists: string[]
  campaignId: string | null
  contactId: string | null
  leadId: string | null
}

const UA_MAX = 500
/** What is kept of one mail: beyond it nobody learns anything from one more. */
const EVENTS_MAX = 200

/**
 * What recipients, and programs in their place, do with mails, without a credential: the ticket of the link names the company and the mail and was signed by us. What names nothing gives null.
 */
export function createEngagement({
  tenancy,
  tickets,
  tokens,
}: {
  tenancy: Tenancy
  tickets: EmailTickets
  tokens: Pick<Tokens, 'attemptKey'>
}) {
  const isBot = ({ userAgent, prefetch }: Caller) => prefetch || !userAgent || isbot(userAgent)

  async function within<T>(
    { tenantId, messageId }: EmailClaims,
    work: (context: WriteContext, mail: Mail) => Promise<T>,
  ): Promise<T | null> {
    return tenancy.writeTenant({ tenantId, actor: `email:${messageId}` }, async (db) => {
      const [company] = await db.rows<{ id: string; timezone: string; baseCurrency: string; defaultCountry: string }>({
        text: `SELECT id, timezone, base_currency AS "baseCurrency", default_country AS "defaultCountry" FROM tenant WHERE id = $1 AND status <> 'DELETING'`,
        values: [tenantId],
      })
      const [mail] = await db.rows<Mail>({
        text: `SELECT m.to_address AS "to", m.blast_id AS "blastId", coalesce(b.include_list_ids, '{}') AS lists, b.campaign_id AS "campaignId", m.contact_id AS "contactId", m.lead_id AS "leadId"
 FROM email_message m LEFT JOIN email_blast b ON b.tenant_id = $1 AND b.id = m.blast_id WHERE m.tenant_id = $1 AND m.id = $2`,
        values: [tenantId, messageId],
      })
      if (!company || !mail) return null
      return work({ db, viewer: jobViewer(company) }, { ...mail, lists: listsOf(mail.lists) })
    })
  }

  async function note(
    { db, viewer }: WriteContext,
    { messageId }: EmailClaims,
    mail: Mail,
    { type, linkId = null, caller }: { type: string; linkId?: string | null; caller: Caller },
  ): Promise<void> {
    if (!mail.contactId && !mail.leadId) return
    await db.rows({
      text: `INSERT INTO engagement_event (tenant_id, type, message_id, blast_id, campaign_id, link_id, contact_id, lead_id, ip_hash, user_agent, is_bot)
 SELECT $1::uuid, $2, $3::uuid, $4::uuid, $5::uuid, $6::uuid, $7::uuid, $8::uuid, $9, $10, $11 WHERE (SELECT count(*) FROM engagement_event WHERE tenant_id = $1 AND message_id = $3) < ${EVENTS_MAX}`,
      values: [
        viewer.tenantId,
        type,
        messageId,
        mail.blastId,
        mail.campaignId,
        linkId,
        mail.contactId,
        mail.leadId,
        caller.ip && tokens.attemptKey(`email visitor:${network(caller.ip)}`).toString('base64url'),
        caller.userAgent?.slice(0, UA_MAX) ?? null,
        isBot(caller),
      ],
    })
  }

  return {
    /** Notes that the picture of a mail was loaded. */
    async open(ticket: string, caller: Caller): Promise<void> {
      const claims = tickets.verify('OPEN', ticket)
      if (!claims) return
      await within(claims, async (context, mail) => {
        await note(context, claims, mail, { type: 'OPENED', caller })
        if (isBot(caller)) return
        await context.db.rows({
          text: 'UPDATE email_message SET opens = opens + 1, opened_at = coalesce(opened_at, now()) WHERE tenant_id = $1 AND id = $2',
          values: [claims.tenantId, claims.messageId],
        })
      })
    },

    /** Where a link leads, and notes that it was followed; null where there is none. The address stands with the company, so that nobody makes it another. */
    async click(ticket: string, caller: Caller): Promise<string | null> {
      const claims = tickets.verify('CLICK', ticket)
      if (!claims) return null
      return within(claims, async (context, mail) => {
        const counted = !isBot(caller)
        const [link] = await context.db.rows<{ id: string; url: string }>({
          text: counted
            ? 'UPDATE tracking_link SET clicks = clicks + 1 WHERE tenant_id = $1 AND token = $2 RETURNING id, url'
            : 'SELECT id, url FROM tracking_link WHERE tenant_id = $1 AND token = $2',
          values: [claims.tenantId, claims.link],
        })
        if (!link) return null
        await note(context, claims, mail, { type: 'CLICKED', linkId: link.id, caller })
        if (counted)
          await context.db.rows({
            text: 'UPDATE email_message SET clicks = clicks + 1, first_click_at = coalesce(first_click_at, now()) WHERE tenant_id = $1 AND id = $2',
            values: [claims.tenantId, claims.messageId],
          })
        return link.url
      })
    },

    /** The company whose mails a ticket ends, and whether the mail came by way of lists; null for one that names nothing. Changes nothing, because programs open links. */
    async look(ticket: string): Promise<{ company: string; byList: boolean } | null> {
      const claims = tickets.verify('UNSUBSCRIBE', ticket)
      if (!claims) return null
      return within(claims, async ({ db }, { lists }) => {
        const [row] = await db.rows<{ name: string }>({
          text: 'SELECT name FROM tenant WHERE id = $1',
          values: [claims.tenantId],
        })
        return row ? { company: row.name, byList: lists.length > 0 } : null
      })
    },

    /**
     * Ends mails of a company to the address that one of them went to. Of a mass mail: those by way of the lists that it went to, as one click of a mail program means it (RFC 8058), or all. Of any other, and where
     * none of its lists is left: all. All are ended by suppression, and the consent of whose the address is is withdrawn. Again: nothing changes.
     *
     * @returns what was ended; null for a ticket that names nothing.
     */
    async unsubscribe(ticket: string, caller: Caller, all = false): Promise<'LIST' | 'ALL' | null> {
      const claims = tickets.verify('UNSUBSCRIBE', ticket)
      if (!claims) return null
      return within(claims, async (context, mail) => {
        const stop = { address: mail.to, reason: 'UNSUBSCRIBED' } as const
        const some = all ? [] : await suppressForLists(context.db, claims.tenantId, { ...stop, lists: mail.lists })
        const whole = some.length === 0
        const made = whole ? [await suppress(context.db, claims.tenantId, stop)] : some
        const ended = whole ? 'ALL' : 'LIST'
        if (!made.some(({ created }) => created)) return ended
        await markMembers(context, mail.lists, mail, true)
        if (whole) await withdraw(context, mail)
        // A person pressed the button, or their mail program for them.
        await note(context, claims, mail, { type: 'OPTED_OUT', caller: { ...caller, prefetch: false } })
        return ended
      })
    },

    /** Notes what a mail provider, or a returned mail, tells of a mail. @returns false for a ticket that names nothing and a report that says nothing. */
    async bounce(ticket: string, report: Bounce | Buffer): Promise<boolean> {
      const claims = tickets.verify('BOUNCE', ticket)
      if (!claims) return false
      const told = typeof report === 'string' ? { bounce: report, problem: report } : await readReturned(report)
      if (!told) return false
      return (
        (await within(claims, async (context) => {
          await noteBounce(context, claims.messageId, told.bounce, told.problem)
          return true
        })) ?? false
      )
    },
  }
}

export type Engagement = ReturnType<typeof createEngagement>

/** Withdraws the consent of the person. */
async function withdraw(context: WriteContext, { contactId, leadId }: Mail): Promise<void> {
  const { db, viewer } = context
  if (!contactId && !leadId) return
  const person = contactId ? { contactId: idOf('Contact', contactId) } : { leadId: idOf('Lead', leadId as string) }
  // A person who lies in the recycle bin gets none: the suppression holds for the address.
  const [live] = await db.rows({
    text: `SELECT 1 FROM ${contactId ? 'contact' : 'lead'} WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL`,
    values: [viewer.tenantId, contactId ?? leadId],
  })
  if (live)
    await createRecords(context, recordType('ConsentRecord'), [
      { ...person, purpose: 'MARKETING', channel: 'EMAIL', status: 'WITHDRAWN', source: 'unsubscribe link' },
    ])
}

/** What a returned mail says (RFC 3464): Status 5.x.x is for good, 4.x.x for now; null where it says nothing of the kind. */
async function readReturned(raw: Buffer): Promise<{ bounce: Bounce; problem: string } | null> {
  const { simpleParser } = await import('mailparser')
  const parsed = await simpleParser(raw, { skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true })
  // Parts of a report stand among the attachments or in the text, by how they are encoded.
  const text = [parsed.text ?? '', ...parsed.attachments.map(({ content }) => content.toString('latin1'))].join('\n')
  if (/^Feedback-Type:\s*abuse/im.test(text)) return { bounce: 'COMPLAINT', problem: 'COMPLAINT' }
  const status = /^Status:\s*([245]\.\d{1,3}\.\d{1,3})/im.exec(text)?.[1]
  if (!status || status.startsWith('2')) return null
  return { bounce: status.startsWith('5') ? 'HARD' : 'SOFT', problem: status }
}

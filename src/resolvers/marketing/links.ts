import type { EmailTickets } from '../../access/emailTicket.ts'
import type { CustomerMail } from '../../events/smtpPool.ts'
import { SURVEY_MARK, UNSUBSCRIBE_MARK } from './compose.ts'
import type { Claimed } from './delivery.ts'

/** The public addresses of a mail, each with a ticket that only it has. */
export interface EmailLinks {
  unsubscribe(tenantId: string, messageId: string): string
  open(tenantId: string, messageId: string): string
  click(tenantId: string, messageId: string, link: string): string
  bounce(tenantId: string, messageId: string): string
  survey(tenantId: string, messageId: string): string
}

/** Makes them under the deployment's public address. */
export function createEmailLinks(tickets: EmailTickets, publicUrl: string): EmailLinks {
  const base = publicUrl.replace(/\/+$/, '')
  const at = (path: string, ticket: string) => `${base}/email/${path}/${ticket}`
  return {
    unsubscribe: (tenantId, messageId) => at('unsubscribe', tickets.sign('UNSUBSCRIBE', { tenantId, messageId })),
    open: (tenantId, messageId) => at('open', tickets.sign('OPEN', { tenantId, messageId })),
    click: (tenantId, messageId, link) => at('click', tickets.sign('CLICK', { tenantId, messageId, link })),
    bounce: (tenantId, messageId) => at('bounce', tickets.sign('BOUNCE', { tenantId, messageId })),
    survey: (tenantId, messageId) => `${base}/survey/${tickets.sign('SURVEY', { tenantId, messageId })}`,
  }
}

/** Stands for the picture that tells that a mail was opened, and for a link by its token, until the mail is sent. */
export const OPEN_MARK = '{ATRIUM_OPEN}'
export const clickMark = (token: string) => `{ATRIUM_CLICK_${token}}`
const CLICK = /\{ATRIUM_CLICK_([0-9a-f]{32})\}/g

/** A claimed mail with its links in place. */
export function withLinks(links: EmailLinks, tenantId: string, mail: Claimed): CustomerMail {
  const unsubscribe = links.unsubscribe(tenantId, mail.id)
  const filled = (text: string) =>
    text
      .replaceAll(UNSUBSCRIBE_MARK, unsubscribe)
      .replaceAll(SURVEY_MARK, () => links.survey(tenantId, mail.id))
      .replaceAll(OPEN_MARK, () => links.open(tenantId, mail.id))
      .replace(CLICK, (_all, token: string) => links.click(tenantId, mail.id, token))
  return {
    id: mail.id,
    to: mail.to,
    fromName: mail.fromName,
    replyTo: mail.replyTo,
    subject: mail.subject,
    html: filled(mail.html),
    text: filled(mail.text),
    unsubscribeUrl: mail.informational ? null : unsubscribe,
    bounceUrl: links.bounce(tenantId, mail.id),
  }
}

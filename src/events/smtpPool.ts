import nodemailer from 'nodemailer'

/** A mail to a customer as it goes out: one recipient, all links in place. */
export interface CustomerMail {
  /** Its id. The same mail sent again carries the same Message-ID, by which servers and mailboxes know it for the same. */
  id: string
  to: string
  /** The name beside the deployment's own address; the address alone where there is none. */
  fromName: string | null
  replyTo: string | null
  subject: string
  html: string
  text: string
  /** Of advertising: where one request ends it (RFC 8058). */
  unsubscribeUrl: string | null
  /** Where whoever hears that it came back tells so; see docs/email.md. */
  bounceUrl: string
}

/** What carries mails to customers; SMTP, or a test's own. */
export interface EmailTransport {
  /** How many it carries at the same time. */
  connections: number
  /** Resolves when the server took the mail, with what the server said; throws otherwise. Ends by itself within a minute or two. */
  send(mail: CustomerMail): Promise<{ providerId: string | null }>
  close(): void
}

const CONNECT = 10_000
const WHOLE = 60_000

/**
 * Mail to customers over SMTP, over a few connections that stay open: they are many. `url`, `from` as smtpTransport has them. A mail whose connection is lost fails here
 * and is not sent again behind the back of whoever keeps count.
 */
export function smtpPool({
  url,
  from,
  connections = 5,
}: {
  url: string
  from: string
  connections?: number
}): EmailTransport {
  const transport = nodemailer.createTransport({
    url,
    pool: true,
    maxConnections: connections,
    maxMessages: 200,
    maxRequeues: 0,
    connectionTimeout: CONNECT,
    greetingTimeout: CONNECT,
    dnsTimeout: CONNECT,
    socketTimeout: WHOLE,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  // An idle connection that the server closes is no news.
  transport.on('error', () => {})
  const [, named, address = named] = /^(?:.*<)?([^<>\s]+@[^<>\s]+)>?\s*$/.exec(from) ?? []
  const domain = address?.split('@')[1] ?? 'localhost'
  return {
    connections,
    async send({ id, to, fromName, replyTo, subject, html, text, unsubscribeUrl, bounceUrl }) {
      const sent = await transport.sendMail({
        from: { name: fromName ?? '', address: address ?? from },
        // As an object it is one address, whatever stands in it; as a text it would be read as a list.
        to: { name: '', address: to },
        ...(replyTo ? { replyTo: { name: '', address: replyTo } } : {}),
        subject,
        html,
        text,
        messageId: `<${id}@${domain}>`,
        headers: {
          // RFC 3834: no out-of-office notes in return.
          'Auto-Submitted': 'auto-generated',
          'X-Atrium-Bounce': bounceUrl,
          ...(unsubscribeUrl
            ? { 'List-Unsubscribe': `<${unsubscribeUrl}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' }
            : {}),
        },
      })
      return { providerId: /queued as (\S+)/i.exec(sent.response ?? '')?.[1]?.slice(0, 200) ?? null }
    },
    close: () => transport.close(),
  }
}

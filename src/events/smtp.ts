import nodemailer from 'nodemailer'

/** A mail as it goes out: one recipient, plain text. */
export interface OutgoingMail {
  /** Its id in the outbox. The same mail sent again carries the same Message-ID, by which mailboxes know it for the same. */
  id: string
  to: string
  subject: string
  text: string
}

/** What carries mails; SMTP, or a test's own. */
export interface MailTransport {
  /** Resolves when the mail was taken over, throws otherwise. Ends by itself within a minute, at once when the signal says so. */
  send(mail: OutgoingMail, signal: AbortSignal): Promise<void>
}

/** Longest that connecting and greeting may take each, and that one mail may take from beginning to end, milliseconds. */
const CONNECT = 10_000
const WHOLE = 60_000

/**
 * Mail over SMTP. `url` is `smtp://user:password@host:587` (STARTTLS where the server offers it; `?requireTLS=true` insists) or `smtps://…:465`,
 * `from` an address with or without a name: `Atrium <no-reply@crm.example>`. One connection per mail: they are few, and nothing is kept open that a
 * server could drop.
 */
export function smtpTransport({ url, from }: { url: string; from: string }): MailTransport {
  const transport = nodemailer.createTransport({
    url,
    connectionTimeout: CONNECT,
    greetingTimeout: CONNECT,
    dnsTimeout: CONNECT,
    socketTimeout: WHOLE,
    // A mail is text. Nothing in it makes this process open a file or an address.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const domain = /@([^\s<>@"]+)>?\s*$/.exec(from)?.[1] ?? 'localhost'
  return {
    async send({ id, to, subject, text }, signal) {
      await transport.sendMail({
        from,
        // As an object it is one address, whatever stands in it; as a text it would be read as a list.
        to: { name: '', address: to },
        subject,
        text,
        messageId: `<${id}@${domain}>`,
        // RFC 3834: no out-of-office notes in return.
        headers: { 'Auto-Submitted': 'auto-generated' },
        signal: AbortSignal.any([signal, AbortSignal.timeout(WHOLE)]),
      })
    },
  }
}

/** What a failed send was, in codes alone: `EENVELOPE 550`. The server's sentence may repeat addresses and is left out. */
export function mailProblem(error: unknown): string {
  const { code, responseCode, name } = (error ?? {}) as { code?: unknown; responseCode?: unknown; name?: unknown }
  const known = [code ?? name, responseCode].map(String).filter((one) => /^\w{3,40}$/.test(one) && one !== 'undefined')
  return known.join(' ') || 'unknown'
}

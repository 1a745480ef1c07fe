import { mailProblem } from '../events/smtp.ts'
import type { EmailTransport } from '../events/smtpPool.ts'
import { jobViewer } from '../resolvers/identity/createTenant.ts'
import {
  type Claimed,
  claimEmails,
  completeBlasts,
  noteSent,
  noteTrouble,
  releaseEmails,
  type Trouble,
} from '../resolvers/marketing/delivery.ts'
import { type EmailLinks, withLinks } from '../resolvers/marketing/links.ts'
import type { WriteContext } from '../resolvers/write.ts'
import type { Tenancy } from '../tenancy/tenancy.ts'

/** How the sender's writes are told from others': its own are no reason to look for mail again. */
const SENDER = 'email'
/** Mails of one company that are claimed together. Then the next company has its turn. */
const AT_ONCE = 50

/** Settings of the sender. Times in milliseconds. */
export interface EmailSenderOptions {
  transport: EmailTransport
  links: EmailLinks
  /** Is told of failed attempts, without addresses, and of database errors. */
  onError: (error: unknown) => void
  /** From a write to the look for mail that it may have caused. */
  delay?: number
  /** Between looks without a write. */
  interval?: number
}

/**
 * Sends the mails to customers in the background, over a few connections. Any number of processes may do so: each mail is claimed by one, and SENT is written before its
 * connection takes the next. No transaction is open while a server is talked to. A process that is killed between the server's yes and that note leaves a mail that another
 * sends again ten minutes later, under the same Message-ID: at least once, and more than once only for what was on its way at that moment (docs/email.md).
 */
export function sendEmails(
  tenancy: Tenancy,
  { transport, links, onError, delay = 300, interval = 5_000 }: EmailSenderOptions,
): { stop(): Promise<void> } {
  let waiting: NodeJS.Timeout | null = null
  let running: Promise<void> | null = null
  let again = false
  let stopped = false

  function wake(): void {
    waiting = null
    if (running) {
      again = true
      return
    }
    again = false
    running = rounds().catch(onError)
    void running.finally(() => {
      running = null
      if (again && !stopped) wake()
    })
  }

  /** Some mails of each company in turn, until nothing is due. */
  async function rounds(): Promise<void> {
    for (let claimed = 1; claimed > 0 && !stopped; ) {
      claimed = 0
      const tenants = await tenancy.withoutTenant((db) =>
        db.rows<{ id: string }>({ text: 'SELECT atrium.tenants_with_email() AS id', values: [] }),
      )
      for (const { id } of tenants) if (!stopped) claimed += await round(id)
    }
  }

  async function round(tenantId: string): Promise<number> {
    const mails = await within(tenancy, tenantId, (context) => claimEmails(context, AT_ONCE))
    if (!mails) return 0
    const left = [...mails]
    let away = false
    const lane = async () => {
      // Where the server is away, the others would only wait for it in turn.
      for (let mail = away ? undefined : left.shift(); mail && !stopped; mail = away ? undefined : left.shift())
        if ((await deliver(tenantId, mail).catch(onError)) === 'AWAY') away = true
    }
    await Promise.all(Array.from({ length: transport.connections }, lane))
    if (left.length > 0)
      await within(tenancy, tenantId, (context) =>
        releaseEmails(
          context,
          left.map(({ id }) => id),
        ),
      )
    await within(tenancy, tenantId, completeBlasts)
    // It is asked again at the next look, not at once.
    return away ? 0 : mails.length
  }

  async function deliver(tenantId: string, mail: Claimed): Promise<Trouble | null> {
    try {
      const { providerId } = await transport.send(withLinks(links, tenantId, mail))
      await within(tenancy, tenantId, (context) => noteSent(context, { id: mail.id, providerId }))
      return null
    } catch (error) {
      const trouble = troubleOf(error)
      const problem = mailProblem(error)
      onError(new Error(`Mail ${mail.id} was not sent, attempt ${mail.attempts}: ${problem}`))
      await within(tenancy, tenantId, (context) => noteTrouble(context, mail, trouble, problem))
      return trouble
    }
  }

  tenancy.onWritten(({ actor }) => {
    if (stopped || waiting || actor === SENDER) return
    waiting = setTimeout(wake, delay)
  })
  const timer = setInterval(wake, interval)
  wake()

  return {
    async stop() {
      stopped = true
      clearInterval(timer)
      if (waiting) clearTimeout(waiting)
      await running
      transport.close()
    },
  }
}

/** Runs `work` in a company's bracket as the company itself; undefined for one that is suspended. */
async function within<T>(
  tenancy: Tenancy,
  tenantId: string,
  work: (context: WriteContext) => Promise<T>,
): Promise<T | undefined> {
  return tenancy.writeTenant({ tenantId, actor: SENDER }, async (db) => {
    const [company] = await db.rows<{ id: string; timezone: string; baseCurrency: string; defaultCountry: string }>({
      text: `SELECT id, timezone, base_currency AS "baseCurrency", default_country AS "defaultCountry" FROM tenant WHERE id = $1 AND status NOT IN ('SUSPENDED', 'DELETING')`,
      values: [tenantId],
    })
    return company ? work({ db, viewer: jobViewer(company) }) : undefined
  })
}

/** What a failed send means, by the code of the server and the command that it answered. */
export function troubleOf(error: unknown): Trouble {
  const { responseCode, command } = (error ?? {}) as { responseCode?: unknown; command?: unknown }
  if (typeof responseCode !== 'number') return 'AWAY'
  // 421: the server closes the connection, whatever it was asked.
  if (responseCode === 421) return 'AWAY'
  if (responseCode >= 400 && responseCode < 500) return 'LATER'
  if (command === 'RCPT TO') return 'MAILBOX'
  return command === 'DATA' ? 'REFUSED' : 'AWAY'
}

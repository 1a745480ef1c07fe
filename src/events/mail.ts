import { LRUCache } from 'lru-cache'
import type { Localized } from '../errors.ts'
import type { Reader, Tenancy } from '../tenancy/tenancy.ts'
import { type MailTransport, mailProblem, type OutgoingMail } from './smtp.ts'

/** The sender's own name as a caller: its writes are no reason to look for mail again. */
const SENDER = 'mail'
/** Minutes from a failed attempt to the next; after the last attempt the mail is given up. */
const BACK_OFF = [1, 5, 30, 120]
const ATTEMPTS = BACK_OFF.length + 1
/** How long a claimed mail is left alone, minutes: far beyond the longest send, so that only a dead process's mail is taken by another. */
const CLAIMED = 10
/** Mails of one company that are on their way together. Then the next company has its turn. */
const AT_ONCE = 5
/** How long a process that ends waits for mails that are on their way, milliseconds. */
const PATIENCE = 5000
/** How long a line about a finished mail stays, days. */
const KEPT = 90
const SUBJECT_MAX = 200
/** Stands for PUBLIC_URL in a stored text. */
const BASE = '{PUBLIC_URL}'

/** A mail to be sent after the commit. */
export interface NewMail {
  tenantId: string
  /** INVITATION, PASSWORD_RESET …: what it is, for whoever looks at the outbox. */
  kind: string
  /** One checked address. */
  to: string
  /** May hold names: line breaks and control characters become blanks. */
  subject: string
  /** Plain text; links by `mailLink`. */
  text: string
  /** After this many hours it is of no use any more and is not sent. */
  hours: number
}

/** Puts a mail into the outbox, in the transaction of what it tells: both happen or neither. */
export async function enqueueMail(db: Reader, { tenantId, kind, to, subject, text, hours }: NewMail): Promise<void> {
  await db.rows({
    text: `INSERT INTO mail (tenant_id, kind, to_address, subject, body, expires_at) VALUES ($1, $2, $3, $4, $5, now() + make_interval(hours => $6))`,
    values: [tenantId, kind, to, oneLine(subject, SUBJECT_MAX), text, hours],
  })
}

/** A link into the front end, for the text of a mail: PUBLIC_URL is put before the path when the mail is sent. */
export function mailLink(path: string, query: Record<string, string>): string {
  return `${BASE}${path}?${new URLSearchParams(query)}`
}

/** A name as it may stand in a subject or a sentence: one line, no control or direction characters, cut to `max` characters. */
export function oneLine(text: string, max = 80): string {
  const plain = text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim()
  const characters = [...plain]
  return characters.length <= max ? plain : `${characters.slice(0, max - 1).join('')}…`
}

/** The sentence in the language of the first locale that is given: zh-CN for all Chinese, else English. */
export function inLanguage(sentence: Localized, ...locales: (string | null)[]): string {
  return /^zh\b/i.test(locales.find(Boolean) ?? '') ? sentence.zhCN : sentence.en
}

/** Settings of the sender. Times in milliseconds. */
export interface SenderOptions {
  transport: MailTransport
  /** What stands before the paths of links: https://crm.example */
  publicUrl: string
  /** Is told of every failed attempt, without addresses, and of database errors. */
  onError: (error: unknown) => void
  /** From a write to the look for mail that it may have caused. */
  delay?: number
  /** Between looks without a write: for what is to be tried again, and what other processes left. */
  interval?: number
}

/**
 * Sends the mails of the outbox in the background, soon after the commit that caused them. Any number of processes may do so: each mail is claimed by one.
 * No transaction is open while a server is talked to, so a process that dies between sending and noting it down lets the mail go out twice: at least once,
 * never not at all. A failed one is tried again after 1, 5, 30 and 120 minutes, then given up.
 */
export function sendMails(
  tenancy: Tenancy,
  { transport, publicUrl, onError, delay = 300, interval = 30_000 }: SenderOptions,
): { stop(): Promise<void> } {
  const base = publicUrl.replace(/\/+$/, '')
  let waiting: NodeJS.Timeout | null = null
  let running: Promise<void> | null = null
  let again = false
  let stopped = false
  const ending = new AbortController()

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

  /** A few mails of each company in turn, until nothing is due. */
  async function rounds(): Promise<void> {
    for (let sent = 1; sent > 0 && !stopped; ) {
      sent = 0
      for (const tenantId of await tenantsWithMail(tenancy)) {
        if (stopped) return
        const mails = await claim(tenancy, tenantId)
        sent += mails.length
        await Promise.all(mails.map((mail) => deliver(tenantId, mail)))
      }
    }
  }

  async function deliver(tenantId: string, mail: Claimed): Promise<void> {
    const { id, to, subject, attempts } = mail
    const text = mail.text.replaceAll(BASE, () => base)
    try {
      await transport.send({ id, to, subject, text }, ending.signal)
    } catch (error) {
      const problem = mailProblem(error)
      onError(new Error(`Mail ${id} was not sent, attempt ${attempts} of ${ATTEMPTS}: ${problem}`))
      return noteFailure(tenancy, tenantId, mail, problem).catch(onError)
    }
    await noteSent(tenancy, tenantId, id).catch(onError)
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
      const late = setTimeout(() => ending.abort(), PATIENCE)
      await running
      clearTimeout(late)
    },
  }
}

type Claimed = OutgoingMail & { attempts: number }

async function tenantsWithMail(tenancy: Tenancy): Promise<string[]> {
  const rows = await tenancy.withoutTenant((db) =>
    db.rows<{ id: string }>({ text: 'SELECT atrium.tenants_with_mail() AS id', values: [] }),
  )
  return rows.map(({ id }) => id)
}

/** Takes a few due mails for this process, after giving up those whose time or attempts are over. */
async function claim(tenancy: Tenancy, tenantId: string): Promise<Claimed[]> {
  return tenancy.writeTenant({ tenantId, actor: SENDER }, async (db) => {
    await db.rows({
      text: `UPDATE mail SET status = 'FAILED', body = NULL, error = coalesce(error, 'expired')
 WHERE tenant_id = $1 AND status = 'PENDING' AND next_attempt_at <= now() AND (expires_at <= now() OR attempts >= $2)`,
      values: [tenantId, ATTEMPTS],
    })
    await db.rows({
      text: `DELETE FROM mail WHERE tenant_id = $1 AND status <> 'PENDING' AND created_at < now() - make_interval(days => $2)`,
      values: [tenantId, KEPT],
    })
    return db.rows<Claimed>({
      text: `WITH due AS MATERIALIZED (
 SELECT id FROM mail WHERE tenant_id = $1 AND status = 'PENDING' AND next_attempt_at <= now() ORDER BY next_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED
) UPDATE mail m SET attempts = m.attempts + 1, next_attempt_at = now() + make_interval(mins => $3) FROM due WHERE m.tenant_id = $1 AND m.id = due.id
 RETURNING m.id, m.to_address AS "to", m.subject, m.body AS text, m.attempts`,
      values: [tenantId, AT_ONCE, CLAIMED],
    })
  })
}

/** The text goes with the sending: it may hold tokens. */
async function noteSent(tenancy: Tenancy, tenantId: string, id: string): Promise<void> {
  await tenancy.writeTenant({ tenantId, actor: SENDER }, (db) =>
    db.rows({
      text: `UPDATE mail SET status = 'SENT', sent_at = now(), body = NULL, error = NULL WHERE tenant_id = $1 AND id = $2 AND status = 'PENDING'`,
      values: [tenantId, id],
    }),
  )
}

/** Says when to try again, or that it was the last time. Another process's later claim is left as it is. */
async function noteFailure(
  tenancy: Tenancy,
  tenantId: string,
  { id, attempts }: Claimed,
  problem: string,
): Promise<void> {
  const minutes = BACK_OFF[attempts - 1]
  await tenancy.writeTenant({ tenantId, actor: SENDER }, (db) =>
    db.rows({
      text: `UPDATE mail SET error = $4, ${minutes === undefined ? `status = 'FAILED', body = NULL` : 'next_attempt_at = now() + make_interval(mins => $5)'}
 WHERE tenant_id = $1 AND id = $2 AND status = 'PENDING' AND attempts = $3`,
      values: [tenantId, id, attempts, problem, ...(minutes === undefined ? [] : [minutes])],
    }),
  )
}

/** Where no server is set: says the recipient of each mail that a write of this process leaves waiting, once, and nothing of the mail itself. */
export function announceMails(tenancy: Tenancy, say: (recipient: string) => void, { delay = 300 } = {}): void {
  const since = new Date()
  const said = new LRUCache<string, true>({ max: 1000 })
  const waiting = new Set<string>()

  async function look(tenantId: string): Promise<void> {
    waiting.delete(tenantId)
    const rows = await tenancy.readTenant({ tenantId }, (db) =>
      db.rows<{ id: string; to: string }>({
        text: `SELECT id, to_address AS "to" FROM mail WHERE tenant_id = $1 AND status = 'PENDING' AND next_attempt_at >= $2 ORDER BY next_attempt_at DESC LIMIT 100`,
        values: [tenantId, since],
      }),
    )
    for (const { id, to } of rows.reverse()) {
      if (!said.has(id)) say(to)
      said.set(id, true)
    }
  }

  tenancy.onWritten(({ tenantId, actor }) => {
    if (waiting.has(tenantId) || actor === SENDER) return
    waiting.add(tenantId)
    // A read that fails is no news: the mail still waits, and the next write looks again.
    setTimeout(() => void look(tenantId).catch(() => {}), delay).unref()
  })
}

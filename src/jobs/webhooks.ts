import { createHmac } from 'node:crypto'
import { EgressError, send } from '../access/egress.ts'
import type { Tenancy } from '../tenancy/tenancy.ts'

/** The sender's own name as a caller: its writes are no reason to look for work again. */
const SENDER = 'webhook'
/** Minutes from a failed attempt to the next; after the last attempt it is given up. */
const BACK_OFF = [1, 5, 30, 120, 720]
const ATTEMPTS = BACK_OFF.length + 1
/** How long a claimed one is left alone, minutes: far beyond the longest request. */
const CLAIMED = 5
/** Those of one company that are on their way together. */
const AT_ONCE = 5
/** How long a line about a finished one stays, days. */
const KEPT = 30

interface Claimed {
  id: string
  body: string
  url: string | null
  secret: string | null
  attempts: number
}

/** Settings of the sender. Times in milliseconds. */
export interface WebhookOptions {
  /** Is told of every failed attempt, without addresses, and of database errors. */
  onError: (error: unknown) => void
  /** Lets private addresses through: for tests. */
  allowPrivate?: boolean
  /** The moment that signatures say. */
  now?: () => Date
}

/**
 * The header by which a receiver knows that a body is Atrium's and fresh: `t=<seconds>,v1=<hex>`, HMAC-SHA256 by the address's secret over `<seconds>.<body>`. Each
 * attempt is signed anew, so that a late one is not taken for a replay.
 */
export function signatureOf(secret: string, body: string, at: Date): string {
  const seconds = Math.floor(at.getTime() / 1000)
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`
}

/**
 * One round over the webhooks that are due, a few of each company. Any number of processes may do so: each is claimed by one. No transaction is open while a server
 * is talked to, so one whose process dies between sending and noting goes out twice, with the same id in its body.
 *
 * @returns how many were tried.
 */
export async function sendWebhooksOnce(tenancy: Tenancy, options: WebhookOptions): Promise<number> {
  const tenants = await tenancy.withoutTenant((db) =>
    db.rows<{ id: string }>({ text: 'SELECT atrium.tenants_with_webhooks() AS id', values: [] }),
  )
  let tried = 0
  for (const { id: tenantId } of tenants) {
    const claimed = await claim(tenancy, tenantId)
    tried += claimed.length
    await Promise.all(claimed.map((one) => deliver(tenancy, tenantId, one, options)))
  }
  return tried
}

/** Takes a few that are due for this process; what was claimed too often by processes that died is given up. */
function claim(tenancy: Tenancy, tenantId: string): Promise<Claimed[]> {
  return tenancy.writeTenant({ tenantId, actor: SENDER }, async (db) => {
    await db.rows({
      text: `UPDATE webhook_delivery SET status = 'FAILED', error = coalesce(error, 'expired') WHERE tenant_id = $1 AND status = 'PENDING' AND next_attempt_at <= now() AND attempts >= $2`,
      values: [tenantId, ATTEMPTS],
    })
    await db.rows({
      text: `DELETE FROM webhook_delivery WHERE tenant_id = $1 AND status <> 'PENDING' AND created_at < now() - make_interval(days => $2)`,
      values: [tenantId, KEPT],
    })
    return db.rows<Claimed>({
      text: `WITH due AS MATERIALIZED (
 SELECT id FROM webhook_delivery WHERE tenant_id = $1 AND status = 'PENDING' AND next_attempt_at <= now() ORDER BY next_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED
) UPDATE webhook_delivery d SET attempts = d.attempts + 1, next_attempt_at = now() + make_interval(mins => $3) FROM due WHERE d.tenant_id = $1 AND d.id = due.id
 RETURNING d.id, d.body, d.attempts, (SELECT s.webhook_url FROM notification_setting s WHERE s.tenant_id = $1 AND s.user_id = d.user_id) AS url,
 (SELECT s.webhook_secret FROM notification_setting s WHERE s.tenant_id = $1 AND s.user_id = d.user_id) AS secret`,
      values: [tenantId, AT_ONCE, CLAIMED],
    })
  })
}

async function deliver(
  tenancy: Tenancy,
  tenantId: string,
  { id, body, url, secret, attempts }: Claimed,
  { onError, allowPrivate = false, now = () => new Date() }: WebhookOptions,
): Promise<void> {
  let problem: string | null = 'no address'
  if (url && secret) {
    try {
      const { status } = await send(new URL(url), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'Atrium',
          'atrium-signature': signatureOf(secret, body, now()),
        },
        body,
        allowPrivate,
      })
      problem = status >= 200 && status < 300 ? null : `status ${status}`
    } catch (error) {
      if (!(error instanceof EgressError)) throw error
      problem = error.message
    }
    if (problem) onError(new Error(`Webhook ${id} was not taken, attempt ${attempts} of ${ATTEMPTS}: ${problem}`))
  }
  // Without an address nothing is to be tried again.
  const minutes = url ? BACK_OFF[attempts - 1] : undefined
  const failed = minutes === undefined ? `status = 'FAILED'` : 'next_attempt_at = now() + make_interval(mins => $5)'
  await tenancy
    .writeTenant({ tenantId, actor: SENDER }, (db) =>
      db.rows(
        problem === null
          ? {
              text: `UPDATE webhook_delivery SET status = 'SENT', sent_at = now(), error = NULL WHERE tenant_id = $1 AND id = $2 AND status = 'PENDING'`,
              values: [tenantId, id],
            }
          : {
              text: `UPDATE webhook_delivery SET error = $4, ${failed} WHERE tenant_id = $1 AND id = $2 AND status = 'PENDING' AND attempts = $3`,
              values: [tenantId, id, attempts, problem, ...(minutes === undefined ? [] : [minutes])],
            },
      ),
    )
    .catch(onError)
}

/** Sends webhooks in the background until it is stopped: soon after a write, and in between for what is to be tried again. */
export function sendWebhooks(
  tenancy: Tenancy,
  { delay = 300, interval = 30_000, ...options }: WebhookOptions & { delay?: number; interval?: number },
): { stop(): Promise<void> } {
  let waiting: NodeJS.Timeout | null = null
  let running: Promise<void> | null = null
  let again = false
  let stopped = false

  async function rounds(): Promise<void> {
    while (!stopped && (await sendWebhooksOnce(tenancy, options)) > 0);
  }
  function wake(): void {
    waiting = null
    if (running) {
      again = true
      return
    }
    again = false
    running = rounds().catch(options.onError)
    void running.finally(() => {
      running = null
      if (again && !stopped) wake()
    })
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
    },
  }
}

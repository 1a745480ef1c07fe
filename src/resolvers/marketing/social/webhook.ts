import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { addressProblem, type Incoming, type send } from '../../../access/egress.ts'
import { oneLine } from '../../../events/mail.ts'
import { type Connector, type ConnectorAccount, ConnectorError, METRICS, type Metrics } from './connector.ts'

const TIMEOUT_MS = 10_000
const MESSAGE_MAX = 500
const [ID_MAX, URL_MAX] = [200, 2000]
/** The largest figure that is kept. */
const MOST = 2 ** 31 - 1
/** Answers that say that the same request may pass later. */
const LATER = new Set([202, 408, 409, 423, 425, 429])
const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/
/** Bytes of a secret (Standard Webhooks). */
const [MIN_BYTES, MAX_BYTES] = [24, 64]

/**
 * The headers by which a receiver knows a request (Standard Webhooks 1.0): `webhook-id`, `webhook-timestamp` in seconds, and `webhook-signature`, for each secret `v1,` and the
 * base64 of HMAC-SHA256 over `<id>.<timestamp>.<body>`.
 */
export function standardHeaders(
  id: string,
  body: string,
  secrets: readonly string[],
  at: Date,
): Record<string, string> {
  const seconds = Math.floor(at.getTime() / 1000)
  const sign = (secret: string) =>
    `v1,${createHmac('sha256', keyOf(secret)).update(`${id}.${seconds}.${body}`).digest('base64')}`
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': secrets.map(sign).join(' '),
  }
}

const keyOf = (secret: string) => Buffer.from(SECRET.exec(secret)?.[1] ?? '', 'base64')

/** Posts by way of the company's own bridge: a signed POST to the address in the settings' `url`, answered with JSON. `post` sends a request. */
export function webhookConnector(post: typeof send): Connector {
  async function ask(account: ConnectorAccount, id: string, type: string, data: object): Promise<unknown> {
    const body = JSON.stringify({
      type,
      data: { accountId: account.id, platform: account.platform, handle: account.handle, ...data },
    })
    const answer = await sent(account, id, body)
    const { status } = answer
    if (status !== 202 && status >= 200 && status < 300) return jsonOf(answer)
    const said = (jsonOf(answer) as { message?: unknown } | null)?.message
    const message =
      typeof said === 'string' && said.trim() ? oneLine(said, MESSAGE_MAX) : `The bridge answered ${status}.`
    throw new ConnectorError(message, {
      permanent: status < 500 && !LATER.has(status),
      retryAfter: retryAfterOf(answer.headers['retry-after']),
    })
  }

  async function sent({ settings, secrets }: ConnectorAccount, id: string, body: string): Promise<Incoming> {
    try {
      return await post(new URL(String(settings.url)), {
        method: 'POST',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'user-agent': 'Atrium-Social',
          'idempotency-key': id,
          ...standardHeaders(id, body, secrets, new Date()),
        },
        body,
        timeoutMs: TIMEOUT_MS,
      })
    } catch (error) {
      // An EgressError names no address.
      throw new ConnectorError((error as Error).message, { permanent: false })
    }
  }

  return {
    name: 'webhook',
    publisher: {
      async publish(account, given, key) {
        const answer = (await ask(account, key, 'social.post.publish', given)) as { id?: unknown; url?: unknown } | null
        const externalId = textOf(answer?.id, ID_MAX)
        // Under the same key it may be asked again: what was published is not published twice.
        if (externalId === null) throw new ConnectorError('The bridge answered without an id.', { permanent: false })
        const url = textOf(answer?.url, URL_MAX)
        return { externalId, url: url && isWeb(url) ? url : null }
      },
      async metrics(account, externalId) {
        const answer = await ask(account, randomUUID(), 'social.post.metrics', { externalId })
        if (typeof answer !== 'object' || answer === null)
          throw new ConnectorError('The bridge answered without figures.', { permanent: false })
        const of = (name: string) => figureOf((answer as Record<string, unknown>)[name])
        return Object.fromEntries(METRICS.map((name) => [name, of(name)])) as Metrics
      },
    },
    secret: {
      make: () => `whsec_${randomBytes(32).toString('base64')}`,
      problem(given) {
        const bytes = keyOf(given).length
        if (bytes >= MIN_BYTES && bytes <= MAX_BYTES) return null
        return `must be whsec_ and ${MIN_BYTES} to ${MAX_BYTES} bytes in base64`
      },
    },
    settingsProblem(settings) {
      const strange = Object.keys(settings).find((name) => name !== 'url')
      if (strange !== undefined) return { path: [strange], rule: 'unknown', message: 'is no setting of this connector' }
      const { url } = settings
      if (url == null) return { path: ['url'], rule: 'required', message: 'is required' }
      if (typeof url !== 'string' || url.length > URL_MAX || !URL.canParse(url))
        return { path: ['url'], rule: 'url', message: `must be an https address of at most ${URL_MAX} characters` }
      const problem = addressProblem(new URL(url))
      return problem === null
        ? null
        : { path: ['url'], rule: 'address', message: `is no address of a bridge: ${problem.replace(/\.$/, '')}` }
    },
  }
}

function jsonOf({ body }: Incoming): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return null
  }
}

/** A text, or a number as one; null for what is neither, empty, too long, or not to be stored. */
function textOf(value: unknown, max: number): string | null {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string' || text === '' || text.length > max) return null
  return /\p{Cc}|\p{Cs}/u.test(text) ? null : text
}

const isWeb = (url: string) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)

function figureOf(value: unknown): number | null {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) return null
  return Math.min(value, MOST)
}

/** Retry-After in seconds (RFC 9110: seconds, or a date); null without one. */
export function retryAfterOf(header: string | string[] | undefined, now = Date.now()): number | null {
  const text = Array.isArray(header) ? header[0] : header
  if (!text) return null
  if (/^\d{1,9}$/.test(text)) return Number(text)
  const at = Date.parse(text)
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - now) / 1000))
}

import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { RequestError } from '../errors.ts'

/** What the HTTP layer knows of a request while it runs. Nothing that the caller sent but the id. */
export interface RequestState {
  id: string
  /** Messages in Chinese. */
  zh: boolean
  /** Milliseconds of `performance.now()`. */
  startedAt: number
  /** query, mutation or subscription, once known. */
  operation?: string
  /** Points that the operation was charged, see http/cost.ts. */
  cost?: number
  /** Codes of the errors in the answer. */
  codes: string[]
  /** The HTTP request was in order, its document or its variables were not. */
  badDocument?: boolean
  /** What the short way failed with after its statement had run: the general way tells it and does not run it again. */
  failed?: RequestError
}

const requests = new AsyncLocalStorage<RequestState>()

/** Runs `work`, and what it starts, as that request. */
export function runAs<T>(state: RequestState, work: () => T): T {
  return requests.run(state, work)
}

/** The request that is being answered, for log lines and error messages; undefined outside of one. */
export function currentRequest(): RequestState | undefined {
  return requests.getStore()
}

/** Starts the books of a request. */
export function requestState(id: string, acceptLanguage: string | undefined): RequestState {
  return { id, zh: prefersChinese(acceptLanguage), startedAt: performance.now(), codes: [] }
}

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/

/** The caller's X-Request-Id if it is well-formed, else a new UUID. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID()
}

/** Whether Accept-Language ranks Chinese over English, the default. */
export function prefersChinese(header: string | undefined): boolean {
  // Longer ones are not sent by people.
  if (!header || header.length > 500) return false
  const weight = { zh: 0, en: 0 }
  for (const range of header.split(',')) {
    const [tag = '', ...parameters] = range.trim().toLowerCase().split(';')
    const language = tag.split('-')[0]
    if (language !== 'zh' && language !== 'en') continue
    const q = parameters.map((one) => /^\s*q=([\d.]+)\s*$/.exec(one)?.[1]).find((one) => one !== undefined)
    weight[language] = Math.max(weight[language], q === undefined ? 1 : Number(q) || 0)
    // Of equal weights the first one counts.
    if (weight.zh === weight.en && weight.zh > 0) weight[language] -= 0.0001
  }
  return weight.zh > weight.en
}

const CREDENTIALS = new Set(['access_token', 'api_key', 'apikey', 'authorization', 'token'])

/** Whether the address holds a credential: addresses end up in logs and histories. */
export function hasCredentialInQuery(url: string): boolean {
  const start = url.indexOf('?')
  if (start < 0) return false
  for (const name of new URLSearchParams(url.slice(start)).keys()) if (CREDENTIALS.has(name.toLowerCase())) return true
  return false
}

/** How many Authorization headers came in. Node keeps the first and drops the others, a proxy may do otherwise. */
export function countAuthorization({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): number {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]?.toLowerCase() === 'authorization') count++
  return count
}

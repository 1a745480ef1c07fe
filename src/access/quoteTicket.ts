import { createHmac, timingSafeEqual } from 'node:crypto'
import { isUuid } from '../ids.ts'
import { deriveKey, keyring, type Secrets } from './keys.ts'

/** The quote of which company a link shows. */
export interface QuoteClaims {
  tenantId: string
  quoteId: string
}

/** Tickets in the links of quotes that go to customers, who have no credential. */
export interface QuoteTickets {
  sign(claims: QuoteClaims): string
  /** What a ticket is for; null for any other text. Whether the quote may still be shown, the quote says. */
  verify(ticket: string): QuoteClaims | null
}

const BODY = 32
const MAC = 32

/** Makes and reads the tickets: company and quote, 32 bytes, and the signature over them (HMAC-SHA256 by a key of their own). What `previousSecret` signed is accepted until its deadline. */
export function createQuoteTickets(secrets: Secrets): QuoteTickets {
  const keys = keyring(secrets, (secret) => deriveKey(secret, 'atrium quote ticket v1'))
  const mac = (key: Buffer, body: Buffer) => createHmac('sha256', key).update(body).digest()
  return {
    sign({ tenantId, quoteId }) {
      if (!isUuid(tenantId) || !isUuid(quoteId)) throw new TypeError('A ticket is for UUIDs.')
      const body = Buffer.from((tenantId + quoteId).replaceAll('-', ''), 'hex')
      return Buffer.concat([body, mac(keys.current, body)]).toString('base64url')
    },
    verify(ticket) {
      const bytes = Buffer.from(ticket, 'base64url')
      // One spelling: base64 that ends in other bits would decode to the same.
      if (bytes.length !== BODY + MAC || bytes.toString('base64url') !== ticket) return null
      const body = bytes.subarray(0, BODY)
      if (!keys.accepted().some((key) => timingSafeEqual(mac(key, body), bytes.subarray(BODY)))) return null
      const uuid = (from: number) =>
        body.toString('hex', from, from + 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
      return { tenantId: uuid(0), quoteId: uuid(16) }
    },
  }
}

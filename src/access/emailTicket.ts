import { createHmac, timingSafeEqual } from 'node:crypto'
import { isUuid } from '../ids.ts'
import { deriveKey, keyring, type Secrets } from './keys.ts'

/** What a link of a mail is for. */
export type EmailUse = 'OPEN' | 'CLICK' | 'UNSUBSCRIBE' | 'BOUNCE' | 'SURVEY'

/** Which mail of which company a link stands in; of a click, the token of the link that was followed. */
export interface EmailClaims {
  tenantId: string
  messageId: string
  /** 128 random bits in hexadecimal digits. */
  link: string | null
}

/** Tickets in the links of mails to customers, who have no credential. */
export interface EmailTickets {
  sign(use: EmailUse, claims: { tenantId: string; messageId: string; link?: string }): string
  /** What a ticket for that use is for; null for any other text, also for a ticket for another use. */
  verify(use: EmailUse, ticket: string): EmailClaims | null
}

const USES: Record<EmailUse, number> = { OPEN: 1, CLICK: 2, UNSUBSCRIBE: 3, BOUNCE: 4, SURVEY: 5 }
const UUIDS = 33
const LINK = 16
/** Half of the hash is enough: who guesses has one try in 2^128, and links stay short. */
const MAC = 16

/** Makes and reads the tickets: use, company, mail and link, and the signature over them (HMAC-SHA256 by a key of their own). What `previousSecret` signed is accepted until its deadline. */
export function createEmailTickets(secrets: Secrets): EmailTickets {
  const keys = keyring(secrets, (secret) => deriveKey(secret, 'atrium email ticket v1'))
  const mac = (key: Buffer, body: Buffer) => createHmac('sha256', key).update(body).digest().subarray(0, MAC)
  return {
    sign(use, { tenantId, messageId, link = '' }) {
      if (!isUuid(tenantId) || !isUuid(messageId)) throw new TypeError('A ticket is for UUIDs.')
      const body = Buffer.concat([
        Buffer.of(USES[use]),
        Buffer.from((tenantId + messageId).replaceAll('-', '') + link, 'hex'),
      ])
      return Buffer.concat([body, mac(keys.current, body)]).toString('base64url')
    },
    verify(use, ticket) {
      const bytes = Buffer.from(ticket, 'base64url')
      const length = UUIDS + (use === 'CLICK' ? LINK : 0)
      // One spelling: base64 that ends in other bits would decode to the same.
      if (bytes.length !== length + MAC || bytes.toString('base64url') !== ticket || bytes[0] !== USES[use]) return null
      const body = bytes.subarray(0, length)
      if (!keys.accepted().some((key) => timingSafeEqual(mac(key, body), bytes.subarray(length)))) return null
      const uuid = (from: number) =>
        body.toString('hex', from, from + 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
      return {
        tenantId: uuid(1),
        messageId: uuid(17),
        link: use === 'CLICK' ? body.toString('hex', UUIDS) : null,
      }
    },
  }
}

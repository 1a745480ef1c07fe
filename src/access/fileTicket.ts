import { createHmac, timingSafeEqual } from 'node:crypto'
import { isUuid } from '../ids.ts'
import { deriveKey, keyring, type Secrets } from './keys.ts'

/** What a ticket is for: one file of one tenant, given to one user; null for callers that are no user. */
export interface FileClaims {
  tenantId: string
  attachmentId: string
  userId: string | null
}

/** Tickets in addresses that give a file without another credential. */
export interface FileTickets {
  /** A signed ticket that holds for `seconds`. */
  sign(claims: FileClaims): string
  /** What a ticket is for; null for any other text, for one that was changed and for one whose time is over. */
  verify(ticket: string): FileClaims | null
}

const NOBODY = '00000000-0000-0000-0000-000000000000'
const BODY = 16 * 3 + 4
const MAC = 32

/**
 * Makes and reads tickets, signed by a key of their own (HMAC-SHA256): tenant, attachment, user and end, 52 bytes, and the signature over them. What
 * `previousSecret` signed is accepted until its deadline.
 */
export function createFileTickets({ seconds = 300, ...secrets }: Secrets & { seconds?: number }): FileTickets {
  const keys = keyring(secrets, (secret) => deriveKey(secret, 'atrium file ticket v1'))
  const mac = (key: Buffer, body: Buffer) => createHmac('sha256', key).update(body).digest()
  return {
    sign({ tenantId, attachmentId, userId }) {
      const body = Buffer.alloc(BODY)
      for (const [place, id] of [tenantId, attachmentId, userId ?? NOBODY].entries()) {
        if (!isUuid(id)) throw new TypeError('A ticket is for UUIDs.')
        body.write(id.replaceAll('-', ''), place * 16, 'hex')
      }
      body.writeUInt32BE(Math.floor(Date.now() / 1000) + seconds, 48)
      return Buffer.concat([body, mac(keys.current, body)]).toString('base64url')
    },
    verify(ticket) {
      const bytes = Buffer.from(ticket, 'base64url')
      // One spelling: base64 that ends in other bits would decode to the same.
      if (bytes.length !== BODY + MAC || bytes.toString('base64url') !== ticket) return null
      const body = bytes.subarray(0, BODY)
      if (!keys.accepted().some((key) => timingSafeEqual(mac(key, body), bytes.subarray(BODY)))) return null
      if (body.readUInt32BE(48) <= Date.now() / 1000) return null
      const uuid = (place: number) =>
        body.toString('hex', place * 16, place * 16 + 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
      return { tenantId: uuid(0), attachmentId: uuid(1), userId: uuid(2) === NOBODY ? null : uuid(2) }
    },
  }
}

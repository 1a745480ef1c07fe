import { hash, randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** `live` for a company's real data, `test` for a sandbox. */
export type ApiKeyKind = 'live' | 'test'

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const SHAPE = /^(atr_(live|test)_[0-9A-Za-z]{22})_([0-9A-Za-z]{6})$/
const LENGTH = 'atr_live_'.length + 22 + 1 + 6

/**
 * A new key `atr_live_<22 base62>_<6 checksum>`: `key` is shown once and never stored; `hash` (32 bytes) is what finds it
 * again; `prefix` (the first 12 characters) and `last4` are what lists show. Those two give away 18 bits of the random
 * part and 24 of its checksum, so at least 89 of its 131 bits stay unknown to whoever reads the table.
 */
export function newApiKey(kind: ApiKeyKind): { key: string; prefix: string; last4: string; hash: Buffer } {
  const random = Array.from({ length: 22 }, () => BASE62[randomInt(62)]).join('')
  const body = `atr_${kind}_${random}`
  const key = `${body}_${checksum(body)}`
  return { key, prefix: key.slice(0, 12), last4: key.slice(-4), hash: hashApiKey(key) }
}

/**
 * Kind and hash of a well-formed key, null for every other text. Looks at shape and checksum only, so that a mistyped or
 * invented key never reaches the database; a key that passes may still be unknown. Texts of any length cost the same.
 */
export function parseApiKey(text: string): { kind: ApiKeyKind; hash: Buffer } | null {
  if (text.length !== LENGTH) return null
  const match = SHAPE.exec(text)
  if (!match) return null
  const [, body = '', kind, sum] = match
  // The checksum is no secret, anyone can compute it: a plain comparison gives nothing away.
  if (checksum(body) !== sum) return null
  return { kind: kind as ApiKeyKind, hash: hashApiKey(text) }
}

/**
 * SHA-256 of a key, 32 bytes. A slow hash protects what people think up, because that can be guessed. 131 random bits
 * cannot be, however fast each guess is, and every request of a partner pays for this one. No salt, so that the hash is
 * the look-up key; two keys are never equal.
 */
export function hashApiKey(key: string): Buffer {
  return hash('sha256', key, 'buffer')
}

/** CRC-32 as six base62 digits, the scheme of GitHub's tokens: secret scanners recognise a key without asking us. */
function checksum(body: string): string {
  let rest = crc32(body)
  let digits = ''
  for (let i = 0; i < 6; i++) {
    digits = BASE62[rest % 62] + digits
    rest = Math.floor(rest / 62)
  }
  return digits
}

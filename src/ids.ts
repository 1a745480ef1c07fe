import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
// TypeID 0.3: snake case, a letter at both ends. An empty prefix is legal there, but no record type of ours has one.
const PREFIX = /^[a-z](?:[a-z_]{0,61}[a-z])?$/
const SUFFIX = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/
const SUFFIX_LENGTH = 26
const MAX_LENGTH = 63 + 1 + SUFFIX_LENGTH

const BASE32 = '0123456789abcdefghjkmnpqrstvwxyz'
const PAIRS = Array.from({ length: 1024 }, (_, bits) => BASE32[bits >>> 5]! + BASE32[bits & 31]!)
const FROM_BASE32 = inverse(BASE32)
const FROM_HEX = inverse('0123456789abcdef')
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Random bytes for the next ids: asked for one by one they take ten times as long as all the rest. */
const pool = Buffer.allocUnsafe(16 * 256)
let taken = pool.length
let millisecond = -1
let sequence = 0

/** A new UUIDv7 in lower case, always greater than the ones made before in this process, even if the clock steps back. */
export function newId(): string {
  if (taken === pool.length) {
    randomFillSync(pool)
    taken = 0
  }
  const random = pool.subarray(taken, taken + 16)
  taken += 16
  const now = Date.now()
  if (now > millisecond) {
    millisecond = now
    // Half of the range stays free, to count on from here within the millisecond.
    sequence = random.readUInt32BE(0) >>> 1
  } else if (++sequence > 0xffffffff) {
    millisecond++
    sequence = 0
  }
  return v7({ msecs: millisecond, seq: sequence, random })
}

/** Whether a text is a UUID as PostgreSQL writes it: 36 characters, lower case, any version. */
export function isUuid(text: string): boolean {
  return UUID.test(text)
}

/**
 * The id that clients see: `acct_01h455vb4pex5vsknk084sn02q`, the prefix and the UUID's 128 bits as 26 characters of
 * Crockford's base32 (TypeID 0.3, github.com/jetify-com/typeid). It sorts as the UUID does.
 * Throws a TypeError if the prefix is not 1 to 63 of `[a-z_]` with a letter at both ends, or the UUID not lower case and dashed.
 */
export function encodeId(prefix: string, uuid: string): string {
  if (!PREFIX.test(prefix)) throw new TypeError('encodeId: prefix must be 1 to 63 of a-z and _, a letter at both ends')
  if (!UUID.test(uuid)) throw new TypeError('encodeId: uuid must be a UUID in lower case')
  return `${prefix}_${encodeSuffix(uuid)}`
}

/** The part of an id behind its prefix, for a UUID that PostgreSQL wrote: it is not checked. */
export function encodeSuffix(uuid: string): string {
  const a = (hex(uuid, 0) << 16) | hex(uuid, 4)
  const b = (hex(uuid, 9) << 16) | hex(uuid, 14)
  const c = (hex(uuid, 19) << 16) | hex(uuid, 24)
  const d = (hex(uuid, 28) << 16) | hex(uuid, 32)
  // Every cell of every answer with an id comes through here: ten bits at a time, looked up in pairs of letters.
  return (
    PAIRS[a >>> 24]! +
    PAIRS[(a >>> 14) & 1023]! +
    PAIRS[(a >>> 4) & 1023]! +
    PAIRS[((a & 15) << 6) | (b >>> 26)]! +
    PAIRS[(b >>> 16) & 1023]! +
    PAIRS[(b >>> 6) & 1023]! +
    PAIRS[((b & 63) << 4) | (c >>> 28)]! +
    PAIRS[(c >>> 18) & 1023]! +
    PAIRS[(c >>> 8) & 1023]! +
    PAIRS[((c & 255) << 2) | (d >>> 30)]! +
    PAIRS[(d >>> 20) & 1023]! +
    PAIRS[(d >>> 10) & 1023]! +
    PAIRS[d & 1023]!
  )
}

/**
 * The prefix and UUID of an id that a client sent, or null for anything that `encodeId` does not write: other letters,
 * upper case, another length, more than 128 bits, no prefix. Texts of any length cost the same.
 */
export function decodeId(text: string): { prefix: string; uuid: string } | null {
  if (text.length > MAX_LENGTH) return null
  const cut = text.length - SUFFIX_LENGTH
  if (text[cut - 1] !== '_') return null
  const prefix = text.slice(0, cut - 1)
  const suffix = text.slice(cut)
  if (!PREFIX.test(prefix) || !SUFFIX.test(suffix)) return null
  const a = (five(suffix, 0) << 29) | (bits25(suffix, 1) << 4) | (five(suffix, 6) >>> 1)
  const b = (five(suffix, 6) << 31) | (bits25(suffix, 7) << 6) | (five(suffix, 12) << 1) | (five(suffix, 13) >>> 4)
  const c = (five(suffix, 13) << 28) | (bits25(suffix, 14) << 3) | (five(suffix, 19) >>> 2)
  const d = (five(suffix, 19) << 30) | (bits25(suffix, 20) << 5) | five(suffix, 25)
  const uuid = `${pair(a >>> 16)}${pair(a)}-${pair(b >>> 16)}-${pair(b)}-${pair(c >>> 16)}-${pair(c)}${pair(d >>> 16)}${pair(d)}`
  return { prefix, uuid }
}

/** The 16 bits of four hexadecimal digits. */
function hex(text: string, at: number): number {
  return (
    (FROM_HEX[text.charCodeAt(at)]! << 12) |
    (FROM_HEX[text.charCodeAt(at + 1)]! << 8) |
    (FROM_HEX[text.charCodeAt(at + 2)]! << 4) |
    FROM_HEX[text.charCodeAt(at + 3)]!
  )
}

/** The five bits of one base32 letter. */
function five(text: string, at: number): number {
  return FROM_BASE32[text.charCodeAt(at)]!
}

/** The 25 bits of five base32 letters. */
function bits25(text: string, at: number): number {
  return (
    (five(text, at) << 20) |
    (five(text, at + 1) << 15) |
    (five(text, at + 2) << 10) |
    (five(text, at + 3) << 5) |
    five(text, at + 4)
  )
}

/** Four hexadecimal digits of the lowest 16 bits. */
function pair(bits: number): string {
  return HEX[(bits >>> 8) & 255]! + HEX[bits & 255]!
}

/** From character code to place in the alphabet; the patterns above let no other character through. */
function inverse(alphabet: string): Uint8Array {
  const places = new Uint8Array(128)
  for (let place = 0; place < alphabet.length; place++) places[alphabet.charCodeAt(place)] = place
  return places
}

import { v7 } from 'uuid'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
// TypeID 0.3: snake case, a letter at both ends. An empty prefix is legal there, but no record type of ours has one.
const PREFIX = /^[a-z](?:[a-z_]{0,61}[a-z])?$/
const SUFFIX = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/
const SUFFIX_LENGTH = 26
const MAX_LENGTH = 63 + 1 + SUFFIX_LENGTH

const BASE32 = Buffer.from('0123456789abcdefghjkmnpqrstvwxyz')
const FROM_BASE32 = inverse('0123456789abcdefghjkmnpqrstvwxyz')
const FROM_HEX = inverse('0123456789abcdef')
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** A new UUIDv7 in lower case, always greater than the ones made before in this process, even if the clock steps back. */
export function newId(): string {
  return v7()
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
  const a = (hex(uuid, 0) << 16) | hex(uuid, 4)
  const b = (hex(uuid, 9) << 16) | hex(uuid, 14)
  const c = (hex(uuid, 19) << 16) | hex(uuid, 24)
  const d = (hex(uuid, 28) << 16) | hex(uuid, 32)
  // Every cell of every answer with an id comes through here: one flat call is twice as fast as joining letters.
  const suffix = String.fromCharCode(
    letter(a >>> 29),
    letter(a >>> 24),
    letter(a >>> 19),
    letter(a >>> 14),
    letter(a >>> 9),
    letter(a >>> 4),
    letter((a << 1) | (b >>> 31)),
    letter(b >>> 26),
    letter(b >>> 21),
    letter(b >>> 16),
    letter(b >>> 11),
    letter(b >>> 6),
    letter(b >>> 1),
    letter((b << 4) | (c >>> 28)),
    letter(c >>> 23),
    letter(c >>> 18),
    letter(c >>> 13),
    letter(c >>> 8),
    letter(c >>> 3),
    letter((c << 2) | (d >>> 30)),
    letter(d >>> 25),
    letter(d >>> 20),
    letter(d >>> 15),
    letter(d >>> 10),
    letter(d >>> 5),
    letter(d),
  )
  return `${prefix}_${suffix}`
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

/** The base32 letter, as a character code, of the lowest five bits. */
function letter(bits: number): number {
  return BASE32[bits & 31]!
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

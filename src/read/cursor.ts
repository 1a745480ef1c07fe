import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto'

/** What `createCursors` gives. */
export type Cursors = {
  /** The cursor of one row: its sort values, bound to a tenant and query. Throws a RangeError if it passes 4,096 characters. */
  seal(values: (string | null)[], bound: string): string
  /** The values of a cursor sealed with the same key and `bound`; null for every other text. */
  open(cursor: string, bound: string): (string | null)[] | null
}

const MAX_LENGTH = 4096
const IV = 12
const TAG = 16
const CIPHER = 'aes-256-gcm'
const TAG_LENGTH = { authTagLength: TAG }

/**
 * Opaque page cursors: base64url of iv, AES-256-GCM ciphertext and tag, with `bound` as additional data, so that a cursor
 * carries no readable value and opens only for the tenant and query that it was made for. `key` is 32 bytes, see
 * `deriveKey`; throws a RangeError for another length. Random ivs are good for 2^32 cursors at a chance of 2^-33 that two
 * are equal (NIST SP 800-38D 8.3); were it to happen, the harm is a cursor that its maker moves within his own rows.
 */
export function createCursors(key: Buffer): Cursors {
  if (key.length !== 32) throw new RangeError(`The key of cursors must have 32 bytes, it has ${key.length}.`)
  // A key object is imported once; raw bytes would be for each cursor, which takes longer than all the rest.
  const secret = createSecretKey(key)

  function seal(values: (string | null)[], bound: string): string {
    const iv = randomBytes(IV)
    const cipher = createCipheriv(CIPHER, secret, iv, TAG_LENGTH).setAAD(Buffer.from(bound))
    const body = cipher.update(JSON.stringify(values), 'utf8')
    cipher.final()
    const cursor = Buffer.concat([iv, body, cipher.getAuthTag()]).toString('base64url')
    if (cursor.length > MAX_LENGTH) throw new RangeError('The sort values of a row are too long for a cursor.')
    return cursor
  }

  function open(cursor: string, bound: string): (string | null)[] | null {
    if (cursor.length > MAX_LENGTH) return null
    const bytes = Buffer.from(cursor, 'base64url')
    if (bytes.length < IV + TAG) return null
    // Node's decoder skips what it does not know; one cursor has exactly one spelling here.
    if (bytes.toString('base64url') !== cursor) return null
    const end = bytes.length - TAG
    try {
      const decipher = createDecipheriv(CIPHER, secret, bytes.subarray(0, IV), TAG_LENGTH)
      decipher.setAAD(Buffer.from(bound)).setAuthTag(bytes.subarray(end))
      const text = decipher.update(bytes.subarray(IV, end), undefined, 'utf8') + decipher.final('utf8')
      return JSON.parse(text)
    } catch {
      return null
    }
  }

  return { seal, open }
}

/** Cursors of more than one key: sealed with the current one, opened with any that is accepted at the moment; see `keyring`. */
export function ringOfCursors(ring: { current: Cursors; accepted(): readonly Cursors[] }): Cursors {
  return {
    seal: (values, bound) => ring.current.seal(values, bound),
    open(cursor, bound) {
      for (const cursors of ring.accepted()) {
        const values = cursors.open(cursor, bound)
        if (values) return values
      }
      return null
    },
  }
}

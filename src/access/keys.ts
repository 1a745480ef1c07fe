import { hkdfSync } from 'node:crypto'

const MIN_SECRET = 32

/**
 * A key for one purpose out of the deployment's one secret (HKDF-SHA256, RFC 5869, no salt). The label names purpose and
 * version ('atrium access token v1'): different labels give independent keys, so that one that leaks opens nothing else.
 * Throws a RangeError if the secret is shorter than 32 characters or the label is empty.
 */
export function deriveKey(secret: string, label: string, bytes = 32): Buffer {
  if (secret.length < MIN_SECRET) {
    throw new RangeError(`secret must have at least ${MIN_SECRET} characters, it has ${secret.length}.`)
  }
  if (label === '') throw new RangeError('label must say what the key is for.')
  return Buffer.from(hkdfSync('sha256', secret, '', label, bytes))
}

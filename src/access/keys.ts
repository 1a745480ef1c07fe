import { hkdfSync } from 'node:crypto'
import type { Config } from '../config.ts'

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

/** The deployment's secret, and the other one that is accepted beside it until a moment: the one before, or the one that comes next. */
export type Secrets = Pick<Config, 'secret' | 'previousSecret'>

/** What is derived from the deployment's secrets for one purpose. */
export interface Keyring<Key> {
  /** Everything is made with this one. */
  current: Key
  /** What is accepted at this moment, the current one first; the other one until its deadline. */
  accepted(): readonly Key[]
}

/**
 * The keys of one purpose: `make` derives what it needs from a secret, see deriveKey, and is called once for each. The deadline is looked at on each use
 * and not at the start, so that no process has to be started again when it comes (spec/security.md B26).
 */
export function keyring<Key>({ secret, previousSecret }: Secrets, make: (secret: string) => Key): Keyring<Key> {
  const current = make(secret)
  const alone = [current]
  if (!previousSecret) return { current, accepted: () => alone }
  const until = previousSecret.until.getTime()
  const both = [current, make(previousSecret.secret)]
  return { current, accepted: () => (Date.now() < until ? both : alone) }
}

import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import { deriveKey, keyring, type Secrets } from './keys.ts'

// RFC 6238 as all authenticator apps know it: SHA-1, six digits, 30 seconds.
const SETTINGS = { algorithm: 'SHA1', digits: 6, period: 30 } as const
/** Codes of so many steps before and after the present one fit too: clocks differ, and typing takes time (RFC 6238, 5.2). */
const WINDOW = 1
const RECOVERY_CODES = 10
/** Crockford's letters: none looks like another. */
const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz'

/** A new secret of a second factor: 160 random bits (RFC 4226) in base32, as people type it into an app. */
export function newTotpSecret(): string {
  return new Secret({ size: 20 }).base32
}

/** The otpauth:// address that an app reads from a QR code. `account` and `company` are what the app shows. */
export function totpUri(secret: string, account: string, company: string): string {
  return new TOTP({ ...SETTINGS, secret, label: account, issuer: company }).toString()
}

/** The time step (number of 30 seconds since 1970) that a code of six digits belongs to, one before or after the present at most; null if to none. */
export function totpStep(secret: string, code: string, now = Date.now()): number | null {
  if (!/^\d{6}$/.test(code)) return null
  const delta = new TOTP({ ...SETTINGS, secret }).validate({ token: code, timestamp: now, window: WINDOW })
  return delta === null ? null : Math.floor(now / 1000 / SETTINGS.period) + delta
}

/** Ten new recovery codes `xxxx-xxxx-xxxx-xxxx` of 80 random bits each. */
export function newRecoveryCodes(): string[] {
  return Array.from({ length: RECOVERY_CODES }, () => {
    // 32 letters divide 256 evenly: no letter is likelier than another.
    const letters = Array.from(randomBytes(16), (byte) => LETTERS[byte % 32]).join('')
    return letters.replace(/(.{4})(?=.)/g, '$1-')
  })
}

/** A recovery code as people type it, without what they add or leave out; null for what is none. */
export function plainRecoveryCode(text: string): string | null {
  const plain = text.length > 40 ? '' : text.toLowerCase().replace(/[\s-]/g, '')
  return /^[0-9a-hjkmnp-tv-z]{16}$/.test(plain) ? plain : null
}

/** What keeps a second factor at rest; `about` says whose it is, and what was sealed for one opens for no other. */
export interface Vault {
  /** AES-256-GCM with the current key: 6 bytes that name the key, 12 of nonce, the text, 16 of tag. */
  seal(text: string, about: string): Buffer
  /** The sealed text. Throws LostKeyError when its key counts no more, or never did, and an Error when it is about another or was changed. */
  open(sealed: Uint8Array, about: string): string
  /** Was it sealed with the current key? What was not is lost at the deadline of the previous secret, unless it is sealed anew before. */
  isCurrent(sealed: Uint8Array): boolean
}

/** What was sealed names a key that does not count: its secret was exchanged, and the deadline of the one before is over. */
export class LostKeyError extends Error {
  override name = 'LostKeyError'
}

const KEY_ID = 6
const NONCE = 12
const TAG = 16

/**
 * Hash of a recovery code, 32 bytes, keyed by the second factor's own `secret`: the table alone, where that lies sealed, gives no way to guess it, and
 * when the factor is sealed anew the codes, which nobody knows any more, stay good.
 */
export function hashRecovery(secret: string, code: string, about: string): Buffer {
  return createHmac('sha256', deriveKey(secret, 'atrium recovery code v2')).update(`${about} ${code}`).digest()
}

/** The vault of a deployment: seals with the current secret, opens with what is accepted. Secrets have at least 32 characters, else RangeError. */
export function createVault(secrets: Secrets): Vault {
  const keys = keyring(secrets, (secret) => ({
    id: deriveKey(secret, 'atrium totp v1 kid', KEY_ID),
    key: deriveKey(secret, 'atrium totp v1'),
  }))
  const isOf = (id: Buffer, sealed: Uint8Array) => id.equals(sealed.subarray(0, KEY_ID))
  return {
    isCurrent: (sealed) => isOf(keys.current.id, sealed),
    seal(text, about) {
      const { id, key } = keys.current
      const nonce = randomBytes(NONCE)
      const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG }).setAAD(Buffer.from(about))
      return Buffer.concat([id, nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
    },
    open(sealed, about) {
      const found = keys.accepted().find(({ id }) => isOf(id, sealed))
      if (!found) throw new LostKeyError('This was sealed with a key that does not count.')
      const bytes = Buffer.from(sealed).subarray(KEY_ID)
      const decipher = createDecipheriv('aes-256-gcm', found.key, bytes.subarray(0, NONCE), { authTagLength: TAG })
      decipher.setAAD(Buffer.from(about)).setAuthTag(bytes.subarray(-TAG))
      return `${decipher.update(bytes.subarray(NONCE, -TAG), undefined, 'utf8')}${decipher.final('utf8')}`
    },
  }
}

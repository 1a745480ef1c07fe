import { createSecretKey, randomUUID } from 'node:crypto'
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { isUuid } from '../ids.ts'
import { deriveKey, keyring, type Secrets } from './keys.ts'

/** Whom a client's token speaks for: plain UUIDs of the tenant and the API key. */
export interface ClientClaims {
  tenantId: string
  keyId: string
  /** What the client narrowed this token to, besides the scopes of its key; empty for all of those. */
  scopes: string[]
}

/** What a program sends to trade its key for a token (RFC 6749 4.4). */
export interface ClientGrant {
  clientId: string
  clientSecret: string
  /** Scopes that it asks for, separated by blanks; null for all that it has. */
  scope: string | null
  ip: string | null
  requestId: string
}

/** Why a program gets no token: a code of RFC 6749 5.2 and a sentence for its developer. */
export interface ClientRefusal {
  error: 'invalid_client' | 'invalid_scope' | 'unauthorized_client' | 'temporarily_unavailable'
  description: string
  /** Seconds after which to try again. */
  retryAfter?: number
}

/** A token for a program. `scope` is null when it may do all that its role allows. */
export interface ClientAnswer {
  accessToken: string
  expiresIn: number
  scope: string | null
}

/** What `createClientTokens` gives. */
export interface ClientTokens {
  /** A signed token and its life in seconds. Throws a TypeError for ids that are no UUIDs and a RangeError for scopes that are too long together. */
  signClient(claims: ClientClaims): Promise<{ token: string; expiresIn: number }>
  /** Whom a token speaks for; 'expired' if only its time is over; null for any other text. Says nothing about the key: it may have been revoked since. */
  verifyClient(token: string): Promise<ClientClaims | 'expired' | null>
  /** Does a text begin as our clients' tokens do. Costs nothing and proves nothing. */
  isClientToken(token: string): boolean
}

/** Most characters of the scopes in one token, blanks included: with them it stays within MAX_LENGTH. */
export const MAX_SCOPE = 2_000
const MAX_LENGTH = 4096
const MAX_SECONDS = 3600
const TOLERANCE_SECONDS = 5

/**
 * Access tokens of partner apps (JWT, HS256, RFC 9068's type `at+jwt`), signed by a key of their own, so that one is never taken for a user's. `secret`
 * is the deployment's, at least 32 characters; what `previousSecret` made is accepted until its deadline; `seconds` is a token's life, 1 to 3600. Throws a RangeError if one of them is out of bounds.
 */
export function createClientTokens({
  issuer = 'atrium',
  audience = 'atrium-api',
  seconds = MAX_SECONDS,
  ...secrets
}: Secrets & {
  issuer?: string
  audience?: string
  seconds?: number
}): ClientTokens {
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_SECONDS)
    throw new RangeError(`seconds must be a whole number from 1 to ${MAX_SECONDS}.`)
  const signing = keyring(secrets, (secret) => {
    const key = createSecretKey(deriveKey(secret, 'atrium client token v1'))
    const kid = deriveKey(secret, 'atrium client token v1 kid', 6).toString('base64url')
    const header = { alg: 'HS256', typ: 'at+jwt', kid }
    // As in token.ts: a token of ours begins with these letters, and has one spelling.
    return { key, header, start: `${Buffer.from(JSON.stringify(header)).toString('base64url')}.` }
  })
  const keyOf = (token: string) => signing.accepted().find(({ start }) => token.startsWith(start))
  const rest = /^[\w-]+\.[\w-]{42}[AEIMQUYcgkosw048]$/

  /** What jose leaves open: one audience, whole seconds, a sane life, and that our own claims are there. */
  function claimsOf({ aud, iat, exp, sub, tid, scope }: JWTPayload): ClientClaims | null {
    if (aud !== audience || !Number.isSafeInteger(iat) || !Number.isSafeInteger(exp)) return null
    const [from, to] = [iat as number, exp as number]
    if (from > Date.now() / 1000 + TOLERANCE_SECONDS || to <= from || to - from > MAX_SECONDS) return null
    if (typeof tid !== 'string' || !isUuid(tid) || typeof sub !== 'string' || !isUuid(sub)) return null
    if (scope !== undefined && (typeof scope !== 'string' || scope === '')) return null
    return { tenantId: tid, keyId: sub, scopes: scope?.split(' ') ?? [] }
  }

  return {
    isClientToken: (token) => keyOf(token) !== undefined,
    async signClient({ tenantId, keyId, scopes }) {
      for (const [name, value] of Object.entries({ tenantId, keyId }))
        if (!isUuid(value)) throw new TypeError(`${name} must be a UUID.`)
      const scope = scopes.join(' ')
      if (scope.length > MAX_SCOPE) throw new RangeError(`scopes must have at most ${MAX_SCOPE} characters together.`)
      const issuedAt = Math.floor(Date.now() / 1000)
      const token = await new SignJWT({ tid: tenantId, client_id: keyId, ...(scope ? { scope } : {}) })
        .setProtectedHeader(signing.current.header)
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(keyId)
        .setJti(randomUUID())
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + seconds)
        .sign(signing.current.key)
      return { token, expiresIn: seconds }
    },
    async verifyClient(token) {
      if (token.length > MAX_LENGTH) return null
      const one = keyOf(token)
      if (!one || !rest.test(token.slice(one.start.length))) return null
      try {
        const { payload } = await jwtVerify(token, one.key, {
          algorithms: ['HS256'],
          typ: 'at+jwt',
          issuer,
          audience,
          requiredClaims: ['exp', 'iat', 'sub'],
          clockTolerance: TOLERANCE_SECONDS,
        })
        return claimsOf(payload)
      } catch (error) {
        if (error instanceof errors.JWTExpired) return claimsOf(error.payload) && 'expired'
        if (error instanceof errors.JOSEError) return null
        throw error
      }
    },
  }
}

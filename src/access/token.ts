import { createSecretKey, hash, randomBytes } from 'node:crypto'
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { isUuid } from '../ids.ts'
import { deriveKey } from './keys.ts'

/** Whom an access token speaks for: plain UUIDs of the tenant, the user and the session that can be revoked. */
export type AccessClaims = { tenantId: string; userId: string; sessionId: string }

/** What `createTokens` gives. */
export type Tokens = {
  /** A signed access token and when it expires. Throws a TypeError naming the claim that is no UUID. */
  signAccess(claims: AccessClaims): Promise<{ token: string; expiresAt: Date }>
  /**
   * Whom a token speaks for; 'expired' if it is ours in every way but its time is over; null for any other text. Says
   * nothing about the session, the user or the tenant: they may have been revoked since.
   */
  verifyAccess(token: string): Promise<AccessClaims | 'expired' | null>
  /** A new refresh token `atr_refresh_<43 base64url>` (256 random bits): `token` for the client, `hash` (32 bytes) to store. */
  newRefresh(): { token: string; hash: Buffer }
  /** SHA-256 of a refresh token, 32 bytes, the look-up key. As random as an API key, so a fast hash is right here too. */
  hashRefresh(token: string): Buffer
}

const MAX_LENGTH = 4096
const MAX_SECONDS = 3600
const TOLERANCE_SECONDS = 5

/**
 * Access tokens (JWT, HS256, RFC 9068's type `at+jwt`) and refresh tokens. `secret` is the deployment's secret, at least 32
 * characters; the signing key is derived from it and named by `kid`. `accessSeconds` is a token's life, 1 to 3600.
 * Throws a RangeError if one of them is out of bounds.
 */
export function createTokens({
  secret,
  issuer = 'atrium',
  audience = 'atrium-api',
  accessSeconds = 900,
}: {
  secret: string
  issuer?: string
  audience?: string
  accessSeconds?: number
}): Tokens {
  if (!Number.isInteger(accessSeconds) || accessSeconds < 1 || accessSeconds > MAX_SECONDS) {
    throw new RangeError(`accessSeconds must be a whole number from 1 to ${MAX_SECONDS}.`)
  }
  const key = createSecretKey(deriveKey(secret, 'atrium access token v1'))
  const kid = deriveKey(secret, 'atrium access token v1 kid', 6).toString('base64url')
  const header = { alg: 'HS256', typ: 'at+jwt', kid }
  // We sign with one header only, so a token of ours begins with these letters. That pins alg, typ and kid and leaves no
  // room for jku, jwk, x5u or crit, before anything is parsed or computed.
  const start = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.`
  // The last letter of 32 bytes carries two unused bits; only zeros pass, so that a token has exactly one spelling.
  const rest = /^[\w-]+\.[\w-]{42}[AEIMQUYcgkosw048]$/

  async function signAccess({ tenantId, userId, sessionId }: AccessClaims) {
    for (const [name, value] of Object.entries({ tenantId, userId, sessionId })) {
      if (!isUuid(value)) throw new TypeError(`${name} must be a UUID.`)
    }
    const issuedAt = Math.floor(Date.now() / 1000)
    const expires = issuedAt + accessSeconds
    const token = await new SignJWT({ tid: tenantId, sid: sessionId })
      .setProtectedHeader(header)
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(userId)
      .setIssuedAt(issuedAt)
      .setExpirationTime(expires)
      .sign(key)
    return { token, expiresAt: new Date(expires * 1000) }
  }

  async function verifyAccess(token: string): Promise<AccessClaims | 'expired' | null> {
    if (token.length > MAX_LENGTH || !token.startsWith(start) || !rest.test(token.slice(start.length))) return null
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: ['HS256'],
        typ: 'at+jwt',
        issuer,
        audience,
        requiredClaims: ['exp', 'iat', 'sub'],
        clockTolerance: TOLERANCE_SECONDS,
      })
      return claimsOf(payload)
    } catch (error) {
      // jose looks at the time only after the signature, the issuer and the audience.
      if (error instanceof errors.JWTExpired) return claimsOf(error.payload) && 'expired'
      if (error instanceof errors.JOSEError) return null
      throw error
    }
  }

  /** What jose leaves open: one audience, whole seconds, a sane life, and that our own claims are there. */
  function claimsOf({ aud, iat, exp, sub, tid, sid }: JWTPayload): AccessClaims | null {
    if (aud !== audience || !isSecond(iat) || !isSecond(exp)) return null
    if (iat > Date.now() / 1000 + TOLERANCE_SECONDS || exp <= iat || exp - iat > MAX_SECONDS) return null
    if (!isId(tid) || !isId(sub) || !isId(sid)) return null
    return { tenantId: tid, userId: sub, sessionId: sid }
  }

  function newRefresh() {
    const token = `atr_refresh_${randomBytes(32).toString('base64url')}`
    return { token, hash: hashRefresh(token) }
  }

  return { signAccess, verifyAccess, newRefresh, hashRefresh }
}

function hashRefresh(token: string): Buffer {
  return hash('sha256', token, 'buffer')
}

function isSecond(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && isUuid(value)
}

import { createHmac, createSecretKey, hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { isUuid } from '../ids.ts'
import { deriveKey, keyring, type Secrets } from './keys.ts'
import { createVault, type Vault } from './totp.ts'

/** Whom an access token speaks for: plain UUIDs of the tenant, the user and the session that can be revoked. */
export type AccessClaims = { tenantId: string; userId: string; sessionId: string }

/** What a refresh token says: the session (a plain UUID) and the token's number in it; `hash` (32 bytes) is what the session keeps. */
export type RefreshClaims = { sessionId: string; counter: number; hash: Buffer }

/** What `createTokens` gives: everything at sign-in that needs a key of the deployment. */
export type Tokens = {
  /** A signed access token and when it expires. Throws a TypeError naming the claim that is no UUID. */
  signAccess(claims: AccessClaims): Promise<{ token: string; expiresAt: Date }>
  /**
   * Whom a token speaks for; 'expired' if it is ours in every way but its time is over; null for any other text. Says
   * nothing about the session, the user or the tenant: they may have been revoked since.
   */
  verifyAccess(token: string): Promise<AccessClaims | 'expired' | null>
  /**
   * A refresh token `atr_refresh_<80 base64url>`: session, number, 128 random bits, and a code that only we can make. `token` is for the client, `hash`
   * (32 bytes) to store. Throws a TypeError if the session is no UUID or the number none of 32 bits.
   */
  newRefresh(sessionId: string, counter: number): { token: string; hash: Buffer }
  /** What a refresh token of ours says; null for any other text, which therefore never reaches the database. Says nothing about whether it still counts. */
  readRefresh(token: string): RefreshClaims | null
  /** Keyed hash (32 bytes) of whose attempts are counted, so that the table of attempts says neither who nor where. */
  attemptKey(subject: string): Buffer
  /** Keeps second factors at rest. */
  vault: Vault
}

const MAX_LENGTH = 4096
const MAX_SECONDS = 3600
const TOLERANCE_SECONDS = 5
const REFRESH = 'atr_refresh_'
const UUID = 16
const REFRESH_CODE = 24
// Session, number, random part and code are 60 bytes: 80 letters without a bit left over, so that a token has exactly one spelling.
const REFRESH_LENGTH = REFRESH.length + 80
const REFRESH_SHAPE = /^atr_refresh_[\w-]{80}$/

/**
 * Access tokens (JWT, HS256, RFC 9068's type `at+jwt`) and refresh tokens. `secret` is the deployment's secret, at least 32
 * characters; the signing key is derived from it and named by `kid`. What `previousSecret` made is accepted until its deadline; attempts are counted
 * under the current secret alone. `accessSeconds` is a token's life, 1 to 3600.
 * Throws a RangeError if one of them is out of bounds.
 */
export function createTokens({
  issuer = 'atrium',
  audience = 'atrium-api',
  accessSeconds = 900,
  ...secrets
}: Secrets & {
  issuer?: string
  audience?: string
  accessSeconds?: number
}): Tokens {
  if (!Number.isInteger(accessSeconds) || accessSeconds < 1 || accessSeconds > MAX_SECONDS) {
    throw new RangeError(`accessSeconds must be a whole number from 1 to ${MAX_SECONDS}.`)
  }
  const signing = keyring(secrets, (secret) => {
    const key = createSecretKey(deriveKey(secret, 'atrium access token v1'))
    const kid = deriveKey(secret, 'atrium access token v1 kid', 6).toString('base64url')
    const header = { alg: 'HS256', typ: 'at+jwt', kid }
    // We sign with one header per key, so a token of ours begins with these letters. That pins alg, typ and kid and leaves no
    // room for jku, jwk, x5u or crit, before anything is parsed or computed.
    return { key, header, start: `${Buffer.from(JSON.stringify(header)).toString('base64url')}.` }
  })
  // The last letter of 32 bytes carries two unused bits; only zeros pass, so that a token has exactly one spelling.
  const rest = /^[\w-]+\.[\w-]{42}[AEIMQUYcgkosw048]$/

  async function signAccess({ tenantId, userId, sessionId }: AccessClaims) {
    for (const [name, value] of Object.entries({ tenantId, userId, sessionId })) {
      if (!isUuid(value)) throw new TypeError(`${name} must be a UUID.`)
    }
    const issuedAt = Math.floor(Date.now() / 1000)
    const expires = issuedAt + accessSeconds
    const token = await new SignJWT({ tid: tenantId, sid: sessionId })
      .setProtectedHeader(signing.current.header)
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(userId)
      .setIssuedAt(issuedAt)
      .setExpirationTime(expires)
      .sign(signing.current.key)
    return { token, expiresAt: new Date(expires * 1000) }
  }

  async function verifyAccess(token: string): Promise<AccessClaims | 'expired' | null> {
    if (token.length > MAX_LENGTH) return null
    const one = signing.accepted().find(({ start }) => token.startsWith(start))
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

  const refreshing = keyring(secrets, (secret) => deriveKey(secret, 'atrium refresh v2'))
  const attemptsKey = deriveKey(secrets.secret, 'atrium sign-in attempt v1')

  function refreshCode(key: Buffer, body: Buffer): Buffer {
    return createHmac('sha256', key).update(body).digest().subarray(0, REFRESH_CODE)
  }

  function newRefresh(sessionId: string, counter: number) {
    if (!isUuid(sessionId)) throw new TypeError('sessionId must be a UUID.')
    if (!Number.isInteger(counter) || counter < 0 || counter > 0xffff_ffff)
      throw new TypeError('counter must be a whole number of 32 bits.')
    const body = Buffer.concat([Buffer.from(sessionId.replaceAll('-', ''), 'hex'), Buffer.alloc(4), randomBytes(16)])
    body.writeUInt32BE(counter, UUID)
    const token = `${REFRESH}${Buffer.concat([body, refreshCode(refreshing.current, body)]).toString('base64url')}`
    return { token, hash: hashRefresh(token) }
  }

  function readRefresh(token: string): RefreshClaims | null {
    if (token.length !== REFRESH_LENGTH || !REFRESH_SHAPE.test(token)) return null
    const bytes = Buffer.from(token.slice(REFRESH.length), 'base64url')
    const body = bytes.subarray(0, -REFRESH_CODE)
    const code = bytes.subarray(-REFRESH_CODE)
    if (!refreshing.accepted().some((key) => timingSafeEqual(refreshCode(key, body), code))) return null
    const hex = body.toString('hex', 0, UUID)
    const sessionId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
    return { sessionId, counter: body.readUInt32BE(UUID), hash: hashRefresh(token) }
  }

  const attemptKey = (subject: string) => createHmac('sha256', attemptsKey).update(subject).digest()

  return { signAccess, verifyAccess, newRefresh, readRefresh, attemptKey, vault: createVault(secrets) }
}

/** SHA-256 of a refresh token, 32 bytes. As random as an API key, so a fast hash is right here too. */
function hashRefresh(token: string): Buffer {
  return hash('sha256', token, 'buffer')
}

function isSecond(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && isUuid(value)
}

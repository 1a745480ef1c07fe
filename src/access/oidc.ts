import { createHmac, timingSafeEqual } from 'node:crypto'
import { createRemoteJWKSet, customFetch, decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose'
import { LRUCache } from 'lru-cache'
import { isUuid, newId } from '../ids.ts'
import { EgressError, send } from './egress.ts'
import { deriveKey, keyring, type Secrets } from './keys.ts'

/** What a company has set for an OpenID provider. */
export interface Provider {
  /** Its issuer, letter by letter as its tokens name it. */
  issuer: string
  clientId: string
}

/** A nonce that is genuine and not over. */
export interface Nonce {
  id: string
  expiresAt: Date
}

/** What `createOidc` gives. */
export interface Oidc {
  /** A nonce for one sign-in of one company by one provider (plain uuids), ten minutes. */
  newNonce(tenantId: string, providerId: string): string
  /** What a nonce says, or null when it is not ours, not of this company and provider, or over. That it was used already, its caller knows. */
  readNonce(text: string, tenantId: string, providerId: string): Nonce | null
  /** Where a provider's sign-in begins, from its discovery document; null when it cannot be had. */
  authorizationEndpoint(issuer: string): Promise<URL | null>
  /** The claims of an ID token that this provider made for this client and nonce; null for every other text, and when the provider cannot be reached. */
  verify(idToken: string, provider: Provider, nonce: string): Promise<(JWTPayload & { sub: string }) | null>
}

/** Signatures of the provider alone: nothing that a shared or an absent secret makes (RFC 8725 3.1). */
const ALGORITHMS = ['RS256', 'ES256', 'PS256', 'EdDSA']
const NONCE_SECONDS = 600
const NONCE = /^[\w-]{72}$/
const MAX_TOKEN = 16_384
const MAX_DOCUMENT = 128 * 1024
const TOLERANCE_SECONDS = 30
/** How long a discovery document and keys are believed, and how soon a provider that failed, or lacks a key, is asked again; milliseconds. */
const BELIEVED = 600_000
const COOLDOWN = 30_000

interface Discovered {
  authorizationEndpoint: URL
  keys: ReturnType<typeof createRemoteJWKSet>
}

/**
 * Sign-in by OpenID Connect providers that companies name (OpenID Connect Core 1.0, Discovery 1.0). `secret` is the deployment's, and nonces of `previousSecret` count until its deadline; `allowPrivate` lets
 * providers be in the same house, see egress.ts; `timeoutMs` is the longest that one of their answers may take.
 */
export function createOidc({
  allowPrivate = false,
  timeoutMs = 5_000,
  ...secrets
}: Secrets & {
  allowPrivate?: boolean
  timeoutMs?: number
}): Oidc {
  const keys = keyring(secrets, (secret) => deriveKey(secret, 'atrium oidc nonce v1'))
  // By issuer, whichever company named it: what is in it is public. A failure is remembered too, so that nobody can have a server asked without end.
  const known = new LRUCache<string, Promise<Discovered | null>>({ max: 500 })

  const macOf = (key: Buffer, head: Buffer, tenantId: string, providerId: string) =>
    createHmac('sha256', key).update(head).update(`${tenantId} ${providerId}`).digest()

  async function document(url: URL): Promise<unknown> {
    const { status, body } = await send(url, {
      headers: { accept: 'application/json' },
      timeoutMs,
      maxBytes: MAX_DOCUMENT,
      allowPrivate,
    })
    if (status !== 200) throw new EgressError('The answer is not 200.')
    return JSON.parse(body.toString('utf8'))
  }

  /** Fetches keys for jose, which asks again for an unknown key after its cooldown, but after a failure at once. */
  function keysAt(url: URL): Discovered['keys'] {
    let failed = Number.NEGATIVE_INFINITY
    return createRemoteJWKSet(url, {
      cooldownDuration: COOLDOWN,
      cacheMaxAge: BELIEVED,
      timeoutDuration: timeoutMs,
      [customFetch]: async () => {
        if (performance.now() - failed < COOLDOWN) throw new EgressError('The provider did not answer lately.')
        try {
          const found = (await document(url)) as { keys?: unknown } | null
          if (!Array.isArray(found?.keys)) throw new EgressError('The answer is no set of keys.')
          return Response.json(found)
        } catch (error) {
          failed = performance.now()
          throw error
        }
      },
    })
  }

  async function look(issuer: string): Promise<Discovered | null> {
    try {
      const found = (await document(
        new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`),
      )) as Record<string, unknown>
      if (found.issuer !== issuer) return null
      const authorizationEndpoint = new URL(String(found.authorization_endpoint))
      if (authorizationEndpoint.protocol !== 'https:' && !(allowPrivate && authorizationEndpoint.protocol === 'http:'))
        return null
      return { authorizationEndpoint, keys: keysAt(new URL(String(found.jwks_uri))) }
    } catch {
      return null
    }
  }

  function discover(issuer: string): Promise<Discovered | null> {
    let found = known.get(issuer)
    if (!found) {
      found = look(issuer)
      known.set(issuer, found, { ttl: BELIEVED })
      // What is known by now may be another's.
      void found.then((answer) => {
        if (!answer && known.peek(issuer) === found) known.set(issuer, found, { ttl: COOLDOWN })
      })
    }
    return found
  }

  return {
    newNonce(tenantId, providerId) {
      const head = Buffer.alloc(22)
      head.write(newId().replaceAll('-', ''), 'hex')
      head.writeUIntBE(Math.floor(Date.now() / 1000) + NONCE_SECONDS, 16, 6)
      // 54 bytes: no letter carries unused bits, so a nonce has one spelling.
      return Buffer.concat([head, macOf(keys.current, head, tenantId, providerId)]).toString('base64url')
    },
    readNonce(text, tenantId, providerId) {
      if (!NONCE.test(text)) return null
      const bytes = Buffer.from(text, 'base64url')
      const head = bytes.subarray(0, 22)
      const mac = bytes.subarray(22, 54)
      if (!keys.accepted().some((key) => timingSafeEqual(mac, macOf(key, head, tenantId, providerId)))) return null
      const expiresAt = new Date(head.readUIntBE(16, 6) * 1000)
      const id = head.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
      return isUuid(id) && expiresAt.getTime() > Date.now() ? { id, expiresAt } : null
    },
    async authorizationEndpoint(issuer) {
      const found = await discover(issuer)
      return found && new URL(found.authorizationEndpoint)
    },
    async verify(idToken, { issuer, clientId }, nonce) {
      if (idToken.length > MAX_TOKEN) return null
      try {
        // Before anybody is asked anything: what can be seen of the token itself.
        const { alg, typ } = decodeProtectedHeader(idToken)
        if (!ALGORITHMS.includes(alg ?? '') || !(typ === undefined || /^(application\/)?jwt$/i.test(typ))) return null
        const found = await discover(issuer)
        if (!found) return null
        // Keys come from the provider's own address alone: jwk, jku, x5c and x5u in the token are not looked at.
        const { payload } = await jwtVerify(idToken, found.keys, {
          algorithms: ALGORITHMS,
          issuer,
          audience: clientId,
          requiredClaims: ['exp', 'iat', 'sub', 'nonce'],
          maxTokenAge: NONCE_SECONDS,
          clockTolerance: TOLERANCE_SECONDS,
        })
        const { sub, azp, aud } = payload
        if (typeof sub !== 'string' || sub === '' || sub.length > 255 || /[\0-\x1f]/.test(sub)) return null
        if (payload.nonce !== nonce) return null
        // Core 3.1.3.7: a token for several is for the one that is its authorised party.
        if ((Array.isArray(aud) && aud.length > 1 && azp === undefined) || (azp !== undefined && azp !== clientId))
          return null
        return { ...payload, sub }
      } catch {
        // Token and keys are what others wrote: whatever is wrong with them, they prove nothing.
        return null
      }
    },
  }
}

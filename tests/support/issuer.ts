import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

/** An OpenID provider on this machine. */
export interface Issuer {
  url: string
  /** Paths that were asked for, in order. */
  asked: string[]
  /** Keys by algorithm; those of `published` stand in the key set. */
  keys: Record<string, { key: CryptoKey; jwk: JWK }>
  published: JWK[]
  /** Answers instead of the provider, by path. */
  instead: Map<string, (request: IncomingMessage, response: ServerResponse) => void>
  /** An ID token; claims that are undefined are left out. */
  token(claims: Record<string, unknown>, options?: { alg?: string; header?: Record<string, unknown> }): Promise<string>
  close(): Promise<void>
}

const ALGORITHMS = ['RS256', 'ES256', 'PS256', 'EdDSA']

/** Starts a provider with a key of its own per algorithm. */
export async function startIssuer(): Promise<Issuer> {
  const asked: string[] = []
  const published: JWK[] = []
  const keys: Issuer['keys'] = {}
  for (const alg of ALGORITHMS) {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
    const jwk = { ...(await exportJWK(publicKey)), kid: `key ${alg}`, alg, use: 'sig' }
    keys[alg] = { key: privateKey, jwk }
    published.push(jwk)
  }
  const instead: Issuer['instead'] = new Map()
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    const other = instead.get(path)
    if (other) return other(request, response)
    const json = (body: unknown) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
    if (path === '/.well-known/openid-configuration') {
      json({ issuer: url, authorization_endpoint: `${url}/authorize?tenant=own`, jwks_uri: `${url}/keys` })
    } else if (path === '/keys') json({ keys: published })
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    asked,
    keys,
    published,
    instead,
    async token(claims, { alg = 'RS256', header = {} } = {}) {
      const now = Math.floor(Date.now() / 1000)
      const all = { iss: url, iat: now, exp: now + 300, email_verified: true, ...claims }
      const { key, jwk } = keys[alg] as Issuer['keys'][string]
      return new SignJWT(JSON.parse(JSON.stringify(all)))
        .setProtectedHeader(JSON.parse(JSON.stringify({ alg, kid: jwk.kid, typ: 'JWT', ...header })))
        .sign(key)
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

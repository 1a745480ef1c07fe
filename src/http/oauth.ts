import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ClientAnswer, ClientGrant, ClientRefusal } from '../access/clientToken.ts'
import { inScope } from './scope.ts'

/** What the OAuth routes need. */
export interface OAuthParts {
  /** Trades a client's credentials for a token; throws only when the service itself cannot answer. */
  issue(grant: ClientGrant): Promise<ClientAnswer | ClientRefusal>
  /** The deployment's address as clients see it, without a slash at the end; null where it is not known, and then nothing is said about it. */
  publicUrl: string | null
}

type Code = ClientRefusal['error'] | 'invalid_request' | 'unsupported_grant_type'

/** A request of one grant is a few hundred bytes. */
const BODY_LIMIT = 16 * 1024
const MAX_PART = 4096

class OAuthError extends Error {
  readonly code: Code
  readonly retryAfter: number | null

  constructor(code: Code, description: string, retryAfter: number | null = null) {
    super(description)
    this.code = code
    this.retryAfter = retryAfter
  }
}

const STATUS: Partial<Record<Code, number>> = { invalid_client: 401, temporarily_unavailable: 429 }

/** POST /oauth/token, client credentials alone (RFC 6749 4.4), and what is true about it (RFC 8414). Answers are those of the RFCs, not of GraphQL. */
export function oauthRoutes(app: FastifyInstance, { issue, publicUrl }: OAuthParts): void {
  // In a scope of its own: nowhere else is a form a body.
  inScope(app, 'oauth', async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'buffer' }, (_request, bytes, done) => {
      done(null, bytes)
    })
    scope.setErrorHandler((error, _request, reply) => {
      const { statusCode = 500 } = error as { statusCode?: number }
      if (error instanceof OAuthError) return refuse(reply, error)
      // What Fastify finds wrong with the body; everything else is answered as everywhere.
      if (statusCode >= 400 && statusCode < 500 && 'statusCode' in (error as object))
        return refuse(reply, new OAuthError('invalid_request', 'Send a form (application/x-www-form-urlencoded).'))
      throw error
    })
    scope.post('/oauth/token', { bodyLimit: BODY_LIMIT }, async (request, reply) => {
      const form = formOf(request)
      const client = clientOf(request, form)
      const grantType = form.get('grant_type')
      if (!grantType) throw new OAuthError('invalid_request', 'grant_type is missing.')
      if (grantType !== 'client_credentials')
        throw new OAuthError('unsupported_grant_type', 'grant_type must be client_credentials.')
      const answer = await issue({
        ...client,
        scope: form.get('scope') || null,
        ip: request.ip,
        requestId: request.id,
      })
      if ('error' in answer) throw new OAuthError(answer.error, answer.description, answer.retryAfter)
      return unkept(reply).send({
        access_token: answer.accessToken,
        token_type: 'Bearer',
        expires_in: answer.expiresIn,
        ...(answer.scope === null ? {} : { scope: answer.scope }),
      })
    })
  })

  if (publicUrl === null) return
  app.get('/.well-known/oauth-authorization-server', async () => ({
    issuer: publicUrl,
    token_endpoint: `${publicUrl}/oauth/token`,
    grant_types_supported: ['client_credentials'],
    // There is no authorization endpoint; RFC 8414 wants the list all the same.
    response_types_supported: [],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  }))
}

/** RFC 6749 5.1: nobody on the way keeps an answer with a token. */
function unkept(reply: FastifyReply): FastifyReply {
  return reply.headers({ 'Cache-Control': 'no-store', Pragma: 'no-cache' })
}

function refuse(reply: FastifyReply, { code, message, retryAfter }: OAuthError): FastifyReply {
  if (code === 'invalid_client') reply.header('WWW-Authenticate', 'Basic realm="atrium", charset="UTF-8"')
  if (retryAfter !== null) reply.header('Retry-After', String(retryAfter))
  return unkept(reply)
    .code(STATUS[code] ?? 400)
    .send({ error: code, error_description: message })
}

/** The parameters: each once, none in the address (RFC 6749 3.2). */
function formOf({ body, raw }: FastifyRequest): URLSearchParams {
  if (raw.url?.includes('?')) throw new OAuthError('invalid_request', 'Parameters stand in the body alone.')
  if (!Buffer.isBuffer(body))
    throw new OAuthError('invalid_request', 'Send a form (application/x-www-form-urlencoded).')
  const form = new URLSearchParams(body.toString('utf8'))
  for (const [name, value] of form) {
    if (form.getAll(name).length > 1) throw new OAuthError('invalid_request', 'A parameter stands there twice.')
    if (value.length > MAX_PART) throw new OAuthError('invalid_request', 'A parameter is too long.')
  }
  return form
}

/** The client's credentials, by one of the two ways and not both (RFC 6749 2.3). */
function clientOf({ headers }: FastifyRequest, form: URLSearchParams): Pick<ClientGrant, 'clientId' | 'clientSecret'> {
  const inBody = { clientId: form.get('client_id') ?? '', clientSecret: form.get('client_secret') ?? '' }
  const { authorization } = headers
  if (authorization === undefined) {
    if (!inBody.clientId || !inBody.clientSecret)
      throw new OAuthError('invalid_client', 'client_id and client_secret are missing.')
    return inBody
  }
  if (inBody.clientSecret) throw new OAuthError('invalid_request', 'Send the credentials in one way only.')
  const encoded = /^Basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization)?.[1]
  const [id, secret, ...more] = Buffer.from(encoded ?? '', 'base64')
    .toString('utf8')
    .split(':')
    .map(formDecoded)
  const isBad = !id || !secret || more.length > 0
  if (isBad || (inBody.clientId && inBody.clientId !== id))
    throw new OAuthError('invalid_client', 'The Authorization header is no Basic of client_id and client_secret.')
  return { clientId: id, clientSecret: secret }
}

/** RFC 6749 2.3.1: both parts are form-encoded before they become Basic. Null for what is not. */
function formDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return null
  }
}

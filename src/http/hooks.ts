import type { FastifyInstance, FastifyRequest } from 'fastify'
import { requestError } from '../errors.ts'
import { badRequest } from './refuse.ts'
import { inScope } from './scope.ts'

/** What the route of hooks needs; resolvers/automation/hooks.ts gives it. */
export interface HookParts {
  receive(sent: {
    token: string
    body: Buffer
    signature: string
    eventId: string
    runId: string
    ip: string | null
    requestId: string
  }): Promise<'ACCEPTED' | 'DUPLICATE' | 'UNKNOWN' | 'UNSIGNED' | 'INVALID' | number>
}

const BODY_LIMIT = 64 * 1024

/** POST /hooks/<token>: another system starts a workflow. No credential counts here; the signature does, over the bytes as they came. */
export function hookRoutes(app: FastifyInstance, hooks: HookParts): void {
  inScope(app, 'hooks', async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, bytes, done) => done(null, bytes))
    scope.post<{ Params: { token: string } }>('/hooks/:token', { bodyLimit: BODY_LIMIT }, async (request, reply) => {
      const { params, body, ip, id: requestId } = request
      const answer = await hooks.receive({
        token: params.token,
        body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
        signature: header(request, 'atrium-signature'),
        eventId: header(request, 'atrium-event-id'),
        runId: header(request, 'atrium-run'),
        ip,
        requestId,
      })
      if (typeof answer === 'number') throw requestError('THROTTLED', { headers: { 'Retry-After': String(answer) } })
      if (answer === 'UNKNOWN') throw requestError('ROUTE_NOT_FOUND')
      if (answer === 'UNSIGNED') throw badRequest(401, 'The signature does not fit.', '签名不正确。')
      if (answer === 'INVALID')
        throw badRequest(
          400,
          'Send JSON, and a name for the event in Atrium-Event-Id.',
          '请提交 JSON，并在 Atrium-Event-Id 中提供事件标识。',
        )
      return reply.code(answer === 'ACCEPTED' ? 202 : 200).send({ status: answer })
    })
  })
}

function header({ headers }: FastifyRequest, name: string): string {
  const value = headers[name]
  return typeof value === 'string' ? value : ''
}

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { badRequest } from './refuse.ts'
import { inScope } from './scope.ts'
import { unsubscribePage } from './unsubscribePage.ts'

/** Who asks, as the routes know them. */
interface Caller {
  ip: string | null
  userAgent: string | null
  prefetch: boolean
}

/** What the routes of mails need; resolvers/marketing gives it. */
export interface EmailParts {
  open(ticket: string, caller: Caller): Promise<void>
  click(ticket: string, caller: Caller): Promise<string | null>
  look(ticket: string): Promise<{ company: string; byList: boolean } | null>
  unsubscribe(ticket: string, caller: Caller, all: boolean): Promise<'LIST' | 'ALL' | null>
  bounce(ticket: string, report: 'HARD' | 'SOFT' | 'COMPLAINT' | Buffer): Promise<boolean>
}

/** A returned mail brings the one that came back along. */
const RETURNED_LIMIT = 1024 * 1024
const BODY_LIMIT = 4 * 1024
const TICKET_MAX = 200
/** The smallest picture that there is: one transparent point. */
const PIXEL = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')
// Nothing from anywhere, no frame around it, and its address, which holds a ticket, is told nobody and kept nowhere.
const SECRET = { 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store', 'X-Robots-Tag': 'noindex' }
const PAGE = {
  ...SECRET,
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'X-Frame-Options': 'DENY',
}

/** Programs look ahead by HEAD. */
const HEAD = { exposeHeadRoute: true }

type Ticketed = { Params: { ticket: string } }

/**
 * The public side of mails to customers: the picture that tells that one was opened, links on their way, the way out, and what mail providers tell of mails that came back. No
 * credential counts here: each ticket is signed, for one mail and one use. GET of the way out shows a page and changes nothing, because programs open links; POST does it, from the page, which says
 * whether all mails are meant, or in one click of a mail program, which means those of the list (RFC 8058).
 */
export function emailRoutes(app: FastifyInstance, email: EmailParts): void {
  // In a scope of its own: nowhere else is a form, or a mail, a body.
  inScope(app, 'email', async (scope) => {
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, text, done) => {
      done(null, new URLSearchParams(text as string))
    })
    // RFC 8058 allows it too; what is in it says nothing that the address does not.
    scope.addContentTypeParser(
      'multipart/form-data',
      { parseAs: 'buffer', bodyLimit: BODY_LIMIT },
      (_request, _bytes, done) => done(null, new URLSearchParams()),
    )
    scope.addContentTypeParser(
      'message/rfc822',
      { parseAs: 'buffer', bodyLimit: RETURNED_LIMIT },
      (_request, bytes, done) => done(null, bytes),
    )

    scope.get<Ticketed>('/email/open/:ticket', HEAD, async (request, reply) => {
      await email.open(ticketOf(request), callerOf(request))
      return reply.headers({ ...SECRET, 'Content-Type': 'image/gif' }).send(PIXEL)
    })

    scope.get<Ticketed>('/email/click/:ticket', HEAD, async (request, reply) => {
      const url = await email.click(ticketOf(request), callerOf(request))
      if (url === null) return notThere(request, reply)
      return reply.headers(SECRET).redirect(url, 302)
    })

    scope.get<Ticketed>('/email/unsubscribe/:ticket', HEAD, async (request, reply) => {
      const found = await email.look(ticketOf(request))
      if (found === null) return notThere(request, reply)
      const { company, byList } = found
      return reply
        .headers(PAGE)
        .send(unsubscribePage(request.state.zh, { state: 'OPEN', company, ways: byList ? ['LIST', 'ALL'] : ['ALL'] }))
    })

    scope.post<Ticketed>('/email/unsubscribe/:ticket', { bodyLimit: BODY_LIMIT }, async (request, reply) => {
      const { body } = request
      const all = body instanceof URLSearchParams && body.get('scope') === 'ALL'
      const ended = await email.unsubscribe(ticketOf(request), callerOf(request), all)
      if (ended === null) return notThere(request, reply)
      return reply
        .headers(PAGE)
        .send(unsubscribePage(request.state.zh, { state: ended, company: null, ways: ended === 'LIST' ? ['ALL'] : [] }))
    })

    scope.post<Ticketed>('/email/bounce/:ticket', { bodyLimit: RETURNED_LIMIT }, async (request, reply) => {
      const { body } = request
      const said = body instanceof URLSearchParams ? body.get('type') : null
      if (!Buffer.isBuffer(body) && said !== 'HARD' && said !== 'SOFT' && said !== 'COMPLAINT')
        throw badRequest(
          400,
          'Send a returned mail as message/rfc822, or a form with the type HARD, SOFT or COMPLAINT.',
          '请以 message/rfc822 提交退信，或提交 type 为 HARD、SOFT 或 COMPLAINT 的表单。',
        )
      const done = await email.bounce(ticketOf(request), Buffer.isBuffer(body) ? body : (said as 'HARD'))
      return reply
        .code(done ? 204 : 404)
        .headers(SECRET)
        .send()
    })
  })
}

function notThere({ state }: FastifyRequest, reply: FastifyReply) {
  return reply
    .code(404)
    .headers(PAGE)
    .send(unsubscribePage(state.zh, { state: 'UNKNOWN', company: null, ways: [] }))
}

const ticketOf = ({ params }: FastifyRequest<Ticketed>): string =>
  params.ticket.length <= TICKET_MAX ? params.ticket : ''

function callerOf({ ip, method, headers }: FastifyRequest<Ticketed>): Caller {
  const ahead = [headers.purpose, headers['sec-purpose'], headers['x-purpose'], headers['x-moz']]
  return {
    ip,
    userAgent: headers['user-agent'] ?? null,
    prefetch: method === 'HEAD' || ahead.some((one) => /prefetch|preview/i.test(String(one ?? ''))),
  }
}

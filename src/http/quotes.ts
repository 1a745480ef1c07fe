import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { requestError, UserErrors } from '../errors.ts'
import { badRequest } from './refuse.ts'
import { inScope } from './scope.ts'

/** What the routes of quotes need; resolvers/revenue gives it. Each takes the ticket of a link and gives null for one that names nothing to be seen. */
export interface QuoteParts {
  /** Counts a request by its link and its address: 0, or the seconds to wait. */
  count(ticket: string, ip: string | null): Promise<number>
  /** The page of a quote. */
  page(ticket: string): Promise<string | null>
  /** The quote as a document. */
  pdf(ticket: string): Promise<{ name: string; bytes: Buffer } | null>
  /** Says yes or no for the customer; the page as it then is. Throws UserErrors for a form that is not valid. */
  answer(ticket: string, said: { accept: boolean; signedBy: string; reason: string }): Promise<string | null>
  /** The page for whoever has no link to a quote. */
  noPage(zh: boolean): string
}

const BODY_LIMIT = 16 * 1024
// Nothing from anywhere, no frame around it, and its address, which holds a ticket, is told nobody and kept nowhere.
const PAGE = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
  'X-Frame-Options': 'DENY',
  'X-Robots-Tag': 'noindex',
}

/**
 * The public side of quotes: GET /quotes?ticket=… shows one to its customer, POST /quotes takes their answer, GET /quotes.pdf?ticket=… gives the document. No credential
 * counts here: the ticket is signed and names one quote. A look changes nothing but viewedAt, because programs open links, and press no buttons. Too many requests of one link
 * or from one address within a minute: THROTTLED with Retry-After.
 */
export function quoteRoutes(app: FastifyInstance, quotes: QuoteParts): void {
  // In a scope of its own: nowhere else is a form a body.
  inScope(app, 'quotes', async (scope) => {
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, text, done) => {
      done(null, new URLSearchParams(text as string))
    })
    const send = (reply: FastifyReply, page: string | null, zh: boolean) =>
      reply
        .code(page === null ? 404 : 200)
        .headers(PAGE)
        .send(page ?? quotes.noPage(zh))

    const counted = async (given: unknown, { ip }: Pick<FastifyRequest, 'ip'>): Promise<string> => {
      const ticket = ticketOf(given)
      const wait = await quotes.count(ticket, ip)
      if (wait > 0) throw requestError('THROTTLED', { headers: { 'Retry-After': String(wait) } })
      return ticket
    }

    scope.get<{ Querystring: { ticket?: unknown } }>('/quotes', async (request, reply) => {
      const page = await quotes.page(await counted(request.query.ticket, request))
      return send(reply, page, request.state.zh)
    })

    scope.get<{ Querystring: { ticket?: unknown } }>('/quotes.pdf', async (request, reply) => {
      const document = await quotes.pdf(await counted(request.query.ticket, request))
      if (!document) return send(reply, null, request.state.zh)
      return reply
        .headers({
          'Content-Type': 'application/pdf',
          'Content-Disposition': `attachment; filename="quote.pdf"; filename*=UTF-8''${encodeURIComponent(document.name)}`,
          'Cache-Control': 'no-store',
          'Referrer-Policy': 'no-referrer',
          'X-Content-Type-Options': 'nosniff',
        })
        .send(document.bytes)
    })

    scope.post('/quotes', { bodyLimit: BODY_LIMIT }, async (request, reply) => {
      const { body, state } = request
      if (!(body instanceof URLSearchParams))
        throw badRequest(415, 'Send a form (application/x-www-form-urlencoded).', '请以表单形式提交。')
      const answer = body.get('answer')
      if (answer !== 'accept' && answer !== 'decline')
        throw badRequest(400, 'answer must be accept or decline.', 'answer 必须为 accept 或 decline。')
      const ticket = await counted(body.get('ticket'), request)
      const said = {
        accept: answer === 'accept',
        signedBy: body.get('signedBy') ?? '',
        reason: body.get('reason') ?? '',
      }
      try {
        return send(reply, await quotes.answer(ticket, said), state.zh)
      } catch (error) {
        if (!(error instanceof UserErrors)) throw error
        state.codes.push(...error.errors.map(({ code }) => code))
        throw badRequest(400, error.errors[0]?.message ?? 'The form is not valid.', '表单内容无效。')
      }
    })
  })
}

/** A ticket that stands there once; anything else is none. */
const ticketOf = (given: unknown): string => (typeof given === 'string' && given.length <= 200 ? given : '')

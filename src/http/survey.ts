import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isbot } from 'isbot'
import { requestError, UserErrors } from '../errors.ts'
import { badRequest } from './refuse.ts'
import { inScope } from './scope.ts'
import { type SurveyView, surveyPage } from './surveyPage.ts'

/** What the routes of surveys need; resolvers/service gives it. Each takes the ticket of a link and gives null for one that names nothing. */
export interface SurveyParts {
  /** Counts a request by its link and its address: 0, or the seconds to wait. */
  count(ticket: string, ip: string | null): Promise<number>
  /** The survey; changes nothing. */
  look(ticket: string): Promise<SurveyView | null>
  /** Takes an answer; the survey as it then is. Throws UserErrors for one that is not valid. */
  answer(ticket: string, said: { score: string; comment: string }): Promise<SurveyView | null>
}

const BODY_LIMIT = 32 * 1024
const TICKET_MAX = 200
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

type Ticketed = { Params: { ticket: string }; Querystring: { score?: unknown } }

/**
 * The public side of surveys: GET /survey/<ticket> shows one, POST answers it. No credential counts here: the ticket is signed and names one mail. A look changes nothing, because programs open links; what
 * programs send is not taken. Too many requests of one link or from one address within a minute: THROTTLED with Retry-After.
 */
export function surveyRoutes(app: FastifyInstance, surveys: SurveyParts): void {
  // In a scope of its own: nowhere else is a form a body.
  inScope(app, 'surveys', async (scope) => {
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, text, done) => {
      done(null, new URLSearchParams(text as string))
    })

    const counted = async ({ params, ip }: FastifyRequest<Ticketed>): Promise<string> => {
      const ticket = params.ticket.length <= TICKET_MAX ? params.ticket : ''
      const wait = await surveys.count(ticket, ip)
      if (wait > 0) throw requestError('THROTTLED', { headers: { 'Retry-After': String(wait) } })
      return ticket
    }

    // Programs look ahead by HEAD.
    scope.get<Ticketed>('/survey/:ticket', { exposeHeadRoute: true }, async (request, reply) => {
      const view = await surveys.look(await counted(request))
      return send(reply, view, surveyPage(request.state.zh, view, { chosen: chosenIn(request.query.score) }))
    })

    scope.post<Ticketed>('/survey/:ticket', { bodyLimit: BODY_LIMIT }, async (request, reply) => {
      const { body, state, headers } = request
      if (!(body instanceof URLSearchParams))
        throw badRequest(415, 'Send a form (application/x-www-form-urlencoded).', '请以表单形式提交。')
      const ticket = await counted(request)
      const program = !headers['user-agent'] || isbot(headers['user-agent'])
      try {
        const said = { score: body.get('score') ?? '', comment: body.get('comment') ?? '' }
        const view = program ? await surveys.look(ticket) : await surveys.answer(ticket, said)
        return send(reply, view, surveyPage(state.zh, view, { sent: true }))
      } catch (error) {
        if (!(error instanceof UserErrors)) throw error
        state.codes.push(...error.errors.map(({ code }) => code))
        throw badRequest(400, error.errors[0]?.message ?? 'The form is not valid.', '表单内容无效。')
      }
    })
  })
}

/** 404 for what was never given out, 410 for what was and is over. */
function send(reply: FastifyReply, view: SurveyView | null, page: string) {
  const status = view ? (view.state === 'EXPIRED' ? 410 : 200) : 404
  return reply.code(status).headers(PAGE).send(page)
}

const chosenIn = (given: unknown): number | null =>
  typeof given === 'string' && /^\d{1,2}$/.test(given) ? Number(given) : null

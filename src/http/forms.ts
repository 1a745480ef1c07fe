import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { UserErrorInfo } from '../errors.ts'
import { requestError } from '../errors.ts'
import { readJson } from './body.ts'
import { type ConfirmState, confirmPage, receivedPage } from './formPage.ts'
import { badRequest } from './refuse.ts'
import { inScope } from './scope.ts'

/** A form as the routes need it. */
export interface PublicForm {
  active: boolean
  allowedOrigins: string[]
  redirectUrl: string | null
  company: string
  consentText: string | null
}

/** Who sends. */
interface Visitor {
  ip: string | null
  requestId: string
  zh: boolean
}

/** What the routes of capture forms need; resolvers/leads/capture gives it. */
export interface FormParts<Form extends PublicForm = PublicForm> {
  count(key: string, ip: string | null): Promise<number>
  find(key: string): Promise<Form | null>
  submit(
    form: Form,
    sent: Record<string, unknown>,
    visitor: Visitor,
  ): Promise<{ ok: 'ACCEPTED' | 'CONFIRMATION_SENT' } | { errors: UserErrorInfo[] }>
  look(form: Form, code: string): Promise<ConfirmState>
  confirm(form: Form, code: string, visitor: Visitor): Promise<ConfirmState>
}

const BODY_LIMIT = 32 * 1024
/** How long a browser may keep the answer to its question, seconds. */
const PREFLIGHT = '600'
/** 404 for what was never given out, 410 for what was and is over. */
const STATUS: Record<ConfirmState, number> = { OPEN: 200, CONFIRMED: 200, USED: 410, EXPIRED: 410, UNKNOWN: 404 }
// Nothing from anywhere, no frame around it, and its address, which holds a secret, is told nobody.
const PAGE = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
  'X-Robots-Tag': 'noindex',
}

/**
 * The public side of capture forms: POST /forms/<key> takes a submission, as JSON or as a form; /forms/confirm asks for and takes a confirmation. No credential
 * counts here, so no page can use somebody's.
 */
export function formRoutes(app: FastifyInstance, forms: FormParts): void {
  // In a scope of its own: nowhere else is a form a body.
  inScope(app, 'forms', async (scope) => {
    readJson(scope)
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, text, done) => {
      done(null, new URLSearchParams(text as string))
    })
    scope.options<{ Params: { key: string } }>('/forms/:key', async (request, reply) => {
      const form = await forms.find(request.params.key)
      if (!form?.active) throw requestError('ROUTE_NOT_FOUND')
      if (!allow(form, request, reply)) throw foreignOrigin()
      return reply
        .headers({
          'Access-Control-Allow-Methods': 'POST',
          'Access-Control-Allow-Headers': 'Content-Type',
          'Access-Control-Max-Age': PREFLIGHT,
        })
        .code(204)
        .send()
    })

    scope.post<{ Params: { key: string } }>('/forms/:key', { bodyLimit: BODY_LIMIT }, async (request, reply) => {
      const { key } = request.params
      const wait = await forms.count(key, request.ip)
      const form = await forms.find(key)
      // A page whose origin is good may read what it is told, also that it must wait.
      const welcome = form?.active ? allow(form, request, reply) : true
      if (wait > 0) throw requestError('THROTTLED', { headers: { 'Retry-After': String(wait) } })
      if (!form?.active) throw requestError('ROUTE_NOT_FOUND')
      if (!welcome) throw foreignOrigin()
      const answer = await forms.submit(form, sentOf(request), visitorOf(request))
      if ('errors' in answer) {
        request.state.codes.push(...answer.errors.map(({ code }) => code))
        return reply.code(422).send({ errors: answer.errors.map(shown) })
      }
      const asPage = request.body instanceof URLSearchParams && /\btext\/html\b/.test(request.headers.accept ?? '')
      if (asPage && form.redirectUrl) return reply.redirect(form.redirectUrl, 303)
      if (asPage) return reply.headers(PAGE).send(receivedPage(form, answer.ok, request.state.zh))
      return reply.send({ status: answer.ok, redirectUrl: form.redirectUrl })
    })

    scope.get('/forms/confirm', async (request, reply) => {
      const { form: key, code } = linkOf(new URLSearchParams((request.raw.url ?? '').split('?')[1] ?? ''))
      const form = await forms.find(key)
      const state = form ? await forms.look(form, code) : 'UNKNOWN'
      return reply
        .code(STATUS[state])
        .headers(PAGE)
        .send(confirmPage({ state, form, key, code, zh: request.state.zh }))
    })

    scope.post('/forms/confirm', { bodyLimit: BODY_LIMIT }, async (request, reply) => {
      if (!(request.body instanceof URLSearchParams))
        throw badRequest(415, 'Send a form (application/x-www-form-urlencoded).', '请以表单形式提交。')
      const { form: key, code } = linkOf(request.body)
      const form = await forms.find(key)
      const state = form ? await forms.confirm(form, code, visitorOf(request)) : 'UNKNOWN'
      return reply
        .code(STATUS[state])
        .headers(PAGE)
        .send(confirmPage({ state, form, key, code, zh: request.state.zh }))
    })
  })
}

/** May the page that sends be read the answer: a request of no page, or one of an allowed origin, which is told so. */
function allow({ allowedOrigins }: PublicForm, { headers }: FastifyRequest, reply: FastifyReply): boolean {
  reply.header('Vary', 'Origin, Accept-Language')
  const { origin } = headers
  if (origin === undefined) return true
  if (!allowedOrigins.includes(origin)) return false
  reply.header('Access-Control-Allow-Origin', origin)
  reply.header('Access-Control-Expose-Headers', 'Retry-After, X-Request-Id')
  return true
}

const foreignOrigin = () =>
  badRequest(403, 'Pages of this origin may not send this form.', '此来源的页面不能提交该表单。')

const visitorOf = ({ ip, id, state }: FastifyRequest): Visitor => ({ ip, requestId: id, zh: state.zh })

/** What was sent, flat; of a form each name once. */
function sentOf({ body }: FastifyRequest): Record<string, unknown> {
  if (body instanceof URLSearchParams) {
    const sent: Record<string, unknown> = Object.create(null)
    // A name that stands there twice is a list, which no field takes.
    for (const name of new Set(body.keys())) {
      const values = body.getAll(name)
      sent[name] = values.length === 1 ? values[0] : values
    }
    return sent
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw badRequest(400, 'Send a JSON object or a form.', '请提交 JSON 对象或表单。')
  return body as Record<string, unknown>
}

function linkOf(parameters: URLSearchParams): { form: string; code: string } {
  return { form: parameters.get('form') ?? '', code: parameters.get('code') ?? '' }
}

/** An error as pages get it: code, the field by the name it was sent under, a sentence, and the rule that was broken. */
function shown({ code, field, message, details }: UserErrorInfo): Record<string, unknown> {
  const { rule } = (details ?? {}) as { rule?: string }
  return { code, field: field?.join('.') ?? null, message, ...(rule ? { rule } : {}) }
}

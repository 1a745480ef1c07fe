import type { IncomingHttpHeaders } from 'node:http'
import { finished } from 'node:stream'
import { fastifyApolloHandler } from '@as-integrations/fastify'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { GraphQLSchema } from 'graphql'
import type { Registry } from 'prom-client'
import { requestError, requestErrorIn } from '../errors.ts'
import { readJson } from './body.ts'
import { type CalendarParts, calendarRoutes } from './calendar.ts'
import { type EmailParts, emailRoutes } from './email.ts'
import type { Authorise } from './execute.ts'
import { explorerRoutes } from './explorer.ts'
import { exportRoutes, type StartExport } from './export.ts'
import { FILE_ROUTE, type FileParts, fileRoutes } from './files.ts'
import { type FormParts, formRoutes } from './forms.ts'
import { apolloServer, type HttpContext } from './graphql.ts'
import { type HookParts, hookRoutes } from './hooks.ts'
import { type KnowledgeParts, knowledgeRoutes } from './knowledge.ts'
import type { Logger } from './log.ts'
import { createMetrics } from './metrics.ts'
import { type OAuthParts, oauthRoutes } from './oauth.ts'
import { type QuoteParts, quoteRoutes } from './quotes.ts'
import { badRequest, fromFastify, hurry, refusal, refuse, refuseBytes } from './refuse.ts'
import { type ReportParts, reportRoutes } from './reports.ts'
import { type RequestState, requestIdOf, requestState, runAs } from './request.ts'
import { PROBES, plainRoutes, type Readiness } from './routes.ts'
import { type SurveyParts, surveyRoutes } from './survey.ts'

/** What `contextFor` gets of a request to /graphql. */
export interface IncomingRequest {
  authorization: string | null
  ip: string
  headers: IncomingHttpHeaders
  requestId: string
  userAgent: string | null
}

/** Settings of the HTTP layer. */
export interface HttpConfig {
  /** Run operations by graphql-jit where it answers as graphql-js does. */
  compiled?: boolean
  /** Serve GraphiQL at /. */
  explorer?: boolean
  /** Bytes of a request's body. */
  bodyLimit?: number
  /** Addresses or networks of the proxies whose X-Forwarded-For is believed; none. */
  trustProxy?: string | string[]
  /** Most points of one operation; 1,000 if left out (spec/api.md 7). */
  maxCost?: number
  /** Bearer token that /metrics asks of callers from other machines; without one only this machine may read it. */
  metricsToken?: string | null
  /** Milliseconds that running requests get when the server closes. */
  drainMs?: number
  /** Milliseconds within which a request must have come in as a whole, files left out; 30 seconds. */
  bodyMs?: number
}

/** Files may come over a slow line. */
const FILE_MS = 600_000

const JSON_BODY = /^application\/json(; ?charset=utf-8)?$/i
/** What clients accept to whom application/json is sent without a look at weights. */
const PLAIN: ReadonlySet<string> = new Set(['*/*', 'application/json', 'application/json, text/plain, */*'])

/** A route whose answer is a text that is ready to send. */
interface Text {
  Reply: string
}

/** What a server is made of. */
export interface ServerParts {
  schema: GraphQLSchema
  /**
   * The context of an operation, a plain object: Apollo Server copies it. Anonymous callers get one too.
   * May throw a RequestError, for example UNAUTHENTICATED or TENANT_SUSPENDED.
   */
  contextFor: (request: IncomingRequest) => Promise<object>
  /** Decides before anything runs whether an operation may run; throws a RequestError when not. */
  authorise?: Authorise
  config?: HttpConfig
  log: Logger
  readiness: Readiness
  metrics?: Registry
  /** Tokens for partner apps; without it there is no /oauth/token. */
  oauth?: OAuthParts
  /** Begins exports; without it there is no /export. */
  startExport?: StartExport
  /** Takes and gives files; without it there is no /attachments. */
  files?: Omit<FileParts, 'contextFor'>
  /** Takes what other systems send to start workflows; without it there is no /hooks. */
  hooks?: HookParts
  /** Takes what capture forms send; without it there is no /forms. */
  forms?: FormParts
  /** Shows quotes to their customers and takes their answers; without it there is no /quotes. */
  quotes?: QuoteParts
  /** What recipients do with mails; without it there is no /email. */
  email?: EmailParts
  /** Shows surveys to those who are asked and takes their answers; without it there is no /survey. */
  surveys?: SurveyParts
  /** Shows articles to everybody; without it there is no /kb. */
  knowledge?: KnowledgeParts
  /** Gives reports as files; without it there is no /reports. */
  reports?: ReportParts
  /** Gives users' calendars to calendar programs; without it there is no /calendar. */
  calendar?: CalendarParts
}

declare module 'fastify' {
  interface FastifyRequest {
    state: RequestState
  }
}

/**
 * The HTTP server: /graphql, health, metrics, schema, explorer. It does not listen by itself.
 *
 * `close()` is graceful: /readyz says 503 at once, new requests are refused with 503, running ones get `drainMs`.
 */
export async function createServer({
  schema,
  contextFor,
  authorise,
  config = {},
  log,
  readiness,
  metrics: registry,
  oauth,
  startExport,
  files,
  hooks,
  forms,
  quotes,
  email,
  surveys,
  knowledge,
  reports,
  calendar,
}: ServerParts): Promise<FastifyInstance> {
  const {
    compiled = true,
    explorer = false,
    bodyLimit = 256 * 1024,
    trustProxy = false,
    drainMs = 10_000,
    bodyMs = 30_000,
  } = config
  const metrics = createMetrics(registry)
  const { apollo, quick } = apolloServer(schema, { compiled, log, authorise, maxCost: config.maxCost })
  await apollo.start()
  let draining = false
  let running = 0
  let whenIdle = () => {}

  const app: FastifyInstance = Fastify({
    logger: false,
    genReqId: requestIdOf,
    requestIdHeader: false,
    bodyLimit,
    trustProxy,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    routerOptions: { maxParamLength: 128 },
    // Longer than the idle time of the usual load balancers, so that it is they who close.
    keepAliveTimeout: 75_000,
    requestTimeout: files ? FILE_MS : bodyMs,
    http: { headersTimeout: 15_000, connectionsCheckingInterval: 5_000, maxHeaderSize: 16 * 1024 },
    clientErrorHandler: refuseBytes,
  })
  readJson(app)

  app.addHook('onRequest', (request, reply, next) => {
    request.state = requestState(request.id, request.headers['accept-language'])
    running++
    // 'finished' also comes when the caller goes away, where Fastify's onResponse does not.
    finished(reply.raw, (error) => {
      note(request, reply, Boolean(error))
      running--
      if (running === 0) whenIdle()
    })
    reply.headers({
      'X-Request-Id': request.id,
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'private, no-store',
      Vary: 'Authorization, Accept-Language',
    })
    if (files && request.method === 'POST' && request.routeOptions.url !== FILE_ROUTE) hurry(request, reply, bodyMs)
    const refused = refusal(request, draining)
    if (refused) refuse(request, reply, refused)
    else next()
  })
  app.setErrorHandler((error, request, reply) => {
    refuse(request, reply, requestErrorIn(error) ?? fromFastify(error, log, request.id))
  })
  app.setNotFoundHandler((request, reply) => refuse(request, reply, requestError('ROUTE_NOT_FOUND')))

  const contextOf = ({ id, ip, headers }: FastifyRequest): Promise<object> => {
    const { authorization = null, 'user-agent': userAgent = null } = headers
    return contextFor({ authorization, ip, headers, requestId: id, userAgent })
  }
  const answer = fastifyApolloHandler(apollo, {
    async context(request): Promise<HttpContext> {
      return { responseHeaders: new Map(), ...(await contextOf(request)), requestId: request.id }
    },
  })
  /** The answer to a plain POST of an operation that has a short way; null for everything else. */
  const quickly = async (request: FastifyRequest): Promise<string | null> => {
    const { accept, 'content-type': type } = request.headers
    if (request.method !== 'POST' || !JSON_BODY.test(type ?? '') || !(accept === undefined || PLAIN.has(accept)))
      return null
    if (request.url.includes('?')) return null
    const body = request.body as Record<string, unknown> | null
    if (typeof body !== 'object' || body === null || body.extensions !== undefined) return null
    const { query: source, operationName, variables } = body
    if (typeof source !== 'string' || !(operationName == null || typeof operationName === 'string')) return null
    if (!(variables == null || (typeof variables === 'object' && !Array.isArray(variables)))) return null
    return quick({
      source,
      operationName: operationName as string | null | undefined,
      variables: (variables ?? {}) as Record<string, unknown>,
      context: () => contextOf(request),
    })
  }
  const handler = async (request: FastifyRequest<Text>, reply: FastifyReply<Text>): Promise<string> => {
    const known = await runAs(request.state, () => quickly(request))
    if (known !== null) {
      reply.header('content-type', 'application/json; charset=utf-8')
      return known
    }
    const body = await runAs(request.state, () => answer.call(app, request, reply))
    // GraphQL over HTTP: in application/json, whose 4xx may come from something on the way, a bad document is a 200.
    const isLegacy = String(reply.getHeader('content-type')).startsWith('application/json')
    if (isLegacy && request.state.badDocument && reply.statusCode === 400) reply.code(200)
    return body as string
  }
  app.route<Text>({ method: ['GET', 'POST'], url: '/graphql', handler })
  // The bare address of the server is enough for a client that posts; its GET shows the explorer.
  app.route<Text>({ method: 'POST', url: '/', handler })
  app.route({
    method: ['HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    url: '/graphql',
    onRequest(request, reply) {
      refuse(request, reply, badRequest(405, 'Use GET or POST.', '请使用 GET 或 POST。', { Allow: 'GET, POST' }))
    },
    handler() {},
  })
  plainRoutes(app, {
    schema,
    readiness,
    metrics,
    metricsToken: config.metricsToken ?? null,
    isDraining: () => draining,
  })
  if (oauth) oauthRoutes(app, oauth)
  if (startExport) exportRoutes(app, { schema, contextFor: contextOf, start: startExport, log })
  if (files) fileRoutes(app, { contextFor: contextOf, ...files })
  if (hooks) hookRoutes(app, hooks)
  if (forms) formRoutes(app, forms)
  if (quotes) quoteRoutes(app, quotes)
  if (email) emailRoutes(app, email)
  if (surveys) surveyRoutes(app, surveys)
  if (knowledge) knowledgeRoutes(app, knowledge)
  if (reports) reportRoutes(app, { contextFor: contextOf, ...reports })
  if (calendar) calendarRoutes(app, calendar)
  if (explorer) explorerRoutes(app)

  app.addHook('preClose', async () => {
    draining = true
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, drainMs)
      whenIdle = () => {
        clearTimeout(timer)
        resolve()
      }
      if (running === 0) whenIdle()
    })
    if (running > 0) app.server.closeAllConnections()
  })
  app.addHook('onClose', () => apollo.stop())
  return app

  /** One line and one measurement per request. */
  function note({ state, method, routeOptions }: FastifyRequest, { statusCode }: FastifyReply, aborted: boolean): void {
    const ms = Math.round((performance.now() - state.startedAt) * 10) / 10
    const route = routeOptions.url ?? 'unknown'
    const { id: requestId, operation, cost, codes } = state
    const line = {
      requestId,
      method,
      route,
      status: statusCode,
      ms,
      operation,
      cost,
      codes,
      ...(aborted ? { aborted } : {}),
    }
    const level = PROBES.has(route) ? 'debug' : statusCode >= 500 ? 'error' : 'info'
    log[level](line, 'request')
    metrics.request(route, statusCode, ms / 1000)
    metrics.operation(state)
  }
}

import { hash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isbot } from 'isbot'
import { requestError } from '../errors.ts'
import {
  type KnowledgeArticlePage,
  type KnowledgeList,
  knowledgeArticlePage,
  knowledgeListPage,
  noKnowledgePage,
} from './knowledgePage.ts'

/** What the routes of public knowledge need; resolvers/service gives it. Companies and articles go by their slugs; what is not to be read gives null. */
export interface KnowledgeParts {
  /** Counts a request by its company and its address: 0, or the seconds to wait. */
  count(slug: string, ip: string | null): Promise<number>
  list(slug: string, search: string, place: { after?: string; before?: string }): Promise<KnowledgeList | null>
  article(slug: string, article: string): Promise<KnowledgeArticlePage | null>
  /** Counts that somebody looked at an article. */
  view(slug: string, article: string): Promise<void>
}

const SEARCH_MAX = 200
// Articles show pictures of other places; nothing else from anywhere, no script, no frame around it.
const PAGE = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; img-src https: http:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'Referrer-Policy': 'strict-origin-when-cross-origin',
  'X-Frame-Options': 'DENY',
  Vary: 'Accept-Language',
}

type Asked = {
  Params: { tenant: string; article: string }
  Querystring: { q?: unknown; after?: unknown; before?: unknown }
}

/**
 * The public side of knowledge: GET /kb/<company> lists articles in pages with links to those beside them, ?q= searches them, GET /kb/<company>/<article> shows one. Readers and proxies may keep a page and ask by its ETag whether it still holds. People
 * who look at an article are counted, programs are not. Too many requests from one address within a minute: THROTTLED with Retry-After.
 */
export function knowledgeRoutes(app: FastifyInstance, knowledge: KnowledgeParts): void {
  const counted = async ({ params, ip }: FastifyRequest<Asked>): Promise<string> => {
    const wait = await knowledge.count(params.tenant, ip)
    if (wait > 0) throw requestError('THROTTLED', { headers: { 'Retry-After': String(wait) } })
    return params.tenant
  }

  app.get<Asked>('/kb/:tenant', { exposeHeadRoute: true }, async (request, reply) => {
    const slug = await counted(request)
    const { q, after, before } = request.query
    const search = typeof q === 'string' ? q.slice(0, SEARCH_MAX) : ''
    // Two of one kind are no place, and the first page for nobody.
    const place = {
      ...(after === undefined ? {} : { after: String(after) }),
      ...(before === undefined ? {} : { before: String(before) }),
    }
    const list = await knowledge.list(slug, search, place)
    const { zh } = request.state
    return send(request, reply, list && knowledgeListPage(zh, slug, list, search))
  })

  app.get<Asked>('/kb/:tenant/:article', { exposeHeadRoute: true }, async (request, reply) => {
    const slug = await counted(request)
    const article = await knowledge.article(slug, request.params.article)
    const answer = send(request, reply, article && knowledgeArticlePage(request.state.zh, slug, article))
    if (reply.statusCode === 200 && isPerson(request)) await knowledge.view(slug, request.params.article)
    return answer
  })
}

function send({ headers, state }: FastifyRequest<Asked>, reply: FastifyReply, page: string | null): string {
  void reply.headers(PAGE)
  if (page === null) {
    void reply.code(404).header('Cache-Control', 'no-store')
    return noKnowledgePage(state.zh)
  }
  const tag = `"${hash('sha256', page, 'base64url').slice(0, 27)}"`
  void reply.headers({ ETag: tag, 'Cache-Control': 'public, no-cache' })
  if (!matches(headers['if-none-match'], tag)) return page
  void reply.code(304)
  return ''
}

/** Does the reader have the page: tags are compared weakly (RFC 9110, 13.1.2). */
const matches = (given: string | undefined, tag: string): boolean =>
  (given ?? '').split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === tag)

function isPerson({ method, headers }: FastifyRequest<Asked>): boolean {
  if (method === 'HEAD') return false
  const ahead = [headers.purpose, headers['sec-purpose'], headers['x-purpose'], headers['x-moz']]
  if (ahead.some((one) => /prefetch|preview/i.test(String(one ?? '')))) return false
  return Boolean(headers['user-agent']) && !isbot(headers['user-agent'])
}

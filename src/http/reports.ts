import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { requestError } from '../errors.ts'

type Format = 'CSV' | 'JSON' | 'HTML'

/** What the routes of reports need; jobs/reports gives it. */
export interface ReportParts {
  /** The file of a link that was mailed; null for one that opens nothing. */
  open(ticket: string): Promise<{ format: Format; content: string } | null>
  /** Runs a report for whoever asks and gives the file, traced as an export. Null for one that there is not. */
  run(
    context: object,
    order: { id: string; format: Format; parameters: unknown; purpose: string | null },
  ): Promise<string | null>
}

const TYPES = {
  CSV: 'text/csv; charset=utf-8; header=present',
  JSON: 'application/json; charset=utf-8',
  HTML: 'text/html; charset=utf-8',
}
// A page of figures loads nothing from anywhere, and its address is told nobody.
const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Robots-Tag': 'noindex',
}
const FORMATS: Record<string, Format> = { csv: 'CSV', json: 'JSON', html: 'HTML' }
const MAX_PURPOSE = 500

/** GET /report-files?ticket=… opens a report that was mailed; GET /reports/<id>.csv, .json and .html run one with the credential of the request. */
export function reportRoutes(
  app: FastifyInstance,
  { contextFor, open, run }: ReportParts & { contextFor(request: FastifyRequest): Promise<object> },
): void {
  const send = (reply: FastifyReply, format: Format, content: string) =>
    reply
      .headers({
        ...HEADERS,
        'Content-Disposition': `${format === 'HTML' ? 'inline' : 'attachment'}; filename="report.${format.toLowerCase()}"`,
      })
      .type(TYPES[format])
      .send(content)

  app.get<{ Querystring: { ticket?: unknown } }>('/report-files', async ({ query }, reply) => {
    const ticket = typeof query.ticket === 'string' ? query.ticket : ''
    const file = await open(ticket)
    if (!file) throw requestError('ROUTE_NOT_FOUND')
    return send(reply, file.format, file.content)
  })

  app.get<{ Params: { file: string }; Querystring: Record<string, unknown> }>(
    '/reports/:file',
    async (request, reply) => {
      const [, id = '', ending = ''] = /^([\w:.]{1,100})\.(csv|json|html)$/.exec(request.params.file) ?? []
      const format = FORMATS[ending]
      if (!format) throw requestError('ROUTE_NOT_FOUND')
      const context = await contextFor(request)
      if ((context as { viewer?: unknown }).viewer === null) throw requestError('UNAUTHENTICATED')
      const { parameters, purpose, ...more } = request.query
      if (Object.keys(more).length > 0) throw bad([], 'A report takes these parameters: parameters, purpose.')
      const content = await run(context, { id, format, parameters: json(parameters), purpose: purposeOf(purpose) })
      if (content === null) throw requestError('ROUTE_NOT_FOUND')
      return send(reply, format, content)
    },
  )
}

function json(text: unknown): unknown {
  if (text === undefined) return null
  try {
    return JSON.parse(String(text))
  } catch {
    throw bad(['parameters'], 'parameters must be JSON.')
  }
}

function purposeOf(text: unknown): string | null {
  const purpose = typeof text === 'string' ? text.normalize('NFC').trim() : ''
  if (!purpose) return null
  if ([...purpose].length > MAX_PURPOSE || purpose.includes('\0'))
    throw bad(['purpose'], `purpose has more than ${MAX_PURPOSE} characters, or one that no text has.`)
  return purpose
}

const bad = (field: string[], message: string) =>
  requestError('BAD_USER_INPUT', { message, extensions: field.length > 0 ? { field } : {}, status: 400 })

import { hash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { requestError } from '../errors.ts'

/** What the route of calendars needs; resolvers/work gives it. */
export interface CalendarParts {
  /** The calendar behind a key, as iCalendar; null for one that opens nothing. */
  read(key: string): Promise<string | null>
}

const KEY_MAX = 100
// Programs that fetch feeds keep them; nobody else does.
const HEADERS = {
  'Content-Type': 'text/calendar; charset=utf-8',
  'Cache-Control': 'private, max-age=300',
  'Content-Disposition': 'inline; filename="calendar.ics"',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Robots-Tag': 'noindex',
}

/** GET /calendar/<key>.ics: the calendar of a user, for calendar programs, which know no credentials but an address. 304 for what they have already. */
export function calendarRoutes(app: FastifyInstance, { read }: CalendarParts): void {
  app.get<{ Params: { file: string } }>('/calendar/:file', { exposeHeadRoute: true }, async (request, reply) => {
    const [, key = ''] = /^([\w-]+)\.ics$/.exec(request.params.file.slice(0, KEY_MAX)) ?? []
    const text = await read(key)
    if (text === null) throw requestError('ROUTE_NOT_FOUND')
    const tag = `"${hash('sha256', text, 'base64url').slice(0, 22)}"`
    reply.headers({ ...HEADERS, ETag: tag })
    if (request.headers['if-none-match'] === tag) return reply.code(304).send()
    return reply.send(text)
  })
}

import type { FastifyInstance, FastifyRequest } from 'fastify'

/** An error that server.ts turns into an answer by its status. */
function httpError(statusCode: number, message: string): Error {
  return Object.assign(new Error(message), { statusCode })
}

/**
 * Lets a server read JSON bodies in UTF-8 and nothing else: every other content type, character set or encoding is 415,
 * what is not JSON or would set a prototype is 400.
 */
export function readJson(app: FastifyInstance): void {
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes: Buffer, done) => {
    if (!isPlainUtf8(request)) return done(httpError(415, 'The body must be plain UTF-8.'))
    let text: string
    try {
      text = utf8.decode(bytes)
    } catch {
      return done(httpError(400, 'The body is not UTF-8.'))
    }
    parse(request, text, done)
  })
}

function isPlainUtf8({ headers }: FastifyRequest): boolean {
  if (headers['content-encoding'] && headers['content-encoding'] !== 'identity') return false
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(headers['content-type'] ?? '')?.[1]
  return !charset || /^utf-?8$/i.test(charset)
}

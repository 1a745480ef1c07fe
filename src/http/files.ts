import type { Readable } from 'node:stream'
import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { requestError, requestErrorIn, type UserErrorCode, UserErrors } from '../errors.ts'
import { badRequest } from './refuse.ts'
import { inScope } from './scope.ts'

/** A part of a form: a plain field, or a file. */
export type FormPart = { name: string; value: string } | { name: string; fileName: string; bytes: Readable }

/** A file for reading; see jobs/files. */
export interface OpenFile {
  fileName: string
  contentType: string
  size: number
  read(range?: { start: number; end: number }): Promise<Readable>
  address(contentDisposition: string): Promise<string | null>
}

/** What the routes for files need. */
export interface FileParts {
  contextFor(request: FastifyRequest): Promise<object>
  /** Takes a form; gives what is told of the attachment. May throw UserErrors and RequestErrors. */
  upload(context: object, form: AsyncIterable<FormPart>): Promise<object>
  /** Throws ROUTE_NOT_FOUND for what the caller may not see. */
  open(context: object, id: string): Promise<OpenFile>
  openByTicket(ticket: string, id: string): Promise<OpenFile>
}

/** Where files are sent to. */
export const FILE_ROUTE = '/attachments'

/** Status of a refusal by its code; 422 for the others. */
const STATUS: Partial<Record<UserErrorCode, number>> = {
  FILE_TOO_LARGE: 413,
  FILE_TYPE_FORBIDDEN: 415,
  FORBIDDEN: 403,
  FIELD_FORBIDDEN: 403,
  NOT_FOUND: 404,
}
/** A plain field of the form, bytes, and how many there may be. */
const FIELD_BYTES = 20_000
const FIELDS = 10
/** A client that takes nothing for so long is gone. */
const IDLE_MS = 60_000

/** POST /attachments takes a file, GET /attachments/<id> gives it. */
export function fileRoutes(app: FastifyInstance, { contextFor, upload, open, openByTicket }: FileParts): void {
  const known = async (request: FastifyRequest) => {
    const context = await contextFor(request)
    if ((context as { viewer?: unknown }).viewer === null) throw requestError('UNAUTHENTICATED')
    return context
  }

  app.get<{ Params: { id: string } }>('/attachments/:id', async (request, reply) => {
    const { id } = request.params
    const ticket = ticketOf(request)
    const file = ticket === null ? await open(await known(request), id) : await openByTicket(ticket, id)
    const disposition = dispositionOf(file.fileName)
    // Only who came without a header of ours is sent on: clients take it along to the store, which then refuses two credentials.
    const address = ticket === null ? null : await file.address(disposition)
    if (address !== null) return reply.redirect(address, 302)
    const range = rangeOf(request, file.size)
    if (range === 'none')
      throw badRequest(416, 'The file has no such part.', '文件没有这一部分。', {
        'Content-Range': `bytes */${file.size}`,
      })
    const bytes = await file.read(range ?? undefined)
    reply.raw.setTimeout(IDLE_MS, () => reply.raw.destroy())
    const { start, end } = range ?? { start: 0, end: file.size - 1 }
    if (range) reply.code(206).header('Content-Range', `bytes ${start}-${end}/${file.size}`)
    return reply
      .headers({
        'Content-Disposition': disposition,
        'Content-Length': String(end - start + 1),
        'Accept-Ranges': 'bytes',
        // Should a browser show it in spite of all, nothing in it runs.
        'Content-Security-Policy': "default-src 'none'; sandbox",
      })
      .type(file.contentType)
      .send(bytes)
  })

  // Forms are read on this one route and nowhere else.
  inScope(app, 'files', async (scope) => {
    await scope.register(multipart, {
      limits: {
        fileSize: Number.MAX_SAFE_INTEGER,
        files: 2,
        fields: FIELDS,
        fieldSize: FIELD_BYTES,
        fieldNameSize: 100,
        parts: FIELDS + 2,
      },
      throwFileSizeLimit: false,
    })
    scope.post(FILE_ROUTE, async (request, reply) => {
      const context = await known(request)
      if (!request.isMultipart()) throw badRequest(415, 'Send multipart/form-data.', '请发送 multipart/form-data。')
      try {
        return await reply.code(201).send({ attachment: await upload(context, formOf(request)), userErrors: [] })
      } catch (error) {
        // What is still to come is not waited for.
        if (!request.raw.complete) reply.header('Connection', 'close')
        if (error instanceof UserErrors) return refuseWith(reply, error)
        throw asRequestError(error)
      }
    })
  })
}

async function* formOf(request: FastifyRequest): AsyncIterable<FormPart> {
  for await (const part of request.parts()) {
    if (part.type === 'file') {
      // A part of the field's own name in a form that says no file name is a file without one.
      yield { name: part.fieldname, fileName: part.filename ?? '', bytes: part.file }
      // Who did not read it does not want it; the form goes on behind it.
      part.file.resume()
    } else {
      if (part.valueTruncated || part.fieldnameTruncated)
        throw badRequest(400, 'A field of the form is too long.', '表单字段过长。')
      yield { name: part.fieldname, value: String(part.value) }
    }
  }
}

function refuseWith(reply: FastifyReply, { errors }: UserErrors): FastifyReply {
  const status = errors.map(({ code }) => STATUS[code]).find((one) => one !== undefined) ?? 422
  const userErrors = errors.map(({ code, message, field, details }) => ({
    code,
    message,
    field,
    details: details ?? null,
  }))
  return reply.code(status).send({ attachment: null, userErrors })
}

/** What the reader of forms found wrong, or a client that went away in the middle, is no mistake of ours. */
function asRequestError(error: unknown): unknown {
  if (requestErrorIn(error)) return error
  const {
    code = '',
    statusCode = 500,
    message = '',
  } = error as { code?: string; statusCode?: number; message?: string }
  const form =
    code.startsWith('FST_') || statusCode < 500 || /multipart|unexpected end|premature|aborted/i.test(message)
  return form
    ? badRequest(400, 'The form is not valid multipart/form-data.', '表单不是有效的 multipart/form-data。')
    : error
}

function ticketOf({ raw: { url = '' } }: FastifyRequest): string | null {
  return url.includes('?') ? new URLSearchParams(url.slice(url.indexOf('?'))).get('ticket') : null
}

/** Always to be saved, never to be shown (RFC 6266); the plain name is for old clients. */
export function dispositionOf(name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, '_')
  const encoded = encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}

/** The one part that is asked for; null for the whole, also where more than one is asked for; 'none' for a part that there is not. */
function rangeOf({ headers }: FastifyRequest, size: number): { start: number; end: number } | 'none' | null {
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(headers.range ?? '') ?? []
  if ((from === '' && to === '') || headers['if-range']) return null
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from)
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1)
  return start > end || start >= size ? 'none' : { start, end }
}

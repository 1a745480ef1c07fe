import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ERROR_CODES, type ErrorCodeInfo, type Localized, type RequestError, requestError } from '../errors.ts'
import { answerError } from './format.ts'
import type { Logger } from './log.ts'
import { countAuthorization, hasCredentialInQuery, runAs } from './request.ts'
import { PROBES } from './routes.ts'

/** What is wrong with a request before anything of it is read. */
export function refusal({ raw, routeOptions, headers }: FastifyRequest, draining: boolean): RequestError | undefined {
  if (draining && !PROBES.has(routeOptions.url ?? '')) {
    return requestError('SERVICE_UNAVAILABLE', { headers: { 'Retry-After': '1', Connection: 'close' } })
  }
  if (countAuthorization(raw) > 1) {
    return requestError('UNAUTHENTICATED', {
      message: { en: 'Send one Authorization header.', zhCN: '只能发送一个 Authorization 请求头。' },
    })
  }
  if (hasCredentialInQuery(raw.url ?? '')) {
    return badRequest(
      400,
      'Send credentials in the Authorization header, never in the address.',
      '凭证只能放在 Authorization 请求头中，不能放在地址里。',
    )
  }
  // Apollo Server's integration builds an address of it.
  if (!URL.canParse(`http://${headers.host ?? ''}/`))
    return badRequest(400, 'The Host header is not valid.', 'Host 请求头无效。')
  return undefined
}

/** BAD_REQUEST with its own status and sentence. */
export function badRequest(status: number, en: string, zhCN: string, headers?: Record<string, string>): RequestError {
  return requestError('BAD_REQUEST', { message: { en, zhCN }, status, headers })
}

/** What Fastify found wrong with a request, in our words. */
export function fromFastify(error: unknown, log: Logger, requestId: string): RequestError {
  const { statusCode = 500, name, message, stack } = error as Error & { statusCode?: number }
  if (statusCode === 413) return requestError('PAYLOAD_TOO_LARGE')
  if (statusCode === 415)
    return badRequest(415, 'Send application/json in UTF-8.', '请以 UTF-8 编码发送 application/json。')
  if (statusCode >= 400 && statusCode < 500)
    return badRequest(statusCode, 'The body is not valid JSON.', '请求体不是有效的 JSON。')
  log.error({ requestId, error: { type: name, message, stack } }, 'unexpected error')
  return requestError('INTERNAL')
}

/** Answers with an error outside of GraphQL, in the same form as inside. */
export function refuse({ state }: FastifyRequest, reply: FastifyReply, error: RequestError): void {
  const { http, ...extensions } = error.extensions as { http?: { status?: number; headers: Map<string, string> } }
  const status = http?.status ?? (ERROR_CODES[error.code] as ErrorCodeInfo).status ?? 400
  const body = runAs(state, () => ({ errors: [answerError(error.code, error.localized, { extensions })] }))
  void reply
    .code(status)
    .headers(Object.fromEntries(http?.headers ?? []))
    .type('application/json; charset=utf-8')
    .send(body)
}

/** Cuts a request off whose body takes longer than that to come in: the server itself waits as long as a file may take. */
export function hurry({ raw }: FastifyRequest, reply: FastifyReply, ms: number): void {
  if (raw.complete) return
  const timer = setTimeout(() => {
    if (!raw.complete) refuseBytes(Object.assign(new Error('slow'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), raw.socket)
  }, ms)
  const done = () => clearTimeout(timer)
  raw.once('end', done)
  raw.once('close', done)
  // What was answered without its body being read.
  reply.raw.once('finish', done)
}

/** Bytes that are no HTTP request: nothing is known of it but that. */
export function refuseBytes(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const status = {
    HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
    ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  }
  const message: Localized = ERROR_CODES.BAD_REQUEST.message
  const body = JSON.stringify({ errors: [{ message: message.en, extensions: { code: 'BAD_REQUEST' } }] })
  const line = status[error.code as keyof typeof status] ?? '400 Bad Request'
  socket.end(
    `HTTP/1.1 ${line}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  )
}

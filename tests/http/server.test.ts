import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { requestError } from '../../src/errors.ts'
import { type Toy, toyServer } from './support.ts'

let toy: Toy
let url: URL

beforeAll(async () => {
  toy = await toyServer({
    config: { explorer: true },
    async contextFor({ authorization, headers }) {
      if (authorization === 'Bearer wrong') throw requestError('UNAUTHENTICATED')
      if (authorization === 'Bearer suspended') throw requestError('TENANT_SUSPENDED')
      if (authorization === 'Bearer broken') throw new Error('pg: password of secret@db')
      return { seen: headers }
    },
  })
  url = new URL(await toy.server.listen({ port: 0, host: '127.0.0.1' }))
})

afterAll(() => toy.server.close())

const code = (text: string) => JSON.parse(text).errors[0].extensions.code
const json = { 'content-type': 'application/json' }
const hello = JSON.stringify({ query: '{ hello }' })

describe('every answer', () => {
  it('has the headers that keep it private', async () => {
    const { headers } = await toy.ask('{ hello }')
    expect(headers).toMatchObject({
      'cache-control': 'private, no-store',
      vary: 'Authorization, Accept-Language',
      'x-content-type-options': 'nosniff',
    })
    expect(headers).not.toHaveProperty('x-powered-by')
  })

  it('echoes a well-formed request id, in errors and log too', async () => {
    const answer = await toy.ask('{ nothing }', {}, { 'x-request-id': 'abc-1.2_3' })
    expect(answer.headers['x-request-id']).toBe('abc-1.2_3')
    expect(answer.body.errors[0].extensions.requestId).toBe('abc-1.2_3')
    expect(toy.log.at(-1)).toMatchObject({ requestId: 'abc-1.2_3', codes: ['GRAPHQL_VALIDATION_FAILED'] })
  })

  it.each([['a b'], ['é'], ['x'.repeat(129)], ['"; drop']])('has an id of its own in place of %j', async (id) => {
    const answer = await toy.ask('{ requestId }', {}, { 'x-request-id': id })
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
    expect(answer.body.data.requestId).toBe(answer.headers['x-request-id'])
  })

  it('can have headers from resolvers', async () => {
    expect((await toy.ask('{ header }')).headers['idempotency-replayed']).toBe('true')
  })
})

describe('a request that is no good GraphQL over HTTP', () => {
  it.each([
    ['malformed JSON', { ...json }, '{"query":', 400, 'BAD_REQUEST'],
    ['trailing bytes', { ...json }, `${hello}x`, 400, 'BAD_REQUEST'],
    ['an empty body', { ...json }, '', 400, 'BAD_REQUEST'],
    ['null', { ...json }, 'null', 400, 'BAD_REQUEST'],
    ['a list', { ...json }, `[${hello},${hello}]`, 400, 'BAD_REQUEST'],
    ['a number for a query', { ...json }, '{"query":1}', 400, 'BAD_REQUEST'],
    ['a prototype', { ...json }, '{"query":"{ hello }","variables":{"__proto__":{"a":1}}}', 400, 'BAD_REQUEST'],
    ['bad UTF-8', { ...json }, Buffer.from([0x7b, 0xff, 0x7d]), 400, 'BAD_REQUEST'],
    ['text/plain', { 'content-type': 'text/plain' }, hello, 415, 'BAD_REQUEST'],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'query=%7Bhello%7D', 415, 'BAD_REQUEST'],
    ['multipart', { 'content-type': 'multipart/form-data; boundary=x' }, '--x--', 415, 'BAD_REQUEST'],
    ['UTF-7', { 'content-type': 'application/json; charset=utf-7' }, hello, 415, 'BAD_REQUEST'],
    ['gzip', { ...json, 'content-encoding': 'gzip' }, hello, 415, 'BAD_REQUEST'],
    ['a body of 256 KiB and one byte', { ...json }, hello.padEnd(256 * 1024 + 1), 413, 'PAYLOAD_TOO_LARGE'],
    ['an answer in HTML only', { ...json, accept: 'text/html' }, hello, 406, 'BAD_REQUEST'],
    ['a Host that is none', { ...json, host: 'a b' }, hello, 400, 'BAD_REQUEST'],
  ])('gets JSON: %s', async (_, headers, payload, status, expected) => {
    const answer = await toy.server.inject({ method: 'POST', url: '/graphql', headers, payload })
    expect(answer.statusCode).toBe(status)
    expect(answer.headers['content-type']).toMatch(/^application\/(graphql-response\+)?json/)
    expect(code(answer.payload)).toBe(expected)
    expect(answer.json().errors[0].extensions.requestId).toBe(answer.headers['x-request-id'])
  })

  it('passes with a body of just 256 KiB, and with a byte order mark', async () => {
    for (const payload of [hello.padEnd(256 * 1024), `\uFEFF${hello}`]) {
      expect(
        (await toy.server.inject({ method: 'POST', url: '/graphql', headers: json, payload })).json(),
      ).toMatchObject({ data: { hello: 'world' } })
    }
  })

  it.each(['HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const)('gets 405 for %s', async (method) => {
    const answer = await toy.server.inject({ method, url: '/graphql' })
    expect([answer.statusCode, answer.headers.allow]).toEqual([405, 'GET, POST'])
  })

  it('gets 405 for a mutation by GET', async () => {
    const answer = await toy.server.inject({
      url: '/graphql?query=mutation{quick(name:"x"){name}}',
      headers: { 'apollo-require-preflight': '1' },
    })
    expect([answer.statusCode, answer.headers.allow, code(answer.payload)]).toEqual([405, 'POST', 'BAD_REQUEST'])
  })

  it('is refused by GET without a header that a form cannot send', async () => {
    const answer = await toy.server.inject({ url: '/graphql?query={hello}' })
    expect([answer.statusCode, code(answer.payload)]).toEqual([400, 'BAD_REQUEST'])
  })

  it('gets 404 in JSON where there is nothing', async () => {
    const answer = await toy.server.inject({
      method: 'POST',
      url: '/secret',
      headers: { 'content-type': 'text/plain' },
      payload: 'x',
    })
    expect([answer.statusCode, code(answer.payload)]).toEqual([404, 'ROUTE_NOT_FOUND'])
  })

  it('gets 400 with a credential in the address, and the log does not have it', async () => {
    for (const name of ['access_token', 'api_key', 'API_KEY']) {
      const answer = await toy.server.inject({
        url: `/graphql?query={hello}&${name}=hush`,
        headers: { 'apollo-require-preflight': '1' },
      })
      expect([answer.statusCode, code(answer.payload)]).toEqual([400, 'BAD_REQUEST'])
    }
    expect(JSON.stringify(toy.log)).not.toContain('hush')
  })

  it('gets 401 with two Authorization headers', async () => {
    const text = await bytes(
      `POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\nContent-Type: application/json\r\nContent-Length: ${hello.length}\r\nConnection: close\r\n\r\n${hello}`,
    )
    expect(text).toMatch(/^HTTP\/1\.1 401 /)
    expect(text).toMatch(/WWW-Authenticate: Bearer/i)
    expect(text).toContain('UNAUTHENTICATED')
  })

  it('gets JSON for bytes that are no HTTP', async () => {
    const text = await bytes('NONSENSE\r\n\r\n')
    expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/json/)
    expect(code(text.slice(text.indexOf('{')))).toBe('BAD_REQUEST')
  })

  it('gets 400 for an operation that is not there or not clear', async () => {
    const two = 'query A { hello } query B { hello }'
    for (const operationName of [undefined, 'C']) {
      const answer = await toy.server.inject({
        method: 'POST',
        url: '/graphql',
        payload: { query: two, operationName },
      })
      expect([answer.statusCode, code(answer.payload)]).toEqual([400, 'OPERATION_RESOLUTION_FAILURE'])
    }
  })
})

describe('a caller', () => {
  it.each([
    ['wrong', 401, 'UNAUTHENTICATED', 'Bearer'],
    ['suspended', 403, 'TENANT_SUSPENDED', undefined],
    ['broken', 500, 'INTERNAL', undefined],
  ])('with a %s credential gets %i', async (token, status, expected, challenge) => {
    const answer = await toy.ask('{ hello }', {}, { authorization: `Bearer ${token}` })
    expect([answer.status, answer.body.errors[0].extensions.code, answer.headers['www-authenticate']]).toEqual([
      status,
      expected,
      challenge,
    ])
    expect(answer.text).not.toContain('secret')
  })

  it('gets messages in Chinese when they rank it over English', async () => {
    const ask = async (language: string) =>
      (await toy.ask('{ refused }', {}, { 'accept-language': language })).body.errors[0].message
    expect(await ask('zh-CN,zh;q=0.9,en;q=0.8')).toBe('请求过于频繁，请稍后再试。')
    expect(await ask('de, zh-TW;q=0.4')).toBe('请求过于频繁，请稍后再试。')
    expect(await ask('en, zh')).toBe('Too many requests. Try again later.')
    expect(await ask('zh;q=0.5, en')).toBe('Too many requests. Try again later.')
  })
})

describe('the server', () => {
  it('says that it lives and whether it is ready', async () => {
    expect((await toy.server.inject('/livez')).json()).toEqual({ status: 'ok' })
    const ready = await toy.server.inject('/readyz')
    expect([ready.statusCode, ready.json()]).toEqual([200, { status: 'ready', checks: { database: true } }])
  })

  it.each([
    ['is down', async () => ({ database: false, cache: true })],
    ['fails', async () => Promise.reject(new Error('secret'))],
    ['does not answer', () => new Promise<never>(() => undefined)],
  ])('is not ready when what it needs %s', async (_, readiness) => {
    const other = await toyServer({ readiness })
    const answer = await other.server.inject('/readyz')
    expect([answer.statusCode, answer.json().status]).toEqual([503, 'unavailable'])
    await other.server.close()
  })

  it('has metrics by route and type, and no name that a caller gave', async () => {
    await toy.ask('query MyOperation { hello }')
    const { payload } = await toy.server.inject('/metrics')
    expect(payload).toMatch(/http_request_duration_seconds_count\{route="\/graphql",status="200"\} \d+/)
    expect(payload).toMatch(/graphql_operations_total\{type="query",outcome="ok"\} \d+/)
    expect(payload).toContain('graphql_errors_total{code="ROUTE_NOT_FOUND"}')
    expect(payload).not.toMatch(/MyOperation|secret/)
  })

  it('serves its schema', async () => {
    expect((await toy.server.inject('/schema.graphql')).payload).toContain('type Query {')
  })

  it('serves an explorer of its own files only', async () => {
    const page = await toy.server.inject('/')
    expect(page.headers['content-security-policy']).toContain("script-src 'self';")
    const files = [...page.payload.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, file]) => file as string)
    expect(files).toHaveLength(6)
    expect(page.payload).not.toMatch(/https?:/)
    for (const file of files) expect((await toy.server.inject(file)).statusCode).toBe(200)
  })

  it('serves no explorer unless asked to', async () => {
    const other = await toyServer()
    expect((await other.server.inject('/')).statusCode).toBe(404)
    await other.server.close()
  })

  it('logs one line per request without what the caller sent', async () => {
    const before = toy.log.length
    await toy.ask(
      'query Hush($t: String) { echo(text: $t) }',
      { t: 'hush-value' },
      { authorization: 'Bearer hush-token', 'user-agent': 'hush-agent\n{' },
    )
    expect(toy.log.slice(before)).toEqual([
      {
        level: 'info',
        time: expect.any(String),
        msg: 'request',
        requestId: expect.any(String),
        method: 'POST',
        route: '/graphql',
        status: 200,
        ms: expect.any(Number),
        operation: 'query',
        cost: 0,
        codes: [],
      },
    ])
    expect(JSON.stringify(toy.log.slice(before))).not.toMatch(/hush/i)
  })

  it('sees each request on one connection by itself', async () => {
    const one = (token: string, id: string) =>
      `POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nX-Request-Id: ${id}\r\nContent-Type: application/json\r\nContent-Length: ${hello.length}\r\n`
    const text = await bytes(
      `${one('fine', 'first')}\r\n${hello}${one('wrong', 'second')}Connection: close\r\n\r\n${hello}`,
    )
    expect([...text.matchAll(/HTTP\/1\.1 (\d+)|x-request-id: (\w+)/gi)].map(([, status, id]) => status ?? id)).toEqual([
      '200',
      'first',
      '401',
      'second',
    ])
  })

  it('lets running requests end when it closes, refuses new ones, and says so to the load balancer', async () => {
    const started = Promise.withResolvers<void>()
    const other = await toyServer({
      async contextFor() {
        started.resolve()
        return {}
      },
    })
    const { hostname, port } = new URL(await other.server.listen({ port: 0, host: '127.0.0.1' }))
    const get = (path: string) =>
      new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
        const sent = httpRequest(
          { hostname, port, path, agent: false, headers: { 'apollo-require-preflight': '1' } },
          (answer) => {
            let text = ''
            answer.on('data', (part) => {
              text += part
            })
            answer.on('end', () => resolve({ status: answer.statusCode, text }))
          },
        )
        sent.on('error', reject).end()
      })
    const running = get('/graphql?query={slow(ms:400)}')
    await started.promise
    const closed = other.server.close()
    expect(await get('/readyz')).toEqual({ status: 503, text: '{"status":"draining"}' })
    expect((await get('/livez')).status).toBe(200)
    const late = await get('/graphql?query={hello}')
    expect([late.status, code(late.text)]).toEqual([503, 'SERVICE_UNAVAILABLE'])
    expect(JSON.parse((await running).text).data).toEqual({ slow: 'done' })
    await closed
    await expect(get('/livez')).rejects.toThrow('ECONNREFUSED')
  })

  it('does not wait for ever when it closes', async () => {
    const other = await toyServer({ config: { drainMs: 100 } })
    const address = await other.server.listen({ port: 0, host: '127.0.0.1' })
    const arrived = once(other.server.server, 'request')
    const running = fetch(`${address}/graphql?query={slow(ms:60000)}`, { headers: { 'apollo-require-preflight': '1' } })
    const failed = expect(running).rejects.toThrow()
    await arrived
    const start = performance.now()
    await other.server.close()
    await failed
    expect(performance.now() - start).toBeLessThan(2_000)
  })
})

/** Sends bytes as they are and gives all that comes back. */
function bytes(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(Number(url.port), url.hostname, () => socket.write(text))
    socket.on('data', (part) => {
      answer += part
    })
    socket.on('end', () => resolve(answer))
    socket.on('error', reject)
  })
}

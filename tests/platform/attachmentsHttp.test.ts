import { readdir } from 'node:fs/promises'
import { createServer as createHttp, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createLogger } from '../../src/http/log.ts'
import { createServer } from '../../src/http/server.ts'
import { sweepFilesOnce } from '../../src/jobs/files/sweep.ts'
import { schema } from '../../src/schema/index.ts'
import { openStore } from '../../src/storage/store.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { download, form, send, upload } from '../support/files.ts'
import { openOwner } from '../support/owner.ts'

/** A bucket as S3 has it, as far as files need it. */
interface Bucket {
  url: string
  objects: Map<string, { bytes: Buffer; type: string }>
  /** What was asked of it: method and path. */
  asked: string[]
  /** Answers 500 to requests of that method. */
  broken: string | null
  close(): Promise<void>
}

async function bucket(): Promise<Bucket> {
  const made: Bucket = { url: '', objects: new Map(), asked: [], broken: null, close: async () => {} }
  const body = async (request: IncomingMessage) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece)
    return Buffer.concat(pieces)
  }
  const server: Server = createHttp(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://s3')
    const { method = '' } = request
    made.asked.push(`${method} ${pathname}`)
    const bytes = await body(request)
    const signed = request.headers.authorization?.startsWith('AWS4-HMAC-SHA256') || searchParams.has('X-Amz-Signature')
    const end = (status: number, headers: Record<string, string> = {}, content: Buffer | string = '') =>
      response.writeHead(status, { 'Content-Length': Buffer.byteLength(content), ...headers }).end(content)
    if (!signed) return end(403)
    if (made.broken === method) return end(500)
    if (method === 'PUT') {
      made.objects.set(pathname, { bytes, type: request.headers['content-type'] ?? '' })
      return end(200, { ETag: '"x"' })
    }
    if (method === 'DELETE') {
      made.objects.delete(pathname)
      return end(204)
    }
    const object = made.objects.get(pathname)
    if (!object) return end(404, {}, '<Error><Code>NoSuchKey</Code></Error>')
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    const part = from ? object.bytes.subarray(Number(from), Number(to) + 1) : object.bytes
    const disposition = searchParams.get('response-content-disposition')
    return end(
      from ? 206 : 200,
      {
        'Content-Type': searchParams.get('response-content-type') ?? object.type,
        ...(disposition ? { 'Content-Disposition': disposition } : {}),
      },
      part,
    )
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  made.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  made.close = () => new Promise((done) => server.close(() => done()))
  return made
}

describe('files in a bucket', () => {
  let store: Bucket
  let test: TestApp
  beforeAll(async () => {
    store = await bucket()
    test = await testApp({
      storage: {
        kind: 's3',
        bucket: 'files-of-atrium',
        endpoint: store.url,
        region: 'eu-central-1',
        credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
        forcePathStyle: true,
      },
    })
  })
  afterAll(async () => {
    await test.close()
    await store.close()
  })

  const sweep = async () => {
    const opened = await openStore(test.config.storage)
    try {
      return await sweepFilesOnce({ tenancy: test.app.tenancy, store: opened })
    } finally {
      opened.close()
    }
  }

  it('go there, come back whole and in parts, and go for good', async () => {
    const content = Buffer.from('AcmeMark '.repeat(5000))
    const { id: recordId } = await make(test.acme, 'Account')
    const id = await upload(test.acme, { name: '合同.txt', content }, { recordId })
    expect([...store.objects.keys()]).toEqual([
      expect.stringMatching(/^\/files-of-atrium\/[0-9a-f-]{36}\/[0-9a-f]{2}\/[0-9a-f-]{36}$/),
    ])
    expect([...store.objects.values()][0]).toEqual({ bytes: content, type: 'text/plain' })
    expect((await download(test.acme, id)).bytes.equals(content)).toBe(true)
    const part = await download(test.acme, id, { range: 'bytes=9-16' })
    expect([part.status, part.bytes.toString()]).toEqual([206, 'AcmeMark'])
    await test.acme.run(`mutation { destroyAccount(id: "${recordId}") { userErrors { code } } }`)
    store.broken = 'DELETE'
    await expect(sweep()).rejects.toThrow()
    expect(store.objects.size).toBe(1)
    store.broken = null
    expect(await sweep()).toBe(1)
    expect([store.objects.size, await sweep()]).toEqual([0, 0])
  })

  it('have addresses that lead to the bucket, which gives them to be saved', async () => {
    const id = await upload(test.acme, { name: '合同.txt', content: 'AcmeMark bytes' })
    const { attachment } = await test.acme.run<Any>(`{ attachment(id: "${id}") { url } }`)
    const first = await test.app.server.inject({ method: 'GET', url: attachment.url })
    expect([first.statusCode, first.body]).toEqual([302, ''])
    const second = await fetch(first.headers.location as string)
    expect([second.status, await second.text(), second.headers.get('content-type')]).toEqual([
      200,
      'AcmeMark bytes',
      'text/plain',
    ])
    expect(second.headers.get('content-disposition')).toBe(
      `attachment; filename="__.txt"; filename*=UTF-8''%E5%90%88%E5%90%8C.txt`,
    )
    const bare = new URL(first.headers.location as string)
    bare.search = ''
    expect((await fetch(bare)).status).toBe(403)
  })

  it('are not there, and take no place, when the bucket fails', async () => {
    const owner = await openOwner(test, test.acme)
    try {
      const count = async () =>
        owner.rows(
          'SELECT (SELECT count(*) FROM attachment) AS attachments, (SELECT used FROM storage_use WHERE tenant_id = atrium.tenant_id()) AS used',
        )
      const before = await count()
      store.broken = 'PUT'
      const { status, json } = await send(test.acme, { content: 'lost' })
      store.broken = null
      expect([status, json.errors[0].extensions.code]).toEqual([500, 'INTERNAL'])
      expect(await sweep()).toBe(1)
      expect(await count()).toEqual(before)
    } finally {
      await owner.close()
    }
  })
})

describe('over a real connection', () => {
  let test: TestApp
  let port: number
  beforeAll(async () => {
    test = await testApp()
    port = Number(new URL(await test.app.listen()).port)
  })
  afterAll(() => test.close())

  /** Sends bytes and gives what comes back until the connection ends; `then` is done once something has gone out. */
  const raw = (head: string, body: Buffer, then?: (end: () => void) => void) =>
    new Promise<string>((done) => {
      const socket = connect(port, '127.0.0.1')
      let answer = ''
      socket.on('data', (piece) => {
        answer += piece
      })
      socket.on('error', () => {})
      socket.on('close', () => done(answer))
      socket.write(head)
      socket.write(body, () => then?.(() => socket.destroy()))
    })
  const head = (type: string, length: number) =>
    `POST /attachments HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${test.acme.apiKey}\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`

  it('a sender that goes away in the middle leaves nothing', async () => {
    const { payload, headers } = form({ content: Buffer.alloc(500_000, 65) })
    const noted = new Promise<void>((done) => {
      test.app.server.server.once('request', (_request, response) => response.once('close', () => done()))
    })
    await raw(head(headers['content-type'] as string, payload.length), payload.subarray(0, 300_000), (end) => end())
    await noted
    // What is under way ends by itself; the next one begins behind it.
    const whole = await raw(head(headers['content-type'] as string, payload.length), payload)
    expect(whole).toMatch(/^HTTP\/1\.1 201 /)
    const owner = await openOwner(test, test.acme)
    try {
      expect(await owner.rows('SELECT size::integer FROM stored_file WHERE tenant_id = atrium.tenant_id()')).toEqual([
        { size: 500_000 },
      ])
      const { storage, incoming } = test.config
      const root = join(storage.kind === 'fs' ? storage.root : '', owner.tenantId)
      const files = (await readdir(root, { recursive: true, withFileTypes: true })).filter((one) => one.isFile())
      expect([files.length, await readdir(incoming)]).toEqual([1, []])
    } finally {
      await owner.close()
    }
  })

  it('a file that is too large is refused before it is there', async () => {
    const { headers } = form({})
    const beginning = form({ content: Buffer.alloc(2 * 1024 * 1024, 65) }).payload
    const answer = await raw(head(headers['content-type'] as string, 1024 ** 3), beginning)
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(answer).toContain('FILE_TOO_LARGE')
    expect(answer).toMatch(/connection: close/i)
  })

  it('nobody waits longer for an operation because files may take their time', async () => {
    const server = await createServer({
      schema,
      contextFor: async () => ({ viewer: null }),
      config: { bodyMs: 1 },
      log: createLogger({ level: 'silent' }),
      readiness: async () => ({}),
      files: {
        upload: async (_context, parts) => {
          for await (const _part of parts);
          return {}
        },
        open: async () => Promise.reject(new Error()),
        openByTicket: async () => Promise.reject(new Error()),
      },
    })
    try {
      const { port: own } = new URL(await server.listen({ port: 0, host: '127.0.0.1' }))
      const answer = await new Promise<string>((done) => {
        const socket = connect(Number(own), '127.0.0.1')
        socket.on('data', (piece) => done(String(piece)))
        socket.write(
          'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
        )
      })
      expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    } finally {
      await server.close()
    }
  })
})

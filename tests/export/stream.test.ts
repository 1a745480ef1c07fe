import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { Context } from '../../src/context.ts'
import { createExporter } from '../../src/jobs/export/run.ts'
import { jobViewer } from '../../src/resolvers/identity/createTenant.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { OWN, type Owner, openOwner } from '../support/owner.ts'
import { address, type ExportServer, exportServer, jsonl, open } from './server.ts'

const MANY = 20_000
const POOL = 4

let test: TestApp
let server: ExportServer
let owner: Owner

beforeAll(async () => {
  test = await testApp({ poolSize: POOL })
  server = await exportServer(test)
  owner = await openOwner(test, test.acme)
  await owner.rows(
    `INSERT INTO tag (name, description) SELECT 'AcmeMark 标签 ' || n, repeat('说明', 50) FROM generate_series(1, ${MANY}) n`,
  )
  await make(test.globex, 'Tag')
}, 300_000)

afterEach(() => server.beforePage(() => {}))

afterAll(async () => {
  await server?.close()
  await owner?.close()
  await test?.close()
})

/** What the traces of all exports say, the last first. */
const traces = () =>
  owner.rows<Any>(`SELECT operation, after FROM change WHERE ${OWN} AND object = 'export' ORDER BY ordinal DESC`)

/** The next commit after which the last trace is the end of an export. */
async function nextEnd(): Promise<Any> {
  const before = (await traces()).length
  for (;;) {
    const written = Promise.withResolvers<void>()
    test.app.tenancy.onWritten(() => written.resolve())
    const now = await traces()
    if (now.length > before && now[0].after.status !== 'RUNNING') return now[0].after
    await written.promise
  }
}

/** A key of its own, and how to end it. */
async function newKey(): Promise<{ key: string; revoke(): Promise<void> }> {
  const { roles } = await test.acme.run('{ roles(where: { key: { eq: "admin" } }) { nodes { id } } }')
  const { createApiKey } = await test.acme.run<Any>(
    'mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { key apiKey { id } userErrors { message } } }',
    { input: { name: 'for an export', roleId: roles.nodes[0].id } },
  )
  return {
    key: createApiKey.key,
    async revoke() {
      await test.acme.run('mutation($id: ID!) { revokeApiKey(id: $id) { userErrors { code } } }', {
        id: createApiKey.apiKey.id,
      })
      server.forget()
    },
  }
}

describe('a long export', () => {
  it('gives every record once, in order, and says how many', async () => {
    const got = await server.get('/export/tags.jsonl?fields=id,name', test.acme.apiKey)
    const { records, last } = jsonl(got.body)
    expect(last).toEqual({ end: { count: MANY } })
    expect(got).toMatchObject({ complete: true, trailers: { 'atrium-export-count': String(MANY) } })
    const ids = records.map(({ id }) => id)
    expect(new Set(ids).size).toBe(MANY)
    expect(ids).toEqual(ids.toSorted())
    expect(got.body).not.toMatch(/GlobexMark/)
  })

  it('reads a page when one was taken, whatever the number of records, and holds no connection in between', async () => {
    const viewer = jobViewer({ id: owner.tenantId, timezone: 'UTC', baseCurrency: 'USD', defaultCountry: 'US' })
    let read = 0
    const context: Pick<Context, 'viewer' | 'tenancy'> = {
      viewer,
      tenancy: {
        ...test.app.tenancy,
        readTenant: (caller, work) => {
          read++
          return test.app.tenancy.readTenant(caller, work)
        },
      },
    }
    const { pieces, count } = await createExporter()({
      contextFor: async () => context,
      object: 'Tag',
      format: 'csv',
      fields: null,
      args: {},
      purpose: null,
    })
    // The look whether an approval is needed is one more.
    expect([read, count()]).toEqual([2, 100])
    let lines = 0
    let taken = 0
    for await (const piece of pieces) {
      taken++
      lines += piece.split('\r\n').length - 1
      expect(piece.split('\r\n').length).toBeLessThanOrEqual(102)
      expect(read - 1 - taken).toBeLessThanOrEqual(0)
    }
    expect([lines, taken, read]).toEqual([MANY + 1, MANY / 100, MANY / 100 + 1])
  })
})

describe('a reader that does not read', () => {
  it('stops the export after a page or two, and gets all of it when it reads on', async () => {
    const viewer = jobViewer({ id: owner.tenantId, timezone: 'UTC', baseCurrency: 'USD', defaultCountry: 'US' })
    let read = 0
    const tenancy: Context['tenancy'] = {
      ...test.app.tenancy,
      readTenant: (caller, work) => {
        read++
        return test.app.tenancy.readTenant(caller, work)
      },
    }
    const { pieces, count } = await createExporter()({
      contextFor: async () => ({ viewer, tenancy }),
      object: 'Tag',
      format: 'jsonl',
      fields: null,
      args: {},
      purpose: null,
    })
    let lines = 0
    const gate = Promise.withResolvers<void>()
    // As the route and the command line send it.
    const sent = pipeline(
      Readable.from(pieces, { highWaterMark: 1 }),
      new Writable({
        async write(part, _encoding, done) {
          await gate.promise
          lines += String(part).split('\n').length - 1
          done()
        },
      }),
    )
    // Time enough for many pages, told by as many trips to the database.
    for (let trip = 0; trip < 50; trip++)
      await test.app.tenancy.readTenant({ tenantId: owner.tenantId }, (db) => db.rows({ text: 'SELECT 1', values: [] }))
    // In the sink, in front of it, and on the way; the look at the approval is one more.
    expect(read).toBeLessThanOrEqual(5)
    expect(count()).toBeLessThanOrEqual(400)
    gate.resolve()
    await sent
    expect([lines, count()]).toEqual([MANY + 1, MANY])
  })
})

describe('an export that cannot go on', () => {
  it('ends within a page when the key is revoked: an error line, and no end of the answer', async () => {
    const { key, revoke } = await newKey()
    server.beforePage(async () => {
      if (server.pages() === began + 5) await revoke()
    })
    const began = server.pages()
    const got = await server.get('/export/tags.jsonl?fields=name', key)
    const { records, last } = jsonl(got.body)
    expect(last).toMatchObject({
      error: { message: expect.any(String), extensions: { code: 'UNAUTHENTICATED', requestId: expect.any(String) } },
    })
    expect(records).toHaveLength(500)
    expect(got).toMatchObject({ status: 200, complete: false, trailers: {} })
    expect((await traces())[0].after).toEqual({ status: 'ABORTED', count: 500 })
  })

  it('is cut off as CSV', async () => {
    const { key, revoke } = await newKey()
    const began = server.pages()
    server.beforePage(async () => {
      if (server.pages() === began + 3) await revoke()
    })
    const got = await server.get('/export/tags.csv', key)
    expect(got).toMatchObject({ status: 200, complete: false, trailers: {} })
    expect(got.body.split('\r\n')).toHaveLength(302)
  })

  it('ends when a field of it is hidden from the viewer', async () => {
    const role = await make(test.acme, 'Role', { key: 'taggers' })
    await make(test.acme, 'ObjectPermission', {
      roleId: role.id,
      object: 'Tag',
      canRead: true,
      canExport: true,
      readScope: 'ALL',
      allowList: false,
    })
    const { createApiKey } = await test.acme.run<Any>(
      'mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { key userErrors { message } } }',
      { input: { name: 'tags', roleId: role.id } },
    )
    const began = server.pages()
    server.beforePage(async () => {
      if (server.pages() !== began + 2) return
      const input = { roleId: role.id, object: 'Tag', field: 'description', access: 'HIDDEN', mask: 'NONE' }
      await make(test.acme, 'FieldPermission', input)
      server.forget()
    })
    const got = await server.get('/export/tags.jsonl', createApiKey.key)
    expect(jsonl(got.body).last.error.extensions).toMatchObject({
      code: 'FIELD_FORBIDDEN',
      coordinate: 'Tag.description',
    })
    expect(got.complete).toBe(false)
  })

  it('ends with the company’s suspension', async () => {
    const began = server.pages()
    server.beforePage(async () => {
      if (server.pages() !== began + 2) return
      await owner.rows(`UPDATE tenant SET status = 'SUSPENDED' WHERE id = atrium.tenant_id()`)
      server.forget()
    })
    try {
      const got = await server.get('/export/tags.jsonl', test.acme.apiKey)
      expect(jsonl(got.body).last.error.extensions.code).toBe('TENANT_SUSPENDED')
      expect(got.complete).toBe(false)
    } finally {
      await owner.rows(`UPDATE tenant SET status = 'ACTIVE' WHERE id = atrium.tenant_id()`)
      server.forget()
    }
  })

  it('says so in an ordinary answer when it fails before its first record', async () => {
    server.beforePage(() => {
      throw new Error('a secret of the inside')
    })
    const got = await server.get('/export/tags.csv', test.acme.apiKey)
    expect([got.status, JSON.parse(got.body).errors[0].extensions.code]).toEqual([500, 'INTERNAL'])
    expect(got.body).not.toContain('secret')
    expect((await traces())[0].after).toEqual({ status: 'ABORTED', count: 0 })
  })
})

describe('a client that goes away', () => {
  it('gives back its connection and its place', async () => {
    const gate = Promise.withResolvers<void>()
    const began = server.pages()
    server.beforePage(() => (server.pages() === began + 3 ? gate.promise : undefined))
    const answer = await open(`${server.url}/export/tags.csv`, test.acme.apiKey)
    const end = nextEnd()
    answer.on('error', () => {})
    answer.destroy()
    gate.resolve()
    expect((await end).status).toBe('ABORTED')
    expect(server.pages()).toBeLessThan(began + MANY / 100)
    // All connections of the pool can be had at once: none is kept.
    const all = Promise.withResolvers<void>()
    let inside = 0
    const brackets = Array.from({ length: POOL }, () =>
      test.app.tenancy.readTenant({ tenantId: owner.tenantId }, async (db) => {
        if (++inside === POOL) all.resolve()
        await all.promise
        return db.rows({ text: 'SELECT 1', values: [] })
      }),
    )
    expect(await Promise.all(brackets)).toHaveLength(POOL)
    server.beforePage(() => {})
    const both = await Promise.all(
      [1, 2].map(() => server.get(address('tags.csv', { fields: 'id' }), test.acme.apiKey)),
    )
    expect(both.map(({ status, complete }) => [status, complete])).toEqual([
      [200, true],
      [200, true],
    ])
  })
})

describe('a company', () => {
  it('runs two exports at once in a process, and does not keep others from theirs', async () => {
    const gate = Promise.withResolvers<void>()
    const held = Promise.withResolvers<void>()
    const began = server.pages()
    server.beforePage((page) => {
      if (page === began + 2) held.resolve()
      return page <= began + 2 ? gate.promise : undefined
    })
    const path = address('tags.csv', { fields: 'id', where: { name: { eq: 'AcmeMark 标签 7' } } })
    const running = [1, 2].map(() => server.get(path, test.acme.apiKey))
    await held.promise
    const third = await server.get(path, test.acme.apiKey)
    expect([third.status, JSON.parse(third.body).errors[0].extensions.code]).toEqual([429, 'CONCURRENCY_LIMIT'])
    expect(Number(third.headers['retry-after'])).toBeGreaterThan(0)
    expect((await server.get('/export/tags.csv', test.globex.apiKey)).status).toBe(200)
    gate.resolve()
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 200])
    expect((await server.get(path, test.acme.apiKey)).status).toBe(200)
  })

  it('has its place again after an export that was refused', async () => {
    for (let i = 0; i < 3; i++) {
      const got = await server.get(
        address('tags.csv', { where: { name: { in: Array(501).fill('x') } } }),
        test.acme.apiKey,
      )
      expect(got.status).toBe(400)
    }
    expect(
      (await server.get(address('tags.csv', { fields: 'id', search: 'nothing' }), test.acme.apiKey)).status,
    ).not.toBe(429)
  })
})

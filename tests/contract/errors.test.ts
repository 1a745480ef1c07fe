import { readdir, readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { ERROR_CODES, USER_ERROR_CODES } from '../../src/errors.ts'
import { recordTypes } from '../../src/read/recordType.ts'
import { openTenancy } from '../../src/tenancy/tenancy.ts'
import { type Answer, type Any, asking, type Company, type TestApp, testApp } from '../support/app.ts'
import { camel, inputFor, make } from '../support/factory.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'

let app: TestApp
let owner: Owner
/** Signs in as the application itself: it may look at its own connections and end them. */
let self: pg.Client

beforeAll(async () => {
  // What is done to the database while an operation waits is done once.
  asking.twice = false
  app = await testApp({ statementTimeout: 3000 })
  owner = await openOwner(app, app.acme)
  self = new pg.Client({ connectionString: app.database.appUrl, application_name: 'the test' })
  await self.connect()
})
afterAll(async () => {
  await self?.end()
  await owner?.close()
  await app?.close()
})

/** What must never reach a client: SQL, names of the database, drivers and files, and values that were sent. */
const INNARDS = [
  /\b(select|insert into|update .+ set|delete from|where|returning)\b .*\b(from|into|=)\b/i,
  /\b(relation|column|constraint|syntax error|violates|deadlock|postgres|pg_\w+|prisma|redis|sqlstate|backend|canceling)\b/i,
  /\.(ts|js|sql)\b|node_modules|node:|\bat \w+ \(|\/work|stack/i,
  /ECONN|127\.0\.0\.1|:\d{4,5}\b(?!-)/,
  /S3cret/,
]
const tables = recordTypes().flatMap(({ table }) => (table.includes('_') ? [table] : []))

/** Fails when an answer's errors hold innards or a code that is not on the list; gives the codes. */
function clean({ errors = [], data }: Answer): string[] {
  const userErrors = Object.values<Any>(data ?? {}).flatMap((payload) => payload?.userErrors ?? [])
  const words = JSON.stringify([
    errors.map(({ message, extensions: { requestId, ...others } }) => [message, others]),
    userErrors,
  ])
  for (const pattern of INNARDS) expect(words).not.toMatch(pattern)
  for (const table of tables) expect(words).not.toContain(table)
  for (const { extensions } of errors) {
    expect(Object.keys(ERROR_CODES)).toContain(extensions.code)
    expect(extensions.requestId).toMatch(/^[\w.-]+$/)
  }
  for (const { code } of userErrors) expect(Object.keys(USER_ERROR_CODES)).toContain(code)
  return errors.map(({ extensions }) => extensions.code)
}

/** Reads and writes of a company over one type, each of which needs its table. */
async function operations(company: Company, typeName: string): Promise<(() => Promise<Answer>)[]> {
  const type = recordTypes().find(({ name }) => name === typeName)!
  const { id } = await make(company, typeName)
  const input = await inputFor(company, type)
  const one = camel(typeName)
  return [
    () =>
      company.ask(
        `{ list: ${type.plural}(first: 2, where: { externalId: { neq: "S3cret" } }) { nodes { id } totalCount { value } } }`,
      ),
    () => company.ask(`query($id: ID!) { one: ${one}(id: $id) { id createdBy { name } } }`, { id }),
    () => company.ask(`query($id: ID!) { nodes(ids: [$id]) { id ... on ${typeName} { createdBy { id } } } }`, { id }),
    () => company.ask(`{ groups: ${one}Aggregate(groupBy: [{ field: CREATED_AT }]) { count } }`),
    () =>
      company.ask(
        `mutation($input: Create${typeName}Input!) { create${typeName}(input: $input) { userErrors { code message field } } }`,
        { input: { ...input, externalId: 'S3cret' } },
      ),
    () =>
      company.ask(
        `mutation($id: ID!) { update${typeName}(id: $id, input: { externalId: "S3cret" }) { userErrors { code message field } } }`,
        { id },
      ),
    () =>
      company.ask(`mutation($id: ID!) { delete${typeName}(id: $id) { userErrors { code message field } } }`, { id }),
  ]
}

/** Waits until so many of the application's connections wait for a lock: by asking, not by the clock. */
async function waiting(count: number): Promise<number[]> {
  for (let tries = 0; tries < 2000; tries++) {
    const { rows } = await self.query(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'atrium' AND wait_event_type = 'Lock'`,
    )
    if (rows.length >= count) return rows.map(({ pid }) => pid)
  }
  throw new Error('Nobody waits.')
}

/** Runs `work` while the owner holds a table for itself. */
async function locked<T>(table: string, work: () => Promise<T>): Promise<T> {
  await owner.rows('BEGIN')
  await owner.rows(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)
  try {
    return await work()
  } finally {
    await owner.rows('ROLLBACK')
  }
}

describe('errors of the database', () => {
  it('say nothing of a table that is gone', async () => {
    const broken = await testApp()
    const hand = await openOwner(broken, broken.acme)
    try {
      const all = await operations(broken.acme, 'TagLink')
      for (const ask of (await operations(broken.acme, 'TagLink')).slice(0, 6)) expect(clean(await ask())).toEqual([])
      await hand.rows('DROP TABLE tag_link CASCADE')
      for (const ask of all) {
        const answer = await ask()
        expect(clean(answer)).toEqual(['INTERNAL'])
        expect(Object.values(answer.data ?? {}).every((one) => one === null)).toBe(true)
      }
      // What does not need the table goes on.
      expect(clean(await broken.acme.ask('{ accounts { nodes { id } } }'))).toEqual([])
      const zh = await broken.acme.ask('{ tagLinks { nodes { id } } }', {}, { 'accept-language': 'zh-CN' })
      expect(zh.errors?.[0]?.message).toBe(ERROR_CODES.INTERNAL.message.zhCN)
    } finally {
      await hand.close()
      await broken.close()
    }
  })

  it('are TIMEOUT for statements that take too long, and undo what a mutation began', async () => {
    const all = await operations(app.acme, 'Tag')
    const before = await owner.rows('SELECT id, version, deleted_at FROM tag ORDER BY id')
    await locked('tag', async () => {
      for (const answer of await Promise.all(all.map((ask) => ask()))) {
        expect(clean(answer)).toEqual(['TIMEOUT'])
        expect([answer.status, answer.errors?.[0]?.extensions.retryable]).toEqual([504, true])
      }
    })
    expect(await owner.rows('SELECT id, version, deleted_at FROM tag ORDER BY id')).toEqual(before)
    for (const ask of all) expect(clean(await ask())).toEqual([])
  })

  it('are SERVICE_UNAVAILABLE with Retry-After when a connection is cut in the middle of a statement', async () => {
    const all = await operations(app.acme, 'Pipeline')
    for (const ask of all) {
      const answer = await locked('pipeline', async () => {
        const asked = ask()
        for (const pid of await waiting(1)) await self.query('SELECT pg_terminate_backend($1)', [pid])
        return asked
      })
      expect(clean(answer)).toEqual(['SERVICE_UNAVAILABLE'])
      expect([answer.status, answer.errors?.[0]?.extensions.retryable]).toEqual([503, true])
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    }
    for (const ask of all) expect(clean(await ask())).toEqual([])
  })

  it('are none, or SERVICE_UNAVAILABLE, when idle connections were cut', async () => {
    const all = await operations(app.acme, 'LeadSource')
    for (let round = 0; round < 3; round++) {
      await Promise.all(all.slice(0, 4).map((ask) => ask()))
      await self.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'atrium'`,
      )
      for (const answer of await Promise.all(all.slice(0, 4).map((ask) => ask()))) {
        const codes = clean(answer)
        if (codes.length > 0)
          expect([codes, answer.status, Number(answer.headers['retry-after']) > 0]).toEqual([
            ['SERVICE_UNAVAILABLE'],
            503,
            true,
          ])
      }
    }
    for (const ask of all) expect(clean(await ask())).toEqual([])
  })

  it('are SERVICE_UNAVAILABLE when the database takes no more connections, also while the caller is looked up', async () => {
    const cut = await testApp()
    const hand = await openOwner(cut, cut.acme)
    const [row] = await hand.rows<{ name: string }>('SELECT current_database() AS name')
    try {
      const all = await operations(cut.acme, 'Tag')
      await hand.rows(`ALTER DATABASE ${row?.name} CONNECTION LIMIT 0`)
      await self.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'atrium'`,
        [row?.name],
      )
      for (const ask of [...all, () => cut.globex.ask('{ tags { nodes { id } } }')]) {
        const answer = await ask()
        expect(clean(answer)).toEqual(['SERVICE_UNAVAILABLE'])
        expect([answer.status, Number(answer.headers['retry-after']) > 0]).toEqual([503, true])
      }
      await hand.rows(`ALTER DATABASE ${row?.name} CONNECTION LIMIT -1`)
      for (const ask of all) expect(clean(await ask())).toEqual([])
    } finally {
      await hand.rows(`ALTER DATABASE ${row?.name} CONNECTION LIMIT -1`)
      await hand.close()
      await cut.close()
    }
  })
})

describe('a deadlock', () => {
  it('between two writers ends with both having written', async () => {
    const [a, b] = [
      await make(app.acme, 'Account', { employees: 0 }),
      await make(app.acme, 'Account', { employees: 0 }),
    ]
    // PostgreSQL looks for deadlocks after a second.
    const patient = openTenancy({ databaseUrl: app.database.appUrl, poolSize: 2 })
    const runs = [0, 0]
    let arrived = 0
    let open = () => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const writer = (place: number, first: string, second: string) =>
      patient.writeTenant({ tenantId: owner.tenantId }, async (db) => {
        runs[place] = (runs[place] ?? 0) + 1
        const add = (id: string) =>
          db.rows({
            text: 'UPDATE account SET employees = employees + 1 WHERE tenant_id = $1 AND id = $2',
            values: [owner.tenantId, uuidIn(id)],
          })
        await add(first)
        // In the first round each holds what the other wants before either goes on.
        if (++arrived === 2) open()
        await gate
        await add(second)
      })
    try {
      await Promise.all([writer(0, a.id, b.id), writer(1, b.id, a.id)])
    } finally {
      await patient.close()
    }
    // One of them, at least, had to begin again.
    expect((runs[0] ?? 0) + (runs[1] ?? 0)).toBeGreaterThan(2)
    const { nodes } = await app.acme.run(
      'query($ids: [ID!]!) { nodes(ids: $ids) { ... on Account { employees version } } }',
      { ids: [a.id, b.id] },
    )
    expect(nodes).toEqual([
      { employees: 2, version: 3 },
      { employees: 2, version: 3 },
    ])
  })

  it('that does not end after three attempts is SERVICE_UNAVAILABLE', async () => {
    let runs = 0
    const always = app.app.tenancy.writeTenant({ tenantId: owner.tenantId }, async () => {
      runs++
      throw Object.assign(new Error('deadlock detected'), { code: '40P01' })
    })
    await expect(always).rejects.toMatchObject({ extensions: { code: 'SERVICE_UNAVAILABLE', retryable: true } })
    expect(runs).toBe(3)
  })
})

const HOSTILE = [
  `S3cret'; DROP TABLE account; --`,
  `S3cret" OR 1=1`,
  'S3cret\0',
  '\ud800S3cret',
  '%S3cret_\\',
  "S3cret & | ! :* ( '",
  '{"S3cret":1}',
  '__proto__',
  '$1',
  `${'S3cret'.repeat(2000)}`,
  '😀',
  '﷽',
  '\u202e',
  '-1',
  'NaN',
]

describe.each(recordTypes().map((type) => [type.name, type] as const))(
  'hostile texts in reads and writes of %s',
  (_name, type) => {
    it('find nothing, or are refused, and never repeated', async () => {
      const one = camel(type.name)
      const text = [...type.fields.values()].find(({ kind, filter }) => filter && (kind === 'text' || kind === 'id'))!
      const operator = text.kind === 'text' ? 'contains' : 'eq'
      for (const value of HOSTILE) {
        const answers = await Promise.all([
          app.acme.ask(`query($v: ID!) { one: ${one}(id: $v) { id } node(id: $v) { id } }`, { v: value }),
          app.acme.ask(`query($v: String!) { list: ${type.plural}(after: $v) { nodes { id } } }`, { v: value }),
          app.acme.ask(`query($v: ${type.name}Filter) { list: ${type.plural}(first: 1, where: $v) { nodes { id } } }`, {
            v: { [text.name]: { [operator]: value } },
          }),
          ...(type.searched.length > 0
            ? [
                app.acme.ask(`query($v: String!) { list: ${type.plural}(first: 1, search: $v) { nodes { id } } }`, {
                  v: value,
                }),
              ]
            : []),
          ...(type.operations.has('delete')
            ? [
                app.acme.ask(
                  `mutation($v: ID!) { delete${type.name}(id: $v) { userErrors { code message field details } } }`,
                  { v: value },
                ),
              ]
            : []),
          ...(type.operations.has('upsert')
            ? [
                app.acme.ask(
                  `mutation($v: String!) { upsert${type.name}(by: { externalId: { id: $v } }, input: { externalSource: "\\u0000" }) { userErrors { code message field details } } }`,
                  { v: value },
                ),
              ]
            : []),
        ])
        for (const answer of answers) expect(clean(answer).filter((code) => code !== 'BAD_USER_INPUT')).toEqual([])
        expect(answers[0]?.data).toEqual({ one: null, node: null })
        expect(answers[1]?.errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: ['after'] })
      }
    })
  },
)

describe('codes', () => {
  /** Kept for clients that know them: nothing answers them any more. */
  const RETIRED = ['RECORD_LOCKED']

  it('of user errors are each expected by the test of a rule', async () => {
    const folder = new URL('../', import.meta.url)
    const files = (await readdir(folder, { recursive: true })).filter(
      (name) => name.endsWith('.test.ts') && !name.startsWith('contract/errors'),
    )
    const texts = await Promise.all(files.map((name) => readFile(new URL(name, folder), 'utf8')))
    const words = new Set(texts.flatMap((text) => text.match(/\b[A-Z][A-Z_]+\b/g) ?? []))
    expect(Object.keys(USER_ERROR_CODES).filter((code) => !words.has(code))).toEqual(RETIRED)
  })
})

describe('docs/errors.md', () => {
  const section = async (title: string): Promise<string[][]> => {
    const page = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8')
    const table = page.split(`## ${title}\n`)[1]?.split('\n## ')[0]?.split('`details` holds, where')[0] ?? ''
    return [...table.matchAll(/^\| `([A-Z_]+)` \|(.*)\|$/gm)].map(([, code, rest]) => [
      code as string,
      ...(rest as string).split('|').map((cell) => cell.trim()),
    ])
  }

  it('lists every request error with its status, and no other', async () => {
    const rows = await section('Request errors')
    expect(rows.map(([code, status, retry]) => [code, status, retry])).toEqual(
      Object.entries<{ status?: number; retryable: boolean }>(ERROR_CODES).map(([code, { status, retryable }]) => [
        code,
        String(status ?? 200),
        retryable ? 'yes' : 'no',
      ]),
    )
    for (const [code, , , when] of rows) expect([code, (when as string).length > 10]).toEqual([code, true])
  })

  it('lists every user error in its own words, and no other', async () => {
    expect(await section('User errors')).toEqual(Object.entries(USER_ERROR_CODES).map(([code, words]) => [code, words]))
  })
})

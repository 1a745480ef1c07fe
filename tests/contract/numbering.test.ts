import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { numberChanges, numberNow } from '../../src/events/sequence.ts'
import { decodeId } from '../../src/ids.ts'
import '../../src/schema/index.ts'
import { createTenant } from '../../src/resolvers/identity/createTenant.ts'
import { openTenancy, type Tenancy } from '../../src/tenancy/tenancy.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

const TENANCY = new URL('../../src/tenancy/tenancy.ts', import.meta.url).href

let database: TestDatabase
let tenancy: Tenancy
let companies = 0
/** A company of each test's own; all its earlier changes have their numbers. */
let tenant: string
/** The number of its last change before the test. */
let start: number

beforeAll(async () => {
  database = await freshDatabase()
  tenancy = openTenancy({ databaseUrl: database.appUrl, poolSize: 10 })
})

afterAll(async () => {
  await tenancy.close()
  await database.drop()
})

beforeEach(async () => {
  tenant = await company()
  start = await numbered(tenant)
})

async function company(): Promise<string> {
  const slug = `company${++companies}`
  const made = await createTenant(tenancy, { slug, name: slug, adminEmail: `admin@${slug}.example` })
  return decodeId(made.id)?.uuid as string
}

interface Row {
  sequence: number | null
  name: string | null
}

/** The tenant's changes since the test began, in the order of their numbers, those without one last. `name` is that of the tag that was made. */
function feed(of = tenant, after = start): Promise<Row[]> {
  return tenancy.readTenant({ tenantId: of }, (db) =>
    db.rows<Row>({
      text: `SELECT sequence::int, after->>'name' AS name FROM change WHERE tenant_id = $1 AND (sequence > $2 OR sequence IS NULL) ORDER BY sequence, ordinal`,
      values: [of, after],
    }),
  )
}

/**
 * Numbers until every committed change has its number, and says the last one. One round may not be enough: transactions of other tests on the same
 * server hold numbers back as long as they are open.
 */
async function numbered(of = tenant): Promise<number> {
  const deadline = Date.now() + 25_000
  for (;;) {
    const last = await numberNow(tenancy, of)
    const open = (await feed(of, 0)).filter(({ sequence }) => sequence === null)
    if (open.length === 0) return last
    if (Date.now() > deadline) throw new Error(`${open.length} changes have no number after 25 s.`)
  }
}

const makeTag = (name: string, of = tenant) =>
  tenancy.writeTenant({ tenantId: of }, (db) => db.rows({ text: 'INSERT INTO tag (name) VALUES ($1)', values: [name] }))

interface Writer {
  client: pg.Client
  end(how: 'COMMIT' | 'ROLLBACK'): Promise<void>
}

/** A transaction that has made tags and is still open, on a connection of its own. */
async function open(...names: string[]): Promise<Writer> {
  const client = new pg.Client({ connectionString: database.appUrl })
  await client.connect()
  await client.query('BEGIN')
  await client.query(`SELECT set_config('app.tenant_id', $1, true)`, [tenant])
  for (const name of names) await client.query('INSERT INTO tag (name) VALUES ($1)', [name])
  return {
    client,
    async end(how) {
      await client.query(how)
      await client.end()
    },
  }
}

/** Numbers 0 to n-1 in an order that looks random and is the same in every run. */
function shuffled(n: number, seed: number): number[] {
  const order = Array.from({ length: n }, (_, i) => i)
  let state = seed
  for (let i = n - 1; i > 0; i--) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    const j = state % (i + 1)
    ;[order[i], order[j]] = [order[j] as number, order[i] as number]
  }
  return order
}

const numbers = (rows: Row[]) => rows.map(({ sequence }) => sequence)
const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i)

describe('the numbers of changes', () => {
  it('follow the order of commits, not of beginnings, without gaps', async () => {
    const writers: Writer[] = []
    for (let i = 0; i < 20; i++) writers.push(await open(`tag ${i} a`, `tag ${i} b`))
    const order = shuffled(20, 7)
    for (const i of order) await writers[i]?.end(i % 5 === 4 ? 'ROLLBACK' : 'COMMIT')
    const last = await numbered()
    const rows = await feed()
    const names = order.filter((i) => i % 5 !== 4).flatMap((i) => [`tag ${i} a`, `tag ${i} b`])
    expect(rows.map(({ name }) => name)).toEqual(names)
    expect(numbers(rows)).toEqual(range(start + 1, 32))
    expect(last).toBe(start + 32)
  })

  it.each([1, 2, 3])('never show n+1 before n to readers while 20 writers commit at once (order %i)', async (seed) => {
    const gate = await open()
    await gate.client.query('SELECT pg_advisory_lock(i) FROM generate_series(0, 19) i')
    let writing = true
    const writers = range(0, 20).map(async (i) => {
      const writer = await open(`tag ${i}`)
      // Each waits at its own gate, so that the order of commits is the order in which the gates open, more or less.
      const passed = writer.client.query('SELECT pg_advisory_xact_lock($1)', [i])
      return { done: passed.then(() => writer.end('COMMIT')) }
    })
    const waiting = await Promise.all(writers)
    // Three readers, each following the feed from where it stopped: the next number that it sees is always the next number.
    const readers = range(0, 3).map(async () => {
      let seen = start
      for (let again = true; again; ) {
        again = writing
        await numberNow(tenancy, tenant)
        const fresh = (await feed(tenant, seen)).filter(({ sequence }) => sequence !== null)
        expect(numbers(fresh)).toEqual(range(seen + 1, fresh.length))
        seen += fresh.length
      }
      return seen
    })
    for (const i of shuffled(20, seed)) await gate.client.query('SELECT pg_advisory_unlock($1)', [i])
    await Promise.all(waiting.map(({ done }) => done))
    writing = false
    const seen = await Promise.all(readers)
    await gate.end('ROLLBACK')
    expect(await numbered()).toBe(start + 20)
    expect(numbers(await feed())).toEqual(range(start + 1, 20))
    for (const last of seen) expect(last).toBeLessThanOrEqual(start + 20)
  })

  it('wait for a transaction that began to write earlier and is still open', async () => {
    const slow = await open('slow')
    await makeTag('quick')
    for (let round = 0; round < 3; round++) expect(await numberNow(tenancy, tenant)).toBe(start)
    expect(await feed()).toEqual([{ sequence: null, name: 'quick' }])
    await slow.end('COMMIT')
    expect(await numbered()).toBe(start + 2)
    expect(await feed()).toEqual([
      { sequence: start + 1, name: 'quick' },
      { sequence: start + 2, name: 'slow' },
    ])
  })

  it('leave no gap for a transaction that was rolled back', async () => {
    const slow = await open('never')
    await makeTag('quick')
    expect(await numberNow(tenancy, tenant)).toBe(start)
    await slow.end('ROLLBACK')
    await numbered()
    await makeTag('later')
    await numbered()
    expect(await feed()).toEqual([
      { sequence: start + 1, name: 'quick' },
      { sequence: start + 2, name: 'later' },
    ])
  })

  it('do not wait for readers, nor for transactions that have not written', async () => {
    const idle = await open()
    await idle.client.query('SELECT count(*) FROM tag')
    await makeTag('quick')
    await numbered()
    expect(numbers(await feed())).toEqual([start + 1])
    await idle.end('COMMIT')
  })

  it('keep the changes of one record in the order of its versions under parallel writers', async () => {
    await makeTag('one')
    const update = {
      text: `UPDATE tag SET description = coalesce(description, '') || 'x' WHERE tenant_id = $1 AND name = 'one'`,
      values: [tenant],
    }
    await Promise.all(range(0, 20).map(() => tenancy.writeTenant({ tenantId: tenant }, (db) => db.rows(update))))
    await numbered()
    const versions = await tenancy.readTenant({ tenantId: tenant }, (db) =>
      db.rows<{ version: number }>({
        text: 'SELECT record_version AS version FROM change WHERE tenant_id = $1 AND sequence > $2 ORDER BY sequence',
        values: [tenant, start],
      }),
    )
    expect(versions.map(({ version }) => version)).toEqual(range(1, 21))
  })

  it('are counted for each company by itself', async () => {
    const other = await company()
    const otherStart = await numbered(other)
    await makeTag('mine')
    await makeTag('yours', other)
    await makeTag('mine too')
    expect(await numbered()).toBe(start + 2)
    expect(await numbered(other)).toBe(otherStart + 1)
    expect((await feed(other, otherStart)).map(({ name }) => name)).toEqual(['yours'])
    expect((await feed()).map(({ name }) => name)).toEqual(['mine', 'mine too'])
  })

  it('are not given to another company’s changes', async () => {
    const other = await company()
    await numbered(other)
    await makeTag('waits')
    await numberNow(tenancy, other)
    expect(numbers(await feed())).toEqual([null])
    await numbered()
  })

  it('go on where they were when old changes have been removed', async () => {
    await makeTag('old')
    const last = await numbered()
    const owner = new pg.Client({ connectionString: database.ownerUrl })
    await owner.connect()
    await owner.query(`BEGIN; SELECT set_config('app.tenant_id', '${tenant}', true); DELETE FROM change; COMMIT`)
    await owner.end()
    await makeTag('new')
    expect(await numbered()).toBe(last + 1)
    expect(await feed(tenant, 0)).toEqual([{ sequence: last + 1, name: 'new' }])
  })
})

describe('a process that is killed', () => {
  it('leaves its changes to the next, and its open transaction holds nothing back', async () => {
    const code = `import { openTenancy } from ${JSON.stringify(TENANCY)}
      const [databaseUrl, tenantId] = process.argv.slice(1)
      const tenancy = openTenancy({ databaseUrl })
      const tag = (name) => ({ text: 'INSERT INTO tag (name) VALUES ($1)', values: [name] })
      await tenancy.writeTenant({ tenantId }, (db) => db.rows(tag('committed')))
      await tenancy.writeTenant({ tenantId }, async (db) => {
        await db.rows(tag('half done'))
        console.log('open')
        await new Promise(() => setInterval(() => {}, 1e6))
      })`
    const child = spawn(process.execPath, ['--input-type=module', '-e', code, database.appUrl, tenant], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const [said] = await once(child.stdout, 'data')
      expect(String(said)).toBe('open\n')
      await makeTag('after it')
      await numberNow(tenancy, tenant)
      // The open transaction holds back what came after it.
      expect((await feed()).at(-1)).toEqual({ sequence: null, name: 'after it' })
    } finally {
      child.kill('SIGKILL')
      await once(child, 'close')
    }
    expect(await numbered()).toBe(start + 2)
    expect(await feed()).toEqual([
      { sequence: start + 1, name: 'committed' },
      { sequence: start + 2, name: 'after it' },
    ])
  })
})

describe('numbering in the background', () => {
  /** The same tenancy, telling of each round of numbering. */
  function watched(): { tenancy: Tenancy; rounds: string[]; round: Promise<void> } {
    const rounds: string[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    const writeTenant: Tenancy['writeTenant'] = async (caller, work) => {
      const result = await tenancy.writeTenant(caller, work)
      if (caller.actor === 'numbering') {
        rounds.push(caller.tenantId)
        resolve()
      }
      return result
    }
    return { tenancy: { ...tenancy, writeTenant }, rounds, round: promise }
  }

  it('follows a write without being asked', async () => {
    const { tenancy: seen, rounds, round } = watched()
    const numbering = numberChanges(seen, (error) => Promise.reject(error), { delay: 1 })
    try {
      await makeTag('quick')
      await round
      expect(rounds[0]).toBe(tenant)
    } finally {
      await numbering.stop()
    }
  })

  it('is done before the process ends, once for many writes', async () => {
    const { tenancy: seen, rounds } = watched()
    const numbering = numberChanges(seen, (error) => Promise.reject(error), { delay: 1_000_000 })
    for (const i of range(0, 5)) await makeTag(`tag ${i}`)
    expect(rounds).toEqual([])
    await numbering.stop()
    expect(rounds).toEqual([tenant])
  })

  it('hands its failures over and goes on', async () => {
    const failures: unknown[] = []
    const broken: Tenancy = { ...tenancy, writeTenant: () => Promise.reject(new Error('no database')) }
    const numbering = numberChanges(broken, (error) => failures.push(error), { delay: 1_000_000 })
    await makeTag('kept')
    await numbering.stop()
    expect(failures).toEqual([new Error('no database')])
    expect(await numbered()).toBe(start + 1)
  })
})

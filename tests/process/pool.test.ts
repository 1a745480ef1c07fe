import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import pg from 'pg'
import '../../src/schema/index.ts'
import { createTokens } from '../../src/access/token.ts'
import { newId } from '../../src/ids.ts'
import { recordType } from '../../src/read/recordType.ts'
import { idOf } from '../../src/read/values.ts'
import { createTenant, jobViewer } from '../../src/resolvers/identity/createTenant.ts'
import { BATCH } from '../../src/resolvers/leads/pool/reclaim.ts'
import { enqueueJob } from '../../src/resolvers/platform/job.ts'
import { createRecords } from '../../src/resolvers/records.ts'
import type { Input, WriteContext } from '../../src/resolvers/write.ts'
import { openTenancy, type Tenancy } from '../../src/tenancy/tenancy.ts'
import { until } from '../cache/model.ts'
import { type Any, SECRET } from '../support/app.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { uuidIn } from '../support/owner.ts'

jest.setTimeout(300_000)

const WORKER = fileURLToPath(new URL('poolWorker.ts', import.meta.url))
const [USERS, RECORDS, LIMIT] = [50, 100, 10]
/** A process takes seconds to start on a busy machine. */
const SOON = { limit: 60_000 }

let database: TestDatabase
let tenancy: Tenancy
let owner: pg.Client
let tenantId: string
let departmentId: string
const children: ChildProcess[] = []
/** uuids of the users, and a session's token of each. */
const users: { id: string; token: string }[] = []

const write = <T>(work: (context: WriteContext) => Promise<T>): Promise<T> =>
  tenancy.writeTenant({ tenantId }, (db) =>
    work({
      db,
      allowDuplicate: true,
      viewer: jobViewer({ id: tenantId, timezone: 'UTC', baseCurrency: 'USD', defaultCountry: 'US' }),
    }),
  )

async function make(type: string, inputs: Input[]): Promise<string[]> {
  const written = await write((context) => createRecords(context, recordType(type), inputs))
  expect(written.flatMap(({ errors }) => errors)).toEqual([])
  return written.map(({ id }) => idOf(type, id as string))
}

const rows = async <Row = Record<string, unknown>>(text: string, ...values: unknown[]): Promise<Row[]> =>
  (await owner.query(text, values)).rows

function worker(work: 'serve' | 'jobs'): ChildProcess {
  const child = spawn(process.execPath, [WORKER], {
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: database.appUrl,
      ATRIUM_TEST_REDIS_URL: process.env.ATRIUM_TEST_REDIS_URL,
      WORK: work,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  return child
}

/** A process that serves, and its address. */
async function server(): Promise<{ child: ChildProcess; url: string }> {
  const child = worker('serve')
  const [line] = await once(child.stdout!, 'data')
  return { child, url: String(line).trim() }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}

beforeAll(async () => {
  database = await freshDatabase()
  tenancy = openTenancy({ databaseUrl: database.appUrl, poolSize: 2 })
  const made = await createTenant(tenancy, { slug: 'acme', name: 'Acme', adminEmail: 'admin@acme.example' })
  tenantId = uuidIn(made.id)
  owner = new pg.Client({ connectionString: database.ownerUrl })
  await owner.connect()
  await owner.query(`SELECT set_config('app.tenant_id', $1, false)`, [tenantId])
  ;[departmentId] = (await make('Department', [{ name: 'Sales' }])) as [string]
  const [role] = await rows<{ id: string }>(`SELECT id FROM role WHERE key = 'rep'`)
  const ids = await make(
    'User',
    Array.from({ length: USERS }, (_, n) => ({
      name: `User ${n}`,
      roleId: idOf('Role', role?.id as string),
      departmentId,
      status: 'ACTIVE',
    })),
  )
  const tokens = createTokens({ secret: SECRET })
  for (const id of ids.map(uuidIn)) {
    const sessionId = newId()
    await rows(
      `INSERT INTO session (tenant_id, id, user_id, refresh_hash, expires_at) VALUES ($1, $2, $3, $4, now() + interval '1 hour')`,
      tenantId,
      sessionId,
      id,
      Buffer.from(sessionId.replaceAll('-', '').repeat(2), 'hex'),
    )
    users.push({ id, token: (await tokens.signAccess({ tenantId, userId: id, sessionId })).token })
  }
})

afterAll(async () => {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) await end(child, 'SIGKILL')
  await owner?.end()
  await tenancy?.close()
  await database?.drop()
})

/** A pool of the department, with records in it. */
async function filled(): Promise<{ poolId: string; ids: string[] }> {
  const [poolId] = (await make('Pool', [
    {
      object: 'ACCOUNT',
      name: 'Pool',
      dailyLimitPerUser: LIMIT,
      maxBatch: RECORDS,
      allowImport: true,
      reclaimEnabled: false,
    },
  ])) as [string]
  await make('PoolMember', [{ poolId, departmentId }])
  return {
    poolId,
    ids: await make(
      'Account',
      Array.from({ length: RECORDS }, (_, n) => ({ name: `Pooled ${n}`, poolId })),
    ),
  }
}

/** The ids in another order for each caller. */
const shuffled = (ids: string[], seed: number) => ids.map((_, at) => ids[(at * 37 + seed * 13) % ids.length] as string)

interface Claimed {
  /** Codes of what was not claimed, and how many were. */
  codes: Record<string, number>
  claimed: number
}

/** One claim; null when its process was gone before it answered. Asked again while the process has no connection to spare. */
async function claim(url: string, token: string, poolId: string, ids: string[]): Promise<Claimed | null> {
  for (;;) {
    const answer: Any = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        query: `mutation($poolId: ID!, $ids: [ID!]!) { claimFromPool(poolId: $poolId, ids: $ids) { results { id userErrors { code details } } userErrors { code } } }`,
        variables: { poolId, ids },
      }),
    }).then(
      (response) => response.json(),
      () => null,
    )
    if (answer === null) return null
    if (answer.errors?.every((one: Any) => ['SERVICE_UNAVAILABLE', 'TIMEOUT'].includes(one.extensions.code))) continue
    expect(answer.errors).toBeUndefined()
    const { results, userErrors } = answer.data.claimFromPool
    expect(userErrors).toEqual([])
    const codes: Record<string, number> = {}
    for (const one of results) for (const { code } of one.userErrors) codes[code] = (codes[code] ?? 0) + 1
    return { codes, claimed: results.filter((one: Any) => one.id).length }
  }
}

/** What the database says of a pool's records: how many each owner has, what was counted for them, and how many claims the history knows. */
async function state(poolId: string, ids: string[]) {
  const owned = await rows<{ id: string | null; n: number }>(
    'SELECT owner_id AS id, count(*)::int AS n FROM account WHERE id = ANY ($1::uuid[]) GROUP BY 1',
    ids.map(uuidIn),
  )
  const counted = await rows<{ id: string; n: number }>(
    'SELECT user_id AS id, claimed AS n FROM pool_claim_count WHERE pool_id = $1 AND claimed > 0',
    uuidIn(poolId),
  )
  const [history] = await rows<{ n: number; records: number }>(
    `SELECT count(*)::int AS n, count(DISTINCT account_id)::int AS records FROM ownership_record WHERE from_pool_id = $1 AND reason = 'CLAIM'`,
    uuidIn(poolId),
  )
  const [both] = await rows<{ n: number }>(
    'SELECT count(*)::int AS n FROM account WHERE id = ANY ($1::uuid[]) AND (owner_id IS NULL) = (pool_id IS NULL)',
    ids.map(uuidIn),
  )
  return {
    owners: new Map(owned.flatMap(({ id, n }) => (id ? [[id, n] as const] : []))),
    left: owned.find(({ id }) => id === null)?.n ?? 0,
    counted: new Map(counted.map(({ id, n }) => [id, n])),
    history,
    both: both?.n,
  }
}

/** What holds at any moment: one owner or the pool, nobody beyond the limit, counts that are what was claimed. */
async function exact(poolId: string, ids: string[], left: number) {
  const { owners, left: still, counted, history, both } = await state(poolId, ids)
  expect({ still, both, counted }).toEqual({ still: left, both: 0, counted: owners })
  expect(Math.max(...owners.values())).toBeLessThanOrEqual(LIMIT)
  expect(history).toEqual({ n: RECORDS - left, records: RECORDS - left })
}

const waiting = async () => {
  const [row] = await rows<{ n: number }>(
    'SELECT count(*)::int AS n FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE NOT l.granted AND a.datname = current_database()',
  )
  return row?.n ?? 0
}

/** Holds a record as another writer would, until it is let go of. */
async function hold(id: string): Promise<() => Promise<void>> {
  const writer = new pg.Client({ connectionString: database.ownerUrl })
  await writer.connect()
  await writer.query('BEGIN')
  await writer.query(`SELECT set_config('app.tenant_id', $1, true)`, [tenantId])
  await writer.query('SELECT id FROM account WHERE id = $1 FOR UPDATE', [id])
  return async () => {
    await writer.query('ROLLBACK')
    await writer.end()
  }
}

describe('fifty users who claim the same hundred customers at once over two processes, ten a day each', () => {
  it('get each customer once, nobody eleven, and whoever gets nothing is told why', async () => {
    const { poolId, ids } = await filled()
    const servers = await Promise.all([server(), server()])
    // Each user asks both processes at the same time, for all of them, each time in another order.
    const answers = await Promise.all(
      users.flatMap(({ token }, n) =>
        servers.map(({ url }, at) => claim(url, token, poolId, shuffled(ids, n * 2 + at))),
      ),
    )
    const codes = new Set(answers.flatMap((one) => Object.keys(one?.codes ?? {})))
    expect([...codes].sort()).toEqual(['ALREADY_CLAIMED', 'CLAIM_LIMIT_REACHED'])
    for (const one of answers)
      expect((one?.claimed ?? 0) + Object.values(one?.codes ?? {}).reduce((sum, n) => sum + n, 0)).toBe(RECORDS)
    expect(answers.reduce((sum, one) => sum + (one?.claimed ?? 0), 0)).toBe(RECORDS)
    await exact(poolId, ids, 0)
    for (const { child } of servers) await end(child, 'SIGTERM')
  })

  it('still do when one of the processes is killed in the middle', async () => {
    const { poolId, ids } = await filled()
    const [doomed, other] = (await Promise.all([server(), server()])) as [
      Awaited<ReturnType<typeof server>>,
      Awaited<ReturnType<typeof server>>,
    ]
    // All of them want a record that somebody else is writing, and hold others by then.
    const sorted = ids.map(uuidIn).sort()
    const letGo = await hold(sorted[RECORDS / 2] as string)
    const asked = users.map(({ token }, n) => claim(n % 2 ? doomed.url : other.url, token, poolId, shuffled(ids, n)))
    await until(async () => (await waiting()) >= 10, SOON)
    await end(doomed.child, 'SIGKILL')
    await letGo()
    const answers = await Promise.all(asked)
    expect(answers.filter((one) => one === null).length).toBeGreaterThan(0)
    const said = answers.reduce((sum, one) => sum + (one?.claimed ?? 0), 0)
    // A backend whose client is gone learns so at its next word: what it had not committed is gone with it.
    await until(async () => (await waiting()) === 0, SOON)
    const { left } = await state(poolId, ids)
    expect(RECORDS - left).toBeGreaterThanOrEqual(said)
    await exact(poolId, ids, left)
    // Who heard nothing asks again.
    await Promise.all(users.map(({ token }, n) => claim(other.url, token, poolId, shuffled(ids, n + 7))))
    await exact(poolId, ids, 0)
    await end(other.child, 'SIGTERM')
  })
})

describe('a pass of reclaim whose process is killed in the middle of a batch', () => {
  it('is left between two batches, and finished by others, each customer taken back exactly once', async () => {
    const total = BATCH * 2 + 500
    const [poolId] = (await make('Pool', [{ object: 'ACCOUNT', name: 'Back', reclaimEnabled: false }])) as [string]
    await make('PoolReclaimRule', [{ poolId, basis: 'NO_FOLLOW_UP', days: 1 }])
    const person = users[0] as { id: string }
    await make('PoolMember', [{ poolId, userId: idOf('User', person.id) }])
    await rows(
      `INSERT INTO account (tenant_id, name, owner_id, created_at, claimed_at, type, status)
 SELECT $1::uuid, 'Quiet ' || n, $2::uuid, now() - interval '9 days', now() - interval '9 days', 'PROSPECT', 'ACTIVE' FROM generate_series(1, $3::int) n`,
      tenantId,
      person.id,
      total,
    )
    const pooled = async () =>
      (await rows<{ n: number }>('SELECT count(*)::int AS n FROM account WHERE pool_id = $1', uuidIn(poolId)))[0]?.n
    const mine = await rows<{ id: string }>(
      `SELECT id FROM account WHERE owner_id = $1 AND name LIKE 'Quiet %' ORDER BY id`,
      person.id,
    )
    const letGo = await hold(mine[BATCH + BATCH / 2]?.id as string)
    const { id } = await tenancy.writeTenant({ tenantId }, (db) =>
      enqueueJob(db, tenantId, { kind: 'POOL_RECLAIM', input: { poolId: uuidIn(poolId), daily: false } }),
    )
    const first = worker('jobs')
    await until(async () => (await waiting()) > 0, SOON)
    await end(first, 'SIGKILL')
    await letGo()
    await until(async () => (await waiting()) === 0, SOON)
    // One batch at most was whole; nothing of the next is there.
    expect((await pooled()) ?? 0).toBeLessThanOrEqual(BATCH)
    const others = [worker('jobs'), worker('jobs')]
    const status = async () => (await rows<{ status: string }>('SELECT status FROM job WHERE id = $1', id))[0]?.status
    await until(async () => (await status()) === 'COMPLETED', SOON)
    for (const child of others) await end(child, 'SIGTERM')
    const [job] = await rows<{ figures: { name: string; value: number }[] }>(
      'SELECT figures FROM job WHERE id = $1',
      id,
    )
    const taken = job?.figures.find(({ name }) => name === 'TAKEN')?.value as number
    expect(taken).toBeGreaterThanOrEqual(total)
    const [history] = await rows(
      `SELECT count(*)::int AS n, count(DISTINCT account_id)::int AS records FROM ownership_record WHERE to_pool_id = $1 AND reason = 'RECLAIM'`,
      uuidIn(poolId),
    )
    expect(history).toEqual({ n: taken, records: taken })
    expect(await pooled()).toBe(taken)
  })
})

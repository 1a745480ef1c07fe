import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import type { Redis } from 'ioredis'
import { freePort } from '../../src/cli/servers.ts'
import { SEED } from '../cache/interleave.ts'
import { until } from '../cache/model.ts'
import { type OwnRedis, ownRedis } from '../cache/redisServer.ts'
import { type Any, SECRET } from '../support/app.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { atrium, type Server, startAtrium } from './atrium.ts'
import { type Call, client } from './load.ts'

jest.setTimeout(300_000)

const RECORDS = 6
const WRITERS = 4
const READERS = 6

let redis: OwnRedis
let admin: Redis
let database: TestDatabase
let home: string
let apiKey: string
/** Two processes on one database and one Redis, and the ports they are found at. */
const servers: Server[] = []
const ports: number[] = []

/** Numbers from 0 up to 1 that are the same in every run with the same seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const start = (index: number) =>
  startAtrium(home, ports[index] as number, {
    DATABASE_URL: database.appUrl,
    REDIS_URL: redis.url,
    ATRIUM_SECRET: SECRET,
    DATABASE_POOL_SIZE: '8',
    GRAPHQL_MAX_COST: '10000',
  })

const call = (index: number): Call =>
  client(
    () => (servers[index] as Server).url,
    () => apiKey,
  )

beforeAll(async () => {
  home = await mkdtemp(join(process.env.ATRIUM_TEST_FOLDER ?? tmpdir(), 'atrium-caches-'))
  database = await freshDatabase()
  redis = await ownRedis()
  admin = redis.client()
  const made = await atrium(
    ['tenant', 'create', '--slug', 'acme', '--name', 'Acme', '--admin-email', 'admin@acme.example', '--json'],
    { ATRIUM_HOME: home, DATABASE_URL: database.appUrl, ATRIUM_SECRET: SECRET },
  )
  if (made.code !== 0) throw new Error(made.err)
  apiKey = JSON.parse(made.out).apiKey
  ports.push(await freePort(), await freePort())
  servers.push(...(await Promise.all([start(0), start(1)])))
})

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()))
  await redis?.close()
  await database?.drop()
  await rm(home, { recursive: true, force: true })
})

const NODE = 'query($id: ID!) { node(id: $id) { ... on Account { name version } } }'
const UPDATE =
  'mutation($id: ID!, $input: UpdateAccountInput!) { updateAccount(id: $id, input: $input) { account { version } userErrors { code } } }'

/** Writes through one process and reads through both, until told to stop; notes every read that is older than a write acknowledged before it began. */
function traffic(ids: string[]) {
  const least = new Map<string, number>(ids.map((id) => [id, 1]))
  const wrong: string[] = []
  const count = { reads: 0, writes: 0, lost: 0 }
  let going = true
  const next = random(SEED)
  const pick = () => ids[Math.floor(next() * ids.length)] as string
  const hot = { reader: [call(0), call(1)], writer: call(0) }
  /** What a request says when its process is being killed is no answer; the next one need not come at once. */
  const answered = async ({ status, errors }: Awaited<ReturnType<Call>>): Promise<boolean> => {
    if (status === 200 && !errors) return true
    count.lost++
    await setTimeout(50)
    return false
  }
  async function write(n: number): Promise<void> {
    while (going) {
      const id = pick()
      const outcome = await hot.writer(UPDATE, { id, input: { name: `${n} ${count.writes}` } })
      const version = outcome.data?.updateAccount?.account?.version
      if ((await answered(outcome)) && version) {
        count.writes++
        least.set(id, Math.max(version, least.get(id) as number))
      }
    }
  }
  async function read(n: number): Promise<void> {
    while (going) {
      const id = pick()
      const known = least.get(id) as number
      const outcome = await (hot.reader[n % 2] as Call)(NODE, { id })
      if (!(await answered(outcome))) continue
      count.reads++
      const seen = outcome.data.node?.version
      if (!(seen >= known)) wrong.push(`process ${n % 2} says version ${seen} after ${known} was acknowledged`)
    }
  }
  const all = Promise.all([
    ...Array.from({ length: WRITERS }, (_, n) => write(n)),
    ...Array.from({ length: READERS }, (_, n) => read(n)),
  ])
  return {
    wrong,
    count,
    /** Waits until so many more reads and writes have been acknowledged. */
    async more(reads: number, writes: number): Promise<void> {
      const [r, w] = [count.reads + reads, count.writes + writes]
      await until(() => count.reads >= r && count.writes >= w, { limit: 60_000 })
    },
    async stop(): Promise<void> {
      going = false
      await all
    },
  }
}

/** Values, not marks and leases, that stand in Redis. */
async function values(): Promise<number> {
  const keys = await admin.keys('*').catch(() => [])
  const texts: (string | null)[] = keys.length > 0 ? await admin.mget(keys).catch(() => []) : []
  return texts.filter((text) => text?.includes('{')).length
}

describe(`two processes on one database and one Redis (seed ${SEED})`, () => {
  it('show no version older than one acknowledged before, while Redis is emptied, killed and started again, and one of them is killed', async () => {
    const { data } = await call(0)(
      'mutation($input: [CreateAccountInput!]!) { createAccounts(input: $input) { results { account { id } } } }',
      { input: Array.from({ length: RECORDS }, (_, n) => ({ name: `Account ${n}` })) },
    )
    const ids: string[] = data.createAccounts.results.map(({ account }: Any) => account.id)
    const load = traffic(ids)
    // The cache is in use.
    await until(async () => (await values()) > 0, { limit: 60_000 })
    await load.more(100, 50)
    for (let n = 0; n < 3; n++) {
      await admin.flushall()
      await load.more(30, 15)
    }
    for (let n = 0; n < 2; n++) {
      await redis.kill()
      await load.more(10, 5)
      await redis.start()
      await load.more(50, 25)
    }
    await until(async () => (await values()) > 0, { limit: 60_000 })
    await load.more(50, 25)

    // The one that writes is killed in the middle of it; what it committed unheard is not acknowledged, what it acknowledged counts.
    await (servers[0] as Server).kill()
    servers[0] = await start(0)
    await load.more(50, 25)
    await load.stop()
    expect(load.wrong).toEqual([])
    // And in the end both say what the database says.
    for (const id of ids) {
      const direct = await call(0)('query($id: ID!) { account(id: $id) { version name } }', { id })
      expect(direct.errors).toBeUndefined()
      for (const index of [0, 1]) {
        const { data } = await call(index)(NODE, { id })
        expect(data.node).toEqual(direct.data.account)
      }
    }
  })
})

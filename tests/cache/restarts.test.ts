import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { createRecordCache } from '../../src/cache/recordCache.ts'
import { connectRedis, redisStore } from '../../src/cache/redisStore.ts'
import { keyOf, type Store } from '../../src/cache/store.ts'
import { interleave, SEED, sequences } from './interleave.ts'
import { read, settled, slow, TABLE, TENANT, table, until, write } from './model.ts'
import { type OwnRedis, ownRedis } from './redisServer.ts'

jest.setTimeout(300_000)

/** Longer than a client of ours takes to find a Redis again that is there, and shorter than in service. */
const SETTLED = 600

let folder: string
let redis: OwnRedis
let admin: Redis
let clients: Redis[]
let stores: Store[]

beforeAll(async () => {
  folder = await mkdtemp(join(process.env.ATRIUM_TEST_FOLDER ?? tmpdir(), 'atrium-cache-'))
  redis = await ownRedis({ folder })
  admin = redis.client()
  clients = [0, 1].map(() => connectRedis(redis.url, { timeout: 2000 }))
  stores = clients.map((client) => redisStore(client, { settled: SETTLED }))
})

afterAll(async () => {
  for (const client of clients ?? []) client.disconnect()
  await redis?.close()
  await rm(folder, { recursive: true, force: true })
})

const ready = () =>
  until(async () => {
    const answers = await Promise.all(stores.map((store) => store.get([keyOf(TENANT, TABLE, 'x')]).catch(() => null)))
    return answers.every((answer) => answer !== null)
  })

beforeEach(async () => {
  await ready()
  await admin.flushall()
})

async function restart(): Promise<void> {
  await redis.kill()
  await redis.start()
}

const world = () => ({
  stores,
  flush: async () => void (await admin.flushall()),
  evict: async (key: string) => void (await admin.del(key)),
  restart,
  snapshot: async () => void (await admin.save().catch(() => {})),
})

const cases = { seed: SEED, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false }

describe(`two processes and a real Redis (seed ${SEED})`, () => {
  it('show no reader what was written before the last acknowledged write, whatever it loses and whoever is killed', async () => {
    let runs = 0
    await fc.assert(
      fc
        .asyncProperty(fc.scheduler(), sequences('poison', 'flush', 'evict'), async (scheduler, ops) => {
          runs++
          expect(await interleave(scheduler, ops, world())).toEqual([])
        })
        .beforeEach(() => admin.flushall()),
      { ...cases, numRuns: 300 },
    )
    expect(runs).toBeGreaterThan(20)
  })

  it('show none such when it restarts in the middle, with nothing or with what it had some time ago', async () => {
    let runs = 0
    await fc.assert(
      fc
        .asyncProperty(
          fc.scheduler(),
          sequences('restart', 'snapshot').filter((ops) => ops.filter(({ kind }) => kind === 'restart').length === 1),
          async (scheduler, ops) => {
            runs++
            expect(await interleave(scheduler, ops, world())).toEqual([])
          },
        )
        .beforeEach(async () => {
          await ready()
          await admin.flushall()
          await rm(join(folder, 'dump.rdb'), { force: true })
        }),
      { ...cases, numRuns: 30 },
    )
    expect(runs).toBeGreaterThan(5)
  })
})

describe('a Redis that starts again from a snapshot', () => {
  it('serves no value of it that was written since, and takes no load that began before', async () => {
    const [here, there] = stores.map((store) => createRecordCache(store, { pause: 0 })) as [
      ReturnType<typeof createRecordCache>,
      ReturnType<typeof createRecordCache>,
    ]
    const { load, versions } = table({ a: 1, b: 1 })
    await read(here, load, 'a')
    await until(async () => (await admin.get(keyOf(TENANT, TABLE, 'a')))?.includes('{') ?? false)
    const reader = slow(load)
    const reading = read(here, reader.load, 'b')
    await reader.began
    await admin.save()
    await write(there, versions, 'a')
    await write(there, versions, 'b')
    await restart()
    await until(
      async () => (await admin.get(keyOf(TENANT, TABLE, 'a')).catch(() => ''))?.includes('version 1') ?? false,
    )
    await ready()
    reader.go()
    expect(await reading).toBe(1)
    await settled()
    for (const id of ['a', 'b']) {
      expect(await read(here, load, id)).toBe(2)
      expect(await read(there, load, id)).toBe(2)
    }
  })
})

describe('a Redis that is full', () => {
  it('keeps serving what it has, and nothing old', async () => {
    const [here, there] = stores.map((store) => createRecordCache(store, { pause: 0 })) as [
      ReturnType<typeof createRecordCache>,
      ReturnType<typeof createRecordCache>,
    ]
    const { load, versions } = table({ a: 1, b: 1 })
    await here.getMany(TENANT, TABLE, ['a', 'b'], load)
    await until(async () => (await admin.get(keyOf(TENANT, TABLE, 'b')))?.includes('{') ?? false)
    await admin.config('SET', 'maxmemory', '1', 'maxmemory-policy', 'noeviction')
    try {
      await write(there, versions, 'a')
      expect(await read(here, load, 'a')).toBe(2)
      await settled()
      expect(await read(there, load, 'a')).toBe(2)
      const { load: none } = table()
      expect(await read(here, none, 'b')).toBe(1)
    } finally {
      await admin.config('SET', 'maxmemory', '0')
    }
  })
})

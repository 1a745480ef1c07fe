import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Redis } from 'ioredis'
import { memoryStore, noStore } from '../../src/cache/memoryStore.ts'
import { createRecordCache, type RecordCache } from '../../src/cache/recordCache.ts'
import { connectRedis, redisStore } from '../../src/cache/redisStore.ts'
import { keyOf, type Store } from '../../src/cache/store.ts'
import { newId } from '../../src/ids.ts'
import { redisUrl } from '../support/redis.ts'
import { losing } from './interleave.ts'
import { breakable, OTHER, read, recordOf, settled, slow, TABLE, TENANT, table, until, write } from './model.ts'

let redis: Redis
let shared: Store

beforeAll(async () => {
  redis = connectRedis(redisUrl(3), { timeout: 5000 })
  shared = redisStore(redis, { settled: 0 })
  await until(async () => (await shared.get([keyOf(OTHER, TABLE, 'x')])) !== null)
})

afterAll(() => redis.disconnect())

const STORES: [string, () => Store | Promise<Store>][] = [
  ['memory', () => memoryStore()],
  [
    'Redis',
    async () => {
      await redis.flushdb()
      return shared
    },
  ],
]

describe.each(STORES)('a store in %s', (_name, open) => {
  const key = keyOf(TENANT, TABLE, 'a')
  const json = (name = 'x') => `{"name":"${name}"}`
  let store: Store

  beforeEach(async () => {
    store = await open()
  })

  const get = async (of = key): Promise<string> => ((await store.get([of])) as [string])[0]
  const fill = (version: number, token: string, name?: string) =>
    store.fill([{ key, token, version, json: json(name) }])

  it('gives texts in the order of the keys, and leases, each of another text, for those it has not', async () => {
    const other = keyOf(TENANT, TABLE, 'b')
    await store.fill([
      { key: other, token: await get(other), version: 2, json: json('b') },
      { key, token: await get(), version: 1, json: json() },
    ])
    const found = await store.get([key, keyOf(TENANT, TABLE, 'none'), other, keyOf(OTHER, TABLE, 'none')])
    const lease = expect.stringMatching(/^[^:]+:0:\?[0-9a-f-]{36}$/)
    const value = (version: number, text: string) => expect.stringMatching(RegExp(`^[^:]+:${version}:${text}$`))
    expect(found).toEqual([value(1, json()), lease, value(2, json('b')), lease])
  })

  it('gives the same lease to all who ask, until it is used', async () => {
    const lease = await get()
    expect(await get()).toBe(lease)
    await fill(1, lease)
    expect(await get()).toContain(json())
    await fill(1, lease, 'late')
    expect(await get()).toContain(json())
  })

  it('takes a fill only with the text that stands there: no lease of before a bump, no lease made up', async () => {
    const lease = await get()
    await fill(1, lease.slice(0, -1))
    expect(await get()).toBe(lease)
    await store.bump([{ key, version: 2 }])
    await fill(1, lease)
    await fill(2, lease)
    const mark = await get()
    expect(mark).toMatch(/^[^:]+:2:!/)
    await fill(2, mark)
    expect(await get()).toContain(json())
  })

  it('makes each mark another text: a token of one that was lost is worth nothing under the next', async () => {
    await store.bump([{ key, version: 2 }])
    const mark = await get()
    await fill(2, mark)
    await store.bump([{ key, version: 3 }])
    const second = await get()
    await fill(3, second)
    await store.bump([{ key, version: 4 }])
    expect(new Set([mark, second, await get()]).size).toBe(3)
  })

  it('takes values out by a bump of a newer version, also from 9 to 10', async () => {
    await fill(9, await get())
    await store.bump([{ key, version: 10 }])
    expect(await get()).toMatch(/^[^:]+:10:!/)
  })

  it('keeps a value, or a mark, when a bump of its own or an older version comes late', async () => {
    await store.bump([{ key, version: 10 }])
    const mark = await get()
    await store.bump([{ key, version: 10 }])
    await store.bump([{ key, version: 9 }])
    expect(await get()).toBe(mark)
    await fill(10, mark)
    await store.bump([{ key, version: 10 }])
    await store.bump([{ key, version: 9 }])
    expect(await get()).toContain(json())
  })

  it('takes bumps of many records of several tenants at once', async () => {
    const entries = [TENANT, OTHER].flatMap((tenant) =>
      Array.from({ length: 3000 }, (_, n) => ({ key: keyOf(tenant, TABLE, String(n)), version: 5 })),
    )
    const keys = entries.map(({ key }) => key)
    const leases = (await store.get(keys)) as string[]
    await store.bump(entries)
    await store.fill(keys.map((key, n) => ({ key, token: leases[n] as string, version: 4, json: json() })))
    const found = (await store.get(keys)) as string[]
    expect(found.filter((text) => !/^[^:]+:5:!/.test(text))).toEqual([])
  })
})

describe('a store that keeps nothing', () => {
  it('lets every read go to the database, at the same time too', async () => {
    const cache = createRecordCache(noStore())
    const { load, asked, versions } = table({ a: 1 })
    expect(await Promise.all([read(cache, load, 'a'), read(cache, load, 'a')])).toEqual([1, 1])
    await write(cache, versions, 'a')
    expect(await read(cache, load, 'a')).toBe(2)
    expect(asked).toHaveLength(3)
  })
})

describe.each(STORES)('the record cache over %s', (_name, open) => {
  let memory: ReturnType<typeof losing>
  let store: ReturnType<typeof breakable>
  let cache: RecordCache

  beforeEach(async () => {
    memory = losing(await open())
    store = breakable(memory)
    cache = createRecordCache(store, { pause: 0 })
  })

  /** Waits until fills that nobody waits for are in. */
  const filled = () => store.get([keyOf(TENANT, TABLE, 'x')])

  it('asks the database once, then not again', async () => {
    const { load, asked } = table({ a: 1, b: 7 })
    const first = await cache.getMany(TENANT, TABLE, ['a', 'b', 'none'], load)
    expect([...first]).toEqual([
      ['a', recordOf('a', 1)],
      ['b', recordOf('b', 7)],
    ])
    await filled()
    expect(await cache.getMany(TENANT, TABLE, ['b', 'a'], load)).toEqual(new Map([...first].reverse()))
    expect(asked).toEqual([['a', 'b', 'none']])
  })

  it('keeps tenants and tables apart that share ids', async () => {
    const { load } = table({ a: 1 })
    await cache.getMany(TENANT, TABLE, ['a'], load)
    await filled()
    const elsewhere = table({})
    expect(await cache.getMany(OTHER, TABLE, ['a'], elsewhere.load)).toEqual(new Map())
    expect(await cache.getMany(TENANT, 'contact', ['a'], elsewhere.load)).toEqual(new Map())
    expect(elsewhere.asked).toEqual([['a'], ['a']])
  })

  it('does not keep that something is missing: once made, it is found', async () => {
    const { load, versions } = table()
    expect(await read(cache, load, 'a')).toBe(0)
    versions.set('a', 1)
    expect(await read(cache, load, 'a')).toBe(1)
  })

  it('shows a write at once, and its version only once the database has it', async () => {
    const { load, versions } = table({ a: 1 })
    await read(cache, load, 'a')
    await filled()
    await cache.before(TENANT, [{ object: TABLE, recordId: 'a', version: 2 }])
    expect(await read(cache, load, 'a')).toBe(1)
    await filled()
    versions.set('a', 2)
    await cache.after(TENANT, [{ object: TABLE, recordId: 'a', version: 2 }])
    expect(await read(cache, load, 'a')).toBe(2)
  })

  it('refuses the fill of a reader that read before the commit and was slow', async () => {
    const { load, versions } = table({ a: 1 })
    const reader = slow(load)
    const reading = read(cache, reader.load, 'a')
    await reader.began
    await write(cache, versions, 'a')
    reader.go()
    expect(await reading).toBe(1)
    await filled()
    expect(await read(cache, load, 'a')).toBe(2)
  })

  it('gives no reader that comes after a write the answer of one that began before the commit', async () => {
    const { load, versions } = table({ a: 1 })
    const touched = [{ object: TABLE, recordId: 'a', version: 2 }]
    await cache.before(TENANT, touched)
    const reader = slow(load)
    const reading = read(cache, reader.load, 'a')
    await reader.began
    versions.set('a', 2)
    await cache.after(TENANT, touched)
    const later = read(cache, load, 'a')
    await filled()
    await settled()
    reader.go()
    expect([await reading, await later]).toEqual([1, 2])
  })

  it('gives none the answer of one that began before a commit of another process', async () => {
    const { load, versions } = table({ a: 1 })
    const reader = slow(load)
    const reading = read(cache, reader.load, 'a')
    await reader.began
    await write(createRecordCache(store, { pause: 0 }), versions, 'a')
    const later = read(cache, load, 'a')
    await filled()
    await settled()
    reader.go()
    expect(await reading).toBe(1)
    expect(await later).toBe(2)
  })

  it('does not take what was read before a write when the store has forgotten that write', async () => {
    const { load, versions } = table({ a: 1 })
    const reader = slow(load)
    const reading = read(cache, reader.load, 'a')
    await reader.began
    await write(cache, versions, 'a')
    memory.flush()
    reader.go()
    expect(await reading).toBe(1)
    await filled()
    expect(await read(cache, load, 'a')).toBe(2)
  })

  it('lets nobody wait for a reader that began before a write which the store has forgotten', async () => {
    const { load, versions } = table({ a: 1 })
    const reader = slow(load)
    const reading = read(cache, reader.load, 'a')
    await reader.began
    await write(cache, versions, 'a')
    memory.flush()
    const later = read(cache, load, 'a')
    await filled()
    await settled()
    reader.go()
    expect([await reading, await later]).toEqual([1, 2])
  })

  it('gives the same record again as long as nobody has written it', async () => {
    const { load, versions } = table({ a: 1 })
    await read(cache, load, 'a')
    await filled()
    const once = async () => (await cache.getMany(TENANT, TABLE, ['a'], load)).get('a')
    const first = await once()
    expect(await once()).toBe(first)
    await write(cache, versions, 'a')
    expect(await once()).toEqual(recordOf('a', 2))
  })

  it('asks the store once for what is wanted at the same time', async () => {
    const { load } = table({ a: 1, b: 1 })
    await Promise.all([read(cache, load, 'a'), read(cache, load, 'b'), read(cache, load, 'a')])
    await filled()
    const before = store.calls
    await Promise.all([read(cache, load, 'a'), read(cache, load, 'b'), read(cache, load, 'a')])
    expect(store.calls).toBe(before + 1)
  })

  it('tells the store what it owes before it ends', async () => {
    const { load, versions } = table({ a: 1 })
    await read(cache, load, 'a')
    await filled()
    store.broken = true
    await write(cache, versions, 'a')
    await cache.settle()
    store.broken = false
    await cache.settle()
    expect(await read(createRecordCache(store), load, 'a')).toBe(2)
  })

  it('lets nobody wait for another reader while the store is away, which cannot tell of other processes', async () => {
    const { load, versions } = table({ a: 1 })
    store.broken = true
    const reader = slow(load)
    const reading = read(cache, reader.load, 'a')
    await reader.began
    versions.set('a', 2)
    const later = read(cache, load, 'a')
    await settled()
    reader.go()
    expect([await reading, await later]).toEqual([1, 2])
  })

  it('goes on from the database after a rolled back write, and stays right after the next one', async () => {
    const { load, versions } = table({ a: 1 })
    await read(cache, load, 'a')
    await filled()
    await write(cache, versions, 'a', { rollBack: true })
    expect(await read(cache, load, 'a')).toBe(1)
    await filled()
    expect(await read(cache, load, 'a')).toBe(1)
    await write(cache, versions, 'a')
    expect(await read(cache, load, 'a')).toBe(2)
    await filled()
    const { load: none, asked } = table()
    expect(await read(cache, none, 'a')).toBe(2)
    expect(asked).toEqual([])
  })

  it('asks once for five hundred readers at the same time', async () => {
    const { load, asked } = table({ a: 1, b: 1 })
    const reads = Array.from({ length: 500 }, (_, n) => cache.getMany(TENANT, TABLE, n % 2 ? ['a', 'b'] : ['b'], load))
    const found = await Promise.all(reads)
    expect(found.every((one) => one.get('b')?.version === 1)).toBe(true)
    expect(found.filter((one) => one.has('a'))).toHaveLength(250)
    expect(asked.flat().sort()).toEqual(['a', 'b'])
  })

  it('asks again when the reader that others waited for failed, once for all ids of a reader', async () => {
    const { load, asked } = table({ a: 1, b: 1, c: 1 })
    const leader = Promise.withResolvers<never>()
    const first = cache.getMany(TENANT, TABLE, ['a', 'b', 'c'], () => leader.promise)
    const second = cache.getMany(TENANT, TABLE, ['a', 'b', 'c'], load)
    await settled()
    await filled()
    leader.reject(new Error('The database is away.'))
    await expect(first).rejects.toThrow('The database is away.')
    expect([...(await second).keys()]).toEqual(['a', 'b', 'c'])
    expect(asked).toEqual([['a', 'b', 'c']])
  })

  const stamped = (tenantId: string, id: string, more: object = {}) =>
    JSON.stringify({ tenantId, table: TABLE, id, record: { id, version: 9, name: 'poison' }, ...more })

  it.each([
    ['a value stamped with another tenant', stamped(OTHER, 'a')],
    ['a value of another record', stamped(TENANT, 'b')],
    ['a value of another table', stamped(TENANT, 'a', { table: 'contact' })],
    ['a value without a record', stamped(TENANT, 'a', { record: null })],
    ['a truncated value', stamped(TENANT, 'a').slice(0, -5)],
    ['a value of another format', JSON.stringify({ id: 'a', name: 'poison' })],
    ['garbage', 'poison'],
    ['binary garbage', 'p\u0000\uffff\npoison'],
    ['nothing', ''],
  ])('takes %s for a miss, and puts the right one in its place', async (_what, poison) => {
    const { load, asked } = table({ a: 1 })
    const key = keyOf(TENANT, TABLE, 'a')
    const [token] = (await store.get([key])) as [string]
    await store.fill([{ key, token, version: 9, json: poison }])
    const found = await cache.getMany(TENANT, TABLE, ['a'], load)
    expect(found).toEqual(new Map([['a', recordOf('a', 1)]]))
    await filled()
    const [text] = (await store.get([key])) as [string]
    expect(text).toContain('a in version 1')
    expect(text).not.toContain('poison')
    expect(await read(cache, load, 'a')).toBe(1)
    expect(asked).toHaveLength(1)
  })

  it('answers from the database while the store is away', async () => {
    const { load, versions } = table({ a: 1 })
    await read(cache, load, 'a')
    await filled()
    store.broken = true
    expect(await read(cache, load, 'a')).toBe(1)
    await write(cache, versions, 'a')
    expect(await read(cache, load, 'a')).toBe(2)
  })

  it('shows what was written while the store was away when it is back with what it had', async () => {
    const { load, versions } = table({ a: 1, b: 1 })
    await cache.getMany(TENANT, TABLE, ['a', 'b'], load)
    await filled()
    store.broken = true
    await write(cache, versions, 'a')
    store.broken = false
    expect(await read(cache, load, 'a')).toBe(2)
    expect(await read(cache, load, 'b')).toBe(1)
    await filled()
    expect(await read(createRecordCache(store), load, 'a')).toBe(2)
  })

  it('tells the store what it owes without being asked again', async () => {
    const { load, versions } = table({ a: 1 })
    await read(cache, load, 'a')
    await filled()
    store.broken = true
    await write(cache, versions, 'a')
    store.broken = false
    await until(async () => !(await store.get([keyOf(TENANT, TABLE, 'a')]))?.[0]?.includes('version 1'))
    expect(await read(createRecordCache(store), load, 'a')).toBe(2)
  })

  it('leaves a store alone for a while that has just failed', async () => {
    const patient = createRecordCache(store, { pause: 60_000 })
    const { load, asked } = table({ a: 1 })
    store.broken = true
    for (let n = 0; n < 20; n++) await read(patient, load, 'a')
    expect(store.calls).toBe(1)
    expect(asked).toHaveLength(20)
  })

  it('hands over what it owes after a long absence, however much it is', async () => {
    const { load, versions } = table({ a: 1 })
    store.broken = true
    const touched = Array.from({ length: 150_000 }, () => ({ object: TABLE, recordId: newId(), version: 2 }))
    await cache.before(TENANT, touched)
    await write(cache, versions, 'a')
    store.broken = false
    expect(await read(cache, load, 'a')).toBe(2)
    await filled()
    const { load: none, asked } = table()
    expect(await read(cache, none, 'a')).toBe(2)
    expect(asked).toEqual([])
  })

  it('passes on failures of the database and not of the store', async () => {
    const heard: unknown[] = []
    const listening = createRecordCache(store, { onError: (error) => heard.push(error) })
    store.broken = true
    await expect(
      listening.getMany(TENANT, TABLE, ['a'], () => Promise.reject(new Error('The database is away.'))),
    ).rejects.toThrow('The database is away.')
    expect(heard.map(String)).toEqual(['Error: The store is away.'])
  })
})

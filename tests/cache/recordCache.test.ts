import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Redis } from 'ioredis'
import { createRecordCache, keyOf, memoryStore, type RecordCache, type Store } from '../../src/cache/recordCache.ts'
import { connectRedis, redisStore } from '../../src/cache/redisStore.ts'
import { newId } from '../../src/ids.ts'
import { redisUrl } from '../support/redis.ts'
import { breakable, OTHER, read, recordOf, settled, slow, TABLE, TENANT, table, until, write } from './model.ts'

let redis: Redis

beforeAll(async () => {
  redis = connectRedis(redisUrl(3), { timeout: 5000 })
  await new Promise((resolve, reject) => redis.once('ready', resolve).once('error', reject))
})

afterAll(() => redis.disconnect())

const STORES: [string, () => Store | Promise<Store>][] = [
  ['memory', () => memoryStore()],
  [
    'Redis',
    async () => {
      await redis.flushdb()
      return redisStore(redis)
    },
  ],
]

describe.each(STORES)('a store in %s', (_name, open) => {
  const key = keyOf(TENANT, TABLE, 'a')
  const value = (version: number, name = 'x') => `${version}\n{"name":"${name}"}`
  let store: Store

  beforeEach(async () => {
    store = await open()
  })

  it('gives values in the order of the keys, and null for those it has not', async () => {
    await store.fill([
      { key: keyOf(TENANT, TABLE, 'b'), version: 2, value: value(2, 'b') },
      { key, version: 1, value: value(1) },
    ])
    expect(await store.get([key, keyOf(TENANT, TABLE, 'none'), keyOf(TENANT, TABLE, 'b')])).toEqual([
      value(1),
      null,
      value(2, 'b'),
    ])
  })

  it('takes a fill of the same or a newer version and refuses an older one', async () => {
    await store.fill([{ key, version: 2, value: value(2, 'first') }])
    await store.fill([{ key, version: 1, value: value(1) }])
    expect(await store.get([key])).toEqual([value(2, 'first')])
    await store.fill([{ key, version: 2, value: value(2, 'again') }])
    expect(await store.get([key])).toEqual([value(2, 'again')])
    await store.fill([{ key, version: 10, value: value(10) }])
    expect(await store.get([key])).toEqual([value(10)])
  })

  it('shows no value after a bump, refuses fills below it and takes the bumped version', async () => {
    await store.fill([{ key, version: 9, value: value(9) }])
    await store.bump([{ key, version: 10 }])
    expect((await store.get([key]))[0] ?? '').not.toContain('{')
    await store.fill([{ key, version: 9, value: value(9) }])
    expect((await store.get([key]))[0] ?? '').not.toContain('{')
    await store.fill([{ key, version: 10, value: value(10) }])
    expect(await store.get([key])).toEqual([value(10)])
  })

  it('keeps a value when a bump of its own or an older version comes late', async () => {
    await store.fill([{ key, version: 10, value: value(10) }])
    await store.bump([{ key, version: 10 }])
    await store.bump([{ key, version: 9 }])
    expect(await store.get([key])).toEqual([value(10)])
  })

  it('bumps what it has never seen, before the first fill', async () => {
    await store.bump([{ key, version: 3 }])
    await store.fill([{ key, version: 2, value: value(2) }])
    expect((await store.get([key]))[0] ?? '').not.toContain('{')
  })

  it('takes bumps of many records of several tenants at once', async () => {
    const entries = [TENANT, OTHER].flatMap((tenant) =>
      Array.from({ length: 3000 }, (_, n) => ({ key: keyOf(tenant, TABLE, String(n)), version: 5 })),
    )
    await store.bump(entries)
    await store.fill(entries.slice(0, 400).map(({ key }) => ({ key, version: 4, value: value(4) })))
    const found = await store.get(entries.slice(0, 400).map(({ key }) => key))
    expect(found.filter((text) => text?.includes('{'))).toEqual([])
  })

  it('removes keys, but not what has come under them since', async () => {
    await store.fill([{ key, version: 1, value: 'garbage' }])
    await store.remove([{ key, value: 'garbage' }])
    expect(await store.get([key])).toEqual([null])
    await store.bump([{ key, version: 2 }])
    await store.remove([{ key, value: 'garbage' }])
    await store.fill([{ key, version: 1, value: value(1) }])
    expect((await store.get([key]))[0] ?? '').not.toContain('{')
  })
})

describe.each(STORES)('the record cache over %s', (_name, open) => {
  let store: ReturnType<typeof breakable>
  let cache: RecordCache

  beforeEach(async () => {
    store = breakable(await open())
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
    await store.remove([{ key: keyOf(TENANT, TABLE, 'a'), value: '2\n' }])
    reader.go()
    expect(await reading).toBe(1)
    await filled()
    expect(await read(cache, load, 'a')).toBe(2)
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
    await filled()
    leader.reject(new Error('The database is away.'))
    await expect(first).rejects.toThrow('The database is away.')
    expect([...(await second).keys()]).toEqual(['a', 'b', 'c'])
    expect(asked).toEqual([['a', 'b', 'c']])
  })

  const entry = (tenantId: string, id: string, version: number, more: object = {}) =>
    `${version}\n${JSON.stringify({ tenantId, table: TABLE, id, record: { id, version, name: 'poison' }, ...more })}`

  it.each([
    ['a value stamped with another tenant', entry(OTHER, 'a', 9)],
    ['a value of another record', entry(TENANT, 'b', 9)],
    ['a value of another table', entry(TENANT, 'a', 9, { table: 'contact' })],
    ['a value without a record', entry(TENANT, 'a', 9, { record: null })],
    ['a truncated value', entry(TENANT, 'a', 9).slice(0, -5)],
    ['a value of another format', JSON.stringify({ id: 'a', name: 'poison' })],
    ['garbage', 'poison'],
    ['binary garbage', 'p\u0000\uffff\npoison'],
    ['a version that is none', `NaN${entry(TENANT, 'a', 9).slice(1)}`],
    ['an empty version', '\n{}'],
  ])('takes %s for a miss, and puts the right one in its place', async (_what, poison) => {
    const { load, asked } = table({ a: 1 })
    const key = keyOf(TENANT, TABLE, 'a')
    await store.fill([{ key, version: 9, value: poison }])
    const found = await cache.getMany(TENANT, TABLE, ['a'], load)
    expect(found).toEqual(new Map([['a', recordOf('a', 1)]]))
    await filled()
    const [text] = await store.get([key])
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
    await until(async () => !(await store.get([keyOf(TENANT, TABLE, 'a')]))[0]?.includes('version 1'))
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

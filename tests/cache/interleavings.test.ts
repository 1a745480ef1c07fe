import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { memoryStore } from '../../src/cache/memoryStore.ts'
import { createRecordCache, type RecordCache } from '../../src/cache/recordCache.ts'
import { keyOf, type Store } from '../../src/cache/store.ts'
import { interleave, losing, type Op, SEED, sequences } from './interleave.ts'
import { read, settled, slow, TABLE, TENANT, table, write } from './model.ts'
import { type Fault, plantedStore } from './plants.ts'

const cases = { seed: SEED, numRuns: 400, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false }
const luck = fc.infiniteStream(
  fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
)

/** Two processes over one store that may lose everything, or something, at any moment, and writers that are killed. */
const twoProcesses = (open: () => Store, ops: fc.Arbitrary<Op[]>) =>
  fc.asyncProperty(fc.scheduler(), ops, async (scheduler, given) => {
    const store = losing(open())
    const { flush, evict } = store
    expect(await interleave(scheduler, given, { stores: [store, store], flush, evict })).toEqual([])
  })

describe(`readers, writers and a cache in any order (seed ${SEED})`, () => {
  it('show no reader of one process what was written before the last acknowledged write, whatever fails or is lost', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), sequences('poison', 'flush', 'evict'), luck, async (scheduler, ops, unlucky) => {
        const store = losing(memoryStore())
        const { flush, evict } = store
        const fails = () => unlucky.next().value as boolean
        expect(await interleave(scheduler, ops, { stores: [store], flush, evict, fails })).toEqual([])
      }),
      cases,
    )
  })

  it('show no reader of two processes what was written before the last acknowledged write, whatever is lost and whoever is killed', async () => {
    await fc.assert(twoProcesses(memoryStore, sequences('poison', 'flush', 'evict')), { ...cases, numRuns: 1000 })
  })

  it('show no reader of two processes, where nothing is lost, what was written before the last commit, acknowledged or not', async () => {
    await fc.assert(twoProcesses(memoryStore, sequences('poison')), cases)
  })
})

const FAULTS: [string, Fault, fc.Arbitrary<Op[]>][] = [
  ['takes a fill without its lease', { withoutLease: true }, sequences('flush', 'evict')],
  ['leaves leases at a bump', { keepsLeases: true }, sequences()],
  ['lets an older bump take the place of a newer', { anyBump: true }, sequences()],
  ['leaves no mark for writers that are killed', { noMarks: true }, sequences()],
]

describe('a store that is wrong is found', () => {
  it('and one written the same way that is right is not', async () => {
    await fc.assert(
      twoProcesses(() => plantedStore({}), sequences('flush', 'evict')),
      cases,
    )
  })

  it.each(FAULTS)('when it %s', async (_what, fault, ops) => {
    const { failed } = await fc.check(
      twoProcesses(() => plantedStore(fault), ops),
      {
        seed: SEED,
        numRuns: 20_000,
        interruptAfterTimeLimit: 25_000,
        markInterruptAsFailure: false,
        endOnFailure: true,
      },
    )
    expect(failed).toBe(true)
  })

  it('when it gives the same lease again, after it has lost everything', async () => {
    const seen = async (open: () => Store) => {
      const { store, versions, reader, reading, over } = await slowReader(open, 1)
      await write(createRecordCache(store), versions, 'a')
      store.flush()
      const [lease] = (await store.get([keyOf(TENANT, TABLE, 'a')])) as [string]
      expect(lease).toContain(':0:?')
      reader.go()
      expect(await reading).toBe(1)
      return over()
    }
    expect([await seen(memoryStore), await seen(() => plantedStore({ sameLeases: true }))]).toEqual([2, 1])
  })

  it('when it makes the same mark again for a bump that comes late, after it has lost everything', async () => {
    const seen = async (open: () => Store) => {
      const late = [{ object: TABLE, recordId: 'a', version: 2 }]
      const { store, versions, reader, reading, over } = await slowReader(open, 2, (cache) =>
        cache.before(TENANT, late),
      )
      await write(createRecordCache(store), versions, 'a')
      store.flush()
      await createRecordCache(store).after(TENANT, late)
      reader.go()
      expect(await reading).toBe(2)
      return over()
    }
    expect([await seen(memoryStore), await seen(() => plantedStore({ sameMarks: true }))]).toEqual([3, 2])
  })
})

/** A reader that has read a version and not put it in yet; `over` tells what another process reads when it has. */
async function slowReader(
  open: () => Store,
  version: number,
  first: (cache: RecordCache) => Promise<void> = async () => {},
) {
  const store = losing(open())
  const { load, versions } = table({ a: version })
  const cache = createRecordCache(store)
  await first(cache)
  const reader = slow(load)
  const reading = read(cache, reader.load, 'a')
  await reader.began
  const over = async () => {
    await settled()
    return read(createRecordCache(store), load, 'a')
  }
  return { store, versions, reader, reading, over }
}

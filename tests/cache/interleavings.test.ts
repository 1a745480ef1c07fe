import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createRecordCache, keyOf, memoryStore, type RecordCache, type Store } from '../../src/cache/recordCache.ts'
import { OTHER, recordOf, TABLE, TENANT } from './model.ts'

const IDS = ['a', 'b']
const id = fc.constantFrom(...IDS)
const who = fc.nat({ max: 1 })

type Op =
  | { kind: 'read'; who: number; ids: string[] }
  | { kind: 'write'; who: number; id: string; removes: boolean; rollsBack: boolean }
  | { kind: 'poison'; id: string }
  | { kind: 'flush' }

const reading: fc.Arbitrary<Op> = fc.record({
  kind: fc.constant('read' as const),
  who,
  ids: fc.subarray(IDS, { minLength: 1 }),
})
const writing: fc.Arbitrary<Op> = fc.record({
  kind: fc.constant('write' as const),
  who,
  id,
  removes: fc.boolean(),
  rollsBack: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
})
const poisoning: fc.Arbitrary<Op> = fc.record({ kind: fc.constant('poison' as const), id })
const flushing: fc.Arbitrary<Op> = fc.constant({ kind: 'flush' as const })

interface State {
  version: number
  exists: boolean
}

/** Runs operations at the same time, every step of theirs in the order of the scheduler, and gives what a reader must not have seen. */
async function run(
  scheduler: fc.Scheduler,
  ops: Op[],
  { processes, fails }: { processes: number; fails: () => boolean },
): Promise<string[]> {
  const step = () => scheduler.schedule(Promise.resolve())
  const inner = memoryStore()
  let failing = true
  let last = Promise.resolve()
  // A command may fail before it has an effect, and after it. Those of one connection take effect in their order.
  const unsure =
    <Args extends unknown[], T>(work: (...args: Args) => Promise<T>) =>
    async (...args: Args) => {
      const before = last
      const over = Promise.withResolvers<void>()
      if (processes === 1) last = over.promise
      await step()
      await before
      over.resolve()
      if (failing && fails()) throw new Error('lost on the way there')
      const answer = await work(...args)
      await step()
      if (failing && fails()) throw new Error('lost on the way back')
      return answer
    }
  const store: Store = {
    get: unsure(inner.get),
    fill: unsure(inner.fill),
    bump: unsure(inner.bump),
    remove: unsure(inner.remove),
  }
  const caches: RecordCache[] = Array.from({ length: processes }, () => createRecordCache(store, { pause: 0 }))
  const cacheOf = (index: number) => caches[index % processes] as RecordCache

  // The database: every state a record was committed in; a lock per record that a writer holds until its commit.
  const history = new Map<string, State[]>(IDS.map((one) => [one, [{ version: 1, exists: true }]]))
  const statesOf = (one: string) => history.get(one) as State[]
  const now = (one: string) => statesOf(one).at(-1) as State
  const locks = new Map<string, Promise<void>>()
  const acknowledged = new Map(IDS.map((one) => [one, 1]))
  const wrong: string[] = []

  async function load(ids: string[]) {
    await step()
    const rows = new Map(ids.flatMap((one) => (now(one).exists ? [[one, recordOf(one, now(one).version)]] : [])))
    await step()
    return rows
  }

  async function read(index: number, ids: string[]): Promise<void> {
    const least = new Map(ids.map((one) => [one, acknowledged.get(one) as number]))
    const found = await cacheOf(index).getMany(TENANT, TABLE, ids, load)
    for (const one of ids) {
      const seen = found.get(one)
      const possible = statesOf(one).filter(({ version }) => version >= (least.get(one) as number))
      const right = seen
        ? possible.some(({ version, exists }) => exists && version === seen.version)
        : possible.some(({ exists }) => !exists)
      if (!right || (seen && seen.record.name !== recordOf(one, seen.version).record.name)) {
        wrong.push(
          `${one}: saw ${JSON.stringify(seen)}, written ${JSON.stringify(statesOf(one))}, acknowledged ${least.get(one)}`,
        )
      }
    }
  }

  async function write({ who: index, id: one, removes, rollsBack }: Op & { kind: 'write' }): Promise<void> {
    const before = locks.get(one) ?? Promise.resolve()
    const lock = Promise.withResolvers<void>()
    locks.set(one, lock.promise)
    await before
    const version = now(one).version + 1
    const touched = [{ object: TABLE, recordId: one, version }]
    await cacheOf(index).before(TENANT, touched)
    await step()
    if (!rollsBack) statesOf(one).push({ version, exists: !removes })
    lock.resolve()
    if (rollsBack) return
    await step()
    await cacheOf(index).after(TENANT, touched)
    acknowledged.set(one, Math.max(version, acknowledged.get(one) as number))
  }

  const running = ops.map(async (op) => {
    await step()
    if (op.kind === 'read') return read(op.who, op.ids)
    if (op.kind === 'write') return write(op)
    const keys = IDS.map((one) => keyOf(TENANT, TABLE, one))
    if (op.kind === 'flush') {
      const values = await inner.get(keys)
      return inner.remove(keys.flatMap((key, index) => (values[index] ? [{ key, value: values[index] }] : [])))
    }
    // What an older release or another tenant left: as old as can be, so that it takes no bump's place.
    const value = `0\n${JSON.stringify({ tenantId: OTHER, table: TABLE, id: op.id, record: { name: 'poison' } })}`
    return inner.fill([{ key: keyOf(TENANT, TABLE, op.id), version: 0, value }])
  })
  await scheduler.waitFor(Promise.all(running))
  failing = false
  // Fills that nobody waited for come in too, then every process must say what the database says.
  await scheduler.waitAll()
  for (let index = 0; index < processes; index++) await scheduler.waitFor(read(index, IDS))
  return wrong
}

const cases = { numRuns: 400, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false }

describe('readers, writers and a cache in any order', () => {
  it('show no reader of one process what was written before the last acknowledged write, whatever fails or is lost', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.oneof({ weight: 4, arbitrary: reading }, { weight: 3, arbitrary: writing }, poisoning, flushing), {
          minLength: 2,
          maxLength: 14,
        }),
        fc.infiniteStream(
          fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
        ),
        async (scheduler, ops, luck) => {
          expect(await run(scheduler, ops, { processes: 1, fails: () => luck.next().value as boolean })).toEqual([])
        },
      ),
      cases,
    )
  })

  it('show no reader of two processes what was written before the last acknowledged write', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.oneof({ weight: 4, arbitrary: reading }, { weight: 3, arbitrary: writing }, poisoning), {
          minLength: 2,
          maxLength: 14,
        }),
        async (scheduler, ops) => {
          expect(await run(scheduler, ops, { processes: 2, fails: () => false })).toEqual([])
        },
      ),
      cases,
    )
  })
})

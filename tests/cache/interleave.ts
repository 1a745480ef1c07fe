import fc from 'fast-check'
import { createRecordCache, type RecordCache } from '../../src/cache/recordCache.ts'
import { keyOf, type Store } from '../../src/cache/store.ts'
import { OTHER, recordOf, TABLE, TENANT } from './model.ts'

export const IDS = ['a', 'b']
/** Where the runs begin; ATRIUM_SEED repeats or varies them. */
export const SEED = Number(process.env.ATRIUM_SEED ?? 20261122)

/** When the process of a writer ends: between the bump and the commit, or between the commit and what follows it. */
type Death = 'uncommitted' | 'committed' | null

export type Op =
  | { kind: 'read'; who: number; ids: string[] }
  | { kind: 'write'; who: number; id: string; removes: boolean; rollsBack: boolean; dies: Death }
  | { kind: 'poison'; id: string }
  | { kind: 'evict'; id: string }
  | { kind: 'flush' }
  | { kind: 'restart' }
  | { kind: 'snapshot' }

const id = fc.constantFrom(...IDS)
const who = fc.nat({ max: 1 })
const rarely = (weight: number) =>
  fc.oneof({ weight, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) })
const ops = {
  read: fc.record({ kind: fc.constant('read' as const), who, ids: fc.subarray(IDS, { minLength: 1 }) }),
  write: fc.record({
    kind: fc.constant('write' as const),
    who,
    id,
    removes: rarely(2),
    rollsBack: rarely(4),
    dies: fc.oneof(
      { weight: 5, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.constantFrom('uncommitted' as const, 'committed' as const) },
    ),
  }),
  poison: fc.record({ kind: fc.constant('poison' as const), id }),
  evict: fc.record({ kind: fc.constant('evict' as const), id }),
  flush: fc.constant({ kind: 'flush' as const }),
  restart: fc.constant({ kind: 'restart' as const }),
  snapshot: fc.constant({ kind: 'snapshot' as const }),
}

/** Sequences of operations of these kinds besides reads and writes; they run at the same time. */
export function sequences(...others: Exclude<Op['kind'], 'read' | 'write'>[]): fc.Arbitrary<Op[]> {
  const kinds: { weight: number; arbitrary: fc.Arbitrary<Op> }[] = [
    { weight: 4, arbitrary: ops.read },
    { weight: 3, arbitrary: ops.write },
    ...others.map((kind) => ({ weight: 1, arbitrary: ops[kind] as fc.Arbitrary<Op> })),
  ]
  return fc.array(fc.oneof(...kinds), { minLength: 2, maxLength: 14 })
}

interface State {
  version: number
  exists: boolean
}

/** What a run is made of. */
export interface World {
  /** The store of each process. */
  stores: Store[]
  /** The store loses all, or what stands under a key. */
  flush(): Promise<void> | void
  evict(key: string): Promise<void> | void
  /** Ends the store and starts it again. */
  restart?(): Promise<void>
  snapshot?(): Promise<void>
  /** May a command fail; see `unsure`. */
  fails?: () => boolean
}

/**
 * Runs operations at the same time, every step of theirs in the order of the scheduler, and gives what a reader must not have seen: a version older than one that was
 * acknowledged before the read began, or, where nothing fails or is lost, than one that was committed.
 */
export async function interleave(scheduler: fc.Scheduler, ops: Op[], world: World): Promise<string[]> {
  const step = () => scheduler.schedule(Promise.resolve())
  const { fails = () => false } = world
  let failing = true
  const processes = world.stores.length
  const lossless = !world.fails && ops.every(({ kind }) => ['read', 'write', 'poison'].includes(kind))
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
  const start = ({ get, fill, bump, onReady }: Store): RecordCache =>
    createRecordCache(
      { get: unsure(get), fill: unsure(fill), bump: unsure(bump), ...(onReady ? { onReady } : {}) },
      { pause: 0, gather: (ask) => void step().then(ask) },
    )
  const caches = world.stores.map(start)
  const placeOf = (index: number) => index % processes

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
    const least = new Map(ids.map((one) => [one, lossless ? now(one).version : (acknowledged.get(one) as number)]))
    const found = await (caches[placeOf(index)] as RecordCache).getMany(TENANT, TABLE, ids, load)
    for (const one of ids) {
      const seen = found.get(one)
      const possible = statesOf(one).filter(({ version }) => version >= (least.get(one) as number))
      const right = seen
        ? possible.some(({ version, exists }) => exists && version === seen.version)
        : possible.some(({ exists }) => !exists)
      if (!right || (seen && seen.record.name !== recordOf(one, seen.version).record.name)) {
        wrong.push(
          `${one}: saw ${JSON.stringify(seen)}, written ${JSON.stringify(statesOf(one))}, at least ${least.get(one)}`,
        )
      }
    }
  }

  async function write({ who: index, id: one, removes, rollsBack, dies }: Op & { kind: 'write' }): Promise<void> {
    const before = locks.get(one) ?? Promise.resolve()
    const lock = Promise.withResolvers<void>()
    locks.set(one, lock.promise)
    await before
    const cache = caches[placeOf(index)] as RecordCache
    // The process that takes a dead one's place knows nothing of it. One alone takes its store along.
    const end = () => {
      if (processes > 1) caches[placeOf(index)] = start(world.stores[placeOf(index)] as Store)
    }
    const version = now(one).version + 1
    const touched = [{ object: TABLE, recordId: one, version }]
    await cache.before(TENANT, touched)
    await step()
    if (dies === 'uncommitted') end()
    else if (!rollsBack) statesOf(one).push({ version, exists: !removes })
    lock.resolve()
    if (rollsBack || dies === 'uncommitted') return
    await step()
    if (dies) return end()
    await cache.after(TENANT, touched)
    acknowledged.set(one, Math.max(version, acknowledged.get(one) as number))
  }

  async function run(op: Op): Promise<void> {
    await step()
    switch (op.kind) {
      case 'read':
        return read(op.who, op.ids)
      case 'write':
        return write(op)
      case 'evict':
        return world.evict(keyOf(TENANT, TABLE, op.id))
      case 'poison': {
        // What another tenant, or a bug, put in with a right token.
        const [store] = world.stores
        const key = keyOf(TENANT, TABLE, op.id)
        const token = (await store?.get([key]))?.[0]
        const json = JSON.stringify({ tenantId: OTHER, table: TABLE, id: op.id, record: { name: 'poison' } })
        if (token?.includes(':?')) await store?.fill([{ key, token, version: 1, json }])
        return
      }
      default:
        return world[op.kind]?.()
    }
  }

  await scheduler.waitFor(Promise.all(ops.map(run)))
  failing = false
  // Fills that nobody waited for come in too, then every process must say what the database says.
  await scheduler.waitAll()
  for (let index = 0; index < processes; index++) await scheduler.waitFor(read(index, IDS))
  return wrong
}

/**
 * A store that can lose what it holds, over one that cannot: what is lost stands under a key that nobody asks for any more.
 */
export function losing(store: Store): Store & { flush(): void; evict(key: string): void } {
  let life = 0
  const lives = new Map<string, number>()
  const at = (key: string) => `${key}~${life}~${lives.get(key) ?? 0}`
  const moved = <Entry extends { key: string }>(entries: Entry[]) =>
    entries.map((one) => ({ ...one, key: at(one.key) }))
  return {
    get: (keys) => store.get(keys.map(at)),
    fill: (entries) => store.fill(moved(entries)),
    bump: (entries) => store.bump(moved(entries)),
    flush: () => void life++,
    evict: (key) => void lives.set(key, (lives.get(key) ?? 0) + 1),
  }
}

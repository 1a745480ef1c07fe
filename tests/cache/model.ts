import type { CachedRecord, Load, RecordCache } from '../../src/cache/recordCache.ts'
import type { Store } from '../../src/cache/store.ts'

export const TENANT = '018f0000-0000-7000-8000-00000000000a'
export const OTHER = '018f0000-0000-7000-8000-00000000000b'
export const TABLE = 'account'

/** The record of an id in a version, as a load gives it. */
export const recordOf = (id: string, version: number): CachedRecord => ({
  version,
  record: { id, version, name: `${id} in version ${version}` },
})

/** A table of records that counts how often it is asked; what it gives is what stood there when the asking began. */
export function table(rows: Record<string, number> = {}) {
  const versions = new Map(Object.entries(rows))
  const asked: string[][] = []
  const snapshot: Load = async (ids) => {
    asked.push(ids)
    return new Map(ids.flatMap((id) => (versions.has(id) ? [[id, recordOf(id, versions.get(id) as number)]] : [])))
  }
  return { versions, asked, load: snapshot }
}

/** A load that has read its rows and answers when `go` is called: a slow reader. */
export function slow(load: Load): { load: Load; began: Promise<void>; go(): void } {
  const began = Promise.withResolvers<void>()
  const open = Promise.withResolvers<void>()
  return {
    began: began.promise,
    go: open.resolve,
    async load(ids) {
      const rows = await load(ids)
      began.resolve()
      await open.promise
      return rows
    },
  }
}

/** Writes as tenancy does: tells the cache before and after the commit. */
export async function write(
  cache: RecordCache,
  versions: Map<string, number>,
  id: string,
  { rollBack = false } = {},
): Promise<number> {
  const version = (versions.get(id) ?? 0) + 1
  const touched = [{ object: TABLE, recordId: id, version }]
  await cache.before(TENANT, touched)
  if (rollBack) return version
  versions.set(id, version)
  await cache.after(TENANT, touched)
  return version
}

/** The version that a read of one record gives; 0 when there is none. */
export async function read(cache: RecordCache, load: Load, id: string): Promise<number> {
  const found = await cache.getMany(TENANT, TABLE, [id], load)
  return found.get(id)?.version ?? 0
}

/** A store whose methods fail while `broken` is true. */
export function breakable(store: Store): Store & { broken: boolean; calls: number } {
  const guard =
    <Args extends unknown[], T>(work: (...args: Args) => Promise<T>) =>
    async (...args: Args) => {
      wrapped.calls++
      if (wrapped.broken) throw new Error('The store is away.')
      return work(...args)
    }
  const wrapped = {
    broken: false,
    calls: 0,
    get: guard(store.get),
    fill: guard(store.fill),
    bump: guard(store.bump),
  }
  return wrapped
}

/** Lets everything that is ready run: fills are not waited for by readers. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Waits for something that happens by itself; fails after `limit` milliseconds. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  { limit = 60_000 }: { limit?: number } = {},
): Promise<void> {
  const end = Date.now() + limit
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`It did not happen within ${limit} ms.`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

import { LRUCache } from 'lru-cache'
import type { Touched, TouchListener } from '../tenancy/tenancy.ts'

/** A record as it is cached: all its columns as JSON, and the version they belong to. */
export interface CachedRecord {
  version: number
  record: Record<string, unknown>
}

/** Reads records that are not cached; absent ones are left out. */
export type Load = (ids: string[]) => Promise<Map<string, CachedRecord>>

/**
 * Records by id, per tenant. Never the truth: a value is served only if it is as new as every commit known, and everything works, slower,
 * without it. What a viewer may see is decided after the cache.
 */
export interface RecordCache extends TouchListener {
  /** The records of a table by uuid, from the cache or by `load`; what does not exist is not in the map. */
  getMany(tenantId: string, table: string, ids: string[], load: Load): Promise<Map<string, CachedRecord>>
}

/** Where cached values live: Redis or the process's memory. Keys and values are texts; see entry(). Any method may fail or answer nothing. */
export interface Store {
  /** Values in the order of the keys, null for none. */
  get(keys: string[]): Promise<(string | null)[]>
  /** Puts values in unless a newer version is there: a fill that lost the race changes nothing. */
  fill(entries: { key: string; version: number; value: string }[]): Promise<void>
  /** Remembers that versions below are old. From here on no fill below gets in and none that is in is served. */
  bump(entries: { key: string; version: number }[]): Promise<void>
  remove(keys: string[]): Promise<void>
}

/** Longest a value lives, and longest a bump is remembered, in milliseconds. */
export const LIFETIME = 60_000
/** A load that took longer may carry a value older than a forgotten bump, so it is not put in. */
const SLOWEST_FILL = LIFETIME / 2

/** The key of a record: one Redis Cluster slot per tenant; parts of fixed shape, so that no two records share a key. */
export function keyOf(tenantId: string, table: string, id: string): string {
  return `{t:${tenantId}}:r:${table}:${id}`
}

/** Text of a value: version, line break, JSON stamped with whose it is. A bump is a version without JSON. */
function entry(tenantId: string, table: string, id: string, { version, record }: CachedRecord): string {
  return `${version}\n${JSON.stringify({ tenantId, table, id, record })}`
}

/** Reads an entry: the record, null for a bump, undefined for what is not ours (garbage, another's stamp, another format). */
function open(text: string, tenantId: string, table: string, id: string): CachedRecord | null | undefined {
  const line = text.indexOf('\n')
  const version = Number(text.slice(0, line))
  if (line < 1 || !Number.isSafeInteger(version)) return undefined
  if (text.length === line + 1) return null
  try {
    const value = JSON.parse(text.slice(line + 1))
    if (value.tenantId !== tenantId || value.table !== table || value.id !== id) return undefined
    return typeof value.record === 'object' && value.record !== null ? { version, record: value.record } : undefined
  } catch {
    return undefined
  }
}

/**
 * The cache over a store.
 *
 * @param onError hears of failures of the store; callers never do.
 */
export function createRecordCache(
  store: Store,
  { onError = () => {} }: { onError?: (error: unknown) => void } = {},
): RecordCache {
  /** Loads that are under way: a second reader of the same record waits for the first. */
  const flights = new Map<string, Promise<CachedRecord | undefined>>()
  /** Bumps that the store did not take: their keys are not read from it until it has. */
  const owed = new Map<string, number>()

  async function quietly<T>(work: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await work()
    } catch (error) {
      onError(error)
      return otherwise
    }
  }

  async function bump(entries: { key: string; version: number }[]): Promise<void> {
    for (const { key } of entries) flights.delete(key)
    for (const { key, version } of entries) owed.set(key, version)
    await settle()
  }

  /** Tries to hand over what is owed. */
  async function settle(): Promise<boolean> {
    if (owed.size === 0) return true
    const entries = [...owed].map(([key, version]) => ({ key, version }))
    return quietly(async () => {
      await store.bump(entries)
      for (const { key, version } of entries) if (owed.get(key) === version) owed.delete(key)
      return true
    }, false)
  }

  const touched = (tenantId: string, records: Touched[]) =>
    bump(records.map(({ object, recordId, version }) => ({ key: keyOf(tenantId, object, recordId), version })))

  return {
    // Before the commit, because a process that dies right after it can tell nobody; after it, because the first may have failed.
    before: touched,
    after: async () => {
      await settle()
    },
    async getMany(tenantId, table, ids, load) {
      const found = new Map<string, CachedRecord>()
      const keys = new Map(ids.map((id) => [id, keyOf(tenantId, table, id)]))
      // While anything is owed, the store may be behind: this process reads past it.
      const usable = owed.size === 0 || (await settle())
      const values = usable ? await quietly(() => store.get([...keys.values()]), []) : []
      const missing: string[] = []
      const broken: string[] = []
      ids.forEach((id, index) => {
        const text = values[index]
        const value = text ? open(text, tenantId, table, id) : null
        if (value) found.set(id, value)
        else missing.push(id)
        if (value === undefined) broken.push(keys.get(id) as string)
      })
      if (broken.length > 0) await quietly(() => store.remove(broken), undefined)
      if (missing.length === 0) return found

      const mine = missing.filter((id) => !flights.has(keys.get(id) as string))
      const waiting = missing.filter((id) => !mine.includes(id))
      if (mine.length > 0) {
        const started = Date.now()
        const loading = load(mine)
        for (const id of mine) {
          const key = keys.get(id) as string
          const flight = loading.then((loaded) => loaded.get(id))
          flight.catch(() => {})
          flights.set(key, flight)
          const land = () => {
            if (flights.get(key) === flight) flights.delete(key)
          }
          flight.then(land, land)
        }
        const loaded = await loading
        for (const [id, value] of loaded) found.set(id, value)
        if (usable && Date.now() - started < SLOWEST_FILL) {
          const fills = [...loaded].map(([id, value]) => ({
            key: keys.get(id) as string,
            version: value.version,
            value: entry(tenantId, table, id, value),
          }))
          if (fills.length > 0) void quietly(() => store.fill(fills), undefined)
        }
      }
      for (const id of waiting) {
        const value = await flights.get(keys.get(id) as string)?.catch(() => undefined)
        if (value) found.set(id, value)
        else for (const [other, own] of await load([id])) found.set(other, own)
      }
      return found
    },
  }
}

/** A store in this process's memory, for deployments of one process. */
export function memoryStore({ max = 20_000 }: { max?: number } = {}): Store {
  const entries = new LRUCache<string, { version: number; value: string | null }>({ max, ttl: LIFETIME })
  return {
    get: async (keys) =>
      keys.map((key) => {
        const found = entries.get(key)
        return found?.value ?? null
      }),
    fill: async (fills) => {
      for (const { key, version, value } of fills) {
        const known = entries.get(key)
        if (!known || known.version <= version) entries.set(key, { version, value })
      }
    },
    bump: async (bumps) => {
      for (const { key, version } of bumps) {
        const known = entries.get(key)
        if (!known || known.version < version) entries.set(key, { version, value: null })
      }
    },
    remove: async (keys) => {
      for (const key of keys) entries.delete(key)
    },
  }
}

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
  /** Remembers that versions below are old. From here on no fill below gets in, none that is in is served, and get answers `<version>\n`. */
  bump(entries: { key: string; version: number }[]): Promise<void>
  /** Takes values out, each only if it is still the one under its key. */
  remove(entries: { key: string; value: string }[]): Promise<void>
}

/** Longest a value lives, and longest a bump is remembered, in milliseconds. */
export const LIFETIME = 60_000
/** A load that took longer may carry a value older than a forgotten bump, so it is not put in. */
const SLOWEST_FILL = LIFETIME / 2
/** How soon a bump that the store did not take is tried again, milliseconds. */
const RETRY = 1000

/** The key of a record: one Redis Cluster slot per tenant; parts of fixed shape, so that no two records share a key. */
export function keyOf(tenantId: string, table: string, id: string): string {
  return `{t:${tenantId}}:r:${table}:${id}`
}

/** Text of a value: version, line break, JSON stamped with whose it is. A bump is a version without JSON. */
function entry(tenantId: string, table: string, id: string, { version, record }: CachedRecord): string {
  return `${version}\n${JSON.stringify({ tenantId, table, id, record })}`
}

/** Reads an entry: the record, a bump as its version without a record, undefined for what is not ours (garbage, another's stamp, another format). */
function open(
  text: string,
  tenantId: string,
  table: string,
  id: string,
): CachedRecord | { version: number; record: null } | undefined {
  const line = text.indexOf('\n')
  const version = Number(text.slice(0, line))
  if (line < 1 || !Number.isSafeInteger(version)) return undefined
  if (text.length === line + 1) return { version, record: null }
  try {
    const value = JSON.parse(text.slice(line + 1))
    if (value.tenantId !== tenantId || value.table !== table || value.id !== id) return undefined
    return typeof value.record === 'object' && value.record !== null ? { version, record: value.record } : undefined
  } catch {
    return undefined
  }
}

/** A load that is under way for one record. */
interface Flight {
  result: Promise<CachedRecord | undefined>
  /** A write came since it began: what it gives is not put in, and nobody who comes later waits for it. */
  overtaken: boolean
}

/**
 * The cache over a store.
 *
 * @param onError hears of failures of the store; callers never do.
 * @param pause how long readers leave a store alone that has failed, in milliseconds. Writers always try it.
 */
export function createRecordCache(
  store: Store,
  { onError = () => {}, pause = 500 }: { onError?: (error: unknown) => void; pause?: number } = {},
): RecordCache {
  /** A second reader of the same record waits for the first. */
  const flights = new Map<string, Flight>()
  /** Bumps that the store did not take, and when: until it has, this process reads past it. */
  const owed = new Map<string, { version: number; at: number }>()
  let settling: Promise<boolean> | null = null
  let retry: NodeJS.Timeout | null = null
  let away = 0

  /** What the store answers; undefined when it fails. */
  async function ask<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      away = Date.now() + pause
      onError(error)
      return undefined
    }
  }

  function overtake(keys: string[]): void {
    for (const key of keys) {
      const flight = flights.get(key)
      if (!flight) continue
      flight.overtaken = true
      flights.delete(key)
    }
  }

  async function bump(entries: { key: string; version: number }[]): Promise<void> {
    const taken = await ask(async () => {
      await store.bump(entries)
      return true
    })
    if (taken) {
      for (const { key, version } of entries) if ((owed.get(key)?.version ?? version) <= version) owed.delete(key)
      return
    }
    for (const { key, version } of entries) owed.set(key, { version, at: Date.now() })
    later()
  }

  /** Hands over what is owed, one attempt for all who ask at the same time; true when nothing is owed any more. */
  function settle(): Promise<boolean> {
    settling ??= handOver().finally(() => {
      settling = null
    })
    return settling
  }

  async function handOver(): Promise<boolean> {
    // By then no value is left that the bump could be about.
    for (const [key, { at }] of owed) if (at < Date.now() - LIFETIME - SLOWEST_FILL) owed.delete(key)
    const entries = [...owed].map(([key, { version }]) => ({ key, version }))
    if (entries.length === 0) return true
    const taken = await ask(async () => {
      await store.bump(entries)
      return true
    })
    if (taken) for (const { key, version } of entries) if (owed.get(key)?.version === version) owed.delete(key)
    later()
    return owed.size === 0
  }

  /** Other processes read from the store what this one owes it, so it does not wait for the next reader here. */
  function later(): void {
    if (owed.size === 0 || retry) return
    retry = setTimeout(() => {
      retry = null
      void settle()
    }, RETRY)
    retry.unref()
  }

  async function touched(tenantId: string, records: Touched[]): Promise<void> {
    const entries = records.map(({ object, recordId, version }) => ({
      key: keyOf(tenantId, object, recordId),
      version,
    }))
    overtake(entries.map(({ key }) => key))
    await bump(entries)
  }

  return {
    // Before the commit, because a process that dies right after it can tell nobody.
    before: touched,
    // After it, because a load that began in between has read what is now old, and the store may have lost or not taken the first bump.
    after: touched,
    async getMany(tenantId, table, ids, load) {
      const found = new Map<string, CachedRecord>()
      const keys = ids.map((id) => keyOf(tenantId, table, id))
      // While anything is owed, the store may be behind.
      const usable = Date.now() >= away && (owed.size === 0 || (await settle()))
      const values = usable ? await ask(() => store.get(keys)) : undefined
      const broken: { key: string; value: string }[] = []
      const mine: { id: string; key: string; flight: Flight }[] = []
      const joined: { id: string; flight: Flight; least: number }[] = []
      const { promise: loading, resolve, reject } = Promise.withResolvers<Map<string, CachedRecord>>()
      ids.forEach((id, index) => {
        const key = keys[index] as string
        const text = values?.[index]
        const value = text ? open(text, tenantId, table, id) : null
        if (text && !value) broken.push({ key, value: text })
        if (value?.record) {
          found.set(id, value)
          return
        }
        // Without the store's word for it, a load that is under way may have read before a commit of another process.
        const flight = values ? flights.get(key) : undefined
        if (flight) joined.push({ id, flight, least: value?.version ?? 0 })
        else {
          const own: Flight = { result: loading.then((loaded) => loaded.get(id)), overtaken: false }
          own.result.catch(() => {})
          flights.set(key, own)
          mine.push({ id, key, flight: own })
        }
      })
      if (broken.length > 0) await ask(() => store.remove(broken))

      if (mine.length > 0) {
        const started = Date.now()
        let filling: Promise<unknown> = Promise.resolve()
        try {
          const loaded = await load(mine.map(({ id }) => id))
          resolve(loaded)
          for (const [id, value] of loaded) found.set(id, value)
          if (values && Date.now() - started < SLOWEST_FILL) filling = fill(tenantId, table, mine, loaded)
        } catch (error) {
          reject(error)
          throw error
        } finally {
          // Until the store has it, those who asked the store before can take it from here.
          void filling.then(() => {
            for (const { key, flight } of mine) if (flights.get(key) === flight) flights.delete(key)
          })
        }
      }
      const again: string[] = []
      for (const { id, flight, least } of joined) {
        const value = await flight.result.catch(() => undefined)
        // What the other did not find may have been made since; what is older than the last bump is old.
        if (value && value.version >= least) found.set(id, value)
        else again.push(id)
      }
      if (again.length > 0) for (const [id, value] of await load(again)) found.set(id, value)
      return found
    },
  }

  /** Puts in what was loaded. No reader waits for it. */
  async function fill(
    tenantId: string,
    table: string,
    mine: { id: string; key: string; flight: Flight }[],
    loaded: Map<string, CachedRecord>,
  ): Promise<void> {
    await ask(async () => {
      const fills = mine.flatMap(({ id, key, flight }) => {
        const value = loaded.get(id)
        return value && !flight.overtaken
          ? [{ key, version: value.version, value: entry(tenantId, table, id, value) }]
          : []
      })
      if (fills.length > 0) await store.fill(fills)
    })
  }
}

/** A store in this process's memory, for deployments of one process. */
export function memoryStore({ max = 20_000 }: { max?: number } = {}): Store {
  const entries = new LRUCache<string, { version: number; value: string }>({ max, ttl: LIFETIME })
  return {
    get: async (keys) => keys.map((key) => entries.get(key)?.value ?? null),
    fill: async (fills) => {
      for (const { key, version, value } of fills) {
        const known = entries.get(key)
        if (!known || known.version <= version) entries.set(key, { version, value })
      }
    },
    bump: async (bumps) => {
      for (const { key, version } of bumps) {
        const known = entries.get(key)
        if (!known || known.version < version) entries.set(key, { version, value: `${version}\n` })
      }
    },
    remove: async (removals) => {
      for (const { key, value } of removals) if (entries.get(key)?.value === value) entries.delete(key)
    },
  }
}

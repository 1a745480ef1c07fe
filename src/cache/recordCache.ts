import { LRUCache } from 'lru-cache'
import type { Touched, TouchListener } from '../tenancy/tenancy.ts'
import { keyOf, LEASE, LIFETIME, type Store } from './store.ts'

/** A record as it is cached: all its columns as JSON, and the version they belong to. Shared by all who read it, so nobody changes it. */
export interface CachedRecord {
  version: number
  record: Record<string, unknown>
}

/** Reads records that are not cached; absent ones are left out. */
export type Load = (ids: string[]) => Promise<Map<string, CachedRecord>>

/**
 * Records by id, per tenant. Never the truth: a value is served only if it is as new as every commit known, and everything works, slower,
 * without it. What a viewer may see is decided after the cache. Why no old value outlives a commit: docs/decisions/0008 and 0017.
 */
export interface RecordCache extends TouchListener {
  /** The records of a table by uuid, from the cache or by `load`; what does not exist is not in the map. */
  getMany(tenantId: string, table: string, ids: string[], load: Load): Promise<Map<string, CachedRecord>>
  /** Tells the store what it is still owed, before the process ends or lets go of it. Never fails; what the store does not take then is lost. */
  settle(): Promise<void>
}

/** How soon a bump that the store did not take is tried again, milliseconds. */
const RETRY = 1000
/** How much text is kept with what was read in it, in characters; parsed it takes about four times as many bytes. */
const OPENED = 4_000_000

/** JSON of a record, stamped with whose it is. */
function stamped(tenantId: string, table: string, id: string, { record }: CachedRecord): string {
  return JSON.stringify({ tenantId, table, id, record })
}

/** What a text says: the version, and the record if it is a value of ours; version 0 for a lease and for what nobody of us wrote. */
interface Opened {
  text: string
  version: number
  value: CachedRecord | null
}

function open(text: string, tenantId: string, table: string, id: string): Opened {
  const first = text.indexOf(':')
  const second = text.indexOf(':', first + 1)
  const version = Number(text.slice(first + 1, second))
  const nothing = { text, version: 0, value: null }
  if (first < 0 || second < first + 2 || !Number.isSafeInteger(version)) return nothing
  if (text[second + 1] === '!') return { text, version, value: null }
  if (text[second + 1] !== '{') return nothing
  try {
    const value = JSON.parse(text.slice(second + 1))
    if (value.tenantId !== tenantId || value.table !== table || value.id !== id) return nothing
    if (typeof value.record !== 'object' || value.record === null) return nothing
    return { text, version, value: { version, record: value.record } }
  } catch {
    return nothing
  }
}

/** A load that is under way for one record, and the token that was given before it began. */
interface Flight {
  token: string
  result: Promise<CachedRecord | undefined>
}

/** Texts that are asked for together. */
interface Gathered {
  keys: Map<string, number>
  texts: Promise<(string | null)[] | null>
}

/**
 * The cache over a store.
 *
 * @param onError hears of failures of the store; callers never do.
 * @param pause how long readers leave a store alone that has failed, in milliseconds. Writers always try it.
 * @param gather when to ask the store for what was wanted until then: with all requests of one turn of the event loop.
 */
export function createRecordCache(
  store: Store,
  {
    onError = () => {},
    pause = 500,
    gather = setImmediate,
  }: { onError?: (error: unknown) => void; pause?: number; gather?: (ask: () => void) => unknown } = {},
): RecordCache {
  /** A second reader of the same record waits for the first. */
  const flights = new Map<string, Flight>()
  /** What was read in texts: the store gives the same text again as long as nothing is written. */
  const opened = new LRUCache<string, Opened>({
    maxSize: OPENED,
    sizeCalculation: ({ text }) => text.length + 100,
  })
  /** Bumps that the store did not take, and when: until it has, this process reads past it. */
  const owed = new Map<string, { version: number; at: number }>()
  let settling: Promise<boolean> | null = null
  let retry: NodeJS.Timeout | null = null
  let away = 0
  let gathered: Gathered | null = null

  store.onReady?.(() => {
    away = 0
    if (owed.size > 0) void settle()
  })

  /** What the store answers; null when it fails. */
  async function ask<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work()
    } catch (error) {
      away = performance.now() + pause
      onError(error)
      return null
    }
  }

  const deliver = (entries: { key: string; version: number }[]) =>
    ask(async () => {
      await store.bump(entries)
      return true
    })

  async function bump(entries: { key: string; version: number }[]): Promise<void> {
    if (await deliver(entries)) {
      for (const { key, version } of entries) if ((owed.get(key)?.version ?? version) <= version) owed.delete(key)
      return
    }
    for (const { key, version } of entries)
      owed.set(key, { version: Math.max(version, owed.get(key)?.version ?? 0), at: performance.now() })
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
    for (const [key, { at }] of owed) if (at < performance.now() - LIFETIME - LEASE) owed.delete(key)
    const entries = [...owed].map(([key, { version }]) => ({ key, version }))
    if (entries.length === 0) return true
    if (await deliver(entries))
      for (const { key, version } of entries) if (owed.get(key)?.version === version) owed.delete(key)
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
    await bump(records.map(({ object, recordId, version }) => ({ key: keyOf(tenantId, object, recordId), version })))
  }

  /** The texts of keys in their order, asked for together with what others want now; null when the store is of no use. */
  async function look(keys: string[]): Promise<(string | null)[] | null> {
    if (!gathered) {
      const group = { keys: new Map<string, number>() } as Gathered
      group.texts = new Promise((resolve) => {
        gather(() => {
          gathered = null
          resolve(ask(() => store.get([...group.keys.keys()])))
        })
      })
      gathered = group
    }
    const group = gathered
    const places = keys.map((key) => {
      const place = group.keys.get(key) ?? group.keys.size
      group.keys.set(key, place)
      return place
    })
    const found = await group.texts
    return found && places.map((place) => found[place] ?? null)
  }

  /** What a text says, read once per text. */
  function reading(text: string, key: string, tenantId: string, table: string, id: string): Opened {
    const known = opened.get(key)
    if (known?.text === text) return known
    const fresh = open(text, tenantId, table, id)
    if (fresh.value) opened.set(key, fresh)
    return fresh
  }

  return {
    // Before the commit, because a process that dies right after it can tell nobody.
    before: touched,
    // After it, because the store may have lost, evicted or not taken the first bump, and given tokens since.
    after: touched,
    async settle() {
      if (retry) clearTimeout(retry)
      retry = null
      if (owed.size > 0) await settle()
    },
    async getMany(tenantId, table, ids, load) {
      const found = new Map<string, CachedRecord>()
      const keys = ids.map((id) => keyOf(tenantId, table, id))
      // While anything is owed, the store may be behind.
      const usable = performance.now() >= away && (owed.size === 0 || (await settle()))
      const known = usable ? await look(keys) : null
      const mine: Wanted[] = []
      const joined: { id: string; flight: Flight; least: number }[] = []
      const { promise: loading, resolve, reject } = Promise.withResolvers<Map<string, CachedRecord>>()
      // Its failure is this reader's, whether or not others wait.
      loading.catch(() => {})
      ids.forEach((id, index) => {
        const key = keys[index] as string
        const token = known?.[index] ?? null
        if (token === null) {
          // Without the store's word for it, a load that is under way may have read before a commit of another process.
          mine.push({ id, key, token, least: 0 })
          return
        }
        const { value, version: least } = reading(token, key, tenantId, table, id)
        if (value) {
          found.set(id, value)
          return
        }
        const flight = flights.get(key)
        // Under the same token it began after every commit that was acknowledged before the store was asked.
        if (flight?.token === token) joined.push({ id, flight, least })
        else {
          const own: Flight = { token, result: loading.then((loaded) => loaded.get(id)) }
          own.result.catch(() => {})
          flights.set(key, own)
          mine.push({ id, key, token, least, flight: own })
        }
      })

      if (mine.length > 0) {
        let filling: Promise<unknown> = Promise.resolve()
        try {
          const loaded = await load(mine.map(({ id }) => id))
          resolve(loaded)
          for (const [id, value] of loaded) found.set(id, value)
          filling = fill(tenantId, table, mine, loaded)
        } catch (error) {
          reject(error)
          throw error
        } finally {
          // Until the store has it, those who asked the store before can take it from here.
          void filling.then(() => {
            for (const { key, flight } of mine) if (flight && flights.get(key) === flight) flights.delete(key)
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
    mine: Wanted[],
    loaded: Map<string, CachedRecord>,
  ): Promise<void> {
    const fills = mine.flatMap(({ id, key, token, least }) => {
      const value = loaded.get(id)
      return value && token !== null && value.version >= least
        ? [{ key, token, version: value.version, json: stamped(tenantId, table, id, value) }]
        : []
    })
    if (fills.length > 0) await ask(() => store.fill(fills))
  }
}

/** A record that a reader loads: with what token, and from which version on it may be put in. */
interface Wanted {
  id: string
  key: string
  token: string | null
  least: number
  flight?: Flight
}

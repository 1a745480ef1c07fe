import { createHash } from 'node:crypto'
import { Redis } from 'ioredis'
import { LEASE, LIFETIME, type Store, texts } from './store.ts'

// What another run of the server wrote, or nobody of us, counts as nothing. A lease that there is no room for is no reason not to serve the rest.
const GET = `
local found = redis.call('MGET', unpack(KEYS))
for i = 1, #KEYS do
  if not found[i] or string.sub(found[i], 1, #ARGV[1]) ~= ARGV[1] then
    local set = redis.pcall('SET', KEYS[i], ARGV[2], 'PX', ARGV[3])
    found[i] = not set.err and ARGV[2]
  end
end
return found`
const FILL = `
for i = 1, #KEYS do
  if redis.call('GET', KEYS[i]) == ARGV[2 * i] then
    redis.call('SET', KEYS[i], ARGV[2 * i + 1], 'PX', ARGV[1])
  end
end
return 1`
// A mark that there is no room for: then at least nothing old, and no token, stays under the key.
const BUMP = `
for i = 1, #KEYS do
  local known = redis.call('GET', KEYS[i])
  local run, version = string.match(known or '', '^([^:]*:)(%d+):[!?{]')
  if run ~= ARGV[2] or tonumber(version) < tonumber(ARGV[2 * i + 1]) then
    local set = redis.pcall('SET', KEYS[i], ARGV[2 * i + 2], 'PX', ARGV[1])
    if set.err then redis.call('DEL', KEYS[i]) end
  end
end
return 1`
/** Most keys of one script: Redis does nothing else while it runs. */
const CHUNK = 500
/** Longest an attempt to connect takes, and the longest pause between two, in milliseconds. */
const CONNECT = 1000
const RECONNECT = 250
/**
 * How old a run of Redis, and a connection that replaces a lost one, must be before it is read, in milliseconds: by then every process has found
 * Redis again and told it what it wrote in between (CONNECT + RECONNECT, twice).
 */
const SETTLED = 2 * (CONNECT + RECONNECT)
/** How long a writer waits for a lost connection before it goes on without, in milliseconds from the loss. */
const PATIENCE = 300

/** A Redis client whose every command answers or fails soon: no queue while it is away, no command longer than `timeout` milliseconds. */
export function connectRedis(
  url: string,
  { timeout = 250, onError = () => {} }: { timeout?: number; onError?: (error: Error) => void } = {},
): Redis {
  const redis = new Redis(url, {
    commandTimeout: timeout,
    // One that takes what is sent and answers nothing is as good as gone; what piles up for it would not end.
    socketTimeout: 4 * timeout,
    connectTimeout: CONNECT,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // A connection that was merely cut is back before a writer has given up waiting for it.
    retryStrategy: (attempt) => Math.min(attempt * attempt * 10, RECONNECT),
    connectionName: 'atrium',
  })
  redis.on('error', onError)
  return redis
}

/** One life of the memory of a server, as this connection sees it. */
interface Run {
  /** Stands before every text that was written in it. */
  id: string
  /** From when on it is read, by performance.now(). */
  settledAt: number
}

/** What INFO says of the run, the process whose memory ends with it and the history that a failover ends; its age in milliseconds, rounded down to seconds. */
function runOf(info: string): { id: string; age: number } {
  const value = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1]
  const [process, history, uptime] = [value('run_id'), value('master_replid'), Number(value('uptime_in_seconds'))]
  if (!process || !history || Number.isNaN(uptime))
    throw new Error('Redis does not tell its run: INFO must be allowed.')
  return { id: `${process.slice(0, 12)}${history.slice(0, 12)}`, age: uptime * 1000 }
}

/**
 * The store in Redis, shared by all processes.
 *
 * @param settled how old a run, and a connection after a loss, must be before it is read, in milliseconds.
 */
export function redisStore(redis: Redis, { settled = SETTLED }: { settled?: number } = {}): Store {
  let run: Run | null = null
  let lostAt = performance.now()
  let lost = false
  let connections = 0
  const waiting = new Set<() => void>()
  const listeners: (() => void)[] = []

  async function arrive(): Promise<void> {
    const mine = connections
    try {
      const info = await Promise.all([redis.info('server'), redis.info('replication')])
      if (mine !== connections) return
      const { id, age } = runOf(info.join('\n'))
      run = { id, settledAt: performance.now() + settled - (lost ? 0 : age) }
    } catch (error) {
      if (mine !== connections) return
      redis.emit('error', error)
      setTimeout(() => {
        if (mine === connections) void arrive()
      }, CONNECT).unref()
      return
    }
    for (const go of waiting) go()
    waiting.clear()
    for (const listener of listeners) listener()
  }
  redis.on('ready', () => void arrive())
  redis.on('close', () => {
    connections++
    if (!run) return
    run = null
    lost = true
    lostAt = performance.now()
  })
  if (redis.status === 'ready') void arrive()

  /** The run that the next command reaches. Waits a little for a connection that was lost just now. */
  async function current(): Promise<Run> {
    const left = lostAt + PATIENCE - performance.now()
    if (!run && left > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => {
          waiting.delete(go)
          resolve()
        }, left)
        const go = () => {
          clearTimeout(timer)
          resolve()
        }
        waiting.add(go)
      })
    }
    if (!run) throw new Error('Redis is away.')
    return run
  }

  const digests = new Map<string, string>()

  /** Sends a script by its digest, and in full to a server that has not seen it. */
  async function script(text: string, keys: string[], args: (string | number)[]): Promise<unknown> {
    const digest = digests.get(text)
    if (digest) {
      try {
        return await redis.evalsha(digest, keys.length, ...keys, ...args)
      } catch (error) {
        if (!(error as Error).message.startsWith('NOSCRIPT')) throw error
      }
    }
    digests.set(text, createHash('sha1').update(text).digest('hex'))
    return redis.eval(text, keys.length, ...keys, ...args)
  }

  /** Parts of a list for one script each: keys of several tenants belong to several slots of a cluster. */
  function parts<Entry>(entries: Entry[], keyOf: (entry: Entry) => string): Entry[][] {
    const tenants = Map.groupBy(entries, (entry) => keyOf(entry).slice(0, keyOf(entry).indexOf('}')))
    return [...tenants.values()].flatMap((group) =>
      Array.from({ length: Math.ceil(group.length / CHUNK) }, (_, n) => group.slice(n * CHUNK, (n + 1) * CHUNK)),
    )
  }

  return {
    async get(keys) {
      if (!run || performance.now() < run.settledAt) return null
      const { id } = run
      const lease = texts.lease(id)
      const answers = await Promise.all(
        parts(keys, (key) => key).map(async (part) => {
          const found = (await script(GET, part, [`${id}:`, lease, LEASE])) as (string | null)[]
          return part.map((key, index) => [key, found[index] ?? null] as const)
        }),
      )
      const byKey = new Map(answers.flat())
      return keys.map((key) => byKey.get(key) ?? null)
    },
    async fill(entries) {
      for (const part of parts(entries, ({ key }) => key)) {
        // A token of another run may have come back with a snapshot; it counts there no more.
        const id = run?.id
        const valid = part.filter(({ token }) => id && token.startsWith(`${id}:`))
        if (!id || valid.length === 0) continue
        await script(
          FILL,
          valid.map(({ key }) => key),
          [LIFETIME, ...valid.flatMap(({ token, version, json }) => [token, texts.value(id, version, json)])],
        )
      }
    },
    async bump(entries) {
      const send = async (part: { key: string; version: number }[]) => {
        const { id } = await current()
        await script(
          BUMP,
          part.map(({ key }) => key),
          [LIFETIME, `${id}:`, ...part.flatMap(({ version }) => [version, texts.mark(id, version)])],
        )
      }
      for (const part of parts(entries, ({ key }) => key)) {
        await send(part).catch(async (error: unknown) => {
          // A connection lost on the way, back at once: nobody else has to wait for what it carried.
          if (run) throw error
          await send(part)
        })
      }
    },
    onReady: (listener) => listeners.push(listener),
  }
}

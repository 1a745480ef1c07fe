import { Redis } from 'ioredis'
import { LIFETIME, type Store } from './recordCache.ts'

// Compare and set: an entry begins with its version; what is older than what is there does not get in.
const FILL = `
for i = 1, #KEYS do
  local known = redis.call('GET', KEYS[i])
  local version = known and tonumber(string.match(known, '^(%d+)\\n'))
  if not version or version <= tonumber(ARGV[2 * i]) then
    redis.call('SET', KEYS[i], ARGV[2 * i + 1], 'PX', ARGV[1])
  end
end
return 1`
const BUMP = `
for i = 1, #KEYS do
  local known = redis.call('GET', KEYS[i])
  local version = known and tonumber(string.match(known, '^(%d+)\\n'))
  if not version or version < tonumber(ARGV[i + 1]) then
    redis.call('SET', KEYS[i], ARGV[i + 1] .. '\\n', 'PX', ARGV[1])
  end
end
return 1`
const REMOVE = `
for i = 1, #KEYS do
  if redis.call('GET', KEYS[i]) == ARGV[i] then redis.call('DEL', KEYS[i]) end
end
return 1`
/** Most keys of one script: Redis does nothing else while it runs. */
const CHUNK = 500

/** A Redis client whose every command answers or fails soon: no queue while it is away, no command longer than `timeout` milliseconds. */
export function connectRedis(
  url: string,
  { timeout = 250, onError = () => {} }: { timeout?: number; onError?: (error: Error) => void } = {},
): Redis {
  const redis = new Redis(url, {
    commandTimeout: timeout,
    // One that takes what is sent and answers nothing is as good as gone; what piles up for it would not end.
    socketTimeout: 4 * timeout,
    connectTimeout: 2000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (attempt) => Math.min(attempt * 100, 2000),
    connectionName: 'atrium',
  })
  redis.on('error', onError)
  return redis
}

/** The store in Redis, shared by all processes. */
export function redisStore(redis: Redis): Store {
  /** Runs a script over keys that may belong to several tenants, hence to several slots of a cluster. */
  async function run<Entry extends { key: string }>(
    script: string,
    entries: Entry[],
    args: (entries: Entry[]) => (string | number)[],
  ): Promise<void> {
    const tenants = Map.groupBy(entries, ({ key }) => key.slice(0, key.indexOf('}')))
    for (const group of tenants.values()) {
      for (let from = 0; from < group.length; from += CHUNK) {
        const part = group.slice(from, from + CHUNK)
        await redis.eval(script, part.length, ...part.map(({ key }) => key), ...args(part))
      }
    }
  }

  return {
    get: (keys) => redis.mget(...keys),
    fill: (entries) =>
      run(FILL, entries, (part) => [LIFETIME, ...part.flatMap(({ version, value }) => [version, value])]),
    bump: (entries) => run(BUMP, entries, (part) => [LIFETIME, ...part.map(({ version }) => version)]),
    remove: (entries) => run(REMOVE, entries, (part) => part.map(({ value }) => value)),
  }
}

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

/** A Redis client whose every command answers or fails soon: no queue while it is away, no command longer than `timeout` milliseconds. */
export function connectRedis(
  url: string,
  { timeout = 250, onError = () => {} }: { timeout?: number; onError?: (error: Error) => void } = {},
): Redis {
  const redis = new Redis(url, {
    commandTimeout: timeout,
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
  return {
    get: (keys) => redis.mget(...keys),
    async fill(entries) {
      await redis.eval(
        FILL,
        entries.length,
        ...entries.map(({ key }) => key),
        LIFETIME,
        ...entries.flatMap(({ version, value }) => [version, value]),
      )
    },
    async bump(entries) {
      // Keys of one call belong to one tenant, hence one slot; what is owed after an outage may not, so each tenant goes alone.
      const tenants = Map.groupBy(entries, ({ key }) => key.slice(0, key.indexOf('}')))
      for (const group of tenants.values()) {
        await redis.eval(
          BUMP,
          group.length,
          ...group.map(({ key }) => key),
          LIFETIME,
          ...group.map(({ version }) => version),
        )
      }
    },
    async remove(keys) {
      await redis.del(...keys)
    },
  }
}

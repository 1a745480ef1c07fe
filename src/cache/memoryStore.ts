import { LRUCache } from 'lru-cache'
import { LEASE, LIFETIME, type Store, texts } from './store.ts'

/** Its memory lives as long as the process that asks it. */
const RUN = 'here'

/** A store in this process's memory, for deployments of one process: at most `max` records. */
export function memoryStore({ max = 20_000 }: { max?: number } = {}): Store {
  const entries = new LRUCache<string, { version: number; text: string }>({ max, ttl: LIFETIME })
  return {
    async get(keys) {
      return keys.map((key) => {
        const known = entries.get(key)
        if (known) return known.text
        const text = texts.lease(RUN)
        entries.set(key, { version: 0, text }, { ttl: LEASE })
        return text
      })
    },
    async fill(fills) {
      for (const { key, token, version, json } of fills)
        if (entries.get(key)?.text === token) entries.set(key, { version, text: texts.value(RUN, version, json) })
    },
    async bump(bumps) {
      for (const { key, version } of bumps) {
        const known = entries.get(key)
        if (!known || known.version < version) entries.set(key, { version, text: texts.mark(RUN, version) })
      }
    },
  }
}

/** A store that keeps nothing: every read goes to the database. */
export function noStore(): Store {
  return { get: async () => null, fill: async () => {}, bump: async () => {} }
}

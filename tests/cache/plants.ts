import type { Store } from '../../src/cache/store.ts'

/** What is wrong with a store that the tests must find. */
export interface Fault {
  /** A fill gets in where no newer version is known, whatever was given or lost since it was asked for. */
  withoutLease?: boolean
  /** A bump leaves the leases that were given. */
  keepsLeases?: boolean
  /** All leases, or all marks of a version, are the same text. */
  sameLeases?: boolean
  sameMarks?: boolean
  /** A bump of an older version takes a newer one's place. */
  anyBump?: boolean
  /** A bump forgets what is old and leaves no mark. */
  noMarks?: boolean
}

/** A store in memory as memoryStore is one, written out again so that it can be wrong. */
export function plantedStore(fault: Fault): Store {
  const entries = new Map<string, { version: number; text: string }>()
  let texts = 0
  const put = (key: string, version: number, rest: string) =>
    entries.set(key, { version, text: `planted:${version}:${rest}` })
  return {
    async get(keys) {
      return keys.map((key) => {
        if (!entries.has(key)) put(key, 0, fault.sameLeases ? '?' : `?${texts++}`)
        return entries.get(key)?.text as string
      })
    },
    async fill(fills) {
      for (const { key, token, version, json } of fills) {
        const known = entries.get(key)
        const takes = fault.withoutLease ? !known || known.version <= version : known?.text === token
        if (takes) put(key, version, json)
      }
    },
    async bump(bumps) {
      for (const { key, version } of bumps) {
        const known = entries.get(key)
        if (fault.keepsLeases && known?.version === 0) continue
        if (known && known.version >= version && !fault.anyBump) continue
        if (fault.noMarks) entries.delete(key)
        else put(key, version, fault.sameMarks ? '!' : `!${texts++}`)
      }
    },
  }
}

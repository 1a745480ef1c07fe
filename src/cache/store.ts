import { randomUUID } from 'node:crypto'

/**
 * Where cached values live: Redis or the process's memory. Under a key stands one of three texts:
 * `<run>:<version>:{…` a value, `<run>:<version>:!…` the mark of a bump, `<run>:0:?…` a lease. Any method may fail.
 */
export interface Store {
  /**
   * The texts in the order of the keys; a key with none is given a lease, unlike any other before it. A text without a value is the token for putting one in.
   * Null: the store knows nothing that may be believed just now. Null for a key: no token could be given.
   */
  get(keys: string[]): Promise<(string | null)[] | null>
  /** Puts values in, each only where the very text of its token still stands: nothing was bumped, lost or put in since. */
  fill(entries: { key: string; token: string; version: number; json: string }[]): Promise<void>
  /** From here on, no version below is served or gets in, and no token given before counts. */
  bump(entries: { key: string; version: number }[]): Promise<void>
  /** Is told when the store is there again after it was away. */
  onReady?(listener: () => void): void
}

/** Longest a value lives, and longest a bump is remembered, in milliseconds. */
export const LIFETIME = 60_000
/** Longest a lease lives, in milliseconds: a load that takes longer is not put in. */
export const LEASE = 10_000
/** The key of a record: one Redis Cluster slot per tenant; parts of fixed shape, so that no two records share a key. */
export function keyOf(tenantId: string, table: string, id: string): string {
  return `{t:${tenantId}}:r:${table}:${id}`
}

/** The three texts that stand under keys. `run` tells one life of the store's memory from another; it holds no colon. */
export const texts = {
  value: (run: string, version: number, json: string) => `${run}:${version}:${json}`,
  mark: (run: string, version: number) => `${run}:${version}:!${randomUUID()}`,
  lease: (run: string) => `${run}:0:?${randomUUID()}`,
}

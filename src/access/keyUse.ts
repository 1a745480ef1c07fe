import { LRUCache } from 'lru-cache'
import type { Tenancy } from '../tenancy/tenancy.ts'

/** A use of a key is written at most once in this time, per key and process, milliseconds. */
const ONCE_IN = 60_000
/** Uses are gathered this long before they are written, milliseconds: by then the request that they belong to has its answer. */
const GATHER = 1_000

interface Use {
  tenantId: string
  keyId: string
  ip: string | null
  at: string
}

interface Book {
  /** Keys whose use was noted lately. */
  noted: LRUCache<string, true>
  waiting: Use[]
}

const books = new WeakMap<Tenancy, Book>()

/**
 * Notes that an API key (plain uuid) was used. Costs the request nothing: the use is written later, and one that cannot be written is forgotten.
 * A process that ends within a second of a key's first use in a minute does not write it.
 */
export function noteUse(tenancy: Tenancy, tenantId: string, keyId: string, ip: string | null): void {
  let book = books.get(tenancy)
  if (!book) {
    book = { noted: new LRUCache({ max: 10_000, ttl: ONCE_IN }), waiting: [] }
    books.set(tenancy, book)
  }
  if (book.noted.has(keyId)) return
  book.noted.set(keyId, true)
  book.waiting.push({ tenantId, keyId, ip, at: new Date().toISOString() })
  if (book.waiting.length > 1) return
  const { waiting } = book
  setTimeout(() => write(tenancy, waiting.splice(0)).catch(() => {}), GATHER).unref()
}

/** One statement per company. A key that is gone meanwhile is left out; of two processes the later use stays. */
async function write(tenancy: Tenancy, uses: Use[]): Promise<void> {
  for (const [tenantId, own] of Map.groupBy(uses, (use) => use.tenantId)) {
    await tenancy.writeTenant({ tenantId }, (db) =>
      db.rows({
        text: `INSERT INTO api_key_use AS u (tenant_id, api_key_id, last_used_at, last_ip)
 SELECT k.tenant_id, k.id, x.at, x.ip FROM json_to_recordset($2::json) AS x("keyId" uuid, at timestamptz, ip text) JOIN api_key k ON k.tenant_id = $1 AND k.id = x."keyId"
 ON CONFLICT (tenant_id, api_key_id) DO UPDATE SET last_used_at = excluded.last_used_at, last_ip = excluded.last_ip WHERE u.last_used_at < excluded.last_used_at`,
        values: [tenantId, JSON.stringify(own)],
      }),
    )
  }
}

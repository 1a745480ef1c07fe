import { LRUCache } from 'lru-cache'
import type { Viewer } from '../context.ts'
import { type DefinitionRow, type Definitions, definitionsOf, NO_DEFINITIONS } from '../read/custom.ts'
import type { Reader, Tenancy } from '../tenancy/tenancy.ts'
import { Access } from './access.ts'

/** Definitions by what they were made of, so that all viewers of a company share them; the company's ids and versions stand in the key, so none is ever old. */
const known = new LRUCache<string, { all: Definitions; count: number }>({
  max: 10_000,
  maxSize: 100_000,
  sizeCalculation: ({ count }) => count + 1,
})

const LIVE = 'FROM field_definition f WHERE f.tenant_id = $1 AND f.deleted_at IS NULL'

// Whatever the order: nothing is sorted for it.
const STAMP = `SELECT count(*)::integer AS count, count(*) || ' ' || sum(f.version) || ' ' || bit_xor(hashtextextended(f.id::text || f.version, 0)) AS stamp ${LIVE}`

const ROWS = `SELECT f.id, f.object, f.api_name AS "apiName", f.type, f.is_required AS required, f.is_unique AS "unique", f.is_indexed AS indexed, f.is_stored AS stored,
 f.default_value AS "defaultValue", f.min_value::text AS min, f.max_value::text AS max, f.max_length AS "maxLength", f.pattern, f.options, f.ref_object AS "refObject", f.status,
 f.sort ${LIVE}`

/** A company's custom fields as they are in the database now. One statement when they are as before, two after a change. */
export async function loadDefinitions(db: Reader, tenantId: string): Promise<Definitions> {
  const [row] = await db.rows<{ stamp: string | null; count: number }>({ text: STAMP, values: [tenantId] })
  if (!row?.stamp) return NO_DEFINITIONS
  const key = `${tenantId} ${row.stamp}`
  const found = known.get(key)
  if (found) return found.all
  const rows = await db.rows<DefinitionRow & { sort: number }>({ text: ROWS, values: [tenantId] })
  const all = definitionsOf(rows.sort((a, b) => a.sort - b.sort || (a.id < b.id ? -1 : 1)))
  // In a writing transaction another's commit may lie between the two statements; then this answer is right and not that of the stamp.
  const [again] = await db.rows<{ stamp: string | null }>({ text: STAMP, values: [tenantId] })
  if (again?.stamp === row.stamp) known.set(key, { all, count: rows.length })
  return all
}

/** A viewer who knows the company's custom fields as they are now: jobs of the deployment bring none along. */
export async function withDefinitions(tenancy: Pick<Tenancy, 'readTenant'>, viewer: Viewer): Promise<Viewer> {
  const { tenantId, access } = viewer
  const definitions = await tenancy.readTenant({ tenantId }, (db) => loadDefinitions(db, tenantId))
  return { ...viewer, access: new Access(access.set, access.standing, access.lasting, definitions) }
}

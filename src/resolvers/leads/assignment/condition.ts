import { EVERYTHING } from '../../../access/access.ts'
import { requestErrorIn } from '../../../errors.ts'
import { compileFilter } from '../../../read/filter.ts'
import type { RecordType } from '../../../read/recordType.ts'
import { ident } from '../../../read/sql.ts'
import { sqlFor, type WriteContext } from '../../write.ts'

type Filter = Record<string, unknown>

/** A filter as the API takes it, or what is wrong with it: where in it, and a sentence. */
export type ReadCondition = { filter: Filter } | { path: string[]; message: string }

/** Coerces a JSON value as the `where` of a record type. */
type Coerce = (typeName: string, value: unknown) => ReadCondition

let coerce: Coerce | null = null

/** Is told by the schema, which alone knows the input types, how a `where` is read. Once, when the schema is built. */
export function readConditionsBy(given: Coerce): void {
  coerce = given
}

/**
 * Reads a condition over records of a type from its JSON text: what the API would take as the `where` of their list, and nothing else. Everything
 * in it may be asked about: who writes a condition is an administrator, and what it is asked of is the whole tenant.
 */
export function readCondition(type: RecordType, text: string): ReadCondition {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { path: [], message: 'must be JSON' }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { path: [], message: 'must be a JSON object' }
  if (!coerce) throw new Error('Nobody has said how conditions are read.')
  const read = coerce(type.name, value)
  if (!('filter' in read)) return read
  // Depth, lengths and operands are looked at by whoever compiles it.
  try {
    compile(type, read.filter, sqlFor(''))
  } catch (error) {
    const known = requestErrorIn(error)
    if (!known) throw error
    const [, ...path] = (known.extensions.field as string[] | undefined) ?? []
    return { path, message: `is no filter: ${known.message}` }
  }
  return read
}

function compile(type: RecordType, filter: Filter, sql: ReturnType<typeof sqlFor>): string {
  return compileFilter(type, 't', filter, {
    ...sql,
    access: EVERYTHING,
    visible: (_other, alias) => `${alias}.tenant_id = $1 AND ${alias}.deleted_at IS NULL`,
  })
}

/** Those of the records, by uuid, that fit a condition; all of them without one, none with one that the API does not take any more. */
export async function fitting(
  { db, viewer }: WriteContext,
  type: RecordType,
  condition: string | null,
  ids: string[],
): Promise<Set<string>> {
  if (condition === null || ids.length === 0) return new Set(ids)
  const read = readCondition(type, condition)
  if (!('filter' in read)) return new Set()
  const sql = sqlFor(viewer.tenantId)
  const among = sql.params.among(ids, 'uuid')
  const where = compile(type, read.filter, sql)
  const rows = await db.rows<{ id: string }>({
    text: `SELECT t.id FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND t.id ${among} AND (${where})`,
    values: sql.params.values,
  })
  return new Set(rows.map(({ id }) => id))
}

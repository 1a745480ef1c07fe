import { CUSTOM } from '../../read/custom.ts'
import { type Field, partOf, type RecordType, recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { ANY, formatMoney, idOf } from '../../read/values.ts'
import type { Values, WriteContext } from '../write.ts'

/** Name of the relation to the lines that a document has, which a snapshot keeps too. */
export const LINES = 'lines'

/** The type of a type's lines, and the column by which they are its parts; null for one without lines. */
export function linesOf(type: RecordType): { type: RecordType; column: string } | null {
  const lines = type.relations.get(LINES)
  if (lines?.kind !== 'many') return null
  const line = recordType(lines.target)
  return partOf(line).some(({ target }) => target === type.name) ? { type: line, column: lines.column } : null
}

/**
 * The record (uuid) as the API shows it to who sees all of it, by field name: ids of clients, money with its currency; its lines, in their order, under `lines`. Custom fields are kept by the ids of
 * their definitions, as their column has them: readSnapshot names them.
 */
export async function snapshotOf(context: WriteContext, object: string, id: string): Promise<Values> {
  const type = recordType(object)
  const [record = {}] = await read(context, type, `t.id = $2`, id)
  const lines = linesOf(type)
  if (!lines) return record
  const sorted = lines.type.fields.has('sort') ? 't.sort, t.id' : 't.id'
  const rows = await read(
    context,
    lines.type,
    `t.${ident(lines.column)} = $2 AND t.deleted_at IS NULL ORDER BY ${sorted}`,
    id,
  )
  return { ...record, [LINES]: rows }
}

async function read({ db, viewer }: WriteContext, type: RecordType, which: string, id: string): Promise<Values[]> {
  const fields = [...type.fields.values()].filter(({ target }) => target !== ANY)
  const columns = fields.map(({ name, column, kind }) => {
    // JSON numbers are floats to JavaScript.
    const exact = kind === 'money' || kind === 'decimal' ? '::text' : ''
    return `t.${ident(column)}${exact} AS ${ident(name)}`
  })
  const rows = await db.rows<{ record: Values }>({
    text: `SELECT (SELECT row_to_json(x) FROM (SELECT ${columns.join(', ')}) x) AS record FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND ${which}`,
    values: [viewer.tenantId, id],
  })
  return rows.map(({ record }) => Object.fromEntries(fields.map((field) => [field.name, shown(type, field, record)])))
}

function shown(type: RecordType, { name, kind, target }: Field, record: Values): unknown {
  const value = record[name]
  if (value === null || value === undefined) return name === CUSTOM ? {} : null
  if (kind === 'id') return idOf(target ?? type.name, value as string)
  if (kind === 'money') return { amount: formatMoney(String(value)), currency: record.currency ?? null }
  return value
}

import { type Field, type RecordType, recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { ANY, formatMoney, idOf } from '../../read/values.ts'
import type { Values, WriteContext } from '../write.ts'

/** The record (uuid) as the API shows it to who sees all of it, by field name: ids of clients, money with its currency. Custom fields are left out. */
export async function snapshotOf({ db, viewer }: WriteContext, object: string, id: string): Promise<Values> {
  const type = recordType(object)
  const fields = fieldsOf(type)
  const columns = fields.map(({ name, column, kind }) => {
    // JSON numbers are floats to JavaScript.
    const exact = kind === 'money' || kind === 'decimal' ? '::text' : ''
    return `t.${ident(column)}${exact} AS ${ident(name)}`
  })
  const [row] = await db.rows<{ record: Values }>({
    text: `SELECT (SELECT row_to_json(x) FROM (SELECT ${columns.join(', ')}) x) AS record FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.id = $2`,
    values: [viewer.tenantId, id],
  })
  const record = row?.record ?? {}
  return Object.fromEntries(fields.map((field) => [field.name, shown(type, field, record)]))
}

const fieldsOf = (type: RecordType): Field[] =>
  [...type.fields.values()].filter(({ kind, target }) => kind !== 'custom' && target !== ANY)

function shown(type: RecordType, { name, kind, target }: Field, record: Values): unknown {
  const value = record[name]
  if (value === null || value === undefined) return null
  if (kind === 'id') return idOf(target ?? type.name, value as string)
  if (kind === 'money') return { amount: formatMoney(String(value)), currency: record.currency ?? null }
  return value
}

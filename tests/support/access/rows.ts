import '../../../src/schema/index.ts'
import { type RecordType, type Relation, recordType, recordTypes } from '../../../src/read/recordType.ts'
import type { Any } from '../app.ts'
import { OWN, type Owner } from '../owner.ts'

/** A row as the database holds it, by column. */
export type Row = Record<string, Any> & { id: string }

/** All rows of a company in the tables of all record types, live or not, as the owner of the tables sees them. */
export interface Rows {
  of(typeName: string): Row[]
  /** The row with that uuid. */
  get(typeName: string, id: string): Row | undefined
}

/** Reads them. */
export async function readRows(owner: Owner): Promise<Rows> {
  const all = new Map<string, Map<string, Row>>()
  const lists = new Map<string, Row[]>()
  for (const { name, table } of recordTypes()) {
    const found = await owner.rows<{ row: Row }>(`SELECT to_jsonb(t) AS row FROM ${table} t WHERE ${OWN} ORDER BY id`)
    all.set(name, new Map(found.map(({ row }) => [row.id, row])))
    lists.set(
      name,
      found.map(({ row }) => row),
    )
  }
  return {
    of: (name) => lists.get(name) ?? [],
    get: (name, id) => all.get(name)?.get(id),
  }
}

/** Is a row not in the recycle bin. */
export const isLive = (row: Row | undefined): row is Row => row !== undefined && row.deleted_at === null

/** The column that a field of a type stands in. */
export const columnOf = (type: RecordType, field: string): string => type.fields.get(field)!.column

/** The field that a column of a type is shown by. */
function fieldIn(typeName: string, column: string): string {
  for (const field of recordType(typeName).fields.values()) if (field.column === column) return field.name
  throw new Error(`${typeName} shows ${column} by no field.`)
}

/** The fields, `[type, field]`, in which it stands where a relation leads. */
export function heldBy(type: RecordType, relation: Relation): [typeName: string, field: string][] {
  if (relation.kind === 'one') return [[type.name, relation.field]]
  if (relation.kind === 'many') return [[relation.target, fieldIn(relation.target, relation.column)]]
  if (relation.kind === 'through')
    return [
      [relation.link, fieldIn(relation.link, relation.near)],
      [relation.link, fieldIn(relation.link, relation.far)],
    ]
  return [
    [relation.link, 'recordId'],
    [relation.link, fieldIn(relation.link, relation.far)],
  ]
}

/** uuids of the records of the relation's target that a record leads to, whoever sees them: by live links. With repetitions where two links join the same two. */
export function behind(rows: Rows, type: RecordType, relation: Relation, row: Row): string[] {
  switch (relation.kind) {
    case 'one':
      return row[relation.column] ? [row[relation.column]] : []
    case 'many':
      return rows.of(relation.target).flatMap((one) => (one[relation.column] === row.id ? [one.id] : []))
    case 'through':
      return rows
        .of(relation.link)
        .flatMap((link) => (isLive(link) && link[relation.near] === row.id ? [link[relation.far]] : []))
    default:
      return rows
        .of(relation.link)
        .flatMap((link) =>
          isLive(link) && link.object_type === type.name && link.record_id === row.id ? [link[relation.far]] : [],
        )
  }
}

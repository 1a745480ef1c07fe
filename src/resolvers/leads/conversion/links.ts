import { partOf, type RecordType, recordType } from '../../../read/recordType.ts'
import { ident } from '../../../read/sql.ts'
import { linkTypes, type WriteContext } from '../../write.ts'

/** A record that the links of a lead go to; plain uuid. */
export interface Place {
  type: string
  id: string
}

/** Links that a conversion made, and those that it took from the lead: uuids by record type. */
export interface CarriedLinks {
  made: Record<string, string[]>
  moved: Record<string, string[]>
}

/** Links to records of any type that clients make: activities, tasks, tags, files. Shares are about who sees a record, and stay with theirs. */
const carriedTypes = () =>
  linkTypes().filter(({ settings, operations, any }) => !settings && (operations.has('create') || any?.attached))

/** Does a link only join a record to another, so that there may be one for each of several records; what stands in one place, such as a file, has no such second half. */
const joins = (type: RecordType) => partOf(type).length > 0

/** The columns that make a link what it is, besides the record that it points at. */
const contentOf = (type: RecordType) =>
  [...type.fields.values()].flatMap(({ name, write, column }) =>
    write === 'never' || ['recordId', 'externalSource', 'externalId'].includes(name) ? [] : [ident(column)],
  )

/** The condition that a record does not have the link `l` already. */
function unless(type: RecordType, typeName: string, id: string): string {
  const halves = partOf(type).map(({ column }) => ` AND o.${ident(column)} = l.${ident(column)}`)
  if (halves.length === 0) return ''
  const { typeColumn, idColumn } = type.any!
  return ` AND NOT EXISTS (SELECT 1 FROM ${ident(type.table)} o WHERE o.tenant_id = $1 AND o.${ident(typeColumn)} = ${typeName} AND o.${ident(idColumn)} = ${id} AND o.deleted_at IS NULL${halves.join('')})`
}

/**
 * Links what is linked to a lead, activities, tasks, tags, to the records that it became as well; which kinds of links there are, the registry says. With
 * `move` the lead's links themselves go to the first of the records, and what cannot stand in two places goes too; where that record has the link already,
 * the lead keeps its own.
 */
export async function carryLinks(
  { db, viewer }: WriteContext,
  leadId: string,
  places: Place[],
  move: boolean,
): Promise<CarriedLinks> {
  const carried: CarriedLinks = { made: {}, moved: {} }
  const [first] = places
  if (!first) return carried
  for (const type of carriedTypes()) {
    const any = type.any!
    const [typeColumn, idColumn] = [ident(any.typeColumn), ident(any.idColumn)]
    const ofLead = `l.tenant_id = $1 AND l.${typeColumn} = 'Lead' AND l.${idColumn} = $2::uuid AND l.deleted_at IS NULL`
    const further = move ? places.slice(1) : places
    if (joins(type) && further.length > 0) {
      const content = contentOf(type)
      const rows = await db.rows<{ id: string }>({
        text: `INSERT INTO ${ident(type.table)} (tenant_id, ${[...content, typeColumn, idColumn].join(', ')})
 SELECT $1::uuid, ${content.map((column) => `l.${column}, `).join('')}x.type, x.id FROM ${ident(type.table)} l
 CROSS JOIN unnest($3::text[], $4::uuid[]) AS x(type, id) WHERE ${ofLead} ON CONFLICT DO NOTHING RETURNING id`,
        values: [viewer.tenantId, leadId, further.map((one) => one.type), further.map(({ id }) => id)],
      })
      if (rows.length > 0) carried.made[type.name] = rows.map(({ id }) => id)
    }
    if (!move) continue
    const rows = await db.rows<{ id: string }>({
      text: `UPDATE ${ident(type.table)} l SET ${typeColumn} = $3::text, ${idColumn} = $4::uuid WHERE ${ofLead}${unless(type, '$3::text', '$4::uuid')} RETURNING id`,
      values: [viewer.tenantId, leadId, first.type, first.id],
    })
    if (rows.length > 0) carried.moved[type.name] = rows.map(({ id }) => id)
  }
  return carried
}

/** Undoes carryLinks: links that were moved go back to the lead, unless it has got the same one meanwhile, and those that were made go to the recycle bin. */
export async function returnLinks(
  { db, viewer }: WriteContext,
  leadId: string,
  { made, moved }: CarriedLinks,
): Promise<void> {
  for (const [name, ids] of Object.entries(moved)) {
    const type = recordType(name)
    const [typeColumn, idColumn] = [ident(type.any!.typeColumn), ident(type.any!.idColumn)]
    await db.rows({
      text: `UPDATE ${ident(type.table)} l SET ${typeColumn} = 'Lead', ${idColumn} = $2::uuid WHERE l.tenant_id = $1 AND l.id = ANY ($3::uuid[]) AND l.deleted_at IS NULL${unless(type, "'Lead'", '$2::uuid')}`,
      values: [viewer.tenantId, leadId, ids],
    })
  }
  for (const [name, ids] of Object.entries(made)) {
    await db.rows({
      text: `UPDATE ${ident(recordType(name).table)} SET deleted_at = now(), deleted_by = atrium.actor_id() WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND deleted_at IS NULL`,
      values: [viewer.tenantId, ids],
    })
  }
}

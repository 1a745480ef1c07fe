import { may } from '../access/decide.ts'
import type { UserErrorCode } from '../errors.ts'
import { type RecordType, type Relation, recordType, referencesTo } from '../read/recordType.ts'
import { ident } from '../read/sql.ts'
import { type Change, idPath, linkTypes, sqlFor, type WriteContext } from './write.ts'

/** A reference that points at records of a type, and who holds it. */
export type Reference = { type: RecordType; relation: Relation & { kind: 'one' } }

const nullable = (holder: RecordType, relation: Relation & { kind: 'one' }) =>
  holder.fields.get(relation.field)?.nullable ?? true

/**
 * REFERENCE_IN_USE for changes that records refer to over one of the chosen references. Those that the viewer may see are counted; of others it is only
 * said that there are some (`others`).
 */
export async function checkUse(
  { db, viewer }: WriteContext,
  type: RecordType,
  changes: Change[],
  chosen: (reference: Reference) => boolean,
  liveOnly: boolean,
): Promise<void> {
  const references = referencesTo(type.name).filter(chosen)
  const good = changes.filter(({ errors }) => errors.length === 0)
  if (references.length === 0 || good.length === 0) return
  const sql = sqlFor(viewer.tenantId)
  const ids = sql.params.add(
    good.map(({ id }) => id),
    'uuid[]',
  )
  const rows = await db.rows<{ id: string; type: string; field: string; seen: string; count: string }>({
    text: references
      .map(({ type: holder, relation }) => {
        const h = sql.alias()
        const scope = may(viewer, 'read', holder.name) ? viewer.access.predicate(holder, h, sql) : 'false'
        const column = `${h}.${ident(relation.column)}`
        const open =
          liveOnly && relation.while
            ? ` AND ${h}.${ident(relation.while.column)} = ANY (${sql.params.add([...relation.while.in], 'text[]')})`
            : ''
        return `SELECT ${column} AS id, '${holder.name}' AS type, '${relation.field}' AS field, count(*)${scope ? ` FILTER (WHERE ${scope})` : ''} AS seen, count(*) AS count FROM ${ident(holder.table)} ${h} WHERE ${h}.tenant_id = $1 AND ${column} = ANY (${ids})${liveOnly ? ` AND ${h}.deleted_at IS NULL` : ''}${open} GROUP BY 1`
      })
      .join(' UNION ALL '),
    values: sql.params.values,
  })
  const codes = new Map(
    references.map(({ type: holder, relation }) => [`${holder.name} ${relation.field}`, relation.inUse]),
  )
  const codeOf = (row: { type: string; field: string }) => codes.get(`${row.type} ${row.field}`) ?? 'REFERENCE_IN_USE'
  for (const change of good) {
    const using = rows.filter(({ id }) => id === change.id)
    for (const code of new Set(using.map(codeOf)))
      tell(
        type,
        change,
        code,
        using.filter((row) => codeOf(row) === code),
      )
  }
}

/** Says of a record that others refer to it: how many of those that the viewer may see, and whether there are more. */
function tell(
  type: RecordType,
  change: Change,
  code: UserErrorCode,
  using: { type: string; field: string; seen: string; count: string }[],
): void {
  const refs = using.flatMap(({ type, field, seen }) =>
    Number(seen) > 0 ? [{ type, field, count: Number(seen) }] : [],
  )
  const others = using.some(({ seen, count }) => seen !== count)
  const named = [
    ...refs.map(({ type, count }) => `${count} ${type}`),
    ...(others ? ['records that you may not see'] : []),
  ]
  change.errors.push({
    code,
    message: `${named.join(', ')} still refer to this ${type.name}.`,
    field: idPath(change),
    details: { refs, ...(others ? { others } : {}) },
  })
}

/** REFERENCE_IN_USE for changes whose parts others need: what is destroyed takes its parts along. */
export async function checkPartsUse(context: WriteContext, type: RecordType, changes: Change[]): Promise<void> {
  const { db, viewer } = context
  for (const { type: part, relation } of partsOf(type)) {
    const good = changes.filter(({ errors }) => errors.length === 0)
    if (good.length === 0) return
    const rows = await db.rows<{ id: string; owner: string }>({
      text: `SELECT id, ${ident(relation.column)} AS owner FROM ${ident(part.table)} WHERE tenant_id = $1 AND ${ident(relation.column)} = ANY ($2::uuid[])`,
      values: [viewer.tenantId, good.map(({ id }) => id)],
    })
    const parts = rows.map(({ id, owner }): Change => {
      const { path } = good.find((one) => one.id === owner) as Change
      return { id, path, before: null, values: {}, input: {}, errors: [] }
    })
    await checkUse(context, part, parts, needed, false)
    await checkPartsUse(context, part, parts)
    rows.forEach(({ owner }, index) => {
      good.find((one) => one.id === owner)?.errors.push(...(parts[index]?.errors ?? []))
    })
  }
}

/** References that cannot be cleared when what they point at is destroyed. */
export const needed = ({ type: holder, relation }: Reference) =>
  !relation.part && (!nullable(holder, relation) || relation.onDelete === 'restrict')

/** A part cannot come back before what it is a part of. */
export async function checkParts({ db, viewer }: WriteContext, type: RecordType, changes: Change[]): Promise<void> {
  for (const relation of type.relations.values()) {
    if (relation.kind !== 'one' || !relation.part) continue
    const owners = changes.flatMap(({ before }) => (before?.[relation.field] ? [before[relation.field] as string] : []))
    if (owners.length === 0) continue
    const rows = await db.rows<{ id: string }>({
      text: `SELECT id FROM ${ident(recordType(relation.target).table)} WHERE tenant_id = $1 AND deleted_at IS NULL AND id = ANY ($2::uuid[])`,
      values: [viewer.tenantId, owners],
    })
    const live = new Set(rows.map(({ id }) => id))
    for (const change of changes) {
      const owner = change.before?.[relation.field]
      if (!owner || live.has(owner as string)) continue
      change.errors.push({
        code: 'INVALID_STATE',
        message: `Restore its ${relation.name} first.`,
        field: idPath(change),
      })
    }
  }
  if (type.any) await checkLinked({ db, viewer }, type.any.name, changes)
}

/** A link does not come back before the record that it points at. */
async function checkLinked({ db, viewer }: WriteContext, name: string, changes: Change[]): Promise<void> {
  const targets = new Map<string, string[]>()
  for (const { before } of changes) {
    if (before?.['~id'])
      targets.set(before['~type'] as string, [
        ...(targets.get(before['~type'] as string) ?? []),
        before['~id'] as string,
      ])
  }
  const live = new Set<string>()
  for (const [target, ids] of targets) {
    const rows = await db.rows<{ id: string }>({
      text: `SELECT id FROM ${ident(recordType(target).table)} WHERE tenant_id = $1 AND deleted_at IS NULL AND id = ANY ($2::uuid[])`,
      values: [viewer.tenantId, ids],
    })
    for (const { id } of rows) live.add(id)
  }
  for (const { before, errors, path } of changes) {
    if (!before?.['~id'] || live.has(before['~id'] as string)) continue
    errors.push({ code: 'INVALID_STATE', message: `Restore its ${name} first.`, field: idPath({ path }) })
  }
}

const partsOf = (type: RecordType): Reference[] => referencesTo(type.name).filter(({ relation }) => relation.part)

/** Moves records, their parts and the links to them to the recycle bin. */
export async function markDeleted(context: WriteContext, type: RecordType, ids: string[]): Promise<void> {
  if (ids.length === 0) return
  const { db, viewer } = context
  await db.rows({
    text: `UPDATE ${ident(type.table)} SET deleted_at = now(), deleted_by = atrium.actor_id() WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND deleted_at IS NULL`,
    values: [viewer.tenantId, ids],
  })
  for (const { type: part, relation } of partsOf(type)) {
    const rows = await db.rows<{ id: string }>({
      text: `SELECT id FROM ${ident(part.table)} WHERE tenant_id = $1 AND ${ident(relation.column)} = ANY ($2::uuid[]) AND deleted_at IS NULL`,
      values: [viewer.tenantId, ids],
    })
    await markDeleted(
      context,
      part,
      rows.map(({ id }) => id),
    )
  }
  for (const link of linkTypes()) {
    const { table, any, derived } = link
    const at = `tenant_id = $1 AND ${ident(any!.typeColumn)} = $2 AND ${ident(any!.idColumn)} = ANY ($3::uuid[]) AND deleted_at IS NULL`
    const values = [viewer.tenantId, type.name, ids]
    if (partsOf(link).length > 0) {
      const rows = await db.rows<{ id: string }>({ text: `SELECT id FROM ${ident(table)} WHERE ${at}`, values })
      await markDeleted(
        context,
        link,
        rows.map(({ id }) => id),
      )
      continue
    }
    await db.rows({
      // What triggers derive is derived anew when the record comes back.
      text: `${derived ? `DELETE FROM ${ident(table)}` : `UPDATE ${ident(table)} SET deleted_at = now(), deleted_by = atrium.actor_id()`} WHERE ${at}`,
      values,
    })
  }
}

/** Brings records back with what went with them: parts and links carry the same moment of deletion. */
export async function markRestored(
  context: WriteContext,
  type: RecordType,
  ids: string[],
  deletedAt: string,
): Promise<void> {
  if (ids.length === 0) return
  const { db, viewer } = context
  await db.rows({
    text: `UPDATE ${ident(type.table)} SET deleted_at = NULL, deleted_by = NULL WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND deleted_at IS NOT NULL`,
    values: [viewer.tenantId, ids],
  })
  for (const { type: part, relation } of partsOf(type)) {
    const rows = await db.rows<{ id: string }>({
      text: `SELECT id FROM ${ident(part.table)} p WHERE tenant_id = $1 AND ${ident(relation.column)} = ANY ($2::uuid[]) AND deleted_at = $3::timestamptz${othersLive(part, relation.column)}`,
      values: [viewer.tenantId, ids, deletedAt],
    })
    await markRestored(
      context,
      part,
      rows.map(({ id }) => id),
      deletedAt,
    )
  }
  for (const link of linkTypes()) {
    const { table, any, derived } = link
    if (derived) continue
    const at = `tenant_id = $1 AND ${ident(any!.typeColumn)} = $2 AND ${ident(any!.idColumn)} = ANY ($3::uuid[]) AND deleted_at = $4::timestamptz${othersLive(link, null)}`
    const values = [viewer.tenantId, type.name, ids, deletedAt]
    if (partsOf(link).length > 0) {
      const rows = await db.rows<{ id: string }>({ text: `SELECT id FROM ${ident(table)} p WHERE ${at}`, values })
      await markRestored(
        context,
        link,
        rows.map(({ id }) => id),
        deletedAt,
      )
      continue
    }
    await db.rows({
      text: `UPDATE ${ident(table)} p SET deleted_at = NULL, deleted_by = NULL WHERE ${at}`,
      values,
    })
  }
}

/** Of a part `p` with several owners: none but the one in `column` lies in the recycle bin. */
function othersLive(part: RecordType, column: string | null): string {
  return [...part.relations.values()]
    .flatMap((relation) =>
      relation.kind === 'one' && relation.part && relation.column !== column
        ? ` AND NOT EXISTS (SELECT 1 FROM ${ident(recordType(relation.target).table)} o WHERE o.tenant_id = $1 AND o.id = p.${ident(relation.column)} AND o.deleted_at IS NOT NULL)`
        : [],
    )
    .join('')
}

/** Removes records for good, with their parts and the links to them; clears other references. */
export async function remove(context: WriteContext, type: RecordType, ids: string[]): Promise<void> {
  if (ids.length === 0) return
  const { db, viewer } = context
  for (const { type: holder, relation } of referencesTo(type.name)) {
    if (relation.part) {
      const rows = await db.rows<{ id: string }>({
        text: `SELECT id FROM ${ident(holder.table)} WHERE tenant_id = $1 AND ${ident(relation.column)} = ANY ($2::uuid[])`,
        values: [viewer.tenantId, ids],
      })
      await remove(
        context,
        holder,
        rows.map(({ id }) => id),
      )
    } else {
      await db.rows({
        text: `UPDATE ${ident(holder.table)} SET ${ident(relation.column)} = NULL WHERE tenant_id = $1 AND ${ident(relation.column)} = ANY ($2::uuid[])`,
        values: [viewer.tenantId, ids],
      })
    }
  }
  for (const link of linkTypes()) {
    if (link === type) continue
    const at = `${ident(link.any!.typeColumn)} = $2 AND ${ident(link.any!.idColumn)} = ANY ($3::uuid[])`
    const values = [viewer.tenantId, type.name, ids]
    if (partsOf(link).length === 0) {
      await db.rows({ text: `DELETE FROM ${ident(link.table)} WHERE tenant_id = $1 AND ${at}`, values })
      continue
    }
    const rows = await db.rows<{ id: string }>({
      text: `SELECT id FROM ${ident(link.table)} WHERE tenant_id = $1 AND ${at}`,
      values,
    })
    await remove(
      context,
      link,
      rows.map(({ id }) => id),
    )
  }
  await db.rows({
    text: `DELETE FROM ${ident(type.table)} WHERE tenant_id = $1 AND id = ANY ($2::uuid[])`,
    values: [viewer.tenantId, ids],
  })
}

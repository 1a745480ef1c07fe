import { may, requireRight } from '../../../access/decide.ts'
import type { UserErrorInfo } from '../../../errors.ts'
import { findRecordType, type RecordType, recordType, recordTypes } from '../../../read/recordType.ts'
import { ident } from '../../../read/sql.ts'
import { idOf, NO_ID, uuidOf } from '../../../read/values.ts'
import type { Query } from '../../../tenancy/tenancy.ts'
import { checkHierarchy } from '../../hierarchy.ts'
import { checkOwnerQuota } from '../../identity/ownerQuota.ts'
import { lockTargets, type Written } from '../../records.ts'
import {
  type Change,
  columnsOf,
  explainConflicts,
  type Rules,
  sqlFor,
  type Values,
  type WriteContext,
} from '../../write.ts'
import { unmarkMerged } from '../duplicates/find.ts'
import type { DuplicateObject } from '../duplicates/profile.ts'
import { refillKeys } from '../duplicates/store.ts'
import { asRecord, planForMany } from './children.ts'
import { lockAll } from './mergeRecords.ts'

/** What an undo says besides the merge itself; ids as clients write them. */
export interface UndoReport {
  /** Name of the type of the records. */
  object: string
  survivorId: string
  restoredIds: string[]
  /** Names of the fields that keep what somebody wrote after the merge. */
  keptFields: string[]
}

export type UndoWritten = Written & { more?: UndoReport }

interface Done {
  object: string
  survivorId: string
  mergedIds: string[]
  undoneAt: string | null
  over: boolean
}

const refused = (...errors: UserErrorInfo[]): UndoWritten => ({ id: null, errors })
const wrongState = (message: string, details: unknown): UndoWritten =>
  refused({ code: 'INVALID_STATE', message, field: ['id'], details })

/**
 * Takes a merge back: the merged records come out of the recycle bin with all that hung on them, and the survivor is what it was. What was made after
 * the merge stays with the survivor, what was moved on or destroyed since stays so. A later merge of the same survivor is undone first.
 *
 * Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE (undone already, older than 30 days, survivor in the recycle bin or merged itself, a later merge),
 * STALE_VERSION with the fields of the survivor that were written after the merge, unless `force` lets them be, UNIQUE_VIOLATION, OWNER_QUOTA_EXCEEDED.
 *
 * @throws FORBIDDEN without the right to merge and change records of the type.
 */
export async function undoMerge(
  context: WriteContext,
  { id, force = false }: { id: string; force?: boolean | null },
): Promise<UndoWritten> {
  const { db, viewer } = context
  const uuid = uuidOf('MergeRecord', id) ?? NO_ID
  const done = await lockMerge(context, uuid)
  const type = done && findRecordType(done.object)
  if (!done || !type) return refused({ code: 'NOT_FOUND', message: 'There is no such MergeRecord.', field: ['id'] })
  requireRight(viewer, 'merge', type.name)
  requireRight(viewer, 'update', type.name)
  const survivor = uuidOf(type.name, done.survivorId) as string
  const losers = done.mergedIds.map((one) => uuidOf(type.name, one) as string)
  await lockAll(context, type, [survivor, ...losers])
  await planForMany(context)
  const [change] = (await lockTargets(context, type, [{ id: survivor }], {
    action: 'merge',
    state: 'any',
    pathOf: () => ['id'],
  })) as [Change]
  if (change.errors.length > 0) return refused(...change.errors)
  const stop = await obstacle(context, type, uuid, done, change, losers)
  if (stop) return stop
  const changed = await changedFields(context, type, uuid, survivor)
  if (changed.length > 0 && !force) {
    const shown = changed.filter((name) => !viewer.access.hides(type, name))
    return refused({
      code: 'STALE_VERSION',
      message: `The ${type.name} was changed after the merge. With force, what was written since stays.`,
      field: ['id'],
      details: { currentVersion: change.before?.version, changedFields: shown },
    })
  }
  const back = await readLosers(context, type, losers)
  await checkOwnerQuota(context, type, back, { restored: true })
  const full = back.flatMap(({ errors }) => errors)
  if (full.length > 0) return refused(...full)
  try {
    await context.db.savepoint(() => putBack(context, type, uuid, survivor, back))
  } catch (error) {
    if ((error as { code?: string }).code !== '23505') throw error
    await explainConflicts(type, back, context)
    return refused(...back.flatMap(({ errors }) => errors).slice(0, 1))
  }
  // Others may have been moved below it meanwhile.
  const placed = back.map((one): Change => ({ ...one, values: { ...one.before } }))
  await checkHierarchy(context, type, placed)
  const deep = placed.flatMap(({ errors }) => errors)
  if (deep.length > 0) return refused(...deep.map((error) => ({ ...error, field: ['id'] })))
  await (type.rule as Rules | null)?.done?.([change, ...back], context)
  await refillKeys(context, type.name as DuplicateObject, [survivor, ...losers])
  await unmarkMerged(context, type.name as DuplicateObject, [survivor, ...losers])
  await db.rows({
    text: 'UPDATE merge_record SET undone_at = now(), undone_by = atrium.actor_id() WHERE tenant_id = $1 AND id = $2',
    values: [viewer.tenantId, uuid],
  })
  return {
    id: uuid,
    errors: [],
    more: { object: type.name, survivorId: done.survivorId, restoredIds: done.mergedIds, keptFields: changed },
  }
}

/** The merge, if the viewer may see it, held to the end of the transaction. */
async function lockMerge({ db, viewer }: WriteContext, id: string): Promise<Done | undefined> {
  if (!may(viewer, 'read', 'MergeRecord')) return undefined
  const sql = sqlFor(viewer.tenantId)
  const wanted = sql.params.add(id, 'uuid')
  const scope = viewer.access.predicate(recordType('MergeRecord'), 't', sql)
  const [row] = await db.rows<Done>({
    text: `SELECT object, survivor_id AS "survivorId", merged_ids AS "mergedIds", undone_at AS "undoneAt", undoable_until < now() AS over
 FROM merge_record t WHERE t.tenant_id = $1 AND t.id = ${wanted} AND t.deleted_at IS NULL${scope ? ` AND ${scope}` : ''} FOR NO KEY UPDATE OF t`,
    values: sql.params.values,
  })
  return row
}

async function obstacle(
  context: WriteContext,
  type: RecordType,
  id: string,
  { undoneAt, over, survivorId }: Done,
  { before }: Change,
  losers: string[],
): Promise<UndoWritten | null> {
  const { db, viewer } = context
  if (undoneAt) return wrongState('The merge was undone already.', { from: 'UNDONE', allowed: [] })
  if (over) return wrongState('A merge can be undone for 30 days.', { from: 'FINAL', allowed: [] })
  const later = await laterMerge(context, id, survivorId)
  if (later)
    return wrongState('A later merge of the same records must be undone first.', {
      from: 'MERGED_AGAIN',
      allowed: [],
      mergeId: idOf('MergeRecord', later),
    })
  if (before?.deletedAt)
    return wrongState('The record lies in the recycle bin; restore it first.', { from: 'DELETED', allowed: [] })
  const [row] = await db.rows<{ count: number }>({
    text: `SELECT count(*)::integer AS count FROM ${ident(type.table)} WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND merged_into_id = $3`,
    values: [viewer.tenantId, losers, before?.id],
  })
  return row?.count === losers.length
    ? null
    : wrongState('Some of the merged records are gone.', { from: 'GONE', allowed: [] })
}

/** Runs a statement that joins the rows told of in items: of how many there are PostgreSQL has no idea, and it would go through all of them for each row. */
async function withoutLoops<Row>(db: WriteContext['db'], query: Query): Promise<Row[]> {
  const [, rows] = await Promise.all([
    db.rows({ text: 'SET LOCAL enable_nestloop = off', values: [] }),
    db.rows<Row>(query),
    db.rows({ text: 'SET LOCAL enable_nestloop TO DEFAULT', values: [] }),
  ])
  return rows
}

/**
 * The latest merge (uuid) that came after this one and has to be undone before it, or null: one of the same survivor, or one that wrote the same columns of
 * the same rows or put one of them into the recycle bin. In any other order not all would be as it was.
 */
async function laterMerge({ db, viewer }: WriteContext, id: string, survivorId: string): Promise<string | null> {
  const touched =
    "unnest(i.row_ids) AS row_id, i.source_table, CASE i.kind WHEN 'DROPPED' THEN NULL WHEN 'MOVED' THEN ARRAY[i.source_column] ELSE i.columns END AS columns"
  const [row] = await withoutLoops<{ id: string }>(db, {
    text: `SELECT r.id FROM merge_record r WHERE r.tenant_id = $1 AND r.undone_at IS NULL AND r.id > $2::uuid AND (r.survivor_id = $3 OR $3 = ANY (r.merged_ids) OR r.id IN (
 SELECT l.merge_id FROM (SELECT ${touched} FROM merge_item i WHERE i.tenant_id = $1 AND i.merge_id = $2) m
 JOIN (SELECT ${touched}, i.merge_id FROM merge_item i WHERE i.tenant_id = $1 AND i.merge_id > $2) l USING (source_table, row_id)
 WHERE m.columns IS NULL OR l.columns IS NULL OR m.columns && l.columns
)) ORDER BY r.id DESC LIMIT 1`,
    values: [viewer.tenantId, id, survivorId],
  })
  return row?.id ?? null
}

/** Names of the survivor’s fields that the merge wrote and that hold something else by now. */
async function changedFields(
  { db, viewer }: WriteContext,
  type: RecordType,
  id: string,
  survivor: string,
): Promise<string[]> {
  const rows = await db.rows<{ column: string }>({
    text: `SELECT c.name AS column FROM merge_item i CROSS JOIN LATERAL unnest(i.columns) AS c(name) JOIN ${ident(type.table)} t ON t.tenant_id = $1 AND t.id = $3::uuid
 WHERE i.tenant_id = $1 AND i.merge_id = $2 AND i.kind = 'CHANGED' AND i.source_table = $4 AND i.row_ids = ARRAY[$3::uuid] AND to_jsonb(t) -> c.name IS DISTINCT FROM i.after -> c.name ORDER BY 1`,
    values: [viewer.tenantId, id, survivor, type.table],
  })
  return rows.map(({ column }) => [...type.fields.values()].find((field) => field.column === column)?.name ?? column)
}

interface Item {
  id: string
  kind: 'MOVED' | 'DROPPED' | 'CHANGED'
  table: string
  column: string | null
  columns: string[]
  rows: string[]
}

/**
 * Undoes what was done to rows, the last thing first, and brings the merged records back where that stands in the order. What is not as the merge left
 * it stays as it is.
 */
async function putBack(
  context: WriteContext,
  type: RecordType,
  id: string,
  survivor: string,
  losers: Change[],
): Promise<void> {
  const { db, viewer } = context
  const items = await db.rows<Item>({
    text: `SELECT id, kind, source_table AS table, source_column AS column, columns, CASE kind WHEN 'CHANGED' THEN row_ids ELSE '{}' END AS rows FROM merge_item WHERE tenant_id = $1 AND merge_id = $2 ORDER BY ordinal DESC`,
    values: [viewer.tenantId, id],
  })
  const own = ({ table, rows }: Item) => table === type.table && rows[0] === survivor
  // The survivor first gives back what the others need to be live: keys.
  for (const item of items.filter(own)) await putItemBack(context, item, survivor, type)
  await db.rows({
    text: `UPDATE ${ident(type.table)} SET deleted_at = NULL, deleted_by = NULL, merged_into_id = NULL WHERE tenant_id = $1 AND id = ANY ($2::uuid[])`,
    values: [viewer.tenantId, losers.map((one) => one.id)],
  })
  for (const item of items) if (!own(item)) await putItemBack(context, item, survivor, type)
}

async function putItemBack(
  { db, viewer }: WriteContext,
  { id, kind, table, column, columns }: Item,
  survivor: string,
  merged: RecordType,
): Promise<void> {
  const type = recordTypes().find((one) => one.table === table)
  if (!type) throw new Error(`Rows of ${table} were merged, and there is no such record type.`)
  const known = new Set([...columnsOf(type).values()].map((one) => one.column))
  const t = ident(table)
  const item = 'merge_item WHERE tenant_id = $1 AND id = $2'
  if (kind === 'MOVED') {
    const [typeColumn, typeName] = [type.any?.idColumn === column ? type.any.typeColumn : null, merged.name]
    await withoutLoops(db, {
      text: `UPDATE ${t} t SET ${ident(column as string)} = i.from_id FROM (SELECT from_id, unnest(row_ids) AS row_id FROM ${item}) i
 WHERE t.tenant_id = $1 AND t.${ident(column as string)} = $3::uuid${typeColumn ? ` AND t.${ident(typeColumn)} = '${typeName}'` : ''} AND t.id = i.row_id`,
      values: [viewer.tenantId, id, survivor],
    })
  } else if (kind === 'DROPPED')
    await db.rows({
      text: `UPDATE ${t} t SET deleted_at = NULL, deleted_by = NULL FROM (SELECT unnest(row_ids) AS row_id FROM ${item}) i WHERE t.tenant_id = $1 AND t.id = i.row_id AND t.deleted_at IS NOT NULL`,
      values: [viewer.tenantId, id],
    })
  else {
    const names = columns.filter((name) => known.has(name)).map(ident)
    if (names.length === 0) return
    // Each column for itself: what holds something newer keeps it.
    const sets = names.map(
      (name) =>
        `${name} = CASE WHEN to_jsonb(t.${name}) IS NOT DISTINCT FROM to_jsonb(a.${name}) THEN b.${name} ELSE t.${name} END`,
    )
    await db.rows({
      text: `UPDATE ${t} t SET ${sets.join(', ')} FROM (SELECT before, after, row_ids[1] AS row_id FROM ${item}) i,
 LATERAL jsonb_populate_record(NULL::${t}, i.before) b, LATERAL jsonb_populate_record(NULL::${t}, i.after) a WHERE t.tenant_id = $1 AND t.id = i.row_id`,
      values: [viewer.tenantId, id],
    })
  }
}

/** The merged records as they lie in the recycle bin. */
async function readLosers({ db, viewer }: WriteContext, type: RecordType, ids: string[]): Promise<Change[]> {
  const rows = await db.rows<{ id: string; record: Values }>({
    text: `SELECT t.id, ${asRecord(type)} AS record FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.id = ANY ($2::uuid[])`,
    values: [viewer.tenantId, ids],
  })
  return rows.map(({ id, record }) => ({ id, path: ['id'], before: record, values: {}, input: {}, errors: [] }))
}

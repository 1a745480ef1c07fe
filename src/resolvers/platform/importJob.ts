import { requireRight } from '../../access/decide.ts'
import { newId } from '../../ids.ts'
import { type RecordType, recordType, recordTypes } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import type { Writer } from '../../tenancy/tenancy.ts'
import type { DuplicateObject } from '../customers/duplicates/profile.ts'
import { OBJECTS } from '../customers/duplicates/profile.ts'
import { refillKeys } from '../customers/duplicates/store.ts'
import { deleteRecords, lockTargets, type Written } from '../records.ts'
import { columnsOf, type WriteContext } from '../write.ts'
import { enqueueJob } from './job.ts'

/** How long an import can be reverted, days (as merges: spec/domain.md 3.2). */
export const REVERT_DAYS = 30
/** The kind of the job that reverts an import. */
export const IMPORT_REVERT = 'IMPORT_REVERT'
/** An import that still runs and has written nothing for this long has died, minutes. */
const DEAD_MINUTES = 10
/** Characters that are kept of what stopped an import. */
const MESSAGE_MAX = 2000

/** Rows of a file by what became of them. */
export interface ImportCounts {
  rows: number
  created: number
  updated: number
  unchanged: number
  failed: number
  /** Problems told; a row may have several. */
  problems: number
}

/** What is known of an import before its first row. */
export interface NewImport {
  object: string
  mode: 'CREATE' | 'UPSERT'
  fileName: string
  status?: 'QUEUED' | 'RUNNING'
  dryRun?: boolean
  /** JSON as it was given, of one that was ordered through the API. */
  mapping?: unknown
}

/** Enters an import; gives its uuid. */
export async function enterImport(
  db: Writer,
  tenantId: string,
  { object, mode, fileName, status = 'RUNNING', dryRun = false, mapping }: NewImport,
): Promise<string> {
  const id = newId()
  await db.rows({
    text: 'INSERT INTO import_job (tenant_id, id, object, mode, file_name, status, dry_run, mapping) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)',
    values: [
      tenantId,
      id,
      object,
      mode,
      fileName,
      status,
      dryRun,
      mapping === undefined ? null : JSON.stringify(mapping),
    ],
  })
  return id
}

/** Notes with an import what this transaction has changed so far: the last thing it does. */
export async function keepBatch(db: Writer, tenantId: string, importId: string): Promise<void> {
  await db.rows({
    text: `INSERT INTO import_batch (tenant_id, import_id, change_ids) SELECT $1::uuid, $2::uuid, array_agg(c.id ORDER BY c.ordinal) FROM change c
 WHERE c.tenant_id = $1 AND c.xid = pg_current_xact_id()::text::bigint AND c.sequence IS NULL HAVING count(*) > 0`,
    values: [tenantId, importId],
  })
}

/** How an import ended; the code and the sentence of what stopped it. */
export interface ImportEnd {
  status: 'COMPLETED' | 'FAILED' | 'CANCELLED'
  errorCode?: string | null
  errorMessage?: string | null
}

/** Notes how an import ended; one that is being taken back, because its worker was believed dead, stays so. */
export async function endImport(
  db: Writer,
  tenantId: string,
  id: string,
  { status, errorCode = null, errorMessage = null }: ImportEnd,
  { rows, created, updated, unchanged, failed, problems }: ImportCounts,
): Promise<void> {
  await db.rows({
    text: `UPDATE import_job SET status = $3, completed_at = now(), rows = $4, created = $5, updated = $6, unchanged = $7, failed = $8, problems = $9, error_code = $10, error_message = $11
 WHERE tenant_id = $1 AND id = $2 AND status IN ('QUEUED', 'RUNNING', 'FAILED')`,
    values: [
      tenantId,
      id,
      status,
      rows,
      created,
      updated,
      unchanged,
      failed,
      problems,
      errorCode,
      errorMessage?.slice(0, MESSAGE_MAX) ?? null,
    ],
  })
  await db.rows({
    text: 'DELETE FROM import_run WHERE tenant_id = $1 AND import_id = $2',
    values: [tenantId, id],
  })
}

/**
 * Orders that an import be taken back: what it made goes to the recycle bin, what it changed gets the values that stood there before, each field for
 * itself. What somebody has written since stays: such a record is not removed, such a field keeps its newer value.
 *
 * Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE for one that runs, is being or was reverted, or is older than thirty days.
 *
 * @throws FORBIDDEN without the rights to change imports, and to change and delete records of the import's type.
 */
export async function revertImport(context: WriteContext, id: string): Promise<Written> {
  const { db, viewer } = context
  requireRight(viewer, 'update', 'ImportJob')
  const target = { id: uuidOf('ImportJob', id) ?? NO_ID }
  const [locked] = await lockTargets(context, recordType('ImportJob'), [target], {
    action: 'update',
    pathOf: () => ['id'],
  })
  const { before, errors } = locked!
  if (!before || errors.length > 0) return { id: null, errors }
  const object = before.object as string
  requireRight(viewer, 'update', object)
  requireRight(viewer, 'delete', object)
  const refused = (message: string, from: unknown): Written => ({
    id: null,
    errors: [{ code: 'INVALID_STATE', message, field: ['id'], details: { from, to: 'REVERTING', allowed: [] } }],
  })
  const [state] = await db.rows<{ over: boolean; alive: boolean }>({
    text: `SELECT can_revert_until < now() AS over, coalesce((SELECT max(b.at) FROM import_batch b WHERE b.tenant_id = $1 AND b.import_id = $2), created_at) > now() - interval '${DEAD_MINUTES} minutes' AS alive
 FROM import_job WHERE tenant_id = $1 AND id = $2`,
    values: [viewer.tenantId, target.id],
  })
  if (before.status === 'REVERTING' || before.status === 'REVERTED')
    return refused('The import is reverted already.', before.status)
  if (before.dryRun) return refused('A dry run changed nothing.', before.status)
  if (before.status === 'QUEUED') return refused('The import has not begun; cancel it.', 'QUEUED')
  if (before.status === 'RUNNING' && state?.alive) return refused('The import is still under way.', 'RUNNING')
  if (state?.over) return refused(`An import can be reverted for ${REVERT_DAYS} days.`, 'FINAL')
  await db.rows({
    text: `UPDATE import_job SET status = 'REVERTING' WHERE tenant_id = $1 AND id = $2`,
    values: [viewer.tenantId, target.id],
  })
  const [open] = await db.rows<{ total: number }>({
    text: 'SELECT coalesce(sum(cardinality(change_ids)), 0)::integer AS total FROM import_batch WHERE tenant_id = $1 AND import_id = $2 AND reverted_at IS NULL',
    values: [viewer.tenantId, target.id],
  })
  await enqueueJob(db, viewer.tenantId, {
    kind: IMPORT_REVERT,
    subject: before.fileName as string,
    input: { importId: target.id },
    key: `import ${target.id} revert`,
    total: open?.total ?? 0,
  })
  return { id: target.id, errors: [] }
}

/** What a step of a revert did, in records: put into the recycle bin, given back their values, left because somebody wrote them since, refused. */
export interface RevertFigures {
  DELETED: number
  RESTORED: number
  KEPT: number
  FAILED: number
}

/** A change of the import on its way back. */
interface Undo {
  id: string
  operation: string
  /** Name of the table. */
  object: string
  record: string
  version: number
  fields: string[]
}

/**
 * Takes back the latest batch of an import that still stands.
 *
 * @param context of the company itself: who ordered it had the rights.
 * @returns null when none is left: then the import is reverted.
 */
export async function revertBatch(
  context: WriteContext,
  importId: string,
): Promise<{ done: number; figures: RevertFigures } | null> {
  const { db, viewer } = context
  const { tenantId } = viewer
  const [batch] = await db.rows<{ id: string; changes: string[] }>({
    text: 'SELECT id, change_ids AS changes FROM import_batch WHERE tenant_id = $1 AND import_id = $2 AND reverted_at IS NULL ORDER BY id DESC LIMIT 1 FOR UPDATE',
    values: [tenantId, importId],
  })
  if (!batch) {
    await db.rows({
      text: `UPDATE import_job SET status = 'REVERTED', reverted_at = now() WHERE tenant_id = $1 AND id = $2`,
      values: [tenantId, importId],
    })
    return null
  }
  const changed = await db.rows<Undo>({
    text: `SELECT c.id, c.operation, c.object, c.record_id AS record, c.record_version AS version, c.changed_fields AS fields FROM change c
 WHERE c.tenant_id = $1 AND c.id = ANY ($2::uuid[]) ORDER BY c.ordinal DESC`,
    values: [tenantId, batch.changes],
  })
  // What follows from the records does so again.
  const undos = changed.filter(({ object }) => !typeOf(object)?.derived)
  const figures: RevertFigures = { DELETED: 0, RESTORED: 0, KEPT: 0, FAILED: 0 }
  const made = new Set(undos.flatMap(({ operation, record }) => (operation === 'created' ? [record] : [])))
  await restore(
    context,
    undos.filter(({ operation, record }) => operation === 'updated' && !made.has(record)),
    figures,
  )
  await remove(
    context,
    undos.filter(({ operation }) => operation === 'created'),
    figures,
  )
  await db.rows({
    text: 'UPDATE import_batch SET reverted_at = now() WHERE tenant_id = $1 AND id = $2',
    values: [tenantId, batch.id],
  })
  return { done: batch.changes.length, figures }
}

const typeOf = (table: string): RecordType | undefined => recordTypes().find((type) => type.table === table)

/** Gives records the values that stood there before, the last change first; a column that holds something newer keeps it. */
async function restore(context: WriteContext, undos: Undo[], figures: RevertFigures): Promise<void> {
  const { db, viewer } = context
  const touched = new Map<string, Set<string>>()
  let rest = undos
  while (rest.length > 0) {
    // Of each record one change at a time.
    const seen = new Set<string>()
    const round = rest.filter(({ record }) => !seen.has(record) && seen.add(record))
    rest = rest.filter((one) => !round.includes(one))
    for (const group of Map.groupBy(round, ({ object, fields }) => `${object} ${fields}`).values()) {
      const [{ object, fields }] = group as [Undo, ...Undo[]]
      const type = typeOf(object)
      const known = type && new Set([...columnsOf(type).values()].map(({ column }) => column))
      const names = fields.filter((name) => known?.has(name)).map(ident)
      if (!type || names.length === 0) continue
      const t = ident(object)
      const sets = names.map(
        (name) =>
          `${name} = CASE WHEN to_jsonb(t.${name}) IS NOT DISTINCT FROM to_jsonb(a.${name}) THEN b.${name} ELSE t.${name} END`,
      )
      const differs = names.map((name) => `to_jsonb(t.${name}) IS NOT DISTINCT FROM to_jsonb(a.${name})`).join(' OR ')
      const put = (some: Undo[]) =>
        db.savepoint(() =>
          db.rows<{ id: string }>({
            text: `UPDATE ${t} t SET ${sets.join(', ')} FROM change c, LATERAL jsonb_populate_record(NULL::${t}, c.before) b, LATERAL jsonb_populate_record(NULL::${t}, c.after) a
 WHERE c.tenant_id = $1 AND c.id = ANY ($2::uuid[]) AND t.tenant_id = $1 AND t.id = c.record_id AND t.deleted_at IS NULL AND (${differs}) RETURNING t.id`,
            values: [viewer.tenantId, some.map(({ id }) => id)],
          }),
        )
      const rows = await oneByOne(group, put, figures)
      figures.RESTORED += rows.length
      if (!isMatched(type.name)) continue
      const ids = touched.get(type.name) ?? new Set()
      for (const { id } of rows) ids.add(id)
      touched.set(type.name, ids)
    }
  }
  for (const [name, ids] of touched) await refillKeys(context, name as DuplicateObject, [...ids])
}

const isMatched = (name: string): boolean => (OBJECTS as readonly string[]).includes(name)

/** Does all at once, and when the database refuses that, one after the other, so that only those fail that it refuses. */
async function oneByOne<T>(some: Undo[], put: (some: Undo[]) => Promise<T[]>, figures: RevertFigures): Promise<T[]> {
  try {
    return await put(some)
  } catch (error) {
    // Integrity constraints: a unique key that another has by now, a reference that is gone.
    if (!String((error as { code?: string }).code).startsWith('23')) throw error
    if (some.length === 1) {
      figures.FAILED++
      return []
    }
    const found: T[] = []
    for (const one of some) found.push(...(await oneByOne([one], put, figures)))
    return found
  }
}

/** Puts what was made into the recycle bin, what was made last first. What a user or a key has written since stays, and what others refer to. */
async function remove(context: WriteContext, undos: Undo[], figures: RevertFigures): Promise<void> {
  const { db, viewer } = context
  for (const [table, group] of Map.groupBy(undos, ({ object }) => object)) {
    const type = typeOf(table)
    if (!type) continue
    const rows = await db.rows<{ id: string; kept: boolean }>({
      text: `SELECT t.id, EXISTS (SELECT 1 FROM change c WHERE c.tenant_id = $1 AND c.object = $4 AND c.record_id = t.id AND c.record_version > x.version AND c.actor LIKE ANY (ARRAY['user:%', 'apiKey:%'])) AS kept
 FROM unnest($2::uuid[], $3::integer[]) AS x(id, version) JOIN ${ident(table)} t ON t.tenant_id = $1 AND t.id = x.id AND t.deleted_at IS NULL`,
      values: [viewer.tenantId, group.map(({ record }) => record), group.map(({ version }) => version), table],
    })
    const going = rows.filter(({ kept }) => !kept)
    figures.KEPT += rows.length - going.length
    const written = await deleteRecords(
      context,
      type,
      going.map(({ id }) => ({ id })),
      { partial: true },
    )
    const failed = written.filter(({ errors }) => errors.length > 0).length
    figures.FAILED += failed
    figures.DELETED += written.length - failed
  }
}

import { requireRight } from '../../access/decide.ts'
import { type UserErrorInfo, UserErrors } from '../../errors.ts'
import { recordType } from '../../read/recordType.ts'
import { idOf, NO_ID, uuidOf } from '../../read/values.ts'
import type { Writer } from '../../tenancy/tenancy.ts'
import { validationError } from '../normalise.ts'
import { lockTargets, type Written } from '../records.ts'
import type { WriteContext } from '../write.ts'
import { moveFile } from './attachment.ts'
import { endImport, enterImport, type ImportCounts } from './importJob.ts'

/** An import as it is ordered through the API. */
export interface ImportOrder {
  /** Of the file, as clients write it. */
  attachmentId: string
  mapping: unknown
  mode: 'CREATE' | 'UPSERT'
  dryRun: boolean
}

/** What was found out about a mapping: the type of its records, or all that is wrong with it, each with its place. */
export type CheckedMapping = { object: string } | { faults: { place: string; message: string }[] }

/** Imports of a company that wait or run at most, so that nobody's queue grows without end. */
export const OPEN_IMPORTS = 20
/** Rows that a dry run looks at: it is one transaction, and others wait for what it holds. */
export const DRY_RUN_ROWS = 10_000

/**
 * Orders that a file be imported: it comes to hang at its ImportJob, which waits for the worker (jobs/import/worker.ts). It is done with the rights that the
 * caller has then.
 *
 * Errors: NOT_FOUND and FORBIDDEN for the file, VALIDATION_FAILED for the mapping, each fault with its place, QUOTA_EXCEEDED.
 *
 * @param checked what the mapping was found to be, with the caller's rights.
 * @throws FORBIDDEN without the right to make imports.
 */
export async function startImport(
  context: WriteContext,
  order: ImportOrder,
  checked: CheckedMapping,
): Promise<Written> {
  const { db, viewer } = context
  requireRight(viewer, 'create', 'ImportJob')
  const refused = (...errors: UserErrorInfo[]): Written => ({ id: null, errors })
  // It is done when nobody is there to ask: by a user, or by a key that speaks for one and that is looked up again then.
  const key = viewer.kind === 'apiKey' ? await apiKeyOf(db, viewer.tenantId, viewer.credentialId as string) : null
  if (viewer.userId === null || (viewer.kind === 'apiKey' && key === null))
    return refused({
      code: 'FORBIDDEN',
      message: 'Imports are ordered by users, and by API keys that speak for one.',
      field: null,
    })
  if ('faults' in checked)
    return refused(
      ...checked.faults.map(({ place, message }) => ({
        ...validationError(['input', 'mapping'], 'mapping', place ? `: ${place} ${message}` : message),
        details: { rule: 'mapping', place },
      })),
    )
  await lockImports(db, viewer.tenantId)
  const [open] = await db.rows<{ n: number }>({
    text: 'SELECT count(*)::integer AS n FROM import_run WHERE tenant_id = $1',
    values: [viewer.tenantId],
  })
  if ((open?.n ?? 0) >= OPEN_IMPORTS)
    return refused({
      code: 'QUOTA_EXCEEDED',
      message: `At most ${OPEN_IMPORTS} imports of a company wait or run at a time.`,
      field: ['input'],
      details: { limit: OPEN_IMPORTS, current: open?.n ?? 0 },
    })
  const attachment = uuidOf('Attachment', order.attachmentId) ?? NO_ID
  // Who may not have the bytes does not get them as records.
  if (
    viewer.access.hides(recordType('Attachment'), 'sha256') ||
    viewer.access.masks(recordType('Attachment'), 'sha256', true)
  )
    return refused({ code: 'FIELD_FORBIDDEN', message: 'You may not read files.', field: ['input', 'attachmentId'] })
  const [file] = await db.rows<{ name: string }>({
    text: 'SELECT file_name AS name FROM attachment WHERE tenant_id = $1 AND id = $2',
    values: [viewer.tenantId, attachment],
  })
  const id = await enterImport(db, viewer.tenantId, {
    object: checked.object,
    mode: order.mode,
    fileName: file?.name ?? '',
    status: 'QUEUED',
    dryRun: order.dryRun,
    mapping: order.mapping,
  })
  const moved = await moveFile(context, { id: order.attachmentId, recordId: idOf('ImportJob', id) })
  if (moved.errors.length > 0)
    // Nothing stays of the import: the transaction is undone.
    throw new UserErrors(moved.errors.map((error) => ({ ...error, field: ['input', 'attachmentId'] })))
  await db.rows({
    text: 'INSERT INTO import_run (tenant_id, import_id, attachment_id, key_id) VALUES ($1, $2, $3, $4)',
    values: [viewer.tenantId, id, attachment, key],
  })
  return { id, errors: [] }
}

/** One after the other, so that of two at once the second sees what the first did: in a statement of its own, for one that waits sees what there was before it. */
async function lockImports(db: Writer, tenantId: string): Promise<void> {
  await db.rows({
    text: `SELECT pg_advisory_xact_lock(hashtextextended('imports ' || $1::text, 0))`,
    values: [tenantId],
  })
}

/** The key's uuid if it is an API key; null for a partner's app, whose token may be narrower than it. */
async function apiKeyOf(db: Writer, tenantId: string, id: string): Promise<string | null> {
  const [key] = await db.rows<{ id: string }>({
    text: `SELECT id FROM api_key WHERE tenant_id = $1 AND id = $2 AND kind = 'API_KEY'`,
    values: [tenantId, id],
  })
  return key?.id ?? null
}

/**
 * Stops an import: one that waits at once, one that runs behind the batches that are being written; what they wrote stays, and revertImport takes it back.
 * Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE for one that is over, or that the command line runs.
 */
export async function cancelImport(context: WriteContext, id: string): Promise<Written> {
  const { db, viewer } = context
  requireRight(viewer, 'update', 'ImportJob')
  const target = { id: uuidOf('ImportJob', id) ?? NO_ID }
  const [locked] = await lockTargets(context, recordType('ImportJob'), [target], {
    action: 'update',
    pathOf: () => ['id'],
  })
  if (!locked?.before || locked.errors.length > 0) return { id: null, errors: locked?.errors ?? [] }
  const from = locked.before.status as string
  const [run] = await db.rows<{ held: boolean }>({
    text: `UPDATE import_run SET stop = true WHERE tenant_id = $1 AND import_id = $2 RETURNING lease_until IS NOT NULL AS held`,
    values: [viewer.tenantId, target.id],
  })
  if (!run)
    return {
      id: null,
      errors: [
        {
          code: 'INVALID_STATE',
          message: 'There is nothing to stop: the import is over, or runs on the command line.',
          field: ['id'],
          details: { from, to: 'CANCELLED', allowed: [] },
        },
      ],
    }
  if (!run.held) await endImport(db, viewer.tenantId, target.id, { status: 'CANCELLED' }, NOTHING)
  return { id: target.id, errors: [] }
}

const NOTHING: ImportCounts = { rows: 0, created: 0, updated: 0, unchanged: 0, failed: 0, problems: 0 }

/** Seconds after which an import whose worker says nothing is given up: the worker has died. */
const LEASE_SECONDS = 60

/** An import that a worker has taken. */
export interface TakenImport {
  id: string
  userId: string
  keyId: string | null
  mode: 'CREATE' | 'UPSERT'
  mapping: unknown
  dryRun: boolean
  /** Of the file; null when it is gone. */
  fileId: string | null
}

/** Takes the import of a company that has waited longest; null when none waits, one is under way, or the company is suspended. Those whose worker has died end FAILED, INTERRUPTED: what they wrote stays. */
export async function takeImport(db: Writer, tenantId: string): Promise<TakenImport | null> {
  const [tenant] = await db.rows<{ open: boolean }>({
    text: `SELECT status NOT IN ('SUSPENDED', 'DELETING') AS open FROM tenant WHERE id = $1`,
    values: [tenantId],
  })
  if (!tenant?.open) return null
  await lockImports(db, tenantId)
  const dead = await db.rows<{ id: string }>({
    text: `SELECT import_id AS id FROM import_run WHERE tenant_id = $1 AND lease_until < now() FOR UPDATE SKIP LOCKED`,
    values: [tenantId],
  })
  for (const { id } of dead) {
    const [counts] = await db.rows<ImportCounts>({
      text: `SELECT coalesce(rows, 0) AS rows, coalesce(created, 0) AS created, coalesce(updated, 0) AS updated, coalesce(unchanged, 0) AS unchanged, coalesce(failed, 0) AS failed, coalesce(problems, 0) AS problems
 FROM import_job WHERE tenant_id = $1 AND id = $2`,
      values: [tenantId, id],
    })
    const why = { errorCode: 'INTERRUPTED', errorMessage: 'The process that ran the import died.' }
    await endImport(db, tenantId, id, { status: 'FAILED', ...why }, counts ?? NOTHING)
  }
  // A company's imports are done one after the other, whichever process is at them.
  const [running] = await db.rows({
    text: 'SELECT 1 FROM import_run WHERE tenant_id = $1 AND lease_until IS NOT NULL LIMIT 1',
    values: [tenantId],
  })
  if (running) return null
  const [next] = await db.rows<{ id: string; attachmentId: string; keyId: string | null }>({
    text: `SELECT import_id AS id, attachment_id AS "attachmentId", key_id AS "keyId" FROM import_run WHERE tenant_id = $1 AND lease_until IS NULL ORDER BY import_id LIMIT 1 FOR UPDATE SKIP LOCKED`,
    values: [tenantId],
  })
  if (!next) return null
  await renewImport(db, tenantId, next.id)
  const [job] = await db.rows<Omit<TakenImport, 'id' | 'keyId'>>({
    text: `UPDATE import_job j SET status = 'RUNNING' WHERE j.tenant_id = $1 AND j.id = $2
 RETURNING j.created_by AS "userId", j.mode, j.mapping, j.dry_run AS "dryRun", (SELECT a.file_id FROM attachment a WHERE a.tenant_id = $1 AND a.id = $3 AND a.deleted_at IS NULL) AS "fileId"`,
    values: [tenantId, next.id, next.attachmentId],
  })
  return job ? { ...job, id: next.id, keyId: next.keyId } : null
}

/** Says that the worker is alive, and hears whether the import is to go on: 'stop' when somebody wants it to stop, 'lost' when it was given up already. */
export async function renewImport(db: Writer, tenantId: string, id: string): Promise<'go' | 'stop' | 'lost'> {
  const [run] = await db.rows<{ stop: boolean }>({
    text: `UPDATE import_run SET lease_until = now() + interval '${LEASE_SECONDS} seconds' WHERE tenant_id = $1 AND import_id = $2 RETURNING stop`,
    values: [tenantId, id],
  })
  if (!run) return 'lost'
  return run.stop ? 'stop' : 'go'
}

/** Notes how far an import is, for whoever waits for it. */
export async function noteImport(db: Writer, tenantId: string, id: string, counts: ImportCounts): Promise<void> {
  const { rows, created, updated, unchanged, failed, problems } = counts
  await db.rows({
    text: `UPDATE import_job SET rows = $3, created = $4, updated = $5, unchanged = $6, failed = $7, problems = $8 WHERE tenant_id = $1 AND id = $2 AND status = 'RUNNING'`,
    values: [tenantId, id, rows, created, updated, unchanged, failed, problems],
  })
}

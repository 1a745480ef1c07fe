import { may, requireRight } from '../../access/decide.ts'
import { requestError, type UserErrorInfo, UserErrors } from '../../errors.ts'
import { decodeId, newId } from '../../ids.ts'
import { fieldOf, type RecordType, recordType, recordTypeOfPrefix } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { refuse } from '../checks.ts'
import { normalise, validationError } from '../normalise.ts'
import { lockTargets, type Written } from '../records.ts'
import { type Change, forbidden, type Input, type WriteContext } from '../write.ts'

const TYPE = 'Attachment'

/** The record types that files can be attached to: those that declare the way to them. */
const takesFiles = (type: RecordType) =>
  [...type.relations.values()].some((one) => one.kind === 'linked' && one.link === TYPE)

/** Rule of attachments: a name that means the same wherever the file is saved. */
export function writeAttachment(changes: Change[]): void {
  for (const change of changes) {
    const { fileName } = change.values
    if (typeof fileName === 'string' && !isPlainName(fileName))
      refuse(change, 'fileName', 'fileName', 'must be a name of a file: no path, no control or direction characters')
  }
}

/** No path, nothing that is not shown, nothing that turns the reading direction (photo_gpj.exe read as photo_exe.jpg). */
export function isPlainName(name: string): boolean {
  return (
    !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff/\\]/u.test(name) &&
    !/^\.*$/.test(name.trim())
  )
}

/**
 * The record that a file is to hang at, locked so that it does not go meanwhile: who may update it may attach to it; a customer's own user to their own comments.
 *
 * @returns its type and uuid; with NOT_FOUND for what the caller may not see and for types that take no files, FORBIDDEN for what they see and may not update.
 */
export async function lockHolder(
  context: WriteContext,
  recordId: string,
): Promise<{ type: string; id: string; errors: UserErrorInfo[] }> {
  const path = ['recordId']
  const decoded = decodeId(recordId)
  const type = decoded ? recordTypeOfPrefix(decoded.prefix) : undefined
  const none = { type: '', id: NO_ID, errors: [notFound('recordId names no record.', path)] }
  if (!decoded || !type || !takesFiles(type) || !may(context.viewer, 'read', type.name)) return none
  const [change] = await lockTargets(context, type, [{ id: decoded.uuid }], { action: 'update', pathOf: () => path })
  // As for every other reference, whatever its type: the answer does not tell which.
  if (!change || change.errors.some(({ code }) => code === 'NOT_FOUND')) return none
  const { viewer } = context
  // A customer's own user adds to what they said, which nobody changes.
  const adds = viewer.access.standing.customer
    ? type.name === 'CaseComment' && change.before?.createdById === viewer.userId
    : may(viewer, 'update', type.name)
  const errors = change.errors.length > 0 || !adds ? [forbidden(`${type.name}.update`, path)] : []
  return { type: type.name, id: decoded.uuid, errors }
}

const notFound = (message: string, field: string[]): UserErrorInfo => ({ code: 'NOT_FOUND', message, field })

/** What somebody says of a file that they send; as clients write it. */
export interface FileInput {
  fileName: string
  recordId?: string | null
  description?: string | null
  category?: string | null
}

/** What was found out about a file while it came in. */
export interface FileFacts {
  contentType: string
  size: number
  sha256: string
}

/** What is said of a file, read and checked, with the record that it is for locked; throws UserErrors that name everything wrong. */
export async function checkFile(
  context: WriteContext,
  input: FileInput,
): Promise<{ values: Input; holder: { type: string; id: string } | null }> {
  const { viewer } = context
  requireRight(viewer, 'create', TYPE)
  const type = recordType(TYPE)
  const errors: UserErrorInfo[] = []
  const values: Input = {}
  for (const name of ['fileName', 'description', 'category'] as const) {
    const given = input[name]
    if (given == null) continue
    if (!viewer.access.mayWriteField(type, name)) {
      errors.push({ code: 'FIELD_FORBIDDEN', message: `You may not write ${name}.`, field: [name] })
      continue
    }
    const result = normalise(fieldOf(type, name), given, viewer)
    if ('rule' in result) errors.push(validationError([name], result.rule, result.message))
    else values[name] = result.ok
  }
  const change: Change = { id: NO_ID, path: [], before: null, values, input: {}, errors }
  if (values.fileName === null) errors.push(validationError(['fileName'], 'required', 'is required'))
  else writeAttachment([change])
  let holder: { type: string; id: string } | null = null
  if (input.recordId == null) {
    // Nobody but an administrator would ever find it again.
    if ((viewer.userId === null && !viewer.access.set.full) || viewer.access.standing.customer)
      errors.push(
        validationError(['recordId'], 'required', 'is required of customers, and of callers that are no user'),
      )
  } else if (!viewer.access.mayWriteField(type, 'recordId')) {
    errors.push({ code: 'FIELD_FORBIDDEN', message: 'You may not write recordId.', field: ['recordId'] })
  } else {
    const found = await lockHolder(context, input.recordId)
    errors.push(...found.errors)
    holder = found
  }
  if (errors.length > 0) throw new UserErrors(errors)
  return { values, holder }
}

/**
 * Takes the place for a file's bytes before they go to the store, and a row that says so: a process that dies from here on leaves a row that is swept.
 *
 * @param fallback bytes that a company may keep which has no quota of its own.
 * @returns the uuid of the file. @throws UserErrors QUOTA_EXCEEDED.
 */
export async function reserveFile({ db, viewer }: WriteContext, size: number, fallback: number): Promise<string> {
  const { tenantId } = viewer
  await db.rows({
    text: 'INSERT INTO storage_use (tenant_id) VALUES ($1) ON CONFLICT (tenant_id) DO NOTHING',
    values: [tenantId],
  })
  const [taken] = await db.rows({
    text: `UPDATE storage_use SET used = used + $2::bigint WHERE tenant_id = $1
 AND used + $2::bigint <= (SELECT coalesce(t.storage_quota, $3::bigint) FROM tenant t WHERE t.id = $1) RETURNING id`,
    values: [tenantId, size, fallback],
  })
  if (!taken) {
    const [use] = await db.rows<{ used: string; quota: string }>({
      text: `SELECT u.used, coalesce(t.storage_quota, $2::bigint) AS quota FROM storage_use u JOIN tenant t ON t.id = u.tenant_id WHERE u.tenant_id = $1`,
      values: [tenantId, fallback],
    })
    throw new UserErrors([
      {
        code: 'QUOTA_EXCEEDED',
        message: 'The company would keep more bytes of files than it may.',
        field: ['file'],
        details: { limit: Number(use?.quota ?? 0), current: Number(use?.used ?? 0), requested: size },
      },
    ])
  }
  const [file] = await db.rows<{ id: string }>({
    text: 'INSERT INTO stored_file (tenant_id, size) VALUES ($1, $2::bigint) RETURNING id',
    values: [tenantId, size],
  })
  return (file as { id: string }).id
}

/** Makes the attachment of a file whose bytes are in the store now. @throws UserErrors as checkFile: much may have happened while they went there. */
export async function addAttachment(
  context: WriteContext,
  input: FileInput,
  fileId: string,
  facts: FileFacts,
): Promise<string> {
  const { values, holder } = await checkFile(context, input)
  return keepFile(context, { ...values, holder }, fileId, facts)
}

/** Makes the attachment of a file whose bytes are in the store now, unchecked: what it is called and where it hangs is for the caller to answer for. */
export async function keepFile(
  { db, viewer }: WriteContext,
  { holder, ...values }: Input & { holder: { type: string; id: string } | null },
  fileId: string,
  { contentType, size, sha256 }: FileFacts,
): Promise<string> {
  const [kept] = await db.rows({
    text: `UPDATE stored_file SET status = 'STORED' WHERE tenant_id = $1 AND id = $2 AND status = 'PENDING' RETURNING id`,
    values: [viewer.tenantId, fileId],
  })
  // It took so long that the sweeper gave it up.
  if (!kept) throw requestError('TIMEOUT')
  const id = newId()
  await db.rows({
    text: `INSERT INTO attachment (tenant_id, id, file_id, file_name, content_type, size, sha256, description, category, object_type, record_id)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, coalesce($9, 'OTHER'), $10, $11)`,
    values: [
      viewer.tenantId,
      id,
      fileId,
      values.fileName,
      contentType,
      size,
      sha256,
      values.description ?? null,
      values.category ?? null,
      holder?.type ?? null,
      holder?.id ?? null,
    ],
  })
  return id
}

/** Says that a file's bytes are not wanted any more; the sweeper removes them. */
export async function giveUpFile({ db, viewer }: WriteContext, fileId: string): Promise<void> {
  await db.rows({
    text: `UPDATE stored_file SET status = 'GONE' WHERE tenant_id = $1 AND id = $2 AND status = 'PENDING'`,
    values: [viewer.tenantId, fileId],
  })
}

/** Arguments of attachFile and detachFile. */
export interface FileMove {
  id: string
  /** Null: from its record. */
  recordId: string | null
  expectedVersion?: number | null
}

/**
 * Hangs a file at a record, or takes it from its record; it is then its uploader's alone and goes after a day unless it is attached again. Needs the right to
 * update the record that it leaves and the one that it comes to.
 *
 * Errors: NOT_FOUND, FORBIDDEN, FIELD_FORBIDDEN, STALE_VERSION.
 */
export async function moveFile(context: WriteContext, { id, recordId, expectedVersion }: FileMove): Promise<Written> {
  const { db, viewer } = context
  requireRight(viewer, 'update', TYPE)
  const type = recordType(TYPE)
  // The record first, as whoever deletes it with its files does.
  const holder = recordId === null ? null : await lockHolder(context, recordId)
  const [change] = await lockTargets(
    context,
    type,
    [{ id: uuidOf(TYPE, id) ?? NO_ID, expectedVersion: expectedVersion ?? null }],
    { action: 'update', pathOf: () => ['id'] },
  )
  const errors = [...(change?.errors ?? []), ...(holder?.errors ?? [])]
  if (!viewer.access.mayWriteField(type, 'recordId'))
    errors.push({ code: 'FIELD_FORBIDDEN', message: 'You may not write recordId.', field: ['recordId'] })
  if (!change || errors.length > 0) return { id: null, errors }
  const before = change.before as { '~type': string | null; '~id': string | null }
  if (before['~id'] === (holder?.id ?? null) && before['~type'] === (holder?.type ?? null))
    return { id: change.id, errors: [], changed: false }
  await db.rows({
    text: 'UPDATE attachment SET object_type = $3, record_id = $4 WHERE tenant_id = $1 AND id = $2',
    values: [viewer.tenantId, change.id, holder?.type ?? null, holder?.id ?? null],
  })
  return { id: change.id, errors: [], changed: true }
}

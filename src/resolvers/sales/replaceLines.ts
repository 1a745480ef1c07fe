import type { UserErrorInfo } from '../../errors.ts'
import { recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { idOf, NO_ID, uuidOf } from '../../read/values.ts'
import { validationError } from '../normalise.ts'
import { createRecords, deleteRecords, updateRecords, type Written } from '../records.ts'
import { lockOne, refused } from '../revenue/refusals.ts'
import type { Input, WriteContext } from '../write.ts'
import type { LineKind } from './lines.ts'

const LINES_MAX = 200

/** All lines of a document as clients write them: with an id one that is there, without one a new one. */
export interface WholeSet {
  id: string
  lines: readonly Input[]
  expectedVersion?: number | null
}

/**
 * Makes the lines of a document what the call says, all or nothing: lines it names by their id are changed, those without are made, all others go to the recycle bin.
 * Without a sort of its own each stands where the call has it.
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, VALIDATION_FAILED, and those of writing the lines.
 */
export async function replaceLines(context: WriteContext, kind: LineKind, given: WholeSet): Promise<Written> {
  const { db, viewer } = context
  const found = await lockOne(context, kind.parent, given, 'update')
  if ('errors' in found) return refused(...found.errors)
  if (given.lines.length > LINES_MAX)
    return refused(validationError(['lines'], 'maxItems', `must have at most ${LINES_MAX} members`))
  const line = recordType(kind.line)
  const rows = await db.rows<{ id: string }>({
    text: `SELECT id FROM ${ident(line.table)} WHERE tenant_id = $1 AND ${ident(line.fields.get(kind.key)?.column as string)} = $2 AND deleted_at IS NULL ORDER BY id`,
    values: [viewer.tenantId, found.id],
  })
  const there = new Set(rows.map(({ id }) => id))
  const parts = given.lines.map(({ id, ...input }, index) => ({
    path: ['lines', String(index)],
    id: id == null ? null : (uuidOf(kind.line, id) ?? NO_ID),
    input: { ...input, sort: input.sort ?? index },
  }))
  const errors = parts.flatMap(({ path, id }, index): UserErrorInfo[] => {
    if (id === null) return []
    if (!there.has(id)) return [{ code: 'NOT_FOUND', message: 'There is no such line.', field: [...path, 'id'] }]
    const again = parts.findIndex((one) => one.id === id) < index
    return again ? [validationError([...path, 'id'], 'once', 'must not be named twice')] : []
  })
  if (errors.length > 0) return refused(...errors)
  const kept = parts.flatMap((part) => (part.id ? [{ ...part, id: part.id }] : []))
  const fresh = parts.filter(({ id }) => id === null)
  const gone = rows.filter(({ id }) => !kept.some((one) => one.id === id))
  const written = [
    ...(gone.length > 0 ? await deleteRecords(context, line, gone, { pathOf: () => ['lines'] }) : []),
    ...(kept.length > 0
      ? await updateRecords(context, line, kept, { pathOf: (index) => kept[index]?.path as string[] })
      : []),
    ...(fresh.length > 0
      ? await createRecords(
          context,
          line,
          fresh.map(({ input }) => ({ ...input, [kind.key]: idOf(kind.parent, found.id) })),
          { pathOf: (index) => fresh[index]?.path as string[] },
        )
      : []),
  ]
  const refusals = written.flatMap((one) => one.errors)
  return refusals.length > 0 ? refused(...refusals) : { id: found.id, errors: [], changed: true }
}

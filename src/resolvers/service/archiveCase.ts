import type { Written } from '../records.ts'
import { readReason, refused } from '../revenue/refusals.ts'
import type { WriteContext } from '../write.ts'
import { lockCase, type NamedCase, putCase } from './putCase.ts'

/**
 * Puts a case away for good, with a reason: what is done with feedback instead of deleting it. It keeps its status and is left out by where: { archivedAt: { isNull: true } }.
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, VALIDATION_FAILED without a reason.
 */
export async function archiveCase(
  context: WriteContext,
  { reason, ...named }: NamedCase & { reason: string },
): Promise<Written> {
  const found = await lockCase(context, named)
  if ('errors' in found) return refused(...found.errors)
  if (found.before.archivedAt) return { id: found.id, errors: [], changed: false }
  const read = readReason(context, 'Case', 'archiveReason', reason)
  if ('code' in read) return refused(read)
  await putCase(context, found.id, { archived_at: new Date(), archive_reason: read.reason })
  return { id: found.id, errors: [], changed: true }
}

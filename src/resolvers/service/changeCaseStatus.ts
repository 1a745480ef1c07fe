import type { UserErrorInfo } from '../../errors.ts'
import { recordType } from '../../read/recordType.ts'
import { updateRecords, type Written } from '../records.ts'
import { readReason, refused, wrongState } from '../revenue/refusals.ts'
import type { Input, WriteContext } from '../write.ts'
import { lockCase, moveCase, type NamedCase, noteOn, stateError } from './putCase.ts'
import { CASE_STATES, type CaseStatus } from './states.ts'
import { surveyClosed } from './surveyClosed.ts'

/** What somebody says of a case that they end, as clients write it. */
export interface Ending extends NamedCase {
  rootCause?: string | null
  resolution?: string | null
}

/** Statuses that a case is in while it is worked on; the others have verbs of their own. */
export const WORKING: readonly CaseStatus[] = ['IN_PROGRESS', 'WAITING_CUSTOMER', 'WAITING_INTERNAL']

/** Says that a case is worked on, or whom it waits for. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE. */
export async function changeCaseStatus(
  context: WriteContext,
  { status, ...named }: NamedCase & { status: CaseStatus },
): Promise<Written> {
  const found = await lockCase(context, named)
  if ('errors' in found) return refused(...found.errors)
  if (!WORKING.includes(status)) {
    const error = wrongState(CASE_STATES, found.before.status as CaseStatus, status, ['status'])
    return refused({
      ...error,
      message: 'That status has a verb of its own.',
      details: { ...(error.details as object), allowed: WORKING },
    })
  }
  return moveCase(context, found, status)
}

/** Says that what the customer asked for is done. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE, FIELD_FORBIDDEN, VALIDATION_FAILED. */
export const resolveCase = (context: WriteContext, ending: Ending): Promise<Written> =>
  endCase(context, ending, 'RESOLVED')

/**
 * Ends a case, and asks its contact where a survey says so. A complaint needs to say what it came of and what was done: CLOSE_REQUIREMENTS_MISSING {fields} (spec/domain.md 3.7). Errors besides: NOT_FOUND, FORBIDDEN,
 * STALE_VERSION, INVALID_STATE, FIELD_FORBIDDEN, VALIDATION_FAILED.
 */
export const closeCase = (context: WriteContext, ending: Ending): Promise<Written> => endCase(context, ending, 'CLOSED')

async function endCase(
  context: WriteContext,
  { rootCause, resolution, ...named }: Ending,
  to: 'RESOLVED' | 'CLOSED',
): Promise<Written> {
  const found = await lockCase(context, named)
  if ('errors' in found) return refused(...found.errors)
  const from = found.before.status as CaseStatus
  if (from === to) return { id: found.id, errors: [], changed: false }
  const errors = stateError(from, to)
  if (errors.length > 0) return refused(...errors)
  const said: Input = Object.fromEntries(
    Object.entries({ rootCause, resolution }).filter(([, value]) => value !== undefined && value !== null),
  )
  const has = (name: string) => Boolean(said[name] ?? found.before[name])
  const missing = ['rootCause', 'resolution'].filter((name) => !has(name))
  if (to === 'CLOSED' && found.before.type === 'COMPLAINT' && missing.length > 0)
    return refused({
      code: 'CLOSE_REQUIREMENTS_MISSING',
      message: `A complaint is closed with ${missing.join(' and ')}.`,
      field: ['id'],
      details: { fields: missing },
    })
  if (Object.keys(said).length > 0) {
    const [written] = await updateRecords(context, recordType('Case'), [{ id: found.id, input: said }], {
      pathOf: () => [],
    })
    if (!written || written.errors.length > 0) return refused(...(written?.errors ?? []))
  }
  const now = new Date()
  const written = await moveCase(context, found, to, {
    ...(found.before.resolvedAt ? {} : { resolved_at: now }),
    ...(to === 'CLOSED' ? { closed_at: now } : {}),
    awaiting_reply_since: null,
  })
  if (to === 'CLOSED' && written.changed) await surveyClosed(context, found.id)
  return written
}

/**
 * Opens a case again that was resolved or closed, with a reason that stands among its comments. Its time to an end begins anew, that to a first answer does not. Errors:
 * NOT_FOUND, FORBIDDEN without the right to reopen, STALE_VERSION, INVALID_STATE, VALIDATION_FAILED without a reason.
 */
export async function reopenCase(
  context: WriteContext,
  { reason, ...named }: NamedCase & { reason: string },
): Promise<Written> {
  const found = await lockCase(context, named, 'reopen')
  if ('errors' in found) return refused(...found.errors)
  if (found.before.status === 'REOPENED') return { id: found.id, errors: [], changed: false }
  const read = readReason(context, 'Case', 'archiveReason', reason)
  if ('code' in read) return refused(read)
  const written = await moveCase(context, found, 'REOPENED', {
    resolved_at: null,
    closed_at: null,
    awaiting_reply_since: null,
    reopen_count: (found.before.reopenCount as number) + 1,
  })
  if (!written.id) return written
  const errors: UserErrorInfo[] = await noteOn(context, found.id, read.reason)
  return errors.length > 0 ? refused(...errors) : written
}

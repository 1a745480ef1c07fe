import type { UserErrorInfo } from '../../errors.ts'
import { recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { validationError } from '../normalise.ts'
import type { Written } from '../records.ts'
import { refused } from '../revenue/refusals.ts'
import { tellAssigned } from '../work/assigned.ts'
import { sqlFor, type Values, type WriteContext } from '../write.ts'
import { isActive } from './people.ts'
import { lockCase, type NamedCase, putCase } from './putCase.ts'
import { giveTurns, isMember } from './queue.ts'
import { OPEN } from './states.ts'

/** Arguments of assignCase as clients write them: a user, or a queue that gives it to somebody or lets it wait. */
export interface Assigning extends NamedCase {
  toUserId?: string | null
  queueId?: string | null
}

const wrong = (code: UserErrorInfo['code'], field: string, message: string, details?: unknown): Written =>
  refused({ code, message, field: [field], ...(details ? { details } : {}) })

const over = (status: unknown): Written =>
  wrong('INVALID_STATE', 'id', 'The case is over; reopen it first.', { from: status, to: 'ASSIGNED', allowed: OPEN })

/**
 * Gives an open case to a user, or puts it into a queue, which gives it to the member whose turn it is or lets it wait. Errors: NOT_FOUND, FORBIDDEN without the right to
 * transfer, STALE_VERSION, USER_INACTIVE, INVALID_STATE for one that is over and a queue that is not in use, VALIDATION_FAILED unless exactly one of the two is named.
 */
export async function assignCase(context: WriteContext, { toUserId, queueId, ...named }: Assigning): Promise<Written> {
  const found = await lockCase(context, named, 'transfer')
  if ('errors' in found) return refused(...found.errors)
  if ((toUserId == null) === (queueId == null))
    return refused(validationError(['toUserId'], 'one', 'must be named, or queueId, and not both'))
  const { id, before } = found
  if (!(OPEN as readonly unknown[]).includes(before.status)) return over(before.status)
  if (queueId != null) return intoQueue(context, id, before, uuidOf('CaseQueue', queueId) ?? NO_ID)
  const user = uuidOf('User', toUserId as string) ?? NO_ID
  if (!(await sees(context, 'User', user))) return wrong('NOT_FOUND', 'toUserId', 'toUserId names no user.')
  if (!(await isActive(context, user))) return wrong('USER_INACTIVE', 'toUserId', 'The user is not active.')
  return give(context, id, before, user)
}

/** Does the viewer see a live record of a type by its uuid. */
async function sees({ db, viewer }: WriteContext, typeName: string, id: string): Promise<boolean> {
  if (!viewer.access.may('read', typeName)) return false
  const type = recordType(typeName)
  const sql = sqlFor(viewer.tenantId)
  const scope = viewer.access.predicate(type, 't', sql)
  const rows = await db.rows({
    text: `SELECT t.id FROM ${type.table} t WHERE t.tenant_id = $1 AND t.id = ${sql.params.add(id, 'uuid')} AND t.deleted_at IS NULL${scope ? ` AND ${scope}` : ''}`,
    values: sql.params.values,
  })
  return rows.length > 0
}

async function intoQueue(context: WriteContext, id: string, before: Values, queueId: string): Promise<Written> {
  if (!(await sees(context, 'CaseQueue', queueId))) return wrong('NOT_FOUND', 'queueId', 'queueId names no queue.')
  const turns = await giveTurns(context, [{ key: id, queueId, wanted: true }])
  const user = turns.get(id)
  if (user === 'INACTIVE') return wrong('INVALID_STATE', 'queueId', 'The queue is not in use.')
  if (user) return give(context, id, before, user, queueId)
  await putCase(context, id, {
    queue_id: queueId,
    owner_id: null,
    ...(before.status === 'ASSIGNED' ? { status: 'NEW' } : {}),
  })
  return { id, errors: [], changed: true }
}

/** A locked case is a user's from now on: what nobody had begun to work on is assigned. */
export async function give(
  context: WriteContext,
  id: string,
  before: Values,
  userId: string,
  queueId: string | null = null,
): Promise<Written> {
  if (before.ownerId === userId && queueId === null) return { id, errors: [], changed: false }
  const status = ['NEW', 'REOPENED'].includes(before.status as string) ? { status: 'ASSIGNED' } : {}
  await putCase(context, id, { owner_id: userId, ...(queueId ? { queue_id: queueId } : {}), ...status })
  await tellAssigned(context, recordType('Case'), [{ id, userId }])
  return { id, errors: [], changed: true }
}

/**
 * Lets a member of its queue take a case that nobody has; to see it is enough. Of two at once the second gets ALREADY_CLAIMED. Errors: NOT_FOUND, INVALID_STATE, and
 * FORBIDDEN for who is no member.
 */
export async function takeCase(context: WriteContext, { id: given }: { id: string }): Promise<Written> {
  const { db, viewer } = context
  const id = uuidOf('Case', given) ?? NO_ID
  if (!viewer.userId || !(await sees(context, 'Case', id))) return wrong('NOT_FOUND', 'id', 'There is no such Case.')
  const [before] = await db.rows<Values>({
    text: 'SELECT number, subject, status, queue_id AS "queueId", owner_id AS "ownerId" FROM service_case WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE',
    values: [viewer.tenantId, id],
  })
  if (before?.ownerId === viewer.userId) return { id, errors: [], changed: false }
  if (before?.ownerId) return wrong('ALREADY_CLAIMED', 'id', 'Somebody else has the case.')
  if (!(await isMember(context, before?.queueId, viewer.userId)))
    return wrong('FORBIDDEN', 'id', 'Members of its queue take it.', { permission: 'Case.transfer' })
  if (!(OPEN as readonly unknown[]).includes(before?.status)) return over(before?.status)
  return give(context, id, before as Values, viewer.userId)
}

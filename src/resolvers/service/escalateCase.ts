import { NO_ID, uuidOf } from '../../read/values.ts'
import type { Written } from '../records.ts'
import { readReason, refused } from '../revenue/refusals.ts'
import { notify } from '../work/notify.ts'
import type { Values, WriteContext } from '../write.ts'
import { departmentHead, isActive } from './people.ts'
import { lockCase, type NamedCase, noteOn, putCase } from './putCase.ts'
import { OPEN } from './states.ts'

/** Arguments of escalateCase as clients write them. */
export interface Escalating extends NamedCase {
  reason: string
  toUserId?: string | null
}

/**
 * Brings a case to the attention of somebody above: the user who is named, else the head of the owner’s department. A complaint is told to that head in any case (spec/domain.md
 * 3.7). Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE for one that is over, USER_INACTIVE, VALIDATION_FAILED without a reason.
 */
export async function escalateCase(
  context: WriteContext,
  { reason, toUserId, ...named }: Escalating,
): Promise<Written> {
  const found = await lockCase(context, named)
  if ('errors' in found) return refused(...found.errors)
  const { id, before } = found
  const read = readReason(context, 'Case', 'archiveReason', reason)
  if ('code' in read) return refused(read)
  if (!(OPEN as readonly unknown[]).includes(before.status))
    return refused({
      code: 'INVALID_STATE',
      message: 'The case is over; reopen it first.',
      field: ['id'],
      details: { from: before.status, allowed: OPEN },
    })
  const given = toUserId == null ? null : (uuidOf('User', toUserId) ?? NO_ID)
  if (given && (!context.viewer.access.may('read', 'User') || !(await isActive(context, given)))) {
    const code =
      context.viewer.access.may('read', 'User') && (await exists(context, given)) ? 'USER_INACTIVE' : 'NOT_FOUND'
    return refused({ code, message: 'toUserId names no active user.', field: ['toUserId'] })
  }
  const head = await departmentHead(context, before.ownerId as string | null)
  const to = given ?? head
  if (before.isEscalated && before.escalatedToId === to) return { id, errors: [], changed: false }
  await putCase(context, id, { is_escalated: true, escalated_to_id: to, escalated_at: new Date() })
  const errors = await noteOn(context, id, read.reason)
  if (errors.length > 0) return refused(...errors)
  await tellEscalated(context, id, before, [to, before.type === 'COMPLAINT' ? head : null], read.reason)
  return { id, errors: [], changed: true }
}

const exists = async ({ db, viewer }: WriteContext, userId: string): Promise<boolean> =>
  (
    await db.rows({
      text: 'SELECT id FROM app_user WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL',
      values: [viewer.tenantId, userId],
    })
  ).length > 0

/** Tells users (uuids, each once) that a case was escalated. */
async function tellEscalated(
  { db, viewer }: WriteContext,
  id: string,
  { number, subject }: Values,
  users: (string | null)[],
  reason: string,
): Promise<void> {
  await notify(
    db,
    viewer.tenantId,
    [...new Set(users)].flatMap((userId) =>
      userId
        ? [
            {
              userId,
              type: 'CASE_ESCALATED',
              title: `${number}: ${subject}`,
              body: reason,
              record: { type: 'Case', uuid: id },
            },
          ]
        : [],
    ),
  )
}

import type { UserErrorInfo } from '../../errors.ts'
import { forbidden, type WriteContext } from '../write.ts'
import { finish } from './advance.ts'
import { type Instance, lockInstance, lockRecord, log } from './instance.ts'
import { tell } from './mail.ts'
import { allows } from './states.ts'
import { requireUser } from './submit.ts'

/** What is taken back: the record (uuid) of a type that can be approved. */
export interface Withdrawal {
  object: string
  id: string
  comment?: string | null
}

/**
 * Takes the last submission of a record back: its submitter does; an administrator cancels it in their place.
 *
 * Errors: NOT_FOUND for what was never submitted, FORBIDDEN for others, ALREADY_APPROVED, INVALID_STATE for what is over otherwise.
 */
export async function withdrawFromApproval(
  context: WriteContext,
  { object, id, comment = null }: Withdrawal,
): Promise<{ errors: UserErrorInfo[] }> {
  const { db, viewer } = context
  await lockRecord(context, object, id)
  const [last] = await db.rows<{ id: string }>({
    text: `SELECT id FROM approval_instance WHERE tenant_id = $1 AND object_type = $2 AND record_id = $3 AND deleted_at IS NULL ORDER BY submitted_at DESC, id DESC LIMIT 1`,
    values: [viewer.tenantId, object, id],
  })
  const instance = last && (await lockInstance(context, last.id))
  if (!instance) return { errors: [{ code: 'NOT_FOUND', message: 'It was not submitted.', field: ['recordId'] }] }
  return { errors: await withdraw(context, instance, comment, ['recordId']) }
}

/** Takes a locked approval back; see withdrawFromApproval. */
export async function withdraw(
  context: WriteContext,
  instance: Instance,
  comment: string | null,
  field: string[],
): Promise<UserErrorInfo[]> {
  const { viewer } = context
  const own = requireUser(context) === instance.submitterId
  if (!own && !viewer.access.set.full) return [forbidden('ApprovalInstance.update', field)]
  if (instance.status === 'APPROVED')
    return [{ code: 'ALREADY_APPROVED', message: 'What was approved cannot be withdrawn.', field }]
  const action = own ? 'WITHDRAW' : 'CANCEL'
  if (!allows(instance.status, action)) return [over(instance.status, field)]
  await log(context, instance, { action, comment })
  await finish(context, instance, own ? 'WITHDRAWN' : 'CANCELLED')
  if (!own) await tell(context, instance, [instance.submitterId], 'CANCELLED', comment)
  return []
}

/** INVALID_STATE for what is not there to be decided any more. */
export const over = (from: string, field: string[]): UserErrorInfo => ({
  code: 'INVALID_STATE',
  message: `It is ${from}, not PENDING.`,
  field,
  details: { from, allowed: [] },
})

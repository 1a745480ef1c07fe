import type { UserErrorInfo } from '../../errors.ts'
import { validationError } from '../normalise.ts'
import type { Written } from '../records.ts'
import type { WriteContext } from '../write.ts'
import { type Ask, act, type Turn } from './act.ts'
import { advance, enter, finish } from './advance.ts'
import { type Instance, log, stepOf, type Task } from './instance.ts'
import { tell } from './mail.ts'

/** Approves for the caller. Errors: those of act, NO_APPROVER when nobody is found for the step that follows. */
export async function approve(context: WriteContext, ask: Ask): Promise<Written> {
  return act(context, ask, 'APPROVE', async ({ instance, task, comment }) => {
    await settleTask(context, task, 'APPROVED', comment)
    await note(context, { instance, task, comment }, 'APPROVE')
    return advance(context, instance)
  })
}

/** Rejects: one who does decides for all, and the record may be changed and submitted again. Errors: those of act, COMMENT_REQUIRED. */
export async function reject(context: WriteContext, ask: Ask): Promise<Written> {
  return act(context, ask, 'REJECT', async (turn) => {
    const { instance, task, comment } = turn
    const silent = refuseSilence(turn)
    if (silent) return [silent]
    await settleTask(context, task, 'REJECTED', comment)
    await note(context, turn, 'REJECT')
    await finish(context, instance, 'REJECTED')
    await tell(context, instance, [instance.submitterId], 'REJECTED', comment)
    return []
  })
}

/**
 * Gives it back: to the submitter, who may change it and submit it again (it is WITHDRAWN then), or to an earlier step, which begins anew, as do those behind it.
 *
 * Errors: those of act, COMMENT_REQUIRED, VALIDATION_FAILED for a step that is not before this one, NO_APPROVER.
 */
export async function returnApproval(
  context: WriteContext,
  { toStep, ...ask }: Ask & { toStep?: number | null },
): Promise<Written> {
  return act(context, ask, 'RETURN', async (turn) => {
    const { instance, task, comment } = turn
    const silent = refuseSilence(turn)
    if (silent) return [silent]
    if (toStep != null && (toStep < 1 || toStep >= instance.currentStep))
      return [validationError(['toStep'], 'earlier', `must be a step before the current one, ${instance.currentStep}`)]
    await settleTask(context, task, 'RETURNED', comment)
    await note(context, turn, 'RETURN', toStep ?? null)
    if (toStep == null) {
      await finish(context, instance, 'WITHDRAWN')
      await tell(context, instance, [instance.submitterId], 'RETURNED', comment)
      return []
    }
    await reopen(context, instance, toStep)
    return enter(context, instance, toStep)
  })
}

/** What was approved from a step on is asked again: it counts no more. */
async function reopen({ db, viewer }: WriteContext, { id }: Instance, from: number): Promise<void> {
  await db.rows({
    text: `UPDATE approval_task SET status = 'CANCELLED', due_at = NULL WHERE tenant_id = $1 AND instance_id = $2 AND step >= $3 AND status IN ('PENDING', 'WAITING', 'APPROVED')`,
    values: [viewer.tenantId, id, from],
  })
}

function refuseSilence({ instance, comment }: Turn): UserErrorInfo | null {
  if (comment || !stepOf(instance).requireComment) return null
  return { code: 'COMMENT_REQUIRED', message: 'The step asks for a comment with a refusal.', field: ['comment'] }
}

/** Notes what an approver decided about their task. */
export async function settleTask(
  { db, viewer }: WriteContext,
  { id }: Task,
  status: 'APPROVED' | 'REJECTED' | 'RETURNED' | 'TRANSFERRED',
  comment: string | null,
  automatic = false,
): Promise<void> {
  await db.rows({
    text: 'UPDATE approval_task SET status = $3, comment = $4, automatic = $5, decided_at = now(), due_at = NULL WHERE tenant_id = $1 AND id = $2',
    values: [viewer.tenantId, id, status, comment, automatic],
  })
}

const note = (
  context: WriteContext,
  { instance, task, comment }: Turn,
  action: 'APPROVE' | 'REJECT' | 'RETURN',
  toStep: number | null = null,
) => log(context, instance, { action, taskId: task.id, delegatedFromId: task.delegatedFromId, toStep, comment })

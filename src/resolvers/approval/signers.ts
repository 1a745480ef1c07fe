import { may } from '../../access/decide.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { newId } from '../../ids.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { type Assignment, climb } from '../identity/approver.ts'
import { validationError } from '../normalise.ts'
import type { Written } from '../records.ts'
import type { WriteContext } from '../write.ts'
import { type Ask, act, OWN, type Turn } from './act.ts'
import { dueOf, remindAt } from './advance.ts'
import { held, searchFor } from './approvers.ts'
import { settleTask } from './decide.ts'
import { type Instance, log, stepOf, type Task, tasksOf } from './instance.ts'
import { tell } from './mail.ts'

/** An act that brings somebody in. */
export type Bring = Ask & { toUserId: string }

/**
 * Asks a further approver, 加签: at once, and besides those of the step, whatever its mode; it is not done without them.
 *
 * Errors: those of act; NOT_FOUND, USER_INACTIVE, SELF_APPROVAL_FORBIDDEN for the submitter, VALIDATION_FAILED for who is asked already or could not decide it.
 */
export async function addSigner(context: WriteContext, { toUserId, ...ask }: Bring): Promise<Written> {
  return act(context, ask, 'ADD_SIGN', async (turn) => {
    const { instance, task, comment } = turn
    const found = await newcomer(context, instance, toUserId)
    if ('code' in found) return [found]
    await insert(context, instance, { ...task, added: true }, found)
    await log(context, instance, entry('ADD_SIGN', turn, found, comment))
    await tell(context, instance, [found.approverId], 'REQUEST', comment)
    return []
  })
}

/** Gives the caller's own decision to somebody else, 转审, who decides in their place. Errors as addSigner. */
export async function transferApproval(context: WriteContext, { toUserId, ...ask }: Bring): Promise<Written> {
  return act(context, ask, 'TRANSFER', async (turn) => {
    const { instance, task, comment } = turn
    const found = await newcomer(context, instance, toUserId)
    if ('code' in found) return [found]
    await settleTask(context, task, 'TRANSFERRED', comment)
    await insert(context, instance, task, found)
    await log(context, instance, entry('TRANSFER', turn, found, comment))
    await tell(context, instance, [found.approverId], 'REQUEST', comment)
    return []
  })
}

const entry = (
  action: 'ADD_SIGN' | 'TRANSFER',
  { task }: Turn,
  { approverId }: Assignment,
  comment: string | null,
) => ({
  action,
  taskId: task.id,
  delegatedFromId: task.delegatedFromId,
  toUserId: approverId,
  comment,
})

/** Who is to decide: the user that is named, or, while they are out of office, who stands in for them. */
async function newcomer(context: WriteContext, instance: Instance, named: string): Promise<Assignment | UserErrorInfo> {
  const { db, viewer } = context
  const field = ['toUserId']
  const id = uuidOf('User', named) ?? NO_ID
  const [user] = may(viewer, 'read', 'User')
    ? await db.rows<{ active: boolean }>({
        text: `SELECT status = 'ACTIVE' AS active FROM app_user WHERE tenant_id = $1 AND id = $2 AND contact_id IS NULL AND deleted_at IS NULL FOR SHARE`,
        values: [viewer.tenantId, id],
      })
    : []
  if (!user) return { code: 'NOT_FOUND', message: 'There is no such User.', field }
  if (!user.active) return { code: 'USER_INACTIVE', message: 'The user does not work here now.', field }
  const step = stepOf(instance)
  if (id === instance.submitterId && step.sameAsSubmitterAction !== 'ALLOW') return { ...OWN, field }
  const found = await held(context, () => climb(searchFor(context, instance, step), id))
  // Their superior was not named: nobody but them, or who stands in for them.
  if (!found || (found.approverId !== id && found.onBehalfOfId !== id))
    return validationError(field, 'approver', 'must be a user who may see the record and decide approvals')
  const asked = (await tasksOf(context, instance)).some(
    ({ approverId, status }) => approverId === found.approverId && (status === 'PENDING' || status === 'WAITING'),
  )
  return asked ? validationError(field, 'once', 'must be somebody who is not asked already') : found
}

async function insert(
  context: WriteContext,
  instance: Instance,
  { sort, added }: Pick<Task, 'sort' | 'added'>,
  { approverId, onBehalfOfId }: Assignment,
): Promise<void> {
  const { db, viewer } = context
  const step = stepOf(instance)
  const due = dueOf(step, new Date())
  await db.rows({
    text: `INSERT INTO approval_task (tenant_id, id, instance_id, step, step_name, round, sort, approver_id, delegated_from_id, submitter_id, added, due_at)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    values: [
      viewer.tenantId,
      newId(),
      instance.id,
      instance.currentStep,
      step.name,
      instance.round,
      sort,
      approverId,
      onBehalfOfId,
      instance.submitterId,
      added,
      due,
    ],
  })
  await remindAt(context, instance.id, due)
}

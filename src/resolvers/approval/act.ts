import { requireRight } from '../../access/decide.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { decodeId } from '../../ids.ts'
import { fieldOf, recordType, recordTypeOfPrefix } from '../../read/recordType.ts'
import { NO_ID } from '../../read/values.ts'
import { normalise, validationError } from '../normalise.ts'
import { lockTargets, type Written } from '../records.ts'
import type { WriteContext } from '../write.ts'
import { type Instance, lockInstance, stepOf, type Task, tasksOf } from './instance.ts'
import { type Action, allows } from './states.ts'
import { requireUser } from './submit.ts'
import { over } from './withdraw.ts'

/** An act on an approval: by its approver, whose turn it is. */
export interface Turn {
  instance: Instance
  task: Task
  /** As it is stored. */
  comment: string | null
}

/** What an act is given by clients: an approval, or the caller's task of it. */
export interface Ask {
  id: string
  comment?: string | null
}

/** What the verbs of approvers answer when they may not. */
export const refused = (...errors: UserErrorInfo[]): Written => ({ id: null, errors })

/**
 * Runs an act of the current approver: locks the record and its approval, looks whose turn it is, and answers with the approval.
 *
 * Errors: NOT_FOUND for what the caller may not see, INVALID_STATE for what is decided, withdrawn or another's of those of whom one is enough, NOT_CURRENT_APPROVER,
 * SELF_APPROVAL_FORBIDDEN for the submitter where the step does not allow it, VALIDATION_FAILED for the comment.
 *
 * @throws FORBIDDEN, also for keys without a user.
 */
export async function act(
  context: WriteContext,
  ask: Ask,
  action: Action,
  work: (turn: Turn) => Promise<UserErrorInfo[]>,
): Promise<Written> {
  requireRight(context.viewer, 'update', 'ApprovalTask')
  const userId = requireUser(context)
  const found = await find(context, ask.id)
  if ('errors' in found) return refused(...found.errors)
  const { instance, taskId } = found
  const read = readComment(context, ask.comment)
  if ('errors' in read) return refused(...read.errors)
  if (!allows(instance.status, action)) return refused(over(instance.status, ['id']))
  const tasks = await tasksOf(context, instance)
  const task = tasks.find(
    ({ id, approverId, status }) => approverId === userId && status === 'PENDING' && (!taskId || id === taskId),
  )
  if (!task) return refused(await notYours(context, instance, taskId, userId))
  if (userId === instance.submitterId && stepOf(instance).sameAsSubmitterAction !== 'ALLOW') return refused(OWN)
  const errors = await work({ instance, task, comment: read.comment })
  return errors.length > 0 ? refused(...errors) : { id: instance.id, errors: [], changed: true }
}

/** Nobody approves what they submitted, unless the step allows it. */
export const OWN: UserErrorInfo = {
  code: 'SELF_APPROVAL_FORBIDDEN',
  message: 'Nobody decides what they submitted themselves.',
  field: ['id'],
}

/** Locks the approval that an id means: its own, or that of a task. */
export async function find(
  context: WriteContext,
  id: string,
): Promise<{ instance: Instance; taskId: string | null } | { errors: UserErrorInfo[] }> {
  const decoded = decodeId(id)
  const name = decoded && recordTypeOfPrefix(decoded.prefix)?.name
  const type = recordType(name === 'ApprovalTask' ? name : 'ApprovalInstance')
  const uuid = decoded && name === type.name ? decoded.uuid : NO_ID
  const instanceId = type.name === 'ApprovalTask' ? await instanceOf(context, uuid) : uuid
  const instance = await lockInstance(context, instanceId)
  // Whether the caller sees it, as it is now.
  const [seen] = await lockTargets(context, type, [{ id: uuid }], { action: 'update', pathOf: () => ['id'] })
  if (!instance || !seen?.before) return { errors: seen?.errors ?? [] }
  return { instance, taskId: type.name === 'ApprovalTask' ? uuid : null }
}

async function instanceOf({ db, viewer }: WriteContext, taskId: string): Promise<string> {
  const [row] = await db.rows<{ id: string }>({
    text: 'SELECT instance_id AS id FROM approval_task WHERE tenant_id = $1 AND id = $2',
    values: [viewer.tenantId, taskId],
  })
  return row?.id ?? NO_ID
}

/** Why the caller may not: it was theirs and is no longer, they submitted it, or it is somebody else's. */
async function notYours(
  { db, viewer }: WriteContext,
  instance: Instance,
  taskId: string | null,
  userId: string,
): Promise<UserErrorInfo> {
  const [theirs] = await db.rows<{ status: string }>({
    text: `SELECT status FROM approval_task WHERE tenant_id = $1 AND instance_id = $2 AND approver_id = $3 AND ($4::uuid IS NULL OR id = $4) ORDER BY round DESC, id DESC LIMIT 1`,
    values: [viewer.tenantId, instance.id, userId, taskId],
  })
  if (theirs && theirs.status !== 'WAITING' && (taskId !== null || theirs.status === 'CANCELLED'))
    return over(theirs.status, ['id'])
  if (userId === instance.submitterId && stepOf(instance).sameAsSubmitterAction !== 'ALLOW') return OWN
  return { code: 'NOT_CURRENT_APPROVER', message: 'It is not for you to decide now.', field: ['id'] }
}

/** What somebody says to an act, as it is stored. */
export function readComment(
  { viewer }: WriteContext,
  given: string | null | undefined,
): { comment: string | null } | { errors: UserErrorInfo[] } {
  const result = normalise(fieldOf(recordType('ApprovalLog'), 'comment'), given, viewer)
  if ('rule' in result) return { errors: [validationError(['comment'], result.rule, result.message)] }
  return { comment: result.ok as string | null }
}

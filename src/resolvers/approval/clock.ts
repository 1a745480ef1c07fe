import type { WriteContext } from '../write.ts'
import { advance, dueOf, finish, remindAt } from './advance.ts'
import { escalatedTo, insteadOf } from './approvers.ts'
import { settleTask } from './decide.ts'
import { type Instance, lockInstance, log, stepOf, type Task, tasksOf } from './instance.ts'
import { tell } from './mail.ts'

/** Times that a task is passed on or asked for again before the clock leaves it alone. */
const REPEATS = 3

/** Does what a step says about tasks whose time is over at a moment. How many there were. */
export async function timeOut(context: WriteContext, instanceId: string, now: Date): Promise<number> {
  const instance = await lockInstance(context, instanceId)
  if (instance?.status !== 'PENDING') return 0
  let done = 0
  for (const { id } of await tasksOf(context, instance)) {
    // What was done about one may have settled another.
    const task = (await tasksOf(context, instance)).find((one) => one.id === id)
    if (task?.status !== 'PENDING' || !task.dueAt || task.dueAt > now) continue
    await late(context, instance, task, now)
    done++
    if ((instance.status as string) !== 'PENDING') break
  }
  return done
}

async function late(context: WriteContext, instance: Instance, task: Task, now: Date): Promise<void> {
  const step = stepOf(instance)
  const entry = { automatic: true, taskId: task.id, delegatedFromId: task.delegatedFromId }
  switch (step.timeoutAction) {
    case 'APPROVE': {
      await settleTask(context, task, 'APPROVED', null, true)
      await log(context, instance, { ...entry, action: 'APPROVE' })
      const [error] = await advance(context, instance)
      // Undone and tried again: an administrator has to mend the flow or cancel the approval.
      if (error) throw new Error(error.message)
      return
    }
    case 'REJECT':
      await settleTask(context, task, 'REJECTED', null, true)
      await log(context, instance, { ...entry, action: 'REJECT' })
      await finish(context, instance, 'REJECTED')
      return tell(context, instance, [instance.submitterId], 'REJECTED')
    case 'ESCALATE': {
      const to = await escalatedTo(context, instance, step, task, now)
      if (!to || to.approverId === task.approverId) return again(context, instance, task, now)
      await give(context, task, to, nextDue(instance, task, now))
      await log(context, instance, { ...entry, action: 'ESCALATE', toUserId: to.approverId })
      await remindAt(context, instance.id, nextDue(instance, task, now))
      return tell(context, instance, [to.approverId], 'REQUEST')
    }
    default:
      return again(context, instance, task, now)
  }
}

/** Asks the same approver again, with new time. */
async function again(context: WriteContext, instance: Instance, task: Task, now: Date): Promise<void> {
  const due = nextDue(instance, task, now)
  const { approverId, delegatedFromId } = task
  await give(context, task, { approverId, onBehalfOfId: delegatedFromId }, due)
  await log(context, instance, { action: 'REMIND', automatic: true, taskId: task.id, toUserId: approverId })
  await remindAt(context, instance.id, due)
  await tell(context, instance, [approverId], 'REMINDER')
}

const nextDue = (instance: Instance, { escalations }: Task, now: Date): Date | null =>
  escalations + 1 < REPEATS ? dueOf(stepOf(instance), now) : null

async function give(
  { db, viewer }: WriteContext,
  { id }: Task,
  { approverId, onBehalfOfId }: { approverId: string; onBehalfOfId: string | null },
  due: Date | null,
): Promise<void> {
  await db.rows({
    text: 'UPDATE approval_task SET approver_id = $3, delegated_from_id = $4, due_at = $5, escalations = escalations + 1 WHERE tenant_id = $1 AND id = $2',
    values: [viewer.tenantId, id, approverId, onBehalfOfId, due],
  })
}

/** Approvals that wait for a user (uuid) who has left, is suspended or out of office; not what a hand-over is about to take from them. */
export async function waitingFor({ db, viewer }: WriteContext, userId: string): Promise<string[]> {
  const rows = await db.rows<{ id: string }>({
    text: `SELECT DISTINCT t.instance_id AS id FROM approval_task t JOIN approval_instance i ON i.tenant_id = $1 AND i.id = t.instance_id AND i.status = 'PENDING'
 WHERE t.tenant_id = $1 AND t.approver_id = $2 AND t.status IN ('PENDING', 'WAITING') AND t.deleted_at IS NULL
 AND NOT EXISTS (SELECT 1 FROM handover_job j JOIN handover_item h ON h.tenant_id = $1 AND h.job_id = j.id AND h.object = 'ApprovalTask' AND h.record_id = t.id
 WHERE j.tenant_id = $1 AND j.from_user_id = $2 AND j.status IN ('QUEUED', 'RUNNING') AND h.status = 'PENDING') ORDER BY 1`,
    values: [viewer.tenantId, userId],
  })
  return rows.map(({ id }) => id)
}

/** Gives what waits for a user in one approval to who decides in their place now, with the time that is left. How many tasks went. */
export async function replaceApprover(
  context: WriteContext,
  instanceId: string,
  userId: string,
  now: Date,
): Promise<number> {
  const { db, viewer } = context
  const instance = await lockInstance(context, instanceId)
  if (instance?.status !== 'PENDING') return 0
  const to = await insteadOf(context, instance, stepOf(instance), userId, now)
  if (!to || to.approverId === userId) return 0
  const tasks = (await tasksOf(context, instance)).filter(
    ({ approverId, status }) => approverId === userId && (status === 'PENDING' || status === 'WAITING'),
  )
  for (const { id, status } of tasks) {
    await db.rows({
      text: 'UPDATE approval_task SET approver_id = $3, delegated_from_id = $4 WHERE tenant_id = $1 AND id = $2',
      values: [viewer.tenantId, id, to.approverId, to.onBehalfOfId],
    })
    await log(context, instance, { action: 'REASSIGN', automatic: true, taskId: id, toUserId: to.approverId })
    if (status === 'PENDING') await tell(context, instance, [to.approverId], 'REQUEST')
  }
  return tasks.length
}

import { requireRight } from '../../access/decide.ts'
import { recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { lockTargets, updateRecords, type Written } from '../records.ts'
import type { WriteContext } from '../write.ts'

/** A task as clients name it. */
export interface TaskAsk {
  id: string
  expectedVersion?: number | null
}

/** Sets the status of a task that stands in one of some others. */
async function move(
  context: WriteContext,
  { id, expectedVersion }: TaskAsk,
  to: string,
  stays: string,
  from: readonly string[],
): Promise<Written> {
  requireRight(context.viewer, 'update', 'Task')
  const type = recordType('Task')
  const target = { id: uuidOf('Task', id) ?? NO_ID, expectedVersion }
  const [task] = await lockTargets(context, type, [target], { action: 'update', pathOf: () => ['id'] })
  if (!task?.before || task.errors.length > 0) return { id: null, errors: task?.errors ?? [] }
  const status = task.before.status as string
  if (status === stays) return { id: task.id, errors: [], changed: false }
  if (!from.includes(status)) {
    const details = { from: status, to, allowed: from }
    return { id: null, errors: [{ code: 'INVALID_STATE', message: `The task is ${status}.`, field: ['id'], details }] }
  }
  const [written] = await updateRecords(context, type, [{ id: task.id, input: { status: to } }], {
    pathOf: () => ['id'],
  })
  return written as Written
}

/**
 * Completes a task: whoever waits for it is told, and one that comes again is followed by the next. A done one stays as it is.
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE for a cancelled one.
 */
export function completeTask(context: WriteContext, ask: TaskAsk): Promise<Written> {
  return move(context, ask, 'DONE', 'DONE', ['NOT_STARTED', 'IN_PROGRESS', 'DEFERRED'])
}

/**
 * Takes a task up again that was done or cancelled; the one that followed it stays.
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE for one that is open otherwise.
 */
export function reopenTask(context: WriteContext, ask: TaskAsk): Promise<Written> {
  return move(context, ask, 'IN_PROGRESS', 'IN_PROGRESS', ['DONE', 'CANCELLED'])
}

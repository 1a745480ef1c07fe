import { differs } from '../checks.ts'
import type { Change, WriteContext } from '../write.ts'

/** Rule of tasks: the caller's unless said otherwise; completed at the moment of becoming done, and not completed when taken up again. */
export function writeTask(changes: Change[], { viewer }: WriteContext): void {
  const now = new Date().toISOString()
  for (const change of changes) {
    const { before, values } = change
    if (!before && !Object.hasOwn(values, 'assigneeId') && viewer.userId) values.assigneeId = viewer.userId
    if (!before || differs('Task', change, 'status')) values.completedAt = values.status === 'DONE' ? now : null
  }
}

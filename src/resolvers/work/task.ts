import { recordType } from '../../read/recordType.ts'
import { differs, refuse } from '../checks.ts'
import { after, type Change, type WriteContext } from '../write.ts'
import { tellAssigned } from './assigned.ts'
import { tellDependents } from './dependency.ts'
import { recurrenceProblem } from './recurrence.ts'
import { repeatTasks } from './repeat.ts'

/**
 * Rule of tasks: the caller's unless said otherwise; completed at the moment of becoming done, and not completed when taken up again. One that comes again has a day,
 * and a rule that ends (spec/domain.md 3.8).
 */
export function writeTask(changes: Change[], { viewer }: WriteContext): void {
  const now = new Date().toISOString()
  for (const change of changes) {
    const { before, values } = change
    if (!before && !Object.hasOwn(values, 'assigneeId') && viewer.userId) values.assigneeId = viewer.userId
    if (!before || differs('Task', change, 'status')) values.completedAt = values.status === 'DONE' ? now : null
    checkRecurrence(change, viewer.timezone)
  }
}

function checkRecurrence(change: Change, timezone: string): void {
  const { before, values } = change
  const text = after(change, 'recurrence') as string | null | undefined
  const changed = differs('Task', change, 'recurrence') || (!before && text)
  if (!text) {
    if (changed) values.recurrenceStart = null
    return
  }
  const due = after(change, 'dueAt') as string | null | undefined
  if (!due) {
    refuse(change, 'dueAt', 'required', 'is required of a task that comes again')
    return
  }
  if (!changed) return
  const problem = recurrenceProblem(text, new Date(due), timezone)
  if (problem) refuse(change, 'recurrence', problem.rule, problem.message)
  values.recurrenceStart = due
}

/** After writes of tasks: new assignees are told, those who wait for what is done now too, and what comes again is made. */
export async function afterTasks(changes: Change[], context: WriteContext): Promise<void> {
  const given = changes.flatMap((change) => {
    const userId = change.values.assigneeId as string | null | undefined
    const isNew = !change.before || differs('Task', change, 'assigneeId')
    return userId && isNew && after(change, 'status') !== 'DONE' ? [{ id: change.id, userId }] : []
  })
  const done = changes.flatMap(({ id, before, values }) =>
    before && before.status !== 'DONE' && values.status === 'DONE' ? [id] : [],
  )
  await tellAssigned(context, recordType('Task'), given)
  await tellDependents(context, done)
  await repeatTasks(context, done)
}

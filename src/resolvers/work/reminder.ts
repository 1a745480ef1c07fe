import { refuse } from '../checks.ts'
import { after, type Change, type WriteContext } from '../write.ts'

/** Rule of reminders: they are the caller's own, of one task or activity, and say either a moment or how long before. */
export function writeReminder(changes: Change[], { viewer }: WriteContext): void {
  for (const change of changes) {
    if (!change.before) {
      if (viewer.userId) change.values.userId = viewer.userId
      else refuse(change, 'taskId', 'user', 'is to be reminded of by somebody: use a user’s token')
      if (!change.values.taskId === !change.values.activityId)
        refuse(change, 'taskId', 'exactlyOne', 'or activityId must be given, one of both')
    }
    // One takes the other's place.
    if (change.before && change.values.at && !('offsetMinutes' in change.input)) change.values.offsetMinutes = null
    if (change.before && change.values.offsetMinutes != null && !('at' in change.input)) change.values.at = null
    const [at, offset] = [after(change, 'at') ?? null, after(change, 'offsetMinutes') ?? null]
    if ((at === null) === (offset === null))
      refuse(
        change,
        change.input.offsetMinutes === null ? 'offsetMinutes' : 'at',
        'oneOf',
        'must be given or the other one of at and offsetMinutes',
      )
  }
}

import { refuse } from '../../checks.ts'
import { after, type Change } from '../../write.ts'
import { OPEN } from '../states.ts'

/** Rule of policies: they pause in statuses in which a case is open. */
export function writePolicy(changes: Change[]): void {
  for (const change of changes)
    ((change.values.pauseStatuses ?? []) as string[]).forEach((one, index) => {
      if (!(OPEN as readonly string[]).includes(one))
        refuse(change, ['pauseStatuses', String(index)], 'choice', `must be one of ${OPEN.join(', ')}`)
    })
}

/** Rule of targets: they promise something. */
export function writeTarget(changes: Change[]): void {
  for (const change of changes)
    if (['firstResponseMin', 'nextResponseMin', 'resolutionMin'].every((name) => after(change, name) == null))
      refuse(change, 'resolutionMin', 'required', 'is required, or another time')
}

/** Whom an action needs. */
const NEEDS: Record<string, 'userId' | 'roleId'> = { NOTIFY_USER: 'userId', REASSIGN: 'userId', NOTIFY_ROLE: 'roleId' }

/** Rule of steps: they name the user or the role that their action is for. */
export function writeStep(changes: Change[]): void {
  for (const change of changes) {
    const needed = NEEDS[after(change, 'action') as string]
    if (needed && after(change, needed) == null) refuse(change, needed, 'action', 'is required for this action')
  }
}

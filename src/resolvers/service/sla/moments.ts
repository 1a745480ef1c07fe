import type { BusinessCalendar } from '../businessTime.ts'
import { type MilestoneType, momentOf } from './clock.ts'
import type { Running } from './settle.ts'

/** A step that a policy takes when a time is about to end, or is over. */
export interface EscalationStep {
  id: string
  milestone: MilestoneType
  /** Business minutes after the target; less than 0: before it. */
  afterMin: number
  action: 'NOTIFY_OWNER' | 'NOTIFY_USER' | 'NOTIFY_ROLE' | 'NOTIFY_DEPARTMENT_HEAD' | 'REASSIGN' | 'RAISE_PRIORITY'
  userId: string | null
  roleId: string | null
}

/** What is to be done about a milestone, and when. */
export type Moment = { at: Date } & ({ what: 'WARN' | 'VIOLATE' } | { what: 'STEP'; step: EscalationStep })

/** All that is still to be done about a milestone that runs, the earliest first; nothing while it stands. */
export function momentsOf(
  milestone: Running & { firedStepIds: readonly string[] },
  calendar: BusinessCalendar,
  steps: readonly EscalationStep[],
): Moment[] {
  const { type, minutes, warnPct, warnedAt, isViolated, firedStepIds, targetAt, pausedSince } = milestone
  if (pausedSince || milestone.completedAt || milestone.cancelledAt) return []
  const moments: Moment[] = []
  if (!warnedAt && !isViolated)
    moments.push({ what: 'WARN', at: momentOf(milestone, calendar, (minutes * warnPct) / 100) })
  // Kept is what ends at its target; missed a second later.
  if (!isViolated) moments.push({ what: 'VIOLATE', at: new Date(targetAt.getTime() + 1000) })
  for (const step of steps)
    if (step.milestone === type && !firedStepIds.includes(step.id))
      moments.push({ what: 'STEP', step, at: momentOf(milestone, calendar, minutes + step.afterMin) })
  return moments.toSorted((a, b) => a.at.getTime() - b.at.getTime())
}

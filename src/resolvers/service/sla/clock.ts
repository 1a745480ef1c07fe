import { addBusinessMinutes, type BusinessCalendar, businessSecondsBetween } from '../businessTime.ts'

/** What is promised: a first answer, an answer to what the customer said since, and an end. */
export const MILESTONES = ['FIRST_RESPONSE', 'NEXT_RESPONSE', 'RESOLUTION'] as const
export type MilestoneType = (typeof MILESTONES)[number]

/** A time that runs, or ran. Moments are whole seconds, so that what is added up is exact. */
export interface Milestone {
  type: MilestoneType
  /** Business minutes that there are. */
  minutes: number
  startedAt: Date
  /** While it is paused, as it was when the pause began. */
  targetAt: Date
  /** Business seconds for which it stood. */
  pausedSec: number
  /** Since when it stands; null while it runs. */
  pausedSince: Date | null
  completedAt: Date | null
  /** When it ended without having been kept or missed. */
  cancelledAt: Date | null
  isViolated: boolean
  /** Business seconds that it took, once it has ended. */
  elapsedSec: number | null
  warnPct: number
  warnedAt: Date | null
}

/** A moment without its milliseconds. */
export const second = (at: Date): Date => new Date(Math.floor(at.getTime() / 1000) * 1000)

/** The moment by which so many of a milestone’s business minutes have passed, what it stood being left out. */
export function momentOf({ startedAt, pausedSec }: Milestone, calendar: BusinessCalendar, minutes: number): Date {
  return addBusinessMinutes(calendar, startedAt, minutes + pausedSec / 60)
}

/** Business seconds that have passed of a milestone, those in which it stood left out. */
export function elapsedSec(
  milestone: Pick<Milestone, 'startedAt' | 'pausedSec' | 'pausedSince' | 'completedAt' | 'cancelledAt'>,
  calendar: BusinessCalendar,
  now: Date,
): number {
  const { startedAt, pausedSec, pausedSince, completedAt, cancelledAt } = milestone
  const end = completedAt ?? cancelledAt ?? pausedSince ?? now
  return businessSecondsBetween(calendar, startedAt, end) - pausedSec
}

/** A new milestone that runs from a moment. */
export function begin(
  type: MilestoneType,
  { minutes, warnPct }: { minutes: number; warnPct: number },
  calendar: BusinessCalendar,
  at: Date,
): Milestone {
  const startedAt = second(at)
  return {
    type,
    minutes,
    startedAt,
    targetAt: addBusinessMinutes(calendar, startedAt, minutes),
    pausedSec: 0,
    pausedSince: null,
    completedAt: null,
    cancelledAt: null,
    isViolated: false,
    elapsedSec: null,
    warnPct,
    warnedAt: null,
  }
}

/** Lets a milestone stand from a moment on, or go on again with its target moved by the business time for which it stood. */
export function pause(milestone: Milestone, paused: boolean, calendar: BusinessCalendar, now: Date): void {
  const at = second(now)
  if (paused) milestone.pausedSince ??= at
  else if (milestone.pausedSince) {
    milestone.pausedSec += businessSecondsBetween(calendar, milestone.pausedSince, at)
    milestone.pausedSince = null
    milestone.targetAt = momentOf(milestone, calendar, milestone.minutes)
  }
}

/** Gives a milestone another time; what has passed of it has passed. */
export function retime(milestone: Milestone, minutes: number, calendar: BusinessCalendar, now: Date): void {
  if (milestone.minutes === minutes) return
  milestone.minutes = minutes
  milestone.targetAt = momentOf(milestone, calendar, minutes)
  // That it is late by now, the clock finds and tells.
  milestone.isViolated &&= isLate(milestone, now)
}

/** Ends a milestone, kept or missed; `cancelled`: neither, unless it had been missed by then. */
export function end(
  milestone: Milestone,
  calendar: BusinessCalendar,
  now: Date,
  { cancelled = false }: { cancelled?: boolean } = {},
): void {
  const at = new Date(Math.max(second(now).getTime(), milestone.startedAt.getTime()))
  milestone.isViolated = isLate(milestone, at)
  pause(milestone, false, calendar, at)
  if (cancelled) milestone.cancelledAt = at
  else milestone.completedAt = at
  milestone.elapsedSec = elapsedSec(milestone, calendar, at)
}

/** Was its target before the moment, or before it came to stand. */
const isLate = ({ pausedSince, targetAt }: Milestone, now: Date) => (pausedSince ?? second(now)) > targetAt

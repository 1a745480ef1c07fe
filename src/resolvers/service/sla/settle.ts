import type { BusinessCalendar } from '../businessTime.ts'
import { ENDED } from '../states.ts'
import { begin, end, MILESTONES, type Milestone, type MilestoneType, pause, retime } from './clock.ts'

/** What of a case decides about its times. */
export interface CaseFacts {
  status: string
  createdAt: Date
  firstResponseAt: Date | null
  /** Since when the customer, who spoke last, waits for an answer. */
  awaitingReplySince: Date | null
  reopenCount: number
  /** What holds for it; null where nothing is promised. */
  target: Target | null
}

/** The times of a case, in business minutes; null promises nothing. */
export interface Target {
  minutes: Record<MilestoneType, number | null>
  calendarId: string
  warnPct: number
  pauseStatuses: readonly string[]
}

/** A milestone and the calendar that it is counted by: the one it began with. */
export interface Running extends Milestone {
  calendarId: string
}

/** From when a time should run for a case; DONE: what it was for has happened; null: nothing is to run. */
function wanted(facts: CaseFacts, type: MilestoneType, now: Date): Date | 'DONE' | null {
  const { status, createdAt, firstResponseAt, awaitingReplySince, reopenCount } = facts
  const over = ENDED.includes(status)
  switch (type) {
    case 'FIRST_RESPONSE':
      if (firstResponseAt) return 'DONE'
      // What was reopened is answered again by its end, not by a first answer.
      return over || reopenCount > 0 ? null : createdAt
    case 'NEXT_RESPONSE':
      if (over) return null
      return awaitingReplySince && firstResponseAt ? awaitingReplySince : 'DONE'
    case 'RESOLUTION':
      if (status === 'DUPLICATE') return null
      return over ? 'DONE' : reopenCount > 0 ? now : createdAt
  }
}

/**
 * Brings the open milestones of a case to what its facts say at a moment: begins, pauses, retimes and ends them (spec/domain.md 3.7). Changes those that it is given.
 *
 * @returns those that begin.
 */
export function settle(
  facts: CaseFacts,
  open: readonly Running[],
  calendars: ReadonlyMap<string, BusinessCalendar>,
  now: Date,
): Running[] {
  const { status, target } = facts
  const begun: Running[] = []
  for (const type of MILESTONES) {
    const want = wanted(facts, type, now)
    const minutes = target?.minutes[type] ?? null
    const current = open.find((one) => one.type === type)
    if (current) {
      const calendar = calendars.get(current.calendarId) as BusinessCalendar
      if (want === 'DONE') end(current, calendar, now)
      else if (want === null || !target || minutes === null) end(current, calendar, now, { cancelled: true })
      else {
        retime(current, minutes, calendar, now)
        pause(current, target.pauseStatuses.includes(status), calendar, now)
      }
    } else if (want instanceof Date && target && minutes !== null) {
      const { calendarId, warnPct, pauseStatuses } = target
      const calendar = calendars.get(calendarId) as BusinessCalendar
      const made: Running = { ...begin(type, { minutes, warnPct }, calendar, want), calendarId }
      pause(made, pauseStatuses.includes(status), calendar, now)
      begun.push(made)
    }
  }
  return begun
}

import DataLoader from 'dataloader'
import type { Context, Viewer } from '../../../context.ts'
import { callerOf } from '../../../read/read.ts'
import type { BusinessCalendar } from '../businessTime.ts'
import { loadCalendars } from '../calendar.ts'
import { elapsedSec } from './clock.ts'

const calendars = new WeakMap<Context, DataLoader<string, BusinessCalendar | null>>()

function calendarsOf(context: Context, viewer: Viewer): DataLoader<string, BusinessCalendar | null> {
  let loader = calendars.get(context)
  if (!loader) {
    loader = new DataLoader(async (ids) => {
      const found = await context.tenancy.readTenant(callerOf(viewer), (db) => loadCalendars(db, viewer.tenantId, ids))
      return ids.map((id) => found.get(id) ?? null)
    })
    calendars.set(context, loader)
  }
  return loader
}

/** What of a milestone the API shows, with the uuid of its calendar. */
export interface Shown {
  calendar: string | null
  minutes: number
  startedAt: string
  pausedSec: number
  pausedSince: string | null
  completedAt: string | null
  cancelledAt: string | null
}

/** Whole business minutes that are left of a milestone now, or were when it ended; null where the viewer does not see what it takes. One statement for all of a request. */
export async function remainingMinutes(context: Context, viewer: Viewer, shown: Shown): Promise<number | null> {
  const { calendar: id, minutes, startedAt, pausedSec } = shown
  if (!id || minutes == null || startedAt == null || pausedSec == null) return null
  const calendar = await calendarsOf(context, viewer).load(id)
  if (!calendar) return null
  const at = (text: string | null) => (text ? new Date(text) : null)
  const milestone = {
    startedAt: new Date(startedAt),
    pausedSec,
    pausedSince: at(shown.pausedSince),
    completedAt: at(shown.completedAt),
    cancelledAt: at(shown.cancelledAt),
  }
  return Math.floor((minutes * 60 - elapsedSec(milestone, calendar, new Date())) / 60)
}

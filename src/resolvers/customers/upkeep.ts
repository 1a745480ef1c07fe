import { validationError } from '../normalise.ts'
import { dropJob, enqueueJob, nextDaily } from '../platform/job.ts'
import type { Written } from '../records.ts'
import type { WriteContext } from '../write.ts'

/** Kinds of jobs that keep the customer master in order every day; src/jobs/customers.ts does them. */
export const DAILY_RFM = 'RECALCULATE_RFM'
export const DAILY_SEGMENTS = 'REFRESH_SEGMENTS'

/** Puts a daily job on the tenant's calendar in place of the one that was there, or takes that away. VALIDATION_FAILED for a time that is none. */
export async function scheduleDaily(
  { db, viewer }: WriteContext,
  kind: string,
  dailyAt: string | null,
): Promise<Written> {
  if (dailyAt !== null && !/^([01]\d|2[0-3]):[0-5]\d$/.test(dailyAt))
    return { id: null, errors: [validationError(['dailyAt'], 'time', 'must be a time of the form HH:MM')] }
  const key = `daily ${kind}`
  await dropJob(db, viewer.tenantId, key)
  if (dailyAt === null) return { id: null, errors: [] }
  const runAt = nextDaily(dailyAt, viewer.timezone)
  const { id } = await enqueueJob(db, viewer.tenantId, { kind, key, dailyAt, runAt })
  return { id, errors: [] }
}

import { recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { nextQuery } from '../../read/storedFilter.ts'
import { NO_ID } from '../../read/values.ts'
import type { WriteContext } from '../write.ts'
import { enabledVersion } from './arm.ts'
import { GONE } from './changes.ts'
import { filterOf } from './condition.ts'
import type { Version } from './definition.ts'
import { failureOf } from './failure.ts'
import { principalOf } from './principal.ts'
import { startRuns } from './start.ts'
import { datesReached, hasTime, nextTick } from './ticks.ts'

/** Records of one step. */
const BATCH = 500

/** Where the clock of a workflow stands: the moment that is being worked for, the one before, and behind which record. */
export interface Clock {
  since: string
  next: string
  after?: string
}

/**
 * Starts a workflow by the clock: once for each record that it is about, some in each step. A moment that nobody was there for is made up for once.
 *
 * @returns where the clock stands then, and until when there is nothing to do; null for a workflow that is not enabled any more.
 */
export async function tick(
  { db, viewer: system }: WriteContext,
  workflowId: string,
  clock: Clock,
  now: Date,
): Promise<{ clock: Clock; started: number; notBefore?: Date } | null> {
  const { tenantId, timezone } = system
  const version = await enabledVersion(db, tenantId, workflowId)
  if (!version) return null
  // What a date reaches meanwhile is looked at with it.
  const until = version.trigger === 'SCHEDULE' ? new Date(clock.next) : clock.after ? new Date(clock.next) : now
  const found = await batchOf({ db, viewer: system }, version, { ...clock, next: until.toISOString() })
  const { last, started } = found
  if (last) return { clock: { ...clock, next: until.toISOString(), after: last }, started }
  const notBefore = nextTick(version, timezone, now)
  if (!notBefore) return null
  return { clock: { since: until.toISOString(), next: notBefore.toISOString() }, started, notBefore }
}

async function batchOf(
  { db, viewer: system }: WriteContext,
  version: Version,
  clock: Clock,
): Promise<{ last: string | null; started: number }> {
  const { tenantId } = system
  const at = clock.next
  if (!version.object) {
    const started = await startRuns(db, tenantId, version, [{ recordId: null, eventKey: `tick:${at}` }])
    return { last: null, started }
  }
  const type = recordType(version.object)
  try {
    return await db.savepoint(async () => {
      const viewer = await principalOf(db, system, version)
      if (!viewer) return { last: null, started: await startRuns(db, tenantId, version, [failedAt(at, GONE)]) }
      viewer.access.requireRead(type, [])
      const filter = filterOf(type, version.condition)
      const more = version.trigger === 'DATE_REACHED' ? reached(version, clock, system.timezone) : undefined
      const query = nextQuery(type, filter, viewer, {
        after: clock.after ?? NO_ID,
        limit: BATCH,
        ...(more ? { more } : {}),
      })
      const rows = await db.rows<{ id: string }>(query)
      const starts = rows.map(({ id }) => ({ recordId: id, eventKey: `tick:${at}:${id}` }))
      const started = await startRuns(db, tenantId, version, starts)
      return { last: rows.length === BATCH ? (rows.at(-1)?.id as string) : null, started }
    })
  } catch (error) {
    const failed = failureOf(error)
    if (!failed) throw error
    return { last: null, started: await startRuns(db, tenantId, version, [failedAt(at, failed)]) }
  }
}

const failedAt = (at: string, failed: { code: string; message: string }) => ({
  recordId: null,
  eventKey: `tick:${at}`,
  failed,
})

/** The condition that the date of a record was reached between two moments. */
function reached(version: Version, { since, next }: Clock, timezone: string) {
  const [from, until] = [new Date(since), new Date(next)]
  const type = recordType(version.object as string)
  const column = ident(type.fields.get(version.dateField as string)?.column ?? '')
  return (alias: string, add: (value: unknown, pgType: string) => string): string => {
    if (!hasTime(version))
      return `${alias}.${column} = ANY (${add(datesReached(version, timezone, from, until), 'date[]')})`
    const moment = (at: Date) =>
      new Date(at.getTime() - version.offsetDays * 86_400_000 - version.offsetMinutes * 60_000)
    return `${alias}.${column} > ${add(moment(from).toISOString(), 'timestamptz')} AND ${alias}.${column} <= ${add(moment(until).toISOString(), 'timestamptz')}`
  }
}

import { DateTime } from 'luxon'
import { requireRight } from '../../access/decide.ts'
import { newId } from '../../ids.ts'
import { recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import type { Writer } from '../../tenancy/tenancy.ts'
import { lockTargets, type Written } from '../records.ts'
import type { WriteContext } from '../write.ts'

/** What is to be done in the background. */
export interface JobOrder {
  /** Name of its kind, one that src/jobs/kinds.ts knows: RECLAIM. */
  kind: string
  /** What it is about, for people. */
  subject?: string | null
  /** What its code needs to know, JSON; ids as plain uuids. */
  input?: unknown
  /** Of two with the same key only one is open at a time. */
  key?: string | null
  /** How many records there are to look at. */
  total?: number | null
  /** Not before; at once if left out. */
  runAt?: Date
  /** Local time of the company, HH:MM, at which it is done again every day. */
  dailyAt?: string | null
}

/**
 * Puts a job into the queue, in the transaction that causes it; the runner finds it after the commit. It belongs to the bracket's user. When one with the
 * same key is open, that one is given back and nothing is written.
 *
 * @returns the job's uuid, and whether it was made by this call.
 */
export async function enqueueJob(
  db: Writer,
  tenantId: string,
  { kind, subject = null, input = {}, key = null, total = null, runAt, dailyAt = null }: JobOrder,
): Promise<{ id: string; created: boolean }> {
  const id = newId()
  const [made] = await db.rows<{ id: string }>({
    text: `INSERT INTO job (tenant_id, id, kind, subject, input, key, total, run_at, daily_at) VALUES ($1, $2, $3, $4, $5, $6, $7, coalesce($8, now()), $9)
 ON CONFLICT (tenant_id, key) WHERE key IS NOT NULL AND status IN ('QUEUED', 'RUNNING') AND deleted_at IS NULL DO NOTHING RETURNING id`,
    values: [tenantId, id, kind, subject, JSON.stringify(input), key, total, runAt ?? null, dailyAt],
  })
  if (made) return { id, created: true }
  const [open] = await db.rows<{ id: string }>({
    text: `SELECT id FROM job WHERE tenant_id = $1 AND key = $2 AND status IN ('QUEUED', 'RUNNING') AND deleted_at IS NULL`,
    values: [tenantId, key],
  })
  // It ended between the two statements: the place is free now.
  return open
    ? { id: open.id, created: false }
    : enqueueJob(db, tenantId, { kind, subject, input, key, total, runAt, dailyAt })
}

/** Ends the open job of that key, if there is one: for what was ordered and is no longer wanted, a pool's daily reclaim. */
export async function dropJob(db: Writer, tenantId: string, key: string): Promise<void> {
  await db.rows({
    text: `UPDATE job SET status = 'CANCELLED', completed_at = now() WHERE tenant_id = $1 AND key = $2 AND status IN ('QUEUED', 'RUNNING')`,
    values: [tenantId, key],
  })
}

/** Like enqueueJob for daily jobs of one kind at one time, each with a key, in one statement: those that are open already stay as they are. */
export async function enqueueDaily(
  db: Writer,
  tenantId: string,
  { kind, dailyAt, runAt }: { kind: string; dailyAt: string; runAt: Date },
  orders: { key: string; subject: string; input: unknown }[],
): Promise<void> {
  await db.rows({
    text: `INSERT INTO job (tenant_id, kind, subject, input, key, run_at, daily_at)
 SELECT $1::uuid, $2, x.subject, x.input, x.key, $4, $5 FROM json_to_recordset($3::json) AS x(key text, subject text, input jsonb)
 ON CONFLICT (tenant_id, key) WHERE key IS NOT NULL AND status IN ('QUEUED', 'RUNNING') AND deleted_at IS NULL DO NOTHING`,
    values: [tenantId, kind, JSON.stringify(orders), runAt, dailyAt],
  })
}

/** Like dropJob for several keys. */
export async function dropJobs(db: Writer, tenantId: string, keys: string[]): Promise<void> {
  await db.rows({
    text: `UPDATE job SET status = 'CANCELLED', completed_at = now() WHERE tenant_id = $1 AND key = ANY ($2) AND status IN ('QUEUED', 'RUNNING')`,
    values: [tenantId, keys],
  })
}

/** The next moment at which it is HH:MM in a time zone. A time that a change of the clocks leaves out is the next one that there is. */
export function nextDaily(dailyAt: string, timezone: string, from = new Date()): Date {
  const [hour, minute] = dailyAt.split(':').map(Number)
  const now = DateTime.fromJSDate(from, { zone: timezone })
  const today = now.set({ hour, minute, second: 0, millisecond: 0 })
  return (today > now ? today : today.plus({ days: 1 }).set({ hour, minute })).toJSDate()
}

/** Stops a job. Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE. Waits for the step that is under way. */
export async function cancelJob(context: WriteContext, id: string): Promise<Written> {
  const { db, viewer } = context
  requireRight(viewer, 'update', 'Job')
  const target = { id: uuidOf('Job', id) ?? NO_ID }
  const [locked] = await lockTargets(context, recordType('Job'), [target], { action: 'update', pathOf: () => ['id'] })
  if (!locked || locked.errors.length > 0) return { id: null, errors: locked?.errors ?? [] }
  const from = locked.before?.status
  if (from !== 'QUEUED' && from !== 'RUNNING')
    return {
      id: null,
      errors: [
        {
          code: 'INVALID_STATE',
          message: 'The job is over.',
          field: ['id'],
          details: { from, to: 'CANCELLED', allowed: [] },
        },
      ],
    }
  await db.rows({
    text: `UPDATE job SET status = 'CANCELLED', completed_at = now() WHERE tenant_id = $1 AND id = $2`,
    values: [viewer.tenantId, locked.id],
  })
  return { id: locked.id, errors: [] }
}

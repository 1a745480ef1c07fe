import type { Viewer } from '../../context.ts'
import { newId } from '../../ids.ts'
import { callerOf } from '../../read/read.ts'
import { writeChange } from '../../resolvers/identity/security.ts'
import type { Reader, Tenancy } from '../../tenancy/tenancy.ts'

/** What is kept of an export; by column names, as everything in `change`. */
export interface ExportNote {
  /** Name of the record type. */
  object: string
  format: string
  fields: string[]
  /** As they were sent. */
  where: unknown
  order_by: unknown
  search: string | null
  deleted: boolean
  purpose: string | null
}

/** How an export ended. */
export interface ExportEnd {
  status: 'COMPLETED' | 'ABORTED'
  /** Records that were handed out. */
  count: number
}

/** What stands of an export that was begun. */
export interface Trace {
  id: string
  /** Says how it ended. */
  end(end: ExportEnd): Promise<void>
}

/** Begins the trace of an export: a row in `change` (object `export`) before the first record leaves; without a second one the export did not end, or its process died. */
export async function traceExport(tenancy: Tenancy, viewer: Viewer, note: ExportNote): Promise<Trace> {
  const id = newId()
  const caller = callerOf(viewer)
  await tenancy.writeTenant(caller, (db) => writeBegun(db, viewer.tenantId, id, { ...note, status: 'RUNNING' }))
  return {
    id,
    async end({ status, count }) {
      await tenancy.writeTenant(caller, (db) =>
        writeChange(db, viewer.tenantId, {
          object: 'export',
          recordId: id,
          before: { status: 'RUNNING', count: null },
          after: { status, count },
        }),
      )
    },
  }
}

async function writeBegun(db: Reader, tenantId: string, id: string, after: Record<string, unknown>): Promise<void> {
  await db.rows({
    text: `INSERT INTO change (tenant_id, operation, object, record_id, record_version, changed_fields, after, actor, user_id, request_id, ip)
 VALUES ($1::uuid, 'created', 'export', $2::uuid, 1, '{}', jsonb_strip_nulls($3::jsonb),
 coalesce(NULLIF(current_setting('app.actor', true), ''), 'system'), atrium.actor_id(),
 NULLIF(current_setting('app.request_id', true), ''), NULLIF(current_setting('app.ip', true), ''))`,
    values: [tenantId, id, JSON.stringify(after)],
  })
  await db.rows({
    text: 'INSERT INTO change_commit (tenant_id) VALUES ($1) ON CONFLICT (tenant_id, xid) DO NOTHING',
    values: [tenantId],
  })
}

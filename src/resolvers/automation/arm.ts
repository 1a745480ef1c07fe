import type { Reader } from '../../tenancy/tenancy.ts'
import { lockTenant } from '../checks.ts'
import { dropJob, enqueueJob } from '../platform/job.ts'
import type { WriteContext } from '../write.ts'
import { RECORD_TRIGGERS, type Version, versionColumns } from './definition.ts'
import { nextTick } from './ticks.ts'

/** The kind of job that starts workflows by the clock. */
export const TICK = 'WORKFLOW_TICK'
export const tickKey = (workflowId: string) => `workflow:${workflowId}`

/** The published version of an enabled workflow; undefined when it is not enabled, or gone. */
export async function enabledVersion(db: Reader, tenantId: string, workflowId: string): Promise<Version | undefined> {
  const [version] = await db.rows<Version>({
    text: `SELECT ${versionColumns('v')} FROM workflow w JOIN workflow_version v ON v.tenant_id = $1 AND v.id = w.published_version_id
 WHERE w.tenant_id = $1 AND w.id = $2 AND w.enabled AND w.deleted_at IS NULL`,
    values: [tenantId, workflowId],
  })
  return version
}

/** Lets the world start a workflow that was enabled or published anew: changes are watched from now on, its clock is set. */
export async function arm(context: WriteContext, workflowId: string): Promise<void> {
  const { db, viewer } = context
  const { tenantId } = viewer
  await disarm(context, workflowId)
  const version = await enabledVersion(db, tenantId, workflowId)
  if (!version) return
  if (RECORD_TRIGGERS.includes(version.trigger)) {
    await db.rows({
      // What is committed by now has its number now: it starts nothing.
      text: 'INSERT INTO workflow_cursor (tenant_id, last_sequence) SELECT $1::uuid, atrium.number_changes() ON CONFLICT (tenant_id) DO NOTHING',
      values: [tenantId],
    })
  }
  const now = new Date()
  const next = nextTick(version, viewer.timezone, now)
  if (next)
    await enqueueJob(db, tenantId, {
      kind: TICK,
      key: tickKey(workflowId),
      input: { workflowId, since: now.toISOString(), next: next.toISOString() },
      runAt: next,
    })
}

/** Takes that back: the clock of the workflow stops, and changes are watched only while an enabled workflow wants them. */
export async function disarm(context: WriteContext, workflowId: string): Promise<void> {
  const { db, viewer } = context
  // Two of them at once: neither sees what the other has not committed.
  await lockTenant(context, 'workflows')
  await dropJob(db, viewer.tenantId, tickKey(workflowId))
  await db.rows({
    text: `DELETE FROM workflow_cursor WHERE tenant_id = $1 AND NOT EXISTS (
 SELECT 1 FROM workflow w JOIN workflow_version v ON v.tenant_id = $1 AND v.id = w.published_version_id
 WHERE w.tenant_id = $1 AND w.enabled AND w.deleted_at IS NULL AND v.trigger = ANY ($2::text[]))`,
    values: [viewer.tenantId, RECORD_TRIGGERS],
  })
}

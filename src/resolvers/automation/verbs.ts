import { requireRight } from '../../access/decide.ts'
import { type UserErrorInfo, UserErrors } from '../../errors.ts'
import { newId } from '../../ids.ts'
import { recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { BULK_MAX } from '../mutation.ts'
import { lockTargets, type Written } from '../records.ts'
import type { Change, WriteContext } from '../write.ts'
import { enabledVersion } from './arm.ts'
import { GONE } from './changes.ts'
import { fitting } from './condition.ts'
import { principalOf } from './principal.ts'
import { startRuns, wakeRuns } from './start.ts'

/** A run that the caller may change, locked; or why not. */
async function lockRun(context: WriteContext, id: string): Promise<{ run: Change } | { refused: Written }> {
  requireRight(context.viewer, 'update', 'WorkflowRun')
  const type = recordType('WorkflowRun')
  const target = { id: uuidOf(type.name, id) ?? NO_ID }
  const [run] = await lockTargets(context, type, [target], { action: 'update', pathOf: () => ['id'] })
  return run?.before ? { run } : { refused: { id: null, errors: run?.errors ?? [] } }
}

function invalid(from: unknown, to: string, allowed: string[]): Written {
  const message = `A run that is ${from} does not become ${to}.`
  return { id: null, errors: [{ code: 'INVALID_STATE', message, field: ['id'], details: { from, to, allowed } }] }
}

/** Ends a run where it stands: what its steps did stays done. Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE for one that is over. */
export async function cancelRun(context: WriteContext, id: string): Promise<Written> {
  const found = await lockRun(context, id)
  if ('refused' in found) return found.refused
  const { run } = found
  const from = run.before?.status
  if (!['QUEUED', 'RUNNING', 'WAITING'].includes(String(from))) return invalid(from, 'CANCELLED', [])
  await context.db.rows({
    text: `UPDATE workflow_run SET status = 'CANCELLED', due_at = NULL, completed_at = now() WHERE tenant_id = $1 AND id = $2`,
    values: [context.viewer.tenantId, run.id],
  })
  await context.db.rows({
    text: `UPDATE workflow_step_run SET status = 'CANCELLED' WHERE tenant_id = $1 AND run_id = $2 AND status = 'WAITING'`,
    values: [context.viewer.tenantId, run.id],
  })
  await context.db.rows({
    text: 'DELETE FROM workflow_call WHERE tenant_id = $1 AND run_id = $2',
    values: [context.viewer.tenantId, run.id],
  })
  return { id: run.id, errors: [], changed: true }
}

/** Lets a run that failed go on with the step at which it did. Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE for one that did not fail, or failed before its first step. */
export async function retryRun(context: WriteContext, id: string): Promise<Written> {
  const found = await lockRun(context, id)
  if ('refused' in found) return found.refused
  const { run } = found
  const { status: from, startedAt } = run.before as Record<string, unknown>
  // What failed before its first step was a loop, or its condition was never asked.
  if (from !== 'FAILED' || startedAt === null) return invalid(from, 'QUEUED', [])
  await context.db.rows({
    text: `UPDATE workflow_run SET status = 'QUEUED', attempts = 0, due_at = now(), error_code = NULL, error_message = NULL, completed_at = NULL WHERE tenant_id = $1 AND id = $2`,
    values: [context.viewer.tenantId, run.id],
  })
  await wakeRuns(context.db, context.viewer.tenantId)
  return { id: run.id, errors: [], changed: true }
}

/** What became of a call for some records. */
export interface Started extends Written {
  more: { started: number }
}

/**
 * Starts an enabled workflow of the trigger MANUAL for records that the caller may change, each once in a call; those that do not meet its condition are left out.
 *
 * Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE for a workflow that is not enabled or has another trigger, BULK_TOO_LARGE. Of records: NOT_FOUND, FORBIDDEN.
 */
export async function runWorkflow(
  context: WriteContext,
  { id, recordIds }: { id: string; recordIds: readonly string[] },
): Promise<Started> {
  const { db, viewer } = context
  const refused = (...errors: UserErrorInfo[]): Started => ({ id: null, errors, more: { started: 0 } })
  requireRight(viewer, 'read', 'Workflow')
  const uuid = uuidOf('Workflow', id) ?? NO_ID
  const version = await enabledVersion(db, viewer.tenantId, uuid)
  if (version?.trigger !== 'MANUAL') {
    const [there] = await db.rows({
      text: 'SELECT 1 FROM workflow WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL',
      values: [viewer.tenantId, uuid],
    })
    if (!there) return refused({ code: 'NOT_FOUND', message: 'There is no such Workflow.', field: ['id'] })
    const message = 'The workflow is not enabled, or is not started by hand.'
    return refused({ code: 'INVALID_STATE', message, field: ['id'], details: { allowed: ['ENABLED'] } })
  }
  if (recordIds.length > BULK_MAX) {
    const message = `At most ${BULK_MAX} records at once.`
    return refused({ code: 'BULK_TOO_LARGE', message, field: ['recordIds'], details: { max: BULK_MAX } })
  }
  const type = recordType(version.object as string)
  requireRight(viewer, 'update', type.name)
  const targets = recordIds.map((one) => ({ id: uuidOf(type.name, one) ?? NO_ID }))
  const pathOf = (index: number) => ['recordIds', String(index)]
  const records = await lockTargets(context, type, targets, { action: 'update', pathOf })
  const errors = records.flatMap((record) => record.errors.map((error) => ({ ...error, field: record.path })))
  if (errors.length > 0) throw new UserErrors(errors)
  const ids = records.map((record) => record.id)
  const principal = await principalOf(db, viewer, version)
  if (!principal) return refused({ code: 'USER_INACTIVE', message: GONE.message, field: ['id'] })
  const fits = await fitting(db, principal, type, version.condition, ids)
  const call = newId()
  const starts = ids
    .filter((one) => fits.has(one))
    .map((recordId) => ({ recordId, eventKey: `manual:${call}:${recordId}` }))
  const started = await startRuns(db, viewer.tenantId, version, starts)
  return { id: uuid, errors: [], changed: started > 0, more: { started } }
}

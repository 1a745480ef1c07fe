import { requireRight } from '../../access/decide.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { newId } from '../../ids.ts'
import { recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { validationError } from '../normalise.ts'
import { lockTargets, type Written } from '../records.ts'
import type { Change, Values, WriteContext } from '../write.ts'
import { arm, disarm } from './arm.ts'
import { DEFINITION, type Step } from './definition.ts'
import { checkPrincipal } from './principal.ts'
import { writeWorkflow } from './workflow.ts'

const COLUMNS = Object.values(DEFINITION)

/** A workflow that the caller may change, locked; or why not. */
async function lock(context: WriteContext, id: string): Promise<{ workflow: Change } | { refused: Written }> {
  requireRight(context.viewer, 'update', 'Workflow')
  const type = recordType('Workflow')
  const target = { id: uuidOf(type.name, id) ?? NO_ID }
  const [workflow] = await lockTargets(context, type, [target], { action: 'update', pathOf: () => ['id'] })
  return workflow?.before ? { workflow } : { refused: refused(workflow?.errors ?? []) }
}

const refused = (errors: UserErrorInfo[]): Written => ({ id: null, errors })

/**
 * Publishes a workflow as it is written now: what starts from now on goes by it, what is under way goes on as it began. Without a user of its own it runs as
 * who publishes it.
 *
 * Errors: NOT_FOUND, FORBIDDEN, VALIDATION_FAILED for one without steps or whose draft does not hold any more, USER_INACTIVE, PRIVILEGE_ESCALATION.
 */
export async function publishWorkflow(context: WriteContext, id: string): Promise<Written> {
  const { db, viewer } = context
  const found = await lock(context, id)
  if ('refused' in found) return found.refused
  const { workflow } = found
  const before = workflow.before as Values
  if ((before.steps as Step[]).length === 0)
    return refused([validationError(['steps'], 'required', 'is required to publish')])
  const check: Change = { ...workflow, path: [], values: { steps: before.steps } }
  await writeWorkflow([check], context)
  if (check.errors.length > 0) return refused(check.errors)
  const principal = before.principal as 'USER' | 'SYSTEM'
  const runAsId = principal === 'SYSTEM' ? null : ((before.runAsId as string | null) ?? viewer.userId)
  if (principal === 'USER' && !runAsId)
    return refused([validationError(['runAsId'], 'required', 'is required where no user publishes')])
  const errors = await checkPrincipal(context, { principal, runAsId })
  if (errors.length > 0) return refused(errors)
  const draft = COLUMNS.map((column) => (column === 'run_as_id' ? '$3::uuid' : `w.${column}`))
  const [same] = await db.rows({
    text: `SELECT 1 FROM workflow w JOIN workflow_version v ON v.tenant_id = $1 AND v.id = w.published_version_id
 WHERE w.tenant_id = $1 AND w.id = $2 AND (${draft.join(', ')}) IS NOT DISTINCT FROM (${COLUMNS.map((column) => `v.${column}`).join(', ')})`,
    values: [viewer.tenantId, workflow.id, runAsId],
  })
  if (same) return { id: workflow.id, errors: [], changed: false }
  const versionId = newId()
  await db.rows({
    text: `INSERT INTO workflow_version (tenant_id, id, workflow_id, number, ${COLUMNS.join(', ')})
 SELECT $1::uuid, $4::uuid, w.id, 1 + coalesce((SELECT max(number) FROM workflow_version WHERE tenant_id = $1 AND workflow_id = $2), 0), ${draft.join(', ')}
 FROM workflow w WHERE w.tenant_id = $1 AND w.id = $2`,
    values: [viewer.tenantId, workflow.id, runAsId, versionId],
  })
  await db.rows({
    text: 'UPDATE workflow SET published_version_id = $3 WHERE tenant_id = $1 AND id = $2',
    values: [viewer.tenantId, workflow.id, versionId],
  })
  if (before.enabled) await arm(context, workflow.id)
  return { id: workflow.id, errors: [], changed: true }
}

/**
 * Lets the published version of a workflow start from now on, or not any more; what is under way goes on.
 *
 * Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE for one that was not published, USER_INACTIVE, PRIVILEGE_ESCALATION as for publishWorkflow.
 */
export async function setEnabled(context: WriteContext, id: string, enabled: boolean): Promise<Written> {
  const { db, viewer } = context
  const found = await lock(context, id)
  if ('refused' in found) return found.refused
  const { workflow } = found
  const { enabled: was, publishedVersionId } = workflow.before as Values
  if (was === enabled) return { id: workflow.id, errors: [], changed: false }
  if (enabled && !publishedVersionId)
    return refused([
      {
        code: 'INVALID_STATE',
        message: 'The workflow was never published.',
        field: ['id'],
        details: { from: 'DRAFT', to: 'ENABLED', allowed: ['PUBLISHED'] },
      },
    ])
  if (enabled) {
    const errors = await checkPrincipal(context, await publishedPrincipal(context, publishedVersionId as string))
    if (errors.length > 0) return refused(errors.map((error) => ({ ...error, field: ['id'] })))
  }
  await db.rows({
    text: 'UPDATE workflow SET enabled = $3 WHERE tenant_id = $1 AND id = $2',
    values: [viewer.tenantId, workflow.id, enabled],
  })
  await (enabled ? arm : disarm)(context, workflow.id)
  return { id: workflow.id, errors: [], changed: true }
}

async function publishedPrincipal(
  { db, viewer }: WriteContext,
  versionId: string,
): Promise<{ principal: 'USER' | 'SYSTEM'; runAsId: string | null }> {
  const [row] = await db.rows<{ principal: 'USER' | 'SYSTEM'; runAsId: string | null }>({
    text: 'SELECT principal, run_as_id AS "runAsId" FROM workflow_version WHERE tenant_id = $1 AND id = $2',
    values: [viewer.tenantId, versionId],
  })
  return row as { principal: 'USER' | 'SYSTEM'; runAsId: string | null }
}

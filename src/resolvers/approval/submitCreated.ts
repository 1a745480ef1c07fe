import { UserErrors } from '../../errors.ts'
import type { Change, WriteContext } from '../write.ts'
import { submitForApproval } from './submit.ts'

/**
 * After records of a type are written: submits the new ones for which the company has a flow that begins by itself. What programs without a user make stays as it is. One
 * statement where there is no such flow.
 *
 * @throws UserErrors with NO_APPROVER, which undoes the create.
 */
export async function submitCreated(context: WriteContext, object: string, changes: Change[]): Promise<void> {
  const { db, viewer } = context
  const made = changes.filter(({ before }) => !before)
  if (made.length === 0 || !viewer.userId) return
  const flows = await db.rows({
    text: `SELECT 1 FROM approval_flow WHERE tenant_id = $1 AND object = $2 AND trigger = 'CREATE' AND active AND published_version_id IS NOT NULL AND deleted_at IS NULL LIMIT 1`,
    values: [viewer.tenantId, object],
  })
  if (flows.length === 0) return
  for (const { id, path } of made) {
    const done = await submitForApproval(context, { object, id, trigger: 'CREATE' })
    if (!('errors' in done)) continue
    const errors = done.errors.filter(({ code }) => code !== 'NO_APPROVAL_FLOW')
    if (errors.length > 0) throw new UserErrors(errors.map((error) => ({ ...error, field: path })))
  }
}

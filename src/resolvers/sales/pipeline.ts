import { lockTenant, refuse, refuseAs } from '../checks.ts'
import { after, type Change, idPath, type WriteContext } from '../write.ts'
import { checkListed } from './listed.ts'

interface Others {
  /** Live pipelines that are active and not among those of the call. */
  active: number
  /** The live default pipeline, or null. */
  defaultId: string | null
}

/** What stands in the database beside the pipelines of a call, under a lock that other writers of pipelines wait for. */
async function others(context: WriteContext, ids: string[]): Promise<Others> {
  await lockTenant(context, 'pipeline')
  const [row] = await context.db.rows<{ active: number; defaultId: string | null }>({
    text: `SELECT count(*) FILTER (WHERE active AND id <> ALL ($2::uuid[]))::integer AS active, max(id::text) FILTER (WHERE is_default) AS "defaultId"
 FROM pipeline WHERE tenant_id = $1 AND deleted_at IS NULL`,
    values: [context.viewer.tenantId, ids],
  })
  return row as Others
}

/**
 * Rule of pipelines: exactly one is the default, and it is active. The first one of a company gets the mark; setting it on another takes it away.
 * INVALID_STATE when the default would lose its mark or be switched off, LAST_PIPELINE when no active one would be left, REFERENCE_IN_USE when one with open deals
 * would be switched off. Departments that it is for are there (NOT_FOUND).
 */
export async function writePipeline(changes: Change[], context: WriteContext): Promise<void> {
  await checkListed(changes, 'departmentIds', 'Department', context)
  const marked = changes.filter(({ before, values }) => values.isDefault === true && !before?.isDefault)
  const unmarked = changes.filter(({ before, values }) => before?.isDefault && values.isDefault === false)
  const closed = changes.filter(({ before, values }) => before?.active && values.active === false)
  const made = changes.filter(({ before, values }) => !before && values.active)
  if (marked.length + unmarked.length + closed.length + made.length === 0) return
  for (const change of marked.slice(1)) refuse(change, 'isDefault', 'once', 'can be set on one pipeline only')
  const { active, defaultId } = await others(
    context,
    closed.map(({ id }) => id),
  )
  const taker = marked[0]
  if (taker && !after(taker, 'active'))
    refuseAs(taker, 'INVALID_STATE', 'isDefault', 'The default pipeline must be active.')
  for (const change of closed) {
    if (active === 0) refuseAs(change, 'LAST_PIPELINE', 'active', 'The last active pipeline cannot be switched off.')
    else if (change.before?.isDefault && !taker)
      refuseAs(change, 'INVALID_STATE', 'active', 'Make another pipeline the default first.')
  }
  await refuseUsed(closed, context)
  for (const change of unmarked) {
    if (!taker) refuseAs(change, 'INVALID_STATE', 'isDefault', 'Make another pipeline the default instead.')
  }
  if (!taker && !defaultId && made[0]) made[0].values.isDefault = true
  if (taker && taker.errors.length === 0 && defaultId && defaultId !== taker.id) {
    // Before the write: a unique index allows one default at any time.
    await context.db.rows({
      text: 'UPDATE pipeline SET is_default = false WHERE tenant_id = $1 AND is_default AND deleted_at IS NULL AND id <> $2',
      values: [context.viewer.tenantId, taker.id],
    })
  }
}

/** REFERENCE_IN_USE for pipelines that would be switched off while live open deals move through them. */
async function refuseUsed(closed: Change[], { db, viewer }: WriteContext): Promise<void> {
  if (closed.length === 0) return
  const rows = await db.rows<{ id: string; count: number }>({
    text: `SELECT pipeline_id AS id, count(*)::integer AS count FROM opportunity WHERE tenant_id = $1 AND deleted_at IS NULL AND status = 'OPEN' AND pipeline_id = ANY ($2::uuid[]) GROUP BY 1`,
    values: [viewer.tenantId, closed.map(({ id }) => id)],
  })
  for (const { id, count } of rows) {
    const change = closed.find((one) => one.id === id) as Change
    refuseAs(change, 'REFERENCE_IN_USE', 'active', `${count} open Opportunity still move through this Pipeline.`, {
      refs: [{ type: 'Opportunity', field: 'pipelineId', count }],
    })
  }
}

/** Rule before pipelines go: LAST_PIPELINE for the last active ones, INVALID_STATE for the default one. */
export async function deletePipeline(changes: Change[], context: WriteContext): Promise<void> {
  const live = changes.filter(({ before }) => before && !before.deletedAt)
  if (live.length === 0) return
  const { active } = await others(
    context,
    live.map(({ id }) => id),
  )
  for (const change of live) {
    if (active === 0 && change.before?.active) {
      change.errors.push({
        code: 'LAST_PIPELINE',
        message: 'The last active pipeline cannot be deleted.',
        field: idPath(change),
      })
    } else if (change.before?.isDefault) {
      change.errors.push({
        code: 'INVALID_STATE',
        message: 'Make another pipeline the default first.',
        field: idPath(change),
      })
    }
  }
}

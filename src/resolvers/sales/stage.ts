import { differs, lockTenant, refuse, refuseAs } from '../checks.ts'
import { after, type Change, idPath, type WriteContext } from '../write.ts'
import { checkEntryTasks } from './entryTasks.ts'
import { checkRequiredFields } from './requirements.ts'

/** The probability that a deal of such a stage always has; null for open ones. */
export function fixedProbability(kind: unknown): number | null {
  if (kind === 'OPEN') return null
  return kind === 'WON' ? 100 : 0
}

/**
 * Rule of stages: probability and forecast category follow the kind unless given; a closed kind allows one probability only. The kind stays while live
 * deals stand in the stage (REFERENCE_IN_USE) and while it is the last won or lost one of its pipeline (PIPELINE_NEEDS_WON_AND_LOST). What it asks for are
 * fields of deals, and its tasks are for users who are there.
 */
export async function writeStage(changes: Change[], context: WriteContext): Promise<void> {
  for (const change of changes) settleKind(change)
  await checkRequiredFields(changes, context)
  await checkEntryTasks(changes, context)
  const turned = changes.filter((change) => change.before && differs('Stage', change, 'kind'))
  if (turned.length === 0) return
  const missing = await lastOnes(turned, context)
  const uses = await context.db.rows<{ id: string; count: number }>({
    text: 'SELECT stage_id AS id, count(*)::integer AS count FROM opportunity WHERE tenant_id = $1 AND deleted_at IS NULL AND stage_id = ANY ($2::uuid[]) GROUP BY 1',
    values: [context.viewer.tenantId, turned.map(({ id }) => id)],
  })
  const used = new Map(uses.map(({ id, count }) => [id, count]))
  for (const change of turned) {
    const count = used.get(change.id)
    if (missing.has(change)) refuseAs(change, 'PIPELINE_NEEDS_WON_AND_LOST', 'kind', needs(change))
    if (count)
      refuseAs(change, 'REFERENCE_IN_USE', 'kind', `${count} Opportunity still stand in this Stage.`, {
        refs: [{ type: 'Opportunity', field: 'stageId', count }],
      })
  }
}

/** After stages are written: the open deals in them go stale as the stage now says. */
export async function staleAsStage(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  const turned = changes.filter((change) => change.before && differs('Stage', change, 'rottenDays'))
  if (turned.length === 0) return
  await db.rows({
    text: `UPDATE opportunity o SET rotten_days = s.rotten_days FROM stage s
 WHERE o.tenant_id = $1 AND o.stage_id = s.id AND o.deleted_at IS NULL AND o.rotten_days IS DISTINCT FROM s.rotten_days AND s.tenant_id = $1 AND s.id = ANY ($2::uuid[])`,
    values: [viewer.tenantId, turned.map(({ id }) => id)],
  })
}

/** Rule before stages go: PIPELINE_NEEDS_WON_AND_LOST for the last won or lost one of a pipeline that stays. */
export async function deleteStage(changes: Change[], context: WriteContext): Promise<void> {
  const live = changes.filter(({ before }) => before && !before.deletedAt)
  for (const change of await lastOnes(live, context)) {
    change.errors.push({ code: 'PIPELINE_NEEDS_WON_AND_LOST', message: needs(change), field: idPath(change) })
  }
}

const needs = ({ before }: Change) => `It is the last ${before?.kind === 'WON' ? 'won' : 'lost'} stage of its pipeline.`

/** Those of the stages without which their pipeline has no won or no lost stage, when all of them go. */
async function lastOnes(leaving: Change[], context: WriteContext): Promise<Set<Change>> {
  const ends = leaving.filter(({ before }) => before?.kind === 'WON' || before?.kind === 'LOST')
  if (ends.length === 0) return new Set()
  await lockTenant(context, 'stage')
  const rows = await context.db.rows<{ pipeline: string; kind: string }>({
    text: `SELECT DISTINCT pipeline_id AS pipeline, kind FROM stage
 WHERE tenant_id = $1 AND deleted_at IS NULL AND pipeline_id = ANY ($2::uuid[]) AND id <> ALL ($3::uuid[]) AND kind IN ('WON', 'LOST')`,
    values: [
      context.viewer.tenantId,
      [...new Set(ends.map(({ before }) => before?.pipelineId))],
      leaving.map(({ id }) => id),
    ],
  })
  const staying = new Set(rows.map(({ pipeline, kind }) => `${pipeline} ${kind}`))
  return new Set(ends.filter(({ before }) => !staying.has(`${before?.pipelineId} ${before?.kind}`)))
}

function settleKind(change: Change): void {
  const { before, values } = change
  const kind = after(change, 'kind')
  const turned = !before || differs('Stage', change, 'kind')
  const fixed = fixedProbability(kind)
  const given = Object.hasOwn(values, 'probability') ? values.probability : null
  if (fixed !== null && given !== null && given !== fixed) {
    refuse(change, 'probability', 'kind', `must be ${fixed} for a stage of kind ${kind}`)
  }
  if (given === null && (turned || Object.hasOwn(values, 'probability'))) values.probability = fixed ?? 0
  if (values.forecastCategory == null && (turned || Object.hasOwn(values, 'forecastCategory'))) {
    values.forecastCategory = kind === 'OPEN' ? 'PIPELINE' : kind === 'WON' ? 'CLOSED' : 'OMITTED'
  }
}

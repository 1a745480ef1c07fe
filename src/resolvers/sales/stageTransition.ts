import { refuse, refuseAs } from '../checks.ts'
import { after, type Change, type WriteContext } from '../write.ts'
import { checkListed } from './listed.ts'
import { checkRequiredFields } from './requirements.ts'

/** Rule of transitions: two different stages of the pipeline (STAGE_NOT_IN_PIPELINE), roles that are there (NOT_FOUND), fields that deals have. */
export async function writeStageTransition(changes: Change[], context: WriteContext): Promise<void> {
  await checkRequiredFields(changes, context)
  await checkListed(changes, 'roleIds', 'Role', context)
  const made = changes.filter(({ before }) => !before)
  if (made.length === 0) return
  const rows = await context.db.rows<{ id: string; pipeline: string }>({
    text: 'SELECT id, pipeline_id AS pipeline FROM stage WHERE tenant_id = $1 AND id = ANY ($2::uuid[])',
    values: [context.viewer.tenantId, made.flatMap(({ values }) => [values.fromStageId, values.toStageId])],
  })
  const pipelines = new Map(rows.map(({ id, pipeline }) => [id, pipeline]))
  for (const change of made) {
    for (const field of ['fromStageId', 'toStageId'])
      if (pipelines.get(after(change, field) as string) !== after(change, 'pipelineId'))
        refuseAs(change, 'STAGE_NOT_IN_PIPELINE', field, 'The stage belongs to another pipeline.')
    if (change.values.fromStageId === change.values.toStageId)
      refuse(change, 'toStageId', 'other', 'must be another stage than fromStageId')
  }
}

import { requireRight } from '../../access/decide.ts'
import { recordType, referencesTo } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { BULK_MAX } from '../mutation.ts'
import { deleteRecords, lockTargets, type Written } from '../records.ts'
import type { WriteContext } from '../write.ts'

/** Moving a hundred thousand leads takes longer than a statement may otherwise. */
const LIMIT = '120000'

/**
 * Makes one source of several: whatever refers to one of `fromIds`, of any type and in the recycle bin too, refers to the one that stays, and the others go to the
 * recycle bin. Their records stay what they are otherwise, whosever they are and also where they can no longer be changed: only the name of where they came from changes.
 *
 * @returns the source that stays; `more`: how many live records were moved.
 * Errors: NOT_FOUND, FORBIDDEN, MERGE_NEEDS_TWO, BULK_TOO_LARGE, HIERARCHY_CYCLE where one that goes stands above the one that stays.
 */
export async function mergeLeadSources(
  context: WriteContext,
  { intoId, fromIds }: { intoId: string; fromIds: readonly string[] },
): Promise<Written> {
  const { db, viewer } = context
  for (const action of ['merge', 'delete'] as const) requireRight(viewer, action, 'LeadSource')
  const failed = (errors: Written['errors']): Written => ({ id: null, errors })
  if (fromIds.length > BULK_MAX) {
    const message = `At most ${BULK_MAX} sources at once.`
    return failed([{ code: 'BULK_TOO_LARGE', message, field: ['fromIds'], details: { max: BULK_MAX } }])
  }
  const type = recordType('LeadSource')
  const into = uuidOf(type.name, intoId) ?? NO_ID
  const from = [...new Set(fromIds.filter((id) => id !== intoId))].map((id) => uuidOf(type.name, id) ?? NO_ID)
  if (from.length === 0)
    return failed([{ code: 'MERGE_NEEDS_TWO', message: 'Name at least one other source.', field: ['fromIds'] }])
  const locked = await lockTargets(
    context,
    type,
    [into, ...from].map((id) => ({ id })),
    { action: 'merge', pathOf: (index) => (index === 0 ? ['intoId'] : ['fromIds', String(index - 1)]) },
  )
  const errors = locked.flatMap(({ errors, path }) => errors.map((error) => ({ ...error, field: path })))
  if (errors.length > 0) return failed(errors)
  const [above] = await db.rows({
    text: `WITH RECURSIVE up AS (SELECT parent_id FROM lead_source WHERE tenant_id = $1 AND id = $2
 UNION SELECT s.parent_id FROM up JOIN lead_source s ON s.tenant_id = $1 AND s.id = up.parent_id) SELECT 1 FROM up WHERE parent_id = ANY ($3::uuid[])`,
    values: [viewer.tenantId, into, from],
  })
  if (above) {
    const message = 'A source that goes stands above the one that stays; merge into the wider one.'
    return failed([{ code: 'HIERARCHY_CYCLE', message, field: ['intoId'] }])
  }
  await db.rows({ text: `SELECT set_config('statement_timeout', $1, true)`, values: [LIMIT] })
  let moved = 0
  for (const { type: holder, relation } of referencesTo(type.name)) {
    const [row] = await db.rows<{ live: number }>({
      text: `WITH moved AS (UPDATE ${ident(holder.table)} SET ${ident(relation.column)} = $2 WHERE tenant_id = $1 AND ${ident(relation.column)} = ANY ($3::uuid[]) RETURNING deleted_at)
 SELECT count(*) FILTER (WHERE deleted_at IS NULL)::integer AS live FROM moved`,
      values: [viewer.tenantId, into, from],
    })
    moved += row?.live ?? 0
  }
  const gone = await deleteRecords(
    context,
    type,
    from.map((id) => ({ id })),
    { pathOf: (index) => ['fromIds', String(index)] },
  )
  const refused = gone.flatMap(({ errors }) => errors)
  return refused.length > 0 ? failed(refused) : { id: into, errors: [], more: moved }
}

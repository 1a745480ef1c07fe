import { requireRight } from '../../access/decide.ts'
import { recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { validationError } from '../normalise.ts'
import { lockTargets, type Written } from '../records.ts'
import { refused, wrongState } from '../revenue/refusals.ts'
import type { WriteContext } from '../write.ts'
import { settleMilestones } from './sla/milestones.ts'
import { CASE_STATES, type CaseStatus } from './states.ts'

const MOST = 50

/**
 * Makes cases duplicates of another: what was said about them and the files at them go to the one that stays; they keep the rest, and say into which they were merged. All or
 * nothing. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, MERGE_NEEDS_TWO, INVALID_STATE for duplicates that are over, and for one that stays and is itself a duplicate.
 */
export async function mergeCases(
  context: WriteContext,
  {
    id,
    duplicateIds,
    expectedVersion,
  }: { id: string; duplicateIds: readonly string[]; expectedVersion?: number | null },
): Promise<Written> {
  const { db, viewer } = context
  requireRight(viewer, 'update', 'Case')
  const wanted = [...new Set(duplicateIds)].filter((one) => one !== id)
  if (wanted.length === 0 || wanted.length !== duplicateIds.length)
    return refused({
      code: 'MERGE_NEEDS_TWO',
      message: 'A merge takes different cases, each once.',
      field: ['duplicateIds'],
    })
  if (wanted.length > MOST)
    return refused(validationError(['duplicateIds'], 'maxItems', `must have at most ${MOST} members`))
  const targets = [{ id: uuidOf('Case', id) ?? NO_ID, expectedVersion: expectedVersion ?? null }].concat(
    wanted.map((one) => ({ id: uuidOf('Case', one) ?? NO_ID, expectedVersion: null })),
  )
  const changes = await lockTargets(context, recordType('Case'), targets, {
    action: 'update',
    pathOf: (index) => (index === 0 ? ['id'] : ['duplicateIds', String(index - 1), 'id']),
  })
  const errors = changes.flatMap((change) => change.errors)
  const [kept, ...dropped] = changes
  if (!kept || errors.length > 0) return refused(...errors)
  if (kept.before?.status === 'DUPLICATE')
    return refused({
      code: 'INVALID_STATE',
      message: 'The case is itself a duplicate.',
      field: ['id'],
      details: { from: 'DUPLICATE', allowed: [] },
    })
  const wrong = dropped.flatMap(({ before, path }) => {
    const status = before?.status as CaseStatus
    return CASE_STATES[status].includes('DUPLICATE')
      ? []
      : [wrongState(CASE_STATES, status, 'DUPLICATE', path.slice(0, -1))]
  })
  if (wrong.length > 0) return refused(...wrong)
  const ids = dropped.map((change) => change.id)
  const move = (table: string, set: string, where: string) =>
    db.rows({
      text: `UPDATE ${table} SET ${set} = $2 WHERE tenant_id = $1 AND ${where} AND deleted_at IS NULL`,
      values: [viewer.tenantId, kept.id, ids],
    })
  await move('case_comment', 'case_id', 'case_id = ANY ($3::uuid[])')
  await move('attachment', 'record_id', `object_type = 'Case' AND record_id = ANY ($3::uuid[])`)
  await move('service_case', 'duplicate_of_id', `status = 'DUPLICATE' AND duplicate_of_id = ANY ($3::uuid[])`)
  await db.rows({
    text: `UPDATE service_case SET status = 'DUPLICATE', duplicate_of_id = $2, awaiting_reply_since = NULL WHERE tenant_id = $1 AND id = ANY ($3::uuid[])`,
    values: [viewer.tenantId, kept.id, ids],
  })
  await settleMilestones(context, [kept.id, ...ids])
  return { id: kept.id, errors: [], changed: true }
}

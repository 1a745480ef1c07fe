import { requireRight } from '../../../access/decide.ts'
import { type UserErrorInfo, UserErrors } from '../../../errors.ts'
import { recordType } from '../../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../../read/values.ts'
import { validationError } from '../../normalise.ts'
import { lockTargets } from '../../records.ts'
import type { WriteContext } from '../../write.ts'
import { type Assignment, assignOwners } from './assign.ts'
import { ASSIGNED } from './rule.ts'

/** Arguments of the verb as clients write them. */
export interface AssignRecords {
  object: string
  ids: string[]
  ruleId?: string | null
}

/** What became of one of the ids, in their order. */
export type AssignedRecord = Assignment & {
  /** Its uuid; null when nothing could be done with it. */ id: string | null
}

/**
 * Gives records that the caller may transfer an owner by the company's assignment rules, or by one of them. A record that has an owner gets another.
 *
 * Errors per id: NOT_FOUND, FORBIDDEN, INVALID_STATE for converted leads. For the call: NOT_FOUND of the rule, VALIDATION_FAILED for one that is for
 * other records or not active.
 */
export async function assignRecords(
  context: WriteContext,
  { object, ids, ruleId = null }: AssignRecords,
): Promise<AssignedRecord[]> {
  const { viewer } = context
  const type = recordType(ASSIGNED[object] as string)
  requireRight(viewer, 'transfer', type.name, 'assignRecords')
  const pathOf = (index: number) => ['ids', String(index)]
  const rule = ruleId === null ? null : await ruleNamed(context, object, ruleId)
  const targets = ids.map((id) => ({ id: uuidOf(type.name, id) ?? NO_ID }))
  const changes = await lockTargets(context, type, targets, { action: 'transfer', pathOf })
  const good = changes.filter(({ errors }) => errors.length === 0)
  const done = await assignOwners(
    context,
    type,
    good.map(({ id }) => id),
    { ruleId: rule, pathOf: (index) => good[index]?.path ?? [] },
  )
  const found = new Map(good.map(({ id }, place) => [id, done[place] as Assignment]))
  return changes.map(({ id, errors }) => {
    const assignment = errors.length === 0 ? found.get(id) : undefined
    if (!assignment) return { id: null, outcome: 'NO_RULE', ownerId: null, ruleId: null, errors: errors.map(atItsId) }
    const refused = assignment.errors.map(atItsId)
    return { ...assignment, errors: refused, id: refused.length === 0 ? id : null }
  })
}

/** An error where the caller wrote the id: the list holds ids alone, and what follows from an owner stands in no input. */
const atItsId = (error: UserErrorInfo): UserErrorInfo => ({ ...error, field: error.field?.slice(0, 2) ?? null })

/** uuid of a rule that the caller may see and that can give out records of the object. */
async function ruleNamed({ db, viewer }: WriteContext, object: string, ruleId: string): Promise<string> {
  const id = uuidOf('AssignmentRule', ruleId) ?? NO_ID
  const [rule] = viewer.access.may('read', 'AssignmentRule')
    ? await db.rows<{ fits: boolean }>({
        text: 'SELECT object = $3 AND active AS fits FROM assignment_rule WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL',
        values: [viewer.tenantId, id, object],
      })
    : []
  if (!rule)
    throw new UserErrors([{ code: 'NOT_FOUND', message: 'There is no such AssignmentRule.', field: ['ruleId'] }])
  if (!rule.fits)
    throw new UserErrors([validationError(['ruleId'], 'rule', 'must be an active rule for records of that object')])
  return id
}

import type { UserErrorInfo } from '../../errors.ts'
import { recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { idOf } from '../../read/values.ts'
import { createRecords, type Written } from '../records.ts'
import { type Found, lockOne, refused, wrongState } from '../revenue/refusals.ts'
import type { WriteContext } from '../write.ts'
import { settleMilestones } from './sla/milestones.ts'
import { CASE_STATES, type CaseStatus } from './states.ts'

/** The case that a verb is about, as clients write it. */
export interface NamedCase {
  id: string
  expectedVersion?: number | null
}

/** Locks the case of a verb. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION. */
export const lockCase = (
  context: WriteContext,
  named: NamedCase,
  action: 'update' | 'transfer' | 'reopen' = 'update',
): Promise<Found> => lockOne(context, 'Case', named, action)

/** Writes columns of a locked case, and brings its times to what it is then. */
export async function putCase(
  context: WriteContext,
  id: string,
  columns: Record<string, unknown>,
  now = new Date(),
): Promise<void> {
  const names = Object.keys(columns)
  await context.db.rows({
    text: `UPDATE service_case SET ${names.map((name, index) => `${ident(name)} = $${index + 3}`).join(', ')} WHERE tenant_id = $1 AND id = $2`,
    values: [context.viewer.tenantId, id, ...Object.values(columns)],
  })
  await settleMilestones(context, [id], now)
}

/** INVALID_STATE where a case cannot come from one status to another. */
export function stateError(from: CaseStatus, to: CaseStatus): UserErrorInfo[] {
  return CASE_STATES[from].includes(to) ? [] : [wrongState(CASE_STATES, from, to)]
}

/** Takes a locked case to another status, with columns that go with it; where it stands there already, nothing is done. */
export async function moveCase(
  context: WriteContext,
  { id, before }: Exclude<Found, { errors: unknown }>,
  to: CaseStatus,
  columns: Record<string, unknown> = {},
): Promise<Written> {
  const from = before.status as CaseStatus
  if (from === to) return { id, errors: [], changed: false }
  const errors = stateError(from, to)
  if (errors.length > 0) return refused(...errors)
  await putCase(context, id, { status: to, ...columns })
  return { id, errors: [], changed: true }
}

/** Says something among colleagues about a locked case. */
export async function noteOn(context: WriteContext, caseId: string, body: string): Promise<UserErrorInfo[]> {
  const [written] = await createRecords(
    context,
    recordType('CaseComment'),
    [{ caseId: idOf('Case', caseId), body, isInternal: true }],
    { trusted: new Set([caseId]), pathOf: () => ['reason'] },
  )
  return written?.errors ?? []
}

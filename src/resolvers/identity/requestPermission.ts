import { requireRight } from '../../access/decide.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { lockTenant } from '../checks.ts'
import type { Written } from '../records.ts'
import type { Input, WriteContext } from '../write.ts'
import { dueAfter, firstApprover } from './approver.ts'
import { submitRequest } from './permissionFlow.ts'
import { tell } from './permissionMail.ts'
import { readEnd, readText, requireUser } from './permissionRequest.ts'
import { readTarget, type Target } from './permissionTarget.ts'

/** Most requests of one user that wait at the same time. */
const PENDING_MAX = 50

const refused = (...errors: UserErrorInfo[]): Written => ({ id: null, errors })

/**
 * Asks for a right. It goes through the company's flow for such requests, where there is one (permissionFlow.ts), otherwise to the applicant's manager (see firstApprover), who has
 * five working days.
 *
 * Errors: VALIDATION_FAILED, NOT_FOUND, FORBIDDEN for what would be of no use, UNIQUE_VIOLATION for what they have asked for and is not decided, INVALID_STATE
 * when nobody but the applicant could decide, NO_APPROVER where the flow finds nobody, BULK_TOO_LARGE.
 *
 * @throws FORBIDDEN, also for keys without a user.
 */
export async function requestPermission(context: WriteContext, input: Input): Promise<Written> {
  const { db, viewer } = context
  requireRight(viewer, 'create', 'PermissionRequest')
  const applicantId = requireUser(context)
  const { tenantId } = viewer
  const errors: UserErrorInfo[] = []
  const reason = readText(context, 'reason', input.reason, { path: ['input', 'reason'], required: true }, errors)
  const evidence = readText(context, 'evidence', input.evidence, { path: ['input', 'evidence'] }, errors)
  const requestedUntil = readEnd(context, 'requestedUntil', input.requestedUntil, ['input', 'requestedUntil'], errors)
  const target = await readTarget(context, input, errors)
  if (!target || errors.length > 0) return refused(...errors)
  const waiting = await refuseWaiting(context, applicantId, target)
  if (waiting) return refused(waiting)
  const prisma = await db.prisma()
  const asked = {
    ...target,
    applicantId,
    reason: reason as string,
    evidence: (evidence ?? []) as string[],
    requestedUntil,
  }
  const submitted = await submitRequest(context, target, async () => {
    const { id } = await prisma.permissionRequest.create({ data: asked })
    return id
  })
  if (submitted) return { id: submitted, errors: [] }
  const at = new Date()
  const assigned = await firstApprover({ db, tenantId, applicantId, at })
  if (!assigned)
    return refused({ code: 'INVALID_STATE', message: 'There is nobody but you who could decide this.', field: null })
  const { id } = await prisma.permissionRequest.create({
    data: { ...asked, ...assigned, dueAt: dueAfter(at, viewer.timezone) },
  })
  await tell(db, tenantId, id, assigned.approverId, 'ASKED')
  return { id, errors: [] }
}

/** Why the applicant may not ask now: the same is waiting for a decision, or too much is. */
async function refuseWaiting(
  context: WriteContext,
  applicantId: string,
  { kind, roleId, object, recordId, field }: Target,
): Promise<UserErrorInfo | null> {
  const { db, viewer } = context
  await lockTenant(context, `permission_request ${applicantId}`)
  const [found] = await db.rows<{ same: boolean | null; count: string }>({
    text: `SELECT bool_or((kind, role_id, object, record_id, field) IS NOT DISTINCT FROM ($3::text, $4::uuid, $5::text, $6::text, $7::text)) AS same, count(*) AS count
 FROM permission_request WHERE tenant_id = $1 AND applicant_id = $2 AND status = 'PENDING' AND deleted_at IS NULL`,
    values: [viewer.tenantId, applicantId, kind, roleId, object, recordId, field],
  })
  if (found?.same)
    return {
      code: 'UNIQUE_VIOLATION',
      message: 'You have asked for this already; it waits for a decision.',
      field: ['input'],
    }
  if (Number(found?.count) < PENDING_MAX) return null
  return {
    code: 'BULK_TOO_LARGE',
    message: `At most ${PENDING_MAX} requests of a user wait for a decision.`,
    field: ['input'],
    details: { max: PENDING_MAX },
  }
}

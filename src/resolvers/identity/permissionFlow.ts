import { viewerOfUser } from '../../access/viewer.ts'
import { type UserErrorInfo, UserErrors } from '../../errors.ts'
import { approvalSubject, submitForApproval } from '../approval/subject.ts'
import type { WriteContext } from '../write.ts'
import { grant } from './permissionGrant.ts'
import { refuseInactive } from './permissionRequest.ts'
import { lacking, type Target } from './permissionTarget.ts'

const OBJECT = 'PermissionRequest'

approvalSubject({
  object: OBJECT,
  approved: grantAsked,
  rejected: endWith('REJECTED'),
  withdrawn: endWith('CANCELLED'),
})

/** Undoes a request that no flow takes. */
class NoFlow extends Error {}

/**
 * Makes a request and hands it to the flow that the company has for it: for an export the type's flow for exports, otherwise one for requests.
 *
 * @param make inserts the request, without an approver, and gives its uuid.
 * @returns its uuid; null where no flow takes it: then it was not made.
 * @throws UserErrors with NO_APPROVER.
 */
export async function submitRequest(
  context: WriteContext,
  { kind, object }: Target,
  make: () => Promise<string>,
): Promise<string | null> {
  const { db, viewer } = context
  const flows = await db.rows<{ object: string; exported: boolean }>({
    text: `SELECT DISTINCT object, trigger = 'EXPORT' AS exported FROM approval_flow WHERE tenant_id = $1 AND active AND published_version_id IS NOT NULL AND deleted_at IS NULL
 AND ((object = $2 AND trigger = 'EXPORT' AND $3 = 'EXPORT') OR (object = '${OBJECT}' AND trigger <> 'EXPORT')) ORDER BY exported DESC`,
    values: [viewer.tenantId, object, kind],
  })
  if (flows.length === 0) return null
  try {
    return await db.savepoint(async () => {
      const id = await make()
      for (const flow of flows) {
        const way = flow.exported ? { trigger: 'EXPORT' as const, flowsOf: flow.object } : {}
        const done = await submitForApproval(context, { object: OBJECT, id, ...way })
        if (!('errors' in done)) return id
        if (done.errors.some(({ code }) => code !== 'NO_APPROVAL_FLOW'))
          throw new UserErrors(done.errors.map((error) => ({ ...error, field: ['input'] })))
      }
      throw new NoFlow()
    })
  } catch (error) {
    if (error instanceof NoFlow) return null
    throw error
  }
}

/**
 * The last approval grants, in the name of who gives it: they must be able to use what they grant, as without a flow.
 *
 * @throws UserErrors SELF_APPROVAL_FORBIDDEN where nobody else has decided, USER_INACTIVE, INVALID_STATE, PRIVILEGE_ESCALATION.
 */
async function grantAsked(context: WriteContext, id: string): Promise<void> {
  const { db, viewer } = context
  const where = { tenantId_id: { tenantId: viewer.tenantId, id } }
  const prisma = await db.prisma()
  const request = await prisma.permissionRequest.findUniqueOrThrow({ where })
  const { applicantId, requestedUntil: until } = request
  const target = request as unknown as Target
  const decider = viewer.userId === applicantId ? null : viewer.userId
  const own = decider && (await viewerOfUser(db, viewer.tenantId, decider))
  if (!own)
    throw refusal({ code: 'SELF_APPROVAL_FORBIDDEN', message: 'Somebody else has to agree to it.', field: ['id'] })
  if (until && until <= new Date())
    throw refusal({ code: 'INVALID_STATE', message: 'The time that was asked for is over.', field: ['id'] })
  const inactive = await refuseInactive(context, applicantId)
  if (inactive) throw refusal(inactive)
  const lacks = await lacking({ db, viewer: own }, target, ['id'])
  if (lacks.length > 0) throw new UserErrors(lacks)
  const granted = await grant(context, { ...target, id, applicantId, reason: request.reason, until }, ['id'])
  if ('errors' in granted) throw new UserErrors(granted.errors)
  await prisma.permissionRequest.update({
    where,
    data: { ...granted, status: 'APPROVED', decidedById: decider, decidedAt: new Date(), grantedUntil: until },
  })
}

const refusal = (error: UserErrorInfo) => new UserErrors([error])

/** A request that its flow did not grant. What has ended in another way stays as it is. */
function endWith(status: 'REJECTED' | 'CANCELLED') {
  return async ({ db, viewer }: WriteContext, id: string): Promise<void> => {
    await db.rows({
      text: `UPDATE permission_request SET status = $3, due_at = NULL, decided_by_id = CASE WHEN $3 = 'REJECTED' THEN $4::uuid END,
 decided_at = CASE WHEN $3 = 'REJECTED' THEN now() END, ended_at = CASE WHEN $3 = 'CANCELLED' THEN now() END WHERE tenant_id = $1 AND id = $2 AND status = 'PENDING'`,
      values: [viewer.tenantId, id, status, viewer.userId],
    })
  }
}

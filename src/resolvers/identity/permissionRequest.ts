import { requireRight } from '../../access/decide.ts'
import { requestError, type UserErrorInfo } from '../../errors.ts'
import { fieldOf, recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { pendingApproval, withdrawFromApproval } from '../approval/subject.ts'
import { normalise, validationError } from '../normalise.ts'
import { lockTargets, type Written } from '../records.ts'
import { forbidden, type WriteContext } from '../write.ts'
import { dueAfter, secondApprover } from './approver.ts'
import { grant, withdraw } from './permissionGrant.ts'
import { tell } from './permissionMail.ts'
import { lacking, owningDepartment, type Target } from './permissionTarget.ts'

const refused = (...errors: UserErrorInfo[]): Written => ({ id: null, errors })
const type = () => recordType('PermissionRequest')
const keyOf = ({ viewer }: WriteContext, id: string) => ({ tenantId_id: { tenantId: viewer.tenantId, id } })

/**
 * The user who is calling: a request is somebody's, and so is its decision.
 *
 * @throws FORBIDDEN for keys without a user.
 */
export function requireUser({ viewer }: WriteContext): string {
  if (viewer.userId) return viewer.userId
  throw requestError('FORBIDDEN', {
    message: {
      en: 'Requests are made and decided by users: use a user’s token, or a key that acts for a user.',
      zhCN: '申请与审批必须由用户进行：请使用用户的令牌，或代表用户的密钥。',
    },
  })
}

/** Reads what the caller gave as the field of a request that it is for, into the column's value; what is wrong goes to the errors. */
export function readText(
  { viewer }: WriteContext,
  name: string,
  value: unknown,
  { path, required = false }: { path: string[]; required?: boolean },
  errors: UserErrorInfo[],
): string | null {
  const result = normalise(fieldOf(type(), name), value, viewer)
  if ('rule' in result) errors.push(validationError([...path, ...(result.path ?? [])], result.rule, result.message))
  else if (result.ok === null && required) errors.push(validationError(path, 'required', 'is required'))
  else return result.ok as string | null
  return null
}

/** Reads a moment that is to come, as readText. */
export function readEnd(
  context: WriteContext,
  name: string,
  value: unknown,
  path: string[],
  errors: UserErrorInfo[],
): Date | null {
  const text = readText(context, name, value, { path }, errors)
  if (text === null) return null
  const end = new Date(text)
  if (end <= new Date()) errors.push(validationError(path, 'min', 'must be in the future'))
  return end
}

/** Locks a request that the viewer may see and decide. */
async function locked(context: WriteContext, id: string) {
  const uuid = uuidOf('PermissionRequest', id) ?? NO_ID
  const [change] = await lockTargets(context, type(), [{ id: uuid }], { action: 'approve', pathOf: () => ['id'] })
  if (change && change.errors.length > 0) return { errors: change.errors }
  const prisma = await context.db.prisma()
  return { request: await prisma.permissionRequest.findUniqueOrThrow({ where: keyOf(context, uuid) }) }
}

function wrongState(from: string, to: string, allowed: string): UserErrorInfo {
  return {
    code: 'INVALID_STATE',
    message: `The request is ${from}, not ${allowed}.`,
    field: ['id'],
    details: { from, to, allowed: [] },
  }
}

/** Arguments of the decision as clients write them. */
export interface Decision {
  id: string
  approve: boolean
  note?: string | null
  until?: string | null
}

/**
 * Decides a request: by its approver, or by an administrator, whose approval is the last. Data of another department takes two approvals, that of the
 * applicant's superior and that of the department's head. The last one grants: a further role, a share, or, for fields and exports, the request itself.
 *
 * Errors: NOT_FOUND, FORBIDDEN, SELF_APPROVAL_FORBIDDEN, INVALID_STATE, APPROVAL_PENDING for one that goes through a flow, VALIDATION_FAILED, USER_INACTIVE, PRIVILEGE_ESCALATION.
 */
export async function decidePermissionRequest(context: WriteContext, decision: Decision): Promise<Written> {
  const { db, viewer } = context
  requireRight(viewer, 'approve', 'PermissionRequest')
  const userId = requireUser(context)
  const found = await locked(context, decision.id)
  if ('errors' in found) return refused(...(found.errors ?? []))
  const { request } = found
  const { id, applicantId } = request
  const to = decision.approve ? 'APPROVED' : 'REJECTED'
  if (userId === applicantId)
    return refused({ code: 'SELF_APPROVAL_FORBIDDEN', message: 'Nobody decides their own request.', field: ['id'] })
  const administrator = viewer.access.set.full
  // Whom the approver stands in for has not lost their say.
  if (userId !== request.approverId && userId !== request.onBehalfOfId && !administrator)
    return refused(forbidden('PermissionRequest.approve', ['id']))
  if (request.status !== 'PENDING') return refused(wrongState(request.status, to, 'PENDING'))
  if ((await pendingApproval(context, 'PermissionRequest', [id])).size > 0)
    return refused({
      code: 'APPROVAL_PENDING',
      message: 'The request goes through an approval flow: approve or reject that.',
      field: ['id'],
    })
  const errors: UserErrorInfo[] = []
  const note = readText(context, 'decisionNote', decision.note, { path: ['note'], required: !decision.approve }, errors)
  const asked = readEnd(context, 'grantedUntil', decision.until, ['until'], errors)
  // The first approval may have made it shorter than it was asked for.
  const latest = request.grantedUntil ?? request.requestedUntil
  if (asked && !decision.approve) errors.push(validationError(['until'], 'kind', 'is for approvals'))
  else if (asked && latest && asked > latest)
    errors.push(validationError(['until'], 'max', `must not be after ${latest.toISOString()}`))
  if (errors.length > 0) return refused(...errors)
  const prisma = await db.prisma()
  const where = keyOf(context, id)
  const decided = { decidedById: userId, decidedAt: new Date(), decisionNote: note, dueAt: null }
  if (!decision.approve) {
    await prisma.permissionRequest.update({ where, data: { ...decided, status: 'REJECTED', grantedUntil: null } })
    await tell(db, viewer.tenantId, id, applicantId, 'REJECTED')
    return { id, errors: [], changed: true }
  }
  const until = asked ?? latest
  if (until && until <= new Date())
    return refused({ code: 'INVALID_STATE', message: 'The time that was asked for is over.', field: ['id'] })
  const inactive = await refuseInactive(context, applicantId)
  if (inactive) return refused(inactive)
  const target = request as unknown as Target
  if (request.step === 'MANAGER' && !administrator && (await passToHead(context, request, { note, until }))) {
    return { id, errors: [], changed: true }
  }
  const lacks = await lacking(context, target, ['id'])
  if (lacks.length > 0) return refused(...lacks)
  const granted = await grant(context, { ...target, id, applicantId, reason: request.reason, until }, ['id'])
  if ('errors' in granted) return refused(...granted.errors)
  await prisma.permissionRequest.update({
    where,
    data: { ...decided, ...granted, status: 'APPROVED', grantedUntil: until },
  })
  await tell(db, viewer.tenantId, id, applicantId, 'APPROVED')
  return { id, errors: [], changed: true }
}

/** USER_INACTIVE for an applicant who could not use what is granted. Locked, so that nobody is granted anything while they leave. */
export async function refuseInactive({ db, viewer }: WriteContext, applicantId: string): Promise<UserErrorInfo | null> {
  const [active] = await db.rows({
    text: `SELECT 1 FROM app_user WHERE tenant_id = $1 AND id = $2 AND status = 'ACTIVE' AND deleted_at IS NULL FOR SHARE`,
    values: [viewer.tenantId, applicantId],
  })
  return active ? null : { code: 'USER_INACTIVE', message: 'The applicant does not work here now.', field: ['id'] }
}

/** After the first approval: passes a request for data of another department to its head. False when it needs nobody else. */
async function passToHead(
  context: WriteContext,
  request: { id: string; applicantId: string; recordId: string | null },
  { note, until }: { note: string | null; until: Date | null },
): Promise<boolean> {
  const { db, viewer } = context
  const { tenantId, userId } = viewer
  const { id, applicantId } = request
  const departmentId = await owningDepartment(db, tenantId, applicantId, request)
  if (!departmentId) return false
  const at = new Date()
  const head = await secondApprover({ db, tenantId, applicantId, at }, departmentId)
  if (!head || head.approverId === userId) return false
  const prisma = await db.prisma()
  await prisma.permissionRequest.update({
    where: keyOf(context, id),
    data: {
      ...head,
      step: 'DEPARTMENT_HEAD',
      endorsedById: userId,
      endorsedAt: at,
      endorsementNote: note,
      grantedUntil: until,
      dueAt: dueAfter(at, viewer.timezone),
      escalations: 0,
      escalatedAt: null,
    },
  })
  await tell(db, tenantId, id, head.approverId, 'ASKED')
  return true
}

/**
 * Takes a request back before it is decided; its applicant alone does.
 *
 * Errors: NOT_FOUND, FORBIDDEN for others, INVALID_STATE.
 */
export async function cancelPermissionRequest(context: WriteContext, requestId: string): Promise<Written> {
  requireRight(context.viewer, 'create', 'PermissionRequest')
  const userId = requireUser(context)
  const { db, viewer } = context
  // One's own, whether or not one may decide requests.
  const [own] = await db.rows<{ id: string; status: string }>({
    text: 'SELECT id, status FROM permission_request WHERE tenant_id = $1 AND id = $2 AND applicant_id = $3 AND deleted_at IS NULL FOR NO KEY UPDATE',
    values: [viewer.tenantId, uuidOf('PermissionRequest', requestId) ?? NO_ID, userId],
  })
  if (!own) {
    const other = await locked(context, requestId)
    return refused(...('errors' in other ? (other.errors ?? []) : [forbidden('PermissionRequest.create', ['id'])]))
  }
  const { id, status } = own
  if (status !== 'PENDING') return refused(wrongState(status, 'CANCELLED', 'PENDING'))
  if ((await pendingApproval(context, 'PermissionRequest', [id])).size > 0) {
    const { errors } = await withdrawFromApproval(context, { object: 'PermissionRequest', id })
    if (errors.length > 0) return refused(...errors)
  }
  const prisma = await db.prisma()
  await prisma.permissionRequest.update({
    where: keyOf(context, id),
    data: { status: 'CANCELLED', endedAt: new Date(), dueAt: null, grantedUntil: null },
  })
  return { id, errors: [], changed: true }
}

/**
 * Ends a grant before its time: by who approved it, by who could grant it, by administrators. The role or share that it made goes.
 *
 * Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE, VALIDATION_FAILED without a note, LAST_ADMIN.
 */
export async function revokeGrant(context: WriteContext, requestId: string, why: string): Promise<Written> {
  const { db, viewer } = context
  requireRight(viewer, 'approve', 'PermissionRequest')
  const userId = requireUser(context)
  const found = await locked(context, requestId)
  if ('errors' in found) return refused(...(found.errors ?? []))
  const { request } = found
  const { id } = request
  const near =
    viewer.access.set.full || [request.approverId, request.decidedById, request.endorsedById].includes(userId)
  if (!near && (await lacking(context, request as unknown as Target, ['id'])).length > 0)
    return refused(forbidden('PermissionRequest.approve', ['id']))
  if (request.status !== 'APPROVED') return refused(wrongState(request.status, 'REVOKED', 'APPROVED'))
  const errors: UserErrorInfo[] = []
  const note = readText(context, 'endNote', why, { path: ['note'], required: true }, errors)
  if (errors.length > 0) return refused(...errors)
  const left = await withdraw(context, request, { path: ['id'] })
  if (left.length > 0) return refused(...left)
  const prisma = await db.prisma()
  await prisma.permissionRequest.update({
    where: keyOf(context, id),
    data: { status: 'REVOKED', endedAt: new Date(), endNote: note },
  })
  await tell(db, viewer.tenantId, id, request.applicantId, 'REVOKED')
  return { id, errors: [], changed: true }
}

import { EVERYTHING } from '../../../access/access.ts'
import { requireRight } from '../../../access/decide.ts'
import { requestError, type UserErrorInfo } from '../../../errors.ts'
import { fieldOf, recordType } from '../../../read/recordType.ts'
import { idOf, NO_ID, uuidOf } from '../../../read/values.ts'
import { normalise, validationError } from '../../normalise.ts'
import { createRecords, lockTargets, updateRecords, type Written } from '../../records.ts'
import { forbidden, same, type Values, type WriteContext } from '../../write.ts'
import { withReason } from '../pool/pooled.ts'
import { keysOf, lockCustomer, meet } from './conflict.ts'
import { protect, protectedUntil } from './protection.ts'

/** How long an approved customer is protected, and how much longer after an extension, days, when nobody says otherwise; and the most that may be said. */
export const PROTECTION = { days: 90, most: 365 }
/** How often a protection may be extended. */
export const EXTENSIONS = 1
const DAY = 86_400_000

type Status = 'SUBMITTED' | 'APPROVED' | 'REJECTED' | 'REVOKED'

const type = () => recordType('CustomerRegistration')
const refused = (...errors: UserErrorInfo[]): Written => ({ id: null, errors })

/** Locks a registration that the caller may decide, in a state that it must be in. */
async function locked(
  context: WriteContext,
  registrationId: string,
  from: Status,
  to: Status,
): Promise<{ id: string; before: Values } | { errors: UserErrorInfo[] }> {
  const { viewer } = context
  requireRight(viewer, 'approve', 'CustomerRegistration')
  const id = uuidOf('CustomerRegistration', registrationId) ?? NO_ID
  const [change] = await lockTargets(context, type(), [{ id }], { action: 'approve', pathOf: () => ['id'] })
  if (!change?.before) return { errors: change?.errors ?? [] }
  if (!viewer.userId)
    throw requestError('FORBIDDEN', {
      message: {
        en: 'Registrations are decided by users: use a user’s token, or a key that acts for a user.',
        zhCN: '报备必须由用户审批：请使用用户的令牌，或代表用户的密钥。',
      },
    })
  if (viewer.userId === change.before.registrantId)
    return {
      errors: [
        { code: 'SELF_APPROVAL_FORBIDDEN', message: 'Nobody decides about their own registration.', field: ['id'] },
      ],
    }
  if (change.before.status !== from) return { errors: [wrongState(change.before.status, from, to)] }
  return { id, before: change.before }
}

const wrongState = (is: unknown, from: Status, to: Status): UserErrorInfo => ({
  code: 'INVALID_STATE',
  message: `The registration is ${is}, not ${from}.`,
  field: ['id'],
  details: { from: is, to, allowed: [] },
})

/** Reads the reason that a decision must have. */
function reasonOf({ viewer }: WriteContext, given: string | null | undefined): { reason: string } | UserErrorInfo {
  const result = normalise(fieldOf(type(), 'reason'), given, viewer)
  if ('rule' in result) return validationError(['reason'], result.rule, result.message)
  return result.ok === null ? validationError(['reason'], 'required', 'is required') : { reason: result.ok as string }
}

function daysOf(given: number | null | undefined, field: string): number | UserErrorInfo {
  const days = given ?? PROTECTION.days
  if (days >= 1 && days <= PROTECTION.most) return days
  const [rule, words] = days < 1 ? ['min', 'at least 1'] : ['max', `at most ${PROTECTION.most}`]
  return validationError([field], rule as string, `must be ${words}`)
}

/** Writes columns of a registration by their names; what they are is written here. */
async function write({ db, viewer }: WriteContext, id: string, columns: Record<string, unknown>): Promise<void> {
  const names = Object.keys(columns)
  await db.rows({
    text: `UPDATE customer_registration SET ${names.map((name, place) => `${name} = $${place + 3}`).join(', ')} WHERE tenant_id = $1 AND id = $2`,
    values: [viewer.tenantId, id, ...names.map((name) => columns[name])],
  })
}

/** Arguments of the approval as clients write them. */
export interface Approval {
  id: string
  protectedDays?: number | null
  accountId?: string | null
}

/**
 * Approves a registration: its customer becomes, or is made, a company that belongs to the registrant and is protected for a time. Without `accountId` the company
 * that is surely this customer and nobody's, or the registrant's already, is taken, and one is made where there is none. What happened since it was
 * submitted counts: a customer who is somebody else's by now is refused.
 *
 * Errors: NOT_FOUND, FORBIDDEN, SELF_APPROVAL_FORBIDDEN, INVALID_STATE, VALIDATION_FAILED, USER_INACTIVE, REGISTRATION_CONFLICT, PROTECTION_ACTIVE, OWNER_QUOTA_EXCEEDED.
 */
export async function approveRegistration(context: WriteContext, approval: Approval): Promise<Written> {
  const { db, viewer } = context
  const found = await locked(context, approval.id, 'SUBMITTED', 'APPROVED')
  if ('errors' in found) return refused(...found.errors)
  const { id, before } = found
  const days = daysOf(approval.protectedDays, 'protectedDays')
  if (typeof days !== 'number') return refused(days)
  const registrantId = before.registrantId as string
  const [active] = await db.rows({
    text: `SELECT 1 FROM app_user WHERE tenant_id = $1 AND id = $2 AND status = 'ACTIVE' AND contact_id IS NULL AND deleted_at IS NULL FOR SHARE`,
    values: [viewer.tenantId, registrantId],
  })
  if (!active)
    return refused({ code: 'USER_INACTIVE', message: 'The registrant does not work here now.', field: ['id'] })
  const keys = keysOf(before.companyName as string, before.taxNo as string | null, before.contactPhone as string | null)
  await lockCustomer(context, keys)
  const linked = approval.accountId == null ? null : (uuidOf('Account', approval.accountId) ?? NO_ID)
  const met = await meet(context, keys, { registrantId, not: [id, ...(linked ? [linked] : [])], pathOf: () => ['id'] })
  if (met.refusal) return refused(met.refusal)
  const account = linked
    ? await linkAccount(context, linked, registrantId)
    : await freeAccount(context, met.free[0]?.id ?? null, before, registrantId)
  if ('errors' in account) return refused(...account.errors)
  const until = new Date(Date.now() + days * DAY)
  await write(context, id, {
    status: 'APPROVED',
    account_id: account.id,
    protected_until: until,
    decided_by_id: viewer.userId,
    decided_at: new Date(),
    reason: null,
  })
  await protect(context, account.id, until)
  return { id, errors: [], changed: true }
}

type Account = { id: string } | { errors: UserErrorInfo[] }

/** The company that the approver names, as the registrant's: one that they may give away and that is protected for nobody else. */
async function linkAccount(context: WriteContext, id: string, registrantId: string): Promise<Account> {
  const { db, viewer } = context
  const account = recordType('Account')
  const [change] = await lockTargets(context, account, [{ id }], { action: 'transfer', pathOf: () => ['accountId'] })
  // As of any reference: where it stands, not as the record of the call.
  if (!change?.before) return { errors: (change?.errors ?? []).map((error) => ({ ...error, field: ['accountId'] })) }
  if (same(undefined, change.before.ownerId, registrantId)) return { id }
  const [guarded] = await db.rows<{ until: Date }>({
    text: `SELECT x.until FROM (SELECT ${protectedUntil('a')} AS until FROM account a WHERE a.tenant_id = $1 AND a.id = $2) x WHERE x.until > now()`,
    values: [viewer.tenantId, id],
  })
  if (guarded)
    return {
      errors: [
        {
          code: 'PROTECTION_ACTIVE',
          message: 'The customer is protected for somebody else.',
          field: ['accountId'],
          details: { until: guarded.until.toISOString() },
        },
      ],
    }
  if (!viewer.access.may('transfer', 'Account')) return { errors: [forbidden('Account.transfer', ['accountId'])] }
  return given(
    await withReason(context.db, 'REGISTRATION', () =>
      updateRecords(context, account, [{ id, input: { ownerId: idOf('User', registrantId) } }]),
    ),
    'accountId',
  )
}

/** The company that is free, or a new one, as the registrant's. That is what approving means: it takes no further right. */
async function freeAccount(
  context: WriteContext,
  free: string | null,
  before: Values,
  registrantId: string,
): Promise<Account> {
  const system: WriteContext = {
    ...context,
    viewer: { ...context.viewer, access: EVERYTHING },
    allowDuplicate: true,
    assign: false,
  }
  const account = recordType('Account')
  const ownerId = idOf('User', registrantId)
  const take = () => updateRecords(system, account, [{ id: free as string, input: { ownerId } }])
  if (free) return given(await withReason(context.db, 'REGISTRATION', take), 'id')
  const { companyName: name, taxNo, contactPhone: phone } = before
  return given(await createRecords(system, account, [{ name, taxNo, phone, ownerId }]), 'id')
}

const given = ([written]: Written[], field: string): Account =>
  written?.id ? { id: written.id } : { errors: (written?.errors ?? []).map((error) => ({ ...error, field: [field] })) }

/** Refuses a registration, and says why. Errors: NOT_FOUND, FORBIDDEN, SELF_APPROVAL_FORBIDDEN, INVALID_STATE, VALIDATION_FAILED without a reason. */
export async function rejectRegistration(context: WriteContext, registrationId: string, why: string): Promise<Written> {
  const found = await locked(context, registrationId, 'SUBMITTED', 'REJECTED')
  if ('errors' in found) return refused(...found.errors)
  const reason = reasonOf(context, why)
  if ('code' in reason) return refused(reason)
  await write(context, found.id, {
    status: 'REJECTED',
    decided_by_id: context.viewer.userId,
    decided_at: new Date(),
    ...reason,
  })
  return { id: found.id, errors: [], changed: true }
}

/** Ends an approved registration before its time; the company stays with its owner and is not protected any more. Errors as rejectRegistration. */
export async function revokeRegistration(context: WriteContext, registrationId: string, why: string): Promise<Written> {
  const found = await locked(context, registrationId, 'APPROVED', 'REVOKED')
  if ('errors' in found) return refused(...found.errors)
  const reason = reasonOf(context, why)
  if ('code' in reason) return refused(reason)
  await write(context, found.id, {
    status: 'REVOKED',
    protected_until: new Date(),
    decided_by_id: context.viewer.userId,
    decided_at: new Date(),
    ...reason,
  })
  await protect(context, found.before.accountId as string, null)
  return { id: found.id, errors: [], changed: true }
}

/**
 * Protects an approved customer for longer, from the day on which it would have ended; once.
 *
 * Errors: NOT_FOUND, FORBIDDEN, SELF_APPROVAL_FORBIDDEN, INVALID_STATE also for one whose time is over, VALIDATION_FAILED, EXTENSION_LIMIT.
 */
export async function extendRegistration(
  context: WriteContext,
  registrationId: string,
  givenDays: number | null | undefined,
): Promise<Written> {
  const found = await locked(context, registrationId, 'APPROVED', 'APPROVED')
  if ('errors' in found) return refused(...found.errors)
  const { id, before } = found
  const days = daysOf(givenDays, 'days')
  if (typeof days !== 'number') return refused(days)
  const until = new Date(before.protectedUntil as string)
  if (until.getTime() <= Date.now()) return refused(wrongState('EXPIRED', 'APPROVED', 'APPROVED'))
  const extensions = before.extensions as number
  if (extensions >= EXTENSIONS)
    return refused({
      code: 'EXTENSION_LIMIT',
      message: 'The protection was extended before.',
      field: ['id'],
      details: { limit: EXTENSIONS },
    })
  const later = new Date(until.getTime() + days * DAY)
  await write(context, id, { protected_until: later, extensions: extensions + 1 })
  await protect(context, before.accountId as string, later)
  return { id, errors: [], changed: true }
}

/**
 * Takes a registration back before it is decided; its registrant alone does.
 *
 * Errors: NOT_FOUND, FORBIDDEN for others, INVALID_STATE.
 */
export async function withdrawRegistration(context: WriteContext, registrationId: string): Promise<Written> {
  const { db, viewer } = context
  requireRight(viewer, 'create', 'CustomerRegistration')
  const id = uuidOf('CustomerRegistration', registrationId) ?? NO_ID
  // One's own, whether or not one may decide about registrations.
  const [own] = viewer.userId
    ? await db.rows<{ status: Status }>({
        text: 'SELECT status FROM customer_registration WHERE tenant_id = $1 AND id = $2 AND registrant_id = $3 AND deleted_at IS NULL FOR NO KEY UPDATE',
        values: [viewer.tenantId, id, viewer.userId],
      })
    : []
  if (!own) {
    const [other] = await lockTargets(context, type(), [{ id }], { action: 'approve', pathOf: () => ['id'] })
    return refused(...(other && !other.before ? other.errors : [forbidden('CustomerRegistration.create', ['id'])]))
  }
  if (own.status !== 'SUBMITTED') return refused(wrongState(own.status, 'SUBMITTED', 'REVOKED'))
  await write(context, id, { status: 'REVOKED', decided_by_id: viewer.userId, decided_at: new Date() })
  return { id, errors: [], changed: true }
}

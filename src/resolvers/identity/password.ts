import { hashPassword, passwordProblem, verifyPassword } from '../../access/password.ts'
import type { Context } from '../../context.ts'
import { type UserErrorInfo, UserErrors } from '../../errors.ts'
import { callerOf } from '../../read/read.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import {
  type AttemptKeys,
  type AttemptLimits,
  attemptKeys,
  countAttempt,
  forgetAttempts,
  locked,
  takeBackAttempt,
} from './attempts.ts'
import { requireUser, revokeSessions, type UserViewer } from './sessions.ts'

/** Who a password belongs to, and the passwords that they had. */
export interface PasswordOwner {
  name: string
  email: string | null
  slug: string
  hash: string | null
  /** The hashes before it, latest first, four at most. */
  history: string[]
}

/** Gives a user a password. Throws a RangeError with a sentence when it is too weak. */
export async function setPassword(db: Reader, tenantId: string, userId: string, password: string): Promise<void> {
  await storePassword(db, tenantId, userId, await hashPassword(password))
}

/** Puts a hash in the place of a user's password, keeps the one before among the last, and begins its age anew. */
export async function storePassword(db: Reader, tenantId: string, userId: string, hash: string): Promise<void> {
  await db.rows({
    text: `INSERT INTO user_secret AS s (tenant_id, user_id, password_hash) VALUES ($1, $2, $3)
 ON CONFLICT (tenant_id, user_id) DO UPDATE SET password_hash = excluded.password_hash, must_change = false, changed_at = now(),
 password_history = CASE WHEN s.password_hash IS NULL THEN s.password_history ELSE (ARRAY[s.password_hash] || s.password_history)[1:4] END`,
    values: [tenantId, userId, hash],
  })
}

/** Says in the user's record that the password was changed. */
export async function notePasswordChange(db: Reader, tenantId: string, userId: string): Promise<void> {
  await db.rows({
    text: 'UPDATE app_user SET password_changed_at = now() WHERE tenant_id = $1 AND id = $2',
    values: [tenantId, userId],
  })
}

/**
 * Why a text cannot be the next password of a user: PASSWORD_WEAK, or PASSWORD_REUSED for one of the last five; empty if it can. Costs up to five
 * comparisons of 20 ms and more, so ask outside of a transaction.
 */
export async function newPasswordErrors(
  { name, email, slug, hash, history }: PasswordOwner,
  password: string,
  field: string[],
): Promise<UserErrorInfo[]> {
  const problem = passwordProblem(password, [name, email?.split('@')[0] ?? '', slug])
  if (problem) return [{ code: 'PASSWORD_WEAK', message: problem, field }]
  for (const old of [hash, ...history]) {
    if (old !== null && (await verifyPassword(old, password)))
      return [{ code: 'PASSWORD_REUSED', message: 'The password is one of your last five.', field }]
  }
  return []
}

/** Keeps a password as it was compared until the end of the transaction; false when it has changed since. */
export async function holdPassword(db: Reader, tenantId: string, userId: string, hash: string): Promise<boolean> {
  const [same] = await db.rows({
    text: 'SELECT 1 FROM user_secret WHERE tenant_id = $1 AND user_id = $2 AND password_hash = $3 FOR UPDATE',
    values: [tenantId, userId, hash],
  })
  return same !== undefined
}

/** What a user is asked for again: their names and secrets, and the keys under which their attempts count. */
export interface Reasked extends PasswordOwner {
  keys: AttemptKeys
  /** Sealed; null when there is no second factor. */
  mfaSecret: Buffer | null
  mfaLastStep: number | null
  mfaRecovery: Buffer[]
}

/** Reads what a signed-in user is about to prove again, and counts the attempt. Throws UserErrors with ACCOUNT_LOCKED. */
export async function reask(context: Context, viewer: UserViewer, limits: AttemptLimits): Promise<Reasked> {
  const [row] = await context.tenancy.readTenant(callerOf(viewer), (db) =>
    db.rows<Omit<Reasked, 'keys' | 'mfaLastStep'> & { mfaLastStep: string | null }>({
      text: `SELECT u.name, u.email, t.slug, s.password_hash AS hash, coalesce(s.password_history, '{}') AS history,
 CASE WHEN s.mfa_confirmed_at IS NOT NULL THEN s.mfa_secret END AS "mfaSecret", s.mfa_last_step AS "mfaLastStep", coalesce(s.mfa_recovery, '{}') AS "mfaRecovery"
 FROM app_user u JOIN tenant t ON t.id = u.tenant_id LEFT JOIN user_secret s ON s.tenant_id = u.tenant_id AND s.user_id = u.id
 WHERE u.tenant_id = $1 AND u.id = $2`,
      values: [viewer.tenantId, viewer.userId],
    }),
  )
  // The viewer was read a moment ago, and users are never destroyed.
  const user = row as NonNullable<typeof row>
  const keys = attemptKeys(context, user.slug, user.email ?? viewer.userId)
  const wait = await countAttempt(context, keys, limits)
  if (wait > 0) throw new UserErrors([locked(wait)])
  return { ...user, keys, mfaLastStep: user.mfaLastStep === null ? null : Number(user.mfaLastStep) }
}

/** Runs a verb that throws UserErrors, which become its answer. */
export async function answering(work: () => Promise<void>): Promise<UserErrorInfo[]> {
  try {
    await work()
    return []
  } catch (error) {
    if (error instanceof UserErrors) return error.errors
    throw error
  }
}

/**
 * Changes the viewer's password and ends their other sessions. User errors: INVALID_CREDENTIALS for a wrong present one, ACCOUNT_LOCKED after too
 * many, PASSWORD_WEAK, PASSWORD_REUSED. Throws FORBIDDEN for API keys.
 */
export async function changePassword(
  context: Context,
  input: { currentPassword: string; newPassword: string },
  limits: AttemptLimits = context.services.attempts,
): Promise<UserErrorInfo[]> {
  const viewer = requireUser(context)
  const { tenantId, userId } = viewer
  return answering(async () => {
    const user = await reask(context, viewer, limits)
    if (!(await verifyPassword(user.hash, input.currentPassword))) throw wrongPassword(['input', 'currentPassword'])
    const errors = await newPasswordErrors(user, input.newPassword, ['input', 'newPassword'])
    if (errors.length > 0) {
      await takeBackAttempt(context, user.keys)
      throw new UserErrors(errors)
    }
    const hash = await hashPassword(input.newPassword)
    await context.tenancy.writeTenant(callerOf(viewer), async (db) => {
      if (!(await holdPassword(db, tenantId, userId, user.hash as string)))
        throw wrongPassword(['input', 'currentPassword'])
      await storePassword(db, tenantId, userId, hash)
      await notePasswordChange(db, tenantId, userId)
      await revokeSessions(db, tenantId, userId, viewer.credentialId)
      await forgetAttempts(db, user.keys)
    })
    context.services.forgetViewers()
  })
}

/** INVALID_CREDENTIALS for what a signed-in user was asked again. */
export function wrongPassword(field: string[]): UserErrors {
  return new UserErrors([{ code: 'INVALID_CREDENTIALS', message: 'The password or the code is not right.', field }])
}

import { hashPassword, verifyPassword } from '../../access/password.ts'
import type { Context } from '../../context.ts'
import { requestError, type UserErrorInfo, UserErrors } from '../../errors.ts'
import { newId } from '../../ids.ts'
import { NO_ID } from '../../read/values.ts'
import type { Caller, Reader } from '../../tenancy/tenancy.ts'
import { requireViewer } from '../mutation.ts'
import { type AttemptLimits, attemptKeys, countAttempt, forgetAttempts, locked, takeBackAttempt } from './attempts.ts'
import { readCode, spendCode } from './mfa.ts'
import { holdPassword, newPasswordErrors, notePasswordChange, type PasswordOwner, storePassword } from './password.ts'
import { revokeSessions } from './sessions.ts'

export { setPassword } from './password.ts'

/** What signing in gives: tokens, or why not. */
export interface SignedIn {
  accessToken: string | null
  expiresAt: string | null
  refreshToken: string | null
  userErrors: UserErrorInfo[]
}

/** What a user proves themselves with. */
export interface SignInInput {
  tenant: string
  email: string
  password: string
  /** Of the second factor: six digits or a recovery code. */
  code?: string | null
  /** In the place of a password that has expired. */
  newPassword?: string | null
}

/** A user whom sessions belong to, plain uuids. */
interface Who {
  tenantId: string
  userId: string
}

/** How long a sign-in lasts without being refreshed. */
const SESSION_DAYS = 30

const none = (userErrors: UserErrorInfo[]): SignedIn => ({
  accessToken: null,
  expiresAt: null,
  refreshToken: null,
  userErrors,
})

/** The one answer to whatever does not fit. */
const refused = (): UserErrorInfo => ({
  code: 'INVALID_CREDENTIALS',
  message: 'Company, e-mail address and password do not fit together.',
  field: ['input'],
})

async function tenantBy(
  context: Context,
  fn: 'tenant_of_slug' | 'tenant_of_session',
  value: unknown,
): Promise<string | null> {
  const [row] = await context.tenancy.withoutTenant((db: Reader) =>
    db.rows<{ tenant: string | null }>({ text: `SELECT atrium.${fn}($1) AS tenant`, values: [value] }),
  )
  return row?.tenant ?? null
}

interface Candidate extends PasswordOwner {
  id: string
  status: string
  /** By age, or because somebody said so. */
  expired: boolean
  /** Sealed; null when there is no second factor. */
  mfaSecret: Buffer | null
  mfaLastStep: string | null
  mfaRecovery: Buffer[]
}

/** The user who may sign in with an address. Asks the database for any company: one that does not exist has no users. */
async function candidate(context: Context, tenantId: string, email: string): Promise<Candidate | undefined> {
  const [user] = await context.tenancy.readTenant({ tenantId }, (db) =>
    db.rows<Candidate>({
      text: `SELECT u.id, u.name, u.email, t.slug, t.status, s.password_hash AS hash, s.password_history AS history,
 s.must_change OR coalesce(s.changed_at < now() - make_interval(days => t.password_max_age_days), false) AS expired,
 CASE WHEN s.mfa_confirmed_at IS NOT NULL THEN s.mfa_secret END AS "mfaSecret", s.mfa_last_step AS "mfaLastStep", s.mfa_recovery AS "mfaRecovery"
 FROM app_user u JOIN user_secret s ON s.tenant_id = u.tenant_id AND s.user_id = u.id JOIN tenant t ON t.id = u.tenant_id
 WHERE u.tenant_id = $1 AND u.email = $2 AND u.status = 'ACTIVE' AND u.deleted_at IS NULL`,
      values: [tenantId, email],
    }),
  )
  return user
}

/**
 * Begins a session. One answer, at one price, for an unknown company, an unknown e-mail address, a wrong password and a user who may not sign in. User
 * errors: INVALID_CREDENTIALS; ACCOUNT_LOCKED after too many attempts at the account or from the address, whether it exists or not; and after the
 * right password MFA_REQUIRED, PASSWORD_EXPIRED, PASSWORD_WEAK, PASSWORD_REUSED.
 *
 * @throws TENANT_SUSPENDED to whoever has the right password.
 */
export async function signIn(
  context: Context,
  input: SignInInput,
  limits: AttemptLimits = context.services.attempts,
): Promise<SignedIn> {
  const slug = input.tenant.trim().toLowerCase()
  const email = input.email.normalize('NFC').trim().toLowerCase()
  const keys = attemptKeys(context, slug, email)
  const wait = await countAttempt(context, keys, limits)
  if (wait > 0) return none([locked(wait)])
  // PostgreSQL knows no text with a zero in it, and so no company and no user.
  const tenantId = (slug.includes('\0') ? null : await tenantBy(context, 'tenant_of_slug', slug)) ?? NO_ID
  const user = await candidate(context, tenantId, email.includes('\0') ? '' : email)
  const right = await verifyPassword(user?.hash ?? null, input.password)
  if (!right || !user) return none([refused()])
  const who = { tenantId, userId: user.id }
  // What the right password alone brings to light. It is no guess, nor does it make good the guesses before.
  const tell = async (...errors: UserErrorInfo[]): Promise<SignedIn> => {
    await takeBackAttempt(context, keys)
    return none(errors)
  }
  if (suspended(user.status)) {
    await takeBackAttempt(context, keys)
    throw requestError('TENANT_SUSPENDED')
  }
  const factor = user.mfaSecret && {
    mfaSecret: user.mfaSecret,
    mfaLastStep: user.mfaLastStep === null ? null : Number(user.mfaLastStep),
    mfaRecovery: user.mfaRecovery,
  }
  if (factor && !input.code) {
    return tell({ code: 'MFA_REQUIRED', message: 'Send a code of the second factor too.', field: ['input', 'code'] })
  }
  const code = factor && readCode(context, who, factor, input.code as string)
  if (factor && !code) return none([refused()])
  const replaces = input.newPassword ?? null
  if (user.expired && replaces === null) {
    const message = 'The password has expired: send a new one with the old one.'
    return tell({ code: 'PASSWORD_EXPIRED', message, field: ['input', 'newPassword'] })
  }
  if (replaces !== null) {
    const field = ['input', 'newPassword']
    const errors: UserErrorInfo[] = user.expired
      ? await newPasswordErrors(user, replaces, field)
      : [
          {
            code: 'VALIDATION_FAILED',
            message: 'The password has not expired: use changePassword.',
            field,
            details: { rule: 'notExpired' },
          },
        ]
    if (errors.length > 0) return tell(...errors)
  }
  const newHash = replaces === null ? null : await hashPassword(replaces)
  try {
    const session = await context.tenancy.writeTenant(callerFor(context, who), async (db) => {
      // A password or a code that somebody else has just used up is not right any more.
      const holds = await holdPassword(db, tenantId, user.id, user.hash as string)
      if (!holds || (code && !(await spendCode(db, who, code)))) throw new UserErrors([refused()])
      if (newHash) {
        await storePassword(db, tenantId, user.id, newHash)
        await notePasswordChange(db, tenantId, user.id)
        await revokeSessions(db, tenantId, user.id)
      }
      const made = await insertSession(db, context, who)
      await forgetAttempts(db, keys)
      return made
    })
    if (newHash) context.services.forgetViewers()
    return await tokensFor(context, { ...who, sessionId: session.id }, session.token)
  } catch (error) {
    if (error instanceof UserErrors) return none(error.errors)
    throw error
  }
}

/**
 * Begins a session of a user whom another party has proved (OIDC). INVALID_CREDENTIALS for one who may not sign in.
 *
 * @throws TENANT_SUSPENDED
 */
export async function beginSession(context: Context, who: Who): Promise<SignedIn> {
  try {
    const { id, token } = await context.tenancy.writeTenant(callerFor(context, who), (db) =>
      insertSession(db, context, who),
    )
    return await tokensFor(context, { ...who, sessionId: id }, token)
  } catch (error) {
    if (error instanceof UserErrors) return none(error.errors)
    throw error
  }
}

const callerFor = (context: Context, { tenantId, userId }: Who): Caller => ({
  tenantId,
  userId,
  actor: `user:${userId}`,
  requestId: context.requestId,
  ip: context.ip,
})

const suspended = (status: string) => status === 'SUSPENDED' || status === 'DELETING'

/** The row of a new session and its first refresh token. Throws UserErrors for a user who may not sign in, TENANT_SUSPENDED. */
async function insertSession(
  db: Reader,
  context: Context,
  { tenantId, userId }: Who,
): Promise<{ id: string; token: string }> {
  const id = newId()
  const { token, hash } = context.services.tokens.newRefresh(id, 0)
  const [made] = await db.rows<{ status: string }>({
    text: `WITH who AS (
  SELECT u.id, t.status FROM app_user u JOIN tenant t ON t.id = u.tenant_id
  WHERE u.tenant_id = $1 AND u.id = $3 AND u.status = 'ACTIVE' AND u.deleted_at IS NULL
), made AS (
  INSERT INTO session (tenant_id, id, user_id, refresh_hash, expires_at, ip, user_agent)
  SELECT $1::uuid, $2::uuid, who.id, $4::bytea, now() + make_interval(days => $5), $6, $7 FROM who RETURNING 1
) SELECT who.status FROM who, made`,
    values: [tenantId, id, userId, hash, SESSION_DAYS, context.ip, context.userAgent?.slice(0, 300) ?? null],
  })
  if (!made) throw new UserErrors([refused()])
  if (suspended(made.status)) throw requestError('TENANT_SUSPENDED')
  // Each write of a user is a change that others are told of: one an hour says enough.
  await db.rows({
    text: `UPDATE app_user SET last_login_at = now() WHERE tenant_id = $1 AND id = $2 AND (last_login_at IS NULL OR last_login_at < now() - interval '1 hour')`,
    values: [tenantId, userId],
  })
  return { id, token }
}

async function tokensFor(
  context: Context,
  claims: { tenantId: string; userId: string; sessionId: string },
  refreshToken: string,
): Promise<SignedIn> {
  const { token, expiresAt } = await context.services.tokens.signAccess(claims)
  return { accessToken: token, expiresAt: new Date(expiresAt).toISOString(), refreshToken, userErrors: [] }
}

/**
 * Trades a refresh token for new tokens. Each works once. One that was used before ends the session, because two parties hold it; of uses at the same
 * time, whose requests were here before the first of them had its answer, the others are only refused.
 *
 * @throws UNAUTHENTICATED for a token that is not ours, used, expired or revoked; TENANT_SUSPENDED, with which the token stays good.
 */
export async function refreshToken(context: Context, refresh: string): Promise<SignedIn> {
  const arrived = performance.now()
  const { tokens } = context.services
  const claims = tokens.readRefresh(refresh)
  const tenantId = claims && (await tenantBy(context, 'tenant_of_session', claims.sessionId))
  if (!claims || !tenantId) throw requestError('UNAUTHENTICATED')
  const { sessionId, counter, hash } = claims
  const fresh = tokens.newRefresh(sessionId, counter + 1)
  const outcome = await context.tenancy.writeTenant(
    { tenantId, requestId: context.requestId, ip: context.ip },
    async (db): Promise<{ userId: string } | 'refused' | 'reused'> => {
      // One clock, the database's: when this request came is the beginning of the transaction, less what it has spent here before.
      const spent = (performance.now() - arrived) / 1000
      // Conditional, so that of many uses at the same time one succeeds.
      const [rotated] = await db.rows<{ userId: string; status: string }>({
        text: `UPDATE session s SET refresh_hash = $5, counter = s.counter + 1, rotated_at = clock_timestamp(), expires_at = now() + make_interval(days => $6) FROM app_user u, tenant t
 WHERE s.tenant_id = $1 AND s.id = $2 AND s.counter = $3 AND s.refresh_hash = $4 AND s.revoked_at IS NULL AND s.expires_at > now()
 AND u.tenant_id = s.tenant_id AND u.id = s.user_id AND u.status = 'ACTIVE' AND u.deleted_at IS NULL AND t.id = s.tenant_id RETURNING s.user_id AS "userId", t.status`,
        values: [tenantId, sessionId, counter, hash, fresh.hash, SESSION_DAYS],
      })
      // Undoes the rotation: the caller gets no new token for the one that they have.
      if (rotated && suspended(rotated.status)) throw requestError('TENANT_SUSPENDED')
      if (rotated) return rotated
      const [ended] = await db.rows({
        text: `UPDATE session SET revoked_at = now() WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL
 AND (counter > $3::bigint + 1 OR (counter = $3::bigint + 1 AND rotated_at <= now() - make_interval(secs => $4))) RETURNING 1`,
        values: [tenantId, sessionId, counter, spent],
      })
      return ended ? 'reused' : 'refused'
    },
  )
  if (outcome === 'reused') context.services.forgetViewers()
  if (typeof outcome === 'string') throw requestError('UNAUTHENTICATED')
  return tokensFor(context, { tenantId, userId: outcome.userId, sessionId }, fresh.token)
}

/** Ends the session that the request's token belongs to. API keys have none: nothing happens. */
export async function signOut(context: Context): Promise<boolean> {
  const viewer = requireViewer(context)
  if (viewer.kind !== 'user') return false
  await context.tenancy.writeTenant(
    { tenantId: viewer.tenantId, userId: viewer.userId, requestId: viewer.requestId },
    (db) =>
      db.rows({
        text: 'UPDATE session SET revoked_at = now() WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL',
        values: [viewer.tenantId, viewer.credentialId],
      }),
  )
  context.services.forgetViewers()
  return true
}

import { verifyPassword } from '../../access/password.ts'
import {
  hashRecovery,
  LostKeyError,
  newRecoveryCodes,
  newTotpSecret,
  plainRecoveryCode,
  totpStep,
  totpUri,
} from '../../access/totp.ts'
import type { Context } from '../../context.ts'
import { type UserErrorInfo, UserErrors } from '../../errors.ts'
import { callerOf } from '../../read/read.ts'
import { uuidOf } from '../../read/values.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { requireViewer } from '../mutation.ts'
import { type AttemptLimits, forgetAttempts, takeBackAttempt } from './attempts.ts'
import { answering, reask, wrongPassword } from './password.ts'
import { writeChange } from './security.ts'
import { lockUser, requireUser } from './sessions.ts'

/** Whose second factor it is, plain uuids. */
interface Who {
  tenantId: string
  userId: string
}

/** A second factor as it stands in the database. */
export interface Factor {
  mfaSecret: Buffer
  mfaLastStep: number | null
  mfaRecovery: Buffer[]
}

/** What a code was: one of a time step, or a recovery code by its hash. `anew` when the factor lies under the previous secret of the deployment. */
export type Code = ({ step: number } | { recovery: Buffer }) & { anew: { from: Buffer; to: Buffer } | null }

const aboutOf = ({ tenantId, userId }: Who) => `${tenantId} ${userId}`

/** What a text is as a code of this factor, in six digits or as a recovery code; null if it does not fit or was taken before. Spends nothing. */
export function readCode(context: Context, who: Who, factor: Factor, text: string): Code | null {
  const secret = opened(context, who, factor.mfaSecret)
  if (secret === null) return null
  const { vault } = context.services.tokens
  const anew = vault.isCurrent(factor.mfaSecret)
    ? null
    : { from: factor.mfaSecret, to: vault.seal(secret, aboutOf(who)) }
  const recovery = plainRecoveryCode(text)
  if (recovery) {
    const hash = hashRecovery(secret, recovery, aboutOf(who))
    // Both sides are keyed hashes: how long the comparison takes says nothing about a code.
    return factor.mfaRecovery.some((one) => hash.equals(one)) ? { recovery: hash, anew } : null
  }
  const step = totpStep(secret, text.replace(/\s/g, ''))
  return step === null || (factor.mfaLastStep !== null && step <= factor.mfaLastStep) ? null : { step, anew }
}

/** A factor's secret; null when it lies under a secret of the deployment that counts no more, so that no code fits until an administrator resets it. */
function opened(context: Context, who: Who, sealed: Buffer): string | null {
  try {
    return context.services.tokens.vault.open(sealed, aboutOf(who))
  } catch (error) {
    if (error instanceof LostKeyError) return null
    throw error
  }
}

/**
 * Spends a code in a transaction that writes: of many uses at the same time one succeeds. Gives the factor's secret, sealed, as it stands from then on;
 * null to those that did not succeed.
 */
export async function spendCode(db: Reader, { tenantId, userId }: Who, code: Code): Promise<Buffer | null> {
  // Sealed anew only if it is what was read: another may have done it already, or set up another factor.
  const sealed = 'mfa_secret = CASE WHEN mfa_secret = $4::bytea THEN $5::bytea ELSE mfa_secret END'
  const { from, to } = code.anew ?? { from: null, to: null }
  const [spent] = await db.rows<{ sealed: Buffer }>(
    'step' in code
      ? {
          text: `UPDATE user_secret SET mfa_last_step = $3, ${sealed} WHERE tenant_id = $1 AND user_id = $2 AND mfa_confirmed_at IS NOT NULL
 AND (mfa_last_step IS NULL OR mfa_last_step < $3::bigint) RETURNING mfa_secret AS sealed`,
          values: [tenantId, userId, code.step, from, to],
        }
      : {
          text: `UPDATE user_secret SET mfa_recovery = array_remove(mfa_recovery, $3::bytea), ${sealed} WHERE tenant_id = $1 AND user_id = $2 AND mfa_confirmed_at IS NOT NULL
 AND $3::bytea = ANY (mfa_recovery) RETURNING mfa_secret AS sealed`,
          values: [tenantId, userId, code.recovery, from, to],
        },
  )
  return spent?.sealed ?? null
}

/** What startMfa gives: the secret for the user's app, once. */
export interface StartedMfa {
  secret: string | null
  uri: string | null
  userErrors: UserErrorInfo[]
}

/** Makes a secret for the viewer's authenticator app, which counts from confirmMfa on. INVALID_STATE when a second factor is on. */
export async function startMfa(context: Context): Promise<StartedMfa> {
  const viewer = requireUser(context)
  const secret = newTotpSecret()
  const sealed = context.services.tokens.vault.seal(secret, aboutOf(viewer))
  const [made] = await context.tenancy.writeTenant(callerOf(viewer), (db) =>
    db.rows<{ account: string; company: string }>({
      text: `WITH kept AS (
  INSERT INTO user_secret AS s (tenant_id, user_id, mfa_secret) VALUES ($1, $2, $3)
  ON CONFLICT (tenant_id, user_id) DO UPDATE SET mfa_secret = excluded.mfa_secret, mfa_last_step = NULL WHERE s.mfa_confirmed_at IS NULL RETURNING 1
) SELECT coalesce(u.email, u.name) AS account, t.name AS company FROM kept, app_user u JOIN tenant t ON t.id = u.tenant_id WHERE u.tenant_id = $1 AND u.id = $2`,
      values: [viewer.tenantId, viewer.userId, sealed],
    }),
  )
  if (!made) return { secret: null, uri: null, userErrors: [alreadyOn()] }
  return { secret, uri: totpUri(secret, made.account, made.company), userErrors: [] }
}

/** What makes recovery codes gives them, once. */
export interface RecoveryCodes {
  recoveryCodes: string[] | null
  userErrors: UserErrorInfo[]
}

/** Switches the second factor on: the first code proves that the app has the secret. INVALID_CREDENTIALS for a wrong code, INVALID_STATE without startMfa. */
export async function confirmMfa(context: Context, code: string): Promise<RecoveryCodes> {
  const viewer = requireUser(context)
  const { tenantId, userId } = viewer
  const codes = newRecoveryCodes()
  const userErrors = await answering(() =>
    context.tenancy.writeTenant(callerOf(viewer), async (db) => {
      const [row] = await db.rows<{ secret: Buffer | null; on: boolean }>({
        text: 'SELECT mfa_secret AS secret, mfa_confirmed_at IS NOT NULL AS on FROM user_secret WHERE tenant_id = $1 AND user_id = $2 FOR UPDATE',
        values: [tenantId, userId],
      })
      if (row?.on) throw new UserErrors([alreadyOn()])
      const secret = row?.secret ? opened(context, viewer, row.secret) : null
      if (secret === null)
        throw new UserErrors([{ code: 'INVALID_STATE', message: 'Call startMfa first.', field: null }])
      // Nothing to guess: who calls was shown the secret.
      const step = totpStep(secret, code.replace(/\s/g, ''))
      if (step === null) throw wrongPassword(['code'])
      const sealed = context.services.tokens.vault.seal(secret, aboutOf(viewer))
      await db.rows({
        text: 'UPDATE user_secret SET mfa_confirmed_at = now(), mfa_last_step = $3, mfa_recovery = $4, mfa_secret = $5 WHERE tenant_id = $1 AND user_id = $2',
        values: [tenantId, userId, step, hashes(secret, viewer, codes), sealed],
      })
      await noteMfa(db, viewer, true)
    }),
  )
  return { recoveryCodes: userErrors.length > 0 ? null : codes, userErrors }
}

/** Switches the viewer's second factor off. INVALID_CREDENTIALS when password or code are wrong, ACCOUNT_LOCKED after too many, INVALID_STATE when it is off. */
export async function disableMfa(
  context: Context,
  { password, code }: { password: string; code: string },
  limits: AttemptLimits = context.services.attempts,
): Promise<UserErrorInfo[]> {
  const viewer = requireUser(context)
  return answering(async () => {
    const user = await reask(context, viewer, limits)
    const right = await verifyPassword(user.hash, password)
    if (!user.mfaSecret) {
      await takeBackAttempt(context, user.keys)
      throw new UserErrors([notOn()])
    }
    const read = readCode(context, viewer, { ...user, mfaSecret: user.mfaSecret }, code)
    if (!right || !read) throw wrongPassword(['code'])
    await context.tenancy.writeTenant(callerOf(viewer), async (db) => {
      if (!(await spendCode(db, viewer, read))) throw wrongPassword(['code'])
      await switchOff(db, viewer)
      await noteMfa(db, viewer, false)
      await forgetAttempts(db, user.keys)
    })
  })
}

/** Makes ten new recovery codes; the ones before stop working. INVALID_CREDENTIALS for a wrong code, ACCOUNT_LOCKED after too many, INVALID_STATE when the second factor is off. */
export async function regenerateRecoveryCodes(
  context: Context,
  code: string,
  limits: AttemptLimits = context.services.attempts,
): Promise<RecoveryCodes> {
  const viewer = requireUser(context)
  const codes = newRecoveryCodes()
  const userErrors = await answering(async () => {
    const user = await reask(context, viewer, limits)
    if (!user.mfaSecret) {
      await takeBackAttempt(context, user.keys)
      throw new UserErrors([notOn()])
    }
    const read = readCode(context, viewer, { ...user, mfaSecret: user.mfaSecret }, code)
    if (!read) throw wrongPassword(['code'])
    await context.tenancy.writeTenant(callerOf(viewer), async (db) => {
      const sealed = await spendCode(db, viewer, read)
      if (!sealed) throw wrongPassword(['code'])
      const secret = context.services.tokens.vault.open(sealed, aboutOf(viewer))
      await db.rows({
        text: 'UPDATE user_secret SET mfa_recovery = $3 WHERE tenant_id = $1 AND user_id = $2',
        values: [viewer.tenantId, viewer.userId, hashes(secret, viewer, codes)],
      })
    })
    await takeBackAttempt(context, user.keys)
  })
  return { recoveryCodes: userErrors.length > 0 ? null : codes, userErrors }
}

/** What resetUserMfa did. */
export interface ResetMfa {
  /** False when the second factor was off anyway. */
  reset: boolean
  userErrors: UserErrorInfo[]
}

/** Switches another user's second factor off, for administrators. VALIDATION_FAILED for oneself, otherwise the errors of lockUser. */
export async function resetUserMfa(context: Context, userId: string): Promise<ResetMfa> {
  const viewer = requireViewer(context)
  if (viewer.userId && uuidOf('User', userId) === viewer.userId) {
    const message = 'Nobody resets their own second factor: use disableMfa.'
    return {
      reset: false,
      userErrors: [{ code: 'VALIDATION_FAILED', message, field: ['userId'], details: { rule: 'notSelf' } }],
    }
  }
  return context.tenancy.writeTenant(callerOf(viewer), async (db): Promise<ResetMfa> => {
    const { uuid, errors } = await lockUser({ db, viewer }, userId)
    if (errors.length > 0) return { reset: false, userErrors: errors }
    const who = { tenantId: viewer.tenantId, userId: uuid }
    const reset = await switchOff(db, who)
    if (reset) await noteMfa(db, who, false)
    return { reset, userErrors: [] }
  })
}

/** Takes the second factor away, also one that waits for its first code; gives whether it was on. */
async function switchOff(db: Reader, { tenantId, userId }: Who): Promise<boolean> {
  const [row] = await db.rows<{ on: boolean }>({
    text: `UPDATE user_secret s SET mfa_secret = NULL, mfa_confirmed_at = NULL, mfa_last_step = NULL, mfa_recovery = '{}'
 FROM (SELECT mfa_confirmed_at IS NOT NULL AS on FROM user_secret WHERE tenant_id = $1 AND user_id = $2 FOR UPDATE) was
 WHERE s.tenant_id = $1 AND s.user_id = $2 RETURNING was.on`,
    values: [tenantId, userId],
  })
  return row?.on ?? false
}

/** A second factor is no record, yet its coming and going leaves a trace. */
function noteMfa(db: Reader, { tenantId, userId }: Who, on: boolean): Promise<void> {
  return writeChange(db, tenantId, {
    object: 'user_secret',
    recordId: userId,
    before: { mfa: !on },
    after: { mfa: on },
  })
}

function hashes(secret: string, who: Who, codes: string[]): Buffer[] {
  return codes.map((code) => hashRecovery(secret, code.replaceAll('-', ''), aboutOf(who)))
}

function alreadyOn(): UserErrorInfo {
  return { code: 'INVALID_STATE', message: 'The second factor is on; switch it off first.', field: null }
}

function notOn(): UserErrorInfo {
  return { code: 'INVALID_STATE', message: 'The second factor is off.', field: null }
}

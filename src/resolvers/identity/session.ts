import { hashPassword, verifyPassword } from '../../access/password.ts'
import type { Context } from '../../context.ts'
import { requestError, type UserErrorInfo } from '../../errors.ts'
import { newId } from '../../ids.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { requireViewer } from '../mutation.ts'

/** What signing in gives: tokens, or why not. */
export interface SignedIn {
  accessToken: string | null
  expiresAt: string | null
  refreshToken: string | null
  userErrors: UserErrorInfo[]
}

/** How long a sign-in lasts without being refreshed. */
const SESSION_DAYS = 30

const none = (userErrors: UserErrorInfo[]): SignedIn => ({
  accessToken: null,
  expiresAt: null,
  refreshToken: null,
  userErrors,
})

async function tenantBy(
  context: Context,
  fn: 'tenant_of_slug' | 'tenant_of_refresh',
  value: unknown,
): Promise<string | null> {
  const [row] = await context.tenancy.withoutTenant((db: Reader) =>
    db.rows<{ tenant: string | null }>({ text: `SELECT atrium.${fn}($1) AS tenant`, values: [value] }),
  )
  return row?.tenant ?? null
}

/**
 * Begins a session. One answer, at one price, for an unknown company, an unknown e-mail address, a wrong password and a user who may not sign in.
 */
export async function signIn(
  context: Context,
  input: { tenant: string; email: string; password: string },
): Promise<SignedIn> {
  const slug = input.tenant.trim().toLowerCase()
  const email = input.email.normalize('NFC').trim().toLowerCase()
  const tenantId = slug.includes('\0') ? null : await tenantBy(context, 'tenant_of_slug', slug)
  const [user] =
    tenantId && !email.includes('\0')
      ? await context.tenancy.readTenant({ tenantId }, (db) =>
          db.rows<{ id: string; hash: string; status: string }>({
            text: `SELECT u.id, s.password_hash AS hash, t.status FROM app_user u JOIN user_secret s ON s.tenant_id = u.tenant_id AND s.user_id = u.id JOIN tenant t ON t.id = u.tenant_id
 WHERE u.tenant_id = $1 AND u.email = $2 AND u.status = 'ACTIVE' AND u.deleted_at IS NULL`,
            values: [tenantId, email],
          }),
        )
      : []
  const right = await verifyPassword(user?.hash ?? null, input.password)
  if (!right || !user || !tenantId) {
    return none([
      {
        code: 'INVALID_CREDENTIALS',
        message: 'Company, e-mail address and password do not fit together.',
        field: ['input'],
      },
    ])
  }
  if (user.status === 'SUSPENDED' || user.status === 'DELETING') throw requestError('TENANT_SUSPENDED')
  const sessionId = newId()
  const { token, hash } = context.services.tokens.newRefresh()
  await context.tenancy.writeTenant(
    { tenantId, userId: user.id, actor: `user:${user.id}`, requestId: context.requestId, ip: context.ip },
    (db) =>
      db.rows({
        text: `INSERT INTO session (tenant_id, id, user_id, refresh_hash, family, expires_at, ip, user_agent) VALUES ($1, $2, $3, $4, $2, now() + make_interval(days => $5), $6, $7)`,
        values: [
          tenantId,
          sessionId,
          user.id,
          hash,
          SESSION_DAYS,
          context.ip,
          context.userAgent?.slice(0, 300) ?? null,
        ],
      }),
  )
  return tokensFor(context, { tenantId, userId: user.id, sessionId }, token)
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
 * Trades a refresh token for new tokens. Each works once: one that was used before ends the session, because two parties hold it.
 *
 * @throws UNAUTHENTICATED for a token that is unknown, used, expired or revoked.
 */
export async function refreshToken(context: Context, refresh: string): Promise<SignedIn> {
  const { tokens } = context.services
  if (refresh.length > 200) throw requestError('UNAUTHENTICATED')
  const hash = tokens.hashRefresh(refresh)
  const tenantId = await tenantBy(context, 'tenant_of_refresh', hash)
  if (!tenantId) throw requestError('UNAUTHENTICATED')
  const fresh = tokens.newRefresh()
  const session = await context.tenancy.writeTenant(
    { tenantId, requestId: context.requestId, ip: context.ip },
    async (db) => {
      // Conditional, so that of many uses at the same time one succeeds.
      const [rotated] = await db.rows<{ id: string; user_id: string; status: string }>({
        text: `UPDATE session s SET refresh_hash = $3, previous_hash = s.refresh_hash, expires_at = now() + make_interval(days => $4) FROM app_user u, tenant t
 WHERE s.tenant_id = $1 AND s.refresh_hash = $2 AND s.revoked_at IS NULL AND s.expires_at > now() AND u.tenant_id = s.tenant_id AND u.id = s.user_id AND u.status = 'ACTIVE' AND u.deleted_at IS NULL
 AND t.id = s.tenant_id RETURNING s.id, s.user_id, t.status`,
        values: [tenantId, hash, fresh.hash, SESSION_DAYS],
      })
      if (!rotated) {
        await db.rows({
          text: 'UPDATE session SET revoked_at = now() WHERE tenant_id = $1 AND previous_hash = $2 AND revoked_at IS NULL',
          values: [tenantId, hash],
        })
      }
      // Undoes the rotation: the caller gets no new token for the one that they have.
      if (rotated?.status === 'SUSPENDED' || rotated?.status === 'DELETING') throw requestError('TENANT_SUSPENDED')
      return rotated
    },
  )
  if (!session) throw requestError('UNAUTHENTICATED')
  return tokensFor(context, { tenantId, userId: session.user_id, sessionId: session.id }, fresh.token)
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

/** Gives a user a password. Throws a RangeError with a sentence when it is too weak. */
export async function setPassword(db: Reader, tenantId: string, userId: string, password: string): Promise<void> {
  const hash = await hashPassword(password)
  await db.rows({
    text: `INSERT INTO user_secret (tenant_id, user_id, password_hash) VALUES ($1, $2, $3)
 ON CONFLICT (tenant_id, user_id) DO UPDATE SET password_hash = excluded.password_hash`,
    values: [tenantId, userId, hash],
  })
}

import { assertNotAbove } from '../../access/escalation.ts'
import type { Context, Viewer } from '../../context.ts'
import { requestError, type UserErrorInfo } from '../../errors.ts'
import { decodeId, encodeId } from '../../ids.ts'
import { callerOf } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { requireViewer } from '../mutation.ts'
import { lockTargets } from '../records.ts'
import type { WriteContext } from '../write.ts'

/** A viewer who signed in: `credentialId` is their session. */
export type UserViewer = Viewer & { userId: string; credentialId: string }

/** One sign-in of a user, as they see it. */
export interface SessionInfo {
  id: string
  createdAt: string
  expiresAt: string
  ip: string | null
  userAgent: string | null
  current: boolean
}

/** What a revocation did: how many sessions ended, or why none could. */
export interface Revoked {
  revoked: number
  userErrors: UserErrorInfo[]
}

const PREFIX = 'sess'
/** Most sessions of one list; the latest. */
const LISTED = 100

/** The viewer if they signed in themselves. Throws UNAUTHENTICATED, or FORBIDDEN for API keys, also those that act for a user. */
export function requireUser(context: Context): UserViewer {
  const viewer = requireViewer(context)
  if (viewer.kind !== 'user' || !viewer.userId || !viewer.credentialId)
    throw requestError('FORBIDDEN', {
      message: { en: 'Only a user who signed in may do this.', zhCN: '只有已登录的用户才能执行此操作。' },
    })
  return viewer as UserViewer
}

/** The viewer's live sessions, the latest 100, latest first. */
export async function mySessions(context: Context): Promise<SessionInfo[]> {
  const viewer = requireUser(context)
  return sessionsOf(context, viewer, viewer.userId)
}

/** A user's live sessions, the latest 100, latest first. Who may see them, the caller decides. */
export async function sessionsOf(context: Context, viewer: Viewer, userId: string): Promise<SessionInfo[]> {
  const rows = await context.tenancy.readTenant(callerOf(viewer), (db) =>
    db.rows<{ id: string; created: Date; expires: Date; ip: string | null; userAgent: string | null }>({
      text: `SELECT id, created_at AS created, expires_at AS expires, ip, user_agent AS "userAgent" FROM session
 WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > now() ORDER BY created_at DESC, id DESC LIMIT ${LISTED}`,
      values: [viewer.tenantId, userId],
    }),
  )
  return rows.map(({ id, created, expires, ip, userAgent }) => ({
    id: encodeId(PREFIX, id),
    createdAt: new Date(created).toISOString(),
    expiresAt: new Date(expires).toISOString(),
    ip,
    userAgent,
    current: id === viewer.credentialId,
  }))
}

/** Ends one of the viewer's sessions. NOT_FOUND for one that is over, another's, or none. */
export async function revokeSession(context: Context, id: string): Promise<Revoked> {
  const viewer = requireUser(context)
  const decoded = decodeId(id)
  const uuid = decoded?.prefix === PREFIX ? decoded.uuid : NO_ID
  const ended = await context.tenancy.writeTenant(callerOf(viewer), (db) =>
    db.rows({
      text: 'UPDATE session SET revoked_at = now() WHERE tenant_id = $1 AND user_id = $2 AND id = $3 AND revoked_at IS NULL AND expires_at > now() RETURNING id',
      values: [viewer.tenantId, viewer.userId, uuid],
    }),
  )
  if (ended.length === 0)
    return { revoked: 0, userErrors: [{ code: 'NOT_FOUND', message: 'There is no such session.', field: ['id'] }] }
  context.services.forgetViewers()
  return { revoked: 1, userErrors: [] }
}

/** Ends all of the viewer's sessions but the one that speaks. */
export async function revokeOtherSessions(context: Context): Promise<Revoked> {
  const viewer = requireUser(context)
  const revoked = await context.tenancy.writeTenant(callerOf(viewer), (db) =>
    revokeSessions(db, viewer.tenantId, viewer.userId, viewer.credentialId),
  )
  context.services.forgetViewers()
  return { revoked, userErrors: [] }
}

/**
 * Ends all sessions of a user, for administrators. NOT_FOUND for one whom the viewer does not see, FORBIDDEN for one whom they may not change,
 * PRIVILEGE_ESCALATION for one who may do more than they.
 */
export async function revokeUserSessions(context: Context, userId: string): Promise<Revoked> {
  const viewer = requireViewer(context)
  const outcome = await context.tenancy.writeTenant(callerOf(viewer), async (db): Promise<Revoked> => {
    const { uuid, errors } = await lockUser({ db, viewer }, userId, 'any')
    if (errors.length > 0) return { revoked: 0, userErrors: errors }
    return { revoked: await revokeSessions(db, viewer.tenantId, uuid), userErrors: [] }
  })
  context.services.forgetViewers()
  return outcome
}

/** Locks the user on whom an administrator acts; `errors` says why they may not. `uuid` is theirs when there are none. */
export async function lockUser(
  context: WriteContext,
  userId: string,
  state: 'live' | 'any' = 'live',
): Promise<{ uuid: string; errors: UserErrorInfo[] }> {
  const uuid = uuidOf('User', userId) ?? NO_ID
  const [target] = await lockTargets(context, recordType('User'), [{ id: uuid, expectedVersion: null }], {
    action: 'update',
    state,
    pathOf: () => ['userId'],
  })
  const errors = (target?.errors ?? []).map((error) => ({ ...error, field: ['userId'] }))
  return { uuid, errors: errors.length > 0 ? errors : await assertNotAbove(context, uuid, ['userId']) }
}

/** Ends the live sessions of a user (plain uuids), but for one; gives how many. Call `forgetViewers` after the commit. */
export async function revokeSessions(
  db: Reader,
  tenantId: string,
  userId: string,
  except: string | null = null,
): Promise<number> {
  const ended = await db.rows({
    text: `UPDATE session SET revoked_at = now() WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > now()
 AND id IS DISTINCT FROM $3::uuid RETURNING id`,
    values: [tenantId, userId, except],
  })
  return ended.length
}

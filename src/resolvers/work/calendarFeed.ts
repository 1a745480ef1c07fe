import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Context } from '../../context.ts'
import { requestError, type UserErrorInfo } from '../../errors.ts'
import { requireViewer } from '../mutation.ts'

/** The parts of an address: company, user, and what only it knows. */
export interface FeedKey {
  tenantId: string
  userId: string
  secret: Buffer
}

/** When the address of a viewer's calendar feed was made. */
export interface CalendarFeed {
  createdAt: string
}

const SECRET = 24
const uuidBytes = (id: string) => Buffer.from(id.replaceAll('-', ''), 'hex')
const digest = (secret: Buffer): Buffer => hash('sha256', secret, 'buffer')

/** The feed as it stands in an address: base64url of company, user and secret. */
export const writeKey = ({ tenantId, userId, secret }: FeedKey): string =>
  Buffer.concat([uuidBytes(tenantId), uuidBytes(userId), secret]).toString('base64url')

/** What stands in an address; null for what writeKey did not write. */
export function readKey(text: string): FeedKey | null {
  const bytes = Buffer.from(text, 'base64url')
  // One spelling: base64 that ends in other bits would decode to the same.
  if (bytes.length !== 32 + SECRET || bytes.toString('base64url') !== text) return null
  const uuid = (from: number) =>
    bytes.toString('hex', from, from + 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  return { tenantId: uuid(0), userId: uuid(16), secret: bytes.subarray(32) }
}

/** Is the secret of an address the one whose hash is kept. */
export const opens = ({ secret }: FeedKey, kept: Buffer): boolean => timingSafeEqual(digest(secret), kept)

/** The user that a viewer is or speaks for. @throws FORBIDDEN for keys without one. */
function requireUser(context: Context): { tenantId: string; userId: string } {
  const { tenantId, userId } = requireViewer(context)
  if (userId) return { tenantId, userId }
  throw requestError('FORBIDDEN', {
    message: {
      en: 'A calendar is somebody’s: use a user’s token, or a key that acts for a user.',
      zhCN: '日历属于具体用户：请使用用户的令牌，或代表用户的密钥。',
    },
  })
}

/** The viewer's feed; null when there is none. @throws FORBIDDEN. */
export async function calendarFeed(context: Context): Promise<CalendarFeed | null> {
  const { tenantId, userId } = requireUser(context)
  const [row] = await context.tenancy.readTenant({ tenantId }, (db) =>
    db.rows<{ createdAt: Date }>({
      text: 'SELECT made_at AS "createdAt" FROM calendar_feed WHERE tenant_id = $1 AND user_id = $2',
      values: [tenantId, userId],
    }),
  )
  return row ? { createdAt: row.createdAt.toISOString() } : null
}

/** Makes the viewer's feed anew and gives its address, this once. The address before opens nothing any more. @throws FORBIDDEN. */
export async function createCalendarFeed(context: Context): Promise<{ url: string; userErrors: UserErrorInfo[] }> {
  const { tenantId, userId } = requireUser(context)
  const secret = randomBytes(SECRET)
  await context.tenancy.writeTenant({ tenantId, userId }, (db) =>
    db.rows({
      text: `INSERT INTO calendar_feed (tenant_id, user_id, key_hash) VALUES ($1, $2, $3)
 ON CONFLICT (tenant_id, user_id) DO UPDATE SET key_hash = excluded.key_hash, made_at = now()`,
      values: [tenantId, userId, digest(secret)],
    }),
  )
  return { url: context.services.calendarAddress(writeKey({ tenantId, userId, secret })), userErrors: [] }
}

/** Ends the viewer's feed; was there one. @throws FORBIDDEN. */
export async function deleteCalendarFeed(context: Context): Promise<{ deleted: boolean; userErrors: UserErrorInfo[] }> {
  const { tenantId, userId } = requireUser(context)
  const gone = await context.tenancy.writeTenant({ tenantId, userId }, (db) =>
    db.rows({
      text: 'DELETE FROM calendar_feed WHERE tenant_id = $1 AND user_id = $2 RETURNING user_id',
      values: [tenantId, userId],
    }),
  )
  return { deleted: gone.length > 0, userErrors: [] }
}

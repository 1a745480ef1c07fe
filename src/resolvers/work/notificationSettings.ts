import { randomBytes } from 'node:crypto'
import { addressProblem } from '../../access/egress.ts'
import type { Context } from '../../context.ts'
import { requestError, type UserErrorInfo } from '../../errors.ts'
import { callerOf } from '../../read/read.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { requireViewer } from '../mutation.ts'
import { validationError } from '../normalise.ts'
import type { Channels } from './channels.ts'

/** How a user is told of one type, where it differs. */
export interface TypeChannels extends Partial<{ [K in keyof Channels]: boolean | null }> {
  type: string
}

/** How a user wants to be told, as clients see it. */
export interface NotificationSettings extends Channels {
  types: TypeChannels[]
  quietFrom: string | null
  quietTo: string | null
  webhookUrl: string | null
}

/** What changes; null of a channel is refused, of the others it clears. */
export interface SettingsInput extends Partial<{ [K in keyof Channels]: boolean | null }> {
  types?: readonly TypeChannels[] | null
  quietFrom?: string | null
  quietTo?: string | null
  webhookUrl?: string | null
}

/** What updateNotificationSettings did; the secret only when the address was set by it. */
export interface SettingsPayload {
  settings: NotificationSettings | null
  webhookSecret: string | null
  userErrors: UserErrorInfo[]
}

interface Row extends Channels {
  types: Record<string, Partial<Channels>>
  quietFrom: string | null
  quietTo: string | null
  webhookUrl: string | null
}

const CHANNELS = ['inApp', 'email', 'webhook'] as const
const TYPES_MAX = 100
const NONE: Row = {
  inApp: true,
  email: false,
  webhook: false,
  types: {},
  quietFrom: null,
  quietTo: null,
  webhookUrl: null,
}

async function read(db: Reader, tenantId: string, userId: string, lock = ''): Promise<Row> {
  const [row] = await db.rows<Row>({
    text: `SELECT in_app AS "inApp", email, webhook, types, quiet_from AS "quietFrom", quiet_to AS "quietTo", webhook_url AS "webhookUrl"
 FROM notification_setting WHERE tenant_id = $1 AND user_id = $2 ${lock}`,
    values: [tenantId, userId],
  })
  return row ?? NONE
}

const shown = ({ types, ...row }: Row): NotificationSettings => ({
  ...row,
  types: Object.entries(types)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, channels]) => ({ type, ...channels })),
})

/** The user that a viewer is or speaks for. @throws FORBIDDEN for keys without one. */
function requireUser(context: Context): { tenantId: string; userId: string } {
  const { tenantId, userId } = requireViewer(context)
  if (userId) return { tenantId, userId }
  throw requestError('FORBIDDEN', {
    message: {
      en: 'Notifications are somebody’s: use a user’s token, or a key that acts for a user.',
      zhCN: '通知属于具体用户：请使用用户的令牌，或代表用户的密钥。',
    },
  })
}

/** The viewer's own settings. @throws FORBIDDEN for keys without a user. */
export async function notificationSettings(context: Context): Promise<NotificationSettings> {
  const { tenantId, userId } = requireUser(context)
  return context.tenancy.readTenant(callerOf(requireViewer(context)), async (db) =>
    shown(await read(db, tenantId, userId)),
  )
}

/**
 * Changes what the input names of the viewer's own settings. A new address gets a new secret, which is told this once.
 *
 * Errors: VALIDATION_FAILED for a time that is none, an address that is not one of the public internet, the webhook without an address, and null for a channel.
 *
 * @throws FORBIDDEN for keys without a user.
 */
export async function updateNotificationSettings(context: Context, input: SettingsInput): Promise<SettingsPayload> {
  const { tenantId, userId } = requireUser(context)
  const userErrors = problemsOf(input)
  if (userErrors.length > 0) return { settings: null, webhookSecret: null, userErrors }
  return context.tenancy.writeTenant(callerOf(requireViewer(context)), async (db) => {
    await db.rows({
      text: 'INSERT INTO notification_setting (tenant_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING',
      values: [tenantId, userId],
    })
    const before = await read(db, tenantId, userId, 'FOR UPDATE')
    const { types, ...plain } = input
    const now: Row = {
      ...before,
      ...(Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined)) as Partial<Row>),
      ...(types === undefined ? {} : { types: byType(types ?? []) }),
    }
    const wrong = together(now)
    if (wrong.length > 0) return { settings: null, webhookSecret: null, userErrors: wrong }
    const secret =
      now.webhookUrl && now.webhookUrl !== before.webhookUrl ? `whsec_${randomBytes(24).toString('base64url')}` : null
    await db.rows({
      text: `UPDATE notification_setting SET in_app = $3, email = $4, webhook = $5, types = $6, quiet_from = $7, quiet_to = $8, webhook_url = $9,
 webhook_secret = CASE WHEN $9::text IS NULL THEN NULL ELSE coalesce($10, webhook_secret) END WHERE tenant_id = $1 AND user_id = $2`,
      values: [
        tenantId,
        userId,
        now.inApp,
        now.email,
        now.webhook,
        JSON.stringify(now.types),
        now.quietFrom,
        now.quietTo,
        now.webhookUrl,
        secret,
      ],
    })
    return { settings: shown(now), webhookSecret: secret, userErrors: [] }
  })
}

function byType(types: readonly TypeChannels[]): Row['types'] {
  return Object.fromEntries(
    types.map((one) => [
      one.type,
      Object.fromEntries(CHANNELS.flatMap((name) => (typeof one[name] === 'boolean' ? [[name, one[name]]] : []))),
    ]),
  )
}

function problemsOf(input: SettingsInput): UserErrorInfo[] {
  const errors: UserErrorInfo[] = []
  const refuse = (path: string[], rule: string, message: string) =>
    errors.push(validationError(['input', ...path], rule, message))
  for (const name of CHANNELS) if (input[name] === null) refuse([name], 'required', 'must be true or false')
  for (const name of ['quietFrom', 'quietTo'] as const)
    if (typeof input[name] === 'string' && !/^([01]\d|2[0-3]):[0-5]\d$/.test(input[name]))
      refuse([name], 'time', 'must be a time of day, HH:MM')
  if (typeof input.webhookUrl === 'string') {
    const url = URL.canParse(input.webhookUrl) ? new URL(input.webhookUrl) : null
    const problem = url && input.webhookUrl.length <= 2000 ? addressProblem(url) : 'It must be an address.'
    if (problem) refuse(['webhookUrl'], 'url', `is not one to send to: ${problem}`)
  }
  const types = input.types ?? []
  if (types.length > TYPES_MAX) refuse(['types'], 'maxItems', `must have at most ${TYPES_MAX} members`)
  types.forEach(({ type }, index) => {
    if (!/^[A-Z][A-Z0-9_]{0,99}$/.test(type))
      refuse(['types', String(index), 'type'], 'pattern', 'must be a type of notification')
    else if (types.findIndex((one) => one.type === type) < index)
      refuse(['types', String(index), 'type'], 'once', 'is named twice')
  })
  return errors
}

/** What the settings must be as a whole. */
function together({ quietFrom, quietTo, webhook, types, webhookUrl }: Row): UserErrorInfo[] {
  const errors: UserErrorInfo[] = []
  if ((quietFrom === null) !== (quietTo === null))
    errors.push(
      validationError(['input', quietFrom === null ? 'quietFrom' : 'quietTo'], 'required', 'goes with the other end'),
    )
  if (webhookUrl === null && (webhook || Object.values(types).some((one) => one.webhook)))
    errors.push(validationError(['input', 'webhookUrl'], 'required', 'is needed for webhooks'))
  return errors
}

import { LRUCache } from 'lru-cache'
import type { Viewer } from '../context.ts'
import { requestError } from '../errors.ts'
import type { Reader, Tenancy } from '../tenancy/tenancy.ts'
import { inRanges } from './addressRange.ts'
import { parseApiKey } from './apiKey.ts'
import type { ClientTokens } from './clientToken.ts'
import { narrowScopes } from './keyScope.ts'
import { noteUse } from './keyUse.ts'
import { loadAccess } from './standing.ts'
import type { Tokens } from './token.ts'

/** How long a credential's answer is believed without asking the database again, in milliseconds: revocation takes effect within 5 s. */
const BELIEVED = 3000

/** What a request says about who sends it. */
export interface Credential {
  authorization: string | null
  ip: string | null
  requestId: string
}

type Known = Omit<Viewer, 'requestId' | 'ip'> & {
  tenantStatus: string
  allowedIps: string[]
  /** When the credential ends by itself, milliseconds since 1970. */
  endsAt: number
}

/** From the tenant, the user and the role to a viewer; `credential` narrows to the key or the session. */
const VIEWER = `SELECT t.status AS "tenantStatus", t.timezone, t.base_currency AS "baseCurrency", t.default_country AS "defaultCountry",
 c.id AS "credentialId", u.id AS "userId", r.id AS "roleId", c.expires_at AS "expiresAt"`

interface Row {
  tenantStatus: string
  timezone: string
  baseCurrency: string
  defaultCountry: string
  credentialId: string
  userId: string | null
  roleId: string
  expiresAt: Date | null
  allowedIps?: string[]
  scopes?: string[]
  allowedFields?: string[]
}

async function loadKey(
  db: Reader,
  tenantId: string,
  kind: 'API_KEY' | 'PARTNER_APP',
  { hash = null, id = null }: { hash?: Buffer | null; id?: string | null },
): Promise<Row | undefined> {
  const [row] = await db.rows<Row>({
    text: `${VIEWER}, c.allowed_ips AS "allowedIps", c.scopes, c.allowed_fields AS "allowedFields" FROM api_key c JOIN tenant t ON t.id = c.tenant_id JOIN role r ON r.tenant_id = c.tenant_id AND r.id = c.role_id
 LEFT JOIN app_user u ON u.tenant_id = c.tenant_id AND u.id = c.user_id
 WHERE c.tenant_id = $1 AND c.kind = $2 AND (c.key_hash = $3 OR c.id = $4) AND c.deleted_at IS NULL AND c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > now())
 AND (c.user_id IS NULL OR (u.status = 'ACTIVE' AND u.deleted_at IS NULL))`,
    values: [tenantId, kind, hash, id],
  })
  return row
}

async function loadSession(db: Reader, tenantId: string, sessionId: string, userId: string): Promise<Row | undefined> {
  const [row] = await db.rows<Row>({
    text: `${VIEWER} FROM session c JOIN tenant t ON t.id = c.tenant_id JOIN app_user u ON u.tenant_id = c.tenant_id AND u.id = c.user_id
 JOIN role r ON r.tenant_id = c.tenant_id AND r.id = u.role_id
 WHERE c.tenant_id = $1 AND c.id = $2 AND c.user_id = $3 AND c.revoked_at IS NULL AND c.expires_at > now() AND u.status = 'ACTIVE' AND u.deleted_at IS NULL`,
    values: [tenantId, sessionId, userId],
  })
  return row
}

/** Finds out who is calling; see createViewers. */
export interface Viewers {
  /**
   * The viewer of a credential; null when there is none.
   *
   * @throws UNAUTHENTICATED for one that is not, or no longer, valid; TOKEN_EXPIRED; TENANT_SUSPENDED.
   */
  viewerOf(credential: Credential): Promise<Viewer | null>
  /** Forgets what was believed, of one tenant or of all, after a change in this process. */
  forget(tenantId?: string): void
}

/** The tenant comes from the credential alone: from the API key's row, or from the signed token. */
export function createViewers(tenancy: Tenancy, tokens: Tokens, clientTokens: ClientTokens): Viewers {
  const believed = new LRUCache<string, { known: Known | null }>({ max: 10_000, ttl: BELIEVED })
  // A write may end while a credential is being looked up: what was found before it must not be believed after it.
  let changes = 0

  async function load(
    kind: 'apiKey' | 'user',
    tenantId: string,
    read: (db: Reader) => Promise<Row | undefined>,
  ): Promise<Known | null> {
    return tenancy.readTenant({ tenantId }, async (db) => {
      const row = await read(db)
      if (!row) return null
      const { roleId, allowedIps = [], scopes = [], allowedFields = [], expiresAt, ...rest } = row
      const { access, roles } = await loadAccess(db, {
        tenantId,
        userId: row.userId,
        roleId,
        further: kind === 'user',
        limits: { scopes, fields: allowedFields },
      })
      return { ...rest, tenantId, kind, roles, access, allowedIps, endsAt: expiresAt?.getTime() ?? Infinity }
    })
  }

  async function byKey(token: string): Promise<Known | null> {
    const parsed = parseApiKey(token)
    if (!parsed) return null
    const [row] = await tenancy.withoutTenant((db) =>
      db.rows<{ tenant: string | null }>({ text: 'SELECT atrium.tenant_of_key($1) AS tenant', values: [parsed.hash] }),
    )
    const tenant = row?.tenant
    return tenant ? load('apiKey', tenant, (db) => loadKey(db, tenant, 'API_KEY', { hash: parsed.hash })) : null
  }

  async function byToken(token: string): Promise<Known | null> {
    const claims = await tokens.verifyAccess(token)
    if (claims === 'expired') throw requestError('TOKEN_EXPIRED')
    if (!claims) return null
    const { tenantId, sessionId, userId } = claims
    return load('user', tenantId, (db) => loadSession(db, tenantId, sessionId, userId))
  }

  async function byClient(token: string): Promise<Known | null> {
    const claims = await clientTokens.verifyClient(token)
    if (claims === 'expired') throw requestError('TOKEN_EXPIRED')
    if (!claims) return null
    const { tenantId, keyId, scopes } = claims
    return load('apiKey', tenantId, async (db) => {
      const row = await loadKey(db, tenantId, 'PARTNER_APP', { id: keyId })
      const both = narrowScopes(row?.scopes ?? [], scopes)
      return row && both ? { ...row, scopes: both } : undefined
    })
  }

  return {
    forget(tenantId) {
      changes++
      if (tenantId === undefined) believed.clear()
      else for (const [token, { known }] of believed.entries()) if (known?.tenantId === tenantId) believed.delete(token)
    },
    async viewerOf({ authorization, ip, requestId }) {
      if (authorization === null) return null
      const match = /^Bearer ([\x21-\x7e]{1,4096})$/i.exec(authorization)
      if (!match) throw requestError('UNAUTHENTICATED')
      const token = match[1] as string
      let found = believed.get(token)
      if (!found) {
        const seen = changes
        const known = token.startsWith('atr_')
          ? await byKey(token)
          : clientTokens.isClientToken(token)
            ? await byClient(token)
            : await byToken(token)
        found = { known }
        // A token is believed no longer than it lives: its expiry is checked by signature at most BELIEVED late.
        if (known && seen === changes) believed.set(token, found)
      }
      const { known } = found
      if (!known || known.endsAt <= Date.now()) throw requestError('UNAUTHENTICATED')
      if (known.allowedIps.length > 0 && !(ip && inRanges(ip, known.allowedIps))) throw requestError('UNAUTHENTICATED')
      if (known.tenantStatus === 'SUSPENDED' || known.tenantStatus === 'DELETING')
        throw requestError('TENANT_SUSPENDED')
      if (known.kind === 'apiKey') noteUse(tenancy, known.tenantId, known.credentialId as string, ip)
      const { tenantStatus: _status, allowedIps: _ips, endsAt: _ends, ...viewer } = known
      return { ...viewer, requestId, ip }
    },
  }
}

/** The viewer that an API key would be that acts for a user, for work that goes on without it; null for one that is not, or no longer, valid. Addresses are not asked for. */
export async function viewerOfKey(db: Reader, tenantId: string, keyId: string): Promise<Viewer | null> {
  const row = await loadKey(db, tenantId, 'API_KEY', { id: keyId })
  if (!row || row.userId === null) return null
  const { userId, roleId, credentialId, timezone, baseCurrency, defaultCountry } = row
  const { access, roles } = await loadAccess(db, {
    tenantId,
    userId,
    roleId,
    further: false,
    limits: { scopes: row.scopes ?? [], fields: row.allowedFields ?? [] },
  })
  const of = { timezone, baseCurrency, defaultCountry }
  return { tenantId, kind: 'apiKey', userId, credentialId, roles, access, ...of, requestId: '', ip: null }
}

/** The viewer that a user would be, for what is decided while they are not there (an invitation that is accepted later); null for one who may not sign in. */
export async function viewerOfUser(db: Reader, tenantId: string, userId: string): Promise<Viewer | null> {
  const [row] = await db.rows<Omit<Row, 'credentialId' | 'expiresAt'>>({
    text: `SELECT t.status AS "tenantStatus", t.timezone, t.base_currency AS "baseCurrency", t.default_country AS "defaultCountry", u.id AS "userId", u.role_id AS "roleId"
 FROM app_user u JOIN tenant t ON t.id = u.tenant_id WHERE u.tenant_id = $1 AND u.id = $2 AND u.status = 'ACTIVE' AND u.deleted_at IS NULL`,
    values: [tenantId, userId],
  })
  if (!row) return null
  const { access, roles } = await loadAccess(db, { tenantId, userId, roleId: row.roleId, further: true })
  const { timezone, baseCurrency, defaultCountry } = row
  return {
    tenantId,
    kind: 'user',
    userId,
    credentialId: null,
    roles,
    access,
    timezone,
    baseCurrency,
    defaultCountry,
    requestId: '',
    ip: null,
  }
}

import { BlockList, isIP } from 'node:net'
import { LRUCache } from 'lru-cache'
import type { Viewer } from '../context.ts'
import { requestError } from '../errors.ts'
import type { Reader, Tenancy } from '../tenancy/tenancy.ts'
import { parseApiKey } from './apiKey.ts'
import type { Tokens } from './token.ts'

/** How long a credential's answer is believed without asking the database again, in milliseconds: revocation takes effect within 5 s. */
const BELIEVED = 3000

/** What a request says about who sends it. */
export interface Credential {
  authorization: string | null
  ip: string | null
  requestId: string
}

type Known = Omit<Viewer, 'requestId' | 'ip'> & { tenantStatus: string; allowedIps: string[]; expiresAt: string | null }

/** From the tenant, the user and the role to a viewer; `credential` narrows to the key or the session. */
const VIEWER = `SELECT t.status AS "tenantStatus", t.timezone, t.base_currency AS "baseCurrency", t.default_country AS "defaultCountry",
 c.id AS "credentialId", u.id AS "userId", r.key AS role, c.expires_at AS "expiresAt"`

interface Row {
  tenantStatus: string
  timezone: string
  baseCurrency: string
  defaultCountry: string
  credentialId: string
  userId: string | null
  role: string
  expiresAt: string | null
  allowedIps?: string[]
}

async function loadKey(db: Reader, tenantId: string, hash: Buffer): Promise<Row | undefined> {
  const [row] = await db.rows<Row>({
    text: `${VIEWER}, c.allowed_ips AS "allowedIps" FROM api_key c JOIN tenant t ON t.id = c.tenant_id JOIN role r ON r.tenant_id = c.tenant_id AND r.id = c.role_id
 LEFT JOIN app_user u ON u.tenant_id = c.tenant_id AND u.id = c.user_id
 WHERE c.tenant_id = $1 AND c.key_hash = $2 AND c.deleted_at IS NULL AND c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > now())
 AND (c.user_id IS NULL OR (u.status = 'ACTIVE' AND u.deleted_at IS NULL))`,
    values: [tenantId, hash],
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
  /** Forgets what was believed, after a change in this process. */
  forget(): void
}

/** The tenant comes from the credential alone: from the API key's row, or from the signed token. */
export function createViewers(tenancy: Tenancy, tokens: Tokens): Viewers {
  const believed = new LRUCache<string, { known: Known | null }>({ max: 10_000, ttl: BELIEVED })

  async function load(
    kind: 'apiKey' | 'user',
    tenantId: string,
    read: (db: Reader) => Promise<Row | undefined>,
  ): Promise<Known | null> {
    const row = await tenancy.readTenant({ tenantId }, read)
    if (!row) return null
    const { role, allowedIps = [], ...rest } = row
    return { ...rest, tenantId, kind, roles: [role], allowedIps }
  }

  async function byKey(token: string): Promise<Known | null> {
    const parsed = parseApiKey(token)
    if (!parsed) return null
    const [row] = await tenancy.withoutTenant((db) =>
      db.rows<{ tenant: string | null }>({ text: 'SELECT atrium.tenant_of_key($1) AS tenant', values: [parsed.hash] }),
    )
    const tenant = row?.tenant
    return tenant ? load('apiKey', tenant, (db) => loadKey(db, tenant, parsed.hash)) : null
  }

  async function byToken(token: string): Promise<Known | null> {
    const claims = await tokens.verifyAccess(token)
    if (claims === 'expired') throw requestError('TOKEN_EXPIRED')
    if (!claims) return null
    const { tenantId, sessionId, userId } = claims
    return load('user', tenantId, (db) => loadSession(db, tenantId, sessionId, userId))
  }

  return {
    forget: () => believed.clear(),
    async viewerOf({ authorization, ip, requestId }) {
      if (authorization === null) return null
      const match = /^Bearer ([\x21-\x7e]{1,4096})$/i.exec(authorization)
      if (!match) throw requestError('UNAUTHENTICATED')
      const token = match[1] as string
      let found = believed.get(token)
      if (!found) {
        const known = token.startsWith('atr_') ? await byKey(token) : await byToken(token)
        found = { known }
        // A token is believed no longer than it lives: its expiry is checked by signature at most BELIEVED late.
        if (known) believed.set(token, found)
      }
      const { known } = found
      if (!known) throw requestError('UNAUTHENTICATED')
      if (known.allowedIps.length > 0 && !(ip && allowed(ip, known.allowedIps))) throw requestError('UNAUTHENTICATED')
      if (known.tenantStatus === 'SUSPENDED' || known.tenantStatus === 'DELETING')
        throw requestError('TENANT_SUSPENDED')
      const { tenantStatus: _status, allowedIps: _ips, expiresAt: _expires, ...viewer } = known
      return { ...viewer, requestId, ip }
    },
  }
}

/** Does an address lie in one of the ranges (CIDR or single addresses). */
function allowed(ip: string, ranges: string[]): boolean {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (!isIP(address)) continue
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  const plain = ip.replace(/^::ffff:(?=\d+\.)/i, '')
  return isIP(plain) !== 0 && list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')
}

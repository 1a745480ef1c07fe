import { inRanges } from '../../access/addressRange.ts'
import { parseApiKey } from '../../access/apiKey.ts'
import {
  type ClientAnswer,
  type ClientGrant,
  type ClientRefusal,
  type ClientTokens,
  MAX_SCOPE,
} from '../../access/clientToken.ts'
import { coversScopes, isScope } from '../../access/keyScope.ts'
import type { Context } from '../../context.ts'
import { decodeId } from '../../ids.ts'
import { recordType } from '../../read/recordType.ts'
import {
  ATTEMPT_LIMITS,
  type AttemptKeys,
  type AttemptLimits,
  countAttempt,
  forgetAttempts,
  network,
} from './attempts.ts'

/** What trading keys for tokens needs. */
export interface ClientServices extends Pick<Context, 'tenancy'> {
  services: Pick<Context['services'], 'tokens'>
  clientTokens: ClientTokens
  limits?: AttemptLimits
}

interface Client {
  kind: string
  scopes: string[]
  allowedIps: string[]
  status: string
}

const UNKNOWN: ClientRefusal = {
  error: 'invalid_client',
  description: 'client_id and client_secret do not fit together.',
}
const SUSPENDED = new Set(['SUSPENDED', 'DELETING'])

/**
 * Trades a partner app's key for a token of an hour (OAuth 2.0 client credentials, RFC 6749 4.4). A secret whose checksum is wrong costs nothing;
 * others count as attempts, by client and address and by address, before they are looked at. One answer for an unknown client, a wrong secret, and
 * a key that is over or comes from a wrong address.
 */
export async function issueClientToken(
  parts: ClientServices,
  { clientId, clientSecret, scope, ip, requestId }: ClientGrant,
): Promise<ClientAnswer | ClientRefusal> {
  const id = decodeId(clientId)
  const parsed = parseApiKey(clientSecret)
  if (!id || id.prefix !== recordType('ApiKey').prefix || !parsed) return UNKNOWN
  const { tenancy, clientTokens, limits = ATTEMPT_LIMITS } = parts
  const keys = attemptsOf(parts, id.uuid, ip)
  const wait = await countAttempt(parts, keys, limits)
  if (wait > 0)
    return {
      error: 'temporarily_unavailable',
      description: 'Too many failed attempts. Try again later.',
      retryAfter: wait,
    }
  const [row] = await tenancy.withoutTenant((db) =>
    db.rows<{ tenant: string | null }>({ text: 'SELECT atrium.tenant_of_key($1) AS tenant', values: [parsed.hash] }),
  )
  const tenantId = row?.tenant
  if (!tenantId) return UNKNOWN
  const client = await tenancy.writeTenant({ tenantId, actor: `apiKey:${id.uuid}`, requestId, ip }, async (db) => {
    const [found] = await db.rows<Client>({
      text: `SELECT c.kind, c.scopes, c.allowed_ips AS "allowedIps", t.status FROM api_key c JOIN tenant t ON t.id = c.tenant_id LEFT JOIN app_user u ON u.tenant_id = c.tenant_id AND u.id = c.user_id
 WHERE c.tenant_id = $1 AND c.id = $2 AND c.key_hash = $3 AND c.deleted_at IS NULL AND c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > now())
 AND (c.user_id IS NULL OR (u.status = 'ACTIVE' AND u.deleted_at IS NULL))`,
      values: [tenantId, id.uuid, parsed.hash],
    })
    const here = found && (found.allowedIps.length === 0 || (ip !== null && inRanges(ip, found.allowedIps)))
    if (here) await forgetAttempts(db, keys)
    return here ? found : null
  })
  if (!client) return UNKNOWN
  if (client.kind !== 'PARTNER_APP')
    return {
      error: 'unauthorized_client',
      description: 'The key is sent with each request; only those of partner apps are traded for tokens.',
    }
  if (SUSPENDED.has(client.status)) return { error: 'unauthorized_client', description: 'This company is suspended.' }
  const asked = scope === null ? [] : [...new Set(scope.split(' ').filter(Boolean))]
  if (
    !asked.every(isScope) ||
    asked.join(' ').length > MAX_SCOPE ||
    !(asked.length === 0 || coversScopes(client.scopes, asked))
  )
    return {
      error: 'invalid_scope',
      description: 'scope must be a part of what the key may do: Account.read, Account.*, *.read.',
    }
  // A token that is narrowed to nothing less than its key needs no scopes of its own: those of the key hold anyway, as they then are.
  const { token, expiresIn } = await clientTokens.signClient({ tenantId, keyId: id.uuid, scopes: asked })
  const held = asked.length > 0 ? asked : client.scopes
  return { accessToken: token, expiresIn, scope: held.length > 0 ? held.join(' ') : null }
}

/** Attempts count for the client from this network, so that nobody locks a partner out from elsewhere, and for the network; apart from people's. */
function attemptsOf({ services }: ClientServices, keyId: string, ip: string | null): AttemptKeys {
  const { attemptKey } = services.tokens
  const from = network(ip)
  return { account: attemptKey(`client:${keyId} ${from}`), address: attemptKey(`client address:${from}`) }
}

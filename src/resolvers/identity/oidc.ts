import { randomBytes } from 'node:crypto'
import type { Nonce } from '../../access/oidc.ts'
import type { Context } from '../../context.ts'
import { requestError, type UserErrorInfo, UserErrors } from '../../errors.ts'
import { recordType } from '../../read/recordType.ts'
import { idOf, uuidOf } from '../../read/values.ts'
import type { Reader, Writer } from '../../tenancy/tenancy.ts'
import { normalise } from '../normalise.ts'
import { createRecords } from '../records.ts'
import { jobViewer } from './createTenant.ts'
import { beginSession, type SignedIn } from './session.ts'

/** Where a sign-in by a provider begins, or why not. */
export interface OidcStart {
  authorizationUrl: string | null
  state: string | null
  nonce: string | null
  userErrors: UserErrorInfo[]
}

/** A provider and its company, as a sign-in needs them. */
interface Setting {
  tenantId: string
  tenantStatus: string
  timezone: string
  baseCurrency: string
  defaultCountry: string
  id: string
  issuer: string
  clientId: string
  allowedDomains: string[]
  autoProvision: boolean
  roleId: string | null
  emailClaim: string
}

/** Used nonces that are over and go when another one is used. */
const PURGED = 100

/** The one answer to everything that does not fit: company, provider, token, nonce, user. */
const UNFIT: UserErrorInfo = {
  code: 'INVALID_CREDENTIALS',
  message: 'Company, provider and token do not fit together.',
  field: ['input'],
}

/** The provider that a request names, or the only one that the company has; null when there is none such. */
async function settingOf(
  context: Context,
  { tenant, provider }: { tenant: string; provider?: string | null },
): Promise<Setting | null> {
  const slug = tenant.trim().toLowerCase()
  if (slug.includes('\0')) return null
  const [row] = await context.tenancy.withoutTenant((db) =>
    db.rows<{ tenant: string | null }>({ text: 'SELECT atrium.tenant_of_slug($1) AS tenant', values: [slug] }),
  )
  const tenantId = row?.tenant
  const named = provider == null ? null : uuidOf('IdentityProvider', provider)
  if (!tenantId || (provider != null && !named)) return null
  const found = await context.tenancy.readTenant({ tenantId }, (db) =>
    db.rows<Setting>({
      text: `SELECT t.id AS "tenantId", t.status AS "tenantStatus", t.timezone, t.base_currency AS "baseCurrency", t.default_country AS "defaultCountry", p.id, p.issuer, p.client_id AS "clientId",
 p.allowed_domains AS "allowedDomains", p.auto_provision AS "autoProvision", p.role_id AS "roleId", p.email_claim AS "emailClaim"
 FROM identity_provider p JOIN tenant t ON t.id = p.tenant_id WHERE p.tenant_id = $1 AND p.enabled AND p.deleted_at IS NULL AND ($2::uuid IS NULL OR p.id = $2) LIMIT 2`,
      values: [tenantId, named],
    }),
  )
  return found.length === 1 ? (found[0] as Setting) : null
}

/**
 * Where a user of a company is to be sent to sign in, with a nonce for ten minutes. The client adds its redirect_uri and its PKCE challenge, and trades
 * the code for the ID token itself. Error: INVALID_CREDENTIALS, also when the provider cannot be reached.
 */
export async function startOidcSignIn(
  context: Context,
  input: { tenant: string; provider?: string | null },
): Promise<OidcStart> {
  const { oidc } = context.services
  const setting = await settingOf(context, input)
  const url = setting && (await oidc.authorizationEndpoint(setting.issuer))
  if (!setting || !url) return { authorizationUrl: null, state: null, nonce: null, userErrors: [UNFIT] }
  const state = randomBytes(18).toString('base64url')
  const nonce = oidc.newNonce(setting.tenantId, setting.id)
  const parameters = { response_type: 'code', client_id: setting.clientId, scope: 'openid email profile', state, nonce }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return { authorizationUrl: url.href, state, nonce, userErrors: [] }
}

/**
 * Begins a session for the user whom a provider's ID token names: the one whom its subject was linked to, else the one with its verified e-mail address,
 * else, where the company wants that, a new one. Each nonce works once. One answer, INVALID_CREDENTIALS, to everything that does not fit.
 *
 * @throws TENANT_SUSPENDED, to who holds a token that fits.
 */
export async function signInWithOidc(
  context: Context,
  input: { tenant: string; provider?: string | null; idToken: string; nonce: string },
): Promise<SignedIn> {
  const { oidc } = context.services
  const unfit: SignedIn = { accessToken: null, expiresAt: null, refreshToken: null, userErrors: [UNFIT] }
  const setting = await settingOf(context, input)
  // The nonce first: without one of ours nobody has a provider asked for its keys.
  const nonce = setting && oidc.readNonce(input.nonce, setting.tenantId, setting.id)
  if (!setting || !nonce) return unfit
  const claims = await oidc.verify(input.idToken, setting, input.nonce)
  if (!claims) return unfit
  const email = emailOf(claims, setting)
  if (email === 'foreign') return unfit
  if (setting.tenantStatus === 'SUSPENDED' || setting.tenantStatus === 'DELETING')
    throw requestError('TENANT_SUSPENDED')
  const { tenantId } = setting
  const viewer = jobViewer(
    {
      id: tenantId,
      timezone: setting.timezone,
      baseCurrency: setting.baseCurrency,
      defaultCountry: setting.defaultCountry,
    },
    context.requestId,
  )
  const name = typeof claims.name === 'string' ? claims.name : null
  let userId: string | null
  try {
    userId = await context.tenancy.writeTenant(
      { tenantId, actor: `oidc:${setting.id}`, requestId: context.requestId, ip: context.ip },
      async (db) => {
        if (!(await useUp(db, tenantId, nonce))) return null
        const linked = await linkedUser(db, setting, claims.sub)
        if (linked) return linked.status === 'ACTIVE' ? linked.id : null
        if (!email) return null
        const there = await userWith(db, tenantId, email)
        if (there && there.status !== 'ACTIVE') return null
        const found = there?.id ?? (await provision({ db, viewer }, setting, email, name))
        return found && (await link(db, setting, claims.sub, found)) ? found : null
      },
    )
  } catch (error) {
    // Another sign-in was quicker with the same user or the same subject; or the claims make no user.
    if ((error as { code?: unknown }).code !== '23505' && !(error instanceof UserErrors)) throw error
    userId = null
  }
  if (!userId) return unfit
  const signedIn = await beginSession(context, { tenantId, userId })
  return signedIn.accessToken === null ? unfit : signedIn
}

/** The address that the provider has verified, lower case; null when it names none; 'foreign' when the company's domains leave it out. */
function emailOf(claims: Record<string, unknown>, { emailClaim, allowedDomains }: Setting): string | null {
  const given = Object.hasOwn(claims, emailClaim) && claims.email_verified === true ? claims[emailClaim] : null
  const result = normalise({ kind: 'email', max: 254, required: false }, typeof given === 'string' ? given : null, {
    defaultCountry: 'US',
  })
  const email = 'rule' in result ? null : (result.ok as string | null)
  if (allowedDomains.length === 0) return email
  return email && allowedDomains.includes(email.slice(email.lastIndexOf('@') + 1)) ? email : 'foreign'
}

/** Marks a nonce as used; false when it was. Others that are over go on the way. */
async function useUp(db: Writer, tenantId: string, { id, expiresAt }: Nonce): Promise<boolean> {
  await db.rows({
    text: `DELETE FROM oidc_nonce WHERE tenant_id = $1 AND id IN (SELECT id FROM oidc_nonce WHERE tenant_id = $1 AND expires_at < now() LIMIT ${PURGED} FOR UPDATE SKIP LOCKED)`,
    values: [tenantId],
  })
  const rows = await db.rows({
    text: 'INSERT INTO oidc_nonce (tenant_id, id, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING id',
    values: [tenantId, id, expiresAt],
  })
  return rows.length === 1
}

interface Found {
  id: string
  status: string
}

/** The live user to whom a subject was linked. */
async function linkedUser(db: Reader, { tenantId, id }: Setting, subject: string): Promise<Found | undefined> {
  const [user] = await db.rows<Found>({
    text: `SELECT u.id, u.status FROM user_identity i JOIN app_user u ON u.tenant_id = i.tenant_id AND u.id = i.user_id
 WHERE i.tenant_id = $1 AND i.provider_id = $2 AND i.subject = $3 AND u.deleted_at IS NULL`,
    values: [tenantId, id, subject],
  })
  return user
}

async function userWith(db: Reader, tenantId: string, email: string): Promise<Found | undefined> {
  const [user] = await db.rows<Found>({
    text: 'SELECT id, status FROM app_user WHERE tenant_id = $1 AND email = $2 AND deleted_at IS NULL',
    values: [tenantId, email],
  })
  return user
}

/** Makes the user, where the company wants that; null where not. Throws UserErrors when the claims make no user. */
async function provision(
  write: Parameters<typeof createRecords>[0],
  { autoProvision, roleId, allowedDomains }: Setting,
  email: string,
  name: string | null,
): Promise<string | null> {
  if (!autoProvision || !roleId || allowedDomains.length === 0) return null
  const inputs = [{ email, name: name?.trim().slice(0, 200) || email, roleId: idOf('Role', roleId), status: 'ACTIVE' }]
  const [written] = await createRecords(write, recordType('User'), inputs)
  if (!written?.id) throw new UserErrors(written?.errors ?? [])
  return written.id
}

/** Links a subject to a user; false when the user has another subject at this provider already. A subject whose user was deleted may have a new one. */
async function link(db: Writer, { tenantId, id }: Setting, subject: string, userId: string): Promise<boolean> {
  const rows = await db.rows({
    text: `INSERT INTO user_identity AS i (tenant_id, provider_id, subject, user_id)
 SELECT $1::uuid, $2::uuid, $3, $4::uuid WHERE NOT EXISTS (SELECT 1 FROM user_identity o WHERE o.tenant_id = $1 AND o.provider_id = $2 AND o.user_id = $4 AND o.subject <> $3)
 ON CONFLICT (tenant_id, provider_id, subject) DO UPDATE SET user_id = excluded.user_id
 WHERE i.user_id = excluded.user_id OR NOT EXISTS (SELECT 1 FROM app_user u WHERE u.tenant_id = i.tenant_id AND u.id = i.user_id AND u.deleted_at IS NULL) RETURNING id`,
    values: [tenantId, id, subject, userId],
  })
  return rows.length === 1
}

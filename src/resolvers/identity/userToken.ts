import { hash, randomBytes } from 'node:crypto'
import { UserErrors } from '../../errors.ts'
import type { Reader, Tenancy } from '../../tenancy/tenancy.ts'
import type { PasswordOwner } from './password.ts'

/** What a mailed token is for, how its text begins, and for how many hours it may be used. */
export const TOKENS = {
  INVITATION: { prefix: 'atr_invitation_', hours: 7 * 24 },
  PASSWORD_RESET: { prefix: 'atr_reset_', hours: 1 },
} as const

export type TokenKind = keyof typeof TOKENS

/** What was bound into a token when it was made: over `u`, a row of app_user, and `s`, the user's row of user_secret or nulls. */
const BINDING = 'atrium.user_binding(u.email, s.password_hash)'

/** Whose token it is, and who gave it out. */
export interface FoundToken extends PasswordOwner {
  userId: string
  /** The user who caused it; null for those who asked for it themselves. */
  createdById: string | null
  email: string
  /** Language of the user, and of the company for those who have none. */
  locale: string | null
  home: string
  /** Of the company. */
  company: string
  timezone: string
  baseCurrency: string
  defaultCountry: string
}

/** A new token: 256 random bits, of which the database gets the hash alone. */
function newToken(kind: TokenKind): string {
  return `${TOKENS[kind].prefix}${randomBytes(32).toString('base64url')}`
}

// As random as an API key, so a fast hash is right.
const hashToken = (token: string): Buffer => hash('sha256', token, 'buffer')

/**
 * Gives a user a token and ends those of the kind that they had. The caller holds the user's row locked, so that of two at the same time one is last.
 * Given no user, it does the same work and finds nobody: what tells a request for an unknown address from another must not be its time.
 *
 * @returns the token, which stands nowhere else.
 */
export async function issueToken(
  db: Reader,
  tenantId: string,
  userId: string | null,
  kind: TokenKind,
): Promise<string> {
  const token = newToken(kind)
  await endTokens(db, tenantId, userId, [kind])
  await db.rows({
    text: `DELETE FROM user_token WHERE tenant_id = $1 AND user_id = $2 AND created_at < now() - interval '30 days'`,
    values: [tenantId, userId],
  })
  await db.rows({
    text: `INSERT INTO user_token (tenant_id, user_id, kind, token_hash, binding, expires_at)
 SELECT u.tenant_id, u.id, $3, $4, ${BINDING}, now() + make_interval(hours => $5)
 FROM app_user u LEFT JOIN user_secret s ON s.tenant_id = u.tenant_id AND s.user_id = u.id WHERE u.tenant_id = $1 AND u.id = $2`,
    values: [tenantId, userId, kind, hashToken(token), TOKENS[kind].hours],
  })
  return token
}

/** Ends the unused tokens of a user. */
export async function endTokens(
  db: Reader,
  tenantId: string,
  userId: string | null,
  kinds: TokenKind[] = ['INVITATION', 'PASSWORD_RESET'],
): Promise<void> {
  await db.rows({
    text: 'UPDATE user_token SET used_at = now() WHERE tenant_id = $1 AND user_id = $2 AND kind = ANY ($3) AND used_at IS NULL',
    values: [tenantId, userId, kinds],
  })
}

/**
 * The user whose token this is, if it may be used: unused, in time, of that company, of a user in that state whose address and password are what they
 * were. Null for anything else, without a word why.
 *
 * @param lock holds the user to the end of the transaction; of two uses at the same time the second one finds the token used.
 */
export async function findToken(
  db: Reader,
  tenantId: string,
  { kind, token, status, lock = false }: { kind: TokenKind; token: string; status: string; lock?: boolean },
): Promise<FoundToken | null> {
  const { prefix } = TOKENS[kind]
  if (!token.startsWith(prefix) || !/^[\w-]{43}$/.test(token.slice(prefix.length))) return null
  const values = [tenantId, hashToken(token), kind]
  if (lock) {
    // By itself first: a statement that waits for a lock goes on with what it read of the other tables before.
    await db.rows({
      text: `SELECT u.id FROM app_user u WHERE u.tenant_id = $1 AND u.id = (SELECT t.user_id FROM user_token t WHERE t.tenant_id = $1 AND t.token_hash = $2 AND t.kind = $3) FOR NO KEY UPDATE`,
      values,
    })
  }
  const [found] = await db.rows<FoundToken>({
    text: `SELECT t.user_id AS "userId", t.created_by AS "createdById", u.name, u.email, u.locale, c.locale AS home, c.slug, c.name AS company, s.password_hash AS hash, coalesce(s.password_history, '{}') AS history, c.timezone, c.base_currency AS "baseCurrency", c.default_country AS "defaultCountry"
 FROM user_token t JOIN app_user u ON u.tenant_id = t.tenant_id AND u.id = t.user_id JOIN tenant c ON c.id = t.tenant_id
 LEFT JOIN user_secret s ON s.tenant_id = u.tenant_id AND s.user_id = u.id
 WHERE t.tenant_id = $1 AND t.token_hash = $2 AND t.kind = $3 AND t.used_at IS NULL AND t.expires_at > now() AND t.binding = ${BINDING}
 AND u.status = $4 AND u.deleted_at IS NULL AND c.status IN ('TRIAL', 'ACTIVE')`,
    values: [...values, status],
  })
  return found ?? null
}

/** The tenant that goes by a name, or null. Names are compared as sign-in compares them. */
export async function tenantOfSlug(tenancy: Tenancy, slug: string): Promise<string | null> {
  const wanted = slug.trim().toLowerCase()
  if (wanted.includes('\0')) return null
  const [row] = await tenancy.withoutTenant((db) =>
    db.rows<{ tenant: string | null }>({ text: 'SELECT atrium.tenant_of_slug($1) AS tenant', values: [wanted] }),
  )
  return row?.tenant ?? null
}

/** What is answered to a token that cannot be used, whatever the reason. */
export function invalidToken(): UserErrors {
  const message = 'The link is not valid, or not valid any more. Ask for a new one.'
  return new UserErrors([{ code: 'INVALID_TOKEN', message, field: ['input', 'token'] }])
}

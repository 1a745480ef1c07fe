import type { Access } from './access/access.ts'
import type { Oidc } from './access/oidc.ts'
import type { Tokens } from './access/token.ts'
import type { Loaders } from './cache/loaders.ts'
import type { Cursors } from './read/cursor.ts'
import type { AttemptLimits } from './resolvers/identity/attempts.ts'
import type { CheckedMapping } from './resolvers/platform/importOrder.ts'
import type { Tenancy } from './tenancy/tenancy.ts'

/** Who is calling: a user, an API key or a job of the deployment, always of one tenant. */
export interface Viewer {
  tenantId: string
  kind: 'user' | 'apiKey' | 'job'
  /** The user, also when one of their API keys speaks; null for keys without a user and for jobs. */
  userId: string | null
  /** Id of the API key or of the session; null for jobs. */
  credentialId: string | null
  /** Keys of the viewer's roles. */
  roles: string[]
  /** What they may do, and whose records they see. */
  access: Access
  /** Of the tenant: IANA time zone, currency, country that phone numbers without a prefix belong to. */
  timezone: string
  baseCurrency: string
  defaultCountry: string
  /** Stand in the change rows of everything the viewer writes. */
  requestId: string
  ip: string | null
}

/** What every resolver gets. `viewer` is null for anonymous callers, who may only sign in. */
export interface Context {
  viewer: Viewer | null
  tenancy: Tenancy
  loaders: Loaders
  /** The request's header Idempotency-Key, if any. */
  idempotencyKey: string | null
  requestId: string
  ip: string | null
  userAgent: string | null
  /** Headers to send with the answer. */
  responseHeaders: Map<string, string>
  services: Services
}

/** What sign-in needs besides the database. */
export interface Services {
  tokens: Tokens
  cursors: Cursors
  /** Sign-in by identity providers. */
  oidc: Oidc
  /** How many attempts to sign in are too many. */
  attempts: AttemptLimits
  /** Holds the mapping of an import against the record types and the viewer’s rights; throws FORBIDDEN. */
  checkMapping(viewer: Viewer, order: { mapping: unknown; mode: 'CREATE' | 'UPSERT' }): Promise<CheckedMapping>
  /** Makes a revocation count at once in this process. */
  forgetViewers(): void
  /** The address that gives an attachment's bytes for some minutes, by its id; see access/fileTicket.ts. */
  fileAddress(viewer: Viewer, id: string): string
  /** The address of a calendar feed, by the key that names it; see resolvers/work/calendarFeed.ts. */
  calendarAddress(key: string): string
  /** What names a quote (uuid) of a company in the link that its customer gets; see access/quoteTicket.ts. */
  quoteTicket(tenantId: string, quoteId: string): string
  /** The address of that link. */
  quoteAddress(tenantId: string, quoteId: string): string
}

/** The account under which a connector works, as it is told of it. */
export interface ConnectorAccount {
  /** As clients know it. */
  id: string
  platform: string
  handle: string | null
  settings: Record<string, unknown>
  /** The current secret first, then the one before while it counts; none where none was set. */
  secrets: readonly string[]
}

/** A file of a post. `url` gives its bytes for some minutes; null where nobody's rights lead to it, or the deployment has no PUBLIC_URL. */
export interface ConnectorFile {
  id: string
  fileName: string
  contentType: string
  size: number
  sha256: string
  url: string | null
}

/** What is to be published. */
export interface ConnectorPost {
  id: string
  content: string
  linkUrl: string | null
  attachments: ConnectorFile[]
}

/** What the network made of a post: its id there, and where it is to be seen. */
export interface Published {
  externalId: string
  url: string | null
}

export const METRICS = ['impressions', 'likes', 'comments', 'shares', 'clicks'] as const
/** How a post does, each figure since it was published; null where the network does not tell. */
export type Metrics = Record<(typeof METRICS)[number], number | null>

/** Brings posts to a network, and figures from there. What goes wrong is a ConnectorError; anything else that is thrown is tried again. */
export interface Publisher {
  /** Publishes once for a key, however often it is asked: an attempt whose answer was lost is made again under the same key. */
  publish(account: ConnectorAccount, post: ConnectorPost, key: string): Promise<Published>
  metrics(account: ConnectorAccount, externalId: string): Promise<Metrics>
}

/** What is wrong with settings, for VALIDATION_FAILED; `message` continues the name at the end of the path. */
export interface SettingsProblem {
  path: string[]
  rule: string
  message: string
}

/** A way to a network. All that there are stand in connectors.ts. */
export interface Connector {
  name: string
  /** Null: a person publishes, and says so by markSocialPostPublished. */
  publisher: Publisher | null
  /** What it proves itself by; null: it needs nothing. */
  secret: { make(): string; problem(given: string): string | null } | null
  settingsProblem(settings: Record<string, unknown>): SettingsProblem | null
}

/** A connector could not do it. The message is shown to whoever sees the post: it holds no address and no secret. */
export class ConnectorError extends Error {
  override name = 'ConnectorError'
  /** Never to be tried again as it is. */
  readonly permanent: boolean
  /** Seconds from now before which it is not to be tried again; null: as the caller likes. */
  readonly retryAfter: number | null

  constructor(message: string, { permanent, retryAfter = null }: { permanent: boolean; retryAfter?: number | null }) {
    super(message)
    this.permanent = permanent
    this.retryAfter = retryAfter
  }
}

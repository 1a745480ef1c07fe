import { LostKeyError, type Vault } from '../../../access/totp.ts'
import { idOf } from '../../../read/values.ts'
import type { Tenancy, Writer } from '../../../tenancy/tenancy.ts'
import { secretsOf } from './account.ts'
import {
  type ConnectorAccount,
  ConnectorError,
  type ConnectorPost,
  METRICS,
  type Metrics,
  type Published,
  type Publisher,
} from './connector.ts'
import { CONNECTORS } from './connectors.ts'

/** The worker's own name as a caller. */
const WORKER = 'social'
/** Minutes from a failed attempt to the next: half a day in all. After the last the post has failed. */
const BACK_OFF = [1, 5, 30, 120, 600]
const ATTEMPTS = BACK_OFF.length + 1
/** The longest that a network may have us wait, seconds. */
const PATIENCE = 86_400
/** How long a post that was taken is left alone, minutes: far beyond the longest request, so that only a dead process's is taken by another. */
const CLAIMED = 5
/** Posts of one company that are on their way together. */
const AT_ONCE = 5
/** Companies that are worked for side by side: a slow bridge of one holds up its own posts only, and a place of these. */
const LANES = 8
/** Figures are asked for every hour for so many days, then every day for so many. */
const [HOURLY, DAILY] = [7, 30]

export type SocialFailure = 'REFUSED' | 'GAVE_UP' | 'ACCOUNT_INACTIVE' | 'CONNECTOR_MISSING' | 'NO_SECRET'

/** What the worker works with. */
export interface SocialOptions {
  vault: Vault
  /** The address of a file for whoever has it, as a user (uuids); null where there is none. */
  fileAddress: (tenantId: string, userId: string, attachmentId: string) => string | null
  /** Is told of failed attempts, without addresses, and of database errors. */
  onError: (error: unknown) => void
  /** The ways to the networks; those of the deployment if left out. */
  connectors?: typeof CONNECTORS
}

interface Claimed {
  /** The key of its publication. */
  id: string
  postId: string
  attempts: number
  status: string
  content: string
  linkUrl: string | null
  publishedId: string | null
  ownerId: string | null
  accountId: string
  platform: string
  handle: string | null
  connector: string
  settings: Record<string, unknown>
  active: boolean
  files: { id: string; fileName: string; contentType: string; size: number; sha256: string }[]
}

/** What came of an attempt. */
type Result<T> = { done: T } | { failure: SocialFailure; message: string; again: boolean; retryAfter: number | null }

/**
 * Publishes what is due and asks for figures, of each company that has something. Any number of processes may do so: each post is taken by one. No transaction is open while a
 * network is talked to: when a process dies then, another asks again under the same key some minutes later.
 *
 * @returns how many posts were worked on.
 */
export async function workSocial(tenancy: Tenancy, options: SocialOptions): Promise<number> {
  const tenants = await tenancy.withoutTenant((db) =>
    db.rows<{ id: string }>({ text: 'SELECT atrium.tenants_with_social() AS id', values: [] }),
  )
  let worked = 0
  const lane = async () => {
    for (let tenant = tenants.shift(); tenant; tenant = tenants.shift()) {
      const some = await workFor(tenancy, tenant.id, options).catch((error) => {
        options.onError(error)
        return 0
      })
      worked += some
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return worked
}

async function workFor(tenancy: Tenancy, tenantId: string, options: SocialOptions): Promise<number> {
  const posts = await tenancy.writeTenant({ tenantId, actor: WORKER }, (db) => claim(db, tenantId))
  const one = async (post: Claimed) => {
    const asked = post.status === 'PUBLISHED'
    const result = asked
      ? await figures(tenancy, tenantId, post, options)
      : await publish(tenancy, tenantId, post, options)
    if ('failure' in result)
      options.onError(new Error(`Post ${post.postId}, attempt ${post.attempts}: ${result.failure} ${result.message}`))
    await tenancy.writeTenant({ tenantId, actor: WORKER }, (db) =>
      asked
        ? noteFigures(db, tenantId, post, result as Result<Metrics>)
        : notePublished(db, tenantId, post, result as Result<Published>),
    )
  }
  await Promise.all(posts.map((post) => one(post).catch(options.onError)))
  return posts.length
}

/** Takes some of what is due for this process; what is planned for now is PUBLISHING from here on. Companies that are suspended have nothing taken. */
async function claim(db: Writer, tenantId: string): Promise<Claimed[]> {
  const [open] = await db.rows({
    text: `SELECT 1 FROM tenant WHERE id = $1 AND status NOT IN ('SUSPENDED', 'DELETING')`,
    values: [tenantId],
  })
  if (!open) return []
  // What lies in the recycle bin is looked at again when it may be back.
  await db.rows({
    text: `UPDATE social_delivery d SET due_at = now() + interval '1 day' FROM social_post p WHERE d.tenant_id = $1 AND d.due_at <= now() AND p.tenant_id = $1 AND p.id = d.post_id AND p.deleted_at IS NOT NULL`,
    values: [tenantId],
  })
  const taken = await db.rows<{ id: string; postId: string; attempts: number }>({
    text: `WITH due AS MATERIALIZED (
 SELECT d.id FROM social_delivery d JOIN social_post p ON p.tenant_id = $1 AND p.id = d.post_id WHERE d.tenant_id = $1 AND d.due_at <= now() AND p.deleted_at IS NULL
 ORDER BY d.due_at LIMIT ${AT_ONCE} FOR NO KEY UPDATE OF d, p SKIP LOCKED
) UPDATE social_delivery d SET attempts = d.attempts + 1, due_at = now() + interval '${CLAIMED} minutes' FROM due WHERE d.tenant_id = $1 AND d.id = due.id
 RETURNING d.id, d.post_id AS "postId", d.attempts`,
    values: [tenantId],
  })
  if (taken.length === 0) return []
  const ids = taken.map(({ postId }) => postId)
  await db.rows({
    text: `UPDATE social_post SET status = 'PUBLISHING' WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND status = 'SCHEDULED'`,
    values: [tenantId, ids],
  })
  const posts = await db.rows<Omit<Claimed, 'id' | 'attempts'>>({
    text: `SELECT p.id AS "postId", p.status, p.content, p.link_url AS "linkUrl", p.published_id AS "publishedId", p.owner_id AS "ownerId", a.id AS "accountId", a.platform, a.handle, a.connector, a.settings,
 a.is_active AND a.deleted_at IS NULL AS active,
 (SELECT coalesce(json_agg(json_build_object('id', f.id, 'fileName', f.file_name, 'contentType', f.content_type, 'size', f.size, 'sha256', f.sha256) ORDER BY f.id), '[]')
  FROM attachment f WHERE f.tenant_id = $1 AND f.object_type = 'SocialPost' AND f.record_id = p.id AND f.deleted_at IS NULL) AS files
 FROM social_post p JOIN social_account a ON a.tenant_id = $1 AND a.id = p.account_id WHERE p.tenant_id = $1 AND p.id = ANY ($2::uuid[])`,
    values: [tenantId, ids],
  })
  const byId = new Map(posts.map((post) => [post.postId, post]))
  return taken.flatMap(({ id, postId, attempts }) => {
    const post = byId.get(postId)
    return post ? [{ ...post, id, attempts }] : []
  })
}

function publish(tenancy: Tenancy, tenantId: string, post: Claimed, options: SocialOptions) {
  const { ownerId } = post
  const given: ConnectorPost = {
    id: idOf('SocialPost', post.postId),
    content: post.content,
    linkUrl: post.linkUrl,
    attachments: post.files.map((file) => {
      const id = idOf('Attachment', file.id)
      return { ...file, id, url: ownerId ? options.fileAddress(tenantId, ownerId, file.id) : null }
    }),
  }
  return attempt(tenancy, tenantId, post, options, (publisher, account) => publisher.publish(account, given, post.id))
}

function figures(tenancy: Tenancy, tenantId: string, post: Claimed, options: SocialOptions) {
  return attempt(tenancy, tenantId, post, options, (publisher, account) =>
    publisher.metrics(account, post.publishedId as string),
  )
}

/** Asks the connector of a post's account, if it can be asked. Never throws for what the network or the account is to blame for. */
async function attempt<T>(
  tenancy: Tenancy,
  tenantId: string,
  post: Claimed,
  { vault, connectors = CONNECTORS }: SocialOptions,
  ask: (publisher: Publisher, account: ConnectorAccount) => Promise<T>,
): Promise<Result<T>> {
  const never = (failure: SocialFailure, message: string) => ({ failure, message, again: false, retryAfter: null })
  // Processes that died on it one after the other leave no more than this.
  if (post.attempts > ATTEMPTS && post.status !== 'PUBLISHED')
    return never('GAVE_UP', 'It was tried too often without an answer.')
  if (!post.active) return never('ACCOUNT_INACTIVE', 'The account is not in use.')
  const connector = connectors.get(post.connector)
  if (!connector?.publisher) return never('CONNECTOR_MISSING', `This deployment has no connector ${post.connector}.`)
  let secrets: string[]
  try {
    secrets = await tenancy.readTenant({ tenantId }, (db) => secretsOf(db, tenantId, post.accountId, vault))
  } catch (error) {
    if (!(error instanceof LostKeyError)) throw error
    secrets = []
  }
  if (connector.secret && secrets.length === 0) return never('NO_SECRET', 'The account has no secret to sign with.')
  const { platform, handle, settings } = post
  const account = { id: idOf('SocialAccount', post.accountId), platform, handle, settings, secrets }
  try {
    return { done: await ask(connector.publisher, account) }
  } catch (error) {
    const known = error instanceof ConnectorError ? error : null
    return {
      failure: known?.permanent ? 'REFUSED' : 'GAVE_UP',
      message: known?.message ?? 'The connector failed.',
      again: !known?.permanent,
      retryAfter: known?.retryAfter ?? null,
    }
  }
}

/** Notes that a post is published, when it is tried again, or that it failed; an answer under a key that is no more the post's changes nothing. */
async function notePublished(db: Writer, tenantId: string, post: Claimed, result: Result<Published>): Promise<void> {
  const { id, postId, attempts } = post
  if ('done' in result) {
    const { externalId, url } = result.done
    // Also one that was given up meanwhile: it is there.
    const [noted] = await db.rows({
      text: `UPDATE social_post p SET status = 'PUBLISHED', published_at = now(), published_id = $4, published_url = $5, attempts = $6, failure_code = NULL, failure_message = NULL
 WHERE p.tenant_id = $1 AND p.id = $2 AND p.status IN ('PUBLISHING', 'FAILED') AND EXISTS (SELECT 1 FROM social_delivery d WHERE d.tenant_id = $1 AND d.id = $3 AND d.post_id = $2) RETURNING p.id`,
      values: [tenantId, postId, id, externalId, url, attempts],
    })
    if (noted)
      await db.rows({
        text: `UPDATE social_delivery SET attempts = 0, due_at = now() + interval '1 hour' WHERE tenant_id = $1 AND id = $2`,
        values: [tenantId, id],
      })
    return
  }
  const minutes = BACK_OFF[attempts - 1]
  const again = result.again && minutes !== undefined
  const wait = Math.min(PATIENCE, Math.max((minutes ?? 0) * 60, result.retryAfter ?? 0))
  const [mine] = await db.rows({
    text: `UPDATE social_post p SET attempts = $5, failure_message = $6, failure_code = CASE WHEN $7 THEN NULL ELSE $8 END, status = CASE WHEN $7 THEN p.status ELSE 'FAILED' END
 WHERE p.tenant_id = $1 AND p.id = $2 AND p.status = 'PUBLISHING' AND EXISTS (SELECT 1 FROM social_delivery d WHERE d.tenant_id = $1 AND d.id = $3 AND d.post_id = $2 AND d.attempts = $4) RETURNING p.id`,
    values: [tenantId, postId, id, attempts, Math.min(attempts, ATTEMPTS), result.message, again, result.failure],
  })
  if (mine)
    await db.rows({
      text: `UPDATE social_delivery SET due_at = CASE WHEN $3 THEN now() + make_interval(secs => $4) END WHERE tenant_id = $1 AND id = $2`,
      values: [tenantId, id, again, wait],
    })
}

/** Keeps figures that changed, and says when they are asked for again: what the network says will never do is not. */
async function noteFigures(db: Writer, tenantId: string, post: Claimed, result: Result<Metrics>): Promise<void> {
  if ('done' in result) {
    const columns = METRICS.map((name, index) => `${name} = coalesce($${index + 3}::integer, ${name})`)
    const changed = METRICS.map(
      (name, index) => `coalesce($${index + 3}::integer <> ${name}, $${index + 3} IS NOT NULL AND ${name} IS NULL)`,
    )
    await db.rows({
      text: `UPDATE social_post SET ${columns.join(', ')}, metrics_at = now() WHERE tenant_id = $1 AND id = $2 AND status = 'PUBLISHED' AND (metrics_at IS NULL OR ${changed.join(' OR ')})`,
      values: [tenantId, post.postId, ...METRICS.map((name) => result.done[name])],
    })
  }
  const over = 'failure' in result && result.failure === 'REFUSED'
  const wait = 'failure' in result ? Math.min(PATIENCE, result.retryAfter ?? 0) : 0
  await db.rows({
    text: `UPDATE social_delivery d SET attempts = 0, due_at = CASE WHEN $4 OR p.published_at <= now() - interval '${DAILY} days' THEN NULL
  ELSE now() + greatest(make_interval(secs => $5), CASE WHEN p.published_at > now() - interval '${HOURLY} days' THEN interval '1 hour' ELSE interval '1 day' END) END
 FROM social_post p WHERE d.tenant_id = $1 AND d.id = $2 AND p.tenant_id = $1 AND p.id = d.post_id AND d.attempts = $3`,
    values: [tenantId, post.id, post.attempts, over, wait],
  })
}

import type { UserErrorInfo } from '../../../errors.ts'
import { fieldOf, recordType } from '../../../read/recordType.ts'
import { normalise, validationError } from '../../normalise.ts'
import type { Written } from '../../records.ts'
import { lockOne, refused, wrongState } from '../../revenue/refusals.ts'
import type { Values, WriteContext } from '../../write.ts'
import { isOver } from '../emailBlast.ts'
import { CONNECTORS } from './connectors.ts'
import { SOCIAL_POST_STATES, type SocialPostStatus } from './post.ts'

/** A post that a verb names, as clients write it. */
export interface PostArgs {
  id: string
  expectedVersion?: number | null
}

/** Plans a post for a moment, that of the post if none is given. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE, VALIDATION_FAILED without a moment, SCHEDULE_IN_PAST. */
export async function scheduleSocialPost(
  context: WriteContext,
  given: PostArgs & { scheduleAt?: Date | string | null },
): Promise<Written> {
  const found = await find(context, given, 'SCHEDULED', ['DRAFT'])
  if ('errors' in found) return refused(...found.errors)
  const { id, before } = found
  const at = given.scheduleAt
    ? new Date(given.scheduleAt)
    : before.scheduleAt
      ? new Date(String(before.scheduleAt))
      : null
  if (at === null) return refused(validationError(['scheduleAt'], 'required', 'is required'))
  if (isOver(at.toISOString()))
    return refused({ code: 'SCHEDULE_IN_PAST', message: 'scheduleAt is over.', field: ['scheduleAt'] })
  const way = await wayOf(context, before)
  if ('code' in way) return refused(way)
  await change(context, id, `status = 'SCHEDULED', schedule_at = $3`, at)
  // A person who publishes by hand needs no clock.
  if (way.publishes) await order(context, id, at)
  return { id, errors: [], changed: true }
}

/** Has a post published as soon as a process is free. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE, also for an account whose posts a person publishes. */
export async function publishSocialPost(context: WriteContext, given: PostArgs): Promise<Written> {
  return send(context, given, ['DRAFT', 'SCHEDULED'])
}

/** Tries a post that failed anew, under the same key: what was published all the same is not published twice. Errors as of publishSocialPost. */
export async function retrySocialPost(context: WriteContext, given: PostArgs): Promise<Written> {
  return send(context, given, ['FAILED'])
}

/** Makes a draft again of a post that waits or failed; the next publication is a new one. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE. */
export async function unscheduleSocialPost(context: WriteContext, given: PostArgs): Promise<Written> {
  return leave(context, given, 'DRAFT', ['SCHEDULED', 'FAILED'])
}

/** Calls a post off. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE. */
export async function cancelSocialPost(context: WriteContext, given: PostArgs): Promise<Written> {
  return leave(context, given, 'CANCELLED', ['DRAFT', 'SCHEDULED', 'FAILED'])
}

/** Notes that a person published a post, and where it is to be seen. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE, VALIDATION_FAILED. */
export async function markSocialPostPublished(
  context: WriteContext,
  given: PostArgs & { url: string; publishedAt?: Date | string | null },
): Promise<Written> {
  const found = await find(context, given, 'PUBLISHED', ['DRAFT', 'SCHEDULED', 'FAILED'])
  if ('errors' in found) return refused(...found.errors)
  const url = normalise(fieldOf(recordType('SocialPost'), 'publishedUrl'), given.url, context.viewer)
  if ('rule' in url) return refused(validationError(['url'], url.rule, url.message))
  if (!url.ok) return refused(validationError(['url'], 'required', 'is required'))
  const at = given.publishedAt ? new Date(given.publishedAt) : new Date()
  if (at.getTime() > Date.now()) return refused(validationError(['publishedAt'], 'future', 'must not be in the future'))
  await change(
    context,
    found.id,
    `status = 'PUBLISHED', published_url = $3, published_at = $4, failure_code = NULL, failure_message = NULL`,
    url.ok,
    at,
  )
  await drop(context, found.id)
  return { id: found.id, errors: [], changed: true }
}

/** Locks the post of a verb that leads to a state from some of those from which the machine does. */
async function find(
  context: WriteContext,
  given: PostArgs,
  to: SocialPostStatus,
  from: readonly SocialPostStatus[],
): Promise<{ id: string; before: Values } | { errors: UserErrorInfo[] }> {
  const found = await lockOne(context, 'SocialPost', given, 'update')
  if ('errors' in found) return found
  const status = found.before.status as SocialPostStatus
  return from.includes(status) ? found : { errors: [wrongState(SOCIAL_POST_STATES, status, to)] }
}

async function send(context: WriteContext, given: PostArgs, from: readonly SocialPostStatus[]): Promise<Written> {
  const found = await find(context, given, 'PUBLISHING', from)
  if ('errors' in found) return refused(...found.errors)
  const { id, before } = found
  const way = await wayOf(context, before)
  if ('code' in way) return refused(way)
  if (!way.publishes) return refused(state('A person publishes under this account: see markSocialPostPublished.'))
  await change(context, id, `status = 'PUBLISHING', attempts = 0, failure_code = NULL, failure_message = NULL`)
  await order(context, id, null)
  return { id, errors: [], changed: true }
}

async function leave(
  context: WriteContext,
  given: PostArgs,
  to: SocialPostStatus,
  from: readonly SocialPostStatus[],
): Promise<Written> {
  const found = await find(context, given, to, from)
  if ('errors' in found) return refused(...found.errors)
  await change(context, found.id, `status = $3, attempts = 0, failure_code = NULL, failure_message = NULL`, to)
  await drop(context, found.id)
  return { id: found.id, errors: [], changed: true }
}

const state = (message: string): UserErrorInfo => ({ code: 'INVALID_STATE', message, field: ['id'] })

/** Whether the account of a post publishes by itself, or why nothing can be published under it. It stays as it is to the end of the transaction. */
async function wayOf({ db, viewer }: WriteContext, post: Values): Promise<{ publishes: boolean } | UserErrorInfo> {
  const [account] = await db.rows<{ id: string; connector: string; active: boolean; secret: boolean }>({
    text: `SELECT a.id, a.connector, a.is_active AS active, EXISTS (SELECT 1 FROM social_secret s WHERE s.tenant_id = $1 AND s.account_id = a.id) AS secret
 FROM social_account a WHERE a.tenant_id = $1 AND a.id = $2 AND a.deleted_at IS NULL FOR SHARE OF a`,
    values: [viewer.tenantId, post.accountId],
  })
  if (!account?.active) return state('The account is not in use.')
  const connector = CONNECTORS.get(account.connector)
  if (!connector) return state(`This deployment has no connector ${account.connector}.`)
  if (connector.secret && !account.secret)
    return state('The account has no secret to sign with: setSocialAccountSecret gives it one.')
  return { publishes: connector.publisher !== null }
}

async function change({ db, viewer }: WriteContext, id: string, set: string, ...values: unknown[]): Promise<void> {
  await db.rows({
    text: `UPDATE social_post SET ${set} WHERE tenant_id = $1 AND id = $2`,
    values: [viewer.tenantId, id, ...values],
  })
}

/** Puts a post into the queue, at a moment or at once; one that was in it keeps its key. */
async function order({ db, viewer }: WriteContext, id: string, at: Date | null): Promise<void> {
  await db.rows({
    text: `INSERT INTO social_delivery (tenant_id, post_id, due_at) VALUES ($1, $2, coalesce($3, now())) ON CONFLICT (tenant_id, post_id) DO UPDATE SET due_at = excluded.due_at, attempts = 0`,
    values: [viewer.tenantId, id, at],
  })
}

async function drop({ db, viewer }: WriteContext, id: string): Promise<void> {
  await db.rows({
    text: 'DELETE FROM social_delivery WHERE tenant_id = $1 AND post_id = $2',
    values: [viewer.tenantId, id],
  })
}

import { may } from '../../../access/decide.ts'
import type { Viewer } from '../../../context.ts'
import { UserErrors } from '../../../errors.ts'
import { NO_ID, uuidOf } from '../../../read/values.ts'
import type { Reader } from '../../../tenancy/tenancy.ts'
import { enqueueJob } from '../../platform/job.ts'
import type { Written } from '../../records.ts'
import type { WriteContext } from '../../write.ts'
import { type Preview, previewOf } from './preview.ts'
import { denied, disabled, noPool, seatsIn } from './seat.ts'
import { reclaimOf } from './verdict.ts'

/** The pool that a viewer rules, or may set up. @throws UserErrors: NOT_FOUND, POOL_ACCESS_DENIED, POOL_DISABLED. */
async function requireRuled(db: Reader, viewer: Viewer, id: string, field: string[]): Promise<void> {
  const seat = (await seatsIn({ db, viewer } as Pick<WriteContext, 'viewer'> & { db: Reader }, [id])).get(id)
  if (!seat) throw new UserErrors([noPool(field)])
  if (seat.role !== 'ADMIN' && !may(viewer, 'update', 'Pool')) throw new UserErrors([denied(field, 'ADMIN')])
  if (!seat.enabled) throw new UserErrors([disabled(field)])
}

/**
 * What a pass of a pool, or of one of its rules whether active or not, would do now.
 *
 * @throws UserErrors: NOT_FOUND, POOL_ACCESS_DENIED, POOL_DISABLED.
 */
export async function poolPreview(
  db: Reader,
  viewer: Viewer,
  { poolId, ruleId = null }: { poolId: string; ruleId?: string | null },
  now = new Date(),
): Promise<Preview> {
  const id = uuidOf('Pool', poolId) ?? NO_ID
  await requireRuled(db, viewer, id, ['poolId'])
  const rule = ruleId === null ? null : (uuidOf('PoolReclaimRule', ruleId) ?? NO_ID)
  const reclaim = await reclaimOf(db, viewer.tenantId, id, rule)
  if (!reclaim) throw new UserErrors([noPool(['poolId'])])
  if (rule && reclaim.rules.length === 0)
    throw new UserErrors([{ code: 'NOT_FOUND', message: 'The pool has no such PoolReclaimRule.', field: ['ruleId'] }])
  return previewOf(db, viewer.tenantId, reclaim, { at: now, timezone: viewer.timezone })
}

/**
 * Starts a pass of a pool's rules in the background; with `dryRun` it only says what one would do. One pass at a time: a second one is the one under way.
 *
 * @throws UserErrors: NOT_FOUND, POOL_ACCESS_DENIED, POOL_DISABLED.
 */
export async function runReclaim(
  { db, viewer }: WriteContext,
  { poolId, dryRun }: { poolId: string; dryRun: boolean },
): Promise<{ written: Written; preview: Preview | null }> {
  if (dryRun) return { written: { id: null, errors: [] }, preview: await poolPreview(db, viewer, { poolId }) }
  const id = uuidOf('Pool', poolId) ?? NO_ID
  await requireRuled(db, viewer, id, ['poolId'])
  const [pool] = await db.rows<{ name: string }>({
    text: 'SELECT name FROM pool WHERE tenant_id = $1 AND id = $2',
    values: [viewer.tenantId, id],
  })
  const job = await enqueueJob(db, viewer.tenantId, {
    kind: 'POOL_RECLAIM',
    subject: pool?.name ?? null,
    input: { poolId: id, daily: false },
    key: `pool ${id} reclaim`,
  })
  return { written: { id: job.id, errors: [] }, preview: null }
}

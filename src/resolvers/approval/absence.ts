import { differs } from '../checks.ts'
import { enqueueJob } from '../platform/job.ts'
import { after, type Change, type WriteContext } from '../write.ts'

/** The kind of job that gives what waits for a user to who decides in their place. */
export const REPLACE = 'APPROVAL_REPLACE'

const ABSENCE = ['status', 'outOfOfficeFrom', 'outOfOfficeTo', 'delegateId']

/**
 * After users are written: what waits for one who leaves, is suspended, or goes out of office with a delegate, is given to others, at once or when that begins. Nothing happens
 * here for writes of other fields.
 */
export async function replaceAbsent(changes: Change[], context: WriteContext): Promise<void> {
  const gone: string[] = []
  for (const change of changes) {
    if (!change.before || !ABSENCE.some((name) => differs('User', change, name))) continue
    const away = after(change, 'delegateId') ? (after(change, 'outOfOfficeFrom') as string | null) : null
    const active = after(change, 'status') === 'ACTIVE'
    if (!active || (away && Date.parse(away) <= Date.now())) gone.push(change.id)
    else if (away) await order(context, change.id, new Date(away))
  }
  await replaceGone(context, gone)
}

/** Has what waits for users (uuids) who are not there any more given to others. */
export async function replaceGone(context: WriteContext, userIds: string[]): Promise<void> {
  if (userIds.length === 0) return
  const rows = await context.db.rows<{ id: string }>({
    text: `SELECT DISTINCT approver_id AS id FROM approval_task WHERE tenant_id = $1 AND approver_id = ANY ($2::uuid[]) AND status IN ('PENDING', 'WAITING')`,
    values: [context.viewer.tenantId, userIds],
  })
  for (const { id } of rows) await order(context, id, new Date())
}

async function order({ db, viewer }: WriteContext, userId: string, runAt: Date): Promise<void> {
  const key = `approval ${userId} ${runAt.toISOString()}`
  await enqueueJob(db, viewer.tenantId, { kind: REPLACE, key, input: { userId }, runAt })
}

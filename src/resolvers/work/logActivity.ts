import { recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { idOf } from '../../read/values.ts'
import { validationError } from '../normalise.ts'
import { createRecords, type Written } from '../records.ts'
import type { Input, WriteContext } from '../write.ts'

/** What is written down, as clients write it. */
export interface ActivityLog {
  input: Input
  recordIds: readonly string[]
  followUpTask?: { title: string; dueAt: string; assigneeId?: string | null } | null
}

const RECORDS_MAX = 20
/** Records that know when something last happened with them, and when it is to happen next. */
const TOUCHED: Readonly<Record<string, boolean>> = { Account: true, Contact: false, Lead: true, Opportunity: true }

/**
 * Writes an activity with its links, and the task that follows from it, by the standard verbs: all or nothing. What it is about knows of it then.
 *
 * Errors: those of the standard verbs; VALIDATION_FAILED for no or more than twenty records.
 *
 * @throws FORBIDDEN.
 */
export async function logActivity(
  context: WriteContext,
  { input, recordIds, followUpTask }: ActivityLog,
): Promise<Written> {
  if (recordIds.length === 0 || recordIds.length > RECORDS_MAX)
    return {
      id: null,
      errors: [validationError(['recordIds'], 'items', `must have 1 to ${RECORDS_MAX} members`)],
    }
  const now = new Date().toISOString()
  const done = { status: 'DONE', ...(input.status && input.status !== 'DONE' ? {} : { startAt: now }), ...given(input) }
  const [activity] = (await createRecords(context, recordType('Activity'), [done])) as [Written]
  if (!activity.id) return activity
  const errors = await link(
    context,
    'ActivityLink',
    'activityId',
    idOf('Activity', activity.id),
    recordIds,
    activity.id,
  )
  if (errors.length > 0) return { id: null, errors }
  if (followUpTask) {
    const [task] = (await createRecords(context, recordType('Task'), [given({ ...followUpTask })], {
      pathOf: () => ['followUpTask'],
    })) as [Written]
    if (!task.id) return task
    const wrong = await link(context, 'TaskLink', 'taskId', idOf('Task', task.id), recordIds, task.id)
    if (wrong.length > 0) return { id: null, errors: wrong }
  }
  await touch(context, activity.id)
  return activity
}

/** What is not left out. */
const given = (input: Input): Input =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))

async function link(
  context: WriteContext,
  type: string,
  field: string,
  id: string,
  recordIds: readonly string[],
  uuid: string,
): Promise<Written['errors']> {
  const written = await createRecords(
    context,
    recordType(type),
    recordIds.map((recordId) => ({ [field]: id, recordId })),
    { pathOf: (index) => ['recordIds', String(index)], trusted: new Set([uuid]) },
  )
  return written.flatMap(({ errors }) =>
    errors.map((error) => ({ ...error, field: error.field?.filter((part) => part !== 'recordId') ?? null })),
  )
}

/** Notes on what a done activity (uuid) is about when it was, never earlier than what stands there, and when the next is to be. In the order of the ids, as all writers do. */
async function touch({ db, viewer }: WriteContext, id: string): Promise<void> {
  for (const [name, planned] of Object.entries(TOUCHED)) {
    const table = ident(recordType(name).table)
    await db.rows({
      text: `WITH done AS (SELECT coalesce(a.start_at, now()) AS at, a.next_follow_up_at AS next FROM activity a WHERE a.tenant_id = $1 AND a.id = $2 AND a.status = 'DONE'),
 mine AS MATERIALIZED (SELECT t.id FROM ${table} t WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND t.id IN (
  SELECT l.record_id FROM activity_link l WHERE l.tenant_id = $1 AND l.activity_id = $2 AND l.object_type = $3 AND l.deleted_at IS NULL) ORDER BY t.id FOR NO KEY UPDATE)
 UPDATE ${table} t SET last_activity_at = greatest(t.last_activity_at, done.at)${planned ? ', next_follow_up_at = coalesce(done.next, t.next_follow_up_at)' : ''}
 FROM mine, done WHERE t.tenant_id = $1 AND t.id = mine.id`,
      values: [viewer.tenantId, id, name],
    })
  }
}

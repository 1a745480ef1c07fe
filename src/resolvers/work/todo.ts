import type { UserErrorInfo } from '../../errors.ts'
import { fieldOf, recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { normalise, validationError } from '../normalise.ts'
import type { Written } from '../records.ts'
import { sqlFor, type WriteContext } from '../write.ts'

/** Kinds that end with a business verb of their record, and not because somebody says so, each with that verb. */
const BY_VERB: Readonly<Record<string, string>> = {
  CONTRACT_APPROVAL: 'approve',
  RECEIPT_APPROVAL: 'approve',
  INVOICE_APPROVAL: 'approve',
  APPROVAL: 'approve',
  TASK_DUE: 'completeTask',
  CASE_SLA: 'resolveCase',
  PERMISSION_REQUEST: 'decidePermissionRequest',
  REGISTRATION_APPROVAL: 'approveRegistration',
}

/** How long something may be put off, days. */
const SNOOZE_MAX = 365

interface Open {
  id: string
  kind: string
  doneAt: string | null
}

/** Locks a to-do of the caller's that they see. */
async function locked({ db, viewer }: WriteContext, given: string): Promise<Open | UserErrorInfo> {
  const sql = sqlFor(viewer.tenantId)
  const id = sql.params.add(uuidOf('TodoItem', given) ?? NO_ID, 'uuid')
  const scope = viewer.access.predicate(recordType('TodoItem'), 't', sql)
  const [row] = await db.rows<Open>({
    text: `SELECT t.id, t.kind, t.done_at AS "doneAt" FROM todo_item t WHERE t.tenant_id = $1 AND t.id = ${id} AND t.deleted_at IS NULL${scope ? ` AND ${scope}` : ''} FOR NO KEY UPDATE OF t`,
    values: sql.params.values,
  })
  return row ?? { code: 'NOT_FOUND', message: 'There is no such TodoItem.', field: ['id'] }
}

const refused = (error: UserErrorInfo): Written => ({ id: null, errors: [error] })

/**
 * Takes a to-do of the caller's off their list, where no verb of its record does. It comes back when something new causes it: another day, another assignment. Done
 * again it stays as it is.
 *
 * Errors: NOT_FOUND, also for others’; INVALID_STATE for one that ends with a verb of its record.
 */
export async function completeTodo(context: WriteContext, given: string): Promise<Written> {
  const todo = await locked(context, given)
  if ('code' in todo) return refused(todo)
  const verb = BY_VERB[todo.kind]
  if (todo.doneAt) return { id: todo.id, errors: [], changed: false }
  if (verb)
    return refused({
      code: 'INVALID_STATE',
      message: `It is done by ${verb}.`,
      field: ['id'],
      details: { from: 'OPEN', to: 'DONE', allowed: [], verb },
    })
  await context.db.rows({
    text: 'UPDATE todo_item SET done_at = now(), dismissed = true WHERE tenant_id = $1 AND id = $2',
    values: [context.viewer.tenantId, todo.id],
  })
  return { id: todo.id, errors: [], changed: true }
}

/**
 * Puts a to-do of the caller's off: it is not there until then. Another day of the same brings it back earlier.
 *
 * Errors: NOT_FOUND, also for others’; INVALID_STATE for a done one; VALIDATION_FAILED for a moment that is over or more than a year away.
 */
export async function snoozeTodo(
  context: WriteContext,
  given: string,
  untilGiven: unknown,
  now = new Date(),
): Promise<Written> {
  const type = recordType('TodoItem')
  const read = normalise(fieldOf(type, 'snoozedUntil'), untilGiven, context.viewer)
  if ('rule' in read) return refused(validationError(['until'], read.rule, read.message))
  const until = new Date(read.ok as string)
  const todo = await locked(context, given)
  if ('code' in todo) return refused(todo)
  if (todo.doneAt)
    return refused({
      code: 'INVALID_STATE',
      message: 'It is done.',
      field: ['id'],
      details: { from: 'DONE', to: 'SNOOZED', allowed: [] },
    })
  if (until <= now) return refused(validationError(['until'], 'min', 'must be in the future'))
  if (until.getTime() > now.getTime() + SNOOZE_MAX * 86_400_000)
    return refused(validationError(['until'], 'max', `must be at most ${SNOOZE_MAX} days away`))
  await context.db.rows({
    text: 'UPDATE todo_item SET snoozed_until = $3 WHERE tenant_id = $1 AND id = $2',
    values: [context.viewer.tenantId, todo.id, until],
  })
  return { id: todo.id, errors: [], changed: true }
}

import { DateTime } from 'luxon'
import type { Viewer } from '../../context.ts'
import { recordType } from '../../read/recordType.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { sqlFor } from '../write.ts'

/** How many to-dos of a kind are open. */
export interface TodoCount {
  kind: string
  open: number
  overdue: number
  today: number
}

/** What a user has to do, in numbers. */
export interface TodoSummary {
  open: number
  overdue: number
  /** Due before the end of the user's day, and not overdue. */
  today: number
  byKind: TodoCount[]
}

/** Counts the open to-dos of the viewer, as todos shows them; days are the user's own. Two statements. */
export async function todoSummary(db: Reader, viewer: Viewer, now = new Date()): Promise<TodoSummary> {
  const [zone] = await db.rows<{ timezone: string | null }>({
    text: 'SELECT timezone FROM app_user WHERE tenant_id = $1 AND id = $2',
    values: [viewer.tenantId, viewer.userId],
  })
  const tomorrow = DateTime.fromJSDate(now, { zone: zone?.timezone ?? viewer.timezone })
    .startOf('day')
    .plus({ days: 1 })
    .toJSDate()
  const sql = sqlFor(viewer.tenantId)
  const [at, end] = [sql.params.add(now, 'timestamptz'), sql.params.add(tomorrow, 'timestamptz')]
  const scope = viewer.access.predicate(recordType('TodoItem'), 't', sql)
  const byKind = await db.rows<TodoCount>({
    text: `SELECT t.kind, count(*)::integer AS open, count(*) FILTER (WHERE t.due_at < ${at})::integer AS overdue,
 count(*) FILTER (WHERE t.due_at >= ${at} AND t.due_at < ${end})::integer AS today
 FROM todo_item t WHERE t.tenant_id = $1 AND t.done_at IS NULL AND t.deleted_at IS NULL${scope ? ` AND ${scope}` : ''} GROUP BY t.kind ORDER BY t.kind`,
    values: sql.params.values,
  })
  const sum = (name: 'open' | 'overdue' | 'today') => byKind.reduce((total, one) => total + one[name], 0)
  return { open: sum('open'), overdue: sum('overdue'), today: sum('today'), byKind }
}

import { newId } from '../../ids.ts'
import { copiedCustom } from '../customFields.ts'
import type { WriteContext } from '../write.ts'
import { nextOccurrence } from './recurrence.ts'

interface Repeating {
  id: string
  recurrence: string
  start: Date
  due: Date
  timezone: string
}

/**
 * Makes the next tasks of series whose tasks (uuids) are done: as they were, on the day that comes next in the assignee's time zone, with their links, the users they are
 * shared with and their reminders. A task is followed by one, whoever completes it how often. Written past the caller's own rights, as the series was allowed.
 */
export async function repeatTasks({ db, viewer }: WriteContext, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  const rows = await db.rows<Repeating>({
    text: `SELECT k.id, k.recurrence, coalesce(k.recurrence_start, k.due_at) AS start, k.due_at AS due, coalesce(u.timezone, $3) AS timezone
 FROM task k LEFT JOIN app_user u ON u.tenant_id = $1 AND u.id = k.assignee_id
 WHERE k.tenant_id = $1 AND k.id = ANY ($2::uuid[]) AND k.recurrence IS NOT NULL AND k.due_at IS NOT NULL`,
    values: [viewer.tenantId, ids, viewer.timezone],
  })
  const next = rows.flatMap(({ id, recurrence, start, due, timezone }) => {
    const at = nextOccurrence(recurrence, start, due, timezone)
    return at ? [{ of: id, id: newId(), due: at.toISOString() }] : []
  })
  if (next.length === 0) return
  const made = await db.rows<{ id: string }>({
    text: `INSERT INTO task (tenant_id, id, title, description, due_at, start_at, priority, assignee_id, parent_task_id, checklist, recurrence, recurrence_start, recurrence_of_id, custom_fields)
 SELECT $1::uuid, x.id, k.title, k.description, x.due, k.start_at + (x.due - k.due_at), k.priority, k.assignee_id, k.parent_task_id,
 (SELECT coalesce(jsonb_agg(c || '{"done": false}' ORDER BY n), '[]') FROM jsonb_array_elements(k.checklist) WITH ORDINALITY AS e(c, n)),
 k.recurrence, coalesce(k.recurrence_start, k.due_at), k.id, ${copiedCustom('Task', 'Task', 'k')}
 FROM json_to_recordset($2::json) AS x(id uuid, "of" uuid, due timestamptz) JOIN task k ON k.tenant_id = $1 AND k.id = x."of"
 ON CONFLICT (tenant_id, recurrence_of_id) WHERE deleted_at IS NULL DO NOTHING RETURNING id`,
    values: [viewer.tenantId, JSON.stringify(next)],
  })
  const fresh = new Set(made.map(({ id }) => id))
  const pairs = JSON.stringify(next.filter(({ id }) => fresh.has(id)))
  for (const text of [
    `INSERT INTO task_link (tenant_id, task_id, object_type, record_id) SELECT $1::uuid, x.id, l.object_type, l.record_id
 FROM json_to_recordset($2::json) AS x(id uuid, "of" uuid) JOIN task_link l ON l.tenant_id = $1 AND l.task_id = x."of" AND l.deleted_at IS NULL`,
    `INSERT INTO record_share (tenant_id, object_type, record_id, user_id, team_id, department_id, role_id, access, expires_at, reason, team_role)
 SELECT $1::uuid, 'Task', x.id, s.user_id, s.team_id, s.department_id, s.role_id, s.access, s.expires_at, s.reason, s.team_role
 FROM json_to_recordset($2::json) AS x(id uuid, "of" uuid) JOIN record_share s ON s.tenant_id = $1 AND s.object_type = 'Task' AND s.record_id = x."of" AND s.deleted_at IS NULL`,
    `INSERT INTO reminder (tenant_id, user_id, task_id, offset_minutes, channel) SELECT $1::uuid, r.user_id, x.id, r.offset_minutes, r.channel
 FROM json_to_recordset($2::json) AS x(id uuid, "of" uuid) JOIN reminder r ON r.tenant_id = $1 AND r.task_id = x."of" AND r.offset_minutes IS NOT NULL AND r.deleted_at IS NULL`,
  ])
    await db.rows({ text, values: [viewer.tenantId, pairs] })
}

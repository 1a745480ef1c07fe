import { oneLine } from '../../events/mail.ts'
import { lockTenant, refuseAs } from '../checks.ts'
import type { Change, WriteContext } from '../write.ts'
import { notify } from './notify.ts'

/**
 * Rule of dependencies: no task waits for itself over others (DEPENDENCY_CYCLE). Looked at under a lock of the company's dependencies, because two that are harmless alone
 * can close a ring together.
 */
export async function writeDependency(changes: Change[], context: WriteContext): Promise<void> {
  const { db, viewer } = context
  const edges = changes.flatMap(({ id, before, values }) =>
    before || !values.taskId || !values.dependsOnId
      ? []
      : [{ id, task: values.taskId as string, on: values.dependsOnId as string }],
  )
  if (edges.length === 0) return
  await lockTenant(context, 'task_dependency')
  const rings = await db.rows<{ id: string }>({
    text: `WITH RECURSIVE fresh AS (SELECT x.id, x.task, x."on" FROM json_to_recordset($2::json) AS x(id uuid, task uuid, "on" uuid)),
 edge AS (SELECT task_id AS task, depends_on_id AS "on" FROM task_dependency WHERE tenant_id = $1 AND deleted_at IS NULL UNION SELECT task, "on" FROM fresh),
 way AS (SELECT f.id, f.task AS start, f."on" AS at FROM fresh f UNION SELECT w.id, w.start, e."on" FROM way w JOIN edge e ON e.task = w.at)
 SELECT DISTINCT id FROM way WHERE start = at`,
    values: [viewer.tenantId, JSON.stringify(edges)],
  })
  const ids = new Set(rings.map(({ id }) => id))
  for (const change of changes)
    if (ids.has(change.id))
      refuseAs(change, 'DEPENDENCY_CYCLE', 'dependsOnId', 'The task would wait for itself, over others or at once.')
}

/** Tells the assignees of open tasks that what they waited for (uuids) is done: TASK_UNBLOCKED, with how many they still wait for. */
export async function tellDependents({ db, viewer }: WriteContext, done: readonly string[]): Promise<void> {
  if (done.length === 0) return
  const rows = await db.rows<{ id: string; userId: string; title: string; left: number }>({
    text: `SELECT k.id, k.assignee_id AS "userId", k.title, (SELECT count(*)::integer FROM task_dependency r JOIN task o ON o.tenant_id = $1 AND o.id = r.depends_on_id
  WHERE r.tenant_id = $1 AND r.task_id = k.id AND r.deleted_at IS NULL AND o.deleted_at IS NULL AND o.status NOT IN ('DONE', 'CANCELLED')) AS left
 FROM task k WHERE k.tenant_id = $1 AND k.deleted_at IS NULL AND k.status NOT IN ('DONE', 'CANCELLED') AND k.assignee_id IS NOT NULL
 AND k.id IN (SELECT d.task_id FROM task_dependency d WHERE d.tenant_id = $1 AND d.depends_on_id = ANY ($2::uuid[]) AND d.deleted_at IS NULL) ORDER BY k.id`,
    values: [viewer.tenantId, done],
  })
  await notify(
    db,
    viewer.tenantId,
    rows.map(({ id, userId, title, left }) => ({
      userId,
      type: 'TASK_UNBLOCKED',
      title: {
        en: left > 0 ? `One of the tasks before is done: ${oneLine(title)}` : `You can begin: ${oneLine(title)}`,
        zhCN: left > 0 ? `一项前置任务已完成：${oneLine(title)}` : `前置任务均已完成，可以开始：${oneLine(title)}`,
      },
      record: { type: 'Task', uuid: id },
      groupKey: `task ${id} unblocked`,
      payload: { left },
    })),
  )
}

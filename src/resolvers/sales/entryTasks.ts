import { newId } from '../../ids.ts'
import { uuidOf } from '../../read/values.ts'
import { refuse } from '../checks.ts'
import type { Change, WriteContext } from '../write.ts'

/** A task that a stage gives to a deal that enters it, as it stands in stage.entry_tasks. */
export interface EntryTask {
  subject: string
  description?: string
  /** Days from the entry; due the same moment if left out. */
  dueInDays?: number
  assignee: 'OWNER' | 'USER'
  /** Id as clients write it. */
  userId?: string
}

/** A deal that has entered a stage with tasks. */
export interface Entered {
  id: string
  ownerId: string | null
  tasks: EntryTask[]
}

const DAY = 86_400_000
const DAYS_MAX = 3650

/** Live users in work among these, by uuid. One statement; none without ids. */
async function activeUsers({ db, viewer }: WriteContext, ids: (string | null)[]): Promise<Set<string>> {
  const wanted = [...new Set(ids.filter((id) => id !== null))]
  if (wanted.length === 0) return new Set()
  const rows = await db.rows<{ id: string }>({
    text: `SELECT id FROM app_user WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND status = 'ACTIVE' AND contact_id IS NULL AND deleted_at IS NULL`,
    values: [viewer.tenantId, wanted],
  })
  return new Set(rows.map(({ id }) => id))
}

/** Refuses tasks of stages that are for a user whom they do not name, or who does not work here (NOT_FOUND). */
export async function checkEntryTasks(changes: Change[], context: WriteContext): Promise<void> {
  const tasks = changes.flatMap((change) =>
    ((change.values.entryTasks ?? []) as EntryTask[]).map((task, index) => ({
      change,
      task,
      path: ['entryTasks', String(index)],
      userId: task.userId === undefined ? null : (uuidOf('User', task.userId) ?? null),
    })),
  )
  const users = context.viewer.access.may('read', 'User')
    ? await activeUsers(
        context,
        tasks.map(({ userId }) => userId),
      )
    : new Set<string>()
  for (const { change, task, path, userId } of tasks) {
    if (task.dueInDays !== undefined && (task.dueInDays < 0 || task.dueInDays > DAYS_MAX))
      refuse(change, [...path, 'dueInDays'], 'range', `must be from 0 to ${DAYS_MAX}`)
    if (task.assignee === 'OWNER' && task.userId !== undefined)
      refuse(change, [...path, 'userId'], 'assignee', 'belongs to tasks for a user')
    if (task.assignee !== 'USER') continue
    if (task.userId === undefined) refuse(change, [...path, 'userId'], 'required', 'is required')
    else if (!userId || !users.has(userId))
      change.errors.push({
        code: 'NOT_FOUND',
        message: 'userId names no active user.',
        field: [...change.path, ...path, 'userId'],
      })
  }
}

/**
 * Gives deals the tasks of the stages that they have entered. Written past the caller’s own rights on tasks: the company gives them, not the mover. One for
 * a user who has left goes to the deal’s owner, and of a deal of nobody to the mover.
 */
export async function giveEntryTasks(context: WriteContext, entered: Entered[]): Promise<void> {
  if (entered.length === 0) return
  const { db, viewer } = context
  const given = entered.flatMap(({ id, ownerId, tasks }) =>
    tasks.map((task) => ({ deal: id, ownerId, task, userId: uuidOf('User', task.userId ?? '') ?? null })),
  )
  const users = await activeUsers(
    context,
    given.map(({ userId }) => userId),
  )
  const now = Date.now()
  const rows = given.map(({ deal, ownerId, task, userId }) => ({
    id: newId(),
    deal,
    title: task.subject,
    description: task.description ?? null,
    due: new Date(now + (task.dueInDays ?? 0) * DAY).toISOString(),
    assignee: (userId && users.has(userId) ? userId : null) ?? ownerId ?? viewer.userId,
  }))
  await db.rows({
    text: `INSERT INTO task (tenant_id, id, title, description, due_at, assignee_id)
 SELECT $1, x.id, x.title, x.description, x.due, x.assignee FROM json_to_recordset($2::json) AS x(id uuid, title text, description text, due timestamptz, assignee uuid)`,
    values: [viewer.tenantId, JSON.stringify(rows)],
  })
  await db.rows({
    text: `INSERT INTO task_link (tenant_id, task_id, object_type, record_id)
 SELECT $1, x.id, 'Opportunity', x.deal FROM json_to_recordset($2::json) AS x(id uuid, deal uuid)`,
    values: [viewer.tenantId, JSON.stringify(rows)],
  })
}

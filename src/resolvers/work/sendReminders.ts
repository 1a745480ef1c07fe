import { DateTime } from 'luxon'
import { viewerOfUser } from '../../access/viewer.ts'
import { oneLine } from '../../events/mail.ts'
import { recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { sqlFor, type WriteContext } from '../write.ts'
import type { Channels } from './channels.ts'
import { type Note, notify } from './notify.ts'

/** The kind of the job that sends reminders; the database orders one with each reminder (migration 0037). */
export const REMINDERS = 'REMINDERS'
/** Reminders of one step. */
const BATCH = 200
const WAY: Record<string, keyof Channels> = { IN_APP: 'inApp', EMAIL: 'email', WEBHOOK: 'webhook' }
/** What a record is called, and when it is. */
const TOLD = { Task: ['title', 'due_at'], Activity: ['subject', 'start_at'] } as const

interface Due {
  id: string
  userId: string
  type: keyof typeof TOLD
  recordId: string
  channel: string
}

/**
 * Sends some of the reminders whose moment has come. They are noted as sent in the transaction that tells: a process that dies leaves them as they were, and of two
 * processes one has each. Of a record that its user may not see any more nothing is told.
 */
export async function sendReminders(context: WriteContext, now: Date): Promise<{ looked: number; sent: number }> {
  const { db, viewer } = context
  const due = await db.rows<Due>({
    text: `WITH due AS MATERIALIZED (
 SELECT id FROM reminder WHERE tenant_id = $1 AND sent_at IS NULL AND fires_at <= $2 AND deleted_at IS NULL ORDER BY fires_at, id LIMIT ${BATCH} FOR NO KEY UPDATE SKIP LOCKED
) UPDATE reminder r SET sent_at = $2 FROM due WHERE r.tenant_id = $1 AND r.id = due.id
 RETURNING r.id, r.user_id AS "userId", CASE WHEN r.task_id IS NULL THEN 'Activity' ELSE 'Task' END AS type, coalesce(r.task_id, r.activity_id) AS "recordId", r.channel`,
    values: [viewer.tenantId, now],
  })
  const notes: Note[] = []
  for (const [userId, some] of Map.groupBy(due, (one) => one.userId))
    notes.push(...(await notesFor(context, userId, some)))
  await notify(db, viewer.tenantId, notes)
  return { looked: due.length, sent: notes.length }
}

async function notesFor({ db, viewer }: WriteContext, userId: string, due: Due[]): Promise<Note[]> {
  const user = await viewerOfUser(db, viewer.tenantId, userId)
  if (!user) return []
  const [zone] = await db.rows<{ timezone: string | null }>({
    text: 'SELECT timezone FROM app_user WHERE tenant_id = $1 AND id = $2',
    values: [viewer.tenantId, userId],
  })
  const notes: Note[] = []
  for (const [name, some] of Map.groupBy(due, ({ type }) => type)) {
    if (!user.access.may('read', name)) continue
    const type = recordType(name)
    const [title, moment] = TOLD[name]
    const sql = sqlFor(viewer.tenantId)
    const ids = sql.params.add(
      some.map(({ recordId }) => recordId),
      'uuid[]',
    )
    const scope = user.access.predicate(type, 't', sql)
    const rows = await db.rows<{ id: string; title: string | null; at: Date | null }>({
      text: `SELECT t.id, t.${ident(title)} AS title, t.${ident(moment)} AS at FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.id = ANY (${ids}) AND t.deleted_at IS NULL${scope ? ` AND ${scope}` : ''}`,
      values: sql.params.values,
    })
    const found = new Map(rows.map((row) => [row.id, row]))
    for (const { id, recordId, channel } of some) {
      const record = found.get(recordId)
      if (!record) continue
      const at =
        record.at &&
        DateTime.fromJSDate(record.at, { zone: zone?.timezone ?? viewer.timezone }).toFormat('yyyy-MM-dd HH:mm')
      const words = [oneLine(record.title ?? ''), at].filter(Boolean).join(', ')
      notes.push({
        userId,
        type: 'REMINDER',
        title: { en: `Reminder: ${words}`, zhCN: `提醒：${words}` },
        record: { type: name, uuid: recordId },
        groupKey: `reminder ${id}`,
        only: WAY[channel] as keyof Channels,
      })
    }
  }
  return notes
}

import type { Localized } from '../../errors.ts'
import { inLanguage, mailLink, oneLine } from '../../events/mail.ts'
import { newId } from '../../ids.ts'
import { idOf } from '../../read/values.ts'
import type { Writer } from '../../tenancy/tenancy.ts'
import { type Channels, channelsFor, quietUntil, type Settings } from './channels.ts'

/** Something to tell a user. */
export interface Note {
  /** uuid. */
  userId: string
  /** TASK_ASSIGNED: capitals, digits and underscores. */
  type: string
  /** A sentence, or one for each language; users get theirs. */
  title: string | Localized
  body?: string
  /** The record that it is about, by its uuid. */
  record?: { type: string; uuid: string }
  /** What is told under one key is one notification until it is read. */
  groupKey?: string
  payload?: object
  /** The caller sends a mail of its own. */
  mailed?: true
  /** The one way to tell it, whatever the settings say. */
  only?: keyof Channels
}

interface Recipient extends Settings {
  id: string
  email: string | null
  name: string
  locale: string | null
  slug: string
  timezone: string
  webhookUrl: string | null
}

/** A note with who gets it and how often it stands in the call. */
interface Told {
  id: string
  note: Note
  title: string
  to: Recipient
  channels: Channels
  count: number
}

const NO_CHANNEL: Channels = { inApp: false, email: false, webhook: false }
const TITLE_MAX = 500
const BODY_MAX = 20_000
/** How long a mail of a notification is worth sending, hours. */
const HOURS = 7 * 24

const RECIPIENTS = `SELECT u.id, u.email, u.name, coalesce(u.locale, t.locale) AS locale, t.slug, coalesce(u.timezone, t.timezone) AS timezone,
 coalesce(s.in_app, true) AS "inApp", coalesce(s.email, false) AS "byEmail", coalesce(s.webhook, false) AS webhook, coalesce(s.types, '{}') AS types,
 s.quiet_from AS "quietFrom", s.quiet_to AS "quietTo", s.webhook_url AS "webhookUrl"
 FROM app_user u JOIN tenant t ON t.id = u.tenant_id LEFT JOIN notification_setting s ON s.tenant_id = $1 AND s.user_id = u.id
 WHERE u.tenant_id = $1 AND u.id = ANY ($2::uuid[]) AND u.status = 'ACTIVE' AND u.contact_id IS NULL AND u.deleted_at IS NULL ORDER BY u.id`

/**
 * Tells users of the company something, each as their settings say: in the application, by mail, by webhook. All of it are rows in the caller's transaction;
 * mails and webhooks go out after it, and wait while it is quiet. Of a group (groupKey) an unread notification is counted up, and no second mail goes out. Users who do
 * not work here, customers' among them, hear nothing. At most four statements, however many notes.
 */
export async function notify(db: Writer, tenantId: string, notes: readonly Note[]): Promise<void> {
  if (notes.length === 0) return
  const recipients = new Map(
    (
      await db.rows<Recipient>({
        text: RECIPIENTS,
        values: [tenantId, [...new Set(notes.map(({ userId }) => userId))]],
      })
    ).map((one) => [one.id, one]),
  )
  const told = together(notes).flatMap(({ note, count }): Told[] => {
    const to = recipients.get(note.userId)
    if (!to) return []
    const title = typeof note.title === 'string' ? note.title : inLanguage(note.title, to.locale)
    return [
      {
        id: newId(),
        note,
        title: oneLine(title, TITLE_MAX),
        to,
        channels: note.only ? { ...NO_CHANNEL, [note.only]: true } : channelsFor(to, note.type),
        count,
      },
    ]
  })
  const inApp = told.filter(({ channels }) => channels.inApp)
  const again = await insert(db, tenantId, inApp)
  const fresh = told.filter(({ id }) => !again.has(id))
  await mail(
    db,
    tenantId,
    fresh.filter(({ channels, note, to }) => channels.email && to.email && !note.mailed),
  )
  await post(
    db,
    tenantId,
    fresh.filter(({ channels, to }) => channels.webhook && to.webhookUrl),
  )
}

/** Notes of one group and user as one, the last of them, in an order that all writers keep. */
function together(notes: readonly Note[]): { note: Note; count: number }[] {
  const groups = Map.groupBy(notes, (note) => `${note.userId} ${note.groupKey ?? newId()}`)
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, some]) => ({ note: some.at(-1) as Note, count: some.length }))
}

const recordId = ({ record }: Note) => (record ? idOf(record.type, record.uuid) : null)

/** @returns the ids of those that only counted an unread one up. */
async function insert(db: Writer, tenantId: string, told: Told[]): Promise<Set<string>> {
  if (told.length === 0) return new Set()
  const rows = told.map(({ id, note, title, count }) => ({
    id,
    user: note.userId,
    type: note.type,
    title,
    body: note.body?.slice(0, BODY_MAX) ?? null,
    payload: note.payload ?? null,
    object: note.record?.type ?? null,
    record: recordId(note),
    key: note.groupKey ?? null,
    count,
  }))
  const made = await db.rows<{ id: string }>({
    text: `INSERT INTO notification (tenant_id, id, user_id, type, title, body, payload, object_type, record_id, group_key, count)
 SELECT $1::uuid, x.id, x."user", x.type, x.title, x.body, x.payload, x.object, x.record, x.key, x.count
 FROM json_to_recordset($2::json) AS x(id uuid, "user" uuid, type text, title text, body text, payload jsonb, object text, record text, key text, count integer)
 ON CONFLICT (tenant_id, user_id, group_key) WHERE read_at IS NULL AND group_key IS NOT NULL AND deleted_at IS NULL
 DO UPDATE SET count = notification.count + excluded.count, type = excluded.type, title = excluded.title, body = excluded.body, payload = excluded.payload,
  object_type = excluded.object_type, record_id = excluded.record_id, told_at = now()
 RETURNING id`,
    values: [tenantId, JSON.stringify(rows)],
  })
  const fresh = new Set(made.map(({ id }) => id))
  return new Set(told.flatMap(({ id }) => (fresh.has(id) ? [] : [id])))
}

async function mail(db: Writer, tenantId: string, told: Told[]): Promise<void> {
  if (told.length === 0) return
  const now = new Date()
  const rows = told.map(({ note, title, to }) => {
    const say = (en: string, zhCN: string) => inLanguage({ en, zhCN }, to.locale)
    const name = oneLine(to.name)
    const id = recordId(note)
    const paragraphs = [
      say(`Hello ${name},`, `${name}，您好：`),
      title,
      ...(note.body ? [note.body.slice(0, BODY_MAX)] : []),
      mailLink(id ? '/record' : '/notifications', { tenant: to.slug, ...(id ? { id } : {}) }),
    ]
    return {
      kind: `NOTIFICATION_${note.type.replace(/\d/g, '')}`,
      to: to.email,
      subject: oneLine(title, 200),
      body: `${paragraphs.join('\n\n')}\n`,
      at: quietUntil(to, now).toISOString(),
    }
  })
  await db.rows({
    text: `INSERT INTO mail (tenant_id, kind, to_address, subject, body, expires_at, next_attempt_at)
 SELECT $1::uuid, x.kind, x."to", x.subject, x.body, x.at + interval '${HOURS} hours', x.at FROM json_to_recordset($2::json) AS x(kind text, "to" text, subject text, body text, at timestamptz)`,
    values: [tenantId, JSON.stringify(rows)],
  })
}

async function post(db: Writer, tenantId: string, told: Told[]): Promise<void> {
  if (told.length === 0) return
  const now = new Date()
  const rows = told.map(({ id, note, title, to }) => ({
    user: to.id,
    at: quietUntil(to, now).toISOString(),
    body: JSON.stringify({
      id: idOf('Notification', id),
      type: note.type,
      title,
      body: note.body ?? null,
      recordId: recordId(note),
      payload: note.payload ?? null,
      userId: idOf('User', to.id),
      createdAt: now.toISOString(),
    }),
  }))
  await db.rows({
    text: `INSERT INTO webhook_delivery (tenant_id, user_id, body, next_attempt_at)
 SELECT $1::uuid, x."user", x.body, x.at FROM json_to_recordset($2::json) AS x("user" uuid, body text, at timestamptz)`,
    values: [tenantId, JSON.stringify(rows)],
  })
}

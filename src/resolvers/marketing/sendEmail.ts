import { UserErrors } from '../../errors.ts'
import { isUuid, newId } from '../../ids.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import type { WriteContext } from '../write.ts'
import { type Composed, compose, type Template } from './compose.ts'
import { loadPeople, type Person, type Recipient } from './recipients.ts'

/** What is to be sent to whom. */
export interface EmailOrder {
  /** uuid, or the id that clients see. */
  templateId: string
  recipients: readonly Recipient[]
  /** What the mail is about: its fields are under the name of its type. */
  record?: { type: string; uuid: string }
  /** Of business: opting out does not stop it, an address that does not work does. */
  informational?: boolean
  /** The same key is the same order: each recipient gets one mail by it, however often it is given. */
  key?: string
}

/** A template by uuid; null when there is none. */
export async function loadTemplate({ db, viewer }: WriteContext, id: string): Promise<Template | null> {
  const [row] = await db.rows<Template>({
    text: 'SELECT id, name, subject, html, text, variables FROM email_template WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL',
    values: [viewer.tenantId, id],
  })
  return row ?? null
}

/**
 * Puts mails of a template into the queue, in the transaction that causes them; the sender (events/email.ts) sends them after the commit. Who opted out, or whose
 * address does not work, gets a message that is SUPPRESSED. What the viewer may not see is not in the mails. Statements per call, not per recipient.
 *
 * @returns how many wait to be sent by this call, and how many recipients get nothing: suppressed, or without an address.
 * @throws UserErrors NOT_FOUND for a template that is gone and for recipients that the viewer does not see; FORBIDDEN.
 */
export async function sendTemplate(
  context: WriteContext,
  { templateId, recipients, record, informational = false, key }: EmailOrder,
): Promise<{ queued: number; suppressed: number }> {
  const uuid = isUuid(templateId) ? templateId : (uuidOf('EmailTemplate', templateId) ?? NO_ID)
  const template = await loadTemplate(context, uuid)
  if (!template) throw notFound('templateId', 'There is no such EmailTemplate.')
  const people = await loadPeople(context, recipients)
  const distinct = new Set(recipients.map((one) => `${one.type} ${one.uuid}`))
  if (people.length < distinct.size) throw notFound('recipientIds', 'recipientIds names a record that there is not.')
  const senderId = context.viewer.userId
  const composed = await compose(context, template, people, { record: record ?? null, senderId })
  const written = await queueMessages(
    context,
    people.map((person, index) => ({
      person,
      composed: composed[index] as Composed,
      orderKey: key === undefined ? null : `${key}:${person.uuid}`,
    })),
    { templateId: uuid, informational },
  )
  return { queued: written.queued, suppressed: written.suppressed + people.filter(({ to }) => to === null).length }
}

const notFound = (field: string, message: string) => new UserErrors([{ code: 'NOT_FOUND', message, field: [field] }])

/** A mail to be queued. */
export interface NewEmail {
  person: Person
  composed: Composed
  orderKey: string | null
  /** Why it is not to be sent, beside what its recipient said. */
  problem?: string | null
}

/** What mails of one call have in common. */
export interface Envelope {
  templateId: string
  informational: boolean
  fromName?: string | null
  replyTo?: string | null
  /** The blast that they are of: each address gets one. */
  blastId?: string | null
  /** How many may go out per minute, behind those of the blast that wait. */
  throttle?: number | null
}

/** Why a person gets no mail, or null. */
export const blockOf = (person: Person, informational: boolean): string | null =>
  person.dead ?? (informational ? null : person.optedOut)

/** Writes messages and their words. People without an address are left out; what has the order key of a message that is there is that message. */
export async function queueMessages(
  { db, viewer }: WriteContext,
  emails: readonly NewEmail[],
  { templateId, informational, fromName = null, replyTo = null, blastId = null, throttle = null }: Envelope,
): Promise<{ queued: number; suppressed: number }> {
  const rows = emails
    .filter(({ person }) => person.to !== null)
    .map(({ person, composed, orderKey, problem: other = null }, place) => {
      const problem = blockOf(person, informational) ?? other ?? (composed ? null : 'RENDER_FAILED')
      return {
        id: newId(),
        contact: person.type === 'Contact' ? person.uuid : null,
        lead: person.type === 'Lead' ? person.uuid : null,
        user: person.type === 'User' ? person.uuid : null,
        to: person.to,
        subject: composed?.subject ?? '',
        html: problem ? null : composed?.html,
        body: problem ? null : composed?.text,
        status: problem === null ? 'QUEUED' : problem === 'RENDER_FAILED' ? 'FAILED' : 'SUPPRESSED',
        problem,
        key: orderKey,
        place,
      }
    })
  if (rows.length === 0) return { queued: 0, suppressed: 0 }
  const [counts] = await db.rows<{ queued: number; suppressed: number }>({
    text: `WITH given AS MATERIALIZED (
 SELECT * FROM json_to_recordset($2::json) AS x(id uuid, contact uuid, lead uuid, "user" uuid, "to" text, subject text, html text, body text, status text, problem text, key text, place integer)
), base AS (
 SELECT greatest(now(), max(m.next_attempt_at)) AS at FROM email_message m WHERE m.tenant_id = $1 AND m.blast_id = $7 AND m.status = 'QUEUED'
), made AS (
 INSERT INTO email_message (tenant_id, id, blast_id, next_attempt_at, template_id, contact_id, lead_id, user_id, to_address, address_hash, subject, informational, status, problem, order_key)
 SELECT $1::uuid, x.id, $7::uuid, CASE WHEN $8::integer IS NULL THEN now() ELSE base.at + make_interval(secs => (x.place + 1) * 60.0 / $8::integer) END, $3::uuid, x.contact, x.lead, x."user", x."to", atrium.address_hash(x."to"), x.subject, $4, x.status, x.problem, x.key FROM given x, base
 ON CONFLICT DO NOTHING RETURNING id, status
), words AS (
 INSERT INTO email_body (tenant_id, message_id, from_name, reply_to, html, body) SELECT $1::uuid, x.id, $5, $6, x.html, x.body FROM given x JOIN made m ON m.id = x.id WHERE m.status = 'QUEUED'
) SELECT count(*) FILTER (WHERE status = 'QUEUED')::integer AS queued, count(*) FILTER (WHERE status = 'SUPPRESSED')::integer AS suppressed FROM made`,
    values: [viewer.tenantId, JSON.stringify(rows), templateId, informational, fromName, replyTo, blastId, throttle],
  })
  return counts as NonNullable<typeof counts>
}

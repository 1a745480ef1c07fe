import type { WriteContext } from '../write.ts'
import { loadPeople, type Recipient } from './recipients.ts'
import { blockOf } from './sendEmail.ts'
import { closedMails, LIST_SUPPRESSED, suppress } from './suppression.ts'

/** A mail that this process is to send, with its words. */
export interface Claimed {
  id: string
  to: string
  subject: string
  fromName: string | null
  replyTo: string | null
  html: string
  text: string
  informational: boolean
  attempts: number
}

interface Row extends Claimed {
  contactId: string | null
  leadId: string | null
  userId: string | null
}

/** How long a claimed mail is left alone, minutes: far beyond the longest send, so that only a dead process's mail is taken by another. */
const CLAIMED = 10

/**
 * Takes a few due mails for this process, those that a dead one left among them. Who opted out since they were queued, of all mails or of the lists of theirs, gets nothing: those are SUPPRESSED now, and CANCELLED
 * those whose recipient is gone.
 */
export async function claimEmails(context: WriteContext, limit: number): Promise<Claimed[]> {
  const { db, viewer } = context
  const rows = await db.rows<Row>({
    text: `WITH due AS MATERIALIZED (
 SELECT id FROM email_message WHERE tenant_id = $1 AND status IN ('QUEUED', 'SENDING') AND next_attempt_at <= now() AND deleted_at IS NULL ORDER BY next_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED
), taken AS (
 UPDATE email_message m SET status = 'SENDING', attempts = m.attempts + 1, next_attempt_at = now() + make_interval(mins => $3) FROM due WHERE m.tenant_id = $1 AND m.id = due.id
 RETURNING m.id, m.to_address, m.subject, m.informational, m.attempts, m.contact_id, m.lead_id, m.user_id
) SELECT t.id, t.to_address AS "to", t.subject, t.informational, t.attempts, t.contact_id AS "contactId", t.lead_id AS "leadId", t.user_id AS "userId",
 b.from_name AS "fromName", b.reply_to AS "replyTo", b.html, b.body AS text FROM taken t JOIN email_body b ON b.tenant_id = $1 AND b.message_id = t.id`,
    values: [viewer.tenantId, limit, CLAIMED],
  })
  if (rows.length === 0) return []
  const people = new Map((await loadPeople(context, rows.map(recipientOf))).map((one) => [one.uuid, one]))
  const closed = await closedMails(
    context,
    rows.map(({ id }) => id),
  )
  const stopped: { id: string; problem: string | null }[] = []
  const good = rows.filter((row) => {
    const person = people.get(recipientOf(row).uuid)
    const problem = person
      ? (blockOf(person, row.informational) ?? (closed.has(row.id) ? LIST_SUPPRESSED : null))
      : null
    if (!person || problem) stopped.push({ id: row.id, problem })
    return person && !problem
  })
  if (stopped.length > 0) await stop(context, stopped)
  return good.map(({ contactId: _contact, leadId: _lead, userId: _user, ...mail }) => mail)
}

function recipientOf({ contactId, leadId, userId }: Row): Recipient {
  if (contactId) return { type: 'Contact', uuid: contactId }
  return leadId ? { type: 'Lead', uuid: leadId } : { type: 'User', uuid: userId as string }
}

async function stop({ db, viewer }: WriteContext, some: { id: string; problem: string | null }[]): Promise<void> {
  await db.rows({
    text: `WITH given AS (SELECT * FROM json_to_recordset($2::json) AS x(id uuid, problem text)
), gone AS (DELETE FROM email_body b USING given g WHERE b.tenant_id = $1 AND b.message_id = g.id
) UPDATE email_message m SET status = CASE WHEN g.problem IS NULL THEN 'CANCELLED' ELSE 'SUPPRESSED' END, problem = g.problem FROM given g WHERE m.tenant_id = $1 AND m.id = g.id`,
    values: [viewer.tenantId, JSON.stringify(some)],
  })
}

/** Gives mails back that were claimed and not tried. */
export async function releaseEmails({ db, viewer }: WriteContext, ids: string[]): Promise<void> {
  await db.rows({
    text: `UPDATE email_message SET status = 'QUEUED', attempts = attempts - 1, next_attempt_at = now() WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND status = 'SENDING'`,
    values: [viewer.tenantId, ids],
  })
}

/** Notes that the mail server took a mail. Its words go; of one of a blast an event stays. */
export async function noteSent(
  { db, viewer }: WriteContext,
  { id, providerId }: { id: string; providerId: string | null },
): Promise<void> {
  await db.rows({
    text: `WITH sent AS (
 UPDATE email_message SET status = 'SENT', sent_at = now(), provider_id = $3, problem = NULL WHERE tenant_id = $1 AND id = $2 AND status IN ('SENDING', 'QUEUED') RETURNING id, blast_id, contact_id, lead_id
), words AS (DELETE FROM email_body WHERE tenant_id = $1 AND message_id = $2)
 INSERT INTO engagement_event (tenant_id, type, message_id, blast_id, campaign_id, contact_id, lead_id)
 SELECT $1::uuid, 'SENT', s.id, s.blast_id, b.campaign_id, s.contact_id, s.lead_id FROM sent s JOIN email_blast b ON b.tenant_id = $1 AND b.id = s.blast_id`,
    values: [viewer.tenantId, id, providerId],
  })
}

/** What went wrong with a send: the server refuses the mailbox, refuses the mail, puts it off, or was not to be reached. */
export type Trouble = 'MAILBOX' | 'REFUSED' | 'LATER' | 'AWAY'

/** Seconds from a failed attempt to the next, by what went wrong. A server that is away is no fault of the mail: it is tried soon, and more often. */
const LATER = [60, 300, 1800, 7200]
const AWAY_ATTEMPTS = 20
const awaySeconds = (attempts: number) => Math.min(2 ** attempts, 900)

/** When a mail is tried again, in seconds; null: it is given up. */
export function nextTry(trouble: Trouble, attempts: number): number | null {
  if (trouble === 'LATER') return LATER[attempts - 1] ?? null
  if (trouble === 'AWAY') return attempts < AWAY_ATTEMPTS ? awaySeconds(attempts) : null
  return null
}

/** Notes a failed attempt: when to try again, or what became of the mail. A mailbox that is not there is marked, with the person whose it is. */
export async function noteTrouble(
  context: WriteContext,
  { id, attempts }: Pick<Claimed, 'id' | 'attempts'>,
  trouble: Trouble,
  problem: string,
): Promise<void> {
  const { db, viewer } = context
  const seconds = nextTry(trouble, attempts)
  if (seconds !== null) {
    await db.rows({
      text: `UPDATE email_message SET status = 'QUEUED', problem = $3, next_attempt_at = now() + make_interval(secs => $4) WHERE tenant_id = $1 AND id = $2 AND status = 'SENDING' AND attempts = $5`,
      values: [viewer.tenantId, id, problem, seconds, attempts],
    })
    return
  }
  if (trouble === 'MAILBOX') return noteBounce(context, id, 'HARD', problem)
  if (trouble === 'LATER') return noteBounce(context, id, 'SOFT', problem)
  await db.rows({
    text: `WITH words AS (DELETE FROM email_body WHERE tenant_id = $1 AND message_id = $2)
 UPDATE email_message SET status = 'FAILED', problem = $3 WHERE tenant_id = $1 AND id = $2 AND status = 'SENDING'`,
    values: [viewer.tenantId, id, problem],
  })
}

/** How a mail came back: for good, for now, or because its reader called it spam. */
export type Bounce = 'HARD' | 'SOFT' | 'COMPLAINT'

/**
 * Notes that a mail came back. For good: the address is suppressed, even for mails of business, and marked invalid where the person has it. A complaint: it is suppressed as
 * if unsubscribed. Said again it changes nothing.
 */
export async function noteBounce(context: WriteContext, id: string, bounce: Bounce, problem: string): Promise<void> {
  const { db, viewer } = context
  const { tenantId } = viewer
  const [mail] = await db.rows<{ to: string; contactId: string | null; leadId: string | null; status: string }>({
    text: `SELECT to_address AS "to", contact_id AS "contactId", lead_id AS "leadId", status FROM email_message WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE`,
    values: [tenantId, id],
  })
  if (!mail || mail.status === 'BOUNCED_HARD' || (mail.status === 'BOUNCED_SOFT' && bounce === 'SOFT')) return
  if (bounce !== 'SOFT') {
    const reason = bounce === 'HARD' ? 'BOUNCE' : 'COMPLAINT'
    const made = await suppress(db, tenantId, { address: mail.to, reason })
    if (bounce === 'COMPLAINT' && !made.created) return
  }
  if (bounce !== 'COMPLAINT')
    await db.rows({
      text: `WITH words AS (DELETE FROM email_body WHERE tenant_id = $1 AND message_id = $2) UPDATE email_message SET status = $3, problem = $4 WHERE tenant_id = $1 AND id = $2`,
      values: [tenantId, id, `BOUNCED_${bounce}`, problem],
    })
  if (bounce === 'HARD') for (const table of ['contact', 'lead'] as const) await markInvalid(context, table, mail)
  await db.rows({
    text: `INSERT INTO engagement_event (tenant_id, type, message_id, blast_id, campaign_id, contact_id, lead_id)
 SELECT $1::uuid, $3, m.id, m.blast_id, b.campaign_id, m.contact_id, m.lead_id FROM email_message m LEFT JOIN email_blast b ON b.tenant_id = $1 AND b.id = m.blast_id
 WHERE m.tenant_id = $1 AND m.id = $2 AND num_nonnulls(m.contact_id, m.lead_id) = 1`,
    values: [tenantId, id, bounce === 'COMPLAINT' ? 'OPTED_OUT' : 'BOUNCED'],
  })
}

/** Marks an address in the list of the person whom a mail was for. */
async function markInvalid(
  { db, viewer }: WriteContext,
  table: 'contact' | 'lead',
  mail: { to: string; contactId: string | null; leadId: string | null },
): Promise<void> {
  const id = table === 'contact' ? mail.contactId : mail.leadId
  if (!id) return
  await db.rows({
    text: `UPDATE ${table} t SET emails = (SELECT jsonb_agg(CASE WHEN e ->> 'address' = $3 THEN e || '{"isInvalid": true}' ELSE e END ORDER BY place) FROM jsonb_array_elements(t.emails) WITH ORDINALITY AS x(e, place))
 WHERE t.tenant_id = $1 AND t.id = $2 AND t.emails @> jsonb_build_array(jsonb_build_object('address', $3::text))`,
    values: [viewer.tenantId, id, mail.to],
  })
}

/** Ends the blasts whose mails were all written and are all done with. */
export async function completeBlasts({ db, viewer }: WriteContext): Promise<void> {
  await db.rows({
    text: `UPDATE email_blast b SET status = 'SENT', completed_at = now() WHERE b.tenant_id = $1 AND b.status = 'SENDING' AND b.expanded_at IS NOT NULL
 AND NOT EXISTS (SELECT 1 FROM email_message m WHERE m.tenant_id = $1 AND m.blast_id = b.id AND m.status IN ('QUEUED', 'SENDING') AND m.deleted_at IS NULL)`,
    values: [viewer.tenantId],
  })
}

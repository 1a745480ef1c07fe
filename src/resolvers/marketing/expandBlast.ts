import { viewerOfUser } from '../../access/viewer.ts'
import type { WriteContext } from '../write.ts'
import { compose } from './compose.ts'
import { completeBlasts } from './delivery.ts'
import { loadPeople, type Recipient } from './recipients.ts'
import { loadTemplate, queueMessages } from './sendEmail.ts'
import { closedTo, LIST_SUPPRESSED, listsOf, reachedBy } from './suppression.ts'
import { track } from './track.ts'

/** The job that writes the mails of a blast. */
export const BLAST_JOB = 'EMAIL_BLAST'
/** People of one step. */
const BATCH = 200

interface Blast {
  status: string
  templateId: string
  from: string | null
  replyTo: string | null
  includeListIds: string[]
  excludeListIds: string[]
  informational: boolean
  throttle: number | null
  cursorId: string | null
  expandedAt: string | null
  ownerId: string | null
}

interface Member {
  id: string
  type: 'Contact' | 'Lead'
  uuid: string
  /** The address wants nothing by way of this list. */
  closed: boolean
}

/**
 * Writes the mails of the next people of a blast's lists, in the name of its owner: whom they do not see gets none, and what they may not see is not in it. Each address once over all
 * lists that it wants mails of; an excluding list wins by address. What a killed step did is undone with it.
 *
 * @returns how many people it looked at, and whether there may be more.
 */
export async function expandBlast(context: WriteContext, id: string): Promise<{ people: number; more: boolean }> {
  const { db, viewer } = context
  const { tenantId } = viewer
  const [blast] = await db.rows<Blast>({
    text: `SELECT status, template_id AS "templateId", from_name AS "from", reply_to AS "replyTo", include_list_ids AS "includeListIds", exclude_list_ids AS "excludeListIds", informational, throttle,
 cursor_id AS "cursorId", expanded_at AS "expandedAt", owner_id AS "ownerId" FROM email_blast WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL FOR NO KEY UPDATE`,
    values: [tenantId, id],
  })
  if (!blast || blast.expandedAt || !['SCHEDULED', 'SENDING'].includes(blast.status)) return { people: 0, more: false }
  const owner = blast.ownerId ? await viewerOfUser(db, tenantId, blast.ownerId) : viewer
  const template = await loadTemplate(context, blast.templateId)
  if (!owner || !template) {
    await db.rows({
      text: `UPDATE email_blast SET status = 'FAILED', problem = $3, completed_at = now() WHERE tenant_id = $1 AND id = $2`,
      values: [tenantId, id, owner ? 'NOT_FOUND' : 'USER_INACTIVE'],
    })
    return { people: 0, more: false }
  }
  const members = await db.rows<Member>({
    text: `SELECT m.id, CASE WHEN m.contact_id IS NULL THEN 'Lead' ELSE 'Contact' END AS type, coalesce(m.contact_id, m.lead_id) AS uuid, NOT $4 AND ${closedTo('m', 'coalesce(c.email, l.email)')} AS closed
 FROM target_list_member m LEFT JOIN contact c ON c.tenant_id = $1 AND c.id = m.contact_id LEFT JOIN lead l ON l.tenant_id = $1 AND l.id = m.lead_id
 WHERE m.tenant_id = $1 AND m.target_list_id = ANY ($2::uuid[]) AND m.deleted_at IS NULL AND ($3::uuid IS NULL OR m.id > $3::uuid) ORDER BY m.id LIMIT ${BATCH}`,
    values: [tenantId, listsOf(blast.includeListIds), blast.cursorId, blast.informational],
  })
  await write({ db, viewer: owner }, id, blast, template, members)
  const more = members.length === BATCH
  await db.rows({
    text: `UPDATE email_blast SET status = 'SENDING', started_at = coalesce(started_at, now()), cursor_id = coalesce($3, cursor_id), expanded_at = CASE WHEN $4 THEN NULL ELSE now() END WHERE tenant_id = $1 AND id = $2`,
    values: [tenantId, id, members.at(-1)?.id ?? null, more],
  })
  if (!more) await completeBlasts(context)
  return { people: members.length, more }
}

async function write(
  context: WriteContext,
  id: string,
  blast: Blast,
  template: NonNullable<Awaited<ReturnType<typeof loadTemplate>>>,
  members: Member[],
): Promise<void> {
  if (members.length === 0) return
  const named = await loadPeople(
    context,
    members.map(({ type, uuid }): Recipient => ({ type, uuid })),
  )
  // Who is on another list too, by this or by another record with the address, gets theirs by way of that.
  const open = new Set(members.flatMap(({ closed, uuid }) => (closed ? [] : uuid)))
  const closed = new Set(named.flatMap(({ uuid, to }) => (to === null || open.has(uuid) ? [] : to)))
  const elsewhere = await reachedBy(context, listsOf(blast.includeListIds), [...closed])
  const people = named.filter(({ uuid, to }) => open.has(uuid) || to === null || !elsewhere.has(to))
  const excluded = await excludedAmong(
    context,
    blast,
    people.flatMap(({ to }) => to ?? []),
  )
  const composed = await compose(context, template, people, { senderId: blast.ownerId })
  const tracked = await track(context, id, composed)
  await queueMessages(
    context,
    people.map((person, index) => ({
      person,
      composed: tracked[index] ?? null,
      orderKey: null,
      problem: excluded.has(person.to ?? '') ? 'EXCLUDED' : open.has(person.uuid) ? null : LIST_SUPPRESSED,
    })),
    {
      templateId: blast.templateId,
      informational: blast.informational,
      fromName: blast.from,
      replyTo: blast.replyTo,
      blastId: id,
      throttle: blast.throttle,
    },
  )
}

/** Which of some addresses people on the excluding lists have, whoever else has them too. */
async function excludedAmong({ db, viewer }: WriteContext, blast: Blast, addresses: string[]): Promise<Set<string>> {
  const lists = listsOf(blast.excludeListIds)
  if (lists.length === 0 || addresses.length === 0) return new Set()
  const rows = await db.rows<{ email: string }>({
    text: `SELECT c.email FROM contact c WHERE c.tenant_id = $1 AND c.email = ANY ($3) AND EXISTS (SELECT 1 FROM target_list_member m WHERE m.tenant_id = $1 AND m.contact_id = c.id AND m.target_list_id = ANY ($2::uuid[]) AND m.deleted_at IS NULL)
 UNION SELECT l.email FROM lead l WHERE l.tenant_id = $1 AND l.email = ANY ($3) AND EXISTS (SELECT 1 FROM target_list_member m WHERE m.tenant_id = $1 AND m.lead_id = l.id AND m.target_list_id = ANY ($2::uuid[]) AND m.deleted_at IS NULL)`,
    values: [viewer.tenantId, lists, addresses],
  })
  return new Set(rows.map(({ email }) => email))
}

import { requireRight } from '../../access/decide.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { recordType } from '../../read/recordType.ts'
import { amongQuery } from '../../read/storedFilter.ts'
import { uuidOf } from '../../read/values.ts'
import type { Writer } from '../../tenancy/tenancy.ts'
import { normalise, validationError } from '../normalise.ts'
import type { Written } from '../records.ts'
import type { WriteContext } from '../write.ts'

export type SuppressionReason = 'UNSUBSCRIBED' | 'BOUNCE' | 'COMPLAINT' | 'MANUAL'

/** Why a mail of a blast is not sent to an address that wants none by way of any of its lists. */
export const LIST_SUPPRESSED = 'LIST_SUPPRESSED'

/** The lists of a blast, which holds their ids as clients see them, by uuid. */
export const listsOf = (ids: readonly string[]): string[] => ids.flatMap((id) => uuidOf('TargetList', id) ?? [])

/** Notes that an address is not written to any more. @returns uuid of the suppression, and whether it was made by this call: of an address there is one. */
export async function suppress(
  db: Writer,
  tenantId: string,
  { address, reason, note = null }: { address: string; reason: SuppressionReason; note?: string | null },
): Promise<{ id: string; created: boolean }> {
  const [made] = await db.rows<{ id: string }>({
    text: `INSERT INTO suppression (tenant_id, address_hash, reason, note) VALUES ($1, atrium.address_hash($2), $3, $4)
 ON CONFLICT (tenant_id, address_hash) WHERE deleted_at IS NULL AND scope = 'ALL' DO NOTHING RETURNING id`,
    values: [tenantId, address, reason, note],
  })
  if (made) return { id: made.id, created: true }
  // A mailbox that is not there is the stronger reason: not even mails of business go there.
  const [known] = await db.rows<{ id: string }>({
    text: `UPDATE suppression SET reason = CASE WHEN $3 = 'BOUNCE' THEN $3 ELSE reason END
 WHERE tenant_id = $1 AND address_hash = atrium.address_hash($2) AND scope = 'ALL' AND deleted_at IS NULL RETURNING id`,
    values: [tenantId, address, reason],
  })
  return { id: known?.id as string, created: false }
}

/**
 * Notes that an address wants no mails by way of some target lists, by uuid; those that are gone are left out. @returns the suppressions, and which were made by this call.
 */
export async function suppressForLists(
  db: Writer,
  tenantId: string,
  {
    address,
    reason,
    note = null,
    lists,
  }: { address: string; reason: SuppressionReason; note?: string | null; lists: readonly string[] },
): Promise<{ id: string; created: boolean }[]> {
  if (lists.length === 0) return []
  const made = await db.rows<{ id: string }>({
    text: `INSERT INTO suppression (tenant_id, address_hash, reason, note, scope, target_list_id)
 SELECT $1::uuid, atrium.address_hash($2), $3, $4, 'LIST', l.id FROM target_list l WHERE l.tenant_id = $1 AND l.id = ANY ($5::uuid[]) AND l.deleted_at IS NULL ORDER BY l.id
 ON CONFLICT (tenant_id, address_hash, target_list_id) WHERE deleted_at IS NULL AND scope = 'LIST' DO NOTHING RETURNING id`,
    values: [tenantId, address, reason, note, lists],
  })
  const known = await db.rows<{ id: string }>({
    text: `SELECT id FROM suppression WHERE tenant_id = $1 AND address_hash = atrium.address_hash($2) AND scope = 'LIST' AND target_list_id = ANY ($3::uuid[]) AND deleted_at IS NULL`,
    values: [tenantId, address, lists],
  })
  const created = new Set(made.map(({ id }) => id))
  return known.map(({ id }) => ({ id, created: created.has(id) }))
}

/** SQL: does a member `m` of a list get nothing by way of it, at an address. */
export const closedTo = (m: string, email: string): string =>
  `(${m}.opted_out OR EXISTS (SELECT 1 FROM suppression s WHERE s.tenant_id = $1 AND s.address_hash = atrium.address_hash(${email}) AND s.scope = 'LIST' AND s.target_list_id = ${m}.target_list_id AND s.deleted_at IS NULL))`

/** Those among some addresses that at least one of the lists, by uuid, still leads to. */
export async function reachedBy(
  { db, viewer }: WriteContext,
  lists: readonly string[],
  addresses: readonly string[],
): Promise<Set<string>> {
  if (addresses.length === 0) return new Set()
  const among = (table: string, column: string) =>
    `SELECT p.email FROM ${table} p JOIN target_list_member m ON m.tenant_id = $1 AND m.${column} = p.id AND m.target_list_id = ANY ($2::uuid[]) AND m.deleted_at IS NULL
 WHERE p.tenant_id = $1 AND p.email = ANY ($3) AND p.deleted_at IS NULL AND NOT ${closedTo('m', 'p.email')}`
  const rows = await db.rows<{ email: string }>({
    text: `${among('contact', 'contact_id')} UNION ${among('lead', 'lead_id')}`,
    values: [viewer.tenantId, lists, addresses],
  })
  return new Set(rows.map(({ email }) => email))
}

/** Which of some mails of blasts, by uuid, go to addresses that want none by way of any of the lists of their blast. */
export async function closedMails(context: WriteContext, ids: readonly string[]): Promise<Set<string>> {
  const { db, viewer } = context
  const rows = await db.rows<{ id: string; to: string; blastId: string; list: string; lists: string[] }>({
    text: `SELECT m.id, m.to_address AS "to", m.blast_id AS "blastId", s.target_list_id AS list, b.include_list_ids AS lists FROM email_message m
 JOIN email_blast b ON b.tenant_id = $1 AND b.id = m.blast_id JOIN suppression s ON s.tenant_id = $1 AND s.address_hash = m.address_hash AND s.scope = 'LIST' AND s.deleted_at IS NULL
 WHERE m.tenant_id = $1 AND m.id = ANY ($2::uuid[]) AND NOT m.informational`,
    values: [viewer.tenantId, ids],
  })
  const closed = new Set<string>()
  for (const mails of Map.groupBy(rows, ({ blastId }) => blastId).values()) {
    const lists = listsOf(mails[0]?.lists ?? [])
    const named = mails.filter(({ list }) => lists.includes(list))
    const reached = await reachedBy(context, lists, [...new Set(named.map(({ to }) => to))])
    for (const { id, to } of named) if (!reached.has(to)) closed.add(id)
  }
  return closed
}

/** Reads an address as contacts have it. */
function addressIn(context: WriteContext, given: string): { address: string } | UserErrorInfo {
  const result = normalise({ kind: 'email', max: 254, required: true }, given, context.viewer)
  if ('rule' in result) return validationError(['address'], result.rule, result.message)
  return result.ok === null ? validationError(['address'], 'required', 'is required') : { address: result.ok as string }
}

/** The list that a verb names, by uuid; undefined where it names none. */
async function listIn(
  context: WriteContext,
  given: string | null | undefined,
): Promise<{ list: string | undefined } | UserErrorInfo> {
  if (given == null) return { list: undefined }
  const type = recordType('TargetList')
  const list = uuidOf(type.name, given)
  const seen = list !== null && context.viewer.access.may('read', type.name)
  if (seen && (await context.db.rows(amongQuery(type, {}, context.viewer, [list]))).length > 0) return { list }
  return NO_LIST
}

const NO_LIST: UserErrorInfo = {
  code: 'NOT_FOUND',
  message: 'There is no such TargetList.',
  field: ['targetListId'],
}

/** An address, and the list that is meant; all mails are without one. */
interface Named {
  address: string
  targetListId?: string | null
}

/**
 * Stops all mails but those of business to an address, or those by way of a list. Again: nothing changes. Errors: VALIDATION_FAILED, NOT_FOUND for a list that the viewer does not
 * see. @throws FORBIDDEN.
 */
export async function suppressAddress(
  context: WriteContext,
  { address, note, targetListId }: Named & { note?: string | null },
): Promise<Written> {
  const { db, viewer } = context
  requireRight(viewer, 'create', 'Suppression')
  const read = addressIn(context, address)
  if ('code' in read) return { id: null, errors: [read] }
  const text = normalise({ kind: 'text', max: 2000, required: false }, note ?? null, viewer)
  if ('rule' in text) return { id: null, errors: [validationError(['note'], text.rule, text.message)] }
  const of = await listIn(context, targetListId)
  if ('code' in of) return { id: null, errors: [of] }
  const given = { address: read.address, reason: 'MANUAL', note: text.ok as string | null } as const
  const [done] = of.list
    ? await suppressForLists(db, viewer.tenantId, { ...given, lists: [of.list] })
    : [await suppress(db, viewer.tenantId, given)]
  // The list went to the recycle bin meanwhile.
  if (!done) return { id: null, errors: [NO_LIST] }
  return { id: done.id, errors: [], changed: done.created }
}

/**
 * Lets an address be written to again, whatever stopped it, or as one of a list, where its people count as opted out no more. What its owner said, their consent, stays as it is and goes on
 * counting. Errors: VALIDATION_FAILED, NOT_FOUND for an address that is not suppressed, or not for that list. @throws FORBIDDEN.
 */
export async function unsuppressAddress(context: WriteContext, { address, targetListId }: Named): Promise<Written> {
  const { db, viewer } = context
  requireRight(viewer, 'delete', 'Suppression')
  const read = addressIn(context, address)
  if ('code' in read) return { id: null, errors: [read] }
  const of = await listIn(context, targetListId)
  if ('code' in of) return { id: null, errors: [of] }
  const [gone] = await db.rows<{ id: string }>({
    text: `UPDATE suppression SET deleted_at = now(), deleted_by = atrium.actor_id() WHERE tenant_id = $1 AND address_hash = atrium.address_hash($2) AND deleted_at IS NULL AND scope = $4
 AND target_list_id IS NOT DISTINCT FROM $3::uuid RETURNING id`,
    values: [viewer.tenantId, read.address, of.list ?? null, of.list ? 'LIST' : 'ALL'],
  })
  if (!gone)
    return { id: null, errors: [{ code: 'NOT_FOUND', message: 'The address is not suppressed.', field: ['address'] }] }
  if (of.list) await markMembers(context, [of.list], { to: read.address }, false)
  return { id: gone.id, errors: [], changed: true }
}

/** Marks whoever has an address, and the person whom a mail went to there, on some lists, by uuid, as opted out of them or not. */
export async function markMembers(
  { db, viewer }: WriteContext,
  lists: readonly string[],
  { to, contactId = null, leadId = null }: { to: string; contactId?: string | null; leadId?: string | null },
  optedOut: boolean,
): Promise<void> {
  const has = (table: string) => `(SELECT id FROM ${table} WHERE tenant_id = $1 AND email = $3 AND deleted_at IS NULL)`
  await db.rows({
    text: `UPDATE target_list_member m SET opted_out = $4 WHERE m.tenant_id = $1 AND m.target_list_id = ANY ($2::uuid[]) AND m.opted_out <> $4 AND m.deleted_at IS NULL
 AND (m.contact_id IN ${has('contact')} OR m.lead_id IN ${has('lead')} OR m.contact_id = $5::uuid OR m.lead_id = $6::uuid)`,
    values: [viewer.tenantId, lists, to, optedOut, contactId, leadId],
  })
}

import { requireRight } from '../../access/decide.ts'
import { recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { differs, refuse } from '../checks.ts'
import { deleteRecords, updateRecords, upsertRecords, type Written } from '../records.ts'
import { type Change, type Input, type Rules, sqlFor, type WriteContext } from '../write.ts'

/**
 * Rules of companies about the person to talk to first: a contact of the company. A new company has no contacts before it is there, so the one that it is made with
 * is taken as it is; who belongs to it is said by accountContacts, in the same call, or linkContact.
 */
export const primaryContactRules: Rules = {
  async write(changes, context) {
    const { db, viewer } = context
    const moved = changes.filter(
      (change) => change.before && change.values.primaryContactId && differs('Account', change, 'primaryContactId'),
    )
    if (moved.length === 0) return
    const rows = await db.rows<{ id: string; contactId: string }>({
      text: `SELECT account_id AS id, contact_id AS "contactId" FROM account_contact
 WHERE tenant_id = $1 AND account_id = ANY ($2::uuid[]) AND contact_id = ANY ($3::uuid[]) AND is_active AND deleted_at IS NULL`,
      values: [viewer.tenantId, moved.map(({ id }) => id), moved.map(({ values }) => values.primaryContactId)],
    })
    const linked = new Set(rows.map(({ id, contactId }) => `${id} ${contactId}`))
    for (const change of moved)
      if (!linked.has(`${change.id} ${change.values.primaryContactId}`))
        refuse(change, 'primaryContactId', 'contactOfAccount', 'must be an active contact of the company')
  },
}

/** Takes people from being the one to talk to first where they no longer belong: links, as changes, that went or are no longer active. */
export async function leavePrimary(links: Change[], { db, viewer }: WriteContext): Promise<void> {
  const gone = links.filter(({ before }) => before)
  if (gone.length === 0) return
  await db.rows({
    text: `UPDATE account a SET primary_contact_id = NULL FROM unnest($2::uuid[], $3::uuid[]) AS x(account_id, contact_id)
 WHERE a.tenant_id = $1 AND a.id = x.account_id AND a.primary_contact_id = x.contact_id`,
    values: [viewer.tenantId, gone.map(({ before }) => before?.accountId), gone.map(({ before }) => before?.contactId)],
  })
}

/** What linkContact takes, as clients write it. */
export interface ContactLink {
  accountId: string
  contactId: string
  role?: string | null
  isPrimary?: boolean | null
  fromDate?: string | null
  toDate?: string | null
}

/**
 * Makes a person a contact of a company; one who is it already gets what is given, and is active again.
 *
 * Errors: NOT_FOUND, FORBIDDEN unless the caller may write both, VALIDATION_FAILED.
 */
export async function linkContact(context: WriteContext, given: ContactLink): Promise<Written> {
  const { accountId, contactId, ...more } = given
  const by = { accountId: uuidOf('Account', accountId) ?? NO_ID, contactId: uuidOf('Contact', contactId) ?? NO_ID }
  const input: Input = { isActive: true }
  for (const [name, value] of Object.entries(more)) if (value !== undefined) input[name] = value
  const [written] = await upsertRecords(context, recordType('AccountContact'), [{ by, input }])
  return written as Written
}

/** The live link of a person to a company by uuid, as far as the viewer sees it. */
async function linkBetween({ db, viewer }: WriteContext, accountId: string, contactId: string): Promise<string | null> {
  const type = recordType('AccountContact')
  if (!viewer.access.may('read', type.name)) return null
  const sql = sqlFor(viewer.tenantId)
  const places = [accountId, contactId].map((id) => sql.params.add(id, 'uuid'))
  const scope = viewer.access.predicate(type, 't', sql)
  const [row] = await db.rows<{ id: string }>({
    text: `SELECT t.id FROM account_contact t WHERE t.tenant_id = $1 AND t.account_id = ${places[0]} AND t.contact_id = ${places[1]} AND t.deleted_at IS NULL${scope ? ` AND ${scope}` : ''}`,
    values: sql.params.values,
  })
  return row?.id ?? null
}

/** Ends a person's being a contact of a company: the link goes to the recycle bin, and they are not its primary contact any more. Errors: NOT_FOUND, FORBIDDEN. */
export async function unlinkContact(
  context: WriteContext,
  given: { accountId: string; contactId: string },
): Promise<Written> {
  requireRight(context.viewer, 'delete', 'AccountContact')
  const [accountId, contactId] = [
    uuidOf('Account', given.accountId) ?? NO_ID,
    uuidOf('Contact', given.contactId) ?? NO_ID,
  ]
  const found = await linkBetween(context, accountId, contactId)
  const [written] = await deleteRecords(context, recordType('AccountContact'), [{ id: found ?? NO_ID }], {
    pathOf: () => ['contactId'],
  })
  const { id, errors } = written as Written
  for (const error of errors) error.field = ['contactId']
  return { id: id && accountId, errors }
}

/**
 * Says whom of its contacts to talk to first; null for nobody.
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, VALIDATION_FAILED for somebody who is no active contact of the company.
 */
export async function setPrimaryContact(
  context: WriteContext,
  given: { accountId: string; contactId?: string | null; expectedVersion?: number | null },
): Promise<Written> {
  const target = {
    id: uuidOf('Account', given.accountId) ?? NO_ID,
    expectedVersion: given.expectedVersion ?? null,
    input: { primaryContactId: given.contactId ?? null },
  }
  const [written] = await updateRecords(context, recordType('Account'), [target], { pathOf: () => ['id'] })
  const { errors } = written as Written
  for (const error of errors) {
    if (error.field?.at(-1) === 'primaryContactId') error.field = ['contactId']
    else if (error.field?.at(-1) === 'id') error.field = ['accountId']
  }
  return written as Written
}

import { requireRight } from '../../access/decide.ts'
import { recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { sqlFor, type WriteContext } from '../write.ts'

/** Whom a mail may be for. */
export const RECIPIENTS = ['Contact', 'Lead', 'User'] as const
export type RecipientType = (typeof RECIPIENTS)[number]

/** A record that a mail is for, by uuid. */
export interface Recipient {
  type: RecipientType
  uuid: string
}

/** A record that a mail is about: its fields are under the name of its type. */
export interface Subject {
  type: string
  uuid: string
}

/** What sending needs to know of a recipient. */
export interface Person extends Recipient {
  /** Null: there is nowhere to write to. */
  to: string | null
  fullName: string | null
  firstName: string | null
  lastName: string | null
  title: string | null
  companyName: string | null
  /** uuids of who looks after them, and of the company that they are of. */
  ownerId: string | null
  accountId: string | null
  /** Why no mail goes there at all: the address does not work. */
  dead: string | null
  /** Why none goes there but those of business. */
  optedOut: string | null
  /** What their own mail is about, where each is about another record. */
  about?: Subject | null
}

/** Did mail to the address come back: marked in the list of addresses of a person `t`, or known by its hash. */
const BOUNCED = `EXISTS (SELECT 1 FROM suppression s WHERE s.tenant_id = $1 AND s.address_hash = atrium.address_hash(t.email) AND s.reason = 'BOUNCE' AND s.scope = 'ALL' AND s.deleted_at IS NULL)`
const marked = (mark: string) =>
  `t.emails @> jsonb_build_array(jsonb_build_object('address', t.email, '${mark}', true))`
const said = (column: string) =>
  `EXISTS (SELECT 1 FROM consent_record k WHERE k.tenant_id = $1 AND k.${column} = t.id AND k.channel = 'EMAIL' AND k.status IN ('DENIED', 'WITHDRAWN') AND k.is_current AND k.deleted_at IS NULL)`
const SUPPRESSED = `EXISTS (SELECT 1 FROM suppression s WHERE s.tenant_id = $1 AND s.address_hash = atrium.address_hash(t.email) AND s.scope = 'ALL' AND s.deleted_at IS NULL)`

const person = (column: string, refuses: string) => ({
  dead: `CASE WHEN ${marked('isInvalid')} OR ${BOUNCED} THEN 'INVALID_ADDRESS' END`,
  optedOut: `CASE WHEN ${refuses} THEN 'DO_NOT_EMAIL' WHEN ${marked('optedOut')} THEN 'OPTED_OUT' WHEN ${said(column)} THEN 'CONSENT' WHEN ${SUPPRESSED} THEN 'SUPPRESSED' END`,
})

/** The columns of each type of recipients `t`, in the order of Person. */
const COLUMNS: Record<RecipientType, Record<Exclude<keyof Person, keyof Recipient | 'about'>, string>> = {
  Contact: {
    to: 't.email',
    fullName: 't.full_name',
    firstName: 't.first_name',
    lastName: 't.last_name',
    title: 't.title',
    companyName: 'null::text',
    ownerId: 't.owner_id',
    accountId: `(SELECT l.account_id FROM account_contact l WHERE l.tenant_id = $1 AND l.contact_id = t.id AND l.is_active AND l.deleted_at IS NULL ORDER BY l.is_primary DESC, l.id LIMIT 1)`,
    ...person('contact_id', 't.do_not_email'),
  },
  Lead: {
    to: 't.email',
    fullName: 't.full_name',
    firstName: 't.first_name',
    lastName: 't.last_name',
    title: 't.title',
    companyName: 't.company_name',
    ownerId: 't.owner_id',
    accountId: 't.converted_account_id',
    ...person('lead_id', 't.do_not_email OR t.do_not_contact'),
  },
  User: {
    to: 't.email',
    fullName: 't.name',
    firstName: 'null::text',
    lastName: 'null::text',
    title: 'null::text',
    companyName: 'null::text',
    ownerId: 'null::uuid',
    accountId: 'null::uuid',
    dead: `CASE WHEN ${BOUNCED} THEN 'INVALID_ADDRESS' END`,
    // Colleagues are no addressees of advertising.
    optedOut: 'null::text',
  },
}

/**
 * Looks recipients up, in the order in which they are named: one statement for each type among them. Those that are gone or that the viewer does not see are
 * left out. @throws FORBIDDEN.
 */
export async function loadPeople(context: WriteContext, recipients: readonly Recipient[]): Promise<Person[]> {
  const { db, viewer } = context
  const found = new Map<string, Person>()
  for (const [type, some] of Map.groupBy(recipients, (one) => one.type)) {
    requireRight(viewer, 'read', type)
    const sql = sqlFor(viewer.tenantId)
    const ids = sql.params.among([...new Set(some.map(({ uuid }) => uuid))], 'uuid')
    const scope = viewer.access.predicate(recordType(type), 't', sql)
    const columns = Object.entries(COLUMNS[type]).map(([name, text]) => `${text} AS "${name}"`)
    const rows = await db.rows<Omit<Person, 'type'>>({
      text: `SELECT t.id AS uuid, ${columns.join(', ')} FROM ${ident(recordType(type).table)} t WHERE t.tenant_id = $1 AND t.id ${ids} AND t.deleted_at IS NULL${scope ? ` AND ${scope}` : ''}`,
      values: sql.params.values,
    })
    for (const row of rows) found.set(`${type} ${row.uuid}`, { type, ...row })
  }
  const named = new Set(recipients.map(({ type, uuid }) => `${type} ${uuid}`))
  return [...named].flatMap((key) => found.get(key) ?? [])
}

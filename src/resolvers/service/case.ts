import { recordType } from '../../read/recordType.ts'
import { changedFields, differs, refuseAs } from '../checks.ts'
import { numbered } from '../platform/numbers.ts'
import { tellAssigned } from '../work/assigned.ts'
import { after, type Change, idPath, type Rules, rulesTogether, type WriteContext } from '../write.ts'
import { placeInQueue } from './queue.ts'
import { matchTargets } from './sla/match.ts'
import { settleMilestones } from './sla/milestones.ts'
import { ENDED } from './states.ts'

/** What of a case that is over may still be written. */
const ASIDE = ['ownerId', 'isImportant', 'externalSource', 'externalId']
const OVER = ['CLOSED', 'DUPLICATE']
/** What a target looks at. */
const MATCHED = ['priority', 'type', 'accountId']

const isNew = ({ before }: Change) => !before

const own: Rules = {
  async write(changes, context) {
    const made = changes.filter(isNew)
    await fromCustomer(made, context)
    await placeInQueue(
      made.filter(({ errors }) => errors.length === 0),
      context,
    )
    for (const { values } of made) values.status = values.ownerId ? 'ASSIGNED' : 'NEW'
    for (const change of changes) if (change.before) guard(change)
    await matchTargets(
      changes.filter(
        (change) => isNew(change) || (!ENDED.includes(change.before?.status as string) && touches(change, MATCHED)),
      ),
      context,
    )
  },
  delete(changes) {
    for (const change of changes)
      if (change.before?.type === 'FEEDBACK')
        change.errors.push({
          code: 'CASE_DELETE_FORBIDDEN',
          message: 'Feedback is not deleted; archive it.',
          field: idPath(change),
        })
  },
  async done(changes, context) {
    await settleMilestones(
      context,
      changes.filter((change) => isNew(change) || touches(change, [...MATCHED, 'status'])).map(({ id }) => id),
    )
    const given = changes.filter((change) => isNew(change) || touches(change, ['ownerId']))
    await tellAssigned(
      context,
      recordType('Case'),
      given.map((change) => ({ id: change.id, userId: after(change, 'ownerId') as string | null })),
    )
  },
}

/** What a customer's own user brings is their contact's, and of the company that the contact mainly belongs to. */
async function fromCustomer(made: Change[], { db, viewer }: WriteContext): Promise<void> {
  const { customer } = viewer.access.standing
  if (!customer || made.length === 0) return
  const [row] = await db.rows<{ accountId: string }>({
    text: `SELECT c.account_id AS "accountId" FROM account_contact c JOIN account a ON a.tenant_id = $1 AND a.id = c.account_id AND a.deleted_at IS NULL
 WHERE c.tenant_id = $1 AND c.contact_id = $2 AND c.is_active AND c.deleted_at IS NULL ORDER BY c.is_primary DESC, c.id LIMIT 1`,
    values: [viewer.tenantId, customer.contactId],
  })
  for (const { values } of made)
    Object.assign(values, { contactId: customer.contactId, accountId: row?.accountId ?? null, channel: 'WEB' })
}

const touches = (change: Change, names: string[]) => names.some((name) => differs('Case', change, name))

/** Of what is over the notes alone can be written; a case that is given to somebody is assigned, one that is taken from them is new. */
function guard(change: Change): void {
  const { before, values } = change
  const status = before?.status as string
  if (OVER.includes(status)) {
    const field = changedFields('Case', change).find((name) => !ASIDE.includes(name))
    if (field)
      refuseAs(change, 'INVALID_STATE', field, 'The case is over; reopen it first.', { from: status, allowed: ASIDE })
  }
  if (!differs('Case', change, 'ownerId')) return
  if (status === 'NEW' && values.ownerId) values.status = 'ASSIGNED'
  if (status === 'ASSIGNED' && !values.ownerId) values.status = 'NEW'
}

/**
 * Rules of cases: a number by the company's rule; the queue and whom it gives them to; what is promised about them, by priority, type and the customer's level, and the times that
 * run by it. What is closed or a duplicate keeps all but notes (INVALID_STATE). Feedback is not deleted (CASE_DELETE_FORBIDDEN).
 */
export const caseRules: Rules = rulesTogether({ write: numbered('CASE') }, own)

import { refuse, refuseAs } from '../checks.ts'
import { type Change, idPath, type Rules, type WriteContext } from '../write.ts'
import { settleMilestones } from './sla/milestones.ts'

interface CaseRow {
  id: string
  status: string
  contactId: string | null
}

const PUBLIC = 'What the customer has read stays as it is; say what is different in another comment.'
const OVER = ['CLOSED', 'DUPLICATE']

/**
 * Rules of comments. Public ones stay as they were written (INVALID_STATE), internal ones are changed and deleted by their author alone (FORBIDDEN). To what is closed or a duplicate
 * only colleagues add (INVALID_STATE). The first public one of an agent is the first response; a customer's makes the case wait for an answer, go on where it waited for
 * them, and opens it again when it was resolved.
 */
export const commentRules: Rules = {
  async write(changes, context) {
    for (const change of changes) if (change.before) guard(change, context)
    await place(
      changes.filter(({ before }) => !before),
      context,
    )
  },
  delete(changes, context) {
    // What goes with its case, or has gone with it, is not looked at one by one.
    for (const change of changes) {
      if (change.before?.deletedAt) continue
      const [error] = refusal(change, context)
      if (error) change.errors.push({ ...error, field: idPath(change) })
    }
  },
  async done(changes, context) {
    const made = changes.filter(({ before, values }) => !before && !values.isInternal)
    if (made.length > 0) await spoken(made, context)
  },
}

function guard(change: Change, context: WriteContext): void {
  const [error] = Object.keys(change.values).includes('body') ? refusal(change, context) : []
  if (error) refuseAs(change, error.code, 'body', error.message, error.details)
}

/** Why a comment stays as it is. */
function refusal({ before }: Change, { viewer }: WriteContext) {
  if (!before?.isInternal)
    return [{ code: 'INVALID_STATE' as const, message: PUBLIC, details: { from: 'PUBLIC', allowed: [] } }]
  if (viewer.access.set.full || (viewer.userId && before.createdById === viewer.userId)) return []
  const message = 'Internal comments are changed by their author.'
  return [{ code: 'FORBIDDEN' as const, message, details: { permission: 'CaseComment.update' } }]
}

/** New comments: of a customer never internal, on an open case, and by the case's own contact where none is named. */
async function place(made: Change[], { db, viewer }: WriteContext): Promise<void> {
  const ids = made.flatMap(({ values }) => (values.caseId as string | undefined) ?? [])
  if (ids.length === 0) return
  const rows = await db.rows<CaseRow>({
    text: 'SELECT id, status, contact_id AS "contactId" FROM service_case WHERE tenant_id = $1 AND id = ANY ($2::uuid[])',
    values: [viewer.tenantId, ids],
  })
  const cases = new Map(rows.map((row) => [row.id, row]))
  const { customer } = viewer.access.standing
  for (const change of made) {
    const { values } = change
    const one = cases.get(values.caseId as string)
    if (customer) Object.assign(values, { authorType: 'CUSTOMER', contactId: customer.contactId })
    if (values.authorType === 'CUSTOMER') {
      if (values.isInternal) refuse(change, 'isInternal', 'customer', 'cannot be true of what a customer says')
      values.contactId ??= one?.contactId ?? null
    }
    if (one && !values.isInternal && OVER.includes(one.status))
      refuseAs(change, 'INVALID_STATE', 'caseId', 'The case is over; reopen it first.', {
        from: one.status,
        allowed: [],
      })
  }
}

/** What follows for cases from what was said in public; their rows are locked since their comments were checked. */
async function spoken(made: Change[], context: WriteContext): Promise<void> {
  const { db, viewer } = context
  const rows = [...Map.groupBy(made, ({ values }) => values.caseId as string)].map(([id, some]) => {
    const agents = some.some(({ values }) => values.authorType === 'AGENT')
    return {
      id,
      agents,
      customer: some.at(-1)?.values.authorType === 'CUSTOMER',
      customers: some.some(({ values }) => values.authorType === 'CUSTOMER'),
    }
  })
  await db.rows({
    text: `UPDATE service_case c SET first_response_at = CASE WHEN x.agents THEN coalesce(c.first_response_at, $3) ELSE c.first_response_at END,
 awaiting_reply_since = CASE WHEN x.customer THEN CASE WHEN x.agents THEN $3 ELSE coalesce(c.awaiting_reply_since, $3) END END,
 status = CASE WHEN x.customers AND c.status = 'WAITING_CUSTOMER' THEN 'IN_PROGRESS' WHEN x.customers AND c.status = 'RESOLVED' THEN 'REOPENED' ELSE c.status END,
 resolved_at = CASE WHEN x.customers AND c.status = 'RESOLVED' THEN NULL ELSE c.resolved_at END,
 reopen_count = c.reopen_count + CASE WHEN x.customers AND c.status = 'RESOLVED' THEN 1 ELSE 0 END
 FROM json_to_recordset($2::json) AS x(id uuid, agents boolean, customer boolean, customers boolean) WHERE c.tenant_id = $1 AND c.id = x.id`,
    values: [viewer.tenantId, JSON.stringify(rows), new Date()],
  })
  await settleMilestones(
    context,
    rows.map(({ id }) => id),
  )
}

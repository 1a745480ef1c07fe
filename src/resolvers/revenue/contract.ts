import type { UserErrorCode } from '../../errors.ts'
import { changedFields, differs, refuseAs } from '../checks.ts'
import { enqueueJob, nextDaily } from '../platform/job.ts'
import { numbered } from '../platform/numbers.ts'
import { after, type Change, idPath, type Rules, rulesTogether, type WriteContext } from '../write.ts'
import { EDITABLE } from './states.ts'

/** The kind of job that does what is due by the day, and when it does so, in the company's time zone. */
export const NIGHTLY = 'REVENUE_NIGHTLY'
const DAILY_AT = '00:05'

/** What is not about what was agreed on, and may be written whatever the status is. */
const ASIDE = ['ownerId', 'externalSource', 'externalId']

/** Why a contract in that status cannot be written; null when it can. */
export function notEditable(status: string): { code: UserErrorCode; message: string } | null {
  if (EDITABLE.includes(status)) return null
  if (status === 'IN_APPROVAL')
    return { code: 'WITHDRAW_FIRST', message: 'The contract waits for its approval; withdraw it first.' }
  if (status === 'VOID') return { code: 'VOID_NOT_EDITABLE', message: 'The contract is void.' }
  return { code: 'APPROVED_NOT_EDITABLE', message: 'What was agreed on stays: make the contract void, or renew it.' }
}

const contractOnly: Rules = {
  async write(changes, context) {
    for (const change of changes) {
      if (change.values.amount === null) change.values.amount = '0'
      guard(change)
      const [start, end] = [after(change, 'startDate'), after(change, 'endDate')] as (string | null)[]
      if (start && end && end < start)
        refuseAs(change, 'CONTRACT_DATE_INVALID', 'endDate', 'The contract would end before it starts.')
    }
    await keepAmounts(
      changes.filter(({ before, errors }) => before && errors.length === 0),
      context,
    )
  },

  async delete(changes, { db, viewer }) {
    const live = changes.filter(({ before }) => before && !before.deletedAt)
    if (live.length === 0) return
    const plans = await db.rows<{ id: string; count: number }>({
      text: 'SELECT contract_id AS id, count(*)::integer AS count FROM receipt_plan WHERE tenant_id = $1 AND contract_id = ANY ($2::uuid[]) AND deleted_at IS NULL GROUP BY 1',
      values: [viewer.tenantId, live.map(({ id }) => id)],
    })
    const counts = new Map(plans.map(({ id, count }) => [id, count]))
    for (const change of live) {
      const status = change.before?.status as string
      const field = idPath(change)
      if (status !== 'DRAFT' && status !== 'WITHDRAWN')
        change.errors.push({
          code: 'INVALID_STATE',
          message: 'Only drafts, and contracts that were withdrawn, can be deleted.',
          field,
          details: { from: status, allowed: [] },
        })
      else if (counts.has(change.id)) {
        const refs = [{ type: 'ReceiptPlan', field: 'contractId', count: counts.get(change.id) }]
        change.errors.push({ code: 'REFERENCE_IN_USE', message: 'The contract has plans.', field, details: { refs } })
      }
    }
  },

  async done(changes, { db, viewer }) {
    const moved = changes.filter(({ before, values }) => before && Object.hasOwn(values, 'accountId'))
    if (moved.length > 0)
      await db.rows({
        text: `UPDATE invoice i SET account_id = c.account_id FROM contract c
 WHERE i.tenant_id = $1 AND c.tenant_id = $1 AND c.id = i.contract_id AND c.id = ANY ($2::uuid[]) AND i.account_id <> c.account_id`,
        values: [viewer.tenantId, moved.map(({ id }) => id)],
      })
    if (changes.some(({ before }) => !before))
      await enqueueJob(db, viewer.tenantId, {
        kind: NIGHTLY,
        key: 'revenue',
        dailyAt: DAILY_AT,
        runAt: nextDaily(DAILY_AT, viewer.timezone),
      })
  },
}

/**
 * Rules of contracts: a number by the company's rule; written only while they are worked on (APPROVED_NOT_EDITABLE, VOID_NOT_EDITABLE, WITHDRAW_FIRST), though given
 * to another owner until they are void (VOID_NOT_TRANSFERABLE); deleted only as drafts or withdrawn and without plans (INVALID_STATE, REFERENCE_IN_USE). With
 * lines the amount is theirs (AMOUNT_DERIVED_FROM_LINES); the currency stays when something is in it (CURRENCY_MISMATCH).
 */
export const contractRules: Rules = rulesTogether({ write: numbered('CONTRACT') }, contractOnly)

function guard(change: Change): void {
  if (!change.before) return
  const status = change.before.status as string
  const problem = notEditable(status)
  // What waits for an approval is locked by it, but for what its step leaves open.
  if (!problem || status === 'IN_APPROVAL') return
  const changed = changedFields('Contract', change)
  if (status === 'VOID' && changed.includes('ownerId'))
    refuseAs(change, 'VOID_NOT_TRANSFERABLE', 'ownerId', 'A void contract stays with its owner.')
  const field = changed.find((name) => !ASIDE.includes(name))
  if (field) refuseAs(change, problem.code, field, problem.message)
}

async function keepAmounts(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  const priced = changes.filter(
    (change) => differs('Contract', change, 'amount') || differs('Contract', change, 'currency'),
  )
  if (priced.length === 0) return
  const rows = await db.rows<{ id: string; lines: boolean; others: boolean }>({
    text: `SELECT c.id, EXISTS (SELECT 1 FROM contract_line l WHERE l.tenant_id = $1 AND l.contract_id = c.id AND l.deleted_at IS NULL) AS lines,
 EXISTS (SELECT 1 FROM receipt_plan p WHERE p.tenant_id = $1 AND p.contract_id = c.id AND p.deleted_at IS NULL)
 OR EXISTS (SELECT 1 FROM invoice i WHERE i.tenant_id = $1 AND i.contract_id = c.id AND i.deleted_at IS NULL) AS others
 FROM contract c WHERE c.tenant_id = $1 AND c.id = ANY ($2::uuid[])`,
    values: [viewer.tenantId, priced.map(({ id }) => id)],
  })
  const found = new Map(rows.map((row) => [row.id, row]))
  for (const change of priced) {
    const { lines, others } = found.get(change.id) ?? { lines: false, others: false }
    if (lines && differs('Contract', change, 'amount'))
      refuseAs(change, 'AMOUNT_DERIVED_FROM_LINES', 'amount', 'The amount is the sum of the lines.')
    if ((lines || others) && differs('Contract', change, 'currency'))
      refuseAs(change, 'CURRENCY_MISMATCH', 'currency', 'Its lines, plans or invoices are in another currency.', {
        currency: change.before?.currency,
      })
  }
}

import { requireRight } from '../../access/decide.ts'
import { UserErrors } from '../../errors.ts'
import { readComment } from '../approval/act.ts'
import { approvalSubject, withdrawFromApproval } from '../approval/subject.ts'
import { submitRecord } from '../approval/submitRecord.ts'
import { todayIn } from '../checks.ts'
import { rateKey, ratesOn, toBase } from '../platform/rates.ts'
import type { Written } from '../records.ts'
import type { WriteContext } from '../write.ts'
import { exceeds, planLimit } from './plan.ts'
import { aboutRecord, lockOne, refused, wrongState } from './refusals.ts'
import { revenueSettings } from './settings.ts'
import { type ContractRow, lockContract, put, settle } from './settle.ts'
import { before, CONTRACT_STATES, type ContractStatus } from './states.ts'

approvalSubject({
  object: 'Contract',
  pendingCode: 'WITHDRAW_FIRST',
  parts: ['ContractLine'],
  async submitted(context, id) {
    const { db, viewer } = context
    const contract = await lockContract(context, id)
    const limit = planLimit(contract, await revenueSettings(db, viewer.tenantId))
    if (contract.planned > limit) throw new UserErrors([exceeds(limit - contract.planned, ['id'])])
    await step(context, id, 'IN_APPROVAL', {})
  },
  approved: async (context, id) => {
    const contract = await lockContract(context, id)
    await step(context, id, 'APPROVED', { ...(await frozen(context, contract)), approved_at: new Date() })
  },
  rejected: async (context, id) => {
    const { db, viewer } = context
    await step(context, id, 'REJECTED', {})
    await db.rows({
      text: `UPDATE receipt_plan SET status = 'VOID' WHERE tenant_id = $1 AND contract_id = $2 AND status = 'NOT_EFFECTIVE' AND deleted_at IS NULL`,
      values: [viewer.tenantId, id],
    })
    await settle(context, [id])
  },
  withdrawn: async (context, id) => step(context, id, 'WITHDRAWN', {}),
})

/** Takes a contract to its next status, with its plans. */
async function step(
  context: WriteContext,
  id: string,
  to: ContractStatus,
  columns: Record<string, unknown>,
): Promise<void> {
  const { status } = await lockContract(context, id)
  if (status !== to && !before(CONTRACT_STATES, to).includes(status as ContractStatus))
    throw new UserErrors([wrongState(CONTRACT_STATES, status as ContractStatus, to)])
  await put(context, 'contract', id, { status: to, ...columns })
  await settle(context, [id])
}

/** What stays of the rate of the day on which a contract is approved. */
async function frozen({ db, viewer }: WriteContext, { amount, currency }: ContractRow) {
  const date = todayIn(viewer.timezone)
  const rates = await ratesOn(db, viewer.tenantId, viewer.baseCurrency, [{ currency, date }])
  const rate = rates.get(rateKey({ currency, date })) as string
  return { rate, rate_date: date, amount_base: String(toBase(amount, rate, viewer.baseCurrency)) }
}

/** Arguments of a verb that hands a record in for approval, as clients write them. */
export interface Submission {
  id: string
  /** Whom the submitter chooses, where the flow leaves it to them. */
  approverIds?: readonly string[] | null
  comment?: string | null
  expectedVersion?: number | null
}

/**
 * Hands a contract in for approval. Its plans must fit into it by now.
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, ALREADY_IN_APPROVAL, INVALID_STATE, PLAN_EXCEEDS_CONTRACT, NO_APPROVAL_FLOW, NO_APPROVER, CURRENCY_RATE_MISSING where the flow lets it pass at once.
 */
export async function submitContract(
  context: WriteContext,
  { id: named, expectedVersion, ...more }: Submission,
): Promise<Written> {
  requireRight(context.viewer, 'update', 'Contract')
  const found = await lockOne(context, 'Contract', { id: named, expectedVersion }, 'update')
  if ('errors' in found) return refused(...found.errors)
  const { id } = found
  const status = found.before.status as ContractStatus
  if (status === 'IN_APPROVAL')
    return refused({
      code: 'ALREADY_IN_APPROVAL',
      message: 'The contract waits for an approval already.',
      field: ['id'],
    })
  if (!before(CONTRACT_STATES, 'IN_APPROVAL').includes(status))
    return refused(wrongState(CONTRACT_STATES, status, 'IN_APPROVAL'))
  const { errors } = await submitRecord(context, { recordId: named, ...more })
  return errors.length > 0 ? refused(...aboutRecord(errors)) : { id, errors: [], changed: true }
}

/** Takes a contract back from its approval. Errors: NOT_FOUND, FORBIDDEN, and those of withdrawals: ALREADY_APPROVED, INVALID_STATE. */
export async function withdrawContract(
  context: WriteContext,
  { id: named, comment }: { id: string; comment?: string | null },
): Promise<Written> {
  requireRight(context.viewer, 'update', 'Contract')
  const found = await lockOne(context, 'Contract', { id: named }, 'update')
  if ('errors' in found) return refused(...found.errors)
  const { id } = found
  const status = found.before.status as ContractStatus
  if (status === 'APPROVED')
    return refused({ code: 'ALREADY_APPROVED', message: 'The contract was approved.', field: ['id'] })
  if (status !== 'IN_APPROVAL') return refused(wrongState(CONTRACT_STATES, status, 'WITHDRAWN'))
  const read = readComment(context, comment)
  if ('errors' in read) return refused(...read.errors)
  const { errors } = await withdrawFromApproval(context, { object: 'Contract', id, comment: read.comment })
  return errors.length > 0 ? refused(...aboutRecord(errors)) : { id, errors: [], changed: true }
}

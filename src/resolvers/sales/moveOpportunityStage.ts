import { requireRight } from '../../access/decide.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { fieldOf, recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { refusePending } from '../approval/pending.ts'
import { todayIn } from '../checks.ts'
import { normalise, validationError } from '../normalise.ts'
import { lockTargets, type Written } from '../records.ts'
import type { WriteContext } from '../write.ts'
import { markCustomers } from './customers.ts'

/** Arguments of the verb as clients write them. */
export interface StageMove {
  id: string
  toStageId: string
  reason?: string | null
  lossReason?: string | null
  actualCloseDate?: string | null
  expectedVersion?: number | null
}

const refused = (error: UserErrorInfo): Written => ({ id: null, errors: [error] })

/**
 * Moves an opportunity to another stage of its pipeline and writes the move into its history, in one transaction. Moving to the stage where it is
 * changes nothing. A won one gets its closing date and makes its account a customer; a lost one needs a reason (spec/domain.md 3.4).
 *
 * Errors: NOT_FOUND, FORBIDDEN, FIELD_FORBIDDEN, STALE_VERSION, STAGE_NOT_IN_PIPELINE, INVALID_STATE for closed ones, LOSS_REASON_REQUIRED, VALIDATION_FAILED.
 */
export async function moveOpportunityStage(context: WriteContext, move: StageMove): Promise<Written> {
  const { db, viewer } = context
  requireRight(viewer, 'update', 'Opportunity')
  const { tenantId, access } = viewer
  const type = recordType('Opportunity')
  const id = uuidOf(type.name, move.id) ?? NO_ID
  const [locked] = await lockTargets(context, type, [{ id, expectedVersion: move.expectedVersion ?? null }], {
    action: 'update',
    pathOf: () => ['id'],
  })
  if (locked) await refusePending(context, type, [locked])
  if (locked && locked.errors.length > 0) return { id: null, errors: locked.errors }
  // The stage decides over the fields that follow from it; what the caller gives besides is theirs to write or not.
  const written = [
    ['toStageId', 'stageId'],
    ['lossReason', 'lossReason'],
    ['actualCloseDate', 'actualCloseDate'],
  ] as const
  for (const [argument, field] of written) {
    if (move[argument] == null || access.mayWriteField(type, field)) continue
    return refused({ code: 'FIELD_FORBIDDEN', message: `You may not write ${field}.`, field: [argument] })
  }
  const prisma = await db.prisma()
  const key = { tenantId_id: { tenantId, id } }
  const opportunity = await prisma.opportunity.findUniqueOrThrow({ where: key })
  const targetId = uuidOf('Stage', move.toStageId) ?? NO_ID
  // The stage must not go before the opportunity stands in it.
  await db.rows({
    text: 'SELECT id FROM stage WHERE tenant_id = $1 AND id = $2 FOR SHARE',
    values: [tenantId, targetId],
  })
  const target = await prisma.stage.findFirst({
    where: { tenantId, id: targetId, deletedAt: null },
  })
  if (!target || !access.may('read', 'Stage'))
    return refused({ code: 'NOT_FOUND', message: 'There is no such Stage.', field: ['toStageId'] })
  if (target.pipelineId !== opportunity.pipelineId) {
    return refused({
      code: 'STAGE_NOT_IN_PIPELINE',
      message: 'The stage belongs to another pipeline.',
      field: ['toStageId'],
    })
  }
  if (target.id === opportunity.stageId) return { id, errors: [], changed: false }
  if (opportunity.status !== 'OPEN') {
    return refused({
      code: 'INVALID_STATE',
      message: 'A closed opportunity does not move.',
      field: ['id'],
      details: { from: opportunity.status, to: target.kind, allowed: [] },
    })
  }
  const errors: UserErrorInfo[] = []
  const read = (name: 'reason' | 'lossReason' | 'actualCloseDate', typeName: string): string | null => {
    const result = normalise(fieldOf(recordType(typeName), name), move[name], viewer)
    if (!('rule' in result)) return result.ok as string | null
    errors.push(validationError([name], result.rule, result.message))
    return null
  }
  const reason = read('reason', 'OpportunityStageHistory')
  const lossReason = read('lossReason', 'Opportunity') ?? opportunity.lossReason
  const closeDate = read('actualCloseDate', 'Opportunity')
  const today = todayIn(viewer.timezone)
  if (closeDate && closeDate > today)
    errors.push(validationError(['actualCloseDate'], 'max', 'must not be in the future'))
  if (target.kind === 'LOST' && !lossReason && !errors.some(({ field }) => field?.[0] === 'lossReason')) {
    errors.push({
      code: 'LOSS_REASON_REQUIRED',
      message: 'A lost opportunity needs a loss reason.',
      field: ['lossReason'],
    })
  }
  if (errors.length > 0) return { id: null, errors }
  const now = new Date()
  const closed = target.kind !== 'OPEN'
  await prisma.opportunity.update({
    where: key,
    data: {
      stageId: target.id,
      status: target.kind,
      probability: target.probability,
      forecastCategory: target.forecastCategory,
      lastStageChangedAt: now,
      actualCloseDate: closed ? new Date(`${closeDate ?? today}T00:00:00Z`) : null,
      ...(target.kind === 'LOST' ? { lossReason } : {}),
    },
  })
  const open = await prisma.opportunityStageHistory.findFirst({
    where: { tenantId, opportunityId: id, leftAt: null, deletedAt: null },
    orderBy: [{ enteredAt: 'desc' }, { id: 'desc' }],
  })
  if (open) {
    await prisma.opportunityStageHistory.update({
      where: { tenantId_id: { tenantId, id: open.id } },
      data: { leftAt: now, durationSec: Math.max(0, Math.round((now.getTime() - open.enteredAt.getTime()) / 1000)) },
    })
  }
  await prisma.opportunityStageHistory.create({
    data: {
      opportunityId: id,
      fromStageId: opportunity.stageId,
      toStageId: target.id,
      fromProbability: opportunity.probability,
      toProbability: target.probability,
      amount: opportunity.amount,
      currency: opportunity.currency,
      closeDate: opportunity.closeDate,
      enteredAt: now,
      changedById: viewer.userId,
      reason,
    },
  })
  if (target.kind === 'WON') await markCustomers(context, [id])
  return { id, errors: [], changed: true }
}

import type { UserErrorInfo } from '../../errors.ts'
import { idOf } from '../../read/values.ts'
import { todayIn } from '../checks.ts'
import type { Written } from '../records.ts'
import type { Change, Values, WriteContext } from '../write.ts'
import { markCustomers } from './customers.ts'
import { findLossReasons } from './lossReason.ts'
import { checkWritable, type Luggage, readTexts, say, type Texts, writeFields } from './luggage.ts'
import { askForMove } from './moveApproval.ts'
import { placeIn } from './placeIn.ts'
import { missingOf } from './requirements.ts'
import { asksFirst, mayGo, mayUse, type Road, requiredFor, roadsOf, type Stage } from './road.ts'
import { allowedStates, type MoveVerb, type Status } from './states.ts'

/** A deal that is to move. */
export interface Move {
  /** As lockTargets gives it. */
  change: Change
  /** uuid. */
  toStageId: string
  luggage: Luggage
}

/** A move that may be made so far. */
interface Ready extends Move {
  from: Values
  to: Stage
  road: Road
  texts: Texts
  lossReasonId: string | null
}

/**
 * Moves deals to stages by a verb, with all that follows: history, the tasks of the stage, closing date and loss, the company’s deal status. Errors stand in
 * the changes; nothing is written for a deal with errors, and unless `partial` nothing at all when one has some.
 *
 * Errors: FIELD_FORBIDDEN, NOT_FOUND, STAGE_NOT_IN_PIPELINE, INVALID_STATE, FORBIDDEN for departments that the pipeline is not for,
 * STAGE_TRANSITION_NOT_ALLOWED, LOSS_REASON_REQUIRED, STAGE_REQUIREMENTS_MISSING, VALIDATION_FAILED, those of an update for `fields`, and of submitForApproval.
 *
 * @param stageField the argument that names the stage.
 * @returns per move what became of it; `changed` false for one that stood there already, or waits for an approval of its move.
 */
export async function moveDeals(
  context: WriteContext,
  verb: MoveVerb,
  moves: Move[],
  { stageField = 'toStageId', partial = false }: { stageField?: string; partial?: boolean } = {},
): Promise<Written[]> {
  const ready = await prepare(context, verb, moves, stageField)
  await writeFields(context, ready)
  await demand(context, ready, stageField)
  const good = ready.filter(({ change }) => change.errors.length === 0)
  const moved = new Set<Change>()
  if (partial || moves.every(({ change }) => change.errors.length === 0)) {
    const asking =
      verb === 'reopenOpportunity'
        ? []
        : good.filter(({ from, to, road }) => asksFirst(road, from.stageId as string, to))
    const going = good.filter((one) => !asking.includes(one))
    await enter(context, going)
    for (const { change } of going) moved.add(change)
    for (const one of asking) if (await ask(context, one, stageField)) moved.add(one.change)
  }
  return moves.map(({ change }) => ({
    id: change.errors.length === 0 ? change.id : null,
    errors: change.errors,
    changed: change.errors.length === 0 && moved.has(change),
  }))
}

/** The moves that have somewhere to go and may go there. Stages and their pipelines are locked: none goes before a deal stands in it. */
async function prepare(context: WriteContext, verb: MoveVerb, moves: Move[], stageField: string): Promise<Ready[]> {
  const { db, viewer } = context
  const { access } = viewer
  const wanted = moves.filter(({ change }) => change.before && change.errors.length === 0)
  for (const { change, luggage } of wanted) checkWritable(context, change, luggage, stageField)
  const stageIds = [...new Set(wanted.map(({ toStageId }) => toStageId))]
  if (stageIds.length === 0) return []
  await db.rows({
    text: 'SELECT s.id FROM stage s JOIN pipeline p ON p.tenant_id = $1 AND p.id = s.pipeline_id WHERE s.tenant_id = $1 AND s.id = ANY ($2::uuid[]) ORDER BY s.id FOR SHARE',
    values: [viewer.tenantId, stageIds],
  })
  const roads = access.may('read', 'Stage') ? await roadsOf(context, { stageIds }) : new Map<string, Road>()
  const stages = new Map([...roads.values()].flatMap((road) => road.stages.map((stage) => [stage.id, stage])))
  const reasons = await findLossReasons(
    context,
    wanted.flatMap(({ luggage }) => luggage.lossReasonId ?? []),
  )
  return wanted.flatMap((move): Ready[] => {
    const { change, toStageId, luggage } = move
    if (change.errors.length > 0) return []
    const from = change.before as Values
    const to = stages.get(toStageId)
    const problem = (error: Omit<UserErrorInfo, 'field'>, field = stageField): Ready[] => {
      say(change, { ...error, field: [field] })
      return []
    }
    if (!to) return problem({ code: 'NOT_FOUND', message: 'There is no such Stage.' })
    const road = roads.get(to.pipelineId) as Road
    if (verb !== 'changePipeline' && to.pipelineId !== from.pipelineId)
      return problem({ code: 'STAGE_NOT_IN_PIPELINE', message: 'The stage belongs to another pipeline.' })
    if (to.id === from.stageId) return []
    const status = from.status as Status
    const allowed = allowedStates(verb, status)
    if (!allowed.includes(to.kind)) {
      const message =
        allowed.length === 0 ? `Of a deal that is ${status}, this cannot be done.` : 'The stage is of another kind.'
      const field = allowed.length === 0 ? 'id' : stageField
      return problem({ code: 'INVALID_STATE', message, details: { from: status, to: to.kind, allowed } }, field)
    }
    if (!mayUse(access, road))
      return problem({
        code: 'FORBIDDEN',
        message: 'The pipeline is for other departments.',
        details: { permission: 'Opportunity.update' },
      })
    if (
      to.pipelineId === from.pipelineId &&
      verb !== 'reopenOpportunity' &&
      !mayGo(road, from.stageId as string, to, access)
    )
      return problem({
        code: 'STAGE_TRANSITION_NOT_ALLOWED',
        message: 'The pipeline does not let deals move there from their stage.',
        details: {
          from: idOf('Stage', from.stageId as string),
          to: idOf('Stage', to.id),
          allowed: road.stages
            .filter((stage) => stage.id !== from.stageId && mayGo(road, from.stageId as string, stage, access))
            .map(({ id }) => idOf('Stage', id)),
        },
      })
    const texts = readTexts(change, luggage, context)
    const lossReasonId = reasons(change, luggage)
    return [{ ...move, from, to, road, texts, lossReasonId }]
  })
}

/** LOSS_REASON_REQUIRED, and STAGE_REQUIREMENTS_MISSING for deals that lack what their stage, or the way to it, asks for. What a move itself brings counts. */
async function demand(context: WriteContext, ready: Ready[], stageField: string): Promise<void> {
  for (const { change, from, to, texts, lossReasonId } of ready) {
    const why = lossReasonId ?? texts.lossReason ?? from.lossReasonId
    const told = change.errors.some(({ field }) => field?.at(-1)?.startsWith('lossReason'))
    if (to.kind !== 'LOST' || why || told) continue
    const message = 'A lost opportunity needs a loss reason.'
    say(change, { code: 'LOSS_REASON_REQUIRED', message, field: ['lossReason'] })
  }
  const asked = ready.flatMap(({ change, from, to, road, texts, lossReasonId }) => {
    const names = requiredFor(road, from.stageId as string, to)
    const values = {
      ...from,
      lossReasonId: lossReasonId ?? from.lossReasonId,
      lossNote: texts.lossNote ?? from.lossNote,
      // The closing itself sets it.
      actualCloseDate: to.kind !== 'OPEN',
    }
    return names.length > 0 ? [{ id: change.id, values, names }] : []
  })
  if (asked.length === 0) return
  const missing = await missingOf(context, asked)
  for (const { change } of ready) {
    const fields = missing.get(change.id)
    if (fields)
      say(change, {
        code: 'STAGE_REQUIREMENTS_MISSING',
        message: `The stage asks for ${fields.join(', ')}.`,
        field: [stageField],
        details: { fields },
      })
  }
}

/** What a move leaves of what is said about a loss: it goes when the deal is won or open again. */
function lossAfter({ from, to, texts, lossReasonId }: Ready) {
  const stays = to.kind !== 'WON' && from.status === 'OPEN'
  return {
    lossReasonId: stays ? (lossReasonId ?? (from.lossReasonId as string | null)) : null,
    lossReason: texts.lossReason,
    lossNote: stays ? (texts.lossNote ?? (from.lossNote as string | null)) : null,
  }
}

/** Submits a deal for the approval of its move. @returns has it moved at once. */
async function ask(context: WriteContext, one: Ready, stageField: string): Promise<boolean> {
  const { change, to, texts } = one
  const { reason, actualCloseDate } = texts
  const done = await askForMove(context, { id: change.id, stage: to.id, reason, actualCloseDate, ...lossAfter(one) })
  if (!('errors' in done)) return done.moved
  for (const error of done.errors) say(change, { ...error, field: [stageField] })
  return false
}

/** Puts deals into their stages. */
async function enter(context: WriteContext, good: Ready[]): Promise<void> {
  const today = todayIn(context.viewer.timezone)
  await placeIn(
    context,
    good.map((one) => ({
      id: one.change.id,
      stage: one.to.id,
      was: one.from.lastStageChangedAt as string | null,
      fromStageId: one.from.stageId as string,
      fromProbability: one.from.probability as number,
      reason: one.texts.reason,
      closed: one.to.kind === 'OPEN' ? null : (one.texts.actualCloseDate ?? today),
      ...lossAfter(one),
    })),
  )
  await markCustomers(
    context,
    good.flatMap(({ change, to }) => (to.kind === 'WON' ? [change.id] : [])),
  )
}

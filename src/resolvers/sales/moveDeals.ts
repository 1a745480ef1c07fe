import type { UserErrorInfo } from '../../errors.ts'
import { type Field, fieldOf, recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { idOf } from '../../read/values.ts'
import { todayIn } from '../checks.ts'
import { normalise, validationError } from '../normalise.ts'
import { updateRecords, type Written } from '../records.ts'
import { type Change, columnsOf, type Input, type Values, type WriteContext } from '../write.ts'
import { markCustomers } from './customers.ts'
import { beginStays, endStays } from './history.ts'
import { findLossReasons, type Loss } from './lossReason.ts'
import { missingOf } from './requirements.ts'
import { mayGo, mayUse, type Road, requiredFor, roadsOf, type Stage } from './road.ts'
import { allowedStates, type MoveVerb, type Status } from './states.ts'

/** What a move brings along, as clients write it. */
export interface Luggage extends Loss {
  reason?: string | null
  actualCloseDate?: string | null
  /** Values of the deal that are written in the same step. */
  fields?: Input | null
}

/** A deal that is to move. */
export interface Move {
  /** As lockTargets gives it. */
  change: Change
  /** uuid. */
  toStageId: string
  luggage: Luggage
}

/** What the caller says besides, by the field of the deal or of its history that takes it. */
const WRITTEN = ['lossReasonId', 'lossReason', 'lossNote', 'actualCloseDate'] as const

/** A move that may be made so far. */
interface Ready extends Move {
  from: Values
  to: Stage
  road: Road
  texts: Record<'reason' | 'lossReason' | 'lossNote' | 'actualCloseDate', string | null>
  lossReasonId: string | null
}

/**
 * Moves deals to stages by a verb, with all that follows: history, the tasks of the stage, closing date and loss, the company’s deal status. Errors stand in
 * the changes; nothing is written for a deal with errors, and unless `partial` nothing at all when one has some.
 *
 * Errors: FIELD_FORBIDDEN, NOT_FOUND, STAGE_NOT_IN_PIPELINE, INVALID_STATE, FORBIDDEN for departments that the pipeline is not for,
 * STAGE_TRANSITION_NOT_ALLOWED, LOSS_REASON_REQUIRED, STAGE_REQUIREMENTS_MISSING, VALIDATION_FAILED, and those of an update for `fields`.
 *
 * @param stageField the argument that names the stage.
 * @returns per move what became of it; `changed` false for one that stood there already.
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
  if (partial || moves.every(({ change }) => change.errors.length === 0)) await enter(context, good)
  const moved = new Set(ready.map(({ change }) => change))
  return moves.map(({ change }) => ({
    id: change.errors.length === 0 ? change.id : null,
    errors: change.errors,
    changed: change.errors.length === 0 && moved.has(change),
  }))
}

/** The moves that have somewhere to go and may go there. Stages are locked: none goes before a deal stands in it. */
async function prepare(context: WriteContext, verb: MoveVerb, moves: Move[], stageField: string): Promise<Ready[]> {
  const { db, viewer } = context
  const { access } = viewer
  const wanted = moves.filter(({ change }) => change.before && change.errors.length === 0)
  for (const { change, luggage } of wanted) {
    for (const name of ['stageId', ...WRITTEN]) {
      const given = name === 'stageId' || luggage[name as keyof Luggage] != null
      if (!given || access.mayWriteField(recordType('Opportunity'), name)) continue
      const argument = name === 'stageId' ? stageField : name
      say(change, { code: 'FIELD_FORBIDDEN', message: `You may not write ${name}.`, field: [argument] })
      break
    }
  }
  const stageIds = [...new Set(wanted.map(({ toStageId }) => toStageId))]
  if (stageIds.length === 0) return []
  await db.rows({
    text: 'SELECT id FROM stage WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR SHARE',
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
    const lossReasonId = reasons.read(change, luggage)
    // Who read the list of reasons by their names goes on doing so.
    const lossReason = texts.lossReason ?? (lossReasonId ? reasons.name(lossReasonId) : null)
    return [{ ...move, from, to, road, texts: { ...texts, lossReason }, lossReasonId }]
  })
}

/** An error of a move: its field stands beside the id of the deal. */
const say = (change: Change, error: UserErrorInfo): void => {
  const beside = change.path.at(-1) === 'id' ? change.path.slice(0, -1) : change.path
  change.errors.push({ ...error, field: [...beside, ...(error.field ?? [])] })
}

function readTexts(change: Change, luggage: Luggage, { viewer }: WriteContext): Ready['texts'] {
  const read = (name: 'reason' | 'lossReason' | 'lossNote' | 'actualCloseDate'): string | null => {
    const field: Field = fieldOf(recordType(name === 'reason' ? 'OpportunityStageHistory' : 'Opportunity'), name)
    const result = normalise(field, luggage[name], viewer)
    if (!('rule' in result)) return result.ok as string | null
    say(change, validationError([name], result.rule, result.message))
    return null
  }
  const texts = {
    reason: read('reason'),
    lossReason: read('lossReason'),
    lossNote: read('lossNote'),
    actualCloseDate: read('actualCloseDate'),
  }
  if (texts.actualCloseDate && texts.actualCloseDate > todayIn(viewer.timezone))
    say(change, validationError(['actualCloseDate'], 'max', 'must not be in the future'))
  return texts
}

/** Writes the values that moves bring along, as an update does, and reads the deals again. */
async function writeFields(context: WriteContext, ready: Ready[]): Promise<void> {
  const some = ready.filter(({ change, luggage }) => luggage.fields && change.errors.length === 0)
  if (some.length === 0) return
  const type = recordType('Opportunity')
  const written = await updateRecords(
    context,
    type,
    some.map(({ change, luggage }) => ({ id: change.id, input: luggage.fields as Input })),
    { pathOf: () => ['fields'] },
  )
  written.forEach(({ errors }, index) => {
    const { change } = some[index] as Ready
    for (const error of errors) say(change, error)
  })
  const columns = [...columnsOf(type).values()].map(({ name, column, pgType }) => {
    const exact = pgType === 'bigint' || pgType === 'numeric' ? '::text' : ''
    return `t.${ident(column)}${exact} AS ${ident(name)}`
  })
  const rows = await context.db.rows<{ id: string; record: Values }>({
    text: `SELECT t.id, (SELECT row_to_json(x) FROM (SELECT ${columns.join(', ')}) x) AS record FROM opportunity t WHERE t.tenant_id = $1 AND t.id = ANY ($2::uuid[])`,
    values: [context.viewer.tenantId, some.map(({ change }) => change.id)],
  })
  for (const one of some) one.from = rows.find(({ id }) => id === one.change.id)?.record ?? one.from
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

/** Puts deals into their stages. */
async function enter(context: WriteContext, good: Ready[]): Promise<void> {
  await placeIn(
    context,
    good.map(({ change, from, to, texts, lossReasonId }) => {
      const lost = to.kind === 'LOST' || to.kind === 'INVALID'
      // What is said about a loss goes when the deal is won or open again.
      const stays = to.kind !== 'WON' && from.status === 'OPEN'
      return {
        id: change.id,
        stage: to.id,
        was: from.lastStageChangedAt as string | null,
        fromStageId: from.stageId as string,
        fromProbability: from.probability as number,
        reason: texts.reason,
        closed: to.kind === 'OPEN' ? null : (texts.actualCloseDate ?? todayIn(context.viewer.timezone)),
        lossReasonId: stays ? (lossReasonId ?? (from.lossReasonId as string | null)) : null,
        lossReason: lost ? texts.lossReason : null,
        lossNote: stays ? (texts.lossNote ?? (from.lossNote as string | null)) : null,
      }
    }),
  )
  await markCustomers(
    context,
    good.flatMap(({ change, to }) => (to.kind === 'WON' ? [change.id] : [])),
  )
}

/** A deal on its way into a stage; all uuids. */
export interface Placing {
  id: string
  stage: string
  /** When it came into the stage where it stands. */
  was: string | null
  fromStageId: string
  fromProbability: number
  reason: string | null
  /** Day of closing, and why it was lost: null for an open stage. */
  closed: string | null
  lossReasonId: string | null
  lossReason: string | null
  lossNote: string | null
}

/** Puts locked deals into locked stages, which decide over pipeline, status, probability and forecast category, and writes their history. */
export async function placeIn(context: WriteContext, placings: Placing[]): Promise<void> {
  if (placings.length === 0) return
  const now = new Date().toISOString()
  // Clocks of two processes differ: no stay ends before it begins.
  const rows = placings.map((one) => ({
    ...one,
    at: one.was && Date.parse(one.was) > Date.parse(now) ? one.was : now,
  }))
  await context.db.rows({
    text: `UPDATE opportunity o SET pipeline_id = s.pipeline_id, stage_id = s.id, status = s.kind, probability = s.probability, forecast_category = s.forecast_category,
 rotten_days = s.rotten_days, last_stage_changed_at = x.at, actual_close_date = x.closed, loss_reason_id = x."lossReasonId", loss_reason = x."lossReason", loss_note = x."lossNote"
 FROM json_to_recordset($2::json) AS x(id uuid, stage uuid, at timestamptz, closed date, "lossReasonId" uuid, "lossReason" text, "lossNote" text)
 JOIN stage s ON s.tenant_id = $1 AND s.id = x.stage
 WHERE o.tenant_id = $1 AND o.id = x.id`,
    values: [context.viewer.tenantId, JSON.stringify(rows)],
  })
  await endStays(context, rows)
  await beginStays(context, placings)
}

import { approvalSubject, submitCreated } from '../approval/subject.ts'
import { changedFields, differs, refuse, refuseAs, todayIn } from '../checks.ts'
import { numbered } from '../platform/numbers.ts'
import { after, type Change, type Rules, type WriteContext } from '../write.ts'
import { markCustomers } from './customers.ts'
import { beginStays } from './history.ts'
import { opportunitySubject } from './moveApproval.ts'
import { missingOf } from './requirements.ts'
import { mayUse } from './road.ts'
import { fixedProbability } from './stage.ts'

const numbers = numbered('OPPORTUNITY')

interface StageRow {
  id: string
  pipelineId: string
  kind: string
  probability: number
  forecastCategory: string
  rottenDays: number | null
  requiredFields: string[]
  isDefault: boolean
  departmentIds: string[]
}

approvalSubject(opportunitySubject)

/** What of a closed opportunity may still be written; of a lost one also the note about that. */
const NOTES = ['description', 'nextStep', 'nextFollowUpAt']
const LOST = ['LOST', 'INVALID']

/**
 * Rules of opportunities. A new one finds its place in a pipeline (STAGE_NOT_IN_PIPELINE), takes status, probability and forecast category from its stage,
 * and its history begins; FORBIDDEN in a pipeline of other departments, STAGE_REQUIREMENTS_MISSING for fields that the stage asks for. A closed one keeps all but notes (INVALID_STATE); with lines, amount (AMOUNT_DERIVED_FROM_LINES) and currency
 * (CURRENCY_MISMATCH) stay.
 */
export const opportunityRules: Rules = {
  async write(changes, context) {
    await numbers(changes, context)
    await placeNew(
      changes.filter(({ before }) => !before),
      context,
    )
    await guard(
      changes.filter(({ before }) => before),
      context,
    )
  },
  async done(changes, context) {
    const made = changes.filter(({ before }) => !before)
    await beginStays(
      context,
      made.map(({ id }) => ({ id })),
    )
    await markCustomers(
      context,
      made.filter(({ values }) => values.status === 'WON').map(({ id }) => id),
    )
    await submitCreated(context, 'Opportunity', made)
  },
}

async function placeNew(changes: Change[], context: WriteContext): Promise<void> {
  const { db, viewer } = context
  if (changes.length === 0) return
  const wanted = (name: string) => [...new Set(changes.flatMap(({ values }) => (values[name] as string | null) ?? []))]
  const homeless = changes.some(({ values }) => !values.stageId && !values.pipelineId)
  // Neither a stage nor its pipeline may go before the opportunity stands in them.
  const stages = await db.rows<StageRow>({
    text: `SELECT s.id, s.pipeline_id AS "pipelineId", s.kind, s.probability, s.forecast_category AS "forecastCategory", s.rotten_days AS "rottenDays",
 s.required_fields AS "requiredFields", p.is_default AS "isDefault", p.department_ids AS "departmentIds"
 FROM stage s JOIN pipeline p ON p.tenant_id = $1 AND p.id = s.pipeline_id AND p.deleted_at IS NULL
 WHERE s.tenant_id = $1 AND s.deleted_at IS NULL AND (s.id = ANY ($2::uuid[]) OR s.pipeline_id = ANY ($3::uuid[]) OR ($4 AND p.is_default))
 ORDER BY s.sort, s.id FOR SHARE`,
    values: [viewer.tenantId, wanted('stageId'), wanted('pipelineId'), homeless],
  })
  const byId = new Map(stages.map((stage) => [stage.id, stage]))
  const now = new Date().toISOString()
  const today = todayIn(viewer.timezone)
  for (const change of changes) {
    const { values } = change
    const stage = values.stageId
      ? byId.get(values.stageId as string)
      : stages.find(
          ({ kind, pipelineId, isDefault }) =>
            kind === 'OPEN' && (values.pipelineId ? pipelineId === values.pipelineId : isDefault),
        )
    if (!stage) {
      if (values.stageId) refuseAs(change, 'NOT_FOUND', 'stageId', 'stageId names no record.')
      else if (values.pipelineId) refuse(change, 'stageId', 'required', 'is required: the pipeline has no open stage')
      else refuse(change, 'pipelineId', 'required', 'is required: there is no default pipeline with an open stage')
      continue
    }
    if (values.pipelineId && values.pipelineId !== stage.pipelineId) {
      refuseAs(change, 'STAGE_NOT_IN_PIPELINE', 'stageId', 'The stage belongs to another pipeline.')
      continue
    }
    if (!mayUse(viewer.access, stage)) {
      refuseAs(change, 'FORBIDDEN', 'pipelineId', 'The pipeline is for other departments.', {
        permission: 'Opportunity.create',
      })
      continue
    }
    Object.assign(values, {
      pipelineId: stage.pipelineId,
      stageId: stage.id,
      status: stage.kind,
      forecastCategory: stage.forecastCategory,
      rottenDays: stage.rottenDays,
      lastStageChangedAt: now,
    })
    settleEnd(change, stage, today)
  }
  await demand(changes, byId, context)
}

/** STAGE_REQUIREMENTS_MISSING for new opportunities. Lists of theirs are written after them and not asked for. */
async function demand(changes: Change[], stages: Map<string, StageRow>, context: WriteContext): Promise<void> {
  const asked = changes.flatMap(({ id, values, errors }) => {
    const names = stages.get(values.stageId as string)?.requiredFields ?? []
    return names.length > 0 && errors.length === 0 ? [{ id, values, names }] : []
  })
  if (asked.length === 0) return
  const missing = await missingOf(context, asked, { lists: false })
  for (const change of changes) {
    const fields = missing.get(change.id)
    if (fields)
      refuseAs(change, 'STAGE_REQUIREMENTS_MISSING', 'stageId', `The stage asks for ${fields.join(', ')}.`, { fields })
  }
}

/** Probability, closing date and loss reason of a new opportunity, by the kind of its stage. */
function settleEnd(change: Change, { kind, probability }: StageRow, today: string): void {
  const { values } = change
  const fixed = fixedProbability(kind)
  if (fixed !== null && values.probability !== null && values.probability !== fixed) {
    refuse(change, 'probability', 'kind', `must be ${fixed} in a stage of kind ${kind}`)
  }
  values.probability = fixed ?? values.probability ?? probability
  if (kind === 'OPEN') {
    if (values.actualCloseDate) refuse(change, 'actualCloseDate', 'closed', 'belongs to closed opportunities')
  } else {
    values.actualCloseDate ??= today
    if ((values.actualCloseDate as string) > today)
      refuse(change, 'actualCloseDate', 'max', 'must not be in the future')
  }
  if (values.lossReason && !LOST.includes(kind)) refuse(change, 'lossReason', 'lost', 'belongs to lost opportunities')
}

async function guard(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  for (const change of changes) {
    const { status } = change.before as { status: string }
    if (status === 'OPEN') continue
    const notes = LOST.includes(status) ? [...NOTES, 'lossNote'] : NOTES
    const field = changedFields('Opportunity', change).find((name) => !notes.includes(name))
    if (field)
      refuseAs(change, 'INVALID_STATE', field, 'Of a closed opportunity only notes can be changed.', {
        from: status,
        allowed: notes,
      })
  }
  // A cleared probability is the stage's again.
  const cleared = changes.filter(
    ({ values, errors }) => errors.length === 0 && Object.hasOwn(values, 'probability') && values.probability === null,
  )
  if (cleared.length > 0) {
    const stages = await db.rows<{ id: string; probability: number }>({
      text: 'SELECT id, probability FROM stage WHERE tenant_id = $1 AND id = ANY ($2::uuid[])',
      values: [viewer.tenantId, cleared.map((change) => after(change, 'stageId'))],
    })
    const probabilities = new Map(stages.map(({ id, probability }) => [id, probability]))
    for (const change of cleared) change.values.probability = probabilities.get(after(change, 'stageId') as string) ?? 0
  }
  const priced = changes.filter(
    (change) => differs('Opportunity', change, 'amount') || differs('Opportunity', change, 'currency'),
  )
  if (priced.length === 0) return
  const rows = await db.rows<{ id: string }>({
    text: 'SELECT DISTINCT opportunity_id AS id FROM opportunity_line WHERE tenant_id = $1 AND deleted_at IS NULL AND opportunity_id = ANY ($2::uuid[])',
    values: [viewer.tenantId, priced.map(({ id }) => id)],
  })
  const lined = new Set(rows.map(({ id }) => id))
  for (const change of priced) {
    if (!lined.has(change.id)) continue
    if (differs('Opportunity', change, 'amount'))
      refuseAs(change, 'AMOUNT_DERIVED_FROM_LINES', 'amount', 'The amount is the sum of the lines.')
    if (differs('Opportunity', change, 'currency')) {
      refuseAs(change, 'CURRENCY_MISMATCH', 'currency', 'The lines are in another currency.', {
        currency: change.before?.currency,
      })
    }
  }
}

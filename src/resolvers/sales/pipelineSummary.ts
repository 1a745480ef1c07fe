import type { GraphQLResolveInfo } from 'graphql'
import type { Context, Viewer } from '../../context.ts'
import type { Emitter } from '../../read/emit.ts'
import { compileFilter } from '../../read/filter.ts'
import { finishRow, type Money, type Row } from '../../read/finish.ts'
import { isSelected, selectionOf } from '../../read/plan.ts'
import { callerOf, emitterFor } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { todayIn } from '../checks.ts'
import { amountInBase, type Exact, moneyIn, rateFound, rateSql, twoDecimals, weightedInBase } from './forecast/base.ts'

/** Deals in figures. */
export interface DealTotals {
  count: number
  /** Null where the viewer may not see amounts. */
  amount: Money | null
  weighted: Money | null
}

/** A stage with its deals in figures. */
export interface StageTotals extends DealTotals {
  /** The stage as a finished row. */
  stage: Row
  averageDays: string | null
  /** Deals that nobody has touched for longer than the stage allows; only counted when it is asked for. */
  rotten: number
}

/** A pipeline in figures. */
export interface PipelineSummary {
  stages: StageTotals[]
  total: DealTotals
  open: DealTotals
}

/** What deals of one stage and currency come to, as SQL gives it: sums as text. */
const SUMS = ['count', 'amount', 'weighted', 'entered', 'rotten'] as const

/** Milliseconds of a hundredth of a day. */
const HUNDREDTH = 864_000n

/**
 * The deals of a pipeline by stage, over what the viewer sees: one statement. Without a filter it adds up the sums that triggers keep (decision 0026), where the owner alone decides
 * what the viewer sees; otherwise the deals themselves.
 *
 * @returns null when there is no such pipeline.
 * @throws CURRENCY_RATE_MISSING, FIELD_FORBIDDEN, BAD_USER_INPUT for a filter that is none.
 */
export async function pipelineSummary(
  context: Context,
  viewer: Viewer,
  info: GraphQLResolveInfo,
  { pipelineId, where }: { pipelineId: string; where?: Record<string, unknown> | null },
): Promise<PipelineSummary | null> {
  const [opportunity, stage] = [recordType('Opportunity'), recordType('Stage')]
  for (const field of ['pipelineId', 'stageId']) viewer.access.requireField(opportunity, field, ['pipelineSummary'])
  const emitter = emitterFor(context, viewer, info)
  const { params } = emitter
  const pipeline = params.add(uuidOf('Pipeline', pipelineId) ?? NO_ID, 'uuid')
  const today = todayIn(viewer.timezone)
  const kept = !where && !isSelected(info, ['stages', 'rottenCount']) && viewer.access.byOwner(opportunity)
  const sums = kept ? keptSums(viewer, emitter, pipeline) : plainSums(emitter, pipeline, where ?? {})
  const { items, shape } = emitter.row(selectionOf(info, stage, ['stages', 'stage'])!, 's', true)
  const rate = rateSql(emitter, 'x.currency', params.add(today, 'date'), params.add(viewer.baseCurrency, 'text'))
  const rows = await context.tenancy.readTexts(callerOf(viewer), {
    text: `SELECT s.id, s.kind, (SELECT row_to_json(y) FROM (SELECT ${items.join(', ') || '1 AS "~"'}) y), x.currency, ${rate}, ${SUMS.map((name) => `x.${name}`).join(', ')}
 FROM pipeline p LEFT JOIN stage s ON ${emitter.visible(stage, 's')} AND s.pipeline_id = p.id LEFT JOIN (${sums}) x ON x.stage_id = s.id
 WHERE ${emitter.visible(recordType('Pipeline'), 'p')} AND p.id = ${pipeline} ORDER BY s.sort, s.id, x.currency`,
    values: params.values,
  })
  if (rows.length === 0) return null
  const shown = (field: string) => !viewer.access.hides(opportunity, field)
  const figures = () => new Figures(viewer.baseCurrency, today, shown('amount'), shown('expectedRevenue'))
  const [total, open] = [figures(), figures()]
  const stages: { id: string; kind: string; row: Row; own: Figures }[] = []
  for (const [id, kind, row, currency, rate, ...found] of rows) {
    // A pipeline without stages.
    if (!id) continue
    let last = stages.at(-1)
    if (last?.id !== id) {
      last = { id, kind: kind as string, row: finishRow(JSON.parse(row as string), shape), own: figures() }
      stages.push(last)
    }
    if (!currency) continue
    for (const one of [last.own, total, ...(kind === 'OPEN' ? [open] : [])])
      one.add(currency, rate ?? null, found as string[])
  }
  return {
    stages: stages.map(({ kind, row, own }) => ({
      ...own.totals(),
      stage: row,
      averageDays: kind === 'OPEN' ? own.averageDays() : null,
      rotten: own.rotten,
    })),
    total: total.totals(),
    open: open.totals(),
  }
}

/** Sums of what triggers keep; the viewer's predicate holds on them as on the deals, by owner. */
function keptSums({ access }: Viewer, emitter: Emitter, pipeline: string): string {
  const scope = access.predicate(recordType('Opportunity'), 't', emitter)
  return `SELECT t.stage_id, t.currency, sum(t.deals) AS count, sum(t.amount) AS amount, sum(t.weighted) AS weighted, sum(t.entered) AS entered, 0 AS rotten
 FROM pipeline_total t WHERE t.tenant_id = $1 AND t.pipeline_id = ${pipeline}${scope ? ` AND ${scope}` : ''} GROUP BY 1, 2 HAVING sum(t.deals) > 0`
}

function plainSums(emitter: Emitter, pipeline: string, where: Record<string, unknown>): string {
  const type = recordType('Opportunity')
  const untouched = 'greatest(o.last_activity_at, coalesce(o.last_stage_changed_at, o.created_at))'
  return `SELECT o.stage_id, o.currency, count(*) AS count, coalesce(sum(o.amount), 0) AS amount, coalesce(sum(o.amount::numeric * o.probability), 0) AS weighted,
 sum(atrium.entered_ms(o.last_stage_changed_at, o.created_at)) AS entered, count(*) FILTER (WHERE o.status = 'OPEN' AND ${untouched} < now() - make_interval(days => g.rotten_days)) AS rotten
 FROM opportunity o JOIN stage g ON g.tenant_id = $1 AND g.id = o.stage_id WHERE ${emitter.visible(type, 'o')} AND o.pipeline_id = ${pipeline} AND ${compileFilter(type, 'o', where, emitter)} GROUP BY 1, 2`
}

/** Adds up what deals of several currencies come to. */
class Figures {
  rotten = 0
  private count = 0
  private amount: Exact = 0n
  private weighted: Exact = 0n
  private entered = 0n
  private readonly base: string
  private readonly today: string
  private readonly showsAmount: boolean
  private readonly showsWeighted: boolean

  constructor(base: string, today: string, showsAmount: boolean, showsWeighted: boolean) {
    this.base = base
    this.today = today
    this.showsAmount = showsAmount
    this.showsWeighted = showsWeighted
  }

  add(currency: string, rate: string | null, sums: string[]): void {
    const [count, amount, weighted, entered, rotten] = sums as [string, string, string, string, string]
    this.count += Number(count)
    this.entered += BigInt(entered)
    this.rotten += Number(rotten)
    // Deals without an amount ask for no rate.
    if (amount === '0' || !(this.showsAmount || this.showsWeighted)) return
    const known = rateFound(rate, currency, this.today)
    this.amount += amountInBase(amount, known)
    this.weighted += weightedInBase(weighted, known)
  }

  totals(): DealTotals {
    return {
      count: this.count,
      amount: this.showsAmount ? moneyIn(this.base, this.amount) : null,
      weighted: this.showsWeighted ? moneyIn(this.base, this.weighted) : null,
    }
  }

  averageDays(): string | null {
    const count = BigInt(this.count)
    return count === 0n ? null : twoDecimals((count * BigInt(Date.now()) - this.entered) / HUNDREDTH, count)
  }
}

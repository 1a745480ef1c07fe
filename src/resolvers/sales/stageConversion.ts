import type { GraphQLResolveInfo } from 'graphql'
import type { Context, Viewer } from '../../context.ts'
import { finishRow, type Row } from '../../read/finish.ts'
import { selectionOf } from '../../read/plan.ts'
import { callerOf, emitterFor } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { perCent } from './forecast/base.ts'
import { requireDay } from './forecast/period.ts'

/** What became of the deals that came into a stage. */
export interface StageConversion {
  /** The stage as a finished row. */
  stage: Row
  entered: number
  advanced: number
  won: number
  lost: number
  advanceRate: string | null
  winRate: string | null
  /** Days, two decimals; null where no stay is over. */
  averageDays: string | null
  medianDays: string | null
}

/**
 * How deals move through the stages of a pipeline, in one statement: those that came into each stage between two days, and what became of them by now. Over the deals that the viewer sees.
 *
 * @returns null when there is no such pipeline.
 * @throws FIELD_FORBIDDEN, BAD_USER_INPUT for a day that is none.
 */
export async function stageConversion(
  context: Context,
  viewer: Viewer,
  info: GraphQLResolveInfo,
  { pipelineId, from, to }: { pipelineId: string; from: string; to: string },
): Promise<StageConversion[] | null> {
  requireDay(from, ['from'])
  requireDay(to, ['to'])
  const stage = recordType('Stage')
  for (const [name, field] of [
    ['Opportunity', 'status'],
    ['OpportunityStageHistory', 'toStageId'],
    ['OpportunityStageHistory', 'enteredAt'],
    ['OpportunityStageHistory', 'durationSec'],
  ] as const)
    viewer.access.requireField(recordType(name), field, ['stageConversion'])
  const emitter = emitterFor(context, viewer, info)
  const { params } = emitter
  const pipeline = params.add(uuidOf('Pipeline', pipelineId) ?? NO_ID, 'uuid')
  const zone = params.add(viewer.timezone, 'text')
  const moment = (day: string) => `(${day}::timestamp AT TIME ZONE ${zone})`
  const [first, last] = [params.add(from, 'date'), params.add(to, 'date')]
  const { items, shape } = emitter.row(selectionOf(info, stage, ['stage'])!, 's', true)
  // Onwards is into a later stage of the pipeline that is no lost one.
  const advanced = `EXISTS (SELECT 1 FROM opportunity_stage_history n JOIN stage g ON g.tenant_id = $1 AND g.id = n.to_stage_id
  WHERE n.tenant_id = $1 AND n.opportunity_id = h.opportunity_id AND n.from_stage_id = h.to_stage_id AND n.entered_at >= h.entered_at AND n.deleted_at IS NULL
  AND g.pipeline_id = ${pipeline} AND g.kind IN ('OPEN', 'WON') AND (g.sort, g.id) > (b.sort, b.id) OFFSET 0)`
  const days = (seconds: string) => `round((${seconds} / 86400)::numeric, 2)`
  const rows = await context.tenancy.readTexts(callerOf(viewer), {
    text: `WITH stay AS MATERIALIZED (
 SELECT h.to_stage_id AS stage_id, h.opportunity_id, h.duration_sec, o.status, ${advanced} AS advanced
 FROM opportunity_stage_history h JOIN stage b ON b.tenant_id = $1 AND b.id = h.to_stage_id AND b.pipeline_id = ${pipeline}
 JOIN opportunity o ON ${emitter.visible(recordType('Opportunity'), 'o')} AND o.id = h.opportunity_id
 WHERE h.tenant_id = $1 AND h.deleted_at IS NULL AND h.entered_at >= ${moment(first)} AND h.entered_at < ${moment(`(${last} + 1)`)}
), x AS (
 SELECT y.stage_id, count(DISTINCT y.opportunity_id) AS entered, count(DISTINCT y.opportunity_id) FILTER (WHERE y.advanced) AS advanced,
  count(DISTINCT y.opportunity_id) FILTER (WHERE y.status = 'WON') AS won, count(DISTINCT y.opportunity_id) FILTER (WHERE y.status = 'LOST') AS lost,
  ${days('avg(y.duration_sec)')} AS average, ${days('percentile_cont(0.5) WITHIN GROUP (ORDER BY y.duration_sec)')} AS median FROM stay y GROUP BY 1
) SELECT s.id, (SELECT row_to_json(z) FROM (SELECT ${items.join(', ') || '1 AS "~"'}) z), coalesce(x.entered, 0), coalesce(x.advanced, 0), coalesce(x.won, 0), coalesce(x.lost, 0), x.average, x.median
 FROM pipeline p LEFT JOIN stage s ON ${emitter.visible(stage, 's')} AND s.pipeline_id = p.id LEFT JOIN x ON x.stage_id = s.id
 WHERE ${emitter.visible(recordType('Pipeline'), 'p')} AND p.id = ${pipeline} ORDER BY s.sort, s.id`,
    values: params.values,
  })
  if (rows.length === 0) return null
  return rows.flatMap(([id, row, ...figures]): StageConversion[] => {
    // A pipeline without stages.
    if (!id) return []
    const [entered, moved, won, lost] = figures.map(Number) as [number, number, number, number]
    const rate = (some: number) => perCent(BigInt(some), BigInt(entered))
    return [
      {
        stage: finishRow(JSON.parse(row as string), shape),
        entered,
        advanced: moved,
        won,
        lost,
        advanceRate: rate(moved),
        winRate: rate(won),
        averageDays: figures[4] ?? null,
        medianDays: figures[5] ?? null,
      },
    ]
  })
}

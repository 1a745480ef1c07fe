import type { WriteContext } from '../write.ts'
import { beginStays, endStays } from './history.ts'

/** A deal on its way into a stage; all uuids. */
export interface Placing {
  id: string
  stage: string
  /** When it came into the stage where it stands. */
  was: string | null
  fromStageId: string
  fromProbability: number
  reason: string | null
  /** Day of closing; null for an open stage. */
  closed: string | null
  lossReasonId: string | null
  lossReason: string | null
  lossNote: string | null
}

/**
 * Puts locked deals into locked stages, which decide over pipeline, status, probability and forecast category, and writes their history. Who reads why
 * a deal was lost in words finds the name of the reason there.
 */
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
 rotten_days = s.rotten_days, last_stage_changed_at = x.at, actual_close_date = x.closed, loss_reason_id = x."lossReasonId", loss_note = x."lossNote",
 loss_reason = CASE WHEN s.kind IN ('LOST', 'INVALID') THEN coalesce(x."lossReason", r.name) END
 FROM json_to_recordset($2::json) AS x(id uuid, stage uuid, at timestamptz, closed date, "lossReasonId" uuid, "lossReason" text, "lossNote" text)
 JOIN stage s ON s.tenant_id = $1 AND s.id = x.stage
 LEFT JOIN loss_reason r ON r.tenant_id = $1 AND r.id = x."lossReasonId"
 WHERE o.tenant_id = $1 AND o.id = x.id`,
    values: [context.viewer.tenantId, JSON.stringify(rows)],
  })
  await endStays(context, rows)
  await beginStays(context, placings)
}

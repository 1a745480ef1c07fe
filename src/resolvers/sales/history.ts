import type { WriteContext } from '../write.ts'
import { type Entered, giveEntryTasks } from './entryTasks.ts'

/** A stay that begins: the deal (uuid), where it came from, and why. Nothing of the last three for a new deal. */
export interface Stay {
  id: string
  fromStageId?: string | null
  fromProbability?: number | null
  reason?: string | null
}

/**
 * Writes into the history that deals have come into the stage where they now stand, with what they are worth, and gives them the tasks of that stage. The
 * stay before, if any, must have been ended: endStays.
 */
export async function beginStays(context: WriteContext, stays: Stay[]): Promise<void> {
  if (stays.length === 0) return
  const { db, viewer } = context
  const entered = await db.rows<Entered>({
    text: `WITH made AS (
 INSERT INTO opportunity_stage_history (tenant_id, opportunity_id, from_stage_id, to_stage_id, from_probability, to_probability, amount, currency, close_date, entered_at, changed_by_id, reason)
 SELECT o.tenant_id, o.id, x."fromStageId", o.stage_id, x."fromProbability", o.probability, o.amount, o.currency, o.close_date, coalesce(o.last_stage_changed_at, now()), atrium.actor_id(), x.reason
 FROM json_to_recordset($2::json) AS x(id uuid, "fromStageId" uuid, "fromProbability" integer, reason text)
 JOIN opportunity o ON o.tenant_id = $1 AND o.id = x.id
 RETURNING opportunity_id, to_stage_id
) SELECT made.opportunity_id AS id, o.owner_id AS "ownerId", s.entry_tasks AS tasks FROM made
 JOIN stage s ON s.tenant_id = $1 AND s.id = made.to_stage_id AND s.entry_tasks <> '[]'
 JOIN opportunity o ON o.tenant_id = $1 AND o.id = made.opportunity_id`,
    values: [viewer.tenantId, JSON.stringify(stays)],
  })
  await giveEntryTasks(context, entered)
}

/** Ends the stays in which deals (uuids) stand, each at its moment. */
export async function endStays({ db, viewer }: WriteContext, ends: { id: string; at: string }[]): Promise<void> {
  await db.rows({
    text: `UPDATE opportunity_stage_history h SET left_at = x.at, duration_sec = round(extract(epoch FROM x.at - h.entered_at))::integer
 FROM json_to_recordset($2::json) AS x(id uuid, at timestamptz)
 WHERE h.tenant_id = $1 AND h.opportunity_id = x.id AND h.left_at IS NULL AND h.deleted_at IS NULL`,
    values: [viewer.tenantId, JSON.stringify(ends)],
  })
}

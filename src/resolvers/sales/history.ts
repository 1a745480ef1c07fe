import type { WriteContext } from '../write.ts'

/** Begins the stage history of opportunities, given by uuid, that have none: the stay in the stage in which they were made. */
export async function openHistory({ db, viewer }: WriteContext, opportunityIds: string[]): Promise<void> {
  if (opportunityIds.length === 0) return
  await db.rows({
    text: `INSERT INTO opportunity_stage_history (tenant_id, opportunity_id, to_stage_id, to_probability, amount, currency, close_date, entered_at, changed_by_id)
 SELECT o.tenant_id, o.id, o.stage_id, o.probability, o.amount, o.currency, o.close_date, coalesce(o.last_stage_changed_at, now()), atrium.actor_id()
 FROM opportunity o WHERE o.tenant_id = $1 AND o.id = ANY ($2::uuid[])
 AND NOT EXISTS (SELECT 1 FROM opportunity_stage_history h WHERE h.tenant_id = $1 AND h.opportunity_id = o.id)`,
    values: [viewer.tenantId, opportunityIds],
  })
}

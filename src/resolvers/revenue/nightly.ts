import { todayIn } from '../checks.ts'
import type { WriteContext } from '../write.ts'
import { autoRenew } from './autoRenew.ts'
import { revenueSettings } from './settings.ts'

/** Records of one step. */
const BATCH = 200
/** The reminders' own mark among tasks: which record and which day they are about. */
const SOURCE = 'atrium:revenue'

/**
 * Does some of what is due by the day, in the company's time zone: contracts whose last day is over expire, plans whose day is over are overdue, and the owners of contracts
 * are reminded, by a task made once, of contracts that end and of plans that are due soon; contracts that go on by themselves are renewed (autoRenew.ts). How many of each; nothing is left when all are 0.
 */
export async function revenueNightly(
  context: WriteContext,
  now: Date,
): Promise<Record<'EXPIRED' | 'OVERDUE' | 'REMINDED' | 'RENEWED', number>> {
  const { db, viewer } = context
  const { tenantId } = viewer
  const today = todayIn(viewer.timezone, now)
  const expired = await db.rows({
    text: `UPDATE contract SET status = 'EXPIRED' WHERE tenant_id = $1 AND id IN (SELECT id FROM contract
 WHERE tenant_id = $1 AND status = 'APPROVED' AND end_date < $2 AND deleted_at IS NULL ORDER BY id LIMIT ${BATCH} FOR NO KEY UPDATE SKIP LOCKED) RETURNING id`,
    values: [tenantId, today],
  })
  const overdue = await db.rows({
    text: `UPDATE receipt_plan SET status = 'OVERDUE' WHERE tenant_id = $1 AND id IN (SELECT id FROM receipt_plan
 WHERE tenant_id = $1 AND status IN ('PENDING', 'PARTIAL') AND due_date < $2 AND deleted_at IS NULL ORDER BY id LIMIT ${BATCH} FOR NO KEY UPDATE SKIP LOCKED) RETURNING id`,
    values: [tenantId, today],
  })
  const { contractReminderDays } = await revenueSettings(db, tenantId)
  const ending = await remind(
    context,
    `SELECT c.id AS contract_id, c.owner_id, c.end_date AS day, c.id || ':end:' || c.end_date AS key, c.name || ' (' || c.number || ')' AS name, 'END' AS kind
 FROM contract c WHERE c.tenant_id = $1 AND c.status = 'APPROVED' AND c.end_date BETWEEN $2::date AND $2::date + greatest($3::integer, coalesce(c.renewal_notice_days, 0)) AND $3 > 0 AND c.deleted_at IS NULL`,
    [today, contractReminderDays],
  )
  const due = await remind(
    context,
    `SELECT c.id AS contract_id, c.owner_id, p.due_date AS day, p.id || ':due:' || p.due_date AS key, c.name || ' (' || c.number || ') #' || p.sequence AS name, 'DUE' AS kind
 FROM receipt_plan p JOIN contract c ON c.tenant_id = $1 AND c.id = p.contract_id AND c.deleted_at IS NULL
 WHERE p.tenant_id = $1 AND p.status IN ('PENDING', 'PARTIAL') AND p.due_date BETWEEN $2::date AND $2::date + p.remind_days_before AND p.deleted_at IS NULL AND $3::integer IS NOT NULL`,
    [today, contractReminderDays],
  )
  const renewed = await autoRenew(context, today)
  return { EXPIRED: expired.length, OVERDUE: overdue.length, REMINDED: ending + due, RENEWED: renewed }
}

/** Makes the tasks of reminders that were not made before, also when their task was deleted since, each for the contract's owner and linked to the contract. */
async function remind({ db, viewer }: WriteContext, soon: string, values: unknown[]): Promise<number> {
  const [row] = await db.rows<{ count: number }>({
    text: `WITH soon AS (SELECT s.*, atrium.uuid7() AS id, coalesce(u.locale, t.locale) AS locale FROM (${soon}) s JOIN tenant t ON t.id = $1
  JOIN app_user u ON u.tenant_id = $1 AND u.id = s.owner_id AND u.status = 'ACTIVE' AND u.deleted_at IS NULL
  WHERE NOT EXISTS (SELECT 1 FROM task k WHERE k.tenant_id = $1 AND k.external_source = '${SOURCE}' AND k.external_id = s.key) ORDER BY s.key LIMIT ${BATCH}),
 made AS (INSERT INTO task (tenant_id, id, title, due_at, priority, assignee_id, external_source, external_id)
  SELECT $1::uuid, id, left(CASE WHEN locale LIKE 'zh%' THEN name || CASE kind WHEN 'END' THEN ' 合同到期日 ' ELSE ' 应回款日 ' END || day
   ELSE name || CASE kind WHEN 'END' THEN ' ends on ' ELSE ' is to be paid by ' END || day END, 255), day::timestamptz, 'HIGH', owner_id, '${SOURCE}', key FROM soon
  ON CONFLICT DO NOTHING RETURNING id),
 linked AS (INSERT INTO task_link (tenant_id, task_id, object_type, record_id) SELECT $1::uuid, made.id, 'Contract', soon.contract_id FROM made JOIN soon ON soon.id = made.id RETURNING id)
 SELECT count(*)::integer AS count FROM linked`,
    values: [viewer.tenantId, ...values],
  })
  return row?.count ?? 0
}

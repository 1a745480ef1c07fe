import { NO_ID } from '../read/values.ts'
import { finish } from '../resolvers/approval/advance.ts'
import { lockInstance } from '../resolvers/approval/instance.ts'
import { awayAt, dueAfter, instead, nextApprover } from '../resolvers/identity/approver.ts'
import { jobViewer } from '../resolvers/identity/createTenant.ts'
import { withdraw } from '../resolvers/identity/permissionGrant.ts'
import { type Event, tell } from '../resolvers/identity/permissionMail.ts'
import type { WriteContext } from '../resolvers/write.ts'
import type { Tenancy, Writer } from '../tenancy/tenancy.ts'

/** The work's own name as a caller; stands in its changes. */
const ACTOR = 'job:access'
/** Requests of one transaction. Then the next company has its turn. */
const BATCH = 100
/** Times that a request is passed on before it expires. */
const ESCALATIONS = 2
/** What PostgreSQL calls a deadlock and a serialization failure. */
const RETRIED = ['40P01', '40001']

/** A request about which something is to be done. */
interface Due {
  id: string
  applicantId: string
  approverId: string | null
  onBehalfOfId: string | null
  escalations: number
  status: 'PENDING' | 'APPROVED'
  /** The applicant works here no longer. */
  left: boolean
  /** The time that was asked for is over. */
  late: boolean
  overdue: boolean
  grantedUserRoleId: string | null
  grantedShareId: string | null
  /** The approval that it waits for. */
  instanceId: string | null
}

// $2: now, $3: the last request of the batch before. An approver who is not there gives way when there is somebody to give way to.
const DUE = `SELECT p.id, p.applicant_id AS "applicantId", p.approver_id AS "approverId", p.on_behalf_of_id AS "onBehalfOfId", p.escalations, p.status,
 a.status = 'LEFT' OR a.deleted_at IS NOT NULL AS left, coalesce(p.requested_until <= $2, false) AS late, coalesce(p.due_at <= $2, false) AS overdue,
 p.granted_user_role_id AS "grantedUserRoleId", p.granted_share_id AS "grantedShareId", i.id AS "instanceId"
 FROM permission_request p JOIN app_user a ON a.tenant_id = $1 AND a.id = p.applicant_id
 LEFT JOIN app_user d ON d.tenant_id = $1 AND d.id = p.approver_id
 LEFT JOIN approval_instance i ON i.tenant_id = $1 AND i.object_type = 'PermissionRequest' AND i.record_id = p.id AND i.status = 'PENDING' AND i.deleted_at IS NULL
 WHERE p.tenant_id = $1 AND p.id > $3 AND p.deleted_at IS NULL AND (
  (p.status = 'APPROVED' AND p.granted_until <= $2)
  OR (p.status = 'PENDING' AND (a.status = 'LEFT' OR a.deleted_at IS NOT NULL OR p.requested_until <= $2 OR p.due_at <= $2
   OR (d.id IS NULL AND i.id IS NULL) OR d.status <> 'ACTIVE' OR d.deleted_at IS NOT NULL OR (d.delegate_id IS NOT NULL AND ${awayAt('d', '$2::timestamptz')}))))
 ORDER BY p.id LIMIT ${BATCH} FOR NO KEY UPDATE OF p SKIP LOCKED`

/**
 * One pass over all companies: grants whose time is over and requests that nobody decided expire, overdue ones go to the next superior, those of approvers
 * who are not there to somebody else, those of applicants who have left are cancelled; everybody concerned is told. Any number of processes may run it at once;
 * a killed one leaves whole batches done and the others as they were.
 *
 * @param now the moment to work for; what is over or due then.
 * @param onError is told what failed in one company; the others are still worked for.
 */
export async function runAccessWork(
  tenancy: Tenancy,
  { now = new Date(), onError }: { now?: Date; onError?: (error: unknown) => void } = {},
): Promise<void> {
  const rows = await tenancy.withoutTenant((db) =>
    db.rows<{ id: string }>({ text: 'SELECT atrium.tenants_with_access_work($1) AS id', values: [now] }),
  )
  const next = new Map(rows.map(({ id }) => [id, NO_ID]))
  while (next.size > 0) {
    for (const [tenantId, from] of next) {
      const { last, failed } = await batch(tenancy, tenantId, now, from).catch((error: unknown) => ({
        last: null,
        failed: [error],
      }))
      for (const error of failed) {
        if (!onError) throw error
        onError(error)
      }
      if (last) next.set(tenantId, last)
      else next.delete(tenantId)
    }
  }
}

/** What became of a batch: the id of its last request, null when there are no more or another process is at them; and what failed. */
interface Done {
  last: string | null
  failed: unknown[]
}

/** Works on a company's next requests; not of one that is suspended, where nobody could decide. One that fails stays as it was and does not stop the others. */
async function batch(tenancy: Tenancy, tenantId: string, now: Date, from: string): Promise<Done> {
  return tenancy.writeTenant({ tenantId, actor: ACTOR }, async (db) => {
    const [company] = await db.rows<{ id: string; timezone: string; baseCurrency: string; defaultCountry: string }>({
      text: `SELECT id, timezone, base_currency AS "baseCurrency", default_country AS "defaultCountry" FROM tenant
 WHERE id = $1 AND status NOT IN ('SUSPENDED', 'DELETING') AND pg_try_advisory_xact_lock(hashtextextended($1::text || ' access work', 0))`,
      values: [tenantId],
    })
    if (!company) return { last: null, failed: [] }
    const due = await db.rows<Due>({ text: DUE, values: [tenantId, now, from] })
    const context = { db, viewer: jobViewer(company) }
    const failed: unknown[] = []
    for (const one of due) {
      try {
        await db.savepoint(() => settle(context, one, now))
      } catch (error) {
        // A deadlock ends the whole transaction, which is then tried again.
        if (RETRIED.includes((error as { code?: string }).code ?? '')) throw error
        failed.push(error)
      }
    }
    return { last: due.length < BATCH ? null : (due.at(-1) as Due).id, failed }
  })
}

async function settle(context: WriteContext, one: Due, now: Date): Promise<void> {
  if (one.status === 'APPROVED') {
    await withdraw(context, one, { path: [], ended: now })
    return end(context, one, now, 'EXPIRED', 'ENDED')
  }
  if (one.left) return end(context, one, now, 'CANCELLED', 'CANCELLED')
  if (one.late || (one.overdue && one.escalations >= ESCALATIONS)) return end(context, one, now, 'EXPIRED', 'UNDECIDED')
  return one.overdue ? escalate(context, one, now) : replace(context, one, now)
}

async function end(
  context: WriteContext,
  { id, applicantId, status, instanceId }: Due,
  now: Date,
  to: 'EXPIRED' | 'CANCELLED',
  event: Event,
): Promise<void> {
  const { db, viewer } = context
  const { tenantId } = viewer
  await db.rows({
    text: `UPDATE permission_request SET status = $3, ended_at = $4, due_at = NULL, granted_until = CASE WHEN $5 THEN granted_until END WHERE tenant_id = $1 AND id = $2`,
    values: [tenantId, id, to, now, status === 'APPROVED'],
  })
  const instance = instanceId && (await lockInstance(context, instanceId))
  if (instance) await finish(context, instance, 'CANCELLED')
  await tell(db, tenantId, id, applicantId, event)
}

/** Passes an overdue request on, with new time to decide it. Where nobody else is, the approver gets that time. */
async function escalate({ db, viewer }: WriteContext, one: Due, now: Date): Promise<void> {
  const { tenantId, timezone } = viewer
  const { id, applicantId, escalations } = one
  const search = { db, tenantId, applicantId, at: now }
  const to = (await nextApprover(search, one, escalations)) ?? one
  await db.rows({
    text: `UPDATE permission_request SET approver_id = $3, on_behalf_of_id = $4, due_at = $5, escalated_at = $6, escalations = escalations + 1 WHERE tenant_id = $1 AND id = $2`,
    values: [tenantId, id, to.approverId, to.onBehalfOfId, dueAfter(now, timezone), now],
  })
  if (to.approverId) await tell(db, tenantId, id, to.approverId, 'PASSED_ON')
  await tell(db, tenantId, id, applicantId, 'ESCALATED')
}

/** Gives a request of an approver who is not there to who takes their place, with the time that is left. */
async function replace({ db, viewer: { tenantId } }: WriteContext, one: Due, now: Date): Promise<void> {
  const { id, applicantId, approverId } = one
  const to = await instead({ db, tenantId, applicantId, at: now }, one)
  if (!to || to.approverId === approverId) return
  await assign(db, tenantId, id, to)
  await tell(db, tenantId, id, to.approverId, 'ASKED')
}

async function assign(
  db: Writer,
  tenantId: string,
  id: string,
  { approverId, onBehalfOfId }: { approverId: string; onBehalfOfId: string | null },
): Promise<void> {
  await db.rows({
    text: 'UPDATE permission_request SET approver_id = $3, on_behalf_of_id = $4 WHERE tenant_id = $1 AND id = $2',
    values: [tenantId, id, approverId, onBehalfOfId],
  })
}

/** Runs the pass at once and then every five minutes, or as often as is said (milliseconds), in the background until it is stopped; never twice at once. */
export function startAccessWork(
  tenancy: Tenancy,
  { everyMs = 300_000, onError }: { everyMs?: number; onError: (error: unknown) => void },
): { stop(): Promise<void> } {
  let running: Promise<void> | null = null
  const pass = () => {
    running ??= runAccessWork(tenancy, { onError })
      .catch(onError)
      .finally(() => {
        running = null
      })
  }
  const timer = setInterval(pass, everyMs)
  pass()
  return {
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}

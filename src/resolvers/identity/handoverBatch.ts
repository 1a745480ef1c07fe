import { ident } from '../../read/sql.ts'
import type { Reader, Writer } from '../../tenancy/tenancy.ts'
import { withReason } from '../leads/pool/pooled.ts'
import { type Holding, holdings } from './holdings.ts'
import { keepAccess } from './keepAccess.ts'

/** Records that one transaction moves: short enough that nobody waits long for their locks. */
export const BATCH = 500

/** A hand-over that is under way. */
export interface OpenHandover {
  id: string
  /** Who started it; null for a key without a user. */
  startedBy: string | null
}

interface Job {
  fromUserId: string
  keepAccessDays: number
  status: string
}

interface Item {
  id: string
  object: string
  recordId: string
  toUserId: string
}

/** What became of an item. */
interface Settled {
  id: string
  status: 'MOVED' | 'SKIPPED' | 'FAILED'
  code: string | null
  message: string | null
}

const moved = ({ id }: Item): Settled => ({ id, status: 'MOVED', code: null, message: null })
const skipped = ({ id }: Item, code: string): Settled => ({ id, status: 'SKIPPED', code, message: null })
const failed = ({ id }: Item, code: string, message: string): Settled => ({ id, status: 'FAILED', code, message })

/** The hand-overs of a tenant that are under way, the oldest first. */
export async function openHandovers(db: Reader, tenantId: string): Promise<OpenHandover[]> {
  return db.rows<OpenHandover>({
    text: `SELECT id, created_by AS "startedBy" FROM handover_job WHERE tenant_id = $1 AND status IN ('QUEUED', 'RUNNING') ORDER BY created_at, id LIMIT 100`,
    values: [tenantId],
  })
}

/**
 * Moves the next records of a hand-over, and ends it when none are left. Records and report are written in the one transaction of the caller, so that a
 * process that is killed leaves nothing half done. Whoever holds the job's row moves it: a second process, and a second call, find nothing to do.
 *
 * @returns false when there was nothing to do: the hand-over is over, was cancelled, or is another's at this moment.
 */
export async function moveBatch(db: Writer, tenantId: string, jobId: string): Promise<boolean> {
  const [job] = await db.rows<Job>({
    text: `SELECT from_user_id AS "fromUserId", keep_access_days AS "keepAccessDays", status FROM handover_job
 WHERE tenant_id = $1 AND id = $2 AND status IN ('QUEUED', 'RUNNING') FOR NO KEY UPDATE SKIP LOCKED`,
    values: [tenantId, jobId],
  })
  if (!job) return false
  const items = await db.rows<Item>({
    text: `SELECT id, object, record_id AS "recordId", to_user_id AS "toUserId" FROM handover_item
 WHERE tenant_id = $1 AND job_id = $2 AND status = 'PENDING' ORDER BY id LIMIT ${BATCH}`,
    values: [tenantId, jobId],
  })
  if (items.length > 0) {
    const settled = await settle(db, tenantId, job, items)
    await db.rows({
      text: `UPDATE handover_item i SET status = x.status, code = x.code, message = x.message
 FROM json_to_recordset($2::json) AS x(id uuid, status text, code text, message text) WHERE i.tenant_id = $1 AND i.id = x.id`,
      values: [tenantId, JSON.stringify(settled)],
    })
  }
  // The last batch is not full: no need to look once more.
  if (items.length < BATCH) await finish(db, tenantId, jobId)
  else if (job.status === 'QUEUED')
    await db.rows({
      text: `UPDATE handover_job SET status = 'RUNNING', started_at = now() WHERE tenant_id = $1 AND id = $2`,
      values: [tenantId, jobId],
    })
  return true
}

/** Completed, completed with errors, or failed when nothing at all could be moved. */
async function finish(db: Writer, tenantId: string, jobId: string): Promise<void> {
  await db.rows({
    text: `UPDATE handover_job j SET started_at = coalesce(j.started_at, now()), completed_at = now(),
 status = CASE WHEN x.failed = 0 THEN 'COMPLETED' WHEN x.failed = x.total THEN 'FAILED' ELSE 'COMPLETED_WITH_ERRORS' END
 FROM (SELECT count(*) AS total, count(*) FILTER (WHERE status = 'FAILED') AS failed FROM handover_item WHERE tenant_id = $1 AND job_id = $2) x
 WHERE j.tenant_id = $1 AND j.id = $2`,
    values: [tenantId, jobId],
  })
}

/** Moves what can be moved, type by type, and says what became of each. */
async function settle(db: Writer, tenantId: string, job: Job, items: Item[]): Promise<Settled[]> {
  // A receiver who leaves at this moment waits until the batch is done, and is found gone by the next.
  const rows = await db.rows<{ id: string }>({
    text: `SELECT id FROM app_user WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND status = 'ACTIVE' AND contact_id IS NULL AND deleted_at IS NULL ORDER BY id FOR SHARE`,
    values: [tenantId, [...new Set(items.map(({ toUserId }) => toUserId))]],
  })
  const active = new Set(rows.map(({ id }) => id))
  const settled: Settled[] = []
  const byObject = new Map<string, Item[]>()
  for (const item of items) {
    if (!active.has(item.toUserId))
      settled.push(failed(item, 'USER_INACTIVE', 'The receiver is suspended or has left.'))
    else byObject.set(item.object, [...(byObject.get(item.object) ?? []), item])
  }
  const known = new Map(holdings().map((holding) => [holding.type.name, holding]))
  // In one order everywhere, so that two never wait for each other.
  for (const object of [...byObject.keys()].sort()) {
    const some = byObject.get(object) as Item[]
    const holding = known.get(object)
    if (holding) settled.push(...(await moveRecords(db, tenantId, job, holding, some)))
    else
      settled.push(...some.map((item) => failed(item, 'OBJECT_UNKNOWN', 'There is no such type of record any more.')))
  }
  return settled
}

async function moveRecords(
  db: Writer,
  tenantId: string,
  job: Job,
  holding: Holding,
  items: Item[],
): Promise<Settled[]> {
  const { type, column, state, notTo } = holding
  const rows = await db.rows<{ id: string; holder: string | null; state: string | null; not: string | null }>({
    text: `SELECT id, ${ident(column)} AS holder, ${state ? ident(state.column) : 'NULL::text'} AS state, ${notTo ? ident(notTo) : 'NULL::uuid'} AS "not"
 FROM ${ident(type.table)} WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE`,
    values: [tenantId, items.map(({ recordId }) => recordId)],
  })
  const found = new Map(rows.map((row) => [row.id, row]))
  const settled: Settled[] = []
  const good: Item[] = []
  for (const item of items) {
    const row = found.get(item.recordId)
    if (!row) settled.push(skipped(item, 'NOT_FOUND'))
    else if (row.holder !== job.fromUserId) settled.push(skipped(item, 'ALREADY_TRANSFERRED'))
    else if (state && !state.values.includes(row.state ?? '')) settled.push(skipped(item, 'ALREADY_DECIDED'))
    else if (row.not === item.toUserId)
      settled.push(failed(item, 'SELF_APPROVAL_FORBIDDEN', 'It is the receiver’s own.'))
    else good.push(item)
  }
  return [...settled, ...(await moveAll(db, tenantId, job, holding, good))]
}

/** Moves records at once; where the database refuses that, one by one, so that only those fail that it refuses. */
async function moveAll(db: Writer, tenantId: string, job: Job, holding: Holding, items: Item[]): Promise<Settled[]> {
  if (items.length === 0) return []
  try {
    await db.savepoint(() => write(db, tenantId, job, holding, items))
    return items.map(moved)
  } catch (error) {
    const code = (error as { code?: unknown }).code
    // Class 23: a constraint. Anything else is no fault of a record.
    if (typeof code !== 'string' || !code.startsWith('23')) throw error
    if (items.length === 1)
      return items.map((item) => failed(item, 'WRITE_REFUSED', 'The record cannot belong to the receiver.'))
    const settled: Settled[] = []
    for (const item of items) settled.push(...(await moveAll(db, tenantId, job, holding, [item])))
    return settled
  }
}

/** The owner and nothing else; version, time and change row follow by trigger. No rule of the type runs: nothing may be derived anew from the new owner. */
async function write(
  db: Writer,
  tenantId: string,
  { fromUserId, keepAccessDays }: Job,
  { type, column, owned }: Holding,
  items: Item[],
): Promise<void> {
  const ids = items.map(({ recordId }) => recordId)
  await withReason(db, 'HANDOVER', () =>
    db.rows({
      text: `UPDATE ${ident(type.table)} t SET ${ident(column)} = x.receiver FROM unnest($2::uuid[], $3::uuid[]) AS x(id, receiver)
 WHERE t.tenant_id = $1 AND t.id = x.id AND t.${ident(column)} = $4`,
      values: [tenantId, ids, items.map(({ toUserId }) => toUserId), fromUserId],
    }),
  )
  if (!owned || keepAccessDays === 0) return
  await keepAccess(db, tenantId, type, { ids, userId: fromUserId, days: keepAccessDays, reason: 'handover' })
}

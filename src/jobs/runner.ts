import { viewerOfUser } from '../access/viewer.ts'
import type { Viewer } from '../context.ts'
import { UserErrors } from '../errors.ts'
import { jobViewer } from '../resolvers/identity/createTenant.ts'
import { enqueueJob, nextDaily } from '../resolvers/platform/job.ts'
import type { Tenancy, Writer } from '../tenancy/tenancy.ts'
import type { JobKind } from './kind.ts'
import { JOB_KINDS } from './kinds.ts'

/** How the runner's writes are told from others': its own are no reason to look for work, for it looks until there is none. */
const ACTOR = 'job:'
/** Failed steps after which a job is given up. */
const MOST_ATTEMPTS = 6

interface Row {
  id: string
  kind: string
  subject: string | null
  input: Record<string, unknown>
  state: Record<string, unknown> | null
  figures: { name: string; value: number }[]
  key: string | null
  dailyAt: string | null
  startedBy: string | null
}

interface Company {
  id: string
  timezone: string
  baseCurrency: string
  defaultCountry: string
}

// The one that has waited longest: each step puts a job behind the others of its company, so that a long one does not hold up a short one. A kind that this
// process does not know is a newer one's: while a deployment is exchanged process by process it waits for one that knows it.
const NEXT = `SELECT id, kind, subject, input, state, figures, key, daily_at AS "dailyAt", created_by AS "startedBy" FROM job
 WHERE tenant_id = $1 AND status IN ('QUEUED', 'RUNNING') AND run_at <= $2 AND kind = ANY ($3::text[]) AND deleted_at IS NULL ORDER BY run_at, status, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED`

/** A step that failed, and the job it belongs to. */
class StepFailed extends Error {
  readonly job: Row
  override readonly cause: unknown

  constructor(job: Row, cause: unknown) {
    super('A step of a job failed.')
    this.job = job
    this.cause = cause
  }
}

export interface RunOptions {
  /** The moment to work for; now if left out. */
  now?: () => Date
  /** Is told what a step failed of, once per failure. Left out: it is thrown. */
  onError?: (error: unknown) => void
  kinds?: readonly JobKind[]
}

/**
 * One round: one step for each company that has a job due, one company after the other, so that a company's hundred thousand jobs delay another's single
 * one by no more than a step. A step and what it did to the job are one transaction. Any number of processes may do this at once: whoever holds the job's row
 * works on it. What a killed process left is as it was before the step, and is found here.
 *
 * @returns how many steps were tried; 0: nothing is due.
 */
export async function runJobsOnce(
  tenancy: Tenancy,
  { now = () => new Date(), onError, kinds = JOB_KINDS }: RunOptions = {},
): Promise<number> {
  let steps = 0
  for (const tenantId of await tenantsDue(tenancy, now())) {
    if (await tryStep(tenancy, tenantId, { now, onError, kinds })) steps++
  }
  return steps
}

/** uuids of the companies that have a job due. */
async function tenantsDue(tenancy: Tenancy, at: Date): Promise<string[]> {
  const rows = await tenancy.withoutTenant((db) =>
    db.rows<{ id: string }>({ text: 'SELECT atrium.tenants_with_jobs($1) AS id', values: [at] }),
  )
  return rows.map(({ id }) => id)
}

/** Tries the next step of a company; was there one. What failed is noted, and told or thrown. */
async function tryStep(
  tenancy: Tenancy,
  tenantId: string,
  { now = () => new Date(), onError, kinds = JOB_KINDS }: RunOptions,
): Promise<boolean> {
  try {
    return await stepOf(tenancy, tenantId, now(), kinds)
  } catch (error) {
    const failed = error instanceof StepFailed
    const cause = failed ? error.cause : error
    if (failed) {
      await note(tenancy, tenantId, error.job, cause, now())
      if (cause instanceof UserErrors) return true
    }
    if (!onError) throw cause
    onError(cause)
    return failed
  }
}

/** Does the next step of a company's jobs; false when none is due, or another process is at them, or the company is suspended. */
async function stepOf(tenancy: Tenancy, tenantId: string, now: Date, kinds: readonly JobKind[]): Promise<boolean> {
  let job: Row | undefined
  try {
    return await tenancy.writeTenant({ tenantId, actor: ACTOR }, async (db) => {
      const company = await companyOf(db, tenantId)
      if (!company) return false
      ;[job] = await db.rows<Row>({ text: NEXT, values: [tenantId, now, kinds.map(({ kind }) => kind)] })
      if (!job) return false
      // Whose name stands in the changes is known only now.
      await db.rows({ text: `SELECT set_config('app.user_id', $1, true)`, values: [job.startedBy ?? ''] })
      await work(db, company, job, now, kinds)
      return true
    })
  } catch (error) {
    throw job ? new StepFailed(job, error) : error
  }
}

async function companyOf(db: Writer, tenantId: string): Promise<Company | undefined> {
  const [company] = await db.rows<Company>({
    text: `SELECT id, timezone, base_currency AS "baseCurrency", default_country AS "defaultCountry" FROM tenant WHERE id = $1 AND status NOT IN ('SUSPENDED', 'DELETING')`,
    values: [tenantId],
  })
  return company
}

async function work(db: Writer, company: Company, job: Row, now: Date, kinds: readonly JobKind[]): Promise<void> {
  const tenantId = company.id
  const kind = kinds.find((one) => one.kind === job.kind) as JobKind
  const viewer = await viewerFor(db, company, job, kind)
  if (!viewer) return finish(db, company, job, now, 'FAILED', 'USER_INACTIVE')
  const { id, startedBy, input, state } = job
  const step = await kind.step({ db, viewer }, { id, startedBy, input, state, now })
  const figures = new Map(job.figures.map(({ name, value }) => [name, value]))
  for (const [name, value] of Object.entries(step.figures ?? {})) figures.set(name, (figures.get(name) ?? 0) + value)
  await db.rows({
    text: `UPDATE job SET status = 'RUNNING', started_at = coalesce(started_at, $3), state = $4, done = done + $5, total = coalesce($6, total), figures = $7, attempts = 0,
 run_at = greatest(run_at, $3, $8) WHERE tenant_id = $1 AND id = $2`,
    values: [
      tenantId,
      id,
      now,
      step.state ? JSON.stringify(step.state) : null,
      step.done ?? 0,
      step.total ?? null,
      JSON.stringify([...figures].map(([name, value]) => ({ name, value }))),
      step.notBefore ?? null,
    ],
  })
  if (step.state === null) await finish(db, company, job, now, 'COMPLETED', null)
}

async function viewerFor(db: Writer, company: Company, job: Row, kind: JobKind): Promise<Viewer | null> {
  if (kind.as === 'starter' && job.startedBy) return viewerOfUser(db, company.id, job.startedBy)
  return kind.as === 'starter' ? null : jobViewer(company)
}

/** Ends a job, and orders a daily one for its next day. */
async function finish(
  db: Writer,
  company: Company,
  { id, kind, subject, input, key, dailyAt }: Row,
  now: Date,
  status: 'COMPLETED' | 'FAILED',
  errorCode: string | null,
): Promise<void> {
  await db.rows({
    text: `UPDATE job SET status = $3, error_code = $4, state = NULL, started_at = coalesce(started_at, $5), completed_at = $5 WHERE tenant_id = $1 AND id = $2`,
    values: [company.id, id, status, errorCode, now],
  })
  if (!dailyAt) return
  const runAt = nextDaily(dailyAt, company.timezone, now)
  await enqueueJob(db, company.id, { kind, subject, input, key, dailyAt, runAt })
}

/** Notes a failed step: the job fails for good when its input is to blame or too many steps failed, else it is tried again, later each time. */
async function note(tenancy: Tenancy, tenantId: string, job: Row, cause: unknown, now: Date): Promise<void> {
  const code = cause instanceof UserErrors ? (cause.errors[0]?.code ?? 'INTERNAL') : null
  await tenancy.writeTenant({ tenantId, userId: job.startedBy, actor: ACTOR }, async (db) => {
    const [locked] = await db.rows<{ attempts: number }>({
      text: `SELECT attempts FROM job WHERE tenant_id = $1 AND id = $2 AND status IN ('QUEUED', 'RUNNING') FOR NO KEY UPDATE`,
      values: [tenantId, job.id],
    })
    const company = await companyOf(db, tenantId)
    if (!locked || !company) return
    const attempts = locked.attempts + 1
    const again = new Date(now.getTime() + 1000 * 2 ** attempts)
    await db.rows({
      text: `UPDATE job SET attempts = $3, run_at = $4 WHERE tenant_id = $1 AND id = $2`,
      values: [tenantId, job.id, attempts, again],
    })
    if (code || attempts >= MOST_ATTEMPTS) await finish(db, company, job, now, 'FAILED', code ?? 'INTERNAL')
  })
}

export interface RunnerOptions extends RunOptions {
  /** Between looks without a write of this process, milliseconds: for what is due by the clock, and what other processes ordered or left. */
  everyMs?: number
  /** From a write to the look for work that it may have caused, milliseconds. */
  delay?: number
  /** Companies that are worked for at the same time, each with a connection: a long step of one delays no other while there is a lane left. */
  lanes?: number
  onError: (error: unknown) => void
}

/** Works off jobs in the background until it is stopped: soon after they are ordered, at their time, and after a restart. */
export function startJobs(
  tenancy: Tenancy,
  { everyMs = 5000, delay = 100, lanes = 3, ...options }: RunnerOptions,
): { stop(): Promise<void> } {
  const { now = () => new Date() } = options
  /** Companies whose step is under way. */
  const busy = new Map<string, Promise<void>>()
  /** Companies that had nothing for this process since it was last woken: another one is at their jobs, or knows their kinds. */
  const idle = new Set<string>()
  let waiting: NodeJS.Timeout | null = null
  let running: Promise<void> | null = null
  let again = false
  let stopped = false
  let news = Promise.withResolvers<void>()

  function wake(): void {
    waiting = null
    idle.clear()
    if (running) {
      again = true
      news.resolve()
      return
    }
    again = false
    running = rounds().catch(options.onError)
    void running.finally(() => {
      running = null
      if (again && !stopped) wake()
    })
  }

  /** A step for each company that has something due and is not at one, in turn, until nothing is due. */
  async function rounds(): Promise<void> {
    for (;;) {
      news = Promise.withResolvers()
      const due = stopped ? [] : await tenantsDue(tenancy, now())
      const free = due.filter((id) => !busy.has(id) && !idle.has(id))
      for (const tenantId of free) {
        while (busy.size >= lanes) await Promise.race(busy.values())
        if (stopped) break
        begin(tenantId)
      }
      if (busy.size === 0) return
      // Whoever is done first may have more to do, and so may whoever wrote meanwhile; the others are waited for no longer than that.
      await Promise.race([news.promise, ...busy.values()])
    }
  }

  function begin(tenantId: string): void {
    const step = tryStep(tenancy, tenantId, options)
      .catch((error: unknown) => {
        options.onError(error)
        return false
      })
      .then((done) => {
        if (!done) idle.add(tenantId)
        busy.delete(tenantId)
      })
    busy.set(tenantId, step)
  }

  tenancy.onWritten(({ actor }) => {
    if (stopped || waiting || actor?.startsWith(ACTOR)) return
    waiting = setTimeout(wake, delay)
  })
  const timer = setInterval(wake, everyMs)
  wake()

  return {
    async stop() {
      stopped = true
      clearInterval(timer)
      if (waiting) clearTimeout(waiting)
      await running
      await Promise.all(busy.values())
    },
  }
}

import type { Viewer } from '../../context.ts'
import { idOf } from '../../read/values.ts'
import type { Writer } from '../../tenancy/tenancy.ts'
import type { WriteContext } from '../write.ts'
import { perform } from './actions.ts'
import { ACTOR, GONE } from './changes.ts'
import { type Step, versionColumns } from './definition.ts'
import { type Failure, failureOf } from './failure.ts'
import { principalOf } from './principal.ts'
import { type Done, type Run, StepRefused } from './stepOfRun.ts'

/** Minutes from a failed attempt of a step to the next; after the last the run has failed. */
const BACK_OFF = [1, 5, 30, 120]

const NEXT = `SELECT r.id, r.status, r.record_id AS "recordId", r.payload, r.position, r.state, r.attempts, w.name AS "workflowName",
 (SELECT row_to_json(x) FROM (SELECT ${versionColumns('v')}) x) AS version
 FROM workflow_run r JOIN workflow_version v ON v.tenant_id = $1 AND v.id = r.version_id JOIN workflow w ON w.tenant_id = $1 AND w.id = r.workflow_id
 WHERE r.tenant_id = $1 AND r.due_at <= $2 AND r.deleted_at IS NULL ORDER BY r.due_at, r.id LIMIT 1 FOR NO KEY UPDATE OF r SKIP LOCKED`

/**
 * Does the next step of the run of a company that has waited longest, in the caller's transaction: what the step wrote and that it was done are there together or
 * not at all, so that no step is done twice. What it does, it does with the rights that the run's principal has now.
 *
 * @returns was there one; else when the next is due, null for never.
 */
export async function nextStep(
  { db, viewer }: WriteContext,
  now: Date,
): Promise<{ done: true } | { next: Date | null }> {
  const { tenantId } = viewer
  const [run] = await db.rows<Run>({ text: NEXT, values: [tenantId, now] })
  if (!run) {
    const [row] = await db.rows<{ next: Date | null }>({
      text: 'SELECT min(due_at) AS next FROM workflow_run WHERE tenant_id = $1 AND due_at IS NOT NULL AND deleted_at IS NULL',
      values: [tenantId],
    })
    return { next: row?.next ?? null }
  }
  const { steps } = run.version
  const position = nextPosition(steps, run.position, run.state.outcomes ?? {})
  const step = steps[position]
  if (!step) await finish(db, tenantId, run, position, now)
  else await doStep(db, viewer, run, { ...step, position }, now)
  return { done: true }
}

/** The first step from a place on that is to be done, by what the branches before it answered; behind the last when none is. */
export function nextPosition(steps: readonly Step[], from: number, outcomes: Record<string, boolean>): number {
  for (let position = from; position < steps.length; position++) {
    const { branch, when } = steps[position] as Step
    if (branch === undefined || outcomes[branch] === (when !== 'NO_MATCH')) return position
  }
  return steps.length
}

async function doStep(
  db: Writer,
  system: Viewer,
  run: Run,
  step: Step & { position: number },
  now: Date,
): Promise<void> {
  const { tenantId } = system
  let done: Done
  try {
    done = await db.savepoint(async () => {
      const principal = await principalOf(db, system, run.version)
      if (!principal) throw new StepRefused(GONE)
      const requestId = idOf('WorkflowRun', run.id)
      await speakAs(db, principal.userId, `${ACTOR}${idOf('Workflow', run.version.workflowId)}`, requestId)
      const result = await perform({ db, viewer: { ...principal, requestId } }, run, step, now)
      await speakAs(db, null, 'job:workflow', '')
      return result
    })
  } catch (error) {
    // The transaction runs again from its beginning.
    if (RERUN.has(String((error as { code?: unknown }).code))) throw error
    const failure = error instanceof StepRefused ? error.failure : failureOf(error)
    return failed(db, tenantId, run, step, failure, now)
  }
  if (done.asked) return standStill(db, tenantId, run, step, now)
  const outcomes = { ...run.state.outcomes, ...(done.outcome === undefined ? {} : { [step.key]: done.outcome }) }
  await note(db, tenantId, run, step, { status: 'COMPLETED', result: done.result ?? null, now })
  const position = nextPosition(run.version.steps, step.position + 1, outcomes)
  if (position === run.version.steps.length && !done.until) return finish(db, tenantId, run, position, now)
  await db.rows({
    text: `UPDATE workflow_run SET status = $3, position = $4, state = $5, attempts = 0, due_at = $6, started_at = coalesce(started_at, $7) WHERE tenant_id = $1 AND id = $2`,
    values: [
      tenantId,
      run.id,
      done.until ? 'WAITING' : 'RUNNING',
      position,
      JSON.stringify({ outcomes }),
      done.until ?? now,
      now,
    ],
  })
}

/** Lets a run stand at a step until its answer is there; call.ts lets it go on. */
async function standStill(
  db: Writer,
  tenantId: string,
  run: Run,
  step: Step & { position: number },
  now: Date,
): Promise<void> {
  await note(db, tenantId, run, step, { status: 'WAITING', now })
  await db.rows({
    text: `UPDATE workflow_run SET status = 'WAITING', position = $3, attempts = 0, due_at = NULL, started_at = coalesce(started_at, $4) WHERE tenant_id = $1 AND id = $2`,
    values: [tenantId, run.id, step.position, now],
  })
}

/** What PostgreSQL says of a transaction that is to be run again. */
const RERUN = new Set(['40001', '40P01'])

/** Whose name stands in the changes from here on. */
async function speakAs(db: Writer, userId: string | null, actor: string, requestId: string): Promise<void> {
  await db.rows({
    text: `SELECT set_config('app.user_id', $1, true), set_config('app.actor', $2, true), set_config('app.request_id', $3, true)`,
    values: [userId ?? '', actor, requestId],
  })
}

/** What was thrown and is nobody's fault is tried again, later each time; all else ends the run. */
async function failed(
  db: Writer,
  tenantId: string,
  run: Run,
  step: Step & { position: number },
  failure: Failure | null,
  now: Date,
): Promise<void> {
  const { code, message } = failure ?? { code: 'INTERNAL', message: 'Something went wrong on our side.' }
  const minutes = failure ? undefined : BACK_OFF[run.attempts]
  await note(db, tenantId, run, step, { status: 'FAILED', code, message, now })
  await db.rows({
    text: `UPDATE workflow_run SET status = $3, position = $4, attempts = attempts + 1, due_at = $5, error_code = $6, error_message = $7,
 started_at = coalesce(started_at, $8), completed_at = $9 WHERE tenant_id = $1 AND id = $2`,
    values: [
      tenantId,
      run.id,
      minutes === undefined ? 'FAILED' : 'RUNNING',
      step.position,
      minutes === undefined ? null : new Date(now.getTime() + minutes * 60_000),
      minutes === undefined ? code : null,
      minutes === undefined ? message.slice(0, 500) : null,
      now,
      minutes === undefined ? now : null,
    ],
  })
}

async function note(
  db: Writer,
  tenantId: string,
  run: Run,
  step: Step & { position: number },
  {
    status,
    result = null,
    code = null,
    message = null,
    now,
  }: { status: string; result?: unknown; code?: string | null; message?: string | null; now: Date },
): Promise<void> {
  await db.rows({
    text: `INSERT INTO workflow_step_run (tenant_id, run_id, position, key, action, status, result, error_code, error_message, started_at, completed_at)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) ON CONFLICT (tenant_id, run_id, position) WHERE deleted_at IS NULL
 DO UPDATE SET status = excluded.status, result = excluded.result, error_code = excluded.error_code, error_message = excluded.error_message,
  completed_at = excluded.completed_at, attempts = workflow_step_run.attempts + 1`,
    values: [
      tenantId,
      run.id,
      step.position,
      step.key,
      step.action,
      status,
      result === null ? null : JSON.stringify(result),
      code,
      message?.slice(0, 500) ?? null,
      now,
    ],
  })
}

async function finish(db: Writer, tenantId: string, { id }: Run, position: number, now: Date): Promise<void> {
  await db.rows({
    text: `UPDATE workflow_run SET status = 'COMPLETED', position = $3, attempts = 0, due_at = NULL, error_code = NULL, error_message = NULL,
 started_at = coalesce(started_at, $4), completed_at = $4 WHERE tenant_id = $1 AND id = $2`,
    values: [tenantId, id, position, now],
  })
}

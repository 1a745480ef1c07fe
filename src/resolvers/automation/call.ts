import { send } from '../../access/egress.ts'
import type { Vault } from '../../access/totp.ts'
import { idOf } from '../../read/values.ts'
import type { Tenancy, Writer } from '../../tenancy/tenancy.ts'
import type { WriteContext } from '../write.ts'
import type { Step } from './definition.ts'
import { secretsOf, sign } from './secret.ts'
import { wakeRuns } from './start.ts'
import { type Run, StepRefused } from './stepOfRun.ts'

/** The sender's own name as a caller. */
const SENDER = 'workflow-calls'
/** Minutes from a failed attempt to the next: more than a day in all. After the last the run has failed. */
const BACK_OFF = [1, 5, 30, 120, 360, 1080]
/** How long a request that was taken is left alone, minutes: far beyond the longest, so that only a dead process's is taken by another. */
const CLAIMED = 5
const TIMEOUT_MS = 10_000
/** Requests of one company that are on their way together. */
const AT_ONCE = 5
/** The code of a run whose request was never answered with 2xx. */
const FAILED = 'WEBHOOK_FAILED'

/** Puts the request of a step into the queue, in its transaction: it goes out after the commit. @throws StepRefused for a workflow without a secret. */
export async function orderCall({ db, viewer }: WriteContext, run: Run, step: Step): Promise<void> {
  const { tenantId } = viewer
  const { workflowId, steps } = run.version
  const [secret] = await db.rows({
    text: 'SELECT 1 FROM workflow_secret WHERE tenant_id = $1 AND workflow_id = $2',
    values: [tenantId, workflowId],
  })
  const message = 'The workflow has no secret to sign with: rotateWorkflowSecret makes one.'
  if (!secret) throw new StepRefused({ code: 'INVALID_STATE', message })
  const body = {
    workflowId: idOf('Workflow', workflowId),
    runId: idOf('WorkflowRun', run.id),
    step: step.key,
    recordId: run.recordId,
    payload: step.payload ?? null,
  }
  await db.rows({
    text: 'INSERT INTO workflow_call (tenant_id, run_id, position, workflow_id, url, body) VALUES ($1, $2, $3, $4, $5, $6)',
    values: [
      tenantId,
      run.id,
      steps.findIndex(({ key }) => key === step.key),
      workflowId,
      step.url,
      JSON.stringify(body),
    ],
  })
}

interface Call {
  id: string
  runId: string
  position: number
  workflowId: string
  url: string
  body: string
  attempts: number
}

/** What the sender works with. */
export interface CallOptions {
  vault: Vault
  onError: (error: unknown) => void
  /** How a request goes out; guarded against private addresses if left out. */
  post?: typeof send
}

/**
 * Sends some of what is due, of each company that has something. No transaction is open while a server is talked to: a process that dies then lets the request
 * go out again, with the same Idempotency-Key. Each attempt is signed anew.
 *
 * @returns how many were tried.
 */
export async function sendCalls(tenancy: Tenancy, { vault, onError, post = send }: CallOptions): Promise<number> {
  const tenants = await tenancy.withoutTenant((db) =>
    db.rows<{ id: string }>({ text: 'SELECT atrium.tenants_with_calls() AS id', values: [] }),
  )
  let tried = 0
  for (const { id: tenantId } of tenants) {
    const calls = await tenancy.writeTenant({ tenantId, actor: SENDER }, (db) => claim(db, tenantId))
    tried += calls.length
    const one = async (call: Call) => {
      const answer = await attempt(tenancy, tenantId, call, vault, post)
      await tenancy.writeTenant({ tenantId, actor: SENDER }, (db) => settle(db, tenantId, call, answer))
    }
    await Promise.all(calls.map((call) => one(call).catch(onError)))
  }
  return tried
}

function claim(db: Writer, tenantId: string): Promise<Call[]> {
  return db.rows<Call>({
    text: `WITH due AS MATERIALIZED (
 SELECT id FROM workflow_call WHERE tenant_id = $1 AND next_attempt_at <= now() ORDER BY next_attempt_at LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED
) UPDATE workflow_call c SET attempts = c.attempts + 1, next_attempt_at = now() + interval '${CLAIMED} minutes' FROM due WHERE c.tenant_id = $1 AND c.id = due.id
 RETURNING c.id, c.run_id AS "runId", c.position, c.workflow_id AS "workflowId", c.url, c.body, c.attempts`,
    values: [tenantId],
  })
}

type Answer = { status: number } | { problem: string; final: boolean }

async function attempt(
  tenancy: Tenancy,
  tenantId: string,
  call: Call,
  vault: Vault,
  post: typeof send,
): Promise<Answer> {
  const [secret] = await tenancy.readTenant({ tenantId }, (db) => secretsOf(db, tenantId, call.workflowId, vault))
  if (!secret) return { problem: 'The workflow has no secret to sign with.', final: true }
  try {
    const { status } = await post(new URL(call.url), {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json; charset=utf-8',
        'User-Agent': 'Atrium-Workflow',
        'Atrium-Run': idOf('WorkflowRun', call.runId),
        'Atrium-Event-Id': call.id,
        'Idempotency-Key': call.id,
        'Atrium-Signature': sign(secret, call.body, new Date()),
      },
      body: call.body,
      timeoutMs: TIMEOUT_MS,
    })
    if (status >= 200 && status < 300) return { status }
    return { problem: `The server answered ${status}.`, final: status === 410 }
  } catch (error) {
    return { problem: (error as Error).message, final: false }
  }
}

/** Lets the run go on, fails it, or says when the request goes out again. */
async function settle(db: Writer, tenantId: string, call: Call, answer: Answer): Promise<void> {
  const { id, runId, position, attempts } = call
  const minutes = BACK_OFF[attempts - 1]
  if ('problem' in answer && !answer.final && minutes !== undefined) {
    await db.rows({
      text: 'UPDATE workflow_call SET next_attempt_at = now() + make_interval(mins => $3) WHERE tenant_id = $1 AND id = $2 AND attempts = $4',
      values: [tenantId, id, minutes, attempts],
    })
    await db.rows({
      text: `UPDATE workflow_step_run SET attempts = $4, error_message = $5 WHERE tenant_id = $1 AND run_id = $2 AND position = $3 AND status = 'WAITING'`,
      values: [tenantId, runId, position, attempts, answer.problem],
    })
    return
  }
  const [gone] = await db.rows({
    text: 'DELETE FROM workflow_call WHERE tenant_id = $1 AND id = $2 RETURNING id',
    values: [tenantId, id],
  })
  // Another process was faster, or the run was stopped.
  if (!gone) return
  const [code, problem] = 'problem' in answer ? [FAILED, answer.problem] : [null, null]
  await db.rows({
    text: `UPDATE workflow_step_run SET status = CASE WHEN $5::text IS NULL THEN 'COMPLETED' ELSE 'FAILED' END, attempts = $4, error_code = $5, error_message = $6, result = $7, completed_at = now()
 WHERE tenant_id = $1 AND run_id = $2 AND position = $3`,
    values: [tenantId, runId, position, attempts, code, problem, code ? null : JSON.stringify(answer)],
  })
  const run = code
    ? `status = 'FAILED', error_code = $4, error_message = $5, completed_at = now()`
    : `status = 'RUNNING', position = position + 1, error_code = $4, error_message = $5, due_at = now()`
  await db.rows({
    text: `UPDATE workflow_run SET ${run} WHERE tenant_id = $1 AND id = $2 AND position = $3 AND status = 'WAITING'`,
    values: [tenantId, runId, position, code, problem],
  })
  if (!code) await wakeRuns(db, tenantId)
}

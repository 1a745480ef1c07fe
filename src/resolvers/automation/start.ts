import { newId } from '../../ids.ts'
import { idOf } from '../../read/values.ts'
import type { Writer } from '../../tenancy/tenancy.ts'
import { enqueueJob } from '../platform/job.ts'
import type { Version } from './definition.ts'

/** The kind of job that does the steps of a company's runs, and its key: there is one. */
export const RUNS = 'WORKFLOW_RUNS'
const RUNS_KEY = 'workflowRuns'

/** The run whose writes are the reason for another: how many there are behind it, and what they ran for, itself among it. */
export interface Cause {
  id: string
  depth: number
  chain: string[]
}

/** Something for which a workflow starts. */
export interface Start {
  /** uuid of the record; null for none. */
  recordId: string | null
  /** Tells what happened: of one workflow and event there is one run. */
  eventKey: string
  cause?: Cause | null
  payload?: unknown
  /** It cannot run: the run says why. */
  failed?: { code: string; message: string }
}

/** What a workflow ran for, in a chain of causes. */
const linkOf = ({ workflowId }: Version, recordId: string | null) => `${workflowId}:${recordId ?? ''}`

/** Why a chain of causes must not go on to a workflow and record; null when it may. A loop is a run that failed, so that somebody sees it. */
function loop(version: Version, { recordId, cause }: Start): Start['failed'] | null {
  if (!cause) return null
  if (cause.chain.includes(linkOf(version, recordId)))
    return {
      code: 'WORKFLOW_LOOP',
      message: 'The workflow was started again by what it did itself, for the same record.',
    }
  if (cause.depth >= version.maxDepth)
    return { code: 'WORKFLOW_LOOP', message: `Workflows started one another more than ${version.maxDepth} times.` }
  return null
}

/** Makes the runs of a workflow for what happened, each once, in one statement, and wakes who does them. How many there are. */
export async function startRuns(db: Writer, tenantId: string, version: Version, starts: Start[]): Promise<number> {
  if (starts.length === 0) return 0
  const rows = starts.map((start) => {
    const { recordId, eventKey, cause, payload } = start
    const failed = start.failed ?? loop(version, start)
    return {
      id: newId(),
      object: recordId ? version.object : null,
      record: recordId && idOf(version.object as string, recordId),
      key: eventKey,
      payload: payload ?? null,
      cause: cause?.id ?? null,
      depth: (cause?.depth ?? 0) + 1,
      chain: [...(cause?.chain ?? []), linkOf(version, recordId)],
      code: failed?.code ?? null,
      message: failed?.message ?? null,
    }
  })
  const made = await db.rows<{ due: Date | null }>({
    text: `INSERT INTO workflow_run (tenant_id, id, workflow_id, version_id, status, object_type, record_id, event_key, payload, cause_id, depth, chain, error_code, error_message, due_at, completed_at)
 SELECT $1::uuid, x.id, $2::uuid, $3::uuid, CASE WHEN x.code IS NULL THEN 'QUEUED' ELSE 'FAILED' END, x.object, x.record, x.key, x.payload, x.cause, x.depth, x.chain, x.code, x.message,
 CASE WHEN x.code IS NULL THEN now() END, CASE WHEN x.code IS NOT NULL THEN now() END
 FROM json_to_recordset($4::json) AS x(id uuid, object text, record text, key text, payload jsonb, cause uuid, depth integer, chain text[], code text, message text)
 ON CONFLICT (tenant_id, workflow_id, event_key) WHERE deleted_at IS NULL DO NOTHING RETURNING due_at AS due`,
    values: [tenantId, version.workflowId, version.id, JSON.stringify(rows)],
  })
  if (made.some(({ due }) => due)) await wakeRuns(db, tenantId)
  return made.length
}

/** Sees to it that due runs are looked at after this transaction. Behind the writes of the runs: who ends the job at this moment ends it before, or sees them. */
export async function wakeRuns(db: Writer, tenantId: string): Promise<void> {
  const [open] = await db.rows({
    text: `UPDATE job SET run_at = least(run_at, now()) WHERE tenant_id = $1 AND key = $2 AND status IN ('QUEUED', 'RUNNING') AND deleted_at IS NULL RETURNING id`,
    values: [tenantId, RUNS_KEY],
  })
  if (!open) await enqueueJob(db, tenantId, { kind: RUNS, key: RUNS_KEY })
}

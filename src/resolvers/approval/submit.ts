import { EVERYTHING } from '../../access/access.ts'
import { requestError, type UserErrorInfo } from '../../errors.ts'
import { newId } from '../../ids.ts'
import { recordType } from '../../read/recordType.ts'
import { amongQuery, coerceFilter } from '../../read/storedFilter.ts'
import type { WriteContext } from '../write.ts'
import { enter, follow } from './advance.ts'
import { type Instance, lockRecord, log } from './instance.ts'
import { pendingApproval } from './pending.ts'
import { subjectOf } from './registry.ts'
import { snapshotOf } from './snapshot.ts'
import type { Step } from './step.ts'

/** By what an approval begins. */
type Trigger = 'SUBMIT' | 'CREATE' | 'EXPORT'

/** What is submitted. Ids are plain uuids, checked by the caller: that the record is the caller's to submit is for the verb that submits it to know. */
export interface Submission {
  /** Name of a type that can be approved. */
  object: string
  id: string
  /** By what it begins; SUBMIT, which takes flows for new records too, if left out. */
  trigger?: Trigger
  /** Name of the type whose flows decide, where it is not its own: that which is to be exported. */
  flowsOf?: string
  /** Whom the submitter names for steps that leave it to them. */
  approvers?: readonly string[]
  /** What the submitter says to it, as it is stored. */
  comment?: string | null
  /** What a record is for which the company has no flow. */
  whenNoFlow?: 'REFUSE' | 'APPROVE'
}

/** What became of it: it waits, or is approved at once, because no step asks anybody; `instanceId` is null where no flow was needed. */
export type Submitted = { status: 'PENDING' | 'APPROVED'; instanceId: string | null } | { errors: UserErrorInfo[] }

interface FlowRow {
  id: string
  versionId: string
  name: string
  condition: unknown
  recheck: 'FIRST_STEP' | 'LAST_STEP'
  steps: Step[]
}

/** Undoes what was written of a submission for which nobody is found. */
class Unsubmitted extends Error {
  readonly errors: UserErrorInfo[]

  constructor(errors: UserErrorInfo[]) {
    super('Nobody could decide it.')
    this.errors = errors
  }
}

/**
 * Submits a record: of the company's active published flows of its type the first by priority whose condition it meets decides over it. The record is locked first, so that of
 * two who submit it one is refused. The type's `submitted` is called before anybody is asked, `approved` at once where nobody is.
 *
 * Errors: NOT_FOUND, ALREADY_IN_APPROVAL, NO_APPROVAL_FLOW, NO_APPROVER with the step; then nothing of it is written.
 *
 * @throws FORBIDDEN for keys without a user: what is submitted is somebody's.
 */
export async function submitForApproval(context: WriteContext, submission: Submission): Promise<Submitted> {
  const { object, id, trigger = 'SUBMIT', flowsOf = object, whenNoFlow = 'REFUSE' } = submission
  if (!subjectOf(object)) throw new Error(`${object} cannot be approved.`)
  const submitterId = requireUser(context)
  if (!(await lockRecord(context, object, id))) return refused('NOT_FOUND', `There is no such ${object}.`)
  if ((await pendingApproval(context, object, [id])).size > 0)
    return refused('ALREADY_IN_APPROVAL', 'The record waits for an approval already.')
  const flow = await flowFor(context, { object, id, trigger, flowsOf })
  if (!flow) {
    if (whenNoFlow === 'REFUSE') return refused('NO_APPROVAL_FLOW', 'No approval flow takes the record.')
    await follow(context, { object, recordId: id }, 'submitted')
    await follow(context, { object, recordId: id }, 'approved')
    return { status: 'APPROVED', instanceId: null }
  }
  try {
    return await context.db.savepoint(() => start(context, submission, submitterId, flow))
  } catch (error) {
    if (error instanceof Unsubmitted) return { errors: error.errors }
    throw error
  }
}

const refused = (code: UserErrorInfo['code'], message: string): Submitted => ({
  errors: [{ code, message, field: ['recordId'] }],
})

/** The user who is calling. @throws FORBIDDEN for keys without one. */
export function requireUser({ viewer }: WriteContext): string {
  if (viewer.userId) return viewer.userId
  throw requestError('FORBIDDEN', {
    message: {
      en: 'Approvals are asked for and given by users: use a user’s token, or a key that acts for a user.',
      zhCN: '提交与审批必须由用户进行：请使用用户的令牌，或代表用户的密钥。',
    },
  })
}

/** Does one of the company's flows take the record (uuid): then it needs its approval. */
export async function needsApproval(context: WriteContext, object: string, id: string): Promise<boolean> {
  return (await flowFor(context, { object, id, trigger: 'SUBMIT', flowsOf: object })) !== null
}

async function flowFor(
  { db, viewer }: WriteContext,
  { object, id, trigger, flowsOf }: Required<Pick<Submission, 'object' | 'id' | 'trigger' | 'flowsOf'>>,
): Promise<FlowRow | null> {
  const { tenantId } = viewer
  const flows = await db.rows<FlowRow>({
    text: `SELECT f.id, v.id AS "versionId", f.name, v.condition, v.recheck, v.steps FROM approval_flow f
 JOIN approval_flow_version v ON v.tenant_id = $1 AND v.id = f.published_version_id
 WHERE f.tenant_id = $1 AND f.object = $2 AND f.active AND f.deleted_at IS NULL AND (f.trigger = $3 OR ($3 = 'SUBMIT' AND f.trigger = 'CREATE')) ORDER BY f.priority, f.id`,
    values: [tenantId, flowsOf, trigger],
  })
  const type = recordType(object)
  for (const flow of flows) {
    if (flow.condition === null) return flow
    const read = coerceFilter(type, flow.condition)
    // A condition that the API of today does not know any more finds nothing: better than everything.
    if ('problems' in read) continue
    if ((await db.rows(amongQuery(type, read.ok, { tenantId, access: EVERYTHING }, [id]))).length > 0) return flow
  }
  return null
}

async function start(
  context: WriteContext,
  { object, id: recordId, approvers = [], comment = null }: Submission,
  submitterId: string,
  flow: FlowRow,
): Promise<Submitted> {
  const { db, viewer } = context
  const first = await firstStep(context, object, recordId, flow)
  const snapshot = await snapshotOf(context, object, recordId)
  await follow(context, { object, recordId }, 'submitted')
  const instance: Instance = {
    id: newId(),
    object,
    recordId,
    submitterId,
    chosenIds: [...approvers],
    status: 'PENDING',
    flowName: flow.name,
    currentStep: first,
    round: 0,
    steps: flow.steps,
  }
  await db.rows({
    text: `INSERT INTO approval_instance (tenant_id, id, object_type, record_id, flow_id, flow_version_id, flow_name, current_step, submitter_id, comment, chosen_ids, snapshot)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::uuid[], $12)`,
    values: [
      viewer.tenantId,
      instance.id,
      object,
      recordId,
      flow.id,
      flow.versionId,
      flow.name,
      first,
      submitterId,
      comment,
      instance.chosenIds,
      JSON.stringify(snapshot),
    ],
  })
  await log(context, instance, { action: 'SUBMIT', comment })
  const errors = await enter(context, instance, first)
  if (errors.length > 0) throw new Unsubmitted(errors)
  return { status: instance.status as 'PENDING' | 'APPROVED', instanceId: instance.id }
}

/** Where it begins: what came back is looked at again from the step where it ended, when the flow says so and is the same as then. */
async function firstStep(
  { db, viewer }: WriteContext,
  object: string,
  recordId: string,
  { versionId, recheck }: FlowRow,
): Promise<number> {
  if (recheck === 'FIRST_STEP') return 1
  const [last] = await db.rows<{ versionId: string; status: string; step: number }>({
    text: `SELECT flow_version_id AS "versionId", status, current_step AS step FROM approval_instance
 WHERE tenant_id = $1 AND object_type = $2 AND record_id = $3 AND deleted_at IS NULL ORDER BY submitted_at DESC, id DESC LIMIT 1`,
    values: [viewer.tenantId, object, recordId],
  })
  const again = last && last.versionId === versionId && ['REJECTED', 'WITHDRAWN', 'CANCELLED'].includes(last.status)
  return again ? last.step : 1
}

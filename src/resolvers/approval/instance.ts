import { newId } from '../../ids.ts'
import { recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import type { WriteContext } from '../write.ts'
import type { Question } from './approvers.ts'
import type { Action, Status } from './states.ts'
import type { Step } from './step.ts'

/** An approval as its verbs see it, locked. Plain uuids. */
export interface Instance extends Question {
  id: string
  status: Status
  flowName: string
  /** From 1. */
  currentStep: number
  round: number
  steps: Step[]
}

/** A task as its verbs see it. */
export interface Task {
  id: string
  approverId: string
  delegatedFromId: string | null
  status: string
  added: boolean
  sort: number
  dueAt: Date | null
  escalations: number
}

/** Locks a record of a type, whoever may see it; false for one that is not there or lies in the recycle bin. */
export async function lockRecord({ db, viewer }: WriteContext, object: string, id: string): Promise<boolean> {
  const rows = await db.rows({
    text: `SELECT id FROM ${ident(recordType(object).table)} WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL FOR NO KEY UPDATE`,
    values: [viewer.tenantId, id],
  })
  return rows.length > 0
}

/** Locks an approval, its record first: every act takes them in this order, so that two follow one another. Null for one that is not there. */
export async function lockInstance(context: WriteContext, id: string): Promise<Instance | null> {
  const { db, viewer } = context
  const [found] = await db.rows<{ object: string; recordId: string }>({
    text: 'SELECT object_type AS object, record_id AS "recordId" FROM approval_instance WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL',
    values: [viewer.tenantId, id],
  })
  if (!found) return null
  await lockRecord(context, found.object, found.recordId)
  await db.rows({
    text: 'SELECT id FROM approval_instance WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE',
    values: [viewer.tenantId, id],
  })
  // In a statement of its own: as it is now that nobody else is at it.
  const [instance] = await db.rows<Instance>({
    text: `SELECT i.id, i.object_type AS object, i.record_id AS "recordId", i.submitter_id AS "submitterId", i.chosen_ids AS "chosenIds", i.status,
 i.flow_name AS "flowName", i.current_step AS "currentStep", i.round, v.steps
 FROM approval_instance i JOIN approval_flow_version v ON v.tenant_id = $1 AND v.id = i.flow_version_id WHERE i.tenant_id = $1 AND i.id = $2`,
    values: [viewer.tenantId, id],
  })
  return instance ?? null
}

/** The step that an approval stands at. */
export const stepOf = ({ steps, currentStep }: Instance): Step => steps[currentStep - 1] as Step

/** The tasks of the step as it was last begun, in their order. */
export async function tasksOf({ db, viewer }: WriteContext, { id, round }: Instance): Promise<Task[]> {
  return db.rows<Task>({
    text: `SELECT id, approver_id AS "approverId", delegated_from_id AS "delegatedFromId", status, added, sort, due_at AS "dueAt", escalations
 FROM approval_task WHERE tenant_id = $1 AND instance_id = $2 AND round = $3 ORDER BY sort, id`,
    values: [viewer.tenantId, id, round],
  })
}

/** What an act leaves in the log. */
export interface Entry {
  action: Action | 'PASS'
  automatic?: boolean
  taskId?: string | null
  step?: number
  delegatedFromId?: string | null
  toUserId?: string | null
  toStep?: number | null
  comment?: string | null
}

/** Adds a line to the log: one for each act of somebody, and one for what a rule or the clock did in their place. */
export async function log({ db, viewer }: WriteContext, instance: Instance, entry: Entry): Promise<void> {
  const { automatic = false } = entry
  await db.rows({
    text: `INSERT INTO approval_log (tenant_id, id, instance_id, task_id, action, automatic, step, by_id, delegated_from_id, to_user_id, to_step, comment)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    values: [
      viewer.tenantId,
      newId(),
      instance.id,
      entry.taskId ?? null,
      entry.action,
      automatic,
      entry.step ?? instance.currentStep,
      automatic ? null : viewer.userId,
      entry.delegatedFromId ?? null,
      entry.toUserId ?? null,
      entry.toStep ?? null,
      entry.comment ?? null,
    ],
  })
}

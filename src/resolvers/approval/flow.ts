import { EVERYTHING } from '../../access/access.ts'
import { requireRight } from '../../access/decide.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { newId } from '../../ids.ts'
import { findRecordType, type RecordType, recordType } from '../../read/recordType.ts'
import { coerceFilter, filterProblems } from '../../read/storedFilter.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { refuse } from '../checks.ts'
import { validationError } from '../normalise.ts'
import { lockTargets, type Written } from '../records.ts'
import { after, type Change, type WriteContext } from '../write.ts'
import { APPROVERS_MAX } from './approvers.ts'
import { approvable, subjectOf } from './registry.ts'
import { DEFAULTS, type Step } from './step.ts'

/** Most steps of a flow, levels of superiors, and hours that a step may take. */
export const LIMITS = { steps: 20, level: 10, hours: 8760 }

/**
 * Rule of flows: about a type that can be approved; a condition that the API would take; steps that say all that their source needs and name fields and users that
 * there are. What a step leaves out is filled in. Errors: VALIDATION_FAILED, REFERENCE_NOT_FOUND.
 */
export async function writeApprovalFlow(changes: Change[], context: WriteContext): Promise<void> {
  for (const change of changes) {
    const object = after(change, 'object') as string
    const exported = after(change, 'trigger') === 'EXPORT'
    if (exported ? !findRecordType(object) : !subjectOf(object)) {
      const names = exported ? 'a type of record' : approvable().join(', ')
      refuse(change, 'object', 'choice', `must be one of ${names}`)
      continue
    }
    // What goes through a flow for exports is the request for one.
    const type = recordType(exported ? REQUEST : object)
    if (exported && after(change, 'condition') != null)
      refuse(change, 'condition', 'kind', 'is not for flows of exports: they take all of their type')
    else if (change.values.condition != null) checkCondition(change, type, context)
    if (!Array.isArray(change.values.steps)) continue
    const steps = (change.values.steps as Step[]).map((step) => ({ ...DEFAULTS, ...step }))
    change.values.steps = steps
    for (const { path, rule, message } of problems(type, steps)) refuse(change, ['steps', ...path], rule, message)
  }
  await checkPeople(changes, context)
}

function checkCondition(change: Change, type: RecordType, { viewer }: WriteContext): void {
  const read = coerceFilter(type, change.values.condition)
  // Who writes a flow is an administrator, and it is asked of the whole tenant.
  const asker = { tenantId: viewer.tenantId, access: EVERYTHING }
  const found = 'problems' in read ? read.problems : filterProblems(type, read.ok, asker)
  for (const { path, message } of found) refuse(change, ['condition', ...path], 'filter', `is no filter: ${message}`)
}

/** The type of record that asks for a right. */
const REQUEST = 'PermissionRequest'
/** What a step of a flow for rights must not say: nobody gets one without somebody who has it. */
const BY_ITSELF = {
  emptyApproverAction: ['AUTO_PASS'],
  timeoutAction: ['APPROVE'],
  sameAsSubmitterAction: ['ALLOW', 'SKIP'],
} as const

interface Problem {
  path: string[]
  rule: string
  message: string
}

function problems(type: RecordType, steps: Step[]): Problem[] {
  const found: Problem[] = []
  if (steps.length > LIMITS.steps)
    found.push({ path: [], rule: 'maxItems', message: `must have at most ${LIMITS.steps} members` })
  steps.forEach((step, index) => {
    const add = (name: string, rule: string, message: string) =>
      found.push({ path: [String(index), name], rule, message })
    const range = (name: 'level' | 'timeoutHours', most: number) => {
      const value = step[name]
      if (value !== undefined && (value < 1 || value > most)) add(name, 'range', `must be from 1 to ${most}`)
    }
    if (step.source === 'USERS' && !step.userIds?.length) add('userIds', 'required', 'is required for USERS')
    if ((step.userIds?.length ?? 0) > APPROVERS_MAX)
      add('userIds', 'maxItems', `must have at most ${APPROVERS_MAX} members`)
    if (step.source === 'ROLE' && !step.roleId) add('roleId', 'required', 'is required for ROLE')
    if (step.source === 'NTH_MANAGER' && step.level === undefined)
      add('level', 'required', 'is required for NTH_MANAGER')
    if (step.source === 'FIELD' && type.fields.get(step.field ?? '')?.target !== 'User')
      add('field', 'user', `must be a field of ${type.name} that holds a user`)
    if (step.emptyApproverAction === 'FALLBACK_USER' && !step.fallbackUserId)
      add('fallbackUserId', 'required', 'is required for FALLBACK_USER')
    if (type.name === REQUEST)
      for (const [name, actions] of Object.entries(BY_ITSELF))
        if ((actions as readonly unknown[]).includes(step[name as keyof typeof BY_ITSELF]))
          add(name, 'kind', 'would grant a right that nobody has agreed to')
    range('level', LIMITS.level)
    range('timeoutHours', LIMITS.hours)
    for (const name of step.editableFields ?? []) {
      const field = type.fields.get(name)
      if (field?.write !== 'always' || type.owners.includes(name))
        add('editableFields', 'field', `must be fields of ${type.name} that can be changed, and not its owner`)
    }
  })
  return found
}

/** Users and roles that steps name, with where they stand. */
function namedIn(steps: Step[]): { type: 'User' | 'Role'; id: string; path: string[] }[] {
  return steps.flatMap((step, index) => {
    const at = String(index)
    const list = (name: 'userIds' | 'ccUserIds') =>
      (step[name] ?? []).map((id, place) => ({ type: 'User' as const, id, path: [at, name, String(place)] }))
    const one = (type: 'User' | 'Role', name: 'roleId' | 'fallbackUserId') => {
      const id = step[name]
      return id === undefined ? [] : [{ type, id, path: [at, name] }]
    }
    return [...list('userIds'), ...list('ccUserIds'), ...one('Role', 'roleId'), ...one('User', 'fallbackUserId')]
  })
}

/** REFERENCE_NOT_FOUND for users and roles that are not there. One statement for all. */
async function checkPeople(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  const named = changes.flatMap((change) =>
    Array.isArray(change.values.steps)
      ? namedIn(change.values.steps as Step[]).map((one) => ({
          ...one,
          change,
          uuid: findRecordType(one.type) ? (uuidOf(one.type, one.id) ?? NO_ID) : NO_ID,
        }))
      : [],
  )
  if (named.length === 0) return
  const rows = await db.rows<{ id: string }>({
    text: `SELECT id FROM app_user WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND status <> 'LEFT' AND contact_id IS NULL AND deleted_at IS NULL
 UNION ALL SELECT id FROM role WHERE tenant_id = $1 AND id = ANY ($3::uuid[]) AND deleted_at IS NULL`,
    values: [
      viewer.tenantId,
      named.flatMap(({ type, uuid }) => (type === 'User' ? [uuid] : [])),
      named.flatMap(({ type, uuid }) => (type === 'Role' ? [uuid] : [])),
    ],
  })
  const there = new Set(rows.map(({ id }) => id))
  for (const { change, type, uuid, path } of named) {
    if (there.has(uuid)) continue
    change.errors.push({
      code: 'REFERENCE_NOT_FOUND',
      message: `${path[1]} names no ${type} who is there.`,
      field: [...change.path, 'steps', ...path],
    })
  }
}

/**
 * Publishes a flow as it is written now: what is submitted from now on goes by it, what is under way goes on as it began.
 *
 * Errors: NOT_FOUND, FORBIDDEN, VALIDATION_FAILED for a flow without steps, REFERENCE_NOT_FOUND for users and roles that have gone since.
 */
export async function publishApprovalFlow(context: WriteContext, flowId: string): Promise<Written> {
  const { db, viewer } = context
  requireRight(viewer, 'update', 'ApprovalFlow')
  const type = recordType('ApprovalFlow')
  const target = { id: uuidOf(type.name, flowId) ?? NO_ID }
  const [flow] = await lockTargets(context, type, [target], { action: 'update', pathOf: () => ['id'] })
  if (!flow?.before) return refused(flow?.errors ?? [])
  const { condition, recheck, steps, publishedVersionId } = flow.before
  if ((steps as Step[]).length === 0) return refused([validationError(['steps'], 'required', 'is required to publish')])
  const check: Change = { ...flow, path: [], values: { condition, steps } }
  await writeApprovalFlow([check], context)
  if (check.errors.length > 0) return refused(check.errors)
  if (await isPublished(context, publishedVersionId as string | null, flow.before))
    return { id: flow.id, errors: [], changed: false }
  const versionId = newId()
  await db.rows({
    text: `INSERT INTO approval_flow_version (tenant_id, id, flow_id, number, condition, recheck, steps)
 SELECT $1::uuid, $2::uuid, $3::uuid, 1 + coalesce(max(number), 0), $4::jsonb, $5, $6::jsonb FROM approval_flow_version WHERE tenant_id = $1 AND flow_id = $3`,
    values: [
      viewer.tenantId,
      versionId,
      flow.id,
      condition == null ? null : JSON.stringify(condition),
      recheck,
      JSON.stringify(steps),
    ],
  })
  await db.rows({
    text: 'UPDATE approval_flow SET published_version_id = $3 WHERE tenant_id = $1 AND id = $2',
    values: [viewer.tenantId, flow.id, versionId],
  })
  return { id: flow.id, errors: [], changed: true }
}

/** Is a flow published as it is: nothing is published twice. */
async function isPublished(
  { db, viewer }: WriteContext,
  versionId: string | null,
  { condition, recheck, steps }: Record<string, unknown>,
): Promise<boolean> {
  const same = await db.rows({
    text: `SELECT 1 FROM approval_flow_version WHERE tenant_id = $1 AND id = $2 AND condition IS NOT DISTINCT FROM $3::jsonb AND recheck = $4 AND steps = $5::jsonb`,
    values: [
      viewer.tenantId,
      versionId,
      condition == null ? null : JSON.stringify(condition),
      recheck,
      JSON.stringify(steps),
    ],
  })
  return same.length > 0
}

const refused = (errors: UserErrorInfo[]): Written => ({ id: null, errors })

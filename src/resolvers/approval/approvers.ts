import { may } from '../../access/decide.ts'
import { fieldOf, recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { uuidOf } from '../../read/values.ts'
import { type Assignment, administrator, climb, nextApprover, type Search } from '../identity/approver.ts'
import type { WriteContext } from '../write.ts'
import type { Step } from './step.ts'

/** Whom a step asks about what. Plain uuids. */
export interface Question {
  object: string
  recordId: string
  submitterId: string
  /** Whom the submitter named. */
  chosenIds: readonly string[]
}

/** Most users whom one step asks. */
export const APPROVERS_MAX = 50

/** Where approvers of a step are looked for: the submitter is none, unless the step says so, nor is who could not see or decide it. */
export function searchFor({ db, viewer }: WriteContext, question: Question, step: Step, at = new Date()): Search {
  return {
    db,
    tenantId: viewer.tenantId,
    // Nobody's id: the submitter is asked like anybody else.
    applicantId: step.sameAsSubmitterAction === 'ALLOW' ? NOBODY : question.submitterId,
    at,
    able: (one) => may(one, 'read', question.object) && may(one, 'update', 'ApprovalTask'),
  }
}

const NOBODY = '00000000-0000-0000-0000-000000000000'

/**
 * Who is to decide a step, each once and in order: those that its source names; whoever has left, is suspended or cannot decide makes room for their superior,
 * whoever is out of office for their delegate. Empty: the step passes by itself. Null: nobody is found, and the step does not go without.
 */
export async function approversOf(context: WriteContext, question: Question, step: Step): Promise<Assignment[] | null> {
  return held(context, () => findApprovers(context, question, step))
}

/**
 * What a search finds, with those who are found held as they are to the end of the transaction: who leaves at this moment is not found, or leaves what they are given to others.
 */
export async function held<Found extends Assignment[] | Assignment | null>(
  { db, viewer }: WriteContext,
  search: () => Promise<Found>,
): Promise<Found> {
  for (;;) {
    const found = await search()
    const ids = [found ?? []].flat().map(({ approverId }) => approverId)
    if (ids.length === 0) return found
    const there = await db.rows({
      text: `SELECT id FROM app_user WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND status = 'ACTIVE' AND contact_id IS NULL AND deleted_at IS NULL ORDER BY id FOR SHARE`,
      values: [viewer.tenantId, ids],
    })
    if (there.length === ids.length) return found
  }
}

async function findApprovers(context: WriteContext, question: Question, step: Step): Promise<Assignment[] | null> {
  const search = searchFor(context, question, step)
  const named = await namedBy(context, question, step)
  const skipped = step.sameAsSubmitterAction === 'SKIP' ? question.submitterId : null
  const found = await seat(
    search,
    named.filter((id) => id !== skipped),
  )
  if (found.length > 0) return found
  // The submitter alone was named, and is not asked.
  if (skipped && named.includes(skipped)) return []
  switch (step.emptyApproverAction) {
    case 'AUTO_PASS':
      return []
    case 'ADMIN': {
      const admin = await administrator(search)
      return admin && [admin]
    }
    case 'FALLBACK_USER': {
      const fallback = await seat(search, [uuidOf('User', step.fallbackUserId) ?? NOBODY])
      return fallback.length > 0 ? fallback : null
    }
    default:
      return null
  }
}

/** Who decides in the place of each, nobody twice. */
async function seat(search: Search, ids: string[]): Promise<Assignment[]> {
  const found = new Map<string, Assignment>()
  for (const id of ids) {
    const one = await climb(search, id)
    if (one && !found.has(one.approverId)) found.set(one.approverId, one)
  }
  return [...found.values()]
}

/** Whom the source of a step names, whoever they are by now. */
async function namedBy(context: WriteContext, question: Question, step: Step): Promise<string[]> {
  switch (step.source) {
    case 'USERS':
      return (step.userIds ?? []).flatMap((id) => uuidOf('User', id) ?? [])
    case 'INITIATOR_CHOICE':
      return [...question.chosenIds]
    case 'ROLE':
      return ids(context, HOLDERS, uuidOf('Role', step.roleId) ?? NOBODY)
    case 'MANAGER':
      return ids(context, ABOVE, question.submitterId, 1)
    case 'NTH_MANAGER':
      return ids(context, ABOVE, question.submitterId, step.level ?? 1)
    case 'DEPARTMENT_HEAD':
      return ids(context, HEAD, question.submitterId)
    case 'FIELD': {
      const type = recordType(question.object)
      const column = ident(fieldOf(type, step.field as string).column)
      return ids(
        context,
        `SELECT ${column} AS id FROM ${ident(type.table)} WHERE tenant_id = $1 AND id = $2 AND ${column} IS NOT NULL`,
        question.recordId,
      )
    }
  }
}

const HOLDERS = `SELECT u.id FROM app_user u WHERE u.tenant_id = $1 AND u.status = 'ACTIVE' AND u.contact_id IS NULL AND u.deleted_at IS NULL AND (u.role_id = $2 OR EXISTS (
 SELECT 1 FROM user_role r WHERE r.tenant_id = $1 AND r.user_id = u.id AND r.role_id = $2 AND r.deleted_at IS NULL AND (r.expires_at IS NULL OR r.expires_at > now())))
 ORDER BY u.id LIMIT ${APPROVERS_MAX}`

const ABOVE = `WITH RECURSIVE up AS (
 SELECT u.manager_id AS id, 1 AS level FROM app_user u WHERE u.tenant_id = $1 AND u.id = $2
 UNION ALL SELECT u.manager_id, up.level + 1 FROM up JOIN app_user u ON u.tenant_id = $1 AND u.id = up.id WHERE up.level < $3::integer
) SELECT id FROM up WHERE level = $3::integer AND id IS NOT NULL`

// The nearest department that has a head, from the submitter's upwards.
const HEAD = `WITH RECURSIVE up AS (
 SELECT d.id, d.head_id, d.parent_id, 1 AS level FROM app_user u JOIN department d ON d.tenant_id = $1 AND d.id = u.department_id AND d.deleted_at IS NULL
 WHERE u.tenant_id = $1 AND u.id = $2
 UNION ALL SELECT d.id, d.head_id, d.parent_id, up.level + 1 FROM up JOIN department d ON d.tenant_id = $1 AND d.id = up.parent_id AND d.deleted_at IS NULL
 WHERE up.head_id IS NULL AND up.level < 50
) SELECT head_id AS id FROM up WHERE head_id IS NOT NULL`

async function ids({ db, viewer }: WriteContext, text: string, ...values: unknown[]): Promise<string[]> {
  const rows = await db.rows<{ id: string }>({ text, values: [viewer.tenantId, ...values] })
  return rows.map(({ id }) => id)
}

/** Who decides in the place of an approver who did not in time: their superior, the next time an administrator; null when there is nobody else. */
export async function escalatedTo(
  context: WriteContext,
  question: Question,
  step: Step,
  task: { approverId: string; delegatedFromId: string | null; escalations: number },
  now: Date,
): Promise<Assignment | null> {
  const from = { approverId: task.approverId, onBehalfOfId: task.delegatedFromId }
  return held(context, () => nextApprover(searchFor(context, question, step, now), from, task.escalations))
}

/** Who decides in the place of an approver who has left, is suspended or out of office; null when nobody can. */
export async function insteadOf(
  context: WriteContext,
  question: Question,
  step: Step,
  userId: string,
  now: Date,
): Promise<Assignment | null> {
  const search = searchFor(context, question, step, now)
  return held(context, async () => (await climb(search, userId)) ?? administrator(search))
}

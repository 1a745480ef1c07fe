import { DateTime } from 'luxon'
import { may } from '../../access/decide.ts'
import { ADMIN } from '../../access/roles.ts'
import { viewerOfUser } from '../../access/viewer.ts'
import type { Viewer } from '../../context.ts'
import type { Reader } from '../../tenancy/tenancy.ts'

/** Who is to decide a request: the approver, and whom they stand in for while that one is out of office. Plain uuids. */
export interface Assignment {
  approverId: string
  onBehalfOfId: string | null
}

/** Where approvers are looked for. */
export interface Search {
  db: Reader
  tenantId: string
  /** Never decides, whichever way the search comes to them. */
  applicantId: string
  /** When: who is out of office then is stood in for. */
  at: Date
  /** Users who had their time to decide. */
  passed?: readonly string[]
  /** Who can decide, by their rights: a role can be without them. Left out: who may decide requests for permissions. */
  able?: (viewer: Viewer) => boolean
}

interface Person {
  active: boolean
  /** Out of office. */
  away: boolean
  managerId: string | null
  departmentId: string | null
  delegateId: string | null
}

/** Working days that an approver has (spec/domain.md 3.1). */
const WORKING_DAYS = 5

/** The end of the fifth working day, Monday to Friday, after a moment in a time zone. */
export function dueAfter(at: Date, timezone: string): Date {
  let day = DateTime.fromJSDate(at, { zone: timezone })
  for (let left = WORKING_DAYS; left > 0; ) {
    day = day.plus({ days: 1 })
    if (day.weekday <= 5) left--
  }
  return day.endOf('day').toJSDate()
}

/** A condition on app_user under an alias: they are out of office at the moment of a parameter. */
export const awayAt = (alias: string, at: string) =>
  `${alias}.out_of_office_from <= ${at} AND (${alias}.out_of_office_to IS NULL OR ${alias}.out_of_office_to > ${at})`

async function person({ db, tenantId, at }: Search, id: string): Promise<Person | undefined> {
  const [row] = await db.rows<Person>({
    text: `SELECT u.status = 'ACTIVE' AND u.deleted_at IS NULL AS active, coalesce(${awayAt('u', '$3::timestamptz')}, false) AS away,
 u.manager_id AS "managerId", u.department_id AS "departmentId", u.delegate_id AS "delegateId" FROM app_user u WHERE u.tenant_id = $1 AND u.id = $2`,
    values: [tenantId, id, at],
  })
  return row
}

const decides = (viewer: Viewer) => may(viewer, 'approve', 'PermissionRequest')

async function able({ db, tenantId, able: rights = decides }: Search, id: string): Promise<boolean> {
  const viewer = await viewerOfUser(db, tenantId, id)
  return viewer !== null && rights(viewer)
}

/** Whoever acts for a user who is out of office, over delegates who are out of office themselves; null when nobody does. */
async function delegateOf(search: Search, first: string): Promise<string | null> {
  const seen = new Set<string>()
  for (let id: string | null = first; id && !seen.has(id); ) {
    seen.add(id)
    const one = await person(search, id)
    if (!one?.active) return null
    if (!one.away || !one.delegateId) return id
    id = one.delegateId
  }
  return null
}

/** A user, or who stands in for them; null when neither can decide, and the next one up is to be asked. */
async function take(search: Search, id: string, one: Person): Promise<Assignment | null> {
  const { applicantId, passed = [] } = search
  const barred = (userId: string) => userId === applicantId || passed.includes(userId)
  if (!one.active || barred(id)) return null
  const delegate = one.away && one.delegateId ? await delegateOf(search, one.delegateId) : null
  if (delegate && barred(delegate)) return null
  if (delegate && (await able(search, delegate))) return { approverId: delegate, onBehalfOfId: id }
  return (await able(search, id)) ? { approverId: id, onBehalfOfId: null } : null
}

/** The first who can decide, from a user upwards over their superiors: themselves, or their delegate while they are out of office. */
export async function climb(search: Search, from: string | null): Promise<Assignment | null> {
  const seen = new Set<string>()
  for (let id = from; id && !seen.has(id); ) {
    seen.add(id)
    const one = await person(search, id)
    if (!one) return null
    const found = await take(search, id, one)
    if (found) return found
    id = one.managerId
  }
  return null
}

/** The head of a department or, where it has none who can decide, of the one above it. */
async function headOf(search: Search, departmentId: string | null): Promise<Assignment | null> {
  const { db, tenantId } = search
  const seen = new Set<string>()
  for (let id = departmentId; id && !seen.has(id); ) {
    seen.add(id)
    const [department] = await db.rows<{ headId: string | null; parentId: string | null }>({
      text: 'SELECT head_id AS "headId", parent_id AS "parentId" FROM department WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL',
      values: [tenantId, id],
    })
    const found = await climb(search, department?.headId ?? null)
    if (found) return found
    id = department?.parentId ?? null
  }
  return null
}

/** An active administrator, rather one who is in the office; the longest serving first. Null when the applicant is the only one. */
export async function administrator({
  db,
  tenantId,
  applicantId,
  at,
  passed = [],
}: Search): Promise<Assignment | null> {
  const [found] = await db.rows<{ id: string }>({
    text: `SELECT u.id FROM app_user u JOIN role r ON r.tenant_id = $1 AND r.is_system AND r.key = $2 AND r.deleted_at IS NULL
 WHERE u.tenant_id = $1 AND u.status = 'ACTIVE' AND u.deleted_at IS NULL AND u.id <> $3 AND u.id <> ALL ($4::uuid[])
 AND (u.role_id = r.id OR EXISTS (SELECT 1 FROM user_role x WHERE x.tenant_id = $1 AND x.user_id = u.id AND x.role_id = r.id AND x.deleted_at IS NULL
  AND (x.expires_at IS NULL OR x.expires_at > $5)))
 ORDER BY coalesce(${awayAt('u', '$5::timestamptz')}, false), u.id LIMIT 1`,
    values: [tenantId, ADMIN, applicantId, passed, at],
  })
  return found ? { approverId: found.id, onBehalfOfId: null } : null
}

/**
 * Who gives the first approval: the applicant's manager; without one the head of their department, then an administrator. Whoever cannot decide (has left, is
 * suspended, is the applicant) makes room for their superior, whoever is out of office for their delegate.
 */
export async function firstApprover(search: Search): Promise<Assignment | null> {
  const applicant = await person(search, search.applicantId)
  const above = applicant?.managerId
    ? await climb(search, applicant.managerId)
    : await headOf(search, applicant?.departmentId ?? null)
  return above ?? administrator(search)
}

/** Who gives the second approval: the head of the department that the data belongs to, or an administrator. */
export async function secondApprover(search: Search, departmentId: string): Promise<Assignment | null> {
  return (await headOf(search, departmentId)) ?? administrator(search)
}

/**
 * Who decides in the place of an approver who did not: their superior, or that of the one they stand in for; the second time an administrator. Null when there
 * is nobody else.
 */
export async function nextApprover(
  search: Search,
  { approverId, onBehalfOfId }: { approverId: string | null; onBehalfOfId: string | null },
  escalations: number,
): Promise<Assignment | null> {
  const passed = [approverId, onBehalfOfId].flatMap((id) => id ?? [])
  const others = { ...search, passed }
  const base = onBehalfOfId ?? approverId
  const one = base && escalations === 0 ? await person(search, base) : undefined
  return (one?.managerId ? await climb(others, one.managerId) : null) ?? administrator(others)
}

/** Who decides now that an approver has left, is suspended or out of office; the same one where nobody can take their place. */
export async function instead(
  search: Search,
  { approverId, onBehalfOfId }: { approverId: string | null; onBehalfOfId: string | null },
): Promise<Assignment | null> {
  return (await climb(search, onBehalfOfId ?? approverId)) ?? administrator(search)
}

import type { Inherited } from '../read/recordType.ts'
import type { Reader } from '../tenancy/tenancy.ts'
import { Access, NOBODY, type Standing } from './access.ts'
import { loadDefinitions } from './custom.ts'
import { CUSTOMER_RIGHTS } from './customer.ts'
import { type Limits, type PermissionSet, permissionSet, type RoleRows } from './permissions.ts'
import { ACTIONS, ADMIN, CUSTOMER, type Scope } from './roles.ts'

/** Whose rights to find: a user with all their roles, or a key with its one. */
export interface Principal {
  tenantId: string
  /** Whose records are their own; null for keys without a user. */
  userId: string | null
  /** The main role, or the key's. */
  roleId: string
  /** Do the user's further roles count: not for keys. */
  further: boolean
  limits?: Limits
}

/** Tables whose rows decide what somebody may do: a write to one counts at once in this process, and within seconds in others. */
export const ACCESS_TABLES: readonly string[] = [
  'role',
  'user_role',
  'object_permission',
  'field_permission',
  'record_share',
  'access_inheritance',
  'department',
  'team',
  'team_member',
  'app_user',
  'api_key',
  'permission_request',
  'pool',
  'pool_member',
  // Custom fields are seen and refused by the same decision.
  'field_definition',
]

const ACTION_LIST = ACTIONS.map((action) => `CASE WHEN p.can_${action} THEN '${action}' END`).join(', ')

const ROLES = `SELECT r.id, r.key, r.is_system AND r.key = '${ADMIN}' AS "full", r.is_system AND r.key = '${CUSTOMER}' AS "customer",
 (SELECT coalesce(json_agg(json_build_object('object', p.object, 'actions', array_remove(ARRAY[${ACTION_LIST}], NULL), 'readScope', p.read_scope, 'writeScope', p.write_scope, 'allowList', p.allow_list)), '[]')
  FROM object_permission p WHERE p.tenant_id = $1 AND p.role_id = r.id AND p.deleted_at IS NULL) AS objects,
 (SELECT coalesce(json_agg(json_build_object('object', f.object, 'field', f.field, 'access', f.access, 'mask', f.mask)), '[]')
  FROM field_permission f WHERE f.tenant_id = $1 AND f.role_id = r.id AND f.deleted_at IS NULL) AS fields,
 CASE WHEN r.id = $2 THEN (SELECT json_agg(json_build_object('object', g.object, 'field', g.field, 'access', g.access))
  FROM access_grant g WHERE g.tenant_id = $1 AND g.user_id = $3 AND (g.expires_at IS NULL OR g.expires_at > now())) END AS grants,
 r.id <> $2 AND EXISTS (SELECT 1 FROM user_role u WHERE u.tenant_id = $1 AND u.user_id = $3 AND u.role_id = r.id AND u.deleted_at IS NULL AND u.expires_at IS NOT NULL) AS "forATime"
 FROM role r WHERE r.tenant_id = $1 AND r.deleted_at IS NULL AND (r.id = $2 OR r.id IN (
  SELECT u.role_id FROM user_role u WHERE u.tenant_id = $1 AND u.user_id = $3 AND u.deleted_at IS NULL AND (u.expires_at IS NULL OR u.expires_at > now())))`

/**
 * Roles with their rows, by id, the main one with the user's grants; what is not there any more is left out. That of customers' users allows what the code says, and
 * neither adds to another role nor takes from one.
 */
export async function loadRoles(
  db: Reader,
  { tenantId, roleId, userId, further }: Pick<Principal, 'tenantId' | 'roleId' | 'userId' | 'further'>,
): Promise<RoleRows[]> {
  const roles = await db.rows<RoleRows>({
    text: ROLES,
    values: [tenantId, roleId, further ? userId : null],
  })
  const customer = roles.find(({ id, customer }) => customer && id === roleId)
  if (customer) return [{ ...customer, ...CUSTOMER_RIGHTS, grants: null }]
  return roles.filter(({ customer }) => !customer)
}

// $3 to $6: are subordinates, departments, the tree below them, teams asked for. Users who have left or were deleted count: their records are still there.
const STANDING = `WITH RECURSIVE me AS (
 SELECT department_id FROM app_user WHERE tenant_id = $1 AND id = $2
), reports AS (
 SELECT id FROM app_user WHERE tenant_id = $1 AND id = $2 AND $3::boolean
 UNION SELECT u.id FROM reports r JOIN app_user u ON u.tenant_id = $1 AND u.manager_id = r.id
), mine AS (
 SELECT department_id AS id FROM me WHERE department_id IS NOT NULL
 UNION SELECT id FROM department WHERE tenant_id = $1 AND head_id = $2 AND deleted_at IS NULL
), tree AS (
 SELECT id FROM mine WHERE $5::boolean
 UNION SELECT d.id FROM tree t JOIN department d ON d.tenant_id = $1 AND d.parent_id = t.id AND d.deleted_at IS NULL
), above AS (
 SELECT id FROM mine
 UNION SELECT d.parent_id FROM above a JOIN department d ON d.tenant_id = $1 AND d.id = a.id WHERE d.parent_id IS NOT NULL
), teams AS (
 SELECT m.team_id AS id FROM team_member m JOIN team t ON t.tenant_id = $1 AND t.id = m.team_id AND t.deleted_at IS NULL
 WHERE m.tenant_id = $1 AND m.user_id = $2 AND m.deleted_at IS NULL
 UNION SELECT id FROM team WHERE tenant_id = $1 AND leader_id = $2 AND deleted_at IS NULL
), principals AS (
 SELECT $2::uuid AS id WHERE $2 IS NOT NULL UNION SELECT id FROM above UNION SELECT id FROM teams UNION SELECT unnest($7::uuid[])
) SELECT
 ARRAY(SELECT id FROM reports) AS reports,
 ARRAY(SELECT u.id FROM app_user u WHERE $4::boolean AND u.tenant_id = $1 AND u.department_id IN (SELECT id FROM mine)) AS department,
 ARRAY(SELECT u.id FROM app_user u WHERE $5::boolean AND u.tenant_id = $1 AND u.department_id IN (SELECT id FROM tree)) AS tree,
 ARRAY(SELECT m.user_id FROM team_member m WHERE $6::boolean AND m.tenant_id = $1 AND m.deleted_at IS NULL AND m.team_id IN (SELECT id FROM teams)
  UNION SELECT t.leader_id FROM team t WHERE $6::boolean AND t.tenant_id = $1 AND t.leader_id IS NOT NULL AND t.id IN (SELECT id FROM teams)) AS team,
 ARRAY(SELECT id FROM principals) AS principals,
 ARRAY(SELECT DISTINCT s.object_type FROM record_share s WHERE s.tenant_id = $1 AND s.deleted_at IS NULL AND s.principal_id IN (SELECT id FROM principals)
  AND (s.expires_at IS NULL OR s.expires_at > now())) AS shared,
 (SELECT json_object_agg(i.object || '.' || i.relation, i.access) FROM access_inheritance i WHERE i.tenant_id = $1 AND i.deleted_at IS NULL) AS inheritance,
 (SELECT json_agg(json_build_object('id', p.id, 'object', p.object, 'hidden', p.hidden_fields, 'role', m.role)) FROM pool p
  LEFT JOIN LATERAL (SELECT min(o.role) AS role FROM pool_member o WHERE o.tenant_id = $1 AND o.pool_id = p.id AND o.deleted_at IS NULL
   AND o.principal_id IN (SELECT id FROM principals)) m ON true
  WHERE p.tenant_id = $1 AND p.deleted_at IS NULL AND (m.role IS NOT NULL OR p.hidden_fields <> '{}')) AS pools`

interface StandingRow {
  reports: string[]
  department: string[]
  tree: string[]
  team: string[]
  principals: string[]
  shared: string[]
  inheritance: Record<string, Inherited> | null
  pools: PoolRow[] | null
}

/** A pool that concerns the viewer: they are in it, with their strongest role, or it withholds something. */
interface PoolRow {
  id: string
  object: 'ACCOUNT' | 'LEAD'
  hidden: string[]
  role: 'ADMIN' | 'MEMBER' | null
}

/** The record types of pools, by the word for them. */
const POOLED = { ACCOUNT: 'Account', LEAD: 'Lead' } as const

/** What the pools withhold from a viewer, by `Account.phone`: their administrators see all of a record. */
function withheldBy(pools: PoolRow[]): Map<string, string[]> {
  const withheld = new Map<string, string[]>()
  for (const { id, object, hidden, role } of pools) {
    if (role === 'ADMIN') continue
    for (const name of hidden) {
      const key = name.includes('.') ? name : `${POOLED[object]}.${name}`
      withheld.set(key, [...(withheld.get(key) ?? []), id].sort())
    }
  }
  return withheld
}

async function loadStanding(db: Reader, tenantId: string, userId: string | null, roles: RoleRows[]): Promise<Standing> {
  const scopes = new Set(
    roles.flatMap(({ objects }) => objects.flatMap((row): Scope[] => [row.readScope, row.writeScope])),
  )
  const wants = (scope: Scope) => userId !== null && scopes.has(scope)
  const [row] = await db.rows<StandingRow>({
    text: STANDING,
    values: [
      tenantId,
      userId,
      wants('OWN_AND_SUBORDINATES'),
      wants('DEPARTMENT'),
      wants('DEPARTMENT_TREE'),
      // For what is shown to teams by its own word, whatever the roles' scopes are.
      userId !== null,
      roles.map(({ id }) => id),
    ],
  })
  const { reports, department, tree, team, principals, shared, inheritance, pools } = row as StandingRow
  const own = userId === null ? [] : [userId]
  const withOwn = (ids: string[]) => [...new Set([...own, ...ids])].sort()
  return {
    users: {
      OWN: own,
      OWN_AND_SUBORDINATES: withOwn(reports),
      DEPARTMENT: withOwn(department),
      DEPARTMENT_TREE: withOwn(tree),
      TEAM: withOwn(team),
    },
    principals,
    shared: new Set(shared),
    inheritance: new Map(Object.entries(inheritance ?? {})),
    pools: (pools ?? []).flatMap(({ id, role }) => (role ? [id] : [])).sort(),
    withheld: withheldBy(pools ?? []),
  }
}

/** A customer's own user stands nowhere in the company: what is theirs is what is their contact's. */
async function loadCustomer(db: Reader, tenantId: string, userId: string | null): Promise<Standing> {
  const [row] = await db.rows<{ contactId: string | null }>({
    text: 'SELECT contact_id AS "contactId" FROM app_user WHERE tenant_id = $1 AND id = $2',
    values: [tenantId, userId],
  })
  return {
    ...NOBODY,
    users: { ...NOBODY.users, OWN: userId === null ? [] : [userId] },
    customer: { contactId: row?.contactId ?? null },
  }
}

/** Scopes limit the administrator nowhere; what is their own is still theirs alone. */
const administrator = (userId: string | null): Standing =>
  userId === null ? NOBODY : { ...NOBODY, users: { ...NOBODY.users, OWN: [userId] } }

/** What a principal may do, and the keys of the roles that say so. One or two statements inside the tenant's bracket. */
export async function loadAccess(db: Reader, principal: Principal): Promise<{ access: Access; roles: string[] }> {
  const [roles, definitions] = await Promise.all([loadRoles(db, principal), loadDefinitions(db, principal.tenantId)])
  const set: PermissionSet = permissionSet(roles, principal.limits)
  const standing = set.full
    ? administrator(principal.userId)
    : roles.some(({ customer }) => customer)
      ? await loadCustomer(db, principal.tenantId, principal.userId)
      : await loadStanding(db, principal.tenantId, principal.userId, roles)
  // What somebody has for a time, they use; they do not pass it on.
  const temporary = roles.some(({ forATime, grants }) => forATime || grants)
  const lasting = temporary
    ? permissionSet(
        roles.flatMap((role) => (role.forATime ? [] : [{ ...role, grants: null }])),
        principal.limits,
      )
    : set
  return { access: new Access(set, standing, lasting, definitions), roles: roles.map(({ key }) => key).sort() }
}

import fc from 'fast-check'
import { newApiKey } from '../../../src/access/apiKey.ts'
import { createTokens } from '../../../src/access/token.ts'
import { newId } from '../../../src/ids.ts'
import { type Field, type RecordType, recordType, recordTypes } from '../../../src/read/recordType.ts'
import { type Company, callers, SECRET, type TestApp } from '../app.ts'
import { nthMonth, ONE_OF } from '../factory.ts'
import type { Owner } from '../owner.ts'
import type { Who } from './oracle.ts'
import { columnOf } from './rows.ts'
import { owned } from './world.ts'

/** Types that records of the random companies are of: what has an owner, and its parts and links. */
export function scopedTypes(): RecordType[] {
  const own = owned().filter(({ operations }) => operations.has('create'))
  const names = new Set(own.map(({ name }) => name))
  const parts = recordTypes().filter(
    (type) =>
      type.operations.has('create') &&
      !type.settings &&
      !names.has(type.name) &&
      (type.any || [...type.relations.values()].some((one) => one.kind === 'one' && one.part && names.has(one.target))),
  )
  return [...own, ...parts]
}

const SCOPES = ['OWN', 'OWN_AND_SUBORDINATES', 'DEPARTMENT', 'DEPARTMENT_TREE', 'TEAM', 'ALL']
const index = fc.nat(999)
const mostly = (yes: number) => fc.nat(99).map((n) => n < yes)
const maybe = fc.option(index, { freq: 4 })

const right = fc.record({
  object: fc.oneof(
    { weight: 1, arbitrary: fc.constant('*') },
    { weight: 2, arbitrary: index.map((n) => scopedTypes()[n % scopedTypes().length]!.name) },
  ),
  read: mostly(90),
  write: mostly(60),
  readScope: fc.constantFrom(...SCOPES),
  writeScope: fc.constantFrom(...SCOPES),
})

/** A company: every number is taken modulo how many there are of what it names. */
export const companies = fc.record({
  departments: fc.array(fc.record({ parent: maybe, head: maybe }), { minLength: 1, maxLength: 5 }),
  users: fc.array(fc.record({ manager: maybe, department: maybe }), { minLength: 4, maxLength: 9 }),
  teams: fc.array(fc.record({ leader: maybe, members: fc.array(index, { maxLength: 4 }) }), { maxLength: 3 }),
  roles: fc.array(fc.record({ all: right, some: fc.array(right, { maxLength: 4 }), settings: mostly(85) }), {
    minLength: 2,
    maxLength: 4,
  }),
  userRoles: fc.array(fc.record({ user: index, role: index, expired: mostly(25) }), { maxLength: 8 }),
  owners: fc.array(maybe, { minLength: 11, maxLength: 17 }),
  creators: fc.array(maybe, { minLength: 3, maxLength: 7 }),
  references: fc.array(maybe, { minLength: 5, maxLength: 11 }),
  links: fc.array(fc.tuple(index, index), { minLength: 12, maxLength: 24 }),
  shares: fc.array(
    fc.record({
      type: index,
      record: index,
      whom: fc.constantFrom('user', 'team', 'department', 'role'),
      principal: index,
      access: fc.constantFrom('READ', 'WRITE'),
      state: fc.constantFrom('open', 'open', 'until', 'expired', 'gone'),
    }),
    { maxLength: 40 },
  ),
  pools: fc.array(
    fc.record({
      object: fc.constantFrom('ACCOUNT', 'LEAD'),
      members: fc.array(
        fc.record({ whom: fc.constantFrom('user', 'department'), principal: index, admin: mostly(30) }),
        {
          maxLength: 3,
        },
      ),
      gone: mostly(15),
    }),
    { maxLength: 4 },
  ),
  pooled: fc.array(maybe, { minLength: 4, maxLength: 7 }),
  inheritance: fc.array(fc.constantFrom('NONE', 'READ', 'WRITE'), { minLength: 8, maxLength: 8 }),
  gone: fc.array(index, { maxLength: 6 }),
  viewers: fc.array(fc.record({ user: maybe, key: mostly(40), role: index }), { minLength: 2, maxLength: 2 }),
})
type Spec = typeof companies extends fc.Arbitrary<infer T> ? T : never

/** Somebody of the company who calls. */
export interface Viewer {
  caller: Pick<Company, 'run' | 'ask'>
  who: Who
}

const at = <T>(list: readonly T[], n: number | null): T | null =>
  n === null || list.length === 0 ? null : (list[n % list.length] as T)

/** Writes rows as the owner of the tables, in one statement. */
async function insert(owner: Owner, table: string, rows: Record<string, unknown>[]): Promise<void> {
  if (rows.length === 0) return
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  await owner.rows(
    `INSERT INTO ${table} (tenant_id, ${columns.join(', ')}) SELECT atrium.tenant_id(), ${columns.map((name) => `x.${name}`).join(', ')} FROM json_populate_recordset(NULL::${table}, $1::json) x ON CONFLICT DO NOTHING`,
    JSON.stringify(rows),
  )
}

/** Columns that a row cannot be without, and those that the database computes. */
const shapes = new Map<string, { required: Set<string>; computed: Set<string> }>()

async function shapeOf(owner: Owner, { table }: RecordType) {
  let shape = shapes.get(table)
  if (!shape) {
    const rows = await owner.rows<{ name: string; required: boolean; computed: boolean }>(
      `SELECT column_name AS name, is_nullable = 'NO' AND column_default IS NULL AS required, is_generated = 'ALWAYS' AS computed FROM information_schema.columns WHERE table_name = $1`,
      table,
    )
    shape = {
      required: new Set(rows.flatMap(({ name, required }) => (required ? [name] : []))),
      computed: new Set(rows.flatMap(({ name, computed }) => (computed ? [name] : []))),
    }
    shapes.set(table, shape)
  }
  return shape
}

/** Makes the company's people, rights and records, and signs its viewers in. */
export async function build(house: TestApp, owner: Owner, mark: string, spec: Spec): Promise<Viewer[]> {
  const [basis] = await owner.rows<{ role: string; stage: string; pipeline: string }>(
    `SELECT (SELECT id FROM role WHERE tenant_id = atrium.tenant_id() AND key = 'readonly') AS role, s.id AS stage, s.pipeline_id AS pipeline FROM stage s WHERE s.tenant_id = atrium.tenant_id() ORDER BY sort LIMIT 1`,
  )
  if (!basis) throw new Error('The company has no stage.')

  // Rights.
  const roles = spec.roles.map(() => newId())
  await insert(
    owner,
    'role',
    roles.map((id, n) => row({ id, key: `random-${n}`, name: `${mark} ${n}`, is_system: false })),
  )
  const rightOf = (roleId: string, object: string, one: (typeof spec.roles)[number]['all']) =>
    row({
      id: newId(),
      role_id: roleId,
      object,
      can_read: one.read,
      can_create: one.write,
      can_update: one.write,
      can_delete: one.write,
      can_restore: one.write,
      can_destroy: false,
      can_export: false,
      can_import: false,
      can_transfer: false,
      can_merge: false,
      can_approve: false,
      can_convert: false,
      can_reopen: false,
      read_scope: one.readScope,
      write_scope: one.writeScope,
      allow_list: false,
    })
  const SETTINGS = { object: '', read: true, write: false, readScope: 'ALL', writeScope: 'OWN' }
  await insert(
    owner,
    'object_permission',
    spec.roles.flatMap(({ all, some, settings }, n) => {
      const id = roles[n] as string
      const named = new Map(some.map((one) => [one.object, one]))
      named.set('*', all)
      return [
        ...[...named].map(([object, one]) => rightOf(id, object, one)),
        ...recordTypes().flatMap((type) => (type.settings && settings ? [rightOf(id, type.name, SETTINGS)] : [])),
      ]
    }),
  )

  // People.
  const users = spec.users.map(() => newId())
  const departments = spec.departments.map(() => newId())
  const teams = spec.teams.map(() => newId())
  await insert(
    owner,
    'department',
    spec.departments.map(({ parent }, n) =>
      row({
        id: departments[n],
        name: `${mark} ${n}`,
        sort: n,
        parent_id: n === 0 ? null : at(departments.slice(0, n), parent),
      }),
    ),
  )
  await insert(
    owner,
    'app_user',
    spec.users.map(({ manager, department }, n) =>
      row({
        id: users[n],
        name: `${mark} ${n}`,
        status: 'ACTIVE',
        role_id: roles[n % roles.length],
        manager_id: n === 0 ? null : at(users.slice(0, n), manager),
        department_id: at(departments, department),
      }),
    ),
  )
  for (const [n, { head }] of spec.departments.entries())
    await owner.rows(
      `UPDATE department SET head_id = $2 WHERE tenant_id = atrium.tenant_id() AND id = $1`,
      departments[n],
      at(users, head),
    )
  await insert(
    owner,
    'team',
    spec.teams.map(({ leader }, n) => row({ id: teams[n], name: `${mark} ${n}`, leader_id: at(users, leader) })),
  )
  await insert(
    owner,
    'team_member',
    spec.teams.flatMap(({ members }, n) =>
      members.map((one) => row({ id: newId(), team_id: teams[n], user_id: at(users, one) })),
    ),
  )
  const past = new Date(Date.now() - 60_000).toISOString()
  const future = new Date(Date.now() + 3_600_000).toISOString()
  await insert(
    owner,
    'user_role',
    spec.userRoles.map(({ user, role, expired }) =>
      row({ id: newId(), user_id: at(users, user), role_id: at(roles, role), expires_at: expired ? past : null }),
    ),
  )

  // Pools.
  const pools = spec.pools.map(() => newId())
  await insert(
    owner,
    'pool',
    spec.pools.map(({ object, gone }, n) =>
      row({
        id: pools[n],
        object,
        name: `${mark} ${n}`,
        enabled: true,
        is_default: false,
        hidden_fields: [],
        max_batch: 100,
        reclaim_enabled: false,
        allow_import: false,
        deleted_at: gone ? past : null,
      }),
    ),
  )
  await insert(
    owner,
    'pool_member',
    spec.pools.flatMap(({ members }, n) =>
      members.map(({ whom, principal, admin }) =>
        row({
          id: newId(),
          pool_id: pools[n],
          [`${whom}_id`]: at(whom === 'user' ? users : departments, principal),
          role: admin ? 'ADMIN' : 'MEMBER',
        }),
      ),
    ),
  )

  // Records.
  const ids = new Map<string, string[]>()
  const first = new Map([
    ['Stage', basis.stage],
    ['Pipeline', basis.pipeline],
  ])
  let n = 0
  const filled = async (type: RecordType, given: Record<string, unknown>) => {
    const { required, computed } = await shapeOf(owner, type)
    n++
    const values: Record<string, unknown> = { id: newId() }
    for (const field of type.fields.values()) {
      if (field.name === 'id' || computed.has(field.column)) continue
      if (required.has(field.column)) values[field.column] = plainValue(field, mark, n, first)
      else if (field.default != null && !field.nullable) values[field.column] = field.default
    }
    const searched = type.searched
      .map((name) => type.fields.get(name)!)
      .find(({ kind, column }) => kind === 'text' && !computed.has(column))
    if (searched) values[searched.column] = `${mark} ${n}`
    return row({ ...values, ...FORMED[type.name]?.(n, given), ...given })
  }
  const product = newId()
  await insert(owner, 'product', [await filled(recordType('Product'), { id: product })])
  first.set('Product', product)
  // What records refer to that is the same for all of them.
  for (const name of ['Competitor', 'EmailTemplate', 'SocialAccount', 'ApprovalFlow', 'ApprovalFlowVersion']) {
    const type = recordType(name)
    const made = await filled(type, {})
    await insert(owner, type.table, [made])
    first.set(name, made.id as string)
  }
  const tag = newId()
  await insert(owner, 'tag', [row({ id: tag, name: `${mark} tag` })])
  ids.set('Tag', [tag])
  const types = scopedTypes()
  /** What a record with an owner cannot be without: the customer of a contract. */
  const needs = (type: RecordType) =>
    [...type.relations.values()].flatMap((one) =>
      one.kind === 'one' && type.fields.get(one.field)?.required && types.some(({ name }) => name === one.target)
        ? [one]
        : [],
    )
  const owned = types.filter(({ owners }) => owners.length > 0)
  const own = [...owned.filter((type) => needs(type).length === 0), ...owned.filter((type) => needs(type).length > 0)]
  for (const [k, type] of own.entries()) {
    const made: Record<string, unknown>[] = []
    for (let i = 0; i < 12; i++) {
      const [owning, second] = type.owners.map((name) => columnOf(type, name))
      const given: Record<string, unknown> = {
        [owning as string]: at(users, spec.owners[(i + k * 5) % spec.owners.length] ?? null),
      }
      const pool = type.fields.get('poolId')
      const fitting = pools.filter((_, place) => (spec.pools[place]?.object === 'LEAD') === (type.name === 'Lead'))
      if (pool && given[owning as string] === null)
        given[pool.column] = at(fitting, spec.pooled[i % spec.pooled.length] ?? null)
      if (second) given[second] = at(users, spec.creators[(i + k) % spec.creators.length] ?? null)
      for (const { column, target } of needs(type))
        given[column] = at(ids.get(target) ?? [], spec.references[(i + k) % spec.references.length] ?? i)
      made.push(await filled(type, given))
    }
    await insert(owner, type.table, made)
    ids.set(
      type.name,
      made.map(({ id }) => id as string),
    )
  }
  // In the recycle bin, before anything refers to them.
  for (const [k, one] of spec.gone.entries()) {
    const type = own[k % own.length] as RecordType
    const list = ids.get(type.name) as string[]
    if (list.length < 8) continue
    const [id] = list.splice(one % list.length, 1)
    await owner.rows(`UPDATE ${type.table} SET deleted_at = now() WHERE tenant_id = atrium.tenant_id() AND id = $1`, id)
  }
  for (const [k, type] of own.entries()) {
    for (const relation of type.relations.values()) {
      if (relation.kind !== 'one' || !ids.has(relation.target) || type.fields.get(relation.field)?.write === 'never')
        continue
      const list = ids.get(type.name) as string[]
      const updates = list.map((id, i) => {
        const to =
          spec.references[(i + k) % spec.references.length] ?? (type.fields.get(relation.field)?.required ? i : null)
        // A tree over itself: only to what was made before.
        const pool = relation.target === type.name ? list.slice(0, i) : (ids.get(relation.target) as string[])
        return { id, to: at(pool, to) }
      })
      await owner.rows(
        `UPDATE ${type.table} t SET ${relation.column} = x.to FROM json_to_recordset($1::json) AS x(id uuid, "to" uuid) WHERE t.tenant_id = atrium.tenant_id() AND t.id = x.id`,
        JSON.stringify(updates),
      )
    }
  }
  for (const type of types.filter(({ owners }) => owners.length === 0)) {
    const { required } = await shapeOf(owner, type)
    const ones = [...type.relations.values()].flatMap((one) =>
      one.kind === 'one' &&
      ids.has(one.target) &&
      (type.fields.get(one.field)?.required || required.has(type.fields.get(one.field)?.column as string))
        ? [one]
        : [],
    )
    const made: Record<string, unknown>[] = []
    for (const [k, [a, b]] of spec.links.entries()) {
      const given: Record<string, unknown> = {}
      ones.forEach(({ column, target }, place) => {
        given[column] = at(ids.get(target) as string[], place === 0 ? a : b)
      })
      // Of several of which it has one, this or that.
      const oneOf = [...type.relations.values()].flatMap((one) =>
        one.kind === 'one' && ids.has(one.target) && ONE_OF[type.name]?.includes(one.field) ? [one] : [],
      )
      const chosen = oneOf[k % oneOf.length]
      for (const one of oneOf) given[one.column] = one === chosen ? at(ids.get(one.target) as string[], a) : null
      // Nothing is related to itself.
      if (new Set(ones.map(({ column }) => given[column])).size < ones.length) continue
      if (type.any) {
        const linked = own.filter((one) =>
          [...one.relations.values()].some((relation) => relation.kind === 'linked' && relation.link === type.name),
        )
        const target = linked[k % linked.length]
        if (!target) continue
        given[type.any.typeColumn] = target.name
        given[type.any.idColumn] = at(ids.get(target.name) as string[], b)
      }
      made.push(await filled(type, given))
    }
    await insert(owner, type.table, made)
  }

  // Shares and inheritance.
  const whose = { user: users, team: teams, department: departments, role: roles }
  await insert(
    owner,
    'record_share',
    spec.shares.flatMap(({ type, record, whom, principal, access, state }) => {
      const of = own[type % own.length] as RecordType
      const to = at(whose[whom], principal)
      if (!to) return []
      return [
        row({
          id: newId(),
          object_type: of.name,
          record_id: at(ids.get(of.name) as string[], record),
          [`${whom}_id`]: to,
          access,
          expires_at: state === 'expired' ? past : state === 'until' ? future : null,
          deleted_at: state === 'gone' ? past : null,
        }),
      ]
    }),
  )
  let level = 0
  for (const type of recordTypes())
    for (const name of type.inherits.keys())
      await owner.rows(
        `UPDATE access_inheritance SET access = $3 WHERE tenant_id = atrium.tenant_id() AND object = $1 AND relation = $2`,
        type.name,
        name,
        spec.inheritance[level++ % spec.inheritance.length],
      )

  const viewers: Viewer[] = []
  for (const { user, key, role } of spec.viewers)
    viewers.push(await signIn(house, owner, at(users, user), key, users, roles, role))
  return viewers
}

/** A row with what every record has. */
function row(values: Record<string, unknown>): Record<string, unknown> {
  const now = new Date().toISOString()
  return { version: 1, created_at: now, updated_at: now, external_source: '', ...values }
}

/** Columns that rules of the database want otherwise than their kinds suggest. */
const FORMED: Record<string, (n: number, given: Record<string, unknown>) => Record<string, unknown>> = {
  ThirdPartyIdentity: () => ({ platform: 'WECHAT' }),
  // Each of a month of its own, and whose it is says of what scope.
  SalesTarget: (n, given) => ({
    metric: 'WON_COUNT',
    target_count: 1,
    scope_type: given.user_id ? 'USER' : 'COMPANY',
    period_type: 'MONTH',
    period_start: nthMonth(n),
  }),
  ForecastAdjustment: (n) => ({ period_type: 'MONTH', period_start: nthMonth(n) }),
  ForecastSnapshot: (n) => ({ month: nthMonth(n) }),
  ApprovalFlowVersion: () => ({ number: 1, steps: [{ name: 'Step', source: 'MANAGER' }] }),
  ApprovalInstance: () => ({ status: 'APPROVED', current_step: 1 }),
  ApprovalTask: () => ({ status: 'APPROVED', step: 1 }),
  ReceiptPlan: (n) => ({ sequence: n }),
  // Each stands at a record, of any type that has posts.
  FeedPost: () => ({ audience: 'RECORD' }),
  // Some for their owner, some for the owner's teams, some for everybody.
  ...Object.fromEntries(
    ['SavedView', 'Report', 'Dashboard'].map((name) => [
      name,
      (n: number) => ({ visibility: ['PRIVATE', 'TEAM', 'PUBLIC'][n % 3] }),
    ]),
  ),
}

function plainValue(field: Field, mark: string, n: number, first: Map<string, string>): unknown {
  switch (field.kind) {
    case 'id':
      return first.get(field.target as string) ?? null
    case 'choice':
      return Object.keys(field.choice!.values)[0]
    case 'boolean':
      return false
    case 'int':
      return 0
    case 'money':
      return 10_000
    case 'decimal':
      return 1
    case 'currency':
      return 'USD'
    case 'texts':
    case 'objects':
      return []
    case 'date':
    case 'datetime':
      return '2026-01-01T00:00:00Z'
    default:
      return `${mark} ${n}`
  }
}

const tokens = createTokens({ secret: SECRET })

/** A user's session, or a key: for a user or for nobody. */
async function signIn(
  house: TestApp,
  owner: Owner,
  user: string | null,
  byKey: boolean,
  users: string[],
  roles: string[],
  role: number,
): Promise<Viewer> {
  if (byKey || user === null) {
    const { key, prefix, last4, hash } = newApiKey('live')
    const roleId = roles[role % roles.length] as string
    await owner.rows(
      `INSERT INTO api_key (tenant_id, id, name, prefix, last4, key_hash, role_id, user_id) VALUES (atrium.tenant_id(), $1, 'Key', $2, $3, $4, $5, $6)`,
      newId(),
      prefix,
      last4,
      hash,
      roleId,
      user,
    )
    return { caller: callers(house.app, key), who: { userId: user, roleId, kind: 'key' } }
  }
  const sessionId = newId()
  await owner.rows(
    `INSERT INTO session (tenant_id, id, user_id, refresh_hash, expires_at) VALUES (atrium.tenant_id(), $1, $2, $3, now() + interval '1 hour')`,
    sessionId,
    user,
    Buffer.from(sessionId.replaceAll('-', '').repeat(2), 'hex'),
  )
  const { token } = await tokens.signAccess({ tenantId: owner.tenantId, userId: user, sessionId })
  const roleId = roles[users.indexOf(user) % roles.length] as string
  return { caller: callers(house.app, token), who: { userId: user, roleId, kind: 'user' } }
}

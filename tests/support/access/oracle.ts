import { type RecordType, recordType, recordTypes } from '../../../src/read/recordType.ts'
import { idOf } from '../../../src/read/values.ts'
import { columnOf, isLive, type Row, type Rows } from './rows.ts'

/**
 * A second opinion about who may do what, worked out from the permission rows by the words of spec/domain.md 3.11 in plain sets, record by record. It
 * knows the names of types, fields and relations, and nothing of src/access.
 */

/** Whose rights are asked for. uuids. */
export interface Who {
  userId: string | null
  /** The user's main role, or the key's. */
  roleId: string
  /** A user has further roles, a key has not. */
  kind: 'user' | 'key'
  /** Of a key: what narrows its role; empty narrows nothing. */
  scopes?: string[]
  fields?: string[]
}

/** An action on records that are there: read, update, delete … */
export type Mode = string
export type Mask = 'NONE' | 'LIST' | 'ALWAYS'

/** What may become of a write to one record. */
export type Outcome = 'DONE' | 'NOT_FOUND' | 'FORBIDDEN'

export interface Oracle {
  readonly who: Who
  readonly rows: Rows
  /** The administrator without limits: also past what nobody else sees. */
  readonly full: boolean
  may(action: string, object: string): boolean
  hides(type: RecordType, field: string): boolean
  mask(type: RecordType, field: string): Mask
  mayWriteField(type: RecordType, field: string): boolean
  /** Does the record's pool keep a field back from the viewer. */
  withholds(type: RecordType, field: string, row: Row): boolean
  /** uuids of the records in scope, in the recycle bin or not. */
  scope(type: RecordType, mode: Mode): ReadonlySet<string>
  /** uuids of what a list shows: live and in scope, nothing without the right to read. */
  visible(type: RecordType): ReadonlySet<string>
  /** uuids of what the recycle bin shows. */
  bin(type: RecordType): ReadonlySet<string>
  /** What a verb by id makes of a record, for a viewer who has the right `action`: only those in `states` count as there. */
  write(type: RecordType, id: string, action: string, states: 'live' | 'deleted' | 'any'): Outcome
}

const ACTIONS = [
  'read',
  'create',
  'update',
  'delete',
  'restore',
  'destroy',
  'export',
  'import',
  'transfer',
  'merge',
  'approve',
  'convert',
  'reopen',
]
const OPEN = new Set(['id', 'version', 'createdAt', 'updatedAt'])
const MASKS: Mask[] = ['NONE', 'LIST', 'ALWAYS']
const LEVELS = ['NONE', 'READ', 'WRITE']

/** An object permission as its row says, or all of it for the administrator. */
interface Grant {
  role: Row
  admin: boolean
  actions: string[]
  readScope: string
  writeScope: string
  allowList: boolean
}

export function oracleOf(rows: Rows, who: Who, now = Date.now()): Oracle {
  const unexpired = (row: Row) => row.expires_at === null || Date.parse(row.expires_at) > now
  const scopes = who.scopes ?? []
  const listed = who.fields ?? []

  // Roles.
  const roleIds = new Set([who.roleId])
  if (who.kind === 'user')
    for (const row of rows.of('UserRole'))
      if (isLive(row) && row.user_id === who.userId && unexpired(row)) roleIds.add(row.role_id)
  const roles = rows.of('Role').filter((row) => isLive(row) && roleIds.has(row.id))
  const isAdmin = (role: Row) => role.is_system === true && role.key === 'admin'
  const full = roles.some(isAdmin) && scopes.length === 0 && listed.length === 0

  const grantsKnown = new Map<string, Grant[]>()
  function grants(object: string): Grant[] {
    let found = grantsKnown.get(object)
    if (!found) {
      found = grantsOn(object)
      grantsKnown.set(object, found)
    }
    return found
  }

  function grantsOn(object: string): Grant[] {
    return roles.flatMap((role): Grant[] => {
      if (isAdmin(role))
        return [{ role, admin: true, actions: ACTIONS, readScope: 'ALL', writeScope: 'ALL', allowList: false }]
      const own = rows.of('ObjectPermission').filter((row) => isLive(row) && row.role_id === role.id)
      const isBusiness = recordTypes().some((type) => type.name === object && !type.settings)
      const row =
        own.find((one) => one.object === object) ?? (isBusiness ? own.find((one) => one.object === '*') : undefined)
      if (!row) return []
      return [
        {
          role,
          admin: false,
          actions: ACTIONS.filter((action) => row[`can_${action}`] === true),
          readScope: row.read_scope,
          writeScope: row.write_scope,
          allowList: row.allow_list,
        },
      ]
    })
  }

  function may(action: string, object: string): boolean {
    if (listed.length > 0 && !listed.some((one) => one.split('.')[0] === object)) return false
    const narrowed =
      scopes.length === 0 ||
      scopes.some((one) => [`${object}.${action}`, `${object}.*`, `*.${action}`, '*.*'].includes(one))
    if (!narrowed) return false
    if (grants(object).some(({ actions }) => actions.includes(action))) return true
    return action === 'export' && may('read', object) && granted(object, null, [])
  }

  const reading = (object: string) =>
    grants(object).filter(({ actions }) => actions.includes('read') && may('read', object))
  const writing = (object: string) =>
    grants(object).filter(({ actions }) =>
      actions.some((action) => action !== 'read' && action !== 'export' && may(action, object)),
    )

  // Fields: as open as in the most open role.
  const fieldRow = (grant: Grant, object: string, field: string) =>
    grant.admin
      ? undefined
      : rows
          .of('FieldPermission')
          .find((row) => isLive(row) && row.role_id === grant.role.id && row.object === object && row.field === field)
  function accessIn(grant: Grant, object: string, field: string): string {
    const row = fieldRow(grant, object, field)
    if (row) return row.access
    return grant.allowList && !OPEN.has(field) ? 'HIDDEN' : 'WRITE'
  }
  const outside = (object: string, field: string) =>
    listed.some((one) => one.split('.')[0] === object) && !listed.includes(`${object}.${field}`)
  const seeing = (object: string, field: string) =>
    reading(object).filter((grant) => accessIn(grant, object, field) !== 'HIDDEN')

  // What a user was granted for a time by request; never more records, nor a type that they may not read.
  const granted = (object: string, field: string | null, access: string[]) =>
    who.kind === 'user' &&
    rows
      .of('PermissionRequest')
      .some(
        (row) =>
          isLive(row) &&
          row.applicant_id === who.userId &&
          row.status === 'APPROVED' &&
          (row.granted_until === null || Date.parse(row.granted_until) > now) &&
          row.object === object &&
          (field === null
            ? row.kind === 'EXPORT'
            : row.kind === 'FIELD' && row.field === field && access.includes(row.access)),
      )

  function hides({ name }: RecordType, field: string): boolean {
    if (OPEN.has(field)) return false
    if (may('read', name) && granted(name, field, ['READ', 'WRITE'])) return false
    return outside(name, field) || seeing(name, field).length === 0
  }
  function mask(type: RecordType, field: string): Mask {
    if (OPEN.has(field) || hides(type, field)) return 'NONE'
    if (may('read', type.name) && granted(type.name, field, ['READ', 'WRITE'])) return 'NONE'
    const places = seeing(type.name, field).map((grant) =>
      MASKS.indexOf(fieldRow(grant, type.name, field)?.mask ?? 'NONE'),
    )
    return MASKS[Math.min(...places)] as Mask
  }
  function mayWriteField({ name }: RecordType, field: string): boolean {
    if (writing(name).length > 0 && may('read', name) && granted(name, field, ['WRITE'])) return true
    return !outside(name, field) && writing(name).some((grant) => accessIn(grant, name, field) === 'WRITE')
  }

  // Who the viewer is among the people.
  const users = rows.of('User')
  const me = who.userId === null ? undefined : rows.get('User', who.userId)
  const liveDepartments = rows.of('Department').filter(isLive)
  const myDepartments = new Set<string>(
    me
      ? [
          ...(me.department_id ? [me.department_id] : []),
          ...liveDepartments.filter((one) => one.head_id === me.id).map(({ id }) => id),
        ]
      : [],
  )
  const departmentTree = new Set(myDepartments)
  for (let before = -1; before < departmentTree.size; ) {
    before = departmentTree.size
    for (const one of liveDepartments) if (departmentTree.has(one.parent_id)) departmentTree.add(one.id)
  }
  const departmentsAbove = new Set<string>()
  for (const start of myDepartments)
    for (
      let at: string | null = start;
      at && !departmentsAbove.has(at);
      at = rows.get('Department', at)?.parent_id ?? null
    )
      departmentsAbove.add(at)
  const below = new Set(me ? [me.id] : [])
  for (let before = -1; before < below.size; ) {
    before = below.size
    for (const one of users) if (below.has(one.manager_id)) below.add(one.id)
  }
  const membersOf = (team: Row) => [
    ...rows.of('TeamMember').flatMap((row) => (isLive(row) && row.team_id === team.id ? [row.user_id] : [])),
    ...(team.leader_id ? [team.leader_id] : []),
  ]
  const myTeams = me ? rows.of('Team').filter((team) => isLive(team) && membersOf(team).includes(me.id)) : []
  const own: string[] = me ? [me.id] : []
  const peopleOf: Record<string, Set<string>> = {
    OWN: new Set(own),
    OWN_AND_SUBORDINATES: below,
    DEPARTMENT: new Set([...own, ...users.flatMap((one) => (myDepartments.has(one.department_id) ? [one.id] : []))]),
    DEPARTMENT_TREE: new Set([
      ...own,
      ...users.flatMap((one) => (departmentTree.has(one.department_id) ? [one.id] : [])),
    ]),
    TEAM: new Set([...own, ...myTeams.flatMap(membersOf)]),
  }
  const principals = new Set([
    ...own,
    ...departmentsAbove,
    ...myTeams.map(({ id }) => id),
    ...roles.map(({ id }) => id),
  ])

  // The pools that the viewer is in, themselves or by a department of theirs.
  const memberships = rows
    .of('PoolMember')
    .filter(
      (row) =>
        isLive(row) &&
        isLive(rows.get('Pool', row.pool_id)) &&
        [row.user_id, row.department_id].some((one) => one !== null && principals.has(one)),
    )
  const myPools = new Set(memberships.map(({ pool_id }) => pool_id))
  const ruled = new Set(memberships.filter(({ role }) => role === 'ADMIN').map(({ pool_id }) => pool_id))

  function withholds(type: RecordType, field: string, row: Row): boolean {
    const pool = row.pool_id ? rows.get('Pool', row.pool_id) : undefined
    if (full || !pool || ruled.has(pool.id)) return false
    if (reading(type.name).some(({ readScope }) => readScope === 'ALL')) return false
    const of = pool.object === 'ACCOUNT' ? 'Account' : 'Lead'
    return (pool.hidden_fields as string[]).some(
      (name) => (name.includes('.') ? name : `${of}.${name}`) === `${type.name}.${field}`,
    )
  }

  function sharedWithMe(typeName: string, id: string, mode: Mode): boolean {
    return rows
      .of('RecordShare')
      .some(
        (row) =>
          isLive(row) &&
          row.object_type === typeName &&
          row.record_id === id &&
          unexpired(row) &&
          (mode === 'read' || row.access === 'WRITE') &&
          [row.user_id, row.team_id, row.department_id, row.role_id].some((one) => one !== null && principals.has(one)),
      )
  }

  /** By its owner, by a share, by a pool; not by inheritance. */
  function ownScope(type: RecordType, row: Row, mode: Mode, pooled = true): boolean {
    // Each action by the roles that allow it: one that may delete all of them does not lend its scope to another that may change its own.
    if (!may(mode, type.name)) return false
    const levels = new Set(
      grants(type.name)
        .filter(({ actions }) => actions.includes(mode))
        .map(({ readScope, writeScope }) => (mode === 'read' ? readScope : writeScope)),
    )
    const owners = type.owners.map((field) => row[columnOf(type, field)])
    if (type.visibility && mode === 'read')
      return (
        row.visibility === 'PUBLIC' ||
        (owners[0] !== null && peopleOf.OWN!.has(owners[0])) ||
        (row.visibility === 'TEAM' && peopleOf.TEAM!.has(owners[0])) ||
        sharedWithMe(type.name, row.id, mode)
      )
    if (levels.has('ALL')) return true
    if ([...levels].some((level) => owners.some((owner) => owner !== null && peopleOf[level]?.has(owner)))) return true
    const pool = type.fields.has('poolId') ? row.pool_id : null
    if (mode === 'read' && owners[0] === null && pool === null) return true
    if (mode === 'read' && pooled && myPools.has(pool)) return true
    // What is published, in its time, is everybody's.
    if (mode === 'read' && type.name === 'KnowledgeArticle' && row.status === 'PUBLISHED') {
      const at = (value: unknown, otherwise: number) => (value ? new Date(value as string).getTime() : otherwise)
      if (at(row.publish_at, 0) <= Date.now() && at(row.expire_at, Infinity) > Date.now()) return true
    }
    return sharedWithMe(type.name, row.id, mode)
  }

  /** Does access to another record open this one. */
  function inherits(type: RecordType, row: Row, mode: Mode): boolean {
    return [...type.inherits].some(([name, declared]) => {
      const setting = rows
        .of('AccessInheritance')
        .find((one) => isLive(one) && one.object === type.name && one.relation === name)
      const level = LEVELS.indexOf(setting ? setting.access : declared)
      if (level < (mode === 'read' ? 1 : 2)) return false
      const relation = type.relations.get(name)!
      const opens = (typeName: string, id: string | null) => {
        const target = recordType(typeName)
        const other = id === null ? undefined : rows.get(typeName, id)
        return (
          isLive(other) &&
          target.owners.length > 0 &&
          may('read', typeName) &&
          // What hangs on a pooled record is not its members' to see.
          ownScope(target, other, mode === 'read' ? 'read' : 'update', false)
        )
      }
      if (relation.kind === 'one') return opens(relation.target, row[relation.column])
      const linkName = relation.kind === 'through' ? relation.link : relation.target
      if (!may('read', linkName)) return false
      const links = rows.of(linkName).filter(isLive)
      if (relation.kind === 'through')
        return links.some((link) => link[relation.near] === row.id && opens(relation.target, link[relation.far]))
      return (
        relation.kind === 'many' &&
        links.some((link) => link[relation.column] === row.id && opens(link.object_type, link.record_id))
      )
    })
  }

  const parts = (type: RecordType) =>
    [...type.relations.values()].flatMap((one) => (one.kind === 'one' && one.part ? [one] : []))
  /** Links, and parts of links, are no records that links lead to. */
  const linking = (type: RecordType): boolean =>
    type.any !== null || parts(type).some(({ target }) => linking(recordType(target)))

  /** What is somebody's own, whatever the scopes say and whoever asks. */
  function seen(type: RecordType, row: Row): boolean {
    if (['Notification', 'Reminder'].includes(type.name)) return row.user_id === who.userId
    if (type.name === 'Activity')
      return (
        !row.is_private ||
        (who.userId !== null &&
          (row.owner_id === who.userId ||
            row.attendees.some((one: { recordId?: string }) => one.recordId === idOf('User', who.userId as string))))
      )
    if (type.name === 'TodoItem') return row.user_id === who.userId && Date.parse(row.shown_from) <= now
    return true
  }

  /** Is a post for the viewer. */
  function heard(row: Row): boolean {
    if (who.userId !== null && row.author_id === who.userId) return true
    switch (row.audience) {
      case 'ALL':
        return true
      case 'TEAM':
        return principals.has(row.team_id)
      case 'DEPARTMENT':
        return principals.has(row.department_id)
      case 'USERS':
        return rows
          .of('FeedPostUser')
          .some((one) => isLive(one) && one.post_id === row.id && who.userId !== null && one.user_id === who.userId)
      default: {
        const target = recordType(row.object_type)
        return may('read', target.name) && scope(target, 'read').has(row.record_id)
      }
    }
  }

  function inScope(type: RecordType, row: Row, mode: Mode): boolean {
    if (!seen(type, row)) return false
    if (full)
      return parts(type).every(
        ({ target, column }) => row[column] === null || scope(recordType(target), 'read').has(row[column]),
      )
    // What somebody said: theirs to change, and whoever's their scope adds; heard by its audience, or by who sees what it is a part of.
    if (type.authored && mode !== 'read')
      return (
        may(mode, type.name) &&
        grants(type.name)
          .filter(({ actions }) => actions.includes(mode))
          .some(({ writeScope }) => writeScope === 'ALL' || peopleOf[writeScope]!.has(row.author_id))
      )
    if (type.authored && parts(type).length === 0) return heard(row)
    if (type.owners.length > 0) return may(mode, type.name) && (ownScope(type, row, mode) || inherits(type, row, mode))
    // To make, change or remove a part is to change what it is a part of.
    const above = mode === 'read' ? 'read' : 'update'
    for (const { target, column } of parts(type)) {
      // Of shares, which are given to one of four, the other three are not there.
      if (row[column] === null) continue
      if (!may('read', target) || !scope(recordType(target), above).has(row[column])) return false
    }
    if (!type.any) return true
    const target = recordTypes().find(({ name }) => name === row.object_type)
    if (type.any.attached) {
      if (row.record_id === null) return who.userId !== null && row.created_by === who.userId
      if (!target || linking(target) || !may('read', target.name)) return false
      return (mode === 'read' || may('update', target.name)) && scope(target, above).has(row.record_id)
    }
    return !!target && !linking(target) && may('read', target.name) && scope(target, 'read').has(row.record_id)
  }

  const known = new Map<string, Set<string>>()
  function scope(type: RecordType, mode: Mode): Set<string> {
    const key = `${type.name} ${mode}`
    let found = known.get(key)
    if (!found) {
      found = new Set(rows.of(type.name).flatMap((row) => (inScope(type, row, mode) ? [row.id] : [])))
      known.set(key, found)
    }
    return found
  }
  const among = (type: RecordType, live: boolean) =>
    new Set(
      may('read', type.name) ? [...scope(type, 'read')].filter((id) => isLive(rows.get(type.name, id)) === live) : [],
    )

  return {
    who,
    rows,
    full,
    may,
    hides,
    mask,
    mayWriteField,
    withholds,
    scope,
    visible: (type) => among(type, true),
    bin: (type) => among(type, false),
    write(type, id, action, states) {
      const row = rows.get(type.name, id)
      const there = row && (states === 'any' || isLive(row) === (states === 'live'))
      // Who may not read the type finds by its id what they may write.
      const found = there && scope(type, may('read', type.name) ? 'read' : action).has(id)
      if (!found) return 'NOT_FOUND'
      return scope(type, action).has(id) ? 'DONE' : 'FORBIDDEN'
    },
  }
}

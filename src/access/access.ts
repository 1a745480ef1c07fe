import { hash } from 'node:crypto'
import { requestError } from '../errors.ts'
import type { Mode, ReadAccess, Sql, Via } from '../read/access.ts'
import {
  CUSTOM,
  type CustomField,
  type CustomFields,
  coordinateOf,
  type Definitions,
  isMaskable,
  NO_DEFINITIONS,
  NO_FIELDS,
  type ShownCustom,
} from '../read/custom.ts'
import {
  hangsAtAny,
  type Inherited,
  partOf,
  type RecordType,
  type Relation,
  recordType,
  recordTypes,
  shownBy,
} from '../read/recordType.ts'
import { ident, Params, TENANT } from '../read/sql.ts'
import { FILES_FOR_CUSTOMERS } from './customer.ts'
import { FULL, type PermissionSet } from './permissions.ts'
import type { Action, Scope } from './roles.ts'

/** Who a viewer is within the company: what scopes and shares are measured by. Plain uuids. */
export interface Standing {
  /** Users whose records each scope opens; ALL needs no list. */
  users: Readonly<Record<Exclude<Scope, 'ALL'>, readonly string[]>>
  /** As whom records are shared with the viewer: themselves, their teams, their department, those they head and those above them, their roles. */
  principals: readonly string[]
  /** Types of which something is shared with them. */
  shared: ReadonlySet<string>
  /** The tenant's settings by `Contact.accounts`; where there is none, what the type declares. */
  inheritance: ReadonlyMap<string, Inherited>
  /** Pools that they may claim from or rule: whose records they see. */
  pools: readonly string[]
  /** Pools that withhold a field from them, by `Account.phone`. */
  withheld: ReadonlyMap<string, readonly string[]>
  /** Of a customer's own user: whose records are theirs, uuid of the contact; null where nobody's are. */
  customer?: { contactId: string | null }
  /** Work of the deployment itself, which sees also what is somebody's own. */
  system?: true
}

/** Nobody: no records of their own, nothing shared. */
export const NOBODY: Standing = {
  users: { OWN: [], OWN_AND_SUBORDINATES: [], DEPARTMENT: [], DEPARTMENT_TREE: [], TEAM: [] },
  principals: [],
  shared: new Set(),
  inheritance: new Map(),
  pools: [],
  withheld: new Map(),
}

/**
 * The one decision about a viewer (spec/domain.md 3.11): rights on objects and fields from the roles together, scopes as SQL predicates. Every path
 * asks here: the read engine, the standard verbs, business verbs, the loaders, the export.
 */
export class Access implements ReadAccess {
  readonly set: PermissionSet
  readonly standing: Standing
  /** The rights without those that end some day: what the viewer may give to others. */
  readonly lasting: PermissionSet
  /** The company's custom fields, as believed for as long as the rights are. */
  readonly definitions: Definitions
  private print: string | null = null
  private readonly shown = new Map<string, readonly ShownCustom[]>()
  private readonly limited = new Map<RecordType, boolean>()
  private readonly hiddenWays = new Map<Relation, boolean>()
  private readonly users = new Map<ReadonlySet<Scope>, string>()
  private principals: string | null = null
  private pools: string | null = null
  private readonly withholding = new Map<string, string>()
  private readonly places = new WeakMap<object, Map<string, string>>()

  constructor(
    set: PermissionSet,
    standing: Standing = NOBODY,
    lasting: PermissionSet = set,
    definitions: Definitions = NO_DEFINITIONS,
  ) {
    this.set = set
    this.standing = standing
    this.lasting = lasting
    this.definitions = definitions
  }

  /** The same for the same rights: two answers made under one can show the same. */
  get fingerprint(): string {
    if (this.set.full) return `full ${this.standing.users.OWN}`
    const { users, principals, inheritance, pools, withheld, customer } = this.standing
    const all = [this.set.key, users, principals, [...inheritance], pools, [...withheld], customer]
    this.print ??= hash('sha256', JSON.stringify(all), 'base64url')
    return this.print
  }

  may(action: Action, object: string): boolean {
    return this.set.may(action, object)
  }

  requireRead(type: RecordType, path: string[]): void {
    this.require('read', type.name, path)
  }

  requireBin(type: RecordType, path: string[]): void {
    this.require(type.operations.has('restore') ? 'restore' : 'read', type.name, path)
  }

  private require(action: Action, object: string, path: string[]): void {
    if (this.may(action, object)) return
    const permission = `${object}.${action}`
    throw requestError('FORBIDDEN', {
      message: `You lack ${permission}.`,
      extensions: { missing: [{ path: path.join('.'), permission }] },
      status: 403,
    })
  }

  requireField(type: RecordType, field: string, path: string[]): void {
    if (this.set.full) return
    const { hidden, masks } = this.set.on(type.name)
    if (!hidden.has(field) && !masks.has(field)) return
    throw requestError('FIELD_FORBIDDEN', {
      message: `You may not use ${type.name}.${field} to filter, order, group or search.`,
      extensions: { coordinate: `${type.name}.${field}`, field: path },
    })
  }

  requireRelation(type: RecordType, relation: Relation, path: string[]): void {
    if (this.set.full) return
    for (const shown of shownBy(type, relation)) this.requireField(shown.type, shown.field, path)
  }

  hides(type: RecordType, field: string): boolean {
    return !this.set.full && this.set.on(type.name).hidden.has(field)
  }

  hidesRelation(type: RecordType, relation: Relation): boolean {
    if (this.set.full) return false
    let hidden = this.hiddenWays.get(relation)
    if (hidden === undefined) {
      hidden = shownBy(type, relation).some((shown) => this.hides(shown.type, shown.field))
      this.hiddenWays.set(relation, hidden)
    }
    return hidden
  }

  masks(type: RecordType, field: string, list: boolean): boolean {
    if (this.set.full) return false
    const mask = this.set.on(type.name).masks.get(field)
    return mask === 'ALWAYS' || (mask === 'LIST' && list)
  }

  searched(type: RecordType): string[] | null {
    if (this.set.full) return null
    const { hidden, masks } = this.set.on(type.name)
    const open = type.searched.filter((field) => !hidden.has(field) && !masks.has(field))
    if (open.length === type.searched.length) return null
    if (open.length === 0) this.requireField(type, type.searched[0] as string, ['search'])
    return open
  }

  withheld(type: RecordType, field: string, alias: string, sql: Sql): string | null {
    if (this.set.full || this.standing.withheld.size === 0) return null
    const pools = this.standing.withheld.get(`${type.name}.${field}`)
    // Who sees everybody's records sees those of a pool as they are.
    if (!pools || this.set.on(type.name).scopes.get('read')?.has('ALL')) return null
    const key = `${type.name}.${field}`
    let list = this.withholding.get(key)
    if (list === undefined) {
      list = arrayOf(pools)
      this.withholding.set(key, list)
    }
    const column = `${alias}.${ident(type.fields.get('poolId')!.column)}`
    return `(${column} IS NOT NULL AND ${column} = ANY (${this.list(sql, list)}))`
  }

  /** May the viewer write the field, where they may write records of the type. */
  mayWriteField(type: RecordType, field: string): boolean {
    return this.set.full || !this.set.on(type.name).readOnly.has(field)
  }

  /** The custom fields of a type, whatever the viewer may see of them. */
  custom(type: RecordType): CustomFields {
    return this.definitions.get(type.name) ?? NO_FIELDS
  }

  shownCustom(type: RecordType, list: boolean): readonly ShownCustom[] {
    const key = `${type.name} ${list}`
    let shown = this.shown.get(key)
    if (!shown) {
      shown = [...this.custom(type).values()].flatMap((custom) => {
        if (this.hidesCustom(type, custom.name)) return []
        return [{ custom, masked: this.masksCustom(type, custom, list) }]
      })
      this.shown.set(key, shown)
    }
    return shown
  }

  customField(type: RecordType, name: string, path: string[]): CustomField {
    const custom = this.custom(type).get(name)
    if (!custom) {
      // The name is not repeated: it may be anything.
      throw requestError('BAD_USER_INPUT', {
        message: `${path.join('.')} names no custom field of ${type.name}.`,
        extensions: { field: path },
      })
    }
    if (!this.hidesCustom(type, name) && !this.masksCustom(type, custom, true)) return custom
    const coordinate = `${type.name}.${coordinateOf(name)}`
    throw requestError('FIELD_FORBIDDEN', {
      message: `You may not use ${coordinate} to filter, order, group or search.`,
      extensions: { coordinate, field: path },
    })
  }

  hidesCustom(type: RecordType, name: string): boolean {
    return !this.set.full && (this.hides(type, CUSTOM) || this.set.on(type.name).custom(name).hidden)
  }

  masksCustom(type: RecordType, custom: CustomField, list: boolean): boolean {
    if (this.set.full || !isMaskable(custom)) return false
    const { mask } = this.set.on(type.name).custom(custom.name)
    return mask === 'ALWAYS' || (mask === 'LIST' && list)
  }

  mayWriteCustom(type: RecordType, name: string): boolean {
    return this.set.full || !this.set.on(type.name).custom(name).readOnly
  }

  predicate(type: RecordType, alias: string, sql: Sql, mode: Mode = 'read', via?: Via): string | null {
    const scope = this.scope(type, alias, sql, mode, via)
    if (!type.seen || this.standing.system) return scope
    const seen = type.seen(alias, this.standing.users.OWN[0] ?? null, sql)
    return scope === null ? `(${seen})` : `(${scope} AND ${seen})`
  }

  private scope(type: RecordType, alias: string, sql: Sql, mode: Mode, via?: Via): string | null {
    if (this.standing.system) return null
    if (this.standing.customer) return this.customers(type, alias, sql, mode)
    if (via?.relation.kind === 'one' && via.relation.part) return null
    if (this.set.full) {
      // Parts of what is somebody's own are that as well.
      const parts = partOf(type).flatMap((relation) => this.parent(type, relation, alias, sql, mode) ?? [])
      return parts.length > 0 ? `(${parts.join(' AND ')})` : null
    }
    if (type.authored && mode !== 'read') return this.authored(type, alias, sql, mode)
    if (type.authored && partOf(type).length === 0) return this.audience(type, alias, sql, via)
    if (type.any?.attached) return this.attached(type, alias, sql, mode, via)
    if (type.owners.length > 0) {
      if (via && mode === 'read' && this.opened(type, via)) return null
      const own = this.own(type, alias, sql, mode)
      if (own === null) return null
      const inherited = this.inherited(type, alias, sql, mode)
      return `(${[own, ...inherited].join(' OR ')})`
    }
    const parts = partOf(type)
      .filter(({ column }) => !(via?.relation.kind === 'many' && via.relation.column === column))
      .flatMap((relation) => this.parent(type, relation, alias, sql, mode) ?? [])
    // What a link points at is only looked up, whatever happens to the link.
    if (type.any) {
      const any = this.any(type, alias, sql, (target, other) => this.predicate(target, other, sql))
      if (any !== null) parts.push(any)
    }
    return parts.length > 0 ? `(${parts.join(' AND ')})` : null
  }

  /** What a customer's own user sees, on whatever way: what the type says is theirs, and of parts those of such. What says nothing of customers is never theirs. */
  private customers(type: RecordType, alias: string, sql: Sql, mode: Mode): string {
    if (type.any?.attached && mode === 'read') {
      const held = this.any(type, alias, sql, (target, other) =>
        FILES_FOR_CUSTOMERS.has(target.name) ? this.predicate(target, other, sql) : 'false',
      )
      return held ?? 'false'
    }
    const contactId = this.standing.customer?.contactId
    if (!type.customer || !contactId) return 'false'
    const parts = partOf(type).flatMap((relation) => this.parent(type, relation, alias, sql, mode) ?? [])
    return `(${[type.customer(alias, () => sql.params.add(contactId, 'uuid')), ...parts].join(' AND ')})`
  }

  /** What is attached belongs to what it is attached to: that is seen, and may be changed to do more. What hangs at nothing is its maker's. */
  private attached(type: RecordType, alias: string, sql: Sql, mode: Mode, via?: Via): string | null {
    if (mode === 'read' && via?.relation.kind === 'linked' && via.relation.link === type.name) return null
    const held = this.any(type, alias, sql, (target, other) => {
      if (mode === 'read') return this.predicate(target, other, sql)
      return this.may('update', target.name) ? this.predicate(target, other, sql, 'update') : 'false'
    })
    const own = this.standing.users.OWN
    if (own.length === 0) return held
    const loose = `(${alias}.${ident(type.any!.idColumn)} IS NULL AND ${alias}.created_by = ANY (${this.list(sql, arrayOf(own))}))`
    return held === null ? null : `(${held} OR ${loose})`
  }

  /** What somebody said is theirs to change, and whoever's their scope adds; null: everybody's. */
  private authored(type: RecordType, alias: string, sql: Sql, mode: Mode): string | null {
    const scopes = this.set.on(type.name).scopes.get(mode)
    if (scopes?.has('ALL')) return null
    const users = scopes ? this.usersOf(scopes) : NO_IDS
    return users === NO_IDS
      ? 'false'
      : `${alias}.${ident(type.fields.get('authorId')!.column)} = ANY (${this.list(sql, users)})`
  }

  /** Who hears what somebody said: everybody, a team, a department with those below it, users, or who sees the record that it stands at. */
  private audience(type: RecordType, alias: string, sql: Sql, via?: Via): string | null {
    // Of a record that the viewer sees, they see what stands at it.
    if (via?.relation.kind === 'linked' && via.relation.link === type.name) return null
    const ways = [`${alias}.audience = 'ALL'`]
    const own = this.standing.users.OWN
    if (own.length > 0) {
      const me = this.list(sql, arrayOf(own))
      const user = sql.alias()
      ways.push(
        `${alias}.author_id = ANY (${me})`,
        `(${alias}.audience = 'USERS' AND ${alias}.id IN (SELECT ${user}.post_id FROM feed_post_user ${user} WHERE ${user}.tenant_id = ${TENANT} AND ${user}.user_id = ANY (${me}) AND ${user}.deleted_at IS NULL))`,
      )
    }
    if (this.standing.principals.length > 0) {
      this.principals ??= arrayOf(this.standing.principals)
      const principals = this.list(sql, this.principals)
      ways.push(`${alias}.team_id = ANY (${principals})`, `${alias}.department_id = ANY (${principals})`)
    }
    const held = this.any(type, alias, sql, (target, other) => this.predicate(target, other, sql))
    if (held !== 'false') ways.push(`(${alias}.audience = 'RECORD' AND ${held})`)
    return `(${ways.join(' OR ')})`
  }

  /** Are there records of the type that the viewer, who may read it, may not see. */
  limits(type: RecordType): boolean {
    let limited = this.limited.get(type)
    if (limited === undefined) {
      let aliases = 0
      limited = this.predicate(type, 'x', { params: new Params(''), alias: () => `x${aliases++}` }) !== null
      this.limited.set(type, limited)
    }
    return limited
  }

  /** Does the owner alone decide whether the viewer sees a record of the type: sums that are kept by owner then answer for them, with `predicate` on their rows. */
  byOwner(type: RecordType): boolean {
    if (this.set.full || this.set.on(type.name).scopes.get('read')?.has('ALL')) return true
    return (
      !this.standing.customer &&
      type.owners.join() === 'ownerId' &&
      !type.fields.has('poolId') &&
      !type.open &&
      !this.standing.shared.has(type.name) &&
      this.inheriting(type, 'read').length === 0
    )
  }

  /** By owner, by share, by pool; null: all records of the type. `pooled`: do the viewer's pools count. */
  private own(type: RecordType, alias: string, sql: Sql, mode: Mode, pooled = true): string | null {
    const scopes = this.set.on(type.name).scopes.get(mode)
    if (!scopes) return 'false'
    if (type.visibility && mode === 'read') return this.shownTo(type, alias, sql)
    if (scopes.has('ALL')) return null
    const users = this.usersOf(scopes)
    const columns = type.owners.map((field) => `${alias}.${ident(type.fields.get(field)!.column)}`)
    const ways: string[] = []
    if (users !== NO_IDS) {
      const list = this.list(sql, users)
      ways.push(...columns.map((column) => `${column} = ANY (${list})`))
    }
    // Owner-less records: everybody who may read the type sees them, nobody writes them until somebody has them.
    // Those in a pool are its members' to see.
    const pool = type.fields.get('poolId')
    if (mode === 'read' && !pool) ways.push(`${columns[0]} IS NULL`)
    if (mode === 'read' && pool) {
      const column = `${alias}.${ident(pool.column)}`
      ways.push(`(${columns[0]} IS NULL AND ${column} IS NULL)`)
      if (pooled && this.standing.pools.length > 0) {
        this.pools ??= arrayOf(this.standing.pools)
        ways.push(`${column} = ANY (${this.list(sql, this.pools)})`)
      }
    }
    if (mode === 'read' && type.open) ways.push(type.open(alias))
    if (this.standing.shared.has(type.name)) ways.push(this.share(type, alias, sql, mode))
    return ways.length > 0 ? ways.join(' OR ') : 'false'
  }

  /** By the record's own word, whatever the scope: private stays private, from superiors too. */
  private shownTo(type: RecordType, alias: string, sql: Sql): string {
    const { users } = this.standing
    const owner = `${alias}.${ident(type.fields.get(type.owners[0] as string)!.column)}`
    const among = (some: readonly string[]) => `${owner} = ANY (${this.list(sql, arrayOf(some))})`
    const ways = [`${alias}.visibility = 'PUBLIC'`]
    if (users.OWN.length > 0) ways.push(among(users.OWN))
    if (users.TEAM.length > 0) ways.push(`(${alias}.visibility = 'TEAM' AND ${among(users.TEAM)})`)
    if (this.standing.shared.has(type.name)) ways.push(this.share(type, alias, sql, 'read'))
    return ways.join(' OR ')
  }

  private share(type: RecordType, alias: string, sql: Sql, mode: Mode): string {
    this.principals ??= arrayOf(this.standing.principals)
    const principals = this.list(sql, this.principals)
    const share = sql.alias()
    return `${alias}.id IN (SELECT ${share}.record_id FROM record_share ${share} WHERE ${share}.tenant_id = ${TENANT} AND ${share}.object_type = '${type.name}' AND ${share}.deleted_at IS NULL AND ${share}.principal_id = ANY (${principals}) AND (${share}.expires_at IS NULL OR ${share}.expires_at > now())${mode === 'read' ? '' : ` AND ${share}.access = 'WRITE'`})`
  }

  /** The levels that hold for a type's inheriting relations, those that open nothing left out. */
  private inheriting(type: RecordType, mode: Mode): Relation[] {
    return [...type.inherits].flatMap(([name, declared]) => {
      const level = this.standing.inheritance.get(`${type.name}.${name}`) ?? declared
      return level === 'WRITE' || (level === 'READ' && mode === 'read') ? [type.relations.get(name) as Relation] : []
    })
  }

  private inherited(type: RecordType, alias: string, sql: Sql, mode: Mode): string[] {
    const opening = mode === 'read' ? 'read' : 'update'
    return this.inheriting(type, mode).flatMap((relation) => {
      const live = (target: RecordType, other: string) => {
        const own = this.own(target, other, sql, opening, false)
        return `${other}.tenant_id = ${TENANT} AND ${other}.deleted_at IS NULL${own === null ? '' : ` AND (${own})`}`
      }
      const other = sql.alias()
      if (relation.kind === 'one') {
        const target = recordType(relation.target)
        if (!this.may('read', target.name)) return []
        return `EXISTS (SELECT 1 FROM ${ident(target.table)} ${other} WHERE ${live(target, other)} AND ${other}.id = ${alias}.${ident(relation.column)} OFFSET 0)`
      }
      if (relation.kind === 'through') {
        const target = recordType(relation.target)
        const link = recordType(relation.link)
        if (!this.may('read', target.name) || !this.may('read', link.name)) return []
        const joint = sql.alias()
        return `EXISTS (SELECT 1 FROM ${ident(link.table)} ${joint} JOIN ${ident(target.table)} ${other} ON ${live(target, other)} AND ${other}.id = ${joint}.${ident(relation.far)} WHERE ${joint}.tenant_id = ${TENANT} AND ${joint}.deleted_at IS NULL AND ${joint}.${ident(relation.near)} = ${alias}.id OFFSET 0)`
      }
      if (relation.kind !== 'many') return []
      // Over links to records of any type.
      const link = recordType(relation.target)
      if (!this.may('read', link.name)) return []
      const joint = sql.alias()
      const any = this.any(link, joint, sql, (target, one) =>
        target.owners.length > 0 ? this.own(target, one, sql, opening, false) : 'false',
      )
      return `EXISTS (SELECT 1 FROM ${ident(link.table)} ${joint} WHERE ${joint}.tenant_id = ${TENANT} AND ${joint}.deleted_at IS NULL AND ${joint}.${ident(relation.column)} = ${alias}.id${any === null ? '' : ` AND ${any}`} OFFSET 0)`
    })
  }

  /** Is a record, reached from one that the viewer may see, in their scope because of that alone. */
  private opened(type: RecordType, { from, relation }: Via): boolean {
    // What is seen by inheritance itself opens nothing further.
    if (this.inheriting(from, 'read').length > 0) return false
    // Nor does what is seen because it lies in a pool: what hangs on it is its owner's to see, once it has one.
    if (from.fields.has('poolId') && this.standing.pools.length > 0) return false
    return this.inheriting(type, 'read').some((one) => {
      switch (relation.kind) {
        case 'many':
          return one.kind === 'one' && one.target === from.name && one.column === relation.column
        case 'through':
          return (
            one.kind === 'through' &&
            one.link === relation.link &&
            one.near === relation.far &&
            this.may('read', relation.link)
          )
        case 'linked':
          return one.kind === 'many' && one.target === relation.link && this.may('read', relation.link)
        default:
          return false
      }
    })
  }

  /** The predicate that what a record is a part of is in scope; null when nothing limits it. */
  private parent(
    of: RecordType,
    relation: Relation & { kind: 'one' },
    alias: string,
    sql: Sql,
    mode: Mode,
  ): string | null {
    const target = recordType(relation.target)
    // A share or a quota is for one of several: the others are not there.
    const none = of.fields.get(relation.field)?.nullable ? `${alias}.${ident(relation.column)} IS NULL` : null
    if (!this.may('read', target.name)) return none ?? 'false'
    const other = sql.alias()
    // To make, change or remove a part is to change what it is a part of.
    const scope = this.predicate(target, other, sql, mode === 'read' ? 'read' : 'update')
    if (scope === null) return null
    const there = `EXISTS (SELECT 1 FROM ${ident(target.table)} ${other} WHERE ${other}.tenant_id = ${TENANT} AND ${other}.id = ${alias}.${ident(relation.column)} AND ${scope} OFFSET 0)`
    return none ? `(${none} OR ${there})` : there
  }

  /** The predicate that the record that a link of any type points at is in scope. Links to links, and to parts of links, are nobody's but the administrator's. */
  private any(
    link: RecordType,
    alias: string,
    sql: Sql,
    scopeOf: (target: RecordType, alias: string) => string | null,
  ): string | null {
    const { typeColumn, idColumn } = link.any!
    const type = `${alias}.${ident(typeColumn)}`
    const open: string[] = []
    const scoped: string[] = []
    const among = link.any!.among?.()
    for (const target of among ? among.map(recordType) : recordTypes()) {
      if (hangsAtAny(target) || !this.may('read', target.name)) continue
      const other = sql.alias()
      const scope = scopeOf(target, other)
      if (scope === null) open.push(`'${target.name}'`)
      else if (scope !== 'false')
        scoped.push(
          `(${type} = '${target.name}' AND EXISTS (SELECT 1 FROM ${ident(target.table)} ${other} WHERE ${other}.tenant_id = ${TENANT} AND ${other}.id = ${alias}.${ident(idColumn)} AND (${scope}) OFFSET 0))`,
        )
    }
    const ways = [...(open.length > 0 ? [`${type} IN (${open.join(', ')})`] : []), ...scoped]
    return ways.length > 0 ? `(${ways.join(' OR ')})` : 'false'
  }

  /** The users of some scopes together, as PostgreSQL writes an array; made once, because every statement brings it along. */
  private usersOf(scopes: ReadonlySet<Scope>): string {
    let users = this.users.get(scopes)
    if (users === undefined) {
      users = arrayOf([...scopes].flatMap((scope) => (scope === 'ALL' ? [] : this.standing.users[scope])))
      this.users.set(scopes, users)
    }
    return users
  }

  /** The place of a list of ids in a statement; the same list stands in it once. */
  private list(sql: Sql, ids: string): string {
    let places = this.places.get(sql.params)
    if (!places) {
      places = new Map()
      this.places.set(sql.params, places)
    }
    let place = places.get(ids)
    if (!place) {
      place = sql.params.add(ids, 'uuid[]')
      places.set(ids, place)
    }
    return place
  }
}

const NO_IDS = '{}'

/** uuids as a literal of uuid[], each once. */
function arrayOf(ids: readonly string[]): string {
  return `{${[...new Set(ids)].join()}}`
}

/** Everything in the tenant: jobs of the deployment, and what is read to be cached for all. */
export const EVERYTHING = new Access(FULL, { ...NOBODY, system: true })

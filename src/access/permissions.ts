import { LRUCache } from 'lru-cache'
import { CUSTOM, coordinateOf, customName } from '../read/custom.ts'
import { findRecordType, type RecordType } from '../read/recordType.ts'
import { ACTIONS, type Action, EVERY, type FieldAccess, MASKS, type Mask, type Scope, TENANT_OBJECT } from './roles.ts'

/** A role's rights on one object, as its row says. */
export interface ObjectRow {
  object: string
  actions: Action[]
  readScope: Scope
  writeScope: Scope
  allowList: boolean
}

/** A role's right on one field, as its row says. */
export interface FieldRow {
  object: string
  field: string
  access: FieldAccess
  mask: Mask
}

/** What a user may do for a time besides their roles, as a row of access_grant says: see or write a field, export a type. */
export interface GrantRow {
  object: string
  /** Null for exports. */
  field: string | null
  access: 'READ' | 'WRITE' | 'EXPORT'
}

/** A role with its rows. */
export interface RoleRows {
  id: string
  key: string
  /** The administrator: everything, whatever the rows say. */
  full: boolean
  /** A customer's own user: only what access/customer.ts says, of records that are theirs. */
  customer?: boolean
  objects: ObjectRow[]
  fields: FieldRow[]
  /** Grants of the user whose main role it is. */
  grants?: GrantRow[] | null
  /** Is it a further role of the user that ends some day. */
  forATime?: boolean
}

/** What a credential narrows its roles to; empty lists narrow nothing. */
export interface Limits {
  /** `Account.read`, `Account.*`, `*.read`. */
  scopes: string[]
  /** `Account.name`: of the objects named only these fields, of others nothing. */
  fields: string[]
}

/** What all roles of a viewer together allow on one object. */
export interface Rights {
  actions: ReadonlySet<Action>
  /** Whose records, per action: a role that may delete all of them does not lend its scope to another that may change its own. */
  scopes: ReadonlyMap<Action, ReadonlySet<Scope>>
  /** Fields that are left out of every answer, filter, order and search. */
  hidden: ReadonlySet<string>
  /** Fields that can be seen and not written. */
  readOnly: ReadonlySet<string>
  masks: ReadonlyMap<string, 'LIST' | 'ALWAYS'>
  /** The same of one custom field, by name. Who sees none of them does not see customFields, which is among the fields above. */
  custom(name: string): CustomRights
}

/** What all roles together allow on one custom field. */
export interface CustomRights {
  hidden: boolean
  readOnly: boolean
  mask: Mask
}

/** What every viewer of a record may see of it: the schema promises that these are there. */
export const ALWAYS_READABLE: ReadonlySet<string> = new Set(['id', 'version', 'createdAt', 'updatedAt'])

const NONE: Limits = { scopes: [], fields: [] }

/** The rights of several roles together, the most permissive of each counting (spec/domain.md 3.11). Interned: equal rights are one object, so that what is worked out for it can be kept by it. */
export class PermissionSet {
  readonly full: boolean
  /** The rights as a text: equal for equal rights. */
  readonly key: string
  private readonly roles: RoleRows[]
  private readonly limits: Limits
  private readonly known = new Map<string, Rights>()

  constructor(roles: RoleRows[], limits: Limits, key: string) {
    this.key = key
    this.roles = roles
    this.limits = limits
    this.full = roles.some(({ full }) => full) && limits.scopes.length === 0 && limits.fields.length === 0
  }

  /** The rights on an object: a record type's name, or Tenant. */
  on(object: string): Rights {
    let rights = this.known.get(object)
    if (!rights) {
      rights = this.rightsOn(object)
      this.known.set(object, rights)
    }
    return rights
  }

  may(action: Action, object: string): boolean {
    return this.on(object).actions.has(action)
  }

  private rightsOn(object: string): Rights {
    const type = findRecordType(object)
    const rows = this.roles.flatMap((role) => {
      const row = role.full ? EVERYTHING : rowOf(role, object, type)
      return row ? [{ role, row }] : []
    })
    const named = this.limits.fields.flatMap((one) => {
      const dot = one.indexOf('.')
      return one.slice(0, dot) === object ? [one.slice(dot + 1)] : []
    })
    const outside = this.limits.fields.length > 0 && named.length === 0
    const actions = new Set(
      outside
        ? []
        : rows.flatMap(({ row }) => row.actions).filter((action) => allowed(this.limits.scopes, object, action)),
    )
    const reading = rows.filter(({ row }) => row.actions.includes('read') && actions.has('read'))
    const writing = rows.filter(({ row }) =>
      row.actions.some((action) => action !== 'read' && action !== 'export' && actions.has(action)),
    )
    const hidden = new Set<string>()
    const readOnly = new Set<string>()
    const masks = new Map<string, 'LIST' | 'ALWAYS'>()
    for (const { name: field, kind } of type?.fields.values() ?? []) {
      // Custom fields together are open as soon as one of them is.
      const parts = kind === 'custom'
      const listed =
        named.length === 0 || named.includes(field) || (parts && named.some((one) => one.startsWith(`${CUSTOM}.`)))
      const seen = reading.filter(
        ({ role, row }) =>
          accessOf(role, row, object, field) !== 'HIDDEN' ||
          (parts && opensPart(role, object, ({ access }) => access !== 'HIDDEN')),
      )
      if (!ALWAYS_READABLE.has(field)) {
        if (seen.length === 0 || !listed) hidden.add(field)
        const mask = Math.min(...seen.map(({ role }) => MASKS.indexOf(fieldRow(role, object, field)?.mask ?? 'NONE')))
        if (seen.length > 0 && mask > 0) masks.set(field, MASKS[mask] as 'LIST' | 'ALWAYS')
      }
      const writes = ({ role, row }: (typeof writing)[number]) =>
        accessOf(role, row, object, field) === 'WRITE' ||
        (parts && opensPart(role, object, ({ access }) => access === 'WRITE'))
      if (!listed || !writing.some(writes)) readOnly.add(field)
    }
    const grants = this.roles.flatMap((role) => role.grants ?? []).filter((grant) => grant.object === object)
    const custom = (name: string): CustomRights => {
      const field = coordinateOf(name)
      const of = ({ role, row }: (typeof rows)[number]) => customAccess(role, row, object, field)
      const listed = named.length === 0 || named.includes(CUSTOM) || named.includes(field)
      const granted =
        listed && actions.has('read') ? grants.filter((grant) => [CUSTOM, field].includes(grant.field ?? '')) : []
      const seen = reading.filter((one) => of(one) !== 'HIDDEN')
      const mask = Math.min(...seen.map(({ role }) => MASKS.indexOf(fieldRow(role, object, field)?.mask ?? 'NONE')))
      return {
        hidden: granted.length === 0 && (seen.length === 0 || !listed),
        readOnly:
          !(granted.some(({ access }) => access === 'WRITE') && writing.length > 0) &&
          (!listed || !writing.some((one) => of(one) === 'WRITE')),
        mask: granted.length === 0 && seen.length > 0 ? (MASKS[mask] as Mask) : 'NONE',
      }
    }
    // A grant opens a field or the export of what the roles let its user read; never the object, and no more of its records.
    for (const { object: on, field, access } of this.roles.flatMap(({ grants }) => grants ?? [])) {
      if (on !== object || !actions.has('read')) continue
      if (access === 'EXPORT' && allowed(this.limits.scopes, object, 'export')) actions.add('export')
      if (field === null || (named.length > 0 && !named.includes(field))) continue
      hidden.delete(field)
      masks.delete(field)
      if (access === 'WRITE' && writing.length > 0) readOnly.delete(field)
    }
    return {
      actions,
      scopes: new Map(
        [...actions].map((action) => [
          action,
          new Set(
            rows
              .filter(({ row }) => row.actions.includes(action))
              .map(({ row }) => (action === 'read' || action === 'export' ? row.readScope : row.writeScope)),
          ),
        ]),
      ),
      hidden,
      readOnly,
      masks,
      custom,
    }
  }

  /** The custom fields of an object that roles or limits name one by one. */
  customNames(object: string): string[] {
    const fields = [
      ...this.roles.flatMap((role) => role.fields.filter((row) => row.object === object).map((row) => row.field)),
      ...this.limits.fields.flatMap((one) => (one.startsWith(`${object}.`) ? [one.slice(object.length + 1)] : [])),
    ]
    return fields.flatMap((field) => customName(field) ?? [])
  }
}

const EVERYTHING: ObjectRow = {
  object: EVERY,
  actions: [...ACTIONS],
  readScope: 'ALL',
  writeScope: 'ALL',
  allowList: false,
}

/** A role's row for an object: its own, or that for all business types. What says how the company works has none but its own. */
function rowOf(role: RoleRows, object: string, type: RecordType | undefined): ObjectRow | undefined {
  const own = role.objects.find((row) => row.object === object)
  if (own || object === TENANT_OBJECT || !type || type.settings) return own
  return role.objects.find((row) => row.object === EVERY)
}

const fieldRow = (role: RoleRows, object: string, field: string) =>
  role.full ? undefined : role.fields.find((row) => row.object === object && row.field === field)

function accessOf(role: RoleRows, row: ObjectRow, object: string, field: string): FieldAccess {
  return fieldRow(role, object, field)?.access ?? (row.allowList && !ALWAYS_READABLE.has(field) ? 'HIDDEN' : 'WRITE')
}

/** A custom field's own row counts, else that of customFields. */
function customAccess(role: RoleRows, row: ObjectRow, object: string, field: string): FieldAccess {
  return fieldRow(role, object, field)?.access ?? accessOf(role, row, object, CUSTOM)
}

/** Has a role a row of its own for a custom field that opens it so far. */
function opensPart(role: RoleRows, object: string, open: (row: FieldRow) => boolean): boolean {
  return (
    !role.full && role.fields.some((row) => row.object === object && row.field.startsWith(`${CUSTOM}.`) && open(row))
  )
}

function allowed(scopes: string[], object: string, action: Action): boolean {
  if (scopes.length === 0) return true
  return scopes.some((scope) => {
    const [name, verb] = scope.split('.')
    return (name === object || name === EVERY) && (verb === action || verb === EVERY)
  })
}

const interned = new LRUCache<string, PermissionSet>({ max: 5_000 })

/** The permission set of these rows and limits; the same object for the same rights, whosoever they are. */
export function permissionSet(roles: RoleRows[], limits: Limits = NONE): PermissionSet {
  const key = JSON.stringify([
    roles
      .map(({ full, objects, fields, grants }) =>
        full
          ? 'full'
          : [
              objects.toSorted((a, b) => (a.object < b.object ? -1 : 1)),
              fields.toSorted((a, b) => (`${a.object}.${a.field}` < `${b.object}.${b.field}` ? -1 : 1)),
              (grants ?? []).map(({ object, field, access }) => `${object}.${field}.${access}`).sort(),
            ],
      )
      .map((one) => JSON.stringify(one))
      .sort(),
    limits.scopes.toSorted(),
    limits.fields.toSorted(),
  ])
  let set = interned.get(key)
  if (!set) {
    set = new PermissionSet(roles, limits, key)
    interned.set(key, set)
  }
  return set
}

/** Everything: jobs of the deployment. */
export const FULL = permissionSet([{ id: '', key: 'job', full: true, objects: [], fields: [] }])

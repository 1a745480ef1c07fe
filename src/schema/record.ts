import { type Column, datamodel, type ModelName } from '../../prisma/generated/datamodel.ts'
import {
  type Customer,
  type Field,
  findRecordType,
  type Inherited,
  type Lookup,
  type Operation,
  type RecordType,
  type Relation,
  register,
  type Seen,
} from '../read/recordType.ts'
import { ANY } from '../read/values.ts'
import type { Rules } from '../resolvers/write.ts'
import { aggregateField } from './shared/aggregateField.ts'
import { custom, datetime, type FieldSpec, int, type ManySpec, type OneSpec, one, text } from './shared/fields.ts'
import { listInputs } from './shared/inputs.ts'
import { mutationFields } from './shared/mutationFields.ts'
import { connectionType, objectType } from './shared/outputs.ts'
import { readFields } from './shared/readFields.ts'

/** What an entity declares: its columns, its ways to others, and what may be done with it. */
export interface RecordSpec<M extends ModelName> {
  /** Plural for fields and mutations, camelCase. */
  plural: string
  /** Prefix of its ids, two to eight lower-case letters. */
  prefix: string
  description: string
  fields: { [K in Column<M>]?: FieldSpec }
  /** `field` of a to-one must be a column of the model. */
  relations?: Record<string, (OneSpec & { field: Column<M> }) | ManySpec>
  /** A link to a record of any type, over the columns objectType and recordId. `attached`, `among`: see AnyRelation; only verbs by hand set it then, or their create (`write`). */
  any?: { name: string; description: string; attached?: boolean; among?: () => readonly string[]; write?: 'create' }
  /** Natural keys that the database keeps unique among live records, by name; each is a way to upsert. */
  unique?: Record<string, Column<M>[]>
  /** Further ways to upsert, by what several records may have; each needs an index led by the tenant. */
  lookups?: Record<string, Lookup>
  /** What its generated search_text column is made of, for types that have one. */
  search?: Column<M>[]
  /** Columns with the users that a record belongs to, the owner first; `ownerId` where the model has it. */
  owners?: Column<M>[]
  /** Relations over which access to another record opens this one (spec/domain.md 3.11), each with the level that holds unless the tenant sets another. */
  inherits?: Record<string, Inherited>
  /** What must hold of a record besides that it is in the viewer's scope; jobs see all. */
  seen?: Seen
  /** Which records, under an alias, everybody sees who may read the type, whoever’s they are. */
  open?: (alias: string) => string
  /** Which records a customer's own user sees; none where it is left out. What of them: src/access/customer.ts. */
  customer?: Customer
  /** Its field `visibility` says who sees a record besides its owner, whatever their scope: PRIVATE, TEAM, PUBLIC. */
  visibility?: true
  /** Its field `audience`, or what it is a part of, says who sees a record besides its author, whatever their scope; whose records one writes, the scope says, by `authorId`. */
  authored?: true
  /** Triggers on other tables make and keep its records. */
  derived?: true
  /** Says how the company works: only roles with a right on this very type may touch it. */
  settings?: boolean
  /** Standard operations; all of them unless said otherwise. */
  operations?: readonly Operation[]
  /** Where `create` is none of them and has a verb by hand: imports make its records all the same, by its rules. */
  imported?: true
  /** Rules across fields and records; plain functions of src/resolvers. */
  rules?: Rules
}

const ALL: readonly Operation[] = ['create', 'update', 'delete', 'restore', 'destroy', 'upsert']

/** Columns that every record type has, where its model has them. */
const STANDARD: Record<string, FieldSpec> = {
  version: int(
    'Counts the writes of this record, from 1. Give it as expectedVersion to write only what you have seen.',
    { write: 'never' },
  ),
  createdAt: datetime('When it was made.', { write: 'never' }),
  updatedAt: datetime('When it was last written.', { write: 'never' }),
  deletedAt: datetime('When it went to the recycle bin; null for live records.', { write: 'never' }),
  customFields: custom(
    'Values of the fields that the company itself defined for the type, by their apiName: { "tier": "GOLD" }. fieldDefinitions tells which there are, of what type and by what rules. Those without a value, and those hidden from the viewer (FIELD_FORBIDDEN), are left out. Written, it names those that change: null clears one, the others stay; null instead of the object clears all; unknown ones are refused.',
  ),
  externalSource: text('The other system that externalId belongs to.', { max: 100, default: '' }),
  externalId: text('Its key in another system, unique among live records per externalSource.'),
}
const AUDIT: Record<string, OneSpec> = {
  createdBy: one('User', 'createdById', 'Who made it; null for programs without a user.', { write: 'never' }),
  updatedBy: one('User', 'updatedById', 'Who last wrote it; null for programs without a user.', { write: 'never' }),
}

/**
 * Declares a record type: enters it in the registry and gives it its GraphQL types, root fields and mutations, which call the plain functions of
 * read/ and resolvers/records.ts. A special operation is left out here and written by hand below the call.
 *
 * @throws when a declaration does not fit the model: at start, not at a request.
 */
export function record<M extends ModelName>(name: M, spec: RecordSpec<M>): RecordType {
  const type = register(declare(name, spec))
  objectType(type)
  connectionType(type)
  listInputs(type)
  readFields(type)
  aggregateField(type)
  mutationFields(type)
  return type
}

function declare<M extends ModelName>(name: M, spec: RecordSpec<M>): RecordType {
  const model = datamodel[name] as {
    table: string
    fields: Record<string, { column: string; nullable: boolean; hasDefault: boolean; list: boolean }>
  }
  const fields = new Map<string, Field>()
  const relations = new Map<string, Relation>()
  const add = (fieldName: string, given: FieldSpec, more: Partial<Field> = {}) => {
    const column = model.fields[fieldName]
    if (!column) throw new Error(`${name}.${fieldName} is no column of the model.`)
    const field: Field = {
      name: fieldName,
      column: column.column,
      required: false,
      write: 'always',
      filter: true,
      sort: true,
      nullable: column.nullable,
      ...given,
      ...more,
    }
    if (field.write !== 'never' && !field.nullable && !field.required && field.default === undefined) {
      throw new Error(`${name}.${fieldName} cannot be null and needs a default or to be required.`)
    }
    fields.set(fieldName, field)
  }
  add(
    'id',
    { kind: 'id', description: 'Opaque, type-prefixed, sortable by creation.' },
    { write: 'never', target: name },
  )
  for (const [fieldName, given] of Object.entries(spec.fields)) add(fieldName, given as FieldSpec)
  if (spec.any) {
    const attached = spec.any.attached ?? false
    fields.set('recordId', {
      name: 'recordId',
      kind: 'id',
      column: model.fields.recordId!.column,
      description: `${spec.any.description} Its id, of whatever type.`,
      required: !attached,
      write: attached ? (spec.any.write ?? 'never') : 'create',
      filter: true,
      sort: false,
      nullable: attached,
      target: ANY,
    })
    add('objectType', text('Name of the type of the record that recordId names.', { write: 'never' }))
  }
  const own = Object.entries((spec.relations ?? {}) as Record<string, OneSpec | ManySpec>)
  const audit = Object.entries(AUDIT).filter(([, { field }]) => model.fields[field])
  for (const [relationName, given] of [...own, ...audit]) {
    if (given.kind !== 'one') {
      relations.set(relationName, lazyMany(relationName, given))
      continue
    }
    const {
      target,
      field,
      description,
      part = false,
      onDelete = 'keep',
      inUse,
      while: open,
      kind: _kind,
      ...options
    } = given
    add(
      field,
      { kind: 'id', description: `${description} Its id.`, sort: false, ...options },
      { target, relation: relationName },
    )
    relations.set(relationName, {
      kind: 'one',
      name: relationName,
      description,
      target,
      field,
      column: fields.get(field)!.column,
      part,
      onDelete,
      ...(inUse ? { inUse } : {}),
      while: open ? { column: model.fields[open.field]!.column, in: open.in } : null,
    })
  }
  for (const [fieldName, given] of Object.entries(STANDARD)) if (model.fields[fieldName]) add(fieldName, given)
  if (Boolean(model.fields.searchText) !== Boolean(spec.search?.length))
    throw new Error(`${name} must say in search what its column search_text is made of, and only then.`)
  return {
    name,
    plural: spec.plural,
    prefix: spec.prefix,
    table: model.table,
    description: spec.description,
    fields,
    relations,
    any: spec.any
      ? {
          ...spec.any,
          typeColumn: model.fields.objectType!.column,
          idColumn: model.fields.recordId!.column,
          part: true,
          attached: spec.any.attached ?? false,
          among: spec.any.among ?? null,
        }
      : null,
    searched: (spec.search ?? []) as string[],
    owners: (spec.owners ?? (model.fields.ownerId ? ['ownerId'] : [])) as string[],
    inherits: new Map(Object.entries(spec.inherits ?? {})),
    seen: spec.seen ?? null,
    open: spec.open ?? null,
    customer: spec.customer ?? null,
    visibility: spec.visibility ?? false,
    authored: spec.authored ?? false,
    derived: spec.derived ?? false,
    settings: spec.settings ?? false,
    operations: new Set(spec.operations ?? ALL),
    imported: spec.imported ?? false,
    unique: new Map<string, string[]>([
      ...(model.fields.externalId ? [['externalId', ['externalSource', 'externalId']] as [string, string[]]] : []),
      ...Object.entries((spec.unique ?? {}) as Record<string, string[]>),
    ]),
    lookups: new Map(Object.entries(spec.lookups ?? {})),
    rule: spec.rules ?? null,
  }
}

/** A way to many names relations of types that may be declared later, so its columns are looked up when they are first needed. */
function lazyMany(name: string, given: ManySpec): Relation {
  const columnOf = (typeName: string, relation: string): string => {
    const found = findRecordType(typeName)?.relations.get(relation)
    if (found?.kind !== 'one')
      throw new Error(`${typeName}.${relation} is no way to one record; ${name} is declared over it.`)
    return found.column
  }
  const base = { name, description: given.description, target: given.target }
  if (given.kind === 'many') {
    return {
      ...base,
      kind: 'many',
      get column() {
        return columnOf(given.target, given.over)
      },
    }
  }
  if (given.kind === 'through') {
    return {
      ...base,
      kind: 'through',
      link: given.link,
      get near() {
        return columnOf(given.link, given.near)
      },
      get far() {
        return columnOf(given.link, given.far)
      },
    }
  }
  return {
    ...base,
    kind: 'linked',
    link: given.link,
    get far() {
      // What is attached is its own link.
      return given.link === given.target ? 'id' : columnOf(given.link, given.far)
    },
  }
}

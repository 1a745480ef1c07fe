import type { UserErrorCode } from '../errors.ts'
/** Record types: what is declared once about every CRM entity, and looked up by the read engine, the writers, the permissions and the contract tests. */

/** How a column's value looks in the database, in JSON and in the API. */
export type Kind =
  | 'id'
  | 'text'
  | 'choice'
  | 'boolean'
  | 'int'
  | 'decimal'
  | 'money'
  | 'date'
  | 'datetime'
  | 'email'
  | 'phone'
  | 'url'
  | 'currency'
  | 'country'
  | 'texts'
  | 'object'
  | 'objects'
  /** Any JSON, which nobody looks into. */
  | 'json'
  /** The values of the custom fields, by the ids of their definitions; see custom.ts. */
  | 'custom'

/** One column of a record type as clients see it. */
export interface Field {
  /** Name in the API, camelCase: the Prisma field name. */
  name: string
  kind: Kind
  /** Column name in the database. */
  column: string
  description: string
  /** Refused when absent or null on create, and when null on update. */
  required: boolean
  /** May clients write it: never, only on create, or always. */
  write: 'never' | 'create' | 'always'
  filter: boolean
  sort: boolean
  /** Can the database hold null here. */
  nullable: boolean
  /** Longest text in characters (code points), or longest list. */
  max?: number
  /** Smallest and largest number; for money in whole currency units. */
  range?: { min?: number; max?: number }
  /** Values of a choice, upper case, with their descriptions, and the name of the GraphQL enum. */
  choice?: { name: string; values: Record<string, string> }
  /** Shape of an object or of the objects in a list. */
  shape?: Shape
  /** Written when a create leaves the field out. */
  default?: unknown
  /** For ids: the record type this field refers to, and the relation's name. */
  target?: string
  relation?: string
}

/** A structured value kept as JSON: name of the GraphQL type and its members. */
export interface Shape {
  name: string
  description: string
  members: Record<
    string,
    { kind: Kind; description: string; max?: number; required?: boolean; choice?: Field['choice'] }
  >
}

/** A way from one record type to another. */
export type Relation = { name: string; description: string; target: string } & (
  | /** This record holds the other's id. `part`: it is a part of the other and goes where that goes. */
  {
      kind: 'one'
      field: string
      column: string
      part: boolean
      onDelete: 'restrict' | 'keep'
      /** What is said of a target that cannot be deleted because of it, instead of REFERENCE_IN_USE. */
      inUse?: UserErrorCode
      while?: { column: string; in: readonly string[] } | null
    }
  /** The others hold this record's id in `column`. */
  | { kind: 'many'; column: string }
  /** A link record joins the two: `near` holds this record's id, `far` the other's. */
  | { kind: 'through'; link: string; near: string; far: string }
  /** A link record of any type joins the two: `object_type` and `record_id` name this record, `far` the other. */
  | { kind: 'linked'; link: string; far: string }
)

/** What a link record of any type points at: column pair of type name and id. */
export interface AnyRelation {
  name: string
  description: string
  typeColumn: string
  idColumn: string
  part: boolean
  /** The record belongs to the one it points at: who may change that one may change it. It may point at none, and is then its maker's alone. */
  attached: boolean
  /** Names of the types that its records are of, asked when it is needed; null: any. */
  among: (() => readonly string[]) | null
}

export type Operation = 'create' | 'update' | 'delete' | 'restore' | 'destroy' | 'upsert'

/** A key that is not unique: a field, and for one that is a list the table that has its members in rows. */
export interface Lookup {
  field: string
  members?: { table: string; holder: string; column: string }
}

/** How far access to the record that a relation leads to opens this one. */
export type Inherited = 'NONE' | 'READ' | 'WRITE'

/** Where SQL is being written for a viewer: as in read/access.ts. */
interface Place {
  params: { add(value: unknown, type: string): string }
}

/**
 * The condition on a record (under an alias) without which a viewer does not see it whatever their scope, the administrator too. `user`: whom the viewer is or
 * speaks for, uuid; null for nobody.
 */
export type Seen = (alias: string, user: string | null, sql: Place) => string

/** The condition that a record (under an alias) is shown to a customer's user; `contact` gives the place of their contact's uuid, where it is asked for. */
export type Customer = (alias: string, contact: () => string) => string

/** A CRM entity. */
export interface RecordType {
  /** GraphQL and Prisma name. */
  name: string
  plural: string
  /** Prefix of its ids. */
  prefix: string
  table: string
  description: string
  fields: Map<string, Field>
  relations: Map<string, Relation>
  any: AnyRelation | null
  /** The fields that `search` looks into: those of the generated search_text column. Empty for types without one. */
  searched: string[]
  /** Fields that hold the users a record belongs to, the owner first. Empty: whoever may read the type reads all of it, or what it is a part of decides. */
  owners: string[]
  /** Relations over which access to another record opens this one, each with what holds where the tenant set nothing else. */
  inherits: Map<string, Inherited>
  /** What else must hold of records that a viewer sees; null where scopes say it all. */
  seen: Seen | null
  /** Which records, under an alias, everybody sees who may read the type, whoever’s they are; null: none. */
  open: ((alias: string) => string) | null
  /** Which records, under an alias, are a customer's own to see; null: none, ever. */
  customer: Customer | null
  /** Do its records say themselves who sees them besides their owner: PRIVATE nobody, TEAM the members of the owner's teams, PUBLIC everybody who may read the type. */
  visibility: boolean
  /** Is a record the word of its author: who reads it, its field `audience` says, or what it is a part of; whoever sees that may add to it. */
  authored: boolean
  /** Are its records made and kept by what they follow from, triggers on other tables: they are not moved, merged or taken back by themselves. */
  derived: boolean
  /** Does it say how the company works: a role's right on all types (*) does not count for it. */
  settings: boolean
  operations: Set<Operation>
  /** Imports make its records although `create` is a verb of its own. */
  imported: boolean
  /** Natural keys besides the external id: name of the key → field names. */
  unique: Map<string, string[]>
  /** Further keys of an upsert, that several records may have: name of the key → where it stands. */
  lookups: Map<string, Lookup>
  /** Rules across fields, run before a write; see resolvers/records.ts. */
  rule: unknown
}

const types = new Map<string, RecordType>()
const byPrefix = new Map<string, RecordType>()
const byTable = new Map<string, RecordType>()

/** Enters a record type. Throws on a second one of the same name, table or id prefix. */
export function register(type: RecordType): RecordType {
  if (types.has(type.name) || byPrefix.has(type.prefix) || byTable.has(type.table)) {
    throw new Error(`Record type ${type.name} is declared twice, or shares its table or id prefix with another.`)
  }
  types.set(type.name, type)
  byPrefix.set(type.prefix, type)
  byTable.set(type.table, type)
  return type
}

/** All record types in the order of their declaration. */
export function recordTypes(): RecordType[] {
  return [...types.values()]
}

/** The record type of that name. Throws when there is none: names come from declarations, never from clients. */
export function recordType(name: string): RecordType {
  const type = types.get(name)
  if (!type) throw new Error(`There is no record type ${name}.`)
  return type
}

/** The record type of that name, or undefined. For names that come from clients or rows. */
export function findRecordType(name: string): RecordType | undefined {
  return types.get(name)
}

/** The record type whose ids have that prefix, or undefined. */
export function recordTypeOfPrefix(prefix: string): RecordType | undefined {
  return byPrefix.get(prefix)
}

/** The declared field; throws when the type has none of that name. */
export function fieldOf(type: RecordType, name: string): Field {
  const field = type.fields.get(name)
  if (!field) throw new Error(`${type.name} has no field ${name}.`)
  return field
}

/** References that point at records of a type: who holds them and in which column. */
export function referencesTo(target: string): { type: RecordType; relation: Relation & { kind: 'one' } }[] {
  return recordTypes().flatMap((type) =>
    [...type.relations.values()].flatMap((relation) =>
      relation.kind === 'one' && relation.target === target ? [{ type, relation }] : [],
    ),
  )
}

/** Has a type a search_text column. */
export const isSearchable = (type: RecordType): boolean => type.searched.length > 0

/** The to-one relations by which records of a type are parts of others. */
export function partOf(type: RecordType): (Relation & { kind: 'one' })[] {
  return [...type.relations.values()].flatMap((relation) =>
    relation.kind === 'one' && relation.part ? [relation] : [],
  )
}

/** Does a record hang at one of any type: as a link to it, or as a part of such a link. */
export function hangsAtAny(type: RecordType): boolean {
  return type.any !== null || partOf(type).some(({ target }) => hangsAtAny(recordType(target)))
}

/** The columns, by type and field, that tell what a relation tells: who may not read one of them does not get the relation either. */
export function shownBy(type: RecordType, relation: Relation): { type: RecordType; field: string }[] {
  const holding = (holder: RecordType, column: string) => ({ type: holder, field: fieldOfColumn(holder, column) })
  switch (relation.kind) {
    case 'one':
      return [{ type, field: relation.field }]
    case 'many':
      return [holding(recordType(relation.target), relation.column)]
    case 'through': {
      const link = recordType(relation.link)
      return [holding(link, relation.near), holding(link, relation.far)]
    }
    default: {
      const link = recordType(relation.link)
      return [{ type: link, field: 'recordId' }, holding(link, relation.far)]
    }
  }
}

function fieldOfColumn(type: RecordType, column: string): string {
  for (const field of type.fields.values()) if (field.column === column) return field.name
  throw new Error(`${type.name} has no field for the column ${column}.`)
}

/** A list of parts that can be given with the record they belong to: the relation's name, the parts' type, and the field by which they hold the record. */
export interface PartList {
  name: string
  part: RecordType
  field: string
}

/** The lists of parts that a create of this type may bring along. */
export function partLists(type: RecordType): PartList[] {
  return [...type.relations.values()].flatMap((relation) => {
    if (relation.kind !== 'many') return []
    const part = recordType(relation.target)
    const back = [...part.relations.values()].find(
      (one) => one.kind === 'one' && one.part && one.target === type.name && one.column === relation.column,
    )
    return back?.kind === 'one' && part.operations.has('create')
      ? [{ name: relation.name, part, field: back.field }]
      : []
  })
}

import type { CustomField, ShownCustom } from './custom.ts'
import type { RecordType, Relation } from './recordType.ts'

/** Where SQL is being written: places for values, fresh aliases. */
export interface Sql {
  params: { add(value: unknown, type: string): string }
  alias(): string
}

/** What somebody wants to do with records of a type that are there. */
export type Mode =
  | 'read'
  | 'update'
  | 'delete'
  | 'restore'
  | 'destroy'
  | 'transfer'
  | 'merge'
  | 'approve'
  | 'convert'
  | 'reopen'

/** The way by which a statement came to a record: from a record of that type, which the viewer may see, over that relation. */
export interface Via {
  from: RecordType
  relation: Relation
}

/** What the read engine asks about a viewer; src/access answers it. */
export interface ReadAccess {
  /** Throws FORBIDDEN unless the viewer may read records of the type; `path` says where the request needs it. */
  requireRead(type: RecordType, path: string[]): void
  /** Throws FORBIDDEN unless the viewer may look into the recycle bin of the type. */
  requireBin(type: RecordType, path: string[]): void
  /** Throws FIELD_FORBIDDEN unless the viewer may filter, order, group or search by the field: hidden and masked ones would be told bit by bit. */
  requireField(type: RecordType, field: string, path: string[]): void
  /** Like requireField for what a relation shows. */
  requireRelation(type: RecordType, relation: Relation, path: string[]): void
  /** Is a field left out of everything the viewer reads. */
  hides(type: RecordType, field: string): boolean
  /** Is a relation left out, because the column that holds it is. */
  hidesRelation(type: RecordType, relation: Relation): boolean
  /** Does the viewer get a masked text instead of the field's value; `list`: where records stand in a list. */
  masks(type: RecordType, field: string, list: boolean): boolean
  /** The custom fields of a type that the viewer sees, in answers; `list` as for masks. */
  shownCustom(type: RecordType, list: boolean): readonly ShownCustom[]
  /** A custom field to filter, order or group by. Throws BAD_USER_INPUT where the type has none of that name, FIELD_FORBIDDEN as requireField. */
  customField(type: RecordType, name: string, path: string[]): CustomField
  /** The fields that a search of the viewer looks into; null for all. */
  searched(type: RecordType): string[] | null
  /** The condition on a record (under an alias) that its pool withholds a field from the viewer until somebody has claimed it; null where none does. */
  withheld(type: RecordType, field: string, alias: string, sql: Sql): string | null
  /** The predicate of the records (under an alias) that are in the viewer's scope, live or not; null for all of the tenant. */
  predicate(type: RecordType, alias: string, sql: Sql, mode?: Mode, via?: Via): string | null
}

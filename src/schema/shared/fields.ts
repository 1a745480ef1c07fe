import type { UserErrorCode } from '../../errors.ts'
import type { Field, Kind, Shape } from '../../read/recordType.ts'

/** What may be said about a column besides its kind and description; see Field. */
export interface FieldOptions {
  required?: boolean
  /** 'never' for what the server keeps, 'create' for what stays as it was made. */
  write?: Field['write']
  filter?: boolean
  sort?: boolean
  max?: number
  range?: Field['range']
  default?: unknown
}

/** A column as a record type declares it. */
export interface FieldSpec extends FieldOptions {
  kind: Kind
  description: string
  choice?: Field['choice']
  shape?: Shape
}

const of =
  (kind: Kind, defaults: FieldOptions = {}) =>
  (description: string, options: FieldOptions = {}): FieldSpec => ({ kind, description, ...defaults, ...options })

/** A line of text, at most 255 characters unless `max` says otherwise. */
export const text = of('text')
/** Text of several lines, at most 20,000 characters; filtered but not sorted or grouped by. */
export const longText = of('text', { max: 20_000, sort: false })
export const boolean = of('boolean')
/** A whole number of 32 bits. */
export const int = of('int')
/** A decimal number. */
export const decimal = of('decimal')
/** An amount in the record's `currency`. */
export const money = of('money')
export const date = of('date')
export const datetime = of('datetime')
export const email = of('email', { max: 254 })
export const phone = of('phone', { max: 40 })
export const url = of('url', { max: 2000, sort: false })
/** The currency of all amounts of the record. */
export const currency = of('currency')
export const country = of('country')
/** A list of texts. */
export const texts = of('texts', { sort: false, default: [] })

/** Any JSON, at most 10,000 characters unless `max` says otherwise; neither filtered nor sorted by. */
export const json = of('json', { filter: false, sort: false })
/** The values of the company's own fields; every business type has it. */
export const custom = of('custom', { sort: false, default: {} })

/** One of a fixed set of values. */
export function choice(
  description: string,
  name: string,
  values: Record<string, string>,
  options: FieldOptions = {},
): FieldSpec {
  return { kind: 'choice', description, choice: { name, values }, ...options }
}

/** A structured value. */
export function object(description: string, shape: Shape, options: FieldOptions = {}): FieldSpec {
  return { kind: 'object', description, shape, sort: false, ...options }
}

/** A list of structured values. */
export function objects(description: string, shape: Shape, options: FieldOptions = {}): FieldSpec {
  return { kind: 'objects', description, shape, sort: false, filter: false, default: [], ...options }
}

/** A way to one record, whose id this record holds in `field`. */
export interface OneSpec extends FieldOptions {
  kind: 'one'
  target: string
  field: string
  description: string
  /** This record is a part of the other: deleted, restored and destroyed with it. */
  part?: boolean
  /** 'restrict': the other cannot be deleted while this record is live. */
  onDelete?: 'restrict' | 'keep'
  /** Of 'restrict': what is said when the other is deleted all the same; REFERENCE_IN_USE if left out. */
  inUse?: UserErrorCode
  /** Of 'restrict': only records with one of these values of a field stand in the way of the recycle bin; for good, all do. */
  while?: { field: string; in: readonly string[] }
}

/** A way to many records. */
export type ManySpec =
  | { kind: 'many'; target: string; over: string; description: string }
  | { kind: 'through'; target: string; link: string; near: string; far: string; description: string }
  | { kind: 'linked'; target: string; link: string; far: string; description: string }

/** This record refers to one `target` by the id in `field`. */
export function one<F extends string>(
  target: string,
  field: F,
  description: string,
  options: Omit<OneSpec, 'kind' | 'target' | 'field' | 'description'> = {},
): OneSpec & { field: F } {
  return { kind: 'one', target, field, description, ...options }
}

/** Records of `target` refer to this one over their relation `over`. */
export function many(target: string, over: string, description: string): ManySpec {
  return { kind: 'many', target, over, description }
}

/** Records of `target` joined by `link` records, which have a relation `near` to this type and one `far` to the target. */
export function through(target: string, link: string, near: string, far: string, description: string): ManySpec {
  return { kind: 'through', target, link, near, far, description }
}

/** Records of `target` that are attached to this one: they point at it themselves, over their link to a record of any type. */
export function attached(target: string, description: string): ManySpec {
  return { kind: 'linked', target, link: target, far: 'id', description }
}

/** Records of `target` joined by `link` records that point at records of any type; `far` is the link's relation to the target. */
export function linked(target: string, link: string, far: string, description: string): ManySpec {
  return { kind: 'linked', target, link, far, description }
}

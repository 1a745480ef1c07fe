import { requestError } from '../errors.ts'
import type { Field, Kind } from './recordType.ts'
import { comparable, DECIMAL, formatMoney, idOf, MASKABLE, MONEY_DIGITS, maskText } from './values.ts'

/** The types that a custom field may have, with their descriptions. */
export const CUSTOM_TYPES = {
  TEXT: 'A line of text, at most 255 characters or maxLength.',
  LONGTEXT:
    'Text of several lines, at most 20,000 characters or maxLength. Filtered, but neither sorted nor grouped by.',
  NUMBER: 'A whole number of 32 bits.',
  DECIMAL: 'A decimal number: 14 digits before the point and 4 behind it. Written and read as a text.',
  CURRENCY: 'An amount of money, { amount, currency }, each value in a currency of its own.',
  PERCENT: 'A decimal number of percent: "12.5".',
  BOOL: 'Yes or no.',
  DATE: 'A day, YYYY-MM-DD.',
  DATETIME: 'A moment, RFC 3339; read in UTC.',
  SELECT: 'One of the options.',
  MULTISELECT: 'Several of the options, a list.',
  EMAIL: 'An e-mail address, kept in lower case.',
  PHONE: 'A telephone number, kept in E.164.',
  URL: 'An http or https address, at most 2,000 characters.',
  USER: 'A user, by id.',
  REFERENCE: 'A record of the type that refObject names, by id.',
  JSON: 'Any JSON of at most 10,000 characters. Filtered by isNull only.',
} as const
export type CustomType = keyof typeof CUSTOM_TYPES

const KINDS: Record<CustomType, Kind> = {
  TEXT: 'text',
  LONGTEXT: 'text',
  NUMBER: 'int',
  DECIMAL: 'decimal',
  CURRENCY: 'money',
  PERCENT: 'decimal',
  BOOL: 'boolean',
  DATE: 'date',
  DATETIME: 'datetime',
  SELECT: 'choice',
  MULTISELECT: 'texts',
  EMAIL: 'email',
  PHONE: 'phone',
  URL: 'url',
  USER: 'id',
  REFERENCE: 'id',
  JSON: 'json',
}
const LENGTHS: Partial<Record<CustomType, number>> = { TEXT: 255, LONGTEXT: 20_000, EMAIL: 254, PHONE: 40, URL: 2000 }

/** One of the values of a SELECT or MULTISELECT. */
export interface CustomOption {
  value: string
  archived?: boolean
}

/** A field that a company has added to a record type. */
export interface CustomField {
  /** uuid of the definition: the key of its values in custom_fields. */
  id: string
  /** Name of the record type. */
  object: string
  /** Name in the API. */
  name: string
  type: CustomType
  /** The same as a field of a record type, for what looks at fields: its name is `customFields.<name>`. */
  field: Field
  required: boolean
  unique: boolean
  /** Do its values stand in custom_value, where indexes find them. */
  stored: boolean
  /** Not given any more on create, not demanded. */
  deprecated: boolean
  default: unknown
  pattern: string | null
  options: readonly CustomOption[]
}

/** The custom fields of a record type by name. */
export type CustomFields = ReadonlyMap<string, CustomField>
/** A company's custom fields: by record type, then by name. */
export type Definitions = ReadonlyMap<string, CustomFields>

export const NO_FIELDS: CustomFields = new Map()
export const NO_DEFINITIONS: Definitions = new Map()

/** Name of the field of a record type that holds the values. */
export const CUSTOM = 'customFields'
/** The schema coordinate of a custom field below its record type, as permissions, exports and mappings name it. */
export const coordinateOf = (name: string): string => `${CUSTOM}.${name}`
/** The name in such a coordinate; null when it is none. */
export const customName = (field: string): string | null =>
  field.startsWith(`${CUSTOM}.`) ? field.slice(CUSTOM.length + 1) : null

/** A definition as its row says. */
export interface DefinitionRow {
  id: string
  object: string
  apiName: string
  type: CustomType
  required: boolean
  unique: boolean
  indexed: boolean
  stored: boolean
  defaultValue: unknown
  min: string | null
  max: string | null
  maxLength: number | null
  pattern: string | null
  options: CustomOption[]
  refObject: string | null
  status: 'ACTIVE' | 'DEPRECATED'
}

/** The custom field of a row. */
export function customField(row: DefinitionRow): CustomField {
  const { type } = row
  const kind = KINDS[type]
  const max = row.maxLength ?? LENGTHS[type]
  const range =
    row.min === null && row.max === null
      ? undefined
      : {
          ...(row.min === null ? {} : { min: Number(row.min) }),
          ...(row.max === null ? {} : { max: Number(row.max) }),
        }
  return {
    id: row.id,
    object: row.object,
    name: row.apiName,
    type,
    field: {
      name: coordinateOf(row.apiName),
      kind,
      column: 'custom_fields',
      description: '',
      required: false,
      write: 'always',
      filter: true,
      sort: !['LONGTEXT', 'MULTISELECT', 'JSON', 'USER', 'REFERENCE'].includes(type) && (max ?? 0) <= 1000,
      nullable: true,
      ...(max === undefined ? {} : { max }),
      ...(range ? { range } : {}),
      ...(kind === 'choice'
        ? { choice: { name: row.apiName, values: Object.fromEntries(row.options.map(({ value }) => [value, ''])) } }
        : {}),
      ...(kind === 'id' ? { target: type === 'USER' ? 'User' : (row.refObject as string) } : {}),
    },
    required: row.required,
    unique: row.unique,
    stored: row.stored && (row.indexed || row.unique),
    deprecated: row.status === 'DEPRECATED',
    default: row.defaultValue,
    pattern: row.pattern,
    options: row.options,
  }
}

/** The definitions of rows. */
export function definitionsOf(rows: readonly DefinitionRow[]): Definitions {
  const all = new Map<string, Map<string, CustomField>>()
  for (const row of rows) {
    const fields = all.get(row.object) ?? new Map<string, CustomField>()
    all.set(row.object, fields.set(row.apiName, customField(row)))
  }
  return all
}

/** Can values of the type be found by an index, and be kept unique. The longest text that an index takes is 500 characters. */
export function canIndex({ type, field }: Pick<CustomField, 'type' | 'field'>): boolean {
  return !['LONGTEXT', 'MULTISELECT', 'JSON'].includes(type) && (field.max ?? 0) <= 500
}
export const canBeUnique = (custom: Pick<CustomField, 'type' | 'field'>): boolean =>
  canIndex(custom) && !['BOOL', 'CURRENCY'].includes(custom.type)

// Values in answers.

/** A custom field as a viewer sees it. */
export interface ShownCustom {
  custom: CustomField
  masked: boolean
}

/** The values of a record, by id as they are kept, as the API shows them: by name, those that the viewer sees, without those that have none. */
export function customValues(kept: unknown, shown: readonly ShownCustom[]): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const { custom, masked } of shown) {
    const value = (kept as Record<string, unknown>)[custom.id]
    if (value === undefined || value === null) continue
    values[custom.name] = masked ? maskText(custom.field.kind, String(value)) : shownValue(custom, value)
  }
  return values
}

/** A kept value as the API shows it. */
export function shownValue({ field }: CustomField, value: unknown): unknown {
  switch (field.kind) {
    case 'id':
      return idOf(field.target as string, value as string)
    case 'decimal':
      return String(value)
    case 'money': {
      const { amount, currency } = value as { amount: string; currency: string }
      return { amount: formatMoney(amount), currency }
    }
    default:
      return value
  }
}

export const isMaskable = ({ field }: CustomField): boolean => MASKABLE.has(field.kind) && !field.target

// Values in statements.

/**
 * The value of a custom field as a column of PG_TYPE of its kind (numbers: numeric), on the alias of a record's table.
 *
 * @param place of the field's id in the statement: a parameter, so that the text serves all companies.
 */
export function customSql({ field }: CustomField, alias: string, place: string): string {
  const text = `${alias}.custom_fields ->> ${place}`
  switch (field.kind) {
    case 'int':
    case 'decimal':
      return `(${text})::numeric`
    case 'money':
      return `(${alias}.custom_fields -> ${place} ->> 'amount')::bigint`
    case 'boolean':
      return `(${text})::boolean`
    case 'date':
      return `(${text})::date`
    case 'datetime':
      return `(${text})::timestamptz`
    case 'id':
      return `(${text})::uuid`
    case 'texts':
    case 'json':
      return `(${alias}.custom_fields -> ${place})`
    default:
      return `(${text})`
  }
}

/** The currency of an amount. */
export const currencySql = (alias: string, place: string): string =>
  `(${alias}.custom_fields -> ${place} ->> 'currency')`

/** The column of custom_value that has values of a kind, and its type. */
export function storedColumn({ field }: CustomField): { column: string; type: string } {
  switch (field.kind) {
    case 'int':
    case 'decimal':
    case 'money':
    case 'boolean':
      return { column: 'number_value', type: 'bigint' }
    case 'date':
    case 'datetime':
      return { column: 'time_value', type: 'timestamptz' }
    default:
      return { column: 'text_value', type: 'text' }
  }
}

/** A value to compare with, or to look for, as custom_value holds it (atrium.custom_parts); null for a number with more decimals than a value can have. */
export function storedValue({ field }: CustomField, value: unknown): string | null {
  switch (field.kind) {
    case 'boolean':
      return value ? '1' : '0'
    case 'int':
      return String(BigInt(value as number) * 10_000n)
    case 'decimal': {
      const [whole = '', fraction = ''] = String(value).split('.')
      const kept = fraction.replace(/0+$/, '')
      return kept.length > MONEY_DIGITS ? null : String(BigInt(`${whole}${kept.padEnd(MONEY_DIGITS, '0')}`))
    }
    case 'money':
      return typeof value === 'object' && value !== null ? String((value as { amount: string }).amount) : String(value)
    case 'date':
      return `${value}T00:00:00Z`
    default:
      return String(value)
  }
}

const refuse = (path: string[], problem: string) =>
  requestError('BAD_USER_INPUT', { message: `${path.join('.')} ${problem}.`, extensions: { field: path } })

const OPERATORS: Record<'any' | 'equal' | 'order' | 'text' | 'list', readonly string[]> = {
  any: ['isNull'],
  equal: ['eq', 'neq', 'in', 'notIn'],
  order: ['lt', 'lte', 'gt', 'gte'],
  text: ['contains', 'startsWith'],
  list: ['arrayContains'],
}

/** The operators that a filter may use on a custom field. */
export function operatorsOf({ field, type }: CustomField): ReadonlySet<string> {
  const { any, equal, order, text, list } = OPERATORS
  switch (field.kind) {
    case 'json':
      return new Set(any)
    case 'texts':
      return new Set([...any, ...list])
    case 'id':
    case 'boolean':
      return new Set([...any, ...equal])
    case 'int':
    case 'decimal':
    case 'money':
    case 'date':
    case 'datetime':
      return new Set([...any, ...equal, ...order])
    default:
      return new Set(type === 'SELECT' ? [...any, ...equal, ...text] : [...any, ...equal, ...order, ...text])
  }
}

/** A filter's operand, JSON, as a value to compare the field with. @throws BAD_USER_INPUT where it is none of the field's type. */
export function customOperand({ field }: CustomField, value: unknown, path: string[]): unknown {
  switch (field.kind) {
    case 'boolean':
      if (typeof value !== 'boolean') throw refuse(path, 'must be true or false')
      return value
    case 'int':
      if (!Number.isInteger(value) || Math.abs(value as number) > 2_147_483_647)
        throw refuse(path, 'must be a whole number of 32 bits')
      return value
    case 'decimal':
    case 'money':
      if (typeof value !== 'string' && typeof value !== 'number') throw refuse(path, 'must be a decimal')
      if (!DECIMAL.test(String(value))) throw refuse(path, 'is no decimal')
      break
    default:
      if (typeof value !== 'string') throw refuse(path, 'must be a text')
  }
  const result = comparable(field, value, field.target ?? '')
  if ('problem' in result) throw refuse(path, result.problem)
  return result.ok
}

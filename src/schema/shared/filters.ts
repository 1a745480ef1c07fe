import type { Kind } from '../../read/recordType.ts'
import { builder } from '../builder.ts'

// biome-ignore lint/suspicious/noExplicitAny: input types are made from declarations at run time; Pothos' generics cannot follow.
type Any = any

const isNull = (t: Any) =>
  t.boolean({ description: 'true: only records without a value; false: only records with one.' })
const lists = (t: Any, type: Any) => ({
  eq: t.field({ type, description: 'Equal to this.' }),
  neq: t.field({ type, description: 'Not equal; records without a value count as not equal.' }),
  in: t.field({ type: [type], description: 'One of these, at most 500.' }),
  notIn: t.field({ type: [type], description: 'None of these, at most 500; records without a value are found too.' }),
})
const bounds = (t: Any, type: Any) => ({
  lt: t.field({ type, description: 'Less than, earlier than.' }),
  lte: t.field({ type, description: 'At most this.' }),
  gt: t.field({ type, description: 'Greater than, later than.' }),
  gte: t.field({ type, description: 'At least this.' }),
})

const TextFilter = builder.inputType('StringFilter', {
  description: 'Conditions on a text. All that are given must hold.',
  fields: (t: Any) => ({
    ...lists(t, 'String'),
    ...bounds(t, 'String'),
    contains: t.string({ description: 'Contains this, whatever the case.' }),
    startsWith: t.string({ description: 'Begins with this, whatever the case.' }),
    isNull: isNull(t),
  }),
})

const simple = (name: string, type: string, description: string, ranged: boolean) =>
  builder.inputType(name, {
    description: `${description} All that are given must hold.`,
    fields: (t: Any) => ({ ...lists(t, type), ...(ranged ? bounds(t, type) : {}), isNull: isNull(t) }),
  })

const IdFilter = simple(
  'IDFilter',
  'ID',
  'Conditions on a reference. An id that does not exist, of another type or malformed, matches nothing.',
  false,
)
const IntFilter = simple('IntFilter', 'Int', 'Conditions on a whole number.', true)
const DecimalFilter = simple(
  'DecimalFilter',
  'Decimal',
  'Conditions on a decimal number or on the amount of a Money, whatever its currency.',
  true,
)
const DateFilter = simple('DateFilter', 'Date', 'Conditions on a day.', true)
const DateTimeFilter = simple('DateTimeFilter', 'DateTime', 'Conditions on a moment.', true)

const BooleanFilter = builder.inputType('BooleanFilter', {
  description: 'Conditions on a yes or no.',
  fields: (t: Any) => ({
    eq: t.boolean({ description: 'Equal to this.' }),
    neq: t.boolean({ description: 'Not equal.' }),
    isNull: isNull(t),
  }),
})

const StringListFilter = builder.inputType('StringListFilter', {
  description: 'Conditions on a list of texts.',
  fields: (t: Any) => ({
    arrayContains: t.string({ description: 'The list has exactly this text among its members.' }),
    isNull: isNull(t),
  }),
})

/** Conditions on aggregates, for `having`. */
export const CountFilter = builder.inputType('CountFilter', {
  description: 'Conditions on a number of records.',
  fields: (t: Any) => ({
    eq: t.int({ description: 'Equal to this.' }),
    neq: t.int({ description: 'Not equal.' }),
    ...bounds(t, 'Int'),
  }),
})
export const TotalFilter = builder.inputType('TotalFilter', {
  description: 'Conditions on a computed value.',
  fields: (t: Any) => ({
    eq: t.field({ type: 'Decimal', description: 'Equal to this.' }),
    neq: t.field({ type: 'Decimal', description: 'Not equal.' }),
    ...bounds(t, 'Decimal'),
  }),
})

/** A condition on one custom field. Static: which fields there are is the company's to say. */
export const CustomFilter = builder.inputType('CustomFieldFilter', {
  description:
    'Conditions on one custom field. All that are given must hold. Values are JSON of the type of the field: numbers for NUMBER; texts, or numbers, for DECIMAL, PERCENT and the amount of a CURRENCY, whatever its currency; true or false for BOOL; ids for USER and REFERENCE; texts for all others. An unknown field, an operator that the type does not have, or a value of another type is BAD_USER_INPUT; a hidden or masked field FIELD_FORBIDDEN.',
  fields: (t: Any) => ({
    field: t.string({ required: true, description: 'The apiName of the custom field: tier.' }),
    ...lists(t, 'JSON'),
    ...bounds(t, 'JSON'),
    contains: t.string({ description: 'Of texts: contains this, whatever the case.' }),
    startsWith: t.string({ description: 'Of texts: begins with this, whatever the case.' }),
    arrayContains: t.field({ type: 'JSON', description: 'Of MULTISELECT: this option is among its values.' }),
    isNull: isNull(t),
  }),
})

/** The filter input of each kind of column; choices and structured values have their own. */
export const FILTERS: Record<Exclude<Kind, 'choice' | 'object' | 'objects' | 'json' | 'custom'>, Any> = {
  id: IdFilter,
  text: TextFilter,
  boolean: BooleanFilter,
  int: IntFilter,
  decimal: DecimalFilter,
  money: DecimalFilter,
  date: DateFilter,
  datetime: DateTimeFilter,
  email: TextFilter,
  phone: TextFilter,
  url: TextFilter,
  currency: TextFilter,
  country: TextFilter,
  texts: StringListFilter,
}

const choices = new Map<string, Any>()
/** The filter of a choice, made once per enum. */
export function choiceFilter(name: string, type: Any): Any {
  const known = choices.get(name)
  if (known) return known
  const made = builder.inputType(`${name}Filter`, {
    description: `Conditions on ${name}. All that are given must hold.`,
    fields: (t: Any) => ({ ...lists(t, type), isNull: isNull(t) }),
  })
  choices.set(name, made)
  return made
}

import type { Field } from '../../read/recordType.ts'
import { builder } from '../builder.ts'
import { CustomFilter, choiceFilter, FILTERS } from './filters.ts'
import { type Any, pascal } from './names.ts'

const enumTypes = new Map<string, Any>()
const shapeTypes = new Map<string, { output: Any; input: Any; filter: Any }>()

/** The GraphQL enum of a choice, made once per name. */
export function enumType(choice: NonNullable<Field['choice']>, description: string): Any {
  const known = enumTypes.get(choice.name)
  if (known) return known
  const made = builder.enumType(choice.name, {
    description,
    values: Object.fromEntries(Object.entries(choice.values).map(([value, about]) => [value, { description: about }])),
  })
  enumTypes.set(choice.name, made)
  return made
}

const SCALARS: Partial<Record<Field['kind'], string>> = {
  id: 'ID',
  text: 'String',
  boolean: 'Boolean',
  int: 'Int',
  decimal: 'Decimal',
  date: 'Date',
  datetime: 'DateTime',
  email: 'EmailAddress',
  phone: 'PhoneNumber',
  url: 'URL',
  currency: 'CurrencyCode',
  country: 'CountryCode',
  json: 'JSON',
  custom: 'JSON',
}

/** Output, input and filter types of a structured value, made once per shape. */
export function shapeType(shape: NonNullable<Field['shape']>) {
  const known = shapeTypes.get(shape.name)
  if (known) return known
  const members = Object.entries(shape.members)
  const typeOf = (member: (typeof members)[number][1]): Any =>
    member.kind === 'texts'
      ? ['String']
      : member.choice
        ? enumType(member.choice, member.description)
        : SCALARS[member.kind]
  const output = builder.objectRef<Any>(shape.name).implement({
    description: shape.description,
    fields: (t: Any) =>
      Object.fromEntries(
        members.map(([name, member]) => [
          name,
          t.expose(name, { type: typeOf(member), nullable: true, description: member.description }),
        ]),
      ),
  })
  const input = builder.inputType(`${shape.name}Input`, {
    description: shape.description,
    fields: (t: Any) =>
      Object.fromEntries(
        members.map(([name, member]) => [
          name,
          t.field({ type: typeOf(member), description: `${member.description}${limit(member)}` }),
        ]),
      ),
  })
  // JSON is compared with nothing.
  const filtered = members.filter(([, { kind }]) => kind !== 'json')
  const filter = builder.inputType(`${shape.name}Filter`, {
    description: `Conditions on a ${shape.name}. All that are given must hold.`,
    fields: (t: Any) => ({
      ...Object.fromEntries(
        filtered.map(([name, member]) => [
          name,
          t.field({
            type: member.choice
              ? choiceFilter(member.choice.name, typeOf(member))
              : FILTERS[member.kind as keyof typeof FILTERS],
            description: member.description,
          }),
        ]),
      ),
      isNull: t.boolean({ description: 'true: only records without one; false: only records with one.' }),
    }),
  })
  const made = { output, input, filter }
  shapeTypes.set(shape.name, made)
  return made
}

/** The limits of a field, as clients read them in its description. */
export function limit({
  kind,
  max,
  range,
  required,
}: {
  kind: Field['kind']
  max?: number
  range?: Field['range']
  required?: boolean
}): string {
  const parts: string[] = []
  if (kind === 'text' || kind === 'url') parts.push(`at most ${max ?? 255} characters`)
  if (range?.min !== undefined) parts.push(`at least ${range.min}`)
  if (range?.max !== undefined) parts.push(`at most ${range.max}`)
  if (kind === 'texts' || kind === 'objects') parts.push('at most 100 members')
  if (required) parts.push('required')
  return parts.length > 0 ? ` ${pascal(parts.join(', '))}.` : ''
}

/** The GraphQL type of a column's values: a scalar or an enum. */
export function scalarOf(field: Field): Any {
  return field.choice ? enumType(field.choice, field.description) : SCALARS[field.kind]
}

/** The filter input of a column, or null for columns that are not filtered by. */
export function filterOf(field: Field): Any {
  if (!field.filter || field.kind === 'objects' || field.kind === 'json') return null
  if (field.kind === 'custom') return [CustomFilter]
  if (field.choice) return choiceFilter(field.choice.name, scalarOf(field))
  if (field.shape) return shapeType(field.shape).filter
  return FILTERS[field.kind as keyof typeof FILTERS]
}

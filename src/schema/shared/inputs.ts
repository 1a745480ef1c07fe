import { type Field, isSearchable, partLists, type RecordType, recordType, recordTypes } from '../../read/recordType.ts'
import { builder } from '../builder.ts'
import { filterOf, limit, scalarOf, shapeType } from './kinds.ts'
import { type Any, enumName, inputRef, pascal, spoken, these } from './names.ts'
import { CustomFieldOrder, MoneyInput, NullsOrder, OrderDirection } from './types.ts'

/** The order input of a record type; made when it is first asked for, because relations ask before the type's own file is loaded. */
function orderRef(name: string): Any {
  return inputRef(`${name}Order`)
}

/** The filter and order inputs of a record type. */
export function listInputs(type: RecordType): void {
  filterInput(type)
  orderInput(type)
}

function filterInput(type: RecordType): void {
  const filter = inputRef(`${type.name}Filter`)
  filter.implement({
    description: `Which ${these(type)} to find. All conditions that are given must hold; nested at most 10 deep.`,
    fields: (t: Any) => {
      const fields: Record<string, Any> = {}
      for (const field of type.fields.values()) {
        const conditions = filterOf(field)
        if (conditions) fields[field.name] = t.field({ type: conditions, description: field.description })
      }
      for (const relation of type.relations.values()) {
        fields[relation.name] = t.field({
          type: inputRef(`${relation.target}${relation.kind === 'one' ? 'RelationFilter' : 'ListFilter'}`),
          description: relation.description,
        })
      }
      fields.and = t.field({ type: [filter], description: 'All of these hold.' })
      fields.or = t.field({ type: [filter], description: 'At least one of these holds.' })
      fields.not = t.field({ type: filter, description: 'This does not hold.' })
      return fields
    },
  })
  inputRef(`${type.name}RelationFilter`).implement({
    description: `Conditions on a ${spoken(type.name)} that a record refers to.`,
    fields: (t: Any) => ({
      is: t.field({ type: filter, description: 'There is one, and this holds for it.' }),
      isNull: t.boolean({ description: 'true: there is none; false: there is one.' }),
    }),
  })
  inputRef(`${type.name}ListFilter`).implement({
    description: `Conditions on the ${these(type)} of a record.`,
    fields: (t: Any) => ({
      some: t.field({ type: filter, description: 'It holds for at least one.' }),
      every: t.field({ type: filter, description: 'It holds for all; true when there are none.' }),
      none: t.field({ type: filter, description: 'It holds for none.' }),
    }),
  })
}

/** May a list be ordered by a field: its values have an order and are short enough for a cursor. */
export const canSort = (field: Field): boolean => field.sort && field.filter && (field.max ?? 255) <= 1000

function orderInput(type: RecordType): void {
  const sortable = [...type.fields.values()].filter(
    (field) => canSort(field) && (!field.relation || field.name === 'id'),
  )
  const fields = builder.enumType(`${type.name}OrderField`, {
    description: `What ${these(type)} can be ordered by.`,
    values: Object.fromEntries(
      sortable.map((field) => [enumName(field), { value: field.name, description: field.description }]),
    ),
  })

  const custom = type.fields.has('customFields')
  orderRef(type.name).implement({
    description: `One key of an order of ${these(type)}.${custom ? ' Either field or customField.' : ''}`,
    fields: (t: Any) => ({
      field: t.field({ type: fields, required: !custom, description: 'What to order by.' }),
      ...(custom
        ? { customField: t.field({ type: CustomFieldOrder, description: 'A custom field to order by.' }) }
        : {}),
      direction: t.field({ type: OrderDirection, defaultValue: 'ASC', description: 'Which end comes first.' }),
      nulls: t.field({
        type: NullsOrder,
        description: 'Where records without a value stand. Left out: last when ascending, first when descending.',
      }),
    }),
  })
}

/** Arguments of every connection to records of a type. */
export function connectionArgs(t: Any, typeName: string, root = false): Record<string, Any> {
  const searchable = () => isSearchable(recordType(typeName))
  return {
    first: t.arg.int({
      description:
        'Page size from the front, 0 to 100; 25 if neither first nor last is given. More is PAGE_SIZE_EXCEEDED.',
    }),
    after: t.arg.string({ description: 'Begin behind this cursor.' }),
    last: t.arg.int({ description: 'Page size from the back, 0 to 100. Not together with first.' }),
    before: t.arg.string({ description: 'End in front of this cursor.' }),
    where: t.arg({ type: inputRef(`${typeName}Filter`), description: 'Which records; all if left out.' }),
    orderBy: t.arg({
      type: [orderRef(typeName)],
      description:
        'Up to 8 keys, the most important first. The id decides between equals; without keys the order is that of creation.',
    }),
    ...(root && searchable()
      ? {
          search: t.arg.string({
            description:
              'Words, at most 20, all of which the names, addresses or numbers of a record must contain; case, width (全角/半角) and diacritics are ignored.',
          }),
        }
      : {}),
    ...(root
      ? {
          deleted: t.arg.boolean({
            defaultValue: false,
            description: 'true: the recycle bin instead of the live records.',
          }),
        }
      : {}),
  }
}

/** Fields that clients may write when they make a record, or when they change one. */
export function writableFields(type: RecordType, mode: 'create' | 'update'): Field[] {
  return [...type.fields.values()].filter(
    ({ write }) => write === 'always' || (write === 'create' && mode === 'create'),
  )
}

/** The input of a create or an update. Required fields are checked with all others, so that everything wrong is told at once. */
export function writeInput(type: RecordType, mode: 'create' | 'update'): Any {
  const fields = writableFields(type, mode)
  if (fields.length === 0) return null
  return inputRef(`${pascal(mode)}${type.name}Input`).implement({
    description:
      mode === 'create'
        ? `A new ${spoken(type.name)}.`
        : `Changes to a ${spoken(type.name)}: a field left out stays, null clears it.`,
    fields: (t: Any) => ({
      ...inputFields(t, fields),
      ...(mode === 'create'
        ? Object.fromEntries(
            partLists(type).map(({ name }) => [
              name,
              t.field({
                type: [partRef(type, name)],
                description: `${type.relations.get(name)!.description} Made together with the record: all or nothing. At most 100.`,
              }),
            ]),
          )
        : {}),
    }),
  })
}

const partRef = (type: RecordType, name: string) => inputRef(`${type.name}${pascal(name)}Input`)

/** The inputs of parts within the input of their record; made when all types are declared. */
export function partInputs(): void {
  for (const type of recordTypes()) {
    if (!type.operations.has('create')) continue
    for (const { name, part, field } of partLists(type)) {
      partRef(type, name).implement({
        description: `One of the ${spoken(pascal(name))} of a new ${spoken(type.name)}.`,
        fields: (t: Any) =>
          inputFields(
            t,
            writableFields(part, 'create').filter((one) => one.name !== field),
          ),
      })
    }
  }
}

/** The input of one line in a whole set: its fields, without the one that names its document, and the id of one that is there. */
export function lineInput(type: RecordType, key: string): Any {
  return inputRef(`Replace${type.name}Input`).implement({
    description: `One of the ${these(type)} that there are to be.`,
    fields: (t: Any) => ({
      id: t.id({ description: 'A line that is there, to be kept and changed; a new one is made if left out.' }),
      ...inputFields(
        t,
        writableFields(type, 'create').filter(({ name }) => name !== key),
      ),
    }),
  })
}

function inputFields(t: Any, fields: Field[]): Record<string, Any> {
  return Object.fromEntries(
    fields.map((field) => {
      const description = `${field.description}${limit(field)}`
      if (field.kind === 'texts') return [field.name, t.stringList({ description })]
      if (field.kind === 'money') return [field.name, t.field({ type: MoneyInput, description })]
      if (field.shape) {
        const { input } = shapeType(field.shape)
        return [field.name, t.field({ type: field.kind === 'objects' ? [input] : input, description })]
      }
      return [field.name, t.field({ type: scalarOf(field), description })]
    }),
  )
}

/** The keys by which a record can be found for an upsert: exactly one is given. */
export function keyInput(type: RecordType): Any {
  const compound = [...type.unique].filter(([, names]) => names.length > 1 && !names.includes('externalSource'))
  const inputs = new Map(
    compound.map(([key, names]) => [
      key,
      builder.inputType(`${type.name}${pascal(key)}Key`, {
        description: `The fields that together identify a ${spoken(type.name)}.`,
        fields: (t: Any) =>
          Object.fromEntries(
            names.map((name) => {
              const field = type.fields.get(name)!
              return [name, t.field({ type: scalarOf(field), required: true, description: field.description })]
            }),
          ),
      }),
    ]),
  )
  return builder.inputType(`${type.name}UniqueKey`, {
    description: `What identifies a ${spoken(type.name)} among the live ones. Give exactly one.`,
    isOneOf: true,
    fields: (t: Any) =>
      Object.fromEntries(
        [...type.unique]
          .map(([key, names]) => {
            if (key === 'externalId')
              return [key, t.field({ type: ExternalKey, description: 'Its key in another system.' })]
            const field = type.fields.get(names[0]!)!
            return [key, t.field({ type: inputs.get(key) ?? scalarOf(field), description: field.description })]
          })
          .concat(
            [...type.lookups].map(([key, { field, members }]) => {
              const declared = type.fields.get(field)!
              const words = `${members ? 'One of: ' : ''}${declared.description} Several records may have it: AMBIGUOUS_KEY then.`
              return [key, t.field({ type: members ? 'String' : scalarOf(declared), description: words })]
            }),
          ),
      ),
  })
}

const ExternalKey = builder.inputType('ExternalKey', {
  description: 'The key of a record in another system.',
  fields: (t: Any) => ({
    source: t.string({ description: 'The other system; empty if left out. At most 100 characters.' }),
    id: t.string({ required: true, description: 'The key there. At most 255 characters.' }),
  }),
})

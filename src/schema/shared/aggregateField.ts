import type { GraphQLResolveInfo } from 'graphql'
import type { Context } from '../../context.ts'
import {
  type AggregateArgs,
  type AggregateFunction,
  canAggregate,
  canGroup,
  FUNCTIONS,
  type Group,
  MAX_GROUPS,
  placeOfKey,
  readAggregate,
} from '../../read/aggregate.ts'
import { directAggregate } from '../../read/direct.ts'
import { type Field, isSearchable, type RecordType } from '../../read/recordType.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { CountFilter, TotalFilter } from './filters.ts'
import { scalarOf } from './kinds.ts'
import { type Any, camel, enumName, inputRef, objectRef, these } from './names.ts'
import { AggregateOrder, DateBucket, MoneyType, OrderDirection } from './types.ts'

const TITLES: Record<AggregateFunction, [suffix: string, words: string]> = {
  sum: ['Sum', 'Sums'],
  avg: ['Average', 'Averages'],
  min: ['Minimum', 'Least values'],
  max: ['Maximum', 'Greatest values'],
}

/** The type of a function's value: money stays money, dates stay dates, sums and averages of numbers are decimals. */
function valueType(field: Field, fn: AggregateFunction): Any {
  if (field.kind === 'money') return MoneyType
  if (field.kind === 'date') return 'Date'
  if (field.kind === 'datetime') return 'DateTime'
  return field.kind === 'int' && (fn === 'min' || fn === 'max') ? 'Int' : 'Decimal'
}

/** Records stand in the key under their place in the document: the same may be asked for twice under different aliases. */
const fromKey = (key: Group['key'], _args: unknown, _context: Context, { path }: GraphQLResolveInfo) =>
  key[placeOfKey(path.prev?.key, path.key)]

/** Values of custom fields by their names. */
const customValues = (t: Any, { name }: RecordType, description: string) =>
  t.expose('customFields', {
    type: 'JSON',
    nullable: true,
    description,
    extensions: { of: name, field: 'customFields' },
  })

/** The root field that groups and counts records of a type. */
export function aggregateField(type: RecordType): void {
  const { name } = type
  const fields = [...type.fields.values()].filter((field) => field.filter)
  const custom = type.fields.get('customFields')
  const groupable = fields.filter((field) => canGroup(field) && field.target !== '*' && field.name !== 'id')
  const summed = fields.filter((field) => canAggregate(field, 'sum') && field.name !== 'version')

  const groupFields = builder.enumType(`${name}GroupField`, {
    description: `What ${these(type)} can be grouped by.`,
    values: Object.fromEntries(
      groupable.map((field) => [enumName(field), { value: field.name, description: field.description }]),
    ),
  })
  const key = objectRef(`${name}GroupKey`).implement({
    description: `What the ${these(type)} of a group have in common. A field that is not in groupBy is null.`,
    fields: (t: Any) => ({
      ...(custom ? { customFields: customValues(t, type, 'What they have in custom fields, by name.') } : {}),
      ...Object.fromEntries(
        groupable.map((field) => {
          const place = field.relation ?? field.name
          const common = { extensions: { of: name, field: field.name }, nullable: true }
          if (field.relation) {
            const { description } = type.relations.get(place)!
            return [place, t.field({ ...common, type: objectRef(field.target!), description, resolve: fromKey })]
          }
          const shown = field.kind === 'datetime' ? 'Date' : scalarOf(field)
          return [place, t.expose(place, { ...common, type: shown, description: field.description })]
        }),
      ),
    }),
  })
  const values = Object.fromEntries(
    FUNCTIONS.map((fn) => {
      const own = fields.filter((field) => canAggregate(field, fn) && field.name !== 'version')
      const [suffix, words] = TITLES[fn]
      if (own.length === 0 && !custom) return [fn, null]
      const ref = objectRef(`${name}${suffix}`).implement({
        description: `${words} over the ${these(type)} of a group. Null where no record has a value.`,
        fields: (t: Any) => ({
          ...(custom
            ? {
                customFields: customValues(
                  t,
                  type,
                  'The same over the custom fields that the argument customFields names, by name; null where it names none. Decimals are texts, amounts { amount, currency }. BAD_USER_INPUT when a group holds several currencies.',
                ),
              }
            : {}),
          ...Object.fromEntries(
            own.map((field) => [
              field.name,
              t.expose(field.name, {
                extensions: { of: name, field: field.name },
                type: valueType(field, fn),
                nullable: true,
                description: `${field.description}${field.kind === 'money' ? ' BAD_USER_INPUT when a group holds several currencies: group by CURRENCY or filter by currency.' : ''}`,
              }),
            ]),
          ),
        }),
      })
      return [fn, ref]
    }),
  ) as Record<AggregateFunction, Any>
  const group = objectRef(`${name}Group`).implement({
    description: `A group of ${these(type)}.`,
    fields: (t: Any) => ({
      key: t.expose('key', { type: key, nullable: false, description: 'What its records have in common.' }),
      count: t.exposeInt('count', { nullable: false, description: 'How many records it has.' }),
      ...Object.fromEntries(
        FUNCTIONS.flatMap((fn) =>
          values[fn]
            ? [
                [
                  fn,
                  t.expose(fn, { type: values[fn], nullable: false, description: `${TITLES[fn][1]} of its records.` }),
                ],
              ]
            : [],
        ),
      ),
    }),
  })

  const groupBy = builder.inputType(`${name}GroupBy`, {
    description: `One thing to group ${these(type)} by.`,
    fields: (t: Any) => ({
      field: t.field({ type: groupFields, required: !custom, description: 'The field.' }),
      ...(custom
        ? {
            customField: t.string({
              description:
                'Or else the apiName of a custom field, whose values stand in key.customFields. LONGTEXT, DECIMAL, PERCENT, CURRENCY, MULTISELECT and JSON make no groups: BAD_USER_INPUT.',
            }),
          }
        : {}),
      bucket: t.field({
        type: DateBucket,
        description: 'For dates and moments: the span that makes a group; days if left out.',
      }),
    }),
  })
  const summedFields =
    summed.length > 0
      ? builder.enumType(`${name}SumField`, {
          description: `What ${these(type)} can be summed over.`,
          values: Object.fromEntries(
            summed.map((field) => [upperOf(field), { value: field.name, description: field.description }]),
          ),
        })
      : null
  const order = builder.inputType(`${name}GroupOrder`, {
    description: `One key of an order of groups of ${these(type)}.`,
    fields: (t: Any) => ({
      by: t.field({ type: AggregateOrder, required: true, description: 'Count, key or sum.' }),
      field: t.field({ type: groupFields, description: 'With KEY: the field of groupBy.' }),
      ...(summedFields
        ? { sumField: t.field({ type: summedFields, description: 'With SUM: the field whose sum is selected.' }) }
        : {}),
      ...(custom
        ? {
            customField: t.string({
              description: 'With KEY or SUM, instead of field or sumField: a custom field of groupBy or customFields.',
            }),
          }
        : {}),
      direction: t.field({
        type: OrderDirection,
        defaultValue: 'ASC',
        description: 'Which end comes first; groups without a value stand last.',
      }),
    }),
  })
  const totals = new Map(
    FUNCTIONS.flatMap((fn) => {
      if (summed.length === 0) return []
      const input = builder.inputType(`${name}${TITLES[fn][0]}Having`, {
        description: `Conditions on ${TITLES[fn][1].toLowerCase()} of a group.`,
        fields: (t: Any) =>
          Object.fromEntries(
            summed.map((field) => [field.name, t.field({ type: TotalFilter, description: field.description })]),
          ),
      })
      return [[fn, input] as [AggregateFunction, Any]]
    }),
  )
  const having = builder.inputType(`${name}Having`, {
    description: `Which groups of ${these(type)} to return. All conditions must hold.`,
    fields: (t: Any) => ({
      count: t.field({ type: CountFilter, description: 'Number of records.' }),
      ...Object.fromEntries(
        [...totals].map(([fn, input]) => [fn, t.field({ type: input, description: `${TITLES[fn][1]} of the group.` })]),
      ),
    }),
  })

  builder.queryField(`${camel(name)}Aggregate`, (t: Any) =>
    t.field({
      type: [group],
      nullable: { list: false, items: false },
      description: `Groups of ${these(type)} with count, sum, avg, min and max; one group of all when groupBy is empty. More than ${MAX_GROUPS} groups are an error. Needs ${name}.read.`,
      args: {
        where: t.arg({ type: inputRef(`${name}Filter`), description: 'Which records; all if left out.' }),
        ...(isSearchable(type) ? { search: t.arg.string({ description: 'As in the list.' }) } : {}),
        groupBy: t.arg({ type: [groupBy], description: 'What makes a group, up to 6 fields.' }),
        ...(custom
          ? {
              customFields: t.arg.stringList({
                description: 'Custom fields to sum, average and compare, by apiName: numbers, amounts, days, moments.',
              }),
            }
          : {}),
        having: t.arg({ type: having, description: 'Which groups.' }),
        orderBy: t.arg({ type: [order], description: 'Order of the groups; by their keys if left out.' }),
        first: t.arg.int({
          description: `Only the first so many groups in the order, 0 to ${MAX_GROUPS}; all if left out.`,
        }),
      },
      extensions: { permission: `${name}.read`, cost: 20, direct: directAggregate(type) },
      resolve: async (
        _root: unknown,
        args: AggregateArgs,
        context: Context,
        info: GraphQLResolveInfo,
      ): Promise<Group[]> => readAggregate(context, requireViewer(context), type, args, info),
    }),
  )
}

const upperOf = (field: Field) => enumName({ ...field, relation: undefined } as Field)

import type { Viewer } from '../../context.ts'
import { requestError } from '../../errors.ts'
import {
  type AggregateArgs,
  type AggregateFunction,
  type AggregatePlan,
  aggregateQuery,
  FUNCTIONS,
  type GroupBy,
  type Groups,
  groupsIn,
  textRowOf,
} from '../../read/aggregate.ts'
import { CUSTOM } from '../../read/custom.ts'
import { finishRow, type Row } from '../../read/finish.ts'
import type { Selection } from '../../read/plan.ts'
import { type Field, type RecordType, recordType } from '../../read/recordType.ts'
import { emitterOf, type Filter } from '../../read/storedFilter.ts'
import { formatMoney } from '../../read/values.ts'
import type { Query } from '../../tenancy/tenancy.ts'
import { todayIn } from '../checks.ts'
import { minorUnit } from '../sales/amount.ts'
import type { Definition, Dimension, Measure } from './definition.ts'
import { dimensionField, measureField, type Named, type NotNamed } from './fields.ts'

/** What stands in a cell: a text, a number, a boolean, `{ amount, currency }`, `{ id, name }`, or nothing. */
export type Cell = unknown

/** A statement of a report, and how to read its one row. */
export interface Compiled {
  query: Query
  /** Rows of cells: a cell for each dimension, one for the currency where the report tells them apart, one for each measure. Throws as groupsIn, and CURRENCY_RATE_MISSING. */
  read(row: Record<string, unknown> | undefined): Cell[][]
}

/** A column that makes rows. */
export interface Key {
  dimension: Dimension
  named: Named
}

/** Does a report calculate amounts in the currency of its records. */
export const isPaid = (type: RecordType, { measures }: Definition): boolean =>
  measures.some(({ field }) => field !== undefined && type.fields.get(field)?.kind === 'money')

/** The columns of a report: the dimensions, with the currency as a last one where amounts are told apart by it. Throws what dimensionField does. */
export function keysOf(type: RecordType, definition: Definition, viewer: Viewer): Key[] {
  const { dimensions, currencies } = definition
  const all = [...dimensions]
  if (isPaid(type, definition) && currencies === 'EACH' && !dimensions.some(({ field }) => field === 'currency'))
    all.push({ field: 'currency' })
  return all.map((dimension, at) => ({
    dimension,
    named: known(dimensionField(type, dimension, viewer.access, ['dimensions', String(at), 'field'])),
  }))
}

/** The field of a measure of a checked report; null for COUNT. */
export const fieldOfMeasure = (type: RecordType, measure: Measure, at: number, viewer: Viewer): Named | null => {
  const found = measureField(type, measure, viewer.access, ['measures', String(at), 'field'])
  return found && known(found)
}

function known(found: Named | NotNamed): Named {
  if ('problem' in found)
    throw requestError('BAD_USER_INPUT', { message: `The report names a field that ${found.problem}.` })
  return found
}

const LABELS = ['name', 'fullName', 'subject', 'title', 'number', 'label', 'key', 'code']

/** How records in cells are read: their id and what people call them. */
function labelled(target: RecordType): Selection {
  const label = LABELS.find((name) => target.fields.has(name))
  const columns = new Set(['id', ...(label ? [label] : [])])
  return { type: target, columns, ones: new Map(), manys: new Map(), any: false }
}

/**
 * The statement of a checked report over what the viewer sees, by the aggregate engine.
 *
 * @param keys of keysOf; for totals none but the currency.
 * @param first so many rows of the order.
 * @throws FIELD_FORBIDDEN, FORBIDDEN, BAD_USER_INPUT.
 */
export function compileReport(
  viewer: Viewer,
  type: RecordType,
  {
    definition,
    where,
    keys,
    first,
    now,
  }: { definition: Definition; where: Filter; keys: Key[]; first: number; now: Date },
): Compiled {
  const measures = definition.measures.map((measure, at) => ({
    measure,
    named: fieldOfMeasure(type, measure, at, viewer),
    fn: measure.function.toLowerCase() as AggregateFunction,
  }))
  const plan: AggregatePlan = {
    values: new Map(FUNCTIONS.map((fn) => [fn, new Set()])),
    keys: new Set(),
    records: new Map(),
  }
  for (const { named, fn } of measures)
    if (named) plan.values.get(fn)!.add(named.custom === null ? named.field.name : CUSTOM)
  keys.forEach(({ named }, at) => {
    const { field } = named
    if (field.relation && field.target)
      plan.records.set(String(at), { relation: field.relation, selection: labelled(recordType(field.target)), at })
    else plan.keys.add(nameOf(named))
  })
  const args: AggregateArgs = {
    where,
    groupBy: keys.map(groupOf),
    customFields: [...new Set(measures.flatMap(({ named }) => named?.custom ?? []))],
    orderBy: ordersOf(definition, keys, measures),
    keep: definition.having.map(({ measure, operator, value }) => ({
      ...figureOf(measures[measure] as Compiling),
      operator: operator.toLowerCase() as Lowercase<typeof operator>,
      value,
    })),
    first,
    base:
      definition.currencies === 'BASE' && isPaid(type, definition)
        ? { currency: viewer.baseCurrency, day: todayIn(viewer.timezone, now), unit: minorUnit(viewer.baseCurrency) }
        : null,
  }
  const { query, shape } = aggregateQuery(emitterOf(viewer), viewer.timezone, type, plan, args)
  return {
    query,
    read(row) {
      const texts = textRowOf(row ?? {})
      const missing = shape.missing === null ? null : texts[shape.missing]
      if (missing) throw requestError('CURRENCY_RATE_MISSING', { extensions: { currency: missing } })
      const groups = groupsIn(texts, shape)
      for (const { rows, shape: of } of groups.records.values())
        for (const one of Object.values(rows)) finishRow(one, of)
      return groups.counts.map((count, group) => [
        ...keys.map((key, at) => keyCell(groups, key, at, group)),
        ...measures.map(({ named, fn }) =>
          named ? valueCell(groups, named, fn, group, args.base?.currency ?? null) : count,
        ),
      ])
    },
  }
}

const nameOf = ({ field, relation, custom }: Named) =>
  custom !== null ? CUSTOM : relation ? `${relation}.${field.name}` : field.name

function groupOf({ dimension, named: { field, relation, custom } }: Key): GroupBy {
  const bucket = dimension.bucket ?? null
  return custom === null ? { field: field.name, relation, bucket } : { customField: custom, bucket }
}

type Compiling = { measure: Measure; named: Named | null; fn: AggregateFunction }

/** Orders by columns that are there: of totals, those of measures say nothing. */
function ordersOf({ orderBy }: Definition, keys: Key[], measures: Compiling[]): AggregateArgs['orderBy'] {
  return orderBy.flatMap(({ by, index, direction = 'ASC' }): NonNullable<AggregateArgs['orderBy']> => {
    if (by === 'DIMENSION') return index < keys.length ? [{ by: 'PLACE', at: index, direction }] : []
    return [{ ...figureOf(measures[index] as Compiling), direction }]
  })
}

/** A measure as the engine finds it among what it calculates. */
function figureOf({ named, fn }: Compiling) {
  if (!named) return { by: 'COUNT' as const }
  const field = named.custom === null ? { sumField: named.field.name } : { customField: named.custom }
  return { by: 'VALUE' as const, fn, ...field }
}

function keyCell(groups: Groups, { named }: Key, at: number, group: number): Cell {
  const found = groups.records.get(String(at))
  if (found) {
    const row = found.rows[found.ids[group] ?? ''] as Row | undefined
    if (!row) return null
    const label = LABELS.find((name) => row[name] != null)
    return { id: row.id, name: label ? row[label] : null }
  }
  const value = groups.keys.get(nameOf(named))?.[group] ?? null
  return named.custom === null ? value : ((value as Record<string, unknown> | null)?.[named.custom] ?? null)
}

function valueCell(
  groups: Groups,
  { field, custom }: Named,
  fn: AggregateFunction,
  group: number,
  base: string | null,
): Cell {
  if (custom !== null)
    return (groups.values.get(`${fn}.${CUSTOM}`)?.[group] as Record<string, unknown> | undefined)?.[custom] ?? null
  const value = groups.values.get(`${fn}.${field.name}`)?.[group] ?? null
  if (value === null || field.kind !== 'money') return field.kind === 'datetime' ? moment(value) : value
  return { amount: formatMoney(value as string), currency: base ?? groups.currencies[group] }
}

/** PostgreSQL's JSON of a moment as the API writes it. */
const moment = (value: unknown): Cell => (value === null ? null : new Date(value as string).toISOString())

/** What kind of value stands in a column. */
export function columnKind(field: Field | null, fn: Measure['function'] | null): string {
  if (!field) return 'INTEGER'
  if (field.kind === 'money') return 'MONEY'
  if (fn === null && field.relation) return 'RECORD'
  if (field.kind === 'datetime') return fn === null ? 'DATE' : 'DATETIME'
  if (field.kind === 'date') return 'DATE'
  if (field.kind === 'int') return fn === 'SUM' || fn === 'AVG' ? 'DECIMAL' : 'INTEGER'
  if (field.kind === 'decimal') return 'DECIMAL'
  return field.kind === 'boolean' ? 'BOOLEAN' : 'TEXT'
}

import type { Viewer } from '../../context.ts'
import { requestError } from '../../errors.ts'
import { recordType } from '../../read/recordType.ts'
import { coerceFilter, type Filter } from '../../read/storedFilter.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { definitionProblems } from './check.ts'
import { type Cell, columnKind, compileReport, fieldOfMeasure, isPaid, keysOf } from './compile.ts'
import { type Definition, LIMITS } from './definition.ts'
import { withValues } from './filter.ts'
import { readParameters } from './parameters.ts'

/** A column of an answer. */
export interface Column {
  /** What it is made of: `account.industry`, `SUM amount`. */
  key: string
  label: string
  kind: 'DIMENSION' | 'MEASURE'
  /** What stands in its cells; see docs/reports.md. */
  type: string
}

/** The answer of a report. */
export interface Result {
  columns: Column[]
  rows: { values: Cell[] }[]
  /** The same figures over all records, also those of rows that are cut off or that `having` leaves out: one row, or one for each currency; cells of dimensions are empty. */
  totals: { values: Cell[] }[]
  /** Are there more rows than were asked for. */
  truncated: boolean
}

/**
 * Runs a report over what the viewer sees, with their rights: a statement for the rows and one for the totals.
 *
 * @param parameters an object of values by name.
 * @throws BAD_USER_INPUT with the path of what is wrong, FORBIDDEN and FIELD_FORBIDDEN for what the viewer may not use, CURRENCY_RATE_MISSING, TIMEOUT.
 */
export async function runDefinition(
  db: Reader,
  viewer: Viewer,
  definition: Definition,
  parameters: unknown,
  now = new Date(),
): Promise<Result> {
  refuse(definition, viewer, now)
  const type = recordType(definition.object)
  const values = readParameters(definition.parameters, parameters, viewer, now)
  const where = filterOf(definition, values)
  const keys = keysOf(type, definition, viewer)
  const first = definition.rowLimit ?? LIMITS.rows
  const columns = [
    ...keys.map(({ dimension: { field, bucket, label }, named }): Column => {
      const key = bucket ? `${field} ${bucket}` : field
      return { key, label: label ?? key, kind: 'DIMENSION', type: columnKind(named.field, null) }
    }),
    ...definition.measures.map((measure, at): Column => {
      const { function: fn, field, label } = measure
      const key = field === undefined ? fn : `${fn} ${field}`
      const named = fieldOfMeasure(type, measure, at, viewer)
      return { key, label: label ?? key, kind: 'MEASURE', type: columnKind(named?.field ?? null, fn) }
    }),
  ]
  const rows = compileReport(viewer, type, { definition, where, keys, first: first + 1, now })
  const [row] = await db.rows<Record<string, unknown>>(rows.query)
  const found = rows.read(row)
  const totals = await totalsOf(db, viewer, { definition, where, keys, now })
  return {
    columns,
    rows: found.slice(0, first).map((cells) => ({ values: cells })),
    totals,
    truncated: found.length > first,
  }
}

/** What the rows are made of, as one: in each currency where the report tells them apart. */
async function totalsOf(
  db: Reader,
  viewer: Viewer,
  {
    definition,
    where,
    keys,
    now,
  }: { definition: Definition; where: Filter; keys: ReturnType<typeof keysOf>; now: Date },
): Promise<{ values: Cell[] }[]> {
  const type = recordType(definition.object)
  const apart = keys.filter(({ named }) => named.field.name === 'currency' && named.relation === null)
  const kept = isPaid(type, definition) && definition.currencies === 'EACH' ? apart : []
  const totals = compileReport(viewer, type, {
    definition: { ...definition, orderBy: [], having: [] },
    where,
    keys: kept,
    first: LIMITS.rows,
    now,
  })
  const [row] = await db.rows<Record<string, unknown>>(totals.query)
  return totals.read(row).map((cells) => ({
    values: [...keys.map((key) => (kept.includes(key) ? cells[0] : null)), ...cells.slice(kept.length)],
  }))
}

/** Throws what is wrong with a definition for the viewer: what they may not use first. */
function refuse(definition: Definition, viewer: Viewer, now: Date): void {
  const problems = definitionProblems(definition, viewer, now)
  const [problem] = [...problems.filter(({ forbidden }) => forbidden), ...problems]
  if (!problem) return
  const field = ['definition', ...problem.path]
  if (problem.forbidden && problem.cause) throw problem.cause
  throw requestError('BAD_USER_INPUT', { message: `${field.join('.')} ${problem.message}.`, extensions: { field } })
}

/** The filter with the parameters' values. Those come from whoever runs the report, and may be none for their fields. */
function filterOf({ object, filter }: Definition, values: Map<string, unknown>): Filter {
  const coerced = coerceFilter(
    recordType(object),
    withValues(filter, (name) => values.get(name)),
  )
  if ('ok' in coerced) return coerced.ok
  const [problem] = coerced.problems
  throw requestError('BAD_USER_INPUT', {
    message: problem!.message,
    extensions: { field: ['definition', 'filter', ...problem!.path] },
  })
}

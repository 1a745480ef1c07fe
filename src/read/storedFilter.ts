import { coerceInputValue, type GraphQLInputType, GraphQLList, GraphQLNonNull, type GraphQLSchema } from 'graphql'
import { RequestError } from '../errors.ts'
import type { ReadAccess } from './access.ts'
import { Emitter } from './emit.ts'
import { compileFilter } from './filter.ts'
import { type OrderBy, orderKeys } from './order.ts'
import type { RecordType } from './recordType.ts'
import { ident } from './sql.ts'

/** What is wrong with a filter that was stored or is to be, and where in it. */
export interface FilterProblem {
  path: string[]
  message: string
  /** The viewer may not use what stands there. */
  forbidden: boolean
  /** What was thrown about it. */
  cause?: RequestError
}

/** A filter as the read engine takes it. */
export type Filter = Record<string, unknown>

let schema: GraphQLSchema | null = null

/** Says by which schema stored filters are read: by the inputs of the API itself, so that a stored filter means what a client's would. */
export function readFiltersBy(given: GraphQLSchema): void {
  schema = given
}

/** A filter as JSON → as the API's own coercion of input makes it, or all that is wrong with it. */
export function coerceFilter(type: RecordType, json: unknown): { ok: Filter } | { problems: FilterProblem[] } {
  return coerce<Filter>(`${type.name}Filter`, json)
}

/** An order as JSON, what `orderBy` of the type's list takes → the same of it. */
export function coerceOrder(type: RecordType, json: unknown): { ok: OrderBy[] } | { problems: FilterProblem[] } {
  return coerce<OrderBy[]>(`${type.name}Order`, json, (one) => new GraphQLList(new GraphQLNonNull(one)))
}

function coerce<T>(
  name: string,
  json: unknown,
  whole: (input: GraphQLInputType) => GraphQLInputType = (input) => input,
): { ok: T } | { problems: FilterProblem[] } {
  const input = schema?.getType(name) as GraphQLInputType | undefined
  if (!input) throw new Error(`There is no ${name}.`)
  const problems: FilterProblem[] = []
  const ok = coerceInputValue(json, whole(input), (path, _value, error) => {
    problems.push({ path: path.map(String), message: error.message, forbidden: false })
  }) as T
  return problems.length > 0 ? { problems } : { ok }
}

/** Who asks, for a statement without a request around it. */
interface Asker {
  tenantId: string
  access: ReadAccess
}

/** An emitter for a statement of somebody without a request around it. */
export function emitterOf({ tenantId, access }: Asker): Emitter {
  return new Emitter({
    schema: schema as GraphQLSchema,
    variables: {},
    tenantId,
    access,
    // No page is made, so no cursor.
    cursors: undefined as never,
  })
}

/** What is wrong with a coerced filter for somebody: operands that are none, fields and types that they may not filter by. */
export function filterProblems(type: RecordType, filter: Filter, asker: Asker): FilterProblem[] {
  try {
    asker.access.requireRead(type, [])
    compileFilter(type, 't', filter, emitterOf(asker), [])
    return []
  } catch (error) {
    return [problemIn(error)]
  }
}

/** What a thrown refusal says, as a problem; anything else is thrown on. */
export function problemIn(error: unknown): FilterProblem {
  if (!(error instanceof RequestError)) throw error
  const path = (error.extensions.field as string[] | undefined) ?? []
  return { path, message: error.message, forbidden: error.code !== 'BAD_USER_INPUT', cause: error }
}

/** What is wrong with a coerced order for somebody. */
export function orderProblems(type: RecordType, orderBy: OrderBy[], asker: Asker): FilterProblem[] {
  try {
    asker.access.requireRead(type, [])
    orderBy.forEach(({ field, customField }, index) => {
      const path = ['orderBy', String(index)]
      if (field) asker.access.requireField(type, field, path)
      else if (customField) asker.access.customField(type, customField.field, [...path, 'customField', 'field'])
    })
    orderKeys(
      type,
      orderBy.filter(({ customField }) => !customField),
    )
    return []
  } catch (error) {
    return [problemIn(error)]
  }
}

/** The statement that counts the live records that a coerced filter finds for somebody: one row { count }. */
export function countQuery(type: RecordType, filter: Filter, asker: Asker): { text: string; values: unknown[] } {
  const { from, emitter } = foundBy(type, filter, asker)
  return { text: `SELECT count(*)::integer AS count ${from}`, values: emitter.params.values }
}

/** The statement that finds which of some records, live ones or those of the recycle bin, by uuid, a coerced filter finds for somebody: rows { id }. */
export function amongQuery(
  type: RecordType,
  filter: Filter,
  asker: Asker,
  ids: string[],
  state: 'live' | 'deleted' = 'live',
): { text: string; values: unknown[] } {
  const { from, alias, emitter } = foundBy(type, filter, asker, state)
  return {
    text: `SELECT ${alias}.id ${from} AND ${alias}.id ${emitter.params.among(ids, 'uuid')}`,
    values: emitter.params.values,
  }
}

/**
 * The statement that finds the next live records, in the order of their ids, behind one (NO_ID: from the first), that a coerced filter finds for somebody: rows { id }.
 *
 * @param more a further condition on the records, by their alias.
 */
export function nextQuery(
  type: RecordType,
  filter: Filter,
  asker: Asker,
  { after, limit, more }: { after: string; limit: number; more?: (alias: string, add: AddValue) => string },
): { text: string; values: unknown[] } {
  const { from, alias, emitter } = foundBy(type, filter, asker, 'live')
  const params = emitter.params
  const further = more ? ` AND ${more(alias, (value, pgType) => params.add(value, pgType))}` : ''
  return {
    text: `SELECT ${alias}.id ${from} AND ${alias}.id > ${params.add(after, 'uuid')}${further} ORDER BY ${alias}.id LIMIT ${limit}`,
    values: params.values,
  }
}

/** Adds a value of a PostgreSQL type to a statement and gives its place. */
type AddValue = (value: unknown, pgType: string) => string

function foundBy(type: RecordType, filter: Filter, asker: Asker, state: 'live' | 'deleted' = 'live') {
  const emitter = emitterOf(asker)
  const alias = emitter.alias()
  const there = `${alias}.deleted_at IS ${state === 'live' ? '' : 'NOT '}NULL`
  const where = `${emitter.inScope(type, alias, there)} AND (${compileFilter(type, alias, filter, emitter)})`
  return { from: `FROM ${ident(type.table)} ${alias} WHERE ${where}`, alias, emitter }
}

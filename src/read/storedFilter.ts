import { coerceInputValue, type GraphQLInputType, type GraphQLSchema } from 'graphql'
import { RequestError } from '../errors.ts'
import type { ReadAccess } from './access.ts'
import { Emitter } from './emit.ts'
import { compileFilter } from './filter.ts'
import type { RecordType } from './recordType.ts'
import { ident } from './sql.ts'

/** What is wrong with a filter that was stored or is to be, and where in it. */
export interface FilterProblem {
  path: string[]
  message: string
  /** The viewer may not use what stands there. */
  forbidden: boolean
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
  const input = schema?.getType(`${type.name}Filter`) as GraphQLInputType | undefined
  if (!input) throw new Error(`There is no filter of ${type.name}.`)
  const problems: FilterProblem[] = []
  const ok = coerceInputValue(json, input, (path, _value, error) => {
    problems.push({ path: path.map(String), message: error.message, forbidden: false })
  }) as Filter
  return problems.length > 0 ? { problems } : { ok }
}

/** Who asks, for a statement without a request around it. */
interface Asker {
  tenantId: string
  access: ReadAccess
}

function emitterOf({ tenantId, access }: Asker): Emitter {
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
    if (!(error instanceof RequestError)) throw error
    const path = (error.extensions.field as string[] | undefined) ?? []
    return [{ path, message: error.message, forbidden: error.code !== 'BAD_USER_INPUT' }]
  }
}

/** The statement that counts the live records that a coerced filter finds for somebody: one row { count }. */
export function countQuery(type: RecordType, filter: Filter, asker: Asker): { text: string; values: unknown[] } {
  const { from, emitter } = foundBy(type, filter, asker)
  return { text: `SELECT count(*)::integer AS count ${from}`, values: emitter.params.values }
}

/** The statement that finds which of some live records, by uuid, a coerced filter finds for somebody: rows { id }. */
export function amongQuery(
  type: RecordType,
  filter: Filter,
  asker: Asker,
  ids: string[],
): { text: string; values: unknown[] } {
  const { from, alias, emitter } = foundBy(type, filter, asker)
  return {
    text: `SELECT ${alias}.id ${from} AND ${alias}.id ${emitter.params.among(ids, 'uuid')}`,
    values: emitter.params.values,
  }
}

function foundBy(type: RecordType, filter: Filter, asker: Asker) {
  const emitter = emitterOf(asker)
  const alias = emitter.alias()
  const where = `${emitter.visible(type, alias)} AND (${compileFilter(type, alias, filter, emitter)})`
  return { from: `FROM ${ident(type.table)} ${alias} WHERE ${where}`, alias, emitter }
}

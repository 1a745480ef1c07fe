import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLSchema,
  isNonNullType,
  type OperationDefinitionNode,
} from 'graphql'
import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import type { Context } from '../context.ts'
import { type RequestError, requestError, requestErrorIn } from '../errors.ts'
import { type Compiled, compilerOf } from './compile.ts'
import { type Price, priceOf } from './cost.ts'
import { type Direct, directOf } from './direct.ts'
import { obstacleOf } from './jit.ts'
import { exceeded, LIMITS, type Shape, type ShapeField, shapeOf } from './limits.ts'
import { currentRequest } from './request.ts'
import { coerceVariables, type Variables } from './variables.ts'
import { weightOf } from './weight.ts'

/** A validated operation to run. */
export interface Operation {
  document: DocumentNode
  /** Undefined if the document has no such operation, or several and none was named. */
  operation: OperationDefinitionNode | undefined
  operationName: string | null | undefined
  /** The document's text. */
  source: string
  variables: Record<string, unknown>
  context: unknown
}

/**
 * Throws a RequestError when a caller may not run an operation. Gives the errors that stand beside its answer whatever it is, for these variables:
 * fields that the caller does not see.
 */
export type Authorise = (
  document: DocumentNode,
  operation: OperationDefinitionNode,
  context: unknown,
) => ((variables: Record<string, unknown>) => GraphQLError[]) | null

/** The points of an operation, `extensions.cost` of its answer. */
interface Cost {
  requestedQueryCost: number
  actualQueryCost?: number
}

type Answer = ExecutionResult<Record<string, unknown>, { cost?: Cost }>

/** What is worked out once per operation. */
interface Prepared {
  document: DocumentNode
  operation: OperationDefinitionNode
  refused?: RequestError
  price?: Price
  shape?: Shape
  uses: number
  compiled?: Compiled
  /** The short way; null where there is none, undefined as long as nobody has looked. */
  direct?: Direct | null
}

/** Runs operations of one schema. */
export interface Executor {
  /** The general way. Refusals and errors come back in the answer; nothing is thrown. */
  run(operation: Operation): Promise<Answer>
  /**
   * The short way, for queries that came before and that answer without an error: the whole body of the answer. Null when the general way must answer; nothing of this one
   * is to be seen then.
   */
  quick(request: QuickRequest): Promise<string | null>
}

/** A request as it came, for the short way. */
export interface QuickRequest {
  source: string
  operationName: string | null | undefined
  variables: Record<string, unknown>
  /** Asked only when the operation is known and has a short way. */
  context: () => Promise<object>
}

/**
 * The way of an operation: limits → rights → variables → cost → run → actual cost.
 *
 * @param compiled whether to run by graphql-jit where it answers as graphql-js does
 * @param compileFrom the use of an operation from which on it is compiled. Once used ones, as an attacker sends, are not worth it.
 */
export function executorOf(
  schema: GraphQLSchema,
  {
    compiled = true,
    compileFrom = 2,
    log,
    authorise,
    maxCost = LIMITS.cost,
  }: { compiled?: boolean; compileFrom?: number; log?: Logger; authorise?: Authorise; maxCost?: number } = {},
): Executor {
  const obstacle = compiled ? obstacleOf(schema) : undefined
  if (obstacle) log?.warn({ obstacle }, 'operations are not compiled')
  const compile = compiled && !obstacle ? compilerOf(schema) : () => undefined
  // A thousand operations, of 60,000 nodes in all.
  const known = new LRUCache<string, Prepared>({ max: 1_000, maxSize: 60_000 })

  const keyOf = (source: string, operationName: string | null | undefined) => `${operationName ?? ''}:${source}`

  function prepare({
    document,
    operation,
    operationName,
    source,
  }: Operation & { operation: OperationDefinitionNode }): Prepared {
    const key = keyOf(source, operationName)
    let prepared = known.get(key)
    if (!prepared) {
      prepared = { document, operation, uses: 0 }
      try {
        prepared.shape = shapeOf(schema, document, operation)
        prepared.price = priceOf(prepared.shape)
      } catch (error) {
        prepared.refused = requestErrorIn(error)
        if (!prepared.refused) throw error
      }
      known.set(key, prepared, { size: weightOf(document) + Math.ceil(source.length / 300) })
    }
    prepared.uses++
    if (prepared.uses === compileFrom && !prepared.refused) prepared.compiled = compile(document, operation)
    return prepared
  }

  async function quick({
    source,
    operationName,
    variables: given,
    context: contextOf,
  }: QuickRequest): Promise<string | null> {
    const prepared = known.get(keyOf(source, operationName))
    if (!prepared) return null
    const { document, operation, shape, price } = prepared
    if (prepared.direct === undefined) prepared.direct = compiled && shape ? directOf(schema, shape, document) : null
    if (!prepared.direct || !price) return null
    const request = currentRequest()
    try {
      const context = (await contextOf()) as Context
      if (!context.viewer || authorise?.(document, operation, context)) return null
      const coerced = coerceVariables(schema, operation.variableDefinitions ?? [], given)
      if ('errors' in coerced) return null
      const requested = price.requested(coerced.values)
      if (requested > maxCost) return null
      const { data, points } = await prepared.direct(context, coerced.values)
      const actual = Math.min(points, requested)
      if (request) {
        request.operation = operation.operation
        request.cost = actual
      }
      return `{"data":${data},"extensions":{"cost":{"requestedQueryCost":${requested},"actualQueryCost":${actual}}}}\n`
    } catch (error) {
      const failed = requestErrorIn(error)
      // What the database could not do once it is not asked again.
      if (request && failed && NOT_AGAIN.has(failed.code) && shape?.fields.length === 1) request.failed = failed
      return null
    }
  }

  async function run(given: Operation): Promise<Answer> {
    const { operation, document, context } = given
    if (!operation) return refuse([requestError('OPERATION_RESOLUTION_FAILURE')])
    if (operation.operation === 'subscription') {
      return refuse([
        requestError('BAD_REQUEST', { message: 'Subscriptions do not run over this transport.', status: 400 }),
      ])
    }
    const request = currentRequest()
    if (request) request.operation = operation.operation
    const { refused, price, shape, compiled: code } = prepare({ ...given, operation })
    if (refused || !price) return refuse(refused ? [refused] : [])
    let notices: ReturnType<Authorise> = null
    try {
      notices = authorise?.(document, operation, context) ?? null
    } catch (error) {
      const refusal = requestErrorIn(error)
      if (!refusal) throw error
      return refuse([refusal])
    }
    const coerced = coerceVariables(schema, operation.variableDefinitions ?? [], given.variables)
    if ('errors' in coerced) return refuse(coerced.errors)
    const variables = coerced.values
    const requestedQueryCost = price.requested(variables)
    if (requestedQueryCost > maxCost) {
      const error = exceeded('MAX_COST_EXCEEDED', 'cost', maxCost)
      error.extensions.cost = requestedQueryCost
      return { errors: [error], extensions: { cost: { requestedQueryCost } } }
    }
    const runByJs = () =>
      execute({
        schema,
        document,
        operationName: given.operationName,
        variableValues: given.variables,
        contextValue: context,
      })
    const result = request?.failed
      ? failedResult(request.failed, shape!.fields[0]!)
      : await (code?.(undefined, context, variables) ?? runByJs())
    const answer = finish(result, price, variables, requestedQueryCost)
    if (!notices || !answer.data) return answer
    const hidden = notices(variables)
    return hidden.length > 0 ? { ...answer, errors: [...(answer.errors ?? []), ...hidden] } : answer
  }

  return { run, quick }
}

const NOT_AGAIN: ReadonlySet<string> = new Set(['TIMEOUT', 'SERVICE_UNAVAILABLE'])

/** The result of a query whose one root field failed. */
function failedResult(error: RequestError, field: ShapeField): ExecutionResult<Record<string, unknown>> {
  const located = new GraphQLError(error.message, { nodes: [field.node], path: [field.key], originalError: error })
  return { data: isNonNullType(field.field.type) ? null : { [field.key]: null }, errors: [located] }
}

function refuse(errors: RequestError[]): Answer {
  return { errors }
}

function finish(
  { data, errors }: ExecutionResult,
  price: Price,
  variables: Variables,
  requestedQueryCost: number,
): Answer {
  const actualQueryCost = price.actual(data, variables)
  const request = currentRequest()
  if (request) request.cost = actualQueryCost
  const extensions = { cost: { requestedQueryCost, actualQueryCost } }
  if (!errors?.length) return { data, extensions }
  const kept = onePerCoordinate(oneErrorPerNull(errors.map(normalized), data))
  const answered = data != null && Object.values(data).some((value) => value !== null)
  // GraphQL over HTTP: an answer with data is a 2xx. Where nothing was answered, the error's own status is worth more.
  if (answered) return { data, errors: kept.map(withoutStatus), extensions }
  const refused = kept.some((error) => requestErrorIn(error)?.extensions.http)
  return refused ? { errors: kept, extensions } : { data, errors: kept, extensions }
}

/** graphql-jit leaves out `extensions`, which Apollo Server relies on. */
function normalized(error: GraphQLError): GraphQLError {
  if (error.extensions) return error
  const { message, path, originalError, locations } = error
  return Object.assign(new GraphQLError(message, { path, originalError, extensions: {} }), { locations })
}

function withoutStatus(error: GraphQLError): GraphQLError {
  if (!error.extensions.http) return error
  const { http: _, ...extensions } = error.extensions
  const { message, path, locations } = error
  return Object.assign(new GraphQLError(message, { path, originalError: requestErrorIn(error), extensions }), {
    locations,
  })
}

/**
 * Where errors below made one null, the first of them is kept: graphql-js stops early, graphql-jit collects all.
 * Errors come in the order of the document, since the two finish fields in different orders.
 */
function oneErrorPerNull(errors: GraphQLError[], data: unknown): GraphQLError[] {
  const nulls = new Set<string>()
  const ordered = errors.length > 1 ? errors.toSorted((a, b) => placeOf(a) - placeOf(b)) : errors
  return ordered.filter(({ path }) => {
    if (!path) return true
    let at: unknown = data
    for (const [depth, key] of path.entries()) {
      if (at == null) {
        const place = path.slice(0, depth).join('.')
        if (nulls.has(place)) return false
        nulls.add(place)
        return true
      }
      at = (at as Record<string | number, unknown>)[key]
    }
    return true
  })
}

/** A field that is hidden record by record is told once, where it first is, and not for each row of a list. */
function onePerCoordinate(errors: GraphQLError[]): GraphQLError[] {
  const told = new Set<unknown>()
  return errors.filter((error) => {
    const refusal = requestErrorIn(error)
    const { coordinate, field } = refusal?.extensions ?? {}
    // One with `field` refuses an argument, and with it a whole root field: each of those is told.
    if (refusal?.code !== 'FIELD_FORBIDDEN' || field || coordinate === undefined) return true
    if (told.has(coordinate)) return false
    told.add(coordinate)
    return true
  })
}

/** One figure per place in a document; lines are shorter than a document may be. */
function placeOf({ locations }: GraphQLError): number {
  const [first] = locations ?? []
  return first ? first.line * 1_000_000 + first.column : 0
}

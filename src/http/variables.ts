import {
  coerceInputValue,
  type GraphQLError,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
  typeFromAST,
  type VariableDefinitionNode,
  valueFromAST,
} from 'graphql'
import { type RequestError, requestError, requestErrorIn } from '../errors.ts'

/** At most so many problems are named in one answer. */
const MAX_PROBLEMS = 20
/** Objects and lists inside each other, and values in all, that variables may hold: no real input comes near, a bomb does. */
const MAX_NESTING = 50
const MAX_VALUES = 20_000

/** Variables by name, coerced to what resolvers get; absent ones without a default are not there. */
export type Variables = Record<string, unknown>

/**
 * Coerces the variables of an operation as graphql-js does, but names where the problems are and never says what was sent.
 *
 * @returns the coerced variables, or all that is wrong (BAD_USER_INPUT with `field`, the path from the variable's name on)
 */
export function coerceVariables(
  schema: GraphQLSchema,
  definitions: readonly VariableDefinitionNode[],
  given: Record<string, unknown>,
): { values: Variables } | { errors: RequestError[] } {
  if (isBomb(given)) {
    return {
      errors: [
        problem([], `The variables hold more than ${MAX_VALUES} values or are nested more than ${MAX_NESTING} deep.`),
      ],
    }
  }
  const errors: RequestError[] = []
  const values: Variables = {}
  for (const definition of definitions) {
    if (errors.length >= MAX_PROBLEMS) break
    const name = definition.variable.name.value
    const type = typeFromAST(schema, definition.type as Parameters<typeof typeFromAST>[1])
    // Validation has refused documents whose variables have other types.
    if (!isInputType(type)) continue
    if (!Object.hasOwn(given, name)) {
      if (definition.defaultValue) values[name] = valueFromAST(definition.defaultValue, type)
      else if (isNonNullType(type)) errors.push(problem([name], `A value of type ${type} is required.`))
      continue
    }
    values[name] = coerceInputValue(given[name], type, (path, _value, error) => {
      if (errors.length < MAX_PROBLEMS) errors.push(problem([name, ...path.map(String)], sayProblem(type, path, error)))
    })
  }
  return errors.length > 0 ? { errors } : { values }
}

function problem(field: string[], what: string): RequestError {
  const path = field.map((key, index) => (/^\d+$/.test(key) ? `[${key}]` : index ? `.${key}` : `$${key}`)).join('')
  return requestError('BAD_USER_INPUT', {
    message: path ? `Variable ${path}: ${what}` : what,
    extensions: { field },
    status: 400,
  })
}

/**
 * The sentences of `coerceInputValue` that hold names and types only. Any other comes from a scalar or an enum and may
 * quote the value, so it is replaced.
 */
const SAFE = [
  /^Expected non-nullable type "[\w![\]]+" not to be null\.$/,
  /^Expected type "\w+" to be an object\.$/,
  /^Field "\w+" of required type "[\w![\]]+" was not provided\.$/,
  /^Exactly one key must be specified for OneOf type "\w+"\.$/,
  /^Field "\w+" must be non-null\.$/,
]
const UNKNOWN_FIELD = /^(Field "[_A-Za-z]\w{0,63}" is not defined by type "\w+"\.)/

function sayProblem(type: GraphQLInputType, path: readonly (string | number)[], error: GraphQLError): string {
  const known = requestErrorIn(error)
  if (known) return known.message
  if (SAFE.some((one) => one.test(error.message))) return error.message
  const at = getNamedType(typeAt(type, path))
  const unknownField = UNKNOWN_FIELD.exec(error.message)
  if (isInputObjectType(at))
    return unknownField?.[1] ?? `The object has a field that is not defined by type "${at.name}".`
  return `Expected a value of type "${at.name}".`
}

/** The type of the place inside a value that a path leads to. */
function typeAt(type: GraphQLInputType, path: readonly (string | number)[]): GraphQLInputType {
  let at = type
  for (const key of path) {
    if (isNonNullType(at)) at = at.ofType as GraphQLInputType
    if (isListType(at) && typeof key === 'number') at = at.ofType
    else if (isInputObjectType(at)) at = at.getFields()[key]?.type ?? at
  }
  return at
}

/** Walks without recursion, so that what it looks for cannot harm it. */
function isBomb(given: unknown): boolean {
  let level: unknown[] = [given]
  let count = 0
  for (let depth = 0; level.length > 0; depth++) {
    const next: unknown[] = []
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue
      for (const child of Object.values(value)) next.push(child)
    }
    count += next.length
    if (count > MAX_VALUES || (depth > MAX_NESTING && next.length > 0)) return true
    level = next
  }
  return false
}

import { coerceInputValue, type GraphQLInputType, type GraphQLSchema } from 'graphql'
import type { ReadCondition } from '../../resolvers/leads/assignment/condition.ts'

/** Reads a JSON value as the `where` of a record type, by the API's own coercion: the first thing that is wrong with it, and where. */
export function conditionReader(schema: GraphQLSchema): (typeName: string, value: unknown) => ReadCondition {
  return (typeName, value) => {
    const type = schema.getType(`${typeName}Filter`) as GraphQLInputType
    const wrong: { path: string[]; message: string }[] = []
    const filter = coerceInputValue(value, type, (path, _value, { message }) => {
      wrong.push({ path: path.map(String), message: `is no filter: ${message}` })
    })
    return wrong[0] ?? { filter: filter as Record<string, unknown> }
  }
}

import { type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql'

/**
 * The schema as schema.graphql holds it: types, fields, arguments and values in alphabetical order, so that a new one moves no other.
 *
 * @returns SDL with a line break at its end. Takes about a second of the processor for Atrium's own: ask once.
 */
export function schemaText(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`
}

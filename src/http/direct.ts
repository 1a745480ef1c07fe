import { type FragmentDefinitionNode, type GraphQLSchema, Kind } from 'graphql'
import type { Context } from '../context.ts'
import { searchesOf } from './cost.ts'
import type { Shape, ShapeField } from './limits.ts'
import type { Variables } from './variables.ts'

/** Answers a root field: its value as JSON, and the points of what it holds. */
type DirectRead = (context: object, viewer: object, variables: Variables) => Promise<{ text: string; points: number }>

/**
 * What a root field with a short way has in `extensions.direct`: it compiles the field as a document asks for it, or gives null when this document needs the general
 * way.
 */
export type CompileDirect = (
  field: ShapeField,
  scope: { schema: GraphQLSchema; fragments: Record<string, FragmentDefinitionNode>; hasVariables: boolean },
) => DirectRead | null

/** Answers a query: the text of `data`, and the points of what is in it. */
export type Direct = (context: Context, variables: Variables) => Promise<{ data: string; points: number }>

/**
 * Compiles a query whose root fields are all standard reads into the short way: one statement each, whose JSON becomes the answer's, with no resolver in between. It
 * answers queries without errors only; throws Unfit, or what a statement threw, where there would be one, and the general way tells it.
 *
 * @returns null for operations that the general way answers
 */
export function directOf(
  schema: GraphQLSchema,
  { operation, fields }: Shape,
  document: { definitions: readonly { kind: string }[] },
): Direct | null {
  if (operation.operation !== 'query' || fields.length === 0 || (operation.directives?.length ?? 0) > 0) return null
  const fragments = Object.fromEntries(
    document.definitions.flatMap((one) =>
      one.kind === Kind.FRAGMENT_DEFINITION
        ? [[(one as FragmentDefinitionNode).name.value, one as FragmentDefinitionNode]]
        : [],
    ),
  )
  const scope = { schema, fragments, hasVariables: (operation.variableDefinitions?.length ?? 0) > 0 }
  const roots: { key: string; read: DirectRead; searches: (variables: Variables) => number }[] = []
  for (const field of fields) {
    const compile = field.field.extensions.direct as CompileDirect | undefined
    const read = field.introspection || hasSearches(field.children) ? null : compile?.(field, scope)
    if (!read) return null
    roots.push({ key: `${JSON.stringify(field.key)}:`, read, searches: searchesOf(field) ?? (() => 0) })
  }
  const [only] = roots
  if (roots.length === 1 && only) {
    return async (context, variables) => {
      const { text, points } = await only.read(context, context.viewer!, variables)
      return { data: `{${only.key}${text}}`, points: points + only.searches(variables) }
    }
  }
  return async (context, variables) => {
    const answers = await Promise.all(roots.map(({ read }) => read(context, context.viewer!, variables)))
    let points = 0
    const parts = roots.map(({ key, searches }, index) => {
      const answer = answers[index]!
      points += answer.points + searches(variables)
      return key + answer.text
    })
    return { data: `{${parts.join(',')}}`, points }
  }
}

/** Does a field below take a filter: its price then hangs on how often it stands there. */
function hasSearches(fields: readonly ShapeField[]): boolean {
  return fields.some((field) => searchesOf(field) !== undefined || hasSearches(field.children))
}

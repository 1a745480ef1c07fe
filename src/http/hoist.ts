import {
  type DefinitionNode,
  type DocumentNode,
  type GraphQLInputType,
  GraphQLScalarType,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  print,
  TypeInfo,
  type ValueNode,
  valueFromAST,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import type { Variables } from './variables.ts'

/** The type of every variable of a compiled operation: graphql-jit takes values that are coerced already. */
export const Coerced = new GraphQLScalarType({ name: '__Coerced' })

/** An argument of a document that a variable took the place of. */
export interface Hoisted {
  name: string
  valueIn: (variables: Variables) => unknown
}

/**
 * Puts a variable in the place of every argument that is not one, and gives every variable the type `__Coerced`.
 * Equal arguments share a variable, so that equal fields stay equal.
 */
export function hoistArguments(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): { rewritten: DocumentNode; hoisted: Hoisted[] } {
  const byText = new Map<string, Hoisted>()
  const types = new TypeInfo(schema)
  const namedType = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: Coerced.name } } as const

  function hoist(node: ValueNode, type: GraphQLInputType): Hoisted {
    const text = `${type}=${print(node)}`
    const known = byText.get(text)
    if (known) return known
    const constant = hasVariable(node) ? undefined : valueFromAST(node, type)
    // Objects and lists are made anew for each request, a resolver may change them.
    const isFixed = constant !== undefined && (typeof constant !== 'object' || constant === null)
    const one = {
      name: `__argument${byText.size}`,
      valueIn: isFixed ? () => constant : (variables: Variables) => valueFromAST(node, type, variables),
    }
    byText.set(text, one)
    return one
  }

  const body: DocumentNode = visit(
    document,
    visitWithTypeInfo(types, {
      // graphql-jit skips directives other than @skip and @include, which are not compiled.
      Directive: () => false,
      Argument(node) {
        const type = types.getInputType()
        if (!type || node.value.kind === Kind.VARIABLE) return undefined
        const { name } = hoist(node.value, type)
        return { ...node, value: { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: name }, loc: node.value.loc } }
      },
    }),
  )
  const hoisted = [...byText.values()]
  const names = [
    ...(operation.variableDefinitions ?? []).map(({ variable }) => variable.name.value),
    ...hoisted.map(({ name }) => name),
  ]
  const variableDefinitions = names.map((name) => ({
    kind: Kind.VARIABLE_DEFINITION,
    variable: { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: name } },
    type: namedType,
  }))
  const definitions = body.definitions.flatMap((one): DefinitionNode[] => {
    if (one.kind === Kind.FRAGMENT_DEFINITION) return [one]
    const same = one.kind === Kind.OPERATION_DEFINITION && one.name?.value === operation.name?.value
    return same ? [{ ...one, variableDefinitions } as OperationDefinitionNode] : []
  })
  return { rewritten: { kind: Kind.DOCUMENT, definitions } as DocumentNode, hoisted }
}

function hasVariable(node: ValueNode): boolean {
  let found = false
  visit(node, {
    Variable() {
      found = true
    },
  })
  return found
}

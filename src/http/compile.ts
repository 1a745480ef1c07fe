import { createRequire } from 'node:module'
import {
  type DocumentNode,
  type ExecutionResult,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
} from 'graphql'
import { type CompilerOptions, compileQuery, isCompiledQuery } from 'graphql-jit'
import { Coerced, hoistArguments } from './hoist.ts'
import { isCompilable } from './jit.ts'
import type { Variables } from './variables.ts'

/** Runs a compiled operation; undefined if these variables need graphql-js. */
export type Compiled = (
  root: unknown,
  context: unknown,
  variables: Variables,
) => Promise<ExecutionResult> | ExecutionResult | undefined

guardRuntime()

/**
 * Compiles operations of one schema with graphql-jit 0.8.9, or says no where it would not answer as graphql-js does.
 * The schema must have no obstacle, see http/jit.ts.
 *
 * What is handed to graphql-jit is a rewritten document, because of what it does otherwise:
 * - every argument becomes a variable. It writes literals into the code that it generates and takes some strings in them
 *   for code, so a literal would let a caller run code here; and it turns an omitted variable inside an object into null;
 * - every variable has the type `__Coerced`. It cannot compile the coercion of input types that contain themselves.
 *
 * @returns a function that gives undefined for operations that graphql-js must run
 */
export function compilerOf(
  schema: GraphQLSchema,
): (document: DocumentNode, operation: OperationDefinitionNode) => Compiled | undefined {
  const coercedSchema: GraphQLSchema = Object.create(schema, {
    getType: { value: (name: string) => (name === Coerced.name ? Coerced : schema.getType(name)) },
  })

  return function compile(document, operation) {
    if (operation.operation === 'subscription' || !isCompilable(document, operation)) return undefined
    const { rewritten, hoisted } = hoistArguments(schema, document, operation)
    const sentFragments = Object.fromEntries(
      document.definitions.flatMap((one) => (one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one]] : [])),
    )
    // The options are a Partial in fact, though declared whole.
    const options = {
      // Resolvers see the schema and the operation that the client sent. `fragments` are the rewritten ones, as are the field nodes.
      resolverInfoEnricher: () => ({ schema, operation, sentFragments }),
      disablingCapturingStackErrors: true,
    } as unknown as CompilerOptions
    const compiled = compileQuery(coercedSchema, rewritten, operation.name?.value, options)
    if (!isCompiledQuery(compiled)) return undefined
    return (root, context, variables) => {
      const all: Variables = { ...variables }
      for (const { name, valueIn } of hoisted) {
        const value = valueIn(variables)
        // A variable that does not fit where it stands: graphql-js knows the error.
        if (value === undefined) return undefined
        all[name] = value
      }
      return compiled.query(root, context, all) as Promise<ExecutionResult> | ExecutionResult
    }
  }
}

/**
 * graphql-jit completes values inside the callback of a promise: what throws there, a `resolveType` or a getter, would be
 * an unhandled rejection and end the process while the request waits for ever. Its error belongs to the field.
 */
function guardRuntime(): void {
  const require = createRequire(import.meta.url)
  interface Runtime {
    handleResolverResult: Handle
    handleListItemResult: Handle
    guarded?: boolean
  }
  type Handle = (
    context: unknown,
    value: unknown,
    onSuccess: (value: unknown) => void,
    onError: (error: unknown) => void,
  ) => void
  const runtime = (require('graphql-jit/dist/runtime.js') as { jitRuntime: Runtime }).jitRuntime
  if (runtime.guarded) return
  for (const name of ['handleResolverResult', 'handleListItemResult'] as const) {
    const handle = runtime[name]
    runtime[name] = function (this: Runtime, context, value, onSuccess, onError) {
      const complete = (result: unknown) => {
        try {
          onSuccess(result)
        } catch (error) {
          onError(error)
          onSuccess(null)
        }
      }
      handle.call(this, context, value, complete, onError)
    }
  }
  runtime.guarded = true
}

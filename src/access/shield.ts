import { createRequire } from 'node:module'
import { type GraphQLFieldResolver, type GraphQLResolveInfo, type GraphQLSchema, isObjectType } from 'graphql'
import type { IRules } from 'graphql-shield'
import type { Context } from '../context.ts'
import { requestError } from '../errors.ts'

/**
 * A rule about one record, for a field of which neither the roles nor the scope can say who may see it: what depends on the record's own data. Stands in
 * a field's `extensions.rule`.
 *
 * @returns may the viewer have the field of this parent.
 */
export type RecordRule = (parent: unknown, context: Context) => boolean | Promise<boolean>

/** What graphql-shield makes of a rule; `resolve` is the field's own. */
type Middleware = (
  resolve: GraphQLFieldResolver<unknown, Context>,
  parent: unknown,
  args: Record<string, unknown>,
  context: Context,
  info: GraphQLResolveInfo,
) => unknown

const require = createRequire(import.meta.url)
// graphql-shield 7.6.5 calls util.isUndefined, which Node 23 took away; its ES module cannot even be loaded for want of it.
const util = require('node:util') as { isUndefined?: (value: unknown) => boolean }
util.isUndefined ??= (value) => value === undefined
const { rule, shield } = require('graphql-shield') as typeof import('graphql-shield')
type Shield = ReturnType<ReturnType<typeof rule>>

/**
 * Puts graphql-shield's rules in front of the fields that declare one, and of no others: wrapping every field costs a promise per value of an answer
 * (graphql-shield #416), and what can be said once per document is said in document.ts. A refused field is null and FIELD_FORBIDDEN; what a rule throws
 * that is no request error counts as a refusal.
 *
 * @returns the coordinates that carry a rule.
 */
export function applyRules(schema: GraphQLSchema): string[] {
  const rules: Record<string, Record<string, Shield>> = {}
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue
    for (const field of Object.values(type.getFields())) {
      const own = field.extensions.rule as RecordRule | undefined
      if (!own) continue
      rules[type.name] ??= {}
      ;(rules[type.name] as Record<string, Shield>)[field.name] = rule(`${type.name}.${field.name}`, {
        cache: 'no_cache',
      })((parent: unknown, _args: unknown, context: Context) => own(parent, context))
    }
  }
  const permissions = shield(rules as IRules, {
    allowExternalErrors: true,
    debug: false,
    fallbackError: (_thrown, _parent, _args, _context, info) => {
      const coordinate = `${info.parentType.name}.${info.fieldName}`
      return requestError('FIELD_FORBIDDEN', {
        message: {
          en: `You may not see ${coordinate} of this record.`,
          zhCN: `您没有查看此记录 ${coordinate} 的权限。`,
        },
        extensions: { coordinate },
      })
    },
  })
  // Shield writes a middleware for every field of every type it is shown, in a time that grows with the square of them: it is shown the types with a rule, and
  // only fields with a rule are kept.
  const named = Object.fromEntries(Object.keys(rules).map((name) => [name, schema.getType(name)]))
  const shown = Object.create(schema, { getTypeMap: { value: () => named } }) as GraphQLSchema
  const generated = permissions.generate(shown) as unknown as Record<string, Record<string, Middleware>>
  const guarded: string[] = []
  for (const [typeName, fields] of Object.entries(rules)) {
    const type = schema.getType(typeName)
    if (!isObjectType(type)) continue
    for (const name of Object.keys(fields)) {
      const field = type.getFields()[name]
      const middleware = generated[typeName]?.[name]
      if (!field?.resolve || !middleware) throw new Error(`${typeName}.${name} has a rule and no resolver.`)
      const resolve = field.resolve
      field.resolve = async (parent, args, context, info) => {
        const value = await middleware(resolve, parent, args, context, info)
        // Shield gives a refusal back instead of throwing it.
        if (value instanceof Error) throw value
        return value
      }
      guarded.push(`${typeName}.${name}`)
    }
  }
  return guarded
}

import {
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  visit,
} from 'graphql'
import { type RequestError, requestError } from '../errors.ts'
import type { Variables } from './variables.ts'

/** What one operation may ask for (spec/api.md 7; directives and root fields are ours). Tokens are counted by the parser. */
export const LIMITS = {
  tokens: 4_000,
  depth: 12,
  /** The introspection query of GraphiQL goes 13 deep. */
  introspectionDepth: 20,
  /** Objects and lists inside each other in a literal. */
  nesting: 50,
  aliases: 30,
  directives: 50,
  rootFields: 20,
  cost: 1_000,
  /** Fields after fragments are opened. Bounds the work of all passes, whatever fragments do. */
  fields: 5_000,
}

/** One `@skip` or `@include`: the selection counts if the value equals `on`. */
interface Condition {
  value: boolean | { variable: string }
  on: boolean
}

/** One field of an operation after fragments are opened and equal response keys merged. */
export interface ShapeField {
  /** Key in the answer. */
  key: string
  node: FieldNode
  field: GraphQLField<unknown, unknown>
  /** The type that selections below stand on; undefined for a leaf. */
  type: GraphQLCompositeType | undefined
  /** Name of the object type that alone has the field here, when the parent type is abstract. */
  only: string | undefined
  /** The field is asked for if all conditions of one occurrence hold; undefined if it always is. */
  when: Condition[][] | undefined
  children: ShapeField[]
  introspection: boolean
}

/** An operation as a tree of fields, independent of variables. */
export interface Shape {
  operation: OperationDefinitionNode
  fields: ShapeField[]
}

/**
 * Lays out a validated operation as a tree and refuses one over the limits.
 *
 * @throws RequestError MAX_DEPTH_EXCEEDED, MAX_ALIASES_EXCEEDED, MAX_COST_EXCEEDED (too many fields), BAD_USER_INPUT (directives)
 */
export function shapeOf(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): Shape {
  checkCounts(document)
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const one of document.definitions) if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one)
  const root = schema.getRootType(operation.operation)
  if (!root)
    throw requestError('BAD_USER_INPUT', { message: `There is no ${operation.operation} in this schema.`, status: 400 })
  let steps = 0

  interface Part {
    set: SelectionSetNode
    conditions: Condition[]
  }

  function step(weight = 1): void {
    steps += weight
    if (steps > LIMITS.fields) throw exceeded('MAX_COST_EXCEEDED', 'fields', LIMITS.fields)
  }

  function fieldsOf(type: GraphQLCompositeType, parts: Part[], depth: number, introspection: boolean): ShapeField[] {
    const merged = new Map<string, ShapeField & { parts: Part[] }>()
    // What stands on an abstract type is compiled once per possible type, what stands in a fragment on one of them for that one: of the fragment itself
    // each type asks whether it is meant.
    const weight = isAbstractType(type) ? schema.getPossibleTypes(type).length : 1

    function collect(
      { set, conditions }: Part,
      scope: GraphQLCompositeType,
      only: string | undefined,
      seen: Set<string>,
    ): void {
      for (const selection of set.selections) {
        step()
        const own = conditionsOf(selection.directives, conditions)
        if (selection.kind === Kind.FIELD) {
          add(selection, own, scope, only)
          continue
        }
        const spread = selection.kind === Kind.FRAGMENT_SPREAD ? selection.name.value : undefined
        const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection
        if (!fragment) continue
        step(weight - 1)
        const target = fragment.typeCondition ? schema.getType(fragment.typeCondition.name.value) : undefined
        const narrowed = isAbstractType(type) && isObjectType(target) ? target.name : only
        const below = isCompositeType(target) && isAbstractType(scope) ? target : scope
        // As in execution, a fragment counts once per selection set, unless a condition may leave out the first.
        const mark = `${spread}:${below.name}:${narrowed ?? ''}`
        if (spread && seen.has(mark)) continue
        if (spread && own.length === 0) seen.add(mark)
        collect({ set: fragment.selectionSet, conditions: own }, below, narrowed, seen)
      }
    }

    function add(
      node: FieldNode,
      conditions: Condition[],
      scope: GraphQLCompositeType,
      only: string | undefined,
    ): void {
      const key = node.alias?.value ?? node.name.value
      const id = `${only ?? ''}:${key}`
      const known = merged.get(id)
      if (known) {
        if (known.when) known.when = conditions.length > 0 ? [...known.when, conditions] : undefined
        if (node.selectionSet) known.parts.push({ set: node.selectionSet, conditions })
        return
      }
      if (!only) step(weight - 1)
      const field = fieldNamed(schema, scope, node.name.value)
      if (!field) return
      const named = getNamedType(field.type)
      merged.set(id, {
        key,
        node,
        field,
        type: isCompositeType(named) ? named : undefined,
        only,
        when: conditions.length > 0 ? [conditions] : undefined,
        children: [],
        introspection:
          introspection || field === SchemaMetaFieldDef || field === TypeMetaFieldDef || field === TypeNameMetaFieldDef,
        parts: node.selectionSet ? [{ set: node.selectionSet, conditions }] : [],
      })
    }

    const seen = new Set<string>()
    for (const part of parts) collect(part, type, undefined, seen)
    const fields: ShapeField[] = []
    for (const { parts: below, ...field } of merged.values()) {
      const max = field.introspection ? LIMITS.introspectionDepth : LIMITS.depth
      if (depth > max) throw exceeded('MAX_DEPTH_EXCEEDED', 'depth', max)
      if (field.type && below.length > 0) field.children = fieldsOf(field.type, below, depth + 1, field.introspection)
      fields.push(field)
    }
    return fields
  }

  const fields = fieldsOf(root, [{ set: operation.selectionSet, conditions: [] }], 1, false)
  if (fields.length > LIMITS.rootFields) throw exceeded('MAX_ALIASES_EXCEEDED', 'rootFields', LIMITS.rootFields)
  return { operation, fields }
}

/** Whether a field is asked for under these variables. */
export function isAsked({ when }: ShapeField, variables: Variables): boolean {
  if (!when) return true
  return when.some((all) =>
    all.every(({ value, on }) => (typeof value === 'boolean' ? value : variables[value.variable] === true) === on),
  )
}

/** What the document itself holds, however its fragments are used. */
function checkCounts(document: DocumentNode): void {
  let aliases = 0
  let directives = 0
  let nesting = 0
  const nested = {
    enter() {
      if (++nesting > LIMITS.nesting) throw exceeded('BAD_USER_INPUT', 'nesting', LIMITS.nesting)
    },
    leave() {
      nesting--
    },
  }
  visit(document, {
    Field(node) {
      if (node.alias) aliases++
    },
    Directive() {
      directives++
    },
    ObjectValue: nested,
    ListValue: nested,
  })
  if (aliases > LIMITS.aliases) throw exceeded('MAX_ALIASES_EXCEEDED', 'aliases', LIMITS.aliases)
  if (directives > LIMITS.directives) throw exceeded('BAD_USER_INPUT', 'directives', LIMITS.directives)
}

/** A refusal of an operation over one of the limits, which it names with its size. */
export function exceeded(
  code: 'MAX_DEPTH_EXCEEDED' | 'MAX_ALIASES_EXCEEDED' | 'MAX_COST_EXCEEDED' | 'BAD_USER_INPUT',
  limit: keyof typeof LIMITS,
  max: number,
): RequestError {
  const message = code === 'BAD_USER_INPUT' ? `The document is over the limit of ${max} for ${limit}.` : undefined
  return requestError(code, { message, extensions: { limit, max }, status: 400 })
}

function conditionsOf(directives: readonly DirectiveNode[] | undefined, above: Condition[]): Condition[] {
  let conditions = above
  for (const { name, arguments: args } of directives ?? []) {
    if (name.value !== 'skip' && name.value !== 'include') continue
    const value = args?.[0]?.value
    const on = name.value === 'include'
    if (value?.kind === Kind.BOOLEAN) conditions = [...conditions, { value: value.value, on }]
    else if (value?.kind === Kind.VARIABLE) conditions = [...conditions, { value: { variable: value.name.value }, on }]
  }
  return conditions
}

function fieldNamed(
  schema: GraphQLSchema,
  type: GraphQLCompositeType,
  name: string,
): GraphQLField<unknown, unknown> | undefined {
  if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef
  if (type === schema.getQueryType() && name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef
  if (type === schema.getQueryType() && name === TypeMetaFieldDef.name) return TypeMetaFieldDef
  return 'getFields' in type ? type.getFields()[name] : undefined
}

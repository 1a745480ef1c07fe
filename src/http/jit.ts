import {
  type DirectiveNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  isAbstractType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  visit,
} from 'graphql'
import { LIMITS } from './limits.ts'

/** Why graphql-jit cannot run operations of a schema; undefined if it can. A sentence that names the coordinate. */
export function obstacleOf(schema: GraphQLSchema): string | undefined {
  const names = new Set<string>()
  for (const type of Object.values(schema.getTypeMap())) {
    const test = isAbstractType(type) ? type.resolveType : isObjectType(type) ? type.isTypeOf : undefined
    if (test?.constructor.name === 'AsyncFunction')
      return `${type.name}: it does not wait for resolveType and isTypeOf.`
    if (!isObjectType(type)) continue
    for (const field of Object.values(type.getFields())) {
      const name = type.name + field.name
      if (names.has(name)) return `${type.name}.${field.name}: it finds resolvers by both names written together.`
      names.add(name)
      const unplain = field.args.find(({ defaultValue }) => !isPlain(defaultValue))
      if (unplain) return `${type.name}.${field.name}(${unplain.name}:): it writes defaults into code as JSON.`
    }
  }
  return undefined
}

/** Whether a value comes back from JSON as it was. */
function isPlain(value: unknown): boolean {
  if (value === undefined || value === null || typeof value === 'boolean') return true
  if (typeof value === 'string') return !value.startsWith('__MAGIC')
  if (typeof value === 'number') return Number.isFinite(value)
  if (Array.isArray(value)) return value.every((one) => one !== undefined && isPlain(one))
  if (typeof value !== 'object') return false
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype) return false
  return !Object.hasOwn(value, '__proto__') && Object.values(value).every(isPlain)
}

/**
 * Whether graphql-jit answers an operation as graphql-js does. It does not: conditions on fragments that are spread twice; response keys with an
 * underscore, which it joins with underscores into names that can meet; and it opens
 * fragments again at every level, which can take for ever.
 */
export function isCompilable(document: DocumentNode, operation: OperationDefinitionNode): boolean {
  let fine = true
  const fail = () => {
    fine = false
  }
  visit(document, {
    Directive({ name }: DirectiveNode) {
      if (name.value === 'skip' || name.value === 'include') fail()
    },
    Variable({ name }) {
      // Object keys that are not what they seem, and the names of hoisted arguments.
      if (name.value.startsWith('__')) fail()
    },
    Field({ alias, name }) {
      const key = alias?.value ?? name.value
      if (key.includes('_') && !(key.startsWith('__') && !alias)) fail()
    },
  })
  return fine && openedSize(document, operation.selectionSet) <= LIMITS.fields
}

/** Selections when every fragment spread is opened where it stands, without merging. */
function openedSize(document: DocumentNode, set: SelectionSetNode): number {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const one of document.definitions) if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one)
  const sizes = new Map<SelectionSetNode, number>()

  function sizeOf(of: SelectionSetNode): number {
    const known = sizes.get(of)
    if (known !== undefined) return known
    let size = 0
    for (const one of of.selections) {
      const below = one.kind === Kind.FRAGMENT_SPREAD ? fragments.get(one.name.value)?.selectionSet : one.selectionSet
      size += 1 + (below ? sizeOf(below) : 0)
    }
    sizes.set(of, size)
    return size
  }
  return sizeOf(set)
}

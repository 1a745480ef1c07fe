import {
  type DocumentNode,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import type { Context } from '../context.ts'
import { requestError } from '../errors.ts'
import { type Missing, may, type Permission, refuseMissing } from './decide.ts'
import type { Action } from './roles.ts'

/** What a root field declares: rights, or that any credential, or none, is enough. */
export type DeclaredPermission = Permission[] | Permission | 'authenticated' | 'public'

interface Needs {
  /** Does any root field want a credential. */
  credential: boolean
  rights: Missing[]
}

const known = new WeakMap<OperationDefinitionNode, Needs>()

/** All rights that an operation needs: those of its root fields and of every record type it selects on the way. Worked out once per document. */
function needsOf(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): Needs {
  const found = known.get(operation)
  if (found) return found
  const needs: Needs = { credential: false, rights: [] }
  const seen = new Set<string>()
  const add = (path: string, permission: string) => {
    if (seen.has(`${path} ${permission}`)) return
    seen.add(`${path} ${permission}`)
    needs.rights.push({ path, permission: permission as Permission })
  }
  const info = new TypeInfo(schema)
  const path: string[] = []
  const fragments = new Map(
    document.definitions.flatMap((one) => (one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one]] : [])),
  )
  const walk = (node: OperationDefinitionNode | NonNullable<ReturnType<typeof fragments.get>>, typeInfo: TypeInfo) =>
    visit(
      node,
      visitWithTypeInfo(typeInfo, {
        Field: {
          enter(field) {
            path.push(field.alias?.value ?? field.name.value)
            const declared = typeInfo.getFieldDef()?.extensions.permission as DeclaredPermission | undefined
            const parent = typeInfo.getParentType()
            if (parent === schema.getQueryType() || parent === schema.getMutationType()) {
              if (field.name.value.startsWith('__')) return
              if (declared === undefined) throw new Error(`${field.name.value} declares no permission.`)
              if (declared !== 'public') needs.credential = true
              if (declared === 'public' || declared === 'authenticated') return
              for (const permission of [declared].flat()) add(path.join('.'), permission)
            }
            // Such a field is null for those who may not read its type, instead of refusing the request.
            if (declared === 'authenticated') return
            const type = typeInfo.getType()
            const named = type ? getNamedType(type) : undefined
            if (isObjectType(named) && named.extensions.permission)
              add(path.join('.'), named.extensions.permission as string)
          },
          leave() {
            path.pop()
          },
        },
        // A fragment on the type of the field that it stands in adds nothing to what the field needs.
        InlineFragment() {
          const type = typeInfo.getType()
          if (isCompositeType(type) && type !== typeInfo.getParentType() && type.extensions.permission)
            add(path.join('.'), type.extensions.permission as string)
        },
        FragmentSpread(spread) {
          const fragment = fragments.get(spread.name.value)
          if (!fragment) return
          const type = schema.getType(fragment.typeCondition.name.value)
          if (type?.extensions.permission && type !== typeInfo.getParentType() && path.length > 0)
            add(path.join('.'), type.extensions.permission as string)
          walk(fragment, new TypeInfo(schema))
        },
      }),
    )
  walk(operation, info)
  known.set(operation, needs)
  return needs
}

/**
 * Decides before anything runs whether a viewer may run an operation.
 *
 * @throws UNAUTHENTICATED, or FORBIDDEN that names every right missing and where it is needed.
 */
export function authorise(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  context: Context,
): void {
  const { credential, rights } = needsOf(schema, document, operation)
  const { viewer } = context
  if (!viewer) {
    if (credential) throw requestError('UNAUTHENTICATED')
    return
  }
  refuseMissing(
    rights.filter(({ permission }) => {
      const [object, action] = permission.split('.') as [string, Action]
      return !may(viewer, action, object)
    }),
  )
}

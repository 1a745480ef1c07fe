import {
  type DocumentNode,
  type GraphQLError,
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
import { CUSTOM, coordinateOf } from '../read/custom.ts'
import { both, condition, type When } from '../read/plan.ts'
import { findRecordType, type RecordType, shownBy } from '../read/recordType.ts'
import type { Access } from './access.ts'
import { type Missing, type Permission, refuseMissing } from './decide.ts'
import type { PermissionSet } from './permissions.ts'
import type { Action } from './roles.ts'

/** What a root field declares: rights, or that any credential, or none, is enough. */
export type DeclaredPermission = Permission[] | Permission | 'authenticated' | 'public'

/** A schema coordinate that an operation selects, and the fields of record types that it shows. */
interface Shown {
  coordinate: string
  /** The record type that the field stands on, if it is one. */
  on: string | null
  fields: { type: RecordType; field: string }[]
  places: { path: string; when: When }[]
}

interface Needs {
  /** Does any root field want a credential. */
  credential: boolean
  rights: Missing[]
  shown: Shown[]
  /** What a permission set makes of it. */
  answers: WeakMap<PermissionSet, Answer>
}

interface Answer {
  missing: Missing[]
  hidden: Shown[]
}

/** The errors to put beside an answer, one per coordinate that is hidden from the viewer. */
export type Notices = (variables: Record<string, unknown>) => GraphQLError[]

const known = new WeakMap<OperationDefinitionNode, Needs>()

/** What an output field says about the record fields behind it; see schema/shared/outputs.ts. */
interface FieldExtensions {
  permission?: DeclaredPermission
  field?: string
  relation?: string
  /** Of an aggregate's values and keys: the record type whose field it is. */
  of?: string
  /** Rights on what the field shows at once, for which it looks itself: without them it alone is null, with FORBIDDEN, and the request goes on. What a record leads to further is no part of it. */
  part?: string[]
}

/** The fields of record types that an output field shows. */
function fieldsBehind(
  parentName: string | undefined,
  { field, relation, of }: FieldExtensions,
): { type: RecordType; field: string }[] {
  const type = findRecordType(of ?? parentName ?? '')
  if (!type) return []
  if (field && type.fields.has(field)) return [{ type, field }]
  if (!relation) return []
  if (type.any?.name === relation) return [{ type, field: 'recordId' }]
  const way = type.relations.get(relation)
  return way ? shownBy(type, way) : []
}

/** All that an operation needs: the rights of its root fields and of every record type it selects on the way, and the fields that it shows. Worked out once per document. */
function needsOf(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): Needs {
  const found = known.get(operation)
  if (found) return found
  const needs: Needs = { credential: false, rights: [], shown: [], answers: new WeakMap() }
  const seen = new Set<string>()
  const shown = new Map<string, Shown>()
  const parts: string[][] = []
  const add = (path: string, permission: string) => {
    if (parts.at(-1)?.includes(permission)) return
    if (seen.has(`${path} ${permission}`)) return
    seen.add(`${path} ${permission}`)
    needs.rights.push({ path, permission: permission as Permission })
  }
  const path: string[] = []
  const whens: When[] = []
  const enter = (node: Parameters<typeof condition>[0]) => whens.push(both(whens.at(-1) ?? null, condition(node)))
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
            enter(field)
            const extensions = (typeInfo.getFieldDef()?.extensions ?? {}) as FieldExtensions
            const within = typeInfo.getParentType()?.extensions.permission ? undefined : parts.at(-1)
            parts.push(extensions.part ?? within ?? [])
            const declared = extensions.permission
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
            const fields = fieldsBehind(parent?.name, extensions)
            if (fields.length > 0) {
              const coordinate = `${parent?.name}.${field.name.value}`
              const place = { path: path.join('.'), when: whens.at(-1) ?? null }
              const same = shown.get(coordinate)
              if (same) same.places.push(place)
              else {
                const on = findRecordType(parent?.name ?? '')?.name ?? null
                shown.set(coordinate, { coordinate, on, fields, places: [place] })
              }
            }
            const type = typeInfo.getType()
            const named = type ? getNamedType(type) : undefined
            if (isObjectType(named) && named.extensions.permission)
              add(path.join('.'), named.extensions.permission as string)
          },
          leave() {
            path.pop()
            whens.pop()
            parts.pop()
          },
        },
        // A fragment on the type of the field that it stands in adds nothing to what the field needs.
        InlineFragment: {
          enter(fragment) {
            enter(fragment)
            const type = typeInfo.getType()
            if (isCompositeType(type) && type !== typeInfo.getParentType() && type.extensions.permission)
              add(path.join('.'), type.extensions.permission as string)
          },
          leave() {
            whens.pop()
          },
        },
        FragmentSpread(spread) {
          const fragment = fragments.get(spread.name.value)
          if (!fragment) return
          const type = schema.getType(fragment.typeCondition.name.value)
          if (type?.extensions.permission && type !== typeInfo.getParentType() && path.length > 0)
            add(path.join('.'), type.extensions.permission as string)
          enter(spread)
          walk(fragment, new TypeInfo(schema))
          whens.pop()
        },
      }),
    )
  walk(operation, new TypeInfo(schema))
  needs.shown = [...shown.values()]
  known.set(operation, needs)
  return needs
}

function answerOf(needs: Needs, set: PermissionSet): Answer {
  let answer = needs.answers.get(set)
  if (!answer) {
    answer = {
      missing: needs.rights.filter(({ permission }) => {
        const [object, action] = permission.split('.') as [string, Action]
        return !set.may(action, object)
      }),
      hidden: set.full
        ? []
        : needs.shown.filter(
            ({ on, fields }) =>
              // Of a type that the viewer may not read at all there is no record to hide a field of.
              (on === null || set.may('read', on)) &&
              fields.some(({ type, field }) => set.on(type.name).hidden.has(field)),
          ),
    }
    needs.answers.set(set, answer)
  }
  return answer
}

/** The custom fields that records show and this viewer does not see, each a coordinate of its own. Which there are, the company says and not the document. */
function hiddenCustom({ shown }: Needs, access: Access): Shown[] {
  if (access.set.full || access.definitions.size === 0) return []
  return shown.flatMap((one) => {
    const type = findRecordType(one.on ?? '')
    const is = type && one.fields.some(({ field }) => field === CUSTOM)
    if (!is || !access.may('read', type.name) || access.hides(type, CUSTOM)) return []
    return [...access.custom(type).keys()].flatMap((name) =>
      access.hidesCustom(type, name) ? [{ ...one, coordinate: `${type.name}.${coordinateOf(name)}` }] : [],
    )
  })
}

/**
 * Decides before anything runs whether a viewer may run an operation, and which of the fields that it selects they will not see.
 *
 * @returns the errors for hidden fields, one per schema coordinate, for the variables of a request; null when nothing is hidden.
 * @throws UNAUTHENTICATED, or FORBIDDEN that names every right missing and where it is needed.
 */
export function authorise(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  context: Context,
): Notices | null {
  const needs = needsOf(schema, document, operation)
  const { viewer } = context
  if (!viewer) {
    if (needs.credential) throw requestError('UNAUTHENTICATED')
    return null
  }
  const { missing, hidden: whole } = answerOf(needs, viewer.access.set)
  refuseMissing(missing)
  const hidden = [...whole, ...hiddenCustom(needs, viewer.access)]
  if (hidden.length === 0) return null
  return (variables) =>
    hidden.flatMap(({ coordinate, places }) => {
      const paths = places.flatMap(({ path, when }) => (when && !when(variables) ? [] : [path]))
      if (paths.length === 0) return []
      return requestError('FIELD_FORBIDDEN', {
        message: { en: `You may not see ${coordinate}.`, zhCN: `您没有查看 ${coordinate} 的权限。` },
        extensions: { coordinate, paths },
      })
    })
}

import {
  Kind as Ast,
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isObjectType,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql'
import { findRecordType, type RecordType, type Relation } from './recordType.ts'

/** Tells whether a selected part is wanted under these variables (@include, @skip). */
export type When = ((variables: Record<string, unknown>) => boolean) | null

/** What a selection asks of one record type at one place: the seed of a SELECT list. */
export interface Selection {
  type: RecordType
  /** Names of the fields to read. */
  columns: Set<string>
  /** To-one relations by response key. */
  ones: Map<string, One>
  /** To-many relations by response key. */
  manys: Map<string, Many>
  /** Is the target of a link of any type asked for. */
  any: boolean
}

export interface One {
  relation: Relation & { kind: 'one' }
  selection: Selection
  when: When
}

export interface Many {
  relation: Relation
  connection: ConnectionPlan
  /** Where the document asks for it: arguments are read with the variables of each request, and must then be the same everywhere. */
  nodes: FieldNode[]
  coordinate: string
  when: When
}

/** What a selection asks of a connection. */
export interface ConnectionPlan {
  rows: Selection | null
  cursors: boolean
  hasNext: boolean
  hasPrevious: boolean
  count: boolean
}

/** What a native Pothos field on a record type reads: field names in `extensions.needs`. */
interface Needs {
  needs?: string[]
  /** The relation or column that the field shows, when it is one of the declared. */
  field?: string
  relation?: string
}

interface Scope {
  schema: GraphQLSchema
  fragments: GraphQLResolveInfo['fragments']
}

/** The test that @include and @skip on a part of a document make; null when it always counts. */
export function condition(node: {
  directives?: readonly { name: { value: string }; arguments?: readonly { value: ValueNode }[] }[]
}): When {
  const tests: ((variables: Record<string, unknown>) => boolean)[] = []
  for (const directive of node.directives ?? []) {
    const name = directive.name.value
    if (name !== 'include' && name !== 'skip') continue
    const value = directive.arguments?.[0]?.value
    const wanted = name === 'include'
    if (value?.kind === Ast.VARIABLE) {
      const variable = value.name.value
      tests.push((variables) => Boolean(variables[variable]) === wanted)
    } else if (value?.kind === Ast.BOOLEAN && value.value !== wanted) {
      tests.push(() => false)
    }
  }
  return tests.length === 0 ? null : (variables) => tests.every((test) => test(variables))
}

/** Both tests hold. */
export function both(a: When, b: When): When {
  if (!a) return b
  if (!b) return a
  return (variables) => a(variables) && b(variables)
}

function either(a: When, b: When): When {
  if (!a || !b) return null
  return (variables) => a(variables) || b(variables)
}

/** Walks the fields of selection sets that apply to the object type of that name, fragments opened. */
function walk(
  scope: Scope,
  typeName: string,
  sets: { set: SelectionSetNode; when: When }[],
  visit: (node: FieldNode, when: When) => void,
): void {
  for (const { set, when } of sets) {
    for (const node of set.selections) {
      const here = both(when, condition(node))
      if (node.kind === Ast.FIELD) {
        visit(node, here)
        continue
      }
      const fragment = node.kind === Ast.FRAGMENT_SPREAD ? scope.fragments[node.name.value] : node
      if (!fragment) continue
      const on = fragment.typeCondition?.name.value
      if (on && !applies(scope.schema, on, typeName)) continue
      walk(scope, typeName, [{ set: fragment.selectionSet, when: here }], visit)
    }
  }
}

function applies(schema: GraphQLSchema, condition: string, typeName: string): boolean {
  if (condition === typeName) return true
  const abstract = schema.getType(condition)
  const concrete = schema.getType(typeName)
  return isAbstractType(abstract) && isObjectType(concrete) && schema.isSubType(abstract, concrete)
}

const keyOf = (node: FieldNode) => node.alias?.value ?? node.name.value

/**
 * Reads from a selection what to ask of one record type.
 *
 * @param sets selection sets on the type, or on an abstract type that it belongs to.
 */
export function planSelection(
  scope: Scope,
  type: RecordType,
  sets: { set: SelectionSetNode; when: When }[],
): Selection {
  const selection: Selection = { type, columns: new Set(), ones: new Map(), manys: new Map(), any: false }
  const object = scope.schema.getType(type.name) as GraphQLObjectType
  const nested = new Map<string, { set: SelectionSetNode; when: When }[]>()
  walk(scope, type.name, sets, (node, when) => {
    const name = node.name.value
    const declared = object.getFields()[name]
    if (!declared) return
    const extensions = declared.extensions as Needs
    for (const needed of extensions.needs ?? []) selection.columns.add(needed)
    if (extensions.field) selection.columns.add(extensions.field)
    if (!extensions.relation || !node.selectionSet) return
    const key = keyOf(node)
    if (type.any?.name === extensions.relation) {
      selection.any = true
      return
    }
    const relation = type.relations.get(extensions.relation)
    if (!relation) return
    const known = nested.get(key)
    if (known) known.push({ set: node.selectionSet, when })
    else nested.set(key, [{ set: node.selectionSet, when }])
    if (relation.kind === 'one') {
      const one = selection.ones.get(key)
      if (one) one.when = either(one.when, when)
      else selection.ones.set(key, { relation, selection: null as never, when })
      return
    }
    const many = selection.manys.get(key)
    if (many) {
      many.nodes.push(node)
      many.when = either(many.when, when)
    } else {
      selection.manys.set(key, {
        relation,
        connection: null as never,
        nodes: [node],
        coordinate: `${type.name}.${name}`,
        when,
      })
    }
  })
  for (const [key, one] of selection.ones) {
    one.selection = planSelection(scope, recordTypeNamed(one.relation.target), nested.get(key) ?? [])
  }
  for (const [key, many] of selection.manys) {
    many.connection = planConnection(scope, recordTypeNamed(many.relation.target), nested.get(key) ?? [])
  }
  return selection
}

function recordTypeNamed(name: string): RecordType {
  const type = findRecordType(name)
  if (!type) throw new Error(`There is no record type ${name}.`)
  return type
}

/** Reads from a selection on a connection what to ask of it. */
export function planConnection(
  scope: Scope,
  type: RecordType,
  sets: { set: SelectionSetNode; when: When }[],
): ConnectionPlan {
  const plan: ConnectionPlan = { rows: null, cursors: false, hasNext: false, hasPrevious: false, count: false }
  const rows: { set: SelectionSetNode; when: When }[] = []
  walk(scope, `${type.name}Connection`, sets, (node, when) => {
    const name = node.name.value
    if (name === 'totalCount') plan.count = true
    if (!node.selectionSet) return
    if (name === 'nodes') rows.push({ set: node.selectionSet, when })
    if (name === 'pageInfo') {
      walk(scope, 'PageInfo', [{ set: node.selectionSet, when }], (info) => {
        if (info.name.value === 'hasNextPage') plan.hasNext = true
        if (info.name.value === 'hasPreviousPage') plan.hasPrevious = true
        if (info.name.value === 'startCursor' || info.name.value === 'endCursor') plan.cursors = true
      })
    }
    if (name === 'edges') {
      walk(scope, `${type.name}Edge`, [{ set: node.selectionSet, when }], (edge, edgeWhen) => {
        if (edge.name.value === 'cursor') plan.cursors = true
        if (edge.name.value === 'node' && edge.selectionSet) rows.push({ set: edge.selectionSet, when: edgeWhen })
      })
      if (rows.length === 0) rows.push({ set: { kind: Ast.SELECTION_SET, selections: [] }, when })
    }
  })
  if (rows.length > 0 || plan.cursors || plan.hasNext || plan.hasPrevious) plan.rows = planSelection(scope, type, rows)
  return plan
}

const selections = new WeakMap<FieldNode, Map<string, Selection | ConnectionPlan>>()

function cached<T extends Selection | ConnectionPlan>(node: FieldNode, key: string, make: () => T): T {
  let known = selections.get(node)
  if (!known) {
    known = new Map()
    selections.set(node, known)
  }
  let plan = known.get(key) as T | undefined
  if (!plan) {
    plan = make()
    known.set(key, plan)
  }
  return plan
}

const setsOf = (nodes: readonly FieldNode[]) =>
  nodes.flatMap((node) => (node.selectionSet ? [{ set: node.selectionSet, when: null }] : []))

/** The plan of a record below the field that is being resolved; made once per document. `path` leads down, as `['account']` in a payload. */
export function selectionOf(info: GraphQLResolveInfo, type: RecordType, path: string[] = []): Selection | null {
  const first = info.fieldNodes[0] as FieldNode
  return cached(first, `${type.name}:${path.join('.')}`, () => {
    let sets: { set: SelectionSetNode; when: When }[] = setsOf(info.fieldNodes)
    let parent = getNamedType(info.returnType).name
    for (const step of path) {
      const next: { set: SelectionSetNode; when: When }[] = []
      walk(info, parent, sets, (node, when) => {
        if (node.name.value === step && node.selectionSet) next.push({ set: node.selectionSet, when })
      })
      const object = info.schema.getType(parent) as GraphQLObjectType
      parent = getNamedType(object.getFields()[step]!.type).name
      sets = next
    }
    return planSelection(info, type, sets)
  })
}

/** Is a field asked for below the one that is being resolved, under whatever condition; `path` leads down to it. For what costs much and is seldom wanted. */
export function isSelected(info: GraphQLResolveInfo, path: string[]): boolean {
  let sets = setsOf(info.fieldNodes)
  let parent = getNamedType(info.returnType).name
  for (const step of path) {
    const found: FieldNode[] = []
    walk(info, parent, sets, (node) => {
      if (node.name.value === step) found.push(node)
    })
    if (found.length === 0) return false
    sets = setsOf(found)
    parent = getNamedType((info.schema.getType(parent) as GraphQLObjectType).getFields()[step]!.type).name
  }
  return true
}

/** The plan of a connection that the field being resolved returns; made once per document. */
export function connectionOf(info: GraphQLResolveInfo, type: RecordType): ConnectionPlan {
  return cached(info.fieldNodes[0] as FieldNode, `${type.name}Connection`, () =>
    planConnection(info, type, setsOf(info.fieldNodes)),
  )
}

import {
  type FieldNode,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getArgumentValues,
  Kind,
  type SelectionSetNode,
} from 'graphql'
import { LRUCache } from 'lru-cache'
import type { Context, Viewer } from '../context.ts'
import {
  type AggregateArgs,
  type AggregatePlan,
  type AggregateShape,
  aggregateQuery,
  groupsIn,
  planAggregate,
} from './aggregate.ts'
import { type Asked, aggregateWriter, connectionWriter, recordWriter, tally, Unfit } from './answer.ts'
import type { ConnectionArgs, ConnectionShape, RowShape } from './emit.ts'
import type { Row } from './finish.ts'
import { type ConnectionPlan, planConnection, planSelection, type Selection } from './plan.ts'
import { callerOf, connectionQuery, emitterFor, type Places, pageIn, placesOf, readOne, recordQuery } from './read.ts'
import type { RecordType } from './recordType.ts'
import { candidates, searchWords } from './search.ts'
import { uuidOf } from './values.ts'

/** Answers a root field: its value as JSON, and the points of what it holds. */
export type DirectRead = (
  context: Context,
  viewer: Viewer,
  variables: Record<string, unknown>,
) => Promise<{ text: string; points: number }>

/** A statement as it was written for a viewer and variables; of a record by id, the id is the last value and not in `values`. */
interface Written {
  text: string
  values: unknown[]
  shape: RowShape | ConnectionShape | AggregateShape
  /** Of a list: where its parts stand. */
  places?: Places
}

// Statements by field, viewer's access and variables: a document that is asked again and again is written once. Eight million characters in all.
const written = new LRUCache<string, Written>({
  max: 5_000,
  maxSize: 8_000_000,
  sizeCalculation: ({ text, values }, key) =>
    text.length +
    key.length +
    values.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 50), 100),
})
/** Forgets the statements that are kept: for tests that plant another rule into the emitter, which is asked for them anew then. */
export function forgetStatements(): void {
  written.clear()
}

/** Longest variables, as JSON, that a statement is kept for. */
const MAX_KEY = 500

let numbers = 0
const numbered = new WeakMap<object, number>()

/** A number of its own for an object, for as long as it lives. */
function numberOf(object: object): number {
  let number = numbered.get(object)
  if (number === undefined) {
    number = ++numbers
    numbered.set(object, number)
  }
  return number
}

/** A root field to compile. */
export type RootField = Asked

/** What a document brings to the compilation of its root fields. `hasVariables`: does the operation declare any. */
export interface DirectScope {
  schema: GraphQLSchema
  fragments: GraphQLResolveInfo['fragments']
  hasVariables: boolean
}

/**
 * Compiles a root field that reads records into the short way from its statement to the text of its answer: PostgreSQL's JSON is read once and written once, without
 * resolvers in between. Null for fields that need the general way.
 */
export type CompileDirect = (field: RootField, scope: DirectScope) => DirectRead | null

/** For the root field that reads a record of a type by its id. */
export function directRecord(type: RecordType): CompileDirect {
  return compiled((field, scope, set) =>
    recordOf(field, type, planSelection(scope, type, [{ set, when: null }]), scope),
  )
}

/** For the root field that lists records of a type. */
export function directList(type: RecordType): CompileDirect {
  return compiled((field, scope, set) => listOf(field, type, planConnection(scope, type, [{ set, when: null }]), scope))
}

/** For the root field that groups records of a type. */
export function directAggregate(type: RecordType): CompileDirect {
  return compiled((field, scope, set) => aggregateOf(field, type, planAggregate(scope, type, [set]), scope))
}

function compiled(compile: (field: RootField, scope: DirectScope, set: SelectionSetNode) => DirectRead): CompileDirect {
  return (field, scope) => {
    const set = field.node.selectionSet
    if (!set || field.when || (field.node.directives?.length ?? 0) > 0) return null
    try {
      return compile(field, scope, set)
    } catch (error) {
      if (error instanceof Unfit) return null
      throw error
    }
  }
}

/**
 * The statement for a viewer and variables, from the store or written now. `apart`: a variable that does not show in the statement; `besides`: what else does, besides
 * variables and the viewer's access.
 */
function writtenFor(
  field: RootField,
  viewer: Viewer,
  variables: Record<string, unknown>,
  { hasVariables }: DirectScope,
  apart: string | undefined,
  write: () => Written,
  besides = '',
): Written {
  let given = ''
  if (hasVariables) {
    given =
      apart === undefined
        ? JSON.stringify(variables)
        : JSON.stringify(variables, (name, value) => (name === apart ? undefined : value))
    if (given.length > MAX_KEY) return write()
  }
  const key = `${numberOf(field)} ${numberOf(viewer.access)} ${viewer.tenantId} ${given}${besides}`
  let known = written.get(key)
  if (!known) {
    known = write()
    written.set(key, known)
  }
  return known
}

function recordOf(field: RootField, type: RecordType, selection: Selection, where: DirectScope): DirectRead {
  const write = recordWriter(type, field.children, selection)
  const own = 1 + ((field.field.extensions.cost as number | undefined) ?? 0)
  const id = field.node.arguments?.find(({ name }) => name.value === 'id')?.value
  // Where the id alone is a variable, one statement serves all ids. A name that some nested variable has too is not told apart, so it must be the only one.
  const apart = id?.kind === Kind.VARIABLE && onlyOnce(field.node, id.name.value) ? id.name.value : undefined
  return async (context, viewer, variables) => {
    const args = getArgumentValues(field.field, field.node, variables) as { id: string }
    const uuid = uuidOf(type.name, args.id)
    if (!uuid) return { text: 'null', points: own }
    const info = { schema: where.schema, variableValues: variables }
    const { text, values, shape } = writtenFor(field, viewer, variables, where, apart, () => {
      const { query, shape: of } = recordQuery(emitterFor(context, viewer, info), selection, uuid)
      return { text: query.text, values: query.values.slice(0, -1), shape: of }
    })
    const found = await readOne(context, viewer, type, text, values, uuid)
    if (!found) return { text: 'null', points: own }
    const answer = tally(() => write(JSON.parse(found) as Row, shape as RowShape))
    return { text: answer.text, points: answer.points + own }
  }
}

function listOf(field: RootField, type: RecordType, plan: ConnectionPlan, where: DirectScope): DirectRead {
  const write = connectionWriter(type, field, plan)
  // Most lists neither search nor filter: of them nothing more is asked.
  const searches = field.node.arguments?.some(({ name }) => name.value === 'search' || name.value === 'where') ?? false
  return async (context, viewer, variables) => {
    const info = { schema: where.schema, variableValues: variables }
    const argsOf = () => getArgumentValues(field.field, field.node, variables) as ConnectionArgs
    const list = (args: ConnectionArgs): Written => {
      const emitter = emitterFor(context, viewer, info)
      const { query, items, shape: of } = connectionQuery(emitter, plan, type, args, field.field.name)
      return { text: query.text, values: query.values, shape: of, places: placesOf(items) }
    }
    let known = writtenFor(field, viewer, variables, where, undefined, () => list(argsOf()))
    if (searches && known.text) {
      const args = argsOf()
      const words = searchWords(type, args)
      const among =
        words && (await candidates(context.tenancy, callerOf(viewer), type, args, { words, counted: plan.count }))
      if (among !== null) known = list({ ...args, among })
    }
    const { text, values, shape, places } = known
    const [row = []] = text ? await context.tenancy.readTexts(callerOf(viewer), { text, values }) : []
    const [rows = [], count, behind] = pageIn(row, places!)
    return tally(() => write(shape as ConnectionShape, rows, count, behind))
  }
}

function aggregateOf(field: RootField, type: RecordType, plan: AggregatePlan, where: DirectScope): DirectRead {
  const write = aggregateWriter(type, field, plan)
  return async (context, viewer, variables) => {
    const info = { schema: where.schema, variableValues: variables }
    const list = (): Written => {
      const args = getArgumentValues(field.field, field.node, variables) as AggregateArgs
      const { query, shape } = aggregateQuery(emitterFor(context, viewer, info), viewer.timezone, type, plan, args)
      return { text: query.text, values: query.values, shape }
    }
    // The time zone is among the values, and the tenant may change it.
    const { text, values, shape } = writtenFor(field, viewer, variables, where, undefined, list, viewer.timezone)
    const [row = []] = await context.tenancy.readTexts(callerOf(viewer), { text, values })
    return write(groupsIn(row, shape as AggregateShape), variables)
  }
}

/** Does a variable stand in one place only below a field. */
function onlyOnce(node: FieldNode, name: string): boolean {
  let count = 0
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    if ((value as { kind?: unknown }).kind === Kind.VARIABLE && (value as FieldNode).name.value === name) count++
    // A fragment may use it too; what stands in there is not looked at.
    if ((value as { kind?: unknown }).kind === Kind.FRAGMENT_SPREAD) count++
    for (const [key, inner] of Object.entries(value)) if (key !== 'loc') look(inner)
  }
  look(node)
  return count === 1
}

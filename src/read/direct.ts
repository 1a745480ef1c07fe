import { type FieldNode, type GraphQLResolveInfo, type GraphQLSchema, getArgumentValues, Kind } from 'graphql'
import { LRUCache } from 'lru-cache'
import type { Context, Viewer } from '../context.ts'
import { type Asked, connectionWriter, recordWriter, tally, Unfit } from './answer.ts'
import type { ConnectionArgs, ConnectionShape, RowShape } from './emit.ts'
import type { Row } from './finish.ts'
import { type ConnectionPlan, planConnection, planSelection, type Selection } from './plan.ts'
import { callerOf, connectionQuery, emitterFor, type Places, pageIn, placesOf, recordQuery } from './read.ts'
import { findRecordType, type RecordType } from './recordType.ts'
import { uuidOf } from './values.ts'

/** What a root field says in `extensions.reads` when it is one of the two standard ways to read: the type, and whether it gives a record by id or a list. */
export interface Reads {
  type: string
  as: 'record' | 'list'
}

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
  shape: RowShape | ConnectionShape
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

/**
 * Compiles a root field that reads records into the short way from its statement to the text of its answer: PostgreSQL's JSON is read once and written once, without
 * resolvers in between. Null for fields that need the general way.
 *
 * @param hasVariables does the operation declare any.
 */
export function directRead(
  asked: Asked & { node: FieldNode },
  scope: { schema: GraphQLSchema; fragments: GraphQLResolveInfo['fragments']; hasVariables: boolean },
): DirectRead | null {
  const reads = asked.field.extensions.reads as Reads | undefined
  const type = reads ? findRecordType(reads.type) : undefined
  const set = asked.node.selectionSet
  if (!reads || !type || !set || asked.when || (asked.node.directives?.length ?? 0) > 0) return null
  try {
    return reads.as === 'list'
      ? directList(asked, type, planConnection(scope, type, [{ set, when: null }]), scope)
      : directRecord(asked, type, planSelection(scope, type, [{ set, when: null }]), scope)
  } catch (error) {
    if (error instanceof Unfit) return null
    throw error
  }
}

type Field = Asked & { node: FieldNode }
type Where = { schema: GraphQLSchema; hasVariables: boolean }

/** The statement for a viewer and variables, from the store or written now. `apart`: a variable that does not show in the statement. */
function writtenFor(
  field: Field,
  viewer: Viewer,
  variables: Record<string, unknown>,
  { hasVariables }: Where,
  apart: string | undefined,
  write: () => Written,
): Written {
  let given = ''
  if (hasVariables) {
    given =
      apart === undefined
        ? JSON.stringify(variables)
        : JSON.stringify(variables, (name, value) => (name === apart ? undefined : value))
    if (given.length > MAX_KEY) return write()
  }
  const key = `${numberOf(field)} ${numberOf(viewer.access)} ${viewer.tenantId} ${given}`
  let known = written.get(key)
  if (!known) {
    known = write()
    written.set(key, known)
  }
  return known
}

function directRecord(field: Field, type: RecordType, selection: Selection, where: Where): DirectRead {
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
    const [row] = await context.tenancy.readTexts(callerOf(viewer), { text, values: [...values, uuid] })
    const found = row?.[0]
    if (!found) return { text: 'null', points: own }
    const answer = tally(() => write(JSON.parse(found) as Row, shape as RowShape))
    return { text: answer.text, points: answer.points + own }
  }
}

function directList(field: Field, type: RecordType, plan: ConnectionPlan, where: Where): DirectRead {
  const write = connectionWriter(type, field, plan)
  return async (context, viewer, variables) => {
    const info = { schema: where.schema, variableValues: variables }
    const { text, values, shape, places } = writtenFor(field, viewer, variables, where, undefined, () => {
      const args = getArgumentValues(field.field, field.node, variables) as ConnectionArgs
      const emitter = emitterFor(context, viewer, info)
      const { query, items, shape: of } = connectionQuery(emitter, plan, type, args, field.field.name)
      return { text: query.text, values: query.values, shape: of, places: placesOf(items) }
    })
    const [row = []] = text ? await context.tenancy.readTexts(callerOf(viewer), { text, values }) : []
    const [rows = [], count, behind] = pageIn(row, places!)
    return tally(() => write(shape as ConnectionShape, rows, count, behind))
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

import type { GraphQLResolveInfo } from 'graphql'
import type { Context, Viewer } from '../context.ts'
import type { TextRow } from '../tenancy/bracketed.ts'
import type { Caller, Query } from '../tenancy/tenancy.ts'
import type { ReadAccess } from './access.ts'
import { type ConnectionArgs, type ConnectionShape, Emitter, type RowShape } from './emit.ts'
import { type Connection, finishConnection, finishRow, type Row } from './finish.ts'
import { isMergeable, survivorsOf } from './merged.ts'
import { type ConnectionPlan, connectionOf, type Selection } from './plan.ts'
import type { RecordType } from './recordType.ts'
import { candidates, searchWords } from './search.ts'
import { ident } from './sql.ts'

/** The bracket's words for a viewer. */
export function callerOf(viewer: Viewer): Caller {
  return {
    tenantId: viewer.tenantId,
    userId: viewer.userId,
    actor:
      viewer.kind === 'job' ? 'job' : `${viewer.kind}:${viewer.kind === 'user' ? viewer.userId : viewer.credentialId}`,
    requestId: viewer.requestId,
    ip: viewer.ip,
  }
}

/** An emitter for one statement of this request. */
export function emitterFor(
  context: Context,
  viewer: Viewer,
  info: Pick<GraphQLResolveInfo, 'schema' | 'variableValues'>,
  access: ReadAccess = viewer.access,
): Emitter {
  return new Emitter({
    schema: info.schema,
    variables: info.variableValues,
    tenantId: viewer.tenantId,
    cursors: context.services.cursors,
    access,
  })
}

/** The statement of a page of a root list; its text is empty when nothing is asked for that the database knows. */
export function connectionQuery(
  emitter: Emitter,
  plan: ConnectionPlan,
  type: RecordType,
  args: ConnectionArgs,
  fieldName: string,
): { query: Query; items: [suffix: string, sql: string][]; shape: ConnectionShape } {
  const { items, shape } = emitter.connection(plan, type, args, `Query.${fieldName}`)
  const columns = items.map(([suffix, sql]) => `(${sql}) AS "rows${suffix}"`)
  const text = columns.length > 0 ? `SELECT ${columns.join(', ')}` : ''
  return { query: { text, values: emitter.params.values }, items, shape }
}

/** In which columns of its statement the rows of a page, their count, and what lies behind stand; -1 for what was not asked for. */
export interface Places {
  rows: number
  count: number
  behind: number
}

/** Where the parts of a page stand. */
export function placesOf(items: [suffix: string, sql: string][]): Places {
  const at = (suffix: string) => items.findIndex(([own]) => own === suffix)
  return { rows: at(''), count: at('#'), behind: at('<') }
}

/** The parts of a page in the one row of its statement. */
export function pageIn(row: TextRow, { rows, count, behind }: Places): [Row[] | undefined, unknown, boolean] {
  const text = row[rows]
  return [text ? (JSON.parse(text) as Row[]) : undefined, row[count], row[behind] === 't']
}

/** One page of a root list: one statement, and one before it where an index may find what is searched. */
export async function readConnection(
  context: Context,
  viewer: Viewer,
  type: RecordType,
  args: ConnectionArgs,
  info: GraphQLResolveInfo,
): Promise<Connection> {
  const plan = connectionOf(info, type)
  const list = (among: string | null) =>
    connectionQuery(emitterFor(context, viewer, info), plan, type, { ...args, among }, info.fieldName)
  let { query, items, shape } = list(null)
  if (!query.text) return finishConnection(shape, [], 0, false)
  const words = searchWords(type, args)
  const among =
    words && (await candidates(context.tenancy, callerOf(viewer), type, args, { words, counted: plan.count }))
  if (among !== null) ({ query, items, shape } = list(among))
  const [row = []] = await context.tenancy.readTexts(callerOf(viewer), query)
  return finishConnection(shape, ...pageIn(row, placesOf(items)))
}

/** The statement that reads one live record by its uuid, the last of its values: a row with the record as JSON, or none. */
export function recordQuery(emitter: Emitter, selection: Selection, uuid: string): { query: Query; shape: RowShape } {
  const { type } = selection
  const alias = emitter.alias()
  const { items, shape } = emitter.row(selection, alias)
  const select = items.length > 0 ? items.join(', ') : '1 AS "~"'
  const visible = emitter.visible(type, alias)
  // Compared with one value and not with a list of one: for a list PostgreSQL plans anew each time, which takes longer than to read the record.
  const wanted = emitter.params.add(uuid, 'uuid')
  return {
    query: {
      text: `SELECT (SELECT row_to_json(x) FROM (SELECT ${select}) x) AS record FROM ${ident(type.table)} ${alias} WHERE ${visible} AND ${alias}.id = ${wanted}`,
      values: emitter.params.values,
    },
    shape,
  }
}

/** Reads one live record by its uuid; null when there is none that the viewer may see. */
export async function readRecord(
  context: Context,
  viewer: Viewer,
  selection: Selection,
  uuid: string,
  info: GraphQLResolveInfo,
): Promise<Row | null> {
  const { query, shape } = recordQuery(emitterFor(context, viewer, info), selection, uuid)
  const text = await readOne(context, viewer, selection.type, query.text, query.values.slice(0, -1), uuid)
  return text ? finishRow(JSON.parse(text) as Row, shape) : null
}

/** Runs a statement of recordQuery, whose last value is the id: the record as JSON, or null. An id that was merged leads to the record that it became. */
export async function readOne(
  context: Context,
  viewer: Viewer,
  type: RecordType,
  text: string,
  values: unknown[],
  uuid: string,
): Promise<string | null> {
  const caller = callerOf(viewer)
  const find = async (id: string) =>
    (await context.tenancy.readTexts(caller, { text, values: [...values, id] }))[0]?.[0]
  const found = await find(uuid)
  if (found || !isMergeable(type)) return found ?? null
  const survivor = (await survivorsOf(context.tenancy, caller, type, [uuid])).get(uuid)
  return survivor ? ((await find(survivor)) ?? null) : null
}

export interface ReadOptions {
  /** Records of the recycle bin too. */
  deleted?: boolean
  /** Do the records stand in a list. */
  list?: boolean
}

/** The statement that reads records by their uuids: rows { id, record }, in no order. */
export function recordsQuery(
  emitter: Emitter,
  selection: Selection,
  ids: string[],
  { deleted = false, list = false }: ReadOptions = {},
): { query: Query; shape: RowShape } {
  const { type } = selection
  const alias = emitter.alias()
  const { items, shape } = emitter.row(selection, alias, list)
  const wanted = emitter.params.among(ids, 'uuid')
  const select = items.length > 0 ? items.join(', ') : '1 AS "~"'
  const where = deleted ? emitter.inScope(type, alias, null) : emitter.visible(type, alias)
  return {
    // Two levels, so that the row's JSON does not hold the uuid twice.
    query: {
      text: `SELECT ${alias}.id, (SELECT row_to_json(x) FROM (SELECT ${select}) x) AS record FROM ${ident(type.table)} ${alias} WHERE ${where} AND ${alias}.id ${wanted}`,
      values: emitter.params.values,
    },
    shape,
  }
}

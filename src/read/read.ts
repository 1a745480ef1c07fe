import type { GraphQLResolveInfo } from 'graphql'
import type { Context, Viewer } from '../context.ts'
import type { Caller, Query, Reader } from '../tenancy/tenancy.ts'
import type { ReadAccess } from './access.ts'
import { type ConnectionArgs, Emitter, type RowShape } from './emit.ts'
import { type Connection, finishConnection, finishRow, type Row } from './finish.ts'
import { connectionOf, type Selection } from './plan.ts'
import type { RecordType } from './recordType.ts'
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

/** One page of a root list: one statement. */
export async function readConnection(
  context: Context,
  viewer: Viewer,
  type: RecordType,
  args: ConnectionArgs,
  info: GraphQLResolveInfo,
): Promise<Connection> {
  const emitter = emitterFor(context, viewer, info)
  const { items, shape } = emitter.connection(connectionOf(info, type), type, args, `Query.${info.fieldName}`)
  if (items.length === 0) return finishConnection(shape, [], 0, false)
  const query: Query = {
    text: `SELECT ${items.map(([suffix, sql]) => `(${sql}) AS "rows${suffix}"`).join(', ')}`,
    values: emitter.params.values,
  }
  const [row] = await context.tenancy.readTenant(callerOf(viewer), (db) => db.rows<Record<string, unknown>>(query))
  return finishConnection(shape, row?.rows as Row[] | undefined, row?.['rows#'], row?.['rows<'])
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
  const wanted = emitter.params.add(ids, 'uuid[]')
  const select = items.length > 0 ? items.join(', ') : '1 AS "~"'
  const where = deleted ? emitter.inScope(type, alias, null) : emitter.visible(type, alias)
  return {
    // Two levels, so that the row's JSON does not hold the uuid twice.
    query: {
      text: `SELECT ${alias}.id, (SELECT row_to_json(x) FROM (SELECT ${select}) x) AS record FROM ${ident(type.table)} ${alias} WHERE ${where} AND ${alias}.id = ANY (${wanted})`,
      values: emitter.params.values,
    },
    shape,
  }
}

/** Reads records by uuid inside a bracket: the record per uuid found. */
export async function readRecords(
  db: Reader,
  emitter: Emitter,
  selection: Selection,
  ids: string[],
  options?: ReadOptions,
): Promise<Map<string, Row>> {
  if (ids.length === 0) return new Map()
  const { query, shape } = recordsQuery(emitter, selection, ids, options)
  const rows = await db.rows<{ id: string; record: Row }>(query)
  return new Map(rows.map(({ id, record }) => [id, finishRow(record, shape)]))
}

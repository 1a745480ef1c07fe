import type { Viewer } from '../../context.ts'
import type { Cursors } from '../../read/cursor.ts'
import { type ConnectionArgs, Emitter, PAGE } from '../../read/emit.ts'
import { finishConnection, type Row } from '../../read/finish.ts'
import type { ConnectionPlan } from '../../read/plan.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import type { ExportPlan } from './plan.ts'

/** Which records to export, as the arguments of the type's list say it. */
export type ExportArgs = Pick<ConnectionArgs, 'where' | 'orderBy' | 'search' | 'deleted'>

/** Records of one page, and where the next one begins; null behind the last. */
export interface Page {
  rows: Row[]
  next: string | null
}

/** The cursor between two pages never leaves the process. */
const OPEN: Cursors = { seal: (values) => JSON.stringify(values), open: (cursor) => JSON.parse(cursor) }

/**
 * Prepares one page of an export: the statement of a root list, with everything that holds there, scope, masks in lists, fields that must not be filtered
 * or ordered by.
 *
 * @param after where to begin; null for the first page.
 * @returns reads the page inside a bracket.
 * @throws at once what the list would: FIELD_FORBIDDEN, FORBIDDEN, BAD_USER_INPUT with the path into the arguments.
 */
export function preparePage(
  viewer: Viewer,
  { type, selection }: ExportPlan,
  args: ExportArgs,
  after: string | null,
): (db: Reader) => Promise<Page> {
  const emitter = new Emitter({
    // Only the arguments of lists inside a record are looked up in the schema, and an export has none.
    schema: null as never,
    variables: {},
    tenantId: viewer.tenantId,
    cursors: OPEN,
    access: viewer.access,
  })
  const plan: ConnectionPlan = { rows: selection, cursors: true, hasNext: true, hasPrevious: false, count: false }
  const { items, shape } = emitter.connection(plan, type, { ...args, first: PAGE.max, after }, `export ${type.name}`)
  const query = {
    text: `SELECT ${items.map(([suffix, sql]) => `(${sql}) AS "rows${suffix}"`).join(', ')}`,
    values: emitter.params.values,
  }
  return async (db) => {
    const [found] = await db.rows<{ rows: Row[] }>(query)
    const { nodes, pageInfo } = finishConnection(shape, found?.rows, undefined, undefined)
    // What a pool keeps back is an empty cell.
    if (shape.row?.withholds)
      for (const row of nodes) for (const key of (row['~withheld'] as string[] | null) ?? []) row[key] = null
    return { rows: nodes, next: pageInfo.hasNextPage ? pageInfo.endCursor : null }
  }
}

import type { Viewer } from '../../context.ts'
import { recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { differs } from '../checks.ts'
import { after, type Change, sqlFor, type WriteContext } from '../write.ts'
import { definitionProblems } from './check.ts'
import { completeDefinition, type Definition } from './definition.ts'

const PARTS = [
  'object',
  'measures',
  'dimensions',
  'filter',
  'parameters',
  'having',
  'orderBy',
  'rowLimit',
  'currencies',
] as const

/** Rule of reports: a definition that whoever writes it could run. Errors: VALIDATION_FAILED and FIELD_FORBIDDEN with the path of what is wrong. */
export function writeReport(changes: Change[], { viewer }: WriteContext): void {
  for (const change of changes) {
    if (change.before && !PARTS.some((name) => differs('Report', change, name))) continue
    const given = Object.fromEntries(PARTS.map((name) => [name, after(change, name) ?? undefined]))
    for (const { path, rule, message, forbidden } of definitionProblems(completeDefinition(given as never), viewer))
      change.errors.push({
        code: forbidden ? 'FIELD_FORBIDDEN' : 'VALIDATION_FAILED',
        message: forbidden ? message : `${path.join('.')} ${message}.`,
        field: [...change.path, ...path],
        ...(forbidden ? {} : { details: { rule } }),
      })
  }
}

/** A report that was saved, as it is run. */
export interface Saved {
  id: string
  name: string
  chart: string
  definition: Definition
}

/** Reports by their ids (as clients write them, in their order), as far as the viewer sees them. One statement. */
export async function findReports(db: Reader, viewer: Viewer, ids: readonly string[]): Promise<(Saved | null)[]> {
  if (ids.length === 0 || !viewer.access.may('read', 'Report')) return ids.map(() => null)
  const sql = sqlFor(viewer.tenantId)
  const uuids = ids.map((id) => uuidOf('Report', id) ?? NO_ID)
  const scope = viewer.access.predicate(recordType('Report'), 't', sql)
  const rows = await db.rows<Omit<Saved, 'definition'> & Definition>({
    text: `SELECT t.id, t.name, t.chart, t.object, t.measures, t.dimensions, t.filter, t.parameters, t.group_filter AS "having", t.order_by AS "orderBy", t.row_limit AS "rowLimit", t.currencies
 FROM report t WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND t.id = ANY (${sql.params.add(uuids, 'uuid[]')})${scope ? ` AND ${scope}` : ''}`,
    values: sql.params.values,
  })
  const found = new Map(rows.map(({ id, name, chart, ...definition }) => [id, { id, name, chart, definition }]))
  return uuids.map((uuid) => found.get(uuid) ?? null)
}

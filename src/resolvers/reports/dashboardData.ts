import type { Context, Viewer } from '../../context.ts'
import { requestError, requestErrorIn } from '../../errors.ts'
import { callerOf } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { sqlFor } from '../write.ts'
import type { Widget } from './dashboard.ts'
import { openReports, parametersOf } from './open.ts'
import type { Result } from './run.ts'

/** A widget with its figures, or why it has none. */
export interface WidgetData {
  widget: Widget
  title: string | null
  chart: string | null
  result: Result | null
  error: { code: string; message: string } | null
}

/** A dashboard as it is kept. */
export interface Board {
  name: string
  layout: Widget[]
}

/** The dashboard of an id, as far as the viewer sees it. One statement. */
export async function findDashboard(db: Reader, viewer: Viewer, id: string): Promise<Board | null> {
  if (!viewer.access.may('read', 'Dashboard')) return null
  const sql = sqlFor(viewer.tenantId)
  const scope = viewer.access.predicate(recordType('Dashboard'), 't', sql)
  const [found] = await db.rows<Board>({
    text: `SELECT t.name, t.layout FROM dashboard t WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND t.id = ${sql.params.add(uuidOf('Dashboard', id) ?? NO_ID, 'uuid')}${scope ? ` AND ${scope}` : ''}`,
    values: sql.params.values,
  })
  return found ?? null
}

/**
 * Runs the reports of a dashboard as the viewer, one after the other, each in a bracket of its own: what goes wrong with one is its own error.
 *
 * @returns null when there is no such dashboard.
 */
export async function dashboardData(
  { tenancy }: Pick<Context, 'tenancy'>,
  viewer: Viewer,
  { id, parameters }: { id: string; parameters?: unknown },
): Promise<{ name: string; widgets: WidgetData[] } | null> {
  if (parameters != null && (typeof parameters !== 'object' || Array.isArray(parameters)))
    throw requestError('BAD_USER_INPUT', {
      message: 'parameters must be an object.',
      extensions: { field: ['parameters'] },
    })
  const read = <T>(work: (db: Reader) => Promise<T>) => tenancy.readTenant(callerOf(viewer), work)
  const board = await read((db) => findDashboard(db, viewer, id))
  if (!board) return null
  const reports = await read((db) =>
    openReports(
      db,
      viewer,
      board.layout.map(({ reportId }) => reportId),
    ),
  )
  const widgets: WidgetData[] = []
  for (const [at, widget] of board.layout.entries()) {
    const report = reports[at]
    const head = { widget, title: widget.title ?? report?.name ?? null, chart: widget.chart ?? report?.chart ?? null }
    if (!report) {
      widgets.push({ ...head, result: null, error: { code: 'NOT_FOUND', message: 'There is no such report.' } })
      continue
    }
    try {
      const result = await read((db) => report.run(db, viewer, parametersOf(report, widget, parameters)))
      widgets.push({ ...head, result, error: null })
    } catch (thrown) {
      const known = requestErrorIn(thrown)
      if (!known) throw thrown
      widgets.push({ ...head, result: null, error: { code: known.code, message: known.message } })
    }
  }
  return { name: board.name, widgets }
}

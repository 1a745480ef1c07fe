import { refuse } from '../checks.ts'
import type { Change, WriteContext } from '../write.ts'
import { findReports } from './report.ts'
import { findStandard, STANDARD } from './standard.ts'

/** A report on a dashboard. */
export interface Widget {
  /** Of a saved report, or `standard:` and the name of a standard one. */
  reportId: string
  title?: string
  chart?: string
  x?: number
  y?: number
  w?: number
  h?: number
  /** Values of the report's parameters. */
  parameters?: Record<string, unknown>
}

/** Most widgets of a dashboard, and columns of its grid. */
export const WIDGETS = 24
const COLUMNS = 24

/** Rule of dashboards: reports that whoever writes it sees, at places of the grid. Errors: VALIDATION_FAILED, REFERENCE_NOT_FOUND. One statement. */
export async function writeDashboard(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  const widgets = changes.flatMap((change) =>
    ((change.values.layout ?? []) as Widget[]).map((widget, at) => ({ change, widget, at: String(at) })),
  )
  for (const change of changes)
    if (((change.values.layout ?? []) as Widget[]).length > WIDGETS)
      refuse(change, 'layout', 'maxItems', `must have at most ${WIDGETS} members`)
  for (const { change, widget, at } of widgets) {
    for (const [name, least, most] of [
      ['x', 0, COLUMNS - 1],
      ['y', 0, 1000],
      ['w', 1, COLUMNS],
      ['h', 1, 100],
    ] as const) {
      const value = widget[name]
      if (value !== undefined && (value < least || value > most))
        refuse(change, ['layout', at, name], 'range', `must be from ${least} to ${most}`)
    }
    const { parameters } = widget
    if (parameters !== undefined && (typeof parameters !== 'object' || Array.isArray(parameters)))
      refuse(change, ['layout', at, 'parameters'], 'object', 'must be an object')
  }
  const own = widgets.filter(({ widget }) => !widget.reportId.startsWith(STANDARD))
  const found = await findReports(
    db,
    viewer,
    own.map(({ widget }) => widget.reportId),
  )
  const there = new Set(own.filter((_, at) => found[at]))
  for (const one of widgets) {
    if (there.has(one) || findStandard(one.widget.reportId)) continue
    one.change.errors.push({
      code: 'REFERENCE_NOT_FOUND',
      message: 'reportId names no report.',
      field: [...one.change.path, 'layout', one.at, 'reportId'],
    })
  }
}

import type { Viewer } from '../../context.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import type { Widget } from './dashboard.ts'
import { readParameters } from './parameters.ts'
import { findReports, type Saved } from './report.ts'
import { type Result, runDefinition } from './run.ts'
import { findStandard, STANDARD, type Standard } from './standard.ts'

/** A report that can be run: a saved one that the viewer sees, or a standard one. */
export interface Runnable {
  name: string
  chart: string
  parameters: Standard['parameters']
  /** The types that its figures are about. */
  objects: readonly string[]
  run(db: Reader, viewer: Viewer, parameters: unknown, now?: Date): Promise<Result>
}

/** What a saved report runs as. */
export const savedRunnable = ({ name, chart, definition }: Saved): Runnable => ({
  name,
  chart,
  parameters: definition.parameters,
  objects: [definition.object],
  run: (db, viewer, parameters, now) => runDefinition(db, viewer, definition, parameters, now),
})

/** What a standard report runs as. */
export const standardRunnable = ({ title, chart, parameters, objects, definition, run }: Standard): Runnable => ({
  name: title,
  chart,
  parameters,
  objects,
  run: async (db, viewer, given, now = new Date()) =>
    definition
      ? runDefinition(db, viewer, definition, given, now)
      : run!(db, viewer, readParameters(parameters, given, viewer, now), now),
})

/** The reports of some ids, in their order; null for one that is not there for the viewer. At most one statement. */
export async function openReports(db: Reader, viewer: Viewer, ids: readonly string[]): Promise<(Runnable | null)[]> {
  const own = ids.filter((id) => !id.startsWith(STANDARD))
  const found = await findReports(db, viewer, own)
  const saved = new Map(own.map((id, at) => [id, found[at] ?? null]))
  return ids.map((id) => {
    const standard = findStandard(id)
    if (standard) return standardRunnable(standard)
    const one = saved.get(id)
    return one ? savedRunnable(one) : null
  })
}

/** The parameters of a widget: its own, and over them those of the dashboard that its report knows. */
export function parametersOf({ parameters }: Runnable, widget: Widget, given: unknown): Record<string, unknown> {
  const of = Object.entries((given ?? {}) as object).filter(([name]) => parameters.some((one) => one.name === name))
  return { ...widget.parameters, ...Object.fromEntries(of) }
}

import type { Viewer } from '../../context.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import type { Definition, Parameter } from './definition.ts'
import type { Result } from './run.ts'

/** What the ids of standard reports begin with. */
export const STANDARD = 'standard:'

/** A report that Atrium brings along. */
export interface Standard {
  /** Below STANDARD: sales.won_by_month. */
  name: string
  title: string
  description: string
  category: 'SALES' | 'CUSTOMERS' | 'FUNNEL' | 'ACTIVITIES' | 'MONEY' | 'PERFORMANCE' | 'SERVICE' | 'MARKETING'
  chart: string
  parameters: Parameter[]
  /** The types that its figures are about. */
  objects: readonly string[]
  /** As a saved one is written; or else what it does. */
  definition?: Definition
  run?(db: Reader, viewer: Viewer, parameters: Map<string, unknown>, now: Date): Promise<Result>
}

const all = new Map<string, Standard>()

/** Enters standard reports. */
export function registerStandard(...reports: Standard[]): void {
  for (const one of reports) all.set(`${STANDARD}${one.name}`, one)
}

/** All of them, in the order of their registration. */
export const standardReports = (): Standard[] => [...all.values()]

/** The standard report of that id; undefined for another text. */
export const findStandard = (id: string): Standard | undefined => all.get(id)

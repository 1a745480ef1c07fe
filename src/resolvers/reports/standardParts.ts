import { completeDefinition, type Definition, type Parameter } from './definition.ts'
import type { Standard } from './standard.ts'

/** The days that most standard reports are about: this year's until somebody says otherwise. */
export const PERIOD: Parameter[] = [
  { name: 'from', type: 'DATE', default: 'START_OF_YEAR', label: 'First day' },
  { name: 'to', type: 'DATE', default: 'TODAY', label: 'Last day' },
]

/** The same about moments: a day stands for its beginning, and `until` is the first day that does not count. */
export const MOMENTS: Parameter[] = [
  { name: 'from', type: 'DATETIME', default: 'START_OF_YEAR', label: 'First day' },
  { name: 'until', type: 'DATETIME', default: 'TODAY+1D', label: 'Before this day' },
]

/** The filter that a day lies in PERIOD. */
export const within = (field: string) => ({ [field]: { gte: { param: 'from' }, lte: { param: 'to' } } })

/** The filter that a moment lies in MOMENTS. */
export const during = (field: string) => ({ [field]: { gte: { param: 'from' }, lt: { param: 'until' } } })

/** A standard report that is one report as anybody could have saved it. */
export function plain(
  head: Omit<Standard, 'definition' | 'run' | 'parameters' | 'objects'> & { parameters?: Parameter[] },
  definition: Partial<Definition> & { object: string },
): Standard {
  const parameters = head.parameters ?? PERIOD
  return {
    ...head,
    parameters,
    objects: [definition.object],
    definition: completeDefinition({ currencies: 'BASE', ...definition, parameters }),
  }
}

import type { Filter, FilterProblem } from '../../read/storedFilter.ts'

/** What stands for a parameter: `{ "param": "from" }` and nothing else. */
function parameterOf(json: unknown): string | null {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return null
  const [[key, value] = [], ...more] = Object.entries(json)
  return key === 'param' && typeof value === 'string' && more.length === 0 ? value : null
}

const GONE = Symbol('a condition without its parameter')

/**
 * A report's filter with values in the place of its parameters. Of a parameter without a value the condition is left out, and holds.
 *
 * @param valueFor the value of a parameter; undefined: it has none.
 */
export function withValues(json: unknown, valueFor: (name: string, path: string[]) => unknown): Filter {
  return (put(json ?? {}, valueFor, []) ?? {}) as Filter
}

function put(json: unknown, valueFor: (name: string, path: string[]) => unknown, path: string[]): unknown {
  const name = parameterOf(json)
  if (name !== null) return valueFor(name, path) ?? GONE
  if (Array.isArray(json))
    return json.map((one, index) => put(one, valueFor, [...path, String(index)])).filter((one) => one !== GONE)
  if (typeof json !== 'object' || json === null) return json
  const entries = Object.entries(json).map(([key, one]) => [key, put(one, valueFor, [...path, key])] as const)
  return Object.fromEntries(entries.filter(([, one]) => one !== GONE))
}

/** Where a condition that is left out would not simply hold. */
const TURNED = new Set(['or', 'not', 'every', 'none'])

/** What is wrong with the parameters in a filter: unknown ones, and ones that may have no value where their condition cannot be left out. */
export function parameterProblems(json: unknown, known: ReadonlyMap<string, { certain: boolean }>): FilterProblem[] {
  const problems: FilterProblem[] = []
  withValues(json, (name, path) => {
    const add = (message: string) => problems.push({ path, message, forbidden: false })
    const parameter = known.get(name)
    if (!parameter) add('names a parameter that the report does not have')
    else if (!parameter.certain && path.some((part) => TURNED.has(part)))
      add('needs a parameter that is required or has a default: below or, not, every and none it cannot be left out')
    return undefined
  })
  return problems
}

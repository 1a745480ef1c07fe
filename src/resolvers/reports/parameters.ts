import { DateTime } from 'luxon'
import type { Viewer } from '../../context.ts'
import { requestError } from '../../errors.ts'
import { DECIMAL, isDate, parseDateTime } from '../../read/values.ts'
import type { Parameter } from './definition.ts'

/** A word for a day: TODAY, START_OF_MONTH, with so many days, weeks, months or years more or less: TODAY-30D. */
const RELATIVE = /^(?:TODAY|START_OF_(WEEK|MONTH|QUARTER|YEAR))(?:([+-]\d{1,4})([DWMY]))?$/
const UNITS = { D: 'days', W: 'weeks', M: 'months', Y: 'years' } as const

/** The day that a word stands for in a time zone, YYYY-MM-DD; null for another text. */
export function relativeDay(text: string, timezone: string, now: Date): string | null {
  const match = RELATIVE.exec(text)
  if (!match) return null
  const [, start, count, unit] = match
  const today = DateTime.fromJSDate(now, { zone: timezone })
  const from = start ? today.startOf(start.toLowerCase() as 'week') : today
  return from.plus(unit ? { [UNITS[unit as keyof typeof UNITS]]: Number(count) } : {}).toFormat('yyyy-MM-dd')
}

type Clock = Pick<Viewer, 'timezone'>

/** A value of a parameter as a filter's operand, or a sentence about what it must be. */
export function parameterValue(
  parameter: Parameter,
  value: unknown,
  { timezone }: Clock,
  now: Date,
): { ok: unknown } | { problem: string } {
  if (!parameter.list) return single(parameter, value, timezone, now)
  if (!Array.isArray(value) || value.length > 500) return { problem: 'must be a list of at most 500 values' }
  const ok: unknown[] = []
  for (const one of value) {
    const read = single(parameter, one, timezone, now)
    if ('problem' in read) return read
    ok.push(read.ok)
  }
  return { ok }
}

function single({ type, values }: Parameter, value: unknown, timezone: string, now: Date) {
  const text = typeof value === 'string' ? value : ''
  switch (type) {
    case 'INT': {
      const number = typeof value === 'number' ? value : /^-?\d{1,10}$/.test(text) ? Number(text) : Number.NaN
      return Number.isInteger(number) && Math.abs(number) < 2 ** 31
        ? { ok: number }
        : { problem: 'must be a whole number' }
    }
    case 'DECIMAL': {
      const decimal = typeof value === 'number' ? String(value) : text
      return DECIMAL.test(decimal) ? { ok: decimal } : { problem: 'must be a decimal' }
    }
    case 'BOOLEAN': {
      const said = typeof value === 'boolean' ? value : { true: true, false: false }[text]
      return said === undefined ? { problem: 'must be true or false' } : { ok: said }
    }
    case 'DATE': {
      const day = relativeDay(text, timezone, now) ?? text
      return isDate(day) ? { ok: day } : { problem: 'must be a day, YYYY-MM-DD, or such as TODAY or START_OF_MONTH-1M' }
    }
    case 'DATETIME': {
      const day = relativeDay(text, timezone, now) ?? text
      const time = isDate(day) ? DateTime.fromISO(day, { zone: timezone }).toUTC().toISO() : parseDateTime(text)
      return time ? { ok: time } : { problem: 'must be an RFC 3339 date and time with an offset, or a day' }
    }
    case 'CHOICE':
      return values?.includes(text) ? { ok: text } : { problem: `must be one of ${(values ?? []).join(', ')}` }
    default:
      return typeof value === 'string' && value.length <= 1000 ? { ok: value } : { problem: 'must be a text' }
  }
}

const EXAMPLES: Record<Parameter['type'], unknown> = {
  TEXT: 'x',
  CHOICE: 'x',
  INT: 1,
  DECIMAL: '1',
  BOOLEAN: true,
  DATE: '2026-01-01',
  DATETIME: '2026-01-01T00:00:00.000Z',
  ID: 'x',
}

/** Some value that a parameter may have, to check a filter by. */
export function exampleOf({ type, values, list }: Parameter): unknown {
  const one = type === 'CHOICE' ? (values?.[0] ?? 'x') : EXAMPLES[type]
  return list ? [one] : one
}

/**
 * What each parameter stands for in a run.
 *
 * @throws BAD_USER_INPUT for names that the report does not know, values of another type and required ones that are missing, with the path `parameters.<name>`.
 */
export function readParameters(
  parameters: readonly Parameter[],
  given: unknown,
  clock: Clock,
  now: Date,
): Map<string, unknown> {
  const refuse = (field: string[], message: string) =>
    requestError('BAD_USER_INPUT', { message, extensions: { field: ['parameters', ...field] } })
  if (given !== null && given !== undefined && (typeof given !== 'object' || Array.isArray(given)))
    throw refuse([], 'parameters must be an object.')
  const input = new Map(Object.entries((given ?? {}) as Record<string, unknown>))
  const found = new Map<string, unknown>()
  for (const parameter of parameters) {
    const { name } = parameter
    const said = input.get(name) ?? null
    input.delete(name)
    const fallback = parameter.default === undefined ? null : parameter.list ? [parameter.default] : parameter.default
    const value = said ?? fallback
    if (value === null) {
      if (parameter.required) throw refuse([name], `${name} is required.`)
      continue
    }
    const read = parameterValue(parameter, value, clock, now)
    if ('problem' in read) throw refuse([name], `${name} ${read.problem}.`)
    found.set(name, read.ok)
  }
  // The name is not repeated: it may be anything.
  if (input.size > 0) throw refuse([], 'parameters names one that the report does not have.')
  return found
}

import { requestError } from '../../../errors.ts'
import { isDate } from '../../../read/values.ts'

/** Spans that are forecast and have targets. Quarters and years are those of the company's fiscal year. */
export const PERIOD_TYPES = {
  MONTH: 'A calendar month.',
  QUARTER: 'Three months from the first, fourth, seventh or tenth of the fiscal year.',
  YEAR: 'The fiscal year, 财年.',
}
export type PeriodType = keyof typeof PERIOD_TYPES

/** A span of whole months; both days belong to it, YYYY-MM-DD. */
export interface Period {
  type: PeriodType
  start: string
  end: string
}

const MONTHS: Record<PeriodType, number> = { MONTH: 1, QUARTER: 3, YEAR: 12 }

/** The first day of a month that is counted from January of the year 0, and days from there. */
const dayOf = (month: number, days = 0) => new Date(Date.UTC(2000, month - 24_000, 1 + days)).toISOString().slice(0, 10)

/** Is a text a day, YYYY-MM-DD, of the years 1900 to 2199. */
export const isDay = (text: string): boolean => isDate(text) && text >= '1900' && text < '2200'

/** Throws BAD_USER_INPUT for a text that is no such day; `path` says where it stands in the arguments. */
export function requireDay(text: string, path: string[]): void {
  if (isDay(text)) return
  throw requestError('BAD_USER_INPUT', {
    message: `${path.join('.')} is no date (YYYY-MM-DD) of the years 1900 to 2199.`,
    extensions: { field: path },
  })
}

/** The period of a type that a day lies in; `fiscalYearStart` is the month with which the fiscal year begins, 1 to 12. */
export function periodOf(type: PeriodType, day: string, fiscalYearStart: number): Period {
  const [year, month] = day.split('-').map(Number) as [number, number]
  const length = MONTHS[type]
  const at = year * 12 + month - 1
  const first = at - ((at - fiscalYearStart + 1) % length)
  return { type, start: dayOf(first), end: dayOf(first + length, -1) }
}

/** The same period a year before. */
export function yearBefore({ type, start }: Period, fiscalYearStart: number): Period {
  return periodOf(type, `${String(Number(start.slice(0, 4)) - 1).padStart(4, '0')}${start.slice(4)}`, fiscalYearStart)
}

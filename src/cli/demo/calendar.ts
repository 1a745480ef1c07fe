const DAY_MS = 86_400_000

/** Days around today, told as whole-day offsets: -1 is yesterday. The company works from Monday to Friday. */
export interface Calendar {
  /** The offset of the working day at or before `offset`. */
  workday(offset: number): number
  /** The offset of the working day at or after `offset`. */
  nextWorkday(offset: number): number
  /** `YYYY-MM-DD` of the day. */
  date(offset: number): string
  /** The time of the day in UTC (RFC 3339), from minutes after midnight where the company is. */
  time(offset: number, minutes: number): string
}

/**
 * A calendar whose day 0 is the UTC day of `today`: the time of day of `today` changes nothing.
 * `utcOffset` is the company's in hours; summer time is left out, an hour more or less does not show.
 */
export function createCalendar(today: Date, utcOffset: number): Calendar {
  if (Number.isNaN(today.getTime())) throw new RangeError('today is not a valid date')
  const start = Math.floor(today.getTime() / DAY_MS) * DAY_MS

  function weekday(offset: number): number {
    return new Date(start + offset * DAY_MS).getUTCDay()
  }

  function workday(offset: number): number {
    const day = weekday(offset)
    return day === 6 ? offset - 1 : day === 0 ? offset - 2 : offset
  }

  function nextWorkday(offset: number): number {
    const day = weekday(offset)
    return day === 6 ? offset + 2 : day === 0 ? offset + 1 : offset
  }

  function date(offset: number): string {
    return new Date(start + offset * DAY_MS).toISOString().slice(0, 10)
  }

  function time(offset: number, minutes: number): string {
    return new Date(start + offset * DAY_MS + (minutes - utcOffset * 60) * 60_000).toISOString()
  }

  return { workday, nextWorkday, date, time }
}

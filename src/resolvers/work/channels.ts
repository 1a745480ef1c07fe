import { DateTime } from 'luxon'

/** By what ways a user is told. */
export interface Channels {
  inApp: boolean
  email: boolean
  webhook: boolean
}

/** What of a user's settings decides how they are told. */
export interface Settings {
  inApp: boolean
  byEmail: boolean
  webhook: boolean
  /** By type of notification: what differs from the rest. */
  types: Record<string, Partial<Channels>>
  /** HH:MM in their time zone; null: it is never quiet. */
  quietFrom: string | null
  quietTo: string | null
  timezone: string
}

/** The ways in which a user is told of a type. */
export function channelsFor({ inApp, byEmail, webhook, types }: Settings, type: string): Channels {
  return { inApp, email: byEmail, webhook, ...types[type] }
}

/** When a mail or a webhook of this moment goes out: at once, or when the user's quiet hours end, which may be on the next day. */
export function quietUntil(
  { quietFrom, quietTo, timezone }: Pick<Settings, 'quietFrom' | 'quietTo' | 'timezone'>,
  at: Date,
): Date {
  if (!quietFrom || !quietTo || quietFrom === quietTo) return at
  const local = DateTime.fromJSDate(at, { zone: timezone })
  const now = local.toFormat('HH:mm')
  const overnight = quietFrom > quietTo
  const quiet = overnight ? now >= quietFrom || now < quietTo : now >= quietFrom && now < quietTo
  if (!quiet) return at
  const [hour, minute] = quietTo.split(':').map(Number)
  const day = overnight && now >= quietFrom ? local.plus({ days: 1 }) : local
  return day.set({ hour, minute, second: 0, millisecond: 0 }).toJSDate()
}

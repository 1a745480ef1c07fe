import type { UserErrorCode } from '../errors.ts'
import { recordType } from '../read/recordType.ts'
import { validationError } from './normalise.ts'
import { type Change, same, type WriteContext } from './write.ts'

// What the rules of record types have in common.

/** Adds VALIDATION_FAILED on a field of a change; `message` continues the field's name: "must be a date". */
export function refuse(change: Change, field: string | string[], rule: string, message: string): void {
  change.errors.push(validationError([...change.path, ...[field].flat()], rule, message))
}

/** Adds an error of another code on a field of a change. */
export function refuseAs(change: Change, code: UserErrorCode, field: string, message: string, details?: unknown): void {
  change.errors.push({ code, message, field: [...change.path, field], ...(details === undefined ? {} : { details }) })
}

/** Does an update really change the field: it is written, and not with what it holds. */
export function differs(typeName: string, { before, values }: Change, name: string): boolean {
  return Object.hasOwn(values, name) && !same(recordType(typeName).fields.get(name), before?.[name], values[name])
}

/** Names of the fields that an update really changes. */
export function changedFields(typeName: string, change: Change): string[] {
  return Object.keys(change.values).filter((name) => differs(typeName, change, name))
}

/** Refuses a decimal that the column would have to round: more than `digits` behind the point, zeros at the end aside. */
export function checkScale(change: Change, name: string, digits: number): void {
  const value = change.values[name]
  if (value === null || value === undefined) return
  const fraction = String(value).split('.')[1]?.replace(/0+$/, '') ?? ''
  if (fraction.length > digits) refuse(change, name, 'scale', `must have at most ${digits} decimals`)
}

/** Refuses a time zone that is no name of the IANA database. */
export function checkTimezone(change: Change, name: string): void {
  const value = change.values[name]
  if (typeof value !== 'string') return
  try {
    new Intl.DateTimeFormat('en', { timeZone: value })
    // An offset such as +08:00 is accepted by Intl, but knows no summer time.
    if (!/^[+-]/.test(value)) return
  } catch {
    // Refused below, like an offset.
  }
  refuse(change, name, 'timezone', 'must be a time zone of the IANA database, such as Asia/Shanghai')
}

/** Today's date in a time zone, YYYY-MM-DD; the date of another moment where one is given. */
export function todayIn(timezone: string, at = new Date()): string {
  return new Intl.DateTimeFormat('en-CA', {
    timeZone: timezone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).format(at)
}

/**
 * Waits until no other transaction of the tenant holds the lock of that name, and holds it to the end of this one. For rules about how many records
 * there are, which two transactions could break together though each keeps them.
 */
export async function lockTenant({ db, viewer }: WriteContext, name: string): Promise<void> {
  await db.rows({
    text: 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))',
    values: [`${viewer.tenantId} ${name}`],
  })
}

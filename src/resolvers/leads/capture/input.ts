import type { Viewer } from '../../../context.ts'
import type { UserErrorInfo } from '../../../errors.ts'
import { type Field, fieldOf, recordType } from '../../../read/recordType.ts'
import { NO_ID } from '../../../read/values.ts'
import { normalise, validationError } from '../../normalise.ts'
import { type Change, type Input, readInput } from '../../write.ts'
import { writeLead } from '../lead.ts'
import { type CaptureField, TRACKED } from './form.ts'

/** What a visitor sent, by name: texts of a form, or members of a JSON object. */
export type Sent = Record<string, unknown>

/**
 * Makes the input of a lead of what a visitor sent: the form's fields and what the page says about where they came from, nothing else. All that is wrong is
 * told at once, by the names that were sent. What the page says about the visit is not the visitor's to mend: the part of it that is no good is dropped.
 */
export function leadInput(
  fields: CaptureField[],
  sent: Sent,
  viewer: Viewer,
  ignored: string | null,
): { input: Input } | { errors: UserErrorInfo[] } {
  const lead = recordType('Lead')
  const errors: UserErrorInfo[] = []
  const input: Input = {}
  const address: Input = {}
  const asked = new Map(fields.map((one) => [one.field, one]))
  for (const [name, value] of Object.entries(sent)) {
    if (name === ignored) continue
    const tracked = TRACKED.get(name)
    if (!asked.has(name) && !tracked) errors.push(validationError([name], 'unknown', 'is no field of this form'))
    else if (tracked && !asked.has(name)) {
      const good = trackedValue(fieldOf(lead, tracked), value, viewer)
      if (good !== null) input[tracked] = good
    } else if (value !== null && !['string', 'number'].includes(typeof value))
      errors.push(validationError([name], 'text', 'must be a text'))
    else if (value === null || String(value).trim() === '') continue
    else if (name.startsWith('address.')) address[name.slice('address.'.length)] = String(value)
    else input[name] = fieldOf(lead, name).kind === 'int' ? wholeOf(value) : String(value)
  }
  if (Object.keys(address).length > 0) input.address = address
  for (const { field, required } of fields) {
    const given = field.startsWith('address.') ? address[field.slice('address.'.length)] : input[field]
    if (required && given === undefined && !errors.some((error) => error.field?.[0] === field))
      errors.push(validationError([field], 'required', 'is required'))
  }
  // A lead has a name; of a form that asks for none it is whatever tells who it is.
  if (!['fullName', 'firstName', 'lastName'].some((name) => input[name] !== undefined)) {
    const name = input.companyName ?? input.email ?? input.phone ?? input.mobile
    if (name !== undefined) input.fullName = name
  }
  if (errors.length === 0 || Object.keys(input).length > 0) errors.push(...problems(input, viewer))
  return errors.length > 0 ? { errors: once(errors) } : { input }
}

/** What the rules of leads find wrong with an input, as if it were written. */
function problems(input: Input, viewer: Viewer): UserErrorInfo[] {
  const change: Change = { id: NO_ID, path: [], before: null, values: {}, input, errors: [] }
  readInput(recordType('Lead'), change, viewer)
  writeLead([change])
  return change.errors.map((error) => ({ ...error, field: [(error.field ?? []).join('.')] }))
}

/** A field is told once, with what was found first. */
function once(errors: UserErrorInfo[]): UserErrorInfo[] {
  const seen = new Set<string>()
  return errors.filter(({ field }) => {
    const name = field?.[0] ?? ''
    if (seen.has(name)) return false
    seen.add(name)
    return true
  })
}

const wholeOf = (value: unknown): unknown =>
  typeof value === 'string' && /^\s*\d{1,10}\s*$/.test(value) ? Number(value) : value

function trackedValue(field: Field, value: unknown, viewer: Viewer): string | null {
  if (typeof value !== 'string') return null
  const text = [...value].slice(0, field.max ?? 255).join('')
  const result = normalise(field, text, viewer)
  return 'rule' in result ? null : (result.ok as string | null)
}

import { may } from '../../../access/decide.ts'
import type { Viewer } from '../../../context.ts'
import { type Field, fieldOf, type RecordType, recordType } from '../../../read/recordType.ts'
import { formatMoney, idOf } from '../../../read/values.ts'
import type { Input, Values } from '../../write.ts'

/** What a conversion makes or links. */
export type Target = 'Account' | 'Contact' | 'Opportunity'

/** A field of a target and the fields of the lead that it is made of. */
interface Mapped {
  to: string
  from: string[]
  /** What becomes of the lead's values, where it is not the first of them as it is. */
  value?: (lead: Values) => unknown
  /** Fields of the target that say the same: one that the caller gives takes the place of this one, and this one is filled when all of them are empty. */
  with?: string[]
  /** Only for records that are made: what is there has one of its own. */
  madeOnly?: true
}

const any =
  (...names: string[]) =>
  (lead: Values) =>
    names.some((name) => lead[name] === true) || null

/** What a conversion carries over, docs/conversion.md; custom fields are in customMapping.ts. */
export const MAPPING: Record<Target, Mapped[]> = {
  Account: [
    { to: 'name', from: ['companyName'], madeOnly: true },
    { to: 'phone', from: ['phone'] },
    { to: 'website', from: ['website'] },
    { to: 'billingAddress', from: ['address'] },
    { to: 'industry', from: ['industry'] },
    { to: 'employees', from: ['employees'] },
    { to: 'annualRevenue', from: ['annualRevenue'] },
    { to: 'rating', from: ['rating'] },
    { to: 'doNotContact', from: ['doNotContact'], value: any('doNotContact') },
    { to: 'sourceId', from: ['sourceId'] },
  ],
  Contact: [
    { to: 'lastName', from: ['lastName', 'fullName'], value: (lead) => lead.lastName ?? lead.fullName, madeOnly: true },
    {
      to: 'firstName',
      from: ['firstName', 'lastName'],
      value: (lead) => (lead.lastName ? lead.firstName : null),
      madeOnly: true,
    },
    { to: 'title', from: ['title'] },
    { to: 'emails', from: ['emails', 'email'], with: ['email'] },
    { to: 'phones', from: ['phones', 'phone'], with: ['phone'] },
    { to: 'mobile', from: ['mobile'] },
    { to: 'address', from: ['address'] },
    { to: 'doNotCall', from: ['doNotCall', 'doNotContact'], value: any('doNotCall', 'doNotContact') },
    { to: 'doNotEmail', from: ['doNotEmail', 'doNotContact'], value: any('doNotEmail', 'doNotContact') },
    { to: 'sourceId', from: ['sourceId'] },
    { to: 'description', from: ['description'] },
  ],
  Opportunity: [
    { to: 'name', from: ['companyName', 'fullName'], value: (lead) => lead.companyName ?? lead.fullName },
    { to: 'amount', from: ['expectedAmount'] },
    { to: 'nextFollowUpAt', from: ['nextFollowUpAt'] },
    { to: 'sourceId', from: ['sourceId'] },
    { to: 'campaignId', from: ['campaignId'] },
  ],
}

/** Values for a target, as clients would write them, and which fields of the lead each came from. */
export interface Carried {
  input: Input
  from: Map<string, string>
}

const empty = (value: unknown) =>
  value === null ||
  value === undefined ||
  value === '' ||
  value === false ||
  (Array.isArray(value) && value.length === 0)

/**
 * May a value go from the lead to the target for this viewer: nobody gets to see by a conversion what they do not see of the lead, or writes what they
 * may not write.
 */
function mayCarry({ access }: Viewer, target: RecordType, { to, from, with: others = [] }: Mapped): boolean {
  const lead = recordType('Lead')
  if (![to, ...others].every((name) => access.mayWriteField(target, name))) return false
  return from.every(
    (name) => !access.hides(lead, name) && (!access.masks(lead, name, false) || access.masks(target, to, false)),
  )
}

/** A column's value as clients write it. */
export function asInput(field: Field, value: unknown, currency: unknown): unknown {
  if (value === null || value === undefined) return null
  if (field.kind === 'money') return { amount: formatMoney(String(value)), currency }
  if (field.kind === 'id') return idOf(field.target as string, value as string)
  if (field.kind === 'datetime') return new Date(value as string).toISOString()
  return value
}

/**
 * What the lead gives to a record that is made.
 *
 * @param given what the caller says themselves: the lead gives none of that.
 * @param lead its columns, with a source and a campaign only where they are live.
 */
export function carried(viewer: Viewer, target: Target, lead: Values, given: Input): Carried {
  return collect(viewer, target, lead, ({ to, with: others = [] }) =>
    [to, ...others].every((name) => given[name] === undefined),
  )
}

/**
 * What the lead gives to a record that is there: only what is empty there, where a mark that is not set is empty, too. An amount in another currency than
 * the record's others stays away.
 *
 * @param overwriteSource the lead's source takes the place of the record's.
 */
export function filling(
  viewer: Viewer,
  target: Target,
  lead: Values,
  record: Values,
  { overwriteSource }: { overwriteSource: boolean },
): Carried {
  const type = recordType(target)
  return collect(viewer, target, lead, ({ to, with: others = [], madeOnly }) => {
    if (madeOnly) return false
    if (to === 'sourceId' && overwriteSource && record[to] !== lead.sourceId) return true
    if (![to, ...others].every((name) => empty(record[name]))) return false
    return fieldOf(type, to).kind !== 'money' || record.currency === lead.currency || hasNoAmount(type, record)
  })
}

const hasNoAmount = (type: RecordType, record: Values) =>
  [...type.fields.values()].every(({ kind, name }) => kind !== 'money' || record[name] == null)

function collect(viewer: Viewer, target: Target, lead: Values, wanted: (row: Mapped) => boolean): Carried {
  const type = recordType(target)
  const found: Carried = { input: {}, from: new Map() }
  for (const row of MAPPING[target]) {
    if (!wanted(row) || !mayCarry(viewer, type, row)) continue
    const value = row.value ? row.value(lead) : lead[row.from[0] as string]
    if (empty(value)) continue
    const field = fieldOf(type, row.to)
    // Who may not read what an id leads to cannot refer to it.
    if (field.kind === 'id' && !may(viewer, 'read', field.target as string)) continue
    found.input[row.to] = asInput(field, value, lead.currency)
    found.from.set(row.to, row.from.find((name) => !empty(lead[name])) as string)
  }
  return found
}

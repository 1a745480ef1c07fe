import type { Viewer } from '../../context.ts'
import { recordType } from '../../read/recordType.ts'
import { todayIn } from '../checks.ts'

type Filter = Record<string, unknown>

/** What counts for the quality of a customer's data (migration 0022 works the score out of it): the part's name, the fields it is made of, and whether it is there. */
const filled = (value: unknown) =>
  value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0)
const PARTS: Record<string, { fields: string[]; there?: (row: Filter) => boolean }> = {
  name: { fields: ['name'], there: ({ name }) => /[\p{L}\p{N}]{2}/u.test(String(name ?? '')) },
  phone: { fields: ['phone'] },
  email: { fields: ['email'] },
  website: { fields: ['website', 'domains'] },
  billingAddress: {
    fields: ['billingAddress'],
    there: ({ billingAddress }) => {
      const address = billingAddress as { city?: string; countryCode?: string } | null
      return Boolean(address?.city && address.countryCode)
    },
  },
  industry: { fields: ['industry'] },
  registrationNo: { fields: ['registrationNo', 'taxNo'] },
  owner: { fields: ['ownerId'] },
  primaryContact: { fields: ['primaryContactId'] },
  lastActivityAt: { fields: ['lastActivityAt'] },
}

/** The fields of an account that its quality is told from. */
export const QUALITY_FIELDS = Object.values(PARTS).flatMap(({ fields }) => fields)

/** Names of what is missing in a customer's row; what the viewer may not see is not told. */
export function missingParts(row: Filter, { access }: Viewer): string[] {
  const type = recordType('Account')
  return Object.entries(PARTS).flatMap(([name, { fields, there }]) => {
    if (fields.some((field) => access.hides(type, field))) return []
    const is = there ? there(row) : fields.some((field) => filled(row[field]))
    return is ? [] : [name]
  })
}

/**
 * The filter of customers with whom nothing has happened for so many days: since the day before, in the tenant's time zone, so that the pages of a day belong together.
 * Those with which nothing ever happened count from the day they were made.
 */
export function inactiveFilter(days: number, { timezone }: Viewer): Filter {
  const since = new Date(`${todayIn(timezone)}T00:00:00Z`)
  since.setUTCDate(since.getUTCDate() - days)
  const lt = since.toISOString()
  return { or: [{ lastActivityAt: { lt } }, { lastActivityAt: { isNull: true }, createdAt: { lt } }] }
}

/** The filter of companies that cannot be reached: neither telephone nor e-mail nor website, and nobody belongs to them. */
export const UNREACHABLE_ACCOUNTS: Filter = {
  phone: { isNull: true },
  email: { isNull: true },
  website: { isNull: true },
  contacts: { none: {} },
}

/** The filter of people, or leads, to whom mail came back, or who have neither address nor number. */
export const INVALID_PEOPLE: Filter = {
  or: [
    { hasInvalidEmail: { eq: true } },
    { email: { isNull: true }, phone: { isNull: true }, mobile: { isNull: true } },
  ],
}

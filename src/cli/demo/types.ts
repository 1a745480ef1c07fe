/** The four roles that every company is seeded with. */
export type DemoRole = 'admin' | 'manager' | 'rep' | 'readonly'

/** The slug of a demo company. */
export type DemoSlug = 'acme' | 'globex'

/** The record types of the demo data, by their public names. */
export type DemoType =
  | 'LeadSource'
  | 'Pipeline'
  | 'Stage'
  | 'ProductCategory'
  | 'Product'
  | 'Tag'
  | 'Account'
  | 'Contact'
  | 'AccountContact'
  | 'Opportunity'
  | 'OpportunityLine'
  | 'OpportunityContact'
  | 'Lead'
  | 'Activity'
  | 'ActivityLink'
  | 'Task'
  | 'TaskLink'
  | 'TagLink'

/** A reference to another record, or to a user, of the same company by its key (`account:12`, `user:rep`). */
export interface DemoRef {
  ref: string
}

/** An amount as a decimal string with two decimals, and an ISO 4217 code. */
export interface DemoMoney {
  amount: string
  currency: string
}

/** A postal address; `countryCode` is ISO 3166-1 alpha-2, `state` is left out where the country writes none. */
export interface DemoAddress {
  street: string
  city: string
  state?: string
  postalCode: string
  countryCode: string
}

/** What a field may hold: dates are `YYYY-MM-DD`, times RFC 3339 in UTC, decimals strings, phones E.164. */
export type DemoValue = string | number | boolean | string[] | DemoMoney | DemoAddress | DemoRef

/** Values by field name; a field without a value is left out. */
export type DemoFields = Record<string, DemoValue>

/** When an opportunity entered a stage; `at` is a time in UTC. */
export interface DemoStageEntry {
  stageId: DemoRef
  at: string
}

/**
 * One record. `fields` are those of the GraphQL create input; to-one references are `<name>Id` with a DemoRef.
 * `createdAt` is when the company would have entered it: a loader that may backdate uses it, others ignore it.
 * `derived` is what the system's own rules would make of it over time (won customers, last activity, conversion): columns
 * that are no input, for a loader that writes rows; a loader that goes through the API leaves them out.
 * `stages` stands on opportunities only: the way to `fields.stageId`, first stage first, never empty. A loader that
 * obeys the rule "lines of a won opportunity are frozen" creates in the first stage, adds lines and moves then.
 */
export interface DemoRecord {
  type: DemoType
  key: string
  createdAt: string
  fields: DemoFields
  derived?: DemoFields
  stages?: DemoStageEntry[]
}

/** A user of the company; the caller adds the password. `key` is what `ownerId` and the like refer to. */
export interface DemoUser {
  key: string
  email: string
  name: string
  role: DemoRole
  title: string
  managerKey?: string
}

/** What a company is called and how it writes times, money and language. */
export interface DemoTenant {
  slug: DemoSlug
  name: string
  /** IANA name. */
  timezone: string
  /** ISO 4217. */
  baseCurrency: string
  /** BCP 47. */
  locale: string
  /** ISO 3166-1 alpha-2; where telephone numbers without a country code belong. */
  defaultCountry: string
}

/** One company as plain data; every reference in `records` points to a user or to an earlier record. */
export interface DemoCompany {
  tenant: DemoTenant
  users: DemoUser[]
  /** Departments, those above first; `head` and `members` are keys of users. */
  departments: { name: string; parent?: string; head?: string; members: string[] }[]
  /** Teams across departments. */
  teams: { name: string; leader: string; members: string[] }[]
  records: DemoRecord[]
}

/** A reference by key. */
export function ref(key: string): DemoRef {
  return { ref: key }
}

/** The given values without those that are undefined. */
export function filled(values: Record<string, DemoValue | undefined>): DemoFields {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, DemoValue] => entry[1] !== undefined),
  )
}

/** Money from cents; `cents` must be a whole number that a double holds exactly. */
export function money(cents: number, currency: string): DemoMoney {
  if (!Number.isSafeInteger(cents)) throw new RangeError('cents must be a whole number')
  return { amount: `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`, currency }
}

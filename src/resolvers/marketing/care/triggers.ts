/** What makes the moment of a care rule come. */
export type Trigger = 'BIRTHDAY' | 'NO_CONTACT_DAYS' | 'ANNIVERSARY' | 'HIGH_VALUE' | 'CONTRACT_EXPIRING'

/** A care rule as it is worked with. */
export interface CareRule {
  id: string
  name: string
  trigger: Trigger
  filter: unknown
  days: number | null
  amount: string | null
  currency: string | null
  channel: 'EMAIL' | 'TASK' | 'NOTIFICATION'
  templateId: string | null
  sendAtLocalTime: string
  quietFrom: string | null
  quietTo: string | null
  cooldownDays: number
}

/** What the SQL of a trigger is made with: the places of its values in the statement. */
export interface Places {
  /** The company's time zone. */
  timezone: string
  days: string
  amount: string
  currency: string
  /** Of all days that it is somewhere: what is kept on them, the first and the last. */
  kept: string
  firstDay: string
  lastDay: string
}

/** A trigger: which records it is about, and the SQL that says so of a record `t` in a time zone's day `z` (zone, day, year, kept), see due.ts. */
interface Kind {
  type: 'Contact' | 'Account' | 'Contract'
  /** It comes on one day, and is not made up for on the next. */
  dated?: true
  /** The field that whoever sees the outcome learns of. */
  tells: [type: string, field: string]
  /** uuids: the person, and the company whose person it is. */
  contact: (t: string) => string
  account: (t: string) => string
  owner: (t: string) => string
  period: (t: string, places: Places) => string
  /** What holds of all that are due, for the indexes. */
  maybe: (t: string, places: Places) => string
  due: (t: string, places: Places) => string
}

const living = "c.tenant_id = $1 AND c.status = 'ACTIVE' AND c.deleted_at IS NULL"
/** The person to talk to first in a company, else one who is there. */
const contactIn = (account: string) => `coalesce(
 (SELECT c.id FROM account a JOIN contact c ON c.id = a.primary_contact_id AND ${living} WHERE a.tenant_id = $1 AND a.id = ${account}),
 (SELECT c.id FROM account_contact l JOIN contact c ON c.id = l.contact_id AND ${living} WHERE l.tenant_id = $1 AND l.account_id = ${account} AND l.is_active AND l.deleted_at IS NULL ORDER BY l.is_primary DESC, l.id LIMIT 1))`
/** The company that a person belongs to first. */
const accountOf = (t: string) =>
  `(SELECT l.account_id FROM account_contact l WHERE l.tenant_id = $1 AND l.contact_id = ${t}.id AND l.is_active AND l.deleted_at IS NULL ORDER BY l.is_primary DESC, l.id LIMIT 1)`
const lastContact = (t: string, { timezone }: Places) =>
  `(coalesce(${t}.last_activity_at, ${t}.created_at) AT TIME ZONE ${timezone})::date`
const firstDeal = (t: string, { timezone }: Places) => `(${t}.first_deal_at AT TIME ZONE ${timezone})::date`

const person = {
  type: 'Contact',
  contact: (t: string) => `${t}.id`,
  account: accountOf,
  owner: (t: string) => `${t}.owner_id`,
} as const
const company = {
  type: 'Account',
  contact: (t: string) => contactIn(`${t}.id`),
  account: (t: string) => `${t}.id`,
  owner: (t: string) => `${t}.owner_id`,
} as const

/** The triggers by name. */
export const TRIGGERS: Record<Trigger, Kind> = {
  BIRTHDAY: {
    ...person,
    dated: true,
    tells: ['Contact', 'birthday'],
    period: () => 'z.year',
    maybe: (t, { kept }) => `${t}.birthday IS NOT NULL AND right(${t}.birthday, 5) = ANY (${kept})`,
    due: (t) => `${t}.status = 'ACTIVE' AND right(${t}.birthday, 5) = ANY (z.kept)`,
  },
  NO_CONTACT_DAYS: {
    ...person,
    tells: ['Contact', 'lastActivityAt'],
    period: (t, places) => `${lastContact(t, places)}::text`,
    maybe: (t, places) => `${lastContact(t, places)} <= ${places.lastDay} - ${places.days}`,
    due: (t, places) => `${t}.status = 'ACTIVE' AND ${lastContact(t, places)} <= z.day - ${places.days}`,
  },
  ANNIVERSARY: {
    ...company,
    dated: true,
    tells: ['Account', 'firstDealAt'],
    period: () => 'z.year',
    maybe: (t) => `${t}.first_deal_at IS NOT NULL`,
    due: (t, places) =>
      `to_char(${firstDeal(t, places)}, 'MM-DD') = ANY (z.kept) AND ${firstDeal(t, places)} < z.day - 300`,
  },
  HIGH_VALUE: {
    ...company,
    tells: ['Opportunity', 'amount'],
    period: () => 'z.year',
    maybe: (t) => `${t}.deal_status = 'WON'`,
    due: (
      t,
      { amount, currency },
    ) => `coalesce((SELECT sum(round(o.amount * CASE WHEN o.currency = ${currency} THEN 1 ELSE (
  SELECT x.rate FROM exchange_rate x WHERE x.tenant_id = $1 AND x.currency = o.currency AND x.base_currency = ${currency} AND x.date <= o.actual_close_date AND x.deleted_at IS NULL ORDER BY x.date DESC LIMIT 1) END))
 FROM opportunity o WHERE o.tenant_id = $1 AND o.account_id = ${t}.id AND o.status = 'WON' AND o.deleted_at IS NULL AND o.actual_close_date BETWEEN z.day - 364 AND z.day), 0) >= ${amount}`,
  },
  CONTRACT_EXPIRING: {
    type: 'Contract',
    tells: ['Contract', 'endDate'],
    contact: (t) =>
      `coalesce((SELECT c.id FROM contact c WHERE c.id = ${t}.customer_signer_id AND ${living}), ${contactIn(`${t}.account_id`)})`,
    account: (t) => `${t}.account_id`,
    owner: (t) => `${t}.owner_id`,
    period: (t) => `${t}.end_date::text || ' ' || ${t}.number`,
    maybe: (t, { firstDay, lastDay, days }) =>
      `${t}.status = 'APPROVED' AND ${t}.end_date BETWEEN ${firstDay} AND ${lastDay} + ${days}`,
    due: (t, { days }) => `${t}.end_date BETWEEN z.day AND z.day + ${days}`,
  },
}

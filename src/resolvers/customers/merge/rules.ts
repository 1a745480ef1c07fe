import type { UserErrorInfo } from '../../../errors.ts'
import type { Values, WriteContext } from '../../write.ts'

/** A record that is being merged: its uuid, what stands in the database, and where its id stands in the input. */
export interface Merging {
  id: string
  before: Values
  path: string[]
}

/** What a merge does that follows from no declaration, by the name of a type: of those that are merged, and of those that hang on them. */
export interface MergeRule {
  /** Fields that only mean something together: all of the survivor, or all of the first other that has one of them. */
  groups?: string[][]
  /** Fields that no client chooses or writes: the latest, the earliest, or one value when any of the records has it. */
  latest?: string[]
  earliest?: string[]
  strongest?: Record<string, unknown[]>
  /** What stands in the way of a merge of these records; APPROVAL_PENDING belongs here. */
  refuse?: (records: Merging[], context: WriteContext) => UserErrorInfo[] | Promise<UserErrorInfo[]>
  /** Of children that would be there twice: fields of the one that stays, by those of the one that goes to the recycle bin. Empty fields are filled anyway. */
  unite?: (kept: Values, dropped: Values) => Values
  /** A mark (field) that at most one of the children of a record may have: the field with that record’s id. */
  marks?: Record<string, string>
  /**
   * A mark (field) of the one child that counts among several, and which of those that have it lose it when they come to hang on one record: their ids,
   * of children by field name.
   */
  counting?: { field: string; overruled: (children: Values[]) => string[] }
}

/** When a time ends later; null is never. */
const later = (a: unknown, b: unknown) =>
  a === null || b === null ? null : Date.parse(a as string) >= Date.parse(b as string) ? a : b
const earliest = (a: unknown, b: unknown) =>
  a === null || b === null ? (a ?? b) : (a as string) <= (b as string) ? a : b

/**
 * The rules by type. A type without one needs none: all its records move, and where a unique index of the database lets only one be, the survivor’s
 * stays and its empty fields are filled.
 */
export const MERGE_RULES: Record<string, MergeRule> = {
  Account: {
    latest: ['lastActivityAt', 'lastDealAt'],
    earliest: ['firstDealAt'],
    strongest: { dealStatus: ['WON'] },
  },
  Contact: {
    groups: [['firstName', 'lastName']],
    latest: ['lastActivityAt'],
  },
  Lead: {
    groups: [
      ['firstName', 'lastName', 'fullName'],
      ['utmSource', 'utmMedium', 'utmCampaign', 'utmTerm', 'utmContent', 'landingUrl', 'referrer'],
    ],
    latest: ['lastActivityAt'],
    earliest: ['firstResponseAt'],
    refuse: (records) =>
      records.flatMap(({ before, path }): UserErrorInfo[] =>
        before.status === 'CONVERTED'
          ? [
              {
                code: 'INVALID_STATE',
                message: 'A converted lead cannot be merged; merge what it became.',
                field: path,
                details: { from: 'CONVERTED', allowed: [] },
              },
            ]
          : [],
      ),
  },
  // The person is still in the company when one of the two says so, and has been since the earlier day.
  AccountContact: {
    marks: { isPrimary: 'contactId' },
    unite: (kept, dropped) => ({
      isPrimary: kept.isPrimary || dropped.isPrimary,
      isActive: kept.isActive || dropped.isActive,
      fromDate: earliest(kept.fromDate, dropped.fromDate),
      toDate:
        kept.toDate === null || dropped.toDate === null
          ? null
          : (kept.toDate as string) >= (dropped.toDate as string)
            ? kept.toDate
            : dropped.toDate,
    }),
  },
  // Nothing of what was paid is lost.
  AccountCredit: {
    unite: (kept, dropped) => ({ balance: String(BigInt(kept.balance as string) + BigInt(dropped.balance as string)) }),
  },
  AccountInvoiceInfo: { marks: { isDefault: 'accountId' } },
  OpportunityContact: {
    marks: { isPrimary: 'opportunityId' },
    unite: (kept, dropped) => ({ isPrimary: kept.isPrimary || dropped.isPrimary }),
  },
  Quote: { marks: { isPrimary: 'opportunityId' } },
  // The stronger right and the later end.
  RecordShare: {
    unite: (kept, dropped) => ({
      access: kept.access === 'WRITE' || dropped.access === 'WRITE' ? 'WRITE' : kept.access,
      expiresAt: later(kept.expiresAt, dropped.expiresAt),
    }),
  },
  // All that was said stays; which of it counts, the strictest says.
  ConsentRecord: { counting: { field: 'isCurrent', overruled: (children) => mostRestrictive(children as never) } },
}

/** A statement about consent that counts: the newest of its person, purpose and channel. */
export interface Consent {
  id: string
  purpose: string
  channel: string
  status: string
  at: string
}

const OPENNESS: Record<string, number> = { WITHDRAWN: 0, DENIED: 0, PENDING: 1, GRANTED: 2 }

/**
 * Of people who become one the most restrictive consent counts, for each purpose and channel: what one of them refused is not granted because the other
 * granted it later. Of equally strict ones the newest. Gives the ids of the statements that count no more.
 */
export function mostRestrictive(statements: Consent[]): string[] {
  const open = ({ status }: Consent) => OPENNESS[status] ?? 1
  const matters = Map.groupBy(statements, ({ purpose, channel }) => JSON.stringify([purpose.toLowerCase(), channel]))
  return [...matters.values()].flatMap((some) => {
    const [, ...others] = some.toSorted((a, b) => open(a) - open(b) || Date.parse(b.at) - Date.parse(a.at))
    return others.map(({ id }) => id)
  })
}

/** Tables that name records and whose rows stay with the id that they tell of, which leads to the survivor; and why. */
export const STAY: Readonly<Record<string, string>> = {
  account_domain: 'repeats a list of the record of that id; a trigger keeps it',
  change: 'tells what happened to the record of that id',
  custom_value: 'repeats the custom fields of the record of that id; a trigger keeps it',
  duplicate_key: 'is made anew from the records when they are merged: refillKeys',
  notification: 'tells what happened to the record of that id',
  workflow_run: 'tells for which record a workflow ran',
  todo_item: 'says what the records say; triggers keep it',
  handover_item: 'tells what became of the record of that id in a hand-over',
  permission_request: 'tells for what was asked, and cannot be changed by anybody',
}

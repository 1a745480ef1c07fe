import type { UserErrorInfo } from '../../../errors.ts'
import { shortened } from '../../customers/duplicates/match.ts'
import type { WriteContext } from '../../write.ts'
import { type CustomerKeys, companyKey, type RegistrationMatch, registrationMatches, taxKey } from './matches.ts'

/** A match as people see it who may not see the record: what there is and since when. */
export interface Conflict {
  object: string
  name: string
  match: string
  since: string
  protectedUntil: string | null
}

/** What a customer is recognised by. */
export function keysOf(companyName: string, taxNo: string | null, phone: string | null): CustomerKeys {
  return { written: { companyName, taxNo }, name: companyKey(companyName), taxNo: taxKey(taxNo), phone }
}

/**
 * Waits until nobody else registers the same customer, and holds that to the end of the transaction: who comes second finds the first one's registration.
 * In one order everywhere, so that two never wait for each other.
 */
export async function lockCustomer({ db, viewer }: WriteContext, { name, taxNo, phone }: CustomerKeys): Promise<void> {
  const keys = [`name ${name}`, ...(taxNo ? [`tax ${taxNo}`] : []), ...(phone ? [`phone ${phone}`] : [])]
  await db.rows({
    text: 'SELECT pg_advisory_xact_lock(hashtextextended(x.name, 0)) FROM (SELECT unnest($1::text[]) AS name) x',
    values: [keys.map((key) => `${viewer.tenantId} registration ${key}`).sort()],
  })
}

/** What a registration meets: what refuses it, and what whoever decides should know. */
export interface Met {
  refusal: UserErrorInfo | null
  conflicts: Conflict[]
  /** Companies that are surely this customer and free for the registrant: nobody's, or theirs. Oldest first. */
  free: RegistrationMatch[]
}

/** The path of the input by which a match was found. */
const FIELDS = { NAME: 'companyName', TAX_NO: 'taxNo', PHONE: 'contactPhone' } as const

/**
 * Looks at what is known of a customer, under its lock: the first to register has it (先报备先得), and who owns it keeps it. PROTECTION_ACTIVE for a customer that is
 * protected for somebody else, REGISTRATION_CONFLICT for one that somebody else owns or that was registered before; what is only alike is told to whoever decides.
 *
 * @param not uuids of what is no conflict: the registration that asks, the company that whoever decides has named.
 * @param pathOf where the three fields stand in the input.
 */
export async function meet(
  context: WriteContext,
  keys: CustomerKeys,
  { registrantId, not = [], pathOf }: { registrantId: string; not?: string[]; pathOf: (field: string) => string[] },
): Promise<Met> {
  const matches = (await registrationMatches(context, keys)).filter(({ id }) => !not.includes(id))
  const taken = matches.filter(
    ({ object, exact, ownerId }) =>
      exact &&
      // One's own registration stands in the way of a second one; a lead is no customer yet.
      (object === 'CustomerRegistration' || (object === 'Account' && ownerId !== null && ownerId !== registrantId)),
  )
  const now = Date.now()
  const guarded = taken.find(
    ({ protectedUntil, ownerId }) => protectedUntil && protectedUntil.getTime() > now && ownerId !== registrantId,
  )
  const first = guarded ?? taken[0]
  return {
    refusal: first ? refusal(first, guarded !== undefined, pathOf) : null,
    conflicts: matches.map(masked),
    free: matches.filter(
      ({ object, exact, ownerId }) => object === 'Account' && exact && (ownerId === null || ownerId === registrantId),
    ),
  }
}

function refusal(match: RegistrationMatch, guarded: boolean, pathOf: (field: string) => string[]): UserErrorInfo {
  const { protectedUntil: until, ...conflict } = masked(match)
  const field = pathOf(FIELDS[match.by[0] as keyof typeof FIELDS])
  if (guarded)
    return {
      code: 'PROTECTION_ACTIVE',
      message: 'The customer is protected for somebody else.',
      field,
      details: { until },
    }
  return {
    code: 'REGISTRATION_CONFLICT',
    message: 'Somebody else has the customer, or it was registered before.',
    field,
    details: { with: { object: conflict.object, name: conflict.name, match: conflict.match }, since: conflict.since },
  }
}

function masked({ object, name, by, since, protectedUntil }: RegistrationMatch): Conflict {
  return {
    object,
    name: shortened(name),
    match: by.join(', '),
    since: since.toISOString(),
    protectedUntil: protectedUntil?.toISOString() ?? null,
  }
}

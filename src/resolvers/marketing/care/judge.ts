import { todayIn } from '../../checks.ts'
import type { WriteContext } from '../../write.ts'
import type { Composed } from '../compose.ts'
import { loadPeople, type Person } from '../recipients.ts'
import { blockOf } from '../sendEmail.ts'
import type { Due } from './due.ts'
import type { CareRule } from './triggers.ts'

/** Somebody who is due, and why nothing is done for them; null: it is. */
export interface Judged extends Due {
  person: Person | null
  reason: string | null
}

/** What is to be done for somebody; with the words of the mail, where it is one. */
export interface Care extends Judged {
  composed: Composed
}

/**
 * Says for whom of those who are due a rule does something, and why not for the others. The person is null where the viewer does not see them.
 *
 * @throws FORBIDDEN.
 */
export async function judge(context: WriteContext, rule: CareRule, due: readonly Due[], now: Date): Promise<Judged[]> {
  const recent = await recentFor(context, rule, due, now)
  const people = await loadPeople(
    context,
    due.flatMap(({ contactId }) => (contactId ? [{ type: 'Contact' as const, uuid: contactId }] : [])),
  )
  const byId = new Map(people.map((one) => [one.uuid, one]))
  return due.map((one) => {
    const person = byId.get(one.contactId ?? '') ?? null
    const tooSoon = recent.has(one.contactId ?? one.accountId ?? '')
    const reason = one.over
      ? 'QUIET_HOURS'
      : one.leaveAlone
        ? 'DO_NOT_CONTACT'
        : ((rule.channel === 'EMAIL' ? noMail(person) : one.ownerId ? null : 'NO_OWNER') ??
          (tooSoon ? 'COOLDOWN' : null))
    return { ...one, person, reason }
  })
}

function noMail(person: Person | null): string | null {
  if (!person) return 'NO_CONTACT'
  return person.to === null ? 'NO_ADDRESS' : blockOf(person, false)
}

/** uuids of who got something by the rule less than its cooldown ago, in days of the company. */
async function recentFor(
  { db, viewer }: WriteContext,
  { id, cooldownDays }: CareRule,
  due: readonly Due[],
  now: Date,
): Promise<Set<string>> {
  if (cooldownDays === 0) return new Set()
  const rows = await db.rows<{ id: string }>({
    text: `SELECT coalesce(contact_id, account_id) AS id FROM care_execution WHERE tenant_id = $1 AND rule_id = $2 AND status = 'SENT' AND deleted_at IS NULL
 AND (at AT TIME ZONE $3)::date > $4::date - $5::integer AND (contact_id = ANY ($6::uuid[]) OR account_id = ANY ($7::uuid[]))`,
    values: [
      viewer.tenantId,
      id,
      viewer.timezone,
      todayIn(viewer.timezone, now),
      cooldownDays,
      due.flatMap(({ contactId }) => contactId ?? []),
      due.flatMap(({ contactId, accountId }) => (contactId ? [] : (accountId ?? []))),
    ],
  })
  return new Set(rows.map((row) => row.id))
}

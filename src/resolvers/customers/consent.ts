import { refuse } from '../checks.ts'
import type { Change, Rules, Values } from '../write.ts'
import { checkOneSubject } from './identity.ts'

const subjectOf = ({ contactId, leadId }: Values) => (contactId ?? leadId) as string
/** What one consent is about: of those with the same key the newest counts. The case of a purpose is no other purpose. */
const keyOf = (values: Values) =>
  JSON.stringify([subjectOf(values), String(values.purpose).toLowerCase(), values.channel])

/** Rules of consents: of one person, said by now, and the newest of a purpose and channel counts, also when history comes in late. */
export const consentRules: Rules = {
  async write(changes, { db, viewer }) {
    const now = Date.now()
    for (const change of changes) {
      checkOneSubject(change, ['contactId', 'leadId'], 'contact and lead')
      change.values.at ??= new Date(now).toISOString()
      if (Date.parse(change.values.at as string) > now + SKEW) refuse(change, 'at', 'max', 'must not be in the future')
    }
    const good = changes.filter(({ errors }) => errors.length === 0)
    // Their people are locked by now, so nobody else says what counts.
    const rows = await db.rows<{ values: Values }>({
      text: `SELECT json_build_object('contactId', contact_id, 'leadId', lead_id, 'purpose', purpose, 'channel', channel, 'at', at) AS values FROM consent_record
 WHERE tenant_id = $1 AND (contact_id = ANY ($2::uuid[]) OR lead_id = ANY ($2::uuid[])) AND is_current AND deleted_at IS NULL`,
      values: [viewer.tenantId, good.map(({ values }) => subjectOf(values))],
    })
    const newest = new Map<string, { at: number; change: Change | null }>(
      rows.map(({ values }) => [keyOf(values), { at: Date.parse(values.at as string), change: null }]),
    )
    for (const change of good) {
      const at = Date.parse(change.values.at as string)
      const key = keyOf(change.values)
      const known = newest.get(key)
      change.values.isCurrent = !known || at >= known.at
      if (!change.values.isCurrent) continue
      if (known?.change) known.change.values.isCurrent = false
      newest.set(key, { at, change })
    }
  },
  async done(changes, { db, viewer }) {
    const current = changes.filter(({ before, values }) => !before && values.isCurrent)
    if (current.length === 0) return
    await db.rows({
      text: `UPDATE consent_record o SET is_current = false FROM consent_record n WHERE n.tenant_id = $1 AND n.id = ANY ($2::uuid[])
 AND o.tenant_id = $1 AND o.is_current AND o.deleted_at IS NULL AND o.id <> n.id AND lower(o.purpose) = lower(n.purpose) AND o.channel = n.channel
 AND (o.contact_id = ANY ($3::uuid[]) OR o.lead_id = ANY ($3::uuid[])) AND coalesce(o.contact_id, o.lead_id) = coalesce(n.contact_id, n.lead_id)`,
      values: [viewer.tenantId, current.map(({ id }) => id), current.map(({ values }) => subjectOf(values))],
    })
  },
}

/** How far a client's clock may be ahead, in milliseconds. */
const SKEW = 60_000

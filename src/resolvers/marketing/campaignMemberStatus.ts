import { refuseAs } from '../checks.ts'
import { onePrimary } from '../customers/onePrimary.ts'
import { type Change, idPath, type Rules, rulesTogether, type WriteContext } from '../write.ts'

const ONE_DEFAULT = onePrimary({
  table: 'campaign_member_status',
  mark: { field: 'isDefault', column: 'is_default' },
  owner: { field: 'campaignId', column: 'campaign_id', table: 'campaign' },
})

/** Locks the campaigns of statuses and gives those that keep a status which says that a member responded, whatever becomes of the statuses of the call. */
async function responding({ db, viewer }: WriteContext, changes: Change[]): Promise<Set<string>> {
  const campaigns = [...new Set(changes.map(({ before }) => before?.campaignId as string))]
  await db.rows({
    text: 'SELECT id FROM campaign WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE',
    values: [viewer.tenantId, campaigns],
  })
  const rows = await db.rows<{ id: string }>({
    text: 'SELECT DISTINCT campaign_id AS id FROM campaign_member_status WHERE tenant_id = $1 AND campaign_id = ANY ($2::uuid[]) AND has_responded AND deleted_at IS NULL AND id <> ALL ($3::uuid[])',
    values: [viewer.tenantId, campaigns, changes.map(({ id }) => id)],
  })
  return new Set(rows.map(({ id }) => id))
}

const LAST = 'Another status of the campaign must say first that a member responded.'

const own: Rules = {
  async write(changes, context) {
    for (const change of changes)
      if (change.before?.isDefault && change.values.isDefault === false)
        refuseAs(change, 'INVALID_STATE', 'isDefault', 'Make another status the default instead.')
    const silent = changes.filter(({ before, values }) => before?.hasResponded && values.hasResponded === false)
    if (silent.length === 0) return
    const kept = await responding(context, silent)
    for (const change of silent)
      if (!kept.has(change.before?.campaignId as string)) refuseAs(change, 'INVALID_STATE', 'hasResponded', LAST)
  },
  async delete(changes, context) {
    // What lies in the recycle bin is neither the default nor counted any more.
    const live = changes.filter(({ before }) => !before?.deletedAt)
    if (live.length === 0) return
    const kept = await responding(context, live)
    for (const change of live) {
      const refused = (message: string) => change.errors.push({ code: 'INVALID_STATE', message, field: idPath(change) })
      if (change.before?.isDefault) refused('Make another status the default first.')
      else if (change.before?.hasResponded && !kept.has(change.before.campaignId as string)) refused(LAST)
    }
  },
  async done(changes, { db, viewer }) {
    const turned = changes.filter(
      ({ before, values }) =>
        before && values.hasResponded !== undefined && before.hasResponded !== values.hasResponded,
    )
    if (turned.length === 0) return
    await db.rows({
      text: `UPDATE campaign_member m SET has_responded = s.has_responded, first_responded_at = CASE WHEN s.has_responded THEN coalesce(m.first_responded_at, now()) ELSE m.first_responded_at END
 FROM campaign_member_status s WHERE m.tenant_id = $1 AND s.tenant_id = $1 AND s.id = ANY ($2::uuid[]) AND m.status_id = s.id AND m.has_responded <> s.has_responded`,
      values: [viewer.tenantId, turned.map(({ id }) => id)],
    })
  },
}

/** Rules of statuses: exactly one default and at least one that says that a member responded; what it says of them follows in its members. */
export const campaignMemberStatusRules: Rules = rulesTogether(ONE_DEFAULT, own)

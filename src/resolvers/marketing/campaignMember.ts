import { refuse } from '../checks.ts'
import { after, type Rules } from '../write.ts'
import { checkExactlyOne } from './exactlyOne.ts'

interface Status {
  id: string
  campaignId: string
  isDefault: boolean
  hasResponded: boolean
}

/**
 * Rules of members: a contact, a lead or an account; a status of their own campaign, its default where none is given. Whether they responded follows from it, and
 * when they first did stays as it was.
 */
export const campaignMemberRules: Rules = {
  async write(changes, { db, viewer }) {
    for (const change of changes) checkExactlyOne(change, ['contactId', 'leadId', 'accountId'])
    const moved = changes.filter(({ before, values }) => !before || Object.hasOwn(values, 'statusId'))
    if (moved.length === 0) return
    const rows = await db.rows<Status>({
      text: `SELECT id, campaign_id AS "campaignId", is_default AS "isDefault", has_responded AS "hasResponded" FROM campaign_member_status
 WHERE tenant_id = $1 AND deleted_at IS NULL AND campaign_id = ANY ($2::uuid[])`,
      values: [viewer.tenantId, [...new Set(moved.map((change) => after(change, 'campaignId')))]],
    })
    for (const change of moved) {
      const { values } = change
      if (change.before && values.statusId === null) {
        refuse(change, 'statusId', 'required', 'is required')
        continue
      }
      const of = rows.filter(({ campaignId }) => campaignId === after(change, 'campaignId'))
      const status = of.find(({ id, isDefault }) => (values.statusId == null ? isDefault : id === values.statusId))
      if (!status) {
        refuse(change, 'statusId', 'campaign', 'must be a status of the campaign')
        continue
      }
      values.statusId = status.id
      values.hasResponded = status.hasResponded
      if (status.hasResponded && change.before?.firstRespondedAt == null)
        values.firstRespondedAt = new Date().toISOString()
    }
  },
}

import { recordType } from '../../../read/recordType.ts'
import { idOf } from '../../../read/values.ts'
import { createRecords, updateRecords } from '../../records.ts'
import type { WriteContext } from '../../write.ts'

/**
 * Makes a lead a member of the campaign of the form that it sent: with the source FORM, and with the first status that says that they responded, which a form is. Who is a member and has responded
 * stays as they are.
 */
export async function joinCampaign(context: WriteContext, leadId: string, campaignId: string): Promise<void> {
  const { db, viewer } = context
  const [found] = await db.rows<{ status: string; memberId: string | null; responded: boolean }>({
    text: `SELECT s.id AS status, m.id AS "memberId", coalesce(m.has_responded, false) AS responded FROM campaign_member_status s
 LEFT JOIN campaign_member m ON m.tenant_id = $1 AND m.campaign_id = $2 AND m.lead_id = $3 AND m.deleted_at IS NULL
 WHERE s.tenant_id = $1 AND s.campaign_id = $2 AND s.has_responded AND s.deleted_at IS NULL ORDER BY s.sort, s.id LIMIT 1`,
    values: [viewer.tenantId, campaignId, leadId],
  })
  if (!found || found.responded) return
  const type = recordType('CampaignMember')
  const statusId = idOf('CampaignMemberStatus', found.status)
  if (found.memberId) await updateRecords(context, type, [{ id: found.memberId, input: { statusId } }])
  // Where somebody else makes them one at the same time, they are one.
  else
    await createRecords(context, type, [
      { campaignId: idOf('Campaign', campaignId), leadId: idOf('Lead', leadId), statusId, source: 'FORM' },
    ])
}

import { inLanguage } from '../../events/mail.ts'
import { checkScale, refuse } from '../checks.ts'
import { checkListed } from '../sales/listed.ts'
import { after, type Rules } from '../write.ts'

/** The statuses that the members of a new campaign can have. */
const SEEDED = [
  { label: { en: 'Sent', zhCN: '已发送' }, isDefault: true, hasResponded: false },
  { label: { en: 'Responded', zhCN: '已响应' }, isDefault: false, hasResponded: true },
]

/** Rules of campaigns: an end not before the start, segments that there are; a new one has statuses for its members. */
export const campaignRules: Rules = {
  async write(changes, context) {
    await checkListed(changes, 'targetSegmentIds', 'Segment', context)
    for (const change of changes) {
      checkScale(change, 'expectedResponse', 2)
      const [start, end] = [after(change, 'startDate'), after(change, 'endDate')]
      if (start != null && end != null && (end as string) < (start as string))
        refuse(change, 'endDate', 'min', 'must not be before startDate')
    }
  },
  async done(changes, { db, viewer }) {
    const made = changes.filter(({ before }) => !before).map(({ id }) => id)
    if (made.length === 0) return
    const [tenant] = await db.rows<{ locale: string }>({
      text: 'SELECT locale FROM tenant WHERE id = $1',
      values: [viewer.tenantId],
    })
    const rows = SEEDED.map((one, sort) => ({ ...one, label: inLanguage(one.label, tenant?.locale ?? null), sort }))
    await db.rows({
      text: `INSERT INTO campaign_member_status (tenant_id, campaign_id, label, is_default, has_responded, sort)
 SELECT $1::uuid, c.id, x.label, x."isDefault", x."hasResponded", x.sort FROM unnest($2::uuid[]) AS c(id), json_to_recordset($3::json) AS x(label text, "isDefault" boolean, "hasResponded" boolean, sort integer)`,
      values: [viewer.tenantId, made, JSON.stringify(rows)],
    })
  },
}

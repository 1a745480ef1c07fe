import { recordType } from '../../read/recordType.ts'
import { idOf } from '../../read/values.ts'
import { ids } from '../../resolvers/identity/createTenant.ts'
import { markSocialPostPublished, scheduleSocialPost } from '../../resolvers/marketing/social/verbs.ts'
import { createRecords } from '../../resolvers/records.ts'
import type { WriteContext } from '../../resolvers/write.ts'

/** Members of each type. */
const MEMBERS = 6

/** A fair of the demo company with people who were invited, some of whom came, posts about it, and a rule that has birthdays wished. */
export async function loadMarketing(write: WriteContext, ownerId: string | undefined): Promise<void> {
  const { db, viewer } = write
  const currency = viewer.baseCurrency
  const money = (amount: string) => ({ amount, currency })
  const [fair] = ids(
    await createRecords(write, recordType('Campaign'), [
      {
        name: 'Automation fair 自动化展会',
        code: 'FAIR',
        type: 'EVENT',
        status: 'ACTIVE',
        budget: money('60000'),
        actualCost: money('48000'),
        currency,
        goals: 'Thirty talks, five new customers 三十次洽谈，五家新客户',
        ownerId,
      },
    ]),
  )
  const campaignId = idOf('Campaign', fair as string)
  const people = await db.rows<{ type: string; id: string; at: number; status: string }>({
    text: `SELECT x.type, x.id, x.at::integer AS at, s.id AS status FROM (
 SELECT 'Contact' AS type, id, row_number() OVER (ORDER BY id) AS at FROM contact WHERE tenant_id = $1 AND status = 'ACTIVE'
 UNION ALL SELECT 'Lead', id, row_number() OVER (ORDER BY id) FROM lead WHERE tenant_id = $1 AND status = 'WORKING') x
 JOIN campaign_member_status s ON s.tenant_id = $1 AND s.campaign_id = $2 AND s.has_responded = (x.at % 3 = 0) WHERE x.at <= ${MEMBERS} ORDER BY x.type, x.at`,
    values: [viewer.tenantId, fair],
  })
  ids(
    await createRecords(
      write,
      recordType('CampaignMember'),
      people.map(({ type, id, status }) => ({
        campaignId,
        [`${type.toLowerCase()}Id`]: idOf(type, id),
        statusId: idOf('CampaignMemberStatus', status),
        source: '展会',
      })),
    ),
  )
  ids(
    await createRecords(write, recordType('CareRule'), [
      { name: 'Birthday 生日关怀', trigger: 'BIRTHDAY', channel: 'TASK', filter: { status: { eq: 'ACTIVE' } } },
    ]),
  )
  await loadPosts(write, campaignId, ownerId)
}

/** What is posted about the fair, by hand: a post that is there, one that is planned and one that is being written. */
async function loadPosts(write: WriteContext, campaignId: string, ownerId: string | undefined): Promise<void> {
  const [weibo, linkedin] = ids(
    await createRecords(write, recordType('SocialAccount'), [
      { name: 'Weibo 官方微博', platform: 'WEIBO', handle: '@acme' },
      { name: 'LinkedIn', platform: 'LINKEDIN', handle: 'acme' },
    ]),
  ).map((id) => idOf('SocialAccount', id))
  const common = { campaignId, ownerId, linkUrl: 'https://acme.example/fair' }
  const [there, planned] = ids(
    await createRecords(write, recordType('SocialPost'), [
      { ...common, accountId: weibo, content: '自动化展会见！我们在 3 号馆 B12 展位等您。' },
      { ...common, accountId: linkedin, content: 'Meet us at the automation fair: hall 3, booth B12.' },
      { ...common, accountId: weibo, content: '展会回顾：感谢每一位到访的朋友。' },
    ]),
  ).map((id) => idOf('SocialPost', id))
  const done = [
    await markSocialPostPublished(write, { id: there as string, url: 'https://weibo.example/acme/1' }),
    await scheduleSocialPost(write, { id: planned as string, scheduleAt: new Date(Date.now() + 7 * 86_400_000) }),
  ]
  ids(done)
}

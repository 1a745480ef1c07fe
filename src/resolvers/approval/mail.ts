import type { Localized } from '../../errors.ts'
import { enqueueMail, inLanguage, mailLink, oneLine } from '../../events/mail.ts'
import { idOf } from '../../read/values.ts'
import { notify } from '../work/notify.ts'
import type { WriteContext } from '../write.ts'
import type { Instance } from './instance.ts'

/** What is told: to approvers that something waits for them, to those in copy that it is under way, to the submitter what became of it. */
export type News = 'REQUEST' | 'REMINDER' | 'COPY' | 'APPROVED' | 'REJECTED' | 'RETURNED' | 'CANCELLED'

/** How long a mail about an approval is worth sending, hours. */
const HOURS = 7 * 24
const COMMENT_MAX = 500

interface Facts {
  id: string
  to: string | null
  name: string
  locale: string | null
  home: string
  slug: string
  submitter: string
}

const FACTS = `SELECT m.id, m.email AS "to", m.name, m.locale, t.locale AS home, t.slug, s.name AS submitter
 FROM app_user m JOIN tenant t ON t.id = m.tenant_id JOIN app_user s ON s.tenant_id = $1 AND s.id = $3
 WHERE m.tenant_id = $1 AND m.id = ANY ($2::uuid[]) AND m.status = 'ACTIVE' AND m.deleted_at IS NULL ORDER BY m.id`

/**
 * Tells users (uuids) what happens with an approval, in the application and by a mail in their language, in the transaction in which it happens; not whoever does it. Nothing of the record stands in
 * it: what of that somebody may see, the API says.
 */
export async function tell(
  { db, viewer }: WriteContext,
  { id, flowName, submitterId }: Pick<Instance, 'id' | 'flowName' | 'submitterId'>,
  userIds: readonly string[],
  news: News,
  comment: string | null = null,
): Promise<void> {
  const others = userIds.filter((one) => one !== viewer.userId)
  if (others.length === 0) return
  const { tenantId } = viewer
  const rows = await db.rows<Facts>({ text: FACTS, values: [tenantId, others, submitterId] })
  await notify(
    db,
    tenantId,
    rows.map((facts) => ({
      userId: facts.id,
      type: `APPROVAL_${news}`,
      title: wording(news, oneLine(flowName), oneLine(facts.submitter)).sentence,
      ...(comment ? { body: comment } : {}),
      record: { type: 'ApprovalInstance', uuid: id },
      mailed: true as const,
    })),
  )
  for (const facts of rows) {
    const { subject, sentence } = wording(news, oneLine(flowName), oneLine(facts.submitter))
    const say = (one: Localized) => inLanguage(one, facts.locale, facts.home)
    if (!facts.to) continue
    const name = oneLine(facts.name)
    const paragraphs = [
      say({ en: `Hello ${name},`, zhCN: `${name}，您好：` }),
      say(sentence),
      ...(comment
        ? [say({ en: `“${oneLine(comment, COMMENT_MAX)}”`, zhCN: `“${oneLine(comment, COMMENT_MAX)}”` })]
        : []),
      mailLink('/approval', { tenant: facts.slug, id: idOf('ApprovalInstance', id) }),
    ]
    await enqueueMail(db, {
      tenantId,
      kind: `APPROVAL_${news}`,
      to: facts.to,
      subject: say(subject),
      text: `${paragraphs.join('\n\n')}\n`,
      hours: HOURS,
    })
  }
}

function wording(news: News, flow: string, submitter: string): { subject: Localized; sentence: Localized } {
  switch (news) {
    case 'REQUEST':
      return {
        subject: { en: `To approve: ${flow}`, zhCN: `待审批：${flow}` },
        sentence: {
          en: `${submitter} asks for your approval: ${flow}.`,
          zhCN: `${submitter}提交的“${flow}”等待您审批。`,
        },
      }
    case 'REMINDER':
      return {
        subject: { en: `Still to approve: ${flow}`, zhCN: `催办：${flow}` },
        sentence: {
          en: `${submitter} still waits for your approval: ${flow}.`,
          zhCN: `${submitter}提交的“${flow}”仍在等待您审批。`,
        },
      }
    case 'COPY':
      return {
        subject: { en: `For your information: ${flow}`, zhCN: `抄送：${flow}` },
        sentence: {
          en: `${submitter} asked for an approval: ${flow}.`,
          zhCN: `${submitter}提交了“${flow}”，抄送给您。`,
        },
      }
    case 'APPROVED':
      return {
        subject: { en: `Approved: ${flow}`, zhCN: `已通过：${flow}` },
        sentence: { en: `What you submitted was approved: ${flow}.`, zhCN: `您提交的“${flow}”已通过审批。` },
      }
    case 'REJECTED':
      return {
        subject: { en: `Rejected: ${flow}`, zhCN: `已驳回：${flow}` },
        sentence: { en: `What you submitted was rejected: ${flow}.`, zhCN: `您提交的“${flow}”已被驳回。` },
      }
    case 'RETURNED':
      return {
        subject: { en: `Returned: ${flow}`, zhCN: `已退回：${flow}` },
        sentence: {
          en: `What you submitted came back to you; change it and submit it again: ${flow}.`,
          zhCN: `您提交的“${flow}”已被退回，请修改后重新提交。`,
        },
      }
    case 'CANCELLED':
      return {
        subject: { en: `Cancelled: ${flow}`, zhCN: `已取消：${flow}` },
        sentence: {
          en: `An administrator cancelled what you submitted: ${flow}.`,
          zhCN: `您提交的“${flow}”已被管理员取消。`,
        },
      }
  }
}

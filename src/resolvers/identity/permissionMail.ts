import type { Localized } from '../../errors.ts'
import { enqueueMail, inLanguage, mailLink, oneLine } from '../../events/mail.ts'
import { idOf } from '../../read/values.ts'
import type { Writer } from '../../tenancy/tenancy.ts'
import { notify } from '../work/notify.ts'

/** What is told about a request: to its approver that it waits for them, to its applicant what became of it. */
export type Event =
  | 'ASKED'
  | 'PASSED_ON'
  | 'ESCALATED'
  | 'APPROVED'
  | 'REJECTED'
  | 'UNDECIDED'
  | 'ENDED'
  | 'REVOKED'
  | 'CANCELLED'

/** How long a mail about a request is worth sending, hours. */
const HOURS = 7 * 24
const REASON_MAX = 500

interface Facts {
  to: string | null
  name: string
  locale: string | null
  home: string
  slug: string
  timezone: string
  applicant: string
  approver: string | null
  kind: string
  role: string | null
  object: string | null
  recordId: string | null
  field: string | null
  access: string | null
  reason: string
  note: string | null
  endNote: string | null
  dueAt: Date | null
  grantedUntil: Date | null
}

const FACTS = `SELECT m.email AS "to", m.name, m.locale, t.locale AS home, t.slug, coalesce(m.timezone, t.timezone) AS timezone, a.name AS applicant, d.name AS approver,
 p.kind, r.name AS role, p.object, p.record_id AS "recordId", p.field, p.access, p.reason, p.decision_note AS note, p.end_note AS "endNote",
 p.due_at AS "dueAt", p.granted_until AS "grantedUntil"
 FROM permission_request p JOIN tenant t ON t.id = p.tenant_id JOIN app_user a ON a.tenant_id = $1 AND a.id = p.applicant_id
 JOIN app_user m ON m.tenant_id = $1 AND m.id = $3 LEFT JOIN app_user d ON d.tenant_id = $1 AND d.id = p.approver_id
 LEFT JOIN role r ON r.tenant_id = $1 AND r.id = p.role_id WHERE p.tenant_id = $1 AND p.id = $2`

/**
 * Tells somebody what happened to a request, in the application and by a mail in their language, in the transaction in which it happens.
 *
 * @param id uuid of the request as it now stands in the transaction.
 * @param userId uuid of the recipient.
 */
export async function tell(db: Writer, tenantId: string, id: string, userId: string, event: Event): Promise<void> {
  const [facts] = await db.rows<Facts>({ text: FACTS, values: [tenantId, id, userId] })
  if (!facts) return
  const { subject, lines } = wording(event, facts)
  await notify(db, tenantId, [
    {
      userId,
      type: `PERMISSION_${event}`,
      title: subject,
      record: { type: 'PermissionRequest', uuid: id },
      mailed: true,
    },
  ])
  if (!facts.to) return
  const say = (sentence: Localized) => inLanguage(sentence, facts.locale, facts.home)
  const name = oneLine(facts.name)
  const link = mailLink('/permission-request', { tenant: facts.slug, id: idOf('PermissionRequest', id) })
  const paragraphs = [
    say({ en: `Hello ${name},`, zhCN: `${name}，您好：` }),
    ...lines.flatMap((line) => (line ? say(line) : [])),
    link,
  ]
  await enqueueMail(db, {
    tenantId,
    kind: event === 'ASKED' || event === 'PASSED_ON' ? 'PERMISSION_REQUEST' : `PERMISSION_${event}`,
    to: facts.to,
    subject: say(subject),
    text: `${paragraphs.join('\n\n')}\n`,
    hours: HOURS,
  })
}

/** What is asked for, in a few words. */
function target({ kind, role, object, recordId, field, access }: Facts): Localized {
  const name = oneLine(role ?? '')
  const write = access === 'WRITE'
  switch (kind) {
    case 'ROLE':
      return { en: `the role ${name}`, zhCN: `角色“${name}”` }
    case 'RECORD_ACCESS':
      return {
        en: `access to ${object} ${recordId} (${write ? 'write' : 'read'})`,
        zhCN: `${object} ${recordId} 的${write ? '写入' : '查看'}权限`,
      }
    case 'FIELD':
      return {
        en: `the field ${object}.${field} (${write ? 'write' : 'read'})`,
        zhCN: `字段 ${object}.${field} 的${write ? '写入' : '查看'}权限`,
      }
    default:
      return { en: `the export of ${object}`, zhCN: `${object} 的导出权限` }
  }
}

function wording(event: Event, facts: Facts): { subject: Localized; lines: (Localized | null)[] } {
  const what = target(facts)
  const [applicant, approver] = [oneLine(facts.applicant), oneLine(facts.approver ?? '')]
  const on = (time: Date) =>
    `${new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'short', timeZone: facts.timezone }).format(time)} (${facts.timezone})`
  const quoted = (text: string | null): Localized | null =>
    text ? { en: `“${oneLine(text, REASON_MAX)}”`, zhCN: `“${oneLine(text, REASON_MAX)}”` } : null
  const due = facts.dueAt
    ? { en: `Please decide by ${on(facts.dueAt)}.`, zhCN: `请于 ${on(facts.dueAt)} 之前审批。` }
    : null
  switch (event) {
    case 'ASKED':
      return {
        subject: { en: `${applicant} asks for ${what.en}`, zhCN: `${applicant}申请${what.zhCN}` },
        lines: [
          {
            en: `${applicant} asks for ${what.en}, and gives this reason:`,
            zhCN: `${applicant}申请${what.zhCN}，理由如下：`,
          },
          quoted(facts.reason),
          due,
        ],
      }
    case 'PASSED_ON':
      return {
        subject: {
          en: `Nobody decided yet: ${applicant} asks for ${what.en}`,
          zhCN: `尚未审批：${applicant}申请${what.zhCN}`,
        },
        lines: [
          {
            en: `${applicant} asks for ${what.en}. It was not decided in time, so it comes to you. The reason given:`,
            zhCN: `${applicant}申请${what.zhCN}，未在期限内审批，现转交给您。理由如下：`,
          },
          quoted(facts.reason),
          due,
        ],
      }
    case 'ESCALATED':
      return {
        subject: { en: `Your request was passed on: ${what.en}`, zhCN: `您的申请已转交：${what.zhCN}` },
        lines: [
          {
            en: `Your request for ${what.en} was not decided in time. Now ${approver} is to decide${facts.dueAt ? `, by ${on(facts.dueAt)}` : ''}.`,
            zhCN: `您申请的${what.zhCN}未在期限内审批，现由${approver}审批${facts.dueAt ? `，期限为 ${on(facts.dueAt)}` : ''}。`,
          },
        ],
      }
    case 'APPROVED':
      return {
        subject: { en: `Approved: ${what.en}`, zhCN: `已批准：${what.zhCN}` },
        lines: [
          facts.grantedUntil
            ? {
                en: `You have ${what.en} until ${on(facts.grantedUntil)}.`,
                zhCN: `您已获得${what.zhCN}，有效期至 ${on(facts.grantedUntil)}。`,
              }
            : { en: `You have ${what.en} from now on.`, zhCN: `您已获得${what.zhCN}。` },
          quoted(facts.note),
        ],
      }
    case 'REJECTED':
      return {
        subject: { en: `Rejected: ${what.en}`, zhCN: `已拒绝：${what.zhCN}` },
        lines: [
          { en: `Your request for ${what.en} was rejected:`, zhCN: `您申请的${what.zhCN}已被拒绝：` },
          quoted(facts.note),
        ],
      }
    case 'UNDECIDED':
      return {
        subject: { en: `Expired: your request for ${what.en}`, zhCN: `已过期：您申请的${what.zhCN}` },
        lines: [
          {
            en: `Nobody decided your request for ${what.en} in time, so it has expired. Ask again if you still need it.`,
            zhCN: `您申请的${what.zhCN}未在期限内审批，现已过期。如仍需要，请重新申请。`,
          },
        ],
      }
    case 'ENDED':
      return {
        subject: { en: `Ended: ${what.en}`, zhCN: `已到期：${what.zhCN}` },
        lines: [{ en: `You have ${what.en} no longer: its time is over.`, zhCN: `您的${what.zhCN}已到期，不再有效。` }],
      }
    case 'REVOKED':
      return {
        subject: { en: `Revoked: ${what.en}`, zhCN: `已撤销：${what.zhCN}` },
        lines: [
          { en: `You have ${what.en} no longer. It was revoked:`, zhCN: `您的${what.zhCN}已被撤销：` },
          quoted(facts.endNote),
        ],
      }
    case 'CANCELLED':
      return {
        subject: { en: `Cancelled: your request for ${what.en}`, zhCN: `已取消：您申请的${what.zhCN}` },
        lines: [
          {
            en: `Your request for ${what.en} was cancelled, because you have left the company.`,
            zhCN: `由于您已离职，您申请的${what.zhCN}已被取消。`,
          },
        ],
      }
  }
}

import { recordType } from '../../read/recordType.ts'
import { idOf, uuidOf } from '../../read/values.ts'
import { ids } from '../../resolvers/identity/createTenant.ts'
import { createRecords } from '../../resolvers/records.ts'
import { changeCaseStatus, closeCase } from '../../resolvers/service/changeCaseStatus.ts'
import { publishArticle, submitArticle } from '../../resolvers/service/publishArticle.ts'
import type { Input, WriteContext } from '../../resolvers/write.ts'
import type { DemoCompany, DemoRef } from './types.ts'

/** A case, what was said about it, each by the customer or by an agent, and how it ended. */
interface Story {
  subject: string
  description: string
  type: 'QUESTION' | 'COMPLAINT' | 'INCIDENT'
  channel: 'PHONE' | 'EMAIL' | 'WEB' | 'WECHAT'
  priority: 'LOW' | 'NORMAL' | 'HIGH' | 'URGENT'
  said: ['CUSTOMER' | 'AGENT', string][]
  status?: 'IN_PROGRESS' | 'WAITING_CUSTOMER'
  closed?: { rootCause: string; resolution: string; score: number | null; comment?: string }
}

const STORIES: Story[] = [
  {
    subject: 'Spindle runs hot after an hour',
    description: 'At 12,000 rpm the spindle reaches 68 °C and the control warns. It began after the weekend.',
    type: 'INCIDENT',
    channel: 'PHONE',
    priority: 'HIGH',
    said: [
      ['AGENT', 'Please check the level of the spindle coolant and send us the log of the last shift.'],
      ['CUSTOMER', 'The level is fine. The log is on its way.'],
    ],
    status: 'IN_PROGRESS',
  },
  {
    subject: 'Which coolant for aluminium?',
    description: 'We change to 7075 next month and want to know which concentration you recommend.',
    type: 'QUESTION',
    channel: 'EMAIL',
    priority: 'LOW',
    said: [['AGENT', 'Seven to eight per cent of a semi-synthetic one. Which do you use today?']],
    status: 'WAITING_CUSTOMER',
  },
  {
    subject: '刀库换刀报警 2045',
    description: '换刀时机械手停在中间位置，报警号 2045，重启后暂时恢复。',
    type: 'INCIDENT',
    channel: 'WECHAT',
    priority: 'URGENT',
    said: [],
  },
  {
    subject: 'Technician came a day late',
    description: 'The visit was agreed for Tuesday. We had stopped the line for it.',
    type: 'COMPLAINT',
    channel: 'PHONE',
    priority: 'HIGH',
    said: [['AGENT', 'We are sorry. The appointment had been moved without telling you; that must not happen.']],
    closed: {
      rootCause: 'The appointment was moved in the plan, and nobody called the customer.',
      resolution: 'Travel is not charged; moved appointments are confirmed by phone from now on.',
      score: 2,
      comment: 'Friendly on the phone, but we lost a shift.',
    },
  },
  {
    subject: 'Door switch replaced',
    description: 'The safety door was not recognised as closed.',
    type: 'INCIDENT',
    channel: 'WEB',
    priority: 'NORMAL',
    said: [
      ['AGENT', 'A new switch goes out today.'],
      ['CUSTOMER', 'Arrived and mounted, the machine runs again.'],
    ],
    closed: {
      rootCause: 'Wear of the switch.',
      resolution: 'Switch replaced by the customer with our instructions.',
      score: 5,
    },
  },
  {
    subject: 'Parameters of the probe',
    description: 'Where do we set the speed of the touch probe?',
    type: 'QUESTION',
    channel: 'EMAIL',
    priority: 'NORMAL',
    said: [['AGENT', 'Parameter 6211; the article on probing shows it.']],
    closed: { rootCause: 'A question of use.', resolution: 'Parameter named.', score: null },
  },
]

const ARTICLES: Input[] = [
  {
    title: 'Checking the spindle coolant',
    slug: 'checking-the-spindle-coolant',
    summary: 'What to look at first when the spindle runs hot.',
    language: 'en',
    visibility: 'PUBLIC',
    body: '<p>A spindle that runs hot mostly lacks coolant.</p><ol><li>Stop the machine and let the spindle cool for half an hour.</li><li>Look at the level behind the left door; it stands between the two marks.</li><li>Clean the filter of the cooler. Replace it after 2,000 hours.</li></ol><p>If it still passes 60 °C at 12,000 rpm, open a case and attach the log of the last shift.</p>',
  },
  {
    title: '刀库报警 2045 的处理',
    slug: 'alarm-2045',
    summary: '换刀机械手未到位时的检查步骤。',
    language: 'zh-CN',
    visibility: 'PUBLIC',
    body: '<p>报警 2045 表示换刀机械手未到达规定位置。</p><ol><li>切换到手动模式，确认气压不低于 0.5 MPa。</li><li>清除刀套内的切屑，检查接近开关是否松动。</li><li>手动回零后重新换刀。</li></ol><p>如再次报警，请停机并联系服务台。</p>',
  },
]

/** A few cases with what was said about them, a survey with answers, and two articles. No mail goes out: what was answered is written as if it had been asked. */
export async function loadService(
  write: WriteContext,
  { records }: Pick<DemoCompany, 'records'>,
  known: Map<string, string>,
): Promise<void> {
  const customers = records.flatMap(({ type, fields }) =>
    type === 'AccountContact' ? [[(fields.accountId as DemoRef).ref, (fields.contactId as DemoRef).ref] as const] : [],
  )
  const owners = new Map(records.map(({ key, fields }) => [key, (fields.ownerId as DemoRef | undefined)?.ref]))
  const distinct = [...new Map(customers)]
  const asked: {
    caseId: string
    contactId: string
    accountId: string
    score: number | null
    comment: string | null
  }[] = []
  for (const [at, story] of STORIES.entries()) {
    const [account, contact] = distinct[(at * 7) % distinct.length] ?? []
    if (!account || !contact) continue
    const about = { accountId: known.get(account) as string, contactId: known.get(contact) as string }
    const caseId = await tell(write, story, { ...about, ownerId: known.get(owners.get(account) ?? '') })
    if (story.closed) asked.push({ caseId, ...about, score: story.closed.score, comment: story.closed.comment ?? null })
  }
  await ask(write, asked)
  const [category] = await createRecords(write, recordType('ArticleCategory'), [{ name: 'Machines 机床', sort: 1 }])
  const categoryIds = [idOf('ArticleCategory', category?.id as string)]
  const articles = ids(
    await createRecords(
      write,
      recordType('KnowledgeArticle'),
      ARTICLES.map((one) => ({ ...one, categoryIds })),
    ),
  )
  for (const uuid of articles)
    for (const verb of [submitArticle, publishArticle]) ids([await verb(write, { id: idOf('KnowledgeArticle', uuid) })])
}

/** Makes one case with what became of it; its id as clients see it. */
async function tell(
  write: WriteContext,
  { said, status, closed, ...story }: Story,
  whose: Record<'accountId' | 'contactId', string> & { ownerId: string | undefined },
): Promise<string> {
  const [uuid] = ids(await createRecords(write, recordType('Case'), [{ ...story, ...whose }]))
  const id = idOf('Case', uuid as string)
  for (const [authorType, body] of said)
    ids(await createRecords(write, recordType('CaseComment'), [{ caseId: id, authorType, body }]))
  if (status) ids([await changeCaseStatus(write, { id, status })])
  if (closed) ids([await closeCase(write, { id, rootCause: closed.rootCause, resolution: closed.resolution })])
  return id
}

/** A survey that goes out when cases are closed, and what was answered to it before. */
async function ask(
  write: WriteContext,
  asked: { caseId: string; contactId: string; accountId: string; score: number | null; comment: string | null }[],
): Promise<void> {
  const { db, viewer } = write
  const [template] = ids(
    await createRecords(write, recordType('EmailTemplate'), [
      {
        name: 'After a case 工单满意度',
        subject: 'How did we do? {{ case.number }}',
        html: '<p>Dear {{ recipient.fullName }},</p><p>we have closed “{{ case.subject }}”. Would you tell us how content you are?</p><p><a href="{{ surveyUrl }}">Answer in one minute 一分钟评价</a></p><p><small><a href="{{ unsubscribeUrl }}">No more mails of this kind</a></small></p>',
      },
    ]),
  )
  const [survey] = ids(
    await createRecords(write, recordType('Survey'), [
      {
        name: 'Closed cases 工单满意度',
        question: 'How content are you with the way we handled your request? 您对本次服务满意吗？',
        trigger: 'CASE_CLOSED',
        templateId: idOf('EmailTemplate', template as string),
      },
    ]),
  )
  const rows = asked.map((one) => ({
    ...one,
    case: uuidOf('Case', one.caseId),
    contact: uuidOf('Contact', one.contactId),
    account: uuidOf('Account', one.accountId),
  }))
  await db.rows({
    text: `WITH x AS (SELECT * FROM json_to_recordset($3::json) AS x("case" uuid, contact uuid, account uuid, score integer, comment text)
), made AS (
 INSERT INTO survey_response (tenant_id, survey_id, contact_id, account_id, case_id, expires_at, score, comment, responded_at)
 SELECT $1::uuid, $2::uuid, x.contact, x.account, x.case, now() + interval '14 days', x.score, x.comment, CASE WHEN x.score IS NOT NULL THEN now() END FROM x
) UPDATE service_case c SET satisfaction = x.score, satisfaction_comment = x.comment FROM x WHERE c.tenant_id = $1 AND c.id = x.case AND x.score IS NOT NULL`,
    values: [viewer.tenantId, survey, JSON.stringify(rows)],
  })
}

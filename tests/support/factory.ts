import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { decodeId } from '../../src/ids.ts'
import { parseMapping } from '../../src/jobs/import/mapping.ts'
import { runImport } from '../../src/jobs/import/run.ts'
import { type Field, fieldOf, type RecordType, recordType } from '../../src/read/recordType.ts'
import { idOf } from '../../src/read/values.ts'
import { subjectOf } from '../../src/resolvers/approval/registry.ts'
import { nextStep } from '../../src/resolvers/automation/run.ts'
import { jobViewer } from '../../src/resolvers/identity/createTenant.ts'
import { takeSnapshot } from '../../src/resolvers/sales/forecast/snapshot.ts'
import { notify } from '../../src/resolvers/work/notify.ts'
import type { Any, Company } from './app.ts'
import { upload } from './files.ts'

let counter = 0
/** Months that were given out: a record of a month each. */
let months = 0
/** Currencies that were given out. */
let currencies = 0

/** The enum value of a text field in tests that every text of a company carries. */
export const marked = (company: Company, name: string) => `${company.mark} ${name} ${++counter}`

/** What can be written when a record is made: valid, distinct values that carry the company's mark, by the kind of the field. */
export function valueFor(company: Company, field: Field): unknown {
  const n = ++counter
  switch (field.kind) {
    case 'text':
      return `${company.mark} ${n} ${field.name}`.slice(0, field.max ?? 255)
    case 'email':
      return `${company.mark.toLowerCase()}.${n}@mail.example`
    case 'phone':
      return `+1202${2_000_000 + (n % 7_000_000)}`
    case 'url':
      return `https://www.example.com/${company.mark}/${n}`
    case 'currency':
      return 'USD'
    case 'country':
      return 'CN'
    case 'boolean':
      return n % 2 === 0
    case 'int':
      return (field.range?.min ?? 0) + (n % 20)
    case 'decimal':
      return String((field.range?.min ?? 0) + (n % 20) + 1)
    case 'money':
      return { amount: String((n % 50) + 1), currency: 'USD' }
    case 'date':
      return `2026-0${(n % 9) + 1}-1${n % 9}`
    case 'datetime':
      return `2026-0${(n % 9) + 1}-11T10:00:0${n % 9}.000Z`
    case 'choice':
      return Object.keys(field.choice!.values)[0]
    case 'texts':
      return [`${company.mark} ${n}`]
    default:
      return undefined
  }
}

const camel = (name: string) => name.charAt(0).toLowerCase() + name.slice(1)

/** Can records of a type be made through the API. */
export const creatable = (type: RecordType) => type.operations.has('create')

/** References of which a record has exactly one. */
export const ONE_OF: Record<string, string[]> = {
  Reminder: ['taskId', 'activityId'],
  RecordShare: ['userId', 'teamId', 'departmentId', 'roleId'],
  PoolMember: ['userId', 'departmentId'],
  OwnershipRecord: ['accountId', 'leadId'],
  OwnerQuota: ['userId', 'roleId', 'departmentId'],
  SalesTarget: ['userId', 'departmentId'],
  ThirdPartyIdentity: ['accountId', 'contactId', 'leadId'],
  ReportSchedule: ['reportId', 'dashboardId'],
  ConsentRecord: ['contactId', 'leadId'],
  EmailMessage: ['contactId', 'leadId', 'userId'],
  TargetListMember: ['contactId', 'leadId'],
  CampaignMember: ['contactId', 'leadId', 'accountId'],
  EngagementEvent: ['contactId', 'leadId'],
  CareExecution: ['contactId', 'accountId'],
}

/** All but the company's own. */
const CURRENCIES = Intl.supportedValuesOf('currency').filter((code) => code !== 'USD')

/** The first day of a month, another for each number. */
export const nthMonth = (n: number) => new Date(Date.UTC(2000, n)).toISOString().slice(0, 10)

/** Inputs that a rule wants otherwise than what the kinds suggest. */
export const SPECIAL: Record<string, (company: Company) => Record<string, unknown>> = {
  AccountContact: () => ({ fromDate: '2026-01-05', toDate: '2026-09-05' }),
  Pipeline: () => ({ isDefault: false, active: true, allowSkip: true, allowBack: true, departmentIds: [] }),
  Stage: () => ({ requiredFields: ['type'], entryTasks: [{ subject: 'Call', assignee: 'OWNER' }] }),
  StageTransition: () => ({ allowed: true, requiredFields: ['type'], roleIds: [], requiresApproval: false }),
  LossReason: () => ({ active: true }),
  Contact: () => ({ birthday: '1990-05-17', timezone: 'Asia/Shanghai' }),
  Product: (company) => ({ imageUrls: [`https://img.example/${company.mark}.png`] }),
  Opportunity: () => ({ actualCloseDate: undefined, lossReason: undefined }),
  Tag: () => ({ color: '#12abEF' }),
  Campaign: () => ({ startDate: '2026-01-05', endDate: '2026-09-05', targetSegmentIds: [] }),
  CampaignMemberStatus: () => ({ isDefault: false, hasResponded: true }),
  TargetList: () => ({ kind: 'INCLUDE' }),
  CareRule: () => ({
    trigger: 'BIRTHDAY',
    channel: 'TASK',
    filter: { title: { eq: 'none' } },
    sendAtLocalTime: '10:00',
    quietFrom: '20:00',
    quietTo: '08:00',
  }),
  EmailBlast: () => ({ scheduleAt: '2099-01-01T00:00:00Z', includeListIds: [], excludeListIds: [] }),
  SocialAccount: (company) => ({
    connector: 'webhook',
    settings: { url: `https://bridge.example/${company.mark}` },
    isActive: true,
  }),
  SocialPost: () => ({ scheduleAt: '2099-01-01T00:00:00Z' }),
  ThirdPartyIdentity: () => ({ platform: 'WECHAT' }),
  Segment: () => ({ object: 'CONTACT' }),
  Lead: () => ({ status: 'NEW' }),
  LeadProduct: () => ({ quantity: '3' }),
  Task: () => ({ recurrence: undefined }),
  Reminder: () => ({ at: undefined, offsetMinutes: 15 }),
  Activity: () => ({
    kind: 'NOTE',
    startAt: '2026-03-01T10:00:00Z',
    endAt: '2026-03-01T11:00:00Z',
    nextFollowUpAt: '2098-03-01T10:00:00Z',
    isPrivate: false,
  }),
  Contract: () => ({ number: undefined, startDate: '2026-01-05', endDate: '2026-12-05' }),
  ContractLine: () => ({ discountPct: '5', discountAmount: undefined, taxRate: '1', quantity: '2' }),
  Invoice: () => ({ number: undefined, taxRate: '6' }),
  Quote: () => ({ number: undefined, isPrimary: false }),
  QuoteLine: () => ({ discountPct: '5', discountAmount: undefined, taxRate: '1', quantity: '2' }),
  Order: () => ({ number: undefined }),
  OrderLine: () => ({ discountPct: '5', discountAmount: undefined, taxRate: '1', quantity: '2' }),
  Currency: () => ({ code: CURRENCIES[++currencies % CURRENCIES.length], active: true }),
  ExchangeRate: () => ({ currency: CURRENCIES[++currencies % CURRENCIES.length], baseCurrency: 'USD', rate: '1.25' }),
  // Of a type one rule is in use.
  NumberRule: () => ({
    object: 'REFUND',
    parts: [{ kind: 'TEXT', text: 'T-' }, { kind: 'DATE', format: 'YYMMDD' }, { kind: 'SEQUENCE' }],
    pad: 4,
    active: false,
  }),
  PriceBook: () => ({ isStandard: false, validFrom: '2026-01-05', validTo: '2026-09-05' }),
  SalesTarget: () => ({
    metric: 'WON_AMOUNT',
    periodType: 'MONTH',
    periodStart: nthMonth(++months),
    count: undefined,
  }),
  PriceBookEntry: () => ({ minQuantity: String((++counter % 50) + 1), validFrom: '2026-01-05', validTo: '2026-09-05' }),
  OpportunityLine: () => ({ discountPct: '5', discountAmount: undefined, taxRate: '1', quantity: '2' }),
  User: () => ({
    locale: 'en',
    timezone: 'UTC',
    outOfOfficeFrom: '2026-02-01T00:00:00Z',
    outOfOfficeTo: '2026-02-05T00:00:00Z',
    // Of customers' own users only.
    contactId: undefined,
  }),
  Role: (company) => ({ key: `${company.mark.toLowerCase()}-${++counter}` }),
  ObjectPermission: () => ({ object: 'Account' }),
  FieldPermission: () => ({ object: 'Account', field: 'email', mask: 'NONE' }),
  UserRole: () => ({ expiresAt: '2099-01-01T00:00:00Z' }),
  RecordShare: () => ({ expiresAt: '2099-01-01T00:00:00Z' }),
  ApiKey: () => ({
    scopes: ['*.read'],
    allowedFields: [],
    allowedIps: [],
    expiresAt: '2099-01-01T00:00:00Z',
    externalSource: undefined,
    externalId: undefined,
  }),
  FieldDefinition: (company) => ({
    object: 'Tag',
    apiName: `f${++counter}x`,
    label: { en: `${company.mark} field` },
    type: 'TEXT',
    required: false,
    unique: false,
    indexed: true,
    ...Object.fromEntries(
      ['min', 'max', 'maxLength', 'pattern', 'options', 'refObject'].map((name) => [name, undefined]),
    ),
  }),
  OwnerQuota: () => ({ object: 'Account', limit: 1000, lockLimit: undefined, excludeWon: false }),
  Pool: () => ({ isDefault: false, enabled: false, hiddenFields: ['phone'] }),
  SavedView: () => ({ object: 'Account', columns: ['name'], grouping: 'industry', isDefault: false }),
  Report: () => ({ object: 'Account', measures: [{ function: 'COUNT' }], rowLimit: 10 }),
  ReportSchedule: (company) => ({ standard: undefined, cron: '0 8 * * *', recipientIds: [company.adminUserId] }),
  AssignmentRule: () => ({ condition: { industry: { eq: 'none' } } }),
  ApprovalFlow: () => ({ object: 'Opportunity', condition: { name: { eq: 'none' } } }),
  Workflow: () => ({
    object: 'Lead',
    trigger: 'RECORD_UPDATED',
    watchedFields: ['rating'],
    fromValue: undefined,
    toValue: undefined,
    condition: { companyName: { eq: 'none' } },
    steps: [{ key: 'wait', action: 'WAIT', minutes: 5 }],
    dateField: 'nextFollowUpAt',
    timeOfDay: '09:30',
    offsetDays: 3,
    offsetMinutes: 15,
    maxDepth: 5,
    cron: '0 9 * * 1',
  }),
  LeadCaptureForm: () => ({
    fields: [{ field: 'email', required: true }],
    honeypot: `trap${++counter}`,
    allowedOrigins: ['https://www.example.com'],
    active: true,
    doubleOptIn: false,
  }),
  DuplicateRule: () => ({
    object: 'Account',
    matchers: [
      { field: 'taxNo', method: 'EXACT', weight: '100' },
      { field: 'email', method: 'NORMALIZED', weight: '50' },
    ],
    threshold: '10',
    crossObjects: [],
    active: false,
  }),
  BusinessCalendar: () => ({ timezone: 'Asia/Shanghai', weekly: [{ day: 'MONDAY', from: '09:00', to: '17:00' }] }),
  CaseQueue: () => ({ active: true, isDefault: false, caseTypes: ['QUESTION'], channels: ['WEB'], routing: 'MANUAL' }),
  SlaPolicy: () => ({ pauseStatuses: ['WAITING_INTERNAL'] }),
  SlaEscalationStep: () => ({ action: 'NOTIFY_OWNER' }),
  Case: () => ({ number: undefined }),
  // Of a calendar a day is in the list once.
  Holiday: () => ({ date: nthMonth(++months) }),
  KnowledgeArticle: () => ({
    slug: `made-${++counter}`,
    categoryIds: [],
    publishAt: undefined,
    expireAt: '2099-01-11T10:00:00.000Z',
  }),
  ReturnVisit: () => ({ number: undefined, satisfaction: 4 }),
  Survey: () => ({ trigger: 'MANUAL', active: true, restDays: 0 }),
  // A survey may be sent by it.
  EmailTemplate: (company) => ({ html: `<p>${company.mark} <a href="{{ surveyUrl }}">${++counter}</a></p>` }),
  // Public ones stay as they are.
  CaseComment: () => ({ authorType: 'AGENT', isInternal: true }),
  IdentityProvider: (company) => ({ allowedDomains: [`${company.mark.toLowerCase()}.example`], autoProvision: false }),
}

/** The input of a create with every plain field filled, required references made, and `more` on top. */
export async function inputFor(
  company: Company,
  type: RecordType,
  more: Record<string, unknown> = {},
): Promise<Record<string, unknown>> {
  const input: Record<string, unknown> = {}
  for (const field of type.fields.values()) {
    if (field.write === 'never') continue
    if (Object.hasOwn(more, field.name)) continue
    if (field.kind === 'id') {
      if (!field.required) continue
      input[field.name] = (await reference(company, field)).id
    } else {
      const value = valueFor(company, field)
      if (value !== undefined) input[field.name] = value
    }
  }
  const [first, ...others] = ONE_OF[type.name] ?? []
  if (first && ![first, ...others].some((name) => more[name]))
    input[first] = (await reference(company, type.fields.get(first) as Field)).id
  // A segment holds records of one type.
  if (type.name === 'SegmentMember') {
    if (!more.recordId) input.recordId = (await make(company, 'Contact')).id
    const held = { acct: 'ACCOUNT', cont: 'CONTACT', lead: 'LEAD' }[String(more.recordId ?? input.recordId).slice(0, 4)]
    if (!more.segmentId) input.segmentId = (await make(company, 'Segment', { object: held })).id
  }
  // Both stages are of one pipeline.
  if (type.name === 'StageTransition') {
    const given = (more.fromStageId ?? more.toStageId) as string | undefined
    const pipelineId = more.pipelineId ?? (given ? await pipelineOf(company, given) : input.pipelineId)
    input.pipelineId = pipelineId
    for (const end of ['fromStageId', 'toStageId'])
      if (!more[end]) input[end] = (await make(company, 'Stage', { pipelineId })).id
  }
  // What stands on an invoice is of the customer of its contract.
  if (type.name === 'Invoice' && more.titleId && !more.contractId) {
    const { accountInvoiceInfo } = await company.run<Any>(
      'query($id: ID!) { accountInvoiceInfo(id: $id) { account { id } } }',
      { id: more.titleId },
    )
    input.contractId = (await make(company, 'Contract', { accountId: accountInvoiceInfo.account.id })).id
  }
  // A member has a status of their campaign.
  if (type.name === 'CampaignMember' && more.statusId && !more.campaignId) {
    const { campaignMemberStatus: status } = await company.run<Any>(
      'query($id: ID!) { campaignMemberStatus(id: $id) { campaign { id } } }',
      { id: more.statusId },
    )
    if (status) input.campaignId = status.campaign.id
  }
  // What a provider's new users may do.
  if (type.name === 'IdentityProvider' && !more.roleId) input.roleId = (await make(company, 'Role')).id
  return { ...input, ...(SPECIAL[type.name]?.(company) ?? {}), ...more }
}

async function pipelineOf(company: Company, stageId: string): Promise<string | undefined> {
  const { stage } = await company.run<Any>('query($id: ID!) { stage(id: $id) { pipeline { id } } }', { id: stageId })
  return stage?.pipeline.id
}

/** A role that the company began with. */
async function roleOf(company: Company, key: string): Promise<string> {
  const { roles } = await company.run<Any>(
    'query($key: String!) { roles(where: { key: { eq: $key } }) { nodes { id } } }',
    { key },
  )
  return roles.nodes[0].id
}

let registered = 0

/** A contract that is in force. Whoever approves it is nobody: how that goes is the approvals' matter. */
async function contractInForce(company: Company, more: Record<string, unknown> = {}): Promise<string> {
  const { id } = await make(company, 'Contract', { amount: { amount: '1000', currency: 'USD' }, ...more })
  const tenant = {
    id: decodeId(company.id)!.uuid,
    timezone: 'Asia/Shanghai',
    baseCurrency: 'USD',
    defaultCountry: 'CN',
  }
  const viewer = jobViewer(tenant)
  await company.tenancy.writeTenant({ tenantId: tenant.id }, async (db) => {
    for (const turn of ['submitted', 'approved'] as const)
      await subjectOf('Contract')?.[turn]?.({ db, viewer }, decodeId(id)!.uuid)
  })
  return id
}

async function planned(company: Company): Promise<{ contractId: string; planId: string }> {
  const contractId = await contractInForce(company)
  const { createReceiptPlan } = await company.run<Any>(
    'mutation($input: CreateReceiptPlanInput!) { createReceiptPlan(input: $input) { receiptPlan { id } userErrors { code message field } } }',
    {
      input: {
        contractId,
        amount: { amount: '100' },
        dueDate: '2026-08-01',
        note: marked(company, 'plan'),
        externalId: marked(company, 'key'),
      },
    },
  )
  if (!createReceiptPlan.receiptPlan)
    throw new Error(`createReceiptPlan → ${JSON.stringify(createReceiptPlan.userErrors)}`)
  return { contractId, planId: createReceiptPlan.receiptPlan.id }
}

/** A receipt of a plan; with `confirm` it counts. */
async function received(company: Company, confirm: boolean, select = 'id'): Promise<Any> {
  const { contractId, planId } = await planned(company)
  const { recordReceipt } = await company.run<Any>(
    `mutation($input: RecordReceiptInput!) { recordReceipt(input: $input) { receipt { ${select} } userErrors { code message field } } }`,
    {
      input: {
        contractId,
        planId,
        amount: { amount: '100' },
        receivedOn: '2026-08-02',
        payer: marked(company, 'payer'),
        externalId: marked(company, 'key'),
        confirm,
      },
    },
  )
  if (!recordReceipt.receipt) throw new Error(`recordReceipt → ${JSON.stringify(recordReceipt.userErrors)}`)
  return recordReceipt.receipt
}

/** A run of a workflow of the company that has done its one step. */
async function workflowRun(company: Company): Promise<Any> {
  const { id } = await make(company, 'Workflow', {
    object: 'Tag',
    trigger: 'MANUAL',
    ...Object.fromEntries(
      ['fromValue', 'toValue', 'condition', 'cron', 'dateField', 'timeOfDay', 'runAsId'].map((name) => [
        name,
        undefined,
      ]),
    ),
    watchedFields: [],
    steps: [{ key: 'set', action: 'UPDATE_RECORD', values: { color: '#12abef' } }],
  })
  for (const verb of ['publishWorkflow', 'enableWorkflow'])
    await company.run(`mutation($id: ID!) { ${verb}(id: $id) { userErrors { code } } }`, { id })
  const { id: recordId } = await make(company, 'Tag')
  const { runWorkflow } = await company.run<Any>(
    'mutation($id: ID!, $recordId: ID!) { runWorkflow(id: $id, recordIds: [$recordId]) { started userErrors { code message field } } }',
    { id, recordId },
  )
  if (runWorkflow.started !== 1) throw new Error(`runWorkflow → ${JSON.stringify(runWorkflow.userErrors)}`)
  const tenantId = decodeId(company.id)!.uuid
  const viewer = jobViewer({ id: tenantId, timezone: 'UTC', baseCurrency: 'USD', defaultCountry: 'US' })
  await company.tenancy.writeTenant({ tenantId }, (db) => nextStep({ db, viewer }, new Date()))
  const { workflowRuns } = await company.run<Any>(
    'query($id: ID!) { workflowRuns(where: { workflowId: { eq: $id } }, first: 1) { nodes { id workflowVersion { id } steps { nodes { id } } } } }',
    { id },
  )
  return workflowRuns.nodes[0]
}

/** A deal that its maker submitted, and is to approve as well. */
async function approval(company: Company): Promise<Any> {
  const word = marked(company, 'approval')
  const { id } = await make(company, 'ApprovalFlow', {
    active: true,
    condition: { name: { eq: word } },
    steps: [{ name: word, source: 'USERS', userIds: [company.adminUserId], sameAsSubmitterAction: 'ALLOW' }],
  })
  await company.run('mutation($id: ID!) { publishApprovalFlow(id: $id) { userErrors { code } } }', { id })
  const { id: recordId } = await make(company, 'Opportunity', { name: word })
  const { submitForApproval } = await company.run<Any>(
    `mutation($id: ID!, $comment: String) { submitForApproval(recordId: $id, comment: $comment) {
 approvalInstance { id flowVersion { id } tasks { nodes { id } } log { nodes { id } } } userErrors { code message } } }`,
    { id: recordId, comment: marked(company, 'comment') },
  )
  if (!submitForApproval.approvalInstance)
    throw new Error(`submitForApproval → ${JSON.stringify(submitForApproval.userErrors)}`)
  return submitForApproval.approvalInstance
}

/** A post for its author and another user, who is named in it, with what the author thinks of it. */
async function feedPost(company: Company): Promise<Any> {
  const { id: userId } = await make(company, 'User', { status: 'ACTIVE', roleId: await roleOf(company, 'rep') })
  const { createFeedPost } = await company.run<Any>(
    `mutation($input: CreateFeedPostInput!) { createFeedPost(input: $input) {
 feedPost { id users { nodes { id } } mentions { nodes { id } } } userErrors { code message field } } }`,
    { input: { body: marked(company, 'post'), audience: 'USERS', userIds: [userId], mentionIds: [userId] } },
  )
  if (!createFeedPost.feedPost) throw new Error(`createFeedPost → ${JSON.stringify(createFeedPost.userErrors)}`)
  return createFeedPost.feedPost
}

/** Records that verbs of their own make: each makes one, that does no more than lie there, and gives its id. */
export const MADE_BY_VERB: Record<string, (company: Company) => Promise<string>> = {
  async ArticleVersion(company) {
    const { id } = await make(company, 'KnowledgeArticle')
    const { submitArticle } = await company.run<Any>(
      'mutation($id: ID!) { submitArticle(id: $id) { knowledgeArticle { versions { nodes { id } } } userErrors { code } } }',
      { id },
    )
    return submitArticle.knowledgeArticle.versions.nodes[0].id
  },
  async CaseMilestone(company) {
    const { id: policyId } = await make(company, 'SlaPolicy', { active: true })
    await make(company, 'SlaTarget', { policyId, type: 'RETURN', priority: 'URGENT' })
    const { milestones } = await make(
      company,
      'Case',
      { type: 'RETURN', priority: 'URGENT' },
      'milestones { nodes { id } }',
    )
    return milestones.nodes[0].id
  },
  async ForecastAdjustment(company) {
    const { adjustForecast } = await company.run<Any>(
      `mutation($owner: ID!, $start: Date!, $note: String) { adjustForecast(period: { type: MONTH, start: $start }, ownerId: $owner, category: COMMIT, amount: { amount: "12.5" }, note: $note) { forecastAdjustment { id } userErrors { code message field } } }`,
      { owner: company.adminUserId, start: nthMonth(++months), note: marked(company, 'note') },
    )
    if (!adjustForecast.forecastAdjustment)
      throw new Error(`adjustForecast → ${JSON.stringify(adjustForecast.userErrors)}`)
    return adjustForecast.forecastAdjustment.id
  },
  // Taken by a job, one a day: each on a day of its own, of a deal that closes some days later.
  async ForecastSnapshot(company) {
    const at = new Date(Date.now() + ++counter * 86_400_000)
    await make(company, 'Opportunity', { closeDate: new Date(at.getTime() + 864_000_000).toISOString().slice(0, 10) })
    const tenant = { id: decodeId(company.id)!.uuid, timezone: 'UTC', baseCurrency: 'USD', defaultCountry: 'US' }
    await company.tenancy.writeTenant({ tenantId: tenant.id }, (db) =>
      takeSnapshot({ db, viewer: jobViewer(tenant) }, at),
    )
    const { forecastSnapshots } = await company.run<Any>(
      '{ forecastSnapshots(first: 1, orderBy: [{ field: CREATED_AT, direction: DESC }]) { nodes { id } } }',
    )
    return forecastSnapshots.nodes[0].id
  },
  // Of the administrator, who asks: others do not see it.
  async Notification(company) {
    const tenantId = decodeId(company.id)!.uuid
    const userId = decodeId(company.adminUserId)!.uuid
    const title = marked(company, 'title')
    await company.tenancy.writeTenant({ tenantId }, (db) =>
      notify(db, tenantId, [
        { userId, type: 'TEST', title, body: marked(company, 'body'), groupKey: marked(company, 'group') },
      ]),
    )
    const { notifications } = await company.run<Any>(
      'query($title: String!) { notifications(where: { title: { eq: $title } }) { nodes { id } } }',
      { title },
    )
    return notifications.nodes[0].id
  },
  // As a customer of the administrator, who asks, leaves it.
  async TodoItem(company) {
    const { id } = await make(company, 'Account', {
      ownerId: company.adminUserId,
      nextFollowUpAt: '2026-03-01T10:00:00Z',
      lastActivityAt: null,
    })
    const { todos } = await company.run<Any>(
      'query($id: ID!) { todos(where: { recordId: { eq: $id } }) { nodes { id } } }',
      { id },
    )
    return todos.nodes[0].id
  },
  async HandoverJob(company) {
    const active = { status: 'ACTIVE' }
    const [from, to] = [await make(company, 'User', active), await make(company, 'User', active)]
    await make(company, 'Account', { ownerId: from.id })
    const { startHandover } = await company.run<Any>(
      `mutation($input: StartHandoverInput!) { startHandover(input: $input) { handover { id } userErrors { code message field } } }`,
      { input: { fromUserId: from.id, toUserId: to.id, reason: marked(company, 'reason') } },
    )
    if (!startHandover.handover) throw new Error(`startHandover → ${JSON.stringify(startHandover.userErrors)}`)
    return startHandover.handover.id
  },
  async EmailMessage(company) {
    const { id: templateId } = await make(company, 'EmailTemplate')
    const { id: recipientId } = await make(company, 'Contact', { doNotEmail: false })
    const { sendEmail } = await company.run<Any>(
      'mutation($templateId: ID!, $to: [ID!]!) { sendEmail(templateId: $templateId, recipientIds: $to) { queued userErrors { code message field } } }',
      { templateId, to: [recipientId] },
    )
    if (sendEmail.queued !== 1) throw new Error(`sendEmail → ${JSON.stringify(sendEmail)}`)
    const { emailMessages } = await company.run<Any>(
      'query($id: ID!) { emailMessages(where: { contact: { is: { id: { eq: $id } } } }) { nodes { id } } }',
      { id: recipientId },
    )
    return emailMessages.nodes[0].id
  },
  async SurveyResponse(company) {
    const { id: surveyId } = await make(company, 'Survey', { active: true })
    const { id: contactId } = await make(company, 'Contact', { doNotEmail: false })
    const { sendSurvey } = await company.run<Any>(
      'mutation($surveyId: ID!, $to: [ID!]!) { sendSurvey(surveyId: $surveyId, contactIds: $to) { survey { responses { nodes { id } } } userErrors { code message field } } }',
      { surveyId, to: [contactId] },
    )
    if (!sendSurvey.survey) throw new Error(`sendSurvey → ${JSON.stringify(sendSurvey.userErrors)}`)
    return sendSurvey.survey.responses.nodes[0].id
  },
  // As a mail that goes out leaves them.
  async TrackingLink(company) {
    const blast = await make(company, 'EmailBlast')
    const tenantId = decodeId(company.id)!.uuid
    return company.tenancy.writeTenant({ tenantId }, async (db) => {
      const [row] = await db.rows<{ id: string }>({
        text: `INSERT INTO tracking_link (tenant_id, blast_id, token, url) VALUES ($1, $2, md5($3), $3) RETURNING id`,
        values: [tenantId, decodeId(blast.id)!.uuid, `https://www.example.com/${company.mark}/${++counter}`],
      })
      return idOf('TrackingLink', row?.id as string)
    })
  },
  async EngagementEvent(company) {
    const contact = await make(company, 'Contact')
    const tenantId = decodeId(company.id)!.uuid
    return company.tenancy.writeTenant({ tenantId }, async (db) => {
      const [row] = await db.rows<{ id: string }>({
        text: `INSERT INTO engagement_event (tenant_id, type, contact_id, user_agent) VALUES ($1, 'OPENED', $2, $3) RETURNING id`,
        values: [tenantId, decodeId(contact.id)!.uuid, marked(company, 'program')],
      })
      return idOf('EngagementEvent', row?.id as string)
    })
  },
  // As a rule leaves it that had nothing to do for somebody.
  async CareExecution(company) {
    const [contact, rule] = [await make(company, 'Contact'), await make(company, 'CareRule')]
    const tenantId = decodeId(company.id)!.uuid
    return company.tenancy.writeTenant({ tenantId }, async (db) => {
      const [row] = await db.rows<{ id: string }>({
        text: `INSERT INTO care_execution (tenant_id, rule_id, contact_id, period, channel, status, reason) VALUES ($1, $2, $3, $4, 'TASK', 'SKIPPED', 'NO_OWNER') RETURNING id`,
        values: [tenantId, decodeId(rule.id)!.uuid, decodeId(contact.id)!.uuid, marked(company, 'period')],
      })
      return idOf('CareExecution', row?.id as string)
    })
  },
  async Suppression(company) {
    const { suppressAddress } = await company.run<Any>(
      'mutation($address: String!, $note: String) { suppressAddress(address: $address, note: $note) { suppression { id } userErrors { code message field } } }',
      { address: `${company.mark.toLowerCase()}.${++counter}@gone.example`, note: marked(company, 'note') },
    )
    if (!suppressAddress.suppression) throw new Error(`suppressAddress → ${JSON.stringify(suppressAddress.userErrors)}`)
    return suppressAddress.suppression.id
  },
  ReceiptPlan: async (company) => (await planned(company)).planId,
  Receipt: async (company) => (await received(company, false)).id,
  ReceiptAllocation: async (company) =>
    (await received(company, false, 'allocations { nodes { id } }')).allocations.nodes[0].id,
  async Refund(company) {
    const { id: receiptId } = await received(company, true)
    const { refundReceipt } = await company.run<Any>(
      'mutation($input: RefundReceiptInput!) { refundReceipt(input: $input) { refund { id } userErrors { code message field } } }',
      { input: { receiptId, amount: { amount: '10' }, reason: marked(company, 'reason') } },
    )
    if (!refundReceipt.refund) throw new Error(`refundReceipt → ${JSON.stringify(refundReceipt.userErrors)}`)
    return refundReceipt.refund.id
  },
  // As a receipt leaves it that was more than its contract asked for.
  async AccountCredit(company) {
    const account = await make(company, 'Account')
    const tenantId = decodeId(company.id)!.uuid
    return company.tenancy.writeTenant({ tenantId }, async (db) => {
      const [row] = await db.rows<{ id: string }>({
        text: `INSERT INTO account_credit (tenant_id, account_id, currency, balance) VALUES ($1, $2, 'USD', 10000) RETURNING id`,
        values: [tenantId, decodeId(account.id)!.uuid],
      })
      return idOf('AccountCredit', row?.id as string)
    })
  },
  async OwnershipRecord(company) {
    const { id } = await make(company, 'Account')
    const { id: toUserId } = await make(company, 'User', { status: 'ACTIVE' })
    const { transferAccount } = await company.run<Any>(
      'mutation($id: ID!, $to: ID!) { transferAccount(id: $id, toUserId: $to) { account { ownershipRecords { nodes { id } } } userErrors { code } } }',
      { id, to: toUserId },
    )
    if (!transferAccount.account) throw new Error(`transferAccount → ${JSON.stringify(transferAccount.userErrors)}`)
    return transferAccount.account.ownershipRecords.nodes[0].id
  },
  async OpportunitySplit(company) {
    const { id } = await make(company, 'Opportunity')
    const { setOpportunitySplits } = await company.run<Any>(
      'mutation($id: ID!, $user: ID!) { setOpportunitySplits(id: $id, splits: [{ userId: $user, splitPct: "100" }]) { opportunity { splits { nodes { id } } } userErrors { code message field } } }',
      { id, user: company.adminUserId },
    )
    if (!setOpportunitySplits.opportunity)
      throw new Error(`setOpportunitySplits → ${JSON.stringify(setOpportunitySplits.userErrors)}`)
    return setOpportunitySplits.opportunity.splits.nodes[0].id
  },
  async LeadConversion(company) {
    const lead = await make(company, 'Lead', { ownerId: company.adminUserId, sourceId: null })
    const { convertLead } = await company.run<Any>(
      `mutation($id: ID!) { convertLead(input: { leadId: $id, account: { none: true } }) { lead { conversion { id } } userErrors { code message field } } }`,
      { id: lead.id },
    )
    if (!convertLead.lead) throw new Error(`convertLead → ${JSON.stringify(convertLead.userErrors)}`)
    return convertLead.lead.conversion.id
  },
  WorkflowVersion: async (company) => (await workflowRun(company)).workflowVersion.id,
  WorkflowRun: async (company) => (await workflowRun(company)).id,
  StepRun: async (company) => (await workflowRun(company)).steps.nodes[0].id,
  ApprovalInstance: async (company) => (await approval(company)).id,
  ApprovalFlowVersion: async (company) => (await approval(company)).flowVersion.id,
  ApprovalTask: async (company) => (await approval(company)).tasks.nodes[0].id,
  ApprovalLog: async (company) => (await approval(company)).log.nodes[0].id,
  Attachment: async (company) =>
    upload(
      company,
      { name: `${marked(company, 'file')}.txt`, content: marked(company, 'content') },
      { recordId: (await make(company, 'Account')).id, description: marked(company, 'description') },
    ),
  FeedPost: async (company) => (await feedPost(company)).id,
  FeedPostUser: async (company) => (await feedPost(company)).users.nodes[0].id,
  FeedMention: async (company) => (await feedPost(company)).mentions.nodes[0].id,
  async FeedComment(company) {
    const { id: postId } = await feedPost(company)
    const { createFeedComment } = await company.run<Any>(
      'mutation($input: CreateFeedCommentInput!) { createFeedComment(input: $input) { feedComment { id } userErrors { code message field } } }',
      { input: { postId, body: marked(company, 'comment') } },
    )
    return createFeedComment.feedComment.id
  },
  async FeedReaction(company) {
    const { id: subjectId } = await feedPost(company)
    const { react } = await company.run<Any>(
      'mutation($input: ReactInput!) { react(input: $input) { feedReaction { id } userErrors { code message field } } }',
      { input: { subjectId, kind: 'THANKS' } },
    )
    return react.feedReaction.id
  },
  async MergeRecord(company) {
    // The one that is made last stays live.
    const ids = [(await make(company, 'Lead')).id, (await make(company, 'Lead')).id].reverse()
    const { mergeLeads } = await company.run<Any>(
      `mutation($input: MergeInput!) { mergeLeads(input: $input) { merge { id } userErrors { code message field } } }`,
      { input: { ids } },
    )
    if (!mergeLeads.merge) throw new Error(`mergeLeads → ${JSON.stringify(mergeLeads.userErrors)}`)
    return mergeLeads.merge.id
  },
  async CustomerRegistration(company) {
    const { submitRegistration } = await company.run<Any>(
      'mutation($input: SubmitRegistrationInput!) { submitRegistration(input: $input) { customerRegistration { id } userErrors { code field } } }',
      {
        input: {
          companyName: marked(company, 'customer'),
          taxNo: `${company.mark}${++registered}`,
          project: marked(company, 'project'),
        },
      },
    )
    if (!submitRegistration.customerRegistration)
      throw new Error(`submitRegistration → ${JSON.stringify(submitRegistration.userErrors)}`)
    return submitRegistration.customerRegistration.id
  },
  async ImportJob(company) {
    const file = join(mkdtempSync(join(tmpdir(), 'atrium-factory-')), `${marked(company, 'file')}.csv`)
    writeFileSync(file, `name\n${marked(company, 'imported')}\n`)
    const tenant = { id: decodeId(company.id)!.uuid, timezone: 'UTC', baseCurrency: 'USD', defaultCountry: 'US' }
    const { importId } = await runImport({
      tenancy: company.tenancy,
      viewer: jobViewer(tenant),
      mapping: parseMapping({ type: 'Tag', columns: { name: 'name' } }),
      file,
      mode: 'create',
    })
    rmSync(dirname(file), { recursive: true })
    return importId as string
  },
  // A visitor of a website sends it.
  async LeadCaptureSubmission(company) {
    const { id, key } = await make(
      company,
      'LeadCaptureForm',
      { fields: [{ field: 'email', required: true }, { field: 'fullName' }] },
      'id key',
    )
    await company.post(`/forms/${key}`, {
      fullName: marked(company, 'visitor'),
      email: `${company.mark.toLowerCase()}.${++counter}@mail.example`,
    })
    const { leadCaptureForm } = await company.run<Any>(
      'query($id: ID!) { leadCaptureForm(id: $id) { submissions { nodes { id } } } }',
      { id },
    )
    return leadCaptureForm.submissions.nodes[0].id
  },
  // Asked by somebody who needs it of the administrator, who decides.
  async PermissionRequest(company) {
    const [rep, manager] = [await roleOf(company, 'rep'), await roleOf(company, 'manager')]
    const { id: userId } = await make(company, 'User', {
      roleId: rep,
      managerId: company.adminUserId,
      status: 'ACTIVE',
      outOfOfficeFrom: null,
      outOfOfficeTo: null,
    })
    const { createApiKey } = await company.run<Any>(
      `mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { key apiKey { id } userErrors { code message } } }`,
      { input: { name: marked(company, 'asking'), roleId: rep, userId } },
    )
    const { requestPermission } = await company.run<Any>(
      `mutation($input: RequestPermissionInput!) { requestPermission(input: $input) { permissionRequest { id } userErrors { code message field } } }`,
      { input: { kind: 'ROLE', roleId: manager, reason: marked(company, 'reason') } },
      { authorization: `Bearer ${createApiKey.key}` },
    )
    if (!requestPermission.permissionRequest)
      throw new Error(`requestPermission → ${JSON.stringify(requestPermission.userErrors)}`)
    return requestPermission.permissionRequest.id
  },
}

async function reference(company: Company, field: Field): Promise<{ id: string }> {
  if (field.target === '*') return make(company, 'Account')
  // What cannot be made through the API is there from the beginning.
  if (!creatable(recordType(field.target as string))) {
    const { plural } = recordType(field.target as string)
    const data = await company.run<Any>(`{ ${plural}(first: 1) { nodes { id } } }`)
    return data[plural].nodes[0]
  }
  return make(company, field.target as string)
}

async function customerRole(company: Company): Promise<string> {
  const { roles } = await company.run<Any>('{ roles(where: { key: { eq: "customer" } }) { nodes { id } } }')
  return roles.nodes[0].id
}

/** Makes a record through the API and gives what `select` asks of it. */
export async function make(
  company: Company,
  typeName: string,
  more: Record<string, unknown> = {},
  select = 'id version',
): Promise<Any> {
  const type = recordType(typeName)
  const byVerb = MADE_BY_VERB[typeName]
  if (byVerb) {
    const query = `query($id: ID!) { made: ${camel(typeName)}(id: $id) { ${select} } }`
    return (await company.run<Any>(query, { id: await byVerb(company) })).made
  }
  // A contact's user has the customer's role.
  if (typeName === 'User' && more.contactId && !more.roleId) more = { ...more, roleId: await customerRole(company) }
  const input = await inputFor(company, type, more)
  const data = await company.run<Any>(
    `mutation($input: Create${typeName}Input!) { create${typeName}(input: $input) { ${camel(typeName)} { ${select} } userErrors { code message field details } } }`,
    { input },
  )
  const { userErrors, [camel(typeName)]: record } = data[`create${typeName}`]
  if (!record) throw new Error(`create${typeName}(${JSON.stringify(input)}) → ${JSON.stringify(userErrors)}`)
  return record
}

/** Field names of a type that are plain values and can be selected as they are. */
export function plainFields(type: RecordType): string[] {
  return [...type.fields.values()]
    .filter((field) => !field.relation && field.target !== '*' && !field.shape && field.kind !== 'money')
    .map(({ name }) => name)
}

export { camel, fieldOf }
